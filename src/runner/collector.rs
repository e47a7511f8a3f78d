//! Takes in finished runs: decides cells, writes what is complete, and says which runs are next.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::frontier::Frontier;
use super::progress::{Ending, Event};
use super::queue::Queue;
use super::schedule::Schedule;
use super::tally::Tally;
use super::upcoming::{Upcoming, found_frontier};
use crate::store::{RunRow, Shard, Store, StoreError};
use crate::sweep::Sweep;

/// After which time finished runs that are in no part yet are written to a checkpoint: first soon, then twice as late
/// each time.
const CHECKPOINT_FIRST: Duration = Duration::from_millis(250);
const CHECKPOINT_EVERY: Duration = Duration::from_secs(10);
/// How often the collector looks up when no run finishes.
const POLL: Duration = Duration::from_millis(100);

/// The thread that holds the store.
pub(super) struct Collector<'a> {
    store: &'a mut Store,
    schedule: Schedule,
    upcoming: Upcoming,
    /// How far the refinement has come, if the sweep is refined.
    frontier: Option<Frontier>,
    /// How many cells of a block that is not complete are decided.
    decided: BTreeMap<u32, usize>,
    tally: Tally,
    /// Runs that wait in the queue at least, as long as there are some.
    queue_min: usize,
}

impl<'a> Collector<'a> {
    /// # Errors
    /// What is in the folder cannot be read.
    pub(super) fn new(store: &'a mut Store, sweep: &Sweep, queue_min: usize) -> Result<Collector<'a>, StoreError> {
        let plan = Arc::new(sweep.plan());
        let mut tally = Tally::take(store, &sweep.replicates, &plan)?;
        let shard = store.shard().unwrap_or(Shard::ALL);
        let frontier = found_frontier(store, sweep, &plan)?;
        let upcoming = match &frontier {
            Some(frontier) => Upcoming::of(shard, sweep, frontier.open().collect()),
            None => Upcoming::all(shard, sweep),
        };
        if let Some(frontier) = &frontier {
            tally.refine(frontier.cells());
        }
        let schedule = Schedule::new(plan, sweep.groups());
        Ok(Collector { store, schedule, upcoming, frontier, decided: BTreeMap::new(), tally, queue_min })
    }

    /// Takes in runs until every cell is decided, or until it is interrupted.
    pub(super) fn collect(
        &mut self,
        queue: &Queue,
        receiver: &Receiver<RunRow>,
        interrupted: &AtomicBool,
        report: &mut dyn FnMut(Event),
    ) -> Result<Ending, StoreError> {
        let (mut saved_at, mut save_after) = (Instant::now(), CHECKPOINT_FIRST);
        loop {
            let more = self.refill(queue, report)?;
            report(Event::Progress(self.tally.progress()));
            self.write_complete_blocks(report)?;
            if interrupted.load(Ordering::Relaxed) {
                return Ok(Ending::Interrupted);
            }
            if self.schedule.is_idle() {
                if more {
                    continue;
                }
                self.write_refined_blocks()?;
                return Ok(Ending::Complete);
            }
            let workers_wait = more && queue.len() < self.queue_min;
            match receiver.recv_timeout(if workers_wait { Duration::ZERO } else { POLL }) {
                Ok(row) => {
                    let key = row.key();
                    let outage = row.run.outcome.outage;
                    let cells = self.schedule.finish(key, outage);
                    self.tally.finish(self.schedule.replicates(key.cell).map(|runs| (cells, runs)));
                    self.add(row);
                    report(Event::Run { cell: key.cell, replicate: key.replicate, outage });
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(Ending::Interrupted),
            }
            if saved_at.elapsed() >= save_after || self.store.is_full() {
                self.save()?;
                (saved_at, save_after) = (Instant::now(), CHECKPOINT_EVERY.min(2 * save_after));
            }
        }
    }

    /// Keeps a run.
    pub(super) fn add(&mut self, row: RunRow) {
        self.store.add(row);
    }

    /// Writes what is in no file yet.
    pub(super) fn save(&mut self) -> Result<(), StoreError> {
        self.store.checkpoint()
    }

    /// Leaves the folder as it is when everything is there.
    pub(super) fn finish(&mut self) -> Result<(), StoreError> {
        if self.store.shard().is_some() { self.store.finish_shard() } else { self.store.finish() }
    }

    /// Fills the queue: what open cells want, and of new cells no more than keeps every worker busy. Stops at the latest
    /// with the first cell of the next block, so that what was found complete is written block by block. Returns
    /// whether there are more cells.
    fn refill(&mut self, queue: &Queue, report: &mut dyn FnMut(Event)) -> Result<bool, StoreError> {
        queue.extend(self.schedule.take_wanted());
        let block = self.upcoming.block();
        while queue.len() < self.queue_min {
            let Some((group, found)) = self.upcoming.next(self.store)? else {
                if self.next_round(report) {
                    continue;
                }
                return Ok(false);
            };
            self.schedule.open(group, found);
            queue.extend(self.schedule.take_wanted());
            if self.upcoming.block() != block {
                break;
            }
        }
        Ok(true)
    }

    /// Goes on to the next round of a refined sweep, if all cells of this one are decided.
    fn next_round(&mut self, report: &mut dyn FnMut(Event)) -> bool {
        if !self.schedule.is_idle() {
            return false;
        }
        self.note_decided(report);
        let Some(frontier) = &mut self.frontier else { return false };
        let goes_on = frontier.open().next().is_none() && frontier.advance();
        if goes_on {
            self.upcoming.want(frontier.open().collect());
            self.tally.refine(frontier.cells());
        }
        goes_on
    }

    /// Tells the refinement which cells were decided.
    fn note_decided(&mut self, report: &mut dyn FnMut(Event)) {
        let Some(frontier) = &mut self.frontier else { return };
        for cell in self.schedule.take_decided() {
            if let Some(decided) = self.schedule.decided(cell) {
                frontier.decide(cell, decided);
                report(Event::Cell { cell, replicates: decided.runs });
            }
            self.schedule.forget(cell..cell + 1);
        }
    }

    /// Writes the blocks of a refined sweep: only at its end is it known which cells they have.
    fn write_refined_blocks(&mut self) -> Result<(), StoreError> {
        let Some(frontier) = self.frontier.as_ref().filter(|frontier| frontier.is_finished()) else { return Ok(()) };
        if self.store.shard().is_none() {
            for block in 0..self.store.folder().blocks() {
                if !self.store.is_complete(block) {
                    self.store.complete(block, |cell| frontier.runs(cell))?;
                }
            }
        }
        Ok(())
    }

    fn write_complete_blocks(&mut self, report: &mut dyn FnMut(Event)) -> Result<(), StoreError> {
        if self.frontier.is_some() {
            self.note_decided(report);
            return Ok(());
        }
        for cell in self.schedule.take_decided() {
            if let Some(replicates) = self.schedule.replicates(cell) {
                report(Event::Cell { cell, replicates });
            }
            if self.store.shard().is_some() {
                self.schedule.forget(cell..cell + 1);
                continue;
            }
            let block = self.store.folder().block_of(cell);
            let cells = self.store.folder().cells_of(block);
            let decided = self.decided.entry(block).or_default();
            *decided += 1;
            if *decided == cells.len() {
                self.decided.remove(&block);
                let schedule = &self.schedule;
                self.store.complete(block, |cell| schedule.replicates(cell).unwrap_or(0))?;
                self.schedule.forget(cells);
            }
        }
        Ok(())
    }
}
