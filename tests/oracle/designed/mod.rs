//! Scenarios that between them make every mechanism of the model matter to some output.
//!
//! They are small and quick: some hundred clients whose sessions, boots and back-offs are short, so that a run has
//! much to do in some hundred ticks, and hundreds of runs are cheap.

mod login;
mod overlay;
mod shocks_and_interventions;
mod updates_and_presence;

use critmass::parameters::{Intervention, Parameter, Region, Scenario, Value};

pub(crate) use login::login;
pub(crate) use overlay::overlay;
pub(crate) use shocks_and_interventions::shocks_and_interventions;
pub(crate) use updates_and_presence::updates_and_presence;

/// A named scenario, and how many runs of each engine compare it.
pub(crate) struct Designed {
    pub(crate) name: &'static str,
    pub(crate) scenario: Scenario,
    pub(crate) runs: u64,
}

const RUNS: u64 = 240;

fn region(utc_offset_h: f64, share: f64) -> Region {
    Region { name: format!("at {utc_offset_h} h"), utc_offset_h, share }
}

/// 400 clients and 1.25 hours in ticks of 10 s; half an hour after the start an update restarts many within minutes.
/// The overlay has little headroom, and the login server about four times the usual load, as in the defaults.
///
/// Capacities are crooked numbers: where the accumulated capacity meets a whole number exactly, rounding would decide
/// in which of two ticks a request is served.
pub(crate) fn base() -> Scenario {
    let mut s = Scenario::default();
    s.population.clients = 400;
    s.population.nat_fraction = 0.5;
    s.population.capable_fraction = 0.6;
    s.population.regions = vec![region(0.0, 0.5), region(0.25, 0.3), region(-0.5, 0.2)];
    s.time.tick_s = 10.0;
    s.time.horizon_h = 1.25;
    s.presence.session_h = 1.0;
    s.presence.absence_h = 1.0;
    s.updates.synchronization = 0.6;
    s.updates.release_h = 0.5;
    s.updates.burst_width_s = 180.0;
    s.updates.install_local_h = 1.0;
    s.updates.detection_window_h = 0.5;
    s.updates.rolling_width_s = 907.3;
    s.updates.boot_median_s = 60.0;
    s.updates.autostart_probability = 0.9;
    s.overlay.slots = 30;
    s.overlay.supernode_ratio = 0.05;
    s.overlay.probes = 3;
    s.overlay.stale_ttl_s = 300.0;
    s.overlay.keepalive_s = 40.0;
    s.overlay.accept_per_s = 0.3;
    s.overlay.healing_time_s = 200.0;
    s.login.capacity_per_s_per_million = 907.3;
    s.login.queue_limit_s = 80.0;
    s.login.timeout_s = 50.0;
    s.retry.base_s = 12.0;
    s.retry.cap_s = 150.0;
    s.outage.threshold = 0.6;
    s.outage.min_duration_h = 0.1;
    s.outage.recovered_at = 0.9;
    s
}

fn designed(name: &'static str, runs: u64, from: Scenario, change: impl Fn(&mut Scenario)) -> Designed {
    let mut scenario = from;
    change(&mut scenario);
    Designed { name, scenario, runs }
}

fn on_base(name: &'static str, change: impl Fn(&mut Scenario)) -> Designed {
    designed(name, RUNS, base(), change)
}

pub(crate) fn intervention(at_h: f64, settings: &[(&str, Value)]) -> Intervention {
    let found = |(name, value): &(&str, Value)| (Parameter::find(name).expect("it exists"), value.clone());
    Intervention::new(at_h, settings.iter().map(found))
}
