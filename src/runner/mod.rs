//! How runs are made: which run next, on which thread, until when.
//!
//! Single runs are the unit of work, since a collapsed run costs many times a healthy one. Three parties make them:
//!
//! ```text
//!              keys of runs                    finished runs
//! collector ──────────────→ queue ─→ workers ──────────────→ collector ─→ store
//!     ↑ asks and tells
//! schedule
//! ```
//!
//! * The *collector*, on the calling thread, is the only one that decides and the only one that writes. A turn of its
//!   loop fills the queue, writes the blocks of which every cell is decided, reports [`Progress`], and takes in at most
//!   one finished run; every few seconds it writes a checkpoint of the runs that are in no part yet.
//! * The *schedule* is its memory: which replicates an open cell still wants, and when a cell is decided. It knows of no
//!   thread and no file.
//! * A *worker* is one of the threads of the pool, with a workspace of its own. It takes a key from the queue, makes the
//!   run, sends it to the collector, and has no other state: which worker makes which run changes nothing that is
//!   written.
//!
//! The queue is kept short, at two runs a worker: enough that no worker waits, and few enough that what an open cell
//! wants next does not stand behind new cells. The channel back has no bound, so that a worker never waits for the
//! disk; the queue bounds what is in it.
//!
//! **The end.** The collector ends when every cell is decided, when it is interrupted, or with an error of the store.
//! A guard (`CloseOnDrop`) then closes the queue, so that no worker waits or begins another run, and raises
//! the flag `abandon`, upon which the runs that are being made return without a result. It does so however the
//! collector ends, also by a panic: else the scope of the workers would wait for ever. `abandon` is not `interrupted`:
//! that one belongs to the caller, which raises it (a signal) to ask for the end, and is looked at by the collector
//! alone. What was finished in the meantime is still in the channel, which closes with the last worker; it is taken in
//! and written to a last checkpoint.

mod collector;
mod control_groups;
mod decided;
mod frontier;
mod in_memory;
mod memory;
mod progress;
mod queue;
mod rare;
mod schedule;
mod single;
mod single_runs;
mod takeover;
mod tally;
mod upcoming;

use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Sender, channel};

use crate::store::{RunRow, Store, StoreError};
use crate::sweep::Sweep;
use collector::Collector;
pub use decided::decided_cells;
pub use in_memory::run_in_memory;
pub use memory::{MemoryError, check_memory, check_memory_of_run, memory_needed_bytes, processor_time_s};
pub use progress::{Ending, Event, Progress};
use queue::{CloseOnDrop, Queue};
pub use rare::rare_estimate;
use single::simulate;
pub use single_runs::outcomes_of;
pub use takeover::{Takeover, takeover};

/// Runs in the queue for each worker.
const QUEUED_PER_WORKER: usize = 2;

/// Runs what is missing of a sweep, or of the shard for which `store` is open, on the threads of `pool`, until it is
/// complete or `interrupted` becomes true. `report` hears of every finished run and every decided cell, and several times
/// a second how far it is.
///
/// # Errors
/// A file cannot be written. What was finished before is kept, as far as it can be written.
pub fn run(
    store: &mut Store,
    pool: &rayon::ThreadPool,
    interrupted: &AtomicBool,
    report: &mut dyn FnMut(Event),
) -> Result<Ending, StoreError> {
    let sweep = store.folder().sweep().clone();
    let queue = Queue::default();
    let abandon = AtomicBool::new(false);
    let (sender, receiver) = channel();
    let workers = pool.current_num_threads();
    pool.in_place_scope(|scope| {
        for _ in 0..workers {
            let (sweep, queue, abandon, sender) = (&sweep, &queue, &abandon, sender.clone());
            scope.spawn(move |_| work(sweep, queue, abandon, &sender));
        }
        // The channel closes with the last worker.
        drop(sender);
        let closing = CloseOnDrop { queue: &queue, abandon: &abandon };
        let mut collector = Collector::new(store, &sweep, QUEUED_PER_WORKER * workers)?;
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

/// What a worker does: makes runs until the queue is closed, its run is abandoned, or nobody takes it in.
fn work(sweep: &Sweep, queue: &Queue, abandon: &AtomicBool, sender: &Sender<RunRow>) {
    let mut engine = sweep.engine.workspace();
    while let Some(key) = queue.take() {
        let Some(row) = simulate(engine.as_mut(), sweep, key, Some(abandon)) else { return };
        if sender.send(row).is_err() {
            return;
        }
    }
}
