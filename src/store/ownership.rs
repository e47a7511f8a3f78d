//! Whether a folder may be written to: one that is new or empty, or that is proved to be of this version, by its mark or
//! by its manifest; and of which sweep it is.

use std::fs::Metadata;
use std::io::ErrorKind;
use std::path::Path;

use super::checksums::{AHEAD, CHECKSUMS};
use super::error::StoreError;
use super::files::{create_folders, list, name};
use super::layout::{FOLDERS, SURFACE};
use super::locks::{Lock, Locks};
use super::manifest::{MANIFEST, MANIFEST_VERSION, Manifest};
use super::mark::{LOCK, Mark, Marked};
use super::shard::Shard;
use super::staging::{becoming, complete};
use crate::sweep::Sweep;

/// What may lie in a folder that is new to us: what a file system, a file manager or a repository puts there.
const HARMLESS: [&str; 7] = [".gitkeep", ".gitignore", ".keep", ".DS_Store", ".directory", ".snapshot", "lost+found"];

/// Makes a folder that of a sweep, unless it is already, and takes its locks.
pub(super) fn take_possession(path: &Path, sweep: &Sweep, shard: Option<Shard>) -> Result<Locks, StoreError> {
    // Without a lock, so that nothing is made in a folder of somebody else, not even the lock.
    check_is_ours(path, sweep)?;
    create_folders(path)?;
    let lock = Lock::open(path)?;
    if shard.is_some() {
        // Shards share the lock. So that two sweeps do not take one folder, it is marked by one that holds it alone.
        if lock.alone_unless(|| Ok(Marked::read(path)? != Marked::Not && becoming(path)?.is_none()))? {
            complete(path, &lock)?;
            mark(path, sweep, &lock)?;
            lock.release();
        }
    }
    let locks = Locks::take(lock, path, shard)?;
    // Whoever held the lock may have made something of the folder.
    if shard.is_none() {
        complete(path, locks.lock())?;
        mark(path, sweep, locks.lock())?;
    } else if Marked::read(path)? == Marked::Not {
        return Err(StoreError::refused(path, "another process is just looking into this folder; try again"));
    } else {
        check_is_ours(path, sweep)?;
    }
    Ok(locks)
}

/// Marks a folder, for which nobody else holds the lock.
fn mark(path: &Path, sweep: &Sweep, lock: &Lock) -> Result<(), StoreError> {
    check_is_ours(path, sweep)?;
    match Marked::read(path)? {
        Marked::Not => lock.write(path, &Mark::of(sweep).text()),
        _ => Ok(()),
    }
}

/// Whose a folder is that may be written to.
pub(super) enum Standing {
    /// It is new or empty, or of this sweep.
    Ours,
    /// It is of another sweep of this version.
    OfAnother(Box<Sweep>),
}

/// Refuses a folder of another sweep or version, one that holds something else, and one in which we would write
/// through a link. Nothing is written.
///
/// # Errors
/// It is refused, or cannot be read.
fn check_is_ours(path: &Path, sweep: &Sweep) -> Result<(), StoreError> {
    match standing(path, sweep)? {
        Standing::Ours => Ok(()),
        Standing::OfAnother(other) => Err(another_sweep(path, Some(&other.name), &other.hash, sweep)),
    }
}

/// Whose a folder is. One that may not be written to is refused. Nothing is written.
pub(super) fn standing(path: &Path, sweep: &Sweep) -> Result<Standing, StoreError> {
    check_kinds(path)?;
    // In the order opposite to that in which they are made: who makes something in the folder has marked it before.
    let vacant = check_vacant(path);
    let manifest = metadata(&path.join(MANIFEST))?.map(|_| Manifest::read(path)).transpose();
    let of = |other: Sweep| {
        if other.hash == sweep.hash { Standing::Ours } else { Standing::OfAnother(Box::new(other)) }
    };
    match (Marked::read(path)?, manifest) {
        (Marked::By(mark), manifest) => {
            check_version(path, &mark.version)?;
            match manifest {
                Ok(Some(manifest)) => {
                    check_version(path, &manifest.version)?;
                    // The mark is written last when a folder becomes that of another sweep.
                    if mark.hash == manifest.sweep.hash || becoming(path)?.is_some() {
                        return Ok(of(manifest.sweep));
                    }
                    Err(another_sweep(path, Some(&manifest.sweep.name), &mark.hash, sweep))
                }
                // The mark tells, and all that the manifest says follows from the sweep.
                Ok(None) | Err(StoreError::Damaged { .. }) if mark.hash == sweep.hash => Ok(Standing::Ours),
                Ok(None) | Err(StoreError::Damaged { .. }) => Err(another_sweep(path, None, &mark.hash, sweep)),
                Err(error) => Err(error),
            }
        }
        (Marked::Foreign, _) => Err(StoreError::refused(
            path,
            "the file called lock in it is not of critmass, which needs one of its own; \
             give an empty or a new folder with --out",
        )),
        // The mark was lost while it was written.
        (Marked::Not, Ok(Some(manifest))) => check_version(path, &manifest.version).map(|()| of(manifest.sweep)),
        (Marked::Not, Ok(None)) => vacant.map(|()| Standing::Ours),
        (Marked::Not, Err(StoreError::Damaged { .. })) => Err(StoreError::refused(
            path,
            "the manifest.json in it is damaged, or not of critmass, and nothing else proves that this is the folder \
             of a sweep: it is left as it is; give an empty or a new folder with --out",
        )),
        (Marked::Not, Err(error)) => Err(error),
    }
}

/// Refuses what another version has marked.
fn check_version(path: &Path, version: &str) -> Result<(), StoreError> {
    if version == MANIFEST_VERSION {
        return Ok(());
    }
    let message = format!(
        "the folder was written by critmass {version}, whose runs cannot be mixed with those of {MANIFEST_VERSION}; \
         give another folder with --out"
    );
    Err(StoreError::refused(path, message))
}

/// What is said of the folder of another sweep.
fn another_sweep(path: &Path, name: Option<&str>, hash: &str, sweep: &Sweep) -> StoreError {
    let name = name.map_or_else(String::new, |name| format!(", {name:?}"));
    let message = format!(
        "the folder holds another sweep{name} with the hash {hash:.12}, not {:?} with {:.12}; give another folder with --out",
        sweep.name, sweep.hash
    );
    StoreError::refused(path, message)
}

/// Refuses a folder that holds something, but for an empty lock and what harms nobody.
fn check_vacant(path: &Path) -> Result<(), StoreError> {
    let is_harmless = |entry: &Path| name(entry).is_some_and(|name| name == LOCK || HARMLESS.contains(&name));
    let Some(entry) = list(path)?.into_iter().find(|entry| !is_harmless(entry)) else { return Ok(()) };
    let message = format!(
        "the folder is not empty and has no manifest.json: it is not the folder of a sweep, but holds {}; \
         give an empty or a new folder with --out",
        entry.file_name().unwrap_or_default().display()
    );
    Err(StoreError::refused(path, message))
}

/// Refuses a folder in which something else, such as a link, stands in the place of a folder or file of ours.
fn check_kinds(path: &Path) -> Result<(), StoreError> {
    if std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_dir()) {
        return Err(StoreError::refused(path, "this is a file; give a folder with --out"));
    }
    let folders = FOLDERS.map(|name| (name, Metadata::is_dir as fn(&Metadata) -> bool, "folder"));
    let files = [LOCK, MANIFEST, CHECKSUMS, AHEAD, SURFACE].map(|name| (name, Metadata::is_file as _, "file"));
    for (name, is_right, kind) in folders.into_iter().chain(files) {
        let entry = path.join(name);
        if metadata(&entry)?.is_some_and(|metadata| !is_right(&metadata)) {
            let message = format!(
                "this is a link, or something else than a {kind}, and critmass does not write through it; \
                 put a {kind} there, or give another folder with --out"
            );
            return Err(StoreError::refused(&entry, message));
        }
    }
    Ok(())
}

/// What the system says of a file, not of what it links to; `None` if there is none.
fn metadata(path: &Path) -> Result<Option<Metadata>, StoreError> {
    match std::fs::symlink_metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(StoreError::io(path, "the file cannot be read", cause)),
    }
}
