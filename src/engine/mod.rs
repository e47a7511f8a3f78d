//! What every engine of the model shares: what is asked of one, the laws of the model, and what a run reports.
//!
//! An engine knows nothing of sweeps, files or threads: scenario and seed in, outcome out.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`EngineKind`] | the engines that there are, by name |
//! | `laws` | the laws of the model, without clients and without chance |
//! | [`population`] | an engine that follows every client |
//! | [`mean_field`] | one that follows shares of ever more clients |
//! | `stuck` | in which step clients hang, around the longest spell |
//! | `observation` | what is seen of an engine, tick by tick, and the outputs that follow from it |
//! | [`outcome`] | the outputs: one row of a run, and its trace |

mod kind;
mod laws;
pub mod mean_field;
mod observation;
pub mod outcome;
pub mod population;
mod stuck;

pub use kind::EngineKind;

use std::sync::atomic::{AtomicBool, Ordering};

use crate::parameters::Scenario;
use outcome::{Outcome, TraceRow};

/// A finished run.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Its row of outputs.
    pub outcome: Outcome,
    /// Its trace; empty if none was asked for.
    pub trace: Vec<TraceRow>,
}

/// What is asked of a run besides its outcome. The default asks for nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Request<'a> {
    /// Asks for a trace with a row for each interval of this many seconds, rounded to ticks.
    pub trace_every_s: Option<f64>,
    /// The run is given up once this is true.
    pub stop: Option<&'a AtomicBool>,
}

impl Request<'_> {
    /// A request for a trace with a row for each interval of so many seconds.
    pub fn trace(every_s: f64) -> Request<'static> {
        Request { trace_every_s: Some(every_s), stop: None }
    }

    /// Whether the run is to be given up.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.is_some_and(|stop| stop.load(Ordering::Relaxed))
    }
}

/// An engine: a way to compute the model. It holds the workspace of its runs, and there is one for each thread.
pub trait Engine {
    /// Simulates one run of a scenario that passed [`Scenario::check`]. The result depends on `scenario` and `seed`
    /// alone, and on what is asked for.
    ///
    /// Returns `None` if the run was stopped before its end; never without a [`Request::stop`].
    fn run(&mut self, scenario: &Scenario, seed: u64, request: &Request<'_>) -> Option<Run>;
}
