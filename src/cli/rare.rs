//! `critmass rare`

use std::path::PathBuf;

use super::arguments;
use super::cell::{CellName, cell_name, find_cell};
use super::failure::Failure;
use super::not_kept::counter;
use super::output::say;
use super::signals::Signals;
use super::table::{self, Format};
use super::threads::{pool, threads_given};
use crate::runner::{check_memory, rare_estimate};
use crate::store::{Destination, KeyMetadata};
use crate::summary::RareOutages;
use crate::sweep::Sweep;

/// The arguments of `rare`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The sweep file, with [rare]
    #[arg(value_name = "SWEEP.toml")]
    sweep: PathBuf,
    /// Looks at one cell alone: its number, or the values of its axes
    #[arg(long, value_name = "C", value_parser = cell_name)]
    cell: Option<CellName>,
    /// Overrides a key of the sweep file, such as rare.at_most=50000
    #[arg(long, value_name = "KEY=VALUE", value_parser = arguments::setting)]
    set: Vec<String>,
    /// Writes a row for each cell to a file, after each cell; cells that are in it already are not looked at again
    #[arg(long, value_name = "FILE.parquet")]
    out: Option<PathBuf>,
    /// Threads; all cores by default
    #[arg(long, value_name = "N", value_parser = arguments::threads, allow_negative_numbers = true)]
    threads: Option<u16>,
    /// How to show the result; csv and json have a row for each cell
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

pub(super) fn rare(arguments: &Arguments) -> Result<(), Failure> {
    let threads = arguments.threads.map_or_else(threads_given, usize::from);
    let destination = arguments.out.as_deref().map(Destination::of_table).transpose()?;
    let sweep = Sweep::read(&arguments.sweep, &arguments.set)?;
    let Some(wish) = sweep.rare else {
        let file = arguments.sweep.display();
        return Err(Failure::WrongInput(format!(
            "{file}: the sweep has no [rare]; expected it, with level = 1e-5, say, or --set rare.level=1e-5"
        )));
    };
    let cells = match &arguments.cell {
        Some(name) => vec![find_cell(&sweep, name)?],
        None => (0..sweep.cells()).collect(),
    };
    check_memory(&sweep, threads)?;
    let signals = Signals::catch()?;
    let mut answer = RareOutages::new(sweep.clone(), wish);
    let write = |answer: &RareOutages, to: &Destination| -> Result<(), Failure> {
        let rows = table::checked(answer.to_table())?;
        Ok(to.write(&rows.schema(), &KeyMetadata::new(&sweep), &[rows])?)
    };
    let file = destination.as_ref().filter(|to| to.can_be_replaced());
    file.iter().flat_map(|file| file.kept(&sweep)).for_each(|rows| answer.take_back(&rows));
    let pool = pool(threads)?;
    for &cell in &cells {
        if answer.has(cell) {
            say(format_args!("cell {cell}: in the file already"));
            continue;
        }
        let finished = counter(1_000, format!("at most {}", wish.at_most), "runs");
        let estimate = pool.install(|| rare_estimate(&sweep, &wish, cell, &signals.interrupted, &finished));
        let Some(estimate) = estimate else {
            let done = cells.iter().filter(|&&cell| answer.has(cell)).count();
            return Err(interrupted(done, cells.len(), file.is_some()));
        };
        let said = if estimate.has_converged() { "" } else { ", not converged" };
        say(format_args!("cell {cell}: {:.2e} from {} runs{said}", estimate.probability, estimate.runs));
        answer.add(cell, estimate);
        if let Some(file) = file {
            write(&answer, file)?;
        }
    }
    if let Some(stream) = destination.as_ref().filter(|to| !to.can_be_replaced()) {
        write(&answer, stream)?;
    }
    let answer = answer.of(&cells);
    table::show(arguments.format, || Ok(answer.in_words()), || answer.to_table())
}

/// Says what there is of a search that was interrupted.
fn interrupted(done: usize, all: usize, is_kept: bool) -> Failure {
    let said = match (done, is_kept) {
        (0, _) => "no cell was done".to_owned(),
        (_, false) => format!("{done} of {all} cells were done, which --out FILE.parquet would have kept"),
        (_, true) => format!("the file has {done} of {all} cells; the same command goes on with the others"),
    };
    say(format_args!("interrupted; {said}"));
    Failure::Interrupted
}
