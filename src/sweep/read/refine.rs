//! Reads `[refine]`, and gives the axes the points that refinement may want.

use super::axes::CELLS_MAX;
use super::reader::Reader;
use crate::sweep::design::{REFINED_AXES_MAX, is_spaced, spaced_values};
use crate::sweep::keys::refine as keys;
use crate::sweep::types::{Axis, AxisPoints, Refine};

/// Reads `[refine]`.
pub(super) fn refine(root: &Reader) -> Option<Refine> {
    let table = root.get_table("refine")?;
    table.allow_keys(&keys::TABLE);
    let level = table.number_at(&keys::LEVEL);
    let rounds = table.whole_at(&keys::ROUNDS).and_then(|rounds| u32::try_from(rounds).ok());
    Some(Refine { level: level?, rounds: rounds? })
}

/// Whether replicates have common random numbers where the file does not say so: for the place of a line fresh inputs in
/// each cell are better.
pub(super) fn has_common_random_numbers(root: &Reader) -> bool {
    root.get("refine").is_none()
}

/// What the author of a refined sweep with common random numbers should know.
pub(super) const NOTE: &str = "[refine] with common_random_numbers = true: the errors of neighbouring cells are one error, so \
    that the place of a crossing is known worse than with inputs of its own in each cell";

/// Gives each axis that is refined the points between those of the file.
pub(super) fn extend(root: &Reader, refine: &Refine, axes: &mut [Axis]) {
    let Some(table) = root.get("refine") else { return };
    let refined: Vec<usize> = (0..axes.len()).filter(|&axis| axes[axis].can_be_refined()).collect();
    if refined.is_empty() || refined.len() > REFINED_AXES_MAX {
        return table.report(format!(
            "the sweep has {} axes of numbers at equal distances or ratios (linear, logarithmic); expected 1 … \
             {REFINED_AXES_MAX}",
            refined.len()
        ));
    }
    let size = |axis: &Axis, is_refined: bool| {
        let size = axis.size() as u64;
        if is_refined { ((size - 1) << refine.rounds) + 1 } else { size }
    };
    let sizes = axes.iter().enumerate().map(|(index, axis)| size(axis, refined.contains(&index)));
    let cells = sizes.fold(1_u64, u64::saturating_mul);
    if cells > u64::from(CELLS_MAX) {
        return table.report(format!(
            "with the points of {} rounds the grid has {cells} cells; expected at most {CELLS_MAX}: fewer rounds or points",
            refine.rounds
        ));
    }
    for index in refined {
        let axis = &mut axes[index];
        let size = size(axis, true) as usize;
        let AxisPoints::Values { parameter, values, logarithmic } = &mut axis.points else { continue };
        let Some((from, to)) = is_spaced(parameter.domain(), values, *logarithmic) else { continue };
        *values = spaced_values(parameter.domain(), from, to, size, *logarithmic);
        if values.windows(2).any(|pair| pair[0] == pair[1]) {
            table.report(format!(
                "axis {}: {size} points from {from} to {to} are not all different once rounded; expected fewer rounds",
                axis.name
            ));
        }
    }
}
