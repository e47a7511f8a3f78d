//! The door: runs and sweeps for programs that use the library, without files or a command line.

use std::error::Error as _;
use std::path::Path;
use std::str::FromStr;

use crate::engine::population::Simulator;
use crate::engine::{Engine, EngineKind, Request, Run};
use crate::parameters::{Scenario, ScenarioError};
use crate::runner::{MemoryError, check_memory, check_memory_of_run, run_in_memory};
use crate::store::{Folder, RunRow, StoreError};
use crate::summary::{SummaryError, Surface};
use crate::sweep::{Sweep, SweepError};

/// Why something could not be done; its text is for people.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(#[from] Cause);

/// What an [`Error`] says.
#[derive(Debug, thiserror::Error)]
enum Cause {
    /// A scenario that is impossible.
    #[error(transparent)]
    Scenario(ScenarioError),
    /// An interval of a trace that is none.
    #[error("the interval of a trace, {0} s, must be a finite number > 0 s")]
    TraceInterval(f64),
    /// A text that is no sweep.
    #[error(transparent)]
    Sweep(SweepError),
    /// A population too large for this machine.
    #[error(transparent)]
    Memory(MemoryError),
    /// A folder that cannot be read.
    #[error(transparent)]
    Store(StoreError),
    /// A surface that cannot be read or computed.
    #[error(transparent)]
    Summary(SummaryError),
    /// No threads to run on.
    #[error("no threads can be started: {0}; the limit of processes may be reached (ulimit -u)")]
    Threads(rayon::ThreadPoolBuildError),
    /// A run that was given up, although nobody asked for it.
    #[error("the run was given up before its end")]
    Stopped,
}

impl From<SweepError> for Error {
    fn from(error: SweepError) -> Error {
        Cause::Sweep(error).into()
    }
}

/// Simulates one run. The result depends on `scenario` and `seed` alone, and is the same on every machine.
///
/// # Errors
/// The scenario is impossible, or does not fit into memory.
pub fn simulate(scenario: &Scenario, seed: u64) -> Result<Run, Error> {
    run(scenario, seed, &Request::default())
}

/// Simulates one run, with a trace that has a row for each interval of this many seconds, rounded to ticks.
///
/// ```
/// let mut scenario = critmass::Scenario::default();
/// scenario.population.clients = 2_000;
/// scenario.time.horizon_h = 13.0;
/// let run = critmass::simulate_with_trace(&scenario, 7, 600.0)?;
/// assert_eq!(run.trace.len(), 13 * 6);
/// assert!(run.trace.iter().all(|row| row.online <= row.demand));
/// # Ok::<(), critmass::Error>(())
/// ```
///
/// # Errors
/// As for [`simulate`]; and if the interval is not a finite number > 0.
pub fn simulate_with_trace(scenario: &Scenario, seed: u64, every_s: f64) -> Result<Run, Error> {
    if !(every_s > 0.0 && every_s.is_finite()) {
        return Err(Cause::TraceInterval(every_s).into());
    }
    run(scenario, seed, &Request::trace(every_s))
}

fn run(scenario: &Scenario, seed: u64, request: &Request<'_>) -> Result<Run, Error> {
    scenario.check().map_err(Cause::Scenario)?;
    check_memory_of_run(EngineKind::Agents, scenario).map_err(Cause::Memory)?;
    Ok(Simulator::new().run(scenario, seed, request).ok_or(Cause::Stopped)?)
}

/// A sweep from the text of a sweep file.
///
/// ```
/// let refused = "name = \"a\"\nseed = -1".parse::<critmass::Sweep>().unwrap_err();
/// assert!(refused.to_string().starts_with("the sweep:2: seed: "));
/// ```
impl FromStr for Sweep {
    type Err = Error;

    fn from_str(text: &str) -> Result<Sweep, Error> {
        Ok(Sweep::parse(text, "the sweep", &[])?)
    }
}

/// Makes all runs of a sweep on the threads of rayon's current pool, and returns them in the order of (cell, replicate).
/// They are those that `critmass run` would write.
///
/// # Errors
/// As many populations as there are threads do not fit into memory, or no threads can be had.
pub fn simulate_sweep(sweep: &Sweep) -> Result<Vec<RunRow>, Error> {
    check_threads()?;
    check_memory(sweep, rayon::current_num_threads()).map_err(Cause::Memory)?;
    Ok(run_in_memory(sweep))
}

/// Outside of a pool rayon starts a global one where it is first used, and ends the program with a panic if it cannot. So it
/// is asked for here.
fn check_threads() -> Result<(), Error> {
    if rayon::current_thread_index().is_some() {
        return Ok(());
    }
    match rayon::ThreadPoolBuilder::new().build_global() {
        // Without a cause the error is that there is one already.
        Err(error) if error.source().is_some() => Err(Cause::Threads(error).into()),
        _ => Ok(()),
    }
}

/// The surface of some runs of a sweep, in the order of the cells.
///
/// # Errors
/// A statistic cannot be computed.
pub fn surface_of(sweep: &Sweep, runs: &[RunRow]) -> Result<Surface, Error> {
    Ok(Surface::of(sweep, runs).map_err(Cause::Summary)?)
}

/// The surface of a sweep that `critmass run` has finished in this folder.
///
/// # Errors
/// There is none, or it is damaged.
pub fn read_surface(folder: &Path) -> Result<Surface, Error> {
    let folder = Folder::open(folder).map_err(Cause::Store)?;
    Ok(Surface::read(&folder).map_err(Cause::Summary)?)
}
