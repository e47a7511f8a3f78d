//! What follows from the runs, for each cell and for all of them together.

use crate::engine::outcome::Outcome;
use crate::statistics::clusters::{CLUSTERS_MIN, Estimate};
use crate::statistics::sensitivity::{Group, Repetition, chance, first_order, share_without, shift, total};
use crate::sweep::Sweep;

use super::sample::{CellRuns, RunAgain, RunSample};

/// What an input has to do with the output.
#[derive(Debug, Clone)]
pub struct OfInput {
    /// The first-order index; `None` where the output does not vary.
    pub first_order: Option<Estimate>,
    /// The total index; `None` without runs that were made again.
    pub total: Option<Estimate>,
    /// Where the input is in runs with an outage, in standard deviations; `None` without an outage, and for outputs
    /// other than the outage.
    pub shift: Option<Estimate>,
    /// Mean of the values used in runs with an outage, and in all runs of these cells; `None` where an outage never
    /// happens, or always.
    pub means: Option<[f64; 2]>,
}

/// What the runs of one cell, or of all cells together, say.
#[derive(Debug, Clone)]
pub struct Part {
    /// The cell; `None` if it is all of them together.
    pub cell: Option<u32>,
    /// Number of runs.
    pub runs: usize,
    /// Mean of the output; over the cells alike. `None` where it is analyzed by its ranks.
    pub mean: Option<f64>,
    /// Variance of the output within a cell; over the cells alike.
    pub variance: f64,
    /// The share of chance; `None` without runs that were made again.
    pub chance: Option<Estimate>,
    /// For each uncertain input.
    pub inputs: Vec<OfInput>,
}

/// Which uncertain inputs an output of a sweep depends on.
pub struct Sensitivity {
    pub(super) sample: RunSample,
    /// For all cells together.
    pub all: Part,
    /// For each cell.
    pub cells: Vec<Part>,
    /// The number of runs that were made again, with another seed or another draw of an input.
    pub made_again: usize,
    /// Draws that were not made again, since the input is held in their cell or does not fit the rest.
    pub not_redrawn: usize,
}

impl Sensitivity {
    /// What the runs of a sweep say, and those that were made again, whose outcomes stand in the same order.
    pub fn of(sample: RunSample, again: &[RunAgain], outcomes: &[Option<Outcome>]) -> Sensitivity {
        let repetitions = sample.repetitions(again, outcomes);
        let indices: Vec<usize> = (0..sample.cells.len()).collect();
        let all = part(&sample, None, &indices, &repetitions);
        let cells = indices.iter().map(|&index| {
            let of_cell = repetitions.iter().filter(|repetition| repetition.group == index);
            let of_cell: Vec<Repetition> = of_cell.map(|of| Repetition { group: 0, ..of.clone() }).collect();
            part(&sample, Some(sample.cells[index].cell), &[index], &of_cell)
        });
        let cells = cells.collect();
        let made_again = outcomes.iter().flatten().count();
        Sensitivity { all, cells, made_again, not_redrawn: outcomes.len() - made_again, sample }
    }

    /// The sweep.
    pub fn sweep(&self) -> &Sweep {
        &self.sample.sweep
    }

    /// The independent clusters of the runs: the replicates, if those of all cells share their draws.
    pub(super) fn clusters(&self) -> usize {
        let mut clusters: Vec<u64> = self.sample.cells.iter().flat_map(|cell| cell.clusters.iter().copied()).collect();
        clusters.sort_unstable();
        clusters.dedup();
        clusters.len()
    }

    /// Whether there are too few clusters for intervals.
    pub(super) fn has_few_clusters(&self) -> bool {
        self.clusters() < CLUSTERS_MIN
    }
}

/// What some cells say together; the groups of the repetitions are counted among them.
fn part(sample: &RunSample, cell: Option<u32>, cells: &[usize], repetitions: &[Repetition]) -> Part {
    let cells: Vec<&CellRuns> = cells.iter().map(|&index| &sample.cells[index]).collect();
    let groups: Vec<Group<'_>> = cells.iter().map(|cell| cell.group()).collect();
    let happened: Vec<&[bool]> = cells.iter().map(|cell| cell.outages.as_slice()).collect();
    // As in `shift`: outages of a cell weigh as much as there are runs without one.
    let count = |outages: &[bool]| outages.iter().filter(|&&outage| outage).count() as f64;
    let weights: Vec<f64> = happened.iter().map(|outages| share_without(outages)).collect();
    let outages: f64 = weights.iter().zip(&happened).map(|(weight, outages)| weight * count(outages)).sum();
    let is_outage = sample.output.name == crate::summary::columns::OUTAGE;
    let runs: usize = cells.iter().map(|cell| cell.output.len()).sum();
    let of_input = |index: usize| {
        let inputs: Vec<&[f64]> = cells.iter().map(|cell| cell.inputs[index].as_slice()).collect();
        let cells = inputs.iter().zip(&happened).zip(&weights);
        let sums = cells.map(|((input, outages), weight)| {
            let there: f64 = input.iter().zip(*outages).filter(|(_, outage)| **outage).map(|(x, _)| x).sum();
            let everywhere = input.iter().sum::<f64>() / input.len() as f64;
            [weight * there, weight * count(outages) * everywhere]
        });
        let [there, everywhere] = sums.fold([0.0; 2], |[a, b], [x, y]| [a + x, b + y]);
        OfInput {
            first_order: first_order(&groups, &inputs),
            total: total(&groups, repetitions, index),
            shift: is_outage.then(|| shift(&groups, &inputs, &happened)).flatten(),
            means: (outages > 0.0).then(|| [there / outages, everywhere / outages]),
        }
    };
    let average = |of: &dyn Fn(&Group<'_>) -> f64| groups.iter().map(of).sum::<f64>() / groups.len() as f64;
    Part {
        cell,
        runs,
        mean: (!sample.is_ranked())
            .then(|| average(&|group| group.output.iter().sum::<f64>() / group.output.len() as f64)),
        variance: average(&|group| group.variance()),
        chance: chance(&groups, repetitions),
        inputs: (0..sample.sweep.uncertain.len()).map(of_input).collect(),
    }
}
