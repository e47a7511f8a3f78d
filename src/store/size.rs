//! How much is put into one file at once. It bounds the memory. (Where a table is divided changes its bytes: the parts
//! depend on these numbers.)

use std::ops::{AddAssign, SubAssign};

/// Runs that are put into a file at once, and that a merged checkpoint holds at most.
pub(super) const RUNS_AT_ONCE: u32 = 50_000;
/// The same for rows of traces.
pub(super) const TRACE_ROWS_AT_ONCE: u32 = 500_000;

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
