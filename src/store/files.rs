//! Files that are there whole or not at all.

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use super::error::StoreError;
use super::schema::KeyMetadata;

/// Creates a folder unless it is there.
pub(super) fn create_folder(path: &Path) -> Result<(), StoreError> {
    fs::create_dir_all(path).map_err(|cause| StoreError::io(path, "the folder cannot be created", cause))
}

/// Writes a file through a temporary one: `write` gets the file open for writing.
pub(super) fn write_whole(
    path: &Path,
    temporary: &Path,
    write: impl FnOnce(&mut File) -> Result<(), std::io::Error>,
) -> Result<(), StoreError> {
    let failed = |cause| StoreError::io(path, "the file cannot be written", cause);
    let mut file = File::create(temporary).map_err(failed)?;
    let written = write(&mut file).and_then(|()| file.sync_all()).and_then(|()| fs::rename(temporary, path));
    if let Err(cause) = written {
        // What is half written is of no use; that it cannot be removed either is no news.
        let _ = fs::remove_file(temporary);
        return Err(failed(cause));
    }
    sync_folder(path)
}

/// Makes sure that a rename, or a removal, in the folder of `path` survives a power failure.
fn sync_folder(path: &Path) -> Result<(), StoreError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let failed = |cause| StoreError::io(folder, "the folder cannot be synchronized", cause);
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
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
    let entries = || metadata.entries().into_iter().map(|(key, value)| (key.to_owned(), value.to_owned()));
    let keys = entries().map(|(key, value)| KeyValue::new(key, value)).collect();
    // Readers that go by the Arrow schema look for the metadata there.
    let schema = Arc::new(schema.as_ref().clone().with_metadata(entries().collect::<HashMap<String, String>>()));
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_created_by(concat!("critmass ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_key_value_metadata(Some(keys))
        .build();
    write_whole(path, temporary, |file| {
        let mut writer = ArrowWriter::try_new(file, schema.clone(), Some(properties)).map_err(std::io::Error::other)?;
        for batch in batches {
            let batch = batch.clone().with_schema(schema.clone()).map_err(std::io::Error::other)?;
            writer.write(&batch).map_err(std::io::Error::other)?;
        }
        writer.close().map_err(std::io::Error::other)?;
        Ok(())
    })
}

/// Reads a Parquet file of this sweep.
///
/// # Errors
/// It cannot be read, belongs to another sweep, or has other columns.
pub(super) fn read_table(path: &Path, schema: &SchemaRef, hash: &str) -> Result<Vec<RecordBatch>, StoreError> {
    let reader = open_table(path, schema, hash)?.build().map_err(|error| StoreError::damaged(path, error))?;
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
    let keys = builder.metadata().file_metadata().key_value_metadata();
    let own = keys.into_iter().flatten().find(|key| key.key == KeyMetadata::HASH).and_then(|key| key.value.as_deref());
    if own != Some(hash) {
        return Err(StoreError::damaged(path, "the file belongs to another sweep"));
    }
    if builder.schema().fields() != schema.fields() {
        return Err(StoreError::damaged(path, "the file has other columns than this sweep"));
    }
    Ok(builder)
}

/// The files of a folder in the order of their names; none if there is no such folder.
pub(super) fn list(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let failed = |cause| StoreError::io(folder, "the folder cannot be listed", cause);
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(failed)?,
    };
    let mut files = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<PathBuf>, std::io::Error>>()
        .map_err(failed)?;
    files.sort();
    Ok(files)
}

/// Removes a file that may be gone already.
pub(super) fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::io(path, "the file cannot be removed", error))
        }
        _ => Ok(()),
    }
}
