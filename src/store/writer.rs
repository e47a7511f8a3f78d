//! The folder of a sweep, for writing.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher};
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;

use super::checkpoint::{Checkpoint, Checkpoints, Kind, Writer};
use super::error::StoreError;
use super::files::{Written, create_folder, list, name, remove, write_text};
use super::folder::{Check, Folder, PartState};
use super::locks::Locks;
use super::manifest::{self, MANIFEST_VERSION, Manifest};
use super::schema::{run_batch, trace_batch};
use super::shard::Shard;
use super::tables::{Key, Layout, key_ranges, sweep_of, write_batches};
use crate::engine::Run;
use crate::sweep::Sweep;

/// Runs, and rows of traces, that are put into a file at once, and that a merged checkpoint holds at most. It bounds the
/// memory. (Where a table is divided changes its bytes: the parts depend on these numbers.)
const RUNS_AT_ONCE: u32 = 50_000;
const TRACE_ROWS_AT_ONCE: u32 = 500_000;
/// So many checkpoints of about one size are merged.
const MERGED: usize = 8;

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

impl RunRow {
    fn key(&self) -> Key {
        (self.cell, self.replicate)
    }
}

/// The folder of a sweep, for writing: by one process that runs the whole sweep, or by one for each shard.
pub struct Store {
    folder: Folder,
    shard: Option<Shard>,
    complete: Vec<bool>,
    checkpoints: Checkpoints,
    /// Runs that are in no file yet, for each block.
    fresh: BTreeMap<u32, Vec<RunRow>>,
    /// How many these are, and the rows of their traces.
    unsaved: (usize, usize),
    /// What was found damaged and is computed again.
    damaged: Vec<String>,
    /// Tells the files of this process from those of others.
    token: u32,
    /// Number of the next checkpoint.
    next: u32,
    locks: Locks,
}

impl Store {
    /// Opens the folder of a sweep to run it or a shard of it, or to go on with it.
    ///
    /// # Errors
    /// The folder holds something else, belongs to another sweep or version, is in use by another process, or cannot
    /// be written to.
    pub fn open(path: &Path, sweep: &Sweep, shard: Option<Shard>) -> Result<Store, StoreError> {
        check_is_ours(path, sweep)?;
        create_folder(path)?;
        let locks = Locks::take(path, shard)?;
        for part in ["temporary", "checkpoint", "runs", "traces"] {
            create_folder(&path.join(part))?;
        }
        let folder = Folder::new(path, sweep.clone())?;
        let token = std::hash::RandomState::new().build_hasher().finish() as u32;
        let mut store = Store {
            shard,
            complete: vec![false; folder.blocks() as usize],
            checkpoints: Checkpoints::default(),
            fresh: BTreeMap::new(),
            unsaved: (0, 0),
            damaged: Vec::new(),
            token,
            next: 0,
            folder,
            locks,
        };
        store.remove_temporary()?;
        store.write_manifest()?;
        store.take_stock()?;
        Ok(store)
    }

    /// Removes what a process that was killed has left half written.
    fn remove_temporary(&self) -> Result<(), StoreError> {
        // Without locks, somebody may be writing there.
        if !self.locks.are_held {
            return Ok(());
        }
        let own = self.shard.map(|shard| format!("-{}-of-{}-", shard.index(), shard.count()));
        let is_own = |path: &Path| own.as_ref().is_none_or(|own| name(path).is_some_and(|file| file.contains(own)));
        list(&self.folder.temporary(""))?.iter().filter(|path| is_own(path)).try_for_each(|path| remove(path))
    }

    /// Writes the manifest, if there is none, or if it is damaged: all that it says follows from the sweep.
    fn write_manifest(&mut self) -> Result<(), StoreError> {
        let path = self.folder.path().join("manifest.json");
        let expected = manifest::text(self.folder.sweep());
        match std::fs::read(&path) {
            Ok(text) if text == expected.as_bytes() => return Ok(()),
            Ok(_) => self.damaged.push(format!("{}: damaged; written anew", path.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(cause) => return Err(StoreError::io(&path, "the file cannot be read", cause)),
        }
        write_text(&path, &self.temporary("manifest.json"), &expected)
    }

    /// Finds out what is there. A shard leaves the bytes of the parts to the run that completes the sweep.
    fn take_stock(&mut self) -> Result<(), StoreError> {
        let check = if self.shard.is_some() { Check::Footer } else { Check::Bytes };
        for (block, state) in self.folder.part_states(check)?.into_iter().enumerate() {
            match state {
                PartState::Present(_) => self.complete[block] = true,
                PartState::Missing => {}
                PartState::Damaged(message) => self.damaged.push(message),
            }
        }
        // Another shard of as many has none of these cells.
        let wanted =
            |other: Shard| self.shard.is_none_or(|own| own.count() != other.count() || own.index() == other.index());
        self.checkpoints = Checkpoints::find(&self.folder, wanted)?;
        for (paths, message) in std::mem::take(&mut self.checkpoints.damaged) {
            self.damaged.push(message);
            // Of no use to anybody, unless somebody is just writing it.
            if self.shard.is_none() && self.locks.are_held {
                paths.iter().try_for_each(|path| remove(path))?;
            }
        }
        self.remove_needless()
    }

    /// The folder, for reading.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// The shard that is run, unless it is the whole sweep.
    pub fn shard(&self) -> Option<Shard> {
        self.shard
    }

    /// What was found damaged when the folder was opened: it is computed again.
    pub fn damaged(&self) -> &[String] {
        &self.damaged
    }

    /// Whether the part of a block is there.
    pub fn is_complete(&self, block: u32) -> bool {
        self.complete.get(block as usize) == Some(&true)
    }

    /// How many runs the checkpoints held when the folder was opened, about: some may be there twice.
    pub fn recovered(&self) -> u64 {
        self.checkpoints.files.iter().map(|checkpoint| checkpoint.rows().0).sum()
    }

    /// The runs that checkpoints hold of a block: cell, replicate, and whether it had an outage.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn found(&self, block: u32) -> Result<Vec<(u32, u32, bool)>, StoreError> {
        self.checkpoints.found(&self.folder, self.folder.keys_of(block))
    }

    /// Takes in a finished run.
    pub fn add(&mut self, row: RunRow) {
        self.unsaved.0 += 1;
        self.unsaved.1 += row.run.trace.len();
        self.fresh.entry(self.folder.block_of(row.cell)).or_default().push(row);
    }

    /// Whether so many runs are in no file yet that they should not wait in memory any longer.
    pub fn is_full(&self) -> bool {
        self.unsaved.0 >= RUNS_AT_ONCE as usize || self.unsaved.1 >= TRACE_ROWS_AT_ONCE as usize
    }

    fn temporary(&self, name: &str) -> PathBuf {
        let shard = self.shard.unwrap_or(Shard::ALL);
        let who = format!("{}-of-{}-{:08x}", shard.index(), shard.count(), self.token);
        self.folder.temporary(&format!("part-{who}-{name}"))
    }

    /// Writes the part of a block of which every cell is decided, with `replicates(cell)` runs each. Only for a run of
    /// the whole sweep.
    ///
    /// # Errors
    /// The part cannot be written. Nothing is lost: what was taken in is still there for a checkpoint.
    pub fn complete(&mut self, block: u32, replicates: impl Fn(u32) -> u32) -> Result<(), StoreError> {
        debug_assert!(self.shard.is_none(), "a shard has not all runs of a block");
        let mut hashes = Vec::new();
        // The traces first: a block counts as complete with its runs.
        for &kind in self.folder.kinds().iter().rev() {
            let file = self.folder.part(kind, block);
            let written = self.write_part(kind, block, &replicates)?;
            hashes.push((file.clone(), written.hash.clone()));
            written.place(&self.folder.path().join(file))?;
        }
        self.folder.note_hashes(hashes, &self.temporary("checksums"))?;
        self.complete[block as usize] = true;
        for row in self.fresh.remove(&block).unwrap_or_default() {
            self.unsaved.0 -= 1;
            self.unsaved.1 -= row.run.trace.len();
        }
        self.remove_needless()
    }

    /// Writes one file of a block's part, some rows at a time.
    fn write_part(&self, kind: Kind, block: u32, replicates: &impl Fn(u32) -> u32) -> Result<Written, StoreError> {
        let folder = &self.folder;
        let path = folder.path().join(folder.part(kind, block));
        let fresh: &[RunRow] = self.fresh.get(&block).map_or(&[], Vec::as_slice);
        let fresh = self.batch(kind, fresh.iter())?;
        let traced = folder.sweep().traces.map_or(0, |traces| traces.replicates);
        let (at_once, n): (u32, Box<dyn Fn(u32) -> u32>) = match kind {
            Kind::Runs => (RUNS_AT_ONCE, Box::new(replicates)),
            Kind::Traces => {
                (TRACE_ROWS_AT_ONCE / folder.trace_rows_per_run(), Box::new(|cell| replicates(cell).min(traced)))
            }
        };
        let batches = key_ranges(folder.cells_of(block), at_once, &n).into_iter().map(|range| {
            let keep = |(cell, replicate): Key| replicate < replicates(cell);
            let rows = self.checkpoints.gather(folder, kind, range, Some(fresh.clone()), keep)?;
            let expected: u64 = expected_keys(range, &n);
            if kind == Kind::Runs && rows.num_rows() as u64 != expected {
                let message = format!(
                    "{} runs of this block are there, but {expected} were: another process has changed the folder; \
                     the same command continues",
                    rows.num_rows()
                );
                return Err(StoreError::damaged(&path, message));
            }
            Ok(rows)
        });
        let metadata = folder.metadata();
        let layout = Layout { schema: folder.schema(kind), metadata: &metadata, rows_per_group: None };
        write_batches(&path, &self.temporary(&format!("{}.parquet", kind.name())), &layout, batches)
    }

    /// The table of some runs, or of their traces, as they come.
    fn batch<'a>(
        &self,
        kind: Kind,
        rows: impl Iterator<Item = &'a RunRow> + Clone + 'a,
    ) -> Result<RecordBatch, StoreError> {
        let schema = self.folder.schema(kind);
        let batch = match kind {
            Kind::Runs => run_batch(self.folder.sweep(), schema, rows),
            Kind::Traces => trace_batch(schema, rows.map(|row| (row.cell, row.replicate, row.run.trace.as_slice()))),
        };
        batch.map_err(|error| StoreError::damaged(self.folder.path(), error))
    }

    /// Writes the runs that are in no file yet to a checkpoint, and merges checkpoints when there are many.
    ///
    /// # Errors
    /// A checkpoint cannot be written; the runs stay in memory.
    pub fn checkpoint(&mut self) -> Result<(), StoreError> {
        let mut rows: Vec<&RunRow> = self.fresh.values().flatten().collect();
        if rows.is_empty() {
            return Ok(());
        }
        rows.sort_unstable_by_key(|row| row.key());
        let runs = self.batch(Kind::Runs, rows.iter().copied())?;
        let traces = match self.folder.sweep().traces {
            Some(_) => Some(self.batch(Kind::Traces, rows.iter().copied())?),
            None => None,
        };
        self.write_checkpoint(runs, traces)?;
        self.fresh.clear();
        self.unsaved = (0, 0);
        while let Some(merged) = self.to_be_merged(|size| size, MERGED) {
            self.merge(merged)?;
        }
        Ok(())
    }

    fn write_checkpoint(&mut self, runs: RecordBatch, traces: Option<RecordBatch>) -> Result<(), StoreError> {
        let writer = Writer { shard: self.shard.unwrap_or(Shard::ALL), token: self.token, number: self.next };
        self.next += 1;
        self.checkpoints.files.push(Checkpoint::write(&self.folder, writer, runs, traces)?);
        Ok(())
    }

    /// Merges all checkpoints of a shard that is complete: its files stay until the whole sweep is.
    ///
    /// # Errors
    /// A checkpoint cannot be written or read.
    pub fn finish_shard(&mut self) -> Result<(), StoreError> {
        while let Some(merged) = self.to_be_merged(|_| 0, 2) {
            self.merge(merged)?;
        }
        Ok(())
    }

    /// Places of at least `least` own checkpoints of about one size (as `class` sorts the number of digits to the base
    /// of 8) that fit into one.
    fn to_be_merged(&self, class: impl Fn(u32) -> u32, least: usize) -> Option<Vec<usize>> {
        let mut classes: BTreeMap<u32, (Vec<usize>, u64, u64)> = BTreeMap::new();
        let own = self.shard.unwrap_or(Shard::ALL);
        for (place, checkpoint) in self.checkpoints.files.iter().enumerate() {
            // Without locks, what is not from this process may be in use.
            let is_own = checkpoint.writer.shard == own && self.locks.are_held || checkpoint.writer.token == self.token;
            if !is_own {
                continue;
            }
            let (runs, traces) = checkpoint.rows();
            let size = runs.max(traces / 10).max(1).ilog(MERGED as u64);
            let (places, all_runs, all_traces) = classes.entry(class(size)).or_default();
            let fits = *all_runs + runs <= RUNS_AT_ONCE.into() && *all_traces + traces <= TRACE_ROWS_AT_ONCE.into();
            if !fits {
                if places.len() >= least {
                    break;
                }
                (*places, *all_runs, *all_traces) = (Vec::new(), 0, 0);
            }
            places.push(place);
            *all_runs += runs;
            *all_traces += traces;
        }
        classes.into_values().map(|(places, ..)| places).find(|places| places.len() >= least)
    }

    /// Puts some checkpoints into one.
    fn merge(&mut self, places: Vec<usize>) -> Result<(), StoreError> {
        let (mut merged, mut others) = (Checkpoints::default(), Vec::new());
        for (place, checkpoint) in std::mem::take(&mut self.checkpoints.files).into_iter().enumerate() {
            if places.contains(&place) { merged.files.push(checkpoint) } else { others.push(checkpoint) }
        }
        self.checkpoints.files = others;
        let all = ((0, 0), (u32::MAX, u32::MAX));
        let runs = merged.gather(&self.folder, Kind::Runs, all, None, |_| true)?;
        let traces = match self.folder.sweep().traces {
            Some(_) => Some(merged.gather(&self.folder, Kind::Traces, all, None, |_| true)?),
            None => None,
        };
        self.write_checkpoint(runs, traces)?;
        merged.files.iter().try_for_each(Checkpoint::remove)
    }

    /// Removes checkpoints of which every run is in a part.
    fn remove_needless(&mut self) -> Result<(), StoreError> {
        // A shard has not looked at the bytes of the parts.
        if self.shard.is_some() {
            return Ok(());
        }
        let (folder, complete) = (&self.folder, &self.complete);
        let is_needed = |checkpoint: &Checkpoint| {
            checkpoint.key_range().is_none_or(|((first, _), (last, _))| {
                let blocks = folder.block_of(first)..=folder.block_of(last);
                blocks.into_iter().any(|block| complete.get(block as usize) == Some(&false))
            })
        };
        let (needed, needless): (Vec<Checkpoint>, Vec<Checkpoint>) =
            std::mem::take(&mut self.checkpoints.files).into_iter().partition(is_needed);
        self.checkpoints.files = needed;
        needless.iter().try_for_each(Checkpoint::remove)
    }

    /// Tidies up when every part is there.
    ///
    /// # Errors
    /// A file cannot be removed.
    pub fn finish(&mut self) -> Result<(), StoreError> {
        std::mem::take(&mut self.checkpoints.files).iter().try_for_each(Checkpoint::remove)?;
        for file in list(&self.folder.path().join("checkpoint"))? {
            remove(&file)?;
        }
        self.locks.remove_shards(self.folder.path())
    }
}

/// How many runs a range of keys has.
fn expected_keys((from, to): (Key, Key), replicates: impl Fn(u32) -> u32) -> u64 {
    let below = |(cell, replicate): Key| replicate.min(replicates(cell));
    let whole: u64 = (from.0..to.0).map(|cell| u64::from(replicates(cell))).sum();
    // A range that ends at the first replicate of a cell has nothing of it, also if there is no such cell.
    let last = if to.1 == 0 { 0 } else { below(to) };
    let first = if from.1 == 0 { 0 } else { below(from) };
    whole + u64::from(last) - u64::from(first)
}

/// Makes the folder of a sweep that is to be run by others.
///
/// # Errors
/// As [`Store::open`].
pub fn prepare(path: &Path, sweep: &Sweep) -> Result<(), StoreError> {
    Store::open(path, sweep, Shard::new(0, 1)).map(|_| ())
}

/// Refuses a folder of another sweep or version, and one that holds something else.
fn check_is_ours(path: &Path, sweep: &Sweep) -> Result<(), StoreError> {
    if path.join("manifest.json").exists() {
        match Manifest::read(path) {
            Ok(manifest) => return check_manifest(path, &manifest, sweep),
            // It can be written anew, unless the rest is of another sweep.
            Err(StoreError::Damaged { .. }) => return check_files(path, sweep),
            Err(error) => return Err(error),
        }
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
    check_files(path, sweep)
}

fn check_manifest(path: &Path, manifest: &Manifest, sweep: &Sweep) -> Result<(), StoreError> {
    // A sweep of another version may not even be readable, so this comes first.
    if manifest.version != MANIFEST_VERSION {
        let version = &manifest.version;
        let message = format!(
            "the folder was written by critmass {version}, whose runs cannot be mixed with those of {MANIFEST_VERSION}; \
             give another folder with --out"
        );
        return Err(StoreError::refused(path, message));
    }
    if manifest.sweep.hash != sweep.hash {
        let message = format!(
            "the folder holds another sweep, {:?} with the hash {:.12}, not {:?} with {:.12}; \
             give another folder with --out",
            manifest.sweep.name, manifest.sweep.hash, sweep.name, sweep.hash
        );
        return Err(StoreError::refused(path, message));
    }
    Ok(())
}

/// Refuses a folder without a manifest that tells, if the files in it are of another sweep.
fn check_files(path: &Path, sweep: &Sweep) -> Result<(), StoreError> {
    for part in ["runs", "checkpoint"] {
        let other =
            list(&path.join(part))?.into_iter().find(|file| sweep_of(file).is_some_and(|hash| hash != sweep.hash));
        if let Some(file) = other {
            let message = format!(
                "manifest.json cannot be read, and {} is of another sweep; give another folder with --out",
                file.display()
            );
            return Err(StoreError::refused(path, message));
        }
    }
    Ok(())
}
