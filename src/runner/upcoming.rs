//! The cells that were not opened yet, with what was found of them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::frontier::Frontier;
use super::schedule::decided_by;
use crate::statistics::blocks::Counts;
use crate::statistics::plan::Plan;
use crate::store::{FoundRun, Shard, Store, StoreError};
use crate::sweep::{Groups, Sweep};

/// The cells that were not opened yet.
pub(super) struct Upcoming {
    shard: Shard,
    groups: Groups,
    wanted: Wanted,
    /// The block whose runs in the checkpoints these are, for each cell.
    block: Option<u32>,
    found: BTreeMap<u32, Vec<FoundRun>>,
}

/// Which cells are wanted.
enum Wanted {
    /// All from the first one on, and less than the second one.
    All(u32, u32),
    /// These.
    These(VecDeque<u32>),
}

impl Upcoming {
    /// All cells of a sweep.
    pub(super) fn all(shard: Shard, sweep: &Sweep) -> Upcoming {
        let wanted = Wanted::All(0, sweep.cells());
        Upcoming { shard, groups: sweep.groups(), wanted, block: None, found: BTreeMap::new() }
    }

    /// Some cells of a sweep, in order.
    pub(super) fn of(shard: Shard, sweep: &Sweep, cells: VecDeque<u32>) -> Upcoming {
        Upcoming { shard, groups: sweep.groups(), wanted: Wanted::These(cells), block: None, found: BTreeMap::new() }
    }

    /// Wants other cells, in order.
    pub(super) fn want(&mut self, cells: VecDeque<u32>) {
        self.wanted = Wanted::These(cells);
    }

    /// The block that the last cell is of.
    pub(super) fn block(&self) -> Option<u32> {
        self.block
    }

    /// The next group of cells, by its number, with what was found of it, in the order of the keys.
    pub(super) fn next(&mut self, store: &Store) -> Result<Option<(u32, Vec<FoundRun>)>, StoreError> {
        while let Some(cell) = self.next_cell(store) {
            let (block, group) = (store.folder().block_of(cell), self.groups.of(cell));
            if !self.groups.is_first(cell) || !self.shard.has(group) {
                continue;
            }
            if self.block != Some(block) {
                self.block = Some(block);
                self.found.clear();
                for run in store.found(block)? {
                    self.found.entry(run.key.cell).or_default().push(run);
                }
            }
            // A block holds whole groups.
            let found = self.groups.cells(group).filter_map(|cell| self.found.remove(&cell));
            return Ok(Some((group, found.flatten().collect())));
        }
        Ok(None)
    }

    /// The next cell that is wanted, and of a block that is not complete.
    fn next_cell(&mut self, store: &Store) -> Option<u32> {
        let (next, end) = match &mut self.wanted {
            Wanted::These(cells) => return cells.pop_front(),
            Wanted::All(next, end) => (next, *end),
        };
        while *next < end {
            let block = store.folder().block_of(*next);
            if !store.is_complete(block) {
                *next += 1;
                return Some(*next - 1);
            }
            *next = store.folder().cells_of(block).end;
        }
        None
    }
}

/// How far the refinement of a sweep has come by what is in its folder, whoever made it; `None` if it is not refined.
///
/// # Errors
/// A file cannot be read.
pub(super) fn found_frontier(store: &Store, sweep: &Sweep, plan: &Arc<Plan>) -> Result<Option<Frontier>, StoreError> {
    let Some(refinement) = sweep.refinement() else { return Ok(None) };
    let folder = store.folder();
    let mut decided: BTreeMap<u32, Counts> = BTreeMap::new();
    for block in 0..folder.blocks() {
        if store.is_complete(block) {
            let found = folder.found_in_part(block)?;
            for runs in found.chunk_by(|a, b| a.key.cell == b.key.cell) {
                let outages = plan.counts(runs.iter().map(|run| run.outage));
                decided.extend(runs.first().map(|run| (run.key.cell, outages)));
            }
            continue;
        }
        let found = folder.found(folder.cells_of(block))?;
        decided.extend(decided_by(plan, sweep.groups(), &found));
    }
    Ok(Some(Frontier::new(refinement, plan.clone(), decided)))
}
