//! What the benches run.

use std::sync::atomic::AtomicBool;

use critmass::parameters::Scenario;
use critmass::population::Simulator;
use critmass::population::outcome::Outcome;

/// The default network with so many clients, for so many hours, at this share of synchronized restarts.
pub(crate) fn defaults(clients: u64, horizon_h: f64, synchronization: f64) -> Scenario {
    let mut scenario = Scenario::default();
    scenario.population.clients = clients;
    scenario.time.horizon_h = horizon_h;
    scenario.updates.synchronization = synchronization;
    scenario
}

/// Simulates one run.
pub(crate) fn outcome(simulator: &mut Simulator, scenario: &Scenario, seed: u64) -> Outcome {
    let run = simulator.run(scenario, seed, None, &AtomicBool::new(false));
    run.expect("nobody stops it").outcome
}
