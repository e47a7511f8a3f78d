//! Where the outcome turns in the limit of ever more clients, if it is kept beside the runs.

use crate::store::Folder;
use crate::summary::boundary::{Boundary, Kept, Level};
use crate::summary::error::SummaryError;

/// What is known of the limit.
pub(super) enum Limit {
    /// Nothing was asked.
    Unasked,
    /// What was asked is not about this sweep, or not along one of its axes.
    Stale,
    Turns(Turns),
}

/// Where the outage probability of the limit reaches the level of the sweep.
pub(super) struct Turns {
    /// The axis along which.
    pub(super) axis: usize,
    /// The level, %: that of the sweep to a whole number, since levels of the limit are those.
    pub(super) percent: u32,
    /// What is to be said of draws that turn more than once, or the other way than most.
    pub(super) not_monotone: Option<String>,
    /// Draws in each cell of the other axes.
    pub(super) draws: u32,
    /// For each cell of the other axes their points, and where.
    pub(super) lines: Vec<(Vec<usize>, Level)>,
}

impl Limit {
    /// What is kept in a folder.
    ///
    /// # Errors
    /// The file cannot be read, or is damaged.
    pub(super) fn of(folder: &Folder) -> Result<Limit, SummaryError> {
        let percent = libm::round(100.0 * folder.sweep().level()).clamp(1.0, 99.0) as u32;
        Ok(match Kept::of(folder, Some(percent))? {
            Kept::Missing => Limit::Unasked,
            Kept::Stale => Limit::Stale,
            Kept::Turns { axis, boundary } => Limit::Turns(Turns::of(axis, percent, &boundary)),
        })
    }
}

impl Turns {
    /// Whether any of the levels has an interval: Sobol points have none.
    pub(super) fn has_intervals(&self) -> bool {
        self.lines.iter().any(|(_, level)| level.low.is_some() || level.high.is_some())
    }

    fn of(axis: usize, percent: u32, boundary: &Boundary) -> Turns {
        let lines = boundary.cells().filter_map(|(points, levels)| Some((points, *levels.first()?)));
        Turns { axis, percent, not_monotone: boundary.not_monotone(), draws: boundary.draws(), lines: lines.collect() }
    }
}
