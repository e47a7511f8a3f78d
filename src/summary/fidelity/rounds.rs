//! The lines of a sweep, and the runs that are made for each round.

use std::collections::BTreeMap;

use super::level::{AtLevel, Said};
use crate::boundary::{Along, Line, Question, rises};
use crate::engine::EngineKind;
use crate::engine::outcome::Outcome;
use crate::parameters::Value;
use crate::statistics::fidelity::{FidelityEstimate, FidelityLine};
use crate::store::RunKey;
use crate::summary::crossings::is_logarithmic;
use crate::sweep::{AxisLabel, Realization, Sweep};

/// Checks that the cells of a sweep are lines along an axis, with something to choose from in each.
///
/// # Errors
/// What is not so: a message.
pub fn check_fidelity(sweep: &Sweep, along: &str) -> Result<(), String> {
    let refused = |why: &str| Err(why.to_owned());
    if !sweep.axes.iter().any(|axis| axis.parameter().is_some_and(|swept| swept.name() == along)) {
        let names: Vec<&str> = sweep.axes.iter().map(|axis| axis.name.as_str()).collect();
        return Err(format!("--along: {along} is no axis of numbers of this sweep; its axes are {}", names.join(", ")));
    }
    if sweep.uncertain.is_empty() {
        return refused("without [uncertain] the limit says the same of all runs of a cell: run the sweep itself");
    }
    if sweep.refine.is_some() || sweep.sampled.is_some() {
        return refused("[refine] and [design] choose other cells than those of a grid: take them out");
    }
    if sweep.engine == EngineKind::MeanField {
        return refused(
            "run.engine is mean-field, whose runs are the limit itself: critmass boundary says where they turn",
        );
    }
    Ok(())
}

/// A line of cells, of which some runs are made.
pub(super) struct OfLine {
    pub(super) cells: Vec<u32>,
    /// Where they are along the line.
    pub(super) x: Vec<f64>,
    /// The draws, with where they turn in the limit.
    pub(super) limit: Vec<Line>,
    /// By cell and draw: how far the limit is from turning, see [`Line::margin`].
    pub(super) margins: Vec<Vec<f64>>,
    pub(super) line: FidelityLine,
    /// By cell and draw: whether a run had an outage; `None` if it is not made.
    pub(super) outcomes: Vec<Vec<Option<bool>>>,
}

/// The runs of two rounds, of which the second one follows from what the first one says.
pub struct FidelityRounds {
    sweep: Sweep,
    /// The sweep whose cells are the lines.
    of_lines: Sweep,
    along: Along,
    level: Option<f64>,
    is_logarithmic: bool,
    lines: Vec<OfLine>,
}

/// What the runs say of each cell, and of the level if one was asked for.
pub struct Fidelity {
    pub(super) sweep: Sweep,
    pub(super) of_lines: Sweep,
    pub(super) along: Along,
    pub(super) lines: Vec<OfLine>,
    /// In the order of the cells.
    pub(super) cells: Vec<(u32, FidelityEstimate)>,
    pub(super) level: Option<AtLevel>,
}

impl FidelityRounds {
    /// The lines of a sweep that was checked, with the answer to the question after its turns in the limit, for a mean number
    /// of runs of each cell; if a level is given, they are made for its crossings. Replicates have their draws in common along a line,
    /// whatever the sweep says.
    pub fn new(sweep: &Sweep, question: Question, limit: Vec<Line>, runs: f64, level: Option<f64>) -> FidelityRounds {
        let mut sweep = sweep.clone();
        sweep.replicates.common_random_numbers = true;
        sweep.traces = None;
        let Question { sweep: of_lines, along, .. } = question;
        let axis = sweep.axes.iter().position(|axis| axis.name == along.quantity.name()).unwrap_or(0);
        let mut cells_of: BTreeMap<Vec<usize>, Vec<u32>> = BTreeMap::new();
        for cell in 0..sweep.cells() {
            let mut others = sweep.coordinates(cell);
            others.remove(axis);
            cells_of.entry(others).or_default().push(cell);
        }
        let x = |cell: u32| match sweep.label(axis, cell) {
            Some(AxisLabel::Value(value)) => Value::as_f64(value).unwrap_or(f64::NAN),
            _ => f64::NAN,
        };
        // The cells of the question are the lines of this sweep, in the same order.
        let lines = limit.chunk_by(|a, b| a.cell == b.cell).zip(cells_of.into_values());
        let lines = lines.map(|(limit, mut cells)| {
            if level.is_some() {
                // A line is crossed from its lowest point on.
                cells.sort_by(|&a, &b| x(a).total_cmp(&x(b)));
            }
            let rises = rises(limit).unwrap_or(true);
            let of_cell = |x: f64| limit.iter().map(|line| line.margin(&along, x, rises)).collect();
            let x: Vec<f64> = cells.iter().map(|&cell| x(cell)).collect();
            let margins: Vec<Vec<f64>> = x.iter().map(|&x| of_cell(x)).collect();
            let line = FidelityLine::new(margins.clone(), runs, level);
            let outcomes = vec![vec![None; limit.len()]; cells.len()];
            OfLine { cells, x, limit: limit.to_vec(), margins, line, outcomes }
        });
        let lines = lines.collect();
        let is_logarithmic = is_logarithmic(&sweep, axis);
        FidelityRounds { sweep, of_lines, along, level, is_logarithmic, lines }
    }

    /// The sweep whose runs are made.
    pub fn sweep(&self) -> &Sweep {
        &self.sweep
    }

    /// The runs that this round wants, and that are not there.
    pub fn wanted(&self) -> Vec<RunKey> {
        let mut wanted = Vec::new();
        for OfLine { cells, limit, line, outcomes, .. } in &self.lines {
            for (index, &cell) in cells.iter().enumerate() {
                for (draw, of_limit) in limit.iter().enumerate() {
                    let number = self.sweep.selection_number(cell, of_limit.replicate);
                    if outcomes[index][draw].is_none() && number < line.chosen(index, draw) {
                        wanted.push(RunKey { cell, replicate: of_limit.replicate });
                    }
                }
            }
        }
        wanted
    }

    /// A run that is wanted.
    pub fn realization(&self, key: &RunKey) -> Option<Realization> {
        Some(self.sweep.realization(key.cell, key.replicate))
    }

    /// Takes in the outcomes of the runs that were wanted, in their order.
    pub fn take_in(&mut self, wanted: &[RunKey], outcomes: &[Option<Outcome>]) {
        let pairs = wanted.iter().zip(outcomes);
        let made: BTreeMap<RunKey, bool> =
            pairs.filter_map(|(&key, outcome)| Some((key, outcome.as_ref()?.outage))).collect();
        for OfLine { cells, limit, outcomes, .. } in &mut self.lines {
            for (&cell, outcomes) in cells.iter().zip(outcomes) {
                for (of_limit, outcome) in limit.iter().zip(outcomes) {
                    let key = RunKey { cell, replicate: of_limit.replicate };
                    *outcome = outcome.or_else(|| made.get(&key).copied());
                }
            }
        }
    }

    /// Learns from the first round what the second one wants.
    pub fn learn(&mut self) {
        self.lines.iter_mut().for_each(|of_line| of_line.line.learn(&of_line.outcomes));
    }

    /// What both rounds say.
    pub fn into_answer(self) -> Fidelity {
        let FidelityRounds { sweep, of_lines, along, level, is_logarithmic, lines } = self;
        let confidence = sweep.replicates.confidence;
        let mut cells = Vec::new();
        let mut at_level = level.map(|level| AtLevel { level, lines: Vec::new() });
        for OfLine { cells: of_line, x, limit, line, outcomes, .. } in &lines {
            // Cells of a line have their draws in common.
            let cluster = |draw: usize| sweep.cluster(of_line[0], limit[draw].replicate);
            let estimate = |index: usize| line.estimate(index, &outcomes[index], cluster, confidence);
            let estimates: Vec<FidelityEstimate> = (0..of_line.len()).map(estimate).collect();
            if let Some(at_level) = &mut at_level {
                let said = Said { first_cell: of_line[0], x, line, estimates: &estimates, outcomes };
                at_level.add(&said, cluster, is_logarithmic);
            }
            cells.extend(of_line.iter().copied().zip(estimates));
        }
        cells.sort_by_key(|(cell, _)| *cell);
        Fidelity { sweep, of_lines, along, lines, cells, level: at_level }
    }
}
