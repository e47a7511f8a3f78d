//! The standard normal law.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use super::Tails;

/// Both tails at `z`, by the complementary error function.
pub fn normal_tails(z: f64) -> Tails {
    Tails { lower: 0.5 * libm::erfc(-z * FRAC_1_SQRT_2), upper: 0.5 * libm::erfc(z * FRAC_1_SQRT_2) }
}

/// The value with these tails: ±∞ where one of them is 0.
///
/// A start after Abramowitz and Stegun 1964 (26.2.23), good to 4.5·10⁻⁴, and Halley's method on the logarithm of the tail,
/// whose curvature is known: three steps from there are exact to the last digits.
pub fn normal_quantile(tails: Tails) -> f64 {
    let (tail, sign) = if tails.lower < tails.upper { (tails.lower, -1.0) } else { (tails.upper, 1.0) };
    if tail <= 0.0 {
        return sign * f64::INFINITY;
    }
    let t = (-2.0 * libm::log(tail)).sqrt();
    let start =
        t - (2.515_517 + t * (0.802_853 + t * 0.010_328)) / (1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308)));
    let upper_quantile = (0..4).fold(start, |z, _| {
        let upper = normal_tails(z).upper;
        // The hazard, φ(z)/(1 − Φ(z)), is minus the slope of ln(1 − Φ).
        let hazard = libm::exp(-0.5 * z * z) / ((2.0 * PI).sqrt() * upper);
        let excess = libm::log(upper / tail);
        let step = excess / hazard;
        // Halley: the second derivative of ln(1 − Φ) is hazard·(z − hazard).
        z + step / (1.0 - 0.5 * step * (z - hazard))
    });
    sign * upper_quantile
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quantile_is_the_inverse_from_one_tail_to_the_other() {
        for exponent in -3000..=-3 {
            let tail = libm::exp10(f64::from(exponent) / 10.0);
            for tails in [Tails::of_lower(tail), Tails::of_upper(tail)] {
                let back = normal_tails(normal_quantile(tails));
                let (p, again) = if tail == tails.lower { (tail, back.lower) } else { (tail, back.upper) };
                // A relative error ε of z is one of z² ε of the tail: z² < 1400.
                assert!((again / p - 1.0).abs() < 1e-12, "{tails:?} {back:?}");
            }
        }
    }

    /// From the tables of Wichura 1988 (Algorithm AS 241), which he computed for the same purpose.
    #[test]
    fn known_quantiles() {
        for (p, z) in
            [(0.25, -0.674_489_750_196_081_7), (0.001, -3.090_232_306_167_813_5), (1e-20, -9.262_340_089_798_408)]
        {
            assert!((normal_quantile(Tails::of_lower(p)) / z - 1.0).abs() < 1e-14, "{p}");
            assert!((normal_quantile(Tails::of_upper(p)) / z + 1.0).abs() < 1e-14, "{p}");
        }
        assert!(normal_quantile(Tails::of_lower(0.5)).abs() < 1e-15);
        assert_eq!(normal_quantile(Tails::NONE), f64::NEG_INFINITY);
        assert_eq!(normal_quantile(Tails::ALL), f64::INFINITY);
    }
}
