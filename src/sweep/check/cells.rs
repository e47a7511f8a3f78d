//! Checks that every cell of the design is a possible scenario.

use std::borrow::Borrow;

use super::conflict::Conflict;
use crate::parameters::{Event, Quantity, ScenarioError};
use crate::sweep::design::Design;
use crate::sweep::fit;
use crate::sweep::types::{Axis, Sweep};

/// Most combinations of the points of those axes that matter here: as many as one axis may have points.
const COMBINATIONS_MAX: u64 = 10_000_000;

/// Checks every cell. Only the axes with parameters that have to fit to others matter, so of a grid it is their product
/// that is gone through and not the design.
pub(super) fn check(sweep: &Sweep) -> Result<(), Vec<Conflict>> {
    if sweep.sampled.is_some() {
        return check_cells(sweep, &sweep.design());
    }
    let axes: Vec<&Axis> = interdependent_axes(sweep).collect();
    let design = Design::over(&axes);
    let total = design.cells();
    if total > COMBINATIONS_MAX {
        let names: Vec<&str> = axes.iter().map(|axis| axis.name.as_str()).collect();
        let message = format!(
            "the values of {} have to be checked against each other, and have {total} combinations; at most \
             {COMBINATIONS_MAX} are allowed",
            names.join(", ")
        );
        let name = names.first().copied().unwrap_or_default().to_owned();
        return Err(vec![Conflict::Axis { name, message }]);
    }
    check_cells(sweep, &design)
}

fn check_cells<A: Borrow<Axis>>(sweep: &Sweep, design: &Design<A>) -> Result<(), Vec<Conflict>> {
    for cell in 0..design.cells() {
        let scenario = design.scenario(&sweep.scenario, cell);
        if let Err(mut errors) = fit::check(&scenario, sweep.traces.as_ref()) {
            errors.iter_mut().for_each(|error| error.message += &in_the_cells(design, cell));
            return Err(errors.into_iter().map(|error| conflict(sweep, design, cell, error)).collect());
        }
    }
    Ok(())
}

/// An error of a cell as a conflict: the events of a variant come after those of the scenario.
fn conflict<A: Borrow<Axis>>(sweep: &Sweep, design: &Design<A>, cell: u64, error: ScenarioError) -> Conflict {
    let (mut left, is_shock) = match error.event {
        Some(Event::Shock(index)) => (index.checked_sub(sweep.scenario.shocks.len()), true),
        Some(Event::Intervention(index)) => (index.checked_sub(sweep.scenario.interventions.len()), false),
        None => (None, false),
    };
    for (axis, point) in design.axes().zip(design.coordinates(cell)) {
        let (Some(index), Some(variant)) = (left, axis.variants().get(point)) else { continue };
        let own = if is_shock { variant.shocks.len() } else { variant.interventions.len() };
        if index < own {
            let event = if is_shock { Event::Shock(index) } else { Event::Intervention(index) };
            return Conflict::Variant { axis: axis.name.clone(), variant: point, event, error };
        }
        left = index.checked_sub(own);
    }
    Conflict::Scenario(error)
}

/// The axes that set a parameter which has to fit to others.
pub(super) fn interdependent_axes(sweep: &Sweep) -> impl Iterator<Item = &Axis> {
    sweep.axes.iter().filter(|axis| axis.has_events() || axis.parameters().any(|parameter| must_fit(sweep, parameter)))
}

/// Whether a parameter has to fit to others, in some cell.
pub(super) fn must_fit(sweep: &Sweep, parameter: &Quantity) -> bool {
    let of_variants = sweep.axes.iter().flat_map(Axis::variants).flat_map(|variant| &variant.interventions);
    fit::must_fit_to(parameter, sweep.scenario.interventions.iter().chain(of_variants))
}

/// The end of a message that holds for some cells alone.
pub(super) fn in_the_cells<A: Borrow<Axis>>(design: &Design<A>, cell: u64) -> String {
    let labels: Vec<String> = design.labels(cell).map(|(axis, label)| format!("{} = {label}", axis.name)).collect();
    if labels.is_empty() { String::new() } else { format!("; in the cells with {}", labels.join(", ")) }
}
