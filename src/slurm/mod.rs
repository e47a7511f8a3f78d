//! How a sweep goes to a cluster with Slurm.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `submission` | makes an array of the shards, or as many as the site's MaxArraySize asks for, and a job that depends on them and writes the result |
//! | `sending` | gives jobs to Slurm, and finds out what became of those that it does not answer for |
//! | `job.sh`, `script` | what a job does on its node |
//! | `submitted` | the note of what was submitted, in the folder of the sweep |
//! | `queue` | what became of the jobs |
//! | `options` | options of sbatch, as the user gave them |
//! | `cluster`, `command` | the commands of Slurm |

mod cluster;
mod command;
mod options;
mod queue;
mod script;
mod sending;
mod submission;
mod submitted;

pub use command::SlurmError;
pub use options::value_of;
pub use queue::{Failed, Job, failed, jobs};
pub use submission::Submission;
pub use submitted::{Array, Submitted};

/// Whether this process is one of a Slurm job.
pub fn is_in_a_job() -> bool {
    std::env::var_os("SLURM_JOB_ID").is_some()
}

/// How many processors Slurm gave to this process; `None` outside of Slurm.
///
/// Where the site has Slurm confine what it starts, affinity and control group say so too; where it does not, these alone.
pub fn cpus_given() -> Option<usize> {
    let number = |name: &str| std::env::var(name).ok()?.parse().ok().filter(|&n| n > 0);
    number("SLURM_CPUS_PER_TASK").or_else(|| number("SLURM_CPUS_ON_NODE"))
}
