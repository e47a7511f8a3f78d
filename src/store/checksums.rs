//! `SHA256SUMS`: the hash of every part and of the surface, in the format of the command `sha256sum`.
//!
//! A Parquet file does not notice that one of its bytes was changed. So a file counts only with the hash that was noted
//! when it was written. It is noted twice: in `SHA256SUMS.ahead` before the file gets its name, and in `SHA256SUMS`
//! after that. Whatever moment a reader sees, or a crash leaves, a file that is there has its hash in the one, and what
//! stands in the other is there. And either of the two can be made anew from the other one and the files: bytes have
//! one of the hashes that were noted for them, or they are damaged.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::error::StoreError;
use super::files::{read_file, write_text};

/// The hashes of the files that have their names.
pub(super) const CHECKSUMS: &str = "SHA256SUMS";
/// The hashes of these, and of those that are about to get their names.
pub(super) const AHEAD: &str = "SHA256SUMS.ahead";

/// Bytes of one of the files at most: lines for millions of parts.
const BYTES_MAX: u64 = 256 << 20;

/// The hashes that are noted for the files of a folder, by their paths in it.
pub(super) struct Checksums {
    folder: PathBuf,
    noted: Mutex<Noted>,
}

struct Noted {
    listed: List,
    ahead: List,
    /// What this process has written, or has found to be the hash of a file and noted for it.
    proved: BTreeMap<String, String>,
}

/// One of the two files.
struct List {
    hashes: BTreeMap<String, String>,
    /// As it was read.
    text: String,
}

/// A hash of each file, in the format of `sha256sum`.
pub(super) fn lines<'a>(hashes: impl IntoIterator<Item = (&'a String, &'a String)>) -> String {
    hashes.into_iter().map(|(file, hash)| format!("{hash}  {file}\n")).collect()
}

impl List {
    /// Reads a file; empty if there is none. A line that makes no sense lists nothing.
    fn read(path: &Path) -> Result<List, StoreError> {
        match read_file(path, BYTES_MAX) {
            Ok(bytes) => Ok(List::parse(String::from_utf8_lossy(&bytes).into_owned())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(List::parse(String::new())),
            Err(cause) => Err(StoreError::io(path, "the file cannot be read", cause)),
        }
    }

    fn parse(text: String) -> List {
        let is_hash = |hash: &str| hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        let lines = text.lines().filter_map(|line| line.split_once("  ")).filter(|(hash, _)| is_hash(hash));
        let hashes = lines.map(|(hash, file)| (file.to_owned(), hash.to_ascii_lowercase())).collect();
        List { hashes, text }
    }

    /// Writes these hashes, unless they are what the file holds.
    fn write(&mut self, path: &Path, hashes: BTreeMap<String, String>, temporary: &Path) -> Result<(), StoreError> {
        let text = lines(&hashes);
        if text != self.text {
            write_text(path, temporary, &text)?;
        }
        *self = List { hashes, text };
        Ok(())
    }

    /// What is wrong with it.
    fn faults(&self, known: &BTreeSet<String>, proved: &BTreeMap<String, String>) -> Vec<String> {
        let mut faults = Vec::new();
        if self.text != lines(&self.hashes) {
            faults.push("it has lines that list nothing".to_owned());
        }
        for (file, hash) in &self.hashes {
            if !known.contains(file) {
                faults.push(format!("it lists {file:?}, which is no file of this sweep"));
            } else if proved.get(file).is_some_and(|proved| proved != hash) {
                faults.push(format!("the hash of {file} is not that of its bytes, which are whole"));
            }
        }
        faults
    }
}

impl Noted {
    fn read(folder: &Path) -> Result<(List, List), StoreError> {
        // In this order: whatever is listed was noted ahead by then.
        let listed = List::read(&folder.join(CHECKSUMS))?;
        Ok((listed, List::read(&folder.join(AHEAD))?))
    }

    /// Takes in what other processes have noted meanwhile.
    fn read_again(&mut self, folder: &Path) -> Result<(), StoreError> {
        (self.listed, self.ahead) = Noted::read(folder)?;
        Ok(())
    }

    fn hashes(&self, file: &str) -> BTreeSet<&String> {
        [&self.proved, &self.listed.hashes, &self.ahead.hashes].into_iter().filter_map(|of| of.get(file)).collect()
    }
}

impl Checksums {
    /// Reads what is noted in a folder.
    pub(super) fn read(folder: &Path) -> Result<Checksums, StoreError> {
        let (listed, ahead) = Noted::read(folder)?;
        let noted = Mutex::new(Noted { listed, ahead, proved: BTreeMap::new() });
        Ok(Checksums { folder: folder.to_owned(), noted })
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a file is listed as one that has its name.
    pub(super) fn is_listed(&self, file: &str) -> bool {
        self.noted().listed.hashes.contains_key(file)
    }

    /// The hashes that are noted for a file that is there: more than one if one of them is damaged. A folder that others
    /// work in may have got more files since they were read.
    pub(super) fn of(&self, file: &str) -> Result<Vec<String>, StoreError> {
        let mut noted = self.noted();
        if noted.hashes(file).is_empty() {
            noted.read_again(&self.folder)?;
        }
        Ok(noted.hashes(file).into_iter().cloned().collect())
    }

    /// Takes down that the bytes of a file have a hash that is noted for it.
    pub(super) fn prove(&self, file: &str, hash: String) {
        self.noted().proved.insert(file.to_owned(), hash);
    }

    /// Notes the hash of a file that is about to get its name.
    pub(super) fn note(&self, file: &str, hash: String, temporary: &Path) -> Result<(), StoreError> {
        let mut noted = self.noted();
        // Where there are no locks, somebody else may have noted some.
        noted.read_again(&self.folder)?;
        noted.proved.insert(file.to_owned(), hash);
        let mut hashes = noted.ahead.hashes.clone();
        hashes.extend(noted.proved.clone());
        noted.ahead.write(&self.folder.join(AHEAD), hashes, temporary)
    }

    /// Lists files that have got their names.
    pub(super) fn list(&self, files: &[String], temporary: &Path) -> Result<(), StoreError> {
        let mut noted = self.noted();
        noted.read_again(&self.folder)?;
        let mut hashes = noted.listed.hashes.clone();
        hashes.extend(files.iter().filter_map(|file| Some((file.clone(), noted.proved.get(file)?.clone()))));
        noted.listed.write(&self.folder.join(CHECKSUMS), hashes, temporary)
    }

    /// Makes both files what they should be. What was found to be whole is listed; what was not, and is a `known` file
    /// of the sweep, stays as it was noted; nothing else does.
    pub(super) fn write_anew(&self, known: &BTreeSet<String>, temporary: &Path) -> Result<(), StoreError> {
        let mut noted = self.noted();
        noted.read_again(&self.folder)?;
        let of = |lists: &[&BTreeMap<String, String>]| -> BTreeMap<String, String> {
            let first = |file: &String| lists.iter().find_map(|list| list.get(file)).cloned();
            known.iter().filter_map(|file| Some((file.clone(), first(file)?))).collect()
        };
        let ahead = of(&[&noted.proved, &noted.ahead.hashes, &noted.listed.hashes]);
        let listed = of(&[&noted.proved, &noted.listed.hashes]);
        noted.ahead.write(&self.folder.join(AHEAD), ahead, temporary)?;
        noted.listed.write(&self.folder.join(CHECKSUMS), listed, temporary)
    }

    /// What is wrong with the two files, given the `known` files of the sweep, of which those that are whole were proved
    /// so; and how many of these are not listed, as a crash leaves them.
    pub(super) fn faults(&self, known: &BTreeSet<String>) -> (Vec<String>, usize) {
        let noted = self.noted();
        let path = |file: &str| self.folder.join(file).display().to_string();
        let mut faults = Vec::new();
        for (file, list) in [(CHECKSUMS, &noted.listed), (AHEAD, &noted.ahead)] {
            let of_list = list.faults(known, &noted.proved).into_iter();
            faults.extend(of_list.map(|fault| format!("{}: damaged: {fault}", path(file))));
        }
        let is_unknown_to = |list: &List| noted.proved.keys().filter(|file| !list.hashes.contains_key(*file)).count();
        match is_unknown_to(&noted.ahead) {
            0 => {}
            // Nothing gets its name before it is noted there.
            files => faults.push(format!("{}: damaged: it lacks {files} files that are whole", path(AHEAD))),
        }
        (faults, is_unknown_to(&noted.listed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "runs/part-000000.parquet";
    const TWO: &str = "runs/part-000001.parquet";

    #[test]
    fn what_is_noted_is_read_and_what_makes_no_sense_is_named_and_goes() {
        let folder = tempfile::tempdir().unwrap();
        let temporary = folder.path().join("temporary");
        let known = BTreeSet::from([ONE.to_owned(), TWO.to_owned()]);
        let checksums = Checksums::read(folder.path()).unwrap();
        checksums.note(TWO, "0f".repeat(32), &temporary).unwrap();
        checksums.note(ONE, "a1".repeat(32), &temporary).unwrap();
        let reader = Checksums::read(folder.path()).unwrap();
        assert!(!reader.is_listed(ONE) && reader.of(ONE).unwrap() == ["a1".repeat(32)]);
        checksums.list(&[ONE.to_owned(), TWO.to_owned()], &temporary).unwrap();
        let (path, ahead) = (folder.path().join(CHECKSUMS), folder.path().join(AHEAD));
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("a1a1") && text == std::fs::read_to_string(&ahead).unwrap(), "{text}");
        assert_eq!(checksums.faults(&known), (Vec::new(), 0));

        let cut = [&text.as_bytes()[..text.len() / 2 + 5], b"\xff  x\nnonsense\n"].concat();
        let renamed = text.replace("part-000001", "part-00\u{1b}01").into_bytes();
        for (path, other) in [(&path, &ahead), (&ahead, &path)] {
            for damaged in [&cut, &renamed, &b"\0\x1b[31m  \n".to_vec()] {
                std::fs::write(path, damaged).unwrap();
                let found = Checksums::read(folder.path()).unwrap();
                found.prove(ONE, found.of(ONE).unwrap().remove(0));
                found.prove(TWO, found.of(TWO).unwrap().remove(0));
                let (faults, unlisted) = found.faults(&known);
                assert!(faults.iter().all(|fault| fault.contains(&path.display().to_string())), "{faults:?}");
                assert!(!faults.is_empty() && unlisted <= 2, "{faults:?}");
                found.write_anew(&known, &temporary).unwrap();
                assert_eq!(std::fs::read_to_string(path).unwrap(), text);
                assert_eq!(std::fs::read_to_string(other).unwrap(), text);
            }
        }
    }

    #[test]
    fn two_hashes_of_a_file_are_both_told_until_one_is_proved() {
        let folder = tempfile::tempdir().unwrap();
        let line = |hash: &str| format!("{}  {ONE}\n", hash.repeat(32));
        std::fs::write(folder.path().join(CHECKSUMS), line("a1")).unwrap();
        std::fs::write(folder.path().join(AHEAD), line("b2")).unwrap();
        let known = BTreeSet::from([ONE.to_owned()]);
        let checksums = Checksums::read(folder.path()).unwrap();
        assert_eq!(checksums.of(ONE).unwrap(), ["a1".repeat(32), "b2".repeat(32)]);
        assert_eq!(checksums.faults(&known), (Vec::new(), 0), "nobody knows which is right");
        checksums.prove(ONE, "b2".repeat(32));
        let (faults, unlisted) = checksums.faults(&known);
        assert!(
            faults.len() == 1 && faults[0].contains("SHA256SUMS: damaged: the hash of runs/part-000000"),
            "{faults:?}"
        );
        assert_eq!(unlisted, 0);
        checksums.write_anew(&known, &folder.path().join("temporary")).unwrap();
        assert_eq!(std::fs::read_to_string(folder.path().join(CHECKSUMS)).unwrap(), line("b2"));
    }
}
