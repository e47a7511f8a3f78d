//! Runs that are in no part yet, as whole Parquet files: `runs-WRITER.parquet` with its `traces-WRITER.parquet`, which
//! is placed first, so that a run that is there has its trace.
//!
//! WRITER is `INDEX-of-COUNT-TOKEN-NUMBER-HASH`: the shard, which process wrote it, the how manieth it is of this
//! process, and the first half of the SHA-256 of the file. No two processes write the same name, and a file whose bytes
//! were changed is not what its name says. The rows are in the order of (cell, replicate), in small row groups, so that
//! those of a block can be found without reading the rest.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_schema::SchemaRef;
use arrow_select::concat::concat_batches;
use parquet::arrow::ProjectionMask;
use rayon::prelude::*;

use super::error::StoreError;
use super::files::{hash_of, list, name, remove};
use super::folder::Folder;
use super::shard::Shard;
use super::tables::{Key, Layout, key_range, keys, open_table, ordered, read_batches, write_batches};

/// Rows of a row group: few enough that a block of a many-sharded sweep is found without reading all.
const ROWS_PER_GROUP: usize = 4096;
/// Digits of the hash in a name: as many as nobody hits by chance.
const HASH_DIGITS: usize = 32;

/// Runs or traces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Runs,
    Traces,
}

impl Kind {
    /// The name of the folder of its parts.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Runs => "runs",
            Kind::Traces => "traces",
        }
    }
}

/// Who wrote a checkpoint, and the how manieth of its checkpoints it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Writer {
    pub(super) shard: Shard,
    pub(super) token: u32,
    pub(super) number: u32,
}

impl Writer {
    fn stem(&self) -> String {
        let Writer { shard, token, number } = self;
        format!("{}-of-{}-{token:08x}-{number:06}", shard.index(), shard.count())
    }

    fn parse(stem: &str) -> Option<Writer> {
        let mut fields = stem.split('-');
        let index = fields.next()?.parse().ok()?;
        let ("of", count) = (fields.next()?, fields.next()?.parse().ok()?) else { return None };
        let token = u32::from_str_radix(fields.next()?, 16).ok()?;
        let number = fields.next()?.parse().ok()?;
        let shard = Shard::new(index, count)?;
        fields.next().is_none().then_some(Writer { shard, token, number })
    }
}

/// A Parquet file, and which keys each of its row groups may hold.
struct Table {
    path: PathBuf,
    rows: u64,
    groups: Vec<Option<(Key, Key)>>,
}

impl Table {
    fn open(folder: &Folder, kind: Kind, path: PathBuf) -> Result<Table, StoreError> {
        let builder = open_table(&path, folder.schema(kind), &folder.sweep().hash)?;
        let groups = builder.metadata().row_groups().iter().map(key_range).collect();
        let rows = builder.metadata().file_metadata().num_rows().max(0) as u64;
        Ok(Table { path, rows, groups })
    }

    /// The row groups that may hold keys of `from` … `to`, the latter not included.
    fn groups(&self, from: Key, to: Key) -> Vec<usize> {
        let may_hold = |range: &Option<(Key, Key)>| range.is_none_or(|(low, high)| low < to && from <= high);
        (0..self.groups.len()).filter(|&group| may_hold(&self.groups[group])).collect()
    }

    /// The rows of some keys, in `only` these columns if it is given; `None` if there are no such rows.
    fn read(
        &self,
        folder: &Folder,
        kind: Kind,
        (from, to): (Key, Key),
        only: Option<&[&str]>,
    ) -> Result<Option<RecordBatch>, StoreError> {
        let groups = self.groups(from, to);
        if groups.is_empty() {
            return Ok(None);
        }
        let mut builder = open_table(&self.path, folder.schema(kind), &folder.sweep().hash)?.with_row_groups(groups);
        if let Some(only) = only {
            let mask = ProjectionMask::columns(builder.parquet_schema(), only.iter().copied());
            builder = builder.with_projection(mask);
        }
        let batches = read_batches(&self.path, builder)?;
        let Some(first) = batches.first() else { return Ok(None) };
        let all = concat_batches(&first.schema(), &batches).map_err(|error| StoreError::damaged(&self.path, error))?;
        let keys = keys(&all);
        let start = keys.partition_point(|&key| key < from);
        let end = keys.partition_point(|&key| key < to);
        Ok((start < end).then(|| all.slice(start, end - start)))
    }
}

/// A file of runs, and that of their traces if the sweep has some.
pub(super) struct Checkpoint {
    pub(super) writer: Writer,
    runs: Table,
    traces: Option<Table>,
}

impl Checkpoint {
    /// Its size: runs and rows of traces.
    pub(super) fn rows(&self) -> (u64, u64) {
        (self.runs.rows, self.traces.as_ref().map_or(0, |traces| traces.rows))
    }

    /// Every key lies between these two, ends included. `None` if that is not known.
    pub(super) fn key_range(&self) -> Option<(Key, Key)> {
        let ends: Option<Vec<(Key, Key)>> = self.runs.groups.iter().copied().collect();
        let ends = ends?;
        Some((ends.iter().map(|end| end.0).min()?, ends.iter().map(|end| end.1).max()?))
    }

    fn table(&self, kind: Kind) -> Option<&Table> {
        match kind {
            Kind::Runs => Some(&self.runs),
            Kind::Traces => self.traces.as_ref(),
        }
    }

    /// Removes its files, the runs before their traces.
    pub(super) fn remove(&self) -> Result<(), StoreError> {
        remove(&self.runs.path)?;
        self.traces.as_ref().map_or(Ok(()), |traces| remove(&traces.path))
    }

    /// Writes a checkpoint of runs, and of traces if the sweep has some; both in the order of their keys.
    pub(super) fn write(
        folder: &Folder,
        writer: Writer,
        runs: RecordBatch,
        traces: Option<RecordBatch>,
    ) -> Result<Checkpoint, StoreError> {
        let place = |kind: Kind, batch: RecordBatch| {
            let stem = format!("{}-{}", kind.name(), writer.stem());
            let metadata = folder.metadata();
            let layout =
                Layout { schema: folder.schema(kind), metadata: &metadata, rows_per_group: Some(ROWS_PER_GROUP) };
            let temporary = folder.temporary(&format!("{stem}.parquet"));
            let nominal = folder.path().join("checkpoint").join(&stem);
            let written = write_batches(&nominal, &temporary, &layout, std::iter::once(Ok(batch)))?;
            let path = nominal.with_file_name(format!("{stem}-{:.HASH_DIGITS$}.parquet", written.hash));
            written.place(&path)?;
            Table::open(folder, kind, path)
        };
        let traces = traces.map(|batch| place(Kind::Traces, batch)).transpose()?;
        Ok(Checkpoint { writer, runs: place(Kind::Runs, runs)?, traces })
    }
}

/// The checkpoints of a folder.
#[derive(Default)]
pub(super) struct Checkpoints {
    /// Those that can be used.
    pub(super) files: Vec<Checkpoint>,
    /// Those that cannot: the files, and what is wrong.
    pub(super) damaged: Vec<(Vec<PathBuf>, String)>,
}

/// What the name of a checkpoint says.
fn parse_name(file: &str, kind: Kind) -> Option<(&str, &str)> {
    file.strip_prefix(kind.name())?.strip_prefix('-')?.strip_suffix(".parquet")?.rsplit_once('-')
}

/// Whether an error says that a file is not there any more.
fn is_gone(error: &StoreError) -> bool {
    matches!(error, StoreError::Io { cause, .. } if cause.kind() == std::io::ErrorKind::NotFound)
}

impl Checkpoints {
    /// Finds and checks, byte by byte, the checkpoints of the shards that are `wanted`.
    pub(super) fn find(folder: &Folder, wanted: impl Fn(Shard) -> bool) -> Result<Checkpoints, StoreError> {
        let files = list(&folder.path().join("checkpoint"))?;
        let mut traces: BTreeMap<&str, &Path> = BTreeMap::new();
        let mut runs = Vec::new();
        for path in &files {
            let Some(file) = name(path) else { continue };
            if let Some((stem, _)) = parse_name(file, Kind::Traces) {
                traces.insert(stem, path);
            } else if let Some((stem, _)) = parse_name(file, Kind::Runs)
                && let Some(writer) = Writer::parse(stem)
                && wanted(writer.shard)
            {
                runs.push((writer, path.as_path(), stem));
            }
        }
        let opened: Vec<_> = runs
            .par_iter()
            .map(|&(writer, runs, stem)| {
                let traces = traces.get(stem).copied();
                (open(folder, writer, runs, traces), [Some(runs), traces])
            })
            .collect();
        let mut checkpoints = Checkpoints::default();
        for (result, paths) in opened {
            match result {
                Ok(checkpoint) => checkpoints.files.push(checkpoint),
                // Merged by the process that wrote it, in this moment.
                Err(error) if is_gone(&error) => {}
                Err(error @ StoreError::Io { .. }) => return Err(error),
                Err(error) => {
                    let paths = paths.into_iter().flatten().map(Path::to_owned).collect();
                    checkpoints.damaged.push((paths, error.to_string()));
                }
            }
        }
        Ok(checkpoints)
    }

    /// The rows of some keys (`from` … `to`, the latter not included), each once, in order.
    pub(super) fn gather(
        &self,
        folder: &Folder,
        kind: Kind,
        range: (Key, Key),
        fresh: Option<RecordBatch>,
        keep: impl Fn(Key) -> bool,
    ) -> Result<RecordBatch, StoreError> {
        let mut batches = Vec::new();
        for table in self.files.iter().filter_map(|checkpoint| checkpoint.table(kind)) {
            batches.extend(table.read(folder, kind, range, None)?);
        }
        batches.extend(fresh);
        let schema: &SchemaRef = folder.schema(kind);
        let place = folder.path().join("checkpoint");
        ordered(&place, schema, &batches, |key| (range.0..range.1).contains(&key) && keep(key))
    }

    /// The runs of some keys: cell, replicate, and whether it had an outage; each once, in order.
    pub(super) fn found(&self, folder: &Folder, range: (Key, Key)) -> Result<Vec<(u32, u32, bool)>, StoreError> {
        let mut found = Vec::new();
        for checkpoint in &self.files {
            let only = ["cell", "replicate", "outage"];
            let Some(batch) = checkpoint.runs.read(folder, Kind::Runs, range, Some(&only))? else { continue };
            let outages = batch.column_by_name("outage").and_then(|column| column.as_boolean_opt());
            let outages = outages.into_iter().flat_map(|outages| outages.values().iter());
            found.extend(
                keys(&batch).into_iter().zip(outages).map(|((cell, replicate), outage)| (cell, replicate, outage)),
            );
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }
}

/// Opens a checkpoint and checks its bytes.
fn open(folder: &Folder, writer: Writer, runs: &Path, traces: Option<&Path>) -> Result<Checkpoint, StoreError> {
    let table = |kind: Kind, path: &Path| {
        let hash = hash_of(path).map_err(|cause| StoreError::io(path, "the file cannot be read", cause))?;
        let said = name(path).and_then(|file| parse_name(file, kind)).map(|(_, hash)| hash);
        if said != hash.get(..HASH_DIGITS) {
            return Err(StoreError::damaged(path, "damaged: its bytes are not those that were written"));
        }
        Table::open(folder, kind, path.to_owned())
    };
    // A folder that changes while it is listed may show a file, and not one that was placed before it.
    let stem = name(runs).and_then(|file| parse_name(file, Kind::Runs)).map(|(stem, _)| stem);
    let is_twin =
        |path: &PathBuf| name(path).and_then(|file| parse_name(file, Kind::Traces)).map(|(stem, _)| stem) == stem;
    let traces = match traces {
        None if folder.sweep().traces.is_some() => list(&folder.path().join("checkpoint"))?.into_iter().find(is_twin),
        traces => traces.map(Path::to_owned),
    };
    let traces = match (folder.sweep().traces, traces) {
        (None, _) => None,
        (Some(_), Some(path)) => Some(table(Kind::Traces, &path)?),
        // The traces are removed last, so the runs may be gone by now.
        (Some(_), None) if !runs.exists() => {
            return Err(StoreError::io(runs, "the file cannot be read", std::io::ErrorKind::NotFound.into()));
        }
        (Some(_), None) => return Err(StoreError::damaged(runs, "the file with the traces of these runs is gone")),
    };
    Ok(Checkpoint { writer, runs: table(Kind::Runs, runs)?, traces })
}
