//! Phase 10: what a run looks like from outside, tick by tick, and the outputs that follow from it. The same for every
//! engine that counts clients.

use super::laws::time::nearest_tick;
use super::outcome::{Outcome, TraceRow};
use crate::parameters::Scenario;

/// Counts that only grow.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counters {
    pub(crate) attach_attempts: u64,
    pub(crate) attach_failures: u64,
    pub(crate) login_requests: u64,
    pub(crate) login_rejections: u64,
    pub(crate) login_timeouts: u64,
    pub(crate) login_wasted: u64,
    pub(crate) logins: u64,
    pub(crate) restarts: u64,
}

/// The network at the end of a tick.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Snapshot {
    pub(crate) demand: u32,
    pub(crate) online: u32,
    pub(crate) booting: u32,
    pub(crate) seeking: u32,
    pub(crate) waiting: u32,
    pub(crate) backoff: u32,
    pub(crate) supernodes: u32,
    pub(crate) stale_addresses: u64,
    pub(crate) login_queue: u64,
    /// The length of the queue right after phase 6.
    pub(crate) login_queue_before_service: u64,
}

impl Snapshot {
    /// Online / demand; 1 when nobody is present.
    fn online_fraction(&self) -> f64 {
        if self.demand == 0 { 1.0 } else { f64::from(self.online) / f64::from(self.demand) }
    }
}

/// Accumulates the outputs.
#[derive(Default)]
pub(crate) struct Observation {
    release: u32,
    /// The first tick of the hour before the release.
    baseline_from: u32,
    tick_h: f64,
    threshold: f64,
    recovered_at: f64,
    baseline_sum: f64,
    baseline_ticks: u32,
    at_release: Counters,
    last: Counters,
    /// Length so far of the spell below the threshold that lasts in this tick.
    spell_ticks: u32,
    longest_ticks: u32,
    longest_end: u32,
    min_fraction: f64,
    min_at: u32,
    /// The last tick since the release in which the network did not count as recovered.
    last_unrecovered: Option<u32>,
    now_recovered: bool,
    /// Client-ticks below what the baseline says.
    lost: f64,
    /// Client-ticks of those that seek.
    seeking: u64,
    /// Client-ticks of those that wait or are in back-off.
    blocked_login: u64,
    min_supernodes: u32,
    peak_queue: u64,
    peak_requests: u64,
    demand_peak: u32,
    trace_every: Option<u32>,
    trace: Vec<TraceRow>,
    /// The counters at the start of the interval of the trace.
    interval: Counters,
}

impl Observation {
    /// Starts a run with the network as it is set up.
    pub(crate) fn new(scenario: &Scenario, trace_every: Option<u32>, set_up: &Snapshot) -> Observation {
        let tick_s = scenario.time.tick_s;
        let release = nearest_tick(scenario.updates.release_h, tick_s);
        Observation {
            release,
            baseline_from: release.saturating_sub(nearest_tick(1.0, tick_s).max(1)),
            tick_h: tick_s / 3600.0,
            threshold: scenario.outage.threshold,
            recovered_at: scenario.outage.recovered_at,
            // A release at tick 0 has no tick before it: the network as it was set up stands for that hour.
            baseline_sum: if release == 0 { set_up.online_fraction() } else { 0.0 },
            baseline_ticks: u32::from(release == 0),
            min_fraction: f64::INFINITY,
            min_supernodes: u32::MAX,
            trace_every,
            ..Observation::default()
        }
    }

    /// Takes in the end of tick `now`.
    pub(crate) fn observe(&mut self, now: u32, counters: &Counters, snapshot: &Snapshot, is_last: bool) {
        let fraction = snapshot.online_fraction();
        if now < self.release {
            if now >= self.baseline_from {
                self.baseline_sum += fraction;
                self.baseline_ticks += 1;
            }
            self.at_release = *counters;
        } else {
            self.observe_spells(now, fraction);
            self.observe_extremes(counters, snapshot, fraction);
        }
        self.last = *counters;
        if self.trace_every.is_some_and(|every| (now + 1).is_multiple_of(every) || is_last) {
            self.trace_interval(now, counters, snapshot);
        }
    }

    fn observe_spells(&mut self, now: u32, fraction: f64) {
        self.spell_ticks = if fraction < self.threshold { self.spell_ticks + 1 } else { 0 };
        if self.spell_ticks > self.longest_ticks {
            self.longest_ticks = self.spell_ticks;
            self.longest_end = now;
        }
        if fraction < self.min_fraction {
            self.min_fraction = fraction;
            self.min_at = now;
        }
        self.now_recovered = fraction >= self.recovered_at;
        if !self.now_recovered {
            self.last_unrecovered = Some(now);
        }
    }

    fn observe_extremes(&mut self, counters: &Counters, snapshot: &Snapshot, fraction: f64) {
        let expected = self.baseline() * f64::from(snapshot.demand);
        self.lost += (expected - fraction * f64::from(snapshot.demand)).max(0.0);
        self.seeking += u64::from(snapshot.seeking);
        self.blocked_login += u64::from(snapshot.waiting) + u64::from(snapshot.backoff);
        self.min_supernodes = self.min_supernodes.min(snapshot.supernodes);
        self.peak_queue = self.peak_queue.max(snapshot.login_queue_before_service);
        self.peak_requests = self.peak_requests.max(counters.login_requests - self.last.login_requests);
        self.demand_peak = self.demand_peak.max(snapshot.demand);
    }

    fn baseline(&self) -> f64 {
        self.baseline_sum / f64::from(self.baseline_ticks)
    }

    fn trace_interval(&mut self, now: u32, counters: &Counters, snapshot: &Snapshot) {
        let start = std::mem::replace(&mut self.interval, *counters);
        self.trace.push(TraceRow {
            t_h: f64::from(now + 1) * self.tick_h,
            demand: snapshot.demand.into(),
            online: snapshot.online.into(),
            booting: snapshot.booting.into(),
            seeking: snapshot.seeking.into(),
            waiting: snapshot.waiting.into(),
            backoff: snapshot.backoff.into(),
            supernodes: snapshot.supernodes.into(),
            stale_addresses: snapshot.stale_addresses,
            login_queue: snapshot.login_queue,
            login_arrivals: counters.login_requests - start.login_requests,
            logins: counters.logins - start.logins,
            attach_attempts: counters.attach_attempts - start.attach_attempts,
            attach_failures: counters.attach_failures - start.attach_failures,
        });
    }

    /// The outputs of a run of `ticks` ticks, of which at least one comes after the release, and its trace.
    pub(crate) fn finish(self, scenario: &Scenario, ticks: u32, events: u64) -> (Outcome, Vec<TraceRow>) {
        let after_release = |tick: u32| f64::from(tick - self.release) * self.tick_h;
        let outage_h = f64::from(self.longest_ticks) * self.tick_h;
        let logins = self.last.logins - self.at_release.logins;
        let requests = self.last.login_requests - self.at_release.login_requests;
        // Compared in ticks, so that the rounding of a quotient does not decide.
        let least_ticks = scenario.outage.min_duration_h * 3600.0 / scenario.time.tick_s - 1e-9;
        let outcome = Outcome {
            outage: self.longest_ticks > 0 && f64::from(self.longest_ticks) >= least_ticks,
            outage_h,
            outage_start_h: (self.longest_ticks > 0).then(|| after_release(self.longest_end + 1 - self.longest_ticks)),
            baseline_online_fraction: self.baseline(),
            min_online_fraction: self.min_fraction,
            min_online_at_h: after_release(self.min_at),
            recovered: self.now_recovered,
            recovery_h: self.now_recovered.then(|| self.last_unrecovered.map_or(0.0, after_release)),
            lost_client_h: self.lost * self.tick_h,
            attach_attempts: self.last.attach_attempts,
            attach_failures: self.last.attach_failures,
            login_requests: self.last.login_requests,
            login_rejections: self.last.login_rejections,
            login_timeouts: self.last.login_timeouts,
            login_wasted: self.last.login_wasted,
            logins: self.last.logins,
            restarts: self.last.restarts,
            requests_per_login: (logins > 0).then(|| requests as f64 / logins as f64),
            min_supernodes: self.min_supernodes.into(),
            peak_login_queue: self.peak_queue,
            peak_login_rate_per_s: self.peak_requests as f64 / scenario.time.tick_s,
            supernode_blocked_client_h: self.seeking as f64 * self.tick_h,
            login_blocked_client_h: self.blocked_login as f64 * self.tick_h,
            demand_peak: self.demand_peak.into(),
            ticks: ticks.into(),
            events,
        };
        (outcome, self.trace)
    }
}
