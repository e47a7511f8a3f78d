//! `critmass submit`

use std::ffi::OsString;
use std::path::PathBuf;

use super::failure::Failure;
use super::output::{print, say};
use crate::slurm::Submission;
use crate::store::{check_is_ours, prepare};
use crate::sweep::Sweep;

/// The arguments of `submit`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The sweep file
    #[arg(value_name = "SWEEP.toml")]
    sweep: PathBuf,
    /// The folder for the results, which all nodes see; a sweep that was interrupted there is continued
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Number of shards: tasks of the array job
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    shards: u32,
    /// Overrides a key of the sweep file, such as time.horizon_h=24 or replicates.at_most=10
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Shows the script and the commands, and submits nothing
    #[arg(long)]
    dry_run: bool,
    /// Arguments for sbatch, such as --time=2:00:00 --cpus-per-task=8
    #[arg(last = true, value_name = "SBATCH ARGUMENTS")]
    sbatch: Vec<OsString>,
}

pub(super) fn submit(arguments: &Arguments) -> Result<(), Failure> {
    let sweep = Sweep::read(&arguments.sweep, &arguments.set)?;
    check_is_ours(&arguments.out, &sweep)?;
    let submission = Submission::plan(&sweep, &arguments.out, arguments.shards, &arguments.sbatch)?;
    if arguments.dry_run {
        return print(&submission.show());
    }
    submission.check_slurm()?;
    prepare(&arguments.out, &sweep)?;
    let submitted = submission.submit()?;
    let out = arguments.out.display();
    for array in &submitted.arrays {
        print(&format!("{}\n", array.job))?;
    }
    print(&format!("{}\n", submitted.summary))?;
    say(format_args!(
        "submitted {} shards, and the summary that follows them; critmass status {out} says how far they are",
        submitted.shards
    ));
    Ok(())
}
