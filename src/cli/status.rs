//! `critmass status`

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::output::print;
use crate::runner::decided_cells;
use crate::slurm::{Job, Submitted, failed, jobs};
use crate::store::{Folder, Inventory, Shard, SurfaceState};
use crate::summary::inventory as take_inventory;

/// The arguments of `status`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The folder of a sweep
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub(super) fn status(arguments: &Arguments) -> Result<(), Failure> {
    let folder = Folder::open(&arguments.folder)?;
    let inventory = take_inventory(&folder)?;
    let (decided, runs_in_checkpoints) = decided_cells(&folder, &inventory.open())?;
    let sweep = folder.sweep();
    let mut text = format!(
        "sweep    {} ({:.12})\ncells    {} of {} complete\nruns     {} in complete parts, {} in checkpoints\n\
         parts    {} present, {} missing, {} damaged\n",
        sweep.name,
        sweep.hash,
        inventory.cells + decided.len() as u64,
        sweep.cells(),
        inventory.runs,
        runs_in_checkpoints,
        inventory.complete.len(),
        inventory.missing.len(),
        inventory.damaged.len()
    );
    for message in damage(&inventory) {
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
    text += &of_slurm(&arguments.folder, &folder, &inventory, &decided)?;
    text += conclusion(&inventory);
    print(&text)
}

/// What is of no use, each with the file and what is wrong with it.
fn damage(inventory: &Inventory) -> impl Iterator<Item = &String> {
    let surface = match &inventory.surface {
        SurfaceState::Damaged(message) => Some(message),
        _ => None,
    };
    let parts = inventory.damaged.iter().map(|(_, message)| message);
    parts.chain(&inventory.damaged_checkpoints).chain(&inventory.damaged_checksums).chain(surface)
}

/// Whether the sweep is complete, and what to do if not.
fn conclusion(inventory: &Inventory) -> &'static str {
    let ended = !inventory.workers.whole && inventory.workers.shards.is_empty();
    let is_listed = inventory.damaged_checksums.is_empty() && inventory.unlisted == 0;
    match (inventory.is_complete(), &inventory.surface) {
        (true, SurfaceState::Whole) if is_listed => "complete\n",
        (_, _) if !ended => "not complete yet\n",
        (true, SurfaceState::Whole) => {
            "complete, but not all of it is listed in SHA256SUMS: critmass summarize lists it\n"
        }
        (true, SurfaceState::Missing) => "complete, but without surface.parquet: critmass summarize writes it\n",
        (true, SurfaceState::Partial) => {
            "complete, but surface.parquet is of a part of the runs: critmass summarize writes it anew\n"
        }
        (true, SurfaceState::Damaged(_)) => {
            "complete, but surface.parquet is of no use: critmass summarize writes it anew\n"
        }
        (false, _) => {
            "not complete: critmass run with the same sweep file continues it, and computes again what is damaged\n"
        }
    }
}

/// What became of the jobs of a submission; empty if there was none.
fn of_slurm(path: &Path, folder: &Folder, inventory: &Inventory, decided: &[u32]) -> Result<String, Failure> {
    let Some(submitted) = Submitted::read(path)? else { return Ok(String::new()) };
    let jobs = match jobs(&submitted) {
        Ok(jobs) => jobs,
        Err(error) => return Ok(format!("slurm    nothing is known of its jobs: {error}\n")),
    };
    let (summary, shards): (Vec<&Job>, Vec<&Job>) = jobs.iter().partition(|job| job.shard.is_none());
    let mut states: BTreeMap<&str, u32> = BTreeMap::new();
    shards.iter().for_each(|job| *states.entry(&job.state).or_default() += 1);
    let mut states: Vec<String> =
        states.into_iter().map(|(state, count)| format!("{count} {}", state.to_lowercase())).collect();
    if shards.len() < submitted.shards as usize {
        states.push(format!("{} forgotten by Slurm", submitted.shards as usize - shards.len()));
    }
    let mut text = format!("slurm    {} shards: {}; summary: ", submitted.shards, states.join(", "));
    text += &summary.first().map_or("forgotten by Slurm".to_owned(), |job| in_words(job));
    text.push('\n');
    text += &open_shards(&submitted, &shards, folder, inventory, decided);
    for failed in failed(path)? {
        let _ = writeln!(text, "failed   {}: {}", failed.name, failed.message);
    }
    Ok(text)
}

fn in_words(job: &Job) -> String {
    let reason = if job.reason.is_empty() { String::new() } else { format!(" ({})", job.reason) };
    format!("{} {}{reason}", job.id, job.state.to_lowercase())
}

/// The shards of a submission that have cells to do, each with its job.
fn open_shards(
    submitted: &Submitted,
    jobs: &[&Job],
    folder: &Folder,
    inventory: &Inventory,
    decided: &[u32],
) -> String {
    const LINES_MAX: usize = 20;
    if inventory.missing.is_empty() {
        return String::new();
    }
    let mut done = vec![0; submitted.shards as usize];
    let in_parts = inventory.complete.iter().flat_map(|&block| folder.cells_of(block));
    in_parts
        .chain(decided.iter().copied())
        .for_each(|cell| done[Shard::index_of(cell, submitted.shards) as usize] += 1);
    let jobs: BTreeMap<u32, &Job> = jobs.iter().filter_map(|job| Some((job.shard?, *job))).collect();
    let mut lines = Vec::new();
    for (index, done) in done.into_iter().enumerate() {
        let size = Shard::new(index as u32, submitted.shards).map_or(0, |shard| shard.size(folder.sweep().cells()));
        if done < size {
            let job = jobs.get(&(index as u32)).map_or("no job that Slurm knows".to_owned(), |job| in_words(job));
            lines.push(format!("shard    {index}: {done} of {size} cells, {job}\n"));
        }
    }
    if lines.len() > LINES_MAX {
        let more = lines.len() - LINES_MAX;
        lines.truncate(LINES_MAX);
        lines.push(format!("         … and {more} more shards that are not complete\n"));
    }
    lines.concat()
}
