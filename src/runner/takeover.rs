//! What a sweep keeps of the runs of another one, and what is left to do then.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::schedule::decided_by;
use crate::store::{CommonRun, FoundRun, RunKey, Survey};
use crate::sweep::Sweep;

/// What becomes of the runs in the folder of another sweep. Runs and traces are counted as they lie there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Takeover {
    /// Runs that are kept.
    pub kept: u64,
    /// Runs that are made again, since their trace is kept now.
    pub again: u64,
    /// Runs that are lost: the sweep does not have them, or decides their cell with fewer.
    pub dropped: u64,
    /// Traces that are lost; their runs may be kept.
    pub traces_dropped: u64,
    /// Runs that are left to make, at least and at most.
    pub left: (u64, u64),
}

impl Takeover {
    /// Whether anything is lost.
    pub fn loses(&self) -> bool {
        self.dropped > 0 || self.traces_dropped > 0
    }

    /// Whether the sweep has no run of those in the folder.
    pub fn is_empty(&self) -> bool {
        self.kept == 0 && self.again == 0
    }
}

/// What a sweep keeps. How many runs of a cell count is decided by its own rule: what was known when the other sweep
/// stopped, or went on, has no part in it.
pub fn takeover(sweep: &Sweep, survey: &Survey) -> Takeover {
    let (rule, plan) = (&sweep.replicates, Arc::new(sweep.plan()));
    // Which cells a refined sweep has is known only once they are run: nothing can be said to be kept.
    if let Some(refinement) = sweep.refinement() {
        let (first, all) = (refinement.first_cells().len() as u64, refinement.all_cells().count() as u64);
        let left = (first * u64::from(plan.first_look()), all * u64::from(rule.at_most));
        return Takeover { kept: 0, again: 0, dropped: survey.runs, traces_dropped: survey.traces, left };
    }
    let (mut kept, mut again, mut traces): (BTreeSet<RunKey>, BTreeSet<RunKey>, BTreeSet<RunKey>) = Default::default();
    let at_least = plan.first_look();
    let (mut left_min, mut left_max, mut cells) = (0, 0, 0);
    let mut found: Vec<FoundRun> =
        survey.common.iter().map(|run| FoundRun { key: run.key, outage: run.outage }).collect();
    // A run of a cell may lie there several times, where cells have the same scenario.
    found.dedup();
    let decided_cells = decided_by(&plan, sweep.groups(), &found);
    for runs in survey.common.chunk_by(|a, b| a.key.cell == b.key.cell) {
        let decided = runs.first().and_then(|run| decided_cells.get(&run.key.cell));
        let counting = || runs.iter().filter(|run| decided.is_none_or(|decided| run.key.replicate < decided.runs));
        let is_made_again = |run: &&CommonRun| run.lacks_trace;
        again.extend(counting().filter(is_made_again).map(|run| run.before));
        kept.extend(counting().filter(|run| !run.lacks_trace).map(|run| run.before));
        traces.extend(counting().filter(|run| run.keeps_trace).map(|run| run.before));
        let mut keys: Vec<RunKey> = counting().filter(is_made_again).map(|run| run.key).collect();
        keys.dedup();
        let (made_again, have) = (keys.len() as u64, runs.chunk_by(|a, b| a.key == b.key).count() as u32);
        if decided.is_none() {
            // A cell that is not decided wants at least one more run.
            left_min += u64::from(at_least.saturating_sub(have).max(1));
            left_max += u64::from(rule.at_most.saturating_sub(have).max(1));
        }
        (left_min, left_max, cells) = (left_min + made_again, left_max + made_again, cells + 1);
    }
    let untouched = u64::from(sweep.cells()) - cells;
    again.retain(|run| !kept.contains(run));
    Takeover {
        kept: kept.len() as u64,
        again: again.len() as u64,
        dropped: survey.runs - (kept.len() + again.len()) as u64,
        traces_dropped: survey.traces - traces.len() as u64,
        left: (left_min + untouched * u64::from(at_least), left_max + untouched * u64::from(rule.at_most)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sweep(replicates: &str) -> Sweep {
        let text = format!(
            "name = \"t\"\n[[axis]]\nparameter = \"updates.synchronization\"\nvalues = [0.0, 0.5, 1.0]\n[replicates]\n{replicates}"
        );
        Sweep::parse(&text, "t.toml", &[]).unwrap()
    }

    /// `runs` runs, without an outage, of cells 0 and 2, which were 0 and 1 before.
    fn survey(runs: u32) -> Survey {
        let run = |cell: u32, replicate| CommonRun {
            key: RunKey { cell, replicate },
            before: RunKey { cell: cell / 2, replicate },
            outage: false,
            keeps_trace: false,
            lacks_trace: false,
        };
        let common = [0, 2].into_iter().flat_map(|cell| (0..runs).map(move |replicate| run(cell, replicate))).collect();
        Survey { runs: 2 * u64::from(runs), common, ..Survey::default() }
    }

    #[test]
    fn more_replicates_keep_all_and_fewer_drop_some() {
        let more = takeover(&sweep("at_least = 30\nat_most = 30"), &survey(20));
        assert_eq!(more, Takeover { kept: 40, again: 0, dropped: 0, traces_dropped: 0, left: (50, 50) });
        assert!(!more.loses() && !more.is_empty());
        // The survey has only runs that the sweep can have.
        let fewer = Survey { runs: 40, ..survey(5) };
        let fewer = takeover(&sweep("at_least = 5\nat_most = 5"), &fewer);
        assert_eq!(fewer, Takeover { kept: 10, again: 0, dropped: 30, traces_dropped: 0, left: (5, 5) });
        assert!(fewer.loses());
    }

    #[test]
    fn the_rule_of_the_new_sweep_decides_how_many_runs_count() {
        let wide = takeover(&sweep("at_least = 20\nat_most = 1000\nhalf_width = 0.2"), &survey(500));
        assert!(wide.kept < 200 && wide.dropped == 1000 - wide.kept && wide.left == (20, 1000), "{wide:?}");
        let narrow = takeover(&sweep("at_least = 20\nat_most = 1000\nhalf_width = 0.001"), &survey(500));
        assert_eq!((narrow.kept, narrow.dropped, narrow.left), (1000, 0, (22, 2000)));
    }

    #[test]
    fn a_run_that_lacks_its_trace_is_made_again_and_not_lost_and_a_trace_may_be() {
        let mut survey = survey(10);
        survey.traces = 6;
        for run in &mut survey.common {
            run.keeps_trace = run.key.replicate < 2;
            run.lacks_trace = (2..4).contains(&run.key.replicate);
        }
        let takeover = takeover(&sweep("at_least = 10\nat_most = 10"), &survey);
        assert_eq!(takeover, Takeover { kept: 16, again: 4, dropped: 0, traces_dropped: 2, left: (14, 14) });
    }

    #[test]
    fn cells_of_the_same_scenario_lose_nothing() {
        let mut survey = survey(3);
        // What lies there twice, for one cell of the new sweep.
        let twice = survey.common.iter().map(|run| CommonRun { key: RunKey { cell: 0, ..run.key }, ..*run });
        survey.common = twice.collect();
        survey.common.sort_unstable();
        let takeover = takeover(&sweep("at_least = 3\nat_most = 3"), &survey);
        assert_eq!(takeover, Takeover { kept: 6, again: 0, dropped: 0, traces_dropped: 0, left: (6, 6) });
    }

    #[test]
    fn a_refined_sweep_keeps_nothing() {
        let text = "name = \"t\"\n[[axis]]\nparameter = \"updates.synchronization\"\n\
                    linear = { from = 0.0, to = 1.0, points = 3 }\n[refine]\nlevel = 0.5\nrounds = 1\n";
        let takeover = takeover(&Sweep::parse(text, "t.toml", &[]).unwrap(), &survey(20));
        assert!(takeover.is_empty() && takeover.loses() && takeover.left == (60, 500), "{takeover:?}");
    }

    #[test]
    fn nothing_in_common_is_nothing_kept() {
        let nothing = takeover(&sweep("at_least = 2\nat_most = 3"), &Survey { runs: 7, ..Survey::default() });
        assert!(nothing.is_empty() && nothing.dropped == 7 && nothing.left == (9, 9), "{nothing:?}");
    }
}
