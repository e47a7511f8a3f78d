//! The probabilities of rare outages, one for each cell that was looked at.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `table` | a row for each cell |
//! | `kept` | the cells of a table that was kept |
//! | `words` | the same for people |

mod kept;
mod table;
mod words;

use std::collections::BTreeMap;

use crate::statistics::rare::Estimate;
use crate::sweep::{Rare, Sweep};

/// What is known of the rare outages of a sweep.
pub struct RareOutages {
    sweep: Sweep,
    wish: Rare,
    cells: BTreeMap<u32, RareCell>,
}

/// What is known of those of a cell.
struct RareCell {
    estimate: Estimate,
    /// The inputs at the centre of the outages, in the order of the uncertain ones; NaN where there is none.
    inputs: Vec<f64>,
}

impl RareOutages {
    /// Of a sweep, before any cell was looked at.
    pub fn new(sweep: Sweep, wish: Rare) -> RareOutages {
        RareOutages { sweep, wish, cells: BTreeMap::new() }
    }

    /// Adds what is known of a cell.
    pub fn add(&mut self, cell: u32, estimate: Estimate) {
        let inputs = match &estimate.centre {
            Some(centre) => self.sweep.inputs_at(cell, centre),
            None => vec![f64::NAN; self.sweep.uncertain.len()],
        };
        self.cells.insert(cell, RareCell { estimate, inputs });
    }

    /// Whether a cell was looked at.
    pub fn has(&self, cell: u32) -> bool {
        self.cells.contains_key(&cell)
    }

    /// What is known of these cells alone.
    #[must_use]
    pub fn of(mut self, cells: &[u32]) -> RareOutages {
        self.cells.retain(|cell, _| cells.contains(cell));
        self
    }
}

impl RareCell {
    /// How many plain runs it would have taken for the same error; `None` without an outage, or where all runs have one.
    fn plain_runs(&self) -> Option<f64> {
        let Estimate { probability: p, relative_error, .. } = self.estimate;
        let runs = (1.0 - p) / (p * relative_error * relative_error);
        (p > 0.0 && p < 1.0 && runs.is_finite()).then_some(runs)
    }

    /// Why it cannot be trusted, in words; empty if it has converged.
    fn doubts(&self) -> String {
        let words: Vec<String> = self.estimate.doubts.iter().map(ToString::to_string).collect();
        words.join("; ")
    }
}
