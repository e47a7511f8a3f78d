//! Renewals of log-ins, and clients that give up.
//!
//! * **A healthy network.** Each of N online clients begins a renewal with p = 1 − exp(−tick/T) in a tick, and is served
//!   in it: the renewals of a tick are binomial(N, p), N/T a second as long as ticks are short.
//! * **A server that stops** for longer than the grace time G. Whoever begins to renew from then on is offline G later. So
//!   nobody is until G after the stop, and then those who have not begun are left: N exp(−t/T) of them t after that.
//! * **Giving up.** Of clients that are admitted with probability p and leave after k failures in a row, a share of
//!   (1 − p)^k leaves: the tail of the geometric law.

use super::bounds::count_tolerance;
use super::laboratory::{IDLE, Subject, bare, hour_of, intervene, lasting, per_million};
use super::{Check, Comparison, Effort, FALSE_ALARM};
use crate::parameters::{Scenario, Shock};

const TICK_S: f64 = 5.0;
/// Mean time between renewals, in ticks.
const RENEWAL_TICKS: f64 = 40.0;

/// The checks of this topic.
pub(super) fn checks(effort: Effort) -> Vec<Check> {
    let subjects = Subject::both(effort.choose(20_000, 400_000));
    let of = |subject: &Subject| {
        [healthy(subject, f64::INFINITY), healthy(subject, 1.0), stopped(subject), give_up(subject)]
    };
    subjects.iter().flat_map(of).collect()
}

fn check(
    subject: &Subject,
    name: &str,
    formula: &'static str,
    at: &'static str,
    comparisons: Vec<Comparison>,
) -> Check {
    let name = subject.name(name);
    Check { topic: "renewals", name, formula, unit: "1", at, false_alarm: FALSE_ALARM, comparisons }
}

/// Clients that are always online, and renew.
fn renewing(clients: u64, ticks: u32) -> Scenario {
    let mut scenario = bare(clients, TICK_S, ticks);
    scenario.overlay.bypass = true;
    scenario.login.renewal_s = RENEWAL_TICKS * TICK_S;
    scenario
}

/// A finite capacity leaves it open whether all are served at once, so that they go through the queue.
fn healthy(subject: &Subject, served_per_client_and_s: f64) -> Check {
    let (ticks, clients) = (200, subject.clients);
    let capacity_per_s = served_per_client_and_s * clients as f64;
    let mut scenario = renewing(clients, ticks);
    scenario.login.capacity_per_s_per_million = per_million(capacity_per_s, clients);
    let (n, p) = (clients as f64, -libm::expm1(-1.0 / RENEWAL_TICKS));
    let rows = subject.trace(&scenario);
    let comparisons = rows.iter().enumerate().map(|(tick, row)| Comparison {
        at: tick as f64,
        expected: n * p,
        measured: row.logins as f64,
        tolerance: count_tolerance(n * p * (1.0 - p), ticks as usize),
    });
    let comparisons = comparisons.collect();
    check(
        subject,
        &format!("renewals of a healthy network, {capacity_per_s} served per s"),
        "N (1 − exp(−tick/T))",
        "tick",
        comparisons,
    )
}

fn stopped(subject: &Subject) -> Check {
    let clients = subject.clients;
    let (stop, grace, after) = (10, 24, 80);
    let mut scenario = renewing(clients, stop + grace + after);
    scenario.login.grace_s = lasting(grace, TICK_S);
    intervene(&mut scenario, stop, "login.capacity_per_s_per_million", per_million(IDLE, clients));
    let rows = subject.trace(&scenario);
    let n = clients as f64;
    let comparisons = (0..stop + grace + after).map(|tick| {
        let begun = f64::from((tick + 1).saturating_sub(stop + grace));
        let left = libm::exp(-begun / RENEWAL_TICKS);
        Comparison {
            at: f64::from(tick),
            expected: n * left,
            measured: rows[tick as usize].online as f64,
            tolerance: if begun == 0.0 { 0.0 } else { count_tolerance(n * left * (1.0 - left), after as usize) },
        }
    });
    let comparisons = comparisons.collect();
    check(
        subject,
        "clients online while nobody can renew",
        "N, and N exp(−t/T) from the grace time on",
        "tick",
        comparisons,
    )
}

fn give_up(subject: &Subject) -> Check {
    let clients = subject.clients;
    let (admission, event) = (0.3, 4);
    let cases = [1, 2, 5, 12];
    let comparisons = cases.map(|most: u64| {
        let mut scenario = bare(clients, TICK_S, event + 40);
        scenario.overlay.bypass = true;
        scenario.overlay.admission = admission;
        scenario.retry.give_up_after = most;
        scenario.retry.base_s = lasting(2, TICK_S);
        scenario.retry.cap_s = scenario.retry.base_s;
        // Nobody who left comes back in time.
        scenario.presence.absence_h = 1e6;
        let at_h = hour_of(event, TICK_S);
        scenario.shocks.push(Shock { at_h, disconnect_fraction: 1.0, ..Shock::default() });
        let rows = subject.trace(&scenario);
        let (n, leaves) = (rows[0].demand as f64, libm::pow(1.0 - admission, most as f64));
        Comparison {
            at: most as f64,
            expected: n * leaves,
            measured: n - rows[rows.len() - 1].demand as f64,
            tolerance: count_tolerance(n * leaves * (1.0 - leaves), cases.len()),
        }
    });
    check(subject, "clients that give up after k failures", "N (1 − p)^k", "k", comparisons.to_vec())
}
