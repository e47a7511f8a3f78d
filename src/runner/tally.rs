//! Counts what was found and what is done, for those who want to know how far a sweep is.

use super::progress::Progress;
use super::schedule::decided_with;
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
    pub(super) fn take(store: &Store, rule: &Replicates) -> Result<Tally, StoreError> {
        let (folder, shard) = (store.folder(), store.shard().unwrap_or(Shard::ALL));
        let (complete, open): (Vec<u32>, Vec<u32>) = (0..folder.blocks()).partition(|&block| store.is_complete(block));
        let cells_of = |block: u32| folder.cells_of(block).filter(|&cell| shard.has(cell)).count() as u32;
        let mut cells_found: u32 = complete.into_iter().map(cells_of).sum();
        let (mut measured, mut runs_found) = ((0, 0), 0);
        let open = open.into_iter().filter(|_| store.recovered() > 0);
        for block in open {
            let found = store.found(block)?;
            let cells = found.chunk_by(|a, b| a.key.cell == b.key.cell).filter(|runs| shard.has(runs[0].key.cell));
            for runs in cells {
                match decided_with(rule, runs) {
                    Some(replicates) => {
                        cells_found += 1;
                        measured = (measured.0 + 1, measured.1 + u64::from(replicates));
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
            cells: shard.size(folder.sweep().cells()),
            runs_of_open: runs_found,
            runs_per_cell: Some(f64::from(rule.at_most)),
        };
        let mut tally = Tally { progress, measured, is_adaptive: rule.half_width.is_some() };
        tally.measure();
        Ok(tally)
    }

    fn measure(&mut self) {
        if self.is_adaptive {
            let (cells, runs) = self.measured;
            self.progress.runs_per_cell = (cells > 0).then(|| runs as f64 / f64::from(cells));
        }
    }

    /// A run of this session has finished, and its cell may be decided with it, with that many replicates.
    pub(super) fn finish(&mut self, decided: Option<u32>) {
        self.progress.runs += 1;
        self.progress.runs_of_open += 1;
        if let Some(replicates) = decided {
            self.progress.cells_decided += 1;
            self.progress.runs_of_open = self.progress.runs_of_open.saturating_sub(replicates.into());
            self.measured = (self.measured.0 + 1, self.measured.1 + u64::from(replicates));
            self.measure();
        }
    }

    pub(super) fn progress(&self) -> Progress {
        self.progress
    }
}
