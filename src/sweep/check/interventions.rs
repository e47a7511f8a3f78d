//! Checks that no intervention hides an axis or a draw: from it on, all cells and replicates would be alike under
//! different labels.

use super::conflict::Conflict;
use crate::parameters::{Event, Parameter, ScenarioError};
use crate::sweep::types::{Axis, Sweep};

/// Checks what the interventions set.
pub(super) fn check(sweep: &Sweep) -> Vec<Conflict> {
    let mut conflicts = Vec::new();
    for (index, change) in sweep.scenario.interventions.iter().enumerate() {
        for (parameter, value) in &change.settings {
            let Some(hidden) = hidden(sweep, parameter) else { continue };
            let message = format!(
                "{hidden}, and from {} h on {value} would replace what the cell or the run has; leave it out of the \
                 intervention, or out of the sweep",
                change.at_h
            );
            let key = format!("intervention.{}", parameter.name);
            let event = Some(Event::Intervention(index));
            conflicts.push(Conflict::Scenario(ScenarioError { key, others: &[], event, message }));
        }
    }
    conflicts
}

/// What varies a parameter over the sweep, if anything does.
fn hidden(sweep: &Sweep, parameter: &Parameter) -> Option<String> {
    let sets = |axis: &&Axis| axis.parameters().any(|set| set == parameter);
    if let Some(axis) = sweep.axes.iter().find(sets) {
        return Some(format!("the axis {:?} sets the parameter", axis.name));
    }
    let drawn = sweep.uncertain.iter().any(|input| input.parameter == parameter);
    drawn.then(|| "[uncertain] draws the parameter".to_owned())
}
