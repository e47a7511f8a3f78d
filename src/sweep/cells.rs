//! Checks that every cell of the design is a possible scenario, before anything is run.

use super::document::{Content, Node};
use super::error::{Place, Problems};
use super::{Axis, AxisPoints, Sweep, interplay};
use crate::parameters::Scenario;

/// Most combinations of the points of those axes that matter here: as many as one axis may have points.
const COMBINATIONS_MAX: u64 = 10_000_000;

/// Checks a scenario as a whole.
pub(super) fn check_scenario(scenario: &Scenario, root: &Node, problems: &mut Problems) {
    if let Err((key, message)) = interplay::check(scenario, None) {
        problems.report(&place(root, scenario, key), &full_key(key), message);
    }
}

/// Checks every cell. Only the axes with parameters that [`interplay::check`] looks at matter, so it is their product
/// that is gone through and not the design.
pub(super) fn check_cells(sweep: &Sweep, root: &Node, problems: &mut Problems) {
    let axes: Vec<&Axis> = relevant_axes(sweep);
    let total = axes.iter().fold(1_u64, |product, axis| product.saturating_mul(axis.size() as u64));
    if total > COMBINATIONS_MAX {
        let names: Vec<&str> = axes.iter().map(|axis| axis.name.as_str()).collect();
        let message = format!(
            "the values of {} have to be checked against each other, and have {total} combinations; at most \
             {COMBINATIONS_MAX} are allowed",
            names.join(", ")
        );
        problems.report(&axis_place(root, names.first().copied().unwrap_or_default()), "axis", message);
        return;
    }
    for number in 0..total {
        let scenario = combination(sweep, &axes, number);
        if let Err((key, message)) = interplay::check(&scenario, sweep.traces.as_ref()) {
            let message = format!("{message}{}", labels(&axes, number));
            problems.report(&place(root, &scenario, key), &full_key(key), message);
            return;
        }
    }
}

/// The axes that set a parameter which has to fit to others.
pub(super) fn relevant_axes(sweep: &Sweep) -> Vec<&Axis> {
    let relevant = |axis: &&Axis| match &axis.points {
        AxisPoints::Values { parameter, .. } => interplay::involves(parameter),
        AxisPoints::Variants(variants) => {
            variants.iter().flat_map(|variant| &variant.settings).any(|(parameter, _)| interplay::involves(parameter))
        }
    };
    sweep.axes.iter().filter(relevant).collect()
}

/// The scenario at the n-th combination of the points of some axes.
pub(super) fn combination(sweep: &Sweep, axes: &[&Axis], number: u64) -> Scenario {
    let mut scenario = sweep.scenario.clone();
    for (axis, point) in points(axes, number) {
        axis.apply(point, &mut scenario);
    }
    scenario
}

/// What the axes say at the n-th combination, for a message.
pub(super) fn labels(axes: &[&Axis], number: u64) -> String {
    let labels =
        points(axes, number).filter_map(|(axis, point)| Some(format!("{} = {}", axis.name, axis.label(point)?)));
    let labels: Vec<String> = labels.collect();
    if labels.is_empty() { String::new() } else { format!("; in the cells with {}", labels.join(", ")) }
}

fn points<'a>(axes: &[&'a Axis], mut number: u64) -> impl Iterator<Item = (&'a Axis, usize)> {
    axes.iter().map(move |axis| {
        let size = axis.size().max(1) as u64;
        let point = (number % size) as usize;
        number /= size;
        (*axis, point)
    })
}

fn full_key(key: &str) -> String {
    if key.starts_with("traces.") { key.to_owned() } else { format!("scenario.{key}") }
}

/// Where the key at fault is written, or what comes closest to it.
fn place(root: &Node, scenario: &Scenario, key: &'static str) -> Place {
    let scenario_path = |key: &str| {
        let path: Vec<&str> = std::iter::once("scenario").chain(key.split('.')).collect();
        root.lookup(&path).map(|node| node.place.clone())
    };
    let event = || {
        let (late, index, _) = interplay::late_event(scenario).filter(|(late, ..)| *late == key)?;
        let list = root.lookup(&["scenario", late.split('.').next()?])?;
        let Content::List(nodes) = &list.content else { return None };
        nodes.get(index)?.lookup(&["at_h"]).map(|node| node.place.clone())
    };
    let others: &[&str] = match key {
        "time.horizon_h" => &["updates.release_h", "time.tick_s"],
        "time.tick_s" => &["time.horizon_h"],
        "retry.cap_s" => &["retry.base_s", "intervention"],
        _ if key.starts_with("intervention") => &["intervention"],
        _ => &[],
    };
    root.lookup(&key.split('.').collect::<Vec<_>>())
        .map(|node| node.place.clone())
        .or_else(event)
        .or_else(|| scenario_path(key))
        .or_else(|| find_axis(root, key))
        .or_else(|| others.iter().find_map(|other| scenario_path(other).or_else(|| find_axis(root, other))))
        .or_else(|| root.lookup(&["scenario"]).map(|node| node.place.clone()))
        .unwrap_or_else(|| root.place.clone())
}

/// Where the axis of this parameter or name stands.
fn axis_place(root: &Node, name: &str) -> Place {
    find_axis(root, name).unwrap_or_else(|| root.place.clone())
}

fn find_axis(root: &Node, name: &str) -> Option<Place> {
    let Content::List(nodes) = &root.lookup(&["axis"])?.content else { return None };
    nodes.iter().find_map(|node| {
        ["parameter", "name"].iter().find_map(|key| match node.lookup(&[key]) {
            Some(Node { content: Content::Text(text), place }) if text == name => Some(place.clone()),
            _ => None,
        })
    })
}
