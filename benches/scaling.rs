//! What a client costs among ten million, and what a second thread is worth.
//!
//! ```sh
//! cargo bench --bench scaling
//! ```
//!
//! *Clients*: 16 h of the default network, healthy and collapsed, one thread: nanoseconds for a client and hour among
//! ten million, over the same among a million.
//!
//! *Threads*: the work that two threads do in a second, over what one does. Of arithmetic in registers, which is what the
//! cores give; of runs of 50,000 clients by themselves; and of a sweep of as many such runs by `critmass run`, to
//! which the runner adds scheduling and the files.
//!
//! The speed of a machine with other guests changes within seconds. So the two sides of a ratio are measured in turn,
//! many times, and the median is given with the range.

mod common;

use std::hint::black_box;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use common::{defaults, outcome};
use critmass::engine::population::Simulator;

/// Healthy, and collapsed: shares of synchronized restarts.
const SYNCHRONIZATIONS: [f64; 2] = [0.0, 0.6];
const THREADS: usize = 2;

fn main() {
    clients();
    threads();
}

fn timed_s(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

/// The median of some ratios, with their range.
fn summary(mut ratios: Vec<f64>) -> String {
    ratios.sort_by(f64::total_cmp);
    let (least, most) = (ratios[0], ratios[ratios.len() - 1]);
    format!("{:.2} ({least:.2} … {most:.2}, {} rounds)", ratios[ratios.len() / 2], ratios.len())
}

fn clients() {
    const FEW: u64 = 1_000_000;
    const MANY: u64 = 10 * FEW;
    const HORIZON_H: f64 = 16.0;
    const ROUNDS: u64 = 9;
    println!("A client among {MANY} over one among {FEW}:");
    for synchronization in SYNCHRONIZATIONS {
        let (mut few, mut many) = (Simulator::new(), Simulator::new());
        let of_few = defaults(FEW, HORIZON_H, synchronization);
        let of_many = defaults(MANY, HORIZON_H, synchronization);
        let mut ratios = Vec::new();
        for seed in 0..=ROUNDS {
            // Five times before, and five times after.
            let mut few_s = || {
                timed_s(|| {
                    for part in 0..5 {
                        outcome(&mut few, &of_few, 5 * seed + part);
                    }
                })
            };
            let before = few_s();
            let many_s = timed_s(|| {
                outcome(&mut many, &of_many, seed);
            });
            let ratio = many_s / (before + few_s());
            // The first round allocates the workspaces.
            if seed > 0 {
                ratios.push(ratio);
            }
        }
        println!("  synchronization {synchronization}: {}", summary(ratios));
    }
}

fn threads() {
    const CLIENTS: u64 = 50_000;
    const HORIZON_H: f64 = 36.0;
    const REPLICATES: u64 = 40;
    const ROUNDS: usize = 15;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("sweep.toml");
    let text = format!(
        r#"
        name = "scaling"
        question = "How much faster are two threads?"
        seed = 1
        [scenario]
        population.clients = {CLIENTS}
        time.horizon_h = {HORIZON_H:?}
        [[axis]]
        parameter = "updates.synchronization"
        values = {SYNCHRONIZATIONS:?}
        [replicates]
        at_least = {REPLICATES}
        at_most = {REPLICATES}
        "#
    );
    std::fs::write(&file, text).expect("a sweep file");

    println!("Work in a second of {THREADS} threads over one:");
    let mut ratios = [const { Vec::new() }; 3];
    for round in 0..ROUNDS {
        let mut seconds = [[0.0; 2]; 3];
        // One first, then two first.
        for which in if round % 2 == 0 { [0, 1] } else { [1, 0] } {
            let threads = [1, THREADS][which];
            seconds[0][which] = timed_s(|| on_threads(threads, |part| arithmetic(part, 300_000_000 / threads as u64)));
            seconds[1][which] = timed_s(|| {
                on_threads(threads, |part| {
                    let mut simulator = Simulator::new();
                    for synchronization in SYNCHRONIZATIONS {
                        let scenario = defaults(CLIENTS, HORIZON_H, synchronization);
                        for seed in (part..REPLICATES).step_by(threads) {
                            outcome(&mut simulator, &scenario, seed);
                        }
                    }
                });
            });
            let out = folder.path().join(format!("{round}-{threads}"));
            seconds[2][which] = timed_s(|| sweep(&file, &out, threads));
        }
        for (ratios, [one, two]) in ratios.iter_mut().zip(seconds) {
            ratios.push(one / two);
        }
    }
    for (name, ratios) in ["arithmetic", "runs by themselves", "sweep"].into_iter().zip(ratios) {
        println!("  {name}: {}", summary(ratios));
    }
}

fn on_threads(threads: usize, work: impl Fn(u64) + Sync) {
    std::thread::scope(|scope| {
        for part in 0..threads as u64 {
            let work = &work;
            scope.spawn(move || work(part));
        }
    });
}

/// Independent chains of shifts, which keep the arithmetic units of a core busy.
fn arithmetic(seed: u64, steps: u64) {
    let mut chains: [u64; 6] = std::array::from_fn(|chain| 1 + 6 * seed + chain as u64);
    for _ in 0..steps {
        for chain in &mut chains {
            *chain ^= *chain << 13;
            *chain ^= *chain >> 7;
            *chain ^= *chain << 17;
        }
    }
    black_box(chains);
}

fn sweep(file: &Path, out: &Path, threads: usize) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_critmass"));
    command.arg("run").arg(file).arg("--out").arg(out).arg("--threads").arg(threads.to_string());
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(status.is_ok_and(|status| status.success()), "the sweep ends well");
}
