//! The chance of N clients in the engine that counts none, against that of runs of clients.

use critmass::engine::outcome::Outcome;
use critmass::engine::{EngineKind, Request};
use critmass::parameters::Scenario;
use rayon::prelude::*;

/// Reads a number of an outcome.
type Reading = fn(&Outcome) -> f64;

/// Runs of each engine.
const RUNS: u32 = 120;

fn outcomes(engine: EngineKind, scenario: &Scenario) -> Vec<Outcome> {
    let run = |seed| engine.workspace().run(scenario, seed, &Request::default()).unwrap().outcome;
    (0..u64::from(RUNS)).into_par_iter().map(run).collect()
}

fn scenario(synchronization: f64) -> Scenario {
    let mut scenario = Scenario::default();
    scenario.population.clients = 50_000;
    (scenario.time.horizon_h, scenario.updates.synchronization) = (15.0, synchronization);
    scenario
}

/// Mean and variance of an output.
fn moments(outcomes: &[Outcome], of: Reading) -> (f64, f64) {
    let count = outcomes.len() as f64;
    let mean = outcomes.iter().map(of).sum::<f64>() / count;
    (mean, outcomes.iter().map(|outcome| (of(outcome) - mean) * (of(outcome) - mean)).sum::<f64>() / (count - 1.0))
}

/// In a network that stays up, 12 comparisons: means to 6 standard errors, and variances to a factor of 3, which is 6
/// standard errors of the logarithm of their ratio. A false alarm has a probability below 1e-7.
#[test]
fn with_noise_outputs_scatter_as_those_of_clients_do() {
    let outputs: [(&str, Reading); 6] = [
        ("min_supernodes", |of| of.min_supernodes as f64),
        ("min_online_fraction", |of| of.min_online_fraction),
        ("attach_attempts", |of| of.attach_attempts as f64),
        ("demand_peak", |of| of.demand_peak as f64),
        ("logins", |of| of.logins as f64),
        ("restarts", |of| of.restarts as f64),
    ];
    let [noisy, agents] =
        [EngineKind::NoisyMeanField, EngineKind::Agents].map(|engine| outcomes(engine, &scenario(0.2)));
    for (name, of) in outputs {
        let ((mean, variance), (expected, expected_variance)) = (moments(&noisy, of), moments(&agents, of));
        let ratio = variance / expected_variance;
        println!("{name}: {mean:.5} and {expected:.5}; variances have the ratio {ratio:.2}");
        let standard_error = ((variance + expected_variance) / f64::from(RUNS)).sqrt();
        assert!((mean - expected).abs() < 6.0 * standard_error, "{name}: {mean} {expected} ± {standard_error}");
        assert!((1.0 / 3.0..3.0).contains(&ratio), "{name}: {variance} {expected_variance}");
    }
}

/// Where the outcome of 50,000 clients is open, the limit's is not: it turns at 0.406. The shares of outages of both
/// engines agree to 5.5 standard errors; a false alarm has a probability below 1e-7.
#[test]
fn with_noise_the_critical_share_is_that_of_so_many_clients() {
    let share = |engine| {
        let outages = outcomes(engine, &scenario(0.377)).iter().filter(|outcome| outcome.outage).count();
        outages as f64 / f64::from(RUNS)
    };
    let [noisy, agents] = [EngineKind::NoisyMeanField, EngineKind::Agents].map(share);
    println!("outages: {noisy:.3} with noise, {agents:.3} of clients");
    assert!((noisy - agents).abs() < 5.5 * (0.5 / f64::from(RUNS)).sqrt(), "{noisy} {agents}");
    assert!((0.15..0.85).contains(&noisy), "{noisy}");
    assert_eq!(share(EngineKind::MeanField), 0.0);
}

#[test]
fn with_noise_the_seed_alone_decides() {
    let scenario = scenario(0.3);
    let run = |workspace: &mut Box<dyn critmass::engine::Engine>, seed| {
        workspace.run(&scenario, seed, &Request::trace(600.0)).unwrap()
    };
    let mut used = EngineKind::NoisyMeanField.workspace();
    let [one, two] = [1, 2].map(|seed| run(&mut used, seed));
    assert!(one != two);
    assert_eq!(run(&mut used, 1), one);
    assert_eq!(run(&mut EngineKind::NoisyMeanField.workspace(), 2), two);
}
