//! The login server: discipline, capacity, queue, time-outs, and what is wasted.

use critmass::parameters::{Discipline, Jitter, Scenario};

use super::{Designed, on_base};

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
    let random = |s: &mut Scenario| s.login.discipline = Discipline::Random;
    let renews = |s: &mut Scenario| (s.login.renewal_s, s.login.grace_s) = (400.0, 145.0);
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
        on_base("failures to attach, then failures to log in", move |s| {
            collapsed(s);
            s.overlay.probes = 1;
            s.overlay.accept_per_s = 0.1;
            s.overlay.slots = 40;
            s.retry.factor = 3.0;
            s.retry.jitter = Jitter::None;
            s.updates.synchronization = 1.0;
        }),
        on_base("edge, super nodes that come and go, one login is enough", move |s| {
            edge(s);
            s.overlay.dedicated_per_million = 0.0;
            s.overlay.healing_time_s = 20.0;
            s.presence.session_h = 0.3;
            s.presence.absence_h = 0.2;
            s.login.relogin_after_orphaning = false;
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
        on_base("collapsed, random", move |s| {
            collapsed(s);
            random(s);
        }),
        on_base("edge, random, requests that are hardly ever given up", move |s| {
            edge(s);
            random(s);
            s.login.timeout_s = 700.0;
            s.login.queue_limit_s = 400.0;
        }),
        on_base("edge, random that drops", move |s| {
            edge(s);
            random(s);
            drops(s);
        }),
        on_base("edge, rejections cost", move |s| {
            edge(s);
            s.login.rejection_cost = 0.11;
        }),
        on_base("edge, slower under load", move |s| {
            edge(s);
            s.login.degradation = 0.8;
        }),
        on_base("collapsed, slower under load, and rejections cost", move |s| {
            collapsed(s);
            s.login.rejection_cost = 0.023;
            s.login.degradation = 0.3;
        }),
        on_base("slower under load, where it matters only once all have come", move |s| {
            edge(s);
            s.login.capacity_per_s_per_million = 3011.3;
            s.login.degradation = 0.97;
            s.login.queue_limit_s = 20.0;
        }),
        on_base("renewals at a healthy server", move |s| {
            renews(s);
            s.login.capacity_per_s_per_million = 5003.0;
        }),
        on_base("renewals at the edge", move |s| {
            edge(s);
            renews(s);
        }),
        on_base("renewals in a collapse, newest first", move |s| {
            collapsed(s);
            renews(s);
            lifo(s);
            s.login.grace_s = 30.0;
        }),
        on_base("renewals, any request, one login is enough", move |s| {
            edge(s);
            renews(s);
            random(s);
            s.login.relogin_after_orphaning = false;
            s.overlay.dedicated_per_million = 0.0;
            s.presence.session_h = 0.3;
        }),
        on_base("renewals that end by promotions", move |s| {
            edge(s);
            renews(s);
            drops(s);
            s.login.grace_s = 3000.0;
            s.overlay.dedicated_per_million = 0.0;
            s.overlay.healing_time_s = 30.0;
            s.presence.session_h = 0.3;
            s.presence.absence_h = 0.2;
        }),
        on_base("renewals that begin in every tick, no overlay", move |s| {
            edge(s);
            s.overlay.bypass = true;
            s.login.renewal_s = 6.0;
            s.login.grace_s = 55.0;
        }),
        on_base("clients that give up", move |s| {
            collapsed(s);
            s.retry.give_up_after = 3;
        }),
        on_base("clients that give up at once, renewals too", move |s| {
            edge(s);
            renews(s);
            s.retry.give_up_after = 1;
        }),
        on_base("clients that find no super node give up", |s| {
            s.overlay.slots = 14;
            s.retry.give_up_after = 2;
        }),
    ]
}
