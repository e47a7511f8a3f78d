//! The mark in the file `lock`, which says of which sweep, and of which version of the program, a folder is.
//!
//! It is written before anything else, and proves that what else lies in the folder may be replaced or removed: a
//! folder, or a file called `lock` or `manifest.json`, that somebody else made does not have it.

use std::io::Read;
use std::path::Path;

use super::error::StoreError;
use super::files::open_regular;
use super::manifest::MANIFEST_VERSION;
use crate::sweep::Sweep;

/// The name of the file.
pub(super) const LOCK: &str = "lock";
/// What every mark begins with.
const BEGINNING: &str = "critmass ";
/// Bytes of a mark at most.
const BYTES_MAX: u64 = 256;

/// Of which sweep a folder is, and which version wrote it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) version: String,
    /// The hash of the sweep.
    pub(super) hash: String,
}

/// What the file `lock` of a folder says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Marked {
    /// Nothing: it is not there or empty, or the process that wrote the mark was killed, or the power failed, before it
    /// was whole, and so before anything else was written.
    Not,
    /// Whose the folder is.
    By(Mark),
    /// It is not a lock of this program.
    Foreign,
}

impl Mark {
    /// That of the folder of a sweep.
    pub(super) fn of(sweep: &Sweep) -> Mark {
        Mark { version: MANIFEST_VERSION.to_owned(), hash: sweep.hash.clone() }
    }

    pub(super) fn text(&self) -> String {
        format!("{BEGINNING}{} {}\n", self.version, self.hash)
    }

    fn parse(text: &[u8]) -> Option<Mark> {
        let line = std::str::from_utf8(text).ok()?.strip_suffix('\n')?;
        let (version, hash) = line.strip_prefix(BEGINNING)?.split_once(' ')?;
        let is_version = version.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-+".contains(&byte));
        let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        (is_version && is_hash).then(|| Mark { version: version.to_owned(), hash: hash.to_owned() })
    }
}

impl Marked {
    /// Reads the mark of a folder.
    pub(super) fn read(folder: &Path) -> Result<Marked, StoreError> {
        let path = folder.join(LOCK);
        let mut bytes = Vec::new();
        match open_regular(&path).and_then(|file| file.take(BYTES_MAX + 1).read_to_end(&mut bytes)) {
            Ok(_) => Ok(Marked::parse(&bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Marked::Not),
            Err(cause) => Err(StoreError::io(&path, "the file cannot be read", cause)),
        }
    }

    fn parse(bytes: &[u8]) -> Marked {
        let is_unfinished = !bytes.contains(&b'\n') && bytes.len() as u64 <= BYTES_MAX;
        // A file system may keep the size of a file, and zeros for what the power failure took.
        let written = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        let common = written.min(BEGINNING.len());
        match Mark::parse(bytes) {
            Some(mark) => Marked::By(mark),
            None if is_unfinished && bytes[..common] == BEGINNING.as_bytes()[..common] => Marked::Not,
            None => Marked::Foreign,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_back_one_that_is_not_whole_says_nothing_and_all_else_is_foreign() {
        let mark = Mark { version: "0.4.0".to_owned(), hash: "0f".repeat(32) };
        let text = mark.text();
        for size in 0..text.len() {
            assert_eq!(Marked::parse(&text.as_bytes()[..size]), Marked::Not, "{size} bytes");
            let zeros = [&text.as_bytes()[..size], &vec![0; text.len() - size]].concat();
            assert_eq!(Marked::parse(&zeros), Marked::Not, "{size} bytes and zeros");
        }
        assert_eq!(Marked::parse(text.as_bytes()), Marked::By(mark));
        for foreign in ["12345\n", "12345", "critical", "critmass 0.4.0\n", "critmass 0.4.0 12\n", "\n", " ", "c\n"] {
            assert_eq!(Marked::parse(foreign.as_bytes()), Marked::Foreign, "{foreign:?}");
        }
        assert_eq!(Marked::parse("critmass ".repeat(99).as_bytes()), Marked::Foreign);
        assert_eq!(Marked::parse(format!("{text}{text}").as_bytes()), Marked::Foreign);
    }
}
