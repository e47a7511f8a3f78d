//! The folder of a sweep, for reading: what is there, and whether it is what was written.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use arrow_select::concat::concat_batches;
use rayon::prelude::*;

use super::checkpoints::Checkpoints;
use super::checksums::{CHECKSUMS, Checksums};
use super::error::StoreError;
use super::files::{hash_of, is_there, list, name};
use super::key::keys_of;
use super::layout::{Dataset, Layout, SURFACE};
use super::locks::Workers;
use super::manifest::{MANIFEST, MANIFEST_VERSION, Manifest};
use super::mark::Marked;
use super::row::FoundRun;
use super::staging::becoming;
use super::tables::{FOUND, found_runs, read_batches};
use crate::sweep::Sweep;

/// How often files are read again that vanish meanwhile, since other processes work in the folder.
const ATTEMPTS: u32 = 5;

/// What is there of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartState {
    /// Complete, with this many runs.
    Present(u64),
    /// Not written yet.
    Missing,
    /// It was there, but is gone or of no use; the message names the file and says why.
    Damaged(String),
}

/// How closely a part is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inspection {
    /// Its footer: whether it is there and whole.
    Footer,
    /// Every byte.
    Bytes,
}

/// An error of the manifest, with what can be done: only where the mark proves that the folder is ours, it may be written
/// anew.
fn advised(path: &Path, error: StoreError) -> StoreError {
    let is_ours = match Marked::read(path) {
        Ok(marked) => matches!(marked, Marked::By(mark) if mark.version == MANIFEST_VERSION),
        Err(error) => return error,
    };
    let anew = "critmass run with the same sweep file writes it anew";
    match error {
        StoreError::Damaged { path, message } if is_ours => {
            StoreError::Damaged { path, message: format!("{message}; {anew}") }
        }
        StoreError::Damaged { path, message } => {
            let left = "nothing else proves that this is the folder of a sweep of this version, and critmass leaves it as it is";
            StoreError::Refused { path, message: format!("{message}; {left}") }
        }
        StoreError::Refused { .. } if is_ours => match is_there(&path.join(MANIFEST)) {
            Ok(true) => error,
            Ok(false) => StoreError::damaged(&path.join(MANIFEST), format!("gone; {anew}")),
            Err(error) => error,
        },
        error => error,
    }
}

/// The folder of a sweep, for reading.
pub struct Folder {
    layout: Layout,
    checksums: Checksums,
    /// The checkpoints, once somebody asked for them.
    checkpoints: Mutex<Option<Arc<Checkpoints>>>,
}

impl Folder {
    pub(super) fn new(path: &Path, sweep: Sweep) -> Result<Folder, StoreError> {
        Ok(Folder {
            layout: Layout::new(path, sweep),
            checksums: Checksums::read(path)?,
            checkpoints: Mutex::new(None),
        })
    }

    /// Opens the folder of a sweep that was started at some time.
    ///
    /// # Errors
    /// There is no manifest, or it is damaged, or of another version.
    pub fn open(path: &Path) -> Result<Folder, StoreError> {
        if path.is_file() {
            return Err(StoreError::refused(path, "this is a file; expected the folder that --out named"));
        }
        let manifest = Manifest::read(path).map_err(|error| advised(path, error))?;
        if manifest.version != MANIFEST_VERSION {
            let message = format!("written by critmass {}, which alone can read and change it", manifest.version);
            return Err(StoreError::refused(path, message));
        }
        if becoming(path)?.is_some() {
            let message = format!(
                "the folder is just becoming that of the sweep {:?}: try again, or critmass run with it completes that",
                manifest.sweep.name
            );
            return Err(StoreError::refused(path, message));
        }
        Folder::new(path, manifest.sweep)
    }

    pub(super) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.layout.path()
    }

    /// Whether another user has made it, as far as the system tells.
    #[cfg(target_os = "linux")]
    pub fn is_of_another_user(&self) -> bool {
        use std::os::unix::fs::MetadataExt;
        let owner = |path: &Path| std::fs::metadata(path).map(|metadata| metadata.uid()).ok();
        let own = owner(Path::new("/proc/self"));
        own.is_some() && owner(&self.path().join(MANIFEST)).is_some_and(|maker| Some(maker) != own)
    }

    /// Whether another user has made it, as far as the system tells.
    #[cfg(not(target_os = "linux"))]
    pub fn is_of_another_user(&self) -> bool {
        false
    }

    /// The sweep.
    pub fn sweep(&self) -> &Sweep {
        self.layout.sweep()
    }

    /// The columns of the runs.
    pub fn run_schema(&self) -> &SchemaRef {
        self.layout.schema(Dataset::Runs)
    }

    /// Number of blocks of cells.
    pub fn blocks(&self) -> u32 {
        self.layout.blocks().count()
    }

    /// The block of a cell.
    pub fn block_of(&self, cell: u32) -> u32 {
        self.layout.blocks().of_cell(cell)
    }

    /// The cells of a block.
    pub fn cells_of(&self, block: u32) -> Range<u32> {
        self.layout.blocks().cells(block)
    }

    /// The files that a complete sweep lists with their hashes.
    pub(super) fn files(&self) -> BTreeSet<String> {
        self.parts().chain([SURFACE.to_owned()]).collect()
    }

    /// The files of all parts.
    pub(super) fn parts(&self) -> impl Iterator<Item = String> + '_ {
        let of_dataset =
            move |&dataset: &Dataset| (0..self.blocks()).map(move |block| self.layout.part(dataset, block));
        self.layout.datasets().iter().flat_map(of_dataset)
    }

    /// What is noted of the files.
    pub(super) fn checksums(&self) -> &Checksums {
        &self.checksums
    }

    /// What is there of a block's part.
    ///
    /// # Errors
    /// The system does not let a file be read. That does not say that it is damaged.
    pub fn part_state(&self, block: u32, inspection: Inspection) -> Result<PartState, StoreError> {
        let mut runs = 0;
        for &dataset in self.layout.datasets() {
            match self.rows_of_part(dataset, block, inspection) {
                Ok(None) => return Ok(PartState::Missing),
                Ok(Some(rows)) if dataset == Dataset::Runs => runs = rows,
                Ok(Some(_)) => {}
                Err(error @ StoreError::Io { .. }) => return Err(error),
                Err(error) => return Ok(PartState::Damaged(error.to_string())),
            }
        }
        let (cells, replicates) = (self.cells_of(block).len() as u64, &self.sweep().replicates);
        // Not every cell of a refined grid is there.
        let at_least = if self.sweep().refine.is_some() { 0 } else { replicates.at_least };
        let allowed = cells * u64::from(at_least)..=cells * u64::from(replicates.at_most);
        if allowed.contains(&runs) {
            return Ok(PartState::Present(runs));
        }
        let path = self.path().join(self.layout.part(Dataset::Runs, block));
        Ok(PartState::Damaged(format!("{}: {runs} runs, but {allowed:?} are expected", path.display())))
    }

    /// The number of rows of one file of a part, which is what it should be; `None` if it was never written.
    fn rows_of_part(&self, dataset: Dataset, block: u32, inspection: Inspection) -> Result<Option<u64>, StoreError> {
        let file = self.layout.part(dataset, block);
        let path = self.path().join(&file);
        if !self.is_there(&file)? {
            return Ok(None);
        }
        let table = self.layout.open(dataset, &path)?;
        if inspection == Inspection::Bytes {
            self.check_bytes(&file)?;
        }
        Ok(Some(table.metadata().file_metadata().num_rows().max(0) as u64))
    }

    /// Whether a file is there, with a hash that is noted for it; an error if it is gone or nothing is noted.
    pub(super) fn is_there(&self, file: &str) -> Result<bool, StoreError> {
        let path = self.path().join(file);
        // In this order: what is listed by now was there before, and what is there now was noted before.
        let is_listed = self.checksums.is_listed(file);
        match (is_listed, is_there(&path)?) {
            (true, false) => Err(StoreError::damaged(&path, format!("gone, although {CHECKSUMS} lists it"))),
            (false, false) => Ok(false),
            (_, true) if self.checksums.of(file)?.is_empty() => {
                let message = format!("not listed in {CHECKSUMS}, so that nobody knows whether it is whole");
                Err(StoreError::damaged(&path, message))
            }
            (_, true) => Ok(true),
        }
    }

    /// The hash of a file that is there, of which every byte is looked at.
    pub(super) fn check_bytes(&self, file: &str) -> Result<String, StoreError> {
        let path = self.path().join(file);
        let hash = hash_of(&path).map_err(|cause| StoreError::io(&path, "the file cannot be read", cause))?;
        if !self.checksums.of(file)?.contains(&hash) {
            return Err(StoreError::damaged(&path, format!("damaged: its bytes are not those that {CHECKSUMS} tells")));
        }
        self.checksums.prove(file, hash.clone());
        Ok(hash)
    }

    /// What is there of every part, in the order of the blocks.
    ///
    /// # Errors
    /// The system does not let a file be read.
    pub fn part_states(&self, inspection: Inspection) -> Result<Vec<PartState>, StoreError> {
        (0..self.blocks()).into_par_iter().map(|block| self.part_state(block, inspection)).collect()
    }

    /// The runs of a block that are there, in the order of (cell, replicate), whether or not it is complete.
    ///
    /// # Errors
    /// A file cannot be read or is damaged.
    pub fn runs(&self, block: u32) -> Result<RecordBatch, StoreError> {
        self.rows(Dataset::Runs, block)
    }

    /// The same of a dataset that the sweep has.
    pub(super) fn rows(&self, dataset: Dataset, block: u32) -> Result<RecordBatch, StoreError> {
        for _ in 0..ATTEMPTS {
            match self.part_state(block, Inspection::Bytes)? {
                PartState::Present(_) => return self.table_of_part(dataset, block),
                PartState::Damaged(message) => return Err(StoreError::Said(message)),
                PartState::Missing => {
                    let (checkpoints, keys) = (self.checkpoints()?, self.layout.blocks().keys(block));
                    match checkpoints.gather(&self.layout, dataset, &keys, None, |_| true) {
                        // Merged by the process that wrote it, into another checkpoint or a part.
                        Err(error) if error.is_gone() => self.forget_checkpoints(),
                        // Its runs may have moved into the part between the two looks.
                        Ok(_) if self.part_state(block, Inspection::Footer)? != PartState::Missing => {}
                        rows => return rows,
                    }
                }
            }
        }
        Err(self.files_change())
    }

    /// The runs of a block that is complete, in order.
    ///
    /// # Errors
    /// The part cannot be read or is damaged.
    pub fn found_in_part(&self, block: u32) -> Result<Vec<FoundRun>, StoreError> {
        let path = self.path().join(self.layout.part(Dataset::Runs, block));
        let runs = read_batches(&path, self.layout.open(Dataset::Runs, &path)?.with_columns(&FOUND))?;
        Ok(runs.iter().flat_map(found_runs).collect())
    }

    fn table_of_part(&self, dataset: Dataset, block: u32) -> Result<RecordBatch, StoreError> {
        let path = self.path().join(self.layout.part(dataset, block));
        let batches = read_batches(&path, self.layout.open(dataset, &path)?)?;
        concat_batches(self.layout.schema(dataset), &batches).map_err(|error| StoreError::damaged(&path, error))
    }

    /// The runs that checkpoints hold of some cells, in order.
    ///
    /// # Errors
    /// A file cannot be read or is damaged.
    pub fn found(&self, cells: Range<u32>) -> Result<Vec<FoundRun>, StoreError> {
        let keys = keys_of(cells);
        for _ in 0..ATTEMPTS {
            match self.checkpoints()?.found(&self.layout, &keys) {
                Err(error) if error.is_gone() => self.forget_checkpoints(),
                found => return found,
            }
        }
        Err(self.files_change())
    }

    fn files_change(&self) -> StoreError {
        StoreError::damaged(self.path(), "the files change all the time; try again")
    }

    fn checkpoints(&self) -> Result<Arc<Checkpoints>, StoreError> {
        let mut checkpoints = self.checkpoints.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(checkpoints) = &*checkpoints {
            return Ok(checkpoints.clone());
        }
        let found = Arc::new(Checkpoints::find(&self.layout, |_| true)?);
        *checkpoints = Some(found.clone());
        Ok(found)
    }

    fn forget_checkpoints(&self) {
        *self.checkpoints.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Whether there are runs that are in no part yet.
    ///
    /// # Errors
    /// The system does not let a file be read.
    pub fn has_checkpoints(&self) -> Result<bool, StoreError> {
        Ok(!self.checkpoints()?.usable.is_empty())
    }

    /// Checkpoints that cannot be used, each with what is wrong.
    ///
    /// # Errors
    /// The system does not let a file be read.
    pub fn damaged_checkpoints(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.checkpoints()?.damaged.iter().map(|(_, message)| message.clone()).collect())
    }

    /// Files in `runs/` and `traces/` that are no parts of this sweep; a reader of these folders would take them in.
    ///
    /// # Errors
    /// A folder cannot be listed.
    pub fn strays(&self) -> Result<Vec<PathBuf>, StoreError> {
        let mut strays = Vec::new();
        for dataset in Dataset::ALL {
            let is_part = |path: &Path| {
                let number = name(path).and_then(|file| file.strip_prefix("part-")?.strip_suffix(".parquet"));
                let block = number.and_then(|number| number.parse().ok()).filter(|&block| block < self.blocks());
                self.layout.datasets().contains(&dataset)
                    && block.is_some_and(|block| path == self.path().join(self.layout.part(dataset, block)))
            };
            strays.extend(list(&self.path().join(dataset.name()))?.into_iter().filter(|path| !is_part(path)));
        }
        Ok(strays)
    }

    /// Who works in the folder at this moment.
    ///
    /// # Errors
    /// A folder cannot be listed.
    pub fn workers(&self) -> Result<Workers, StoreError> {
        Workers::find(self.path())
    }
}
