//! What the default scenario must show: a healthy network, its collapse, and the measure that prevents it.

use critmass::engine::outcome::Outcome;
use critmass::engine::population::Simulator;
use critmass::engine::{Engine, Request};
use critmass::parameters::Scenario;

/// Five runs of the defaults with 100,000 clients and some change.
fn outcomes(change: impl Fn(&mut Scenario)) -> Vec<Outcome> {
    let mut scenario = Scenario::default();
    scenario.population.clients = 100_000;
    change(&mut scenario);
    scenario.check().unwrap();
    let mut simulator = Simulator::new();
    (0..5).map(|seed| simulator.run(&scenario, seed, &Request::default()).unwrap().outcome).collect()
}

#[test]
fn the_default_network_is_healthy_and_survives_a_rolling_update() {
    for outcome in outcomes(|s| s.updates.synchronization = 0.0) {
        assert!(outcome.baseline_online_fraction > 0.99, "{outcome:?}");
        assert!(!outcome.outage && outcome.recovered, "{outcome:?}");
    }
}

#[test]
fn a_synchronized_update_takes_it_down_and_it_stays_down() {
    for outcome in outcomes(|s| s.updates.synchronization = 0.6) {
        assert!(outcome.outage && !outcome.recovered, "{outcome:?}");
        assert!(outcome.min_online_fraction < 0.01, "{outcome:?}");
        // The archetype lasted a day and a half; here, to the horizon.
        assert!(outcome.outage_h > 30.0, "{outcome:?}");
    }
}

#[test]
fn a_login_server_that_drops_expired_requests_lets_it_recover() {
    let dropping = |s: &mut Scenario| {
        s.updates.synchronization = 0.6;
        s.login.drop_expired = true;
    };
    for outcome in outcomes(dropping) {
        assert!(outcome.recovered && outcome.login_wasted == 0, "{outcome:?}");
    }
}

/// With a chance of an outage below 0.06 for a large network and above 0.85 for a small one, either count is missed with a
/// probability below 1e-6.
#[test]
fn a_small_network_goes_down_by_itself_and_a_large_one_does_not() {
    let outages = |clients| {
        let mut scenario = Scenario::default();
        scenario.population.clients = clients;
        scenario.updates.patched_fraction = 0.0;
        let mut simulator = Simulator::new();
        (0..40).filter(|&seed| simulator.run(&scenario, seed, &Request::default()).unwrap().outcome.outage).count()
    };
    assert!(outages(7_000) > 20 && outages(15_000) <= 12, "{} and {}", outages(7_000), outages(15_000));
}
