//! `critmass crossings`

use std::path::PathBuf;

use super::arguments::level;
use super::complete::complete;
use super::failure::Failure;
use super::output::print;
use super::table::Format;
use crate::summary::crossings as crossings_of;
use crate::summary::show::{crossings_as_csv, crossings_as_json, crossings_as_text};

/// The arguments of `crossings`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The folder of a finished sweep
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The outage probability that is crossed, between 0 and 1; by default refine.level of the sweep, or 0.5
    #[arg(long, value_name = "P", value_parser = level)]
    level: Option<f64>,
    /// How to show the crossings; json has the lines without one and the tests of monotony, too
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

pub(super) fn crossings(arguments: &Arguments) -> Result<(), Failure> {
    let folder = complete(&arguments.folder)?;
    let design = folder.sweep().design();
    if folder.sweep().sampled.is_some() {
        let folder = arguments.folder.display();
        return Err(Failure::WrongInput(format!(
            "{folder}: the cells of the design {} are no grid: there is no line along an axis that could cross a level; a \
             sweep with [refine] finds where it does",
            design.kind()
        )));
    }
    let level = arguments.level.unwrap_or_else(|| folder.sweep().level());
    let crossings = crossings_of(&folder, level)?;
    match arguments.format {
        Format::Table => print(&crossings_as_text(&crossings)),
        Format::Csv => print(&crossings_as_csv(&crossings)?),
        Format::Json => print(&format!("{:#}\n", crossings_as_json(&crossings))),
    }
}
