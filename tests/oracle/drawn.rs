//! Scenarios drawn at random, corners included.

use critmass::parameters::{Discipline, Intervention, Jitter, Region, Scenario, Shock, Value};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::comparison::Comparison;
use crate::designed::intervention;

/// Scenarios drawn.
const SCENARIOS: usize = 40;
/// Visits of a client in a tick that all runs of a scenario may take together, which sets their number.
const CLIENT_TICKS: f64 = 2e7;

/// The scenarios. The seed is fixed, so they are the same ones each time.
fn scenarios() -> Vec<Scenario> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, b"a second engine, as test oracle.");
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = scenario();
    (0..SCENARIOS).map(|_| strategy.new_tree(&mut runner).expect("nothing is rejected").current()).collect()
}

/// Compares all of them.
pub(crate) fn compare_all(tests_max: f64) {
    let mut comparison = Comparison::default();
    for (index, scenario) in scenarios().iter().enumerate() {
        let client_ticks = (scenario.population.clients * scenario.ticks()) as f64;
        let runs = (CLIENT_TICKS / client_ticks).clamp(100.0, 600.0) as u64;
        let deviations = comparison.deviations();
        crate::compare(&mut comparison, &format!("drawn {index}"), scenario, runs);
        if comparison.deviations() > deviations {
            eprintln!("drawn {index}: {}", differences(scenario));
        }
    }
    comparison.finish(tests_max);
}

/// Whether a scenario lies in a corner.
type Corner = fn(&Scenario) -> bool;

#[test]
fn every_corner_is_among_the_scenarios_drawn() {
    let corners: [(&str, Corner); 20] = [
        ("renewals that time out", |s| s.login.renewal_s < 1000.0 && s.login.timeout_s < s.login.grace_s),
        ("clients that give up at once", |s| s.retry.give_up_after == 1),
        ("no overlay", |s| s.overlay.bypass),
        ("attempts barred", |s| s.overlay.admission < 1.0),
        ("random service", |s| s.login.discipline == Discipline::Random),
        ("rejections that cost", |s| s.login.rejection_cost > 0.0 && s.login.degradation > 0.0),
        ("gateways that fail and are back", |s| {
            let fail = s.shocks.iter().any(|shock| shock.dedicated_fraction > 0.0);
            fail && s.overlay.dedicated_per_million >= 1.0 && s.overlay.dedicated_restart_s.is_finite()
        }),
        ("a flush", |s| s.interventions.iter().any(|change| change.flush)),
        ("nobody eligible", |s| s.population.capable_fraction == 0.0),
        ("one super node wanted", |s| (1.0..2.0).contains(&(s.overlay.supernode_ratio * s.population.clients as f64))),
        ("no capacity", |s| s.login.capacity_per_s_per_million == 0.0),
        ("infinite capacity", |s| s.login.capacity_per_s_per_million.is_infinite()),
        ("nobody patched", |s| s.updates.patched_fraction == 0.0),
        ("one region", |s| s.population.regions.len() == 1),
        ("ticks of 1 s", |s| s.time.tick_s == 1.0),
        ("ticks of 60 s", |s| s.time.tick_s == 60.0),
        ("one client", |s| s.population.clients == 1),
        ("thousands of clients", |s| s.population.clients > 5000),
        ("released at the start", |s| s.updates.release_h == 0.0),
        ("no self-healing", |s| s.overlay.healing_time_s.is_infinite()),
    ];
    let scenarios = scenarios();
    for (corner, is_met) in corners {
        assert!(scenarios.iter().any(is_met), "{corner}");
    }
}

/// The parameters that are not at their defaults.
fn differences(scenario: &Scenario) -> String {
    let default = Scenario::default();
    let mut list: Vec<String> = critmass::parameters::PARAMETERS
        .iter()
        .filter(|p| p.get(scenario) != p.get(&default))
        .map(|p| format!("{} = {}", p.name, p.get(scenario)))
        .collect();
    list.extend(scenario.shocks.iter().map(|s| format!("{s:?}")));
    list.extend(scenario.interventions.iter().map(|i| format!("{i:?}")));
    list.join(", ")
}

/// Between the two, uniform in the logarithm.
fn log_uniform(low: f64, high: f64) -> impl Strategy<Value = f64> {
    (libm::log(low)..libm::log(high)).prop_map(libm::exp)
}

fn regions() -> impl Strategy<Value = Vec<Region>> {
    prop::collection::vec((-12.0..14.0f64, 0.1..1.0f64), 1..5).prop_map(|list| {
        let sum: f64 = list.iter().map(|(_, weight)| weight).sum();
        list.iter()
            .enumerate()
            .map(|(i, (offset, weight))| Region {
                name: format!("region {i}"),
                // Whole quarters of an hour, as time zones have.
                utc_offset_h: (offset * 4.0).round() / 4.0,
                share: weight / sum,
            })
            .collect()
    })
}

/// Sets a part of the parameters.
struct Change(Box<dyn Fn(&mut Scenario)>);

impl std::fmt::Debug for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Change")
    }
}

fn population_and_time() -> impl Strategy<Value = Scenario> {
    let clients = prop_oneof![
        9 => log_uniform(1.0, 1000.0).prop_map(|n| n as u64),
        1 => 1000..10_001u64,
    ];
    let share_or_corner = || prop_oneof![1 => Just(0.0), 1 => Just(1.0), 4 => 0.0..1.0f64];
    let ticks =
        (select(vec![1.0, 5.0, 7.0, 10.0, 30.0, 60.0]), 60..400u64, prop_oneof![1 => Just(0.0), 4 => 0.0..0.8f64]);
    let presence = (log_uniform(0.02, 10.0), log_uniform(0.02, 10.0), share_or_corner(), 0.0..24.0f64);
    (clients, share_or_corner(), share_or_corner(), regions(), ticks, presence).prop_map(
        |(clients, nat, capable, regions, (tick_s, ticks, release), (session_h, absence_h, amplitude, peak))| {
            let mut s = Scenario::default();
            s.population.clients = clients;
            s.population.nat_fraction = nat * 0.9;
            s.population.capable_fraction = capable;
            s.population.regions = regions;
            s.time.tick_s = tick_s;
            s.time.horizon_h = ticks as f64 * tick_s / 3600.0;
            s.updates.release_h = (release * ticks as f64).floor() * tick_s / 3600.0;
            s.presence.session_h = session_h;
            s.presence.absence_h = absence_h;
            s.presence.daily_amplitude = amplitude;
            s.presence.peak_local_h = peak;
            s.outage.min_duration_h = s.time.horizon_h / 10.0;
            s
        },
    )
}

fn updates() -> impl Strategy<Value = Change> {
    let share_or_corner = || prop_oneof![1 => Just(0.0), 1 => Just(1.0), 4 => 0.0..1.0f64];
    (
        (share_or_corner(), share_or_corner(), share_or_corner()),
        (0.0..0.3f64, 0.0..0.5f64, 0.0..24.0f64, 0.0..24.0f64, 0.05..1.0f64, 0.0..7200.0f64),
        (log_uniform(1.0, 500.0), 0.0..1.5f64),
    )
        .prop_map(
            |((patched, synchronization, autostart), (delay, width, install, window, q, rolling), (boot, sigma))| {
                Change(Box::new(move |s: &mut Scenario| {
                    let after_s = (s.time.horizon_h - s.updates.release_h) * 3600.0;
                    s.updates.patched_fraction = patched;
                    s.updates.synchronization = synchronization;
                    s.updates.autostart_probability = 0.5 + autostart / 2.0;
                    s.updates.burst_delay_s = delay * after_s;
                    s.updates.burst_width_s = width * after_s;
                    s.updates.install_local_h = install;
                    s.updates.detection_window_h = window;
                    s.updates.daily_install_probability = q;
                    s.updates.rolling_width_s = rolling;
                    s.updates.boot_median_s = boot;
                    s.updates.boot_sigma = sigma;
                }))
            },
        )
}

fn overlay() -> impl Strategy<Value = Change> {
    let finite_or_not = |low, high| prop_oneof![1 => Just(f64::INFINITY), 4 => log_uniform(low, high)];
    (
        (log_uniform(1.0, 100.0), 0.7..3.0f64, 1..10u64, log_uniform(1.0, 3000.0), log_uniform(1.0, 600.0)),
        (finite_or_not(0.01, 10.0), finite_or_not(0.01, 10.0), 0.0..1.0f64),
        (finite_or_not(1.0, 3000.0), prop_oneof![2 => Just(0u64), 1 => 1..4u64]),
        (prop_oneof![1 => Just(0u64), 1 => 1..400u64], any::<bool>(), finite_or_not(1.0, 2000.0)),
        (prop_oneof![3 => Just(1.0), 1 => 0.1..1.0f64], prop_oneof![4 => Just(false), 1 => Just(true)]),
    )
        .prop_map(
            |(
                (slots, headroom, probes, ttl, keepalive),
                (accept, overload, shutdown),
                (healing, dedicated),
                (dedicated_slots, dedicated_overload, dedicated_restart),
                (admission, bypass),
            )| {
                Change(Box::new(move |s: &mut Scenario| {
                    s.overlay.slots = slots as u64;
                    s.overlay.supernode_ratio = (headroom / (slots as u64 + 1) as f64).min(1.0);
                    s.overlay.probes = probes;
                    s.overlay.stale_ttl_s = ttl;
                    s.overlay.keepalive_s = keepalive;
                    s.overlay.accept_per_s = accept;
                    s.overlay.overload_probes_per_s = overload;
                    s.overlay.overload_shutdown_probability = shutdown;
                    s.overlay.healing_time_s = healing;
                    s.overlay.dedicated_slots = dedicated_slots;
                    s.overlay.dedicated_overload = dedicated_overload;
                    s.overlay.dedicated_restart_s = dedicated_restart;
                    s.overlay.admission = admission;
                    s.overlay.bypass = bypass;
                    // At 1e-3 above the whole number: not at the edge of a rounding.
                    s.overlay.dedicated_per_million = (dedicated as f64 + 1e-3) * 1e6 / s.population.clients as f64;
                }))
            },
        )
}

/// The capacity is 0, infinite, or of the order of the log-ins without an update.
fn login() -> impl Strategy<Value = Change> {
    let capacity = prop_oneof![1 => Just(0.0), 1 => Just(f64::INFINITY), 6 => log_uniform(0.5, 20.0)];
    let limit = prop_oneof![1 => Just(0.0), 1 => Just(f64::INFINITY), 4 => log_uniform(5.0, 600.0)];
    let give_up = prop_oneof![2 => Just(0u64), 1 => 1..8u64];
    let retry = (log_uniform(1.0, 60.0), 1.0..3.0f64, log_uniform(1.0, 50.0), 0..3u8, give_up);
    let renewal = (prop_oneof![1 => Just(f64::INFINITY), 1 => log_uniform(20.0, 5000.0)], log_uniform(1.0, 2000.0));
    let loss = || prop_oneof![2 => Just(0.0), 1 => 0.0..0.95f64];
    let flags = (any::<bool>(), any::<bool>());
    let discipline = select(vec![Discipline::Fifo, Discipline::Lifo, Discipline::Random]);
    (capacity, limit, log_uniform(1.0, 300.0), discipline, flags, retry, (loss(), loss()), renewal).prop_map(
        |(
            capacity,
            limit,
            timeout,
            discipline,
            (drop, relogin),
            (base, factor, cap, jitter, give_up),
            (cost, degradation),
            (renewal, grace),
        )| {
            Change(Box::new(move |s: &mut Scenario| {
                let per_s = 1.0 / ((s.presence.session_h + s.presence.absence_h) * 3600.0);
                s.login.capacity_per_s_per_million = capacity * per_s * 1e6;
                s.login.queue_limit_s = limit;
                s.login.timeout_s = timeout;
                s.login.discipline = discipline;
                s.login.rejection_cost = cost * cost;
                s.login.degradation = degradation;
                (s.login.renewal_s, s.login.grace_s) = (renewal, grace);
                s.retry.give_up_after = give_up;
                s.login.drop_expired = drop;
                s.login.relogin_after_orphaning = relogin;
                s.retry.base_s = base;
                s.retry.factor = factor;
                s.retry.cap_s = base * cap;
                s.retry.jitter = [Jitter::None, Jitter::Full, Jitter::Equal][usize::from(jitter)];
            }))
        },
    )
}

fn shocks_and_interventions() -> impl Strategy<Value = Change> {
    let at = || 0.1..1.0f64;
    let share = || prop_oneof![1 => Just(0.0), 2 => 0.0..1.0f64];
    let fractions = (0.01..1.0f64, share(), share(), share());
    let shocks = prop::collection::vec((at(), fractions, any::<bool>()), 0..3);
    let settings = prop::collection::vec((at(), 0..13u8, 0.1..10.0f64), 0..4);
    (shocks, settings).prop_map(|(shocks, settings)| {
        Change(Box::new(move |s: &mut Scenario| {
            let (ticks, tick_s) = (s.ticks() as f64, s.time.tick_s);
            let at_h = |at: f64| (at * ticks).floor() * tick_s / 3600.0;
            s.shocks = shocks
                .iter()
                .map(|&(at, (supernode_fraction, client_fraction, dedicated_fraction, disconnect_fraction), local)| {
                    let regions = if local { vec![s.population.regions[0].name.clone()] } else { Vec::new() };
                    let at_h = at_h(at);
                    Shock {
                        at_h,
                        supernode_fraction,
                        client_fraction,
                        dedicated_fraction,
                        disconnect_fraction,
                        regions,
                        ..Shock::default()
                    }
                })
                .collect();
            s.interventions = settings
                .iter()
                .map(|&(at, which, factor)| {
                    let setting = match which {
                        0 => (
                            "login.capacity_per_s_per_million",
                            Value::Number(s.login.capacity_per_s_per_million * factor),
                        ),
                        1 => ("login.discipline", Value::Choice(["fifo", "lifo", "random"][factor as usize % 3])),
                        2 => ("login.drop_expired", Value::Boolean(factor > 5.0)),
                        3 => ("overlay.healing_time_s", Value::Number(30.0 * factor)),
                        // The later the more: they can be added, not taken away.
                        4 => (
                            "overlay.dedicated_per_million",
                            Value::Number(s.overlay.dedicated_per_million * (1.0 + 9.0 * at_h(at) / s.time.horizon_h)),
                        ),
                        5 => ("login.rejection_cost", Value::Number(factor / 20.0)),
                        6 => ("login.degradation", Value::Number(factor / 11.0)),
                        7 => ("overlay.admission", Value::Number(factor / 10.0)),
                        8 => ("overlay.accept_per_s", Value::Number(factor / 5.0)),
                        9 => return Intervention { at_h: at_h(at), flush: true, ..Intervention::default() },
                        10 => ("login.renewal_s", Value::Number(100.0 * factor)),
                        11 => ("retry.give_up_after", Value::Integer(factor as u64)),
                        _ => ("retry.jitter", Value::Choice(if factor > 5.0 { "none" } else { "equal" })),
                    };
                    intervention(at_h(at), &[setting])
                })
                .collect();
        }))
    })
}

fn scenario() -> impl Strategy<Value = Scenario> {
    let changes = (updates(), overlay(), login(), shocks_and_interventions());
    let trigger = prop_oneof![2 => Just(f64::INFINITY), 1 => 0.0..0.9f64];
    (population_and_time(), changes, trigger).prop_map(|(mut scenario, (updates, overlay, login, events), trigger)| {
        for change in [updates, overlay, login, events] {
            (change.0)(&mut scenario);
        }
        scenario.outage.trigger_h = trigger * scenario.time.horizon_h;
        scenario
    })
}
