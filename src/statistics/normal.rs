//! The normal law: distribution and quantiles.

use std::f64::consts::SQRT_2;

/// Φ(z).
pub fn cumulative(z: f64) -> f64 {
    0.5 * libm::erfc(-z / SQRT_2)
}

/// The z with Φ(z) = p, to a few units in the last place; ∓∞ at 0 and 1. A rational approximation (Abramowitz and Stegun
/// 1964, 26.2.23, off by 4.5·10⁻⁴ at most), and two steps of Halley's method, each of which triples its digits.
pub fn quantile(p: f64) -> f64 {
    if p > 0.5 {
        return -quantile(1.0 - p);
    }
    if p <= 0.0 {
        return f64::NEG_INFINITY;
    }
    let t = (-2.0 * libm::log(p)).sqrt();
    let above = (0.010_328 * t + 0.802_853) * t + 2.515_517;
    let below = ((0.001_308 * t + 0.189_269) * t + 1.432_788) * t + 1.0;
    let mut z = above / below - t;
    for _ in 0..2 {
        let step = (cumulative(z) - p) / density(z);
        z -= step / (1.0 + 0.5 * z * step);
    }
    z
}

/// φ(z), the density of the normal law.
pub fn density(z: f64) -> f64 {
    libm::exp(-0.5 * z * z) / std::f64::consts::TAU.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_the_published_ones() {
        for (p, z) in [(0.5, 0.0), (0.975, 1.959_963_984_540_054), (0.001, -3.090_232_306_167_813_5)] {
            assert!((quantile(p) - z).abs() < 1e-13, "{p}: {}", quantile(p));
        }
        assert!((quantile(1e-12) + 7.034_483_825_301_131).abs() < 1e-11);
        assert_eq!((quantile(0.0), quantile(1.0)), (f64::NEG_INFINITY, f64::INFINITY));
    }

    #[test]
    fn the_quantile_is_the_inverse_of_the_distribution() {
        for exponent in 1..300 {
            let p = libm::pow(10.0, -f64::from(exponent));
            assert!((cumulative(quantile(p)) / p - 1.0).abs() < 1e-10, "{p}");
        }
    }
}
