//! Checks that no intervention hides an axis or a draw: from it on, all cells and replicates would be alike under
//! different labels. And that a shock which strikes nobody is one whose shares the sweep varies.

use super::conflict::Conflict;
use crate::parameters::{Event, Intervention, Parameter, Quantity, ScenarioError, Setting, Shock};
use crate::sweep::types::{Axis, Sweep, Variant};

/// Checks what the interventions set, and whom the shocks strike.
pub(super) fn check(sweep: &Sweep) -> Vec<Conflict> {
    let mut conflicts: Vec<Conflict> = idle_shocks(sweep).collect();
    for (index, change) in sweep.scenario.interventions.iter().enumerate() {
        let hidden = |parameter: &Quantity| hidden(sweep, parameter, |_| true);
        let errors = hiding(change, hidden).map(|error| error.at(Event::Intervention(index)));
        conflicts.extend(errors.map(Conflict::Scenario));
    }
    for axis in &sweep.axes {
        for (point, variant) in axis.variants().iter().enumerate() {
            conflicts.extend(of_variant(sweep, axis, point, variant));
        }
    }
    conflicts
}

/// What the interventions of a variant hide: what other axes set, and what is drawn.
fn of_variant(sweep: &Sweep, axis: &Axis, point: usize, variant: &Variant) -> Vec<Conflict> {
    let hidden = |parameter: &Quantity| hidden(sweep, parameter, |other| other.name != axis.name);
    let changes = variant.interventions.iter().enumerate();
    let errors = changes.flat_map(|(index, change)| hiding(change, hidden).map(move |error| (index, error)));
    let conflicts = errors.map(|(index, error)| {
        let event = Event::Intervention(index);
        Conflict::Variant { axis: axis.name.clone(), variant: point, event, error: error.at(event) }
    });
    conflicts.collect()
}

/// The plain values of an intervention that replace something `hidden`.
fn hiding(change: &Intervention, hidden: impl Fn(&Quantity) -> Option<String>) -> impl Iterator<Item = ScenarioError> {
    let plain = change.settings.iter().filter(|(_, setting)| setting.is_plain());
    plain.filter_map(move |(parameter, setting): &(&'static Parameter, Setting)| {
        let hidden = hidden(&Quantity::from(*parameter))?;
        let message = format!(
            "{hidden}, and from {} h on {setting} would replace what the cell or the run has; leave it out of the \
             intervention, or out of the sweep, or let it depend on that: {{ factor = … }}, or \"initial\"",
            change.at_h
        );
        Some(ScenarioError::new(format!("intervention.{}", parameter.name), message))
    })
}

/// What varies a parameter over the sweep, if one of these axes or a draw does.
fn hidden(sweep: &Sweep, parameter: &Quantity, counts: impl Fn(&Axis) -> bool) -> Option<String> {
    let sets = |axis: &&Axis| counts(axis) && axis.parameters().any(|set| set == parameter);
    if let Some(axis) = sweep.axes.iter().find(sets) {
        return Some(format!("the axis {:?} sets the parameter", axis.name));
    }
    let drawn = sweep.uncertain.iter().any(|input| input.parameter == *parameter);
    drawn.then(|| "[uncertain] draws the parameter".to_owned())
}

/// The shocks that strike nobody, in no cell.
fn idle_shocks(sweep: &Sweep) -> impl Iterator<Item = Conflict> {
    let shocks = sweep.scenario.shocks.iter().enumerate().filter(|(_, shock)| !shock.strikes());
    let idle = shocks.filter(|(_, shock)| {
        let swept = sweep.axes.iter().flat_map(Axis::parameters);
        let drawn = sweep.uncertain.iter().map(|input| &input.parameter);
        let name = shock.name.as_deref();
        !swept.chain(drawn).any(|varied| name.is_some_and(|name| varied.is_fraction_of(name)))
    });
    idle.map(|(index, _)| {
        let error = ScenarioError::new("shock", Shock::WITHOUT_EFFECT);
        Conflict::Scenario(error.at(Event::Shock(index)))
    })
}
