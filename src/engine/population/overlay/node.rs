//! What is known of one super node besides its children by class: what attaching and detaching an online child touches.

use crate::engine::population::clients::Class;

/// A super node, in 16 bytes.
#[derive(Debug)]
pub(super) struct Node {
    /// How many clients it accepted in the attach phase in which it accepted one last.
    pub(super) accepted: Accepted,
    /// Its position among the live super nodes, or one of the two numbers below.
    position: u32,
    /// Slots that are free; of a tombstone, tickets that name it and are void.
    free: u16,
    /// Online children.
    pub(super) online: u16,
    /// Online children that are eligible.
    pub(super) eligible: u16,
    /// The client that owns it; nobody if it is the operator's.
    pub(super) owner: Option<Class>,
}

const DYING: u32 = u32::MAX - 1;
const TOMBSTONE: u32 = u32::MAX;

/// Whether a super node lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    /// It lives.
    Live {
        /// Where it is among the live super nodes.
        position: u32,
    },
    /// It is dead, but its children have not noticed yet: phase 4 makes it a tombstone.
    Dying,
    /// It is dead and has no children. Its index is not used again until the last ticket that names it has been met.
    Tombstone {
        /// Tickets that name it, of clients that were its children, and are elsewhere now.
        void_tickets: u16,
    },
}

impl Node {
    /// A super node of so many slots without children, which is to be added to the live ones.
    pub(super) fn new(owner: Option<Class>, slots: u16) -> Node {
        Node { accepted: Accepted::default(), position: DYING, free: slots, online: 0, eligible: 0, owner }
    }

    /// Whether it lives.
    #[inline]
    pub(super) fn life(&self) -> Life {
        match self.position {
            DYING => Life::Dying,
            TOMBSTONE => Life::Tombstone { void_tickets: self.free },
            position => Life::Live { position },
        }
    }

    /// It is at this position among the live super nodes.
    #[inline]
    pub(super) fn set_position(&mut self, position: u32) {
        debug_assert!(position < DYING);
        self.position = position;
    }

    /// It dies.
    pub(super) fn die(&mut self) {
        self.position = DYING;
    }

    /// Its children, with so many slots, are orphans: nobody is its child any more, and the tickets of those that were not
    /// online are void. Returns how many these are.
    pub(super) fn become_tombstone(&mut self, slots: u16) -> u16 {
        debug_assert_eq!(self.life(), Life::Dying);
        // Every child that is not online has a ticket somewhere.
        let void_tickets = slots - self.free - self.online;
        *self = Node { position: TOMBSTONE, ..Node::new(None, void_tickets) };
        void_tickets
    }

    /// A void ticket that names it is no more. Returns how many are left.
    pub(super) fn drop_void_ticket(&mut self) -> u16 {
        debug_assert!(matches!(self.life(), Life::Tombstone { .. }));
        self.free -= 1;
        self.free
    }

    /// The number of its free slots. It is live or dying.
    #[inline(always)]
    pub(super) fn free(&self) -> u16 {
        debug_assert!(!matches!(self.life(), Life::Tombstone { .. }));
        self.free
    }

    /// A child joins. Returns how many slots are free then.
    #[inline(always)]
    pub(super) fn add_child(&mut self) -> u16 {
        debug_assert!(matches!(self.life(), Life::Live { .. }));
        self.free -= 1;
        self.free
    }

    /// A child goes. Returns how many slots were free before.
    #[inline(always)]
    pub(super) fn remove_child(&mut self) -> u16 {
        let before = self.free();
        self.free = before + 1;
        before
    }
}

/// An attach phase: its number · 2¹⁶.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct AttachPhase(u32);

impl AttachPhase {
    /// The first one in which clients are counted.
    pub(super) fn first() -> AttachPhase {
        AttachPhase(1 << 16)
    }

    /// The phase after this one; none if its 16 bits are used up, and phases have to be counted anew.
    pub(super) fn next(self) -> Option<AttachPhase> {
        self.0.checked_add(1 << 16).map(AttachPhase)
    }
}

/// The attach phase in which a super node accepted a client last, and how many it accepted in that phase, less than 2¹⁶:
/// phase · 2¹⁶ + number. So that a new phase touches nothing, and counting takes one comparison and one addition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Accepted(u32);

impl Accepted {
    /// Counts one more client in this phase, not earlier than any before. Returns how many there are in it.
    #[inline(always)]
    pub(super) fn one_more(&mut self, phase: AttachPhase) -> u32 {
        self.0 = self.0.max(phase.0) + 1;
        self.0 - phase.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_has_16_bytes() {
        assert_eq!(size_of::<Node>(), 16);
    }

    #[test]
    fn children_take_slots_while_it_lives_and_leave_void_tickets() {
        let mut node = Node::new(Some(Class(3)), 10);
        node.set_position(7);
        assert_eq!((node.add_child(), node.add_child(), node.add_child()), (9, 8, 7));
        assert_eq!((node.remove_child(), node.free()), (7, 8));
        assert_eq!(node.life(), Life::Live { position: 7 });
        node.online = 1;
        node.die();
        assert_eq!((node.life(), node.free()), (Life::Dying, 8));
        assert_eq!(node.become_tombstone(10), 1);
        assert_eq!((node.life(), node.online, node.owner), (Life::Tombstone { void_tickets: 1 }, 0, None));
        assert_eq!(node.drop_void_ticket(), 0);
    }

    #[test]
    fn accepted_clients_are_counted_from_one_in_each_phase() {
        let (mut accepted, mut phase) = (Accepted::default(), AttachPhase::default());
        // Some phases pass by without a client; up to 2¹⁶ − 1 of them come in one phase.
        for clients in [2, 0, 0, 65_535, 1, 3] {
            phase = phase.next().unwrap();
            for number in 1..=clients {
                assert_eq!(accepted.one_more(phase), number);
            }
        }
    }

    #[test]
    fn phases_are_numbered_until_their_bits_are_used_up() {
        let phases = std::iter::successors(Some(AttachPhase::first()), |phase| phase.next());
        assert_eq!(phases.count(), (1 << 16) - 1);
    }
}
