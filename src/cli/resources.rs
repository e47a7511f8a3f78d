//! What a job of a sweep needs, estimated from a sample of its runs: proposed to sbatch where the user gives nothing.

use std::ffi::OsString;

use super::run::cells;
use super::sample::{Sample, sample};
use crate::runner::memory_needed_bytes;
use crate::slurm::value_of;
use crate::store::Shard;
use crate::sweep::Sweep;

/// Minutes that are proposed at most, unless one run needs more: a job that ends with its time limit goes on.
const MINUTES_MAX: f64 = 24.0 * 60.0;
/// Processors of the cluster may be slower than this one by this factor, and the estimate too small.
const RESERVE: f64 = 3.0;
/// Beside the runs: reading and writing Parquet.
const MIB: u64 = 512;

/// An option of sbatch, its letter, and the variables of the environment that stand for it.
const TIME: (&str, Option<&str>, &[&str]) = ("--time", Some("-t"), &["SBATCH_TIMELIMIT"]);
const MEMORY: [(&str, Option<&str>, &[&str]); 3] = [
    ("--mem", None, &["SBATCH_MEM_PER_NODE"]),
    ("--mem-per-cpu", None, &["SBATCH_MEM_PER_CPU"]),
    ("--mem-per-gpu", None, &["SBATCH_MEM_PER_GPU"]),
];

/// Arguments for sbatch that are proposed, and what to say of them.
pub(super) struct Proposal {
    pub(super) arguments: Vec<String>,
    pub(super) notes: Vec<String>,
}

pub(super) fn proposal(sweep: &Sweep, shards: u32, given: &[OsString]) -> Proposal {
    let is_given = |&(long, short, variables): &(&str, Option<&str>, &[&str])| {
        value_of(given, long, short).is_some() || variables.iter().any(|name| std::env::var_os(name).is_some())
    };
    let cpus = value_of(given, "--cpus-per-task", Some("-c"));
    let cpus = cpus.and_then(|cpus| cpus.parse::<u16>().ok()).filter(|&cpus| cpus > 0).unwrap_or(1);
    let mut proposal = Proposal { arguments: Vec::new(), notes: Vec::new() };
    if !is_given(&TIME) {
        propose_time(&mut proposal, sweep, shards, cpus);
    }
    if !MEMORY.iter().any(is_given) {
        let runs = memory_needed_bytes(sweep, cpus.into()) >> 20;
        let argument = format!("--mem={}M", (MIB + runs + runs / 2).next_multiple_of(256));
        proposal
            .notes
            .push(format!("{argument} is proposed: {runs} MiB for the runs of {cpus} thread(s), and a reserve"));
        proposal.arguments.push(argument);
    }
    proposal
}

fn propose_time(proposal: &mut Proposal, sweep: &Sweep, shards: u32, cpus: u16) {
    let (_, cells_max) = cells(sweep, Shard::ALL);
    let runs = cells_max.div_ceil(shards.into()) as f64 * f64::from(sweep.replicates.at_most);
    match sample(sweep) {
        Ok(Sample::Runs { each_s, .. }) => {
            let needed = runs * each_s * RESERVE / f64::from(cpus) / 60.0;
            // A run that does not fit into the limit would never be finished.
            let minutes = needed.clamp(10.0, MINUTES_MAX.max(each_s * RESERVE / 60.0)).ceil();
            let argument = format!("--time={minutes:.0}");
            proposal.notes.push(format!(
                "{argument} (minutes) is proposed: up to {runs:.0} runs a shard, {each_s:.3} s each here, on {cpus} \
                 thread(s), and a reserve; a job that needs longer goes on in another one"
            ));
            proposal.arguments.push(argument);
        }
        Ok(Sample::TooLong { more_than_s }) => proposal.notes.push(format!(
            "no --time is proposed, since a run takes more than {more_than_s:.0} s: give one after -- that is long enough \
             for a run"
        )),
        Err(_) => proposal.notes.push("no --time is proposed, since no thread can be started for a sample".to_owned()),
    }
}
