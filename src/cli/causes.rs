//! `critmass causes`

use std::path::PathBuf;

use super::arguments;
use super::failure::Failure;
use super::not_kept;
use super::output::say;
use super::signals::Signals;
use super::table::{self, Format};
use super::threads::{pool, threads_given};
use crate::runner::check_memory;
use crate::store::{Destination, Folder, KeyMetadata};
use crate::summary::{Causes, Outages};

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
    #[arg(long, value_name = "N", value_parser = arguments::threads, allow_negative_numbers = true)]
    threads: Option<u16>,
    /// How to show the result: the shares of the causes, or a row for each outage
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
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
            let table = table::checked(causes.to_table())?;
            destination.write(&table.schema(), &KeyMetadata::new(folder.sweep()), &[table])?;
        }
        table::show(arguments.format, || Ok(causes.in_words()), || causes.to_table())
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
        let realize = |run: &_| outages.realization(run);
        let outcomes = not_kept::outcomes(outages.sweep().engine, &wanted, realize, signals)?;
        outages.take_in(&wanted, &outcomes);
    }
    Ok(outages.into_causes())
}
