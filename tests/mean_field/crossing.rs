//! From how many runs it is known where `sweeps/critical-mass.toml` crosses one half: in the limit, where the place is known
//! from the turns of many draws, since the outcome of a draw is certain there; and by runs of agents, with the help of the
//! limit.

use std::sync::atomic::AtomicBool;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use critmass::boundary::{Along, Line, Question, lines};
use critmass::random::{Purpose, Stream, derive_seed, stream, unit};
use critmass::runner::outcomes_of;
use critmass::statistics::blocks::Counts;
use critmass::statistics::crossing::{Point, crossings};
use critmass::statistics::interval::Interval;
use critmass::statistics::plan::Plan;
use critmass::summary::FidelityRounds;
use critmass::{Sweep, simulate_sweep};

/// Rows that are looked at, of the file's nine: the first, about the middle one, and the last. They are uneven, so that
/// nothing is refined between them.
const ROWS: usize = 3;
const RATIOS: &str = "values = [0.012, 0.022, 0.04]";
/// Draws whose turns are known in each row.
const DRAWS: u32 = 512;

/// The sweep in the limit, with so many points of the synchronization; the rest of the file is replaced.
fn sweep(points: u32, rest: &str) -> Sweep {
    let synchronization = format!("linear = {{ from = 0.0, to = 1.0, points = {points} }}");
    text(RATIOS, &synchronization, &format!("[run]\nengine = \"mean-field\"\n{rest}")).parse().unwrap()
}

/// The file with these points and another end.
fn text(ratios: &str, synchronization: &str, rest: &str) -> String {
    let file = std::fs::read_to_string("sweeps/critical-mass.toml").unwrap();
    let file = file.split("[replicates]").next().unwrap();
    let file = file.replace("linear = { from = 0.0, to = 1.0, points = 11 }", synchronization);
    let file = file.replace("logarithmic = { from = 0.012, to = 0.040, points = 9 }", ratios);
    // What goes down goes down within these hours. Coarse ticks shift the truth as they shift the runs.
    let file = file.replace("time.horizon_h = 36.0", "time.horizon_h = 15.0\ntime.tick_s = 20.0");
    format!("{file}\n{rest}")
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
    Point::of_runs(x, counts.events, counts.runs, plan.conclusion(counts).interval)
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

/// The cells beside the crossing of each row by agents, which are run more often.
const BESIDE: [(&str, &str, [usize; 2]); ROWS] = [
    ("values = [0.012]", "values = [0.7, 0.8]", [7, 8]),
    ("values = [0.022]", "values = [0.3, 0.4]", [3, 4]),
    ("values = [0.04]", "values = [0.4, 0.5]", [4, 5]),
];
/// Where each row crosses one half by agents, as [`what_a_uniform_grid_knows_of_critical_mass`] prints it.
const CROSSED: [f64; ROWS] = [0.7575, 0.3944, 0.4140];

/// The share of outages in each cell of a sweep.
fn shares(sweep: &Sweep) -> Vec<f64> {
    let mut counts = vec![[0.0; 2]; sweep.cells() as usize];
    for run in simulate_sweep(sweep).unwrap() {
        let [outages, runs] = &mut counts[run.cell as usize];
        (*outages, *runs) = (*outages + f64::from(u8::from(run.run.outcome.outage)), *runs + 1.0);
    }
    counts.into_iter().map(|[outages, runs]| outages / runs).collect()
}

#[test]
#[ignore = "prints figures of benches/README.md; a quarter of an hour"]
fn what_a_uniform_grid_knows_of_critical_mass() {
    let of = |seed: u64, text: String| Sweep { seed, ..text.parse().unwrap() };
    let fresh = |many: &str| format!("[replicates]\n{many}\ncommon_random_numbers = false\n");
    let plain = fresh("at_least = 1000\nat_most = 1000");
    let all = shares(&of(77_001, text(RATIOS, "linear = { from = 0.0, to = 1.0, points = 11 }", &plain)));
    let (mut square, mut grids) = ([0.0; 2], [100, 530]);
    for (row, (ratio, synchronization, cells)) in BESIDE.into_iter().enumerate() {
        let mut shares_of_row = all[11 * row..11 * (row + 1)].to_vec();
        let sobol = fresh("sampling = \"sobol\"\nat_least = 1024\nat_most = 1024");
        for (cell, share) in cells.into_iter().zip(shares(&of(881, text(ratio, synchronization, &sobol)))) {
            shares_of_row[cell] = share;
        }
        let point = |cell: usize, share: f64, runs: u32, outages: u32| {
            let interval = Interval::fixed(outages, runs, 0.95);
            Point {
                estimate: share.clamp(1e-6, 1.0 - 1e-6),
                ..Point::of_runs(cell as f64 / 10.0, outages, runs, interval)
            }
        };
        let known =
            shares_of_row.iter().enumerate().map(|(cell, &share)| point(cell, share, 1000, (1000.0 * share) as u32));
        let truth = crossings(&known.collect::<Vec<Point>>(), 0.5)[0].at;
        println!("row {row}: {shares_of_row:.3?} cross one half at {truth:.4}");
        for (square, runs) in square.iter_mut().zip(&mut grids) {
            let mut stream = stream(derive_seed(2, &[(*runs).into(), row as u64]), Purpose::Test("grid"));
            let (mut of_row, mut width, mut held, seeds) = (0.0, Vec::new(), 0, 1000);
            for _ in 0..seeds {
                let mut outages = |share: f64| (0..*runs).filter(|_| unit(&mut stream) < share).count() as u32;
                let points = shares_of_row.iter().enumerate().map(|(cell, &share)| {
                    let outages = outages(share);
                    Point::of_runs(cell as f64 / 10.0, outages, *runs, Interval::fixed(outages, *runs, 0.95))
                });
                let found = crossings(&points.collect::<Vec<Point>>(), 0.5);
                let off = found.iter().map(|crossing| (crossing.at - truth).abs()).reduce(f64::min).unwrap_or(1.0);
                of_row += off * off / f64::from(seeds);
                let holds = |low: Option<f64>, high: Option<f64>| {
                    low.is_none_or(|x| x <= truth) && high.is_none_or(|x| x >= truth)
                };
                held += u32::from(found.iter().any(|crossing| holds(crossing.low, crossing.high)));
                width.extend(found.first().and_then(|crossing| Some(crossing.high? - crossing.low?)));
            }
            *square += of_row / ROWS as f64;
            println!(
                "  {runs} runs a cell: error {:.4}, interval {:.3} wide (in {} of {seeds}), holds in {held}",
                of_row.sqrt(),
                width.iter().sum::<f64>() / width.len() as f64,
                width.len()
            );
        }
    }
    for (square, runs) in square.iter().zip(grids) {
        let runs = 11.0 * f64::from(runs);
        println!("{runs} runs a row: error {:.4}, error² · runs {:.4}", square.sqrt(), square * runs);
    }
}

/// The numbers of a column; NaN where it is null.
fn numbers(table: &RecordBatch, name: &str) -> Vec<f64> {
    let column = table.column_by_name(name).unwrap();
    match column.as_primitive_opt::<Int64Type>() {
        Some(counts) => counts.values().iter().map(|&count| count as f64).collect(),
        None => column.as_primitive::<Float64Type>().iter().map(|x| x.unwrap_or(f64::NAN)).collect(),
    }
}

/// The crossings by runs of agents that are made where the limit, of which the lines are known, leaves it in doubt.
fn crossings_by_the_limit(sweep: &Sweep, question: &Question, lines: &[Line], runs: f64) -> RecordBatch {
    let mut rounds = FidelityRounds::new(sweep, question.clone(), lines.to_vec(), runs, Some(0.5));
    let make = |rounds: &mut FidelityRounds| {
        let (wanted, never) = (rounds.wanted(), AtomicBool::new(false));
        let made = outcomes_of(sweep.engine, &wanted, |key| rounds.realization(key), &never, &|| {}).unwrap();
        rounds.take_in(&wanted, &made);
    };
    make(&mut rounds);
    rounds.learn();
    make(&mut rounds);
    rounds.into_answer().to_table().unwrap()
}

#[test]
#[ignore = "prints figures of benches/README.md; half an hour"]
fn what_the_limit_saves_on_critical_mass() {
    const SEEDS: u64 = 8;
    let rest = format!("[replicates]\nsampling = \"sobol\"\nat_least = 16\nat_most = {DRAWS}\n");
    let budgets = [10.0, 53.0];
    let mut found: [Vec<[f64; 4]>; 2] = Default::default();
    for seed in 0..SEEDS {
        let agents: Sweep = text(RATIOS, "linear = { from = 0.0, to = 1.0, points = 11 }", &rest).parse().unwrap();
        let mut limit = sweep(11, &rest);
        limit.replicates.common_random_numbers = true;
        let (agents, mut limit) = (Sweep { seed, ..agents }, Sweep { seed, ..limit });
        let mut along = Along::take(&mut limit, "updates.synchronization", None, None).unwrap();
        along.resolution = 1e-3;
        let question = Question { sweep: limit, along, draws: DRAWS, probes: 3 };
        let lines = lines(&question, &AtomicBool::new(false), &|| {}).unwrap();
        for (found, runs) in found.iter_mut().zip(budgets) {
            let table = crossings_by_the_limit(&agents, &question, &lines, runs);
            let [at, low, high, made] = ["crossing", "low", "high", "runs"].map(|name| numbers(&table, name));
            assert_eq!(at.len(), ROWS);
            found.extend((0..ROWS).map(|row| [at[row], low[row], high[row], made[row]]));
            println!("seed {seed}, {runs} runs a cell: {:.4?}", &found[found.len() - ROWS..]);
        }
    }
    for (found, runs) in found.iter().zip(budgets) {
        print_found(&format!("{runs} runs a cell"), found);
    }
}

/// What was found in each row in turn: the crossing, the ends of its interval, NaN where it is open, and the runs.
fn print_found(design: &str, found: &[[f64; 4]]) {
    let of_row = |row: usize| found.iter().skip(row).step_by(ROWS);
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let square = |row: usize, [at, ..]: &[f64; 4]| (at - CROSSED[row]) * (at - CROSSED[row]);
    let squares: Vec<f64> = found.iter().enumerate().map(|(index, found)| square(index % ROWS, found)).collect();
    let runs = mean(&found.iter().map(|found| found[3]).collect::<Vec<f64>>());
    let widths: Vec<f64> = found.iter().map(|[_, low, high, _]| high - low).filter(|width| !width.is_nan()).collect();
    let held = found.iter().enumerate().filter(|(index, [_, low, high, _])| {
        let truth = CROSSED[index % ROWS];
        (low.is_nan() || *low <= truth) && (high.is_nan() || *high >= truth)
    });
    let errors = [0, 1, 2].map(|row| mean(&of_row(row).map(|of| square(row, of)).collect::<Vec<f64>>()).sqrt());
    let off = [0, 1, 2].map(|row| mean(&of_row(row).map(|of| of[0] - CROSSED[row]).collect::<Vec<f64>>()));
    println!(
        "{design}: error {:.4} ({errors:.4?}, mean {off:.4?}), {runs:.0} runs a row, error² · runs {:.4}; interval {:.3} wide (in {} of {}), \
         holds in {}",
        mean(&squares).sqrt(),
        mean(&squares) * runs,
        mean(&widths),
        widths.len(),
        found.len(),
        held.count()
    );
}
