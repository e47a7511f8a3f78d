//! Checks a sweep whose parts are all right by themselves: `cells` asks whether every cell of the design is a possible
//! scenario, and `uncertain` whether what is drawn is allowed often enough. Neither knows of the file: a [`Conflict`]
//! says what it is about, and the reader finds where that was written.

mod cells;
mod conflict;
mod uncertain;

use super::types::Sweep;
pub(super) use conflict::Conflict;

/// Checks a sweep as a whole, before anything is run.
pub(super) fn check(sweep: &Sweep) -> Vec<Conflict> {
    match cells::check(sweep) {
        Ok(()) => uncertain::check(sweep),
        Err(conflict) => vec![conflict],
    }
}
