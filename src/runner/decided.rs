//! Which cells are decided by what is kept, without a run.

use std::sync::Arc;

use super::schedule::decided_by;
use crate::store::{Folder, StoreError};

/// Runs that are looked at together, about.
const RUNS_AT_ONCE: u32 = 2_000_000;

/// The cells of some blocks, in order, that are decided with the runs in the checkpoints, and the number of these runs.
///
/// # Errors
/// A file cannot be read.
pub fn decided_cells(folder: &Folder, blocks: &[u32]) -> Result<(Vec<u32>, u64), StoreError> {
    let rule = &folder.sweep().replicates;
    let plan = Arc::new(folder.sweep().plan());
    let cells_at_once = (RUNS_AT_ONCE / rule.at_most).max(1);
    let (mut decided, mut runs) = (Vec::new(), 0);
    let mut blocks = blocks.iter().peekable();
    while let Some(&block) = blocks.next() {
        let mut cells = folder.cells_of(block);
        // Blocks that lie beside each other are in the same files.
        while let Some(next) = blocks.next_if(|&&next| {
            let next = folder.cells_of(next);
            next.start == cells.end && next.end - cells.start <= cells_at_once
        }) {
            cells.end = folder.cells_of(*next).end;
        }
        let found = folder.found(cells)?;
        runs += found.len() as u64;
        decided.extend(decided_by(&plan, folder.sweep().groups(), &found).into_keys());
    }
    Ok((decided, runs))
}
