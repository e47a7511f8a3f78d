//! The classes of clients: region × eligible or not × update still to come or not.
//!
//! Masses are shares of the population. They are kept in *cells*, one for each region and each state of the update,
//! with a number for those who are not eligible and one for those who are. Before the release nothing depends on who will
//! be patched: then only the first half of the cells has masses, and the patched ones are dealt out at the release.

/// Masses of a cell: those who are not eligible, and those who are.
pub(super) type Pair = [f64; 2];

/// Nobody.
pub(super) const ZERO: Pair = [0.0; 2];

/// A mass that is below 0 by rounding is none: a comparison alone, which `f64::max` is not.
pub(super) fn at_least_none(mass: f64) -> f64 {
    if mass > 0.0 { mass } else { 0.0 }
}

/// The mass of some cells.
pub(super) fn mass(cells: &[Pair]) -> f64 {
    cells.iter().map(|pair| pair[0] + pair[1]).sum()
}

/// The mass of some scaled cells.
pub(super) fn scaled_mass(cells: &[Pair], factors: &[f64]) -> f64 {
    cells.iter().zip(factors).map(|(pair, factor)| (pair[0] + pair[1]) * factor).sum()
}

/// Adds some masses, each times the same factor.
pub(super) fn add_scaled(to: &mut [Pair], cells: &[Pair], factor: f64) {
    for (to, pair) in to.iter_mut().zip(cells) {
        to[0] += pair[0] * factor;
        to[1] += pair[1] * factor;
    }
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
