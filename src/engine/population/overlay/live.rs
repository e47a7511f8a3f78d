//! The live super nodes, partitioned into those that accept and the rest.

use super::node::{AttachPhase, Life, Node};
use crate::engine::population::ids::SuperNodeId;

/// The live super nodes.
#[derive(Default)]
pub(super) struct LiveNodes {
    /// First the `accepting` ones, then those without a free slot or at their accept limit.
    order: Vec<SuperNodeId>,
    accepting: u32,
    /// Clients that a super node accepts in an attach phase at most.
    pub(super) accept_limit: u32,
    /// The attach phase that began last.
    pub(super) phase: AttachPhase,
    /// Super nodes that do not accept any more in this attach phase, though they may have free slots.
    pub(super) limited: Vec<SuperNodeId>,
}

impl LiveNodes {
    /// No super nodes.
    pub(super) fn reset(&mut self) {
        self.order.clear();
        self.accepting = 0;
        self.phase = AttachPhase::default();
        self.limited.clear();
    }

    /// The live super nodes, the accepting ones first.
    pub(super) fn order(&self) -> &[SuperNodeId] {
        &self.order
    }

    /// How many of them accept.
    #[inline(always)]
    pub(super) fn accepting(&self) -> u32 {
        self.accepting
    }

    /// A super node is live from now on, and accepts.
    pub(super) fn add(&mut self, nodes: &mut [Node], supernode: SuperNodeId) {
        nodes[supernode.index()].set_position(self.order.len() as u32);
        self.order.push(supernode);
        self.start_accepting(nodes, supernode);
    }

    /// A live super node dies.
    pub(super) fn remove(&mut self, nodes: &mut [Node], supernode: SuperNodeId) {
        let Life::Live { position } = nodes[supernode.index()].life() else { return };
        if position < self.accepting {
            self.stop_accepting(nodes, supernode);
        }
        if let Life::Live { position } = nodes[supernode.index()].life() {
            self.swap(nodes, position, self.order.len() as u32 - 1);
        }
        self.order.pop();
        nodes[supernode.index()].die();
    }

    fn swap(&mut self, nodes: &mut [Node], a: u32, b: u32) {
        self.order.swap(a as usize, b as usize);
        nodes[self.order[a as usize].index()].set_position(a);
        nodes[self.order[b as usize].index()].set_position(b);
    }

    /// A super node accepts, if it is live.
    pub(super) fn start_accepting(&mut self, nodes: &mut [Node], supernode: SuperNodeId) {
        if let Life::Live { position } = nodes[supernode.index()].life()
            && position >= self.accepting
        {
            self.swap(nodes, position, self.accepting);
            self.accepting += 1;
        }
    }

    /// A super node that accepts does not any more.
    pub(super) fn stop_accepting(&mut self, nodes: &mut [Node], supernode: SuperNodeId) {
        if let Life::Live { position } = nodes[supernode.index()].life() {
            debug_assert!(position < self.accepting);
            self.accepting -= 1;
            self.swap(nodes, position, self.accepting);
        }
    }

    /// A super node that accepts does not any more in this attach phase.
    pub(super) fn limit(&mut self, nodes: &mut [Node], supernode: SuperNodeId) {
        self.stop_accepting(nodes, supernode);
        self.limited.push(supernode);
    }
}

/// Positions of accepting super nodes among the live ones, drawn ahead so that the super nodes can be asked for.
pub(crate) struct Choices {
    pub(super) positions: [u32; CHOICES],
    /// How many of them are still to be used, the last one first.
    pub(super) left: usize,
}

/// Positions that are drawn ahead at most.
pub(super) const CHOICES: usize = 128;

impl Default for Choices {
    fn default() -> Choices {
        Choices { positions: [0; CHOICES], left: 0 }
    }
}
