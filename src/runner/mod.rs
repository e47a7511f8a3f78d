//! How runs are made: which run next, on which thread, until when.
//!
//! Single runs are the unit of work, since a collapsed run costs many times a healthy one. The workers take them from
//! one queue, each with its own workspace, and hand them to the collector, the calling thread, which decides cells,
//! writes parts and reports progress.

mod memory;
mod schedule;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::population::Simulator;
use crate::store::{RunRow, Store, StoreError};
use crate::sweep::Sweep;
pub use memory::{MemoryError, check_memory, memory_needed_bytes};
use schedule::{Schedule, Task};

/// How often finished runs that are in no part yet are written to a checkpoint.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(10);
/// How often the collector looks up when no run finishes.
const POLL: Duration = Duration::from_millis(100);

/// How far a sweep is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Runs finished in this session.
    pub runs: u64,
    /// Runs found in the folder that are not part of a complete block.
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

/// The queue between the collector and the workers.
#[derive(Default)]
struct Queue {
    tasks: Mutex<(VecDeque<Task>, bool)>,
    changed: Condvar,
}

impl Queue {
    /// The next task; `None` once the queue is closed.
    fn take(&self) -> Option<Task> {
        let mut state = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match (state.1, state.0.pop_front()) {
                (true, _) => return None,
                (false, Some(task)) => return Some(task),
                (false, None) => state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    fn len(&self) -> usize {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).0.len()
    }

    fn extend(&self, tasks: impl Iterator<Item = Task>) {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).0.extend(tasks);
        self.changed.notify_all();
    }

    fn close(&self) {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).1 = true;
        self.changed.notify_all();
    }
}

/// Closes the queue when the collector ends, however it does: the workers would wait for ever.
struct Closing<'a>(&'a Queue, &'a AtomicBool);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.1.store(true, Ordering::Relaxed);
        self.0.close();
    }
}

/// Runs what is missing of a sweep on the threads of `pool`, until it is complete or `interrupted` becomes true.
/// `report` hears of every finished run, and several times a second if none finishes.
///
/// # Errors
/// A file cannot be written. What was finished before is kept, as far as it can be written.
pub fn run(
    store: &mut Store,
    pool: &rayon::ThreadPool,
    interrupted: &AtomicBool,
    report: &mut dyn FnMut(Progress),
) -> Result<Ending, StoreError> {
    let sweep = store.folder().sweep().clone();
    let queue = Queue::default();
    // Stops runs in the middle: set when interrupted, and when there is nothing left to wait for.
    let abandon = AtomicBool::new(false);
    let (sender, receiver) = channel();
    pool.in_place_scope(|scope| {
        for _ in 0..pool.current_num_threads() {
            let sender = sender.clone();
            let (queue, sweep, abandon) = (&queue, &sweep, &abandon);
            scope.spawn(move |_| {
                let mut simulator = Simulator::new();
                while let Some(task) = queue.take() {
                    let Some(row) = simulate(&mut simulator, sweep, task, abandon) else { return };
                    if sender.send(row).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let closing = Closing(&queue, &abandon);
        let mut collector = Collector::new(store, &sweep, 2 * pool.current_num_threads());
        let result = collector.collect(&queue, &receiver, interrupted, report);
        drop(closing);
        // Runs that finished in the meantime are not lost.
        receiver.iter().for_each(|row| collector.store.add(row));
        let saved = collector.store.checkpoint();
        result.and_then(|ending| saved.map(|()| ending))
    })
}

/// One run of a sweep.
fn simulate(simulator: &mut Simulator, sweep: &Sweep, task: Task, abandon: &AtomicBool) -> Option<RunRow> {
    let Task { cell, replicate } = task;
    let realization = sweep.realization(cell, replicate);
    let traced = sweep.traces.filter(|traces| replicate < traces.replicates);
    let run = simulator.run(&realization.scenario, realization.seed, traced.map(|t| t.every_s), abandon)?;
    Some(RunRow { cell, replicate, seed: realization.seed, drawn: realization.drawn, run })
}

/// Takes in finished runs: decides cells, and writes what is complete.
struct Collector<'a> {
    store: &'a mut Store,
    schedule: Schedule,
    progress: Progress,
    /// Tasks that wait in the queue at least, as long as there are some.
    queue_min: usize,
}

impl<'a> Collector<'a> {
    fn new(store: &'a mut Store, sweep: &Sweep, queue_min: usize) -> Collector<'a> {
        let folder = store.folder();
        let complete: Vec<u32> = (0..folder.blocks())
            .filter(|&block| store.is_complete(block))
            .flat_map(|block| folder.cells_of(block))
            .collect();
        let recovered = store.recovered();
        let cells_found = complete.len() as u32;
        let progress = Progress {
            runs: 0,
            recovered: recovered.len() as u64,
            cells_decided: cells_found,
            cells_found,
            cells: sweep.cells(),
        };
        let schedule = Schedule::new(sweep, &complete, &recovered);
        Collector { store, schedule, progress, queue_min }
    }

    fn collect(
        &mut self,
        queue: &Queue,
        receiver: &std::sync::mpsc::Receiver<RunRow>,
        interrupted: &AtomicBool,
        report: &mut dyn FnMut(Progress),
    ) -> Result<Ending, StoreError> {
        let mut saved_at = Instant::now();
        loop {
            // Enough that no worker waits, and no more: what an open cell wants next should not stand behind new cells.
            while queue.len() < self.queue_min {
                let tasks = self.schedule.next_tasks();
                if tasks.is_empty() {
                    break;
                }
                queue.extend(tasks.into_iter());
            }
            self.write_complete_blocks()?;
            self.progress.cells_decided = self.progress.cells_found + self.schedule.decided();
            report(self.progress);
            if self.progress.cells_decided == self.progress.cells {
                return Ok(Ending::Complete);
            }
            if interrupted.load(Ordering::Relaxed) {
                return Ok(Ending::Interrupted);
            }
            match receiver.recv_timeout(POLL) {
                Ok(row) => {
                    self.progress.runs += 1;
                    self.schedule.finish(row.cell, row.replicate, row.run.outcome.outage);
                    self.store.add(row);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(Ending::Interrupted),
            }
            if saved_at.elapsed() >= CHECKPOINT_EVERY {
                self.store.checkpoint()?;
                saved_at = Instant::now();
            }
        }
    }

    fn write_complete_blocks(&mut self) -> Result<(), StoreError> {
        for block in self.schedule.take_touched_blocks(|cell| self.store.folder().block_of(cell)) {
            let cells = self.store.folder().cells_of(block);
            if cells.clone().all(|cell| self.schedule.replicates(cell).is_some()) {
                let schedule = &self.schedule;
                self.store.complete(block, |cell| schedule.replicates(cell).unwrap_or(0))?;
                self.schedule.forget(cells);
            }
        }
        Ok(())
    }
}
