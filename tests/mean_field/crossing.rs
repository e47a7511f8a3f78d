//! From how many runs it is known where `sweeps/critical-mass.toml` crosses one half: here the place is known, from the
//! turns of many draws, since in the limit the outcome of a draw is certain.

use std::sync::atomic::AtomicBool;

use critmass::boundary::{Along, Line, Question, lines};
use critmass::random::{Purpose, Stream, derive_seed, stream, unit};
use critmass::statistics::blocks::Counts;
use critmass::statistics::crossing::{Point, crossings};
use critmass::statistics::plan::Plan;
use critmass::{Sweep, simulate_sweep};

/// Rows that are looked at, of the file's nine: the first, about the middle one, and the last. They are uneven, so that
/// nothing is refined between them.
const ROWS: usize = 3;
const RATIOS: &str = "values = [0.012, 0.022, 0.04]";
/// Draws whose turns are known in each row.
const DRAWS: u32 = 512;

/// The sweep in the limit, with so many points of the synchronization; the rest of the file is replaced.
fn sweep(points: u32, rest: &str) -> Sweep {
    let file = std::fs::read_to_string("sweeps/critical-mass.toml").unwrap();
    let file = file.split("[replicates]").next().unwrap();
    let file = file.replace("to = 1.0, points = 11", &format!("to = 1.0, points = {points}"));
    let file = file.replace("logarithmic = { from = 0.012, to = 0.040, points = 9 }", RATIOS);
    // What goes down goes down within these hours. Coarse ticks shift the truth as they shift the runs.
    let file = file.replace("time.horizon_h = 36.0", "time.horizon_h = 15.0\ntime.tick_s = 20.0");
    format!("{file}\n[run]\nengine = \"mean-field\"\n{rest}").parse().unwrap()
}

/// Where the draws of each row turn, ascending: Sobol points, so that they are the law of the turns to some thousandths.
fn turns() -> Vec<Vec<f64>> {
    let mut sweep = sweep(11, &format!("[replicates]\nsampling = \"sobol\"\nat_most = {DRAWS}\n"));
    let mut along = Along::take(&mut sweep, "updates.synchronization", None, None).unwrap();
    along.resolution = 1e-3;
    let lines = lines(&Question { sweep, along, draws: DRAWS, probes: 2 }, &AtomicBool::new(false), &|| {}).unwrap();
    let row = |row: &[Line]| {
        let mut turns: Vec<f64> = row.iter().map(|line| line.turns.first().copied().unwrap_or(f64::INFINITY)).collect();
        turns.sort_by(f64::total_cmp);
        turns
    };
    lines.chunk_by(|a, b| a.cell == b.cell).map(row).collect()
}

fn point(plan: &Plan, x: f64, counts: Counts) -> Point {
    Point { x, outages: counts.events, runs: counts.runs, interval: plan.conclusion(counts).interval }
}

/// How far the crossing is off by these points; the whole axis where none is found.
fn error(points: &[Point], truth: f64) -> f64 {
    let off = crossings(points, 0.5).into_iter().map(|crossing| (crossing.at - truth).abs());
    off.reduce(f64::min).unwrap_or(1.0)
}

/// The crossing of a row by a uniform grid of plain replicates, each of which is one of the draws whose turns are known.
fn error_of_a_grid(sweep: &Sweep, turns: &[f64], runs: u32, stream: &mut Stream, truth: f64) -> f64 {
    let mut outage = |x: f64| turns[(unit(stream) * f64::from(DRAWS)) as usize] < x;
    let mut cell = |cell: u32| {
        let x = f64::from(cell) / 10.0;
        point(&sweep.plan(), x, Counts::of_draws((0..runs).map(|_| outage(x))))
    };
    error(&(0..11).map(&mut cell).collect::<Vec<Point>>(), truth)
}

/// The errors of the crossings of each row by the runs of a sweep, and how many they were.
fn errors_of_runs(sweep: &Sweep, truth: &[f64]) -> (Vec<f64>, usize) {
    let (plan, runs) = (sweep.plan(), simulate_sweep(sweep).unwrap());
    let error = |(row, &truth): (usize, &f64)| {
        let of_row = runs.chunk_by(|a, b| a.cell == b.cell).filter(|runs| sweep.point(0, runs[0].cell) == row);
        let points = of_row.map(|of_cell| {
            let x = sweep.label(1, of_cell[0].cell).unwrap().to_string().parse().unwrap();
            point(&plan, x, plan.counts(of_cell.iter().map(|run| run.run.outcome.outage)))
        });
        error(&points.collect::<Vec<Point>>(), truth)
    };
    (truth.iter().enumerate().map(error).collect(), runs.len())
}

fn print(design: &str, errors: &[f64], runs: f64) {
    let square = errors.iter().map(|error| error * error).sum::<f64>() / errors.len() as f64;
    println!("{design}: error {:.4}, {runs:.0} runs a row, error² · runs {:.4}", square.sqrt(), square * runs);
}

#[test]
#[ignore = "prints figures of benches/README.md; some minutes"]
fn what_refinement_saves_on_critical_mass() {
    let turns = turns();
    let middle = DRAWS as usize / 2;
    let truth: Vec<f64> = turns.iter().map(|turns| 0.5 * (turns[middle - 1] + turns[middle])).collect();
    println!("crossings of one half: {truth:.4?}");
    for runs in [100, 530] {
        let grid = sweep(11, &format!("[replicates]\nat_least = 1\nat_most = {runs}\n"));
        let mut stream = stream(derive_seed(1, &[runs.into()]), Purpose::Test("grid"));
        let rows = turns.iter().zip(&truth).cycle().take(ROWS * 200);
        let errors: Vec<f64> =
            rows.map(|(turns, &truth)| error_of_a_grid(&grid, turns, runs, &mut stream, truth)).collect();
        print(&format!("11 points, {runs} runs each"), &errors, 11.0 * f64::from(runs));
    }
    let sobol = "[refine]\nlevel = 0.5\nrounds = 3\n[replicates]\nsampling = \"sobol\"\nat_least = 16\n";
    for (at_most, seeds) in [(256, 8), (128, 8)] {
        let (mut errors, mut runs) = (Vec::new(), 0);
        for seed in 0..seeds {
            let sweep = Sweep { seed, ..sweep(3, &format!("{sobol}at_most = {at_most}\n")) };
            let (of_seed, made) = errors_of_runs(&sweep, &truth);
            (errors, runs) = ([errors, of_seed].concat(), runs + made);
            print(
                &format!("3 points, 3 rounds, Sobol, at most {at_most}, {} seeds", seed + 1),
                &errors,
                runs as f64 / (ROWS as f64 * (seed + 1) as f64),
            );
        }
    }
}
