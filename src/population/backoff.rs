//! How long a client waits after its a-th failure in a row.

use crate::parameters::{Jitter, Retry};

use super::random::Stream;
use super::timing::duration_ticks;
use rand_xoshiro::rand_core::Rng;

/// The law of one delay: `1 + floor(low + u · scale)` ticks, with `u` uniform over the 32-bit numbers.
///
/// For a uniform delay this equals `max(1, ceil(delay / tick))` of model.md but for whole numbers, which have
/// probability 0; for a fixed delay `scale` is 0 and `low` one tick less than the rounded delay.
#[derive(Debug, Clone, Copy)]
struct Law {
    low: f64,
    scale: f64,
}

/// The delays after the first, second … failure in a row, up to the one from which on nothing changes.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    laws: Vec<Law>,
}

impl Backoff {
    /// Tabulates `backoff(a) = min(cap, base · factor^(a−1))` and its jitter.
    pub(super) fn reset(&mut self, retry: &Retry, tick_s: f64) {
        self.laws.clear();
        let mut mean_s = retry.base_s;
        loop {
            let backoff_s = mean_s.min(retry.cap_s);
            self.laws.push(law(backoff_s, retry.jitter, tick_s));
            let last = mean_s >= retry.cap_s || retry.factor == 1.0 || self.laws.len() == usize::from(u16::MAX);
            if last {
                break;
            }
            mean_s *= retry.factor;
        }
    }

    /// A delay after the `failures`-th failure in a row, in ticks, ≥ 1. `failures` ≥ 1.
    #[inline]
    pub(super) fn draw_ticks(&self, failures: u16, stream: &mut Stream) -> u32 {
        let law = self.laws[usize::from(failures).min(self.laws.len()) - 1];
        ((law.low + law.scale * f64::from(stream.next_u32())) as u32).saturating_add(1)
    }
}

fn law(backoff_s: f64, jitter: Jitter, tick_s: f64) -> Law {
    let backoff = backoff_s / tick_s;
    let per_unit = 1.0 / 4_294_967_296.0;
    match jitter {
        Jitter::None => Law { low: f64::from(duration_ticks(backoff_s, tick_s) - 1), scale: 0.0 },
        Jitter::Full => Law { low: 0.0, scale: backoff * per_unit },
        Jitter::Equal => Law { low: backoff / 2.0, scale: backoff / 2.0 * per_unit },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::Scenario;
    use crate::population::random::stream;

    fn mean(backoff: &Backoff, failures: u16) -> f64 {
        let mut stream = stream(1, "test");
        let n = 400_000;
        (0..n).map(|_| f64::from(backoff.draw_ticks(failures, &mut stream))).sum::<f64>() / f64::from(n)
    }

    #[test]
    fn delays_double_up_to_the_cap_and_have_the_mean_of_their_jitter() {
        let mut retry = Scenario::default().retry;
        let mut backoff = Backoff::default();
        for (jitter, share) in [(Jitter::None, 1.0), (Jitter::Full, 0.5), (Jitter::Equal, 0.75)] {
            retry.jitter = jitter;
            backoff.reset(&retry, 5.0);
            for (failures, ticks) in [(1, 3.0), (2, 6.0), (6, 96.0), (7, 120.0), (u16::MAX, 120.0)] {
                // Rounding up adds half a tick to a uniform delay whose ends are whole or half ticks. The mean of
                // 400,000 delays has a standard error of at most 0.055 ticks: 6 of them are a false alarm below 1e-8.
                let rounding = if jitter == Jitter::None { 0.0 } else { 0.5 };
                let expected: f64 = ticks * share + rounding;
                // b/2 of 1.5 ticks is no whole number: the law of ceil(1.5 + U·1.5) has mean 2/3 · 3 + 1/3 · 2.
                let expected = if jitter == Jitter::Equal && failures == 1 { 8.0 / 3.0 } else { expected };
                assert!((mean(&backoff, failures) - expected).abs() < 0.33, "{jitter:?} {failures}");
            }
        }
    }

    #[test]
    fn a_delay_shorter_than_a_tick_lasts_one() {
        let mut retry = Scenario::default().retry;
        retry.base_s = 0.1;
        let mut backoff = Backoff::default();
        backoff.reset(&retry, 60.0);
        assert_eq!(backoff.draw_ticks(1, &mut stream(1, "test")), 1);
    }
}
