//! The parts of a sweep: one file for the runs of each block of cells, and one for their traces.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::ops::Range;
use std::path::{Path, PathBuf};

use arrow::array::{AsArray, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::{SchemaRef, UInt32Type};
use arrow::record_batch::RecordBatch;

use super::checkpoint::{self, Recovered};
use super::error::StoreError;
use super::files::{create_folder, open_table, read_table, write_table};
use super::manifest::{MANIFEST_VERSION, Manifest};
use super::schema::{KeyMetadata, run_batch, run_schema, trace_batch, trace_schema};
use crate::population::Run;
use crate::sweep::Sweep;

/// Runs in a part, about: what a reader scans at once, and what is held in memory before it is written.
const RUNS_PER_PART: u32 = 50_000;

/// One finished run.
#[derive(Debug, Clone)]
pub struct RunRow {
    /// Its cell.
    pub cell: u32,
    /// Its number within the cell.
    pub replicate: u32,
    /// Its seed.
    pub seed: u64,
    /// The values used for the uncertain inputs.
    pub drawn: Vec<f64>,
    /// Its outputs and its trace.
    pub run: Run,
}

/// What is there of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartState {
    /// Complete, with this many runs.
    Present(u64),
    /// Not written yet.
    Missing,
    /// There, but of no use; the message names the file and says why.
    Damaged(String),
}

/// The folder of a sweep, for reading.
pub struct Folder {
    path: PathBuf,
    sweep: Sweep,
    run_schema: SchemaRef,
    trace_schema: SchemaRef,
}

impl Folder {
    fn new(path: &Path, sweep: Sweep) -> Folder {
        let run_schema = run_schema(&sweep);
        Folder { path: path.to_owned(), sweep, run_schema, trace_schema: trace_schema() }
    }

    /// Opens the folder of a sweep that was started at some time.
    ///
    /// # Errors
    /// There is no manifest, or it is damaged.
    pub fn open(path: &Path) -> Result<Folder, StoreError> {
        Ok(Folder::new(path, Manifest::read(path)?.sweep))
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

    fn cells_per_block(&self) -> u32 {
        (RUNS_PER_PART / self.sweep.replicates.at_most).max(1)
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

    /// The file of a block: `kind` is "runs" or "traces".
    fn part(&self, kind: &str, block: u32) -> PathBuf {
        self.path.join(kind).join(format!("part-{block:06}.parquet"))
    }

    /// What is there of a block's part.
    pub fn part_state(&self, block: u32) -> PartState {
        let kinds = [("runs", &self.run_schema), ("traces", &self.trace_schema)];
        let mut rows = [0; 2];
        for (index, (kind, schema)) in kinds.into_iter().enumerate() {
            if kind == "traces" && self.sweep.traces.is_none() {
                continue;
            }
            let path = self.part(kind, block);
            if !path.exists() {
                return PartState::Missing;
            }
            match open_table(&path, schema, &self.sweep.hash) {
                Ok(table) => rows[index] = table.metadata().file_metadata().num_rows().max(0) as u64,
                Err(error) => return PartState::Damaged(error.to_string()),
            }
        }
        let cells = self.cells_of(block).len() as u64;
        let replicates = &self.sweep.replicates;
        let allowed =
            cells * u64::from(replicates.at_least.min(replicates.at_most))..=cells * u64::from(replicates.at_most);
        if allowed.contains(&rows[0]) {
            PartState::Present(rows[0])
        } else {
            let path = self.part("runs", block).display().to_string();
            PartState::Damaged(format!("{path}: {} runs, but {allowed:?} are expected", rows[0]))
        }
    }

    /// The runs of a block that are there, in the order of (cell, replicate), whether or not it is complete.
    ///
    /// # Errors
    /// A file cannot be read or is damaged.
    pub fn runs(&self, block: u32) -> Result<RecordBatch, StoreError> {
        let path = self.part("runs", block);
        let batches = match self.part_state(block) {
            PartState::Present(_) => read_table(&path, &self.run_schema, &self.sweep.hash)?,
            PartState::Missing => checkpoint::read(self, block)?.runs,
            PartState::Damaged(message) => return Err(StoreError::damaged(&self.path, message)),
        };
        ordered(&path, &self.run_schema, &batches, |_, _| true)
    }
}

/// Cell and replicate of each row.
fn keys(batch: &RecordBatch) -> Vec<(u32, u32)> {
    let column = |index: usize| batch.column(index).as_primitive_opt::<UInt32Type>();
    match (column(0), column(1)) {
        (Some(cells), Some(replicates)) => {
            cells.values().iter().copied().zip(replicates.values().iter().copied()).collect()
        }
        _ => Vec::new(),
    }
}

/// The rows of some tables in the order of (cell, replicate), those that `keep` wants.
fn ordered(
    path: &Path,
    schema: &SchemaRef,
    batches: &[RecordBatch],
    keep: impl Fn(u32, u32) -> bool,
) -> Result<RecordBatch, StoreError> {
    let failed = |error: arrow::error::ArrowError| StoreError::damaged(path, error);
    let all = concat_batches(schema, batches).map_err(failed)?;
    let keys = keys(&all);
    let mut rows: Vec<u32> =
        (0..keys.len() as u32).filter(|&row| keep(keys[row as usize].0, keys[row as usize].1)).collect();
    rows.sort_by_key(|&row| keys[row as usize]);
    take_record_batch(&all, &UInt32Array::from(rows)).map_err(failed)
}

/// A block that is not complete.
#[derive(Default)]
struct OpenBlock {
    recovered: Recovered,
    rows: Vec<RunRow>,
    /// How many of `rows` are in a checkpoint.
    saved: usize,
}

/// The folder of a sweep, for writing. One process holds it at a time.
pub struct Store {
    folder: Folder,
    metadata: KeyMetadata,
    complete: Vec<bool>,
    open: BTreeMap<u32, OpenBlock>,
    /// What was found damaged and is computed again.
    damaged: Vec<String>,
    /// Held until the process ends, however it does: the system gives it back.
    _lock: File,
}

impl Store {
    /// Opens the folder of a sweep to run it, or to go on with it.
    ///
    /// # Errors
    /// The folder holds something else, belongs to another sweep or version, is in use by another process, or cannot
    /// be written to.
    pub fn open(path: &Path, sweep: &Sweep) -> Result<Store, StoreError> {
        check_is_ours(path, sweep)?;
        for part in ["", "temporary", "checkpoint", "runs", "traces"] {
            create_folder(&path.join(part))?;
        }
        let lock = lock(path)?;
        let folder = Folder::new(path, sweep.clone());
        if !path.join("manifest.json").exists() {
            Manifest::write(path, &folder.temporary("manifest.json"), sweep)?;
        }
        let mut store = Store {
            metadata: KeyMetadata::new(sweep),
            complete: vec![false; folder.blocks() as usize],
            open: BTreeMap::new(),
            damaged: Vec::new(),
            folder,
            _lock: lock,
        };
        store.take_stock()?;
        Ok(store)
    }

    /// Finds out what is there.
    fn take_stock(&mut self) -> Result<(), StoreError> {
        for block in 0..self.folder.blocks() {
            match self.folder.part_state(block) {
                PartState::Present(_) => self.complete[block as usize] = true,
                PartState::Missing => {}
                PartState::Damaged(message) => self.damaged.push(message),
            }
        }
        for block in checkpoint::blocks(&self.folder.path)? {
            if self.complete.get(block as usize) == Some(&false) {
                let recovered = checkpoint::read(&self.folder, block)?;
                let damaged = recovered.damaged.iter();
                self.damaged.extend(damaged.map(|(path, message)| format!("{}: {message}", path.display())));
                self.open.insert(block, OpenBlock { recovered, ..OpenBlock::default() });
            } else {
                checkpoint::clear(&self.folder.path, block)?;
            }
        }
        Ok(())
    }

    /// The folder, for reading.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// What was found damaged when the folder was opened: it is computed again.
    pub fn damaged(&self) -> &[String] {
        &self.damaged
    }

    /// Whether the part of a block is there.
    pub fn is_complete(&self, block: u32) -> bool {
        self.complete.get(block as usize) == Some(&true)
    }

    /// The runs of blocks that are not complete which a checkpoint holds: (cell, replicate, outage).
    pub fn recovered(&self) -> Vec<(u32, u32, bool)> {
        let batches = self.open.values().flat_map(|block| &block.recovered.runs);
        batches
            .flat_map(|batch| {
                let outages = batch.column_by_name("outage").and_then(|column| column.as_boolean_opt());
                let outages: Vec<bool> = outages.map_or(Vec::new(), |column| column.values().iter().collect());
                keys(batch).into_iter().zip(outages).map(|((cell, replicate), outage)| (cell, replicate, outage))
            })
            .collect()
    }

    /// Takes in a finished run.
    pub fn add(&mut self, row: RunRow) {
        let block = self.folder.block_of(row.cell);
        self.open.entry(block).or_default().rows.push(row);
    }

    /// Writes the part of a block of which every cell is decided, with `replicates(cell)` runs each.
    ///
    /// # Errors
    /// The part cannot be written. Nothing is lost: what was taken in is still there for a checkpoint.
    pub fn complete(&mut self, block: u32, replicates: impl Fn(u32) -> u32) -> Result<(), StoreError> {
        let keep = |cell: u32, replicate: u32| replicate < replicates(cell);
        let open = self.open.entry(block).or_default();
        let runs_path = self.folder.part("runs", block);
        let failed = |error: arrow::error::ArrowError| StoreError::damaged(&runs_path, error);
        let mut batches = open.recovered.runs.clone();
        batches.push(run_batch(&self.folder.sweep, &self.folder.run_schema, &open.rows).map_err(failed)?);
        let runs = ordered(&runs_path, &self.folder.run_schema, &batches, keep)?;
        let expected: u64 = self.folder.cells_of(block).map(|cell| u64::from(replicates(cell))).sum();
        assert_eq!(runs.num_rows() as u64, expected, "every decided run is kept, once");
        if self.folder.sweep.traces.is_some() {
            let mut batches = open.recovered.traces.clone();
            let traced = open.rows.iter().map(|row| (row.cell, row.replicate, row.run.trace.as_slice()));
            batches.push(trace_batch(&self.folder.trace_schema, traced).map_err(failed)?);
            let path = self.folder.part("traces", block);
            let traces = ordered(&path, &self.folder.trace_schema, &batches, keep)?;
            let schema = &self.folder.trace_schema;
            write_table(&path, &self.folder.temporary("traces.parquet"), schema, &self.metadata, &[traces])?;
        }
        let schema = &self.folder.run_schema;
        write_table(&runs_path, &self.folder.temporary("runs.parquet"), schema, &self.metadata, &[runs])?;
        self.complete[block as usize] = true;
        self.open.remove(&block);
        checkpoint::clear(&self.folder.path, block)
    }

    /// Writes the runs that are in no file yet to checkpoints.
    ///
    /// # Errors
    /// A checkpoint cannot be written; the runs stay in memory.
    pub fn checkpoint(&mut self) -> Result<(), StoreError> {
        for (&block, open) in &mut self.open {
            let fresh = &open.rows[open.saved..];
            if fresh.is_empty() {
                continue;
            }
            let number = open.recovered.next;
            if self.folder.sweep.traces.is_some() {
                let path = checkpoint::path(&self.folder.path, "traces", block, number);
                let traced = fresh.iter().map(|row| (row.cell, row.replicate, row.run.trace.as_slice()));
                let schema = &self.folder.trace_schema;
                let batch = trace_batch(schema, traced).map_err(|error| StoreError::damaged(&path, error))?;
                write_table(&path, &self.folder.temporary("checkpoint.parquet"), schema, &self.metadata, &[batch])?;
            }
            let path = checkpoint::path(&self.folder.path, "runs", block, number);
            let schema = &self.folder.run_schema;
            let batch =
                run_batch(&self.folder.sweep, schema, fresh).map_err(|error| StoreError::damaged(&path, error))?;
            write_table(&path, &self.folder.temporary("checkpoint.parquet"), schema, &self.metadata, &[batch])?;
            open.recovered.next += 1;
            open.saved = open.rows.len();
        }
        Ok(())
    }

    /// Writes the summary.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write_surface(&self, surface: &RecordBatch) -> Result<(), StoreError> {
        self.folder.write_surface(surface)
    }
}

impl Folder {
    fn temporary(&self, name: &str) -> PathBuf {
        self.path.join("temporary").join(name)
    }

    /// Writes `surface.parquet`.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write_surface(&self, surface: &RecordBatch) -> Result<(), StoreError> {
        create_folder(&self.path.join("temporary"))?;
        // Two summaries at the same time must not write into each other's file.
        let temporary = self.temporary(&format!("surface-{}.parquet", std::process::id()));
        let metadata = KeyMetadata::new(&self.sweep);
        let surface_path = self.path.join("surface.parquet");
        write_table(&surface_path, &temporary, &surface.schema(), &metadata, std::slice::from_ref(surface))
    }
}

/// Refuses a folder of another sweep or version, and one that holds something else.
fn check_is_ours(path: &Path, sweep: &Sweep) -> Result<(), StoreError> {
    if path.join("manifest.json").exists() {
        let manifest = Manifest::read(path)?;
        if manifest.sweep.hash != sweep.hash {
            return Err(StoreError::refused(
                path,
                format!(
                    "the folder holds another sweep, {:?} with the hash {:.12}, not {:?} with {:.12}; \
                     give another folder with --out",
                    manifest.sweep.name, manifest.sweep.hash, sweep.name, sweep.hash
                ),
            ));
        }
        if manifest.version != MANIFEST_VERSION {
            return Err(StoreError::refused(
                path,
                format!(
                    "the folder was written by critmass {}, whose runs cannot be mixed with those of {MANIFEST_VERSION}; \
                     give another folder with --out",
                    manifest.version
                ),
            ));
        }
        return Ok(());
    }
    let occupied = match std::fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => {
            return Err(StoreError::refused(path, "this is a file; give a folder with --out"));
        }
        Err(cause) => return Err(StoreError::io(path, "the folder cannot be read", cause)),
    };
    // A run that was killed before its manifest was written leaves empty folders and a lock.
    if occupied && !path.join("lock").exists() {
        return Err(StoreError::refused(
            path,
            "the folder is not empty and has no manifest.json: it is not the folder of a sweep; \
             give an empty or a new folder with --out",
        ));
    }
    Ok(())
}

/// Takes the advisory lock of a folder, which the system gives back when the process ends, however it does.
fn lock(path: &Path) -> Result<File, StoreError> {
    let name = path.join("lock");
    let file = File::create(&name).map_err(|cause| StoreError::io(&name, "the file cannot be written", cause))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(StoreError::refused(path, "another process is running this sweep in this folder"))
        }
        // A file system without locks: better to run than to refuse.
        Err(TryLockError::Error(_)) => Ok(file),
    }
}
