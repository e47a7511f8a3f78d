//! What is known of a client: its class and its state.
//!
//! A client has no index and no record. What matters of it lies where it is: a [`Class`], or a ticket that has the class
//! and what the next step needs. Where that is, state by state: the docs of `population`.

/// What distinguishes a client from others: region, eligibility, and whether its restart by the update is still to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Class(pub(super) u8);

impl Class {
    const PENDING: u8 = 1;
    const ELIGIBLE: u8 = 2;
    /// Classes of a region, which have consecutive numbers.
    pub(super) const OF_A_REGION: usize = 4;

    /// The class of a client of region number `region`, below 64.
    pub(super) fn new(region: usize, eligible: bool, pending: bool) -> Class {
        let pending = if pending { Class::PENDING } else { 0 };
        let eligible = if eligible { Class::ELIGIBLE } else { 0 };
        Class((region * Class::OF_A_REGION) as u8 | eligible | pending)
    }

    #[inline]
    pub(super) fn region(self) -> usize {
        usize::from(self.0) / Class::OF_A_REGION
    }

    /// Its number among the classes of its region.
    #[inline]
    pub(super) fn within_region(self) -> usize {
        usize::from(self.0) % Class::OF_A_REGION
    }

    /// Whether it could serve as a super node.
    #[inline]
    pub(super) fn is_eligible(self) -> bool {
        self.0 & Class::ELIGIBLE != 0
    }

    /// Whether it is patched and its restart is still to come.
    #[inline]
    pub(super) fn is_pending(self) -> bool {
        self.0 & Class::PENDING != 0
    }

    /// The class once the restart is no longer to come.
    #[inline]
    pub(super) fn updated(self) -> Class {
        Class(self.0 & !Class::PENDING)
    }
}

/// The state of a client (model.md, "State of a present client").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Not on the network.
    Absent,
    /// Present; its machine restarts.
    Booting,
    /// Looks for a super node.
    Seeking,
    /// Attached, with a login request that it waits for.
    Waiting,
    /// Attached; waits to send its next login request.
    Backoff,
    /// Attached and logged in.
    Online,
    /// Online and itself a super node.
    SuperNode,
    /// Attached, logged in, and about to renew that: online, with a ticket.
    Renewing,
    /// Attached; sends a login request in this tick, which enters the queue in phase 6. Before phase 3 and after phase 6
    /// nobody is in this state.
    Requesting,
}

impl State {
    /// How many there are.
    pub(super) const COUNT: usize = 9;

    /// Those in which a client can be at the end of a tick.
    #[cfg(test)]
    pub(super) const ALL: [State; 8] = [
        State::Absent,
        State::Booting,
        State::Seeking,
        State::Waiting,
        State::Backoff,
        State::Online,
        State::SuperNode,
        State::Renewing,
    ];
}
