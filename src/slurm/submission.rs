//! Submits a sweep: arrays of shards, and the job that ends it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::command::{SlurmError, ask};
use super::queue::{Job, jobs};
use super::submitted::{Array, Submitted};
use crate::store::{check_replaceable, create_folder, is_regular, replace_text};
use crate::sweep::Sweep;

/// What a job does.
const JOB: &str = include_str!("job.sh");
/// Tasks of an array at most, where Slurm does not say: its own default.
const ARRAY_SIZE_MAX: u32 = 1001;
/// Options of sbatch that are ours, and what to use instead.
const OWN_OPTIONS: [(&str, &str); 6] = [
    ("--array", "the array follows from --shards; scontrol update ArrayTaskThrottle=… limits how many run at once"),
    ("-a", "the array follows from --shards; scontrol update ArrayTaskThrottle=… limits how many run at once"),
    ("--dependency", "the summary depends on the shards; scontrol hold and release let them wait"),
    ("-d", "the summary depends on the shards; scontrol hold and release let them wait"),
    ("--wrap", "the script is that of critmass; see --dry-run"),
    ("--test-only", "see --dry-run"),
];
/// States of a job that has not ended.
const ALIVE: [&str; 8] =
    ["PENDING", "RUNNING", "SUSPENDED", "COMPLETING", "CONFIGURING", "REQUEUED", "STAGE_OUT", "SIGNALING"];

/// A sweep that is to be submitted.
pub struct Submission {
    /// Short name of the sweep.
    name: String,
    /// The sweep as it is run, whatever becomes of its file.
    toml: String,
    shards: u32,
    /// The program and the folder, absolute.
    program: PathBuf,
    folder: PathBuf,
    /// The user's arguments for sbatch.
    arguments: Vec<OsString>,
    /// Most tasks of an array.
    array_size: u32,
}

impl Submission {
    /// Plans a submission; nothing is written or submitted.
    ///
    /// # Errors
    /// Something about it cannot be.
    pub fn plan(sweep: &Sweep, folder: &Path, shards: u32, arguments: &[OsString]) -> Result<Submission, SlurmError> {
        if shards > sweep.cells() {
            let message = format!("--shards {shards}: the sweep has {0} cells; at most {0} are allowed", sweep.cells());
            return Err(SlurmError::Refused(message));
        }
        for argument in arguments {
            let text = argument.to_string_lossy();
            let is_own = |option: &str| {
                let rest = text.strip_prefix(option);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('=') || !option.starts_with("--"))
            };
            if let Some((option, instead)) = OWN_OPTIONS.into_iter().find(|(option, _)| is_own(option)) {
                return Err(SlurmError::Refused(format!("{option} cannot be given to sbatch here: {instead}")));
            }
        }
        let absolute = std::path::absolute(folder).map_err(|cause| SlurmError::file(folder, cause))?;
        let text = absolute.to_str().filter(|text| !text.contains(['\\', '\n']));
        if text.is_none() {
            let message = format!("{}: Slurm cannot write logs into a folder with this name", absolute.display());
            return Err(SlurmError::Refused(message));
        }
        let program = std::env::current_exe().map_err(|cause| SlurmError::file(Path::new("critmass"), cause))?;
        let (name, toml) = (sweep.name.clone(), sweep.canonical.clone());
        let array_size = array_size_max();
        Ok(Submission { name, toml, shards, program, folder: absolute, arguments: arguments.to_vec(), array_size })
    }

    /// Whether there is a Slurm to submit to, found out before anything is written.
    ///
    /// # Errors
    /// There is none, or it does not answer.
    pub fn check_slurm(&self) -> Result<(), SlurmError> {
        ask(Command::new("sbatch").arg("--version")).map(drop)
    }

    fn script(&self) -> String {
        let quoted = |path: &Path| format!("'{}'", path.display().to_string().replace('\'', r"'\''"));
        JOB.replace("@CRITMASS@", &quoted(&self.program))
            .replace("@FOLDER@", &quoted(&self.folder))
            .replace("@SHARDS@", &self.shards.to_string())
    }

    /// First shard and number of tasks of each array.
    fn arrays(&self) -> Vec<(u32, u32)> {
        let size = self.array_size.max(1);
        (0..self.shards.div_ceil(size)).map(|array| (array * size, size.min(self.shards - array * size))).collect()
    }

    /// The arguments of sbatch for one job: those of ours that the user may change, the user's, the rest.
    fn sbatch(&self, log: &str, own: &[String], job: &[&str]) -> Vec<OsString> {
        let slurm = self.folder.join("slurm");
        // A percent sign begins a pattern.
        let logs = slurm.join("logs").display().to_string().replace('%', "%%");
        let mut arguments: Vec<OsString> = vec![
            "--parsable".into(),
            format!("--job-name=critmass-{}", self.name).into(),
            format!("--output={logs}/{log}.log").into(),
        ];
        arguments.extend(self.arguments.iter().cloned());
        arguments.extend(own.iter().map(OsString::from));
        arguments.push(slurm.join("job.sh").into());
        arguments.extend(job.iter().map(OsString::from));
        arguments
    }

    fn array_arguments(&self, first: u32, tasks: u32) -> Vec<OsString> {
        self.sbatch("shard-%A_%a", &[format!("--array=0-{}", tasks - 1)], &["shards", &first.to_string()])
    }

    fn summary_arguments(&self, arrays: &[&str]) -> Vec<OsString> {
        // Not afterok: that never comes true once a task has failed, whatever becomes of it later.
        self.sbatch("summary-%j", &[format!("--dependency=afterany:{}", arrays.join(":"))], &["summary"])
    }

    /// What would be submitted, as text.
    pub fn show(&self) -> String {
        let line = |arguments: Vec<OsString>| {
            let words: Vec<String> = arguments.iter().map(|argument| shell_word(argument)).collect();
            format!("sbatch {}\n", words.join(" "))
        };
        let arrays = self.arrays();
        let names: Vec<String> = (1..=arrays.len()).map(|number| format!("<job {number}>")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let commands: String = arrays.iter().map(|&(first, tasks)| line(self.array_arguments(first, tasks))).collect();
        let script = self.folder.join("slurm").join("job.sh");
        format!("# {}\n{}\n{commands}{}", script.display(), self.script(), line(self.summary_arguments(&names)))
    }

    /// Submits it, into a folder that was prepared.
    ///
    /// # Errors
    /// The jobs of an earlier submission have not ended, or Slurm refuses a job. Then nothing stays submitted.
    pub fn submit(&self) -> Result<Submitted, SlurmError> {
        self.check_ended()?;
        let slurm = self.folder.join("slurm");
        // Before anything is submitted that could not be noted.
        check_replaceable(&Submitted::path(&self.folder))?;
        // Slurm fails a job without a word if the folder of its log is not there.
        create_folder(&slurm)?;
        for part in ["logs", "tried", "failed"] {
            create_folder(&slurm.join(part))?;
        }
        for part in ["tried", "failed"] {
            remove_notes(&slurm.join(part))?;
        }
        replace_text(&slurm.join("sweep.toml"), &self.toml)?;
        replace_text(&slurm.join("job.sh"), &self.script())?;
        let mut arrays = Vec::new();
        match self.submit_all(&mut arrays) {
            Ok(summary) => {
                let submitted = Submitted { shards: self.shards, arrays, summary };
                submitted.write(&self.folder)?;
                Ok(submitted)
            }
            Err(error) => {
                // A job that cannot be cancelled is named by the message that follows.
                let jobs: Vec<&str> = arrays.iter().map(|array: &Array| array.job.as_str()).collect();
                if !jobs.is_empty() && ask(Command::new("scancel").args(&jobs)).is_err() {
                    let message = format!("{error}; cancel the jobs {}", jobs.join(", "));
                    return Err(SlurmError::Command { command: "scancel".to_owned(), message });
                }
                Err(error)
            }
        }
    }

    fn submit_all(&self, arrays: &mut Vec<Array>) -> Result<String, SlurmError> {
        for (first, tasks) in self.arrays() {
            let job = sbatch(&self.array_arguments(first, tasks))?;
            arrays.push(Array { job, first });
        }
        let jobs: Vec<&str> = arrays.iter().map(|array| array.job.as_str()).collect();
        sbatch(&self.summary_arguments(&jobs))
    }

    /// Refuses to submit a sweep whose jobs are still there.
    fn check_ended(&self) -> Result<(), SlurmError> {
        let Some(submitted) = Submitted::read(&self.folder)? else { return Ok(()) };
        let alive: Vec<Job> = jobs(&submitted)?.into_iter().filter(|job| ALIVE.contains(&job.state.as_str())).collect();
        let Some(first) = alive.first() else { return Ok(()) };
        Err(SlurmError::Refused(format!(
            "{}: {} jobs of this sweep have not ended, such as {} ({}); wait for them, or cancel them with scancel",
            self.folder.display(),
            alive.len(),
            first.id,
            first.state
        )))
    }
}

/// Submits one job; returns its number.
fn sbatch(arguments: &[OsString]) -> Result<String, SlurmError> {
    let answer = ask(Command::new("sbatch").args(arguments))?;
    // With several clusters: number;cluster.
    let job = answer.trim().split(';').next().unwrap_or_default().to_owned();
    if job.is_empty() || !job.bytes().all(|byte| byte.is_ascii_digit()) {
        let message = format!("{:?} is not the number of a job", answer.trim());
        return Err(SlurmError::Command { command: "sbatch".to_owned(), message });
    }
    Ok(job)
}

/// Most tasks of an array that this Slurm allows: MaxArraySize, of which the largest index is one less.
fn array_size_max() -> u32 {
    let config = ask(Command::new("scontrol").args(["show", "config"])).unwrap_or_default();
    let size = config.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        (key.trim() == "MaxArraySize").then(|| value.trim().parse::<u32>().ok()).flatten()
    });
    size.filter(|&size| size > 0).unwrap_or(ARRAY_SIZE_MAX)
}

/// A word as the shell wants it.
fn shell_word(word: &OsStr) -> String {
    let text = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=/.,:%@+".contains(c);
    if text.chars().all(plain) { text.into_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// Removes what the jobs of an earlier submission have noted, and nothing else.
fn remove_notes(folder: &Path) -> Result<(), SlurmError> {
    let entries = std::fs::read_dir(folder).map_err(|cause| SlurmError::file(folder, cause))?;
    for entry in entries {
        let path = entry.map_err(|cause| SlurmError::file(folder, cause))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_number = |text: &str| text.parse::<u32>().is_ok();
        let is_note = name == "summary" || name.strip_prefix("shard-").is_some_and(is_number);
        if is_note && is_regular(&path) {
            std::fs::remove_file(&path).map_err(|cause| SlurmError::file(&path, cause))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn submission(shards: u32, array_size: u32) -> Submission {
        Submission {
            name: "test".to_owned(),
            toml: String::new(),
            shards,
            program: "/opt/it's/critmass".into(),
            folder: "/data/100 %/out".into(),
            arguments: vec!["--time=1:00:00".into()],
            array_size,
        }
    }

    #[test]
    fn shards_are_divided_into_arrays_of_the_size_that_slurm_allows() {
        assert_eq!(submission(5, 1001).arrays(), [(0, 5)]);
        assert_eq!(submission(2500, 1001).arrays(), [(0, 1001), (1001, 1001), (2002, 498)]);
        assert_eq!(submission(2002, 1001).arrays().len(), 2);
    }

    #[test]
    fn what_is_shown_can_be_given_to_a_shell() {
        let text = submission(2000, 1001).show();
        for part in [
            "critmass='/opt/it'\\''s/critmass'",
            "folder='/data/100 %/out'",
            "'--output=/data/100 %%/out/slurm/logs/shard-%A_%a.log' --time=1:00:00 --array=0-1000 \
             '/data/100 %/out/slurm/job.sh' shards 0",
            "--array=0-998 '/data/100 %/out/slurm/job.sh' shards 1001",
            "'--dependency=afterany:<job 1>:<job 2>'",
        ] {
            assert!(text.contains(part), "{part}:\n{text}");
        }
    }
}
