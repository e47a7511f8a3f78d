//! Which runs are wanted, and when a cell is decided.
//!
//! With a half width, the intervals of cells are looked at after fixed numbers of replicates, taken in order: a cell's
//! replicates 0 … n − 1 are those that decided it, whichever finished first. So the rows do not depend on the threads. Cells
//! that are compared with each other are a group, which is looked at, and decided, as one; every other cell is one by itself.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::statistics::blocks::Counts;
use crate::statistics::plan::Plan;
use crate::store::{FoundRun, RunKey};
use crate::sweep::Groups;

/// A cell that is not decided yet.
struct OpenCell {
    cell: u32,
    /// What was found of it, in order.
    found: Vec<FoundRun>,
    /// Whether replicate r had an outage; `None` if it has not finished.
    outages: Vec<Option<bool>>,
}

/// Cells that are looked at together.
struct OpenGroup {
    cells: Vec<OpenCell>,
    /// Replicates of each cell that are wanted so far.
    runs: u32,
    /// Those of all cells that have not finished.
    unfinished: u32,
}

/// The cells that are open, and the runs that they want.
pub(super) struct Schedule {
    plan: Arc<Plan>,
    groups: Groups,
    /// By the numbers of the groups.
    open: BTreeMap<u32, OpenGroup>,
    /// Decided cells of blocks that are not complete.
    decided: BTreeMap<u32, Counts>,
    /// Cells decided since the last look.
    fresh: Vec<u32>,
    /// Replicates that open cells want after a look.
    wanted: Vec<RunKey>,
}

/// Which cells are decided by these runs, which are in order, and with what.
pub(super) fn decided_by(plan: &Arc<Plan>, groups: Groups, found: &[FoundRun]) -> BTreeMap<u32, Counts> {
    let mut schedule = Schedule::new(plan.clone(), groups);
    let mut by_group: BTreeMap<u32, Vec<&[FoundRun]>> = BTreeMap::new();
    for runs in found.chunk_by(|a, b| a.key.cell == b.key.cell) {
        let group = runs.first().map_or(0, |run| groups.of(run.key.cell));
        by_group.entry(group).or_default().push(runs);
    }
    for (group, cells) in by_group {
        schedule.open(group, cells.concat());
        // What is not decided is of no use here.
        schedule.open.clear();
        schedule.wanted.clear();
    }
    schedule.decided
}

impl Schedule {
    /// A schedule without cells.
    pub(super) fn new(plan: Arc<Plan>, groups: Groups) -> Schedule {
        let (open, decided) = (BTreeMap::new(), BTreeMap::new());
        Schedule { plan, groups, open, decided, fresh: Vec::new(), wanted: Vec::new() }
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

    /// Opens the cells of a group, of which some runs were found, in the order of their keys.
    pub(super) fn open(&mut self, group: u32, found: Vec<FoundRun>) {
        let of_cell = |cell: u32| {
            let from = found.partition_point(|run| run.key.cell < cell);
            let runs = found[from..].iter().take_while(|run| run.key.cell == cell);
            OpenCell { cell, found: runs.copied().collect(), outages: Vec::new() }
        };
        let cells = self.groups.cells(group).map(of_cell).collect();
        self.open.insert(group, OpenGroup { cells, runs: 0, unfinished: 0 });
        self.extend(group, self.plan.first_look());
        self.look(group);
    }

    /// The runs that open cells want, and that nobody has taken yet.
    pub(super) fn take_wanted(&mut self) -> Vec<RunKey> {
        std::mem::take(&mut self.wanted)
    }

    /// Wants the replicates of a group's cells up to `n`.
    fn extend(&mut self, group: u32, n: u32) {
        let Some(open) = self.open.get_mut(&group) else { return };
        for replicate in open.runs..n {
            for OpenCell { cell, found, outages } in &mut open.cells {
                let index = found.binary_search_by_key(&replicate, |run| run.key.replicate);
                let outage = index.ok().map(|index| found[index].outage);
                outages.push(outage);
                if outage.is_none() {
                    open.unfinished += 1;
                    self.wanted.push(RunKey { cell: *cell, replicate });
                }
            }
        }
        open.runs = n;
    }

    /// Notes that a run has finished. Returns how many cells are decided with it.
    pub(super) fn finish(&mut self, key: RunKey, outage: bool) -> u32 {
        let group = self.groups.of(key.cell);
        let Some(open) = self.open.get_mut(&group) else { return 0 };
        let Some(cell) = open.cells.iter_mut().find(|cell| cell.cell == key.cell) else { return 0 };
        let Some(entry) = cell.outages.get_mut(key.replicate as usize) else { return 0 };
        if entry.replace(outage).is_some() {
            return 0;
        }
        open.unfinished -= 1;
        let before = self.fresh.len();
        self.look(group);
        (self.fresh.len() - before) as u32
    }

    /// Looks at a group, as long as all replicates wanted so far are there.
    fn look(&mut self, group: u32) {
        while let Some(open) = self.open.get(&group)
            && open.unfinished == 0
        {
            if !stops(&self.plan, open) {
                let next = self.plan.next_look(open.runs);
                self.extend(group, next);
                continue;
            }
            for OpenCell { cell, outages, .. } in self.open.remove(&group).into_iter().flat_map(|open| open.cells) {
                self.decided.insert(cell, self.plan.counts(flags(&outages)));
                self.fresh.push(cell);
            }
        }
    }

    /// The cells that were decided since the last call.
    pub(super) fn take_decided(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.fresh)
    }
}

fn flags(outages: &[Option<bool>]) -> Vec<bool> {
    outages.iter().map(|&outage| outage == Some(true)).collect()
}

/// Whether a group stops whose runs have all finished.
fn stops(plan: &Plan, group: &OpenGroup) -> bool {
    match group.cells.as_slice() {
        [cell] => plan.stops(plan.counts(flags(&cell.outages))),
        cells => {
            let flags: Vec<Vec<bool>> = cells.iter().map(|cell| flags(&cell.outages)).collect();
            plan.stops_together(&flags.iter().map(Vec::as_slice).collect::<Vec<&[bool]>>())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::Sweep;

    fn sweep(replicates: &str, compare: &str) -> Sweep {
        let toml = format!(
            "name = \"test\"\n[[axis]]\nname = \"v\"\nvariants = [{{ label = \"a\" }}, {{ label = \"b\" }}, {{ label = \"c\" }}]\n\
             [replicates]\n{replicates}\n{compare}"
        );
        Sweep::parse(&toml, "test.toml", &[]).unwrap()
    }

    fn found(cell: u32, replicate: u32, outage: bool) -> FoundRun {
        FoundRun { key: RunKey { cell, replicate }, outage }
    }

    /// Runs a schedule, finishing runs in the order that `pick` says; returns the replicates of each cell.
    fn replicates(sweep: &Sweep, found: &[FoundRun], pick: impl Fn(usize) -> usize) -> Vec<u32> {
        // Cell 0 never has an outage, cell 1 always, cell 2 every other time.
        let outage = |run: RunKey| [false, true, run.replicate.is_multiple_of(2)][run.cell as usize];
        let groups = sweep.groups();
        let mut schedule = Schedule::new(Arc::new(sweep.plan()), groups);
        for group in 0..sweep.cells() / groups.size() {
            schedule.open(group, found.iter().copied().filter(|run| groups.of(run.key.cell) == group).collect());
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
        assert_eq!(replicates(&sweep("at_least = 3\nat_most = 7", ""), &[], |_| 0), [7, 7, 7]);
        assert_eq!(replicates(&sweep("at_least = 3\nat_most = 7", "[compare]"), &[], |_| 0), [7, 7, 7]);
    }

    #[test]
    fn a_cell_stops_at_the_same_number_whatever_the_order_and_what_was_found() {
        let rule = "at_least = 10\nat_most = 1000";
        for compare in ["", "[compare]\nhalf_width = 0.1\n"] {
            let rule = if compare.is_empty() { format!("{rule}\nhalf_width = 0.1") } else { rule.to_owned() };
            let sweep = sweep(&rule, compare);
            let expected = replicates(&sweep, &[], |_| 0);
            if compare.is_empty() {
                assert_eq!(expected[0], expected[1]);
                assert!(expected[0] < expected[2] && expected[2] < 1000, "{expected:?}");
            } else {
                // All of them as many as the difference between cells 0 and 2 wants.
                assert!(expected.windows(2).all(|pair| pair[0] == pair[1]) && expected[0] > 100, "{expected:?}");
            }
            assert_eq!(replicates(&sweep, &[], |n| n - 1), expected);
            assert_eq!(replicates(&sweep, &[], |n| n / 2), expected);
            let some = [found(0, 3, false), found(1, 900, true), found(2, 0, true), found(2, 40, true)];
            assert_eq!(replicates(&sweep, &some, |_| 0), expected);
        }
    }

    #[test]
    fn a_cell_is_decided_by_its_runs_and_those_of_the_cells_that_it_is_compared_with() {
        let outage = |cell: u32, replicate: u32| [false, true, replicate.is_multiple_of(2)][cell as usize];
        let runs = |cells: Range<u32>, runs: u32| -> Vec<FoundRun> {
            let of_cell = move |cell| (0..runs).map(move |replicate| found(cell, replicate, outage(cell, replicate)));
            cells.flat_map(of_cell).collect()
        };
        let decided = |sweep: &Sweep, found: &[FoundRun]| -> Vec<(u32, Counts)> {
            decided_by(&Arc::new(sweep.plan()), sweep.groups(), found).into_iter().collect()
        };
        let alone = sweep("at_least = 10\nat_most = 1000\nhalf_width = 0.1", "");
        let expected = replicates(&alone, &[], |_| 0)[1];
        let all = runs(1..2, expected);
        assert_eq!(decided(&alone, &all), [(1, Counts::of_draws(vec![true; expected as usize]))]);
        assert_eq!(decided(&alone, &all[1..]), []);
        let compared = sweep("at_least = 10\nat_most = 60", "[compare]");
        assert_eq!(decided(&compared, &runs(0..2, 60)), [], "nothing is there of cell 2");
        let of_all = decided(&compared, &runs(0..3, 60));
        assert_eq!(of_all.iter().map(|(_, decided)| decided.events).collect::<Vec<u32>>(), [0, 60, 30]);
    }
}
