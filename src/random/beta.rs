//! Beta numbers (Cheng 1978, "Generating beta variates with nonintegral shape parameters", Communications of the ACM 21:
//! algorithms BB and BC).

use super::{Stream, open_unit};

/// A number with the beta law of these two shapes, both > 0. NaN for other shapes.
pub fn beta(stream: &mut Stream, a: f64, b: f64) -> f64 {
    if !(a > 0.0 && b > 0.0) {
        return f64::NAN;
    }
    let (small, large) = if a < b { (a, b) } else { (b, a) };
    // The number is w/(other + w), or the complement if w belongs to the shape `b`.
    let (w, other, is_of_a) =
        if small > 1.0 { (bb(stream, small, large), large, a < b) } else { (bc(stream, large, small), small, a >= b) };
    match is_of_a {
        true if w == f64::INFINITY => 1.0,
        true => w / (other + w),
        false => other / (other + w),
    }
}

/// Algorithm BB: both shapes > 1, `a` the smaller one.
fn bb(stream: &mut Stream, a: f64, b: f64) -> f64 {
    let alpha = a + b;
    let beta = ((alpha - 2.0) / (2.0 * a * b - alpha)).sqrt();
    let gamma = a + 1.0 / beta;
    loop {
        let (u1, u2) = (open_unit(stream), open_unit(stream));
        let v = beta * libm::log(u1 / (1.0 - u1));
        let w = a * libm::exp(v);
        let z = u1 * u1 * u2;
        let r = gamma * v - libm::log(4.0);
        let s = a + r - w;
        if s + 1.0 + libm::log(5.0) >= 5.0 * z {
            return w;
        }
        let t = libm::log(z);
        if s >= t || r + alpha * libm::log(alpha / (b + w)) >= t {
            return w;
        }
    }
}

/// Algorithm BC: the smaller shape, `b`, is ≤ 1.
fn bc(stream: &mut Stream, a: f64, b: f64) -> f64 {
    let alpha = a + b;
    let beta = 1.0 / b;
    let delta = 1.0 + a - b;
    let kappa1 = delta * (1.0 / 18.0 / 4.0 + 3.0 / 18.0 / 4.0 * b) / (a * beta - 14.0 / 18.0);
    let kappa2 = 0.25 + (0.5 + 0.25 / delta) * b;
    loop {
        let (u1, u2) = (open_unit(stream), open_unit(stream));
        let v = || beta * libm::log(u1 / (1.0 - u1));
        let z = if u1 < 0.5 {
            let y = u1 * u2;
            let z = u1 * y;
            if 0.25 * u2 + z - y >= kappa1 {
                continue;
            }
            z
        } else {
            let z = u1 * u1 * u2;
            if z <= 0.25 {
                return a * libm::exp(v());
            }
            if z >= kappa2 {
                continue;
            }
            z
        };
        let v = v();
        let w = a * libm::exp(v);
        if alpha * (libm::log(alpha / (b + w)) + v) - libm::log(4.0) >= libm::log(z) {
            return w;
        }
    }
}
