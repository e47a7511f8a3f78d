//! The door: runs and sweeps for programs that use the library, without files or a command line.

use std::path::Path;
use std::str::FromStr;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::UInt32Type;

use crate::engine::population::Simulator;
use crate::engine::{Engine, Request, Run};
use crate::parameters::{PARAMETERS, Scenario};
use crate::runner::{MemoryError, check_memory, check_memory_of_run, run_in_memory};
use crate::statistics::interval::Interval;
use crate::store::{Folder, RunRow, StoreError};
use crate::sweep::{Sweep, SweepError};

/// Why something could not be done; its text is for people.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(#[from] Cause);

/// What an [`Error`] says.
#[derive(Debug, thiserror::Error)]
enum Cause {
    /// A scenario that is impossible: the parameter at fault, and what is allowed.
    #[error("{0}: {1}")]
    Scenario(&'static str, String),
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
    for parameter in PARAMETERS {
        parameter.check(&parameter.get(scenario)).map_err(|message| Cause::Scenario(parameter.name, message))?;
    }
    scenario.check().map_err(|(parameter, message)| Cause::Scenario(parameter, message))?;
    check_memory_of_run(scenario).map_err(Cause::Memory)?;
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
/// As many populations as there are threads do not fit into memory.
pub fn simulate_sweep(sweep: &Sweep) -> Result<Vec<RunRow>, Error> {
    check_memory(sweep, rayon::current_num_threads()).map_err(Cause::Memory)?;
    Ok(run_in_memory(sweep))
}

/// What the runs of a sweep say about each of its cells, as far as its outage probability goes.
#[derive(Debug, Clone, PartialEq)]
pub struct Surface(Vec<CellSummary>);

/// What the runs of one cell say about its outage probability.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CellSummary {
    /// The cell.
    pub cell: u32,
    /// Its runs.
    pub replicates: u32,
    /// Those of them with an outage.
    pub outages: u32,
    /// The share of these.
    pub outage_probability: f64,
    /// Lower end of the interval of the outage probability, with the confidence of the sweep.
    pub outage_probability_low: f64,
    /// Upper end.
    pub outage_probability_high: f64,
}

impl Surface {
    /// A row for each cell that has runs, in the order of the cells.
    pub fn cells(&self) -> &[CellSummary] {
        &self.0
    }
}

/// The surface of some runs of a sweep, in the order of the cells.
///
/// # Errors
/// None so far.
pub fn surface_of(sweep: &Sweep, runs: &[RunRow]) -> Result<Surface, Error> {
    let outages: Vec<(u32, bool)> = runs.iter().map(|row| (row.cell, row.run.outcome.outage)).collect();
    Ok(count(sweep, &outages))
}

/// The surface of the runs that `critmass run` keeps in this folder.
///
/// # Errors
/// There is no such folder, or it is damaged.
pub fn read_surface(folder: &Path) -> Result<Surface, Error> {
    let folder = Folder::open(folder).map_err(Cause::Store)?;
    let mut outages = Vec::new();
    for block in 0..folder.blocks() {
        outages.extend(outages_in(&folder.runs(block).map_err(Cause::Store)?));
    }
    Ok(count(folder.sweep(), &outages))
}

/// The surface of runs, each with its cell and whether it had an outage.
fn count(sweep: &Sweep, runs: &[(u32, bool)]) -> Surface {
    let cells = runs.chunk_by(|one, next| one.0 == next.0).map(|runs| {
        let (replicates, outages) = (runs.len() as u32, runs.iter().filter(|(_, outage)| *outage).count() as u32);
        let interval = Interval::of(&sweep.replicates, outages, replicates);
        CellSummary {
            cell: runs[0].0,
            replicates,
            outages,
            outage_probability: f64::from(outages) / f64::from(replicates),
            outage_probability_low: interval.low,
            outage_probability_high: interval.high,
        }
    });
    Surface(cells.collect())
}

/// The cell of each run of a part, and whether it had an outage.
fn outages_in(runs: &RecordBatch) -> Vec<(u32, bool)> {
    let cells = runs.column_by_name("cell").and_then(|cells| cells.as_primitive_opt::<UInt32Type>());
    let outages = runs.column_by_name("outage").and_then(|outages| outages.as_boolean_opt());
    let (Some(cells), Some(outages)) = (cells, outages) else { return Vec::new() };
    cells.values().iter().copied().zip(outages.iter().map(|outage| outage == Some(true))).collect()
}
