//! Super nodes: too few, dead, overloaded, healed, dedicated; and retries.

use critmass::parameters::{Jitter, Scenario, Shock};

use super::{Designed, on_base};

pub(crate) fn overlay() -> Vec<Designed> {
    let healthy_login = |s: &mut Scenario| s.login.capacity_per_s_per_million = 5003.0;
    vec![
        on_base("no self-healing", |s| s.overlay.healing_time_s = f64::INFINITY),
        on_base("fast self-healing", |s| s.overlay.healing_time_s = 1.0),
        on_base("self-healing seen from near", move |s| {
            s.population.clients = 3000;
            s.population.nat_fraction = 0.0;
            s.population.capable_fraction = 1.0;
            s.time.horizon_h = 0.2;
            s.updates.release_h = 0.05;
            s.updates.patched_fraction = 0.0;
            s.overlay.supernode_ratio = 0.3;
            s.overlay.slots = 60;
            s.overlay.accept_per_s = 2.0;
            s.shocks = vec![Shock { at_h: 0.06, supernode_fraction: 0.95, ..Shock::default() }];
            healthy_login(s);
        }),
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
        on_base("two probes, slots enough, half of the addresses dead", move |s| {
            s.overlay.probes = 2;
            s.overlay.slots = 150;
            s.overlay.stale_ttl_s = 2000.0;
            s.overlay.healing_time_s = 30.0;
            s.overlay.accept_per_s = f64::INFINITY;
            s.presence.session_h = 0.4;
            s.presence.absence_h = 0.4;
            healthy_login(s);
        }),
        on_base("few eligible, super nodes again before their dead address is forgotten", move |s| {
            s.population.capable_fraction = 0.1;
            s.overlay.probes = 2;
            s.overlay.slots = 60;
            s.overlay.stale_ttl_s = 1500.0;
            s.overlay.healing_time_s = 20.0;
            s.overlay.accept_per_s = f64::INFINITY;
            s.presence.session_h = 0.15;
            s.presence.absence_h = 0.05;
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
        on_base("too few slots, no jitter", move |s| {
            s.overlay.slots = 14;
            s.retry.jitter = Jitter::None;
            s.retry.base_s = 45.0;
            healthy_login(s);
        }),
        on_base("too few slots, half jitter", move |s| {
            s.overlay.slots = 14;
            s.retry.jitter = Jitter::Equal;
            s.retry.base_s = 45.0;
            healthy_login(s);
        }),
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
        on_base("no overlay", |s| {
            s.overlay.bypass = true;
            s.overlay.slots = 1;
        }),
        on_base("no overlay, attempts barred", move |s| {
            s.overlay.bypass = true;
            s.overlay.admission = 0.4;
            healthy_login(s);
        }),
        on_base("attempts barred", |s| s.overlay.admission = 0.7),
        on_base("gateways with slots of their own", move |s| {
            s.population.capable_fraction = 0.05;
            s.overlay.dedicated_per_million = 10_000.0;
            s.overlay.dedicated_slots = 45;
            healthy_login(s);
        }),
        on_base("gateways shut down by overload, and back", move |s| {
            s.overlay.overload_probes_per_s = 0.3;
            s.overlay.overload_shutdown_probability = 0.7;
            s.overlay.dedicated_overload = true;
            s.overlay.dedicated_per_million = 20_000.0;
            s.overlay.dedicated_restart_s = 155.0;
            healthy_login(s);
        }),
    ]
}
