//! `critmass submit`

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use super::arguments;
use super::extend;
use super::failure::Failure;
use super::output::{print, say};
use super::resources::proposal;
use super::text::{WIDTH, wrap_clauses};
use crate::slurm::{SlurmError, Submission, Submitted};
use crate::store::{Extension, prepare, take_back};
use crate::sweep::Sweep;

/// The arguments of `submit`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The sweep file
    #[arg(value_name = "SWEEP.toml")]
    sweep: PathBuf,
    /// The folder for the results, which all nodes see; a sweep that was interrupted there is continued, and of another
    /// one the runs are kept that both have
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Number of shards: tasks of the array job
    #[arg(long, value_name = "N", value_parser = arguments::shards, allow_negative_numbers = true)]
    shards: u32,
    /// Overrides a key of the sweep file, such as time.horizon_h=24 or replicates.at_most=10
    #[arg(long, value_name = "KEY=VALUE", value_parser = arguments::setting)]
    set: Vec<String>,
    /// Lets go of runs and traces in DIR that this sweep does not have, where it holds another one
    #[arg(long)]
    drop: bool,
    /// Shows the script and the commands, and submits nothing
    #[arg(long)]
    dry_run: bool,
    /// Arguments for sbatch, such as --cpus-per-task=8; --time and --mem are proposed where none are given
    #[arg(last = true, value_name = "SBATCH ARGUMENTS")]
    sbatch: Vec<OsString>,
}

pub(super) fn submit(arguments: &Arguments) -> Result<(), Failure> {
    let (sweep, out) = (Sweep::read(&arguments.sweep, &arguments.set)?, arguments.out.as_path());
    Extension::look(out, &sweep)?;
    Submission::check(&sweep, out, arguments.shards, &arguments.sbatch)?;
    let proposal = proposal(&sweep, arguments.shards, &arguments.sbatch);
    let submission = Submission::plan(&sweep, out, arguments.shards, &proposal.arguments, &arguments.sbatch)?;
    for note in &proposal.notes {
        say(wrap_clauses(note, WIDTH));
    }
    if arguments.dry_run {
        extend::look(out, &sweep)?;
        return print(&submission.show());
    }
    submission.check_slurm()?;
    let is_new = !out.try_exists().map_err(|error| Failure::Failed(format!("{}: {error}", out.display())))?;
    // It ends with the first signal: until everything is in its place the folder stays what it was.
    extend::extend(out, &sweep, arguments.drop, &AtomicBool::new(false))?;
    prepare(out, &sweep)?;
    let submitted = submission.submit(is_new).inspect_err(|error| {
        if is_new && !may_be_in_queue(error) {
            // It may be in use by now, and harms nobody.
            let _ = take_back(out, &sweep);
        }
    })?;
    for array in &submitted.arrays {
        print(&format!("{}\n", array.job))?;
    }
    print(&format!("{}\n", submitted.summary.as_deref().unwrap_or_default()))?;
    say_what_was_done(&submission, &submitted, out);
    Ok(())
}

/// Whether jobs of this sweep may be in the queue after an error: those of this submission, or of another process that
/// found no folder either. The folder of these stays.
fn may_be_in_queue(error: &SlurmError) -> bool {
    matches!(error, SlurmError::Unknown(_) | SlurmError::Refused(_))
}

fn say_what_was_done(submission: &Submission, submitted: &Submitted, out: &Path) {
    let out = out.display();
    let whose = if submission.is_another_program(&submitted.program) {
        "that of the earlier submission, and not of this program, so that the results of two builds are not mixed"
    } else {
        "a copy of this program, whatever becomes of it"
    };
    say(wrap_clauses(
        &format!("the jobs run {out}/slurm/critmass (SHA-256 {:.12}…): {whose}", submitted.program),
        WIDTH,
    ));
    say(format_args!(
        "submitted {} shards, and the summary that follows them; critmass status {out} says how far they are",
        submitted.shards
    ));
}
