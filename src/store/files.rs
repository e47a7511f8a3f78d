//! Files that are there whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, Hasher};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::error::StoreError;

/// Creates a folder, and those that it lies in, unless they are there.
pub(super) fn create_folders(path: &Path) -> Result<(), StoreError> {
    match fs::create_dir(path) {
        Ok(()) => sync_folder(path),
        Err(_) if path.is_dir() => Ok(()),
        Err(error)
            if error.kind() == ErrorKind::NotFound
                && let Some(parent) = path.parent()
                // Some file systems, such as /proc, have no such folder and take none.
                && !parent.is_dir() =>
        {
            create_folders(parent)?;
            create_folders(path)
        }
        Err(cause) => Err(StoreError::io(path, "the folder cannot be created", cause)),
    }
}

/// Creates a folder within that of a sweep, unless it is there. One that is a link is refused.
///
/// # Errors
/// It cannot be created.
pub fn create_folder(path: &Path) -> Result<(), StoreError> {
    match fs::create_dir(path) {
        Ok(()) => sync_folder(path),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => match fs::symlink_metadata(path) {
            Ok(metadata) if metadata.is_dir() => Ok(()),
            Ok(_) => Err(StoreError::refused(path, "this is a link or a file; put a folder there")),
            Err(cause) => Err(StoreError::io(path, "the folder cannot be created", cause)),
        },
        Err(cause) => Err(StoreError::io(path, "the folder cannot be created", cause)),
    }
}

/// A number that tells what this process writes from what others do, also in another container or on another machine.
pub fn token() -> u32 {
    std::hash::RandomState::new().build_hasher().finish() as u32
}

/// Whether this is a file, rather than a link to one or something else.
pub fn is_regular(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file())
}

/// Whether there is such a file. That the system does not say is an error, and no "no".
pub(super) fn is_there(path: &Path) -> Result<bool, StoreError> {
    path.try_exists().map_err(|cause| StoreError::io(path, "the file cannot be read", cause))
}

/// Opens a file for reading. What is no file, or a link to something else, is an error: a pipe would be waited for, and
/// a device may have no end.
pub(super) fn open_regular(path: &Path) -> std::io::Result<File> {
    if !fs::metadata(path)?.is_file() {
        return Err(std::io::Error::other("this is not a regular file"));
    }
    File::open(path)
}

/// The bytes of a file that has at most this many, else an error.
///
/// # Errors
/// It cannot be read, is larger, or is no regular file.
pub fn read_file(path: &Path, bytes_max: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_regular(path)?.take(bytes_max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max {
        return Err(std::io::Error::other(format!("it is larger than {bytes_max} bytes, the most that it can have")));
    }
    Ok(bytes)
}

/// Refuses a name that something else than a file has, such as a link.
///
/// # Errors
/// It has.
pub fn check_replaceable(path: &Path) -> Result<(), StoreError> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(()),
        Ok(_) => Err(StoreError::refused(path, "this is a link, or no file, and is not replaced; remove it")),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(cause) => Err(StoreError::io(path, "the file cannot be read", cause)),
    }
}

/// A file that is whole and on the disk, but has not got its name yet.
pub(super) struct Written {
    temporary: PathBuf,
    /// Locked as long as the file has not got its name.
    _file: File,
    /// SHA-256 of its bytes, in hexadecimal.
    pub(super) hash: String,
}

impl Written {
    /// Gives the file its name, under which others see it, in place of what had it before.
    pub(super) fn publish(self, path: &Path) -> Result<(), StoreError> {
        check_replaceable(path)?;
        fs::rename(&self.temporary, path).map_err(cannot_write(path))?;
        sync_folder(path)
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        // Gone if the file has got its name; what has none is of no use, and that it cannot be removed is no news.
        let _ = fs::remove_file(&self.temporary);
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

/// Creates a file that is not there, and so neither somebody else's nor a link, and locks it, so that others see that it
/// is being written.
fn create_temporary(path: &Path) -> std::io::Result<File> {
    loop {
        let file = OpenOptions::new().write(true).create_new(true).open(path)?;
        // Some file systems have no locks; there nobody takes a file for abandoned.
        let _ = file.lock();
        // Before it was locked, it may have been taken for abandoned.
        if path.try_exists()? {
            return Ok(file);
        }
    }
}

/// Removes a temporary file, unless somebody is writing it.
pub(super) fn remove_abandoned(path: &Path) -> Result<(), StoreError> {
    match open_regular(path) {
        Ok(file) if file.try_lock().is_ok() => remove(path),
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(StoreError::io(path, "the file cannot be read", error))
        }
        _ => Ok(()),
    }
}

/// Writes a temporary file that is to become `path`: `write` gets it open for writing.
pub(super) fn write_temporary(
    path: &Path,
    temporary: &Path,
    write: impl FnOnce(&mut HashingFile) -> Result<(), StoreError>,
) -> Result<Written, StoreError> {
    let failed = cannot_write(path);
    let mut file = HashingFile { file: create_temporary(temporary).map_err(&failed)?, hash: Sha256::new() };
    let written = write(&mut file).and_then(|()| file.file.sync_all().map_err(failed));
    if let Err(error) = written {
        // What is half written is of no use; that it cannot be removed either is no news.
        let _ = fs::remove_file(temporary);
        return Err(error);
    }
    Ok(Written { temporary: temporary.to_owned(), _file: file.file, hash: hexadecimal(file.hash) })
}

/// Writes a text file, whole or not at all.
pub(super) fn write_text(path: &Path, temporary: &Path, text: &str) -> Result<(), StoreError> {
    let failed = cannot_write(path);
    write_temporary(path, temporary, |file| file.write_all(text.as_bytes()).map_err(failed))?.publish(path)
}

/// Writes a text file in place of what had its name, whole or not at all; through a file beside it.
///
/// # Errors
/// It cannot be written, or its name is that of a link.
pub fn replace_text(path: &Path, text: &str) -> Result<(), StoreError> {
    write_text(path, &beside(path), text)
}

/// Writes a copy of a file in place of what had its name, whole or not at all, with the same permissions. Returns its
/// hash.
///
/// # Errors
/// It cannot be read or written, or its name is that of a link.
pub fn replace_with_copy(path: &Path, source: &Path) -> Result<String, StoreError> {
    let cannot_read = |cause| StoreError::io(source, "the file cannot be read", cause);
    let temporary = beside(path);
    let written = write_temporary(path, &temporary, |file| {
        let mut from = open_regular(source).map_err(cannot_read)?;
        std::io::copy(&mut from, file).map_err(cannot_write(path))?;
        let permissions = from.metadata().map_err(cannot_read)?.permissions();
        file.file.set_permissions(permissions).map_err(cannot_write(path))
    })?;
    let hash = written.hash.clone();
    written.publish(path)?;
    Ok(hash)
}

/// A name beside that of a file that is to be written, which nothing has.
pub fn beside(path: &Path) -> PathBuf {
    path.with_added_extension(format!("{:08x}.part", token()))
}

pub(super) fn hexadecimal(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// SHA-256 of the bytes of a file, in hexadecimal.
///
/// # Errors
/// It cannot be read, or is no regular file.
pub fn hash_of(path: &Path) -> std::io::Result<String> {
    let mut file = open_regular(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hexadecimal(hash)),
            read => hash.update(&buffer[..read]),
        }
    }
}

/// Makes sure that a rename, a removal or a new name in the folder of `path` survives a power failure.
pub(super) fn sync_folder(path: &Path) -> Result<(), StoreError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        // Some file systems cannot, and have no other way of making sure (EINVAL, ENOSYS, EOPNOTSUPP); a folder that one
        // may enter but not read cannot be opened.
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::InvalidInput | ErrorKind::Unsupported | ErrorKind::PermissionDenied
            ) =>
        {
            Ok(())
        }
        Err(cause) => Err(StoreError::io(folder, "the folder cannot be synchronized", cause)),
        Ok(()) => Ok(()),
    }
}

/// The files of a folder in the order of their names; none if there is no such folder.
pub(super) fn list(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let failed = |cause| StoreError::io(folder, "the folder cannot be listed", cause);
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
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
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(StoreError::io(path, "the file cannot be removed", error))
        }
        _ => Ok(()),
    }
}

/// The folder that takes what is damaged, within that of the sweep.
pub(super) const SET_ASIDE: &str = "damaged";

/// Puts a file that is damaged, or not what its name says, out of the way. It is never removed: it may be all that is
/// left of something.
pub(super) fn set_aside(folder: &Path, path: &Path) -> Result<(), StoreError> {
    let aside = folder.join(SET_ASIDE);
    create_folder(&aside)?;
    // Files of `runs/` and `traces/` have the same names.
    let names = path.strip_prefix(folder).unwrap_or(path).iter().map(|name| name.display().to_string());
    let to = aside.join(format!("{}.{:08x}", names.collect::<Vec<_>>().join("-"), token()));
    match fs::rename(path, &to) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(cause) => Err(StoreError::io(path, "the file cannot be set aside", cause)),
        Ok(()) => sync_folder(path).and_then(|()| sync_folder(&to)),
    }
}
