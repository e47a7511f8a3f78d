//! `critmass status`

use std::path::PathBuf;

use super::{Failure, print};
use crate::store::{Folder, PartState};

/// The arguments of `status`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The folder of a sweep
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub(super) fn status(arguments: &Arguments) -> Result<(), Failure> {
    let folder = Folder::open(&arguments.folder)?;
    let (mut runs, mut cells, mut kept) = (0, 0, 0);
    let (mut present, mut missing, mut damaged) = (0u32, 0u32, Vec::new());
    for block in 0..folder.blocks() {
        match folder.part_state(block) {
            PartState::Present(rows) => {
                present += 1;
                runs += rows;
                cells += folder.cells_of(block).len();
            }
            PartState::Missing => {
                missing += 1;
                kept += folder.runs(block)?.num_rows();
            }
            PartState::Damaged(message) => damaged.push(message),
        }
    }
    let sweep = folder.sweep();
    let mut text = format!(
        "sweep    {} ({:.12})\ncells    {cells} of {} complete\nruns     {runs} in complete parts, {kept} in checkpoints\n\
         parts    {present} present, {missing} missing, {} damaged\n",
        sweep.name,
        sweep.hash,
        sweep.cells(),
        damaged.len()
    );
    for message in &damaged {
        text += &format!("damaged  {message}\n");
    }
    text += match (missing, damaged.len(), arguments.folder.join("surface.parquet").exists()) {
        (0, 0, true) => "complete\n",
        (0, 0, false) => "complete, but without surface.parquet: critmass summarize writes it\n",
        _ => "not complete: critmass run with the same sweep file continues it, and computes again what is damaged\n",
    };
    print(&text)
}
