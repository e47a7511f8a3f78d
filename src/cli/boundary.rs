//! `critmass boundary`

use std::path::PathBuf;

use super::arguments;
use super::failure::Failure;
use super::not_kept;
use super::output::say;
use super::signals::Signals;
use super::table::{self, Format};
use super::threads::{pool, threads_given};
use crate::boundary::{Along, Question};
use crate::engine::EngineKind;
use crate::runner::check_memory;
use crate::store::{Destination, Folder, KeyMetadata};
use crate::summary::{Boundary, Kept};
use crate::sweep::Sweep;

/// How closely the turn of a run is looked for: chance shifts it by more.
const RESOLUTION_OF_RUNS: f64 = 0.01;

/// The arguments of `boundary`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The sweep file, with --along; or the folder of a sweep, to show the boundary.parquet that lies in it
    #[arg(value_name = "SWEEP.toml | DIR")]
    source: PathBuf,
    /// The parameter, or the number of a named shock or intervention; an axis of the sweep or not
    #[arg(long, value_name = "PARAMETER")]
    along: Option<String>,
    /// The lower end; by default that of its axis, or of what is allowed
    #[arg(long, value_name = "X", allow_negative_numbers = true, requires = "along")]
    from: Option<f64>,
    /// The upper end, likewise
    #[arg(long, value_name = "X", allow_negative_numbers = true, requires = "along")]
    to: Option<f64>,
    /// Values from end to end at which the outcome is looked at first, so that a line that turns more than once is seen
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(2..=1_000_000), requires = "along")]
    probes: u32,
    /// Draws of the uncertain inputs in each cell; by default replicates.at_most of the sweep
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000_000), requires = "along")]
    draws: Option<u32>,
    /// The engine that is asked: mean-field, the limit of ever more clients, or agents, a run for each value that is looked at
    #[arg(long, value_name = "ENGINE", value_parser = arguments::engine, default_value = "mean-field", requires = "along")]
    engine: EngineKind,
    /// How closely a turn is looked for, as a share of the way between the ends; by default a millionth in the limit, and a
    /// hundredth by agents
    #[arg(long, value_name = "SHARE", value_parser = resolution, allow_negative_numbers = true, requires = "along")]
    resolution: Option<f64>,
    /// Overrides a key of the sweep file, such as time.horizon_h=24
    #[arg(long, value_name = "KEY=VALUE", value_parser = arguments::setting, requires = "along")]
    set: Vec<String>,
    /// Writes a row for each draw to a file; as boundary.parquet in the folder of a sweep it is a line over its surface
    #[arg(long, value_name = "FILE.parquet", requires = "along")]
    out: Option<PathBuf>,
    /// Threads; all cores by default
    #[arg(long, value_name = "N", value_parser = arguments::threads, allow_negative_numbers = true, requires = "along")]
    threads: Option<u16>,
    /// The outage probability at which the line is, in whole hundredths, such as 0.5; by default some of them
    #[arg(long, value_name = "P", value_parser = level, allow_negative_numbers = true)]
    level: Option<u32>,
    /// How to show the result; csv and json have a row for each cell and level of the outage probability
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

fn resolution(text: &str) -> Result<f64, String> {
    arguments::between(text, 0.0, 1.0)
}

/// A level, %.
fn level(text: &str) -> Result<u32, String> {
    let percent = text.parse().map_or(0.0, |level: f64| 100.0 * level);
    let whole = libm::round(percent);
    let is_one = (percent - whole).abs() < 1e-9 && (1.0..=99.0).contains(&whole);
    is_one.then_some(whole as u32).ok_or_else(|| "expected a number of whole hundredths, 0.01 … 0.99".to_owned())
}

pub(super) fn boundary(arguments: &Arguments) -> Result<(), Failure> {
    let answer = match (&arguments.along, arguments.source.is_dir()) {
        (Some(along), false) => found(arguments, along)?,
        (None, true) => kept(arguments)?,
        (along, _) => {
            let what = match along {
                Some(_) => {
                    "this is a folder, whose boundary.parquet is shown without --along; give its sweep file to make another"
                }
                None => "along which parameter is not said: --along PARAMETER",
            };
            return Err(Failure::WrongInput(format!("{}: {what}", arguments.source.display())));
        }
    };
    let not_monotone = answer.not_monotone().filter(|_| arguments.format != Format::Table);
    not_monotone.into_iter().for_each(say);
    table::show(arguments.format, || Ok(answer.in_words()), || answer.to_table())
}

/// What lies in the folder of a sweep.
fn kept(arguments: &Arguments) -> Result<Boundary, Failure> {
    let why = match Kept::of(&Folder::open(&arguments.source)?, arguments.level)? {
        Kept::Turns { boundary, .. } => return Ok(*boundary),
        Kept::Stale => format!("{} Anew:", Kept::STALE),
        Kept::Missing => "there is no boundary.parquet; it is made by".to_owned(),
    };
    Err(Failure::WrongInput(format!("{}: {why} {}", arguments.source.display(), Kept::ANEW)))
}

/// What is looked for now.
fn found(arguments: &Arguments, along: &str) -> Result<Boundary, Failure> {
    let threads = arguments.threads.map_or_else(threads_given, usize::from);
    let destination = arguments.out.as_deref().map(Destination::of_table).transpose()?;
    // What the engine does not have is refused as it is for a sweep of its own.
    let engine = [format!("run.engine={}", arguments.engine.name()), "run.noise=false".to_owned()];
    let sweep = Sweep::read(&arguments.source, &[arguments.set.as_slice(), &engine].concat())?;
    let question = question(arguments, along, &sweep)?;
    for sweep in question.at_the_ends().chain([question.sweep.clone()]) {
        check_memory(&sweep, threads)?;
    }
    let (ends, probes, resolution) =
        ([question.along.from, question.along.to], question.probes, question.along.resolution);
    let signals = Signals::catch()?;
    let lines = pool(threads)?.install(|| not_kept::turns(&question, &signals, "lines"))?;
    let answer = Boundary::of(question, lines, arguments.level);
    if let Some(destination) = destination {
        let draws = table::checked(answer.to_table_of_draws())?;
        let metadata = KeyMetadata::of_boundary(&sweep, along, ends, probes, resolution);
        destination.write(&draws.schema(), &metadata, &[draws])?;
    }
    Ok(answer)
}

fn question(arguments: &Arguments, along: &str, sweep: &Sweep) -> Result<Question, Failure> {
    let mut sweep = sweep.clone();
    let along = Along::take(&mut sweep, along, arguments.from, arguments.to);
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
