//! Finished runs that are in no file yet.

use std::collections::BTreeMap;

use super::row::RunRow;
use super::size::Size;

/// The runs in memory, for each block.
#[derive(Default)]
pub(super) struct Unsaved {
    blocks: BTreeMap<u32, Vec<RunRow>>,
    size: Size,
}

fn size_of(row: &RunRow) -> Size {
    Size { runs: 1, trace_rows: row.run.trace.len() as u64 }
}

impl Unsaved {
    pub(super) fn add(&mut self, block: u32, row: RunRow) {
        self.size += size_of(&row);
        self.blocks.entry(block).or_default().push(row);
    }

    pub(super) fn size(&self) -> Size {
        self.size
    }

    /// The runs of a block, in the order in which they finished.
    pub(super) fn of_block(&self, block: u32) -> &[RunRow] {
        self.blocks.get(&block).map_or(&[], Vec::as_slice)
    }

    /// Every run, in the order of the keys.
    pub(super) fn in_order(&self) -> Vec<&RunRow> {
        let mut rows: Vec<&RunRow> = self.blocks.values().flatten().collect();
        rows.sort_unstable_by_key(|row| row.key());
        rows
    }

    /// Lets the runs of a block go, which are in its part now.
    pub(super) fn remove_block(&mut self, block: u32) {
        self.blocks.remove(&block).iter().flatten().for_each(|row| self.size -= size_of(row));
    }

    /// Lets every run go: they are in a checkpoint now.
    pub(super) fn clear(&mut self) {
        *self = Unsaved::default();
    }
}
