//! Who works in a folder: advisory locks, which the system releases when the process ends, however it does.
//!
//! A run of the whole sweep holds `lock` for itself. Shards hold it together, and each one its own file in `locks/`.
//!
//! The locks tell a user of a mistake; that nothing gets damaged does not depend on them. (Some network file systems
//! have none, or hold them on one machine alone.) Whatever the processes write has a name of its own until it is
//! whole, and a run is the same whoever makes it.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::StoreError;
use super::files::{create_folder, list, name, remove};
use super::shard::Shard;

/// How often, and after which time, a lock is tried again: `critmass status` holds it for a moment to see who works.
const TRIES: u32 = 20;
const TRY_AGAIN: Duration = Duration::from_millis(25);

/// The locks of this process. They last as long as it does.
pub(super) struct Locks {
    _files: Vec<File>,
    /// Whether the file system has locks.
    pub(super) are_held: bool,
}

/// Who works in a folder at this moment.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Workers {
    /// Somebody runs the whole sweep.
    pub whole: bool,
    /// These shards are running.
    pub shards: Vec<Shard>,
}

fn shard_path(folder: &Path, shard: Shard) -> PathBuf {
    folder.join("locks").join(format!("{}-of-{}", shard.index(), shard.count()))
}

impl Locks {
    /// Takes the locks of a whole run, or of a shard.
    pub(super) fn take(folder: &Path, shard: Option<Shard>) -> Result<Locks, StoreError> {
        let lock = open(&folder.join("lock"))?;
        let Some(shard) = shard else {
            let held = attempt(|| lock.try_lock());
            if held == Some(false) {
                // Shards let others share.
                let message = if attempt(|| lock.try_lock_shared()) == Some(true) {
                    "shards of this sweep are running in this folder; run it without --shard once they have ended"
                } else {
                    "another process is running this sweep in this folder"
                };
                return Err(StoreError::refused(folder, message));
            }
            return Ok(Locks { _files: vec![lock], are_held: held.is_some() });
        };
        let shared = attempt(|| lock.try_lock_shared());
        if shared == Some(false) {
            return Err(StoreError::refused(folder, "another process is running the whole sweep in this folder"));
        }
        create_folder(&folder.join("locks"))?;
        let own = open(&shard_path(folder, shard))?;
        let held = attempt(|| own.try_lock());
        if held == Some(false) {
            let message = format!("another process is running shard {shard} in this folder");
            return Err(StoreError::refused(folder, message));
        }
        Ok(Locks { _files: vec![lock, own], are_held: shared.and(held).is_some() })
    }

    /// Removes the files of the shards' locks. Only for who holds the lock of the whole, so that no shard is running.
    pub(super) fn remove_shards(&self, folder: &Path) -> Result<(), StoreError> {
        let locks = folder.join("locks");
        list(&locks)?.iter().try_for_each(|file| remove(file))?;
        // Something else may lie there, or nothing at all.
        let _ = std::fs::remove_dir(locks);
        Ok(())
    }
}

fn open(path: &Path) -> Result<File, StoreError> {
    // Network file systems want a file that is open for writing, or for reading, depending on the kind of lock.
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
    file.map_err(|cause| StoreError::io(path, "the file cannot be written", cause))
}

/// Whether a lock could be taken; `None` on a file system without locks, where it is better to run than to refuse.
fn attempt(take: impl Fn() -> Result<(), TryLockError>) -> Option<bool> {
    for tried in 0..TRIES {
        match take() {
            Ok(()) => return Some(true),
            Err(TryLockError::Error(_)) => return None,
            Err(TryLockError::WouldBlock) if tried + 1 < TRIES => std::thread::sleep(TRY_AGAIN),
            Err(TryLockError::WouldBlock) => {}
        }
    }
    Some(false)
}

impl Workers {
    /// Looks who works in a folder.
    pub(super) fn find(folder: &Path) -> Result<Workers, StoreError> {
        let is_held = |path: &Path| {
            let file = File::open(path);
            file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
        };
        let shard = |path: &Path| {
            let (index, count) = name(path)?.split_once("-of-")?;
            Shard::new(index.parse().ok()?, count.parse().ok()?)
        };
        let mut shards: Vec<Shard> =
            list(&folder.join("locks"))?.iter().filter(|path| is_held(path)).filter_map(|path| shard(path)).collect();
        shards.sort_by_key(|shard| (shard.count(), shard.index()));
        Ok(Workers { whole: is_held(&folder.join("lock")), shards })
    }
}
