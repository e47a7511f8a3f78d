//! The threads of a command: one pool, of the size that was asked for. rayon's global pool, which looks to its own
//! environment for its size and ends the program where threads cannot be had, is never used.

use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use rayon::{ThreadBuilder, ThreadPool, ThreadPoolBuilder};

use super::failure::Failure;
use super::output::say;

/// Threads unless the user says how many: as many as the affinity, the control group and Slurm let this process have.
pub(super) fn threads_given() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    crate::slurm::cpus_given().map_or(cores, |given| cores.min(given))
}

/// A pool of so many threads, or, where the system does not let the process have them, of those that it does, which is
/// said.
pub(super) fn pool(threads: usize) -> Result<ThreadPool, Failure> {
    let mut wanted = threads;
    loop {
        match build(wanted) {
            Ok(pool) => {
                if wanted < threads {
                    say(format_args!("{wanted} of {threads} threads: the system allows no more (ulimit -u)"));
                }
                return Ok(pool);
            }
            Err((started, _)) if started > 0 => wanted = started.min(wanted - 1),
            Err((_, error)) => return Err(no_thread(&error)),
        }
    }
}

fn no_thread(error: &rayon::ThreadPoolBuildError) -> Failure {
    Failure::Failed(format!("no thread can be started: {error}; the limit of processes may be reached (ulimit -u)"))
}

/// A pool of exactly so many threads; else how many could be started, all of which have ended again, and the error.
fn build(threads: usize) -> Result<ThreadPool, (usize, rayon::ThreadPoolBuildError)> {
    let started: Mutex<Vec<JoinHandle<()>>> = Mutex::default();
    let start = |thread: ThreadBuilder| {
        let handle = std::thread::Builder::new().spawn(|| thread.run())?;
        started.lock().unwrap_or_else(PoisonError::into_inner).push(handle);
        Ok(())
    };
    ThreadPoolBuilder::new().num_threads(threads).spawn_handler(start).build().map_err(|error| {
        let started = started.into_inner().unwrap_or_else(PoisonError::into_inner);
        let count = started.len();
        // Until they have ended they count against the limit.
        started.into_iter().for_each(|thread| drop(thread.join()));
        (count, error)
    })
}

/// Does something with a pool of its own, in which whatever it spreads over threads runs; where none can be started, on
/// this thread.
pub(super) fn with_threads<T: Send>(work: impl FnOnce() -> Result<T, Failure> + Send) -> Result<T, Failure> {
    match pool(threads_given()) {
        Ok(pool) => pool.install(work),
        Err(_) => {
            let alone = ThreadPoolBuilder::new().num_threads(1).use_current_thread().build();
            alone.map_err(|error| no_thread(&error))?.install(work)
        }
    }
}
