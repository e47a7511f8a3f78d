//! What the benches run.

use critmass::engine::outcome::Outcome;
use critmass::engine::{Engine, Request};
use critmass::parameters::Scenario;

/// The default network with so many clients, for so many hours, at this share of synchronized restarts.
pub(crate) fn defaults(clients: u64, horizon_h: f64, synchronization: f64) -> Scenario {
    let mut scenario = Scenario::default();
    scenario.population.clients = clients;
    scenario.time.horizon_h = horizon_h;
    scenario.updates.synchronization = synchronization;
    scenario
}

/// Makes one run.
pub(crate) fn outcome(engine: &mut impl Engine, scenario: &Scenario, seed: u64) -> Outcome {
    let run = engine.run(scenario, seed, &Request::default());
    run.expect("nobody stops it").outcome
}
