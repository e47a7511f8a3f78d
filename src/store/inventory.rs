//! What a folder holds: parts, damage, files that do not belong, and who works in it.

use std::path::PathBuf;

use arrow_schema::SchemaRef;

use super::error::StoreError;
use super::folder::{Folder, Inspection, PartState};
use super::locks::Workers;
use super::surface::SurfaceState;

/// What was found in a folder, where every byte of a part was looked at.
#[derive(Debug)]
pub struct Inventory {
    /// Blocks whose parts are complete.
    pub complete: Vec<u32>,
    /// Cells of these.
    pub cells: u64,
    /// Runs of these.
    pub runs: u64,
    /// Blocks whose parts are not written yet.
    pub missing: Vec<u32>,
    /// Blocks whose parts were there, but are gone or of no use, each with a message that names the file and says why.
    pub damaged: Vec<(u32, String)>,
    /// Checkpoints that cannot be used, each with what is wrong.
    pub damaged_checkpoints: Vec<String>,
    /// What is wrong with the lists of hashes; a run makes them anew.
    pub damaged_checksums: Vec<String>,
    /// Files that are whole, but not listed in `SHA256SUMS` yet, as a process that was killed leaves them.
    pub unlisted: usize,
    /// What is there of the surface.
    pub surface: SurfaceState,
    /// Files in `runs/` and `traces/` that are no parts of this sweep; a reader of these folders would take them in.
    pub strays: Vec<PathBuf>,
    /// Who works in the folder at this moment.
    pub workers: Workers,
}

impl Inventory {
    /// Looks at everything in a folder, whose surface has these columns, but the runs in checkpoints, of which [`Folder::found`] tells.
    ///
    /// # Errors
    /// The system does not let a file be read.
    pub fn take(folder: &Folder, surface: &SchemaRef) -> Result<Inventory, StoreError> {
        folder.prove_by_surface()?;
        let (mut complete, mut missing, mut damaged) = (Vec::new(), Vec::new(), Vec::new());
        let (mut cells, mut runs) = (0, 0);
        for (block, state) in (0..).zip(folder.part_states(Inspection::Bytes)?) {
            match state {
                PartState::Present(runs_of_part) => {
                    complete.push(block);
                    cells += folder.cells_of(block).len() as u64;
                    runs += runs_of_part;
                }
                PartState::Missing => missing.push(block),
                PartState::Damaged(message) => damaged.push((block, message)),
            }
        }
        let surface = folder.surface_state(surface)?;
        let (damaged_checksums, unlisted) = folder.checksums().faults(&folder.files());
        Ok(Inventory {
            complete,
            cells,
            runs,
            missing,
            damaged,
            damaged_checkpoints: folder.damaged_checkpoints()?,
            damaged_checksums,
            unlisted,
            surface,
            strays: folder.strays()?,
            workers: folder.workers()?,
        })
    }

    /// Blocks that have no part that can be used, in order.
    pub fn open(&self) -> Vec<u32> {
        let mut open: Vec<u32> =
            self.missing.iter().copied().chain(self.damaged.iter().map(|&(block, _)| block)).collect();
        open.sort_unstable();
        open
    }

    /// Whether every part is there and whole.
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty() && self.damaged.is_empty()
    }
}
