//! Distribution functions and their inverses, for drawing by inversion: one number of (0, 1) makes one draw, and a larger
//! number a larger draw.
//!
//! Both are by tails: a probability p near 1 is known through 1 − p, which keeps its digits.
//!
//! | file | law |
//! | --- | --- |
//! | `normal` | the standard normal one |
//! | `beta` | beta laws |

mod beta;
mod normal;

pub use beta::{beta_quantile, beta_tails};
pub use normal::{normal_quantile, normal_tails};

/// The probabilities below and above a value: they sum to 1, and the smaller one has all its digits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tails {
    /// Probability of a smaller value.
    pub lower: f64,
    /// Probability of a larger value.
    pub upper: f64,
}

impl Tails {
    /// Everything lies above.
    pub const NONE: Tails = Tails { lower: 0.0, upper: 1.0 };
    /// Everything lies below.
    pub const ALL: Tails = Tails { lower: 1.0, upper: 0.0 };

    /// The tails of which the lower one is known.
    pub fn of_lower(lower: f64) -> Tails {
        Tails { lower, upper: 1.0 - lower }
    }

    /// The tails of which the upper one is known.
    pub fn of_upper(upper: f64) -> Tails {
        Tails { lower: 1.0 - upper, upper }
    }

    /// The tails that lie the share `u` of the way from these to others.
    pub fn between(self, high: Tails, u: f64) -> Tails {
        let mix = |from: f64, to: f64| (1.0 - u) * from + u * to;
        Tails { lower: mix(self.lower, high.lower), upper: mix(self.upper, high.upper) }
    }

    /// The probability between these and the tails of a larger value.
    pub fn mass_to(self, high: Tails) -> f64 {
        if self.lower > 0.5 { self.upper - high.upper } else { high.lower - self.lower }
    }
}
