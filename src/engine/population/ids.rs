//! Names of what has no record of its own: small types that everything else of the population shares.

/// A super node: its index in the arrays of the overlay. Indices of dead super nodes are used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct SuperNodeId(pub(super) u32);

impl SuperNodeId {
    #[inline]
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Where an online child can be: its super node, and its rank among the online children there, which are in order of
/// their classes. Drawn at random, it may be vacant: then the super node has not so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct ChildSite {
    pub(super) supernode: SuperNodeId,
    pub(super) rank: u32,
}
