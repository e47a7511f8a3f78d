//! Tables as Parquet files, and what is done with their rows.
//!
//! A key is a run: its cell and its replicate, the first two columns of every table but the surface.

use std::collections::HashMap;
use std::fs::File;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::UInt32Array;
use arrow_array::cast::AsArray;
use arrow_array::types::UInt32Type;
use arrow_schema::SchemaRef;
use arrow_select::concat::concat_batches;
use arrow_select::take::take_record_batch;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::{KeyValue, RowGroupMetaData};
use parquet::file::properties::WriterProperties;
use parquet::file::statistics::Statistics;

use super::error::StoreError;
use super::files::{Written, write_temporary};
use super::schema::KeyMetadata;

/// What wrote a file: runs of two versions are not comparable.
const CREATED_BY: &str = concat!("critmass ", env!("CARGO_PKG_VERSION"));

/// A run: its cell and its replicate.
pub(super) type Key = (u32, u32);

/// How a table is written.
pub(super) struct Layout<'a> {
    pub(super) schema: &'a SchemaRef,
    pub(super) metadata: &'a KeyMetadata,
    /// Most rows in a row group; as Parquet has it if `None`.
    pub(super) rows_per_group: Option<usize>,
}

/// Writes a table as a Parquet file, whole or not at all, through `temporary`.
///
/// The bytes depend on the table and the metadata alone.
///
/// # Errors
/// The file cannot be written.
pub fn write_table(
    path: &Path,
    temporary: &Path,
    schema: &SchemaRef,
    metadata: &KeyMetadata,
    batches: &[RecordBatch],
) -> Result<(), StoreError> {
    let layout = Layout { schema, metadata, rows_per_group: None };
    write_batches(path, temporary, &layout, batches.iter().cloned().map(Ok))?.place(path)
}

/// Writes a table that comes in pieces. The bytes depend on where it is divided, too.
pub(super) fn write_batches(
    path: &Path,
    temporary: &Path,
    layout: &Layout,
    batches: impl Iterator<Item = Result<RecordBatch, StoreError>>,
) -> Result<Written, StoreError> {
    let entries = || layout.metadata.entries().into_iter().map(|(key, value)| (key.to_owned(), value.to_owned()));
    let keys = entries().map(|(key, value)| KeyValue::new(key, value)).collect();
    // Readers that go by the Arrow schema look for the metadata there.
    let metadata = entries().collect::<HashMap<String, String>>();
    let schema = Arc::new(layout.schema.as_ref().clone().with_metadata(metadata));
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_created_by(CREATED_BY.to_owned())
        .set_key_value_metadata(Some(keys));
    if layout.rows_per_group.is_some() {
        properties = properties.set_max_row_group_row_count(layout.rows_per_group);
    }
    let failed = |error: parquet::errors::ParquetError| {
        StoreError::io(path, "the file cannot be written", std::io::Error::other(error))
    };
    write_temporary(path, temporary, |file| {
        let mut writer = ArrowWriter::try_new(file, schema.clone(), Some(properties.build())).map_err(failed)?;
        for batch in batches {
            let batch = batch?.with_schema(schema.clone()).map_err(|error| StoreError::damaged(path, error))?;
            writer.write(&batch).map_err(failed)?;
        }
        writer.close().map_err(failed)?;
        Ok(())
    })
}

/// Reads a Parquet file of this sweep.
///
/// # Errors
/// It cannot be read, belongs to another sweep, or has other columns.
pub(super) fn read_table(path: &Path, schema: &SchemaRef, hash: &str) -> Result<Vec<RecordBatch>, StoreError> {
    read_batches(path, open_table(path, schema, hash)?)
}

/// Reads what was chosen of a Parquet file.
pub(super) fn read_batches(
    path: &Path,
    builder: ParquetRecordBatchReaderBuilder<File>,
) -> Result<Vec<RecordBatch>, StoreError> {
    let reader = builder.build().map_err(|error| StoreError::damaged(path, error))?;
    reader.map(|batch| batch.map_err(|error| StoreError::damaged(path, error))).collect()
}

/// Opens a Parquet file of this sweep, of which the footer alone is read.
pub(super) fn open_table(
    path: &Path,
    schema: &SchemaRef,
    hash: &str,
) -> Result<ParquetRecordBatchReaderBuilder<File>, StoreError> {
    let file = File::open(path).map_err(|cause| StoreError::io(path, "the file cannot be opened", cause))?;
    let damaged = |error: parquet::errors::ParquetError| StoreError::damaged(path, format!("damaged: {error}"));
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(damaged)?;
    let footer = builder.metadata().file_metadata();
    if own_hash(footer.key_value_metadata()) != Some(hash) {
        return Err(StoreError::damaged(path, "the file belongs to another sweep"));
    }
    if footer.created_by() != Some(CREATED_BY) {
        let by = footer.created_by().unwrap_or("another program");
        return Err(StoreError::damaged(path, format!("the file was written by {by}, not by {CREATED_BY}")));
    }
    if builder.schema().fields() != schema.fields() {
        return Err(StoreError::damaged(path, "the file has other columns than this sweep"));
    }
    Ok(builder)
}

fn own_hash(keys: Option<&Vec<KeyValue>>) -> Option<&str> {
    keys.into_iter().flatten().find(|key| key.key == KeyMetadata::HASH).and_then(|key| key.value.as_deref())
}

/// The hash of the sweep that a Parquet file belongs to; `None` if it cannot be read.
pub(super) fn sweep_of(path: &Path) -> Option<String> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(path).ok()?).ok()?;
    own_hash(builder.metadata().file_metadata().key_value_metadata()).map(str::to_owned)
}

/// The keys that a row group may hold: a range that contains them all. `None` if it does not say.
pub(super) fn key_range(group: &RowGroupMetaData) -> Option<(Key, Key)> {
    let ends = |column: usize| match group.column(column).statistics()? {
        // Parquet keeps unsigned numbers as the signed ones with the same bits.
        Statistics::Int32(numbers) => Some((*numbers.min_opt()? as u32, *numbers.max_opt()? as u32)),
        _ => None,
    };
    let (cells, replicates) = (ends(0)?, ends(1)?);
    // Within one cell the rows are in the order of the replicates; else any replicate may be there.
    Some(if cells.0 == cells.1 {
        ((cells.0, replicates.0), (cells.1, replicates.1))
    } else {
        ((cells.0, 0), (cells.1, u32::MAX))
    })
}

/// Cell and replicate of each row.
pub(super) fn keys(batch: &RecordBatch) -> Vec<Key> {
    let column = |index: usize| batch.column(index).as_primitive_opt::<UInt32Type>();
    match (column(0), column(1)) {
        (Some(cells), Some(replicates)) => {
            cells.values().iter().copied().zip(replicates.values().iter().copied()).collect()
        }
        _ => Vec::new(),
    }
}

/// The rows of some tables in the order of their keys, those that `keep` wants. Of a key that several tables hold, the
/// rows of the first one are taken: a run is the same wherever it was made.
pub(super) fn ordered(
    path: &Path,
    schema: &SchemaRef,
    batches: &[RecordBatch],
    keep: impl Fn(Key) -> bool,
) -> Result<RecordBatch, StoreError> {
    let failed = |error: arrow_schema::ArrowError| StoreError::damaged(path, error);
    let mut rows: Vec<(Key, u32, u32)> = Vec::new();
    let mut row = 0;
    for (table, batch) in batches.iter().enumerate() {
        for key in keys(batch) {
            if keep(key) {
                rows.push((key, table as u32, row));
            }
            row += 1;
        }
    }
    rows.sort_unstable();
    let mut first: Option<(Key, u32)> = None;
    rows.retain(|&(key, table, _)| match first {
        Some((seen, from)) if seen == key => table == from,
        _ => {
            first = Some((key, table));
            true
        }
    });
    let all = concat_batches(schema, batches).map_err(failed)?;
    take_record_batch(&all, &UInt32Array::from_iter_values(rows.into_iter().map(|(.., row)| row))).map_err(failed)
}

/// Divides the runs of some cells into ranges of at most `size` keys; `replicates(cell)` is how many a cell has.
pub(super) fn key_ranges(cells: Range<u32>, size: u32, replicates: impl Fn(u32) -> u32) -> Vec<(Key, Key)> {
    let size = size.max(1);
    let mut ranges = Vec::new();
    let (mut from, mut keys) = ((cells.start, 0), 0);
    for cell in cells.clone() {
        let (n, mut taken) = (replicates(cell), 0);
        while keys + (n - taken) > size {
            taken += size - keys;
            ranges.push((from, (cell, taken)));
            (from, keys) = ((cell, taken), 0);
        }
        keys += n - taken;
    }
    ranges.push((from, (cells.end, 0)));
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_ranges_hold_every_key_once_and_not_too_many() {
        for size in [1, 3, 7, 100] {
            let replicates = |cell: u32| 2 * cell % 5;
            let ranges = key_ranges(2..9, size, replicates);
            let all: Vec<Key> = (2..9).flat_map(|cell| (0..replicates(cell)).map(move |r| (cell, r))).collect();
            let inside = |key: &Key| ranges.iter().filter(|(from, to)| (*from..*to).contains(key)).count();
            assert!(all.iter().all(|key| inside(key) == 1), "{size}: {ranges:?}");
            for (from, to) in &ranges {
                assert!(all.iter().filter(|key| (*from..*to).contains(key)).count() <= size as usize);
            }
        }
    }
}
