//! Random delays in ticks, in fixed-point arithmetic.

use crate::engine::laws::delays::DelayLaw;
use crate::engine::laws::time::duration_ticks;

/// A random delay, uniform over an interval, or a fixed one: `max(1, ceil(delay / tick))` ticks (model.md, "Time").
///
/// It is `1 + floor(low + u · span)` with `u` uniform over [0, 1). For a uniform delay this is the same but for whole
/// numbers, which have probability 0; for a fixed one `span` is 0 and `low` one tick less than the rounded delay.
#[derive(Debug, Clone, Copy)]
pub(super) struct Delay {
    /// In units of 2⁻ˢʰⁱᶠᵗ ticks, like `span`: fixed-point arithmetic is exact, and cheaper than any other.
    low: u64,
    span: u64,
    shift: u32,
}

impl Delay {
    /// The delay of a law, in ticks of `tick_s` seconds.
    pub(super) fn new(law: DelayLaw, tick_s: f64) -> Delay {
        let DelayLaw { low_s, high_s } = law;
        if low_s == high_s { Delay::fixed(low_s, tick_s) } else { Delay::uniform(low_s, high_s, tick_s) }
    }

    fn uniform(low_s: f64, high_s: f64, tick_s: f64) -> Delay {
        // What has to fit below 2⁶³ units: 2³¹ ticks, the longest run, with 32 bits behind the point; rather fewer bits
        // than a delay cut short.
        let ticks_max = 4.6e18;
        let high = (high_s / tick_s).min(ticks_max);
        let shift = (0..=32).rev().find(|&shift| libm::scalbn(high, shift) < 9.2e18).unwrap_or(0);
        let units = |ticks: f64| libm::round(libm::scalbn(ticks.min(ticks_max), shift)) as u64;
        let low = units(low_s / tick_s);
        Delay { low, span: units(high).saturating_sub(low), shift: shift as u32 }
    }

    fn fixed(delay_s: f64, tick_s: f64) -> Delay {
        let low = u64::from(duration_ticks(delay_s, tick_s) - 1);
        if low < 1 << 30 { Delay { low: low << 32, span: 0, shift: 32 } } else { Delay { low, span: 0, shift: 0 } }
    }

    /// The delay that a uniform 32-bit number stands for, in ticks, 1 … 2³² − 1.
    #[inline]
    pub(super) fn ticks(self, random: u32) -> u32 {
        let part = (u128::from(u64::from(random) << 32) * u128::from(self.span)) >> 64;
        ((self.low + part as u64) >> self.shift).min(u64::from(u32::MAX - 1)) as u32 + 1
    }

    /// The longest delay that there is, in ticks.
    pub(super) fn longest_ticks(self) -> u32 {
        self.ticks(u32::MAX)
    }

    /// The same delay, if it is always shorter than 2³⁰ ticks.
    pub(super) fn near(self) -> Option<NearDelay> {
        (self.shift == 32 && self.longest_ticks() < 1 << 30).then_some(NearDelay { low: self.low, span: self.span })
    }
}

/// A delay of less than 2³⁰ ticks, in units of 2⁻³² ticks: cheaper than any [`Delay`].
#[derive(Debug, Clone, Copy)]
pub(super) struct NearDelay {
    low: u64,
    span: u64,
}

impl NearDelay {
    /// As [`Delay::ticks`].
    #[inline(always)]
    pub(super) fn ticks(self, random: u32) -> u32 {
        let part = (u128::from(u64::from(random) << 32) * u128::from(self.span)) >> 64;
        ((self.low + part as u64) >> 32) as u32 + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uniform_delay_has_the_law_of_the_rounded_one() {
        // Uniform(1.5, 4) ticks, rounded up: 2 with 0.2, 3 and 4 with 0.4 each.
        let delay = Delay::uniform(7.5, 20.0, 5.0);
        let mut counts = [0; 6];
        (0..1 << 16).for_each(|high| counts[delay.ticks(high << 16) as usize] += 1);
        assert_eq!(counts, [0, 0, 13_108, 26_214, 26_214, 0]);
        assert_eq!(delay.longest_ticks(), 4);
        assert_eq!(Delay::uniform(0.0, 0.0, 5.0).longest_ticks(), 1);
        assert_eq!(Delay::uniform(0.0, 15.0, 5.0).longest_ticks(), 3);
        assert_eq!(Delay::fixed(5.1, 5.0).ticks(77), 2);
    }

    #[test]
    fn delays_longer_than_any_run_keep_their_law() {
        let huge = Delay::uniform(0.0, 5.0 * 17_179_869_184.0, 5.0);
        // 2³⁴ ticks: half of the random numbers stand for 2³³ ticks or more, and an eighth for a tick below 2³¹.
        assert_eq!(huge.ticks(1 << 31), u32::MAX);
        assert_eq!(huge.ticks(1 << 29), (1 << 31) + 1);
        assert_eq!(Delay::uniform(0.0, 1e300, 1e-3).ticks(1 << 31), u32::MAX);
        assert_eq!(Delay::fixed(1e300, 1e-3).ticks(5), u32::MAX);
    }
}
