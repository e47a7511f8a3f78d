//! The commands, one file each. Results go to standard output, everything else to standard error.

mod arguments;
mod boundary;
mod causes;
mod cell;
mod columns;
mod compare;
mod complete;
mod crossings;
mod estimate;
mod extend;
mod failure;
mod new;
mod next;
mod not_kept;
mod output;
mod parameters;
mod progress;
mod rare;
mod reference;
mod report;
mod resources;
mod run;
mod sample;
mod screen;
mod sensitivity;
mod signals;
mod simulate;
mod status;
mod submit;
mod summarize;
mod table;
mod text;
mod threads;
mod timeline;
mod validate;
mod what_if;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use failure::DONE;
use output::say_styled;
use threads::with_threads;

/// Monte Carlo sweeps of a super-node network that goes down when too many of its clients restart at once, and stays
/// down.
#[derive(Parser)]
#[command(version, propagate_version = true, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs a sweep, or goes on with one that was interrupted
    Run(run::Arguments),
    /// Simulates one run and shows what happened in it
    Simulate(simulate::Arguments),
    /// Writes the summary of a sweep anew and shows it
    Summarize(summarize::Arguments),
    /// Says which uncertain inputs the outage of a sweep, or another output, depends on
    Sensitivity(sensitivity::Arguments),
    /// Says where the outage probability crosses a level, along each axis, and how surely
    Crossings(crossings::Arguments),
    /// Says what one point of an axis changes against another one, replicate by replicate
    Compare(compare::Arguments),
    /// Says where the outcome turns along a parameter, in the limit or run by run
    Boundary(boundary::Arguments),
    /// Estimates outage probabilities from few runs, made where the limit is in doubt
    Estimate(estimate::Arguments),
    /// Finds the probability of outages that hardly ever happen, and where they are
    Rare(rare::Arguments),
    /// Says where the outages of a sweep come from, by runs without what may cause them
    Causes(causes::Arguments),
    /// Writes one page of HTML with what a sweep says
    Report(report::Arguments),
    /// Says what of a sweep is done, missing or damaged
    Status(status::Arguments),
    /// Submits a sweep to Slurm: an array of shards, and the summary that follows them
    Submit(submit::Arguments),
    /// Writes a commented sweep file to start from
    New(new::Arguments),
    /// Lists every parameter: unit, default, range, meaning, source
    Parameters(parameters::Arguments),
    /// Shows every key of the sweep file
    Reference(reference::Arguments),
    /// Lists the columns of the results: type, unit, description
    Columns(columns::Arguments),
    /// Compares runs with results that are known, and says whether they agree
    Validate(validate::Arguments),
}

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Simulate(arguments) => simulate::simulate(&arguments),
        Command::Summarize(arguments) => with_threads(|| summarize::summarize(&arguments)),
        Command::Sensitivity(arguments) => sensitivity::sensitivity(&arguments),
        Command::Crossings(arguments) => with_threads(|| crossings::crossings(&arguments)),
        Command::Compare(arguments) => with_threads(|| compare::compare(&arguments)),
        Command::Boundary(arguments) => boundary::boundary(&arguments),
        Command::Estimate(arguments) => estimate::estimate(&arguments),
        Command::Rare(arguments) => rare::rare(&arguments),
        Command::Causes(arguments) => causes::causes(&arguments),
        Command::Report(arguments) => with_threads(|| report::report(&arguments)),
        Command::Status(arguments) => with_threads(|| status::status(&arguments)),
        Command::Submit(arguments) => with_threads(|| submit::submit(&arguments)),
        Command::New(arguments) => new::new(&arguments),
        Command::Parameters(arguments) => parameters::parameters(&arguments),
        Command::Reference(arguments) => reference::reference(&arguments),
        Command::Columns(arguments) => columns::columns(&arguments),
        Command::Validate(arguments) => with_threads(|| validate::validate(&arguments)),
    };
    ExitCode::from(match result {
        Ok(()) => DONE,
        Err(failure) => {
            let status = failure.status();
            if let Some(message) = failure.message(std::io::stderr().is_terminal()) {
                say_styled(message);
            }
            status
        }
    })
}
