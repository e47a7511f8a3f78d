//! The population kernel: whole runs, and scenarios in which one kind of event is nearly all that happens.
//!
//! `cargo bench --bench kernel` runs everything that takes seconds; a part of a name selects, as in
//! `cargo bench --bench kernel -- whole::collapsed`. The throughput column counts state changes of clients, or attach
//! attempts and login requests where the name says `retry`: 100 Mitem/s are 10 ns each. Every run includes the set-up of
//! its population.

mod common;

use common::{defaults, outcome};
use critmass::engine::outcome::Outcome;
use critmass::engine::population::Simulator;
use critmass::parameters::{Scenario, Shock};
use divan::Bencher;
use divan::counter::ItemsCount;

fn main() {
    divan::main();
}

/// Times runs of a scenario in a workspace that an earlier run has filled, and counts what `items` says of a run.
fn bench(bencher: Bencher, scenario: &Scenario, items: fn(&Outcome) -> u64) {
    scenario.check().expect("a scenario that can be");
    let mut simulator = Simulator::new();
    let count = items(&outcome(&mut simulator, scenario, 1));
    bencher.counter(ItemsCount::new(count)).bench_local(|| outcome(&mut simulator, scenario, 1));
}

/// 36 h of the default network, at ticks of 5 s.
mod whole {
    use super::{Bencher, bench, defaults};

    const CLIENTS: [u64; 2] = [100_000, 1_000_000];

    #[divan::bench(args = CLIENTS, sample_count = 5, sample_size = 1)]
    fn healthy(bencher: Bencher, clients: u64) {
        bench(bencher, &defaults(clients, 36.0, 0.0), |outcome| outcome.events);
    }

    #[divan::bench(args = CLIENTS, sample_count = 5, sample_size = 1)]
    fn at_the_edge(bencher: Bencher, clients: u64) {
        bench(bencher, &defaults(clients, 36.0, 0.4), |outcome| outcome.events);
    }

    #[divan::bench(args = CLIENTS, sample_count = 5, sample_size = 1)]
    fn collapsed(bencher: Bencher, clients: u64) {
        bench(bencher, &defaults(clients, 36.0, 0.6), |outcome| outcome.events);
    }
}

/// The same for ten million clients, for 16 h: the release is at 12 h.
mod large {
    use super::{Bencher, bench, defaults};

    const CLIENTS: u64 = 10_000_000;

    #[divan::bench(sample_count = 3, sample_size = 1)]
    fn healthy(bencher: Bencher) {
        bench(bencher, &defaults(CLIENTS, 16.0, 0.0), |outcome| outcome.events);
    }

    #[divan::bench(sample_count = 3, sample_size = 1)]
    fn collapsed(bencher: Bencher) {
        bench(bencher, &defaults(CLIENTS, 16.0, 0.6), |outcome| outcome.events);
    }
}

/// A million clients, and nearly nothing but one kind of event.
mod events {
    use super::{Bencher, Scenario, Shock, bench, defaults};

    /// Nobody is patched, and everybody stays for weeks: four hours of any one thing, and nothing else.
    fn quiet() -> Scenario {
        let mut scenario = defaults(1_000_000, 4.0, 0.0);
        scenario.updates.release_h = 0.0;
        scenario.updates.patched_fraction = 0.0;
        scenario.presence.session_h = 1000.0;
        scenario.presence.absence_h = 1000.0;
        scenario
    }

    /// Phases 9 and 10, and whatever a tick costs in which nothing happens: 2,880 of them, and the set-up.
    #[divan::bench(sample_count = 5, sample_size = 1)]
    fn nothing(bencher: Bencher) {
        bench(bencher, &quiet(), |outcome| outcome.ticks);
    }

    /// Phases 2 and 5 to 7: arrive, attach, log in, leave.
    #[divan::bench(sample_count = 5, sample_size = 1)]
    fn sessions(bencher: Bencher) {
        let mut scenario = quiet();
        scenario.presence.session_h = 0.5;
        scenario.presence.absence_h = 0.5;
        // Dedicated super nodes do not leave, so that nobody is orphaned.
        scenario.population.nat_fraction = 1.0;
        scenario.overlay.dedicated_per_million = 10_000.0;
        scenario.login.capacity_per_s_per_million = f64::INFINITY;
        bench(bencher, &scenario, |outcome| outcome.events);
    }

    /// Phases 1 and 3 to 7: a fifth of the super nodes crashes every five minutes; their children attach and log in again.
    #[divan::bench(sample_count = 5, sample_size = 1)]
    fn orphans(bencher: Bencher) {
        let mut scenario = quiet();
        scenario.login.capacity_per_s_per_million = f64::INFINITY;
        scenario.overlay.healing_time_s = 5.0;
        let shock = |number: i32| Shock { at_h: f64::from(number) / 12.0, supernode_fraction: 0.2, ..Shock::default() };
        scenario.shocks = (1..48).map(shock).collect();
        bench(bencher, &scenario, |outcome| outcome.events);
    }

    /// Phases 3 and 5: there is no super node, and never will be.
    #[divan::bench(sample_count = 5, sample_size = 1)]
    fn attach_retry(bencher: Bencher) {
        let mut scenario = quiet();
        scenario.population.nat_fraction = 1.0;
        bench(bencher, &scenario, |outcome| outcome.attach_attempts);
    }

    /// Phases 3 and 6: everybody is attached, and the login server serves nobody.
    #[divan::bench(sample_count = 5, sample_size = 1)]
    fn login_retry(bencher: Bencher) {
        let mut scenario = beheaded();
        scenario.login.capacity_per_s_per_million = 0.0;
        scenario.login.queue_limit_s = 0.0;
        bench(bencher, &scenario, |outcome| outcome.login_requests);
    }

    /// Phases 3 and 6 to 8: the queue takes everybody in, and everybody gives up.
    #[divan::bench(sample_count = 5, sample_size = 1)]
    fn login_timeout_retry(bencher: Bencher) {
        let mut scenario = beheaded();
        scenario.login.capacity_per_s_per_million = 1.0;
        scenario.login.queue_limit_s = f64::INFINITY;
        bench(bencher, &scenario, |outcome| outcome.login_requests);
    }

    /// At the start all super nodes but the dedicated ones crash: everybody has to log in.
    fn beheaded() -> Scenario {
        let mut scenario = quiet();
        scenario.population.nat_fraction = 0.9;
        scenario.overlay.dedicated_per_million = 6000.0;
        scenario.overlay.accept_per_s = f64::INFINITY;
        scenario.shocks = vec![Shock { at_h: 0.0, supernode_fraction: 1.0, client_fraction: 1.0, ..Shock::default() }];
        scenario.updates.boot_median_s = 30.0;
        scenario
    }
}
