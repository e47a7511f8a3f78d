//! The kernel against a second engine: the same model written for obviousness alone, compared column by column.
//!
//! `docs/kernel.md` puts the two side by side, phase by phase; [`page`] keeps that page true.
//!
//! [`reference`], with [`setting`] and [`observer`], is the engine; [`comparison`] is the statistics, with a
//! false-alarm rate of 1e-6 for all tests together; [`designed`] and [`drawn`] are the scenarios, and [`exact`] those
//! that leave nothing to chance. Besides the outputs, eight rows of the trace are compared, since two engines can agree
//! in totals and differ in time.
//!
//! What it finds was tried by changing one line of the reference at a time. It found each of these: a super node's
//! death noticed at once; a probe fewer; dead addresses left out of the probes; an address kept a tick longer; one
//! address for a machine that is a super node again; one more client accepted in a tick; a promoted client that keeps
//! its slot; Booting clients counted in M, waiting ones in E, dedicated ones not in L; healing 5 % slower; overload at,
//! not above, the threshold, counted over accepted probes only, its orphans a tick early, its owner's failure
//! forgotten; dedicated super nodes on top of those wanted at the start; the first free super node instead of a random
//! one; fifo for lifo; expired requests that cost although they are dropped; time-outs a tick late or before the
//! service; a queue of one more; slots that carry over, or fractions that do not; a request of a client that left and
//! came back served as its new one; waste not counted where the client is in Backoff; a login kept by a client that
//! only waited; a back-off exponent of a; full for half jitter; failures not forgotten once attached; initial sessions
//! 20 % longer; sessions rounded down; an absence of no tick; the peak an hour off; bursts a tick late or 7 % shorter;
//! installs at the hour of UTC; a day more until the install; boots 5 % longer or all alike, begun again by a shock,
//! outlasting or ignoring the session; super nodes that crash with the clients' probability; a baseline of two hours.
//! It did not find detection times bent from uniform to the power 1.3: only the day of the install depends on them.

mod comparison;
mod designed;
mod drawn;
mod exact;
mod observer;
mod page;
mod reference;
mod setting;

use critmass::engine::outcome::{OUTPUTS, OutputValue, TRACE_COLUMNS};
use critmass::engine::population::Simulator;
use critmass::engine::{Engine, Request, Run};
use critmass::parameters::Scenario;

use comparison::{Column, Comparison, TESTS_MAX};
use designed::Designed;

/// Rows of the trace of a run: at these the time courses are compared.
const TRACE_ROWS: u64 = 8;

/// A run of each engine for each seed; the two make different random numbers of it.
fn runs_of_both(scenario: &Scenario, seeds: std::ops::Range<u64>) -> (Vec<Run>, Vec<Run>) {
    scenario.check().unwrap_or_else(|e| panic!("{e:?}: {scenario:?}"));
    let every = scenario.ticks().div_ceil(TRACE_ROWS);
    let every_s = every as f64 * scenario.time.tick_s;
    let mut simulator = Simulator::new();
    let kernel =
        seeds.clone().map(|seed| simulator.run(scenario, seed, &Request::trace(every_s)).expect("nobody stops it"));
    let reference = seeds.map(|seed| reference::run(scenario, seed, every));
    (kernel.collect(), reference.collect())
}

fn number(value: OutputValue) -> Option<f64> {
    match value {
        OutputValue::Boolean(b) => Some(if b { 1.0 } else { 0.0 }),
        OutputValue::Count(n) => Some(n as f64),
        OutputValue::Number(x) => x,
        OutputValue::Word(word) => {
            word.map(|word| ["supernodes", "both", "login"].iter().position(|of| *of == word).unwrap() as f64)
        }
    }
}

/// Compares every output and every column of the trace.
///
/// Each scenario of a comparison has its own seeds: the pool of the scenarios needs them to be independent.
fn compare(comparison: &mut Comparison, name: &str, scenario: &Scenario, runs: u64) {
    let first_seed = comparison.next_seed(runs);
    let (kernel, reference) = runs_of_both(scenario, first_seed..first_seed + runs);
    for output in OUTPUTS {
        let of = |runs: &[Run]| runs.iter().map(|run| number((output.get)(&run.outcome))).collect();
        let column = Column { name: output.name.to_owned(), kernel: of(&kernel), reference: of(&reference) };
        comparison.column(name, &column);
    }
    let rows = kernel[0].trace.len();
    assert_eq!(rows, reference[0].trace.len(), "{name}: rows of the trace");
    for column in TRACE_COLUMNS {
        for row in 0..rows {
            let of = |runs: &[Run]| runs.iter().map(|run| number((column.get)(&run.trace[row]))).collect();
            let name_at = format!("trace {} in row {row}", column.name);
            let at = Column { name: name_at, kernel: of(&kernel), reference: of(&reference) };
            comparison.column(name, &at);
        }
    }
}

/// Compares a list of scenarios; `tests_max` is the list's share of the single tests.
fn compare_all(list: Vec<Designed>, tests_max: f64) {
    let mut comparison = Comparison::default();
    for Designed { name, scenario, runs } in list {
        compare(&mut comparison, name, &scenario, runs);
    }
    comparison.finish(tests_max);
}

#[test]
fn designed_scenarios_of_updates_and_presence_agree() {
    compare_all(designed::updates_and_presence(), 0.2 * TESTS_MAX);
}

#[test]
fn designed_scenarios_of_the_overlay_agree() {
    compare_all(designed::overlay(), 0.2 * TESTS_MAX);
}

#[test]
fn designed_scenarios_of_the_login_server_agree() {
    compare_all(designed::login(), 0.2 * TESTS_MAX);
}

#[test]
fn designed_scenarios_of_shocks_and_interventions_agree() {
    compare_all(designed::shocks_and_interventions(), 0.2 * TESTS_MAX);
}

#[test]
fn scenarios_drawn_at_random_agree() {
    drawn::compare_all(0.2 * TESTS_MAX);
}
