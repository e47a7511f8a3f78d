//! critmass: Monte Carlo sweeps of a super-node network that goes down when too many of its clients restart at once, and
//! stays down.
//!
//! # One run
//!
//! A [`Scenario`] holds a value for every parameter of the model; [`simulate`] makes a run of it, which depends on the
//! scenario and a seed alone, and is the same on every machine.
//!
//! ```
//! let mut scenario = critmass::Scenario::default();
//! scenario.population.clients = 20_000;
//! scenario.time.horizon_h = 14.0;
//! scenario.updates.synchronization = 0.8;
//! let outcome = critmass::simulate(&scenario, 1)?.outcome;
//! assert!(outcome.outage && !outcome.recovered);
//!
//! scenario.time.horizon_h = 1.0;
//! let refused = critmass::simulate(&scenario, 1).unwrap_err();
//! assert!(refused.to_string().contains("must be later than updates.release_h, 12 h"));
//! # Ok::<(), critmass::Error>(())
//! ```
//!
//! [`PARAMETERS`] is the list of all parameters with their units, ranges, meanings and sources; [`OUTPUTS`] is that of
//! what an [`Outcome`] reports. Both read a value by its name.
//!
//! ```
//! use critmass::{PARAMETERS, Scenario, Value};
//!
//! let mut scenario = Scenario::default();
//! let slots = PARAMETERS.iter().find(|parameter| parameter.name == "overlay.slots").unwrap();
//! slots.set(&mut scenario, &Value::Integer(50)).unwrap();
//! assert_eq!(scenario.overlay.slots, 50);
//! ```
//!
//! # A sweep
//!
//! A [`Sweep`] is read from the text of a sweep file: parameters that are swept, inputs that are uncertain, and how many
//! runs each cell gets. [`simulate_sweep`] makes its runs in memory, on all cores; the command `critmass run` makes the
//! same ones with files, and can be interrupted. A [`Surface`] says what the runs of each cell say: [`surface_of`] runs in
//! memory, or as [`read_surface`] finds it in a folder.
//!
//! ```
//! use critmass::{Sweep, simulate_sweep, surface_of};
//!
//! let sweep: Sweep = r#"
//!     name = "slots"
//!     [scenario]
//!     population.clients = 2_000
//!     time.horizon_h = 13.0
//!     [[axis]]
//!     parameter = "overlay.slots"
//!     values = [50, 75]
//!     [replicates]
//!     at_least = 2
//!     at_most = 2
//! "#
//! .parse()?;
//! let runs = simulate_sweep(&sweep)?;
//! assert_eq!(runs.len(), 4);
//! for cell in surface_of(&sweep, &runs)?.cells() {
//!     let slots = sweep.label(0, cell.cell).unwrap();
//!     println!("{slots} slots: {} outages in {} runs", cell.outages, cell.replicates);
//! }
//! # Ok::<(), critmass::Error>(())
//! ```
//!
//! # How it is built
//!
//! Data flows one way:
//!
//! ```text
//! sweep file ─→ sweep ─→ engine ─→ runner ─→ store ─→ summary
//! ```
//!
//! A module imports those that stand in its row, and they stand above it: there is no way back, which
//! `tests/architecture.rs` holds against the source. The modules are no part of the library's interface.
//!
//! | module | what it holds | imports at most |
//! | --- | --- | --- |
//! | `prefetch` | asking for memory in time | |
//! | `parameters` | every parameter of the model, declared once | |
//! | `random` | a stream of random numbers for each purpose, and the laws that are drawn from | `prefetch` |
//! | `engine` | what a run is: one realisation of one scenario from one seed | `parameters`, `prefetch`, `random` |
//! | `statistics` | functions of numbers: what can be concluded from runs | `random` |
//! | `sweep` | what was asked: a sweep file, its cells and replicates | `parameters`, `random`, `engine`, `statistics` |
//! | `boundary` | where the outcome turns along a parameter, in the limit or run by run | `parameters`, `engine`, `sweep` |
//! | `store` | what is kept: the folder of a sweep | `parameters`, `engine`, `sweep` |
//! | `runner` | how runs are made: which one next, on which thread, until when | `parameters`, `engine`, `sweep`, `statistics`, `store` |
//! | `summary` | what it says: the surface | `parameters`, `engine`, `sweep`, `boundary`, `statistics`, `store` |
//! | `slurm` | how it goes to a cluster | `sweep`, `store` |
//! | `validation` | why anyone should believe it: results with a known answer, compared with what runs compute | `parameters`, `random`, `engine`, `sweep` |
//! | `facade` | the door: what the library offers | `parameters`, `engine`, `sweep`, `store`, `runner`, `summary` |
//! | `cli` | the commands | `parameters`, `engine`, `sweep`, `boundary`, `statistics`, `store`, `runner`, `summary`, `slurm`, `validation` |

// The modules are public for the program, the tests and the benches of this crate; the library is what is listed below.
#[doc(hidden)]
pub mod boundary;
#[doc(hidden)]
pub mod cli;
#[doc(hidden)]
pub mod engine;
mod facade;
#[doc(hidden)]
pub mod parameters;
mod prefetch;
#[doc(hidden)]
pub mod random;
#[doc(hidden)]
pub mod runner;
#[doc(hidden)]
pub mod slurm;
#[doc(hidden)]
pub mod statistics;
#[doc(hidden)]
pub mod store;
#[doc(hidden)]
pub mod summary;
#[doc(hidden)]
pub mod sweep;
#[doc(hidden)]
pub mod validation;

pub use engine::Run;
pub use engine::outcome::{OUTPUTS, Outcome, OutputValue, Step, TRACE_COLUMNS, TraceRow};
pub use facade::{Error, read_surface, simulate, simulate_sweep, simulate_with_trace, surface_of};
pub use parameters::{
    Discipline, Intervention, Jitter, PARAMETERS, Parameter, Region, Scenario, Shock, TOTALS, Totals, Value,
};
pub use store::RunRow;
pub use summary::{CellSummary, Statistic, Surface};
pub use sweep::Sweep;
