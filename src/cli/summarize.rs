//! `critmass summarize`

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use super::failure::Failure;
use super::output::{say, show};
use crate::store::{Folder, Inspection, PartState};
use crate::summary::show::{Csv, Exporter, Json};
use crate::summary::write_surface;

/// The arguments of `summarize`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The folder of a sweep
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// How to show the surface
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    /// A map or a list for people
    Table,
    /// Every column of surface.parquet
    Csv,
    /// The same, an object for each cell
    Json,
}

pub(super) fn summarize(arguments: &Arguments) -> Result<(), Failure> {
    let folder = Folder::open(&arguments.folder)?;
    let states = folder.part_states(Inspection::Footer)?;
    if states.iter().all(|state| *state == PartState::Missing) && !folder.has_checkpoints()? {
        return Err(Failure::WrongInput(format!("{}: no run is finished yet", arguments.folder.display())));
    }
    let statistics = !matches!(arguments.format, Format::Table);
    let surface = write_surface(&folder, statistics)?;
    if !folder.is_complete()? {
        say(format_args!(
            "the sweep is not complete: cells that are still running are shown with the runs that are kept so far"
        ));
    }
    let mut out = BufWriter::new(std::io::stdout());
    match arguments.format {
        Format::Table => show(&surface)?,
        Format::Csv => Csv.export(&surface, &mut out)?,
        Format::Json => Json.export(&surface, &mut out)?,
    }
    Ok(out.flush()?)
}
