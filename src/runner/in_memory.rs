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
    let mut schedule = Schedule::new(plan.clone());
    let mut frontier = sweep.refinement().map(|refinement| Frontier::new(refinement, plan, BTreeMap::new()));
    match &frontier {
        Some(frontier) => frontier.open().for_each(|cell| schedule.open(cell, Vec::new())),
        None => (0..sweep.cells()).for_each(|cell| schedule.open(cell, Vec::new())),
    }
    loop {
        while !schedule.is_idle() {
            let made = make(schedule.take_wanted());
            made.into_iter().for_each(|(key, outage)| schedule.finish(key, outage));
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

    /// The cells of a sweep whose runs have an outage as this says, with their outages and runs; `turn` puts the runs of a
    /// batch in another order.
    fn cells(sweep: &Sweep, outage: impl Fn(RunKey) -> bool, turn: fn(&mut Vec<RunKey>)) -> BTreeMap<u32, (u32, u32)> {
        let mut cells = BTreeMap::new();
        make_all(sweep, |mut wanted| {
            turn(&mut wanted);
            let made: Vec<(RunKey, bool)> = wanted.into_iter().map(|key| (key, outage(key))).collect();
            for (key, outage) in &made {
                let cell: &mut (u32, u32) = cells.entry(key.cell).or_default();
                *cell = (cell.0 + u32::from(*outage), cell.1 + 1);
            }
            made
        });
        cells
    }

    /// The crossings of one half along each row.
    fn lines(sweep: &Sweep, cells: &BTreeMap<u32, (u32, u32)>) -> Vec<Vec<Crossing>> {
        let plan = sweep.plan();
        let mut rows: BTreeMap<usize, Vec<Point>> = BTreeMap::new();
        for (&cell, &(outages, runs)) in cells {
            let interval = plan.conclusion(outages, runs).interval;
            rows.entry(sweep.point(0, cell)).or_default().push(Point { x: x(sweep, cell), outages, runs, interval });
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
        assert!(found.values().all(|&(_, runs)| runs == 16), "what is certain is known at the first look");
    }

    #[test]
    fn a_plateau_at_the_level_is_known_to_the_half_width_and_ends() {
        let sweep = sweep(3, REFINED);
        let found = cells(&sweep, independent(5, |_| 0.5), |_| {});
        assert!(found.len() <= 9 * 17);
        let near = found.values().filter(|&&(_, runs)| runs > 90).count();
        assert!(near > found.len() * 3 / 4, "{near} of {}", found.len());
        // Without a half width it goes on to the most that is allowed.
        let endless = "[refine]\nlevel = 0.5\nrounds = 1\n[replicates]\nat_least = 16\nat_most = 150\n";
        let found = cells(&super::tests::sweep(2, endless), independent(5, |_| 0.5), |_| {});
        assert!(found.values().filter(|&&(_, runs)| runs == 150).count() > found.len() / 2);
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

    /// The mean square error of the crossing along a row, and the mean number of runs.
    fn error(sweep: &Sweep, seeds: u64, outage: impl Fn(u64) -> Box<dyn Fn(RunKey) -> bool>) -> (f64, f64) {
        let (mut square, mut rows, mut runs) = (0.0, 0.0, 0.0);
        for seed in 0..seeds {
            let found = cells(sweep, outage(seed), |_| {});
            runs += found.values().map(|&(_, runs)| f64::from(runs)).sum::<f64>() / seeds as f64;
            for crossings in lines(sweep, &found) {
                let nearest = crossings.iter().map(|crossing| crossing.at - 0.42);
                let error = nearest.min_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(0.58);
                (square, rows) = (square + error * error, rows + 1.0);
            }
        }
        (square / rows, runs)
    }

    #[test]
    #[ignore = "prints the figures of benches/README.md; a minute"]
    fn what_refinement_saves_beside_a_uniform_grid() {
        let outage = |sweep: &Sweep, common: bool| {
            let sweep = sweep.clone();
            move |seed: u64| -> Box<dyn Fn(RunKey) -> bool> {
                let sweep = sweep.clone();
                Box::new(move |key: RunKey| {
                    let words = [if common { u64::MAX } else { key.cell.into() }, key.replicate.into()];
                    let inputs = standard_normal(&mut stream(derive_seed(seed, &words), Purpose::Test("inputs")));
                    let words = [u64::from(key.cell), key.replicate.into()];
                    let chance = standard_normal(&mut stream(derive_seed(seed, &words), Purpose::Test("chance")));
                    libm::log(x(&sweep, key.cell) / 0.42) > 0.378 * inputs + 0.095 * chance
                })
            }
        };
        let uniform = |runs: u32| sweep(11, &format!("[replicates]\nat_least = {runs}\nat_most = {runs}\n"));
        for runs in [60, 100] {
            for common in [true, false] {
                let (square, all) = error(&uniform(runs), 200, outage(&uniform(runs), common));
                println!(
                    "uniform, {runs} runs a cell, common inputs {common}: rms {:.4}, {all:.0} runs",
                    square.sqrt()
                );
            }
        }
        for (points, rounds, at_least, half_width) in [
            (6, 3, 16, 0.1),
            (6, 2, 16, 0.1),
            (6, 2, 8, 0.15),
            (6, 3, 8, 0.2),
            (3, 4, 8, 0.15),
            (3, 4, 8, 0.1),
            (3, 3, 8, 0.2),
        ] {
            let rest = format!(
                "[refine]\nlevel = 0.5\nrounds = {rounds}\n[replicates]\nat_least = {at_least}\nat_most = 400\n\
                 half_width = {half_width}\n"
            );
            let refined = sweep(points, &rest);
            let (square, all) = error(&refined, 200, outage(&refined, false));
            println!(
                "refined, {points} points, {rounds} rounds, from {at_least} runs to ± {half_width}: rms {:.4}, {all:.0} runs",
                square.sqrt()
            );
        }
    }
}
