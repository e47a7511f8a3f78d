//! Submits a sweep: arrays of shards, and the job that ends it.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::cluster::{Cluster, is_alive};
use super::command::{SlurmError, ask};
use super::options::{refusal, value_of};
use super::queue::jobs;
use super::script::{script, shell_word};
use super::sending::Sending;
use super::submitted::{Array, Submitted};
use crate::store::{check_replaceable, create_folder, hash_of, is_regular, replace_text, replace_with_copy, token};
use crate::sweep::Sweep;

/// Tasks of an array at most, where Slurm does not say: its own default.
const ARRAY_SIZE_MAX: u32 = 1001;
/// Folders of what the jobs write, in `slurm/`.
const FOLDERS: [&str; 3] = ["logs", "tried", "failed"];

/// A sweep that is to be submitted.
pub struct Submission {
    /// The name of its jobs, with a token that no other submission has.
    name: String,
    /// The sweep as it is run, whatever becomes of its file.
    toml: String,
    shards: u32,
    /// How often the arrays are submitted: once, or for each round of a refinement.
    rounds: u32,
    /// The program, of which the jobs run a copy, and the folder, absolute.
    program: PathBuf,
    folder: PathBuf,
    /// Arguments for sbatch: what is proposed, then the user's.
    arguments: Vec<OsString>,
    cluster: Cluster,
    /// Most tasks of an array.
    array_size: u32,
}

impl Submission {
    /// Plans a submission; nothing is written or submitted. `proposed` are arguments for sbatch that come before the
    /// user's.
    ///
    /// # Errors
    /// Something about it cannot be.
    pub fn plan(
        sweep: &Sweep,
        folder: &Path,
        shards: u32,
        proposed: &[String],
        arguments: &[OsString],
    ) -> Result<Submission, SlurmError> {
        let absolute = std::path::absolute(folder).map_err(|cause| SlurmError::file(folder, cause))?;
        let program = std::env::current_exe().map_err(|cause| SlurmError::file(Path::new("critmass"), cause))?;
        let cluster = Cluster(value_of(arguments, "--clusters", Some("-M")));
        Ok(Submission {
            name: format!("critmass-{}-{:08x}", sweep.name, token()),
            toml: sweep.canonical.clone(),
            shards,
            rounds: 1 + sweep.refine.map_or(0, |refine| refine.rounds),
            program,
            folder: absolute,
            arguments: proposed.iter().map(OsString::from).chain(arguments.iter().cloned()).collect(),
            array_size: array_size_max(&cluster),
            cluster,
        })
    }

    /// Refuses what cannot be submitted.
    ///
    /// # Errors
    /// It says why.
    pub fn check(sweep: &Sweep, folder: &Path, shards: u32, arguments: &[OsString]) -> Result<(), SlurmError> {
        let groups = sweep.cells() / sweep.groups().size();
        let cells = sweep.refinement().map_or(groups, |refinement| refinement.first_cells().len() as u32);
        if shards > cells {
            let together = if sweep.compare.is_some() { " groups of cells that stop together" } else { " cells" };
            let message = format!("--shards {shards}: the sweep has {cells}{together}; at most {cells} are allowed");
            return Err(SlurmError::Refused(message));
        }
        if let Some(message) = refusal(arguments) {
            return Err(SlurmError::Refused(message));
        }
        let absolute = std::path::absolute(folder).map_err(|cause| SlurmError::file(folder, cause))?;
        if absolute.to_str().is_none_or(|text| text.contains('\\') || text.contains(char::is_control)) {
            let message = format!("{}: Slurm cannot write logs into a folder with this name", absolute.display());
            return Err(SlurmError::Refused(message));
        }
        Ok(())
    }

    /// Whether there is a Slurm to submit to, found out before anything is written.
    ///
    /// # Errors
    /// There is none, or it does not answer.
    pub fn check_slurm(&self) -> Result<(), SlurmError> {
        ask(Command::new("sbatch").arg("--version")).map(drop)
    }

    fn slurm(&self) -> PathBuf {
        self.folder.join("slurm")
    }

    /// The copy of the program that the jobs run.
    fn copy(&self) -> PathBuf {
        self.slurm().join("critmass")
    }

    fn script(&self) -> String {
        script(&self.copy(), &self.folder, self.shards)
    }

    /// First shard and number of tasks of each array.
    fn arrays(&self) -> Vec<(u32, u32)> {
        let size = self.array_size.max(1);
        (0..self.shards.div_ceil(size)).map(|array| (array * size, size.min(self.shards - array * size))).collect()
    }

    /// The arguments of sbatch for one job: those of ours that the user may change, the user's, the rest.
    fn sbatch(&self, log: &str, own: &[String], job: &[&str]) -> Vec<OsString> {
        // A percent sign begins a pattern.
        let logs = self.slurm().join("logs").display().to_string().replace('%', "%%");
        let mut arguments: Vec<OsString> = vec![
            "--parsable".into(),
            format!("--job-name={}", self.name).into(),
            format!("--output={logs}/{log}.log").into(),
        ];
        arguments.extend(self.arguments.iter().cloned());
        arguments.extend(own.iter().map(OsString::from));
        arguments.push(self.slurm().join("job.sh").into());
        arguments.extend(job.iter().map(OsString::from));
        arguments
    }

    /// Those of an array that begins when all jobs of the round before have ended.
    fn array_arguments(&self, first: u32, tasks: u32, before: &[String]) -> Vec<OsString> {
        let mut own = vec![format!("--array=0-{}", tasks - 1)];
        if !before.is_empty() {
            own.push(format!("--dependency=afterany:{}", before.join(":")));
        }
        self.sbatch("shard-%A_%a", &own, &["shards", &first.to_string()])
    }

    fn summary_arguments(&self, arrays: &[String]) -> Vec<OsString> {
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
        let (mut commands, mut names): (String, Vec<String>) = Default::default();
        for round in 0..self.rounds as usize {
            commands.extend(arrays.iter().map(|&(first, tasks)| line(self.array_arguments(first, tasks, &names))));
            names = (1..=arrays.len()).map(|number| format!("<job {}>", round * arrays.len() + number)).collect();
        }
        let script = self.slurm().join("job.sh");
        format!("# {}\n{}\n{commands}{}", script.display(), self.script(), line(self.summary_arguments(&names)))
    }

    /// Submits it, into a folder that was prepared; `is_new` says that this was done for it. What is submitted is noted
    /// before and after each job.
    ///
    /// # Errors
    /// The jobs of an earlier submission have not ended, or Slurm refuses a job: then nothing stays submitted, the note of
    /// an earlier submission is what it was, and in a new folder nothing stays of what was written for the jobs. Or whether
    /// Slurm has taken a job is not known, which stays noted.
    pub fn submit(&self, is_new: bool) -> Result<Submitted, SlurmError> {
        let slurm = self.slurm();
        create_folder(&slurm)?;
        // Where there are no locks, nobody is told.
        let lock = File::open(&slurm).map_err(|cause| SlurmError::file(&slurm, cause))?;
        if matches!(lock.try_lock(), Err(std::fs::TryLockError::WouldBlock)) {
            let message = format!("{}: another process is just submitting this sweep", self.folder.display());
            return Err(SlurmError::Refused(message));
        }
        let earlier = Submitted::read(&self.folder)?;
        earlier.as_ref().map_or(Ok(()), |earlier| self.check_ended(earlier))?;
        self.submit_after(earlier.as_ref()).inspect_err(|error| {
            // As long as nobody else can submit here. Of jobs that may be in the queue everything stays.
            if is_new && earlier.is_none() && !matches!(error, SlurmError::Unknown(_)) {
                self.take_back();
            }
        })
    }

    /// The same after an earlier submission, if there was one, whose jobs have ended.
    fn submit_after(&self, earlier: Option<&Submitted>) -> Result<Submitted, SlurmError> {
        let slurm = self.slurm();
        // Before anything is submitted that could not be noted.
        check_replaceable(&Submitted::path(&self.folder))?;
        // Slurm fails a job without a word if the folder of its log is not there.
        FOLDERS.iter().try_for_each(|part| create_folder(&slurm.join(part)))?;
        for part in ["tried", "failed"] {
            remove_notes(&slurm.join(part))?;
        }
        let program = self.copy_program(earlier)?;
        replace_text(&slurm.join("sweep.toml"), &self.toml)?;
        replace_text(&slurm.join("job.sh"), &self.script())?;
        let mut note = Submitted {
            shards: self.shards,
            name: self.name.clone(),
            cluster: self.cluster.0.clone(),
            arrays: Vec::new(),
            summary: None,
            program,
        };
        note.write(&self.folder)?;
        let mut sending = Sending::new(&self.name, self.cluster.clone());
        if let Err(error) = self.send_all(&mut sending, &mut note) {
            let error = sending.take_back(error);
            if !matches!(error, SlurmError::Unknown(_)) {
                self.note_again(earlier)?;
            }
            return Err(error);
        }
        Ok(note)
    }

    /// Puts the note of an earlier submission back, or leaves none if there was none.
    fn note_again(&self, earlier: Option<&Submitted>) -> Result<(), SlurmError> {
        let path = Submitted::path(&self.folder);
        let remove = || std::fs::remove_file(&path).map_err(|cause| SlurmError::file(&path, cause));
        earlier.map_or_else(remove, |earlier| earlier.write(&self.folder))
    }

    /// Submits the arrays and the summary, and notes each.
    fn send_all(&self, sending: &mut Sending, note: &mut Submitted) -> Result<(), SlurmError> {
        let mut jobs: Vec<String> = Vec::new();
        for _ in 0..self.rounds {
            let before = std::mem::take(&mut jobs);
            for (first, tasks) in self.arrays() {
                let job = sending.send(&self.array_arguments(first, tasks, &before))?;
                jobs.push(job.clone());
                note.arrays.push(Array { job, first });
                note.cluster = sending.cluster.0.clone();
                note.write(&self.folder)?;
            }
        }
        note.summary = Some(sending.send(&self.summary_arguments(&jobs))?);
        note.write(&self.folder)
    }

    /// Puts a copy of the program where the jobs find it whatever becomes of this one, unless that of an earlier
    /// submission is there: results of two builds are not to be mixed. Returns its hash.
    fn copy_program(&self, earlier: Option<&Submitted>) -> Result<String, SlurmError> {
        let copy = self.copy();
        check_replaceable(&copy)?;
        if let (Some(earlier), Ok(hash)) = (earlier, hash_of(&copy))
            && earlier.program == hash
        {
            return Ok(hash);
        }
        Ok(replace_with_copy(&copy, &self.program)?)
    }

    /// Whether the jobs run another build than this one; `hash` is that of what they run.
    pub fn is_another_program(&self, hash: &str) -> bool {
        hash_of(&self.program).is_ok_and(|own| own != hash)
    }

    /// Removes what was written for jobs that Slurm has refused, in a folder that was made for them.
    fn take_back(&self) {
        let slurm = self.slurm();
        // What cannot be removed stays, and harms nobody.
        for file in ["sweep.toml", "job.sh", "critmass"] {
            let _ = std::fs::remove_file(slurm.join(file));
        }
        for folder in FOLDERS {
            let _ = std::fs::remove_dir(slurm.join(folder));
        }
        let _ = std::fs::remove_dir(slurm);
    }

    /// Refuses to submit a sweep whose jobs are still there, or may be.
    fn check_ended(&self, earlier: &Submitted) -> Result<(), SlurmError> {
        let alive: Vec<(String, String)> = if earlier.summary.is_some() {
            let alive = jobs(earlier)?.into_iter().filter(|job| is_alive(&job.state));
            alive.map(|job| (job.id, job.state)).collect()
        } else {
            let named = earlier.cluster().named(&earlier.name).map_err(|error| {
                SlurmError::Unknown(format!(
                    "{}: whether Slurm has taken the jobs of an earlier submission is not known, and it does not tell: \
                     {error}; nothing is submitted: try again, or look with {}",
                    self.folder.display(),
                    earlier.question()
                ))
            })?;
            named.into_iter().filter(|job| job.is_alive()).map(|job| (job.id, job.state)).collect()
        };
        let Some((id, state)) = alive.first() else { return Ok(()) };
        Err(SlurmError::Refused(format!(
            "{}: {} jobs of this sweep have not ended, such as {id} ({state}); wait for them, or cancel them with {}",
            self.folder.display(),
            alive.len(),
            earlier.cluster().in_words("scancel", &earlier.name)
        )))
    }
}

/// Most tasks of an array that this Slurm allows: MaxArraySize, of which the largest index is one less.
fn array_size_max(cluster: &Cluster) -> u32 {
    let config = ask(cluster.command("scontrol").args(["show", "config"])).unwrap_or_default();
    let size = config.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        (key.trim() == "MaxArraySize").then(|| value.trim().parse::<u32>().ok()).flatten()
    });
    size.filter(|&size| size > 0).unwrap_or(ARRAY_SIZE_MAX)
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
            name: "critmass-test-0123abcd".to_owned(),
            toml: String::new(),
            shards,
            rounds: 1,
            program: "/opt/critmass".into(),
            folder: "/data/100 % it's @SHARDS@/out".into(),
            arguments: vec!["--time=1:00:00".into()],
            cluster: Cluster(None),
            array_size,
        }
    }

    #[test]
    fn who_comes_while_another_process_submits_leaves_what_that_one_has_written() {
        let folder = tempfile::tempdir().unwrap();
        let slurm = folder.path().join("slurm");
        create_folder(&slurm).unwrap();
        let files = ["sweep.toml", "job.sh", "critmass"].map(|file| slurm.join(file));
        files.iter().for_each(|file| std::fs::write(file, "").unwrap());
        let other = File::open(&slurm).unwrap();
        other.lock().unwrap();
        let submission = Submission { folder: folder.path().to_owned(), ..submission(2, 1001) };
        // Both have found no folder.
        let error = submission.submit(true).unwrap_err();
        assert!(matches!(&error, SlurmError::Refused(message) if message.contains("just submitting")), "{error}");
        assert!(files.iter().all(|file| file.is_file()));
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
            r"critmass='/data/100 % it'\''s @SHARDS@/out/slurm/critmass'",
            r"folder='/data/100 % it'\''s @SHARDS@/out'",
            "\nshards=2000\n",
            "--job-name=critmass-test-0123abcd '--output=/data/100 %% it",
            r"s @SHARDS@/out/slurm/logs/shard-%A_%a.log' --time=1:00:00 --array=0-1000 '/data/100 % it'\''s",
            "/out/slurm/job.sh' shards 0",
            "/out/slurm/job.sh' shards 1001",
            "'--dependency=afterany:<job 1>:<job 2>'",
        ] {
            assert!(text.contains(part), "{part}:\n{text}");
        }
    }
}
