//! Checks that the engine of the sweep has all that is asked for.

use super::conflict::Conflict;
use crate::parameters::{Quantity, Value};
use crate::sweep::types::{Axis, Sweep};

/// Checks the scenario, and that nothing is swept or drawn that the engine does not have.
pub(super) fn check(sweep: &Sweep) -> Vec<Conflict> {
    let engine = sweep.engine;
    let has = |quantity: &Quantity| match quantity.concerns() {
        Some(parameter) => engine.has(parameter),
        // A number of an event: whether the engine has what it makes of the event.
        None => {
            let mut scenario = sweep.scenario.clone();
            quantity.put(&mut scenario, &Value::Number(0.5));
            engine.check(&scenario).is_ok()
        }
    };
    let message = |name: &str| format!("the engine \"{engine}\" does not have {name} yet");
    let scenario = engine.check(&sweep.scenario).err().map(Conflict::Scenario);
    let axes = sweep.axes.iter().filter_map(|axis| {
        let lacking = axis.parameters().find(|quantity| !has(quantity)).map(|quantity| message(quantity.name()));
        let message = lacking.or_else(|| of_events(sweep, axis))?;
        Some(Conflict::Axis { name: axis.name.clone(), message })
    });
    let uncertain = sweep.uncertain.iter().map(|input| &input.parameter).filter(|quantity| !has(quantity));
    let uncertain = uncertain.map(|quantity| Conflict::Uncertain {
        parameter: quantity.name().to_owned(),
        message: message(quantity.name()),
    });
    scenario.into_iter().chain(axes).chain(uncertain).collect()
}

/// What the engine lacks for the shocks and interventions of variants.
fn of_events(sweep: &Sweep, axis: &Axis) -> Option<String> {
    let points = if axis.has_events() { axis.size() } else { 0 };
    let errors = (0..points).filter_map(|point| sweep.engine.check(&axis.applied(point, &sweep.scenario)).err());
    errors.map(|error| error.to_string()).next()
}
