//! Time in ticks.

/// The number of ticks that a duration of `duration_s` seconds lasts: `max(1, ceil(duration / tick))` (model.md,
/// "Time"), saturating. A quotient that is a whole number but for rounding counts as that number.
pub(crate) fn duration_ticks(duration_s: f64, tick_s: f64) -> u32 {
    let ticks = (duration_s / tick_s - 1e-9).ceil();
    ticks.clamp(1.0, f64::from(u32::MAX)) as u32
}

/// The tick that is nearest to an hour of the scenario.
pub(crate) fn nearest_tick(at_h: f64, tick_s: f64) -> u32 {
    libm::round(at_h * 3600.0 / tick_s).clamp(0.0, f64::from(u32::MAX)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_lasts_whole_ticks_and_at_least_one() {
        assert_eq!(duration_ticks(0.0, 5.0), 1);
        assert_eq!(duration_ticks(5.0, 5.0), 1);
        assert_eq!(duration_ticks(5.1, 5.0), 2);
        assert_eq!(duration_ticks(0.7, 0.1), 7);
        assert_eq!(duration_ticks(7.7, 0.7), 11, "the quotient is 11.000000000000002");
        assert_eq!(duration_ticks(f64::INFINITY, 5.0), u32::MAX);
    }

    #[test]
    fn an_hour_belongs_to_the_nearest_tick() {
        assert_eq!(nearest_tick(12.0, 5.0), 8640);
        assert_eq!(nearest_tick(12.0 + 2.4 / 3600.0, 5.0), 8640);
        assert_eq!(nearest_tick(12.0 + 2.6 / 3600.0, 5.0), 8641);
        assert_eq!(nearest_tick(f64::INFINITY, 5.0), u32::MAX);
    }
}
