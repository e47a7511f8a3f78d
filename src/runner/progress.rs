//! What the runner tells others: how far it is, and how it ended.

/// How far a sweep is, or the shard of it that is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Runs finished in this session.
    pub runs: u64,
    /// Runs found in the folder that are not part of a complete block, about.
    pub recovered: u64,
    /// Cells decided, those found in the folder included.
    pub cells_decided: u32,
    /// Cells decided when this session began.
    pub cells_found: u32,
    /// All cells.
    pub cells: u32,
}

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Every cell is decided.
    Complete,
    /// It was asked to stop; what was finished is kept.
    Interrupted,
}
