//! `critmass report`

use std::path::PathBuf;

use super::failure::Failure;
use super::output::print;
use crate::store::{Destination, Folder, Inspection, PartState, replace_text};
use crate::summary::Report;

/// The name of the page in the folder of a sweep.
const NAME: &str = "report.html";

/// The arguments of `report`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The folder of a sweep
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The page [default: report.html in DIR]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) fn report(arguments: &Arguments) -> Result<(), Failure> {
    let folder = Folder::open(&arguments.folder)?;
    let states = folder.part_states(Inspection::Footer)?;
    if states.iter().all(|state| *state == PartState::Missing) && !folder.has_checkpoints()? {
        return Err(Failure::WrongInput(format!("{}: no run is finished yet", arguments.folder.display())));
    }
    let destination = arguments.out.as_deref().map(Destination::of_page).transpose()?;
    let page = Report::of(&folder)?.html()?;
    match &destination {
        Some(destination) => destination.write_text(&page)?,
        None => replace_text(&arguments.folder.join(NAME), &page)?,
    }
    let file = arguments.out.clone().unwrap_or_else(|| arguments.folder.join(NAME));
    print(&format!("{}: {:.1} MB, open it in a browser\n", file.display(), page.len() as f64 / 1e6))
}
