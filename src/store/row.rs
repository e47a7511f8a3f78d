//! A run as it is kept.

use super::key::RunKey;
use crate::engine::Run;

/// One finished run.
#[derive(Debug, Clone)]
pub struct RunRow {
    /// Its cell.
    pub cell: u32,
    /// Its number within the cell.
    pub replicate: u32,
    /// Its seed.
    pub seed: u64,
    /// The values used for the uncertain inputs.
    pub drawn: Vec<f64>,
    /// Its outputs and its trace.
    pub run: Run,
}

impl RunRow {
    /// Which run it is.
    pub fn key(&self) -> RunKey {
        RunKey { cell: self.cell, replicate: self.replicate }
    }
}

/// A run that is in a checkpoint, as far as it decides whether its cell wants more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FoundRun {
    /// Which run it is.
    pub key: RunKey,
    /// Whether it had an outage.
    pub outage: bool,
}
