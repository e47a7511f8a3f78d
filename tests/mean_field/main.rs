//! The engine of the limit against the one that follows clients: each checks the other, at sizes that no plain engine
//! reaches.
//!
//! Runs of many clients scatter around the limit by their own chance, which is as good as normal for so many. So in each
//! scenario the difference between their mean and the limit, in standard errors of that mean, has Student's law, and its
//! normal score is standard normal. A column fails if one score is too large, or if the sum of the squares over all
//! scenarios is, which finds what deviates a little everywhere. [`FALSE_ALARM`] is the rate at which a correct program
//! fails for all columns together.
//!
//! What chance does not average out, the curvature of the laws times the variance of the noise, is of the order 1/N, and
//! thus far below 1/√N, unless the outcome hangs by a hair: the scenarios are clearly on one side.

mod critical;
mod crossing;
mod designed;
mod noise;
mod statistics;

use std::collections::BTreeMap;

use critmass::engine::outcome::{OUTPUTS, OutputValue, TRACE_COLUMNS};
use critmass::engine::{EngineKind, Request, Run};
use critmass::parameters::Scenario;
use rayon::prelude::*;

use statistics::{chi_square_quantile_bound, score, score_bound};

/// False-alarm rate of all columns together.
const FALSE_ALARM: f64 = 1e-6;
/// Runs of clients in each scenario. An odd number: Student's law with an even number of degrees of freedom is a sum.
const RUNS: u64 = 9;
/// Rows of the trace that are compared.
const TRACE_ROWS: u64 = 6;

/// Outputs that are extremes over time, of which chance makes more than the limit has, or jump with the tick.
const EXTREMES: [&str; 7] = [
    "min_online_fraction",
    "min_online_at_h",
    "outage_start_h",
    "min_supernodes",
    "peak_login_queue",
    "peak_login_rate_per_s",
    "demand_peak",
];

fn run(engine: EngineKind, scenario: &Scenario, seed: u64, every_s: f64) -> Run {
    engine.check(scenario).unwrap_or_else(|error| panic!("{error}"));
    engine.workspace().run(scenario, seed, &Request::trace(every_s)).expect("nobody stops it")
}

/// All that is compared of a run, by name: a number, and whether it counts clients.
fn columns(run: &Run) -> BTreeMap<String, (f64, bool)> {
    let number = |value: OutputValue| match value {
        OutputValue::Boolean(is) => Some((if is { 1.0 } else { 0.0 }, false)),
        OutputValue::Count(n) => Some((n as f64, true)),
        OutputValue::Number(x) => x.map(|x| (x, false)),
        // What it is made of are numbers that are compared.
        OutputValue::Word(_) => None,
    };
    let mut columns = BTreeMap::new();
    for output in OUTPUTS.iter().filter(|output| !EXTREMES.contains(&output.name)) {
        columns.extend(number((output.get)(&run.outcome)).map(|x| (output.name.to_owned(), x)));
    }
    for (row, seen) in run.trace.iter().enumerate() {
        for column in TRACE_COLUMNS {
            columns.extend(number((column.get)(seen)).map(|x| (format!("{} in row {row}", column.name), x)));
        }
    }
    columns
}

/// Below this number of clients their law is not normal.
const FEW_CLIENTS: f64 = 100.0;

/// The difference between the mean of some numbers and what is expected, in standard errors of the mean; `None` if they
/// are all alike, and what is expected is not further off than by rounding, or if it is about a few clients.
fn standard_errors(name: &str, counts: bool, numbers: &[f64], expected: f64) -> Option<f64> {
    let n = numbers.len() as f64;
    let mean = numbers.iter().sum::<f64>() / n;
    let variance = numbers.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0);
    if counts && mean.max(expected) < FEW_CLIENTS {
        return None;
    }
    if variance == 0.0 {
        assert!((mean - expected).abs() <= 1e-9 * mean.abs() + 0.5, "{name}: {mean} of all runs, {expected}");
        return None;
    }
    // Clients are whole: numbers of a few clients scatter less than they are rounded.
    Some((mean - expected) / ((variance + 1.0 / 12.0) / n).sqrt())
}

#[test]
fn runs_of_many_clients_scatter_around_the_limit() {
    let scenarios = designed::scenarios();
    assert!(scenarios.len() >= 20, "{}", scenarios.len());
    let compared: Vec<(&str, BTreeMap<String, f64>)> = scenarios
        .par_iter()
        .enumerate()
        .map(|(index, (name, scenario))| {
            scenario.check().unwrap_or_else(|error| panic!("{name}: {error}"));
            let every_s = (scenario.ticks() / TRACE_ROWS) as f64 * scenario.time.tick_s;
            let limit = columns(&run(EngineKind::MeanField, scenario, 0, every_s));
            let first = 1000 * index as u64;
            let runs: Vec<BTreeMap<String, (f64, bool)>> =
                (first..first + RUNS).map(|seed| columns(&run(EngineKind::Agents, scenario, seed, every_s))).collect();
            let scores = limit.iter().filter_map(|(column, &(expected, counts))| {
                let numbers: Vec<f64> = runs.iter().filter_map(|run| run.get(column)).map(|seen| seen.0).collect();
                assert_eq!(numbers.len(), runs.len(), "{name}: {column} is null in some");
                let errors = standard_errors(&format!("{name}: {column}"), counts, &numbers, expected)?;
                Some((column.clone(), score(errors, RUNS as u32 - 1)))
            });
            (*name, scores.collect())
        })
        .collect();
    let mut by_column: BTreeMap<&str, Vec<(&str, f64)>> = BTreeMap::new();
    for (scenario, scores) in &compared {
        for (column, score) in scores {
            by_column.entry(column).or_default().push((scenario, *score));
        }
    }
    let tests = by_column.values().map(|scores| scores.len() + 1).sum::<usize>() as f64;
    let each = FALSE_ALARM / tests;
    let mut failures = Vec::new();
    let (mut squares, mut count) = (0.0, 0.0);
    for (column, scores) in &by_column {
        let sum: f64 = scores.iter().map(|(_, score)| score * score).sum();
        (squares, count) = (squares + sum, count + scores.len() as f64);
        let worst = scores.iter().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs())).expect("one at least");
        if sum > chi_square_quantile_bound(scores.len() as u32, each) || worst.1.abs() > score_bound(each) {
            failures.push(format!("{column}: sum of squares {sum:.1} of {}, worst {worst:?}", scores.len()));
        }
    }
    let root_mean_square = (squares / count).sqrt();
    println!("{tests} tests; root mean square of the scores {root_mean_square:.3}");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// How far the online fractions of a run lie from the limit, root mean square over its minutes.
fn distance(scenario: &Scenario, seeds: std::ops::Range<u64>) -> f64 {
    let fractions = |engine, seed| -> Vec<f64> {
        let trace = run(engine, scenario, seed, 60.0).trace;
        trace.iter().map(|row| row.online as f64 / row.demand as f64).collect()
    };
    let limit = fractions(EngineKind::MeanField, 0);
    let squares: Vec<f64> = seeds
        .into_par_iter()
        .flat_map_iter(|seed| {
            let fractions = fractions(EngineKind::Agents, seed);
            limit.iter().zip(fractions).map(|(a, b)| (a - b) * (a - b)).collect::<Vec<f64>>()
        })
        .collect();
    (squares.iter().sum::<f64>() / squares.len() as f64).sqrt()
}

/// With 64 times as many clients the distance is an eighth. A mean over 12 runs is good to a fifth or so; the bounds are
/// five times as wide.
#[test]
fn the_distance_from_the_limit_falls_with_the_root_of_the_number_of_clients() {
    for synchronization in [0.1, 0.7] {
        let mut scenario = designed::short();
        scenario.updates.synchronization = synchronization;
        scenario.population.clients = 31_250;
        let few = distance(&scenario, 0..12);
        scenario.population.clients *= 64;
        let many = distance(&scenario, 100..112);
        println!("{synchronization}: {few:.5} with few clients, {many:.6} with many");
        assert!((4.0..16.0).contains(&(few / many)), "{synchronization}: {few} {many}");
    }
}

#[test]
fn a_seed_is_without_effect_on_the_limit() {
    let scenario = designed::short();
    assert_eq!(run(EngineKind::MeanField, &scenario, 1, 60.0), run(EngineKind::MeanField, &scenario, 2, 60.0));
}

/// The same numbers for ever, on any machine: a change here is a change of results, and needs a new version.
#[test]
fn the_limit_has_these_numbers() {
    let mut scenario = designed::short();
    scenario.updates.synchronization = 0.7;
    let outcome = run(EngineKind::MeanField, &scenario, 0, 60.0).outcome;
    assert_eq!((outcome.min_online_fraction, outcome.lost_client_h), (0.2561127105459189, 409013.58029736823));
}
