//! The overlay: attach attempts, what a super node's death does, promotions.
//!
//! * **Attach success.** An attempt probes up to p addresses, each uniform over the registry with replacement. With a
//!   share s of addresses that do not accept, it fails with probability s^p. The share is known here: after a shock that
//!   kills a counted number of super nodes, while all others have room; or when the operator doubles the number of full
//!   super nodes.
//! * **Accept limit.** With D fresh super nodes that accept one client a tick, the n-th success leaves n of them
//!   refusing: from n successes a further attempt succeeds with probability 1 − (n/D)^p, which makes a Markov chain whose
//!   law after A attempts follows by summing.
//! * **Orphans.** With every slot taken, the death of K super nodes takes K owners and exactly K · slots children
//!   offline. They notice, and attempt to attach, Uniform(0, keepalive) later.
//! * **Stale addresses** are known for `stale_ttl_s` after the death, and not a tick longer.
//! * **Promotions.** Each of the E candidates is promoted with probability (deficit/E)(1 − exp(−tick/τ)) in a tick, so
//!   the expected deficit falls by the factor exp(−tick/τ): exp(−t/τ) after t. Its variance after t is at most
//!   d₀ exp(−t/τ) (1 − exp(−t/τ)) exp(tick/τ), by recursion. With fewer candidates than are missing, each is promoted
//!   with probability 1 − exp(−tick/τ), and those that are left are binomial.

use super::bounds::{count_tolerance, law_tolerance};
use super::laboratory::{
    IDLE, NEVER_S, add_dedicated_at, add_shock, bare, intervene, lasting, run, set_capacity, set_dedicated, trace,
};
use super::{Check, Comparison, Effort, FALSE_ALARM};
use crate::engine::population::Simulator;
use crate::parameters::Scenario;

const TICK_S: f64 = 5.0;

/// The checks of this topic.
pub(super) fn checks(effort: Effort) -> Vec<Check> {
    vec![
        dead_addresses(effort.choose(10_000, 100_000)),
        full_super_nodes(effort.choose(10, 100)),
        accept_limit_of_one(effort.choose(2_000, 20_000)),
        accept_limit_of_two(),
        orphans(),
        orphans_notice(effort.choose(20_000, 200_000)),
        lost_requests(false),
        lost_requests(true),
        no_second_login(),
        stale_addresses(),
        promotions(effort.choose(40_000, 400_000)),
        scarce_candidates(effort.choose(40_000, 400_000)),
    ]
}

fn check(name: &str, formula: &'static str, at: &'static str, false_alarm: f64, comparisons: Vec<Comparison>) -> Check {
    Check { topic: "overlay", name: name.to_owned(), formula, unit: "1", at, false_alarm, comparisons }
}

/// The failures of `attempts` attempts that fail with probability s^p each, as a share.
fn failures(at: f64, refusing: f64, probes: u64, attempts: u64, failures: u64, comparisons: usize) -> Comparison {
    let expected = libm::pow(refusing, probes as f64);
    let n = attempts as f64;
    Comparison {
        at,
        expected,
        measured: failures as f64 / n,
        tolerance: count_tolerance(n * expected * (1.0 - expected), comparisons) / n,
    }
}

/// The tick of the event that a check is about.
const EVENT: usize = 4;

/// Super nodes that have room for everybody; a share of them dies in tick [`EVENT`], and does not come back.
fn some_die(clients: u64, supernode_ratio: f64, share: f64, ticks: u32) -> Scenario {
    let mut scenario = bare(clients, TICK_S, ticks);
    // Half a super node more: no rounding decides.
    scenario.overlay.supernode_ratio = supernode_ratio + 0.5 / clients as f64;
    scenario.updates.boot_median_s = NEVER_S;
    add_shock(&mut scenario, EVENT as u32, share, 0.0);
    scenario
}

fn dead_addresses(clients: u64) -> Check {
    let cases = [(0.3, 1), (0.3, 2), (0.6, 1), (0.6, 2), (0.6, 4), (0.9, 4), (0.9, 16)];
    let comparisons = cases.map(|(share, probes)| {
        let mut scenario = some_die(clients, 0.05, share, EVENT as u32 + 2);
        scenario.overlay.probes = probes;
        let rows = trace(&scenario, probes);
        let (dead, alive) = (rows[EVENT].stale_addresses as f64, rows[EVENT].supernodes as f64);
        let after = &rows[EVENT + 1];
        let refusing = dead / (dead + alive);
        failures(refusing, refusing, probes, after.attach_attempts, after.attach_failures, cases.len())
    });
    check("failed attach attempts, dead addresses", "s^probes", "s", FALSE_ALARM, comparisons.to_vec())
}

fn full_super_nodes(runs: u64) -> Check {
    let (full, slots, seeking) = (100, 50, 400);
    let cases = [1, 2, 3, 5];
    let mut simulator = Simulator::new();
    let comparisons = cases.map(|probes| {
        let mut scenario = bare(full * slots + seeking, TICK_S, 3 * EVENT as u32 + 1);
        scenario.overlay.slots = slots;
        scenario.overlay.probes = probes;
        // Those that found no place at the start retry together, every EVENT ticks.
        scenario.retry.base_s = lasting(EVENT as u32, TICK_S);
        scenario.retry.cap_s = scenario.retry.base_s;
        set_dedicated(&mut scenario, full as u32);
        add_dedicated_at(&mut scenario, 2 * EVENT as u32 - 1, 2 * full as u32);
        let (mut attempted, mut failed) = (0, 0);
        for seed in 0..runs {
            let row = run(&mut simulator, &scenario, seed).trace[2 * EVENT].clone();
            attempted += row.attach_attempts;
            failed += row.attach_failures;
        }
        failures(probes as f64, 0.5, probes, attempted, failed, cases.len())
    });
    check("failed attach attempts, full super nodes", "s^probes", "probes", FALSE_ALARM, comparisons.to_vec())
}

/// Clients that all attempt in tick [`EVENT`], one tick after the first super nodes have been added.
fn newcomers(clients: u64, supernodes: u32, probes: u64, accept_per_tick: f64) -> Scenario {
    let mut scenario = bare(clients, TICK_S, 2 * EVENT as u32 + 1);
    scenario.overlay.probes = probes;
    scenario.overlay.accept_per_s = accept_per_tick / TICK_S;
    scenario.retry.base_s = lasting(EVENT as u32, TICK_S);
    scenario.retry.cap_s = scenario.retry.base_s;
    add_dedicated_at(&mut scenario, EVENT as u32 - 1, supernodes);
    scenario
}

fn accept_limit_of_one(runs: u64) -> Check {
    let (clients, supernodes, probes) = (60, 40, 2);
    // 0.3 a tick: at least one all the same.
    let scenario = newcomers(clients, supernodes, probes, 0.3);
    let mut simulator = Simulator::new();
    let mut counts = vec![0_u32; supernodes as usize + 1];
    for seed in 0..runs {
        let row = run(&mut simulator, &scenario, seed).trace[EVENT].clone();
        counts[(row.attach_attempts - row.attach_failures) as usize] += 1;
    }
    let mut law = vec![0.0; supernodes as usize + 2];
    law[0] = 1.0;
    for _ in 0..clients {
        for n in (0..=supernodes as usize).rev() {
            let failure = libm::pow(n as f64 / f64::from(supernodes), probes as f64);
            law[n + 1] += law[n] * (1.0 - failure);
            law[n] *= failure;
        }
    }
    let (mut expected, mut measured) = (0.0, 0.0);
    let comparisons = counts.iter().zip(&law).enumerate().map(|(n, (&count, probability))| {
        expected += probability;
        measured += f64::from(count) / runs as f64;
        Comparison { at: n as f64, expected, measured, tolerance: law_tolerance(runs as usize, 1) }
    });
    let comparisons = comparisons.collect();
    check("clients accepted, one a tick, distribution", "1 − (n/D)^probes", "accepted", FALSE_ALARM, comparisons)
}

fn accept_limit_of_two() -> Check {
    // So many probes that no attempt misses a super node that accepts: 2 · 100 now, the other 50 next time.
    let rows = trace(&newcomers(250, 100, 1000, 2.5), 1);
    let accepted = |tick: usize| (rows[tick].attach_attempts - rows[tick].attach_failures) as f64;
    let comparisons = [(EVENT, 200.0), (2 * EVENT, 50.0)].map(|(tick, expected)| Comparison {
        at: tick as f64,
        expected,
        measured: accepted(tick),
        tolerance: 0.0,
    });
    check("clients accepted, two a tick", "2 D", "tick", 0.0, comparisons.to_vec())
}

/// A network in which every slot is taken.
fn full_network(clients: u64, slots: u64, share: f64, ticks: u32) -> Scenario {
    let mut scenario = some_die(clients, 1.0 / (slots + 1) as f64, share, ticks);
    scenario.overlay.slots = slots;
    scenario
}

fn orphans() -> Check {
    let slots = 9;
    let comparisons = [0.0, 0.01, 0.1, 0.5, 1.0].map(|share| {
        let rows = trace(&full_network(10_000, slots, share, EVENT as u32 + 1), 1);
        let died = rows[EVENT].stale_addresses;
        Comparison {
            at: died as f64,
            expected: (died * (slots + 1)) as f64,
            measured: (rows[EVENT - 1].online - rows[EVENT].online) as f64,
            tolerance: 0.0,
        }
    });
    check("clients offline when super nodes die", "K (slots + 1)", "K", 0.0, comparisons.to_vec())
}

fn orphans_notice(clients: u64) -> Check {
    let ticks = 20;
    let mut scenario = full_network(clients, 9, 0.3, EVENT as u32 + 1 + ticks);
    scenario.overlay.keepalive_s = (f64::from(ticks) - 0.4) * TICK_S;
    let rows = trace(&scenario, 1);
    let orphans = rows[EVENT].stale_addresses * 9;
    let mut measured = 0.0;
    let comparisons = (1..=ticks).map(|tick| {
        measured += rows[EVENT + tick as usize].attach_attempts as f64 / orphans as f64;
        Comparison {
            at: f64::from(tick) * TICK_S,
            expected: (f64::from(tick) / (f64::from(ticks) - 0.4)).min(1.0),
            measured,
            tolerance: law_tolerance(orphans as usize, 1),
        }
    });
    check("orphans that have noticed", "t/keepalive", "s", FALSE_ALARM, comparisons.collect())
}

/// All clients wait for a login when some super nodes die; then the server serves everybody. The requests of the
/// orphans are void: they cost a slot unless they are dropped.
fn lost_requests(drop_expired: bool) -> Check {
    let clients = 10_000;
    let mut scenario = some_die(clients, 0.1, 0.4, 20);
    scenario.overlay.stale_ttl_s = 0.0;
    scenario.updates.boot_median_s = lasting(2, TICK_S);
    scenario.login.drop_expired = drop_expired;
    set_capacity(&mut scenario, IDLE);
    // All but the super nodes crash, and are back with a request in tick 2.
    add_shock(&mut scenario, 0, 0.0, 1.0);
    intervene(&mut scenario, 12, "login.capacity_per_s_per_million", f64::INFINITY);
    let result = run(&mut Simulator::new(), &scenario, 1);
    let rows = &result.trace;
    let orphans = (rows[EVENT - 1].waiting - rows[EVENT].waiting) as f64;
    let expected = if drop_expired { 0.0 } else { orphans };
    let comparisons = vec![
        Comparison { at: 0.0, expected, measured: result.outcome.login_wasted as f64, tolerance: 0.0 },
        Comparison { at: 1.0, expected: clients as f64, measured: rows[19].online as f64, tolerance: 0.0 },
    ];
    let name =
        if drop_expired { "service slots wasted on orphans, dropping" } else { "service slots wasted on orphans" };
    check(name, if drop_expired { "0" } else { "one each" }, "0: wasted, 1: online in the end", 0.0, comparisons)
}

fn no_second_login() -> Check {
    let mut scenario = some_die(10_000, 0.1, 0.4, EVENT as u32 + 4);
    scenario.overlay.stale_ttl_s = 0.0;
    scenario.login.relogin_after_orphaning = false;
    let result = run(&mut Simulator::new(), &scenario, 1);
    let last = &result.trace[EVENT + 3];
    let comparisons = vec![
        Comparison { at: 0.0, expected: 0.0, measured: result.outcome.login_requests as f64, tolerance: 0.0 },
        Comparison {
            at: 1.0,
            expected: (last.demand - last.booting) as f64,
            measured: last.online as f64,
            tolerance: 0.0,
        },
    ];
    let at = "0: login requests, 1: online in the end";
    check("orphans that need no second login", "no login request, all online", at, 0.0, comparisons)
}

fn stale_addresses() -> Check {
    let life = 62;
    let mut scenario = some_die(10_000, 0.1, 0.4, EVENT as u32 + life + 20);
    scenario.overlay.stale_ttl_s = lasting(life, TICK_S);
    let rows = trace(&scenario, 1);
    let died = rows[EVENT - 1].supernodes - rows[EVENT].supernodes;
    let comparisons = rows.iter().enumerate().map(|(tick, row)| {
        let known = (EVENT..EVENT + life as usize).contains(&tick);
        Comparison {
            at: tick as f64 * TICK_S,
            expected: if known { died as f64 } else { 0.0 },
            measured: row.stale_addresses as f64,
            tolerance: 0.0,
        }
    });
    check("stale addresses", "K for stale_ttl_s, then none", "s", 0.0, comparisons.collect())
}

const HEALING_TICKS: f64 = 60.0;

fn promotions(clients: u64) -> Check {
    let ticks = 180;
    let mut scenario = some_die(clients, 0.05, 0.6, EVENT as u32 + 1 + ticks);
    set_dedicated(&mut scenario, (clients / 200) as u32);
    scenario.overlay.healing_time_s = HEALING_TICKS * TICK_S;
    let rows = trace(&scenario, 1);
    let deficit = |tick: usize| {
        let row = &rows[tick];
        scenario.overlay.supernode_ratio * (row.demand - row.booting) as f64 - row.supernodes as f64
    };
    let start = deficit(EVENT);
    let comparisons = (1..=ticks as usize / 10).map(|look| {
        let left = libm::exp(-(look as f64) * 10.0 / HEALING_TICKS);
        let variance = start * left * (1.0 - left) * libm::exp(1.0 / HEALING_TICKS);
        Comparison {
            at: look as f64 * 10.0 * TICK_S,
            expected: start * left,
            measured: deficit(EVENT + 10 * look),
            tolerance: count_tolerance(variance, ticks as usize / 10),
        }
    });
    check("missing super nodes while they are promoted", "d₀ exp(−t/τ)", "s", FALSE_ALARM, comparisons.collect())
}

fn scarce_candidates(clients: u64) -> Check {
    let (ticks, boot) = (180, 3);
    let mut scenario = some_die(clients, 0.5, 1.0, (EVENT + boot) as u32 + 1 + ticks);
    scenario.overlay.stale_ttl_s = 0.0;
    // One in fifty can be a super node, when half of all should be.
    scenario.population.nat_fraction = 0.98;
    let dedicated = 2 + (clients / 20_000) as u32;
    set_dedicated(&mut scenario, dedicated);
    scenario.updates.boot_median_s = lasting(boot as u32, TICK_S);
    scenario.overlay.healing_time_s = HEALING_TICKS * TICK_S;
    let rows = trace(&scenario, 1);
    let candidates = (rows[EVENT - 1].supernodes - rows[EVENT].supernodes) as f64;
    let comparisons = (1..=ticks as usize / 10).map(|look| {
        let tick = EVENT + boot + 10 * look;
        let left = libm::exp(-((10 * look + 1) as f64) / HEALING_TICKS);
        Comparison {
            at: (10 * look) as f64 * TICK_S,
            expected: candidates * left,
            measured: (rows[EVENT - 1].supernodes - rows[tick].supernodes) as f64,
            // Dedicated super nodes count: as many eligible clients were candidates from the start on.
            tolerance: f64::from(dedicated) + count_tolerance(candidates * left * (1.0 - left), ticks as usize / 10),
        }
    });
    check("candidates left while all are wanted", "E₀ exp(−t/τ)", "s", FALSE_ALARM, comparisons.collect())
}
