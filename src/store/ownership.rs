//! Whether a folder may be written to: one that is new or empty, or that holds this sweep and nothing else.

use std::path::Path;

use super::error::StoreError;
use super::files::list;
use super::manifest::{MANIFEST, MANIFEST_VERSION, Manifest};
use super::tables::sweep_of;
use crate::sweep::Sweep;

/// Refuses a folder of another sweep or version, and one that holds something else. Nothing is written.
///
/// # Errors
/// It is refused, or cannot be read.
pub fn check_is_ours(path: &Path, sweep: &Sweep) -> Result<(), StoreError> {
    if path.join(MANIFEST).exists() {
        match Manifest::read(path) {
            Ok(manifest) => return check_manifest(path, &manifest, sweep),
            // It can be written anew, unless the rest is of another sweep.
            Err(StoreError::Damaged { .. }) => return check_files(path, sweep),
            Err(error) => return Err(error),
        }
    }
    let occupied = match std::fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => {
            return Err(StoreError::refused(path, "this is a file; give a folder with --out"));
        }
        Err(cause) => return Err(StoreError::io(path, "the folder cannot be read", cause)),
    };
    // A run that was killed before its manifest was written leaves empty folders and a lock.
    if occupied && !path.join("lock").exists() {
        return Err(StoreError::refused(
            path,
            "the folder is not empty and has no manifest.json: it is not the folder of a sweep; \
             give an empty or a new folder with --out",
        ));
    }
    check_files(path, sweep)
}

fn check_manifest(path: &Path, manifest: &Manifest, sweep: &Sweep) -> Result<(), StoreError> {
    // A sweep of another version may not even be readable, so this comes first.
    if manifest.version != MANIFEST_VERSION {
        let version = &manifest.version;
        let message = format!(
            "the folder was written by critmass {version}, whose runs cannot be mixed with those of {MANIFEST_VERSION}; \
             give another folder with --out"
        );
        return Err(StoreError::refused(path, message));
    }
    if manifest.sweep.hash != sweep.hash {
        let message = format!(
            "the folder holds another sweep, {:?} with the hash {:.12}, not {:?} with {:.12}; \
             give another folder with --out",
            manifest.sweep.name, manifest.sweep.hash, sweep.name, sweep.hash
        );
        return Err(StoreError::refused(path, message));
    }
    Ok(())
}

/// Refuses a folder without a manifest that tells, if the files in it are of another sweep.
fn check_files(path: &Path, sweep: &Sweep) -> Result<(), StoreError> {
    for part in ["runs", "checkpoint"] {
        let other =
            list(&path.join(part))?.into_iter().find(|file| sweep_of(file).is_some_and(|hash| hash != sweep.hash));
        if let Some(file) = other {
            let message = format!(
                "manifest.json cannot be read, and {} is of another sweep; give another folder with --out",
                file.display()
            );
            return Err(StoreError::refused(path, message));
        }
    }
    Ok(())
}
