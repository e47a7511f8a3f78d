//! What a run is: one realisation of one scenario from one seed.

pub mod elementary;
pub mod outcome;
pub mod random;

use std::sync::atomic::AtomicBool;

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

/// The workspace of a run: all arrays, reused from run to run. One for each thread.
#[derive(Default)]
pub struct Simulator {}

impl Simulator {
    /// An empty workspace; the first run allocates it.
    pub fn new() -> Simulator {
        Simulator::default()
    }

    /// Simulates one run of a scenario that passed [`Scenario::check`]. The result depends on `scenario` and `seed`
    /// alone. `trace_every_s` asks for a trace with a row for each interval of that many seconds, at least one tick.
    ///
    /// Returns `None` if `stop` became true before the end.
    pub fn run(
        &mut self,
        _scenario: &Scenario,
        _seed: u64,
        _trace_every_s: Option<f64>,
        _stop: &AtomicBool,
    ) -> Option<Run> {
        None
    }
}

/// An upper estimate of the memory that one workspace needs for this scenario, bytes.
pub fn memory_estimate_bytes(scenario: &Scenario) -> u64 {
    scenario.population.clients * 32 + (64 << 20)
}
