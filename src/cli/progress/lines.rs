//! A line at the beginning, every half minute, and at the end.

use std::time::{Duration, Instant};

use super::{End, Listener, Session, words};
use crate::cli::failure::Failure;
use crate::cli::output::say;
use crate::runner::{Event, Progress};

/// How often a line is written.
const EVERY: Duration = Duration::from_secs(30);

pub(super) struct Lines<'a> {
    session: Session<'a>,
    began: Instant,
    last: Instant,
}

impl<'a> Lines<'a> {
    pub(super) fn new(session: Session<'a>) -> Lines<'a> {
        Lines { session, began: Instant::now(), last: Instant::now() }
    }
}

impl Listener for Lines<'_> {
    fn damaged(&mut self, what: &str) {
        say(format_args!("computed again: {what}"));
    }

    fn begun(&mut self, found: &Progress) {
        (self.began, self.last) = (Instant::now(), Instant::now());
        if let Some(found) = words::found(found) {
            say(found);
        }
        say(words::plan(&self.session, found));
    }

    fn heard(&mut self, event: &Event) {
        if let Event::Progress(progress) = event
            && self.last.elapsed() >= EVERY
        {
            self.last = Instant::now();
            say(words::how_far(progress, self.began.elapsed().as_secs_f64()));
        }
    }

    fn ended(&mut self, progress: &Progress, _: End) -> Result<(), Failure> {
        say(words::how_far(progress, self.began.elapsed().as_secs_f64()));
        Ok(())
    }
}
