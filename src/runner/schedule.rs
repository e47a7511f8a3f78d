//! Which runs are wanted, and when a cell is decided.
//!
//! With a half width, the interval of a cell is looked at after fixed numbers of replicates, taken in order: a cell's
//! replicates 0 … n − 1 are those that decided it, whichever finished first. So the rows do not depend on the threads.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::statistics::interval::Interval;
use crate::sweep::Replicates;

/// One run to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Task {
    pub(super) cell: u32,
    pub(super) replicate: u32,
}

/// A cell that is not decided yet.
struct OpenCell {
    /// What was found of it: replicate, and whether it had an outage; in order.
    found: Vec<(u32, bool)>,
    /// Whether replicate r had an outage; `None` if it has not finished.
    outages: Vec<Option<bool>>,
    unfinished: u32,
}

/// The cells that are open, and the runs that they want.
pub(super) struct Schedule {
    rule: Replicates,
    open: BTreeMap<u32, OpenCell>,
    /// Decided cells of blocks that are not complete, each with its number of replicates.
    replicates: BTreeMap<u32, u32>,
    decided: u32,
    /// Cells decided since the last look.
    fresh: Vec<u32>,
    /// Replicates that open cells want after a look.
    wanted: Vec<Task>,
}

/// The number of replicates at the first look.
fn first_look(rule: &Replicates) -> u32 {
    if rule.half_width.is_some() { rule.at_least.min(rule.at_most) } else { rule.at_most }
}

/// The number of replicates at the look after the one at `n`: an eighth more, so that the looks are not too many, and
/// not too late.
fn next_look(rule: &Replicates, n: u32) -> u32 {
    n.saturating_add((n / 8).max(8)).min(rule.at_most)
}

/// Whether a cell is decided with these outages of its replicates.
fn is_decided(rule: &Replicates, outages: u32, n: u32) -> bool {
    n >= rule.at_most
        || rule.half_width.is_some_and(|half_width| {
            let interval = Interval::sequence(outages, n, rule.confidence);
            interval.high - interval.low <= 2.0 * half_width
        })
}

/// The number of replicates with which a cell is decided, if these are there: replicate, and whether it had an outage,
/// in order.
pub(super) fn decided_with(rule: &Replicates, found: &[(u32, bool)]) -> Option<u32> {
    let mut schedule = Schedule::new(*rule);
    schedule.open(0, found.to_vec());
    schedule.replicates(0)
}

impl Schedule {
    /// A schedule without cells.
    pub(super) fn new(rule: Replicates) -> Schedule {
        Schedule {
            rule,
            open: BTreeMap::new(),
            replicates: BTreeMap::new(),
            decided: 0,
            fresh: Vec::new(),
            wanted: Vec::new(),
        }
    }

    /// Cells decided since the start.
    pub(super) fn decided(&self) -> u32 {
        self.decided
    }

    /// Whether every cell that was opened is decided.
    pub(super) fn is_idle(&self) -> bool {
        self.open.is_empty()
    }

    /// Replicates of a decided cell of a block that is not complete.
    pub(super) fn replicates(&self, cell: u32) -> Option<u32> {
        self.replicates.get(&cell).copied()
    }

    /// Forgets the cells of a block that is complete now.
    pub(super) fn forget(&mut self, cells: Range<u32>) {
        for cell in cells {
            self.replicates.remove(&cell);
        }
    }

    /// Opens a cell of which some runs were found: replicate, and whether it had an outage, in order.
    pub(super) fn open(&mut self, cell: u32, found: Vec<(u32, bool)>) {
        self.open.insert(cell, OpenCell { found, outages: Vec::new(), unfinished: 0 });
        self.extend(cell, first_look(&self.rule));
        self.look(cell);
    }

    /// The runs that open cells want, and that nobody has taken yet.
    pub(super) fn take_wanted(&mut self) -> Vec<Task> {
        std::mem::take(&mut self.wanted)
    }

    /// Wants the replicates of a cell up to `n`.
    fn extend(&mut self, cell: u32, n: u32) {
        let Some(open) = self.open.get_mut(&cell) else { return };
        for replicate in open.outages.len() as u32..n {
            let place = open.found.binary_search_by_key(&replicate, |&(replicate, _)| replicate);
            let outage = place.ok().map(|place| open.found[place].1);
            open.outages.push(outage);
            if outage.is_none() {
                open.unfinished += 1;
                self.wanted.push(Task { cell, replicate });
            }
        }
    }

    /// Notes that a run has finished.
    pub(super) fn finish(&mut self, cell: u32, replicate: u32, outage: bool) {
        let Some(open) = self.open.get_mut(&cell) else { return };
        let Some(entry) = open.outages.get_mut(replicate as usize) else { return };
        if entry.replace(outage).is_none() {
            open.unfinished -= 1;
            self.look(cell);
        }
    }

    /// Looks at a cell, as long as all replicates wanted so far are there.
    fn look(&mut self, cell: u32) {
        while let Some(open) = self.open.get(&cell)
            && open.unfinished == 0
        {
            let n = open.outages.len() as u32;
            let outages = open.outages.iter().filter(|&&outage| outage == Some(true)).count() as u32;
            if is_decided(&self.rule, outages, n) {
                self.open.remove(&cell);
                self.replicates.insert(cell, n);
                self.decided += 1;
                self.fresh.push(cell);
            } else {
                self.extend(cell, next_look(&self.rule, n));
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

    fn rule(replicates: &str) -> Replicates {
        Sweep::parse(&format!("name = \"test\"\n[replicates]\n{replicates}"), "test.toml", &[]).unwrap().replicates
    }

    /// Runs a schedule, finishing tasks in the order that `pick` says; gives the replicates of each cell.
    fn replicates(rule: Replicates, found: &[(u32, u32, bool)], pick: impl Fn(usize) -> usize) -> Vec<u32> {
        // Cell 0 never has an outage, cell 1 always, cell 2 every other time.
        let outage = |task: Task| [false, true, task.replicate.is_multiple_of(2)][task.cell as usize];
        let mut schedule = Schedule::new(rule);
        for cell in 0..3 {
            let of_cell = found.iter().filter(|(of, ..)| *of == cell);
            schedule.open(cell, of_cell.map(|&(_, replicate, outage)| (replicate, outage)).collect());
        }
        let mut tasks = Vec::new();
        loop {
            tasks.extend(schedule.take_wanted());
            if tasks.is_empty() {
                break;
            }
            let task = tasks.swap_remove(pick(tasks.len()));
            schedule.finish(task.cell, task.replicate, outage(task));
        }
        (0..3).map(|cell| schedule.replicates(cell).unwrap()).collect()
    }

    #[test]
    fn without_a_half_width_every_cell_runs_all_its_replicates() {
        let rule = rule("at_least = 3\nat_most = 7");
        assert_eq!(replicates(rule, &[], |_| 0), [7, 7, 7]);
    }

    #[test]
    fn a_cell_stops_at_the_same_number_whatever_the_order_and_what_was_found() {
        let rule = rule("at_least = 10\nat_most = 1000\nhalf_width = 0.1");
        let expected = replicates(rule, &[], |_| 0);
        assert_eq!(expected[0], expected[1]);
        assert!(expected[0] < expected[2] && expected[2] < 1000, "{expected:?}");
        assert_eq!(replicates(rule, &[], |n| n - 1), expected);
        assert_eq!(replicates(rule, &[], |n| n / 2), expected);
        let found = [(0, 3, false), (2, 0, true), (2, 40, true), (1, 900, true)];
        assert_eq!(replicates(rule, &found, |_| 0), expected);
        let all: Vec<(u32, bool)> = (0..expected[1]).map(|replicate| (replicate, true)).collect();
        assert_eq!(decided_with(&rule, &all), Some(expected[1]));
        assert_eq!(decided_with(&rule, &all[1..]), None);
    }
}
