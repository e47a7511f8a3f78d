//! A file that Parquet is read from, which remembers what the system said.
//!
//! The readers of Parquet and Arrow turn an error of the system into a text that says that the file cannot be decoded. But
//! a file that cannot be read is not damaged, and must not be replaced.

use std::fs::File;
use std::io::{BufReader, Error, ErrorKind, Read, Result, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

use super::error::StoreError;
use super::files::open_regular;

/// A file, and the first error of the system while it was read.
#[derive(Clone)]
pub(super) struct Source {
    file: Arc<File>,
    failed: Arc<Mutex<Option<Error>>>,
}

impl Source {
    pub(super) fn open(path: &Path) -> Result<Source> {
        Ok(Source { file: Arc::new(open_regular(path)?), failed: Arc::default() })
    }

    /// What an error of a reader means: the system did not let the file be read, or else the file is damaged.
    pub(super) fn explain(&self, path: &Path, message: impl std::fmt::Display) -> StoreError {
        match self.failed.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(cause) => StoreError::io(path, "the file cannot be read", cause),
            None => StoreError::damaged(path, message),
        }
    }

    fn noted<T>(&self, result: Result<T>) -> Result<T> {
        result.inspect_err(|error| {
            // What the system says has a number; what a reader says of the bytes has none.
            if let Some(number) = error.raw_os_error().filter(|_| error.kind() != ErrorKind::Interrupted) {
                let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
                failed.get_or_insert_with(|| Error::from_raw_os_error(number));
            }
        })
    }

    fn at(&self, start: u64) -> Result<SourceReader> {
        let seeked = self.file.try_clone().and_then(|mut file| file.seek(SeekFrom::Start(start)).map(|_| file));
        Ok(SourceReader { file: self.noted(seeked)?, source: self.clone() })
    }
}

/// A file from some place on.
pub(super) struct SourceReader {
    file: File,
    source: Source,
}

impl Read for SourceReader {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let read = self.file.read(buffer);
        self.source.noted(read)
    }
}

impl Length for Source {
    fn len(&self) -> u64 {
        self.noted(self.file.metadata()).map_or(0, |metadata| metadata.len())
    }
}

impl ChunkReader for Source {
    type T = BufReader<SourceReader>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        Ok(BufReader::new(self.at(start)?))
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        let mut bytes = Vec::new();
        self.at(start)?.take(length as u64).read_to_end(&mut bytes)?;
        if bytes.len() != length {
            return Err(ParquetError::EOF(format!("expected {length} bytes, but there are {}", bytes.len())));
        }
        Ok(bytes.into())
    }
}
