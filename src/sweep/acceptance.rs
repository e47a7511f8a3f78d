//! Checks that the uncertain inputs fit into the ranges of their parameters, so that drawing again comes to an end.

use super::document::Node;
use super::error::{Place, Problems};
use super::{Axis, AxisPoints, Distribution, Sweep, Uncertain, cells, interplay};
use crate::random::{Purpose, stream};

/// Smallest share of draws that have to be allowed, and how many are tried to see it.
const ACCEPTED_MIN: f64 = 1e-3;
const TRIALS: u32 = 10_000;
/// Most work for the exact check of a discrete factor on an axis: points × values.
const EXACT_MAX: usize = 10_000_000;
/// Most combinations of the ends of axes that are tried where parameters have to fit to each other.
const CORNERS_MAX: u64 = 256;

/// Checks all uncertain inputs.
pub(super) fn check(sweep: &Sweep, root: &Node, problems: &mut Problems) {
    for input in &sweep.uncertain {
        if let Some(nominal) = nominal_values(sweep, input).into_iter().find(|nominal| !fits_range(input, *nominal)) {
            let name = input.parameter.name;
            let times = if input.factor { format!("the factor times {nominal}") } else { "the law".to_owned() };
            let message = format!(
                "fewer than one draw in 1000 is allowed: {times} hardly ever is {}",
                input.parameter.expectation()
            );
            problems.report(&place(root, name), &format!("uncertain.{name}"), message);
        }
    }
    if problems.is_empty() {
        check_interplay(sweep, root, problems);
    }
}

fn place(root: &Node, name: &str) -> Place {
    let path: Vec<&str> = std::iter::once("uncertain").chain(name.split('.')).collect();
    root.lookup(&path).map_or_else(|| root.place.clone(), |node| node.place.clone())
}

/// The values that a factor multiplies, as far as they have to be tried.
///
/// On an axis that is the lowest and the highest one: all laws but the discrete one have a single peak also in the
/// logarithm, so the share of a range that slides along is lowest at one of its ends.
fn nominal_values(sweep: &Sweep, input: &Uncertain) -> Vec<f64> {
    let own = input.parameter.get(&sweep.scenario).as_f64().unwrap_or(f64::NAN);
    if !input.factor {
        return vec![own];
    }
    for axis in &sweep.axes {
        match &axis.points {
            AxisPoints::Values { parameter, values, .. } if *parameter == input.parameter => {
                let all: Vec<f64> = values.iter().filter_map(|value| value.as_f64()).collect();
                let size = match &input.distribution {
                    Distribution::Discrete { values, .. } => values.len(),
                    _ => EXACT_MAX,
                };
                if all.len().saturating_mul(size) <= EXACT_MAX {
                    return all;
                }
                return all
                    .iter()
                    .copied()
                    .reduce(f64::min)
                    .into_iter()
                    .chain(all.iter().copied().reduce(f64::max))
                    .collect();
            }
            AxisPoints::Variants(variants) if variants.iter().any(|variant| variant.sets(input.parameter)) => {
                let of = |variant: &super::Variant| {
                    let setting = variant.settings.iter().find(|(parameter, _)| *parameter == input.parameter);
                    setting.map_or(Some(own), |(_, value)| value.as_f64())
                };
                return variants.iter().filter_map(of).collect();
            }
            _ => {}
        }
    }
    vec![own]
}

/// Whether enough draws are in the parameter's range: exactly for a discrete law, by trying for another one.
fn fits_range(input: &Uncertain, nominal: f64) -> bool {
    if let Distribution::Discrete { values, weights } = &input.distribution {
        let allowed = |value: f64| input.value(nominal, value).is_some();
        let sum: f64 = weights.iter().sum();
        let accepted: f64 = values.iter().zip(weights).filter(|&(&value, _)| allowed(value)).map(|(_, &w)| w).sum();
        return accepted >= ACCEPTED_MIN * sum;
    }
    let mut stream = stream(0, Purpose::Acceptance);
    enough(|| input.value(nominal, input.distribution.draw(&mut stream)).is_some())
}

/// Whether at least one trial in a thousand succeeds.
fn enough(mut trial: impl FnMut() -> bool) -> bool {
    let needed = (f64::from(TRIALS) * ACCEPTED_MIN) as usize;
    (0..TRIALS).filter(|_| trial()).take(needed).count() >= needed
}

/// Tries the inputs whose parameters have to fit to others, one after another as a run does, at the ends of the axes.
fn check_interplay(sweep: &Sweep, root: &Node, problems: &mut Problems) {
    if !sweep.uncertain.iter().any(|input| interplay::involves(input.parameter)) {
        return;
    }
    let ends: Vec<Axis> = cells::relevant_axes(sweep).into_iter().map(ends_of).collect();
    let ends: Vec<&Axis> = ends.iter().collect();
    let corners = ends.iter().fold(1_u64, |product, axis| product.saturating_mul(axis.size() as u64));
    let fits = |scenario: &_| interplay::check(scenario, sweep.traces.as_ref()).is_ok();
    for number in 0..corners.min(CORNERS_MAX) {
        let mut scenario = cells::combination(sweep, &ends, number);
        let mut stream = stream(number, Purpose::Acceptance);
        for input in sweep.uncertain.iter().filter(|input| interplay::involves(input.parameter)) {
            let nominal = input.parameter.get(&scenario).as_f64().unwrap_or(f64::NAN);
            let enough = enough(|| {
                let Some(value) = input.value(nominal, input.distribution.draw(&mut stream)) else { return false };
                let mut tried = scenario.clone();
                super::design::put(&mut tried, input.parameter, &value);
                fits(&tried)
            });
            if !enough {
                let name = input.parameter.name;
                let labels = cells::labels(&ends, number);
                let message = format!(
                    "fewer than one draw in 1000 fits to the horizon, the release, the ticks, the backoff and the \
                     times of the scenario; expected a law that does{labels}"
                );
                problems.report(&place(root, name), &format!("uncertain.{name}"), message);
                return;
            }
            input.draw_into(&mut scenario, &mut stream, fits);
        }
    }
}

/// The lowest and the highest point of an axis; all variants.
fn ends_of(axis: &Axis) -> Axis {
    let points = match &axis.points {
        AxisPoints::Values { parameter, values, logarithmic } => {
            let by_size = |a: &&crate::parameters::Value, b: &&crate::parameters::Value| {
                a.as_f64().unwrap_or(0.0).total_cmp(&b.as_f64().unwrap_or(0.0))
            };
            let ends = values.iter().min_by(by_size).into_iter().chain(values.iter().max_by(by_size));
            AxisPoints::Values { parameter, values: ends.cloned().collect(), logarithmic: *logarithmic }
        }
        AxisPoints::Variants(variants) => AxisPoints::Variants(variants.clone()),
    };
    Axis { name: axis.name.clone(), points }
}
