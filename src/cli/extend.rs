//! A folder of another sweep: which of its runs are kept.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use super::failure::Failure;
use super::output::say;
use crate::runner::{Takeover, takeover};
use crate::slurm::{Submitted, is_in_a_job};
use crate::store::{Extension, Survey};
use crate::sweep::Sweep;

/// Keys that are named at most.
const KEYS_SHOWN: usize = 20;

/// What the folder of another sweep holds for this one, of which nothing is in common only if that is an error; `None` if
/// it is of this sweep, new or empty. Nothing is written.
pub(super) fn look(out: &Path, sweep: &Sweep) -> Result<Option<Takeover>, Failure> {
    let Some(extension) = Extension::look(out, sweep)? else { return Ok(None) };
    let (_, takeover) = survey(out, &extension, sweep)?;
    say(format_args!("{}", changes(out, extension.before(), sweep)));
    Ok(Some(takeover))
}

/// Makes the folder of another sweep that of this one, with the runs that both have. Runs that this sweep does not have
/// go only if the user lets them: `drop`.
pub(super) fn extend(out: &Path, sweep: &Sweep, drop: bool, interrupted: &AtomicBool) -> Result<(), Failure> {
    let Some(extension) = Extension::begin(out, sweep)? else { return Ok(()) };
    let (survey, takeover) = survey(out, &extension, sweep)?;
    let changes = changes(out, extension.before(), sweep);
    if takeover.loses() && !drop {
        let message =
            format!("{changes}\n  {}; --drop lets them go, or give another folder with --out", lost(&takeover));
        return Err(Failure::WrongInput(message));
    }
    say(changes);
    for damaged in &survey.damaged {
        say(format_args!("made again: {damaged}"));
    }
    if !extension.carry_out(&survey, || interrupted.load(Ordering::Relaxed))? {
        say(format_args!("interrupted; {} is as it was", out.display()));
        return Err(Failure::Interrupted);
    }
    say(in_words(&takeover));
    Ok(())
}

/// Refuses to extend a folder from within the jobs of a submission: those of an older one would turn the folder back.
pub(super) fn check_not_of_a_submission(out: &Path, sweep: &Sweep, is_shard: bool) -> Result<(), Failure> {
    let is_another = || Ok::<bool, Failure>(Extension::look(out, sweep)?.is_some());
    if (is_shard || is_in_a_job()) && Submitted::read(out)?.is_some() && is_another()? {
        let message = format!(
            "{}: the folder is of another sweep now, and its jobs are in Slurm; critmass submit, or critmass run outside of \
             the jobs, extends it",
            out.display()
        );
        return Err(Failure::WrongInput(message));
    }
    Ok(())
}

/// What is in common. Nothing at all is an error.
fn survey(out: &Path, extension: &Extension, sweep: &Sweep) -> Result<(Survey, Takeover), Failure> {
    let survey = extension.survey()?;
    let takeover = takeover(sweep, &survey);
    if takeover.is_empty() {
        let message = format!(
            "{}\n  no run in it is one of this sweep; give another folder with --out",
            changes(out, extension.before(), sweep)
        );
        return Err(Failure::WrongInput(message));
    }
    Ok((survey, takeover))
}

/// That the folder holds another sweep, and what differs.
fn changes(out: &Path, before: &Sweep, sweep: &Sweep) -> String {
    let differences = before.differences(sweep);
    let mut text =
        format!("{}: the folder holds another sweep, {:?} ({:.12}):", out.display(), before.name, before.hash);
    if differences.is_empty() {
        text += "\n  axes or values are in another order";
    }
    for difference in differences.iter().take(KEYS_SHOWN) {
        text += &format!("\n  {difference}");
    }
    if differences.len() > KEYS_SHOWN {
        text += &format!("\n  … and {} more keys", differences.len() - KEYS_SHOWN);
    }
    text
}

/// What is lost.
fn lost(takeover: &Takeover) -> String {
    match (takeover.dropped, takeover.traces_dropped) {
        (0, traces) => format!("it would lose {traces} traces that this sweep does not have"),
        (runs, 0) => format!("it would lose {runs} of its runs, which this sweep does not have"),
        (runs, traces) => {
            format!("it would lose {runs} of its runs and {traces} traces, which this sweep does not have")
        }
    }
}

/// What has become of the runs.
fn in_words(takeover: &Takeover) -> String {
    let Takeover { kept, again, dropped, traces_dropped, .. } = takeover;
    let mut text = format!("{kept} of its runs are kept, {dropped} dropped");
    if *traces_dropped > 0 {
        text += &format!(", with {traces_dropped} traces");
    }
    if *again > 0 {
        text += &format!("; {again} are made again for their traces");
    }
    text + &format!("; {} runs are left", range(takeover.left))
}

/// A number of runs, at least and at most.
pub(super) fn range((min, max): (u64, u64)) -> String {
    if min == max { max.to_string() } else { format!("{min} … {max}") }
}

/// The lines of a dry run.
pub(super) fn lines(takeover: &Takeover) -> String {
    let Takeover { kept, again, dropped, traces_dropped, left } = takeover;
    let traces = if *traces_dropped > 0 { format!(", {traces_dropped} traces") } else { String::new() };
    let made_again = if *again > 0 { format!(", {again} of them again for their traces") } else { String::new() };
    let consent = if takeover.loses() { "; wants --drop" } else { "" };
    format!("kept     {kept}\ndropped  {dropped}{traces}{consent}\nleft     {}{made_again}\n", range(*left))
}
