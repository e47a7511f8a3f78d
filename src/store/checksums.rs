//! `SHA256SUMS`: the hash of every part, in the format of the command `sha256sum`.
//!
//! A Parquet file does not notice that one of its bytes was changed. So a part counts only with the hash that was noted
//! when it was written.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::StoreError;
use super::files::{read_file, write_text};

/// The name of the file.
pub(super) const CHECKSUMS: &str = "SHA256SUMS";

/// Bytes at most: lines for millions of parts.
const BYTES_MAX: u64 = 256 << 20;

/// The hash of each part, by its path within the folder.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Checksums(BTreeMap<String, String>);

impl Checksums {
    /// Reads the file of a folder; empty if there is none. A line that makes no sense lists nothing.
    pub(super) fn read(folder: &Path) -> Result<Checksums, StoreError> {
        let path = folder.join(CHECKSUMS);
        match read_file(&path, BYTES_MAX) {
            Ok(bytes) => Ok(Checksums::parse(&String::from_utf8_lossy(&bytes))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Checksums::default()),
            Err(cause) => Err(StoreError::io(&path, "the file cannot be read", cause)),
        }
    }

    fn parse(text: &str) -> Checksums {
        let is_hash = |hash: &str| hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        let lines = text.lines().filter_map(|line| line.split_once("  ")).filter(|(hash, _)| is_hash(hash));
        Checksums(lines.map(|(hash, name)| (name.to_owned(), hash.to_ascii_lowercase())).collect())
    }

    /// Writes the file, in the order of the names.
    pub(super) fn write(&self, folder: &Path, temporary: &Path) -> Result<(), StoreError> {
        let text: String = self.0.iter().map(|(name, hash)| format!("{hash}  {name}\n")).collect();
        write_text(&folder.join(CHECKSUMS), temporary, &text)
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(super) fn insert(&mut self, name: String, hash: String) {
        self.0.insert(name, hash);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_what_makes_no_sense_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let mut checksums = Checksums::default();
        checksums.insert("runs/part-000001.parquet".to_owned(), "0f".repeat(32));
        checksums.insert("runs/part-000000.parquet".to_owned(), "a1".repeat(32));
        checksums.write(folder.path(), &folder.path().join("temporary")).unwrap();
        assert_eq!(Checksums::read(folder.path()).unwrap(), checksums);
        let path = folder.path().join(CHECKSUMS);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("a1a1"), "{text}");
        std::fs::write(&path, [&text.as_bytes()[..text.len() / 2 + 5], b"\xff  x\nnonsense\n"].concat()).unwrap();
        assert_eq!(Checksums::read(folder.path()).unwrap().0.len(), 1);
    }
}
