//! The runs of a sweep that fits into memory, without a folder.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use super::frontier::Frontier;
use super::schedule::Schedule;
use super::single::simulate;
use crate::engine::Engine;
use crate::store::{RunKey, RunRow};
use crate::sweep::Sweep;

/// Makes all runs of a sweep on the threads of rayon's current pool: those that would be written to its folder, in the
/// order of (cell, replicate).
pub fn run_in_memory(sweep: &Sweep) -> Vec<RunRow> {
    let mut runs = Vec::new();
    make_all(sweep, |wanted| {
        let make = |engine: &mut Box<dyn Engine>, key| simulate(engine.as_mut(), sweep, key, None);
        let made: Vec<RunRow> = wanted.into_par_iter().map_init(|| sweep.engine.workspace(), make).flatten().collect();
        let outages = made.iter().map(|row| (row.key(), row.run.outcome.outage)).collect();
        runs.extend(made);
        outages
    });
    runs.sort_by_key(RunRow::key);
    runs
}

/// Asks for runs until every cell is decided; `make` returns whether each had an outage.
fn make_all(sweep: &Sweep, mut make: impl FnMut(Vec<RunKey>) -> Vec<(RunKey, bool)>) {
    let plan = Arc::new(sweep.plan());
    let mut schedule = Schedule::new(plan.clone(), sweep.groups());
    let mut frontier = sweep.refinement().map(|refinement| Frontier::new(refinement, plan, BTreeMap::new()));
    match &frontier {
        Some(frontier) => frontier.open().for_each(|cell| schedule.open(cell, Vec::new())),
        None => (0..sweep.cells() / sweep.groups().size()).for_each(|group| schedule.open(group, Vec::new())),
    }
    loop {
        while !schedule.is_idle() {
            for (key, outage) in make(schedule.take_wanted()) {
                schedule.finish(key, outage);
            }
        }
        let Some(frontier) = &mut frontier else { return };
        for cell in schedule.take_decided() {
            if let Some(decided) = schedule.decided(cell) {
                frontier.decide(cell, decided);
            }
        }
        if !frontier.advance() {
            return;
        }
        frontier.open().for_each(|cell| schedule.open(cell, Vec::new()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::Value;
    use crate::random::{Purpose, derive_seed, standard_normal, stream, unit};
    use crate::statistics::blocks::Counts;
    use crate::statistics::crossing::{Crossing, Point, crossings};
    use crate::sweep::AxisLabel;

    /// Rows of a grid of 9 by `points` that are refined along the second axis.
    fn sweep(points: u32, rest: &str) -> Sweep {
        let toml = format!(
            "name = \"t\"\n[[axis]]\nparameter = \"overlay.slots\"\nvalues = [10, 11, 12, 13, 14, 15, 16, 17, 30]\n\
             [[axis]]\nparameter = \"updates.synchronization\"\nlinear = {{ from = 0.0, to = 1.0, points = {points} }}\n{rest}"
        );
        Sweep::parse(&toml, "t.toml", &[]).unwrap()
    }

    const REFINED: &str =
        "[refine]\nlevel = 0.5\nrounds = 3\n[replicates]\nat_least = 16\nat_most = 200\nhalf_width = 0.1\n";

    fn x(sweep: &Sweep, cell: u32) -> f64 {
        match sweep.label(1, cell) {
            Some(AxisLabel::Value(Value::Number(x))) => *x,
            _ => f64::NAN,
        }
    }

    /// The cells of a sweep whose runs have an outage as this says, with their outages; `turn` puts the runs of a batch in
    /// another order.
    fn cells(sweep: &Sweep, outage: impl Fn(RunKey) -> bool, turn: fn(&mut Vec<RunKey>)) -> BTreeMap<u32, Counts> {
        let mut runs = BTreeMap::new();
        make_all(sweep, |mut wanted| {
            turn(&mut wanted);
            let made: Vec<(RunKey, bool)> = wanted.into_iter().map(|key| (key, outage(key))).collect();
            runs.extend(made.iter().copied());
            made
        });
        let plan = sweep.plan();
        let mut cells: BTreeMap<u32, Vec<bool>> = BTreeMap::new();
        runs.into_iter().for_each(|(key, outage)| cells.entry(key.cell).or_default().push(outage));
        cells.into_iter().map(|(cell, outages)| (cell, plan.counts(outages))).collect()
    }

    /// The crossings of one half along each row.
    fn lines(sweep: &Sweep, cells: &BTreeMap<u32, Counts>) -> Vec<Vec<Crossing>> {
        let plan = sweep.plan();
        let mut rows: BTreeMap<usize, Vec<Point>> = BTreeMap::new();
        for (&cell, &counts) in cells {
            let interval = plan.conclusion(counts).interval;
            let Counts { events: outages, runs, .. } = counts;
            rows.entry(sweep.point(0, cell)).or_default().push(Point::of_runs(x(sweep, cell), outages, runs, interval));
        }
        rows.values().map(|row| crossings(row, 0.5)).collect()
    }

    /// Whether a run has an outage with a probability that is a function of its cell; independent runs.
    fn independent(seed: u64, p: impl Fn(u32) -> f64) -> impl Fn(RunKey) -> bool {
        move |key| {
            let words = [u64::from(key.cell), u64::from(key.replicate)];
            unit(&mut stream(derive_seed(seed, &words), Purpose::Test("refinement"))) < p(key.cell)
        }
    }

    /// The curve of the outage probability of `critical-mass`, about: probit in the logarithm of the share.
    fn probability(x: f64, critical: f64) -> f64 {
        0.5 * libm::erfc(-libm::log(x / critical) / 0.39 / std::f64::consts::SQRT_2)
    }

    #[test]
    fn the_cells_are_the_same_in_whatever_order_runs_end() {
        let sweep = sweep(6, REFINED);
        let outage = independent(1, |cell| probability(x(&sweep, cell), 0.42));
        let expected = cells(&sweep, &outage, |_| {});
        assert!(expected.len() > 9 * 6 + 9 * 3, "{}", expected.len());
        assert_eq!(cells(&sweep, &outage, |wanted| wanted.reverse()), expected);
        assert_eq!(cells(&sweep, &outage, |wanted| wanted.sort_by_key(|key| key.replicate)), expected);
    }

    #[test]
    fn cells_are_put_where_lines_cross_the_level_and_nowhere_else() {
        let sweep = sweep(6, REFINED);
        // None on even rows, two on odd ones: at 0.3 and at 0.7.
        let certain = |key: RunKey| sweep.point(0, key.cell) % 2 == 1 && (x(&sweep, key.cell) - 0.5).abs() < 0.2;
        let found = cells(&sweep, certain, |_| {});
        let rows = lines(&sweep, &found);
        let count = |row: usize| found.keys().filter(|&&cell| sweep.point(0, cell) == row).count();
        for (row, crossings) in rows.iter().enumerate() {
            if row % 2 == 0 {
                assert_eq!((count(row), crossings.len()), (6, 0));
                continue;
            }
            assert_eq!((count(row), crossings.len()), (6 + 2 * 3, 2));
            for (crossing, at) in crossings.iter().zip([0.3, 0.7]) {
                let (low, high) = (crossing.low.unwrap(), crossing.high.unwrap());
                assert!(low <= at && at <= high && high - low < 0.0251, "{crossing:?}");
            }
        }
        assert!(found.values().all(|counts| counts.runs == 16), "what is certain is known at the first look");
    }

    #[test]
    fn a_plateau_at_the_level_is_known_to_the_half_width_and_ends() {
        let sweep = sweep(3, REFINED);
        let found = cells(&sweep, independent(5, |_| 0.5), |_| {});
        assert!(found.len() <= 9 * 17);
        let near = found.values().filter(|counts| counts.runs > 90).count();
        assert!(near > found.len() * 3 / 4, "{near} of {}", found.len());
        // Without a half width it goes on to the most that is allowed.
        let endless = "[refine]\nlevel = 0.5\nrounds = 1\n[replicates]\nat_least = 16\nat_most = 150\n";
        let found = cells(&super::tests::sweep(2, endless), independent(5, |_| 0.5), |_| {});
        assert!(found.values().filter(|counts| counts.runs == 150).count() > found.len() / 2);
    }

    #[test]
    fn the_interval_of_a_crossing_holds_it() {
        let sweep = sweep(6, REFINED);
        let (mut held, mut all) = (0, 0);
        for seed in 0..45 {
            let found = cells(&sweep, independent(seed, |cell| probability(x(&sweep, cell), 0.42)), |_| {});
            for crossings in lines(&sweep, &found) {
                all += 1;
                held += u32::from(
                    crossings.iter().any(|c| c.low.is_none_or(|x| x <= 0.42) && c.high.is_none_or(|x| x >= 0.42)),
                );
            }
        }
        // At 95 % a cell; 5 standard errors below 95 % of them: a false alarm below 1e-6.
        assert!(all == 405 && held >= 363, "{held} of {all}");
    }

    /// The uncertain inputs of `critical-mass`.
    const INPUTS: &str = "[uncertain]\nupdates.patched_fraction = { beta = { mean = 0.6, sd = 0.1 } }\n\
                          login.capacity_per_s_per_million = { lognormal = { median = 150.0, sigma = 0.2 } }\n\
                          updates.burst_width_s = { factor = { lognormal = { median = 1.0, sigma = 0.4 } } }\n";

    /// How much chance adds to the logarithm of the critical share, standard deviation.
    const CHANCE: f64 = 0.095;

    /// A stand-in for `critical-mass`, fitted to its runs: the logarithm of the share from which on there is an outage, for
    /// the inputs in the order of their names.
    fn critical(drawn: &[f64]) -> f64 {
        let [capacity, width_s, patched] = [drawn[0], drawn[1], drawn[2]];
        libm::log(0.42) - libm::log(patched / 0.6)
            + 1.2 * libm::log(capacity / 150.0)
            + 0.6 * libm::log(width_s / 1800.0)
    }

    /// Whether a run of the stand-in has an outage.
    fn stand_in(sweep: &Sweep) -> impl Fn(RunKey) -> bool {
        |key| {
            let run = sweep.realization(key.cell, key.replicate);
            let chance =
                standard_normal(&mut stream(derive_seed(run.seed, &[key.cell.into()]), Purpose::Test("chance")));
            libm::log(x(sweep, key.cell)) > critical(&run.drawn) + CHANCE * chance
        }
    }

    /// Where the stand-in crosses one half: the mean over its inputs by many Sobol points.
    fn crossing_of_the_stand_in() -> f64 {
        let many = "[replicates]\nsampling = \"sobol\"\nat_most = 16384\n";
        let sweep = sweep(2, &format!("{INPUTS}{many}"));
        let criticals: Vec<f64> = (0..16_384).map(|r| critical(&sweep.realization(0, r).drawn)).collect();
        let probability = |x: f64| {
            let of_run = |c: &f64| 0.5 * libm::erfc(-(libm::log(x) - c) / CHANCE / std::f64::consts::SQRT_2);
            criticals.iter().map(of_run).sum::<f64>() / criticals.len() as f64
        };
        let (mut low, mut high) = (0.2, 0.8);
        for _ in 0..40 {
            let middle = 0.5 * (low + high);
            if probability(middle) < 0.5 { low = middle } else { high = middle }
        }
        low
    }

    /// What a design says of the crossing along a row, over seeds.
    struct Found {
        /// Root of the mean square error.
        error: f64,
        /// Mean number of runs of all rows.
        runs: f64,
        /// Mean width of the interval, and the share of rows that have one whose ends are both there.
        width: f64,
        bounded: f64,
        /// Share of the rows in which the interval holds the crossing.
        held: f64,
    }

    fn found(sweep: &Sweep, seeds: u64, truth: f64) -> Found {
        let mut all = Found { error: 0.0, runs: 0.0, width: 0.0, bounded: 0.0, held: 0.0 };
        let rows = 9.0 * seeds as f64;
        for seed in 0..seeds {
            let sweep = Sweep { seed, ..sweep.clone() };
            let cells = cells(&sweep, stand_in(&sweep), |_| {});
            all.runs += cells.values().map(|counts| f64::from(counts.runs)).sum::<f64>() / seeds as f64;
            for crossings in lines(&sweep, &cells) {
                let nearest = crossings.iter().min_by(|a, b| (a.at - truth).abs().total_cmp(&(b.at - truth).abs()));
                let error = nearest.map_or(0.58, |crossing| crossing.at - truth);
                all.error += error * error / rows;
                let holds = |c: &Crossing| c.low.is_none_or(|x| x <= truth) && c.high.is_none_or(|x| x >= truth);
                all.held += f64::from(crossings.iter().any(holds)) / rows;
                if let Some(Crossing { low: Some(low), high: Some(high), .. }) = nearest {
                    (all.width, all.bounded) = (all.width + (high - low) / rows, all.bounded + 1.0 / rows);
                }
            }
        }
        Found { error: all.error.sqrt(), width: all.width / all.bounded, ..all }
    }

    #[test]
    fn so_does_that_of_sobol_points() {
        let rest = "[refine]\nlevel = 0.5\nrounds = 3\n[replicates]\nsampling = \"sobol\"\nat_most = 64\n";
        let sweep = sweep(3, &format!("{INPUTS}{rest}"));
        let found = found(&sweep, 20, crossing_of_the_stand_in());
        // As above, of 180 rows.
        assert!(found.held >= 0.868, "{}", found.held);
        assert!(found.error < 0.02, "{}", found.error);
    }

    #[test]
    #[ignore = "prints the figures of benches/README.md; some minutes"]
    fn what_refinement_saves_beside_a_uniform_grid() {
        let truth = crossing_of_the_stand_in();
        let print = |name: &str, points: u32, seeds: u64, rest: &str| {
            let Found { error, runs, width, bounded, held } =
                found(&sweep(points, &format!("{INPUTS}{rest}")), seeds, truth);
            println!(
                "{name}: error {error:.4}, {runs:.0} runs, error² · runs {:.3}; interval {width:.3} wide (in {bounded:.3} of \
                 the rows), holds in {held:.3}",
                error * error * runs
            );
        };
        for (runs, common) in [(100, true), (100, false), (530, false)] {
            let rest = format!("[replicates]\nat_least = 1\nat_most = {runs}\ncommon_random_numbers = {common}\n");
            print(&format!("11 points, {runs} runs each, common draws {common}"), 11, 100, &rest);
        }
        for (points, rounds, sampling, at_most, half_width) in [
            (6, 2, "random", 400, "half_width = 0.1"),
            (3, 3, "random", 256, ""),
            (6, 2, "sobol", 512, "half_width = 0.1"),
            (3, 3, "sobol", 128, ""),
            (3, 3, "sobol", 256, ""),
        ] {
            let rest = format!(
                "[refine]\nlevel = 0.5\nrounds = {rounds}\n[replicates]\nsampling = {sampling:?}\nat_least = 16\n\
                 at_most = {at_most}\n{half_width}\n"
            );
            let name = format!("{points} points, {rounds} rounds, {sampling}, 16 … {at_most} runs, {half_width}");
            print(&name, points, 100, &rest);
        }
    }
}
