//! What can be said of a folder in one word, and the exit status that goes with it.

use crate::cli::failure::{DONE, FAILED, WRONG_INPUT};
use crate::store::{Inventory, StoreError, SurfaceState};

/// In which state a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Every file of the sweep is there, is whole, and is listed; no other lies among them.
    Complete,
    /// Nothing is wrong with what is there, but something is left to do.
    Incomplete,
    /// Something is not what was written, or lies among the results and is not of this sweep.
    Damaged,
    /// The system does not let a file be read, so that nobody knows.
    Unreadable,
    /// It is not the folder of a sweep of this version.
    Foreign,
}

impl State {
    /// Every state, with its word, its exit status, and what it means.
    pub(super) const ALL: [(State, &str, u8, &str); 5] = [
        (State::Complete, "complete", DONE, "every file is there, whole, and listed"),
        (State::Incomplete, "incomplete", 3, "nothing is wrong, but something is left to do, or is being done"),
        (State::Damaged, "damaged", 4, "a file is not what was written, or is not of this sweep"),
        (State::Unreadable, "unreadable", FAILED, "the system does not let a file be read"),
        (State::Foreign, "foreign", WRONG_INPUT, "not the folder of a sweep of this version"),
    ];

    fn row(self) -> (State, &'static str, u8, &'static str) {
        Self::ALL.into_iter().find(|row| row.0 == self).unwrap_or(Self::ALL[0])
    }

    pub(super) fn word(self) -> &'static str {
        self.row().1
    }

    pub(super) fn exit_status(self) -> u8 {
        self.row().2
    }

    /// That of a folder in which all this was found.
    pub(super) fn of(inventory: &Inventory) -> State {
        let is_damaged = !inventory.damaged.is_empty()
            || !inventory.damaged_checkpoints.is_empty()
            || !inventory.damaged_checksums.is_empty()
            || !inventory.strays.is_empty()
            || matches!(inventory.surface, SurfaceState::Damaged(_));
        let is_whole = inventory.is_complete() && inventory.surface == SurfaceState::Whole && inventory.unlisted == 0;
        match (is_damaged, is_whole) {
            (true, _) => State::Damaged,
            (false, true) => State::Complete,
            (false, false) => State::Incomplete,
        }
    }

    /// That of a folder which could not be looked at.
    pub(super) fn of_error(error: &StoreError) -> State {
        match error {
            StoreError::Io { .. } => State::Unreadable,
            StoreError::Refused { .. } => State::Foreign,
            StoreError::Damaged { .. } | StoreError::Said(_) => State::Damaged,
        }
    }
}
