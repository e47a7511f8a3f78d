//! The mean-field engine: whole runs, what they cost by slots and by tick, and answers that need a part of a run.
//!
//! `cargo bench --bench mean_field`; a part of a name selects, as in `cargo bench --bench mean_field -- by_slots`.

mod common;

use common::{defaults, outcome};
use critmass::engine::mean_field::Solver;
use critmass::parameters::Scenario;
use divan::Bencher;

fn main() {
    divan::main();
}

/// A share of synchronized restarts at which the default network stays up, and one at which it goes down.
const SHARES: [f64; 2] = [0.0, 0.6];

/// Times a run, set-up and all, in a workspace that knows nothing of an earlier one.
fn bench(bencher: Bencher, scenario: &Scenario) {
    scenario.check().expect("a scenario that can be");
    bencher.bench_local(|| outcome(&mut Solver::new(), scenario, 0));
}

/// 36 h of the default network, at ticks of 5 s.
mod whole {
    use super::{Bencher, SHARES, bench, defaults};

    #[divan::bench(args = SHARES, sample_count = 20, sample_size = 1)]
    fn ten_thousand_clients(bencher: Bencher, share: f64) {
        bench(bencher, &defaults(10_000, 36.0, share));
    }

    #[divan::bench(args = SHARES, sample_count = 20, sample_size = 1)]
    fn a_billion_clients(bencher: Bencher, share: f64) {
        bench(bencher, &defaults(1_000_000_000, 36.0, share));
    }
}

/// The same, with other numbers of slots; the product of slots and ratio stays.
mod by_slots {
    use super::{Bencher, bench, defaults};

    const SLOTS: [u64; 4] = [20, 75, 300, 1000];

    fn with(bencher: Bencher, slots: u64, share: f64) {
        let mut scenario = defaults(1_000_000, 36.0, share);
        scenario.overlay.supernode_ratio *= scenario.overlay.slots as f64 / slots as f64;
        scenario.overlay.slots = slots;
        bench(bencher, &scenario);
    }

    #[divan::bench(args = SLOTS, sample_count = 10, sample_size = 1)]
    fn healthy(bencher: Bencher, slots: u64) {
        with(bencher, slots, 0.0);
    }

    #[divan::bench(args = SLOTS, sample_count = 10, sample_size = 1)]
    fn collapsed(bencher: Bencher, slots: u64) {
        with(bencher, slots, 0.6);
    }
}

/// The same, at other ticks, s.
mod by_tick {
    use super::{Bencher, bench, defaults};

    const TICKS_S: [f64; 5] = [1.0, 2.0, 5.0, 10.0, 20.0];

    fn with(bencher: Bencher, tick_s: f64, share: f64) {
        let mut scenario = defaults(1_000_000, 36.0, share);
        scenario.time.tick_s = tick_s;
        bench(bencher, &scenario);
    }

    #[divan::bench(args = TICKS_S, sample_count = 10, sample_size = 1)]
    fn healthy(bencher: Bencher, tick_s: f64) {
        with(bencher, tick_s, 0.0);
    }

    #[divan::bench(args = TICKS_S, sample_count = 10, sample_size = 1)]
    fn collapsed(bencher: Bencher, tick_s: f64) {
        with(bencher, tick_s, 0.6);
    }
}

/// Whether there is an outage, in a workspace that has the network before the release.
mod answer {
    use critmass::sweep::Sweep;
    use divan::counter::ItemsCount;

    use super::{Bencher, Solver, defaults};

    const SHARES: [f64; 4] = [0.1, 0.35, 0.45, 0.8];

    /// 4 h after the release: as long as it takes at this tick to tell.
    #[divan::bench(args = SHARES, sample_count = 20, sample_size = 1)]
    fn outage(bencher: Bencher, share: f64) {
        let mut solver = Solver::new();
        solver.has_outage(&defaults(1_000_000, 16.0, 0.0));
        bencher.bench_local(|| solver.has_outage(&defaults(1_000_000, 16.0, share)));
    }

    /// The same for each cell of `critical-mass` with twelve draws of what is uncertain, one after another, so that those of
    /// a row have the network before the release in common.
    #[divan::bench(sample_count = 3, sample_size = 1)]
    fn surface(bencher: Bencher) {
        const SHARES: u32 = 11;
        const DRAWS: u32 = 12;
        let sweep = Sweep::read("sweeps/critical-mass.toml".as_ref(), &[]).expect("a sweep of this repository");
        let of_cells = |row: u32, draw: u32| (0..SHARES).map(move |share| (row * SHARES + share, draw));
        let rows = 0..sweep.cells() / SHARES;
        let all = rows.flat_map(|row| (0..DRAWS).flat_map(move |draw| of_cells(row, draw)));
        let mut scenarios: Vec<_> = all.map(|(cell, draw)| sweep.realization(cell, draw).scenario).collect();
        scenarios.iter_mut().for_each(|scenario| scenario.time.horizon_h = 16.0);
        bencher.counter(ItemsCount::new(scenarios.len())).bench_local(|| {
            let mut solver = Solver::new();
            scenarios.iter().filter(|scenario| solver.has_outage(scenario)).count()
        });
    }
}
