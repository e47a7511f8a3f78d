//! The temporary files of a process that holds no lock of the folder, as `critmass summarize`: a run that starts
//! removes what was left half written, but not what somebody is writing.

use std::fs::{File, TryLockError};
use std::hash::{BuildHasher, Hasher};
use std::path::{Path, PathBuf};

use super::error::StoreError;
use super::files::{list, name, remove};

const PREFIX: &str = "surface-";

/// Temporary files that are in use as long as this lives: a locked, empty file beside them says so. All of them go with
/// it.
pub(super) struct Claim {
    path: PathBuf,
    _lock: File,
}

impl Claim {
    /// Claims files in a folder, under a name that no other process has: process numbers repeat between containers.
    pub(super) fn take(folder: &Path) -> Result<Claim, StoreError> {
        loop {
            let token = std::hash::RandomState::new().build_hasher().finish();
            let path = folder.join(format!("{PREFIX}{token:016x}"));
            let failed = |cause| StoreError::io(&path, "the file cannot be written", cause);
            let lock = match File::create_new(&path) {
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => continue,
                lock => lock.map_err(failed)?,
            };
            // Where there are no locks, nobody removes anything.
            let _ = lock.try_lock();
            // A run that has started between these two has taken it for abandoned.
            if path.exists() {
                return Ok(Claim { path, _lock: lock });
            }
        }
    }

    /// One of the files.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.path.with_extension(name)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let folder = self.path.parent().unwrap_or(&self.path);
        let is_own = |path: &PathBuf| path.with_extension("") == self.path;
        // What cannot be removed now, the next run removes.
        let _ = list(folder).map(|files| files.iter().filter(|path| is_own(path)).try_for_each(|path| remove(path)));
    }
}

/// Whether somebody uses a temporary file who claimed it.
pub(super) fn is_claimed(path: &Path) -> bool {
    if !name(path).is_some_and(|name| name.starts_with(PREFIX)) {
        return false;
    }
    let claim = File::open(path.with_extension(""));
    claim.is_ok_and(|claim| matches!(claim.try_lock(), Err(TryLockError::WouldBlock)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_claimed_until_the_claim_ends_and_no_two_claims_meet() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (Claim::take(folder.path()).unwrap(), Claim::take(folder.path()).unwrap());
        assert_ne!(one.file("parquet"), two.file("parquet"));
        std::fs::write(one.file("parquet"), "half").unwrap();
        assert!(is_claimed(&one.file("parquet")) && is_claimed(&one.file("")) && is_claimed(&two.file("parquet")));
        std::fs::write(two.file("parquet"), "half").unwrap();
        let (file, claim) = (one.file("parquet"), one.file(""));
        drop(one);
        assert!(!file.exists() && !claim.exists() && two.file("parquet").exists());
        // As a process leaves them that was killed.
        std::fs::write(&claim, "").unwrap();
        std::fs::write(&file, "half").unwrap();
        assert!(!is_claimed(&file) && !is_claimed(&claim) && !is_claimed(&folder.path().join("part-0-of-1-x")));
    }
}
