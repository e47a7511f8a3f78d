//! `critmass run`

use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::HumanDuration;

use super::arguments;
use super::extend;
use super::failure::Failure;
use super::next::{in_a_shell, say_what_is_next};
use super::output::{print, say, show};
use super::progress::{End, Format, Session, TIME_MAX_S, Teller, listener};
use super::sample::{Sample, sample};
use super::signals::Signals;
use super::text::{WIDTH, wrap_clauses};
use super::threads::{pool, threads_given};
use crate::runner::{Ending, Takeover, check_memory, decided_cells, memory_needed_bytes, processor_time_s};
use crate::store::{SessionNote, Shard, Store};
use crate::summary::write_surface;
use crate::sweep::Sweep;

/// The arguments of `run`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The sweep file
    #[arg(value_name = "SWEEP.toml")]
    sweep: PathBuf,
    /// The folder for the results; a sweep that was interrupted there is continued, and of another one the runs are
    /// kept that both have
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Threads; all cores by default
    #[arg(long, value_name = "N", value_parser = arguments::threads, allow_negative_numbers = true)]
    threads: Option<u16>,
    /// Runs one of N parts of the cells, beside the others, 0 ≤ I < N; the same without it completes the sweep
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    /// Overrides a key of the sweep file, such as time.horizon_h=24 or replicates.at_most=10
    #[arg(long, value_name = "KEY=VALUE", value_parser = arguments::setting)]
    set: Vec<String>,
    /// Lets go of runs and traces in DIR that this sweep does not have, where it holds another one
    #[arg(long)]
    drop: bool,
    /// Says how many cells and runs there are and about how long they take, and writes nothing
    #[arg(long)]
    dry_run: bool,
    /// How to tell what happens
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let sweep = Sweep::read(&arguments.sweep, &arguments.set)?;
    for note in &sweep.notes {
        say(wrap_clauses(&format!("note: {note}"), WIDTH));
    }
    let threads = arguments.threads.map_or_else(threads_given, usize::from);
    check_memory(&sweep, threads)?;
    if arguments.dry_run {
        let takeover = pool(threads)?.install(|| extend::look(&arguments.out, &sweep))?;
        return dry_run(&sweep, threads, arguments.shard, takeover.as_ref());
    }
    // Before anything is written, so that whatever is written is kept.
    let signals = Signals::catch()?;
    let pool = pool(threads)?;
    extend::check_not_of_a_submission(&arguments.out, &sweep, arguments.shard.is_some())?;
    pool.install(|| extend::extend(&arguments.out, &sweep, arguments.drop, &signals.interrupted))?;
    let mut store = pool.install(|| Store::open(&arguments.out, &sweep, arguments.shard))?;
    let session =
        Session { sweep: &sweep, out: &arguments.out, shard: arguments.shard, threads: pool.current_num_threads() };
    let mut teller = Teller::to(pool.install(|| listener(session, arguments.format, &store)));
    store.damaged().iter().for_each(|damaged| teller.damaged(damaged));
    let ending = crate::runner::run(&mut store, &pool, &signals.interrupted, &mut |event| teller.tell(&event));
    note_session(&session, teller.runs());
    let ending = ending.map_err(Failure::from).inspect_err(|_| drop(teller.end(End::Failed)))?;
    // A signal that comes while nothing more is to be kept ends the process at once.
    if ending == Ending::Interrupted || signals.end_at_the_next() {
        teller.end(End::Interrupted)?;
        let out = in_a_shell(&arguments.out);
        say(format_args!(
            "interrupted; what was finished is kept in {out}, and runs that were being made begin anew: the same command \
             continues it"
        ));
        return Err(Failure::Interrupted);
    }
    if let Some(shard) = arguments.shard {
        teller.end(End::Done)?;
        pool.install(|| say_how_far(&store, shard, &arguments.out));
        return Ok(());
    }
    let surface = pool.install(|| write_surface(store.folder(), false));
    let surface = surface.map_err(Failure::from).inspect_err(|_| drop(teller.end(End::Failed)))?;
    teller.end(End::Done)?;
    if arguments.format == Format::Text {
        show(&surface)?;
        say_what_is_next(&arguments.out, &surface);
    }
    Ok(())
}

/// Notes in the folder what this process has done there. Nobody needs it for anything but to tell the expense.
fn note_session(session: &Session, runs: u64) {
    let Some(processor_s) = processor_time_s().filter(|_| runs > 0) else { return };
    let note = SessionNote { runs, threads: session.threads, processor_s };
    if let Err(error) = note.add_to(session.out) {
        say(format_args!("the time that it took is not noted: {error}"));
    }
}

/// Says that a shard is complete, and what the others have done so far.
fn say_how_far(store: &Store, shard: Shard, out: &Path) {
    let folder = store.folder();
    if folder.sweep().refine.is_some() {
        return say(format_args!(
            "shard {shard} has done what the others let it do: the next round begins when all have done theirs, with the \
             same commands, or at once with the one without --shard"
        ));
    }
    let (complete, open): (Vec<u32>, Vec<u32>) = (0..folder.blocks()).partition(|&block| store.is_complete(block));
    let in_parts: usize = complete.iter().map(|&block| folder.cells_of(block).len()).sum();
    let decided = match decided_cells(folder, &open) {
        Ok((decided, _)) => decided,
        // This shard is complete all the same.
        Err(error) => {
            return say(format_args!("shard {shard} is complete; what the others have done is not known: {error}"));
        }
    };
    let cells = in_parts + decided.len();
    let all = folder.sweep().cells();
    let next = if cells == all as usize { "; the same command without --shard writes the result" } else { "" };
    say(format_args!("shard {shard} is complete; {cells} of all {all} cells are in {}{next}", out.display()));
}

fn dry_run(sweep: &Sweep, threads: usize, shard: Option<Shard>, takeover: Option<&Takeover>) -> Result<(), Failure> {
    let (cells_min, cells_max) = cells(sweep, shard.unwrap_or(Shard::ALL));
    let cells = extend::range((cells_min, cells_max));
    let rule = &sweep.replicates;
    let runs_max = cells_max * u64::from(rule.at_most);
    let runs_min = cells_min * u64::from(if sweep.is_adaptive() { rule.at_least } else { rule.at_most });
    let runs = extend::range((runs_min, runs_max));
    // Of a shard it is not known which of them it makes.
    let (left_min, left_max) =
        takeover.filter(|_| shard.is_none()).map_or((runs_min, runs_max), |takeover| takeover.left);
    let memory = memory_needed_bytes(sweep, threads) as f64 / f64::from(1 << 20);
    let sample = sample(sweep)?;
    print(&format!(
        "sweep    {} ({:.12})\ncells    {cells}\nruns     {runs}\n{}time     {}\nmemory   about {memory:.0} MiB\n\
         at risk  the runs that are being made when it ends too early{}; if it is killed, those of the last 10 s, too\n",
        sweep.name,
        sweep.hash,
        takeover.map_or_else(String::new, extend::lines),
        time_in_words(&sample, left_min, left_max, threads),
        sample.each_in_words()
    ))
}

/// The fewest and the most cells of a shard.
pub(super) fn cells(sweep: &Sweep, shard: Shard) -> (u64, u64) {
    let Some(refinement) = sweep.refinement() else {
        let groups = sweep.groups();
        let cells = u64::from(shard.size(sweep.cells() / groups.size()) * groups.size());
        return (cells, cells);
    };
    let of_shard = |cells: &mut dyn Iterator<Item = u32>| cells.filter(|&cell| shard.has(cell)).count() as u64;
    (of_shard(&mut refinement.first_cells().into_iter()), of_shard(&mut refinement.all_cells()))
}

/// How long so many runs take, as far as a sample of them tells.
fn time_in_words(sample: &Sample, runs_min: u64, runs_max: u64, threads: usize) -> String {
    let about = |runs: u64, each_s: f64| {
        let seconds = runs as f64 * each_s / threads as f64;
        HumanDuration(Duration::from_secs_f64(seconds.min(TIME_MAX_S)))
    };
    let runs = |count: u32| if count == 1 { "1 run".to_owned() } else { format!("{count} runs") };
    match *sample {
        Sample::Runs { count, each_s } => {
            let from = if runs_min == runs_max { String::new() } else { format!("{} … ", about(runs_min, each_s)) };
            let to = about(runs_max, each_s);
            format!("about {from}{to} on {threads} threads ({} sampled, {each_s:.3} s each)", runs(count))
        }
        Sample::TooLong { more_than_s } => format!(
            "more than {} on {threads} threads; not estimated, since a run takes more than {more_than_s:.0} s",
            about(runs_min, more_than_s)
        ),
    }
}
