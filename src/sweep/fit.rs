//! What a scenario of a sweep has to be as a whole.

use super::types::Traces;
use crate::parameters::{Intervention, Parameter, Quantity, Scenario, ScenarioError, Setting, name_of};

/// The key of the interval of the traces, in the sweep file and in the errors of [`check`].
pub(super) const TRACE_INTERVAL: &str = "traces.every_s";

/// Whether a parameter's value has to fit to what else is in the scenario: what [`check`] looks at. Beside those that are
/// marked for it these are the ones that an intervention multiplies or sets back.
pub(super) fn must_fit(parameter: &Quantity, scenario: &Scenario) -> bool {
    must_fit_to(parameter, &scenario.interventions)
}

/// The same for any of these interventions.
pub(super) fn must_fit_to<'a>(parameter: &Quantity, interventions: impl IntoIterator<Item = &'a Intervention>) -> bool {
    let depends =
        |(set, setting): &(&'static Parameter, Setting)| parameter.parameter() == Some(*set) && !setting.is_plain();
    parameter.is_interdependent() || interventions.into_iter().any(|change| change.settings.iter().any(depends))
}

/// Checks a scenario whose single values are all allowed. It looks at the parameters that [`must_fit`].
///
/// # Errors
/// Everything that is wrong.
pub(super) fn check(scenario: &Scenario, traces: Option<&Traces>) -> Result<(), Vec<ScenarioError>> {
    let mut found = scenario.conflicts_together();
    let tick_s = scenario.time.tick_s;
    if let Some(Traces { every_s, .. }) = traces
        && *every_s < tick_s
    {
        let tick = name_of!(time.tick_s);
        let message = format!("{every_s} s is less than a tick; it must be at least {tick}, {tick_s} s");
        found.push(ScenarioError::new(TRACE_INTERVAL, message));
    }
    if found.is_empty() { Ok(()) } else { Err(found) }
}
