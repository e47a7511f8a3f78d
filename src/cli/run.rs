//! `critmass run`

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use super::failure::Failure;
use super::output::{print, say};
use super::progress::Reporter;
use super::signals::Signals;
use crate::engine::population::Simulator;
use crate::engine::{Engine, Request};
use crate::runner::{Ending, Progress, check_memory, decided_cells, memory_needed_bytes};
use crate::store::{Shard, Store};
use crate::summary::show::{Exporter, Terminal};
use crate::summary::write_surface;
use crate::sweep::Sweep;

/// The arguments of `run`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The sweep file
    #[arg(value_name = "SWEEP.toml")]
    sweep: PathBuf,
    /// The folder for the results; a sweep that was interrupted there is continued
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Threads; all cores by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=4096))]
    threads: Option<u16>,
    /// Runs one of N parts of the cells, beside the others, 0 ≤ I < N; the same without it completes the sweep
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    /// Overrides a key of the sweep file, such as time.horizon_h=24 or replicates.at_most=10
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Says how many cells and runs there are and about how long they take, and writes nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let sweep = Sweep::read(&arguments.sweep, &arguments.set)?;
    let threads = arguments.threads.map_or_else(threads, usize::from);
    if arguments.dry_run {
        return dry_run(&sweep, threads, arguments.shard);
    }
    check_memory(&sweep, threads)?;
    // Before anything is written, so that whatever is written is kept.
    let signals = Signals::catch()?;
    let mut store = Store::open(&arguments.out, &sweep, arguments.shard)?;
    for damaged in store.damaged() {
        say(format_args!("computed again: {damaged}"));
    }
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|error| Failure::Failed(format!("the threads cannot be started: {error}")))?;
    let ending = run_with_progress(&mut store, &pool, &signals.interrupted)?;
    // A signal that comes while nothing more is to be kept ends the process at once.
    if ending == Ending::Interrupted || signals.end_at_the_next() {
        let out = arguments.out.display();
        say(format_args!("interrupted; what was finished is kept in {out}: the same command continues it"));
        return Err(Failure::Interrupted);
    }
    if let Some(shard) = arguments.shard {
        return say_how_far(&store, shard, &arguments.out);
    }
    Terminal.export(&write_surface(store.folder(), false)?, &mut std::io::stdout().lock())?;
    say(format_args!("written to {}", arguments.out.display()));
    Ok(())
}

/// Threads unless the user says how many: as many as the affinity, the control group and Slurm let this process have.
fn threads() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    crate::slurm::cpus_given().map_or(cores, |given| cores.min(given))
}

/// Says that a shard is complete, and what the others have done so far.
fn say_how_far(store: &Store, shard: Shard, out: &Path) -> Result<(), Failure> {
    let folder = store.folder();
    let (complete, open): (Vec<u32>, Vec<u32>) = (0..folder.blocks()).partition(|&block| store.is_complete(block));
    let in_parts: usize = complete.iter().map(|&block| folder.cells_of(block).len()).sum();
    let cells = in_parts + decided_cells(folder, &open)?.0.len();
    let all = folder.sweep().cells();
    let next = if cells == all as usize { "; the same command without --shard writes the result" } else { "" };
    say(format_args!("shard {shard} is complete; {cells} of all {all} cells are in {}{next}", out.display()));
    Ok(())
}

fn run_with_progress(store: &mut Store, pool: &rayon::ThreadPool, interrupted: &AtomicBool) -> Result<Ending, Failure> {
    let mut reporter = Reporter::new();
    let mut last: Option<Progress> = None;
    let ending = crate::runner::run(store, pool, interrupted, &mut |progress| {
        reporter.report(progress);
        last = Some(progress);
    });
    if let Some(progress) = last {
        if progress.cells_found > 0 || progress.recovered > 0 {
            say(format_args!("continued from {} cells and {} more runs", progress.cells_found, progress.recovered));
        }
        reporter.finish(&progress);
    }
    Ok(ending?)
}

/// How long the estimate of the time takes.
const ESTIMATE: Duration = Duration::from_secs(4);

fn dry_run(sweep: &Sweep, threads: usize, shard: Option<Shard>) -> Result<(), Failure> {
    let cells = u64::from(shard.unwrap_or(Shard::ALL).size(sweep.cells()));
    let rule = &sweep.replicates;
    let runs_max = cells * u64::from(rule.at_most);
    let runs_min = if rule.half_width.is_some() { cells * u64::from(rule.at_least) } else { runs_max };
    let (sampled, each_s) = time_of_a_run(sweep);
    let about = |runs: u64| {
        let seconds = runs as f64 * each_s / threads as f64;
        indicatif::HumanDuration(Duration::from_secs_f64(seconds.min(1e12))).to_string()
    };
    let runs = if runs_min == runs_max { runs_max.to_string() } else { format!("{runs_min} … {runs_max}") };
    let time =
        if runs_min == runs_max { about(runs_max) } else { format!("{} … {}", about(runs_min), about(runs_max)) };
    let memory = memory_needed_bytes(sweep, threads) as f64 / f64::from(1 << 20);
    print(&format!(
        "sweep    {} ({:.12})\ncells    {cells}\nruns     {runs}\ntime     about {time} on {threads} threads \
         ({sampled} runs sampled, {each_s:.3} s each)\nmemory   about {memory:.0} MiB\n",
        sweep.name, sweep.hash
    ))?;
    Ok(check_memory(sweep, threads)?)
}

/// Mean time of a run, s, over some runs of cells that are spread over the design; and how many these were.
fn time_of_a_run(sweep: &Sweep) -> (u32, f64) {
    let mut simulator = Simulator::new();
    let start = Instant::now();
    let mut runs = 0;
    while runs == 0 || (start.elapsed() < ESTIMATE && runs < 1000) {
        // Steps of the golden ratio spread evenly, however many there are.
        let fraction = libm::fmod((f64::from(runs) + 0.5) * 0.618_033_988_749_895, 1.0);
        let realization = sweep.realization((fraction * f64::from(sweep.cells())) as u32, runs);
        simulator.run(&realization.scenario, realization.seed, &Request::default());
        runs += 1;
    }
    (runs, start.elapsed().as_secs_f64() / f64::from(runs))
}
