//! Checks that the engine of the sweep has all that is asked for.

use super::conflict::Conflict;
use crate::parameters::Parameter;
use crate::sweep::types::Sweep;

/// Checks the scenario, and that nothing is swept or drawn that the engine does not have.
pub(super) fn check(sweep: &Sweep) -> Vec<Conflict> {
    let engine = sweep.engine;
    let message = |parameter: &Parameter| format!("the engine \"{engine}\" does not have {} yet", parameter.name);
    let scenario = engine.check(&sweep.scenario).err().map(Conflict::Scenario);
    let axes = sweep.axes.iter().filter_map(|axis| {
        let lacking = axis.parameters().find(|parameter| !engine.has(parameter))?;
        Some(Conflict::Axis { name: axis.name.clone(), message: message(lacking) })
    });
    let uncertain = sweep.uncertain.iter().filter(|input| !engine.has(input.parameter));
    let uncertain = uncertain
        .map(|input| Conflict::Uncertain { parameter: input.parameter.name, message: message(input.parameter) });
    scenario.into_iter().chain(axes).chain(uncertain).collect()
}
