//! What involves more than one parameter: what a scenario as a whole must satisfy.

use super::Traces;
use crate::parameters::{Parameter, Scenario, Value};

/// The parameters whose values must fit to each other, or to the times of shocks, interventions and traces.
const INVOLVED: [&str; 6] = [
    "time.horizon_h",
    "time.tick_s",
    "updates.release_h",
    "overlay.dedicated_per_million",
    "retry.base_s",
    "retry.cap_s",
];

/// The key of a shock's time in the messages of [`check`].
pub(super) const SHOCK_TIME: &str = "shock.at_h";
/// The key of an intervention's time.
pub(super) const INTERVENTION_TIME: &str = "intervention.at_h";

/// Whether [`check`] looks at this parameter.
pub(super) fn involves(parameter: &Parameter) -> bool {
    INVOLVED.contains(&parameter.name)
}

/// Checks a scenario whose single values are all allowed.
///
/// # Errors
/// The key at fault, and a message that says what is allowed.
pub(super) fn check(scenario: &Scenario, traces: Option<&Traces>) -> Result<(), (&'static str, String)> {
    scenario.check()?;
    check_times(scenario)?;
    check_dedicated(scenario)?;
    let tick_s = scenario.time.tick_s;
    match traces {
        Some(traces) if traces.every_s < tick_s => Err((
            "traces.every_s",
            format!("{} s is less than a tick; it must be at least time.tick_s, {tick_s} s", traces.every_s),
        )),
        _ => Ok(()),
    }
}

/// Shocks and interventions have to fall into a tick of the run, or they would be ignored in silence.
fn check_times(scenario: &Scenario) -> Result<(), (&'static str, String)> {
    let Some((key, _, at_h)) = late_event(scenario) else { return Ok(()) };
    Err((key, format!("{at_h} h is not before time.horizon_h, {} h", scenario.time.horizon_h)))
}

/// The first shock or intervention that lies beyond the last tick: its key, its index in its list, and its time, h.
pub(super) fn late_event(scenario: &Scenario) -> Option<(&'static str, usize, f64)> {
    let shocks = scenario.shocks.iter().enumerate().map(|(index, shock)| (SHOCK_TIME, index, shock.at_h));
    let interventions = scenario.interventions.iter().enumerate();
    let interventions = interventions.map(|(index, change)| (INTERVENTION_TIME, index, change.at_h));
    let ticks = scenario.ticks() as f64;
    shocks.chain(interventions).find(|(_, _, at_h)| libm::round(at_h * 3600.0 / scenario.time.tick_s) >= ticks)
}

/// Dedicated super nodes can be added, not taken away: fewer of them would be ignored in silence.
fn check_dedicated(scenario: &Scenario) -> Result<(), (&'static str, String)> {
    if scenario.interventions.is_empty() {
        return Ok(());
    }
    let mut ordered: Vec<_> = scenario.interventions.iter().collect();
    ordered.sort_by(|a, b| a.at_h.total_cmp(&b.at_h));
    let mut before = scenario.overlay.dedicated_per_million;
    for (parameter, value) in ordered.iter().flat_map(|change| &change.settings) {
        if let ("overlay.dedicated_per_million", Some(after)) = (parameter.name, Value::as_f64(value)) {
            if after < before {
                let message = format!("{after} are fewer than the {before} before; they can be added, not taken away");
                return Err(("intervention.overlay.dedicated_per_million", message));
            }
            before = after;
        }
    }
    Ok(())
}
