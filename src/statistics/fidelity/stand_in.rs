//! A line whose outage probabilities are known, with predictions that are worth something, or not.

use super::line::{FidelityEstimate, FidelityLine};
use crate::random::{Purpose, Stream, normal_tails, standard_normal, stream, unit};
use crate::statistics::blocks::{BLOCKS, block_of};
use crate::statistics::crossing::logit;
use crate::statistics::normal::quantile;

/// Cells of a line, from 0 to 1.
pub(super) const CELLS: usize = 11;
/// Where draws turn, on average; their deviation, and what chance adds: a fifth of the variance.
const MIDDLE: f64 = 0.45;
const SPREAD: f64 = 0.15;
const CHANCE: f64 = 0.075;

/// Where a cell is along its line.
pub(super) fn x(cell: usize) -> f64 {
    cell as f64 / (CELLS - 1) as f64
}

/// What a margin is made of: where the cell is less where the draw turns, what chance adds in this run, and a number that
/// has nothing to do with either.
pub(super) type Margin = fn(f64, f64, f64) -> f64;

/// Margins that are worth something, or not.
pub(super) const GOOD: Margin = |off, _, _| off;
pub(super) const EXACT: Margin = |off, chance, _| off - chance;
pub(super) const SHIFTED: Margin = |off, _, _| off + 0.1;
pub(super) const COIN: Margin = |_, _, other| other;
pub(super) const SURE_AND_WRONG: Margin = |off, _, other| if other > 0.0 { 10.0 * off } else { -10.0 * off };

/// What is asked.
#[derive(Clone, Copy)]
pub(super) struct StandIn {
    pub(super) margin: Margin,
    /// The lever by the place along the line.
    pub(super) lever: fn(f64) -> f64,
    pub(super) draws: usize,
    /// Whether the draws are spread evenly, in blocks, like Sobol points.
    pub(super) even: bool,
    /// Mean number of runs of a cell.
    pub(super) runs: f64,
    pub(super) level: Option<f64>,
}

/// What was found.
pub(super) struct Made {
    even: bool,
    pub(super) line: FidelityLine,
    pub(super) outcomes: Vec<Vec<Option<bool>>>,
}

impl StandIn {
    /// The outage probability of a cell.
    pub(super) fn truth(&self, cell: usize) -> f64 {
        normal_tails(((self.lever)(x(cell)) - MIDDLE) / libm::hypot(SPREAD, CHANCE)).lower
    }

    /// Where the outage probability crosses a level, linearly in the logit between two cells.
    pub(super) fn crossings(&self, level: f64) -> Vec<f64> {
        let off = |cell: usize| logit(self.truth(cell)) - logit(level);
        let crossed = (1..CELLS).filter(|&cell| (off(cell - 1) < 0.0) != (off(cell) < 0.0));
        crossed.map(|cell| x(cell - 1) + 0.1 * off(cell - 1) / (off(cell - 1) - off(cell))).collect()
    }

    /// What both rounds make.
    pub(super) fn made(&self, seed: u64) -> Made {
        let mut stream = stream(seed, Purpose::Test("fidelity"));
        let of_blocks = (self.draws / BLOCKS as usize) as f64;
        let score = |draw: usize, stream: &mut Stream| match self.even {
            true => quantile(((draw / BLOCKS as usize) as f64 + unit(stream)) / of_blocks),
            false => standard_normal(stream),
        };
        let turns: Vec<f64> = (0..self.draws).map(|draw| MIDDLE + SPREAD * score(draw, &mut stream)).collect();
        let mut normals = || -> Vec<Vec<f64>> {
            (0..CELLS).map(|_| (0..self.draws).map(|_| standard_normal(&mut stream)).collect()).collect()
        };
        let (chance, other) = (normals(), normals());
        let table = |of: &dyn Fn(usize, usize) -> f64| -> Vec<Vec<f64>> {
            (0..CELLS).map(|cell| (0..self.draws).map(|draw| of(cell, draw)).collect()).collect()
        };
        let off = |cell: usize, draw: usize| (self.lever)(x(cell)) - turns[draw];
        let noise = |cell: usize, draw: usize| CHANCE * chance[cell][draw];
        let margins = table(&|cell, draw| (self.margin)(off(cell, draw), noise(cell, draw), other[cell][draw]));
        let numbers: Vec<Vec<f64>> = (0..CELLS).map(|_| (0..self.draws).map(|_| unit(&mut stream)).collect()).collect();
        let mut line = FidelityLine::new(margins, self.runs, self.level);
        let made = |line: &FidelityLine| -> Vec<Vec<Option<bool>>> {
            let of = |cell: usize, draw: usize| {
                (numbers[cell][draw] < line.chosen(cell, draw)).then(|| off(cell, draw) > noise(cell, draw))
            };
            (0..CELLS).map(|cell| (0..self.draws).map(|draw| of(cell, draw)).collect()).collect()
        };
        line.learn(&made(&line));
        let outcomes = made(&line);
        Made { even: self.even, line, outcomes }
    }
}

impl Made {
    /// The draws that belong together.
    pub(super) fn cluster(&self, draw: usize) -> u64 {
        if self.even { block_of(draw as u32).into() } else { draw as u64 }
    }

    /// What is said of each cell.
    pub(super) fn estimates(&self) -> Vec<FidelityEstimate> {
        let cells = self.outcomes.iter().enumerate();
        cells.map(|(cell, outcomes)| self.line.estimate(cell, outcomes, |draw| self.cluster(draw), 0.95)).collect()
    }
}
