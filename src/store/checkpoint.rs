//! Runs that are in no part yet, as whole Parquet files: `runs-ID.parquet` with its `traces-ID.parquet`, which gets
//! its name first, so that a run that is there has its trace.
//!
//! ID is `INDEX-of-COUNT-TOKEN-NUMBER-HASH`: the shard, which process wrote it, the number of the checkpoint within
//! this process, and the first half of the SHA-256 of the file. No two processes write the same name, and a file whose
//! bytes were changed is not what its name says. The rows are in the order of (cell, replicate), in small row groups, so
//! that those of a block can be found without reading the rest.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use arrow_select::concat::concat_batches;

use super::error::StoreError;
use super::files::{hash_of, is_there, list, name, remove};
use super::key::{KeyRange, RunKey};
use super::layout::{Dataset, Layout};
use super::row::FoundRun;
use super::shard::Shard;
use super::size::Size;
use super::tables::{FOUND, found_runs, key_range, keys, read_batches, write_batches};

/// Rows of a row group: few enough that a block of a many-sharded sweep is found without reading all.
const ROWS_PER_GROUP: usize = 4096;
/// Digits of the hash in a name: as many as nobody hits by chance.
const HASH_DIGITS: usize = 32;

/// What tells a checkpoint from every other one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CheckpointId {
    /// The shard that was run.
    pub(super) shard: Shard,
    /// The process that wrote it.
    pub(super) token: u32,
    /// Its number among those of this process.
    pub(super) number: u32,
}

impl CheckpointId {
    fn stem(&self) -> String {
        let CheckpointId { shard, token, number } = self;
        format!("{}-of-{}-{token:08x}-{number:06}", shard.index(), shard.count())
    }

    pub(super) fn parse(stem: &str) -> Option<CheckpointId> {
        let mut fields = stem.split('-');
        let index = fields.next()?.parse().ok()?;
        let ("of", count) = (fields.next()?, fields.next()?.parse().ok()?) else { return None };
        let token = u32::from_str_radix(fields.next()?, 16).ok()?;
        let number = fields.next()?.parse().ok()?;
        let shard = Shard::new(index, count)?;
        fields.next().is_none().then_some(CheckpointId { shard, token, number })
    }
}

/// What the name of a file of a checkpoint says: its ID without the hash, and the hash.
pub(super) fn parse_name(path: &Path, dataset: Dataset) -> Option<(&str, &str)> {
    name(path)?.strip_prefix(dataset.name())?.strip_prefix('-')?.strip_suffix(".parquet")?.rsplit_once('-')
}

/// Whether the bytes of a file are those of which its name has the hash; `None` if it has no name of a checkpoint.
pub(super) fn is_whole(path: &Path) -> Result<Option<bool>, StoreError> {
    let named = [Dataset::Runs, Dataset::Traces].into_iter().find_map(|dataset| parse_name(path, dataset));
    let Some((_, hash)) = named.filter(|(stem, _)| CheckpointId::parse(stem).is_some()) else { return Ok(None) };
    let found = hash_of(path).map_err(|cause| StoreError::io(path, "the file cannot be read", cause))?;
    Ok(Some(found.get(..HASH_DIGITS) == Some(hash)))
}

/// A Parquet file, and which keys each of its row groups may hold.
struct Table {
    path: PathBuf,
    dataset: Dataset,
    rows: u64,
    groups: Vec<Option<RangeInclusive<RunKey>>>,
}

impl Table {
    fn open(layout: &Layout, dataset: Dataset, path: PathBuf) -> Result<Table, StoreError> {
        let file = layout.open(dataset, &path)?;
        let groups = file.metadata().row_groups().iter().map(key_range).collect();
        let rows = file.metadata().file_metadata().num_rows().max(0) as u64;
        Ok(Table { path, dataset, rows, groups })
    }

    /// Opens a table whose bytes are those of which its name has the hash.
    fn open_checked(layout: &Layout, dataset: Dataset, path: &Path) -> Result<Table, StoreError> {
        if is_whole(path)? != Some(true) {
            return Err(StoreError::damaged(path, "damaged: its bytes are not those that were written"));
        }
        Table::open(layout, dataset, path.to_owned())
    }

    /// The row groups that may hold some of these keys.
    fn groups(&self, range: &KeyRange) -> Vec<usize> {
        let may_hold = |keys: &Option<RangeInclusive<RunKey>>| {
            keys.as_ref().is_none_or(|keys| *keys.start() < range.end && range.start <= *keys.end())
        };
        (0..self.groups.len()).filter(|&group| may_hold(&self.groups[group])).collect()
    }

    /// The rows of some keys, in `only` these columns if it is given; `None` if there are no such rows.
    fn read(
        &self,
        layout: &Layout,
        range: &KeyRange,
        only: Option<&[&str]>,
    ) -> Result<Option<RecordBatch>, StoreError> {
        let groups = self.groups(range);
        if groups.is_empty() {
            return Ok(None);
        }
        let mut file = layout.open(self.dataset, &self.path)?;
        file.builder = file.builder.with_row_groups(groups);
        if let Some(only) = only {
            file = file.with_columns(only);
        }
        let batches = read_batches(&self.path, file)?;
        let Some(first) = batches.first() else { return Ok(None) };
        let all = concat_batches(&first.schema(), &batches).map_err(|error| StoreError::damaged(&self.path, error))?;
        let keys = keys(&all);
        let start = keys.partition_point(|&key| key < range.start);
        let end = keys.partition_point(|&key| key < range.end);
        Ok((start < end).then(|| all.slice(start, end - start)))
    }
}

/// A file of runs, and that of their traces if the sweep has some.
pub(super) struct Checkpoint {
    pub(super) id: CheckpointId,
    runs: Table,
    traces: Option<Table>,
}

impl Checkpoint {
    pub(super) fn size(&self) -> Size {
        Size { runs: self.runs.rows, trace_rows: self.traces.as_ref().map_or(0, |traces| traces.rows) }
    }

    /// A range of keys that contains all of its runs. `None` if that is not known.
    pub(super) fn key_range(&self) -> Option<RangeInclusive<RunKey>> {
        let groups: Option<Vec<&RangeInclusive<RunKey>>> = self.runs.groups.iter().map(Option::as_ref).collect();
        let groups = groups?;
        let first = groups.iter().map(|keys| *keys.start()).min()?;
        Some(first..=groups.iter().map(|keys| *keys.end()).max()?)
    }

    /// Its rows of some keys; `None` if it has none.
    pub(super) fn rows(
        &self,
        layout: &Layout,
        dataset: Dataset,
        range: &KeyRange,
    ) -> Result<Option<RecordBatch>, StoreError> {
        let table = match dataset {
            Dataset::Runs => Some(&self.runs),
            Dataset::Traces => self.traces.as_ref(),
        };
        table.map_or(Ok(None), |table| table.read(layout, range, None))
    }

    /// Its runs of some keys, as far as they decide whether their cells want more.
    pub(super) fn found(&self, layout: &Layout, range: &KeyRange) -> Result<Vec<FoundRun>, StoreError> {
        let runs = self.runs.read(layout, range, Some(&FOUND))?;
        Ok(runs.as_ref().map(found_runs).unwrap_or_default())
    }

    /// Removes its files, the runs before their traces.
    pub(super) fn remove(&self) -> Result<(), StoreError> {
        remove(&self.runs.path)?;
        self.traces.as_ref().map_or(Ok(()), |traces| remove(&traces.path))
    }

    /// Writes a checkpoint of runs, and of traces if the sweep has some; both in the order of their keys.
    pub(super) fn write(
        layout: &Layout,
        id: CheckpointId,
        runs: RecordBatch,
        traces: Option<RecordBatch>,
    ) -> Result<Checkpoint, StoreError> {
        let write = |dataset: Dataset, batch: RecordBatch| {
            let stem = format!("{}-{}", dataset.name(), id.stem());
            let options = layout.options(layout.schema(dataset), Some(ROWS_PER_GROUP));
            let temporary = layout.temporary(&format!("{stem}.parquet"));
            let nominal = layout.checkpoint_folder().join(&stem);
            let written = write_batches(&nominal, &temporary, &options, std::iter::once(Ok(batch)))?;
            let path = nominal.with_file_name(format!("{stem}-{:.HASH_DIGITS$}.parquet", written.hash));
            written.publish(&path)?;
            Table::open(layout, dataset, path)
        };
        let traces = traces.map(|batch| write(Dataset::Traces, batch)).transpose()?;
        Ok(Checkpoint { id, runs: write(Dataset::Runs, runs)?, traces })
    }

    /// Opens a checkpoint and checks its bytes. `traces` is the file with its traces, if one was seen.
    pub(super) fn open(
        layout: &Layout,
        id: CheckpointId,
        runs: &Path,
        traces: Option<&Path>,
    ) -> Result<Checkpoint, StoreError> {
        if layout.sweep().traces.is_none() {
            return Ok(Checkpoint { id, runs: Table::open_checked(layout, Dataset::Runs, runs)?, traces: None });
        }
        let traces = match traces {
            Some(traces) => Some(traces.to_owned()),
            // A folder that changes while it is listed may show a file, and not one that was there before it.
            None => {
                let stem = parse_name(runs, Dataset::Runs).map(|(stem, _)| stem);
                let is_twin = |path: &PathBuf| parse_name(path, Dataset::Traces).map(|(stem, _)| stem) == stem;
                list(&layout.checkpoint_folder())?.into_iter().find(is_twin)
            }
        };
        let traces = match traces {
            Some(path) => Table::open_checked(layout, Dataset::Traces, &path)?,
            // The traces are removed last, so the runs may be gone by now.
            None if !is_there(runs)? => {
                return Err(StoreError::io(runs, "the file cannot be read", std::io::ErrorKind::NotFound.into()));
            }
            None => return Err(StoreError::damaged(runs, "the file with the traces of these runs is gone")),
        };
        Ok(Checkpoint { id, runs: Table::open_checked(layout, Dataset::Runs, runs)?, traces: Some(traces) })
    }
}
