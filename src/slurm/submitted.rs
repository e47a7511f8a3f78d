//! The jobs of a sweep, as they are noted in its folder: before they are submitted, and with every answer of Slurm.

use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};

use super::cluster::Cluster;
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
    /// The name of all its jobs, which no other submission has.
    pub name: String,
    /// The cluster that they went to, if it was named.
    pub cluster: Option<String>,
    /// The arrays.
    pub arrays: Vec<Array>,
    /// The job that writes the result; `None` if whether Slurm has taken all jobs is not known.
    pub summary: Option<String>,
    /// SHA-256 of the program that the jobs run, in hexadecimal.
    pub program: String,
}

impl Submitted {
    pub(super) fn path(folder: &Path) -> PathBuf {
        folder.join("slurm").join("jobs.json")
    }

    pub(super) fn cluster(&self) -> Cluster {
        Cluster(self.cluster.clone())
    }

    /// How often every shard was submitted: once, or for each round of a refinement.
    pub fn rounds(&self) -> usize {
        self.arrays.iter().filter(|array| array.first == 0).count()
    }

    /// How a user asks Slurm for its jobs.
    pub fn question(&self) -> String {
        self.cluster().in_words("squeue", &self.name)
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
        let word = |key: &str| note.get(key)?.as_str().map(str::to_owned);
        let arrays = note.get("arrays")?.as_array()?.iter().map(|array| {
            Some(Array { job: array.get("job")?.as_str()?.to_owned(), first: number(array.get("first")?)? })
        });
        Some(Submitted {
            shards: number(note.get("shards")?)?,
            name: word("name")?,
            cluster: word("cluster"),
            arrays: arrays.collect::<Option<Vec<Array>>>()?,
            summary: word("summary"),
            program: word("program")?,
        })
    }

    pub(super) fn write(&self, folder: &Path) -> Result<(), SlurmError> {
        let arrays: Vec<Json> =
            self.arrays.iter().map(|array| json!({ "job": array.job, "first": array.first })).collect();
        let note = json!({
            "shards": self.shards,
            "name": self.name,
            "cluster": self.cluster,
            "arrays": arrays,
            "summary": self.summary,
            "program": self.program,
        });
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
        let mut submitted = Submitted {
            shards: 2000,
            name: "critmass-test-0123abcd".to_owned(),
            cluster: None,
            arrays,
            summary: Some("14".to_owned()),
            program: "0f".repeat(32),
        };
        for (cluster, summary) in [(None, Some("14")), (Some("two"), None)] {
            (submitted.cluster, submitted.summary) = (cluster.map(str::to_owned), summary.map(str::to_owned));
            submitted.write(folder.path()).unwrap();
            assert_eq!(Submitted::read(folder.path()).unwrap().as_ref(), Some(&submitted));
        }
        std::fs::write(Submitted::path(folder.path()), "{\"shards\": -1").unwrap();
        assert_eq!(Submitted::read(folder.path()).unwrap(), None);
    }
}
