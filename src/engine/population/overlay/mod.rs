//! The super nodes: who lives, who accepts, who their children are, and what the host caches know.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `node` | what is known of one super node, in 16 bytes |
//! | `children` | how many children each has of each class |
//! | `live`, `dead` | the live ones, partitioned into those that accept and the rest; the dead ones and their addresses |
//! | `probe_counts` | how often each is probed in a tick |
//! | here | one who comes, and goes; a child who comes, logs in, and goes |
//! | `accepting` | the attach phase, and choosing one of those that accept |
//! | `probing` | the registry and its probes; overload protection |
//! | `deaths` | orphans, stale addresses, void tickets |
//! | `online` | the online children: counted, drawn at random, found by rank |
//! | `promotion` | online children become super nodes |
//!
//! The first four are the state; the others are what happens to it, and do not see each other's insides.

mod accepting;
#[cfg(test)]
mod checks;
mod children;
mod dead;
mod deaths;
mod live;
mod node;
mod online;
mod probe_counts;
mod probing;
mod promotion;

pub(super) use live::Choices;

use super::clients::Class;
use super::ids::SuperNodeId;
use super::tickets::Attached;
use children::{Children, Online};
use dead::{DeadNodes, StaleAddresses};
use live::LiveNodes;
use node::Node;
use probe_counts::ProbeCounts;

/// The super nodes.
#[derive(Default)]
pub(super) struct Overlay {
    /// Live and dead ones.
    nodes: Vec<Node>,
    /// The children of each by class. The tickets of those that are not online say what they wait for.
    children: Children,
    /// The children of each that are in the login queue.
    waiting: Vec<u16>,
    online: Online,
    /// Those that live.
    live: LiveNodes,
    /// Those that do not.
    dead: DeadNodes,
    stale: StaleAddresses,
    /// Probes in this tick.
    probes: ProbeCounts,
    /// Super nodes of the operator.
    dedicated: u32,
    /// Children of a super node at most.
    slots: u16,
}

impl Overlay {
    /// No super nodes. `slots`, below 2¹⁶, is the number of children of a super node at most; its clients are from
    /// `regions` regions.
    pub(super) fn reset(&mut self, slots: u64, regions: usize) {
        self.nodes.clear();
        self.children.reset(slots as u16, regions);
        self.waiting.clear();
        self.online.reset();
        self.live.reset();
        self.dead.reset();
        self.stale.reset();
        self.probes.reset();
        self.dedicated = 0;
        self.slots = slots as u16;
    }

    /// Super nodes of the operator.
    pub(super) fn dedicated(&self) -> u32 {
        self.dedicated
    }

    /// The client that owns a super node; none if it is the operator's.
    pub(super) fn owner(&self, supernode: SuperNodeId) -> Option<Class> {
        self.nodes[supernode.index()].owner
    }

    /// The indices of all super nodes, live or dead.
    pub(super) fn indices(&self) -> impl Iterator<Item = SuperNodeId> + use<> {
        (0..self.nodes.len() as u32).map(SuperNodeId)
    }

    /// Adds a super node of a client, or of the operator, without children.
    pub(super) fn add(&mut self, owner: Option<Class>) {
        let node = Node::new(owner);
        let supernode = match self.dead.reuse() {
            Some(supernode) => {
                self.nodes[supernode.index()] = node;
                supernode
            }
            None => {
                self.nodes.push(node);
                self.waiting.push(0);
                self.dead.grow(self.nodes.len());
                self.children.add_supernode();
                self.probes.add_supernode();
                SuperNodeId(self.nodes.len() as u32 - 1)
            }
        };
        self.live.add(&mut self.nodes, supernode);
    }

    /// Adds dedicated super nodes until there are `wanted`. Never takes any away.
    pub(super) fn add_dedicated(&mut self, wanted: u32) {
        while self.dedicated < wanted {
            self.add(None);
            self.dedicated += 1;
        }
    }

    /// A super node dies: it is no longer probed with success; its children notice in phase 4.
    pub(super) fn kill(&mut self, supernode: SuperNodeId) {
        self.live.remove(&mut self.nodes, supernode);
        self.dead.add(supernode);
    }

    /// Attaches a client to a super node that has a free slot, regardless of the accept limit.
    pub(super) fn attach(&mut self, class: Class, online: bool, supernode: SuperNodeId) {
        self.add_child(class, online, supernode, u32::MAX);
    }

    /// Attaches a client to an accepting super node in the attach phase, which counts towards its accept limit.
    #[inline(always)]
    pub(super) fn accept(&mut self, class: Class, online: bool, supernode: SuperNodeId) {
        self.add_child(class, online, supernode, self.live.accept_limit);
    }

    /// Adds a child to a super node, which does not accept any more in this phase if it has no free slot then, or has
    /// accepted `limit` clients.
    #[inline(always)]
    fn add_child(&mut self, class: Class, online: bool, supernode: SuperNodeId, limit: u32) {
        let node = &mut self.nodes[supernode.index()];
        debug_assert!(node.children() < self.slots);
        let is_full = node.add_child() == self.slots;
        let is_limited = node.accepted.one_more(self.live.phase) == limit;
        self.children.add(supernode, class, online);
        if online {
            self.count_online(supernode, class);
        }
        if is_full {
            self.live.stop_accepting(&mut self.nodes, supernode);
        } else if is_limited {
            self.live.limit(&mut self.nodes, supernode);
        }
    }

    /// Takes an online child off its super node, live or dying.
    #[inline(always)]
    pub(super) fn detach_online(&mut self, supernode: SuperNodeId, class: Class) {
        self.children.remove(supernode, class, true);
        self.discount_online(supernode, class);
        self.free_slot(supernode);
    }

    /// Takes a child off its super node, live or dying, that is not online.
    pub(super) fn detach_offline(&mut self, supernode: SuperNodeId, class: Class) {
        self.children.remove(supernode, class, false);
        self.free_slot(supernode);
    }

    #[inline(always)]
    fn free_slot(&mut self, supernode: SuperNodeId) {
        if self.nodes[supernode.index()].remove_child() == self.slots {
            self.live.start_accepting(&mut self.nodes, supernode);
        }
    }

    /// A child that was not online is, from now on.
    #[inline]
    pub(super) fn log_in(&mut self, ticket: Attached) {
        let (supernode, class) = (ticket.supernode(), ticket.class());
        self.children.remove(supernode, class, false);
        self.children.add(supernode, class, true);
        self.count_online(supernode, class);
    }

    /// The login request of a child enters the queue.
    #[inline]
    pub(super) fn start_waiting(&mut self, ticket: Attached) {
        self.waiting[ticket.supernode().index()] += 1;
    }

    /// The login request of a child is served, or given up.
    #[inline]
    pub(super) fn stop_waiting(&mut self, ticket: Attached) {
        self.waiting[ticket.supernode().index()] -= 1;
    }
}
