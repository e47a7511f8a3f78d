//! Blocks: fixed ranges of cells, each of which becomes a part of `runs/` and one of `traces/`.

use std::ops::Range;

use super::key::{KeyRange, keys_of};
use crate::sweep::Sweep;

/// Runs in a part, about: what a reader scans at once.
const RUNS_PER_PART: u32 = 50_000;
/// Rows of traces in a part, about.
const TRACE_ROWS_PER_PART: u32 = 2_000_000;

/// How the cells of a sweep are divided: a function of the sweep alone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Blocks {
    cells: u32,
    /// Cells of every block but the last, ≥ 1.
    cells_per_block: u32,
}

impl Blocks {
    pub(super) fn of(sweep: &Sweep) -> Blocks {
        let at_most = sweep.replicates.at_most.max(1);
        let by_runs = RUNS_PER_PART / at_most;
        let traced = sweep.traces.map_or(0, |traces| traces.replicates.min(at_most));
        let by_traces = TRACE_ROWS_PER_PART.checked_div(traced.saturating_mul(trace_rows_per_run(sweep)));
        let cells_per_block = by_traces.map_or(by_runs, |by_traces| by_runs.min(by_traces)).max(1);
        // Few of the cells between those of a refined grid's file are there.
        let cells_per_block = cells_per_block << sweep.refine.map_or(0, |refine| refine.rounds);
        // Cells that are compared stop together, and are looked at together.
        let span = sweep.groups().span();
        let cells_per_block = (cells_per_block / span).max(1).saturating_mul(span);
        Blocks { cells: sweep.cells(), cells_per_block }
    }

    /// How many there are.
    pub(super) fn count(self) -> u32 {
        self.cells.div_ceil(self.cells_per_block)
    }

    /// The block of a cell.
    pub(super) fn of_cell(self, cell: u32) -> u32 {
        cell / self.cells_per_block
    }

    /// The cells of a block.
    pub(super) fn cells(self, block: u32) -> Range<u32> {
        let first = block.saturating_mul(self.cells_per_block);
        first..first.saturating_add(self.cells_per_block).min(self.cells)
    }

    /// The keys of all runs of a block.
    pub(super) fn keys(self, block: u32) -> KeyRange {
        keys_of(self.cells(block))
    }
}

/// Rows of the trace of a run, about: the horizon is an axis in few sweeps.
pub(super) fn trace_rows_per_run(sweep: &Sweep) -> u32 {
    let rows = sweep.traces.map(|traces| sweep.scenario.time.horizon_h * 3600.0 / traces.every_s);
    rows.map_or(0, |rows| rows.clamp(1.0, 1e9) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_is_in_one_block_and_no_block_is_empty_or_too_large() {
        for (points, at_most, traces) in [(7, 1, ""), (1000, 400, ""), (5, 60_000, ""), (90, 9, "replicates = 9")] {
            let traces = if traces.is_empty() { String::new() } else { format!("[traces]\n{traces}\nevery_s = 5.0\n") };
            let text = format!(
                "name = \"t\"\n[[axis]]\nparameter = \"updates.synchronization\"\n\
                 linear = {{ from = 0.0, to = 1.0, points = {points} }}\n\
                 [replicates]\nat_least = 1\nat_most = {at_most}\n{traces}"
            );
            let sweep = Sweep::parse(&text, "t.toml", &[]).unwrap();
            let blocks = Blocks::of(&sweep);
            let cells: Vec<u32> = (0..blocks.count()).flat_map(|block| blocks.cells(block)).collect();
            assert!(cells.iter().copied().eq(0..points), "{text}");
            for block in 0..blocks.count() {
                let cells = blocks.cells(block);
                assert!(!cells.is_empty() && cells.clone().all(|cell| blocks.of_cell(cell) == block), "{text}");
                assert!(cells.len() == 1 || cells.len() as u32 * at_most <= RUNS_PER_PART, "{text}");
                assert!(cells.len() == 1 || cells.len() as u32 * 9 * trace_rows_per_run(&sweep) <= TRACE_ROWS_PER_PART);
            }
        }
    }
}
