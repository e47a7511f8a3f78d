//! What is known of a client, and how many there are in each state.
//!
//! A client has no index and no record. What matters of it lies where it is: a [`Class`], or a [`Ticket`] that has the
//! class and what the next step needs. Where that is, state by state: the docs of `population`.

use super::overlay::SuperNodeId;

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
}

#[cfg(test)]
impl State {
    pub(super) const ALL: [State; 7] = [
        State::Absent,
        State::Booting,
        State::Seeking,
        State::Waiting,
        State::Backoff,
        State::Online,
        State::SuperNode,
    ];
}

/// A client that waits for a tick, or for its turn: all that the next step needs.
pub(super) trait Ticket: Copy {
    /// Stands where there is no ticket.
    const NONE: Self;
    /// Whether this is a ticket.
    fn is_some(self) -> bool;
    /// Failures in a row so far.
    fn failures(self) -> u16;
    /// The same ticket after one more failure.
    fn failed(self) -> Self;
}

/// The ticket of a client that boots or seeks: class (bits 0–7), whether it was online when it lost its super node (8),
/// failures in a row, saturating (16–31).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unattached(u32);

impl Unattached {
    const WAS_ONLINE: u32 = 1 << 8;

    /// A ticket without failures.
    #[inline]
    pub(super) fn new(class: Class) -> Unattached {
        Unattached(class.0.into())
    }

    #[inline]
    pub(super) fn class(self) -> Class {
        Class(self.0 as u8)
    }

    /// The same ticket, which remembers that the client was online if `was_online`.
    #[inline]
    pub(super) fn remembering(self, was_online: bool) -> Unattached {
        if was_online { Unattached(self.0 | Unattached::WAS_ONLINE) } else { self }
    }

    /// Whether the client was online when it lost its super node.
    #[inline]
    pub(super) fn was_online(self) -> bool {
        self.0 & Unattached::WAS_ONLINE != 0
    }
}

impl Ticket for Unattached {
    /// No ticket: bits 9–15 of one are 0.
    const NONE: Unattached = Unattached(u32::MAX);

    #[inline]
    fn is_some(self) -> bool {
        self != Unattached::NONE
    }

    #[inline]
    fn failures(self) -> u16 {
        (self.0 >> 16) as u16
    }

    #[inline]
    fn failed(self) -> Unattached {
        Unattached(self.0.checked_add(1 << 16).unwrap_or(self.0))
    }
}

/// The ticket of a client in back-off or in the login queue: super node (bits 0–31), class (32–39), failures in a row,
/// saturating (48–63).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Attached(u64);

impl Attached {
    /// A ticket without failures.
    #[inline]
    pub(super) fn new(supernode: SuperNodeId, class: Class) -> Attached {
        Attached(u64::from(supernode.0) | u64::from(class.0) << 32)
    }

    #[inline]
    pub(super) fn class(self) -> Class {
        Class((self.0 >> 32) as u8)
    }

    /// The super node whose child it is, or was if that has died.
    #[inline]
    pub(super) fn supernode(self) -> SuperNodeId {
        SuperNodeId(self.0 as u32)
    }
}

impl Ticket for Attached {
    /// No ticket: bits 40–47 of one are 0.
    const NONE: Attached = Attached(u64::MAX);

    #[inline]
    fn is_some(self) -> bool {
        self != Attached::NONE
    }

    #[inline]
    fn failures(self) -> u16 {
        (self.0 >> 48) as u16
    }

    #[inline]
    fn failed(self) -> Attached {
        Attached(self.0.checked_add(1 << 48).unwrap_or(self.0))
    }
}

/// How many clients are in each state.
#[derive(Debug, Default)]
pub(super) struct Census {
    counts: [u32; 7],
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
        self.count(State::Online) + self.count(State::SuperNode)
    }

    /// `clients` clients go from one state to another. No events.
    #[inline]
    pub(super) fn place(&mut self, from: State, to: State, clients: u32) {
        self.counts[from as usize] -= clients;
        self.counts[to as usize] += clients;
    }

    /// `clients` clients change from one state to another: an event each.
    #[inline]
    pub(super) fn change(&mut self, from: State, to: State, clients: u32) {
        self.place(from, to, clients);
        self.events += u64::from(clients);
    }
}
