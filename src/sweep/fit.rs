//! What a scenario of a sweep has to be as a whole.

use super::types::Traces;
use crate::parameters::{Scenario, ScenarioError, name_of};

/// The key of the interval of the traces, in the sweep file and in the errors of [`check`].
pub(super) const TRACE_INTERVAL: &str = "traces.every_s";

/// Checks a scenario whose single values are all allowed. It looks at the parameters that are marked `interdependent`.
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
