//! Scenarios that between them make every mechanism of the model matter to some output.
//!
//! They are small and quick: some hundred clients whose sessions, boots and back-offs are short, so that a run has
//! much to do in some hundred ticks, and hundreds of runs are cheap.

use critmass::parameters::{Discipline, Intervention, Jitter, Parameter, Region, Scenario, Shock, Value};

/// A named scenario, and how many runs of each engine compare it.
pub(crate) struct Designed {
    pub(crate) name: &'static str,
    pub(crate) scenario: Scenario,
    pub(crate) runs: u64,
}

const RUNS: u64 = 240;

fn region(utc_offset_h: f64, share: f64) -> Region {
    Region { name: format!("at {utc_offset_h} h"), utc_offset_h, share }
}

/// 400 clients and 1.25 hours in ticks of 10 s; half an hour after the start an update restarts many within minutes.
/// The overlay has little headroom, and the login server about four times the usual load, as in the defaults.
///
/// Capacities are crooked numbers: where the accumulated capacity meets a whole number exactly, rounding would decide
/// in which of two ticks a request is served.
pub(crate) fn base() -> Scenario {
    let mut s = Scenario::default();
    s.population.clients = 400;
    s.population.nat_fraction = 0.5;
    s.population.capable_fraction = 0.6;
    s.population.regions = vec![region(0.0, 0.5), region(0.25, 0.3), region(-0.5, 0.2)];
    s.time.tick_s = 10.0;
    s.time.horizon_h = 1.25;
    s.presence.session_h = 1.0;
    s.presence.absence_h = 1.0;
    s.updates.synchronization = 0.6;
    s.updates.release_h = 0.5;
    s.updates.burst_width_s = 180.0;
    s.updates.install_local_h = 1.0;
    s.updates.detection_window_h = 0.5;
    s.updates.rolling_width_s = 907.3;
    s.updates.boot_median_s = 60.0;
    s.updates.autostart_probability = 0.9;
    s.overlay.slots = 30;
    s.overlay.supernode_ratio = 0.05;
    s.overlay.probes = 3;
    s.overlay.stale_ttl_s = 300.0;
    s.overlay.keepalive_s = 40.0;
    s.overlay.accept_per_s = 0.3;
    s.overlay.healing_time_s = 200.0;
    s.login.capacity_per_s_per_million = 907.3;
    s.login.queue_limit_s = 80.0;
    s.login.timeout_s = 50.0;
    s.retry.base_s = 12.0;
    s.retry.cap_s = 150.0;
    s.outage.threshold = 0.6;
    s.outage.min_duration_h = 0.1;
    s.outage.recovered_at = 0.9;
    s
}

fn designed(name: &'static str, runs: u64, from: Scenario, change: impl Fn(&mut Scenario)) -> Designed {
    let mut scenario = from;
    change(&mut scenario);
    Designed { name, scenario, runs }
}

fn on_base(name: &'static str, change: impl Fn(&mut Scenario)) -> Designed {
    designed(name, RUNS, base(), change)
}

pub(crate) fn intervention(at_h: f64, settings: &[(&str, Value)]) -> Intervention {
    let found = |(name, value): &(&str, Value)| (Parameter::find(name).expect("it exists"), value.clone());
    Intervention { at_h, settings: settings.iter().map(found).collect() }
}

/// A long run in the middle of which the daily cycle, the rolling update and its postponements are seen.
fn days() -> Scenario {
    let mut s = base();
    s.population.clients = 150;
    s.population.regions = vec![region(-5.0, 0.3), region(1.0, 0.5), region(8.0, 0.2)];
    s.time.tick_s = 120.0;
    s.time.horizon_h = 66.0;
    s.presence.session_h = 6.0;
    s.presence.absence_h = 8.0;
    s.presence.daily_amplitude = 1.0;
    s.updates.release_h = 12.0;
    s.updates.install_local_h = 3.0;
    s.updates.detection_window_h = 20.0;
    s.updates.daily_install_probability = 0.6;
    s.updates.boot_median_s = 1800.0;
    s.updates.synchronization = 0.1;
    s
}

pub(crate) fn updates_and_presence() -> Vec<Designed> {
    vec![
        on_base("base", |_| ()),
        on_base("nothing happens, healthy", |s| {
            s.updates.patched_fraction = 0.0;
            s.overlay.accept_per_s = 2.0;
            s.login.capacity_per_s_per_million = 3011.3;
        }),
        on_base("all in one burst", |s| {
            s.updates.patched_fraction = 1.0;
            s.updates.synchronization = 1.0;
        }),
        on_base("burst after a delay, within one tick", |s| {
            s.updates.burst_delay_s = 605.0;
            s.updates.burst_width_s = 0.0;
        }),
        on_base("rolling only", |s| s.updates.synchronization = 0.0),
        on_base("rolling over a quarter of an hour, detected at once", |s| {
            s.updates.synchronization = 0.0;
            s.updates.detection_window_h = 0.0;
            s.updates.install_local_h = 0.75;
            s.updates.rolling_width_s = 60.0;
        }),
        on_base("few start again after the boot", |s| s.updates.autostart_probability = 0.3),
        on_base("long boots of very different length", |s| {
            s.updates.boot_median_s = 400.0;
            s.updates.boot_sigma = 1.5;
        }),
        on_base("boots of the same length, short against the tick", |s| {
            s.updates.boot_median_s = 4.0;
            s.updates.boot_sigma = 0.0;
        }),
        on_base("released at the start", |s| s.updates.release_h = 0.0),
        on_base("released a quarter of an hour after the start", |s| s.updates.release_h = 0.25),
        designed("days, daily cycle", 150, days(), |_| ()),
        designed("days, short sessions, one region", 120, days(), |s| {
            s.population.regions = vec![region(8.0, 1.0)];
            s.presence.session_h = 1.0;
            s.presence.absence_h = 3.0;
            s.presence.peak_local_h = 20.0;
            s.updates.daily_install_probability = 1.0;
        }),
        on_base("sessions and absences of a few ticks", |s| {
            s.presence.session_h = 0.01;
            s.presence.absence_h = 0.006;
        }),
        on_base("ticks of 1 s", |s| {
            s.population.clients = 250;
            s.time.tick_s = 1.0;
            s.time.horizon_h = 0.4;
            s.updates.release_h = 0.1;
            s.updates.install_local_h = 0.2;
            s.updates.detection_window_h = 0.05;
        }),
        on_base("ticks of 5 s", |s| {
            s.time.tick_s = 5.0;
            s.time.horizon_h = 1.0;
            s.updates.release_h = 0.25;
        }),
        on_base("ticks of 60 s", |s| {
            s.time.tick_s = 60.0;
            s.time.horizon_h = 4.0;
        }),
        on_base("an outage is any tick with a tenth missing", |s| {
            s.outage.threshold = 0.9;
            s.outage.min_duration_h = 0.0;
            s.outage.recovered_at = 0.85;
            s.login.capacity_per_s_per_million = 2503.9;
        }),
        designed("5,000 clients", 100, base(), |s| s.population.clients = 5000),
        designed("one client", 1000, base(), |s| {
            s.population.clients = 1;
            s.overlay.dedicated_per_million = 1e6;
            s.presence.session_h = 0.1;
            s.presence.absence_h = 0.1;
        }),
        designed("seven clients, one super node", 1000, base(), |s| {
            s.population.clients = 7;
            s.overlay.supernode_ratio = 0.4;
            s.overlay.slots = 4;
            s.login.capacity_per_s_per_million = 5003.0;
            s.population.nat_fraction = 0.2;
            s.population.capable_fraction = 1.0;
        }),
    ]
}

pub(crate) fn overlay() -> Vec<Designed> {
    let healthy_login = |s: &mut Scenario| s.login.capacity_per_s_per_million = 5003.0;
    vec![
        on_base("no self-healing", |s| s.overlay.healing_time_s = f64::INFINITY),
        on_base("fast self-healing", |s| s.overlay.healing_time_s = 1.0),
        on_base("nobody eligible", |s| s.population.capable_fraction = 0.0),
        on_base("everybody eligible, large ratio", |s| {
            s.population.capable_fraction = 1.0;
            s.population.nat_fraction = 0.0;
            s.overlay.supernode_ratio = 0.5;
            s.overlay.slots = 1;
        }),
        on_base("fewer eligible than wanted", |s| {
            s.population.capable_fraction = 0.04;
            s.overlay.slots = 40;
        }),
        on_base("fewer eligible than wanted, some dedicated", |s| {
            s.population.capable_fraction = 0.04;
            s.overlay.dedicated_per_million = 8000.0;
        }),
        on_base("dedicated super nodes", |s| s.overlay.dedicated_per_million = 10_000.0),
        on_base("dedicated super nodes alone", |s| {
            s.population.capable_fraction = 0.0;
            s.overlay.dedicated_per_million = 20_000.0;
            s.overlay.accept_per_s = 1.0;
        }),
        on_base("more dedicated super nodes than wanted", |s| {
            s.overlay.dedicated_per_million = 50_000.0;
            healthy_login(s);
        }),
        on_base("too few slots", move |s| {
            s.overlay.slots = 16;
            healthy_login(s);
        }),
        on_base("one probe, addresses stale for long", move |s| {
            s.overlay.probes = 1;
            s.overlay.stale_ttl_s = 2000.0;
            healthy_login(s);
        }),
        on_base("two probes, addresses stale for a few ticks, super nodes that come and go", move |s| {
            s.overlay.probes = 2;
            s.overlay.stale_ttl_s = 45.0;
            s.presence.session_h = 0.1;
            s.presence.absence_h = 0.1;
            healthy_login(s);
        }),
        on_base("addresses forgotten at once", |s| {
            s.overlay.probes = 8;
            s.overlay.stale_ttl_s = 0.0;
        }),
        on_base("one client accepted in a tick", move |s| {
            s.overlay.accept_per_s = 0.01;
            healthy_login(s);
        }),
        on_base("any number accepted in a tick", |s| s.overlay.accept_per_s = f64::INFINITY),
        on_base("deaths noticed within a tick", |s| {
            s.overlay.keepalive_s = 0.0;
            s.presence.session_h = 0.3;
        }),
        on_base("deaths noticed late", move |s| {
            s.overlay.keepalive_s = 907.3;
            s.presence.session_h = 0.3;
            healthy_login(s);
        }),
        on_base("overload protection", move |s| {
            s.overlay.overload_probes_per_s = 0.5;
            s.overlay.overload_shutdown_probability = 0.5;
            healthy_login(s);
        }),
        on_base("overload protection at the slightest load", |s| {
            s.overlay.overload_probes_per_s = 0.1;
            s.overlay.overload_shutdown_probability = 1.0;
            s.overlay.dedicated_per_million = 5000.0;
            s.overlay.stale_ttl_s = 30.0;
            s.retry.jitter = Jitter::None;
            s.retry.base_s = 60.0;
        }),
        on_base("overload protection without a second login", |s| {
            s.overlay.overload_probes_per_s = 0.3;
            s.overlay.overload_shutdown_probability = 0.7;
            s.login.relogin_after_orphaning = false;
        }),
        on_base("overload protection that is switched off", |s| {
            s.overlay.overload_shutdown_probability = 1.0;
            s.overlay.supernode_ratio = 0.04;
        }),
        on_base("no jitter", |s| s.retry.jitter = Jitter::None),
        on_base("half jitter", |s| s.retry.jitter = Jitter::Equal),
        on_base("long back-offs after many failures", |s| {
            s.overlay.supernode_ratio = 0.02;
            s.retry.base_s = 30.0;
            s.retry.factor = 3.0;
            s.retry.cap_s = 1200.0;
        }),
        on_base("back-off that does not grow", |s| {
            s.overlay.supernode_ratio = 0.02;
            s.retry.factor = 1.0;
        }),
    ]
}

pub(crate) fn login() -> Vec<Designed> {
    let collapsed = |s: &mut Scenario| {
        s.login.capacity_per_s_per_million = 203.7;
        s.overlay.accept_per_s = 2.0;
        s.overlay.dedicated_per_million = 10_000.0;
        s.overlay.slots = 60;
    };
    let edge = |s: &mut Scenario| {
        collapsed(s);
        s.login.capacity_per_s_per_million = 503.1;
    };
    let lifo = |s: &mut Scenario| s.login.discipline = Discipline::Lifo;
    let drops = |s: &mut Scenario| s.login.drop_expired = true;
    vec![
        on_base("collapsed, fifo", collapsed),
        on_base("collapsed, lifo", move |s| {
            collapsed(s);
            lifo(s);
        }),
        on_base("collapsed, fifo that drops", move |s| {
            collapsed(s);
            drops(s);
        }),
        on_base("collapsed, lifo that drops", move |s| {
            collapsed(s);
            lifo(s);
            drops(s);
        }),
        on_base("edge, fifo", edge),
        on_base("edge, lifo", move |s| {
            edge(s);
            lifo(s);
        }),
        on_base("edge, fifo that drops", move |s| {
            edge(s);
            drops(s);
        }),
        on_base("edge, lifo that drops", move |s| {
            edge(s);
            lifo(s);
            drops(s);
        }),
        on_base("edge, one login is enough", move |s| {
            edge(s);
            s.login.relogin_after_orphaning = false;
            s.presence.session_h = 0.5;
        }),
        on_base("edge, super nodes that come and go", move |s| {
            edge(s);
            s.overlay.dedicated_per_million = 0.0;
            s.overlay.healing_time_s = 20.0;
            s.presence.session_h = 0.3;
            s.presence.absence_h = 0.2;
        }),
        on_base("infinite capacity", move |s| {
            edge(s);
            s.login.capacity_per_s_per_million = f64::INFINITY;
        }),
        on_base("no capacity", move |s| {
            edge(s);
            s.login.capacity_per_s_per_million = 0.0;
        }),
        on_base("no capacity, any number may queue", move |s| {
            edge(s);
            s.login.capacity_per_s_per_million = 0.0;
            s.login.queue_limit_s = f64::INFINITY;
        }),
        on_base("a queue of one", move |s| {
            edge(s);
            s.login.queue_limit_s = 0.0;
        }),
        on_base("any number may queue", move |s| {
            edge(s);
            s.login.queue_limit_s = f64::INFINITY;
        }),
        on_base("a request is given up in the tick after", move |s| {
            edge(s);
            s.login.timeout_s = 3.0;
        }),
        on_base("a request is hardly ever given up", move |s| {
            edge(s);
            s.login.timeout_s = 2000.0;
        }),
        on_base("less than a login in a tick", move |s| {
            edge(s);
            s.login.capacity_per_s_per_million = 71.3;
            s.login.queue_limit_s = 600.0;
            s.login.timeout_s = 300.0;
        }),
        on_base("edge, no jitter", move |s| {
            edge(s);
            s.retry.jitter = Jitter::None;
        }),
        on_base("edge, half jitter", move |s| {
            edge(s);
            s.retry.jitter = Jitter::Equal;
        }),
    ]
}

pub(crate) fn shocks_and_interventions() -> Vec<Designed> {
    let shock = |at_h, supernode_fraction, client_fraction| Shock { at_h, supernode_fraction, client_fraction };
    let down = |s: &mut Scenario| {
        s.login.capacity_per_s_per_million = 252.9;
        s.overlay.accept_per_s = 2.0;
        s.overlay.slots = 60;
    };
    let changed = |name, settings: &[(&str, Value)]| {
        let settings = settings.to_vec();
        on_base(name, move |s| {
            down(s);
            s.interventions = vec![intervention(0.8, &settings)];
        })
    };
    vec![
        on_base("most super nodes crash", |s| {
            s.updates.patched_fraction = 0.0;
            s.shocks = vec![shock(0.6, 0.8, 0.0)];
        }),
        on_base("half of the clients crash", |s| {
            s.updates.patched_fraction = 0.0;
            s.shocks = vec![shock(0.6, 0.0, 0.5)];
        }),
        on_base("two shocks at once, and one before the release", |s| {
            s.shocks = vec![shock(0.3, 0.3, 0.2), shock(0.55, 0.5, 0.1), shock(0.55, 0.2, 0.3)];
        }),
        on_base("super nodes crash, dedicated ones do not, one login is enough", |s| {
            s.login.relogin_after_orphaning = false;
            s.overlay.dedicated_per_million = 10_000.0;
            s.shocks = vec![shock(0.7, 0.5, 0.0)];
        }),
        changed("more capacity", &[("login.capacity_per_s_per_million", Value::Number(3011.3))]),
        changed(
            "infinite capacity from then on",
            &[("login.capacity_per_s_per_million", Value::Number(f64::INFINITY))],
        ),
        changed("no capacity from then on", &[("login.capacity_per_s_per_million", Value::Number(0.0))]),
        changed("a shorter queue", &[("login.queue_limit_s", Value::Number(10.0))]),
        changed("newest first", &[("login.discipline", Value::Choice("lifo"))]),
        changed("expired requests dropped", &[("login.drop_expired", Value::Boolean(true))]),
        changed("dedicated super nodes added", &[("overlay.dedicated_per_million", Value::Number(30_000.0))]),
        on_base("infinite capacity to start with", move |s| {
            s.login.capacity_per_s_per_million = f64::INFINITY;
            s.interventions = vec![intervention(0.6, &[("login.capacity_per_s_per_million", Value::Number(301.7))])];
        }),
        on_base("dedicated super nodes cannot be taken away", |s| {
            s.overlay.dedicated_per_million = 20_000.0;
            s.interventions = vec![intervention(0.3, &[("overlay.dedicated_per_million", Value::Number(1000.0))])];
        }),
        on_base("healing repaired", |s| {
            s.overlay.healing_time_s = f64::INFINITY;
            s.interventions = vec![intervention(0.9, &[("overlay.healing_time_s", Value::Number(60.0))])];
        }),
        on_base("healing breaks", |s| {
            s.interventions = vec![intervention(0.2, &[("overlay.healing_time_s", Value::Number(f64::INFINITY))])];
        }),
        changed(
            "clients retry less",
            &[
                ("retry.base_s", Value::Number(100.0)),
                ("retry.factor", Value::Number(1.5)),
                ("retry.cap_s", Value::Number(900.0)),
                ("retry.jitter", Value::Choice("equal")),
            ],
        ),
        on_base("several in turn", move |s| {
            down(s);
            s.interventions = vec![
                intervention(0.7, &[("retry.jitter", Value::Choice("none"))]),
                intervention(0.9, &[("login.drop_expired", Value::Boolean(true))]),
                intervention(0.9, &[("login.capacity_per_s_per_million", Value::Number(604.3))]),
                intervention(1.1, &[("login.capacity_per_s_per_million", Value::Number(1207.9))]),
            ];
        }),
    ]
}
