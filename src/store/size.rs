//! How much is put into one file at once. It bounds the memory. (Where a table is divided changes its bytes: the parts
//! depend on these numbers.)

use std::ops::{AddAssign, SubAssign};

use super::blocks::trace_rows_per_run;
use crate::engine::outcome::TraceRow;
use crate::sweep::Sweep;

/// Runs that are put into a file at once, and that a merged checkpoint holds at most.
pub(super) const RUNS_AT_ONCE: u32 = 50_000;
/// The same for rows of traces.
pub(super) const TRACE_ROWS_AT_ONCE: u32 = 500_000;
/// How often what is being written is in memory beside its rows, about: as a table, in order, and as it is encoded.
const COPIES: u64 = 3;

/// Bytes that the traces of a sweep take in memory, about, while `waiting` runs wait for being taken in: these; those that
/// are taken in until there are so many that they are written; and, column by column, what is being written.
pub fn trace_memory_bytes(sweep: &Sweep, waiting: u64) -> u64 {
    let Some(traces) = sweep.traces else { return 0 };
    let each = u64::from(trace_rows_per_run(sweep));
    let most = u64::from(sweep.cells()).saturating_mul(traces.replicates.min(sweep.replicates.at_most).into());
    // The run with which there are enough is there as a whole, however long it is.
    let kept = (u64::from(TRACE_ROWS_AT_ONCE) + each).min(each.saturating_mul(most));
    let as_rows = kept.saturating_add(each.saturating_mul(waiting)).min(each.saturating_mul(most));
    let as_columns = kept.saturating_mul(COPIES);
    as_rows.saturating_add(as_columns).saturating_mul(size_of::<TraceRow>() as u64)
}

/// A number of runs, and of the rows of their traces.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) runs: u64,
    pub(super) trace_rows: u64,
}

impl Size {
    /// Whether so much should not wait in memory any longer.
    pub(super) fn is_full(self) -> bool {
        self.runs >= RUNS_AT_ONCE.into() || self.trace_rows >= TRACE_ROWS_AT_ONCE.into()
    }

    /// Whether both together fit into one file.
    pub(super) fn fits_with(self, other: Size) -> bool {
        self.runs + other.runs <= RUNS_AT_ONCE.into() && self.trace_rows + other.trace_rows <= TRACE_ROWS_AT_ONCE.into()
    }
}

impl AddAssign for Size {
    fn add_assign(&mut self, other: Size) {
        self.runs += other.runs;
        self.trace_rows += other.trace_rows;
    }
}

impl SubAssign for Size {
    fn sub_assign(&mut self, other: Size) {
        self.runs -= other.runs;
        self.trace_rows -= other.trace_rows;
    }
}
