//! Scenarios in which a single mechanism is at work, so that what must come out is known.

use crate::engine::outcome::TraceRow;
use crate::engine::population::Simulator;
use crate::engine::{Engine, EngineKind, Request, Run};
use crate::parameters::{Intervention, Jitter, Parameter, Region, Scenario, Shock, Value};

/// Whose answer is looked at.
#[derive(Clone, Copy)]
pub(super) struct Subject {
    pub(super) engine: EngineKind,
    /// How many clients there are. In the limit of ever more clients their number is no effort, and decides how close to
    /// the answer it has to be.
    pub(super) clients: u64,
}

impl Subject {
    /// Runs of so many clients, and the limit, held to what chance may do to ten million.
    pub(super) fn both(clients: u64) -> [Subject; 2] {
        [
            Subject { engine: EngineKind::Agents, clients },
            Subject { engine: EngineKind::MeanField, clients: 10_000_000 },
        ]
    }

    /// Whether it is the limit of ever more clients, in which nothing is rounded to whole ones.
    pub(super) fn is_limit(&self) -> bool {
        self.engine == EngineKind::MeanField
    }

    /// The name of a check of it.
    pub(super) fn name(&self, check: &str) -> String {
        if self.is_limit() { format!("{check}, in the limit") } else { check.to_owned() }
    }

    /// The trace of a run, a row for each tick.
    pub(super) fn trace(&self, scenario: &Scenario) -> Vec<TraceRow> {
        debug_assert_eq!(scenario.check(), Ok(()));
        let run = self.engine.workspace().run(scenario, 1, &Request::trace(scenario.time.tick_s));
        run.expect("nobody stops it").trace
    }
}

/// Longer than any run, s.
pub(super) const NEVER_S: f64 = 1e9;

/// A capacity of the login server at which it serves nobody in any run, requests a tick.
pub(super) const IDLE: f64 = 1e-9;

/// Clients that are always present, all of them eligible; no update, no super nodes, no self-healing, and no limit
/// anywhere: each check brings in what it is about. Super nodes have room for everybody.
pub(super) fn bare(clients: u64, tick_s: f64, ticks: u32) -> Scenario {
    let mut s = Scenario::default();
    s.population.clients = clients;
    s.population.nat_fraction = 0.0;
    s.population.capable_fraction = 1.0;
    s.population.regions = vec![Region { name: "one".to_owned(), utc_offset_h: 0.0, share: 1.0 }];
    s.time.tick_s = tick_s;
    s.time.horizon_h = f64::from(ticks) * tick_s / 3600.0;
    s.presence.session_h = 1e12;
    s.presence.absence_h = 1.0;
    s.presence.daily_amplitude = 0.0;
    s.updates.release_h = 0.0;
    s.updates.patched_fraction = 0.0;
    s.updates.synchronization = 1.0;
    s.updates.boot_sigma = 0.0;
    s.updates.autostart_probability = 1.0;
    s.overlay.slots = 65_535;
    s.overlay.supernode_ratio = 0.0;
    s.overlay.keepalive_s = 0.0;
    s.overlay.stale_ttl_s = NEVER_S;
    s.overlay.accept_per_s = f64::INFINITY;
    s.overlay.healing_time_s = f64::INFINITY;
    s.login.capacity_per_s_per_million = f64::INFINITY;
    s.login.queue_limit_s = f64::INFINITY;
    s.login.timeout_s = NEVER_S;
    s.retry.jitter = Jitter::None;
    s.retry.factor = 1.0;
    s.retry.base_s = NEVER_S;
    s.retry.cap_s = NEVER_S;
    s
}

/// A duration that lasts exactly so many ticks, whatever the rounding: half a tick less.
pub(super) fn lasting(ticks: u32, tick_s: f64) -> f64 {
    (f64::from(ticks) - 0.5) * tick_s
}

/// The hour of the start of a tick.
pub(super) fn hour_of(tick: u32, tick_s: f64) -> f64 {
    f64::from(tick) * tick_s / 3600.0
}

/// The value of a quantity "per million" for which the population has `amount` of it.
pub(super) fn per_million(amount: f64, clients: u64) -> f64 {
    amount * 1e6 / clients as f64
}

/// Sets the capacity of the login server, in requests a tick.
pub(super) fn set_capacity(scenario: &mut Scenario, per_tick: f64) {
    let clients = scenario.population.clients;
    scenario.login.capacity_per_s_per_million = per_million(per_tick / scenario.time.tick_s, clients);
}

/// Sets how many super nodes the operator has.
pub(super) fn set_dedicated(scenario: &mut Scenario, supernodes: u32) {
    scenario.overlay.dedicated_per_million = per_million(f64::from(supernodes), scenario.population.clients);
}

/// Restarts all clients within `width_ticks` ticks from tick `from` on; each is back after `boot_ticks`.
pub(super) fn restart_all(scenario: &mut Scenario, from: u32, width_ticks: u32, boot_ticks: u32) {
    let tick_s = scenario.time.tick_s;
    scenario.updates.patched_fraction = 1.0;
    scenario.updates.release_h = hour_of(from, tick_s);
    scenario.updates.burst_width_s = f64::from(width_ticks) * tick_s;
    scenario.updates.boot_median_s = lasting(boot_ticks, tick_s);
}

/// Crashes shares of the super nodes and of the other clients in one tick.
pub(super) fn add_shock(scenario: &mut Scenario, tick: u32, supernode_fraction: f64, client_fraction: f64) {
    let at_h = hour_of(tick, scenario.time.tick_s);
    scenario.shocks.push(Shock { at_h, supernode_fraction, client_fraction, ..Shock::default() });
}

/// Lets the operator have so many super nodes from the start of a tick on.
pub(super) fn add_dedicated_at(scenario: &mut Scenario, tick: u32, supernodes: u32) {
    let per_million = per_million(f64::from(supernodes), scenario.population.clients);
    intervene(scenario, tick, "overlay.dedicated_per_million", per_million);
}

/// Sets a parameter to a new value from the start of a tick on.
pub(super) fn intervene(scenario: &mut Scenario, tick: u32, parameter: &str, value: f64) {
    let at_h = hour_of(tick, scenario.time.tick_s);
    let set = Parameter::find(parameter).map(|parameter| (parameter, Value::Number(value)));
    scenario.interventions.push(Intervention::new(at_h, set));
}

/// Empties the queue of the login server at the start of a tick.
pub(super) fn flush_at(scenario: &mut Scenario, tick: u32) {
    let at_h = hour_of(tick, scenario.time.tick_s);
    scenario.interventions.push(Intervention { at_h, flush: true, ..Intervention::default() });
}

/// One run with a row of its trace for each tick.
pub(super) fn run(simulator: &mut Simulator, scenario: &Scenario, seed: u64) -> Run {
    debug_assert_eq!(scenario.check(), Ok(()));
    let run = simulator.run(scenario, seed, &Request::trace(scenario.time.tick_s));
    run.expect("nobody stops it")
}

/// The trace of one run in a workspace of its own, a row for each tick.
pub(super) fn trace(scenario: &Scenario, seed: u64) -> Vec<TraceRow> {
    run(&mut Simulator::new(), scenario, seed).trace
}
