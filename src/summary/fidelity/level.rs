//! Where each line crosses the level that was asked for.

use crate::statistics::crossing::Crossing;
use crate::statistics::fidelity::{FidelityEstimate, FidelityLine, crossings};
use crate::summary::crossings::{Line, side, take_back_logarithms};

/// The crossings of a level.
pub(super) struct AtLevel {
    pub(super) level: f64,
    /// In the order of the lines.
    pub(super) lines: Vec<Line>,
}

/// A line, as far as its runs say where it crosses a level.
pub(super) struct Said<'a> {
    pub(super) first_cell: u32,
    /// Where the cells are.
    pub(super) x: &'a [f64],
    pub(super) line: &'a FidelityLine,
    pub(super) estimates: &'a [FidelityEstimate],
    pub(super) outcomes: &'a [Vec<Option<bool>>],
}

impl AtLevel {
    /// Adds a line, whose draws with the same number of `cluster` belong together.
    pub(super) fn add(&mut self, said: &Said<'_>, cluster: impl Fn(usize) -> u64, is_logarithmic: bool) {
        let Said { first_cell, x, line, estimates, outcomes } = *said;
        let places: Vec<f64> = x.iter().map(|&x| if is_logarithmic { libm::log(x) } else { x }).collect();
        let mut crossings: Vec<Crossing> = crossings(line, &places, estimates, outcomes, cluster, self.level);
        if is_logarithmic {
            let points = || places.iter().copied().zip(x.iter().copied());
            crossings.iter_mut().for_each(|crossing| take_back_logarithms(crossing, points()));
        }
        let side = side(estimates.iter().map(|estimate| estimate.interval), self.level);
        self.lines.push(Line { first_cell, crossings, side });
    }
}
