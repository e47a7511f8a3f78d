//! Gateways that fail and come back, and what does without an overlay: attempts that are barred, connections that break.
//!
//! * **Failures.** A shock fails each of D gateways with probability φ: binomial(D, φ). They are back after their restart
//!   time, all of them and not a tick earlier, and their children notice uniformly within `keepalive_s`.
//! * **Admission.** Without an overlay whoever is admitted is attached. Of n clients that attempt together and again after
//!   a fixed delay, n (1 − p)^k are left after k attempts, so many give the geometric law.
//! * **Disconnected.** Each attached client loses its connection with probability δ, in the regions that are struck.

use super::bounds::count_tolerance;
use super::laboratory::{NEVER_S, bare, hour_of, lasting, set_dedicated, trace};
use super::{Check, Comparison, Effort, FALSE_ALARM};
use crate::parameters::{Region, Scenario, Shock};

const TICK_S: f64 = 5.0;
/// The tick of the shock.
const EVENT: usize = 4;

/// The checks of this topic.
pub(super) fn checks(effort: Effort) -> Vec<Check> {
    let clients = effort.choose(20_000, 400_000);
    vec![restarts(effort.choose(2_000, 40_000)), barred(clients), disconnected(clients)]
}

fn check(name: &str, formula: &'static str, at: &'static str, comparisons: Vec<Comparison>) -> Check {
    Check { topic: "gateways", name: name.to_owned(), formula, unit: "1", at, false_alarm: FALSE_ALARM, comparisons }
}

fn shock(scenario: &mut Scenario, shock: Shock) {
    scenario.shocks.push(Shock { at_h: hour_of(EVENT as u32, TICK_S), ..shock });
}

/// Gateways of 8 slots for 4 clients each: some fail, and are back.
fn restarts(gateways: u32) -> Check {
    let (fails, restart) = (0.3, 25);
    let mut scenario = bare(u64::from(gateways) * 4, TICK_S, EVENT as u32 + restart + 10);
    set_dedicated(&mut scenario, gateways);
    scenario.overlay.dedicated_slots = 8;
    scenario.overlay.dedicated_restart_s = lasting(restart, TICK_S);
    shock(&mut scenario, Shock { dedicated_fraction: fails, ..Shock::default() });
    let rows = trace(&scenario, 1);
    let live = |tick: usize| rows[tick].supernodes as f64;
    let (all, back) = (f64::from(gateways), EVENT + restart as usize);
    let left = Comparison {
        at: EVENT as f64,
        expected: all * (1.0 - fails),
        measured: live(EVENT),
        tolerance: count_tolerance(all * fails * (1.0 - fails), 1),
    };
    let exactly =
        |tick: usize, expected| Comparison { at: tick as f64, expected, measured: live(tick), tolerance: 0.0 };
    let comparisons = vec![exactly(EVENT - 1, all), left, exactly(back - 1, live(EVENT)), exactly(back, all)];
    check("gateways while some have failed", "D (1 − φ), and D again", "tick", comparisons)
}

/// All clients lose their connection at once, and attempt together after fixed delays.
fn barred(clients: u64) -> Check {
    let (admission, every, attempts) = (0.3, 3, 12);
    let mut scenario = bare(clients, TICK_S, EVENT as u32 + 2 + every * attempts);
    scenario.overlay.bypass = true;
    scenario.overlay.admission = admission;
    scenario.retry.base_s = lasting(every, TICK_S);
    scenario.retry.cap_s = scenario.retry.base_s;
    shock(&mut scenario, Shock { disconnect_fraction: 1.0, ..Shock::default() });
    let rows = trace(&scenario, 1);
    let comparisons = (1..=attempts).map(|attempt| {
        let tick = EVENT + 1 + (every * (attempt - 1)) as usize;
        let left = libm::pow(1.0 - admission, f64::from(attempt));
        Comparison {
            at: f64::from(attempt),
            expected: clients as f64 * left,
            measured: rows[tick].attach_failures as f64,
            tolerance: count_tolerance(clients as f64 * left * (1.0 - left), attempts as usize),
        }
    });
    check("clients that were not admitted so far", "N (1 − p)^k", "attempts", comparisons.collect())
}

/// A share of the clients of one region of two loses its connection, and does not notice.
fn disconnected(clients: u64) -> Check {
    let cases = [0.1, 0.5, 1.0];
    let comparisons = cases.map(|fraction| {
        let mut scenario = bare(clients, TICK_S, EVENT as u32 + 2);
        let region = |name: &str, share| Region { name: name.to_owned(), utc_offset_h: 0.0, share };
        scenario.population.regions = vec![region("spared", 0.6), region("struck", 0.4)];
        scenario.overlay.bypass = true;
        scenario.overlay.keepalive_s = NEVER_S;
        let regions = vec!["struck".to_owned()];
        shock(&mut scenario, Shock { disconnect_fraction: fraction, regions, ..Shock::default() });
        let (n, of_one) = (clients as f64, 0.4 * fraction);
        Comparison {
            at: fraction,
            expected: n * of_one,
            measured: trace(&scenario, 1)[EVENT].seeking as f64,
            tolerance: count_tolerance(n * of_one * (1.0 - of_one), cases.len()),
        }
    });
    check("clients that lose their connection in one region", "N · share · δ", "δ", comparisons.to_vec())
}
