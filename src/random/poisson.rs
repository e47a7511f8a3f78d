//! Poisson numbers: by products of uniform numbers where few are expected (Knuth, The Art of Computer Programming,
//! volume 2, section 3.4.1), and else from modified normal ones (Ahrens and Dieter 1982, "Computer generation of Poisson
//! deviates from modified normal distributions", ACM Transactions on Mathematical Software 8, algorithm PD).

use std::f64::consts::PI;

use super::{Stream, standard_exponential, standard_normal, unit};

/// Below this mean, products.
const FEW: f64 = 12.0;
/// The largest mean: numbers above 2⁶⁴ are out of reach.
const MEAN_MAX: f64 = 1.844e19;

/// A Poisson number with this mean, at most about 2⁶⁴. 0 for a mean that is not positive, or larger than that.
pub fn poisson(stream: &mut Stream, mean: f64) -> u64 {
    if !(0.0..=MEAN_MAX).contains(&mean) || mean == 0.0 {
        0
    } else if mean < FEW {
        multiply(stream, mean)
    } else {
        Pd::new(mean).draw(stream) as u64
    }
}

/// How many uniform numbers can be multiplied until the product is at most exp(−mean).
fn multiply(stream: &mut Stream, mean: f64) -> u64 {
    let none = libm::exp(-mean);
    let mut count = 0;
    let mut product = unit(stream);
    while product > none {
        product *= unit(stream);
        count += 1;
    }
    count
}

/// The algorithm PD for a mean ≥ 10. The names are those of the paper.
struct Pd {
    mean: f64,
    /// The standard deviation.
    s: f64,
    d: f64,
    l: f64,
    c: f64,
    /// The coefficients c₀ … c₃ of the discrete normal probabilities.
    coefficients: [f64; 4],
    omega: f64,
}

/// The probability of k as `py · exp(px)`, and that under the discrete normal law as `fy · exp(fx)`.
struct Probabilities {
    px: f64,
    py: f64,
    fx: f64,
    fy: f64,
}

impl Pd {
    fn new(mean: f64) -> Pd {
        let b1 = 1.0 / 24.0 / mean;
        let b2 = 0.3 * b1 * b1;
        let c3 = 1.0 / 7.0 * b1 * b2;
        let c2 = b2 - 15.0 * c3;
        let c1 = b1 - 6.0 * b2 + 45.0 * c3;
        let c0 = 1.0 - b1 + 3.0 * b2 - 15.0 * c3;
        let s = mean.sqrt();
        Pd {
            mean,
            s,
            d: 6.0 * (mean * mean),
            l: (mean - 1.1484).floor(),
            c: 0.1069 / mean,
            coefficients: [c0, c1, c2, c3],
            omega: 1.0 / (2.0 * PI).sqrt() / s,
        }
    }

    /// A whole number, as a real one.
    fn draw(&self, stream: &mut Stream) -> f64 {
        // Steps N, I, S and Q: a normal number, which most often is good as it is.
        let normal = self.mean + self.s * standard_normal(stream);
        if normal >= 0.0 {
            let k = normal.floor();
            if k >= self.l {
                return k;
            }
            let u = unit(stream);
            let below = self.mean - k;
            if self.d * u >= below * below * below {
                return k;
            }
            let Probabilities { px, py, fx, fy } = self.probabilities(k);
            if fy * (1.0 - u) <= py * libm::exp(px - fx) {
                return k;
            }
        }
        // Steps E and H: from a double exponential law, what the normal one lacks.
        loop {
            let e = standard_exponential(stream);
            let u = unit(stream) * 2.0 - 1.0;
            let t = 1.8 + e * u.signum();
            if t > -0.6744 {
                let k = (self.mean + self.s * t).floor();
                let Probabilities { px, py, fx, fy } = self.probabilities(k);
                if self.c * u.abs() <= py * libm::exp(px + e) - fy * libm::exp(fx + e) {
                    return k;
                }
            }
        }
    }

    /// Step F.
    fn probabilities(&self, k: f64) -> Probabilities {
        let (px, py) = if k < FACTORIALS.len() as f64 {
            (-self.mean, libm::pow(self.mean, k) / FACTORIALS[k as usize])
        } else {
            let delta = 1.0 / (12.0 * k);
            let delta = delta - 4.8 * (delta * delta * delta);
            let v = (self.mean - k) / k;
            let px = if v.abs() <= 0.25 {
                k * (v * v) * SERIES.iter().rev().fold(0.0, |sum, &a| sum * v + a) - delta
            } else {
                k * libm::log(1.0 + v) - (self.mean - k) - delta
            };
            (px, 1.0 / (2.0 * PI).sqrt() / k.sqrt())
        };
        let x = (k - self.mean + 0.5) / self.s;
        let [c0, c1, c2, c3] = self.coefficients;
        let fy = self.omega * (((c3 * x * x + c2) * x * x + c1) * x * x + c0);
        Probabilities { px, py, fx: -0.5 * x * x, fy }
    }
}

/// 0! … 9!.
const FACTORIALS: [f64; 10] = [1.0, 1.0, 2.0, 6.0, 24.0, 120.0, 720.0, 5040.0, 40320.0, 362_880.0];

/// The coefficients a₀ … a₉ of table 1 of the paper.
const SERIES: [f64; 10] = [
    -0.5000000002,
    0.3333333343,
    -0.2499998565,
    0.1999997049,
    -0.1666848753,
    0.1428833286,
    -0.1241963125,
    0.1101687109,
    -0.1142650302,
    0.1055093006,
];
