//! How runs are made: which run next, on which thread, until when.
//!
//! Single runs are the unit of work, since a collapsed run costs many times a healthy one. The workers take them from
//! one queue, each with its own workspace, and hand them to the collector, the calling thread, which decides cells,
//! writes parts and reports progress.

mod collector;
mod in_memory;
mod memory;
mod schedule;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Condvar, Mutex, PoisonError};

use crate::engine::population::Simulator;
use crate::engine::{Engine, Request};
use crate::store::{Folder, RunRow, Store, StoreError};
use crate::sweep::Sweep;
use collector::Collector;
pub use in_memory::run_in_memory;
pub use memory::{MemoryError, check_memory, check_memory_of_run, memory_needed_bytes};
use schedule::{Task, decided_with};

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

/// Runs what is missing of a sweep, or of the shard for which `store` is open, on the threads of `pool`, until it is
/// complete or `interrupted` becomes true. `report` hears of every finished run, and several times a second if none
/// finishes.
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
        receiver.iter().for_each(|row| collector.add(row));
        let saved = collector.save();
        let ending = result.and_then(|ending| saved.map(|()| ending))?;
        if ending == Ending::Complete {
            collector.finish()?;
        }
        Ok(ending)
    })
}

/// One run of a sweep.
fn simulate(simulator: &mut Simulator, sweep: &Sweep, task: Task, abandon: &AtomicBool) -> Option<RunRow> {
    let Task { cell, replicate } = task;
    let realization = sweep.realization(cell, replicate);
    let traced = sweep.traces.filter(|traces| replicate < traces.replicates);
    let request = Request { trace_every_s: traced.map(|traces| traces.every_s), stop: Some(abandon) };
    let run = simulator.run(&realization.scenario, realization.seed, &request)?;
    Some(RunRow { cell, replicate, seed: realization.seed, drawn: realization.drawn, run })
}

/// Runs that are looked at together, about.
const RUNS_AT_ONCE: u32 = 2_000_000;

/// The cells of some blocks, in order, that are decided with the runs in the checkpoints, and the number of these runs.
///
/// # Errors
/// A file cannot be read.
pub fn decided_cells(folder: &Folder, blocks: &[u32]) -> Result<(Vec<u32>, u64), StoreError> {
    let rule = &folder.sweep().replicates;
    let cells_at_once = (RUNS_AT_ONCE / rule.at_most).max(1);
    let (mut decided, mut runs) = (Vec::new(), 0);
    let mut blocks = blocks.iter().peekable();
    while let Some(&block) = blocks.next() {
        let mut cells = folder.cells_of(block);
        // Blocks that lie beside each other are in the same files.
        while let Some(next) = blocks.next_if(|&&next| {
            let next = folder.cells_of(next);
            next.start == cells.end && next.end - cells.start <= cells_at_once
        }) {
            cells.end = folder.cells_of(*next).end;
        }
        let found = folder.found(cells)?;
        runs += found.len() as u64;
        for of_cell in found.chunk_by(|a, b| a.0 == b.0) {
            let outages: Vec<(u32, bool)> = of_cell.iter().map(|&(_, replicate, outage)| (replicate, outage)).collect();
            if decided_with(rule, &outages).is_some() {
                decided.push(of_cell[0].0);
            }
        }
    }
    Ok((decided, runs))
}
