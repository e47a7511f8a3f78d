//! Random delays in ticks, as what a mass that begins to wait does to the rate at which masses come due.

use crate::engine::laws::delays::DelayLaw;
use crate::engine::laws::time::duration_ticks;

/// Delays at or beyond this many ticks end after any run.
const NEVER_TICKS: f64 = 4_294_967_294.0;

/// The law of a delay in ticks, `max(1, ceil(delay / tick))`, as changes of a rate.
///
/// A uniform delay makes a mass come due at one rate for many ticks, with a smaller share in the first and in the last
/// of them. So all that has to be kept of it is how the rate changes, which is at four ticks at most, however long the
/// delay.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TickLaw {
    /// After how many ticks the rate changes, and by how much of the mass. The changes sum to 0.
    changes: Vec<(u32, f64)>,
    /// After how many ticks nothing is left; `None` if that is after any run.
    ends_after: Option<u32>,
}

impl TickLaw {
    /// The law of a delay in ticks of `tick_s` seconds.
    pub(super) fn new(law: DelayLaw, tick_s: f64) -> TickLaw {
        let DelayLaw { low_s, high_s } = law;
        let (low, high) = (low_s / tick_s, high_s / tick_s);
        if low_s == high_s {
            let ticks = f64::from(duration_ticks(low_s, tick_s));
            return TickLaw::with_changes(&[(ticks, 1.0), (ticks + 1.0, -1.0)]);
        }
        // The probability of exactly k ticks, k ≥ 1.
        let probability = |k: f64| {
            let from = if k <= 1.0 { 0.0 } else { k - 1.0 };
            (k.min(high) - from.max(low)).max(0.0) / (high - low)
        };
        let (first, last) = (low.floor() + 1.0, high.ceil().max(1.0));
        let mut ticks = vec![first, first + 1.0, last, last + 1.0];
        ticks.dedup_by(|later, earlier| *later <= *earlier);
        let change = |&k: &f64| {
            let before = if k <= first { 0.0 } else { probability(k - 1.0) };
            let after = if k > last { 0.0 } else { probability(k) };
            (k, after - before)
        };
        TickLaw::with_changes(&ticks.iter().map(change).collect::<Vec<_>>())
    }

    /// No delay: what enters before the tick moves on is due in it.
    pub(super) fn at_once() -> TickLaw {
        TickLaw::with_changes(&[(0.0, 1.0), (1.0, -1.0)])
    }

    fn with_changes(changes: &[(f64, f64)]) -> TickLaw {
        let within = changes.iter().filter(|&&(ticks, change)| ticks < NEVER_TICKS && change != 0.0);
        let ends = changes.last().filter(|&&(ticks, _)| ticks < NEVER_TICKS);
        TickLaw {
            changes: within.map(|&(ticks, change)| (ticks as u32, change)).collect(),
            ends_after: ends.map(|&(ticks, _)| ticks as u32),
        }
    }

    /// The changes of the rate: after how many ticks, by how much of the mass.
    pub(super) fn changes(&self) -> &[(u32, f64)] {
        &self.changes
    }

    /// After how many ticks nothing is left; `None` if that is after any run.
    pub(super) fn ends_after(&self) -> Option<u32> {
        self.ends_after
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The probabilities of 1, 2, … ticks.
    fn probabilities(low_s: f64, high_s: f64) -> Vec<f64> {
        let law = TickLaw::new(DelayLaw { low_s, high_s }, 5.0);
        let ends = law.ends_after().unwrap();
        let mut rate = 0.0;
        let at =
            |ticks: u32| law.changes().iter().filter(|change| change.0 == ticks).map(|change| change.1).sum::<f64>();
        let rates: Vec<f64> = (1..=ends)
            .map(|ticks| {
                rate += at(ticks);
                rate
            })
            .collect();
        assert!(rates[rates.len() - 1].abs() < 1e-15, "it ends at 0: {rates:?}");
        rates[..rates.len() - 1].to_vec()
    }

    fn assert_close(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len(), "{found:?}");
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15), "{found:?} {expected:?}");
    }

    #[test]
    fn a_uniform_delay_is_rounded_up_to_ticks() {
        // Uniform(1.5, 4) ticks, rounded up: 2 with 0.2, 3 and 4 with 0.4 each.
        assert_close(&probabilities(7.5, 20.0), &[0.0, 0.2, 0.4, 0.4]);
        assert_close(&probabilities(0.0, 15.0), &[1.0 / 3.0; 3]);
        assert_close(&probabilities(0.0, 12.0), &[5.0 / 12.0, 5.0 / 12.0, 2.0 / 12.0]);
        assert_close(&probabilities(0.0, 3.0), &[1.0]);
        assert_close(&probabilities(6.0, 8.0), &[0.0, 1.0]);
        assert_close(&probabilities(4.0, 6.0), &[0.5, 0.5]);
    }

    #[test]
    fn a_fixed_delay_comes_at_once() {
        assert_close(&probabilities(0.0, 0.0), &[1.0]);
        assert_close(&probabilities(10.0, 10.0), &[0.0, 1.0]);
        assert_close(&probabilities(10.1, 10.1), &[0.0, 0.0, 1.0]);
    }

    #[test]
    fn a_delay_beyond_any_run_does_not_end() {
        assert_eq!(TickLaw::new(DelayLaw { low_s: 1e300, high_s: 1e300 }, 5.0).ends_after(), None);
        let law = TickLaw::new(DelayLaw { low_s: 0.0, high_s: 1e12 }, 5.0);
        assert_eq!((law.ends_after(), law.changes()), (None, &[(1, 5e-12)][..]));
    }
}
