//! `critmass estimate`

use std::path::PathBuf;

use super::arguments;
use super::failure::Failure;
use super::not_kept;
use super::output::say;
use super::signals::Signals;
use super::table::{self, Format};
use super::threads::{pool, threads_given};
use crate::boundary::{Along, Question};
use crate::runner::check_memory;
use crate::store::{Destination, KeyMetadata};
use crate::summary::{Fidelity, FidelityRounds, check_fidelity};
use crate::sweep::Sweep;

/// Values at which the outcome is looked at before it is bisected.
const PROBES: u32 = 3;
/// Closer than this share of the axis a turn need not be known: chance shifts it by more.
const RESOLUTION: f64 = 1e-3;
/// Most draws of all cells together, which are held in memory.
const DRAWS_MAX: u64 = 4_000_000;

/// The arguments of `estimate`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The sweep file
    #[arg(value_name = "SWEEP.toml")]
    sweep: PathBuf,
    /// The axis along which the limit says where the outcome turns
    #[arg(long, value_name = "PARAMETER")]
    along: String,
    /// Mean number of runs of a cell, over the cells of a line; more where the limit is in doubt, fewer elsewhere
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(4..=1_000_000))]
    runs: u32,
    /// Makes the runs for where the outage probability crosses this level along the axis, 0.001 … 0.999, and says where
    #[arg(long, value_name = "P", value_parser = level, allow_negative_numbers = true)]
    level: Option<f64>,
    /// Draws of the uncertain inputs, the same in all cells of a line; by default replicates.at_most of the sweep
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(16..=1_000_000))]
    draws: Option<u32>,
    /// Overrides a key of the sweep file, such as time.horizon_h=24
    #[arg(long, value_name = "KEY=VALUE", value_parser = arguments::setting)]
    set: Vec<String>,
    /// Writes a row for each run to a file, with its weight
    #[arg(long, value_name = "FILE.parquet")]
    out: Option<PathBuf>,
    /// Threads; all cores by default
    #[arg(long, value_name = "N", value_parser = arguments::threads, allow_negative_numbers = true)]
    threads: Option<u16>,
    /// How to show the result; csv and json have a row for each cell, with --level for each crossing
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

/// Nearer to 0 or 1 no estimate of a cell is told apart from it.
fn level(text: &str) -> Result<f64, String> {
    let level = text.parse().ok().filter(|level| (0.001..=0.999).contains(level));
    level.ok_or_else(|| "expected a number, 0.001 … 0.999".to_owned())
}

pub(super) fn estimate(arguments: &Arguments) -> Result<(), Failure> {
    let threads = arguments.threads.map_or_else(threads_given, usize::from);
    let destination = arguments.out.as_deref().map(Destination::of_table).transpose()?;
    let sweep = Sweep::read(&arguments.sweep, &arguments.set)?;
    check_fidelity(&sweep, &arguments.along).map_err(Failure::WrongInput)?;
    let question = question(arguments, &sweep)?;
    check_memory(&sweep, threads)?;
    let signals = Signals::catch()?;
    let answer = pool(threads)?.install(|| answer(arguments, &sweep, question, &signals))?;
    if let Some(destination) = destination {
        let runs = table::checked(answer.to_table_of_runs())?;
        destination.write(&runs.schema(), &KeyMetadata::new(&sweep), &[runs])?;
    }
    table::show(arguments.format, || Ok(answer.in_words()), || answer.to_table())
}

/// Where the draws of each line turn in the limit.
fn question(arguments: &Arguments, sweep: &Sweep) -> Result<Question, Failure> {
    // What the limit does not have is refused as it is for a sweep of its own.
    let of_the_limit =
        [arguments.set.as_slice(), &["run.engine=mean-field".to_owned(), "run.noise=false".to_owned()]].concat();
    let mut limit = Sweep::read(&arguments.sweep, &of_the_limit)?;
    limit.replicates.common_random_numbers = true;
    let along = Along::take(&mut limit, &arguments.along, None, None);
    let mut along = along.map_err(|message| Failure::WrongInput(format!("--along: {message}")))?;
    along.resolution = RESOLUTION;
    let draws = arguments.draws.unwrap_or(sweep.replicates.at_most);
    let all = u64::from(draws) * u64::from(sweep.cells());
    if all > DRAWS_MAX {
        let message =
            format!("{} cells with {draws} draws each are {all}; expected at most {DRAWS_MAX}", sweep.cells());
        return Err(Failure::WrongInput(message));
    }
    Ok(Question { sweep: limit, along, draws, probes: PROBES })
}

fn answer(arguments: &Arguments, sweep: &Sweep, question: Question, signals: &Signals) -> Result<Fidelity, Failure> {
    let all = u64::from(question.sweep.cells()) * u64::from(question.draws);
    say(format_args!("looking for {all} turns in the limit of ever more clients"));
    let limit = not_kept::turns(&question, signals, "turns")?;
    let mut rounds = FidelityRounds::new(sweep, question, limit, f64::from(arguments.runs), arguments.level);
    take_in(&mut rounds, signals)?;
    rounds.learn();
    take_in(&mut rounds, signals)?;
    Ok(rounds.into_answer())
}

/// Makes the runs of a round.
fn take_in(rounds: &mut FidelityRounds, signals: &Signals) -> Result<(), Failure> {
    let wanted = rounds.wanted();
    say(format_args!("making {} runs, which are not kept", wanted.len()));
    let outcomes = not_kept::outcomes(rounds.sweep().engine, &wanted, |key| rounds.realization(key), signals)?;
    rounds.take_in(&wanted, &outcomes);
    Ok(())
}
