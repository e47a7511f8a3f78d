//! `critmass boundary`

use std::path::PathBuf;

use super::arguments;
use super::failure::Failure;
use super::not_kept;
use super::signals::Signals;
use super::table::{self, Format};
use super::threads::{pool, threads_given};
use crate::boundary::{Along, Question};
use crate::engine::EngineKind;
use crate::runner::check_memory;
use crate::store::{Destination, KeyMetadata};
use crate::summary::Boundary;
use crate::sweep::Sweep;

/// How closely the turn of a run is looked for: chance shifts it by more.
const RESOLUTION_OF_RUNS: f64 = 0.01;

/// The arguments of `boundary`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The sweep file
    #[arg(value_name = "SWEEP.toml")]
    sweep: PathBuf,
    /// The parameter, or the number of a named shock or intervention; an axis of the sweep or not
    #[arg(long, value_name = "PARAMETER")]
    along: String,
    /// The lower end; by default that of its axis, or of what is allowed
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    from: Option<f64>,
    /// The upper end, likewise
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    to: Option<f64>,
    /// Values from end to end at which the outcome is looked at first, so that a line that turns more than once is seen
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
    probes: u32,
    /// Draws of the uncertain inputs in each cell; by default replicates.at_most of the sweep
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    draws: Option<u32>,
    /// The engine that is asked: mean-field, the limit of ever more clients, or agents, a run for each value that is looked at
    #[arg(long, value_name = "ENGINE", value_parser = arguments::engine, default_value = "mean-field")]
    engine: EngineKind,
    /// How closely a turn is looked for, as a share of the way between the ends; by default a millionth in the limit, and a
    /// hundredth by agents
    #[arg(long, value_name = "SHARE", value_parser = resolution, allow_negative_numbers = true)]
    resolution: Option<f64>,
    /// Overrides a key of the sweep file, such as time.horizon_h=24
    #[arg(long, value_name = "KEY=VALUE", value_parser = arguments::setting)]
    set: Vec<String>,
    /// Writes a row for each draw to a file; the report of a sweep shows boundary.parquet in its folder
    #[arg(long, value_name = "FILE.parquet")]
    out: Option<PathBuf>,
    /// Threads; all cores by default
    #[arg(long, value_name = "N", value_parser = arguments::threads, allow_negative_numbers = true)]
    threads: Option<u16>,
    /// How to show the result; csv and json have a row for each cell and level of the outage probability
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

fn resolution(text: &str) -> Result<f64, String> {
    arguments::between(text, 0.0, 1.0)
}

pub(super) fn boundary(arguments: &Arguments) -> Result<(), Failure> {
    let threads = arguments.threads.map_or_else(threads_given, usize::from);
    let destination = arguments.out.as_deref().map(Destination::of_table).transpose()?;
    // What the engine does not have is refused as it is for a sweep of its own.
    let engine = [format!("run.engine={}", arguments.engine.name()), "run.noise=false".to_owned()];
    let sweep = Sweep::read(&arguments.sweep, &[arguments.set.as_slice(), &engine].concat())?;
    let question = question(arguments, &sweep)?;
    for sweep in question.at_the_ends().chain([question.sweep.clone()]) {
        check_memory(&sweep, threads)?;
    }
    let [from, to] = [question.along.from, question.along.to];
    let signals = Signals::catch()?;
    let lines = pool(threads)?.install(|| not_kept::turns(&question, &signals, "lines"))?;
    let answer = Boundary::of(question, lines);
    if let Some(destination) = destination {
        let draws = table::checked(answer.to_table_of_draws())?;
        destination.write(&draws.schema(), &KeyMetadata::of_boundary(&sweep, &arguments.along, from, to), &[draws])?;
    }
    table::show(arguments.format, || Ok(answer.in_words()), || answer.to_table())
}

fn question(arguments: &Arguments, sweep: &Sweep) -> Result<Question, Failure> {
    let mut sweep = sweep.clone();
    let along = Along::take(&mut sweep, &arguments.along, arguments.from, arguments.to);
    let mut along = along.map_err(|message| Failure::WrongInput(format!("--along: {message}")))?;
    if arguments.engine != EngineKind::MeanField {
        along.resolution = RESOLUTION_OF_RUNS;
        if sweep.uncertain.is_empty() {
            let message = "--engine: without [uncertain] chance alone decides between runs, and a run has no value at which it \
                           turns: make a sweep along the parameter";
            return Err(Failure::WrongInput(message.to_owned()));
        }
    }
    along.resolution = arguments.resolution.unwrap_or(along.resolution);
    // Without uncertain inputs all draws are the same.
    let draws = if sweep.uncertain.is_empty() { 1 } else { arguments.draws.unwrap_or(sweep.replicates.at_most) };
    Ok(Question { sweep, along, draws, probes: arguments.probes })
}
