//! `critmass simulate`

use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json, json};

use super::arguments;
use super::cell::{CellName, cell_name, find_cell};
use super::failure::Failure;
use super::output::{print, say};
use super::threads::with_threads;
use super::timeline::{in_words, timeline};
use super::what_if;
use crate::engine::outcome::{OUTPUTS, Outcome, OutputValue};
use crate::engine::{EngineKind, Request, Run};
use crate::parameters::{PARAMETERS, Scenario};
use crate::runner::check_memory_of_run;
use crate::store::{Destination, Folder, KeyMetadata, trace_batch, trace_schema};
use crate::summary::KeptRun;
use crate::sweep::{Realization, Sweep, read_text};

/// The arguments of `simulate`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// A sweep file or its `[scenario]` alone; or the folder of a sweep, with --cell and --replicate. Without it, the
    /// defaults
    #[arg(value_name = "SCENARIO.toml | DIR")]
    source: Option<PathBuf>,
    /// Overrides a parameter, such as updates.synchronization=0.6; with --cell the run is shown beside the one of the
    /// sweep, from the same draws
    #[arg(long, value_name = "KEY=VALUE", value_parser = arguments::setting)]
    set: Vec<String>,
    /// Seed of the run
    #[arg(long, value_name = "S", conflicts_with = "cell", value_parser = arguments::seed, allow_negative_numbers = true)]
    seed: Option<u64>,
    /// The engine that makes the run, instead of the sweep file's: agents, which follows every client, or mean-field, its
    /// limit for ever more clients, to which the seed is without effect
    #[arg(long, value_name = "ENGINE", value_parser = arguments::engine, conflicts_with = "cell")]
    engine: Option<EngineKind>,
    /// Cell of the run in a finished sweep: its number, or what the axes say of it, such as
    /// overlay.supernode_ratio=0.02,updates.synchronization=0.6
    #[arg(long, value_name = "C", requires = "replicate", requires = "source", value_parser = cell_name, allow_negative_numbers = true)]
    cell: Option<CellName>,
    /// Replicate of the run in a finished sweep
    #[arg(long, value_name = "R", requires = "cell", value_parser = arguments::number, allow_negative_numbers = true)]
    replicate: Option<u32>,
    /// Writes the trace of the run as Parquet, a row a minute, to a file, pipe or device
    #[arg(long, value_name = "FILE.parquet")]
    trace: Option<PathBuf>,
    /// How to show the run
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A timeline and the outcome in words
    Text,
    /// Every output, for programs
    Json,
}

/// Interval of the rows of a trace, s.
const TRACE_EVERY_S: f64 = 60.0;

pub(super) fn simulate(arguments: &Arguments) -> Result<(), Failure> {
    let Chosen { engine, scenario, seed, kept } = chosen(arguments)?;
    let is_what_if = arguments.cell.is_some() && !arguments.set.is_empty();
    let changed = is_what_if.then(|| what_if::changed(&scenario, &arguments.set)).transpose()?;
    for scenario in changed.iter().chain([&scenario]) {
        engine.check(scenario).map_err(|error| Failure::WrongInput(error.to_string()))?;
        check_memory_of_run(engine, scenario)?;
    }
    // Before the run, which may take long.
    let trace = arguments.trace.as_deref().map(Destination::of_table).transpose()?;
    let run = |scenario: &Scenario| {
        let run = engine.workspace().run(scenario, seed, &Request::trace(TRACE_EVERY_S));
        run.ok_or(Failure::Interrupted)
    };
    let before = run(&scenario)?;
    let after = changed.map(|scenario| run(&scenario).map(|run| (scenario, run))).transpose()?;
    if let Some(destination) = &trace {
        write_trace(destination, after.as_ref().map_or(&before, |(_, run)| run))?;
    }
    let in_text =
        |scenario: &Scenario, run: &Run| format!("{}\n{}", timeline(scenario, run), in_words(scenario, &run.outcome));
    let in_json = |scenario: &Scenario, run: &Run| json(engine, scenario, seed, &run.outcome);
    let set = &arguments.set;
    print(&match (arguments.format, &after) {
        (Format::Text, None) => in_text(&scenario, &before),
        (Format::Text, Some((changed, after))) => format!(
            "{}\nChanged: {}\n\n{}\n{}",
            in_text(&scenario, &before),
            set.join(", "),
            in_text(changed, after),
            what_if::table(&before.outcome, &after.outcome)
        ),
        (Format::Json, None) => format!("{:#}\n", in_json(&scenario, &before)),
        (Format::Json, Some((changed, after))) => {
            format!("{:#}\n", what_if::json(in_json(&scenario, &before), in_json(changed, after), set))
        }
    })?;
    kept.map_or(Ok(()), |kept| compare(&before.outcome, &kept))
}

/// The run that is to be simulated.
struct Chosen {
    engine: EngineKind,
    scenario: Scenario,
    seed: u64,
    /// What the sweep that it belongs to kept of it, if it has run already.
    kept: Option<KeptRun>,
}

fn chosen(arguments: &Arguments) -> Result<Chosen, Failure> {
    let (text, source) = match (&arguments.source, &arguments.cell, arguments.replicate) {
        (Some(folder), Some(cell), Some(replicate)) => return of_a_sweep(folder, cell, replicate),
        (Some(path), ..) if path.is_dir() => {
            let message = "this is a folder: say which run of it with --cell and --replicate";
            return Err(Failure::WrongInput(format!("{}: {message}", path.display())));
        }
        (Some(path), ..) => (read_text(path)?, path.display().to_string()),
        (None, ..) => (String::new(), "the defaults".to_owned()),
    };
    let (scenario, of_file) = Sweep::parse_scenario(&text, &source, &arguments.set)?;
    let engine = arguments.engine.unwrap_or(of_file);
    engine.check(&scenario).map_err(|error| Failure::WrongInput(format!("{source}: {error}")))?;
    Ok(Chosen { engine, scenario, seed: arguments.seed.unwrap_or(0), kept: None })
}

/// One run of a sweep.
fn of_a_sweep(path: &Path, cell: &CellName, replicate: u32) -> Result<Chosen, Failure> {
    let folder = Folder::open(path)?;
    let sweep = folder.sweep();
    let cell = find_cell(sweep, cell)?;
    let most = sweep.replicates.at_most;
    if replicate >= most {
        let message = format!("--replicate {replicate}: the sweep {:?} has replicates 0 … {}", sweep.name, most - 1);
        return Err(Failure::WrongInput(message));
    }
    let kept = with_threads(|| Ok(KeptRun::find(&folder, cell, replicate)?))?;
    let Realization { scenario, seed, .. } = sweep.realization(cell, replicate);
    Ok(Chosen { engine: sweep.engine, scenario, seed, kept })
}

/// Compares a run with the one that the sweep kept, output by output.
fn compare(outcome: &Outcome, kept: &KeptRun) -> Result<(), Failure> {
    let differences = kept.differences(outcome);
    if differences.is_empty() {
        say("the run is the one of the sweep: every output is the same");
        return Ok(());
    }
    Err(Failure::Failed(format!("the run differs from its row in the sweep in {}", differences.join(", "))))
}

fn write_trace(destination: &Destination, run: &Run) -> Result<(), Failure> {
    let schema = trace_schema();
    // A single run has no sweep: cell and replicate, the first two columns, say nothing.
    let columns: Vec<usize> = (2..schema.fields().len()).collect();
    let table = trace_batch(&schema, std::iter::once((0, 0, run.trace.as_slice())))
        .and_then(|table| table.project(&columns))
        .map_err(|error| Failure::Failed(format!("the trace cannot be written: {error}")))?;
    Ok(destination.write(&table.schema(), &KeyMetadata::none(), &[table])?)
}

fn json(engine: EngineKind, scenario: &Scenario, seed: u64, outcome: &Outcome) -> Json {
    let outputs = OUTPUTS.iter().map(|output| {
        let value = match (output.get)(outcome) {
            OutputValue::Boolean(b) => json!(b),
            OutputValue::Count(n) => json!(n),
            OutputValue::Number(x) => json!(x),
            OutputValue::Word(word) => json!(word),
        };
        (output.name.to_owned(), value)
    });
    // Everything that differs from the defaults.
    let given = scenario.totals.iter().map(|(total, _)| total);
    let changed = PARAMETERS.iter().filter(|parameter| parameter.get(scenario) != parameter.default()).chain(given);
    let changed = changed.map(|parameter| (parameter.name.to_owned(), parameter.get(scenario).to_json()));
    json!({
        "engine": engine.to_string(),
        "seed": seed,
        "scenario": Json::Object(changed.collect::<Map<_, _>>()),
        "outputs": Json::Object(outputs.collect::<Map<_, _>>()),
    })
}
