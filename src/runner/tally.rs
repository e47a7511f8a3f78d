//! Counts what was found and what is done, for those who want to know how far a sweep is.

use std::sync::Arc;

use super::progress::Progress;
use super::schedule::decided_by;
use crate::statistics::plan::Plan;
use crate::store::{Shard, Store, StoreError};
use crate::sweep::Replicates;

/// The progress of a session, and what it follows from.
pub(super) struct Tally {
    progress: Progress,
    /// Cells whose number of runs is known, and these runs.
    measured: (u32, u64),
    /// Whether the runs of a cell decide how many it gets.
    is_adaptive: bool,
}

impl Tally {
    /// Counts what is in the folder. Reads the runs in checkpoints, if there are any.
    pub(super) fn take(store: &Store, rule: &Replicates, plan: &Arc<Plan>) -> Result<Tally, StoreError> {
        let (folder, shard) = (store.folder(), store.shard().unwrap_or(Shard::ALL));
        let groups = folder.sweep().groups();
        let is_own = |cell: u32| shard.has(groups.of(cell));
        let (complete, open): (Vec<u32>, Vec<u32>) = (0..folder.blocks()).partition(|&block| store.is_complete(block));
        let cells_of = |block: u32| folder.cells_of(block).filter(|&cell| is_own(cell)).count() as u32;
        let mut cells_found: u32 = complete.into_iter().map(cells_of).sum();
        let (mut measured, mut runs_found) = ((0, 0), 0);
        for block in open {
            let found = store.found(block)?;
            let decided = decided_by(plan, groups, &found);
            let cells = found.chunk_by(|a, b| a.key.cell == b.key.cell).filter(|runs| is_own(runs[0].key.cell));
            for runs in cells {
                match decided.get(&runs[0].key.cell) {
                    Some(decided) => {
                        cells_found += 1;
                        measured = (measured.0 + 1, measured.1 + u64::from(decided.runs));
                    }
                    None => runs_found += runs.len() as u64,
                }
            }
        }
        let progress = Progress {
            runs: 0,
            runs_found,
            cells_decided: cells_found,
            cells_found,
            cells: shard.size(folder.sweep().cells() / groups.size()) * groups.size(),
            runs_of_open: runs_found,
            runs_per_cell: Some(f64::from(rule.at_most)),
        };
        let mut tally = Tally { progress, measured, is_adaptive: plan.is_adaptive() };
        tally.measure();
        Ok(tally)
    }

    /// Notes how many cells there are in the rounds of a refined sweep so far, and how many of them are decided.
    pub(super) fn refine(&mut self, (cells, decided): (u32, u32)) {
        (self.progress.cells, self.progress.cells_decided) = (cells, decided);
        if self.progress.runs == 0 {
            self.progress.cells_found = decided;
        }
    }

    fn measure(&mut self) {
        if self.is_adaptive {
            let (cells, runs) = self.measured;
            self.progress.runs_per_cell = (cells > 0).then(|| runs as f64 / f64::from(cells));
        }
    }

    /// A run of this session has finished, and some cells may be decided with it, with that many replicates each.
    pub(super) fn finish(&mut self, decided: Option<(u32, u32)>) {
        self.progress.runs += 1;
        self.progress.runs_of_open += 1;
        if let Some((cells, replicates)) = decided {
            let runs = u64::from(cells) * u64::from(replicates);
            self.progress.cells_decided += cells;
            self.progress.runs_of_open = self.progress.runs_of_open.saturating_sub(runs);
            self.measured = (self.measured.0 + cells, self.measured.1 + runs);
            self.measure();
        }
    }

    pub(super) fn progress(&self) -> Progress {
        self.progress
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A session of 10 cells that found one cell of 40 runs, and 30 runs of another one.
    fn tally(is_adaptive: bool) -> Tally {
        let progress = Progress {
            runs: 0,
            runs_found: 30,
            cells_decided: 1,
            cells_found: 1,
            cells: 10,
            runs_of_open: 30,
            runs_per_cell: Some(100.0),
        };
        Tally { progress, measured: (1, 40), is_adaptive }
    }

    #[test]
    fn runs_count_for_the_cell_that_is_open_until_it_is_decided() {
        let mut tally = tally(true);
        (0..29).for_each(|_| tally.finish(None));
        assert_eq!((tally.progress.runs, tally.progress.runs_of_open, tally.progress.cells_decided), (29, 59, 1));
        tally.finish(Some((1, 60)));
        let progress = tally.progress();
        assert_eq!((progress.runs, progress.runs_of_open, progress.cells_decided), (30, 0, 2));
        assert_eq!(progress.runs_per_cell, Some(50.0));
        assert_eq!((progress.cells_found, progress.runs_found), (1, 30), "what was found stays what it was");
        // Eight cells of 50 runs, at ten runs a second.
        assert_eq!(progress.left_s(3.0), Some(40.0));
    }

    #[test]
    fn where_a_cell_gets_a_fixed_number_of_runs_nothing_is_measured() {
        let mut tally = tally(false);
        tally.finish(Some((1, 31)));
        assert_eq!(tally.progress().runs_per_cell, Some(100.0));
    }
}
