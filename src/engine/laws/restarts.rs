//! The update: how likely a patched client is to restart in a tick, and how long its machine boots.
//!
//! Restart times are independent, so nobody needs a timer: a client whose restart is still to come restarts in a tick
//! with the probability that its restart time lies in this tick, given that it does not lie before. That is the same for
//! all patched clients of a region, wherever they are, and follows from the law of the restart time alone.

use super::time::nearest_tick;
use crate::parameters::{Region, Updates};

/// How long a machine boots, s: lognormal, from a standard normal number.
pub(crate) fn boot_s(updates: &Updates, normal: f64) -> f64 {
    updates.boot_median_s * libm::exp(updates.boot_sigma * normal)
}

/// The probability that a machine boots for at most so many seconds.
pub(crate) fn boot_within(updates: &Updates, seconds: f64) -> f64 {
    let logarithm = libm::log(seconds / updates.boot_median_s);
    // Without a spread, all boots take the median; a quotient that is 1 but for rounding is one.
    if updates.boot_sigma == 0.0 {
        return if logarithm >= -1e-9 { 1.0 } else { 0.0 };
    }
    0.5 * libm::erfc(-logarithm / updates.boot_sigma * std::f64::consts::FRAC_1_SQRT_2)
}

/// Restart times, uniform over a span of time.
#[derive(Debug)]
struct Window {
    /// The probability that a restart time is one of these.
    mass: f64,
    start_s: f64,
    width_s: f64,
}

/// The law of the restart times that are still to come in one region. The masses are probabilities at the release.
#[derive(Debug)]
struct Schedule {
    windows: Vec<Window>,
    /// Rolls, but has not detected the update yet.
    undetected: f64,
    /// Has detected it, and restarts at some installation hour to come.
    detected: f64,
    /// The next installation hour, s.
    next_install_s: f64,
}

/// When the patched clients of each region restart: what is left of the law of their restart times, tick by tick.
#[derive(Debug, Default)]
pub(crate) struct Restarts {
    regions: Vec<Schedule>,
    release_s: f64,
    detection_window_s: f64,
    install_probability: f64,
    rolling_width_s: f64,
    tick_s: f64,
}

const DAY_S: f64 = 86_400.0;

impl Restarts {
    /// All restarts are still to come.
    pub(crate) fn reset(&mut self, updates: &Updates, regions: &[Region], tick_s: f64) {
        self.release_s = f64::from(nearest_tick(updates.release_h, tick_s)) * tick_s;
        self.detection_window_s = updates.detection_window_h * 3600.0;
        self.install_probability = updates.daily_install_probability;
        self.rolling_width_s = updates.rolling_width_s;
        self.tick_s = tick_s;
        let burst = Window {
            mass: updates.synchronization,
            start_s: self.release_s + updates.burst_delay_s,
            width_s: updates.burst_width_s,
        };
        self.regions.clear();
        for region in regions {
            let install_utc_s = (updates.install_local_h - region.utc_offset_h) * 3600.0;
            let days = ((self.release_s - install_utc_s) / DAY_S).ceil();
            self.regions.push(Schedule {
                windows: vec![Window { ..burst }],
                undetected: 1.0 - updates.synchronization,
                detected: 0.0,
                next_install_s: install_utc_s + days * DAY_S,
            });
        }
    }

    /// The probability that a client of region number `region` whose restart is still to come restarts in tick `now`.
    /// To be asked for each tick in turn.
    pub(crate) fn probability(&mut self, region: usize, now: u32) -> f64 {
        let end_s = f64::from(now + 1) * self.tick_s;
        let schedule = &mut self.regions[region];
        while schedule.next_install_s < end_s && schedule.undetected + schedule.detected > 0.0 {
            let install_s = schedule.next_install_s;
            schedule.detect(install_s, self.release_s, self.detection_window_s);
            let mass = schedule.detected * self.install_probability;
            schedule.detected -= mass;
            schedule.windows.push(Window { mass, start_s: install_s, width_s: self.rolling_width_s });
            schedule.next_install_s += DAY_S;
        }
        schedule.restart(end_s)
    }
}

impl Schedule {
    /// Those that detect the update up to `until_s`, and after the last installation hour.
    fn detect(&mut self, until_s: f64, release_s: f64, window_s: f64) {
        let from_s = (until_s - DAY_S).max(release_s);
        let left_s = release_s + window_s - from_s;
        let share = if until_s - from_s >= left_s { 1.0 } else { (until_s - from_s) / left_s };
        let mass = self.undetected * share;
        self.detected += mass;
        self.undetected -= mass;
    }

    /// Takes away the restarts before `end_s`. Returns their share of all that are still to come.
    fn restart(&mut self, end_s: f64) -> f64 {
        let (mut restarting, mut left) = (0.0, self.undetected + self.detected);
        for window in &mut self.windows {
            left += window.mass;
            if window.start_s >= end_s {
                continue;
            }
            let until_s = window.start_s + window.width_s;
            let share = if until_s <= end_s { 1.0 } else { (end_s - window.start_s) / (until_s - window.start_s) };
            restarting += window.mass * share;
            window.mass -= window.mass * share;
            window.width_s = (until_s - end_s).max(0.0);
            window.start_s = end_s;
        }
        self.windows.retain(|window| window.mass > 0.0);
        if restarting > 0.0 { (restarting / left).min(1.0) } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::Scenario;

    /// The hours in which clients restart, with the probability of each.
    fn restarts(offset_h: f64, change: impl Fn(&mut Updates)) -> Vec<(f64, f64)> {
        let mut updates = Scenario::default().updates;
        change(&mut updates);
        let region = Region { name: "one".into(), utc_offset_h: offset_h, share: 1.0 };
        let mut restarts = Restarts::default();
        restarts.reset(&updates, &[region], 5.0);
        let mut left = 1.0;
        let mut hours = Vec::new();
        for now in 0..30 * 17_280 {
            let probability = restarts.probability(0, now);
            assert!((0.0..=1.0).contains(&probability));
            if probability > 0.0 {
                hours.push((f64::from(now) * 5.0 / 3600.0, left * probability));
                left *= 1.0 - probability;
            }
        }
        hours
    }

    fn share(hours: &[(f64, f64)], from_h: f64, to_h: f64) -> f64 {
        hours.iter().filter(|(hour, _)| (from_h..to_h).contains(hour)).map(|(_, probability)| probability).sum()
    }

    #[test]
    fn a_burst_is_uniform_over_its_width() {
        let hours = restarts(0.0, |updates| {
            updates.synchronization = 1.0;
            updates.burst_delay_s = 600.0;
        });
        let share = |from_s: f64, to_s: f64| share(&hours, 12.0 + from_s / 3600.0, 12.0 + to_s / 3600.0 - 1e-9);
        assert!((share(600.0, 2400.0) - 1.0).abs() < 1e-12);
        assert!((share(600.0, 900.0) - 1.0 / 6.0).abs() < 1e-12);
        assert!((share(2100.0, 2400.0) - 1.0 / 6.0).abs() < 1e-12);
        assert_eq!(hours.len(), 360, "and nobody is left after it");
    }

    #[test]
    fn rolling_restarts_come_at_the_first_installation_hour_after_detection_or_whole_days_later() {
        // 3:00 at UTC+1 is 2 UTC: 14 h after the release at 12 UTC; detection takes up to 20 h.
        let hours = restarts(1.0, |updates| updates.synchronization = 0.2);
        assert!((share(&hours, 12.0, 12.5) - 0.2).abs() < 1e-12);
        let night = |day: f64| share(&hours, 26.0 + 24.0 * day, 27.0 + 24.0 * day) / 0.8;
        for (day, expected) in [(0.0, 0.7 * 0.5), (1.0, 0.7 * 0.25 + 0.3 * 0.5), (2.0, 0.7 * 0.125 + 0.3 * 0.25)] {
            assert!((night(day) - expected).abs() < 1e-12, "{day}: {}", night(day));
        }
        let in_all: f64 = hours.iter().map(|(_, probability)| probability).sum();
        assert!((in_all - 1.0).abs() < 1e-7, "the last of 29 nights has left 2⁻²⁸: {in_all}");
    }

    #[test]
    fn a_width_of_zero_is_one_tick() {
        let hours = restarts(0.0, |updates| {
            updates.synchronization = 1.0;
            updates.burst_width_s = 0.0;
        });
        assert_eq!(hours, [(12.0, 1.0)]);
    }
}
