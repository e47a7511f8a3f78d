//! The jobs of a sweep, as they are noted in its folder.

use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use super::command::SlurmError;
use crate::store::{read_file, replace_text};

/// Bytes of the note at most: a line for each of some hundred thousand arrays.
const BYTES_MAX: u64 = 64 << 20;

/// An array of shards that was submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Array {
    /// Its job.
    pub job: String,
    /// The shard of its task 0.
    pub first: u32,
}

/// The jobs of a sweep, as they were noted in its folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submitted {
    /// Number of shards.
    pub shards: u32,
    /// The arrays.
    pub arrays: Vec<Array>,
    /// The job that writes the result.
    pub summary: String,
}

impl Submitted {
    pub(super) fn path(folder: &Path) -> PathBuf {
        folder.join("slurm").join("jobs.json")
    }

    /// The last submission of a folder; `None` if there was none, or if the note of it makes no sense.
    ///
    /// # Errors
    /// The note cannot be read.
    pub fn read(folder: &Path) -> Result<Option<Submitted>, SlurmError> {
        let path = Submitted::path(folder);
        match read_file(&path, BYTES_MAX) {
            Ok(bytes) => Ok(Submitted::parse(&bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(SlurmError::file(&path, cause)),
        }
    }

    fn parse(bytes: &[u8]) -> Option<Submitted> {
        let note: Json = serde_json::from_slice(bytes).ok()?;
        let number = |json: &Json| u32::try_from(json.as_u64()?).ok();
        let arrays = note.get("arrays")?.as_array()?.iter().map(|array| {
            Some(Array { job: array.get("job")?.as_str()?.to_owned(), first: number(array.get("first")?)? })
        });
        let (arrays, summary) = (arrays.collect::<Option<Vec<Array>>>()?, note.get("summary")?.as_str()?.to_owned());
        Some(Submitted { shards: number(note.get("shards")?)?, arrays, summary })
    }

    pub(super) fn write(&self, folder: &Path) -> Result<(), SlurmError> {
        let arrays: Vec<Json> =
            self.arrays.iter().map(|array| json!({ "job": array.job, "first": array.first })).collect();
        let note = json!({ "shards": self.shards, "arrays": arrays, "summary": self.summary });
        Ok(replace_text(&Submitted::path(folder), &format!("{note:#}\n"))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_of_a_submission_is_read_back_and_nonsense_is_not() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("slurm")).unwrap();
        assert_eq!(Submitted::read(folder.path()).unwrap(), None);
        let arrays = vec![Array { job: "12".to_owned(), first: 0 }, Array { job: "13".to_owned(), first: 1001 }];
        let submitted = Submitted { shards: 2000, arrays, summary: "14".to_owned() };
        submitted.write(folder.path()).unwrap();
        assert_eq!(Submitted::read(folder.path()).unwrap(), Some(submitted));
        std::fs::write(Submitted::path(folder.path()), "{\"shards\": -1").unwrap();
        assert_eq!(Submitted::read(folder.path()).unwrap(), None);
    }
}
