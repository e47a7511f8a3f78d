//! What can go wrong with the folder of a sweep.

use std::path::{Path, PathBuf};

/// Why a folder could not be used, read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file or folder could not be read or written.
    #[error("{path}: {action}: {cause}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// What the system said.
        cause: std::io::Error,
    },
    /// A Parquet file is damaged, or is not what it should be.
    #[error("{path}: {message}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// The same, where the message names the file.
    #[error("{0}")]
    Said(String),
    /// The folder is not the user's to use in this way.
    #[error("{path}: {message}")]
    Refused {
        /// The folder.
        path: PathBuf,
        /// Why, and what to do.
        message: String,
    },
}

impl StoreError {
    pub(super) fn io(path: &Path, action: &'static str, cause: std::io::Error) -> StoreError {
        StoreError::Io { path: path.to_owned(), action, cause }
    }

    pub(super) fn damaged(path: &Path, message: impl std::fmt::Display) -> StoreError {
        StoreError::Damaged { path: path.to_owned(), message: message.to_string() }
    }

    pub(super) fn refused(path: &Path, message: impl Into<String>) -> StoreError {
        StoreError::Refused { path: path.to_owned(), message: message.into() }
    }

    /// Whether a file is not there any more.
    pub(super) fn is_gone(&self) -> bool {
        matches!(self, StoreError::Io { cause, .. } if cause.kind() == std::io::ErrorKind::NotFound)
    }

    /// Whether the system does not allow it, rather than being unable to.
    pub fn is_not_allowed(&self) -> bool {
        use std::io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
        matches!(self, StoreError::Io { cause, .. } if matches!(cause.kind(), PermissionDenied | ReadOnlyFilesystem))
    }

    /// Whether the user asked for something that cannot be, rather than something having failed.
    pub fn is_wrong_input(&self) -> bool {
        matches!(self, StoreError::Refused { .. })
    }
}
