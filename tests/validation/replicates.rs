//! The outcomes of neighbouring replicates and cells: independent, unless common random numbers are asked for.

use critmass::engine::outcome::{OUTPUTS, Outcome};
use critmass::engine::population::Simulator;
use critmass::engine::{Engine, Request};
use critmass::sweep::Sweep;

use crate::{column, exponent, ranks};

/// The outcomes of the replicates of two cells that differ in nothing that matters.
fn run(common: bool, replicates: u32) -> [Vec<Outcome>; 2] {
    let text = format!(
        "name = \"neighbours\"\nseed = 2007\n[scenario]\npopulation.clients = 3_000\ntime.horizon_h = 14.0\n\
         [[axis]]\nparameter = \"outage.recovered_at\"\nvalues = [0.9, 0.95]\n\
         [replicates]\nat_least = 1\nat_most = {replicates}\ncommon_random_numbers = {common}\n"
    );
    let sweep = Sweep::parse(&text, "neighbours", &[]).unwrap();
    let mut simulator = Simulator::new();
    [0, 1].map(|cell| {
        let one = |replicate| {
            let realization = sweep.realization(cell, replicate);
            let run = simulator.run(&realization.scenario, realization.seed, &Request::default());
            run.unwrap().outcome
        };
        (0..replicates).map(one).collect()
    })
}

/// Spearman's rank correlation of two columns; `None` where one of them does not vary.
fn correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    let (a, b) = (ranks(a), ranks(b));
    let mean = (a.len() as f64 - 1.0) / 2.0;
    let product = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| (x - mean) * (y - mean)).sum::<f64>();
    let size = libm::sqrt(product(&a, &a) * product(&b, &b));
    (size > 0.0).then(|| product(&a, &b) / size)
}

/// Under independence a rank correlation of n pairs has the standard deviation 1/√(n − 1), and is as good as normal.
fn limit(pairs: usize) -> f64 {
    libm::sqrt(2.0 * (exponent() + libm::log(3.0 * OUTPUTS.len() as f64)) / (pairs as f64 - 1.0))
}

#[test]
fn neighbours_are_uncorrelated() {
    let [first, second] = run(false, 500);
    let mut varying = 0;
    for (index, output) in OUTPUTS.iter().enumerate() {
        let (a, b) = (column(&first, index), column(&second, index));
        let n = a.len();
        let Some(next) = correlation(&a[..n - 1], &a[1..]) else { continue };
        varying += 1;
        assert!(next.abs() <= limit(n), "{}: {next} from replicate to replicate", output.name);
        let across = correlation(&a, &b).unwrap_or(0.0);
        assert!(across.abs() <= limit(n), "{}: {across} from cell to cell", output.name);
    }
    assert!(varying >= 15, "{varying} outputs vary");
}

#[test]
fn common_random_numbers_make_cells_alike() {
    let [first, second] = run(true, 20);
    let recovery = |outcome: &Outcome| Outcome { recovered: false, recovery_h: None, ..outcome.clone() };
    let strip = |outcomes: &[Outcome]| outcomes.iter().map(recovery).collect::<Vec<Outcome>>();
    assert_eq!(strip(&first), strip(&second), "the cells differ in outage.recovered_at alone");
    assert_ne!(first[0], first[1]);
}
