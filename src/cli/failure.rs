//! How the program ends: the exit statuses, on which scripts rely, and why a command ended without success.

use super::text::{WIDTH, plain, wrap_clauses};
use crate::runner::MemoryError;
use crate::slurm::SlurmError;
use crate::store::StoreError;
use crate::summary::SummaryError;
use crate::sweep::SweepError;

/// Exit status: it did what was asked.
pub(super) const DONE: u8 = 0;
/// Exit status: something failed while running. Another try may succeed.
pub(super) const FAILED: u8 = 1;
/// Exit status: the user asked for something that cannot be, and nothing was written. (As clap has it, too.)
pub(super) const WRONG_INPUT: u8 = 2;
/// Exit status: interrupted; what was finished is kept, and the same command continues. (128 + 2, the number of SIGINT,
/// as shells have it; for the other signals, too, so that scripts need to know of one number.)
pub(super) const INTERRUPTED: u8 = 130;

/// Why a command ended without success.
pub(super) enum Failure {
    /// Something failed while running: [`FAILED`].
    Failed(String),
    /// The user asked for something that cannot be: [`WRONG_INPUT`].
    WrongInput(String),
    /// The sweep file is wrong: [`WRONG_INPUT`].
    Sweep(SweepError),
    /// Interrupted; what to say has been said: [`INTERRUPTED`].
    Interrupted,
    /// What to say has been said: this exit status.
    Said(u8),
    /// Nobody reads the results any more, as in `critmass … | head`: [`DONE`], since nothing is wrong.
    BrokenPipe,
}

impl Failure {
    /// The exit status.
    pub(super) fn status(&self) -> u8 {
        match self {
            Failure::Failed(_) => FAILED,
            Failure::WrongInput(_) | Failure::Sweep(_) => WRONG_INPUT,
            Failure::Interrupted => INTERRUPTED,
            Failure::Said(status) => *status,
            Failure::BrokenPipe => DONE,
        }
    }

    /// What to say about it, where anything is left to say. On a terminal a wrong sweep file is shown with the place.
    pub(super) fn message(self, on_terminal: bool) -> Option<String> {
        match self {
            Failure::Failed(message) | Failure::WrongInput(message) if on_terminal => {
                Some(plain(&wrap_clauses(&format!("error: {message}"), WIDTH)))
            }
            Failure::Failed(message) | Failure::WrongInput(message) => Some(plain(&format!("error: {message}"))),
            Failure::Sweep(error) if on_terminal => Some(mistakes(error, true)),
            Failure::Sweep(error) => Some(plain(&mistakes(error, false))),
            Failure::Interrupted | Failure::Said(_) | Failure::BrokenPipe => None,
        }
    }
}

/// What is wrong with a sweep file, one mistake after another.
fn mistakes(error: SweepError, on_terminal: bool) -> String {
    let (mistakes, rest) = error.into_parts();
    let shown = mistakes.into_iter().map(|mistake| {
        if on_terminal {
            format!("{:?}", miette::Report::new(mistake))
        } else {
            wrap_clauses(&format!("error: {mistake}"), WIDTH)
        }
    });
    shown.chain(rest).collect::<Vec<_>>().join("\n")
}

impl From<SweepError> for Failure {
    fn from(error: SweepError) -> Failure {
        Failure::Sweep(error)
    }
}

impl From<MemoryError> for Failure {
    fn from(error: MemoryError) -> Failure {
        Failure::WrongInput(error.to_string())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Failure {
        if error.is_wrong_input() { Failure::WrongInput(error.to_string()) } else { Failure::Failed(error.to_string()) }
    }
}

impl From<SlurmError> for Failure {
    fn from(error: SlurmError) -> Failure {
        match error {
            SlurmError::Refused(message) => Failure::WrongInput(message),
            SlurmError::Store(error) => error.into(),
            error => Failure::Failed(error.to_string()),
        }
    }
}

impl From<SummaryError> for Failure {
    fn from(error: SummaryError) -> Failure {
        match error {
            SummaryError::Store(error) => error.into(),
            error => Failure::Failed(error.to_string()),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Failure::BrokenPipe,
            _ => Failure::Failed(format!("standard output: {error}")),
        }
    }
}
