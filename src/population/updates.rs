//! The update: which patched clients restart in a tick.
//!
//! Restart times are independent, so nobody has a timer here either. The patched clients of a class are
//! exchangeable: they restart in the order of their indices, first those of the burst, then those that roll; how
//! many restart in a tick is binomial, with the chance of a restart in this tick given that it has not been yet.

use std::ops::Range;

use super::clients::ClientId;
use super::random::{Stream, binomial};
use super::timing::nearest_tick;
use crate::parameters::Updates;

/// Clients with independent restart times, uniform over a span of time.
struct Window {
    clients: Range<u32>,
    start_s: f64,
    width_s: f64,
}

/// The patched clients of a class that roll: each detects the update, then restarts in one of the nights after it.
struct Rollout {
    /// Those that have not detected the update yet.
    undetected: Range<u32>,
    /// Those that have, and have not restarted yet.
    pool: Vec<Range<u32>>,
    /// The next installation hour, s.
    next_install_s: f64,
}

/// All restarts of the update that are still to come.
#[derive(Default)]
pub(super) struct Restarts {
    windows: Vec<Window>,
    rollouts: Vec<Rollout>,
    release_s: f64,
    detection_window_s: f64,
    install_probability: f64,
    rolling_width_s: f64,
    tick_s: f64,
}

const DAY_S: f64 = 86_400.0;

impl Restarts {
    /// No patched clients yet.
    pub(super) fn reset(&mut self, updates: &Updates, tick_s: f64) {
        self.windows.clear();
        self.rollouts.clear();
        self.release_s = f64::from(nearest_tick(updates.release_h, tick_s)) * tick_s;
        self.detection_window_s = updates.detection_window_h * 3600.0;
        self.install_probability = updates.daily_install_probability;
        self.rolling_width_s = updates.rolling_width_s;
        self.tick_s = tick_s;
    }

    /// Adds the patched clients of one class. Each restarts with the burst or rolls.
    pub(super) fn add(&mut self, patched: Range<u32>, utc_offset_h: f64, updates: &Updates, stream: &mut Stream) {
        let burst = binomial(stream, patched.len() as u32, updates.synchronization);
        let first_rolling = patched.start + burst;
        self.windows.push(Window {
            clients: patched.start..first_rolling,
            start_s: self.release_s + updates.burst_delay_s,
            width_s: updates.burst_width_s,
        });
        let install_utc_s = (updates.install_local_h - utc_offset_h) * 3600.0;
        let days = ((self.release_s - install_utc_s) / DAY_S).ceil();
        self.rollouts.push(Rollout {
            undetected: first_rolling..patched.end,
            pool: Vec::new(),
            next_install_s: install_utc_s + days * DAY_S,
        });
    }

    /// Appends the clients whose restart time falls into tick `now`.
    pub(super) fn take(&mut self, now: u32, stream: &mut Stream, restarting: &mut Vec<ClientId>) {
        let end_s = f64::from(now + 1) * self.tick_s;
        self.install(end_s, stream);
        for window in &mut self.windows {
            let left_s = window.start_s + window.width_s;
            if window.start_s >= end_s {
                continue;
            }
            let share = if left_s <= end_s { 1.0 } else { (end_s - window.start_s) / (left_s - window.start_s) };
            let count = binomial(stream, window.clients.len() as u32, share);
            let first = window.clients.start;
            restarting.extend((first..first + count).map(ClientId));
            window.clients.start += count;
            window.width_s = (left_s - end_s).max(0.0);
            window.start_s = end_s;
        }
        self.windows.retain(|window| !window.clients.is_empty());
    }

    /// Opens the windows of those installation hours that come before `until_s`.
    fn install(&mut self, until_s: f64, stream: &mut Stream) {
        for rollout in &mut self.rollouts {
            while rollout.next_install_s < until_s && !rollout.is_done() {
                let install_s = rollout.next_install_s;
                rollout.detect(install_s, self.release_s, self.detection_window_s, stream);
                for clients in rollout.draw_installing(self.install_probability, stream) {
                    self.windows.push(Window { clients, start_s: install_s, width_s: self.rolling_width_s });
                }
                rollout.next_install_s += DAY_S;
            }
        }
        self.rollouts.retain(|rollout| !rollout.is_done());
    }
}

impl Rollout {
    fn is_done(&self) -> bool {
        self.undetected.is_empty() && self.pool.is_empty()
    }

    /// Moves those that detect the update up to `until_s`, and after the last installation hour, to the pool.
    fn detect(&mut self, until_s: f64, release_s: f64, window_s: f64, stream: &mut Stream) {
        let from_s = (until_s - DAY_S).max(release_s);
        let left_s = release_s + window_s - from_s;
        let share = if until_s - from_s >= left_s { 1.0 } else { (until_s - from_s) / left_s };
        let count = binomial(stream, self.undetected.len() as u32, share);
        let first = self.undetected.start;
        if count > 0 {
            self.pool.push(first..first + count);
        }
        self.undetected.start += count;
    }

    /// Each of the pool installs at this hour with the given probability: takes those that do out of the pool.
    fn draw_installing(&mut self, probability: f64, stream: &mut Stream) -> Vec<Range<u32>> {
        let mut installing = Vec::new();
        for range in &mut self.pool {
            let count = binomial(stream, range.len() as u32, probability);
            installing.push(range.start..range.start + count);
            range.start += count;
        }
        self.pool.retain(|range| !range.is_empty());
        installing
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::Scenario;
    use crate::population::random::stream;

    fn restart_hours(clients: u32, offset_h: f64, change: impl Fn(&mut Updates)) -> Vec<f64> {
        let mut updates = Scenario::default().updates;
        change(&mut updates);
        let mut stream = stream(5, "updates");
        let mut restarts = Restarts::default();
        restarts.reset(&updates, 5.0);
        restarts.add(0..clients, offset_h, &updates, &mut stream);
        let (mut hours, mut restarting) = (Vec::new(), Vec::new());
        for now in 0..30 * 17_280 {
            restarts.take(now, &mut stream, &mut restarting);
            hours.extend(restarting.drain(..).map(|_| f64::from(now) * 5.0 / 3600.0));
        }
        hours
    }

    #[test]
    fn a_burst_is_uniform_over_its_width() {
        let hours = restart_hours(100_000, 0.0, |updates| {
            updates.synchronization = 1.0;
            updates.burst_delay_s = 600.0;
        });
        assert_eq!(hours.len(), 100_000);
        let share = |from_s: f64, to_s: f64| {
            let inside = |h: &&f64| (12.0 + from_s / 3600.0..12.0 + to_s / 3600.0).contains(*h);
            hours.iter().filter(inside).count() as f64 / 1e5
        };
        assert_eq!(share(600.0, 2400.0), 1.0);
        // Standard error 0.0012: 6 of them.
        assert!((share(600.0, 900.0) - 1.0 / 6.0).abs() < 0.0075);
        assert!((share(2100.0, 2400.0) - 1.0 / 6.0).abs() < 0.0075);
    }

    #[test]
    fn rolling_restarts_come_at_the_first_installation_hour_after_detection_or_whole_days_later() {
        // 3:00 at UTC+1 is 2 UTC: 14 h after the release at 12 UTC; detection takes up to 20 h.
        let hours = restart_hours(200_000, 1.0, |updates| updates.synchronization = 0.0);
        assert_eq!(hours.len(), 200_000);
        let night = |day: f64| {
            let inside = |h: &&f64| (26.0 + 24.0 * day..27.0 + 24.0 * day).contains(*h);
            hours.iter().filter(inside).count() as f64 / 2e5
        };
        for (day, expected) in [(0.0, 0.7 * 0.5), (1.0, 0.7 * 0.25 + 0.3 * 0.5), (2.0, 0.7 * 0.125 + 0.3 * 0.25)] {
            // Standard error at most 0.0011: 6 of them.
            assert!((night(day) - expected).abs() < 0.007, "{day}: {}", night(day));
        }
    }

    #[test]
    fn a_width_of_zero_is_one_tick() {
        let hours = restart_hours(1000, 0.0, |updates| {
            updates.synchronization = 1.0;
            updates.burst_width_s = 0.0;
        });
        assert!(hours.len() == 1000 && hours.iter().all(|&h| h == 12.0));
    }
}
