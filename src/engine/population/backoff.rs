//! How long a client waits after its a-th failure in a row.

use crate::parameters::{Jitter, Retry};

use super::timing::Delay;

/// The delays after the first, second … failure in a row, up to the one from which on nothing changes.
#[derive(Debug)]
pub(super) struct Backoff {
    delays: Vec<Delay>,
    /// The first of them, and the last one over and over: a table of known length needs no check of its bounds.
    first: [Delay; FIRST],
    longest_ticks: u32,
}

const FIRST: usize = 64;

impl Default for Backoff {
    fn default() -> Backoff {
        Backoff { delays: Vec::new(), first: [Delay::fixed(0.0, 1.0); FIRST], longest_ticks: 1 }
    }
}

impl Backoff {
    /// Tabulates `backoff(a) = min(cap, base · factor^(a−1))` and its jitter.
    pub(super) fn reset(&mut self, retry: &Retry, tick_s: f64) {
        self.delays.clear();
        let mut mean_s = retry.base_s;
        loop {
            let backoff_s = mean_s.min(retry.cap_s);
            self.delays.push(match retry.jitter {
                Jitter::None => Delay::fixed(backoff_s, tick_s),
                Jitter::Full => Delay::uniform(0.0, backoff_s, tick_s),
                Jitter::Equal => Delay::uniform(backoff_s / 2.0, backoff_s, tick_s),
            });
            let last = mean_s >= retry.cap_s || retry.factor == 1.0 || self.delays.len() == usize::from(u16::MAX);
            if last {
                break;
            }
            mean_s *= retry.factor;
        }
        let last = self.delays[self.delays.len() - 1];
        self.first = std::array::from_fn(|failures| self.delays.get(failures).copied().unwrap_or(last));
        self.longest_ticks = self.delays.iter().map(|delay| delay.longest_ticks()).max().unwrap_or(1);
    }

    /// The delay after one more failure than `failures` in a row that a uniform 32-bit number stands for, in ticks, ≥ 1.
    #[inline]
    pub(super) fn ticks(&self, failures: u16, random: u32) -> u32 {
        self.delay(failures).ticks(random)
    }

    /// Whether [`Backoff::near_ticks`] can be used.
    pub(super) fn is_near(&self) -> bool {
        self.delays.len() <= FIRST && self.longest_ticks < 1 << 30
    }

    /// The same where [`Backoff::is_near`].
    #[inline(always)]
    pub(super) fn near_ticks(&self, failures: u16, random: u32) -> u32 {
        self.first[usize::from(failures).min(FIRST - 1)].near_ticks(random)
    }

    #[inline(always)]
    fn delay(&self, failures: u16) -> Delay {
        self.delays[usize::from(failures).min(self.delays.len() - 1)]
    }

    /// The longest delay that there is, in ticks.
    pub(super) fn longest_ticks(&self) -> u32 {
        self.longest_ticks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::Scenario;
    use crate::random::{Purpose, stream};
    use rand_xoshiro::rand_core::Rng;

    fn mean(backoff: &Backoff, failures: u16) -> f64 {
        let mut stream = stream(1, Purpose::Test("test"));
        let n = 400_000;
        (0..n).map(|_| f64::from(backoff.ticks(failures - 1, stream.next_u32()))).sum::<f64>() / f64::from(n)
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
        assert_eq!(backoff.ticks(0, u32::MAX), 1);
    }
}
