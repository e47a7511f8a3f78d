//! Crashes, and parameters that change in the middle of a run.

use critmass::parameters::{Discipline, Intervention, Scenario, Shock, Value};

use super::{Designed, intervention, on_base};

pub(crate) fn shocks_and_interventions() -> Vec<Designed> {
    let shock = |at_h, supernode_fraction, client_fraction| Shock {
        at_h,
        supernode_fraction,
        client_fraction,
        ..Shock::default()
    };
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
        on_base("gateways fail, and some are back before others are added", |s| {
            s.population.capable_fraction = 0.0;
            s.overlay.dedicated_per_million = 20_000.0;
            s.overlay.dedicated_restart_s = 395.0;
            let settings = [("overlay.dedicated_per_million", Value::Number(25_000.0))];
            s.interventions = vec![intervention(0.73, &settings)];
            s.shocks = vec![
                Shock { at_h: 0.7, dedicated_fraction: 0.6, ..Shock::default() },
                Shock { at_h: 0.75, dedicated_fraction: 0.6, ..Shock::default() },
            ];
        }),
        on_base("connections are lost, one login is enough", |s| {
            s.login.relogin_after_orphaning = false;
            let (client_fraction, disconnect_fraction) = (0.2, 0.7);
            s.shocks = vec![Shock { at_h: 0.55, client_fraction, disconnect_fraction, ..Shock::default() }];
        }),
        on_base("connections are lost in a flood, and super nodes with them", move |s| {
            down(s);
            let (supernode_fraction, disconnect_fraction) = (0.5, 0.5);
            s.shocks = vec![Shock { at_h: 0.6, supernode_fraction, disconnect_fraction, ..Shock::default() }];
        }),
        on_base("no overlay, connections are lost", move |s| {
            down(s);
            s.overlay.bypass = true;
            let (dedicated_fraction, disconnect_fraction) = (1.0, 1.0);
            s.shocks = vec![Shock { at_h: 0.6, dedicated_fraction, disconnect_fraction, ..Shock::default() }];
        }),
        on_base("some regions are struck", |s| {
            let regions = vec![s.population.regions[2].name.clone(), s.population.regions[0].name.clone()];
            let (supernode_fraction, client_fraction) = (0.9, 0.6);
            s.overlay.dedicated_per_million = 10_000.0;
            s.shocks = vec![Shock {
                at_h: 0.6,
                supernode_fraction,
                client_fraction,
                dedicated_fraction: 0.5,
                disconnect_fraction: 0.5,
                regions,
                ..Shock::default()
            }];
        }),
        on_base("the queue is flushed", move |s| {
            down(s);
            s.interventions = vec![Intervention { at_h: 0.8, flush: true, ..Intervention::default() }];
        }),
        on_base("the queue is flushed twice, newest first, hardly ever given up", move |s| {
            down(s);
            s.login.discipline = Discipline::Lifo;
            s.login.timeout_s = 455.0;
            let flush = |at_h| Intervention { at_h, flush: true, ..Intervention::default() };
            s.interventions = vec![flush(0.7), flush(0.75)];
        }),
        changed("rejections cost", &[("login.rejection_cost", Value::Number(0.04))]),
        changed("slower under load", &[("login.degradation", Value::Number(0.5))]),
        changed("any request", &[("login.discipline", Value::Choice("random"))]),
        changed("attempts barred", &[("overlay.admission", Value::Number(0.3))]),
        changed("one client accepted in a tick", &[("overlay.accept_per_s", Value::Number(0.01))]),
    ]
}
