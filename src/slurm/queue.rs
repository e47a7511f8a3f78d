//! What became of the jobs of a sweep.

use std::collections::BTreeMap;
use std::path::Path;

use super::command::{SlurmError, ask};
use super::submitted::Submitted;
use crate::store::read_file;

/// Bytes of the note of a job that failed at most: the last line of what it said.
const NOTE_BYTES_MAX: u64 = 1 << 20;

/// A job of a submission, as far as Slurm knows it: the summary, or a task of an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its number, with the index of the task in an array: `12_3`.
    pub id: String,
    /// Its shard; `None` for the summary.
    pub shard: Option<u32>,
    /// State: PENDING, RUNNING, COMPLETED, …
    pub state: String,
    /// Why it is in this state; may be empty.
    pub reason: String,
}

/// A shard, or the summary, that failed for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// Its name: `shard-3`, `summary`.
    pub name: String,
    /// Its message.
    pub message: String,
}

/// Asks Slurm what it knows of the jobs. It forgets finished ones after some minutes.
///
/// # Errors
/// squeue is not there, or does not answer.
pub fn jobs(submitted: &Submitted) -> Result<Vec<Job>, SlurmError> {
    let arrays: BTreeMap<&str, u32> = submitted.arrays.iter().map(|array| (array.job.as_str(), array.first)).collect();
    let numbers: Vec<&str> = arrays.keys().copied().chain(submitted.summary.as_deref()).collect();
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    let mut command = submitted.cluster().command("squeue");
    command.args(["--noheader", "--array", "--states=all", "--format=%i|%T|%r", "--jobs", &numbers.join(",")]);
    let text = match ask(&mut command) {
        Ok(text) => text,
        // All of them are forgotten.
        Err(SlurmError::Command { message, .. }) if message.contains("Invalid job id") => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    Ok(text.lines().filter_map(|line| job(line, &arrays, submitted.summary.as_deref())).collect())
}

fn job(line: &str, arrays: &BTreeMap<&str, u32>, summary: Option<&str>) -> Option<Job> {
    let mut fields = line.trim().splitn(3, '|');
    let (id, state) = (fields.next()?, fields.next()?);
    let reason = fields.next().filter(|reason| *reason != "None").unwrap_or_default();
    let shard = match id.split_once('_') {
        Some((array, index)) => Some(arrays.get(array)?.checked_add(index.parse().ok()?)?),
        None if Some(id) == summary => None,
        None => return None,
    };
    Some(Job { id: id.to_owned(), shard, state: state.to_owned(), reason: reason.to_owned() })
}

/// The shards that failed for good, and the summary if it did.
///
/// # Errors
/// The notes of the jobs cannot be read.
pub fn failed(folder: &Path) -> Result<Vec<Failed>, SlurmError> {
    let notes = folder.join("slurm").join("failed");
    let entries = match std::fs::read_dir(&notes) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(cause) => return Err(SlurmError::file(&notes, cause)),
    };
    let mut all = Vec::new();
    for entry in entries {
        let path = entry.map_err(|cause| SlurmError::file(&notes, cause))?.path();
        let bytes = read_file(&path, NOTE_BYTES_MAX).map_err(|cause| SlurmError::file(&path, cause))?;
        let text = String::from_utf8_lossy(&bytes);
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        all.push(Failed { name, message: text.lines().next().unwrap_or_default().to_owned() });
    }
    // shard-2 comes before shard-10.
    all.sort_by_key(|failed| (failed.name.len(), failed.name.clone()));
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_squeue_are_told_apart() {
        let arrays = BTreeMap::from([("12", 0), ("13", 1001)]);
        let read = |line: &str| job(line, &arrays, Some("14"));
        let pending = read("13_2|PENDING|Resources").unwrap();
        assert_eq!(
            (pending.shard, pending.state.as_str(), pending.reason.as_str()),
            (Some(1003), "PENDING", "Resources")
        );
        assert_eq!(read("14|PENDING|Dependency").unwrap().shard, None);
        assert_eq!(read("12_0|RUNNING|None").unwrap().reason, "");
        for other in ["15|RUNNING|None", "12_[1-3]|PENDING|x", "", "12", "slurm_load_jobs error"] {
            assert_eq!(read(other), None);
        }
    }
}
