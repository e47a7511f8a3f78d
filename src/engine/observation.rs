//! Phase 10: what a run looks like from outside, tick by tick, and the outputs that follow from it. The same for every
//! engine, whether it counts clients or has real numbers of them: real numbers hold all counts below 2⁵³ as they are.

use super::laws::time::nearest_tick;
use super::outcome::{Outcome, TraceRow};
use super::stuck::Stuck;
use crate::parameters::Scenario;

/// Counts that only grow: whole numbers in an engine that counts clients, real ones in an engine of expectations.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counters<T = u64> {
    pub(crate) attach_attempts: T,
    pub(crate) attach_failures: T,
    pub(crate) login_requests: T,
    pub(crate) login_rejections: T,
    pub(crate) login_timeouts: T,
    pub(crate) login_wasted: T,
    pub(crate) logins: T,
    pub(crate) restarts: T,
}

impl<T: Copy> Counters<T> {
    /// The same, each count as `f` says.
    pub(crate) fn map<U>(&self, f: impl Fn(T) -> U) -> Counters<U> {
        Counters {
            attach_attempts: f(self.attach_attempts),
            attach_failures: f(self.attach_failures),
            login_requests: f(self.login_requests),
            login_rejections: f(self.login_rejections),
            login_timeouts: f(self.login_timeouts),
            login_wasted: f(self.login_wasted),
            logins: f(self.logins),
            restarts: f(self.restarts),
        }
    }
}

/// The network at the end of a tick.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sizes {
    pub(crate) demand: f64,
    pub(crate) online: f64,
    pub(crate) booting: f64,
    pub(crate) seeking: f64,
    pub(crate) waiting: f64,
    pub(crate) backoff: f64,
    pub(crate) supernodes: f64,
    pub(crate) stale_addresses: f64,
    pub(crate) login_queue: f64,
    /// The length of the queue right after phase 6.
    pub(crate) login_queue_before_service: f64,
}

impl Sizes {
    /// All sizes times a factor.
    pub(crate) fn times(&self, factor: f64) -> Sizes {
        Sizes {
            demand: self.demand * factor,
            online: self.online * factor,
            booting: self.booting * factor,
            seeking: self.seeking * factor,
            waiting: self.waiting * factor,
            backoff: self.backoff * factor,
            supernodes: self.supernodes * factor,
            stale_addresses: self.stale_addresses * factor,
            login_queue: self.login_queue * factor,
            login_queue_before_service: self.login_queue_before_service * factor,
        }
    }

    /// Online / demand; 1 when nobody is present.
    fn online_fraction(&self) -> f64 {
        if self.demand == 0.0 { 1.0 } else { self.online / self.demand }
    }

    /// Clients that are attached and not logged in.
    fn blocked_at_login(&self) -> f64 {
        self.waiting + self.backoff
    }
}

/// Accumulates the outputs.
#[derive(Clone, Default)]
pub(crate) struct Observation {
    /// The tick from which on outages are measured.
    trigger: u32,
    /// The first tick of the hour before that.
    baseline_from: u32,
    tick_h: f64,
    threshold: f64,
    recovered_at: f64,
    baseline_sum: f64,
    baseline_ticks: u32,
    at_trigger: Counters<f64>,
    at_end: Counters<f64>,
    /// Login requests up to the end of the tick before.
    requests_before: f64,
    /// Length so far of the spell below the threshold that lasts in this tick.
    spell_ticks: u32,
    longest_ticks: u32,
    longest_end: u32,
    min_fraction: f64,
    min_at: u32,
    /// The last tick since the trigger in which the network did not count as recovered.
    last_unrecovered: Option<u32>,
    now_recovered: bool,
    /// Client-ticks below what the baseline says.
    lost: f64,
    stuck: Stuck,
    /// Client-ticks of those that seek.
    seeking: f64,
    /// Client-ticks of those that wait or are in back-off.
    blocked_login: f64,
    min_supernodes: f64,
    peak_queue: f64,
    peak_requests: f64,
    demand_peak: f64,
    trace_every: Option<u32>,
    trace: Vec<TraceRow>,
    /// The counters at the start of the interval of the trace.
    interval: Counters<f64>,
}

impl Observation {
    /// Starts a run with the network as it is set up.
    pub(crate) fn new(scenario: &Scenario, trace_every: Option<u32>, set_up: &Sizes) -> Observation {
        let tick_s = scenario.time.tick_s;
        let trigger = nearest_tick(scenario.trigger_h(), tick_s);
        let mut stuck = Stuck::new(libm::ceil(least_ticks(scenario)).max(1.0) as u32);
        if trigger == 0 {
            stuck.observe_usual(set_up.seeking, set_up.blocked_at_login());
        }
        Observation {
            trigger,
            baseline_from: trigger.saturating_sub(nearest_tick(1.0, tick_s).max(1)),
            tick_h: tick_s / 3600.0,
            threshold: scenario.outage.threshold,
            recovered_at: scenario.outage.recovered_at,
            // A trigger at tick 0 has no tick before it: the network as it was set up stands for that hour.
            baseline_sum: if trigger == 0 { set_up.online_fraction() } else { 0.0 },
            baseline_ticks: u32::from(trigger == 0),
            stuck,
            min_fraction: f64::INFINITY,
            min_supernodes: f64::INFINITY,
            trace_every,
            ..Observation::default()
        }
    }

    /// Takes in the end of tick `now`: the network, the login requests so far, and where all of them matter the counters.
    pub(crate) fn observe(
        &mut self,
        now: u32,
        snapshot: &Sizes,
        requests: f64,
        is_last: bool,
        counters: impl Fn() -> Counters<f64>,
    ) {
        let fraction = snapshot.online_fraction();
        if now < self.trigger {
            if now >= self.baseline_from {
                self.baseline_sum += fraction;
                self.baseline_ticks += 1;
                self.stuck.observe_usual(snapshot.seeking, snapshot.blocked_at_login());
            }
            if now + 1 == self.trigger {
                self.at_trigger = counters();
            }
        } else {
            let baseline = self.baseline();
            self.observe_spells(now, snapshot, fraction, baseline);
            self.observe_extremes(requests, snapshot, fraction, baseline);
        }
        self.requests_before = requests;
        if is_last {
            self.at_end = counters();
        }
        if self.trace_every.is_some_and(|every| (now + 1).is_multiple_of(every) || is_last) {
            self.trace_interval(now, counters(), snapshot);
        }
    }

    /// Takes over what another observation has seen of ticks before the trigger, which is the same for both.
    pub(crate) fn adopt(&mut self, before: &Observation) {
        (self.baseline_sum, self.baseline_ticks) = (before.baseline_sum, before.baseline_ticks);
        (self.at_trigger, self.requests_before) = (before.at_trigger, before.requests_before);
        self.stuck.adopt(&before.stuck);
    }

    /// Whether there is an outage, if that is known with so many ticks to come.
    pub(crate) fn outage(&self, scenario: &Scenario, ticks_left: u32) -> Option<bool> {
        let least_ticks = least_ticks(scenario);
        if self.longest_ticks > 0 && f64::from(self.longest_ticks) >= least_ticks {
            return Some(true);
        }
        // A spell lasts a tick at least.
        (f64::from(self.spell_ticks + ticks_left) < least_ticks.max(1.0)).then_some(false)
    }

    fn observe_spells(&mut self, now: u32, snapshot: &Sizes, fraction: f64, baseline: f64) {
        self.spell_ticks = if fraction < self.threshold { self.spell_ticks + 1 } else { 0 };
        let is_longest = self.spell_ticks > self.longest_ticks;
        if is_longest {
            self.longest_ticks = self.spell_ticks;
            self.longest_end = now;
        }
        let is_low = fraction < 0.5 * (self.threshold + baseline);
        self.stuck.observe(snapshot.seeking, snapshot.blocked_at_login(), is_low, self.spell_ticks, is_longest);
        if fraction < self.min_fraction {
            self.min_fraction = fraction;
            self.min_at = now;
        }
        self.now_recovered = fraction >= self.recovered_at;
        if !self.now_recovered {
            self.last_unrecovered = Some(now);
        }
    }

    fn observe_extremes(&mut self, requests: f64, snapshot: &Sizes, fraction: f64, baseline: f64) {
        let expected = baseline * snapshot.demand;
        self.lost += (expected - fraction * snapshot.demand).max(0.0);
        self.seeking += snapshot.seeking;
        self.blocked_login += snapshot.blocked_at_login();
        self.min_supernodes = self.min_supernodes.min(snapshot.supernodes);
        self.peak_queue = self.peak_queue.max(snapshot.login_queue_before_service);
        self.peak_requests = self.peak_requests.max(requests - self.requests_before);
        self.demand_peak = self.demand_peak.max(snapshot.demand);
    }

    fn baseline(&self) -> f64 {
        self.baseline_sum / f64::from(self.baseline_ticks)
    }

    fn trace_interval(&mut self, now: u32, counters: Counters<f64>, snapshot: &Sizes) {
        let start = std::mem::replace(&mut self.interval, counters);
        self.trace.push(TraceRow {
            t_h: f64::from(now + 1) * self.tick_h,
            demand: count(snapshot.demand),
            online: count(snapshot.online),
            booting: count(snapshot.booting),
            seeking: count(snapshot.seeking),
            waiting: count(snapshot.waiting),
            backoff: count(snapshot.backoff),
            supernodes: count(snapshot.supernodes),
            stale_addresses: count(snapshot.stale_addresses),
            login_queue: count(snapshot.login_queue),
            login_arrivals: count(counters.login_requests - start.login_requests),
            logins: count(counters.logins - start.logins),
            attach_attempts: count(counters.attach_attempts - start.attach_attempts),
            attach_failures: count(counters.attach_failures - start.attach_failures),
        });
    }

    /// The outputs of a run of `ticks` ticks, of which at least one comes after the trigger, and its trace.
    pub(crate) fn finish(self, scenario: &Scenario, ticks: u32, events: f64) -> (Outcome, Vec<TraceRow>) {
        let after_trigger = |tick: u32| f64::from(tick - self.trigger) * self.tick_h;
        let outage_h = f64::from(self.longest_ticks) * self.tick_h;
        let logins = self.at_end.logins - self.at_trigger.logins;
        let requests = self.at_end.login_requests - self.at_trigger.login_requests;
        let [stuck_at_onset, stuck_while_down] = self.stuck.steps();
        let outcome = Outcome {
            outage: self.longest_ticks > 0 && f64::from(self.longest_ticks) >= least_ticks(scenario),
            outage_h,
            outage_start_h: (self.longest_ticks > 0).then(|| after_trigger(self.longest_end + 1 - self.longest_ticks)),
            baseline_online_fraction: self.baseline(),
            min_online_fraction: self.min_fraction,
            min_online_at_h: after_trigger(self.min_at),
            recovered: self.now_recovered,
            recovery_h: self.now_recovered.then(|| self.last_unrecovered.map_or(0.0, after_trigger)),
            lost_client_h: self.lost * self.tick_h,
            attach_attempts: count(self.at_end.attach_attempts),
            attach_failures: count(self.at_end.attach_failures),
            login_requests: count(self.at_end.login_requests),
            login_rejections: count(self.at_end.login_rejections),
            login_timeouts: count(self.at_end.login_timeouts),
            login_wasted: count(self.at_end.login_wasted),
            logins: count(self.at_end.logins),
            restarts: count(self.at_end.restarts),
            requests_per_login: (logins > 0.0).then(|| requests / logins),
            min_supernodes: count(self.min_supernodes),
            peak_login_queue: count(self.peak_queue),
            peak_login_rate_per_s: self.peak_requests / scenario.time.tick_s,
            supernode_blocked_client_h: self.seeking * self.tick_h,
            login_blocked_client_h: self.blocked_login * self.tick_h,
            stuck_at_onset,
            stuck_while_down,
            demand_peak: count(self.demand_peak),
            ticks: ticks.into(),
            events: count(events),
        };
        (outcome, self.trace)
    }
}

/// Ticks that a spell has to last to be an outage. Spells are compared in ticks, so that the rounding of a quotient does
/// not decide.
fn least_ticks(scenario: &Scenario) -> f64 {
    scenario.outage.min_duration_h * 3600.0 / scenario.time.tick_s - 1e-9
}

/// The whole number that is nearest to a number of clients.
fn count(clients: f64) -> u64 {
    libm::round(clients) as u64
}
