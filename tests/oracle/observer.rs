//! The outputs of a run of the reference, computed from all its ticks after the end.

use critmass::engine::outcome::{Outcome, Step, TraceRow};
use critmass::parameters::Scenario;

use crate::setting::{nearest_tick, trigger_tick};

/// What is seen of one tick: sizes at its end, and counts over it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tick {
    pub(crate) demand: u64,
    pub(crate) online: u64,
    pub(crate) booting: u64,
    pub(crate) seeking: u64,
    pub(crate) waiting: u64,
    pub(crate) backoff: u64,
    pub(crate) supernodes: u64,
    pub(crate) stale_addresses: u64,
    pub(crate) login_queue: u64,
    pub(crate) queue_before_service: u64,
    pub(crate) attach_attempts: u64,
    pub(crate) attach_failures: u64,
    pub(crate) login_requests: u64,
    pub(crate) login_rejections: u64,
    pub(crate) login_timeouts: u64,
    pub(crate) login_wasted: u64,
    pub(crate) logins: u64,
    pub(crate) restarts: u64,
    pub(crate) events: u64,
}

impl Tick {
    fn online_fraction(&self) -> f64 {
        if self.demand == 0 { 1.0 } else { self.online as f64 / self.demand as f64 }
    }
}

/// All ticks of a run.
pub(crate) struct History {
    before: Tick,
    ticks: Vec<Tick>,
}

fn total(ticks: &[Tick], count: impl Fn(&Tick) -> u64) -> u64 {
    ticks.iter().map(count).sum()
}

impl History {
    /// A run that starts in this state.
    pub(crate) fn new(before: Tick) -> History {
        History { before, ticks: Vec::new() }
    }

    pub(crate) fn push(&mut self, tick: Tick) {
        self.ticks.push(tick);
    }

    /// The row of outputs.
    pub(crate) fn outcome(&self, scenario: &Scenario) -> Outcome {
        let tick_h = scenario.time.tick_s / 3600.0;
        let trigger = trigger_tick(scenario) as usize;
        let all = &self.ticks[..];
        let since = &self.ticks[trigger..];
        let fraction: Vec<f64> = since.iter().map(Tick::online_fraction).collect();
        let baseline = self.baseline(scenario, trigger);
        let (spell_start, spell_ticks) = longest_spell(&fraction, scenario.outage.threshold);
        let lowest = fraction.iter().copied().fold(f64::INFINITY, f64::min);
        let recovered_at = scenario.outage.recovered_at;
        let recovered = *fraction.last().expect("a tick lies after the trigger") >= recovered_at;
        let last_below = fraction.iter().rposition(|&f| f < recovered_at).unwrap_or(0);
        let logins_since = total(since, |t| t.logins);
        let least_s = scenario.outage.min_duration_h * 3600.0;
        let least = (1..=spell_ticks).find(|&n| n as f64 * scenario.time.tick_s >= least_s).unwrap_or(spell_ticks);
        Outcome {
            // Reading: where no tick was below, there is no spell, so no outage even if any length were one.
            outage: spell_ticks > 0
                && spell_ticks as f64 * scenario.time.tick_s >= scenario.outage.min_duration_h * 3600.0,
            outage_h: spell_ticks as f64 * tick_h,
            outage_start_h: (spell_ticks > 0).then_some(spell_start as f64 * tick_h),
            baseline_online_fraction: baseline,
            min_online_fraction: lowest,
            min_online_at_h: fraction.iter().position(|&f| f == lowest).expect("it is one of them") as f64 * tick_h,
            recovered,
            recovery_h: recovered.then_some(last_below as f64 * tick_h),
            lost_client_h: since.iter().map(|t| (baseline * t.demand as f64 - t.online as f64).max(0.0)).sum::<f64>()
                * tick_h,
            attach_attempts: total(all, |t| t.attach_attempts),
            attach_failures: total(all, |t| t.attach_failures),
            login_requests: total(all, |t| t.login_requests),
            login_rejections: total(all, |t| t.login_rejections),
            login_timeouts: total(all, |t| t.login_timeouts),
            login_wasted: total(all, |t| t.login_wasted),
            logins: total(all, |t| t.logins),
            restarts: total(all, |t| t.restarts),
            requests_per_login: (logins_since > 0)
                .then(|| total(since, |t| t.login_requests) as f64 / logins_since as f64),
            min_supernodes: since.iter().map(|t| t.supernodes).min().unwrap_or(0),
            peak_login_queue: since.iter().map(|t| t.queue_before_service).max().unwrap_or(0),
            peak_login_rate_per_s: since.iter().map(|t| t.login_requests).max().unwrap_or(0) as f64
                / scenario.time.tick_s,
            supernode_blocked_client_h: total(since, |t| t.seeking) as f64 * tick_h,
            login_blocked_client_h: total(since, |t| t.waiting + t.backoff) as f64 * tick_h,
            stuck_at_onset: self.stuck(
                scenario,
                trigger,
                onset(&fraction, baseline, scenario, spell_start, spell_ticks),
            ),
            stuck_while_down: self.stuck(
                scenario,
                trigger,
                spell_start + least.min(spell_ticks)..spell_start + spell_ticks,
            ),
            demand_peak: since.iter().map(|t| t.demand).max().unwrap_or(0),
            ticks: all.len() as u64,
            events: total(all, |t| t.events),
        }
    }

    /// The step that has two thirds of what is blocked in some ticks after the trigger beyond what is usual.
    fn stuck(&self, scenario: &Scenario, trigger: usize, window: std::ops::Range<usize>) -> Option<Step> {
        let before = std::slice::from_ref(&self.before);
        let usual = if trigger == 0 { before } else { self.hour_before(scenario, trigger) };
        let ticks = &self.ticks[trigger..][window];
        let beyond = |count: fn(&Tick) -> u64| {
            let usually = total(usual, count) as f64 / usual.len() as f64;
            (total(ticks, count) as f64 - usually * ticks.len() as f64).max(0.0)
        };
        let (seeking, login) = (beyond(|t| t.seeking), beyond(|t| t.waiting + t.backoff));
        match seeking + login {
            0.0 => None,
            all if login >= 2.0 / 3.0 * all => Some(Step::Login),
            all if seeking >= 2.0 / 3.0 * all => Some(Step::Supernodes),
            _ => Some(Step::Both),
        }
    }

    fn hour_before(&self, scenario: &Scenario, trigger: usize) -> &[Tick] {
        let hour = nearest_tick(1.0, scenario) as usize;
        &self.ticks[trigger.saturating_sub(hour.max(1))..trigger]
    }

    /// Mean online fraction over the hour before the trigger, or what there is of it.
    ///
    /// Reading: with a trigger in tick 0, the state that the run starts in is all that there was before.
    fn baseline(&self, scenario: &Scenario, trigger: usize) -> f64 {
        if trigger == 0 {
            return self.before.online_fraction();
        }
        let ticks = self.hour_before(scenario, trigger);
        ticks.iter().map(Tick::online_fraction).sum::<f64>() / ticks.len() as f64
    }

    /// A row for each interval of `every` ticks, the last one with what is left.
    pub(crate) fn trace(&self, scenario: &Scenario, every: u64) -> Vec<TraceRow> {
        let mut end = 0;
        let row = |ticks: &[Tick]| {
            end += ticks.len();
            let last = ticks.last().expect("a chunk is not empty");
            TraceRow {
                t_h: end as f64 * scenario.time.tick_s / 3600.0,
                demand: last.demand,
                online: last.online,
                booting: last.booting,
                seeking: last.seeking,
                waiting: last.waiting,
                backoff: last.backoff,
                supernodes: last.supernodes,
                stale_addresses: last.stale_addresses,
                login_queue: last.login_queue,
                login_arrivals: total(ticks, |t| t.login_requests),
                logins: total(ticks, |t| t.logins),
                attach_attempts: total(ticks, |t| t.attach_attempts),
                attach_failures: total(ticks, |t| t.attach_failures),
            }
        };
        self.ticks.chunks(every as usize).map(row).collect()
    }
}

/// The ticks from the last fall below the middle between baseline and threshold to the first tick of the spell.
fn onset(fraction: &[f64], baseline: f64, scenario: &Scenario, start: usize, length: usize) -> std::ops::Range<usize> {
    if length == 0 {
        return 0..0;
    }
    let middle = 0.5 * (scenario.outage.threshold + baseline);
    let high = fraction[..=start].iter().rposition(|&f| f >= middle);
    // Where the baseline itself is below the threshold, the spell may begin above the middle.
    high.map_or(0, |at| at + 1).min(start)..start + 1
}

/// Start and length of the longest run of fractions below the threshold; the first one of that length.
fn longest_spell(fraction: &[f64], threshold: f64) -> (usize, usize) {
    let (mut longest, mut length) = ((0, 0), 0);
    for (tick, &f) in fraction.iter().enumerate() {
        length = if f < threshold { length + 1 } else { 0 };
        if length > longest.1 {
            longest = (tick + 1 - length, length);
        }
    }
    longest
}
