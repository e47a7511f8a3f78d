//! The commands of Slurm, asked of the cluster to which a sweep goes.

use std::process::Command;

use super::command::{SlurmError, ask};

/// States of a job that has ended. In every other one it may still run, as also in one that a later Slurm has: held after
/// it was requeued, stopped, resized, revoked here because another cluster of a federation runs it.
const ENDED: [&str; 9] =
    ["BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "TIMEOUT"];

/// A cluster by its name; that which Slurm's commands ask by themselves if it has none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Cluster(pub(super) Option<String>);

/// A job that has the name of a submission, or a task of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    /// Its number, with that of the task: `12_3`, `12_[0-4]`.
    pub(super) id: String,
    pub(super) state: String,
}

impl Named {
    /// The number of the job.
    pub(super) fn job(&self) -> &str {
        self.id.split('_').next().unwrap_or_default()
    }

    pub(super) fn is_alive(&self) -> bool {
        is_alive(&self.state)
    }

    fn read(line: &str) -> Option<Named> {
        let (id, state) = line.trim().split_once('|')?;
        // `12` or `12_3`, and not the steps of a job, as `12.batch`; sacct says `CANCELLED by 0`.
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let is_job = is_number(id.split('_').next()?) && !id.contains('.');
        let state = state.split([' ', '|']).next()?.to_owned();
        is_job.then(|| Named { id: id.to_owned(), state })
    }
}

pub(super) fn is_alive(state: &str) -> bool {
    !ENDED.contains(&state)
}

impl Cluster {
    /// A command that asks this cluster.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.args(self.0.as_ref().map(|name| format!("--clusters={name}")));
        command
    }

    /// The jobs of a name: those that squeue knows, and those of the last days that the accounting knows, where there is
    /// one.
    pub(super) fn named(&self, name: &str) -> Result<Vec<Named>, SlurmError> {
        let mut squeue = self.command("squeue");
        squeue.args(["--noheader", "--states=all", "--format=%i|%T", &format!("--name={name}")]);
        let mut named: Vec<Named> = ask(&mut squeue)?.lines().filter_map(Named::read).collect();
        let mut sacct = self.command("sacct");
        sacct.args(["--noheader", "--parsable2", "--allocations", "--starttime=now-7days", "--format=JobID,State"]);
        // Without accounting it fails: squeue knows every job that has not ended.
        let accounted = ask(sacct.arg(format!("--name={name}"))).unwrap_or_default();
        for job in accounted.lines().filter_map(Named::read) {
            if !named.iter().any(|known| known.id == job.id) {
                named.push(job);
            }
        }
        Ok(named)
    }

    /// Cancels every job of a name.
    pub(super) fn cancel(&self, name: &str) -> Result<(), SlurmError> {
        ask(self.command("scancel").arg(format!("--name={name}"))).map(drop)
    }

    /// How a user asks for the same: `squeue --name=…`.
    pub(super) fn in_words(&self, program: &str, name: &str) -> String {
        let cluster = self.0.as_ref().map_or_else(String::new, |name| format!(" --clusters={name}"));
        format!("{program}{cluster} --name={name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_squeue_and_sacct_are_read_and_banners_are_not() {
        let read = |line: &str| Named::read(line).map(|named| (named.job().to_owned(), named.is_alive()));
        assert_eq!(read("12_[0-4]|PENDING"), Some(("12".to_owned(), true)));
        assert_eq!(read("  13|RUNNING "), Some(("13".to_owned(), true)));
        assert_eq!(read("12_3|CANCELLED by 0"), Some(("12".to_owned(), false)));
        assert_eq!(read("12_3|COMPLETED|0:0"), Some(("12".to_owned(), false)));
        for state in ["REQUEUE_HOLD", "SPECIAL_EXIT", "RESIZING", "STOPPED", "RESV_DEL_HOLD", "REVOKED", "OF_LATER"] {
            assert_eq!(read(&format!("12|{state}")), Some(("12".to_owned(), true)), "{state}");
        }
        for state in ["FAILED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "DEADLINE", "BOOT_FAIL"] {
            assert_eq!(read(&format!("12|{state}")), Some(("12".to_owned(), false)), "{state}");
        }
        for line in ["CLUSTER: two", "12.batch|RUNNING", "12_3.0|RUNNING", "", "|", "* all jobs | welcome *"] {
            assert_eq!(read(line), None, "{line}");
        }
    }
}
