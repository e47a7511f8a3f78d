//! Tables as Parquet files, and what is done with their rows.

use std::collections::HashMap;
use std::io::Write;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::UInt32Array;
use arrow_array::cast::AsArray;
use arrow_array::types::UInt32Type;
use arrow_schema::{ArrowError, SchemaRef};
use arrow_select::concat::concat_batches;
use arrow_select::take::take_record_batch;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::{FileMetaData, KeyValue, ParquetMetaData, RowGroupMetaData};
use parquet::file::properties::WriterProperties;
use parquet::file::statistics::Statistics;

use super::error::StoreError;
use super::files::{Written, write_temporary};
use super::key::RunKey;
use super::metadata::KeyMetadata;
use super::row::FoundRun;
use super::source::Source;
use crate::sweep::columns;

/// What wrote a file: runs of two versions are not comparable.
const CREATED_BY: &str = concat!("critmass ", env!("CARGO_PKG_VERSION"));

/// How a table is written.
pub(super) struct TableOptions<'a> {
    pub(super) schema: &'a SchemaRef,
    pub(super) metadata: &'a KeyMetadata,
    /// Most rows in a row group; as Parquet has it if `None`.
    pub(super) rows_per_group: Option<usize>,
}

/// Writes a table that comes in pieces. The bytes depend on where it is divided, too.
pub(super) fn write_batches(
    path: &Path,
    temporary: &Path,
    options: &TableOptions,
    batches: impl Iterator<Item = Result<RecordBatch, StoreError>>,
) -> Result<Written, StoreError> {
    write_temporary(path, temporary, |file| encode(path, file, options, batches))
}

/// Writes the bytes of a Parquet file, from the first to the last one.
///
/// They depend on the table, where it is divided, and the metadata alone.
pub(super) fn encode(
    path: &Path,
    file: impl Write + Send,
    options: &TableOptions,
    batches: impl Iterator<Item = Result<RecordBatch, StoreError>>,
) -> Result<(), StoreError> {
    let entries = || options.metadata.entries().into_iter().map(|(key, value)| (key.to_owned(), value.to_owned()));
    let keys = entries().map(|(key, value)| KeyValue::new(key, value)).collect();
    // Readers that go by the Arrow schema look for the metadata there.
    let metadata = entries().collect::<HashMap<String, String>>();
    let schema = Arc::new(options.schema.as_ref().clone().with_metadata(metadata));
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_created_by(CREATED_BY.to_owned())
        .set_key_value_metadata(Some(keys));
    if options.rows_per_group.is_some() {
        properties = properties.set_max_row_group_row_count(options.rows_per_group);
    }
    let failed = |error: parquet::errors::ParquetError| {
        StoreError::io(path, "the file cannot be written", std::io::Error::other(error))
    };
    let mut writer = ArrowWriter::try_new(file, schema.clone(), Some(properties.build())).map_err(failed)?;
    for batch in batches {
        let batch = batch?.with_schema(schema.clone()).map_err(|error| StoreError::damaged(path, error))?;
        writer.write(&batch).map_err(failed)?;
    }
    writer.close().map_err(failed)?;
    Ok(())
}

/// Reads what was chosen of a Parquet file.
pub(super) fn read_batches(path: &Path, table: TableFile) -> Result<Vec<RecordBatch>, StoreError> {
    let TableFile { builder, source } = table;
    let batches = builder.build().and_then(|reader| Ok(reader.collect::<Result<Vec<RecordBatch>, ArrowError>>()?));
    batches.map_err(|error| source.explain(path, error))
}

/// A Parquet file that is open, of which the footer was read.
pub(super) struct TableFile {
    pub(super) builder: ParquetRecordBatchReaderBuilder<Source>,
    source: Source,
}

impl TableFile {
    pub(super) fn open(path: &Path) -> Result<TableFile, StoreError> {
        let source = Source::open(path).map_err(|cause| StoreError::io(path, "the file cannot be opened", cause))?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(source.clone());
        match builder {
            Ok(builder) => Ok(TableFile { builder, source }),
            Err(error) => Err(source.explain(path, format!("damaged: {error}"))),
        }
    }

    pub(super) fn metadata(&self) -> &ParquetMetaData {
        self.builder.metadata()
    }

    /// The same file, of which these columns alone are read.
    pub(super) fn with_columns(self, names: &[&str]) -> TableFile {
        let mask = ProjectionMask::columns(self.builder.parquet_schema(), names.iter().copied());
        TableFile { builder: self.builder.with_projection(mask), ..self }
    }

    /// Bytes of its columns before they were compressed, as it says.
    pub(super) fn bytes(&self) -> u64 {
        self.metadata().row_groups().iter().map(|group| group.total_byte_size().max(0) as u64).sum()
    }
}

/// Opens a Parquet file of this sweep, of which the footer alone is read.
pub(super) fn open_table(path: &Path, schema: &SchemaRef, hash: &str) -> Result<TableFile, StoreError> {
    let table = TableFile::open(path)?;
    let footer = table.metadata().file_metadata();
    if value_of(KeyMetadata::HASH, footer.key_value_metadata()) != Some(hash) {
        return Err(StoreError::damaged(path, "the file belongs to another sweep"));
    }
    if !was_written_by_this_version(footer) {
        let by = footer.created_by().unwrap_or("another program");
        return Err(StoreError::damaged(path, format!("the file was written by {by}, not by {CREATED_BY}")));
    }
    if table.builder.schema().fields() != schema.fields() {
        return Err(StoreError::damaged(path, "the file has other columns than this sweep"));
    }
    Ok(table)
}

/// The value of a key in the metadata of a Parquet file.
pub(super) fn value_of<'a>(key: &str, keys: Option<&'a Vec<KeyValue>>) -> Option<&'a str> {
    keys.into_iter().flatten().find(|entry| entry.key == key).and_then(|entry| entry.value.as_deref())
}

/// Whether a file with this footer was written by this version of the program.
pub(super) fn was_written_by_this_version(footer: &FileMetaData) -> bool {
    footer.created_by() == Some(CREATED_BY)
}

/// The hash of the sweep that a Parquet file belongs to; `None` if it cannot be read.
pub(super) fn sweep_of(path: &Path) -> Option<String> {
    value_in(path, KeyMetadata::HASH)
}

/// The value of a key in the metadata of a Parquet file that may be any one; `None` if it cannot be read.
pub(super) fn value_in(path: &Path, key: &str) -> Option<String> {
    let table = TableFile::open(path).ok()?;
    value_of(key, table.metadata().file_metadata().key_value_metadata()).map(str::to_owned)
}

/// The keys that a row group may hold: a range that contains them all. `None` if it does not say.
pub(super) fn key_range(group: &RowGroupMetaData) -> Option<RangeInclusive<RunKey>> {
    let ends = |column: usize| match group.column(column).statistics()? {
        // Parquet keeps unsigned numbers as the signed ones with the same bits.
        Statistics::Int32(numbers) => Some((*numbers.min_opt()? as u32, *numbers.max_opt()? as u32)),
        _ => None,
    };
    let ((first, last), replicates) = (ends(0)?, ends(1)?);
    // Within one cell the rows are in the order of the replicates; else any replicate may be there.
    let (low, high) = if first == last { replicates } else { (0, u32::MAX) };
    Some(RunKey { cell: first, replicate: low }..=RunKey { cell: last, replicate: high })
}

/// Cell and replicate of each row.
pub(super) fn keys(batch: &RecordBatch) -> Vec<RunKey> {
    let column = |index: usize| batch.column(index).as_primitive_opt::<UInt32Type>();
    match (column(0), column(1)) {
        (Some(cells), Some(replicates)) => {
            let rows = cells.values().iter().zip(replicates.values());
            rows.map(|(&cell, &replicate)| RunKey { cell, replicate }).collect()
        }
        _ => Vec::new(),
    }
}

/// The columns that [`found_runs`] reads.
pub(super) const FOUND: [&str; 3] = [columns::CELL, columns::REPLICATE, "outage"];

/// Of each row of runs what decides whether its cell wants more.
pub(super) fn found_runs(runs: &RecordBatch) -> Vec<FoundRun> {
    let outages = runs.column_by_name("outage").and_then(|column| column.as_boolean_opt());
    let outages = outages.into_iter().flat_map(|outages| outages.values().iter());
    keys(runs).into_iter().zip(outages).map(|(key, outage)| FoundRun { key, outage }).collect()
}

/// Rows of a table by their numbers, in this order.
pub(super) fn rows_by_number(path: &Path, table: &RecordBatch, rows: Vec<u32>) -> Result<RecordBatch, StoreError> {
    take_record_batch(table, &UInt32Array::from(rows)).map_err(|error| StoreError::damaged(path, error))
}

/// The rows of some tables in the order of their keys, those that `keep` wants. Of a key that several tables hold, the
/// rows of the first one are taken: a run is the same wherever it was made.
pub(super) fn ordered(
    path: &Path,
    schema: &SchemaRef,
    batches: &[RecordBatch],
    keep: impl Fn(RunKey) -> bool,
) -> Result<RecordBatch, StoreError> {
    let failed = |error: ArrowError| StoreError::damaged(path, error);
    let mut rows: Vec<(RunKey, u32, u32)> = Vec::new();
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
    let mut first: Option<(RunKey, u32)> = None;
    rows.retain(|&(key, table, _)| match first {
        Some((seen, from)) if seen == key => table == from,
        _ => {
            first = Some((key, table));
            true
        }
    });
    let all = concat_batches(schema, batches).map_err(failed)?;
    rows_by_number(path, &all, rows.into_iter().map(|(.., row)| row).collect())
}
