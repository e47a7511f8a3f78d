//! How often each super node is probed in a tick.

use crate::engine::population::ids::SuperNodeId;

/// Probes that each super node has met in this tick; counted only with overload protection.
#[derive(Default)]
pub(super) struct ProbeCounts {
    /// Of each; reset at the end of the attach phase.
    probes: Vec<u32>,
    /// Those that have met any.
    pub(super) probed: Vec<SuperNodeId>,
}

impl ProbeCounts {
    /// No super nodes.
    pub(super) fn reset(&mut self) {
        self.probes.clear();
        self.probed.clear();
    }

    /// One more super node.
    pub(super) fn add_supernode(&mut self) {
        self.probes.push(0);
    }

    /// A super node meets a probe.
    pub(super) fn count(&mut self, supernode: SuperNodeId) {
        let probes = &mut self.probes[supernode.index()];
        if *probes == 0 {
            self.probed.push(supernode);
        }
        *probes += 1;
    }

    /// How many probes a super node has met, which are forgotten.
    pub(super) fn take(&mut self, supernode: SuperNodeId) -> u32 {
        std::mem::take(&mut self.probes[supernode.index()])
    }
}
