//! The runs that are to be made next, between the collector that decides on them and the workers that make them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::store::RunKey;

/// A queue that is open at first, and once closed gives out nothing more.
#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// Something was put in, or the queue was closed.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    runs: VecDeque<RunKey>,
    is_closed: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the next run, and waits for it if there is none; `None` once the queue is closed, whatever is left in it.
    pub(super) fn take(&self) -> Option<RunKey> {
        let mut state = self.lock();
        loop {
            if state.is_closed {
                return None;
            }
            if let Some(run) = state.runs.pop_front() {
                return Some(run);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.lock().runs.len()
    }

    pub(super) fn extend(&self, runs: impl IntoIterator<Item = RunKey>) {
        self.lock().runs.extend(runs);
        self.changed.notify_all();
    }

    fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_all();
    }
}

/// Closes the queue and abandons the runs that are being made when it is dropped: at the end of the collector, however
/// it ends. The workers would wait for ever otherwise.
pub(super) struct CloseOnDrop<'a> {
    pub(super) queue: &'a Queue,
    pub(super) abandon: &'a AtomicBool,
}

impl Drop for CloseOnDrop<'_> {
    fn drop(&mut self) {
        self.abandon.store(true, Ordering::Relaxed);
        self.queue.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_come_out_in_order_until_the_queue_is_closed_and_waiting_ends_then() {
        let (queue, abandon) = (Queue::default(), AtomicBool::new(false));
        let run = |replicate| RunKey { cell: 1, replicate };
        queue.extend((0..3).map(run));
        assert_eq!((queue.take(), queue.take(), queue.len()), (Some(run(0)), Some(run(1)), 1));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| [queue.take(), queue.take()]);
            while queue.len() > 0 {
                std::thread::yield_now();
            }
            drop(CloseOnDrop { queue: &queue, abandon: &abandon });
            assert_eq!(waiting.join().unwrap(), [Some(run(2)), None]);
        });
        assert!(abandon.load(Ordering::Relaxed));
        queue.extend([run(3)]);
        assert_eq!(queue.take(), None);
    }
}
