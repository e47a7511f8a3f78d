//! How many clients are in each state, and how often that changed.

use super::clients::State;

/// How many clients are in each state.
#[derive(Debug, Default)]
pub(super) struct Census {
    counts: [u32; State::COUNT],
    /// State changes so far.
    pub(super) events: u64,
}

impl Census {
    /// A population of `clients`, all absent.
    pub(super) fn reset(&mut self, clients: u32) {
        *self = Census::default();
        self.counts[State::Absent as usize] = clients;
    }

    /// Number of clients in a state.
    #[inline]
    pub(super) fn count(&self, state: State) -> u32 {
        self.counts[state as usize]
    }

    /// Present clients, booting ones included.
    pub(super) fn demand(&self) -> u32 {
        self.counts[1..].iter().sum()
    }

    /// Online clients, super nodes included.
    pub(super) fn online(&self) -> u32 {
        self.count(State::Online) + self.count(State::Renewing) + self.count(State::SuperNode)
    }

    /// `clients` clients are in another state than before. No events.
    #[inline]
    pub(super) fn transfer(&mut self, from: State, to: State, clients: u32) {
        self.counts[from as usize] -= clients;
        self.counts[to as usize] += clients;
    }

    /// `clients` clients change from one state to another: an event each.
    #[inline]
    pub(super) fn change(&mut self, from: State, to: State, clients: u32) {
        self.transfer(from, to, clients);
        self.events += u64::from(clients);
    }
}
