//! What must hold in every tick, whatever the scenario.

use proptest::prelude::*;

use super::chance::Chance;
use super::classes::{Pair, mass};
use super::occupancy::Occupancy;
use super::solver::{Running, Solver};
use super::state::State;
use super::wide::plain::plainly;
use crate::engine::laws::overlay::eligible_share;
use crate::engine::observation::Sizes;
use crate::engine::{Engine, Request};
use crate::parameters::{Discipline, Intervention, Jitter, Parameter, Scenario, Setting, Shock, Value};

/// Masses are sums of a few million numbers below 1, each with 53 bits.
const ROUNDING: f64 = 1e-9;

/// How many clients super nodes accept follows from a mean that is computed here to so much ([`super::attach`]): where every
/// attempt succeeds they may take in a little more than there are, and hear of it in the next tick.
const ACCEPTED_TOO_MANY: f64 = 1e-8;

impl State {
    /// Everybody, by region and eligibility, counted where they are.
    fn everybody(&self) -> Vec<Pair> {
        let mut all = vec![[0.0; 2]; self.regions];
        let mut members = Vec::new();
        self.members(&mut members);
        for (cell, pair) in members.iter().chain(&self.absent[members.len()..]).enumerate() {
            let absent = if cell < members.len() { self.absent[cell] } else { [0.0; 2] };
            for side in 0..2 {
                all[cell % self.regions][side] += pair[side] + absent[side];
            }
        }
        for (cell, owners) in self.owners.iter().enumerate() {
            all[cell % self.regions][1] += owners;
        }
        for (region, all) in all.iter_mut().enumerate() {
            for booting in self.boots.masses(region) {
                all[0] += booting[0];
                all[1] += booting[1];
            }
        }
        all
    }

    /// Checks that the masses agree with each other.
    fn check(&self, scenario: &Scenario, sizes: &Sizes, gone: f64) {
        let eligible = eligible_share(&scenario.population);
        for (region, all) in scenario.population.regions.iter().zip(self.everybody()) {
            for (share, found) in [1.0 - eligible, eligible].into_iter().zip(all) {
                assert!((found - region.share * share).abs() < ROUNDING, "{found} {}", region.share * share);
            }
        }
        let in_all = 2 * self.regions;
        let survival = |mass: &Pair, survival: &f64| (mass[0] + mass[1]) * survival;
        for (kind, shut_down) in self.shut_down_share.iter().enumerate() {
            let cells = kind * in_all..(kind + 1) * in_all;
            let offline = self.backoff.total()[cells.clone()].iter().chain(&self.queue.waiting()[cells.clone()]);
            let survivals = self.child_survival[cells.clone()].iter().cycle();
            let renewing: Vec<Pair> = cells.clone().map(|child| self.renewing(child)).collect();
            let online = mass(&self.online[cells]) + mass(&renewing);
            let of_clients = online + offline.zip(survivals).map(|(m, s)| survival(m, s)).sum::<f64>();
            let groups = if kind == 0 { &self.supernodes[..2] } else { &self.supernodes[2..] };
            let of_live: f64 = groups.iter().map(Occupancy::children).sum();
            // A promotion takes a child away, and so does giving up, which the super nodes hear of in the next tick.
            if scenario.overlay.bypass {
                assert_eq!(of_live, 0.0);
                continue;
            }
            let difference = of_live - of_clients * (1.0 - shut_down);
            assert!((-ROUNDING..gone + ACCEPTED_TOO_MANY).contains(&difference), "{kind}: {of_live} {of_clients}");
        }
        for (group, owners) in self.owners.chunks_exact(self.regions).enumerate() {
            let owners: f64 = owners.iter().sum();
            let supernodes = self.supernodes[group].mass();
            assert!((owners - supernodes).abs() < ROUNDING, "{group}: {owners} {supernodes}");
        }
        for size in [sizes.demand, sizes.online, sizes.booting, sizes.seeking, sizes.waiting, sizes.backoff] {
            assert!((-ROUNDING..=1.0 + ROUNDING).contains(&size), "{sizes:?}");
        }
        let flushes = scenario.interventions.iter().any(|change| change.flush);
        assert!(flushes || sizes.waiting <= sizes.login_queue + ROUNDING, "{sizes:?}");
    }
}

/// Makes a run, checks it in every tick, and returns what is seen.
fn run_checked(chance: Chance, scenario: &Scenario) -> Vec<Sizes> {
    let mut run = Running::new(scenario, chance);
    let sizes = run.state.sizes();
    run.state.check(scenario, &sizes, 0.0);
    (0..scenario.ticks() as u32)
        .map(|now| {
            let sizes = run.tick(now);
            run.state.check(scenario, &sizes, run.scratch.promoted + run.scratch.slots_left);
            sizes
        })
        .collect()
}

prop_compose! {
    /// Scenarios of a few hundred ticks, with every mechanism and every corner.
    fn scenarios()(
        (nat, capable) in (prop_oneof![Just(0.0), Just(1.0), 0.0..1.0f64], prop_oneof![Just(1.0), 0.1..1.0f64]),
        (patched, sync) in (prop_oneof![Just(0.0), Just(1.0), 0.0..1.0f64], prop_oneof![Just(0.0), Just(1.0), 0.0..1.0f64]),
        (width_s, sigma, autostart) in (prop_oneof![Just(0.0), 0.0..900.0f64], prop_oneof![Just(0.0), 0.0..2.0f64], 0.0..1.0f64),
        (session_h, absence_h) in (prop_oneof![0.001..0.05f64, 0.05..2.0f64], 0.05..2.0f64),
        (slots, ratio) in (prop_oneof![4 => 1..20u64, 1 => 150..300u64], prop_oneof![Just(0.0), 0.0..0.5f64]),
        (probes, accept) in (prop_oneof![1..6u64, 20..30u64], prop_oneof![Just(f64::INFINITY), 0.01..1.0f64]),
        (overload, shutdown) in (prop_oneof![Just(f64::INFINITY), 0.01..1.0f64], 0.0..1.0f64),
        (capacity, limit_s) in (prop_oneof![Just(0.0), Just(f64::INFINITY), (1.0..5.0f64).prop_map(libm::exp10)],
            prop_oneof![Just(0.0), Just(f64::INFINITY), 1.0..300.0f64]),
        timeout_s in 1.0..200.0f64,
        (lifo, drop_expired, relogin) in (any::<bool>(), any::<bool>(), any::<bool>()),
        (jitter, factor, base_s) in (0..3usize, 1.0..3.0f64, prop_oneof![Just(15.0), Just(2e5)]),
        (dedicated, later) in (prop_oneof![Just(0.0), 0.0..2e4f64], prop_oneof![Just(0.0), 0.0..2e5f64]),
        (shock_supernodes, shock_clients) in (prop_oneof![Just(1.0), 0.0..1.0f64], prop_oneof![Just(1.0), 0.0..1.0f64]),
        (bypass, dedicated_overload, random) in (prop::bool::weighted(0.1), any::<bool>(), prop::bool::weighted(0.3)),
        (admission, dedicated_slots, restart_s) in (prop_oneof![Just(1.0), 0.0..1.0f64], 0..30u64, prop_oneof![Just(f64::INFINITY), 1.0..900.0f64]),
        (rejection_cost, degradation, give_up_after) in (prop_oneof![Just(0.0), 0.0..0.5f64],
            prop_oneof![Just(0.0), 0.0..0.99f64], prop_oneof![Just(0u64), 1..9u64]),
        (dedicated_fraction, disconnect_fraction, everywhere, flush) in (0.0..1.0f64, prop_oneof![Just(0.0), Just(1.0), 0.0..1.0f64], any::<bool>(), any::<bool>()),
        (renewal_s, grace_s) in (prop_oneof![Just(f64::INFINITY), 1e-3..100.0f64, 100.0..2000.0f64],
            prop_oneof![1.0..300.0f64, 300.0..1e5f64]),
        (ttl_s, keepalive_s, healing_s) in (0.0..900.0f64, 0.0..120.0f64, prop_oneof![Just(f64::INFINITY), 1.0..1000.0f64]),
    ) -> Scenario {
        let mut s = Scenario::default();
        (s.population.nat_fraction, s.population.capable_fraction) = (nat, capable);
        (s.time.tick_s, s.time.horizon_h, s.updates.release_h) = (10.0, 1.5, 0.3);
        (s.presence.session_h, s.presence.absence_h) = (session_h, absence_h);
        (s.updates.patched_fraction, s.updates.synchronization) = (patched, sync);
        (s.updates.burst_width_s, s.updates.boot_sigma) = (width_s, sigma);
        (s.updates.boot_median_s, s.updates.autostart_probability) = (60.0, autostart);
        (s.overlay.slots, s.overlay.supernode_ratio) = (slots, ratio);
        (s.overlay.probes, s.overlay.accept_per_s) = (probes, accept);
        (s.overlay.overload_probes_per_s, s.overlay.overload_shutdown_probability) = (overload, shutdown);
        (s.overlay.stale_ttl_s, s.overlay.keepalive_s, s.overlay.healing_time_s) = (ttl_s, keepalive_s, healing_s);
        s.overlay.dedicated_per_million = dedicated;
        (s.login.capacity_per_s_per_million, s.login.queue_limit_s) = (capacity, limit_s);
        (s.login.timeout_s, s.login.drop_expired) = (timeout_s, drop_expired);
        s.login.discipline = if lifo { Discipline::Lifo } else { Discipline::Fifo };
        s.login.relogin_after_orphaning = relogin;
        (s.overlay.bypass, s.overlay.admission) = (bypass, admission);
        (s.overlay.dedicated_overload, s.overlay.dedicated_slots) = (dedicated_overload, dedicated_slots);
        s.overlay.dedicated_restart_s = restart_s;
        (s.login.rejection_cost, s.login.degradation) = (rejection_cost, degradation);
        s.retry.give_up_after = give_up_after;
        (s.login.renewal_s, s.login.grace_s) = (renewal_s, grace_s);
        if random {
            s.login.discipline = Discipline::Random;
        }
        s.retry.jitter = [Jitter::None, Jitter::Full, Jitter::Equal][jitter];
        (s.retry.factor, s.retry.base_s, s.retry.cap_s) = (factor, base_s, 600.0f64.max(base_s));
        s.shocks = vec![Shock {
            at_h: 0.603,
            supernode_fraction: shock_supernodes,
            client_fraction: shock_clients,
            dedicated_fraction,
            disconnect_fraction,
            regions: if everywhere { Vec::new() } else { vec![s.population.regions[1].name.clone()] },
            ..Shock::default()
        }];
        let set = |name: &str, value| (Parameter::find(name).unwrap(), value);
        s.interventions = vec![Intervention::new(
            1.0,
            [
                set("overlay.dedicated_per_million", Value::Number(dedicated + later)),
                set("login.capacity_per_s_per_million", Value::Number(1e4)),
                set("login.drop_expired", Value::Boolean(true)),
                set("login.renewal_s", Value::Number(200.0)),
                set("retry.base_s", Value::Number(20.0)),
                set("retry.factor", Value::Number(1.2)),
                set("login.discipline", Value::Choice(if lifo { "fifo" } else { "lifo" })),
            ],
        )];
        s.interventions[0].flush = flush;
        s
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 150,
        rng_seed: proptest::test_runner::RngSeed::Fixed(2007),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn masses_of_classes_and_children_are_accounted_for_in_every_tick(scenario in scenarios()) {
        prop_assert_eq!(scenario.check(), Ok(()));
        run_checked(Chance::default(), &scenario);
        run_checked(Chance::of(scenario.population.clients, 300), &scenario);
    }

    #[test]
    fn a_workspace_carries_nothing_from_one_run_to_the_next(first in scenarios(), second in scenarios()) {
        let mut used = Solver::new();
        used.run(&first, 0, &Request::default());
        let request = Request::trace(60.0);
        prop_assert_eq!(used.run(&second, 0, &request), Solver::new().run(&second, 1, &request));
    }

    #[test]
    fn an_intervention_leaves_everything_before_it_as_it_was(scenario in scenarios()) {
        let with = run_checked(Chance::default(), &scenario);
        // Only one that keeps what is told apart from the start: kinds of super nodes, failures in a row.
        let mut without = scenario.clone();
        let parameter = Parameter::find("login.drop_expired").unwrap();
        without.interventions[0].settings.push((parameter, Setting::Value(Value::Boolean(false))));
        let without = run_checked(Chance::default(), &without);
        let before = 360;
        prop_assert_eq!(format!("{:?}", &with[..before]), format!("{:?}", &without[..before]));
    }
}

/// A scenario in which the network is the same for an hour, changed.
fn changed(change: &dyn Fn(&mut Scenario)) -> Scenario {
    let mut scenario = Scenario::default();
    (scenario.updates.release_h, scenario.time.horizon_h) = (1.0, 4.0);
    change(&mut scenario);
    scenario
}

/// Makes runs that begin alike, one after another in the same workspace, and a row and a yes or no for each. Returns how
/// many of them ended in an outage.
fn assert_that_each_is_as_alone(scenarios: &[Scenario]) -> u32 {
    let (mut used, mut outages) = (Solver::new(), 0);
    for again in 0..2 {
        for (index, scenario) in scenarios.iter().enumerate() {
            assert_eq!(scenario.check(), Ok(()), "{index}");
            let expected = Solver::new().run(scenario, 0, &Request::default());
            assert_eq!(used.run(scenario, 0, &Request::default()), expected, "{again} {index}");
            let outage = expected.unwrap().outcome.outage;
            assert_eq!((used.has_outage(scenario), Solver::new().has_outage(scenario)), (outage, outage), "{index}");
            outages += u32::from(outage);
        }
    }
    outages
}

#[test]
fn a_run_that_goes_on_from_the_beginning_of_another_is_the_same() {
    let set = |at_h, name: &str, value| Intervention::new(at_h, [(Parameter::find(name).unwrap(), value)]);
    let outages = assert_that_each_is_as_alone(&[
        changed(&|_| ()),
        changed(&|s| s.updates.synchronization = 0.7),
        changed(&|s| (s.updates.synchronization, s.updates.boot_median_s) = (0.7, 900.0)),
        changed(&|s| (s.updates.synchronization, s.login.capacity_per_s_per_million) = (0.7, 120.0)),
        changed(&|s| s.login.capacity_per_s_per_million = 3.0),
        changed(&|s| s.updates.patched_fraction = 0.0),
        changed(&|s| s.shocks = vec![Shock { at_h: 1.5, supernode_fraction: 0.4, ..Shock::default() }]),
        changed(&|s| s.shocks = vec![Shock { at_h: 0.5, supernode_fraction: 0.4, ..Shock::default() }]),
        changed(&|s| s.interventions = vec![set(0.5, "login.discipline", Value::Choice("lifo"))]),
        changed(&|s| s.interventions = vec![set(0.5, "overlay.dedicated_per_million", Value::Number(500.0))]),
        changed(&|s| s.interventions = vec![set(1.5, "overlay.dedicated_per_million", Value::Number(500.0))]),
        changed(&|s| s.interventions = vec![set(1.5, "retry.cap_s", Value::Number(3000.0))]),
        changed(&|s| (s.updates.synchronization, s.outage.threshold) = (0.7, 0.9)),
        changed(&|s| (s.updates.synchronization, s.time.horizon_h) = (0.7, 3.0)),
        changed(&|s| (s.updates.synchronization, s.time.horizon_h) = (0.4, 5.0)),
        changed(&|s| (s.updates.synchronization, s.time.horizon_h, s.retry.cap_s) = (0.7, 2.0, 7200.0)),
        changed(&|s| (s.updates.synchronization, s.time.horizon_h, s.retry.cap_s) = (0.7, 5.0, 7200.0)),
    ]);
    assert!((4..30).contains(&outages), "{outages}");
}

/// Not on a machine of another kind, but without what one might not have.
#[test]
fn a_run_is_the_same_to_the_last_digit_without_wide_vectors_and_unrolled_loops() {
    let set = |at_h, name: &str, value| Intervention::new(at_h, [(Parameter::find(name).unwrap(), value)]);
    for scenario in [
        changed(&|_| ()),
        changed(&|s| s.updates.synchronization = 0.7),
        changed(&|s| (s.updates.synchronization, s.login.capacity_per_s_per_million) = (0.7, 3.0)),
        changed(&|s| s.overlay.slots = 20),
        changed(&|s| (s.overlay.overload_probes_per_s, s.overlay.overload_shutdown_probability) = (0.05, 0.2)),
        changed(&|s| s.login.relogin_after_orphaning = false),
        changed(&|s| s.shocks = vec![Shock { at_h: 1.5, supernode_fraction: 0.4, ..Shock::default() }]),
        changed(&|s| s.interventions = vec![set(1.5, "overlay.dedicated_per_million", Value::Number(500.0))]),
    ] {
        let made = || Solver::new().run(&scenario, 0, &Request::default()).unwrap().outcome;
        assert_eq!(made(), plainly(made));
    }
}

/// The queue is never empty here: what is emptied at the wrong time shows.
#[test]
fn a_flush_before_the_beginning_ends_is_not_made_again() {
    let flushed = |at_h, synchronization| {
        changed(&|s| {
            (s.updates.synchronization, s.login.capacity_per_s_per_million) = (synchronization, 3.0);
            s.interventions = vec![Intervention { at_h, flush: true, ..Intervention::default() }];
        })
    };
    assert_that_each_is_as_alone(&[0.1, 0.7].map(|synchronization| flushed(0.5, synchronization)));
    assert_that_each_is_as_alone(&[0.1, 0.7].map(|synchronization| flushed(1.0, synchronization)));
}

/// Of the groups of several ticks in which clients renew one vanishes between two of these, and others join it.
#[test]
fn a_group_of_which_nobody_is_left_hands_nothing_on() {
    let mut scenario = Scenario::default();
    (scenario.updates.patched_fraction, scenario.time.horizon_h) = (0.0, 4.0);
    (scenario.login.renewal_s, scenario.login.grace_s) = (3600.0, 7200.0);
    (scenario.login.relogin_after_orphaning, scenario.overlay.keepalive_s) = (false, 0.0);
    scenario.interventions = vec![Intervention::new(
        0.5,
        [(Parameter::find("login.capacity_per_s_per_million").unwrap(), Value::Number(0.0))],
    )];
    scenario.shocks = vec![Shock { at_h: 723.0 / 720.0, disconnect_fraction: 1.0, ..Shock::default() }];
    run_checked(Chance::default(), &scenario);
}

/// Through the outage of a large network, and its nights.
#[test]
fn masses_are_accounted_for_through_two_days() {
    let mut scenario = Scenario::default();
    scenario.updates.synchronization = 0.6;
    scenario.overlay.dedicated_per_million = 100.0;
    scenario.time.horizon_h = 48.0;
    let seen = run_checked(Chance::default(), &scenario);
    assert!(seen.iter().any(|sizes| sizes.online < 0.2 * sizes.demand), "it was down");
}
