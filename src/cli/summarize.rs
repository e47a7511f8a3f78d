//! `critmass summarize`

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use super::arguments::outputs;
use super::failure::Failure;
use super::output::{print_map, say, show};
use super::screen::screen_of_results;
use super::table::Format;
use crate::store::{Folder, Inspection, PartState};
use crate::summary::show::{Csv, Exporter, Json, columns_of, show_output};
use crate::summary::{SummaryError, Surface, surface_of_folder, write_surface};

/// The output that the surface shows if no other is asked for.
const OUTAGE: &str = "outage";

/// The arguments of `summarize`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The folder of a sweep
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Shows this output instead of the outage probability, such as recovery_h
    #[arg(long, value_name = "OUTPUT", value_parser = outputs())]
    output: Option<String>,
    /// Which statistic of the output: mean, sd, or one of the quantiles q05, q50 and q95
    #[arg(long, value_name = "STATISTIC", requires = "output", default_value = "mean")]
    statistic: String,
    /// How to show the surface: a map or a list, or every column of surface.parquet
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

pub(super) fn summarize(arguments: &Arguments) -> Result<(), Failure> {
    if arguments.output.is_some() && !matches!(arguments.format, Format::Table) {
        let message = "--output chooses what the table shows; csv and json have every column";
        return Err(Failure::WrongInput(message.to_owned()));
    }
    let folder = Folder::open(&arguments.folder)?;
    let states = folder.part_states(Inspection::Footer)?;
    if states.iter().all(|state| *state == PartState::Missing) && !folder.has_checkpoints()? {
        return Err(Failure::WrongInput(format!("{}: no run is finished yet", arguments.folder.display())));
    }
    let statistics = arguments.output.is_some() || !matches!(arguments.format, Format::Table);
    let surface = written_if_allowed(&folder, statistics)?;
    if !folder.is_complete()? {
        say(format_args!(
            "the sweep is not complete: cells that are still running are shown with the runs that are kept so far"
        ));
    }
    let mut out = BufWriter::new(std::io::stdout());
    match arguments.format {
        Format::Table => match &arguments.output {
            Some(output) if output != OUTAGE => show_statistic(&surface, output, &arguments.statistic)?,
            _ => show(&surface)?,
        },
        Format::Csv => Csv.export(&surface, &mut out)?,
        Format::Json => Json.export(&surface, &mut out)?,
    }
    Ok(out.flush()?)
}

fn show_statistic(surface: &Surface, output: &str, statistic: &str) -> Result<(), Failure> {
    match show_output(surface, output, statistic, &screen_of_results()) {
        Some(text) => print_map(&text),
        None => {
            let allowed = columns_of(surface, output).join(", ");
            Err(Failure::WrongInput(format!("{output} has no statistic {statistic:?}; expected one of {allowed}")))
        }
    }
}

/// The surface, which is written where the folder is ours and may be written to.
fn written_if_allowed(folder: &Folder, statistics: bool) -> Result<Surface, Failure> {
    let reason = if folder.is_of_another_user() {
        "it is the folder of another user".to_owned()
    } else {
        match write_surface(folder, statistics) {
            Err(SummaryError::Store(error)) if error.is_not_allowed() => error.to_string(),
            written => return Ok(written?),
        }
    };
    let surface = surface_of_folder(folder, statistics)?;
    say(format_args!("shown, and not written to {}: {reason}", folder.path().display()));
    Ok(surface)
}
