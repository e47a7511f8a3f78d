//! Beta laws.
//!
//! Libraries for this call the elementary functions of the system, and some are wrong by tens of per cent for laws with a
//! peak at each end. So it is written down here, on `libm`.

use std::f64::consts::PI;

use super::Tails;

/// Most terms of the continued fraction, whose number grows like the root of the larger shape.
const TERMS_MAX: u32 = 10_000_000;
/// Most steps to a quantile. Few are needed; the limit is for what cannot be reached, such as 10⁻³⁰⁰.
const STEPS_MAX: u32 = 200;
/// Largest logit of a quantile: beyond it a number is 0 or 1 in all but name.
const LOGIT_MAX: f64 = 700.0;

/// Both tails of the beta law with these shapes, both > 0, at `x`, 0 … 1.
pub fn beta_tails(x: f64, a: f64, b: f64) -> Tails {
    if x <= 0.0 {
        Tails::NONE
    } else if x >= 1.0 {
        Tails::ALL
    } else {
        tails(x, 1.0 - x, a, b)
    }
}

/// The value with these tails.
///
/// Newton's method for the logarithm of the smaller tail as a function of the logit: that is concave, since the density
/// of the logit is log-concave, so after the first step all others come from one side.
pub fn beta_quantile(wanted: Tails, a: f64, b: f64) -> f64 {
    if wanted.lower <= 0.0 || wanted.upper <= 0.0 {
        return if wanted.lower <= 0.0 { 0.0 } else { 1.0 };
    }
    if wanted.lower > wanted.upper {
        let mirrored = Tails { lower: wanted.upper, upper: wanted.lower };
        let logit = logit_of_lower(mirrored.lower, b, a);
        return 1.0 / (1.0 + libm::exp(logit));
    }
    1.0 / (1.0 + libm::exp(-logit_of_lower(wanted.lower, a, b)))
}

/// The logit of the value with this lower tail, at most one half.
fn logit_of_lower(wanted: f64, a: f64, b: f64) -> f64 {
    let (mut below, mut above) = (-LOGIT_MAX, LOGIT_MAX);
    let mut logit = libm::log(a / b).clamp(below, above);
    for _ in 0..STEPS_MAX {
        let (x, y) = (1.0 / (1.0 + libm::exp(-logit)), 1.0 / (1.0 + libm::exp(logit)));
        let lower = tails(x, y, a, b).lower;
        // The derivative of the lower tail by the logit is x^a y^b/B(a, b).
        let step = (libm::log(wanted) - libm::log(lower)) * lower / front(x, y, a, b);
        if step.abs() <= 1e-15 * (1.0 + logit.abs()) {
            break;
        }
        if lower > wanted {
            above = logit
        } else {
            below = logit
        }
        let next = logit + step;
        // The first step can lead so far that the tail is 0 there, and no step leads back.
        logit = if below < next && next < above { next } else { 0.5 * (below + above) };
    }
    logit
}

/// Both tails at `x`, where `y` is 1 − x: the continued fraction on the side where it converges fast (Press, Teukolsky,
/// Vetterling, Flannery, Numerical Recipes, section 6.4).
fn tails(x: f64, y: f64, a: f64, b: f64) -> Tails {
    let front = front(x, y, a, b);
    if x < (a + 1.0) / (a + b + 2.0) {
        Tails::of_lower((front * continued_fraction(x, a, b) / a).clamp(0.0, 1.0))
    } else {
        Tails::of_upper((front * continued_fraction(y, b, a) / b).clamp(0.0, 1.0))
    }
}

/// The continued fraction of the incomplete beta function, by the method of Lentz.
fn continued_fraction(x: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away = |z: f64| if z.abs() < TINY { TINY } else { z };
    let mut c = 1.0;
    let mut d = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    for term in 1..TERMS_MAX {
        let m = f64::from(term);
        let mut factor = 1.0;
        for numerator in [
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0)),
        ] {
            d = 1.0 / away(1.0 + numerator * d);
            c = away(1.0 + numerator / c);
            factor = c * d;
            fraction *= factor;
        }
        if (factor - 1.0).abs() < 1e-16 {
            break;
        }
    }
    fraction
}

/// x^a y^b/B(a, b), without the loss of digits that the differences of large logarithms bring (Loader 2000, "Fast and
/// accurate computation of binomial probabilities").
fn front(x: f64, y: f64, a: f64, b: f64) -> f64 {
    let n = a + b;
    let exponent = stirling_error(n) - stirling_error(a) - stirling_error(b) - deviance(a, n * x) - deviance(b, n * y);
    a * b / n * (n / (2.0 * PI * a * b)).sqrt() * libm::exp(exponent)
}

/// ln Γ(n + 1) − (n + ½) ln n + n − ½ ln 2π: what Stirling's formula is off by.
fn stirling_error(n: f64) -> f64 {
    if n < 16.0 {
        return libm::lgamma(n + 1.0) - (n + 0.5) * libm::log(n) + n - 0.5 * libm::log(2.0 * PI);
    }
    let square = n * n;
    (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / 1188.0 / square) / square) / square) / square)
        / n
}

/// k ln(k/m) + m − k, which is small where k is near m.
fn deviance(k: f64, m: f64) -> f64 {
    if (k - m).abs() >= 0.1 * (k + m) {
        return k * libm::log(k / m) + m - k;
    }
    let v = (k - m) / (k + m);
    let mut sum = (k - m) * v;
    let mut term = 2.0 * k * v;
    for j in 1..1000 {
        term *= v * v;
        let next = sum + term / f64::from(2 * j + 1);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probability(k: u32, n: u32, p: f64) -> f64 {
        let ways = (0..k).fold(1.0, |ways, i| ways * f64::from(n - i) / f64::from(i + 1));
        ways * libm::pow(p, f64::from(k)) * libm::pow(1.0 - p, f64::from(n - k))
    }

    #[test]
    fn with_whole_shapes_the_tails_are_sums_of_binomial_probabilities() {
        for (a, n) in [(1, 1), (1, 5), (3, 5), (2, 30), (14, 22), (29, 30)] {
            for percent in 1..100 {
                let x = f64::from(percent) / 100.0;
                let upper: f64 = (0..a).map(|k| probability(k, n, x)).sum();
                let lower: f64 = (a..=n).map(|k| probability(k, n, x)).sum();
                let tails = beta_tails(x, f64::from(a), f64::from(n - a + 1));
                let (got, exact) = if lower < upper { (tails.lower, lower) } else { (tails.upper, upper) };
                assert!((got / exact - 1.0).abs() < 1e-12, "{a} {n} {x}: {got} {exact}");
            }
        }
    }

    #[test]
    fn the_arcsine_law_and_the_powers_are_what_they_are() {
        for percent in 1..100 {
            let x = f64::from(percent) / 100.0;
            let arcsine = 2.0 / PI * libm::asin(x.sqrt());
            assert!((beta_tails(x, 0.5, 0.5).lower - arcsine).abs() < 1e-14);
            for power in [1e-3, 0.094, 0.7, 5.0, 3e3, 1e6] {
                let lower = libm::pow(x, power);
                let tails = beta_tails(x, power, 1.0);
                assert!((tails.lower - lower).abs() < 1e-13 && (tails.upper - (1.0 - lower)).abs() < 1e-13);
                let mirrored = beta_tails(1.0 - x, 1.0, power);
                assert!((mirrored.upper - lower).abs() < 1e-12, "{power} {x}");
            }
        }
    }

    /// The quantile of a law x^a is p^(1/a) whatever the size of a; and every other one leads back.
    #[test]
    fn the_quantile_is_the_inverse_from_one_tail_to_the_other() {
        let shapes = [1e-3, 0.094, 0.219, 0.5, 1.0, 2.5, 13.8, 300.0, 1e5, 999_998.0];
        for (a, b) in shapes.iter().flat_map(|&a| shapes.map(|b| (a, b))) {
            for exponent in -12..=-1 {
                for tail in [1.0, 3.0, 4.9].map(|digit| digit * libm::exp10(f64::from(exponent))) {
                    for tails in [Tails::of_lower(tail), Tails::of_upper(tail)] {
                        let x = beta_quantile(tails, a, b);
                        // Where neighbouring numbers have other tails, or there is none, x can be no better.
                        if !(1e-290..1.0 - 1e-4).contains(&x) {
                            continue;
                        }
                        let back = beta_tails(x, a, b);
                        let again = if tail == tails.lower { back.lower } else { back.upper };
                        // One digit of x is worth density · x of the tail.
                        let digits = 4e-16 * front(x, 1.0 - x, a, b) / (1.0 - x);
                        // The exponent of the density holds a + b times a number, which is rounded.
                        let rounding = 1e-11 * (1.0 + (a + b) / 1e4);
                        assert!((again - tail).abs() < rounding * tail + digits, "{a} {b} {tails:?}: {x} {again}");
                    }
                }
            }
        }
        for (p, a) in [(0.025, 0.094), (1e-6, 3.0), (0.3, 999_998.0)] {
            let exact = libm::pow(p, 1.0 / a);
            assert!((beta_quantile(Tails::of_lower(p), a, 1.0) / exact - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn a_law_with_a_peak_at_each_end_has_its_quantiles_near_zero_and_one() {
        // For small x the lower tail is x^a/(a B(a, b)), here to a relative error of about x.
        let (a, b) = (0.094, 0.219);
        let ln_beta = libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b);
        for p in [1e-6, 0.025, 0.1] {
            let x = libm::exp((libm::log(p * a) + ln_beta) / a);
            assert!((beta_quantile(Tails::of_lower(p), a, b) / x - 1.0).abs() < 2.0 * x + 1e-11, "{p}");
        }
        assert!(beta_quantile(Tails::of_upper(1e-6), a, b) == 1.0);
        assert_eq!((beta_quantile(Tails::NONE, a, b), beta_quantile(Tails::ALL, a, b)), (0.0, 1.0));
    }
}
