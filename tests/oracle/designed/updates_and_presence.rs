//! Who is there, and who restarts when.

use critmass::parameters::{Scenario, Shock, Value};

use super::{Designed, base, designed, intervention, on_base, region};

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
        on_base("a bad first quarter of an hour, more than an hour before the release", |s| {
            s.overlay.slots = 12;
            s.interventions = vec![intervention(0.15, &[("overlay.dedicated_per_million", Value::Number(50_000.0))])];
            s.updates.release_h = 1.2;
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
        on_base("sessions that end, and begin again, in the middle of a boot", |s| {
            s.presence.session_h = 0.05;
            s.presence.absence_h = 0.01;
            s.updates.patched_fraction = 1.0;
            s.updates.boot_median_s = 600.0;
            s.overlay.dedicated_per_million = 20_000.0;
        }),
        on_base("a shock in the middle of long boots", |s| {
            s.updates.synchronization = 1.0;
            s.updates.burst_width_s = 60.0;
            s.updates.boot_median_s = 500.0;
            s.updates.boot_sigma = 0.2;
            s.shocks = vec![Shock { at_h: 0.6, supernode_fraction: 0.7, client_fraction: 0.7, ..Shock::default() }];
        }),
        on_base("a burst seen from near", |s| {
            s.population.clients = 3000;
            s.time.horizon_h = 0.25;
            s.updates.release_h = 0.05;
            s.updates.synchronization = 1.0;
            s.updates.burst_width_s = 400.0;
        }),
        on_base("a shock before the release is the trigger", |s| {
            s.shocks = vec![Shock { at_h: 0.2, supernode_fraction: 0.5, client_fraction: 0.3, ..Shock::default() }];
        }),
        on_base("nobody patched: the shock is the trigger", |s| {
            s.updates.patched_fraction = 0.0;
            s.shocks = vec![Shock { at_h: 0.7, supernode_fraction: 0.5, client_fraction: 0.3, ..Shock::default() }];
        }),
        on_base("a trigger by hand", |s| {
            s.outage.trigger_h = 0.8;
            s.shocks = vec![Shock { at_h: 0.3, supernode_fraction: 0.5, client_fraction: 0.3, ..Shock::default() }];
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
