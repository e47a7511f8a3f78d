//! The folder of a sweep that is to be run by others: made, and taken back if nobody runs it.

use std::path::Path;

use super::error::StoreError;
use super::layout::FOLDERS;
use super::manifest::MANIFEST;
use super::mark::LOCK;
use super::ownership::take_possession;
use super::shard::Shard;
use super::writer::Store;
use crate::sweep::Sweep;

/// Makes the folder of a sweep that is to be run by others.
///
/// # Errors
/// As [`Store::open`].
pub fn prepare(path: &Path, sweep: &Sweep) -> Result<(), StoreError> {
    Store::open(path, sweep, Shard::new(0, 1)).map(|_| ())
}

/// Removes the folder of a sweep that was prepared and in which nothing has been done; one that holds anything else stays
/// as far as it does.
///
/// # Errors
/// Somebody works in it.
pub fn take_back(path: &Path, sweep: &Sweep) -> Result<(), StoreError> {
    let locks = take_possession(path, sweep, None)?;
    locks.remove_shards(path)?;
    let is_gone = |folder: &str| {
        let removed = std::fs::remove_dir(path.join(folder));
        removed.is_ok() || removed.is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
    };
    // A folder is removed only when it is empty, and what tells whose it is only when all of them are gone.
    if FOLDERS.iter().filter(|folder| is_gone(folder)).count() == FOLDERS.len() {
        for file in [MANIFEST, LOCK] {
            let _ = std::fs::remove_file(path.join(file));
        }
        let _ = std::fs::remove_dir(path);
    }
    Ok(())
}
