//! Work that a command does to answer a question, and whose pieces are not kept.

use std::fmt::Display;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::failure::Failure;
use super::output::say;
use super::signals::Signals;
use crate::boundary::{Line, Question, Unanswered, lines};
use crate::engine::EngineKind;
use crate::engine::outcome::Outcome;
use crate::runner::outcomes_of;
use crate::sweep::Realization;

/// The outcomes of runs, in the order of their keys; `None` for those that there are not.
pub(super) fn outcomes<Key: Sync>(
    engine: EngineKind,
    keys: &[Key],
    realize: impl Fn(&Key) -> Option<Realization> + Sync,
    signals: &Signals,
) -> Result<Vec<Option<Outcome>>, Failure> {
    let finished = counter(500, keys.len(), "runs");
    outcomes_of(engine, keys, realize, &signals.interrupted, &finished).ok_or_else(interrupted)
}

/// Where the draws of a question turn.
pub(super) fn turns(question: &Question, signals: &Signals, pieces: &'static str) -> Result<Vec<Line>, Failure> {
    let all = u64::from(question.sweep.cells()) * u64::from(question.draws);
    lines(question, &signals.interrupted, &counter(200, all, pieces)).map_err(|unanswered| match unanswered {
        Unanswered::Impossible(message) => Failure::WrongInput(message),
        Unanswered::Interrupted => interrupted(),
    })
}

/// To be called after each piece of work: says how many of all are done, whenever `every` more are.
pub(super) fn counter(every: usize, all: impl Display + Sync, pieces: &'static str) -> impl Fn() + Sync {
    let done = AtomicUsize::new(0);
    move || {
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        if done.is_multiple_of(every) {
            say(format_args!("{done} of {all} {pieces}"));
        }
    }
}

/// Says that it was all in vain.
fn interrupted() -> Failure {
    say("interrupted; nothing was kept");
    Failure::Interrupted
}
