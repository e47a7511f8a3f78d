//! Where a table or a page goes that the user wants under a name of their own, outside of the folder of a sweep.

use std::fs::{self, File, FileType, Permissions};
use std::io::{IsTerminal, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use super::error::StoreError;
use super::files::{Written, write_temporary};
use super::metadata::KeyMetadata;
use super::tables::{
    TableFile, TableOptions, encode, read_batches, value_of, was_written_by_this_version, write_batches,
};
use crate::sweep::Sweep;

/// Most links to links that are followed, as Linux has it.
const LINKS_MAX: u32 = 40;
/// A place to which a table or a page can be written. A file is there whole or not at all, under the name that links lead to; what
/// is no file, a pipe or a device, is never replaced by one.
#[derive(Debug)]
pub struct Destination {
    /// As the user calls it.
    path: PathBuf,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// A file that is new, or gets new contents, with the permissions of the old one.
    File { target: PathBuf, permissions: Option<Permissions> },
    /// A pipe, or a device that takes one byte after the other.
    Stream,
}

impl Destination {
    /// Looks at a path of the user's; nothing is written.
    ///
    /// # Errors
    /// A table cannot be written there, or the system does not let it be looked at.
    pub fn of_table(path: &Path) -> Result<Destination, StoreError> {
        Destination::of(path, "a table is written as Parquet", "parquet")
    }

    /// The same for a page of HTML.
    ///
    /// # Errors
    /// As for a table.
    pub fn of_page(path: &Path) -> Result<Destination, StoreError> {
        Destination::of(path, "a page is written as HTML", "html")
    }

    fn of(path: &Path, form: &str, extension: &str) -> Result<Destination, StoreError> {
        let destination = |kind| Ok(Destination { path: path.to_owned(), kind });
        let refuse = |message: &str| Err(StoreError::refused(path, message));
        let target = followed(path)?;
        match fs::metadata(&target) {
            Ok(data) if is_standard_output(&data) => {
                refuse("this is standard output, to which the result goes; give the name of another file")
            }
            Ok(data) if is_stream(data.file_type()) => destination(Kind::Stream),
            Ok(data) if data.is_dir() => refuse("this is a folder; give the name of a file"),
            Ok(data) if !data.is_file() => refuse("this is neither a file nor a pipe, and is left alone"),
            Ok(data) => {
                check_extension(path, form, extension)?;
                // A file that the user may not write to is not replaced by one in its place either.
                let opened = File::options().write(true).open(&target);
                opened.map_err(|cause| StoreError::io(path, "the file cannot be written", cause))?;
                destination(Kind::File { target, permissions: Some(data.permissions()) })
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                check_extension(path, form, extension)?;
                if target.file_name().is_none() || !folder_of(&target).is_dir() {
                    return refuse("there is no such folder");
                }
                destination(Kind::File { target, permissions: None })
            }
            Err(cause) => Err(StoreError::io(path, "the file cannot be looked at", cause)),
        }
    }

    /// Writes a table to it.
    ///
    /// # Errors
    /// It cannot be written. Then a file is as it was before.
    pub fn write(&self, schema: &SchemaRef, metadata: &KeyMetadata, batches: &[RecordBatch]) -> Result<(), StoreError> {
        let options = TableOptions { schema, metadata, rows_per_group: None };
        let batches = || batches.iter().cloned().map(Ok);
        self.put(
            |temporary| write_batches(&self.path, temporary, &options, batches()),
            |stream| encode(&self.path, stream, &options, batches()),
        )
    }

    /// Whether it can be written again, as a file can: what went down a pipe is gone.
    pub fn can_be_replaced(&self) -> bool {
        matches!(self.kind, Kind::File { .. })
    }

    /// The rows of a table that this version wrote there for this sweep; none if there is nothing, or something else.
    pub fn kept(&self, sweep: &Sweep) -> Vec<RecordBatch> {
        let Kind::File { target, .. } = &self.kind else { return Vec::new() };
        let rows = || {
            let table = TableFile::open(target).ok()?;
            let footer = table.metadata().file_metadata();
            let is_of_this = value_of(KeyMetadata::HASH, footer.key_value_metadata()) == Some(&sweep.hash);
            (is_of_this && was_written_by_this_version(footer)).then(|| read_batches(target, table).ok())?
        };
        rows().unwrap_or_default()
    }

    /// Writes a text to it.
    ///
    /// # Errors
    /// It cannot be written. Then a file is as it was before.
    pub fn write_text(&self, text: &str) -> Result<(), StoreError> {
        let failed = || |cause| StoreError::io(&self.path, "the file cannot be written", cause);
        self.put(
            |temporary| {
                write_temporary(&self.path, temporary, |file| file.write_all(text.as_bytes()).map_err(failed()))
            },
            |mut stream| stream.write_all(text.as_bytes()).map_err(failed()),
        )
    }

    fn put(
        &self,
        to_file: impl FnOnce(&Path) -> Result<Written, StoreError>,
        to_stream: impl FnOnce(File) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let failed = |cause| StoreError::io(&self.path, "the file cannot be written", cause);
        match &self.kind {
            Kind::File { target, permissions } => {
                let temporary = temporary(target);
                let written = to_file(&temporary)?;
                if let Some(permissions) = permissions {
                    fs::set_permissions(&temporary, permissions.clone()).map_err(failed)?;
                }
                written.publish(target)
            }
            Kind::Stream => to_stream(File::options().write(true).open(&self.path).map_err(failed)?),
        }
    }
}

/// What a path means in the end, whether or not it is there yet.
fn followed(path: &Path) -> Result<PathBuf, StoreError> {
    let mut target = path.to_owned();
    for _ in 0..LINKS_MAX {
        match fs::read_link(&target) {
            // Names such as "pipe:[1234]", of what is no file, lead nowhere.
            Ok(next) if fs::metadata(&target).is_ok_and(|data| !data.is_file()) || next.as_os_str().is_empty() => {
                return Ok(target);
            }
            Ok(next) => target = folder_of(&target).join(next),
            Err(_) => return Ok(target),
        }
    }
    Err(StoreError::refused(path, "these are links that lead to each other"))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A name beside the target that nobody else has.
fn temporary(target: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(format!(".{}.part", std::process::id()));
    target.with_file_name(name)
}

/// A disk takes bytes, too, but nobody wants a table in place of what is on it.
fn is_stream(kind: FileType) -> bool {
    kind.is_fifo() || kind.is_char_device()
}

/// Whether standard output goes to the same file, pipe or terminal. (The null device keeps nothing that could be mixed.)
fn is_standard_output(data: &fs::Metadata) -> bool {
    let is_kept = !data.file_type().is_char_device() || std::io::stdout().is_terminal();
    let is_same = |out: fs::Metadata| (out.dev(), out.ino()) == (data.dev(), data.ino());
    is_kept && fs::metadata("/dev/stdout").is_ok_and(is_same)
}

fn check_extension(path: &Path, form: &str, expected: &str) -> Result<(), StoreError> {
    match path.extension() {
        Some(extension) if !extension.eq_ignore_ascii_case(expected) => {
            let message = format!("{form}; give a name that ends in .{expected}");
            Err(StoreError::refused(path, message))
        }
        _ => Ok(()),
    }
}
