//! What a death leaves: orphans, a stale address, and tickets that are void.
//!
//! A child that is not online has a ticket somewhere, in the wheel or in the login queue, and nobody knows where. When
//! its super node dies it becomes an orphan with a ticket of its own, and the old one is void: it is dropped when it is
//! met. Until the last of them has been met, the index of the dead super node is not used again: it is a *tombstone*, as
//! in a table from which one deletes what others still refer to.

use super::Overlay;
use super::node::Life;
use crate::engine::population::clients::Class;
use crate::engine::population::ids::SuperNodeId;
use crate::engine::population::tickets::{Attached, Ticket};

/// How many children super nodes had, by state.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Orphans {
    pub(crate) online: u32,
    pub(crate) waiting: u32,
    pub(crate) backoff: u32,
}

impl Overlay {
    /// Addresses of dead super nodes in the host caches.
    pub(crate) fn stale(&self) -> u64 {
        self.stale.count()
    }

    /// Takes the super nodes that died since phase 4 of the last tick: their addresses stay in the host caches until
    /// tick `expiry`, and their children are shown to `orphan`: how many of a class, online or not.
    pub(crate) fn orphan_children(&mut self, expiry: u32, mut orphan: impl FnMut(Class, bool, u16)) -> Orphans {
        let mut orphans = Orphans::default();
        if self.dead.dying.is_empty() {
            return orphans;
        }
        let mut dying = std::mem::take(&mut self.dead.dying);
        for &supernode in &dying {
            for online in [true, false] {
                self.children.classes(supernode, online).for_each(|(class, count)| orphan(class, online, count));
            }
            self.children.clear(supernode);
            let slots = self.slots_of(self.owner(supernode));
            let node = &mut self.nodes[supernode.index()];
            orphans.online += u32::from(node.online);
            self.online.eligible -= u32::from(node.eligible);
            let void_tickets = node.become_tombstone(slots);
            let waiting = std::mem::take(&mut self.waiting[supernode.index()]);
            orphans.waiting += u32::from(waiting);
            orphans.backoff += u32::from(void_tickets - waiting);
            self.dead.set_tombstone(supernode, void_tickets);
        }
        self.stale.add(expiry, dying.len() as u64);
        dying.clear();
        self.dead.dying = dying;
        orphans
    }

    /// Forgets the stale addresses that expire at or before `now`.
    pub(crate) fn expire(&mut self, now: u32) {
        self.stale.expire(now);
    }

    /// Whether a ticket is void, since the super node that it names is a tombstone.
    #[inline(always)]
    pub(crate) fn is_void(&self, ticket: Attached) -> bool {
        self.dead.is_tombstone(ticket.supernode())
    }

    /// A void ticket has been met, and is no more.
    #[cold]
    pub(crate) fn drop_void(&mut self, ticket: Attached) {
        let left = self.nodes[ticket.supernode().index()].drop_void_ticket();
        if left == 0 {
            self.dead.set_tombstone(ticket.supernode(), left);
        }
    }

    /// Moves those of the tickets that are neither void nor missing to the front, in their order, and returns them. To be
    /// called once for every ticket, when it is met, since the void ones that are still about are counted.
    pub(crate) fn compact_valid<'a>(&mut self, tickets: &'a mut [Attached]) -> &'a mut [Attached] {
        let mut length = 0;
        for index in 0..tickets.len() {
            let ticket = tickets[index];
            if ticket.is_some() {
                if self.is_void(ticket) {
                    self.drop_void(ticket);
                } else {
                    tickets[length] = ticket;
                    length += 1;
                }
            }
        }
        &mut tickets[..length]
    }

    /// Whether a super node has died, and its children have not noticed.
    pub(crate) fn is_dying(&self, supernode: SuperNodeId) -> bool {
        self.nodes[supernode.index()].life() == Life::Dying
    }

    /// Whether there are any such.
    pub(crate) fn some_are_dying(&self) -> bool {
        !self.dead.dying.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::super::checks::{CLASS, overlay};
    use super::*;

    #[test]
    fn exactly_the_children_of_a_dead_super_node_are_orphaned_and_its_address_goes_stale() {
        let (mut overlay, supernodes) = overlay(75, 10, 2);
        overlay.attach(Class(1), true, supernodes[0]);
        overlay.attach(Class(2), true, supernodes[1]);
        overlay.attach(Class(1), true, supernodes[0]);
        overlay.attach(Class(6), false, supernodes[0]);
        overlay.attach(Class(7), false, supernodes[0]);
        overlay.start_waiting(Attached::new(supernodes[0], Class(7)));
        overlay.kill(supernodes[0]);
        assert_eq!((overlay.live(), overlay.stale()), (1, 0));
        let mut orphans = Vec::new();
        let counts = overlay.orphan_children(7, |class, online, count| orphans.push((class, online, count)));
        orphans.retain(|&(_, _, count)| count > 0);
        assert_eq!(orphans, [(Class(1), true, 2), (Class(6), false, 1), (Class(7), false, 1)]);
        assert_eq!(counts, Orphans { online: 2, waiting: 1, backoff: 1 });
        assert_eq!(overlay.stale(), 1);
        overlay.expire(6);
        assert_eq!(overlay.stale(), 1);
        overlay.expire(7);
        assert_eq!(overlay.stale(), 0);
    }

    #[test]
    fn an_index_is_used_again_once_the_last_void_ticket_has_been_met() {
        let (mut overlay, supernodes) = overlay(75, 10, 2);
        let tickets = [4, 5].map(|class| Attached::new(supernodes[0], Class(class)));
        let other = Attached::new(supernodes[1], CLASS);
        tickets.iter().for_each(|ticket| overlay.attach(ticket.class(), false, supernodes[0]));
        overlay.attach(CLASS, false, supernodes[1]);
        overlay.kill(supernodes[0]);
        overlay.orphan_children(7, |_, _, _| ());
        assert_eq!(overlay.compact_valid(&mut [tickets[0], other, Attached::NONE]), [other]);
        overlay.add(Some(CLASS));
        assert_eq!(overlay.live.order()[1], SuperNodeId(2), "a ticket still names the dead one");
        assert!(overlay.is_tombstone(supernodes[0]));
        assert_eq!(overlay.compact_valid(&mut [tickets[1]]), []);
        overlay.add(Some(CLASS));
        assert_eq!(overlay.live.order()[2], supernodes[0]);
        assert!(!overlay.is_tombstone(supernodes[0]));
    }
}
