//! The state of a folder for people.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::report::{Report, Submission};
use super::state::State;
use crate::slurm::Job;
use crate::store::{Inventory, Shard, SurfaceState};

/// Shards that are shown at most.
const SHARDS_MAX: usize = 20;

pub(super) fn text(report: &Report) -> String {
    let (inventory, sweep) = (&report.inventory, report.folder.sweep());
    let mut text = format!(
        "sweep    {} ({:.12})\ncells    {}\nruns     {} in complete parts, {} in checkpoints\n\
         parts    {} present, {} missing, {} damaged\n",
        sweep.name,
        sweep.hash,
        cells(report),
        inventory.runs,
        report.runs_in_checkpoints,
        inventory.complete.len(),
        inventory.missing.len(),
        inventory.damaged.len()
    );
    for message in report.damage() {
        let _ = writeln!(text, "damaged  {message}");
    }
    if inventory.surface == SurfaceState::Partial {
        text += "surface  of the runs that were there when it was written, not of all\n";
    }
    for stray in &inventory.strays {
        let _ = writeln!(text, "stray    {}: not of this sweep, but readers of the folder take it in", stray.display());
    }
    let workers = &inventory.workers;
    if workers.whole {
        text += "running  the whole sweep\n";
    }
    if !workers.shards.is_empty() {
        let shards: Vec<String> = workers.shards.iter().map(Shard::to_string).collect();
        let _ = writeln!(text, "running  shards {}", shards.join(", "));
    }
    text += &report.slurm.as_ref().map_or_else(String::new, |slurm| of_slurm(slurm, report));
    text + conclusion(inventory) + "\n"
}

/// Whether the sweep is complete, and what to do if not.
pub(super) fn conclusion(inventory: &Inventory) -> &'static str {
    let ended = !inventory.workers.whole && inventory.workers.shards.is_empty();
    let is_listed = inventory.damaged_checksums.is_empty() && inventory.unlisted == 0;
    match (inventory.is_complete(), &inventory.surface) {
        _ if State::of(inventory) == State::Complete => "complete",
        _ if !ended => "not complete yet",
        (true, SurfaceState::Whole) if !is_listed => {
            "complete, but not all of it is listed in SHA256SUMS: critmass summarize lists it"
        }
        (true, SurfaceState::Whole) if !inventory.strays.is_empty() => {
            "complete, but other files lie among the results: put them somewhere else"
        }
        (true, SurfaceState::Whole) => {
            "complete, but checkpoint/ holds damaged files: critmass run with the same sweep file sets them aside"
        }
        (true, SurfaceState::Missing) => "complete, but without surface.parquet: critmass summarize writes it",
        (true, SurfaceState::Partial) => {
            "complete, but surface.parquet is of a part of the runs: critmass summarize writes it anew"
        }
        (true, SurfaceState::Damaged(_)) => {
            "complete, but surface.parquet is of no use: critmass summarize writes it anew"
        }
        (false, _) => {
            "not complete: critmass run with the same sweep file continues it, and computes again what is damaged"
        }
    }
}

/// What became of the jobs of a submission.
fn of_slurm(slurm: &Submission, report: &Report) -> String {
    let jobs = match &slurm.jobs {
        Ok(jobs) => jobs,
        Err(error) => return format!("slurm    nothing is known of its jobs: {error}\n"),
    };
    let submitted = &slurm.submitted;
    if submitted.summary.is_none() {
        return format!(
            "slurm    whether Slurm has taken all jobs of the last submission is not known: {} shows what there is; \
             critmass submit with the same arguments looks for them before it submits again\n",
            submitted.question()
        );
    }
    let (summary, shards): (Vec<&Job>, Vec<&Job>) = jobs.iter().partition(|job| job.shard.is_none());
    let mut states: BTreeMap<&str, u32> = BTreeMap::new();
    shards.iter().for_each(|job| *states.entry(&job.state).or_default() += 1);
    let mut states: Vec<String> =
        states.into_iter().map(|(state, count)| format!("{count} {}", state.to_lowercase())).collect();
    let tasks = submitted.shards as usize * submitted.rounds();
    if shards.len() < tasks {
        states.push(format!("{} forgotten by Slurm", tasks - shards.len()));
    }
    let rounds = if submitted.rounds() > 1 { format!(" in {} rounds", submitted.rounds()) } else { String::new() };
    let mut text = format!("slurm    {} shards{rounds}: {}; summary: ", submitted.shards, states.join(", "));
    text += &summary.first().map_or("forgotten by Slurm".to_owned(), |job| in_words(job));
    text.push('\n');
    text += &open_shards(submitted.shards, &shards, report);
    for failed in &slurm.failed {
        let _ = writeln!(text, "failed   {}: {}", failed.name, failed.message);
    }
    text
}

fn in_words(job: &Job) -> String {
    let reason = if job.reason.is_empty() { String::new() } else { format!(" ({})", job.reason) };
    format!("{} {}{reason}", job.id, job.state.to_lowercase())
}

/// How many cells are complete. How many a refined sweep has is known only at its end.
fn cells(report: &Report) -> String {
    let (inventory, sweep) = (&report.inventory, report.folder.sweep());
    match &sweep.refine {
        Some(_) if inventory.missing.is_empty() && inventory.damaged.is_empty() => "all complete".to_owned(),
        Some(_) => format!("{} complete, of those that are wanted so far", report.cells()),
        None => format!("{} of {} complete", report.cells(), sweep.cells()),
    }
}

/// The shards of a submission that have cells to do, each with its job.
fn open_shards(count: u32, jobs: &[&Job], report: &Report) -> String {
    let (folder, inventory) = (&report.folder, &report.inventory);
    // How many cells a shard of a refined sweep has is not known before the end.
    if inventory.missing.is_empty() || folder.sweep().refine.is_some() {
        return String::new();
    }
    let groups = folder.sweep().groups();
    let mut done = vec![0; count as usize];
    let in_parts = inventory.complete.iter().flat_map(|&block| folder.cells_of(block));
    in_parts
        .chain(report.decided.iter().copied())
        .for_each(|cell| done[Shard::index_of(groups.of(cell), count) as usize] += 1);
    let jobs: BTreeMap<u32, &Job> = jobs.iter().filter_map(|job| Some((job.shard?, *job))).collect();
    let mut lines = Vec::new();
    for (index, done) in done.into_iter().enumerate() {
        let all = folder.sweep().cells() / groups.size();
        let size = Shard::new(index as u32, count).map_or(0, |shard| shard.size(all)) * groups.size();
        if done < size {
            let job = jobs.get(&(index as u32)).map_or("no job that Slurm knows".to_owned(), |job| in_words(job));
            lines.push(format!("shard    {index}: {done} of {size} cells, {job}\n"));
        }
    }
    if lines.len() > SHARDS_MAX {
        let more = lines.len() - SHARDS_MAX;
        lines.truncate(SHARDS_MAX);
        lines.push(format!("         … and {more} more shards that are not complete\n"));
    }
    lines.concat()
}
