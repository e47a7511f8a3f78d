//! `critmass status`

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::{Failure, print};
use crate::runner::decided_cells;
use crate::slurm::{Submitted, Task, failed, tasks};
use crate::store::{Check, Folder, PartState, Shard, StoreError};

/// The arguments of `status`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The folder of a sweep
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// What a folder holds.
#[derive(Default)]
struct Stock {
    /// Blocks with complete parts, and how many cells and runs these hold.
    blocks: Vec<u32>,
    cells: u64,
    runs: u64,
    /// Cells that are decided, but not in a part yet, and the runs in checkpoints.
    decided: Vec<u32>,
    kept: u64,
    missing: u32,
    damaged: Vec<String>,
}

impl Stock {
    fn take(folder: &Folder) -> Result<Stock, StoreError> {
        let (mut stock, mut open) = (Stock::default(), Vec::new());
        for (block, state) in folder.part_states(Check::Bytes)?.into_iter().enumerate() {
            match state {
                PartState::Present(runs) => {
                    stock.blocks.push(block as u32);
                    stock.runs += runs;
                    stock.cells += folder.cells_of(block as u32).len() as u64;
                    continue;
                }
                PartState::Missing => stock.missing += 1,
                PartState::Damaged(message) => stock.damaged.push(message),
            }
            open.push(block as u32);
        }
        (stock.decided, stock.kept) = decided_cells(folder, &open)?;
        Ok(stock)
    }
}

pub(super) fn status(arguments: &Arguments) -> Result<(), Failure> {
    let folder = Folder::open(&arguments.folder)?;
    let stock = Stock::take(&folder)?;
    let damaged_checkpoints = folder.damaged_checkpoints()?;
    let sweep = folder.sweep();
    let mut text = format!(
        "sweep    {} ({:.12})\ncells    {} of {} complete\nruns     {} in complete parts, {} in checkpoints\n\
         parts    {} present, {} missing, {} damaged\n",
        sweep.name,
        sweep.hash,
        stock.cells + stock.decided.len() as u64,
        sweep.cells(),
        stock.runs,
        stock.kept,
        stock.blocks.len(),
        stock.missing,
        stock.damaged.len()
    );
    for message in stock.damaged.iter().chain(&damaged_checkpoints) {
        let _ = writeln!(text, "damaged  {message}");
    }
    for stray in folder.strays()? {
        let _ = writeln!(text, "stray    {}: not of this sweep, but readers of the folder take it in", stray.display());
    }
    let workers = folder.workers()?;
    if workers.whole {
        text += "running  the whole sweep\n";
    }
    if !workers.shards.is_empty() {
        let shards: Vec<String> = workers.shards.iter().map(Shard::to_string).collect();
        let _ = writeln!(text, "running  shards {}", shards.join(", "));
    }
    text += &of_slurm(&arguments.folder, &folder, &stock)?;
    let ended = !workers.whole && workers.shards.is_empty();
    let surface = arguments.folder.join("surface.parquet").exists();
    text += match (stock.missing == 0 && stock.damaged.is_empty(), surface) {
        (true, true) => "complete\n",
        (true, false) => "complete, but without surface.parquet: critmass summarize writes it\n",
        (false, _) if ended => {
            "not complete: critmass run with the same sweep file continues it, and computes again what is damaged\n"
        }
        (false, _) => "not complete yet\n",
    };
    print(&text)
}

/// What became of the jobs of a submission; empty if there was none.
fn of_slurm(path: &Path, folder: &Folder, stock: &Stock) -> Result<String, Failure> {
    let Some(submitted) = Submitted::read(path)? else { return Ok(String::new()) };
    let tasks = match tasks(&submitted) {
        Ok(tasks) => tasks,
        Err(error) => return Ok(format!("slurm    nothing is known of its jobs: {error}\n")),
    };
    let (summary, shards): (Vec<&Task>, Vec<&Task>) = tasks.iter().partition(|task| task.shard.is_none());
    let mut states: BTreeMap<&str, u32> = BTreeMap::new();
    shards.iter().for_each(|task| *states.entry(&task.state).or_default() += 1);
    let mut states: Vec<String> =
        states.into_iter().map(|(state, count)| format!("{count} {}", state.to_lowercase())).collect();
    if shards.len() < submitted.shards as usize {
        states.push(format!("{} forgotten by Slurm", submitted.shards as usize - shards.len()));
    }
    let mut text = format!("slurm    {} shards: {}; summary: ", submitted.shards, states.join(", "));
    text += &summary.first().map_or("forgotten by Slurm".to_owned(), |task| in_words(task));
    text.push('\n');
    text += &open_shards(&submitted, &shards, folder, stock);
    for failed in failed(path)? {
        let _ = writeln!(text, "failed   {}: {}", failed.name, failed.message);
    }
    Ok(text)
}

fn in_words(task: &Task) -> String {
    let reason = if task.reason.is_empty() { String::new() } else { format!(" ({})", task.reason) };
    format!("{} {}{reason}", task.id, task.state.to_lowercase())
}

/// The shards of a submission that have cells to do, each with its job.
fn open_shards(submitted: &Submitted, tasks: &[&Task], folder: &Folder, stock: &Stock) -> String {
    const LINES_MAX: usize = 20;
    if stock.missing == 0 {
        return String::new();
    }
    let mut done = vec![0; submitted.shards as usize];
    let in_parts = stock.blocks.iter().flat_map(|&block| folder.cells_of(block));
    in_parts
        .chain(stock.decided.iter().copied())
        .for_each(|cell| done[Shard::index_of(cell, submitted.shards) as usize] += 1);
    let jobs: BTreeMap<u32, &Task> = tasks.iter().filter_map(|task| Some((task.shard?, *task))).collect();
    let mut lines = Vec::new();
    for (index, done) in done.into_iter().enumerate() {
        let size = Shard::new(index as u32, submitted.shards).map_or(0, |shard| shard.size(folder.sweep().cells()));
        if done < size {
            let job = jobs.get(&(index as u32)).map_or("no job that Slurm knows".to_owned(), |task| in_words(task));
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
