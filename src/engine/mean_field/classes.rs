//! The classes of clients: region × eligible or not × update still to come or not.
//!
//! Masses are shares of the population. They are kept in *cells*, one for each region and each state of the update,
//! with a number for those who are not eligible and one for those who are. Before the release nothing depends on who will
//! be patched: then only the first half of the cells has masses, and the patched ones are dealt out at the release.

use std::slice::{from_mut, from_ref};

/// Masses of a cell: those who are not eligible, and those who are.
pub(super) type Pair = [f64; 2];

/// Nobody.
pub(super) const ZERO: Pair = [0.0; 2];

/// Regions by default. Loops over as many regions, and over as many cells as these have, are unrolled: see benches/README.md
/// for what that is worth.
pub(super) const REGIONS: usize = 3;

/// Cells of that many regions, for both states of the update.
pub(super) const ALL_CELLS: usize = 2 * REGIONS;

/// A mass that is below 0 by rounding is none: a comparison alone, which `f64::max` is not.
pub(super) fn at_least_none(mass: f64) -> f64 {
    if mass > 0.0 { mass } else { 0.0 }
}

/// The mass of some cells.
#[inline(always)]
pub(super) fn mass(cells: &[Pair]) -> f64 {
    match <&[Pair; ALL_CELLS]>::try_from(cells) {
        Ok(cells) => sum(cells.iter().map(|pair| pair[0] + pair[1])),
        Err(_) => sum(cells.iter().map(|pair| pair[0] + pair[1])),
    }
}

/// The mass of some scaled cells.
#[inline(always)]
pub(super) fn scaled_mass(cells: &[Pair], factors: &[f64]) -> f64 {
    match (<&[Pair; ALL_CELLS]>::try_from(cells), factors.first_chunk::<ALL_CELLS>()) {
        (Ok(cells), Some(factors)) => sum(cells.iter().zip(factors).map(|(pair, factor)| (pair[0] + pair[1]) * factor)),
        _ => sum(cells.iter().zip(factors).map(|(pair, factor)| (pair[0] + pair[1]) * factor)),
    }
}

/// The sum of some numbers, in two parts that take turns: an addition waits for the one before it.
#[inline(always)]
fn sum(numbers: impl Iterator<Item = f64>) -> f64 {
    let [one, other] = numbers.fold([0.0; 2], |[one, other], number| [other, one + number]);
    one + other
}

/// Adds some masses, each times the same factor, to as many.
#[inline(always)]
pub(super) fn add_scaled(to: &mut [Pair], cells: &[Pair], factor: f64) {
    match cells.len() {
        ALL_CELLS => add_all_scaled::<ALL_CELLS>(to, cells, factor),
        REGIONS => add_all_scaled::<REGIONS>(to, cells, factor),
        _ => to.iter_mut().zip(cells).for_each(|(to, cell)| add_all_scaled::<1>(from_mut(to), from_ref(cell), factor)),
    }
}

#[inline(always)]
fn add_all_scaled<const CELLS: usize>(to: &mut [Pair], cells: &[Pair], factor: f64) {
    let to = to.first_chunk_mut::<CELLS>().expect("as many cells");
    let cells = *cells.first_chunk::<CELLS>().expect("as many cells");
    // In registers: the two might overlap for all that the compiler knows.
    let mut sums = *to;
    for (sum, mass) in sums.as_flattened_mut().iter_mut().zip(cells.as_flattened()) {
        *sum += mass * factor;
    }
    *to = sums;
}

/// Moves the share `second` of each of the first `regions` cells to the cell that many further on, and so on for what
/// follows these twice as many cells.
pub(super) fn split(cells: &mut [Pair], regions: usize, second: f64) {
    for both in cells.chunks_exact_mut(2 * regions) {
        let (first, others) = both.split_at_mut(regions);
        for (from, to) in first.iter_mut().zip(others) {
            for side in 0..2 {
                to[side] = from[side] * second;
                from[side] *= 1.0 - second;
            }
        }
    }
}

/// Multiplies the masses of each cell by its factor; the cells repeat.
pub(super) fn rescale(cells: &mut [Pair], factors: &[f64]) {
    for cells in cells.chunks_exact_mut(factors.len()) {
        for (mass, factor) in cells.iter_mut().zip(factors) {
            mass[0] *= factor;
            mass[1] *= factor;
        }
    }
}
