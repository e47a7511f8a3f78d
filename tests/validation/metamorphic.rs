//! What must not change, or may not rise, when the scenario changes.
//!
//! # What never raises the outage probability
//! In the model, a client affects the others only by what it takes: a slot, a place in the queue, service. With
//! everything else as it was, more capacity of the login server and fewer restarts at once take away load. Where slots
//! are what fails, more slots do. Each is a sign test on pairs of runs with the same seed: if the measure did not raise
//! the probability, the number of pairs in which only the run *with* it has an outage is at most binomial(n, ½) among
//! the n pairs that differ, and Hoeffding bounds its excess. From one end of the range to the other the measure must
//! also help by more than chance could, or the tests had no power.
//!
//! # What does, although it sounds like help
//! [`more_super_nodes_can_take_the_network_down`] and [`more_slots_can_take_the_network_down`] hold the cases in
//! which more of the overlay raises it: it is the narrow place ahead of the login server, and what it holds back the
//! server need not refuse. Widening it lets the flood through.

use critmass::parameters::{Region, Scenario};

use crate::{column, exponent, outcomes, ranks};
use critmass::engine::outcome::OUTPUTS;

/// Pairs of runs in which only the first, or only the second, of two scenarios has an outage.
fn discordant(runs: u64, first: impl Fn(&mut Scenario), second: impl Fn(&mut Scenario)) -> (f64, f64) {
    let (first, second) = (outcomes(runs, 0, first), outcomes(runs, 0, second));
    let only = |a: bool, b: bool| first.iter().zip(&second).filter(|(x, y)| x.outage == a && y.outage == b).count();
    (only(true, false) as f64, only(false, true) as f64)
}

/// How far two counts that sum to n may lie apart if each of the n is a fair coin: P(2 k − n ≥ t) ≤ exp(−t² / 2n).
fn noise(n: f64) -> f64 {
    libm::sqrt(2.0 * n * exponent())
}

/// `with` does not raise the outage probability by more than chance could.
#[track_caller]
fn assert_never_raises(runs: u64, without: impl Fn(&mut Scenario), with: impl Fn(&mut Scenario)) {
    let (only_without, only_with) = discordant(runs, without, with);
    assert!(only_with - only_without <= noise(only_without + only_with), "{only_without} : {only_with}");
}

/// `with` lowers it by more than chance could.
#[track_caller]
fn assert_helps(runs: u64, without: impl Fn(&mut Scenario), with: impl Fn(&mut Scenario)) {
    let (only_without, only_with) = discordant(runs, without, with);
    assert!(only_without - only_with > noise(only_without + only_with), "{only_without} : {only_with}");
}

#[test]
fn more_login_capacity_never_raises_the_outage_probability() {
    let capacity = |per_s: f64| {
        move |s: &mut Scenario| {
            s.updates.synchronization = 0.4;
            s.login.capacity_per_s_per_million = per_s;
        }
    };
    for (less, more) in [(100.0, 130.0), (130.0, 150.0), (150.0, 170.0), (170.0, 220.0)] {
        assert_never_raises(40, capacity(less), capacity(more));
    }
    assert_helps(60, capacity(100.0), capacity(220.0));
}

#[test]
fn less_synchronization_never_raises_the_outage_probability() {
    let share = |share: f64| move |s: &mut Scenario| s.updates.synchronization = share;
    for (more, less) in [(0.6, 0.45), (0.45, 0.4), (0.4, 0.35), (0.35, 0.2)] {
        assert_never_raises(40, share(more), share(less));
    }
    assert_helps(60, share(0.6), share(0.15));
}

#[test]
fn more_slots_never_raise_it_where_slots_are_what_fails() {
    // No login server to protect, and super nodes for two thirds of the clients.
    let slots = |slots: u64| {
        move |s: &mut Scenario| {
            s.overlay.slots = slots;
            s.login.capacity_per_s_per_million = f64::INFINITY;
            s.updates.synchronization = 0.6;
        }
    };
    for (fewer, more) in [(24, 40), (40, 52), (52, 75), (75, 150)] {
        assert_never_raises(40, slots(fewer), slots(more));
    }
    assert_helps(60, slots(24), slots(75));
}

#[test]
fn more_super_nodes_can_take_the_network_down() {
    // 1.05 slots a client hold the flood back; with 1.5 it reaches the login server.
    let ratio = |ratio: f64| {
        move |s: &mut Scenario| {
            s.population.clients = 50_000;
            s.updates.synchronization = 0.5;
            s.overlay.supernode_ratio = ratio;
        }
    };
    assert_helps(60, ratio(0.02), ratio(0.014));
}

#[test]
fn more_slots_can_take_the_network_down() {
    // The same headroom by slots: 1.04 and 1.5 a client.
    let slots = |slots: u64| {
        move |s: &mut Scenario| {
            s.population.clients = 50_000;
            s.updates.synchronization = 0.5;
            s.overlay.slots = slots;
        }
    };
    assert_helps(60, slots(75), slots(52));
}

/// Two samples of every output have the same distribution: means within 7 standard errors, and distribution functions
/// within the bound of Smirnov's two-sample test, here P(D > ε) ≤ 2 exp(−n ε²) for two samples of n.
#[track_caller]
fn assert_same_distributions(first: impl Fn(&mut Scenario), second: impl Fn(&mut Scenario)) {
    const RUNS: u64 = 100;
    let night_and_day = |s: &mut Scenario| {
        s.time.horizon_h = 36.0;
        s.updates.synchronization = 0.3;
    };
    // Other seeds, so that the samples are independent.
    let first = outcomes(RUNS, 0, |s| {
        night_and_day(s);
        first(s)
    });
    let second = outcomes(RUNS, 1_000_000, |s| {
        night_and_day(s);
        second(s)
    });
    let n = RUNS as f64;
    let limit = libm::sqrt((exponent() + libm::log(2.0 * OUTPUTS.len() as f64)) / n);
    for (index, output) in OUTPUTS.iter().enumerate() {
        let (a, b) = (column(&first, index), column(&second, index));
        let mean = |x: &[f64]| x.iter().sum::<f64>() / n;
        let variance = |x: &[f64]| x.iter().map(|v| (v - mean(x)) * (v - mean(x))).sum::<f64>() / (n - 1.0);
        let error = libm::sqrt((variance(&a) + variance(&b)) / n);
        assert!((mean(&a) - mean(&b)).abs() <= 7.0 * error, "{}: {} and {}", output.name, mean(&a), mean(&b));
        let share = |x: &[f64], at: f64| x.iter().filter(|&&v| v <= at).count() as f64 / n;
        let apart = a.iter().chain(&b).map(|&at| (share(&a, at) - share(&b, at)).abs()).fold(0.0, f64::max);
        assert!(apart <= limit, "{}: {apart}", output.name);
    }
    assert!(ranks(&column(&first, 1)).iter().any(|&rank| rank != ranks(&column(&first, 1))[0]), "outcomes vary");
}

#[test]
fn the_order_of_the_regions_changes_nothing() {
    assert_same_distributions(|_| (), |s| s.population.regions.rotate_left(1));
}

#[test]
fn the_names_of_the_regions_change_nothing_at_all() {
    let named = |s: &mut Scenario| s.population.regions.iter_mut().for_each(|region| region.name.push('!'));
    assert_eq!(outcomes(3, 0, |_| ()), outcomes(3, 0, named));
}

#[test]
fn splitting_a_region_changes_nothing() {
    let halves = |s: &mut Scenario| {
        let whole = s.population.regions[1].clone();
        let half = Region { share: whole.share / 2.0, ..whole };
        s.population.regions[1] = half.clone();
        s.population.regions.push(half);
    };
    assert_same_distributions(|_| (), halves);
}
