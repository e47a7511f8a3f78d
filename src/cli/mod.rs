//! The commands, one file each. Results go to standard output, everything else to standard error.

mod parameters;
mod progress;
mod run;
mod simulate;
mod status;
mod submit;
mod summarize;
mod timeline;
mod validate;

use std::fmt;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::runner::MemoryError;
use crate::slurm::SlurmError;
use crate::store::StoreError;
use crate::summary::SummaryError;
use crate::sweep::SweepError;

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
    /// Says what of a sweep is done, missing or damaged
    Status(status::Arguments),
    /// Submits a sweep to Slurm: an array of shards, and the summary that follows them
    Submit(submit::Arguments),
    /// Lists every parameter: unit, default, range, meaning, source
    Parameters(parameters::Arguments),
    /// Compares runs with results that are known, and says whether they agree
    Validate(validate::Arguments),
}

/// Why a command ended without success.
enum Failure {
    /// Something failed while running: exit status 1.
    Failed(String),
    /// The user asked for something that cannot be: exit status 2.
    WrongInput(String),
    /// The sweep file is wrong: exit status 2.
    Sweep(SweepError),
    /// Interrupted; what to say has been said: exit status 130.
    Interrupted,
    /// Nobody reads the results any more, as in `critmass … | head`.
    BrokenPipe,
}

impl From<SweepError> for Failure {
    fn from(error: SweepError) -> Failure {
        Failure::Sweep(error)
    }
}

impl From<MemoryError> for Failure {
    fn from(error: MemoryError) -> Failure {
        Failure::WrongInput(error.to_string())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        if error.is_wrong_input() { Failure::WrongInput(error.to_string()) } else { Failure::Failed(error.to_string()) }
    }
}

impl From<SlurmError> for Failure {
    fn from(error: SlurmError) -> Failure {
        match error {
            SlurmError::Refused(message) => Failure::WrongInput(message),
            error => Failure::Failed(error.to_string()),
        }
    }
}

impl From<SummaryError> for Failure {
    fn from(error: SummaryError) -> Failure {
        match error {
            SummaryError::Store(error) => error.into(),
            error => Failure::Failed(error.to_string()),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Failure::BrokenPipe,
            _ => Failure::Failed(format!("standard output: {error}")),
        }
    }
}

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Simulate(arguments) => simulate::simulate(&arguments),
        Command::Summarize(arguments) => summarize::summarize(&arguments),
        Command::Status(arguments) => status::status(&arguments),
        Command::Submit(arguments) => submit::submit(&arguments),
        Command::Parameters(arguments) => parameters::parameters(&arguments),
        Command::Validate(arguments) => validate::validate(&arguments),
    };
    ExitCode::from(match result {
        Ok(()) | Err(Failure::BrokenPipe) => 0,
        Err(Failure::Failed(message)) => say_error(&message, 1),
        Err(Failure::WrongInput(message)) => say_error(&message, 2),
        Err(Failure::Sweep(error)) => {
            if std::io::stderr().is_terminal() {
                say(format_args!("{:?}", miette::Report::new(error)));
                2
            } else {
                say_error(&error.to_string(), 2)
            }
        }
        Err(Failure::Interrupted) => 130,
    })
}

/// Says something on standard error. That nobody listens is no failure.
fn say(message: impl fmt::Display) {
    let _ = writeln!(std::io::stderr(), "{message}");
}

fn say_error(message: &str, status: u8) -> u8 {
    say(format_args!("error: {message}"));
    status
}

/// Writes a result to standard output.
fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}
