//! How far a sweep is, told to whoever listens: a bar with the growing surface on a terminal, a line every half minute
//! elsewhere, an object of JSON for each event to a program. All of them hear the same.

mod bar;
mod json;
mod lines;
mod words;

use std::path::Path;

use super::failure::Failure;
use super::screen::is_terminal;
use crate::runner::{Event, Progress};
use crate::store::{Shard, Store};
use crate::sweep::Sweep;

/// The longest time that is told, s; no matter how much longer it takes.
pub(super) const TIME_MAX_S: f64 = 1e12;

/// How a session is shown.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// Progress on standard error, the surface on standard output
    Text,
    /// What happens, an object a line on standard output
    Json,
}

/// What is run.
#[derive(Clone, Copy)]
pub(super) struct Session<'a> {
    pub(super) sweep: &'a Sweep,
    pub(super) out: &'a Path,
    pub(super) shard: Option<Shard>,
    pub(super) threads: usize,
}

/// How a session ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Interrupted,
    Failed,
    Done,
}

/// Who hears what happens in a session.
pub(super) trait Listener: Send {
    /// Something that was found is of no use, and computed again.
    fn damaged(&mut self, what: &str);

    /// It begins, with what was found.
    fn begun(&mut self, found: &Progress);

    /// Something happened.
    fn heard(&mut self, event: &Event);

    /// Everything is written, or nothing more will be.
    fn ended(&mut self, progress: &Progress, end: End) -> Result<(), Failure>;
}

/// The listener of a session.
pub(super) fn listener<'a>(session: Session<'a>, format: Format, store: &Store) -> Box<dyn Listener + 'a> {
    match format {
        Format::Json => Box::new(json::Events::new(session)),
        Format::Text if is_terminal() => Box::new(bar::Bar::new(session, store)),
        Format::Text => Box::new(lines::Lines::new(session)),
    }
}

/// Tells a listener of what a runner reports, and remembers how far it is.
pub(super) struct Teller<'a> {
    listener: Box<dyn Listener + 'a>,
    last: Option<Progress>,
}

impl<'a> Teller<'a> {
    pub(super) fn to(listener: Box<dyn Listener + 'a>) -> Teller<'a> {
        Teller { listener, last: None }
    }

    /// Something that was found is of no use.
    pub(super) fn damaged(&mut self, what: &str) {
        self.listener.damaged(what);
    }

    /// The first report is that of the beginning, with what was found.
    pub(super) fn tell(&mut self, event: &Event) {
        if let Event::Progress(progress) = event
            && self.last.replace(*progress).is_none()
        {
            self.listener.begun(progress);
        }
        self.listener.heard(event);
    }

    /// Runs made so far.
    pub(super) fn runs(&self) -> u64 {
        self.last.map_or(0, |progress| progress.runs)
    }

    /// How it ended. Says nothing if it did not begin.
    pub(super) fn end(&mut self, end: End) -> Result<(), Failure> {
        self.last.map_or(Ok(()), |progress| self.listener.ended(&progress, end))
    }
}
