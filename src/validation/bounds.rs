//! How far chance may carry a measurement from what is expected.
//!
//! All bounds are inequalities that are proven for every sample size, so a stated false-alarm rate holds without a
//! normal approximation (for χ² it rests on the usual one: each bin is expected to hold many).

/// The probability with which a check of a correct program may fail, at most.
pub const FALSE_ALARM: f64 = 1e-6;

/// ln(2 · comparisons / α): the exponent of a two-sided bound that is shared out over several comparisons (Boole).
fn exponent(comparisons: usize) -> f64 {
    libm::log(2.0 * comparisons.max(1) as f64 / FALSE_ALARM)
}

/// How far a sum of independent trials, each moving it by 1 at most, may lie from its mean, given its variance.
///
/// Bernstein (1924): `P(|X − EX| ≥ t) ≤ 2 exp(−t² / (2 (σ² + t/3)))`. Freedman (1975, Ann. Probab. 3:100) shows the
/// same for a sum of martingale differences whose conditional variances add up to σ² at most. About 5.4 σ for large σ.
pub fn count_tolerance(variance: f64, comparisons: usize) -> f64 {
    let x = exponent(comparisons);
    x / 3.0 + libm::sqrt(x * x / 9.0 + 2.0 * x * variance)
}

/// How far an empirical distribution function may lie from the true one, anywhere.
///
/// Dvoretzky, Kiefer, Wolfowitz with the constant of Massart (1990, Ann. Probab. 18:1269): `P(sup |F_n − F| > ε) ≤
/// 2 exp(−2 n ε²)`, for any law, discrete ones too: the test of Kolmogorov and Smirnov. `laws` distributions share the
/// false-alarm rate.
pub fn law_tolerance(samples: usize, laws: usize) -> f64 {
    libm::sqrt(exponent(laws) / (2.0 * samples as f64))
}

/// How far the χ² of a sum over `degrees` degrees of freedom may lie from `degrees`.
///
/// Laurent, Massart (2000, Ann. Statist. 28:1302), lemma 1: `P(χ² − d ≥ 2 √(d x) + 2 x) ≤ e^−x`, and less below.
pub fn chi_square_tolerance(degrees: f64, comparisons: usize) -> f64 {
    let x = exponent(comparisons);
    2.0 * libm::sqrt(degrees * x) + 2.0 * x
}

/// How far the mean of `samples` measurements that are close to normal may lie from the true one, given their standard
/// deviation as measured: 7 standard errors. With 30 or more samples Student's t exceeds 7 in size with a probability
/// below 1.1e-7, which leaves room for nine comparisons.
pub fn mean_tolerance(standard_deviation: f64, samples: usize) -> f64 {
    debug_assert!(samples >= 30);
    7.0 * standard_deviation / libm::sqrt(samples as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bounds_lie_a_little_outside_of_the_quantiles_of_their_laws() {
        // The normal quantile of 1 − 5e-7 is 4.892; 1.2238 is Kolmogorov's of 0.05, 2.69 that of 1e-6.
        let sigmas = count_tolerance(1e8, 1) / 1e4;
        assert!(sigmas > 4.892 && sigmas < 5.5, "{sigmas}");
        assert!((law_tolerance(1_000_000, 1) * 1000.0 - 2.69).abs() < 0.01);
        // The quantile of χ² with 100 degrees of freedom for 5e-7 is 186.9 by the formula of Wilson and Hilferty.
        let chi_square = chi_square_tolerance(100.0, 1);
        assert!(chi_square > 86.9 && chi_square < 110.0, "{chi_square}");
    }
}
