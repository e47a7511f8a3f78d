//! Checks that the laws of the uncertain inputs are allowed often enough: by their parameters' ranges, and together.

use super::cells::{in_the_cells, interdependent_axes, must_fit};
use super::conflict::Conflict;
use crate::parameters::Value;
use crate::random::{Purpose, derive_seed, stream};
use crate::sweep::design::Design;
use crate::sweep::fit;
use crate::sweep::realization::Draw;
use crate::sweep::types::{Axis, AxisPoints, Distribution, Sweep, Uncertain, Variant};

/// Smallest share of draws that have to be allowed, and how many are tried to see it where that cannot be computed.
const ACCEPTED_MIN: f64 = 1e-3;
const TRIALS: u32 = 10_000;
/// Most work for the exact check of a discrete factor on an axis: points × values.
const EXACT_MAX: usize = 10_000_000;
/// Most combinations of the ends of axes that are tried where parameters have to fit to each other.
const CORNERS_MAX: u64 = 256;

/// Checks all uncertain inputs.
pub(super) fn check(sweep: &Sweep) -> Vec<Conflict> {
    let conflicts: Vec<Conflict> = sweep.uncertain.iter().filter_map(|input| check_range(sweep, input)).collect();
    if conflicts.is_empty() { check_together(sweep).into_iter().collect() } else { conflicts }
}

/// Checks that what is drawn is in the domain of the parameter often enough, whatever a factor multiplies.
fn check_range(sweep: &Sweep, input: &Uncertain) -> Option<Conflict> {
    let nominal =
        nominal_values(sweep, input).into_iter().find(|nominal| input.allowed(*nominal).share() < ACCEPTED_MIN)?;
    let times = if input.factor { format!("the factor times {nominal}") } else { "the law".to_owned() };
    let expected = input.parameter.expectation();
    let message = format!("fewer than one draw in 1000 is allowed: {times} hardly ever is {expected}");
    Some(Conflict::Uncertain { parameter: input.parameter.name().to_owned(), message })
}

/// The values that a factor multiplies, as far as they have to be tried.
///
/// On an axis that is the lowest and the highest one: all laws but the discrete one have a single peak also in the
/// logarithm, so the share of a range that slides along is lowest at one of its ends.
fn nominal_values(sweep: &Sweep, input: &Uncertain) -> Vec<f64> {
    let own = input.parameter.get(&sweep.scenario).and_then(|value| value.as_f64()).unwrap_or(f64::NAN);
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
            AxisPoints::Variants(variants) if variants.iter().any(|variant| variant.sets(&input.parameter)) => {
                let of = |variant: &Variant| {
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

/// Whether at least one trial in a thousand succeeds.
fn enough(mut trial: impl FnMut() -> bool) -> bool {
    let needed = (f64::from(TRIALS) * ACCEPTED_MIN) as usize;
    (0..TRIALS).filter(|_| trial()).take(needed).count() >= needed
}

/// Tries the inputs whose parameters have to fit to others, all of them together as a run does: at the ends of the axes of
/// a grid, in cells from all over another design.
fn check_together(sweep: &Sweep) -> Option<Conflict> {
    if sweep.sampled.is_some() {
        let (design, cells) = (sweep.design(), u64::from(sweep.cells()));
        let step = (cells / CORNERS_MAX).max(1);
        return (0..cells).step_by(step as usize).find_map(|cell| check_in(sweep, &design, cell));
    }
    let ends: Vec<Axis> = interdependent_axes(sweep).map(ends_of).collect();
    let design = Design::over(&ends);
    (0..design.cells().min(CORNERS_MAX)).find_map(|corner| check_in(sweep, &design, corner))
}

/// Tries the inputs in one cell of a design.
fn check_in(sweep: &Sweep, design: &Design, cell: u64) -> Option<Conflict> {
    let inputs: Vec<&Uncertain> = sweep.uncertain.iter().filter(|input| must_fit(sweep, &input.parameter)).collect();
    if inputs.is_empty() {
        return None;
    }
    let scenario = design.scenario(&sweep.scenario, cell);
    let fit_together = |inputs: &[&Uncertain]| {
        let streams = (0..).map(|index| stream(derive_seed(cell, &[index]), Purpose::Acceptance));
        let mut draws: Vec<Draw> =
            inputs.iter().zip(streams).map(|(input, stream)| Draw::new(input, &scenario, stream)).collect();
        let mut tried = scenario.clone();
        enough(|| {
            draws.iter_mut().for_each(|draw| draw.put(&mut tried));
            fit::check(&tried, sweep.traces.as_ref()).is_ok()
        })
    };
    if fit_together(&inputs) {
        return None;
    }
    // The first one that does not fit to those before it.
    let first = (1..inputs.len()).find(|&n| !fit_together(&inputs[..n])).unwrap_or(inputs.len());
    let message = format!(
        "fewer than one draw in 1000 fits to the horizon, the release, the ticks, the backoff and the times of the \
         scenario; expected a law that does{}",
        in_the_cells(design, cell)
    );
    Some(Conflict::Uncertain { parameter: inputs[first - 1].parameter.name().to_owned(), message })
}

/// The lowest and the highest point of an axis; all variants.
fn ends_of(axis: &Axis) -> Axis {
    let points = match &axis.points {
        AxisPoints::Values { parameter, values, logarithmic } => {
            let by_size = |a: &&Value, b: &&Value| a.as_f64().unwrap_or(0.0).total_cmp(&b.as_f64().unwrap_or(0.0));
            let ends = values.iter().min_by(by_size).into_iter().chain(values.iter().max_by(by_size));
            AxisPoints::Values {
                parameter: parameter.clone(),
                values: ends.cloned().collect(),
                logarithmic: *logarithmic,
            }
        }
        AxisPoints::Variants(variants) => AxisPoints::Variants(variants.clone()),
    };
    Axis { name: axis.name.clone(), points }
}
