//! `critmass sensitivity`

use std::path::PathBuf;

use super::arguments::{self, outputs};
use super::failure::Failure;
use super::not_kept;
use super::output::say;
use super::signals::Signals;
use super::table::{self, Format};
use super::threads::{pool, threads_given};
use crate::runner::check_memory;
use crate::store::Folder;
use crate::summary::{RunAgain, RunSample, Sensitivity};

/// The arguments of `sensitivity`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The folder of a sweep
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The output
    #[arg(long, value_name = "OUTPUT", value_parser = outputs(), default_value = "outage")]
    output: String,
    /// Makes up to N runs again, once with another seed and once with another draw of each input: for the share of
    /// chance and the total indices
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=10_000_000))]
    pairs: u32,
    /// Shows one cell instead of all together (table)
    #[arg(long, value_name = "C")]
    cell: Option<u32>,
    /// Threads; all cores by default
    #[arg(long, value_name = "N", value_parser = arguments::threads, allow_negative_numbers = true)]
    threads: Option<u16>,
    /// How to show the result; csv and json have a row for each cell and input, and first those of all cells together
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

pub(super) fn sensitivity(arguments: &Arguments) -> Result<(), Failure> {
    let threads = arguments.threads.map_or_else(threads_given, usize::from);
    let signals = Signals::catch()?;
    pool(threads)?.install(|| {
        let folder = Folder::open(&arguments.folder)?;
        let sample = RunSample::read(&folder, &arguments.output)?.ok_or_else(|| no_number(&arguments.output))?;
        if sample.runs() == 0 {
            return Err(Failure::WrongInput(format!("{}: no run is finished yet", arguments.folder.display())));
        }
        if !folder.is_complete()? {
            say("the sweep is not complete: this is what the runs say that are kept so far");
        }
        let result = analyzed(sample, arguments.pairs, threads, &signals)?;
        show(&result, arguments)
    })
}

/// Makes the runs that are wanted, and analyzes all.
fn analyzed(sample: RunSample, pairs: u32, threads: usize, signals: &Signals) -> Result<Sensitivity, Failure> {
    let runs = sample.to_repeat(pairs);
    if !runs.is_empty() {
        check_memory(sample.sweep(), threads)?;
        say(format_args!("making {} runs, which are not kept", runs.len()));
    }
    let sweep = sample.sweep();
    let realize = |run: &RunAgain| match run.redrawn {
        None => Some(sweep.repeated(run.cell, run.replicate)),
        Some(input) => sweep.redrawn(run.cell, run.replicate, input),
    };
    let outcomes = not_kept::outcomes(sweep.engine, &runs, realize, signals)?;
    Ok(Sensitivity::of(sample, &runs, &outcomes))
}

fn show(result: &Sensitivity, arguments: &Arguments) -> Result<(), Failure> {
    let words = || {
        result.in_words(arguments.cell).ok_or_else(|| {
            let message = format!("--cell: there are no runs of such a cell among the {}", result.sweep().cells());
            Failure::WrongInput(message)
        })
    };
    table::show(arguments.format, words, || result.to_table())
}

fn no_number(output: &str) -> Failure {
    Failure::WrongInput(format!("--output: {output} is not a number"))
}
