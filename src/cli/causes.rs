//! `critmass causes`

use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::failure::Failure;
use super::output::{print, say};
use super::signals::Signals;
use super::threads::{pool, threads_given};
use crate::runner::{check_memory, outcomes_of};
use crate::store::{Destination, Folder, KeyMetadata};
use crate::summary::{Causes, Outages, write_csv, write_json};

/// The arguments of `causes`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The folder of a sweep
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Outages of each cell that are looked at, with seven to ten runs each
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    per_cell: u32,
    /// Looks at one cell alone
    #[arg(long, value_name = "C")]
    cell: Option<u32>,
    /// Writes a row for each outage to a file
    #[arg(long, value_name = "FILE.parquet")]
    out: Option<PathBuf>,
    /// Threads; all cores by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=4096))]
    threads: Option<u16>,
    /// How to show the result
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// The shares of the causes
    Table,
    /// A row for each outage
    Csv,
    /// The same, an object for each outage
    Json,
}

pub(super) fn causes(arguments: &Arguments) -> Result<(), Failure> {
    let threads = arguments.threads.map_or_else(threads_given, usize::from);
    let destination = arguments.out.as_deref().map(Destination::of_table).transpose()?;
    let signals = Signals::catch()?;
    pool(threads)?.install(|| {
        let folder = Folder::open(&arguments.folder)?;
        let cells = folder.sweep().cells();
        if let Some(cell) = arguments.cell.filter(|&cell| cell >= cells) {
            return Err(Failure::WrongInput(format!("--cell {cell}: the sweep has cells 0 … {}", cells - 1)));
        }
        if !folder.is_complete()? {
            say("the sweep is not complete: this is what the runs say that are kept so far");
        }
        let outages = Outages::read(&folder, arguments.per_cell, arguments.cell)?;
        let causes = found(outages, threads, &signals)?;
        if let Some(destination) = destination {
            let table = table(&causes)?;
            destination.write(&table.schema(), &KeyMetadata::new(folder.sweep()), &[table])?;
        }
        show(&causes, arguments.format)
    })
}

/// Makes the runs that it takes.
fn found(mut outages: Outages, threads: usize, signals: &Signals) -> Result<Causes, Failure> {
    if !outages.is_empty() {
        check_memory(outages.sweep(), threads)?;
    }
    for _ in 0..Outages::ROUNDS {
        let wanted = outages.wanted();
        if wanted.is_empty() {
            break;
        }
        say(format_args!("making {} runs for {} outages, which are not kept", wanted.len(), outages.len()));
        let done = AtomicUsize::new(0);
        let finished = || {
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            if done.is_multiple_of(500) {
                say(format_args!("{done} of {} runs", wanted.len()));
            }
        };
        let realize = |run: &_| outages.realization(run);
        let Some(outcomes) = outcomes_of(outages.sweep().engine, &wanted, realize, &signals.interrupted, &finished)
        else {
            say("interrupted; nothing was kept");
            return Err(Failure::Interrupted);
        };
        outages.take_in(&wanted, &outcomes);
    }
    Ok(outages.into_causes())
}

fn table(causes: &Causes) -> Result<arrow_array::RecordBatch, Failure> {
    causes.to_table().map_err(|error| Failure::Failed(error.to_string()))
}

fn show(causes: &Causes, format: Format) -> Result<(), Failure> {
    let mut out = BufWriter::new(std::io::stdout());
    match format {
        Format::Table => print(&causes.in_words())?,
        Format::Csv => write_csv(&table(causes)?, &mut out)?,
        Format::Json => write_json(&table(causes)?, &mut out)?,
    }
    Ok(out.flush()?)
}
