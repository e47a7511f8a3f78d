//! Gives jobs to Slurm. What it does not answer for in time, or not with a number, may be in its queue all the same: so
//! every job of a submission has a name that no other one has, and is looked for by it.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::process::Command;

use super::cluster::Cluster;
use super::command::{SlurmError, ask};

/// The jobs of one submission, as they are given to Slurm.
pub(super) struct Sending<'a> {
    /// The name of all of them.
    name: &'a str,
    pub(super) cluster: Cluster,
    /// Their numbers so far.
    jobs: BTreeSet<String>,
}

impl<'a> Sending<'a> {
    pub(super) fn new(name: &'a str, cluster: Cluster) -> Sending<'a> {
        Sending { name, cluster, jobs: BTreeSet::new() }
    }

    /// Submits one job; returns its number.
    ///
    /// # Errors
    /// Slurm refuses it; or whether it has taken it is not known.
    pub(super) fn send(&mut self, arguments: &[OsString]) -> Result<String, SlurmError> {
        let (error, is_refused) = match ask(Command::new("sbatch").args(arguments)) {
            Ok(answer) => match number(&answer) {
                Some((job, cluster)) => {
                    self.cluster = Cluster(cluster.or(self.cluster.0.take()));
                    return Ok(self.take(job));
                }
                None => (format!("sbatch: no number of a job in its answer, {:?}", answer.trim()), false),
            },
            // "Socket timed out on send/recv operation": the controller may have taken it.
            Err(error) => (
                error.to_string(),
                matches!(&error, SlurmError::Command { message, .. } if !message.contains("timed out")),
            ),
        };
        let found = self.cluster.named(self.name);
        match found.map(|named| self.fresh(named.iter().map(|job| job.job()))) {
            Ok(found) if found.len() == 1 => Ok(found.into_iter().map(|job| self.take(job)).collect()),
            Ok(found) if found.is_empty() && is_refused => {
                Err(SlurmError::Command { command: "not submitted".to_owned(), message: error })
            }
            _ => Err(SlurmError::Unknown(format!("{error}; {}", self.what_to_do()))),
        }
    }

    fn take(&mut self, job: String) -> String {
        self.jobs.insert(job.clone());
        job
    }

    /// The numbers that are not known yet.
    fn fresh<'b>(&self, jobs: impl Iterator<Item = &'b str>) -> BTreeSet<String> {
        jobs.filter(|job| !self.jobs.contains(*job)).map(str::to_owned).collect()
    }

    fn what_to_do(&self) -> String {
        format!(
            "whether Slurm has taken the job is not known, and nothing more is submitted; {} shows what there is, {} \
             cancels it; the same command looks for these jobs before it submits again",
            self.cluster.in_words("squeue", self.name),
            self.cluster.in_words("scancel", self.name)
        )
    }

    /// Cancels what was submitted, after an error.
    pub(super) fn take_back(&self, error: SlurmError) -> SlurmError {
        let is_known = !matches!(error, SlurmError::Unknown(_));
        if is_known && self.jobs.is_empty() || self.cluster.cancel(self.name).is_ok() {
            return error;
        }
        let jobs: Vec<&str> = self.jobs.iter().map(String::as_str).collect();
        let cancel = self.cluster.in_words("scancel", self.name);
        SlurmError::Unknown(format!("{error}; its jobs ({}) could not be cancelled: {cancel}", jobs.join(", ")))
    }
}

/// The number of a job, and its cluster if it is told, in an answer of `sbatch --parsable`, around which a site may have
/// put words of its own.
fn number(answer: &str) -> Option<(String, Option<String>)> {
    let numbers = answer.lines().filter_map(|line| {
        let (job, cluster) = line.trim().split_once(';').map_or((line.trim(), None), |(job, name)| (job, Some(name)));
        let is_number = !job.is_empty() && job.bytes().all(|byte| byte.is_ascii_digit());
        let is_name = |name: &str| !name.is_empty() && !name.contains(char::is_whitespace);
        (is_number && cluster.is_none_or(is_name)).then(|| (job.to_owned(), cluster.map(str::to_owned)))
    });
    let numbers: Vec<(String, Option<String>)> = numbers.collect();
    <[_; 1]>::try_from(numbers).ok().map(|[number]| number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_job_is_found_among_the_words_of_a_site_and_not_guessed() {
        let read = |answer: &str| number(answer).map(|(job, cluster)| format!("{job} on {cluster:?}"));
        assert_eq!(read("12\n").as_deref(), Some("12 on None"));
        assert_eq!(read("12;two\n").as_deref(), Some("12 on Some(\"two\")"));
        assert_eq!(read("*** Welcome; 3 news ***\n\n  12\nYour balance: 5\n").as_deref(), Some("12 on None"));
        for answer in ["", "Submitted batch job 12\n", "12\n13\n", "12;\n", "x12\n", "12;a b\n"] {
            assert_eq!(read(answer), None, "{answer:?}");
        }
    }
}
