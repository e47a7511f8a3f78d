//! What must hold of the super nodes at any time, and small overlays to try things on.

use super::Overlay;
use super::node::Life;
use crate::engine::population::clients::Class;
use crate::engine::population::ids::SuperNodeId;
use crate::parameters::{self, Scenario};

/// The class of those to whom it does not matter.
pub(super) const CLASS: Class = Class(3);

/// An overlay of so many super nodes, and these.
pub(super) fn overlay(slots: u64, accept_limit: u32, supernodes: usize) -> (Overlay, Vec<SuperNodeId>) {
    let mut overlay = Overlay::default();
    overlay.reset(&parameters::Overlay { slots, ..Scenario::default().overlay }, 2);
    overlay.set_accept_limit(accept_limit);
    (0..supernodes).for_each(|_| overlay.add(Some(CLASS)));
    let supernodes = overlay.live.order().to_vec();
    (overlay, supernodes)
}

impl Overlay {
    /// Checks that the arrays agree with each other; returns the number of children.
    pub(crate) fn check(&self) -> u32 {
        assert!(self.accepting() <= self.live());
        for (position, &supernode) in self.live.order().iter().enumerate() {
            let node = &self.nodes[supernode.index()];
            assert_eq!(node.life(), Life::Live { position: position as u32 });
            assert!(node.free() <= self.slots_of(node.owner), "more children than slots");
            let accepts = (position as u32) < self.accepting();
            assert_eq!(node.free() > 0, accepts, "accepts iff it has a slot");
        }
        let (mut children, mut eligible) = (0, 0);
        for supernode in self.indices() {
            let node = &self.nodes[supernode.index()];
            let online: u16 = self.children.classes(supernode, true).map(|(_, count)| count).sum();
            let offline: u16 = self.children.classes(supernode, false).map(|(_, count)| count).sum();
            let (of_node, void_tickets) = match node.life() {
                Life::Live { .. } | Life::Dying => (self.slots_of(node.owner) - node.free(), 0),
                Life::Tombstone { void_tickets } => (0, void_tickets),
            };
            assert_eq!(self.is_tombstone(supernode), void_tickets > 0, "the bit says what the node says");
            assert_eq!((online, online + offline), (node.online, of_node));
            assert!(u32::from(online) <= self.online.most && u32::from(node.eligible) <= self.online.most_eligible);
            assert!(self.waiting[supernode.index()] <= offline);
            let of_class = self.children.classes(supernode, true).filter(|(class, _)| class.is_eligible());
            assert_eq!(of_class.map(|(_, count)| count).sum::<u16>(), node.eligible);
            children += u32::from(of_node);
            eligible += u32::from(node.eligible);
        }
        assert_eq!(eligible, self.eligible());
        assert_eq!(self.stale.counted(), self.stale());
        children
    }

    /// Whether a super node is a tombstone.
    pub(crate) fn is_tombstone(&self, supernode: SuperNodeId) -> bool {
        self.dead.is_tombstone(supernode)
    }

    /// How many void tickets there should be.
    pub(crate) fn void_tickets(&self) -> u32 {
        let of = |supernode: SuperNodeId| match self.nodes[supernode.index()].life() {
            Life::Tombstone { void_tickets } => u32::from(void_tickets),
            Life::Live { .. } | Life::Dying => 0,
        };
        self.indices().map(of).sum()
    }

    /// The children that are not online: how many of each super node and class.
    pub(crate) fn offline(&self) -> impl Iterator<Item = (SuperNodeId, Class, u16)> {
        let of =
            |supernode| self.children.classes(supernode, false).map(move |(class, count)| (supernode, class, count));
        self.indices().flat_map(of)
    }
}
