//! Files that are there whole or not at all.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::error::StoreError;

/// Creates a folder unless it is there.
pub(super) fn create_folder(path: &Path) -> Result<(), StoreError> {
    fs::create_dir_all(path).map_err(|cause| StoreError::io(path, "the folder cannot be created", cause))
}

/// A file that is whole and on the disk, but has not got its name yet.
pub(super) struct Written {
    temporary: PathBuf,
    /// SHA-256 of its bytes, in hexadecimal.
    pub(super) hash: String,
}

impl Written {
    /// Gives the file its name, under which others see it, in place of what had it before.
    pub(super) fn publish(self, path: &Path) -> Result<(), StoreError> {
        if let Err(cause) = fs::rename(&self.temporary, path) {
            // What has no name is of no use; that it cannot be removed either is no news.
            let _ = fs::remove_file(&self.temporary);
            return Err(cannot_write(path)(cause));
        }
        sync_folder(path)
    }
}

fn cannot_write(path: &Path) -> impl Fn(std::io::Error) -> StoreError {
    move |cause| StoreError::io(path, "the file cannot be written", cause)
}

/// A file that hashes what is written to it.
pub(super) struct HashingFile {
    file: File,
    hash: Sha256,
}

impl Write for HashingFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// Writes a temporary file that is to become `path`: `write` gets it open for writing.
pub(super) fn write_temporary(
    path: &Path,
    temporary: &Path,
    write: impl FnOnce(&mut HashingFile) -> Result<(), StoreError>,
) -> Result<Written, StoreError> {
    let failed = cannot_write(path);
    let mut file = HashingFile { file: File::create(temporary).map_err(&failed)?, hash: Sha256::new() };
    let written = write(&mut file).and_then(|()| file.file.sync_all().map_err(failed));
    if let Err(error) = written {
        // What is half written is of no use; that it cannot be removed either is no news.
        let _ = fs::remove_file(temporary);
        return Err(error);
    }
    Ok(Written { temporary: temporary.to_owned(), hash: hexadecimal(file.hash) })
}

/// Writes a text file, whole or not at all.
pub(super) fn write_text(path: &Path, temporary: &Path, text: &str) -> Result<(), StoreError> {
    let failed = cannot_write(path);
    write_temporary(path, temporary, |file| file.write_all(text.as_bytes()).map_err(failed))?.publish(path)
}

fn hexadecimal(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// SHA-256 of the bytes of a file, in hexadecimal.
pub(super) fn hash_of(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hexadecimal(hash)),
            read => hash.update(&buffer[..read]),
        }
    }
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

/// The name of a file in its folder, if it is text.
pub(super) fn name(path: &Path) -> Option<&str> {
    path.file_name()?.to_str()
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
