//! What the runner tells others: how far it is, and how it ended.

/// What happens in a session, as it happens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Event {
    /// A run has finished.
    Run {
        /// Its cell.
        cell: u32,
        /// Its number within the cell.
        replicate: u32,
        /// Whether it had an outage.
        outage: bool,
    },
    /// A cell that was open when the session began has all its runs.
    Cell {
        /// The cell.
        cell: u32,
        /// Its runs.
        replicates: u32,
    },
    /// How far it is. The first of all events, and one of them comes several times a second.
    Progress(Progress),
}

/// How far a sweep is, or the shard of it that is run.
///
/// What was found when the session began is told apart from what it does itself, since its own runs alone say how fast
/// it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Runs finished in this session.
    pub runs: u64,
    /// Runs found in the folder of cells that were not decided with them.
    pub runs_found: u64,
    /// Cells decided, those found in the folder included.
    pub cells_decided: u32,
    /// Cells decided when this session began.
    pub cells_found: u32,
    /// All cells.
    pub cells: u32,
    /// Runs, found or finished, of cells that are not decided yet.
    pub runs_of_open: u64,
    /// Runs that decide a cell, about; `None` until one shows it.
    pub runs_per_cell: Option<f64>,
}

impl Progress {
    /// The share of the work that is done, 0 … 1; 1 only when all of it is. Runs of cells that are not decided count as
    /// far as it is known how many these take.
    pub fn share(&self) -> f64 {
        if self.cells_decided >= self.cells {
            return 1.0;
        }
        let cells = f64::from(self.cells);
        let of_open = self.runs_per_cell.map_or(0.0, |runs| self.runs_of_open as f64 / runs.max(1.0));
        // Open cells may have more runs than those that are decided took.
        ((f64::from(self.cells_decided) + of_open) / cells).min((cells - 0.5) / cells)
    }

    /// About how long the session will take from now on, s, if it began so many seconds ago; `None` as long as nothing
    /// tells. Runs take their time in proportion; those of later cells may take more or less.
    pub fn left_s(&self, elapsed_s: f64) -> Option<f64> {
        if self.cells_decided >= self.cells {
            return Some(0.0);
        }
        let open = f64::from(self.cells - self.cells_decided);
        // An open cell wants at least one more run.
        let wanted = (open * self.runs_per_cell? - self.runs_of_open as f64).max(open);
        (self.runs > 0).then(|| wanted * elapsed_s / self.runs as f64)
    }
}

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Every cell is decided.
    Complete,
    /// It was asked to stop; what was finished is kept.
    Interrupted,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A session that found `found` of 100 cells of 40 runs each, and `runs_found` runs of the others, and has made
    /// `runs` since, one cell after the other.
    fn history(found: u32, runs_found: u64, runs: u64) -> Progress {
        let fresh = ((runs_found + runs) / 40) as u32;
        Progress {
            runs,
            runs_found,
            cells_decided: found + fresh,
            cells_found: found,
            cells: 100,
            runs_of_open: (runs_found + runs) % 40,
            runs_per_cell: Some(40.0),
        }
    }

    #[test]
    fn the_time_left_is_that_of_the_runs_that_are_missing_whatever_was_found() {
        // A run takes half a second in all of these; 4000 are wanted.
        for found in [0, 1, 50, 90, 97] {
            for runs_found in [0, 1, 39] {
                for runs in [1, 15, 40, 55] {
                    let missing = 4000 - u64::from(found) * 40 - runs_found - runs;
                    let left_s = history(found, runs_found, runs).left_s(0.5 * runs as f64).unwrap();
                    let expected_s = 0.5 * missing as f64;
                    assert!((left_s - expected_s).abs() < 1e-9, "{found} {runs_found} {runs}: {left_s} {expected_s}");
                }
            }
        }
    }

    #[test]
    fn nothing_is_said_of_the_time_left_before_a_run_shows_it_and_none_is_left_at_the_end() {
        assert_eq!(history(90, 20, 0).left_s(7.0), None);
        assert_eq!(Progress { runs_per_cell: None, ..history(90, 0, 30) }.left_s(7.0), None);
        assert_eq!(history(100, 0, 0).left_s(7.0), Some(0.0));
        assert_eq!(history(90, 0, 400).left_s(7.0), Some(0.0));
        // More runs than a cell takes in the mean: it wants at least one more.
        let long = Progress { runs_of_open: 70, ..history(99, 0, 10) };
        assert_eq!(long.left_s(10.0), Some(1.0));
    }
}
