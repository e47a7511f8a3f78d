//! Why anyone should believe a number: the checks of `critmass validate` with more effort, and those that take longer.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `known_answers` | every check of `critmass::validation`, thoroughly, and the command itself |
//! | `metamorphic` | what must not change, or may not rise, when the scenario changes |
//! | `replicates` | the outcomes of neighbouring replicates and cells |
//!
//! Seeds are fixed. A statistical test of a correct program fails with a probability of 1e-6 at most.

mod known_answers;
mod metamorphic;
mod replicates;

use critmass::engine::outcome::{OUTPUTS, Outcome, OutputValue};
use critmass::engine::population::Simulator;
use critmass::engine::{Engine, Request};
use critmass::parameters::Scenario;

/// ln(2 / α) with the false-alarm rate α = 1e-6 of each test.
fn exponent() -> f64 {
    libm::log(2.0 / critmass::validation::FALSE_ALARM)
}

/// The outcomes of seeds `from` … of the defaults with 20,000 clients and some change.
fn outcomes(runs: u64, from: u64, change: impl Fn(&mut Scenario)) -> Vec<Outcome> {
    let mut scenario = Scenario::default();
    scenario.population.clients = 20_000;
    scenario.time.horizon_h = 16.0;
    change(&mut scenario);
    scenario.check().unwrap();
    let mut simulator = Simulator::new();
    (from..from + runs).map(|seed| simulator.run(&scenario, seed, &Request::default()).unwrap().outcome).collect()
}

/// Every output as a number: 0 or 1 for a truth, the horizon for what did not happen before it.
fn numbers(outcome: &Outcome) -> Vec<f64> {
    let number = |value| match value {
        OutputValue::Boolean(truth) => f64::from(u8::from(truth)),
        OutputValue::Count(count) => count as f64,
        OutputValue::Number(number) => number.unwrap_or(1e6),
        OutputValue::Word(word) => word.map_or(0.0, |word| word.len() as f64),
    };
    OUTPUTS.iter().map(|output| number((output.get)(outcome))).collect()
}

/// The values of one output over runs.
fn column(outcomes: &[Outcome], output: usize) -> Vec<f64> {
    outcomes.iter().map(|outcome| numbers(outcome)[output]).collect()
}

/// The ranks of values, 0 …; equal ones share their mean rank.
fn ranks(values: &[f64]) -> Vec<f64> {
    let below = |x: f64| values.iter().filter(|&&y| y < x).count() as f64;
    let equal = |x: f64| values.iter().filter(|&&y| y == x).count() as f64;
    values.iter().map(|&x| below(x) + (equal(x) - 1.0) / 2.0).collect()
}
