//! Checks a sweep whose parts are all right by themselves: `cells` asks whether every cell of the design is a possible
//! scenario, `events` whether an intervention would hide an axis or a draw, or a shock strikes nobody, `engine` whether the engine has all that is asked
//! for, and `uncertain` whether what is drawn is
//! allowed often enough. None knows of the file: a [`Conflict`] says what it is about, and the reader finds where that
//! was written.

mod cells;
mod conflict;
mod engine;
mod events;
mod uncertain;

use super::types::Sweep;
pub(super) use conflict::Conflict;

/// Checks a sweep as a whole, before anything is run.
pub(super) fn check(sweep: &Sweep) -> Vec<Conflict> {
    let mut conflicts = events::check(sweep);
    conflicts.extend(engine::check(sweep));
    match cells::check(sweep) {
        Ok(()) => conflicts.extend(uncertain::check(sweep)),
        Err(impossible) => conflicts.extend(impossible),
    }
    conflicts
}
