//! Properties that hold in every tick of every run, checked over random scenarios.

use std::sync::atomic::AtomicBool;

use proptest::prelude::*;

use super::observation::Snapshot;
use super::*;
use crate::parameters::{Discipline, Jitter, Parameter, Value};

impl Simulator {
    fn check_invariants(&self) {
        let mut counts = [0; 8];
        for client in (0..self.clients.len()).map(ClientId) {
            let state = self.clients.state(client);
            counts[state as usize] += 1;
            assert_eq!(self.clients.present().contains(client), state != State::Absent, "present iff not absent");
        }
        let states = [
            State::Absent,
            State::Booting,
            State::Seeking,
            State::Waiting,
            State::Backoff,
            State::Online,
            State::SuperNode,
        ];
        assert!(
            states.iter().all(|&state| counts[state as usize] == self.clients.count(state)),
            "clients are conserved"
        );
        let children = self.overlay.check(|child, supernode, place| {
            let attached = matches!(self.clients.state(child), State::Waiting | State::Backoff | State::Online);
            attached && self.clients.attachment(child) == (supernode, place)
        });
        let attached = [State::Waiting, State::Backoff, State::Online].map(|state| self.clients.count(state));
        // Every attached client is the child of the super node that it names, and nobody else is a child.
        assert_eq!(children, attached.iter().sum::<u32>());
        assert_eq!(self.overlay.live() - self.overlay.dedicated(), self.clients.count(State::SuperNode));
        let eligible = self.eligible.iter().cloned().flatten();
        let online = eligible.filter(|&id| self.clients.state(ClientId(id)) == State::Online);
        assert_eq!(self.clients.promotable().count() as usize, online.count());
        let Counters { login_requests, login_rejections, login_wasted, logins, .. } = self.counters;
        let gone = logins + login_wasted + login_rejections;
        if !self.scenario.login.drop_expired {
            assert_eq!(login_requests, gone + self.login.length(), "requests in = served + wasted + rejected + queued");
        }
        assert!(login_requests >= gone + u64::from(self.clients.count(State::Waiting)));
    }

    fn run_checked(&mut self, scenario: &Scenario, seed: u64) -> Vec<Snapshot> {
        let ticks = scenario.ticks() as u32;
        self.set_up(scenario, seed, ticks);
        (0..ticks)
            .map(|now| {
                self.tick(now);
                self.check_invariants();
                self.snapshot()
            })
            .collect()
    }
}

fn outcome(simulator: &mut Simulator, scenario: &Scenario, seed: u64) -> Run {
    simulator.run(scenario, seed, Some(60.0), &AtomicBool::new(false)).unwrap()
}

prop_compose! {
    /// Scenarios of a few hundred clients and a few hundred ticks, with every mechanism and every corner.
    fn scenarios()(
        clients in prop_oneof![Just(1u64), 2..50u64, 50..600u64],
        nat in prop_oneof![Just(0.0), Just(1.0), 0.0..1.0f64],
        sync in prop_oneof![Just(0.0), Just(1.0), 0.0..1.0f64],
        (session_h, absence_h) in (0.05..2.0f64, 0.05..2.0f64),
        (slots, ratio) in (1..20u64, prop_oneof![Just(0.0), 0.0..0.5f64]),
        (probes, accept) in (1..6u64, prop_oneof![Just(f64::INFINITY), 0.01..1.0f64]),
        (overload, shutdown) in (prop_oneof![Just(f64::INFINITY), 0.01..1.0f64], 0.0..1.0f64),
        (capacity, limit_s) in (prop_oneof![Just(0.0), Just(f64::INFINITY), 1e2..1e5f64],
            prop_oneof![Just(0.0), Just(f64::INFINITY), 1.0..300.0f64]),
        timeout_s in 1.0..200.0f64,
        (lifo, drop_expired, relogin) in (any::<bool>(), any::<bool>(), any::<bool>()),
        (jitter, factor) in (0..3usize, 1.0..3.0f64),
        (dedicated, later) in (0.0..2e4f64, 0.0..2e5f64),
        (shock_supernodes, shock_clients) in (0.0..1.0f64, 0.0..1.0f64),
        (ttl_s, keepalive_s) in (0.0..900.0f64, 0.0..120.0f64),
    ) -> Scenario {
        let mut s = Scenario::default();
        s.population.clients = clients;
        (s.population.nat_fraction, s.population.capable_fraction) = (nat, 0.9);
        (s.time.tick_s, s.time.horizon_h, s.updates.release_h) = (10.0, 1.5, 0.3);
        (s.presence.session_h, s.presence.absence_h) = (session_h, absence_h);
        (s.updates.synchronization, s.updates.burst_width_s) = (sync, 600.0);
        (s.updates.boot_median_s, s.updates.autostart_probability) = (60.0, 0.8);
        (s.overlay.slots, s.overlay.supernode_ratio) = (slots, ratio);
        (s.overlay.probes, s.overlay.accept_per_s) = (probes, accept);
        (s.overlay.overload_probes_per_s, s.overlay.overload_shutdown_probability) = (overload, shutdown);
        (s.overlay.stale_ttl_s, s.overlay.keepalive_s, s.overlay.healing_time_s) = (ttl_s, keepalive_s, 120.0);
        s.overlay.dedicated_per_million = dedicated;
        (s.login.capacity_per_s_per_million, s.login.queue_limit_s) = (capacity, limit_s);
        (s.login.timeout_s, s.login.drop_expired) = (timeout_s, drop_expired);
        s.login.discipline = if lifo { Discipline::Lifo } else { Discipline::Fifo };
        s.login.relogin_after_orphaning = relogin;
        s.retry.jitter = [Jitter::None, Jitter::Full, Jitter::Equal][jitter];
        s.retry.factor = factor;
        s.shocks = vec![Shock { at_h: 0.6, supernode_fraction: shock_supernodes, client_fraction: shock_clients }];
        let set = |name: &str, value| (Parameter::find(name).unwrap(), value);
        s.interventions = vec![Intervention {
            at_h: 1.0,
            settings: vec![
                set("overlay.dedicated_per_million", Value::Number(later)),
                set("login.capacity_per_s_per_million", Value::Number(1e4)),
                set("login.discipline", Value::Choice(if lifo { "fifo" } else { "lifo" })),
            ],
        }];
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
    fn clients_slots_and_requests_are_accounted_for_in_every_tick(scenario in scenarios(), seed: u64) {
        prop_assert_eq!(scenario.check(), Ok(()));
        Simulator::new().run_checked(&scenario, seed);
    }

    #[test]
    fn renumbering_the_tickets_in_every_tick_changes_nothing(scenario in scenarios(), seed: u64) {
        let mut simulator = Simulator::new();
        let expected = outcome(&mut simulator, &scenario, seed);
        simulator.renumber_always = true;
        prop_assert_eq!(outcome(&mut simulator, &scenario, seed), expected);
    }

    #[test]
    fn a_workspace_carries_nothing_from_one_run_to_the_next(first in scenarios(), second in scenarios(), seed: u64) {
        let mut used = Simulator::new();
        outcome(&mut used, &first, seed);
        prop_assert_eq!(outcome(&mut used, &second, seed), outcome(&mut Simulator::new(), &second, seed));
    }

    #[test]
    fn an_intervention_leaves_everything_before_it_as_it_was(scenario in scenarios(), seed: u64) {
        let mut simulator = Simulator::new();
        let with = simulator.run_checked(&scenario, seed);
        let mut without = scenario.clone();
        without.interventions.clear();
        let without = simulator.run_checked(&without, seed);
        let before = 360;
        prop_assert_eq!(format!("{:?}", &with[..before]), format!("{:?}", &without[..before]));
    }
}

/// The same numbers for ever, on any machine: a change here is a change of results, and needs a new version.
#[test]
fn a_run_of_a_given_seed_gives_these_numbers() {
    let mut scenario = Scenario::default();
    scenario.population.clients = 20_000;
    scenario.updates.synchronization = 0.6;
    scenario.time.horizon_h = 20.0;
    let run = outcome(&mut Simulator::new(), &scenario, 2007);
    let Outcome { events, attach_attempts, login_requests, logins, restarts, .. } = run.outcome;
    assert_eq!(
        [events, attach_attempts, login_requests, logins, restarts],
        [1_086_786, 63_013, 879_931, 31_329, 3_102]
    );
}

#[test]
fn different_seeds_give_different_runs() {
    let mut scenario = Scenario::default();
    scenario.population.clients = 2_000;
    scenario.time.horizon_h = 14.0;
    let mut simulator = Simulator::new();
    let mut events: Vec<u64> = (0..50).map(|seed| outcome(&mut simulator, &scenario, seed).outcome.events).collect();
    events.sort_unstable();
    events.dedup();
    assert!(events.len() >= 45, "{}", events.len());
}
