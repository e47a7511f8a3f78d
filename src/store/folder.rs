//! The folder of a sweep, for reading: what is there, and whether it is what was written.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use arrow_select::concat::concat_batches;
use rayon::prelude::*;

use super::checkpoint::{Checkpoints, Kind};
use super::checksums::{CHECKSUMS, Checksums};
use super::error::StoreError;
use super::files::{create_folder, hash_of, list, name};
use super::locks::Workers;
use super::manifest::Manifest;
use super::schema::{KeyMetadata, run_schema, trace_schema};
use super::tables::{Key, Layout, open_table, read_table, write_batches};
use crate::sweep::Sweep;

/// Runs in a part, about: what a reader scans at once.
const RUNS_PER_PART: u32 = 50_000;
/// Rows of traces in a part, about.
const TRACE_ROWS_PER_PART: u32 = 2_000_000;
/// Cells in a row group of the surface, which has more than a hundred columns.
const SURFACE_ROWS_PER_GROUP: usize = 20_000;
/// How often a folder is looked at again in which files vanish, since other processes work in it.
const LOOKS: u32 = 5;

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
pub enum Check {
    /// Its footer: whether it is there and whole.
    Footer,
    /// Every byte.
    Bytes,
}

/// The folder of a sweep, for reading.
pub struct Folder {
    path: PathBuf,
    sweep: Sweep,
    run_schema: SchemaRef,
    trace_schema: SchemaRef,
    checksums: Mutex<Checksums>,
    /// The checkpoints, once somebody asked for them.
    checkpoints: Mutex<Option<Arc<Checkpoints>>>,
}

impl Folder {
    pub(super) fn new(path: &Path, sweep: Sweep) -> Result<Folder, StoreError> {
        Ok(Folder {
            path: path.to_owned(),
            run_schema: run_schema(&sweep),
            trace_schema: trace_schema(),
            checksums: Mutex::new(Checksums::read(path)?),
            checkpoints: Mutex::new(None),
            sweep,
        })
    }

    /// Opens the folder of a sweep that was started at some time.
    ///
    /// # Errors
    /// There is no manifest, or it is damaged.
    pub fn open(path: &Path) -> Result<Folder, StoreError> {
        Folder::new(path, Manifest::read(path)?.sweep)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The sweep.
    pub fn sweep(&self) -> &Sweep {
        &self.sweep
    }

    /// The columns of the runs.
    pub fn run_schema(&self) -> &SchemaRef {
        &self.run_schema
    }

    /// The columns of the traces.
    pub fn trace_schema(&self) -> &SchemaRef {
        &self.trace_schema
    }

    pub(super) fn schema(&self, kind: Kind) -> &SchemaRef {
        match kind {
            Kind::Runs => &self.run_schema,
            Kind::Traces => &self.trace_schema,
        }
    }

    pub(super) fn metadata(&self) -> KeyMetadata {
        KeyMetadata::new(&self.sweep)
    }

    /// Rows of the trace of a run, about: the horizon is an axis in few sweeps.
    pub(super) fn trace_rows_per_run(&self) -> u32 {
        let rows = self.sweep.traces.map(|traces| self.sweep.scenario.time.horizon_h * 3600.0 / traces.every_s);
        rows.map_or(0, |rows| rows.clamp(1.0, 1e9) as u32)
    }

    fn cells_per_block(&self) -> u32 {
        let at_most = self.sweep.replicates.at_most;
        let by_runs = RUNS_PER_PART / at_most;
        let traced = self.sweep.traces.map_or(0, |traces| traces.replicates.min(at_most));
        let by_traces = TRACE_ROWS_PER_PART.checked_div(traced.saturating_mul(self.trace_rows_per_run()));
        by_traces.map_or(by_runs, |by_traces| by_runs.min(by_traces)).max(1)
    }

    /// Number of blocks of cells.
    pub fn blocks(&self) -> u32 {
        self.sweep.cells().div_ceil(self.cells_per_block())
    }

    /// The block of a cell.
    pub fn block_of(&self, cell: u32) -> u32 {
        cell / self.cells_per_block()
    }

    /// The cells of a block.
    pub fn cells_of(&self, block: u32) -> Range<u32> {
        let first = block.saturating_mul(self.cells_per_block());
        first..first.saturating_add(self.cells_per_block()).min(self.sweep.cells())
    }

    /// All runs of a block, as a range of keys.
    pub(super) fn keys_of(&self, block: u32) -> (Key, Key) {
        let cells = self.cells_of(block);
        ((cells.start, 0), (cells.end, 0))
    }

    /// The file of a block, within the folder.
    pub(super) fn part(&self, kind: Kind, block: u32) -> String {
        format!("{}/part-{block:06}.parquet", kind.name())
    }

    pub(super) fn kinds(&self) -> &'static [Kind] {
        if self.sweep.traces.is_some() { &[Kind::Runs, Kind::Traces] } else { &[Kind::Runs] }
    }

    pub(super) fn temporary(&self, name: &str) -> PathBuf {
        self.path.join("temporary").join(name)
    }

    /// The hash that is noted for a file. A folder that others work in may have got more files since it was opened.
    fn noted_hash(&self, file: &str) -> Result<Option<String>, StoreError> {
        let mut checksums = self.checksums.lock().unwrap_or_else(PoisonError::into_inner);
        if checksums.get(file).is_none() && self.path.join(file).exists() {
            *checksums = Checksums::read(&self.path)?;
        }
        Ok(checksums.get(file).map(str::to_owned))
    }

    /// Notes the hashes of files, for good.
    pub(super) fn note_hashes(&self, hashes: Vec<(String, String)>, temporary: &Path) -> Result<(), StoreError> {
        let mut checksums = self.checksums.lock().unwrap_or_else(PoisonError::into_inner);
        // Where there are no locks, somebody else may have noted some.
        *checksums = Checksums::read(&self.path)?;
        hashes.into_iter().for_each(|(file, hash)| checksums.insert(file, hash));
        checksums.write(&self.path, temporary)
    }

    /// What is there of a block's part.
    ///
    /// # Errors
    /// The system does not let a file be read. That does not say that it is damaged.
    pub fn part_state(&self, block: u32, check: Check) -> Result<PartState, StoreError> {
        let mut runs = 0;
        for &kind in self.kinds() {
            let file = self.part(kind, block);
            let path = self.path.join(&file);
            let rows = match (self.noted_hash(&file)?, path.exists()) {
                (None, false) => return Ok(PartState::Missing),
                (Some(_), false) => Err(StoreError::damaged(&path, format!("gone, although {CHECKSUMS} lists it"))),
                (None, true) => {
                    let message = format!("not listed in {CHECKSUMS}, so that nobody knows whether it is whole");
                    Err(StoreError::damaged(&path, message))
                }
                (Some(hash), true) => self.checked_rows(kind, &path, &hash, check),
            };
            match rows {
                Ok(rows) if kind == Kind::Runs => runs = rows,
                Ok(_) => {}
                Err(error @ StoreError::Io { .. }) => return Err(error),
                Err(error) => return Ok(PartState::Damaged(error.to_string())),
            }
        }
        let (cells, replicates) = (self.cells_of(block).len() as u64, &self.sweep.replicates);
        let allowed = cells * u64::from(replicates.at_least)..=cells * u64::from(replicates.at_most);
        if allowed.contains(&runs) {
            return Ok(PartState::Present(runs));
        }
        let path = self.path.join(self.part(Kind::Runs, block));
        Ok(PartState::Damaged(format!("{}: {runs} runs, but {allowed:?} are expected", path.display())))
    }

    /// The number of rows of a file that is what it should be.
    fn checked_rows(&self, kind: Kind, path: &Path, hash: &str, check: Check) -> Result<u64, StoreError> {
        let io = |cause| StoreError::io(path, "the file cannot be read", cause);
        let table = open_table(path, self.schema(kind), &self.sweep.hash)?;
        if check == Check::Bytes && hash_of(path).map_err(io)? != hash {
            return Err(StoreError::damaged(path, format!("damaged: its bytes are not those that {CHECKSUMS} tells")));
        }
        Ok(table.metadata().file_metadata().num_rows().max(0) as u64)
    }

    /// What is there of every part, in the order of the blocks.
    ///
    /// # Errors
    /// The system does not let a file be read.
    pub fn part_states(&self, check: Check) -> Result<Vec<PartState>, StoreError> {
        (0..self.blocks()).into_par_iter().map(|block| self.part_state(block, check)).collect()
    }

    /// The runs of a block that are there, in the order of (cell, replicate), whether or not it is complete.
    ///
    /// # Errors
    /// A file cannot be read or is damaged.
    pub fn runs(&self, block: u32) -> Result<RecordBatch, StoreError> {
        let path = self.path.join(self.part(Kind::Runs, block));
        for _ in 0..LOOKS {
            match self.part_state(block, Check::Bytes)? {
                PartState::Present(_) => {
                    let batches = read_table(&path, &self.run_schema, &self.sweep.hash)?;
                    return concat_batches(&self.run_schema, &batches)
                        .map_err(|error| StoreError::damaged(&path, error));
                }
                PartState::Damaged(message) => return Err(StoreError::Said(message)),
                PartState::Missing => {
                    let checkpoints = self.checkpoints()?;
                    match checkpoints.gather(self, Kind::Runs, self.keys_of(block), None, |_| true) {
                        // Merged by the process that wrote it, into another checkpoint or a part.
                        Err(StoreError::Io { cause, .. }) if cause.kind() == std::io::ErrorKind::NotFound => {
                            self.forget_checkpoints();
                        }
                        runs => return runs,
                    }
                }
            }
        }
        Err(StoreError::damaged(&self.path, "the files change all the time; try again"))
    }

    /// The runs that checkpoints hold of some cells: cell, replicate, and whether it had an outage; in order.
    ///
    /// # Errors
    /// A file cannot be read or is damaged.
    pub fn found(&self, cells: Range<u32>) -> Result<Vec<(u32, u32, bool)>, StoreError> {
        for _ in 0..LOOKS {
            match self.checkpoints()?.found(self, ((cells.start, 0), (cells.end, 0))) {
                Err(StoreError::Io { cause, .. }) if cause.kind() == std::io::ErrorKind::NotFound => {
                    self.forget_checkpoints();
                }
                found => return found,
            }
        }
        Err(StoreError::damaged(&self.path, "the files change all the time; try again"))
    }

    fn checkpoints(&self) -> Result<Arc<Checkpoints>, StoreError> {
        let mut checkpoints = self.checkpoints.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(checkpoints) = &*checkpoints {
            return Ok(checkpoints.clone());
        }
        let found = Arc::new(Checkpoints::find(self, |_| true)?);
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
        Ok(!self.checkpoints()?.files.is_empty())
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
        for kind in [Kind::Runs, Kind::Traces] {
            let is_part = |path: &Path| {
                let number = name(path).and_then(|file| file.strip_prefix("part-")?.strip_suffix(".parquet"));
                let block = number.and_then(|number| number.parse().ok());
                self.kinds().contains(&kind)
                    && block
                        .is_some_and(|block| block < self.blocks() && path == self.path.join(self.part(kind, block)))
            };
            strays.extend(list(&self.path.join(kind.name()))?.into_iter().filter(|path| !is_part(path)));
        }
        Ok(strays)
    }

    /// Who works in the folder at this moment.
    ///
    /// # Errors
    /// A folder cannot be listed.
    pub fn workers(&self) -> Result<Workers, StoreError> {
        Workers::find(&self.path)
    }

    /// Writes `surface.parquet`, which comes in pieces.
    ///
    /// # Errors
    /// It cannot be written, or a piece is an error.
    pub fn write_surface(
        &self,
        schema: &SchemaRef,
        pieces: impl Iterator<Item = Result<RecordBatch, StoreError>>,
    ) -> Result<(), StoreError> {
        create_folder(&self.path.join("temporary"))?;
        // Two summaries at the same time must not write into each other's file.
        let temporary = self.temporary(&format!("surface-{}.parquet", std::process::id()));
        let path = self.path.join("surface.parquet");
        let layout = Layout { schema, metadata: &self.metadata(), rows_per_group: Some(SURFACE_ROWS_PER_GROUP) };
        write_batches(&path, &temporary, &layout, pieces)?.place(&path)
    }

    /// Reads `surface.parquet`.
    ///
    /// # Errors
    /// It cannot be read, belongs to another sweep, or has other columns.
    pub fn read_surface(&self, schema: &SchemaRef) -> Result<Vec<RecordBatch>, StoreError> {
        read_table(&self.path.join("surface.parquet"), schema, &self.sweep.hash)
    }
}
