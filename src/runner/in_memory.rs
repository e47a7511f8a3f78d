//! The runs of a sweep that fits into memory, without a folder.

use std::sync::Arc;

use rayon::prelude::*;

use super::schedule::Schedule;
use super::single::simulate;
use crate::engine::Engine;
use crate::store::RunRow;
use crate::sweep::Sweep;

/// Makes all runs of a sweep on the threads of rayon's current pool: those that would be written to its folder, in the
/// order of (cell, replicate).
pub fn run_in_memory(sweep: &Sweep) -> Vec<RunRow> {
    let mut schedule = Schedule::new(Arc::new(sweep.replicates.plan()));
    (0..sweep.cells()).for_each(|cell| schedule.open(cell, Vec::new()));
    let mut runs = Vec::new();
    while !schedule.is_idle() {
        let make = |engine: &mut Box<dyn Engine>, key| simulate(engine.as_mut(), sweep, key, None);
        let wanted = schedule.take_wanted();
        let made: Vec<RunRow> = wanted.into_par_iter().map_init(|| sweep.engine.workspace(), make).flatten().collect();
        made.iter().for_each(|row| schedule.finish(row.key(), row.run.outcome.outage));
        runs.extend(made);
    }
    runs.sort_by_key(RunRow::key);
    runs
}
