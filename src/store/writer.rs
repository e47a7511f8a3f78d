//! The folder of a sweep, for writing.

use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;

use super::blocks::trace_rows_per_run;
use super::checkpoint::{Checkpoint, CheckpointId, is_whole};
use super::checkpoints::Checkpoints;
use super::error::StoreError;
use super::files::{
    Written, check_replaceable, create_folder, hash_of, is_regular, is_there, list, name, remove, remove_abandoned,
    set_aside, token, write_text,
};
use super::folder::{Folder, Inspection, PartState};
use super::key::{ALL_KEYS, RunKey, count, divide};
use super::layout::{Dataset, Layout};
use super::locks::Locks;
use super::manifest::{self, MANIFEST, Manifest};
use super::merging;
use super::ownership::take_possession;
use super::row::{FoundRun, RunRow};
use super::schema::{run_batch, trace_batch};
use super::shard::Shard;
use super::size::{RUNS_AT_ONCE, TRACE_ROWS_AT_ONCE};
use super::tables::write_batches;
use super::unsaved::Unsaved;
use crate::sweep::Sweep;

/// The folder of a sweep, for writing: by one process that runs the whole sweep, or by one for each shard.
pub struct Store {
    folder: Folder,
    shard: Option<Shard>,
    /// Whether the part of each block is there.
    complete: Vec<bool>,
    checkpoints: Checkpoints,
    unsaved: Unsaved,
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
        let locks = take_possession(path, sweep, shard)?;
        for part in ["temporary", "checkpoint", "runs", "traces"] {
            create_folder(&path.join(part))?;
        }
        let folder = Folder::new(path, sweep.clone())?;
        let mut store = Store {
            shard,
            complete: vec![false; folder.blocks() as usize],
            checkpoints: Checkpoints::default(),
            unsaved: Unsaved::default(),
            damaged: Vec::new(),
            token: token(),
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
        let is_left = |path: &Path| {
            let writer = name(path).and_then(writer_of_temporary);
            is_regular(path) && writer.is_some_and(|writer| self.shard.is_none_or(|own| own == writer))
        };
        list(&self.layout().temporary(""))?
            .iter()
            .filter(|path| is_left(path))
            .try_for_each(|path| remove_abandoned(path))
    }

    /// Writes the manifest, if there is none, or if it is damaged: all that it says follows from the sweep.
    fn write_manifest(&mut self) -> Result<(), StoreError> {
        let path = self.folder.path().join(MANIFEST);
        let expected = manifest::text(self.folder.sweep());
        match Manifest::read(self.folder.path()) {
            _ if !is_there(&path)? => {}
            Ok(_) => return Ok(()),
            Err(StoreError::Damaged { .. }) => {
                set_aside(self.folder.path(), &path)?;
                self.damaged.push(format!("{}: damaged; written anew", path.display()));
            }
            Err(error) => return Err(error),
        }
        write_text(&path, &self.temporary(MANIFEST), &expected)
    }

    /// Finds out what is there. A shard leaves the bytes of the parts to the run that completes the sweep.
    fn take_stock(&mut self) -> Result<(), StoreError> {
        self.folder.prove_by_surface()?;
        let inspection = if self.shard.is_some() { Inspection::Footer } else { Inspection::Bytes };
        for (block, state) in self.folder.part_states(inspection)?.into_iter().enumerate() {
            match state {
                PartState::Present(_) => self.complete[block] = true,
                PartState::Missing => {}
                PartState::Damaged(message) => self.damaged.push(message),
            }
        }
        self.repair_checksums()?;
        // Another shard of as many has none of these cells.
        let wanted =
            |other: Shard| self.shard.is_none_or(|own| own.count() != other.count() || own.index() == other.index());
        self.checkpoints = Checkpoints::find(self.layout(), wanted)?;
        for (paths, message) in std::mem::take(&mut self.checkpoints.damaged) {
            self.damaged.push(message);
            // Somebody may be just writing it.
            if self.shard.is_none() && self.locks.are_held {
                paths.iter().try_for_each(|path| set_aside(self.folder.path(), path))?;
            }
        }
        self.remove_needless()
    }

    /// Makes the lists of hashes anew where they are damaged, and completes them where a process was killed. Only for a
    /// run of the whole sweep, which has looked at the bytes of the parts.
    fn repair_checksums(&mut self) -> Result<(), StoreError> {
        if self.shard.is_some() {
            return Ok(());
        }
        let (checksums, known) = (self.folder.checksums(), self.folder.files());
        let (faults, unlisted) = checksums.faults(&known);
        if !faults.is_empty() || unlisted > 0 {
            checksums.write_anew(&known, &self.temporary("checksums"))?;
        }
        self.damaged.extend(faults.into_iter().map(|fault| format!("{fault}; written anew")));
        Ok(())
    }

    fn layout(&self) -> &Layout {
        self.folder.layout()
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

    /// The runs that checkpoints hold of a block, in order.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn found(&self, block: u32) -> Result<Vec<FoundRun>, StoreError> {
        self.checkpoints.found(self.layout(), &self.layout().blocks().keys(block))
    }

    /// Takes in a finished run.
    pub fn add(&mut self, row: RunRow) {
        self.unsaved.add(self.folder.block_of(row.cell), row);
    }

    /// Whether so many runs are in no file yet that they should not wait in memory any longer.
    pub fn is_full(&self) -> bool {
        self.unsaved.size().is_full()
    }

    fn temporary(&self, name: &str) -> PathBuf {
        let shard = self.shard.unwrap_or(Shard::ALL);
        let who = format!("{}-of-{}-{:08x}", shard.index(), shard.count(), self.token);
        self.layout().temporary(&format!("part-{who}-{name}"))
    }

    /// Writes the part of a block of which every cell is decided, with `replicates(cell)` runs each. Only for a run of
    /// the whole sweep.
    ///
    /// # Errors
    /// The part cannot be written. Nothing is lost: what was taken in is still there for a checkpoint.
    pub fn complete(&mut self, block: u32, replicates: impl Fn(u32) -> u32) -> Result<(), StoreError> {
        debug_assert!(self.shard.is_none(), "a shard has not all runs of a block");
        let temporary = self.temporary("checksums");
        let mut files = Vec::new();
        // The traces first: a block counts as complete with its runs.
        for &dataset in self.layout().datasets().iter().rev() {
            let file = self.layout().part(dataset, block);
            let written = self.write_part(dataset, block, &replicates)?;
            let path = self.folder.path().join(&file);
            self.keep_other(&path, &written.hash)?;
            // The hash before the name: a reader who sees the file finds it, whatever happens now.
            self.folder.checksums().note(&file, written.hash.clone(), &temporary)?;
            written.publish(&path)?;
            files.push(file);
        }
        self.folder.checksums().list(&files, &temporary)?;
        self.complete[block as usize] = true;
        self.unsaved.remove_block(block);
        self.remove_needless()
    }

    /// Puts out of the way what lies in the place of a file and has other bytes.
    fn keep_other(&self, path: &Path, hash: &str) -> Result<(), StoreError> {
        check_replaceable(path)?;
        match hash_of(path) {
            Ok(found) if found == hash => Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Ok(_) => set_aside(self.folder.path(), path),
            Err(cause) => Err(StoreError::io(path, "the file cannot be read", cause)),
        }
    }

    /// Writes one file of a block's part, some rows at a time.
    fn write_part(
        &self,
        dataset: Dataset,
        block: u32,
        replicates: &impl Fn(u32) -> u32,
    ) -> Result<Written, StoreError> {
        let (layout, sweep) = (self.layout(), self.folder.sweep());
        let path = layout.path().join(layout.part(dataset, block));
        let fresh = self.batch(dataset, self.unsaved.of_block(block).iter())?;
        let traced = sweep.traces.map_or(0, |traces| traces.replicates);
        let (at_once, most) = match dataset {
            Dataset::Runs => (RUNS_AT_ONCE, u32::MAX),
            Dataset::Traces => (TRACE_ROWS_AT_ONCE / trace_rows_per_run(sweep).max(1), traced),
        };
        let with_rows = |cell: u32| replicates(cell).min(most);
        let batches = divide(self.folder.cells_of(block), at_once, with_rows).into_iter().map(|range| {
            let keep = |key: RunKey| key.replicate < replicates(key.cell);
            let rows = self.checkpoints.gather(layout, dataset, &range, Some(fresh.clone()), keep)?;
            let expected = count(&range, with_rows);
            if dataset == Dataset::Runs && rows.num_rows() as u64 != expected {
                let message = format!(
                    "{} runs of this block are there, but {expected} were: another process has changed the folder; \
                     the same command continues",
                    rows.num_rows()
                );
                return Err(StoreError::damaged(&path, message));
            }
            Ok(rows)
        });
        let options = layout.options(layout.schema(dataset), None);
        write_batches(&path, &self.temporary(&format!("{}.parquet", dataset.name())), &options, batches)
    }

    /// The table of some runs, or of their traces, as they come.
    fn batch<'a>(
        &self,
        dataset: Dataset,
        rows: impl Iterator<Item = &'a RunRow> + Clone + 'a,
    ) -> Result<RecordBatch, StoreError> {
        let schema = self.layout().schema(dataset);
        let batch = match dataset {
            Dataset::Runs => run_batch(self.folder.sweep(), schema, rows),
            Dataset::Traces => trace_batch(schema, rows.map(|row| (row.cell, row.replicate, row.run.trace.as_slice()))),
        };
        batch.map_err(|error| StoreError::damaged(self.folder.path(), error))
    }

    /// Writes the runs that are in no file yet to a checkpoint, and merges checkpoints when there are many.
    ///
    /// # Errors
    /// A checkpoint cannot be written; the runs stay in memory.
    pub fn checkpoint(&mut self) -> Result<(), StoreError> {
        if self.unsaved.size().runs == 0 {
            return Ok(());
        }
        let id = self.next_id();
        let rows = self.unsaved.in_order();
        let checkpoint = self.write_checkpoint(id, |dataset| self.batch(dataset, rows.iter().copied()))?;
        self.checkpoints.usable.push(checkpoint);
        self.unsaved.clear();
        while let Some(merged) = merging::of_one_size(self.checkpoints.sizes(self.may_merge())) {
            self.merge(&merged)?;
        }
        Ok(())
    }

    /// Merges all checkpoints of a shard that is complete: its files stay until the whole sweep is.
    ///
    /// # Errors
    /// A checkpoint cannot be written or read.
    pub fn finish_shard(&mut self) -> Result<(), StoreError> {
        while let Some(merged) = merging::of_any_size(self.checkpoints.sizes(self.may_merge())) {
            self.merge(&merged)?;
        }
        Ok(())
    }

    /// Whether nobody else uses a checkpoint, so that it can be merged.
    fn may_merge(&self) -> impl Fn(CheckpointId) -> bool + use<> {
        let (shard, token, are_held) = (self.shard.unwrap_or(Shard::ALL), self.token, self.locks.are_held);
        // Without locks, what is not from this process may be in use.
        move |id| id.shard == shard && are_held || id.token == token
    }

    /// Puts some checkpoints, by their indices, into one.
    fn merge(&mut self, indices: &[usize]) -> Result<(), StoreError> {
        let merged = self.checkpoints.take(indices);
        let id = self.next_id();
        let checkpoint =
            self.write_checkpoint(id, |dataset| merged.gather(self.layout(), dataset, &ALL_KEYS, None, |_| true))?;
        self.checkpoints.usable.push(checkpoint);
        merged.usable.iter().try_for_each(Checkpoint::remove)
    }

    /// What the next checkpoint is called. A number is never used twice, also if its checkpoint could not be written:
    /// half of it may be there.
    fn next_id(&mut self) -> CheckpointId {
        let id = CheckpointId { shard: self.shard.unwrap_or(Shard::ALL), token: self.token, number: self.next };
        self.next += 1;
        id
    }

    /// Writes a checkpoint; `rows` returns what it holds of a dataset.
    fn write_checkpoint(
        &self,
        id: CheckpointId,
        rows: impl Fn(Dataset) -> Result<RecordBatch, StoreError>,
    ) -> Result<Checkpoint, StoreError> {
        let runs = rows(Dataset::Runs)?;
        let traces = self.folder.sweep().traces.map(|_| rows(Dataset::Traces)).transpose()?;
        Checkpoint::write(self.layout(), id, runs, traces)
    }

    /// Removes checkpoints of which every run is in a part.
    fn remove_needless(&mut self) -> Result<(), StoreError> {
        // A shard has not looked at the bytes of the parts.
        if self.shard.is_some() {
            return Ok(());
        }
        let (folder, complete) = (&self.folder, &self.complete);
        let is_needed = |checkpoint: &Checkpoint| {
            checkpoint.key_range().is_none_or(|keys| {
                let blocks = folder.block_of(keys.start().cell)..=folder.block_of(keys.end().cell);
                blocks.into_iter().any(|block| complete.get(block as usize) == Some(&false))
            })
        };
        let (needed, needless): (Vec<Checkpoint>, Vec<Checkpoint>) =
            std::mem::take(&mut self.checkpoints.usable).into_iter().partition(is_needed);
        self.checkpoints.usable = needed;
        needless.iter().try_for_each(Checkpoint::remove)
    }

    /// Tidies up when every part is there.
    ///
    /// # Errors
    /// A file cannot be removed.
    pub fn finish(&mut self) -> Result<(), StoreError> {
        std::mem::take(&mut self.checkpoints.usable).iter().try_for_each(Checkpoint::remove)?;
        // What others have left: what is not what its name says is kept, and what is not ours is left alone.
        for file in list(&self.layout().checkpoint_folder())?.into_iter().filter(|file| is_regular(file)) {
            match is_whole(&file)? {
                Some(true) => remove(&file)?,
                Some(false) => set_aside(self.folder.path(), &file)?,
                None => {}
            }
        }
        self.locks.remove_shards(self.folder.path())
    }
}

/// The shard whose process gave a file in `temporary/` its name; `None` if it is no name of ours.
fn writer_of_temporary(name: &str) -> Option<Shard> {
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    // A summary has a token, and an ending for each of its files.
    if name.strip_prefix("surface-").is_some_and(|rest| rest.split('.').next().is_some_and(is_number)) {
        return Some(Shard::ALL);
    }
    let rest = ["part-", "runs-", "traces-"].iter().find_map(|kind| name.strip_prefix(kind))?;
    let mut fields = rest.splitn(5, '-');
    let (index, of, count, token) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let is_named = of == "of" && token.len() == 8 && is_number(token) && fields.next().is_some();
    Shard::new(index.parse().ok()?, count.parse().ok()?).filter(|_| is_named)
}
