//! `extending/`: what a folder takes over when it becomes that of another sweep.
//!
//! The runs that both sweeps have lie in it as checkpoints of the new one, and when all are there, its manifest. Then the
//! manifest of the folder is replaced, which is one step: before it the folder is that of the old sweep, whole; after it
//! that of the new one, whatever happens. What is left to do then, the next process that holds the folder's lock does
//! as well as this one: the files of the old sweep go, the checkpoints take their places, the mark is written.

use std::fs;
use std::path::{Path, PathBuf};

use super::checkpoint::{CheckpointId, is_whole};
use super::checksums::{AHEAD, CHECKSUMS, Checksums};
use super::error::StoreError;
use super::files::{
    create_folder, hash_of, is_regular, is_there, list, name, remove, set_aside, sync_folder, write_text,
};
use super::layout::{Dataset, EXTENDING, SURFACE};
use super::locks::Lock;
use super::manifest::{self, MANIFEST, MANIFEST_VERSION, Manifest};
use super::mark::Mark;
use super::tables::sweep_of;
use crate::sweep::Sweep;

/// The folder within that of a sweep.
pub(super) fn staged(folder: &Path) -> PathBuf {
    folder.join(EXTENDING)
}

/// The sweep that a folder has become that of, if not everything is in its place yet.
pub(super) fn becoming(folder: &Path) -> Result<Option<Sweep>, StoreError> {
    let staged = staged(folder);
    if !is_there(&staged.join(MANIFEST))? {
        return Ok(None);
    }
    match (Manifest::read(&staged), Manifest::read(folder)) {
        (Ok(new), Ok(own)) if new.version == MANIFEST_VERSION && new.sweep.hash == own.sweep.hash => {
            Ok(Some(own.sweep))
        }
        (Err(error @ StoreError::Io { .. }), _) | (_, Err(error @ StoreError::Io { .. })) => Err(error),
        _ => Ok(None),
    }
}

/// Makes an empty `extending/`, for who holds the lock of the folder.
pub(super) fn begin(folder: &Path) -> Result<(), StoreError> {
    let staged = staged(folder);
    discard(folder)?;
    create_folder(&staged)?;
    ["temporary", "checkpoint"].iter().try_for_each(|part| create_folder(&staged.join(part)))?;
    let manifest = staged.join(MANIFEST);
    if is_there(&manifest)? {
        return Err(StoreError::refused(&manifest, "something else is in the place of a file of critmass; remove it"));
    }
    Ok(())
}

/// Makes a folder that of the sweep of which everything that it takes over is in `extending/`.
pub(super) fn commit(folder: &Path, sweep: &Sweep, lock: &Lock) -> Result<(), StoreError> {
    let (staged, text) = (staged(folder), manifest::text(sweep));
    let temporary = staged.join("temporary").join(MANIFEST);
    write_text(&staged.join(MANIFEST), &temporary, &text)?;
    write_text(&folder.join(MANIFEST), &temporary, &text)?;
    complete(folder, lock)
}

/// Does what is left of a change that was begun, for who holds the lock of the folder: all of it after the manifest was
/// replaced, nothing before.
pub(super) fn complete(folder: &Path, lock: &Lock) -> Result<(), StoreError> {
    if let Some(sweep) = becoming(folder)? {
        remove_files_of_others(folder, &sweep)?;
        let to = folder.join("checkpoint");
        create_folder(&to)?;
        for file in list(&staged(folder).join("checkpoint"))?.iter().filter(|file| is_of_checkpoint(file)) {
            let named = to.join(file.file_name().unwrap_or_default());
            fs::rename(file, &named).map_err(|cause| StoreError::io(file, "the file cannot be moved", cause))?;
        }
        sync_entries(&to)?;
        lock.write(folder, &Mark::of(&sweep).text())?;
    }
    discard(folder)
}

/// Removes what was begun, unless the folder is that of the new sweep already and the rest has to be done.
pub(super) fn abandon(folder: &Path) -> Result<(), StoreError> {
    if becoming(folder)?.is_none() { discard(folder) } else { Ok(()) }
}

/// Removes `extending/`, but for what is not ours.
fn discard(folder: &Path) -> Result<(), StoreError> {
    let staged = staged(folder);
    if !is_there(&staged)? {
        return Ok(());
    }
    for part in ["temporary", "checkpoint"] {
        let part = staged.join(part);
        let is_ours = |file: &&PathBuf| is_of_checkpoint(file) || is_regular(file) && name(file) == Some(MANIFEST);
        list(&part)?.iter().filter(is_ours).try_for_each(|file| remove(file))?;
        // Something else may lie there, or nothing at all.
        let _ = fs::remove_dir(part);
    }
    if is_regular(&staged.join(MANIFEST)) && Manifest::read(&staged).is_ok() {
        remove(&staged.join(MANIFEST))?;
    }
    let _ = fs::remove_dir(&staged);
    sync_folder(&staged)
}

/// Makes sure that what was moved into a folder, or removed from it, stays so after a power failure.
fn sync_entries(folder: &Path) -> Result<(), StoreError> {
    sync_folder(&folder.join("any"))
}

/// Whether a file has the name of one of a checkpoint, whole or still being written.
fn is_of_checkpoint(file: &Path) -> bool {
    let stem = name(file).and_then(|name| {
        let kinds = Dataset::ALL.iter();
        let rest = kinds.filter_map(|dataset| name.strip_prefix(dataset.name())?.strip_prefix('-')).next()?;
        rest.strip_suffix(".parquet")
    });
    let is_stem = |stem: &str| CheckpointId::parse(stem).is_some();
    is_regular(file)
        && stem.is_some_and(|stem| is_stem(stem) || stem.rsplit_once('-').is_some_and(|(stem, _)| is_stem(stem)))
}

/// Whether a file in `runs/` or `traces/` has the name of a part.
fn is_part(file: &Path) -> bool {
    let number = name(file).and_then(|name| name.strip_prefix("part-")?.strip_suffix(".parquet"));
    is_regular(file)
        && number.is_some_and(|number| number.len() >= 6 && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Removes the parts, checkpoints, surface and hashes of the sweep that a folder was of. What is not whole, or not what
/// its name says, is set aside.
fn remove_files_of_others(folder: &Path, sweep: &Sweep) -> Result<(), StoreError> {
    let is_old = |file: &Path| sweep_of(file).as_ref() != Some(&sweep.hash);
    let part_with = |file: &Path, is_whole: bool| if is_whole { remove(file) } else { set_aside(folder, file) };
    let checksums = Checksums::read(folder)?;
    for dataset in Dataset::ALL {
        let parts = folder.join(dataset.name());
        for file in list(&parts)?.iter().filter(|file| is_part(file) && is_old(file)) {
            let hash = hash_of(file).map_err(|cause| StoreError::io(file, "the file cannot be read", cause))?;
            let listed = format!("{}/{}", dataset.name(), name(file).unwrap_or_default());
            part_with(file, checksums.of(&listed)?.contains(&hash))?;
        }
        if is_there(&parts)? {
            sync_entries(&parts)?;
        }
    }
    let old_checkpoints =
        list(&folder.join("checkpoint"))?.into_iter().filter(|file| is_of_checkpoint(file) && is_old(file));
    for file in old_checkpoints {
        part_with(&file, is_whole(&file)? == Some(true))?;
    }
    let surface = folder.join(SURFACE);
    if is_regular(&surface) && is_old(&surface) {
        part_with(&surface, sweep_of(&surface).is_some())?;
    }
    // Last, since they tell what of the parts is whole.
    [CHECKSUMS, AHEAD].iter().try_for_each(|file| remove(&folder.join(file)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_checkpoints_and_parts_are_told_from_others() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| {
            let path = folder.path().join(name);
            fs::write(&path, "").unwrap();
            path
        };
        let hash = "0f".repeat(16);
        for name in ["runs-0-of-1-00c0ffee-000003.parquet", &format!("traces-0-of-1-00c0ffee-000003-{hash}.parquet")] {
            assert!(is_of_checkpoint(&file(name)), "{name}");
        }
        for name in ["runs-of-mine.parquet", "runs-0-of-1-00c0ffee-000003", "notes.txt", "runs-.parquet"] {
            assert!(!is_of_checkpoint(&file(name)), "{name}");
        }
        assert!(is_part(&file("part-000012.parquet")) && is_part(&file("part-1234567.parquet")));
        for name in ["part-12.parquet", "part-000012.csv", "part-00001x.parquet", "a-part-000012.parquet"] {
            assert!(!is_part(&file(name)), "{name}");
        }
        assert!(!is_part(folder.path()) && !is_of_checkpoint(folder.path()));
    }
}
