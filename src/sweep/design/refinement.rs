//! Which cells of a refined grid are there from the beginning, and between which others each of the rest lies.
//!
//! The axes of a refined sweep have every point that a cell may ever have. Round 0 is the grid of the points that the file
//! says. A cell of a later round lies in the middle between two cells of earlier rounds, along one axis, and at points of the
//! file on every other: lines are refined, not the areas between them. So each cell follows from two others alone.

use super::spacing::is_spaced;
use crate::sweep::types::{Axis, AxisPoints, Refine, Sweep};

/// Most axes that are refined.
pub(in crate::sweep) const AXES_MAX: usize = 4;

impl Axis {
    /// Whether the axis is refined, where a sweep is: its points are numbers at equal distances or ratios.
    pub(in crate::sweep) fn can_be_refined(&self) -> bool {
        match &self.points {
            AxisPoints::Values { parameter, values, logarithmic } => {
                is_spaced(parameter.domain(), values, *logarithmic).is_some()
            }
            AxisPoints::Variants(_) => false,
        }
    }
}

/// The cells of a refined grid.
#[derive(Debug, Clone)]
pub struct Refinement {
    refine: Refine,
    axes: Vec<RefinedAxis>,
}

#[derive(Debug, Clone, Copy)]
struct RefinedAxis {
    size: u32,
    /// By how much the numbers of two cells differ that are one point apart.
    stride: u32,
    /// Whether it has points between those of the file.
    is_refined: bool,
}

/// A cell that may be put between two others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Between {
    /// The cell.
    pub cell: u32,
    /// The cells that it lies between.
    pub neighbours: [u32; 2],
}

impl Sweep {
    /// The cells of the sweep by rounds, if it is refined.
    pub fn refinement(&self) -> Option<Refinement> {
        let refine = self.refine?;
        let mut stride = 1;
        let axes = self.axes.iter().rev().map(|axis| {
            let size = axis.size() as u32;
            let of_axis = RefinedAxis { size, stride, is_refined: axis.can_be_refined() };
            stride = stride.saturating_mul(size);
            of_axis
        });
        let mut axes: Vec<RefinedAxis> = axes.collect();
        axes.reverse();
        Some(Refinement { refine, axes })
    }
}

impl Refinement {
    /// The outage probability whose crossing is looked for.
    pub fn level(&self) -> f64 {
        self.refine.level
    }

    /// The number of the last round.
    pub fn rounds(&self) -> u32 {
        self.refine.rounds
    }

    /// Points from one of the file to the next.
    fn step(&self, axis: &RefinedAxis) -> u32 {
        if axis.is_refined { 1 << self.refine.rounds } else { 1 }
    }

    /// Whether a cell is at a point of the file on every axis but one.
    pub fn is_on_line(&self, along: usize, cell: u32) -> bool {
        let others = self.axes.iter().enumerate().filter(|&(index, _)| index != along);
        others.into_iter().all(|(_, axis)| (cell / axis.stride % axis.size).is_multiple_of(self.step(axis)))
    }

    /// The cells of round 0, in order.
    pub fn first_cells(&self) -> Vec<u32> {
        let mut cells = vec![0];
        for axis in &self.axes {
            let points = (0..axis.size).step_by(self.step(axis) as usize);
            let offsets: Vec<u32> = points.map(|point| point * axis.stride).collect();
            cells = cells.iter().flat_map(|cell| offsets.iter().map(move |offset| cell + offset)).collect();
        }
        cells
    }

    /// The cells that a later round may have, in order.
    pub fn between(&self, round: u32) -> Vec<Between> {
        let mut all = Vec::new();
        let first = self.first_cells();
        for axis in self.axes.iter().filter(|axis| axis.is_refined) {
            // From a new cell to its neighbours.
            let half = (1 << (self.refine.rounds - round.min(self.refine.rounds))) * axis.stride;
            let edge = self.step(axis) * axis.stride;
            for cell in first.iter().filter(|&cell| cell / axis.stride % axis.size + 1 < axis.size) {
                let middles = (cell + half..cell + edge).step_by(2 * half as usize);
                all.extend(middles.map(|cell| Between { cell, neighbours: [cell - half, cell + half] }));
            }
        }
        all.sort_unstable();
        all
    }

    /// Every cell that there may be, round by round.
    pub fn all_cells(&self) -> impl Iterator<Item = u32> + '_ {
        let later = (1..=self.rounds()).flat_map(|round| self.between(round));
        self.first_cells().into_iter().chain(later.map(|between| between.cell))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn sweep(rounds: u32) -> Sweep {
        let toml = format!(
            "name = \"t\"\n[[axis]]\nparameter = \"overlay.supernode_ratio\"\n\
             logarithmic = {{ from = 0.01, to = 0.04, points = 3 }}\n\
             [[axis]]\nname = \"server\"\nvariants = [ {{ label = \"a\" }}, {{ label = \"b\" }} ]\n\
             [[axis]]\nparameter = \"updates.synchronization\"\nlinear = {{ from = 0.0, to = 1.0, points = 5 }}\n\
             [[axis]]\nparameter = \"login.timeout_s\"\nvalues = [30, 60, 300]\n[refine]\nlevel = 0.5\nrounds = {rounds}\n"
        );
        Sweep::parse(&toml, "t.toml", &[]).unwrap()
    }

    #[test]
    fn the_first_cells_are_those_of_the_points_of_the_file() {
        let sweep = sweep(2);
        let sizes: Vec<usize> = sweep.axes.iter().map(Axis::size).collect();
        assert_eq!(sizes, [9, 2, 17, 3]);
        let first = sweep.refinement().unwrap().first_cells();
        assert_eq!(first.len(), 3 * 2 * 5 * 3);
        assert!(first.windows(2).all(|pair| pair[0] < pair[1]));
        for cell in first {
            let at = sweep.coordinates(cell);
            assert!(at[0].is_multiple_of(4) && at[2].is_multiple_of(4), "{at:?}");
        }
        let label = |axis, cell| sweep.label(axis, cell).unwrap().to_string();
        assert_eq!((label(2, 0), label(2, 4 * 3), label(2, 3)), ("0.0".into(), "0.25".into(), "0.0625".into()));
    }

    #[test]
    fn a_cell_of_a_round_lies_between_two_cells_of_earlier_ones_along_one_axis() {
        let sweep = sweep(3);
        let refinement = sweep.refinement().unwrap();
        let mut seen: BTreeSet<u32> = refinement.first_cells().into_iter().collect();
        for round in 1..=3 {
            let between = refinement.between(round);
            assert_eq!(between.len(), (2 * 2 * 5 * 3 + 3 * 2 * 4 * 3) << (round - 1));
            for Between { cell, neighbours } in &between {
                assert!(neighbours.iter().all(|neighbour| seen.contains(neighbour)), "{cell}: {neighbours:?}");
                let [a, b, c] = [neighbours[0], *cell, neighbours[1]].map(|cell| sweep.coordinates(cell));
                let moved: Vec<usize> = (0..4).filter(|&axis| a[axis] != c[axis]).collect();
                assert_eq!(moved.len(), 1, "{a:?} {c:?}");
                let axis = moved[0];
                assert_eq!((b[axis] - a[axis], c[axis] - b[axis]), (8 >> round, 8 >> round));
                assert!(refinement.is_on_line(axis, *cell) && !refinement.is_on_line(1, *cell));
            }
            let before = seen.len();
            seen.extend(between.iter().map(|between| between.cell));
            assert_eq!(seen.len(), before + between.len(), "a cell has one round");
        }
        assert_eq!(refinement.all_cells().collect::<BTreeSet<u32>>(), seen);
    }
}
