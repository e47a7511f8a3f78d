//! The useful work of a server in a permanent overload, against its balance equation.
//!
//! # The balance
//! Clients come and go for ever: sessions end at the rate 1/S each, whatever the client is doing, and ν clients begin a
//! session in a second. Everybody attaches at once. The server takes m requests a tick, and ν is more than it can
//! take, so its queue of at most Q = (j + 1) m requests is full after the arrivals of every tick: exactly m of these
//! are admitted, all others are rejected and come back after a fixed delay of d ticks. Let σ = exp(−tick/S) be the
//! probability that a session survives a tick.
//!
//! **Waste.** First in, first out, every admitted request is served j ticks later, when its client is still there with
//! probability σ^j. If j is within the time-out, the useful log-ins of a tick are
//!
//! > g = m σ^j,
//!
//! and m (1 − σ^j) slots go to clients that have left. If j is beyond the time-out of k ticks, everybody has given up
//! by then: g = 0, the server is busy without any use, and m σ^k clients give up in each tick.
//!
//! **Requests.** Let r be the requests of a tick, ν now those that begin in a tick. Those that are rejected come back
//! after d ticks unless they have left, and so do those that gave up:
//!
//! > r = ν + (r − m) σ^d + (time-outs) σ^d, so r = (ν − m σ^d (1 − u)) / (1 − σ^d),
//!
//! with u = 0 if requests are served in time, and u = σ^k if not. The demand P is constant, and ν = P (1 − σ).
//!
//! The two together are the wasted-work fixed point: the clients that the server fails keep it busy. That more waste
//! means more requests, and never more log-ins, is what sustains an outage.

use super::bounds::{count_tolerance, mean_tolerance};
use super::laboratory::{bare, lasting, run, set_capacity, set_dedicated};
use super::{Check, Comparison, Effort, FALSE_ALARM};
use crate::engine::outcome::TraceRow;
use crate::engine::population::Simulator;
use crate::parameters::Scenario;

const TICK_S: f64 = 5.0;
const CLIENTS: u64 = 4_000;
/// Mean session, and mean absence, in ticks.
const SESSION_TICKS: f64 = 60.0;
/// Requests served in a tick, m.
const PER_TICK: f64 = 10.0;
/// Ticks that an admitted request waits, j.
const WAIT_TICKS: u32 = 20;
/// The fixed delay of a retry, d.
const DELAY_TICKS: u32 = 12;
/// Ticks until the fixed point is reached: many sessions.
const LEAD_TICKS: usize = 1_500;

/// The checks of this topic.
pub(super) fn checks(effort: Effort) -> Vec<Check> {
    let ticks = effort.choose(3_000, 20_000);
    let in_time = measure(WAIT_TICKS + 5, ticks);
    let too_late = measure(WAIT_TICKS - 5, ticks);
    let (survives, n) = (libm::exp(-1.0 / SESSION_TICKS), (RUNS * (ticks as usize - LEAD_TICKS)) as f64);
    let useful = libm::pow(survives, f64::from(WAIT_TICKS));
    let at = f64::from(WAIT_TICKS) * TICK_S;
    let goodput = Comparison {
        at,
        expected: PER_TICK * useful,
        measured: mean(&in_time.iter().map(|run| run.logins).collect::<Vec<f64>>()),
        // Each slot is used or not by itself.
        tolerance: count_tolerance(PER_TICK * n * useful * (1.0 - useful), 1) / n,
    };
    let nothing = Comparison {
        at,
        expected: 0.0,
        measured: mean(&too_late.iter().map(|run| run.logins).collect::<Vec<f64>>()),
        tolerance: 0.0,
    };
    let check = |name: &str, formula, false_alarm, comparison| Check {
        topic: "overload",
        name: name.to_owned(),
        formula,
        unit: "1/tick",
        at: "wait, s",
        false_alarm,
        comparisons: vec![comparison],
    };
    vec![
        check("useful log-ins in a permanent overload", "m exp(−wait/S)", FALSE_ALARM, goodput),
        check("the same with a wait beyond the time-out", "0", 0.0, nothing),
        check("requests of the overload", "(ν − m σ^d)/(1 − σ^d)", FALSE_ALARM, requests(&in_time, survives, 0.0, at)),
        check(
            "requests with a wait beyond the time-out",
            "(ν − m σ^d (1 − σ^k))/(1 − σ^d)",
            FALSE_ALARM,
            requests(&too_late, survives, libm::pow(survives, f64::from(WAIT_TICKS - 5)), at),
        ),
    ]
}

const RUNS: usize = 40;

/// Means over the ticks of one run after the lead.
struct Measured {
    logins: f64,
    requests: f64,
    demand: f64,
}

fn measure(time_out: u32, ticks: u32) -> Vec<Measured> {
    let mut scenario = bare(CLIENTS, TICK_S, ticks);
    overload(&mut scenario, time_out);
    let mut simulator = Simulator::new();
    (0..RUNS as u64)
        .map(|seed| {
            let rows = run(&mut simulator, &scenario, seed).trace;
            let rows = &rows[LEAD_TICKS..];
            let mean = |get: fn(&TraceRow) -> u64| rows.iter().map(get).sum::<u64>() as f64 / rows.len() as f64;
            Measured {
                logins: mean(|row| row.logins),
                requests: mean(|row| row.login_arrivals),
                demand: mean(|row| row.demand),
            }
        })
        .collect()
}

fn overload(scenario: &mut Scenario, time_out: u32) {
    scenario.presence.session_h = SESSION_TICKS * TICK_S / 3600.0;
    scenario.presence.absence_h = scenario.presence.session_h;
    set_dedicated(scenario, 4);
    set_capacity(scenario, PER_TICK);
    scenario.login.queue_limit_s = (f64::from(WAIT_TICKS) + 1.0) * TICK_S + 0.5 / PER_TICK * TICK_S;
    scenario.login.timeout_s = lasting(time_out, TICK_S);
    scenario.retry.base_s = lasting(DELAY_TICKS, TICK_S);
    scenario.retry.cap_s = scenario.retry.base_s;
}

/// Compares, run by run, the requests with what the balance says for the demand of that run, on average.
fn requests(runs: &[Measured], survives: f64, given_up: f64, at: f64) -> Comparison {
    let back = libm::pow(survives, f64::from(DELAY_TICKS));
    let expected = |run: &Measured| {
        let beginning = run.demand * (1.0 - survives);
        (beginning - PER_TICK * back * (1.0 - given_up)) / (1.0 - back)
    };
    let differences: Vec<f64> = runs.iter().map(|run| run.requests - expected(run)).collect();
    let of_mean = mean(&runs.iter().map(expected).collect::<Vec<f64>>());
    let square = |x: &f64| (x - mean(&differences)) * (x - mean(&differences));
    let deviation = libm::sqrt(differences.iter().map(square).sum::<f64>() / (differences.len() - 1) as f64);
    Comparison {
        at,
        expected: of_mean,
        measured: of_mean + mean(&differences),
        tolerance: mean_tolerance(deviation, differences.len()),
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
