//! Super nodes that do not live, and their addresses.

use std::collections::VecDeque;

use crate::engine::population::ids::SuperNodeId;

/// Super nodes that do not live.
#[derive(Default)]
pub(super) struct DeadNodes {
    /// Those whose children have not noticed: handled in phase 4.
    pub(super) dying: Vec<SuperNodeId>,
    /// A bit for each super node, 64 in a word: whether it is a tombstone, so that tickets that name it are void. Every
    /// ticket that comes due is looked up, and among ten million clients this is what still fits into the first cache.
    tombstones: Vec<u64>,
    /// Those whose index can be used again.
    unused: Vec<SuperNodeId>,
}

impl DeadNodes {
    /// No super nodes.
    pub(super) fn reset(&mut self) {
        self.dying.clear();
        self.tombstones.clear();
        self.unused.clear();
    }

    /// An index that can be used again, if there is one.
    pub(super) fn reuse(&mut self) -> Option<SuperNodeId> {
        self.unused.pop()
    }

    /// There are so many super nodes from now on.
    pub(super) fn grow(&mut self, supernodes: usize) {
        self.tombstones.resize(supernodes.div_ceil(u64::BITS as usize), 0);
    }

    /// A super node dies.
    pub(super) fn add(&mut self, supernode: SuperNodeId) {
        self.dying.push(supernode);
    }

    /// Whether a super node is a tombstone.
    #[inline(always)]
    pub(super) fn is_tombstone(&self, supernode: SuperNodeId) -> bool {
        self.tombstones[supernode.index() / 64] >> (supernode.index() % 64) & 1 != 0
    }

    /// So many tickets name a super node that has no children any more.
    pub(super) fn set_tombstone(&mut self, supernode: SuperNodeId, void_tickets: u16) {
        let bit = 1 << (supernode.index() % 64);
        if void_tickets > 0 {
            self.tombstones[supernode.index() / 64] |= bit;
        } else {
            self.tombstones[supernode.index() / 64] &= !bit;
            self.unused.push(supernode);
        }
    }
}

/// Addresses of dead super nodes in the host caches.
#[derive(Default)]
pub(super) struct StaleAddresses {
    /// Ticks in which they expire, in order, with how many.
    expiring: VecDeque<(u32, u64)>,
    count: u64,
}

impl StaleAddresses {
    /// No addresses.
    pub(super) fn reset(&mut self) {
        self.expiring.clear();
        self.count = 0;
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Adds some that expire in tick `expiry`, not before any others.
    pub(super) fn add(&mut self, expiry: u32, count: u64) {
        debug_assert!(self.expiring.back().is_none_or(|&(last, _)| last <= expiry));
        self.expiring.push_back((expiry, count));
        self.count += count;
    }

    /// Forgets those that expire at or before `now`.
    pub(super) fn expire(&mut self, now: u32) {
        while let Some(&(expiry, count)) = self.expiring.front()
            && expiry <= now
        {
            self.count -= count;
            self.expiring.pop_front();
        }
    }
}

#[cfg(test)]
impl StaleAddresses {
    /// The count, by adding up.
    pub(super) fn counted(&self) -> u64 {
        self.expiring.iter().map(|&(_, count)| count).sum()
    }
}
