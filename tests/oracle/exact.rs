//! Scenarios that leave nothing to chance in any output, so both engines give the same numbers in every tick.
//!
//! Everybody is always present, boots last equally long, back-offs have no jitter and do not grow, and a shock takes
//! everybody at once: which client is which is random, but their numbers are not.

use critmass::engine::outcome::{OUTPUTS, Output, TRACE_COLUMNS};
use critmass::engine::population::Simulator;
use critmass::engine::{Engine, Request};
use critmass::parameters::{Discipline, Intervention, Jitter, Scenario, Shock, Value};

use crate::designed::{base, intervention};
use crate::{number, reference};

/// Hour of a tick of 10 s.
fn at(tick: u32) -> f64 {
    f64::from(tick) / 360.0
}

/// 200 clients, always present, children of 4 dedicated super nodes with more than enough slots; half an hour in ticks
/// of 10 s; the release after a tenth of it.
fn still() -> Scenario {
    let mut s = base();
    s.population.clients = 200;
    s.population.capable_fraction = 0.0;
    s.time.horizon_h = at(180);
    s.presence.session_h = 1e12;
    s.presence.absence_h = 1e-3;
    s.updates.patched_fraction = 0.0;
    s.updates.release_h = at(18);
    s.updates.boot_median_s = 60.0;
    s.updates.boot_sigma = 0.0;
    s.updates.autostart_probability = 1.0;
    s.overlay.slots = 400;
    s.overlay.dedicated_per_million = 20_000.0;
    s.overlay.supernode_ratio = 0.0;
    s.overlay.keepalive_s = 0.0;
    s.overlay.accept_per_s = f64::INFINITY;
    // 3.7 requests in a tick, and a queue of 29.
    s.login.capacity_per_s_per_million = 1851.0;
    s.retry.jitter = Jitter::None;
    s.retry.factor = 1.0;
    s.retry.base_s = 37.0;
    s.retry.cap_s = 37.0;
    s
}

/// Everybody crashes in tick 30 and wants to log in again in tick 36.
fn flood() -> Scenario {
    let mut s = still();
    s.shocks = vec![Shock { at_h: at(30), supernode_fraction: 1.0, client_fraction: 1.0, ..Shock::default() }];
    s
}

/// Everybody is eligible; all ten super nodes, clients with 50 slots each, crash in tick 30.
fn beheaded() -> Scenario {
    let mut s = still();
    s.population.nat_fraction = 0.0;
    s.population.capable_fraction = 1.0;
    s.overlay.supernode_ratio = 0.05;
    s.overlay.dedicated_per_million = 0.0;
    s.overlay.healing_time_s = f64::INFINITY;
    s.overlay.slots = 50;
    s.overlay.stale_ttl_s = 195.0;
    s.shocks = vec![Shock { at_h: at(30), supernode_fraction: 1.0, ..Shock::default() }];
    s.interventions = vec![intervention(at(60), &[("overlay.dedicated_per_million", Value::Number(25_000.0))])];
    s
}

fn assert_equal<Row>(columns: &[Output<Row>], kernel: &Row, reference: &Row, place: &str) {
    for column in columns {
        let (x, y) = (number((column.get)(kernel)), number((column.get)(reference)));
        let equal = match (x, y) {
            (Some(x), Some(y)) => (x - y).abs() <= 1e-9 * x.abs().max(1.0),
            (x, y) => x == y,
        };
        assert!(equal, "{place}: {} is {x:?} in the kernel, {y:?} in the reference", column.name);
    }
}

/// Compares runs of the scenario tick by tick.
fn same(name: &str, scenario: &Scenario) {
    assert_eq!(scenario.check(), Ok(()), "{name}");
    let mut simulator = Simulator::new();
    for seed in 0..3 {
        let kernel = simulator.run(scenario, seed, &Request::trace(scenario.time.tick_s)).unwrap();
        let reference = reference::run(scenario, seed, 1);
        assert_eq!(kernel.trace.len(), reference.trace.len(), "{name}");
        for (tick, (k, r)) in kernel.trace.iter().zip(&reference.trace).enumerate() {
            assert_equal(TRACE_COLUMNS, k, r, &format!("{name}, seed {seed}, tick {tick}"));
        }
        assert_equal(OUTPUTS, &kernel.outcome, &reference.outcome, &format!("{name}, seed {seed}"));
    }
}

#[test]
fn a_flood_of_log_ins_is_the_same_in_every_tick() {
    for discipline in [Discipline::Fifo, Discipline::Lifo] {
        for drop_expired in [false, true] {
            for queue_limit_s in [0.0, 80.0, f64::INFINITY] {
                let mut s = flood();
                s.login.discipline = discipline;
                s.login.drop_expired = drop_expired;
                s.login.queue_limit_s = queue_limit_s;
                same(&format!("{discipline:?}, drop expired {drop_expired}, queue limit {queue_limit_s} s"), &s);
            }
        }
    }
}

#[test]
fn a_flood_with_other_durations_is_the_same_in_every_tick() {
    for (boot_s, backoff_s, timeout_s) in [(1.0, 10.0, 10.0), (10.0, 10.1, 0.1), (10.1, 4.0, 600.0), (95.0, 93.0, 89.0)]
    {
        let mut s = flood();
        s.updates.boot_median_s = boot_s;
        s.retry.base_s = backoff_s;
        s.retry.cap_s = backoff_s;
        s.login.timeout_s = timeout_s;
        same(&format!("boot {boot_s} s, back-off {backoff_s} s, timeout {timeout_s} s"), &s);
    }
}

#[test]
fn interventions_in_a_flood_are_the_same_in_every_tick() {
    let settings: [(&str, Value); 11] = [
        ("login.rejection_cost", Value::Number(0.0123)),
        ("login.degradation", Value::Number(0.7)),
        ("overlay.accept_per_s", Value::Number(0.55)),
        ("login.capacity_per_s_per_million", Value::Number(4321.0)),
        ("login.capacity_per_s_per_million", Value::Number(0.0)),
        ("login.capacity_per_s_per_million", Value::Number(f64::INFINITY)),
        ("login.queue_limit_s", Value::Number(20.0)),
        ("login.discipline", Value::Choice("lifo")),
        ("login.drop_expired", Value::Boolean(true)),
        ("retry.base_s", Value::Number(12.0)),
        ("retry.cap_s", Value::Number(100.0)),
    ];
    for setting in settings {
        let mut s = flood();
        let name = format!("{} = {} from tick 50 on", setting.0, setting.1);
        s.interventions = vec![intervention(at(50), &[setting])];
        same(&name, &s);
    }
    let mut s = flood();
    s.interventions = vec![Intervention { at_h: at(40), flush: true, ..Intervention::default() }];
    same("a flush at tick 40", &s);
    let mut s = flood();
    s.login.capacity_per_s_per_million = f64::INFINITY;
    s.shocks.push(Shock { at_h: at(70), client_fraction: 1.0, ..Shock::default() });
    s.interventions = vec![intervention(at(60), &[("login.capacity_per_s_per_million", Value::Number(1851.0))])];
    same("infinite capacity, then little", &s);
}

#[test]
fn gateways_that_fail_at_once_are_the_same_in_every_tick() {
    for dedicated_restart_s in [f64::INFINITY, 95.0] {
        let mut s = still();
        s.overlay.slots = 1;
        s.overlay.dedicated_slots = 200;
        s.overlay.stale_ttl_s = 0.0;
        s.overlay.dedicated_restart_s = dedicated_restart_s;
        s.shocks = vec![Shock { at_h: at(30), dedicated_fraction: 1.0, ..Shock::default() }];
        same(&format!("gateways fail, back after {dedicated_restart_s} s"), &s);
    }
    let mut s = flood();
    s.overlay.bypass = true;
    s.shocks = vec![Shock { at_h: at(30), disconnect_fraction: 1.0, ..Shock::default() }];
    same("no overlay, all connections lost", &s);
}

/// Everybody renews in every tick until the server stops for five minutes, or only until all connections are lost.
#[test]
fn renewals_at_a_server_that_stops_are_the_same_in_every_tick() {
    for grace_s in [10.0, 95.0, 200.0, 3000.0] {
        for give_up_after in [0, 1, 3] {
            for relogin_after_orphaning in [true, false] {
                let mut s = still();
                // Who left is back in the next tick.
                s.presence.absence_h = 1e-9;
                s.login.renewal_s = 1e-3;
                s.login.grace_s = grace_s;
                s.retry.give_up_after = give_up_after;
                s.login.queue_limit_s = f64::INFINITY;
                s.login.relogin_after_orphaning = relogin_after_orphaning;
                s.login.capacity_per_s_per_million = f64::INFINITY;
                let capacity = |x| ("login.capacity_per_s_per_million", Value::Number(x));
                s.interventions =
                    vec![intervention(at(50), &[capacity(0.0)]), intervention(at(80), &[capacity(f64::INFINITY)])];
                let name = format!("grace {grace_s} s, {give_up_after} failures, again {relogin_after_orphaning}");
                same(&name, &s);
                s.shocks = vec![Shock { at_h: at(60), disconnect_fraction: 1.0, ..Shock::default() }];
                same(&format!("{name}, connections lost"), &s);
                s.shocks = vec![Shock { at_h: at(60), dedicated_fraction: 1.0, ..Shock::default() }];
                s.overlay.dedicated_restart_s = 10.0;
                s.overlay.stale_ttl_s = 0.0;
                same(&format!("{name}, gateways fail"), &s);
            }
        }
    }
}

#[test]
fn super_nodes_that_crash_at_once_are_the_same_in_every_tick() {
    same("beheaded", &beheaded());
    let mut s = beheaded();
    s.login.relogin_after_orphaning = false;
    same("beheaded, one login is enough", &s);
    let mut s = beheaded();
    s.login.capacity_per_s_per_million = f64::INFINITY;
    s.overlay.stale_ttl_s = 0.0;
    s.interventions.clear();
    same("beheaded for good, addresses forgotten at once", &s);
    let mut s = flood();
    s.overlay.dedicated_per_million = 5000.0;
    s.overlay.accept_per_s = 0.75;
    same("one super node that accepts seven in a tick", &s);
}

/// Ten super nodes, full from the start, are probed by the 490 clients that found no slot, and all shut down.
#[test]
fn a_collapse_by_overload_is_the_same_in_every_tick() {
    for (relogin_after_orphaning, capacity) in [(true, f64::INFINITY), (false, 1851.0)] {
        let mut s = beheaded();
        s.population.clients = 1000;
        s.time.horizon_h = at(59);
        s.shocks.clear();
        s.overlay.supernode_ratio = 0.01;
        s.overlay.probes = 10;
        s.overlay.overload_probes_per_s = 0.05;
        s.overlay.overload_shutdown_probability = 1.0;
        s.interventions = vec![intervention(at(30), &[("overlay.dedicated_per_million", Value::Number(25_000.0))])];
        s.login.relogin_after_orphaning = relogin_after_orphaning;
        s.login.capacity_per_s_per_million = capacity;
        if capacity.is_infinite() {
            // Nobody fails to log in, and those who fail to attach together have failed equally often.
            s.retry.factor = 1.7;
            s.retry.cap_s = 2000.0;
        }
        same(&format!("overload, second login {relogin_after_orphaning}"), &s);
    }
}

/// Whoever gets Online is wanted as a super node, and is one at once.
#[test]
fn promotion_of_everybody_is_the_same_in_every_tick() {
    let mut s = flood();
    s.population.nat_fraction = 0.0;
    s.population.capable_fraction = 1.0;
    s.overlay.supernode_ratio = 1.0;
    s.overlay.healing_time_s = 1e-6;
    s.overlay.stale_ttl_s = 0.0;
    s.time.horizon_h = at(60);
    same("promotion of everybody", &s);
}

#[test]
fn a_network_without_anybody_and_one_without_any_event_are_the_same() {
    same("nothing happens", &still());
    let mut s = still();
    s.time.tick_s = 7.0;
    s.updates.release_h = 0.0;
    s.outage.threshold = 1.0;
    s.outage.min_duration_h = 0.0;
    same("nothing happens, released at the start, ticks of 7 s", &s);
    let mut s = still();
    s.presence.session_h = 1e-9;
    s.presence.absence_h = 1e12;
    s.updates.patched_fraction = 1.0;
    same("nobody is there", &s);
    s.overlay.dedicated_per_million = 0.0;
    s.updates.release_h = 0.0;
    same("nobody is there, no super node, released at the start", &s);
    let mut s = still();
    s.overlay.dedicated_per_million = 0.0;
    s.updates.release_h = at(18);
    same("everybody is there, no super node", &s);
}
