//! Scenarios in which each mechanism matters.

use critmass::parameters::{Discipline, Intervention, Jitter, Parameter, Region, Scenario, Shock, Value};

/// Clients in each scenario.
const CLIENTS: u64 = 1_000_000;

/// The default network with its update an hour after the start, and two hours to see what comes of it.
pub(crate) fn short() -> Scenario {
    let mut s = Scenario::default();
    s.population.clients = CLIENTS;
    (s.updates.release_h, s.time.horizon_h) = (1.0, 3.0);
    s
}

/// The same with an update that takes it down.
fn down() -> Scenario {
    let mut s = short();
    s.updates.synchronization = 0.7;
    s
}

fn with(mut scenario: Scenario, change: impl FnOnce(&mut Scenario)) -> Scenario {
    change(&mut scenario);
    scenario
}

/// Sets parameters at an hour.
fn intervene(scenario: &mut Scenario, at_h: f64, settings: &[(&str, Value)]) {
    let parameter = |name: &str| Parameter::find(name).unwrap_or_else(|| panic!("{name}"));
    let settings = settings.iter().map(|(name, value)| (parameter(name), value.clone()));
    scenario.interventions.push(Intervention::new(at_h, settings));
}

pub(crate) fn scenarios() -> Vec<(&'static str, Scenario)> {
    let mut all = vec![
        ("healthy", short()),
        ("down", down()),
        ("all at once", with(down(), |s| (s.updates.synchronization, s.updates.burst_width_s) = (1.0, 0.0))),
        ("nobody patched", with(short(), |s| s.updates.patched_fraction = 0.0)),
        (
            "everybody patched, few start again",
            with(short(), |s| {
                (s.updates.patched_fraction, s.updates.autostart_probability) = (1.0, 0.4);
                s.updates.boot_sigma = 1.2;
            }),
        ),
        (
            "rolling restarts",
            with(short(), |s| {
                s.updates.synchronization = 0.0;
                (s.updates.detection_window_h, s.updates.rolling_width_s) = (1.0, 1800.0);
                s.updates.install_local_h = 3.0;
            }),
        ),
        (
            "short sessions, seven regions",
            with(down(), |s| {
                (s.presence.session_h, s.presence.absence_h) = (0.5, 0.4);
                s.population.regions = (0..7)
                    .map(|i| Region {
                        name: i.to_string(),
                        utc_offset_h: f64::from(i) * 3.0 - 9.0,
                        share: f64::from(i + 1) / 28.0,
                    })
                    .collect();
            }),
        ),
    ];
    all.extend(of_the_login_server());
    all.extend(of_renewals());
    all.extend(of_the_overlay());
    all.extend(of_events());
    all.extend(of_other_networks());
    all
}

fn of_the_login_server() -> Vec<(&'static str, Scenario)> {
    vec![
        ("last come, first served", with(down(), |s| s.login.discipline = Discipline::Lifo)),
        ("expired requests dropped", with(down(), |s| s.login.drop_expired = true)),
        (
            "last come, first served, expired requests dropped",
            with(down(), |s| {
                (s.login.discipline, s.login.drop_expired) = (Discipline::Lifo, true);
            }),
        ),
        ("no limit to the queue", with(down(), |s| s.login.queue_limit_s = f64::INFINITY)),
        ("long time-out", with(down(), |s| (s.login.timeout_s, s.login.queue_limit_s) = (300.0, 200.0))),
        (
            "no login after the loss of a super node",
            with(down(), |s| {
                s.login.relogin_after_orphaning = false;
                s.login.capacity_per_s_per_million = 90.0;
            }),
        ),
        ("no jitter", with(down(), |s| s.retry.jitter = Jitter::None)),
        ("clients give up after three failures", with(down(), |s| s.retry.give_up_after = 3)),
        (
            "clients give up at once, then after many failures",
            with(down(), |s| {
                s.retry.give_up_after = 1;
                s.login.relogin_after_orphaning = false;
                intervene(s, 1.6, &[("retry.give_up_after", Value::Integer(20))]);
            }),
        ),
        ("equal jitter", with(down(), |s| s.retry.jitter = Jitter::Equal)),
        (
            "many small steps of the back-off",
            with(down(), |s| {
                (s.retry.factor, s.retry.base_s) = (1.1, 20.0);
            }),
        ),
    ]
}

/// Clients that renew their login, and cannot for a while.
fn of_renewals() -> Vec<(&'static str, Scenario)> {
    let renewing = |scenario: Scenario, renewal_s: f64, grace_s: f64| {
        with(scenario, |s| (s.login.renewal_s, s.login.grace_s) = (renewal_s, grace_s))
    };
    // A server that serves hardly anybody for a while.
    let stopped = |renewal_s, grace_s, from_h, until_h| {
        with(renewing(short(), renewal_s, grace_s), |s| {
            s.login.capacity_per_s_per_million = 2000.0;
            intervene(s, from_h, &[("login.capacity_per_s_per_million", Value::Number(1.0))]);
            intervene(s, until_h, &[("login.capacity_per_s_per_million", Value::Number(2000.0))]);
        })
    };
    // The lapsed ones log in, and are in the way of those who renew.
    let storm = || {
        with(stopped(900.0, 300.0, 1.5, 1.9), |s| {
            s.interventions.pop();
            intervene(s, 1.9, &[("login.capacity_per_s_per_million", Value::Number(1200.0))]);
        })
    };
    vec![
        ("renewals of a healthy network", renewing(short(), 1200.0, 600.0)),
        ("a server that stops for longer than the grace time", stopped(600.0, 300.0, 1.5, 2.2)),
        ("a server that stops for less than the grace time", stopped(1800.0, 1000.0, 1.5, 1.7)),
        ("a long time of grace, which lapses", stopped(400.0, 1800.0, 1.2, 2.5)),
        ("down, with renewals", renewing(down(), 3600.0, 600.0)),
        ("down, everybody renews all the time", renewing(down(), 20.0, 45.0)),
        ("a storm that renewals keep up", storm()),
        ("such a storm, expired requests dropped", with(storm(), |s| s.login.drop_expired = true)),
        ("such a storm, last come, first served", with(storm(), |s| s.login.discipline = Discipline::Lifo)),
        (
            "such a storm, served at random",
            with(storm(), |s| (s.login.discipline, s.login.timeout_s) = (Discipline::Random, 90.0)),
        ),
        (
            "such a storm, those who fail four times leave, the queue emptied",
            with(storm(), |s| {
                (s.retry.give_up_after, s.login.rejection_cost) = (4, 0.05);
                s.interventions[1].flush = true;
            }),
        ),
        (
            "renewals from an intervention on, with dedicated super nodes and a shock",
            with(down(), |s| {
                s.overlay.dedicated_per_million = 2000.0;
                s.login.relogin_after_orphaning = false;
                (s.login.capacity_per_s_per_million, s.login.grace_s) = (300.0, 200.0);
                intervene(s, 1.1, &[("login.renewal_s", Value::Number(1000.0))]);
                s.shocks =
                    vec![Shock { at_h: 1.8, supernode_fraction: 0.3, disconnect_fraction: 0.1, ..Shock::default() }];
            }),
        ),
        (
            "renewals, and many promotions",
            with(stopped(300.0, 900.0, 1.2, 2.0), |s| {
                intervene(s, 1.3, &[("overlay.healing_time_s", Value::Number(600.0))]);
                s.overlay.healing_time_s = f64::INFINITY;
                s.shocks = vec![Shock { at_h: 1.25, supernode_fraction: 0.6, ..Shock::default() }];
            }),
        ),
    ]
}

fn of_the_overlay() -> Vec<(&'static str, Scenario)> {
    vec![
        (
            "unlimited login server, no self-healing",
            with(down(), |s| {
                s.login.capacity_per_s_per_million = f64::INFINITY;
                s.overlay.healing_time_s = f64::INFINITY;
            }),
        ),
        (
            "slots as many as clients",
            with(down(), |s| {
                s.login.capacity_per_s_per_million = f64::INFINITY;
                s.overlay.supernode_ratio = 0.013;
            }),
        ),
        ("fewer slots than clients", with(short(), |s| s.overlay.supernode_ratio = 0.011)),
        ("small super nodes", with(down(), |s| (s.overlay.slots, s.overlay.supernode_ratio) = (20, 0.07))),
        (
            "tight accept limit, one probe",
            with(down(), |s| {
                s.login.capacity_per_s_per_million = 1000.0;
                (s.overlay.accept_per_s, s.overlay.probes) = (0.05, 1);
            }),
        ),
        (
            "addresses soon forgotten",
            with(down(), |s| {
                s.login.capacity_per_s_per_million = 1000.0;
                (s.overlay.stale_ttl_s, s.overlay.keepalive_s, s.overlay.probes) = (300.0, 200.0, 30);
            }),
        ),
        (
            "dedicated super nodes",
            with(down(), |s| {
                s.login.capacity_per_s_per_million = 400.0;
                s.overlay.dedicated_per_million = 3000.0;
            }),
        ),
        (
            "overload",
            with(down(), |s| {
                s.login.capacity_per_s_per_million = 500.0;
                (s.overlay.overload_probes_per_s, s.overlay.overload_shutdown_probability) = (0.5, 0.3);
            }),
        ),
    ]
}

fn of_events() -> Vec<(&'static str, Scenario)> {
    vec![
        (
            "a shock",
            with(short(), |s| {
                s.shocks =
                    vec![Shock { at_h: 1.5, supernode_fraction: 0.3, client_fraction: 0.05, ..Shock::default() }];
            }),
        ),
        (
            "a shock amid the restarts, then another",
            with(down(), |s| {
                let shock = |at_h, share| Shock {
                    at_h,
                    supernode_fraction: share,
                    client_fraction: share / 2.0,
                    ..Shock::default()
                };
                s.shocks = vec![shock(1.2, 0.2), shock(2.0, 0.5)];
            }),
        ),
        (
            "a rescue",
            with(down(), |s| {
                intervene(
                    s,
                    2.0,
                    &[
                        ("login.capacity_per_s_per_million", Value::Number(600.0)),
                        ("login.drop_expired", Value::Boolean(true)),
                        ("overlay.dedicated_per_million", Value::Number(2000.0)),
                    ],
                );
            }),
        ),
        (
            "patience by intervention",
            with(down(), |s| {
                intervene(s, 1.6, &[("retry.cap_s", Value::Number(3000.0)), ("retry.jitter", Value::Choice("equal"))]);
                intervene(
                    s,
                    2.2,
                    &[("login.discipline", Value::Choice("lifo")), ("login.queue_limit_s", Value::Number(20.0))],
                );
            }),
        ),
        ("ticks of 20 s", with(down(), |s| s.time.tick_s = 20.0)),
    ]
}

/// Networks of gateways, or without an overlay, and what can be done to them.
fn of_other_networks() -> Vec<(&'static str, Scenario)> {
    let gateways = || {
        let mut s = short();
        (s.overlay.supernode_ratio, s.overlay.dedicated_per_million) = (0.0, 500.0);
        (s.overlay.dedicated_slots, s.overlay.dedicated_restart_s) = (1500, 900.0);
        s
    };
    let bypass = || {
        let mut s = down();
        s.overlay.bypass = true;
        s
    };
    vec![
        (
            "gateways, a third of which fails",
            with(gateways(), |s| {
                s.shocks = vec![Shock { at_h: 1.5, dedicated_fraction: 0.33, ..Shock::default() }];
                s.login.capacity_per_s_per_million = 500.0;
            }),
        ),
        (
            "overloaded gateways",
            with(gateways(), |s| {
                (s.overlay.dedicated_overload, s.overlay.overload_probes_per_s) = (true, 5.0);
                s.overlay.overload_shutdown_probability = 0.3;
                s.updates.synchronization = 0.8;
                s.login.capacity_per_s_per_million = 500.0;
            }),
        ),
        ("no overlay", bypass()),
        (
            "no overlay, some are not admitted until an hour",
            with(bypass(), |s| {
                s.overlay.admission = 0.2;
                s.login.drop_expired = true;
                intervene(s, 2.0, &[("overlay.admission", Value::Number(0.8))]);
            }),
        ),
        ("served at random", with(bypass(), |s| s.login.discipline = Discipline::Random)),
        (
            "served at random, expired requests dropped",
            with(down(), |s| {
                (s.login.discipline, s.login.drop_expired) = (Discipline::Random, true);
            }),
        ),
        ("rejections cost", with(bypass(), |s| s.login.rejection_cost = 0.1)),
        ("slower under load", with(down(), |s| s.login.degradation = 0.5)),
        (
            "the queue emptied",
            with(down(), |s| {
                intervene(s, 1.7, &[("login.capacity_per_s_per_million", Value::Number(300.0))]);
                s.interventions[0].flush = true;
            }),
        ),
        (
            "accept limit by intervention",
            with(down(), |s| {
                s.login.capacity_per_s_per_million = 1000.0;
                s.overlay.accept_per_s = 0.05;
                intervene(s, 1.6, &[("overlay.accept_per_s", Value::Number(f64::INFINITY))]);
            }),
        ),
        (
            "a region loses its connections",
            with(short(), |s| {
                let regions = vec![s.population.regions[0].name.clone()];
                s.shocks = vec![Shock {
                    at_h: 1.5,
                    supernode_fraction: 0.2,
                    client_fraction: 0.1,
                    disconnect_fraction: 0.6,
                    regions,
                    ..Shock::default()
                }];
            }),
        ),
    ]
}
