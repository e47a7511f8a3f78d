//! What sessions that have ended say of themselves: a file of `sessions/` each. They are no results: another computation of
//! the same sweep has others.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::StoreError;
use super::files::{create_folder, list, read_file, replace_text, token};

/// Most bytes of a note.
const BYTES_MAX: u64 = 4096;

/// What one process has done in a folder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionNote {
    /// Runs that it made.
    pub runs: u64,
    /// Threads that made them.
    pub threads: usize,
    /// Time of processors that it took, s.
    pub processor_s: f64,
}

impl SessionNote {
    /// Adds the note to those of a folder.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn add_to(&self, folder: &Path) -> Result<(), StoreError> {
        let notes = folder.join("sessions");
        create_folder(&notes)?;
        let text = serde_json::to_string(self).unwrap_or_default() + "\n";
        replace_text(&notes.join(format!("{:08x}.json", token())), &text)
    }

    /// The notes of a folder. One that was killed has left none, and what is no note is left out.
    ///
    /// # Errors
    /// They cannot be listed.
    pub fn of(folder: &Path) -> Result<Vec<SessionNote>, StoreError> {
        let files = list(&folder.join("sessions"))?.into_iter();
        let note = |file: &std::path::PathBuf| serde_json::from_slice(&read_file(file, BYTES_MAX).ok()?).ok();
        Ok(files
            .filter(|file| file.extension().is_some_and(|of| of == "json"))
            .filter_map(|file| note(&file))
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_found_again_and_nothing_else_is_taken_for_one() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(SessionNote::of(folder.path()).unwrap(), []);
        let note = |runs| SessionNote { runs, threads: 2, processor_s: 1.5 };
        note(3).add_to(folder.path()).unwrap();
        note(4).add_to(folder.path()).unwrap();
        std::fs::write(folder.path().join("sessions/other.json"), "{}").unwrap();
        let mut runs: Vec<u64> = SessionNote::of(folder.path()).unwrap().iter().map(|note| note.runs).collect();
        runs.sort_unstable();
        assert_eq!(runs, [3, 4]);
    }
}
