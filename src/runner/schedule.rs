//! Which runs are wanted, and when a cell is decided.
//!
//! With a half width, the interval of a cell is looked at after fixed numbers of replicates, taken in order: a cell's
//! replicates 0 … n − 1 are those that decided it, whichever finished first. So the rows do not depend on the threads.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::statistics::blocks::Counts;
use crate::statistics::plan::Plan;
use crate::store::{FoundRun, RunKey};

/// A cell that is not decided yet.
struct OpenCell {
    /// What was found of it, in order.
    found: Vec<FoundRun>,
    /// Whether replicate r had an outage; `None` if it has not finished.
    outages: Vec<Option<bool>>,
    unfinished: u32,
}

/// The cells that are open, and the runs that they want.
pub(super) struct Schedule {
    plan: Arc<Plan>,
    open: BTreeMap<u32, OpenCell>,
    /// Decided cells of blocks that are not complete.
    decided: BTreeMap<u32, Counts>,
    /// Cells decided since the last look.
    fresh: Vec<u32>,
    /// Replicates that open cells want after a look.
    wanted: Vec<RunKey>,
}

/// With how many replicates a cell is decided, and what they say, if these of its runs are there, in order.
pub(super) fn decided_with(plan: &Arc<Plan>, found: &[FoundRun]) -> Option<Counts> {
    let mut schedule = Schedule::new(plan.clone());
    let cell = found.first()?.key.cell;
    schedule.open(cell, found.to_vec());
    schedule.decided(cell)
}

impl Schedule {
    /// A schedule without cells.
    pub(super) fn new(plan: Arc<Plan>) -> Schedule {
        Schedule { plan, open: BTreeMap::new(), decided: BTreeMap::new(), fresh: Vec::new(), wanted: Vec::new() }
    }

    /// Whether every cell that was opened is decided.
    pub(super) fn is_idle(&self) -> bool {
        self.open.is_empty()
    }

    /// Replicates of a decided cell of a block that is not complete.
    pub(super) fn replicates(&self, cell: u32) -> Option<u32> {
        self.decided(cell).map(|decided| decided.runs)
    }

    /// What a decided cell of a block that is not complete says.
    pub(super) fn decided(&self, cell: u32) -> Option<Counts> {
        self.decided.get(&cell).copied()
    }

    /// Forgets the cells of a block that is complete now.
    pub(super) fn forget(&mut self, cells: Range<u32>) {
        for cell in cells {
            self.decided.remove(&cell);
        }
    }

    /// Opens a cell of which some runs were found, in order.
    pub(super) fn open(&mut self, cell: u32, found: Vec<FoundRun>) {
        self.open.insert(cell, OpenCell { found, outages: Vec::new(), unfinished: 0 });
        self.extend(cell, self.plan.first_look());
        self.look(cell);
    }

    /// The runs that open cells want, and that nobody has taken yet.
    pub(super) fn take_wanted(&mut self) -> Vec<RunKey> {
        std::mem::take(&mut self.wanted)
    }

    /// Wants the replicates of a cell up to `n`.
    fn extend(&mut self, cell: u32, n: u32) {
        let Some(open) = self.open.get_mut(&cell) else { return };
        for replicate in open.outages.len() as u32..n {
            let index = open.found.binary_search_by_key(&replicate, |run| run.key.replicate);
            let outage = index.ok().map(|index| open.found[index].outage);
            open.outages.push(outage);
            if outage.is_none() {
                open.unfinished += 1;
                self.wanted.push(RunKey { cell, replicate });
            }
        }
    }

    /// Notes that a run has finished.
    pub(super) fn finish(&mut self, key: RunKey, outage: bool) {
        let Some(open) = self.open.get_mut(&key.cell) else { return };
        let Some(entry) = open.outages.get_mut(key.replicate as usize) else { return };
        if entry.replace(outage).is_none() {
            open.unfinished -= 1;
            self.look(key.cell);
        }
    }

    /// Looks at a cell, as long as all replicates wanted so far are there.
    fn look(&mut self, cell: u32) {
        while let Some(open) = self.open.get(&cell)
            && open.unfinished == 0
        {
            let outages = self.plan.counts(open.outages.iter().map(|&outage| outage == Some(true)));
            if self.plan.stops(outages) {
                self.open.remove(&cell);
                self.decided.insert(cell, outages);
                self.fresh.push(cell);
            } else {
                self.extend(cell, self.plan.next_look(outages.runs));
            }
        }
    }

    /// The cells that were decided since the last call.
    pub(super) fn take_decided(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.fresh)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::Sweep;

    fn plan(replicates: &str) -> Arc<Plan> {
        let sweep = Sweep::parse(&format!("name = \"test\"\n[replicates]\n{replicates}"), "test.toml", &[]).unwrap();
        Arc::new(sweep.plan())
    }

    fn found(cell: u32, replicate: u32, outage: bool) -> FoundRun {
        FoundRun { key: RunKey { cell, replicate }, outage }
    }

    /// Runs a schedule, finishing runs in the order that `pick` says; returns the replicates of each cell.
    fn replicates(plan: &Arc<Plan>, found: &[FoundRun], pick: impl Fn(usize) -> usize) -> Vec<u32> {
        // Cell 0 never has an outage, cell 1 always, cell 2 every other time.
        let outage = |run: RunKey| [false, true, run.replicate.is_multiple_of(2)][run.cell as usize];
        let mut schedule = Schedule::new(plan.clone());
        for cell in 0..3 {
            schedule.open(cell, found.iter().copied().filter(|run| run.key.cell == cell).collect());
        }
        let mut wanted = Vec::new();
        loop {
            wanted.extend(schedule.take_wanted());
            if wanted.is_empty() {
                break;
            }
            let run = wanted.swap_remove(pick(wanted.len()));
            schedule.finish(run, outage(run));
        }
        (0..3).map(|cell| schedule.replicates(cell).unwrap()).collect()
    }

    #[test]
    fn without_a_half_width_every_cell_runs_all_its_replicates() {
        let plan = plan("at_least = 3\nat_most = 7");
        assert_eq!(replicates(&plan, &[], |_| 0), [7, 7, 7]);
    }

    #[test]
    fn a_cell_stops_at_the_same_number_whatever_the_order_and_what_was_found() {
        let plan = plan("at_least = 10\nat_most = 1000\nhalf_width = 0.1");
        let expected = replicates(&plan, &[], |_| 0);
        assert_eq!(expected[0], expected[1]);
        assert!(expected[0] < expected[2] && expected[2] < 1000, "{expected:?}");
        assert_eq!(replicates(&plan, &[], |n| n - 1), expected);
        assert_eq!(replicates(&plan, &[], |n| n / 2), expected);
        let some = [found(0, 3, false), found(2, 0, true), found(2, 40, true), found(1, 900, true)];
        assert_eq!(replicates(&plan, &some, |_| 0), expected);
        let all: Vec<FoundRun> = (0..expected[1]).map(|replicate| found(1, replicate, true)).collect();
        assert_eq!(decided_with(&plan, &all), Some(plan.counts((0..expected[1]).map(|_| true))));
        assert_eq!(decided_with(&plan, &all[1..]), None);
    }
}
