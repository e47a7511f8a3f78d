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
//! | `dedicated` | the operator's: added, failed, back again |
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
mod dedicated;
mod live;
mod node;
mod online;
mod probe_counts;
mod probing;
mod promotion;

pub(super) use live::Choices;

use super::clients::Class;
use super::ids::SuperNodeId;
use super::settings::HOST_SLOTS;
use super::tickets::Attached;
use crate::engine::laws::overlay::dedicated_slots;
use crate::parameters;
use children::{Children, Online};
use dead::{DeadNodes, StaleAddresses};
use dedicated::Dedicated;
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
    dedicated: Dedicated,
    /// Children of a super node of a client at most.
    slots: u16,
    /// Whether there is no overlay: the super nodes are hosts of the numbers of children, and nobody sees them.
    bypassed: bool,
}

impl Overlay {
    /// No super nodes, whose clients are from `regions` regions.
    pub(super) fn reset(&mut self, parameters: &parameters::Overlay, regions: usize) {
        self.bypassed = parameters.bypass;
        let slots = if self.bypassed { HOST_SLOTS } else { parameters.slots };
        let dedicated_slots = if self.bypassed { HOST_SLOTS } else { dedicated_slots(parameters) };
        self.nodes.clear();
        self.children.reset(slots.max(dedicated_slots) as u16, regions);
        self.waiting.clear();
        self.online.reset();
        self.live.reset();
        self.dead.reset();
        self.stale.reset();
        self.probes.reset();
        self.dedicated.reset(dedicated_slots as u16);
        self.slots = slots as u16;
    }

    /// Children of a super node of this client, or of the operator, at most.
    fn slots_of(&self, owner: Option<Class>) -> u16 {
        if owner.is_some() { self.slots } else { self.dedicated.slots }
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
        let node = Node::new(owner, self.slots_of(owner));
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
        debug_assert!(node.free() > 0);
        let is_full = node.add_child() == 0;
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
        if self.nodes[supernode.index()].remove_child() == 0 {
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
