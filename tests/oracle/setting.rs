//! What does not depend on the network: presence and the time of each client's restart.

use std::f64::consts::TAU;

use critmass::parameters::Scenario;
use rand::RngExt;
use rand_distr::Geometric;
use rand_xoshiro::Xoshiro256PlusPlus;

/// The tick of a point in time that the scenario gives in hours.
pub(crate) fn nearest_tick(hour: f64, scenario: &Scenario) -> u64 {
    (hour * 3600.0 / scenario.time.tick_s).round() as u64
}

/// The tick from which on outages are measured.
///
/// Reading: with shocks, and a release that reaches nobody, only the shocks count; with neither, the release does.
pub(crate) fn trigger_tick(scenario: &Scenario) -> u64 {
    if scenario.outage.trigger_h.is_finite() {
        return nearest_tick(scenario.outage.trigger_h, scenario);
    }
    let release = nearest_tick(scenario.updates.release_h, scenario);
    let mut candidates: Vec<u64> = scenario.shocks.iter().map(|shock| nearest_tick(shock.at_h, scenario)).collect();
    if scenario.updates.patched_fraction > 0.0 || candidates.is_empty() {
        candidates.push(release);
    }
    candidates.into_iter().min().expect("there is one")
}

/// λ(t), per hour, of a region at hour t of the simulation.
fn hazard_per_h(scenario: &Scenario, region: usize, hour: f64) -> f64 {
    let presence = &scenario.presence;
    let local_h = hour + scenario.population.regions[region].utc_offset_h;
    (1.0 + presence.daily_amplitude * libm::cos(TAU * (local_h - presence.peak_local_h) / 24.0)) / presence.absence_h
}

/// Probability that the session of a client that was absent in the tick before begins in this tick.
///
/// The hazard is integrated over the tick before, by the midpoint rule, which is exact to 1e-4 of it at ticks of ten
/// minutes.
pub(crate) fn beginning_probability(scenario: &Scenario, region: usize, tick: u64) -> f64 {
    let tick_h = scenario.time.tick_s / 3600.0;
    let middle_h = (tick as f64 - 0.5) * tick_h;
    1.0 - libm::exp(-hazard_per_h(scenario, region, middle_h).max(0.0) * tick_h)
}

/// P(0) of the periodic solution of dP/dt = λ(t)(1 − P) − P/session.
///
/// P(24) is a linear function of P(0), so two solutions tell the fixed point.
pub(crate) fn initial_presence(scenario: &Scenario, region: usize) -> f64 {
    let (after_0, after_1) = (after_a_day(scenario, region, 0.0), after_a_day(scenario, region, 1.0));
    // P = after_0 + (after_1 − after_0)·P
    (after_0 / (1.0 - (after_1 - after_0))).clamp(0.0, 1.0)
}

/// P(24) from P(0). Within a step λ is constant, and the equation has an exact solution.
fn after_a_day(scenario: &Scenario, region: usize, p_0: f64) -> f64 {
    let steps = 24 * 60;
    let step_h = 24.0 / f64::from(steps);
    (0..steps).fold(p_0, |p, step| {
        let rate_up = hazard_per_h(scenario, region, (f64::from(step) + 0.5) * step_h);
        let rate = rate_up + 1.0 / scenario.presence.session_h;
        let equilibrium = rate_up / rate;
        equilibrium + (p - equilibrium) * libm::exp(-rate * step_h)
    })
}

/// The tick of a patched client's restart.
///
/// Reading: the release is rounded to its tick, and everything after it is counted from there.
pub(crate) fn restart_tick(scenario: &Scenario, region: usize, rng: &mut Xoshiro256PlusPlus) -> u64 {
    let updates = &scenario.updates;
    let tick_s = scenario.time.tick_s;
    let release_tick = nearest_tick(updates.release_h, scenario);
    if rng.random_bool(updates.synchronization) {
        let after_s = updates.burst_delay_s + updates.burst_width_s * rng.random::<f64>();
        return release_tick + (after_s / tick_s).floor() as u64;
    }
    let offset_h = scenario.population.regions[region].utc_offset_h;
    let detection_h = release_tick as f64 * tick_s / 3600.0 + updates.detection_window_h * rng.random::<f64>();
    let whole_days = ((detection_h + offset_h - updates.install_local_h) / 24.0).ceil();
    let first_install_h = 24.0 * whole_days + updates.install_local_h - offset_h;
    let days = rng.sample(Geometric::new(updates.daily_install_probability).expect("above 0, at most 1")) as f64;
    let restart_s = (first_install_h + 24.0 * days) * 3600.0 + updates.rolling_width_s * rng.random::<f64>();
    (restart_s / tick_s).floor() as u64
}
