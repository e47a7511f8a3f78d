//! Who works in a folder: advisory locks, which the system releases when the process ends, however it does.
//!
//! A run of the whole sweep holds `lock` for itself. Shards hold it together, and each one its own file in `locks/`.
//! What `lock` holds is the mark of the folder.
//!
//! The locks tell a user of a mistake; that nothing gets damaged does not depend on them. (Some network file systems
//! have none, or hold them on one machine alone.) Whatever the processes write has a name of its own until it is
//! whole, and a run is the same whoever makes it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::StoreError;
use super::files::{create_folder, is_regular, list, name, open_regular, remove, sync_folder};
use super::mark::LOCK;
use super::shard::Shard;

/// How often, and after which time, a lock is tried again: `critmass status` holds it for a moment to see who works.
const TRIES: u32 = 20;
const TRY_AGAIN: Duration = Duration::from_millis(25);

/// The file `lock` of a folder, open; nothing is locked yet.
pub(super) struct Lock(File);

/// The locks of this process. They last as long as it does.
pub(super) struct Locks {
    lock: Lock,
    _own: Option<File>,
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

/// The shard of which this is the file; `None` if it is no such file.
fn shard_of(path: &Path) -> Option<Shard> {
    let (index, count) = name(path)?.split_once("-of-")?;
    Shard::new(index.parse().ok()?, count.parse().ok()?)
}

impl Lock {
    pub(super) fn open(folder: &Path) -> Result<Lock, StoreError> {
        open(&folder.join(LOCK)).map(Lock)
    }

    /// Waits until nobody else holds it, unless `needless` comes true before; `false` if neither happens.
    pub(super) fn alone_unless(&self, needless: impl Fn() -> Result<bool, StoreError>) -> Result<bool, StoreError> {
        let mut failed = None;
        let held = attempt(|| match needless() {
            Ok(true) => Ok(()),
            Ok(false) => self.0.try_lock(),
            Err(error) => {
                failed = Some(error);
                Ok(())
            }
        });
        failed.map_or(Ok(held != Some(false)), Err)
    }

    /// Whether nobody else holds it, so that this process does; `None` on a file system without locks.
    pub(super) fn alone(&self) -> Option<bool> {
        attempt(|| self.0.try_lock())
    }

    /// Lets others have it.
    pub(super) fn release(&self) {
        // A file system without locks has none to release.
        let _ = self.0.unlock();
    }

    /// Writes what it holds.
    pub(super) fn write(&self, folder: &Path, text: &str) -> Result<(), StoreError> {
        let path = folder.join(LOCK);
        // The file may hold the beginning of the same, or zeros.
        let written = self.0.set_len(0).and_then(|()| (&self.0).write_all(text.as_bytes()));
        let failed = |cause| StoreError::io(&path, "the file cannot be written", cause);
        written.and_then(|()| self.0.sync_all()).map_err(failed)?;
        sync_folder(&path)
    }
}

impl Locks {
    /// Takes the locks of a whole run, or of a shard.
    pub(super) fn take(lock: Lock, folder: &Path, shard: Option<Shard>) -> Result<Locks, StoreError> {
        let Some(shard) = shard else {
            let held = attempt(|| lock.0.try_lock());
            if held == Some(false) {
                // Shards let others share.
                let message = if attempt(|| lock.0.try_lock_shared()) == Some(true) {
                    "shards of this sweep are running in this folder; run it without --shard once they have ended"
                } else {
                    "another process is running this sweep in this folder"
                };
                return Err(StoreError::refused(folder, message));
            }
            return Ok(Locks { lock, _own: None, are_held: held.is_some() });
        };
        let shared = attempt(|| lock.0.try_lock_shared());
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
        Ok(Locks { lock, _own: Some(own), are_held: shared.and(held).is_some() })
    }

    /// That of the whole folder.
    pub(super) fn lock(&self) -> &Lock {
        &self.lock
    }

    /// Removes the files of the shards' locks. Only for who holds the lock of the whole, so that no shard is running.
    pub(super) fn remove_shards(&self, folder: &Path) -> Result<(), StoreError> {
        let locks = folder.join("locks");
        let is_empty = |file: &Path| file.metadata().is_ok_and(|metadata| metadata.len() == 0);
        let is_ours = |file: &&PathBuf| shard_of(file).is_some() && is_regular(file) && is_empty(file);
        list(&locks)?.iter().filter(is_ours).try_for_each(|file| remove(file))?;
        // Something else may lie there, or nothing at all.
        let _ = std::fs::remove_dir(locks);
        Ok(())
    }
}

/// Opens the file of a lock, which is made unless it is there.
fn open(path: &Path) -> Result<File, StoreError> {
    let failed = |cause| StoreError::io(path, "the file cannot be written", cause);
    // Network file systems want a file that is open for writing, or for reading, depending on the kind of lock.
    let options = OpenOptions::new().read(true).write(true).clone();
    match options.clone().create_new(true).open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        file => return file.map_err(failed),
    }
    if !is_regular(path) {
        return Err(StoreError::refused(path, "this is a link, or no file, and cannot be a lock; remove it"));
    }
    options.open(path).map_err(failed)
}

/// Whether a lock could be taken; `None` on a file system without locks, where it is better to run than to refuse.
fn attempt(mut take: impl FnMut() -> Result<(), TryLockError>) -> Option<bool> {
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
            let file = open_regular(path);
            file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
        };
        let mut shards: Vec<Shard> = list(&folder.join("locks"))?
            .iter()
            .filter(|path| is_held(path))
            .filter_map(|path| shard_of(path))
            .collect();
        shards.sort_by_key(|shard| (shard.count(), shard.index()));
        Ok(Workers { whole: is_held(&folder.join(LOCK)), shards })
    }
}
