//! The interval of an outage probability.
//!
//! A cell with a fixed number of replicates gets the exact interval of Clopper and Pearson (1934): its coverage is at
//! least the confidence for every probability, at 0 and 1 and at 20 replicates too, where the normal approximation
//! collapses to a point.
//!
//! Where data are looked at many times, and by no rule that is known beforehand, an interval for a fixed number would miss
//! the truth more often than it says. A confidence sequence covers at all looks at once, whatever made them the last one:
//! the probabilities p that a mixture of all alternatives, with Jeffreys' weight Beta(½, ½), does
//! not reject (Robbins 1970, Ann. Math. Statist. 41:1397; Howard, Ramdas, McAuliffe, Sekhon 2021, Ann. Statist.
//! 49:1055): with k outages in n runs those with p^k (1−p)^(n−k) > α · B(k+½, n−k+½) / B(½, ½). The likelihood ratio
//! on the right is a martingale under p, so by Ville's inequality it ever exceeds 1/α with probability α at most.

/// An interval of probabilities.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end, 0 … 1.
    pub low: f64,
    /// Upper end, 0 … 1.
    pub high: f64,
}

impl Interval {
    /// Whether it lies above a number (true) or below it (false); `None` if it holds it.
    pub fn side_of(&self, level: f64) -> Option<bool> {
        if self.low > level { Some(true) } else { (self.high < level).then_some(false) }
    }

    /// Clopper and Pearson's interval for `k` successes in `n` trials.
    pub fn fixed(k: u32, n: u32, confidence: f64) -> Interval {
        let tail = (1.0 - confidence) / 2.0;
        // P(X ≥ k) grows with p, P(X ≤ k) falls.
        let low = if k == 0 { 0.0 } else { bisect(|p| upper_tail(k, n, p) < tail) };
        let high = if k == n { 1.0 } else { bisect(|p| 1.0 - upper_tail(k + 1, n, p) > tail) };
        Interval { low, high }
    }

    /// The confidence sequence of a Bernoulli probability after `k` successes in `n` trials.
    pub fn sequence(k: u32, n: u32, confidence: f64) -> Interval {
        let (k, failures) = (f64::from(k), f64::from(n) - f64::from(k));
        let ln_beta = |a: f64, b: f64| libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b);
        let bound = libm::log(1.0 - confidence) + ln_beta(k + 0.5, failures + 0.5) - ln_beta(0.5, 0.5);
        let ln_power = |p: f64, exponent: f64| if exponent == 0.0 { 0.0 } else { exponent * libm::log(p) };
        let inside = |p: f64| ln_power(p, k) + ln_power(1.0 - p, failures) > bound;
        let estimate = if n == 0 { 0.5 } else { k / f64::from(n) };
        // The likelihood rises up to the estimate and falls behind it.
        let low = if inside(0.0) { 0.0 } else { bisect(|p| p < estimate && !inside(p)) };
        let high = if inside(1.0) { 1.0 } else { bisect(|p| p <= estimate || inside(p)) };
        Interval { low, high }
    }
}

/// The point in 0 … 1 at which `is_below` turns from true to false.
fn bisect(is_below: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if is_below(middle) { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// P(X ≥ k) for X binomial(n, p), k ≥ 1: the sum of its terms, from the largest one on outwards until they no longer
/// count. The terms are computed from logarithms, and are all positive: no cancellation.
pub(super) fn upper_tail(k: u32, n: u32, p: f64) -> f64 {
    if p <= 0.0 || p >= 1.0 {
        return if p >= 1.0 { 1.0 } else { 0.0 };
    }
    let (n_real, odds) = (f64::from(n), p / (1.0 - p));
    let term = |x: u32| {
        let x = f64::from(x);
        let ln_choose = libm::lgamma(n_real + 1.0) - libm::lgamma(x + 1.0) - libm::lgamma(n_real - x + 1.0);
        libm::exp(ln_choose + x * libm::log(p) + (n_real - x) * libm::log1p(-p))
    };
    // Sum the smaller tail, from its end that lies nearer to the mode.
    let mode = ((n_real + 1.0) * p) as u32;
    let mut sum = 0.0;
    if k > mode {
        let mut t = term(k);
        for x in k..=n {
            sum += t;
            if t < sum * 1e-17 {
                break;
            }
            t *= odds * f64::from(n - x) / f64::from(x + 1);
        }
        sum
    } else {
        let mut t = term(k - 1);
        for x in (0..k).rev() {
            sum += t;
            if t < sum * 1e-17 {
                break;
            }
            t *= f64::from(x) / (odds * f64::from(n - x + 1));
        }
        1.0 - sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, stream, unit};

    #[track_caller]
    fn assert_interval(interval: Interval, low: f64, high: f64) {
        assert!((interval.low - low).abs() < 1e-5 && (interval.high - high).abs() < 1e-5, "{interval:?}");
    }

    #[test]
    fn the_fixed_interval_has_the_published_ends() {
        // At the ends it has a closed form: 1 − (α/2)^(1/n).
        assert_interval(Interval::fixed(0, 20, 0.95), 0.0, 1.0 - libm::pow(0.025, 0.05));
        assert_interval(Interval::fixed(20, 20, 0.95), libm::pow(0.025, 0.05), 1.0);
        assert_interval(Interval::fixed(10, 20, 0.95), 0.27196, 0.72804);
        assert_interval(Interval::fixed(1, 10, 0.95), 0.00253, 0.44502);
        let wide = Interval::fixed(500_000, 1_000_000, 0.95);
        assert!((wide.high - 0.50098).abs() < 1e-5, "{wide:?}");
    }

    #[test]
    fn the_sequence_is_wider_than_the_fixed_interval_and_contains_the_estimate() {
        for n in [1, 20, 100, 1000] {
            for k in [0, 1, n / 2, n] {
                let (fixed, sequence) = (Interval::fixed(k, n, 0.95), Interval::sequence(k, n, 0.95));
                assert!(sequence.low <= fixed.low + 1e-12 && sequence.high >= fixed.high - 1e-12, "{k} of {n}");
                let estimate = f64::from(k) / f64::from(n);
                assert!(sequence.low <= estimate && estimate <= sequence.high);
            }
        }
    }

    #[test]
    fn the_sequence_covers_at_all_looks_at_once() {
        let mut stream = stream(8, Purpose::Test("coverage"));
        for p in [0.02, 0.5] {
            let missed = (0..2000)
                .filter(|_| {
                    let mut k = 0;
                    (1..=300).any(|n| {
                        k += u32::from(unit(&mut stream) < p);
                        let interval = Interval::sequence(k, n, 0.9);
                        p < interval.low || p > interval.high
                    })
                })
                .count();
            // At most 0.1 · 2000 on average; 5 standard errors more: a false alarm below 1e-6.
            assert!(missed < 200 + 67, "{missed} of 2000 at {p}");
        }
    }
}
