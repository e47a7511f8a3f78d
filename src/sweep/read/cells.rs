//! Puts the cells of a design that is no grid where it says.

use std::path::Path;

use super::design::Wanted;
use super::document::Content;
use super::quantities::Quantities;
use super::reader::Reader;
use super::{axes, points};
use crate::sweep::design::{SAMPLED_AXES_MAX, sampled};
use crate::sweep::keys::{DESIGN_POINTS_MAX, design as keys};
use crate::sweep::types::{Axis, Sampled, SampledKind};

/// Puts the cells where the design wants them; the axes get their points. `None` for a grid, and for what was refused.
pub(super) fn put(
    root: &Reader,
    wanted: &Wanted,
    read: &mut axes::Read,
    seed: u64,
    folder: &Path,
    quantities: &Quantities,
) -> Option<Sampled> {
    let axes = &mut read.axes;
    let (found, written) = match wanted {
        Wanted::Grid => return None,
        Wanted::Sampled(kind, cells, written) => {
            if !(1..=SAMPLED_AXES_MAX).contains(&axes.len()) {
                let message = format!("the sweep has {} axes; expected 1 … {SAMPLED_AXES_MAX}", axes.len());
                written.called("design").report(message);
                return None;
            }
            (sampled(*kind, *cells, seed, axes, std::mem::take(&mut read.ranges)), written)
        }
        Wanted::File(file) => (points::of_file(root, file, axes, folder, quantities)?, file),
        Wanted::Cells(cells) => (of_lists(cells, axes)?, cells),
    };
    if let Some((first, second)) = found.same() {
        let fewer = if wanted.takes_ranges() { ": the axes have not so many different points" } else { "" };
        written.report(format!(
            "the points {} and {} (from 1) are the same{fewer}; expected points that all differ",
            first + 1,
            second + 1
        ));
        return None;
    }
    Some(found)
}

/// What the author of a design should know.
pub(super) fn note(sampled: &Sampled) -> Option<String> {
    let cells = sampled.cells();
    (sampled.kind == SampledKind::Sobol && !cells.is_power_of_two()).then(|| {
        format!(
            "design sobol: {cells} points are no power of two; those of {} would be spread evenly",
            cells.next_power_of_two()
        )
    })
}

/// Cells that are given by the numbers of their points on the axes.
fn of_lists(cells: &Reader, axes: &[Axis]) -> Option<Sampled> {
    let rows = cells.list(&keys::CELLS.expectation())?;
    if rows.is_empty() || rows.len() as u64 > DESIGN_POINTS_MAX || axes.is_empty() {
        cells.report(format!(
            "{} cells over {} axes; expected 1 … {DESIGN_POINTS_MAX} cells, and an axis at least",
            rows.len(),
            axes.len()
        ));
        return None;
    }
    let mut points = Vec::with_capacity(rows.len() * axes.len());
    for (number, row) in rows.iter().enumerate() {
        let numbers = row.list(&keys::CELLS.expectation())?;
        if numbers.len() != axes.len() {
            row.report(format!(
                "cell {number} has {} numbers; expected one for each of {} axes",
                numbers.len(),
                axes.len()
            ));
            return None;
        }
        for (axis, point) in axes.iter().zip(numbers) {
            let index = match point.content() {
                Content::Integer(n) => u32::try_from(*n).ok().filter(|&n| (n as usize) < axis.size()),
                _ => None,
            };
            let Some(index) = index else {
                point.refuse(&format!("the number of a point of the axis {}, 0 … {}", axis.name, axis.size() - 1));
                return None;
            };
            points.push(index);
        }
    }
    Some(Sampled { kind: SampledKind::Points, ranges: vec![None; axes.len()], points })
}
