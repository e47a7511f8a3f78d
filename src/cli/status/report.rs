//! What there is to say of a folder.

use std::path::Path;

use crate::runner::decided_cells;
use crate::slurm::{Failed, Job, SlurmError, Submitted, failed, jobs};
use crate::store::{Folder, Inventory, StoreError, SurfaceState};
use crate::summary::inventory as take_inventory;

/// What was found in a folder, and what Slurm says of its jobs.
pub(super) struct Report {
    pub(super) folder: Folder,
    pub(super) inventory: Inventory,
    /// Cells that are in complete parts.
    cells_in_parts: u64,
    /// Cells that are decided by the runs in checkpoints.
    pub(super) decided: Vec<u32>,
    pub(super) runs_in_checkpoints: u64,
    /// The last submission, if there was one.
    pub(super) slurm: Option<Submission>,
}

/// A submission, and what became of it.
pub(super) struct Submission {
    pub(super) submitted: Submitted,
    /// Its jobs, or why nothing is known of them.
    pub(super) jobs: Result<Vec<Job>, String>,
    /// What failed for good.
    pub(super) failed: Vec<Failed>,
}

impl Submission {
    fn find(path: &Path) -> Result<Option<Submission>, SlurmError> {
        let Some(submitted) = Submitted::read(path)? else { return Ok(None) };
        let jobs = jobs(&submitted).map_err(|error| error.to_string());
        Ok(Some(Submission { submitted, jobs, failed: failed(path)? }))
    }
}

impl Report {
    /// Looks at everything in a folder.
    pub(super) fn of(path: &Path) -> Result<Report, SlurmError> {
        let folder = Folder::open(path)?;
        let inventory = take_inventory(&folder)?;
        let (decided, runs_in_checkpoints) = decided_cells(&folder, &inventory.open())?;
        let cells_in_parts = cells_in_parts(&folder, &inventory)?;
        Ok(Report { folder, inventory, cells_in_parts, decided, runs_in_checkpoints, slurm: Submission::find(path)? })
    }

    /// Number of cells that are decided.
    pub(super) fn cells(&self) -> u64 {
        self.cells_in_parts + self.decided.len() as u64
    }

    /// What is of no use, each with the file and what is wrong with it.
    pub(super) fn damage(&self) -> impl Iterator<Item = &String> {
        let surface = match &self.inventory.surface {
            SurfaceState::Damaged(message) => Some(message),
            _ => None,
        };
        let parts = self.inventory.damaged.iter().map(|(_, message)| message);
        let others = self.inventory.damaged_checkpoints.iter().chain(&self.inventory.damaged_checksums);
        parts.chain(others).chain(surface)
    }
}

/// The cells of complete parts that have runs: of a refined grid only some are wanted.
fn cells_in_parts(folder: &Folder, inventory: &Inventory) -> Result<u64, StoreError> {
    if folder.sweep().refine.is_none() {
        return Ok(inventory.cells);
    }
    let of_block = |&block: &u32| {
        let runs = folder.found_in_part(block)?;
        Ok(runs.chunk_by(|a, b| a.key.cell == b.key.cell).count() as u64)
    };
    inventory.complete.iter().map(of_block).sum()
}
