//! The laws of the uncertain inputs: their distribution functions and the inverses of these. Besides `libm` they call no
//! elementary function but a root.

use crate::random::{Tails, beta_quantile, beta_tails, normal_quantile, normal_tails};
use crate::sweep::types::Distribution;

impl Distribution {
    /// The single value of a law without spread.
    pub(super) fn centre(&self) -> Option<f64> {
        match *self {
            Distribution::Normal { mean, sd: 0.0 } => Some(mean),
            Distribution::Lognormal { median, sigma: 0.0 } => Some(median),
            _ => None,
        }
    }

    /// The probabilities below and above `x`, of a law that has a density.
    pub(super) fn tails(&self, x: f64) -> Tails {
        match *self {
            Distribution::Uniform { from, to } => straight(x, from, to),
            Distribution::Normal { mean, sd } => normal_tails((x - mean) / sd),
            Distribution::Lognormal { .. } if x <= 0.0 => Tails::NONE,
            Distribution::Lognormal { median, sigma } => normal_tails(libm::log(x / median) / sigma),
            Distribution::Beta { mean, sd } => {
                let (a, b) = shapes(mean, sd);
                beta_tails(x, a, b)
            }
            Distribution::Triangular { from, mode, to } => {
                if x <= from {
                    Tails::NONE
                } else if x >= to {
                    Tails::ALL
                } else if x < mode {
                    Tails::of_lower((x - from) / (to - from) * ((x - from) / (mode - from)))
                } else {
                    Tails::of_upper((to - x) / (to - from) * ((to - x) / (to - mode)))
                }
            }
            // It has no density.
            Distribution::Discrete { .. } => Tails::NONE,
        }
    }

    /// The value with these tails, of a law that has a density.
    pub(super) fn quantile(&self, tails: Tails) -> f64 {
        match *self {
            Distribution::Uniform { from, to } if tails.lower < tails.upper => from + (to - from) * tails.lower,
            Distribution::Uniform { from, to } => to - (to - from) * tails.upper,
            Distribution::Normal { mean, sd } => mean + sd * normal_quantile(tails),
            Distribution::Lognormal { median, sigma } => median * libm::exp(sigma * normal_quantile(tails)),
            Distribution::Beta { mean, sd } => {
                let (a, b) = shapes(mean, sd);
                beta_quantile(tails, a, b)
            }
            Distribution::Triangular { from, mode, to } => {
                if tails.lower * (to - from) <= mode - from {
                    from + (tails.lower * (to - from) * (mode - from)).sqrt()
                } else {
                    to - (tails.upper * (to - from) * (to - mode)).sqrt()
                }
            }
            Distribution::Discrete { .. } => f64::NAN,
        }
    }
}

fn straight(x: f64, from: f64, to: f64) -> Tails {
    if x <= from {
        Tails::NONE
    } else if x >= to {
        Tails::ALL
    } else {
        Tails { lower: (x - from) / (to - from), upper: (to - x) / (to - from) }
    }
}

/// The shapes of the beta law with this mean and standard deviation: mean = a/(a + b), variance = mean (1 − mean)/(a + b +
/// 1).
fn shapes(mean: f64, sd: f64) -> (f64, f64) {
    let sum = mean * (1.0 - mean) / (sd * sd) - 1.0;
    (mean * sum, (1.0 - mean) * sum)
}
