//! The super nodes: who hangs on which, who still accepts, and what the host caches know.

use std::collections::VecDeque;

use super::clients::ClientId;
use super::prefetch::prefetch;
use super::random::{Stream, below, scale, unit};

/// A super node: its index in the arrays of [`Overlay`]. Indices of dead super nodes are used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct SuperNodeId(pub(super) u32);

impl SuperNodeId {
    #[inline]
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// The owner of a dedicated super node: nobody.
const OPERATOR: ClientId = ClientId(u32::MAX);
/// The place of a dead super node among the live ones: nowhere.
const DEAD: u32 = u32::MAX;

/// Marks an entry of a row of children as free. Client indices are below 2³⁰.
const FREE: u32 = 1 << 31;
/// No free entry.
const NO_PLACE: u16 = 0;

/// What attaching and detaching a child touches of a super node, in 40 bytes, and one entry of the row.
#[derive(Default)]
struct Node {
    /// The children by place. An entry that a child has left is `FREE`, with the next such entry: its place + 1.
    row: Vec<u32>,
    /// Where it is in `live`.
    live_place: u32,
    /// The last attach phase in which it accepted a client.
    accepted_in: u32,
    /// Clients that it accepted in that phase.
    accepted: u16,
    /// Number of children.
    children: u16,
    /// The last entry that became free: its place + 1.
    free: u16,
}

/// The super nodes, with the live ones partitioned into those that accept and the rest, so that a probe of the
/// registry is one random number.
#[derive(Default)]
pub(super) struct Overlay {
    /// The super nodes, live or dead. 40 bytes, and 4 for each place in the row.
    nodes: Vec<Node>,
    /// The client that owns each super node. 4 bytes.
    owner: Vec<ClientId>,
    /// Probes that each has met in this tick. 4 bytes; reset at the end of the attach phase; only with overload
    /// protection.
    probed: Vec<u32>,
    /// The live super nodes: first the `accepting` ones, then those without a free slot or at their accept limit.
    live: Vec<SuperNodeId>,
    accepting: u32,
    /// Dead super nodes whose children have not noticed: handled in phase 4.
    died: Vec<SuperNodeId>,
    free: Vec<SuperNodeId>,
    /// Ticks in which stale addresses expire, in order, with how many.
    stale: VecDeque<(u32, u32)>,
    stale_count: u32,
    dedicated: u32,
    slots: u32,
    accept_limit: u32,
    /// Number of the attach phase.
    phase: u32,
    /// Super nodes that do not accept any more in this attach phase, though they may have free slots.
    limited: Vec<SuperNodeId>,
    /// Super nodes with `probed` > 0.
    probed_ones: Vec<SuperNodeId>,
}

impl Node {
    /// Empties the row, whose memory stays.
    fn clear(&mut self) {
        self.row.clear();
        (self.live_place, self.accepted_in, self.accepted) = (DEAD, 0, 0);
        (self.children, self.free) = (0, NO_PLACE);
    }

    /// Puts a child into the row. Gives its place.
    #[inline(always)]
    fn put(&mut self, client: ClientId) -> u16 {
        self.children += 1;
        if self.free == NO_PLACE {
            self.row.push(client.0);
            return (self.row.len() - 1) as u16;
        }
        let place = self.free - 1;
        self.free = std::mem::replace(&mut self.row[usize::from(place)], client.0) as u16;
        place
    }

    /// Takes the child at a place out of the row.
    #[inline]
    fn take(&mut self, place: u16) {
        self.children -= 1;
        self.row[usize::from(place)] = u32::from(self.free) | FREE;
        self.free = place + 1;
    }

    /// The children with their places.
    fn children(&self) -> impl Iterator<Item = (u16, ClientId)> {
        let entries = self.row.iter().enumerate();
        entries.filter(|&(_, entry)| entry & FREE == 0).map(|(place, &entry)| (place as u16, ClientId(entry)))
    }
}

impl Overlay {
    /// No super nodes. `slots` is the number of children of a super node at most, `accept_limit` the number of
    /// clients that it accepts in one tick at most.
    pub(super) fn reset(&mut self, slots: u32, accept_limit: u32) {
        self.nodes.iter_mut().for_each(Node::clear);
        self.owner.clear();
        self.probed.clear();
        self.live.clear();
        self.accepting = 0;
        self.died.clear();
        self.free.clear();
        self.stale.clear();
        self.stale_count = 0;
        self.dedicated = 0;
        self.slots = slots;
        self.accept_limit = accept_limit;
        self.phase = 0;
        self.limited.clear();
        self.probed_ones.clear();
    }

    /// Live super nodes, dedicated ones included.
    pub(super) fn live(&self) -> u32 {
        self.live.len() as u32
    }

    /// Live super nodes that accept a client now.
    pub(super) fn accepting(&self) -> u32 {
        self.accepting
    }

    /// Addresses of dead super nodes in the host caches.
    pub(super) fn stale(&self) -> u32 {
        self.stale_count
    }

    /// Super nodes of the operator.
    pub(super) fn dedicated(&self) -> u32 {
        self.dedicated
    }

    /// Adds a super node of a client, without children.
    pub(super) fn add(&mut self, owner: ClientId) -> SuperNodeId {
        let supernode = match self.free.pop() {
            Some(supernode) => {
                self.owner[supernode.index()] = owner;
                supernode
            }
            None => {
                let supernode = SuperNodeId(self.owner.len() as u32);
                self.owner.push(owner);
                self.probed.push(0);
                // The nodes of an earlier run are used again, for the memory of their rows.
                if self.nodes.len() < self.owner.len() {
                    self.nodes.push(Node::default());
                }
                supernode
            }
        };
        self.nodes[supernode.index()].live_place = self.live.len() as u32;
        self.live.push(supernode);
        self.start_accepting(supernode);
        supernode
    }

    /// Adds dedicated super nodes until there are `wanted`. Never takes any away.
    pub(super) fn add_dedicated(&mut self, wanted: u32) {
        while self.dedicated < wanted {
            self.add(OPERATOR);
            self.dedicated += 1;
        }
    }

    fn swap_live(&mut self, a: u32, b: u32) {
        self.live.swap(a as usize, b as usize);
        self.nodes[self.live[a as usize].index()].live_place = a;
        self.nodes[self.live[b as usize].index()].live_place = b;
    }

    fn start_accepting(&mut self, supernode: SuperNodeId) {
        let place = self.nodes[supernode.index()].live_place;
        if place != DEAD && place >= self.accepting {
            self.swap_live(place, self.accepting);
            self.accepting += 1;
        }
    }

    fn stop_accepting(&mut self, supernode: SuperNodeId) {
        self.accepting -= 1;
        self.swap_live(self.nodes[supernode.index()].live_place, self.accepting);
    }

    /// A super node dies: it is no longer probed with success; its children notice in phase 4.
    pub(super) fn kill(&mut self, supernode: SuperNodeId) {
        if self.nodes[supernode.index()].live_place < self.accepting {
            self.stop_accepting(supernode);
        }
        let last = self.live.len() as u32 - 1;
        self.swap_live(self.nodes[supernode.index()].live_place, last);
        self.live.pop();
        self.nodes[supernode.index()].live_place = DEAD;
        self.died.push(supernode);
    }

    /// Takes the super nodes that died since phase 4 of the last tick: their addresses stay in the host caches until
    /// tick `expiry`, and their children are appended to `orphans`.
    pub(super) fn bury(&mut self, expiry: u32, orphans: &mut Vec<ClientId>) {
        if self.died.is_empty() {
            return;
        }
        for &supernode in &self.died {
            let node = &mut self.nodes[supernode.index()];
            orphans.extend(node.children().map(|(_, child)| child));
            node.clear();
            self.free.push(supernode);
        }
        self.stale.push_back((expiry, self.died.len() as u32));
        self.stale_count += self.died.len() as u32;
        self.died.clear();
    }

    /// Forgets the stale addresses that expire at or before `now`.
    pub(super) fn expire(&mut self, now: u32) {
        while let Some(&(expiry, count)) = self.stale.front()
            && expiry <= now
        {
            self.stale_count -= count;
            self.stale.pop_front();
        }
    }

    /// Hangs a client on a super node that has a free slot, regardless of the accept limit. Gives its place.
    #[inline]
    pub(super) fn attach(&mut self, client: ClientId, supernode: SuperNodeId) -> u16 {
        let node = &mut self.nodes[supernode.index()];
        debug_assert!(u32::from(node.children) < self.slots);
        let place = node.put(client);
        if u32::from(node.children) == self.slots {
            self.stop_accepting(supernode);
        }
        place
    }

    /// Starts an attach phase: accept limits start anew.
    pub(super) fn start_attach_phase(&mut self) {
        self.phase += 1;
    }

    /// Hangs a client on an accepting super node in the attach phase, which counts towards its accept limit.
    #[inline(always)]
    pub(super) fn accept(&mut self, client: ClientId, supernode: SuperNodeId) -> u16 {
        let node = &mut self.nodes[supernode.index()];
        debug_assert!(u32::from(node.children) < self.slots);
        let place = node.put(client);
        node.accepted = if node.accepted_in == self.phase { node.accepted + 1 } else { 1 };
        node.accepted_in = self.phase;
        if u32::from(node.children) == self.slots {
            self.stop_accepting(supernode);
        } else if u32::from(node.accepted) == self.accept_limit {
            self.stop_accepting(supernode);
            self.limited.push(supernode);
        }
        place
    }

    /// Ends the attach phase: those that only reached their accept limit accept again.
    pub(super) fn end_attach_phase(&mut self) {
        let mut limited = std::mem::take(&mut self.limited);
        limited.drain(..).for_each(|supernode| self.start_accepting(supernode));
        self.limited = limited;
    }

    /// Takes the child at a place off its super node, live or dead.
    #[inline]
    pub(super) fn detach(&mut self, supernode: SuperNodeId, place: u16) {
        let node = &mut self.nodes[supernode.index()];
        let was_full = u32::from(node.children) == self.slots;
        node.take(place);
        if was_full {
            self.start_accepting(supernode);
        }
    }

    /// The accepting super node that a random 64-bit number chooses, uniformly. There must be one.
    #[inline]
    pub(super) fn choose_accepting(&self, random: u64) -> SuperNodeId {
        self.live[scale(random, self.accepting) as usize]
    }

    /// Asks for what a super node needs to take a child in.
    #[inline(always)]
    pub(super) fn prefetch(&self, supernode: SuperNodeId) {
        prefetch(&self.nodes, supernode.index());
    }

    /// Asks for the entry of the row in which the next child of a super node will be put, once the super node is there.
    #[inline(always)]
    pub(super) fn prefetch_free_place(&self, supernode: SuperNodeId) {
        if let Some(node) = self.nodes.get(supernode.index()) {
            prefetch(&node.row, usize::from(node.free).wrapping_sub(1).min(node.row.len().wrapping_sub(1)));
        }
    }

    /// Asks for the entry of a child in the row of its super node, once the super node is there.
    #[inline(always)]
    pub(super) fn prefetch_place(&self, supernode: SuperNodeId, place: u16) {
        if let Some(node) = self.nodes.get(supernode.index()) {
            prefetch(&node.row, usize::from(place));
        }
    }

    /// Probability that an attempt of up to `probes` probes meets an accepting super node: `1 − s^probes` with the
    /// share s of addresses in the registry that do not accept. 0 with an empty registry.
    pub(super) fn success_probability(&self, probes: u32) -> f64 {
        let registry = self.live() + self.stale_count;
        if registry == 0 {
            return 0.0;
        }
        let refusing = f64::from(registry - self.accepting) / f64::from(registry);
        1.0 - power(refusing, probes)
    }

    /// Probes the registry one address after another, counting the probes that each super node meets, until one
    /// accepts.
    pub(super) fn probe(&mut self, probes: u32, stream: &mut Stream) -> Option<SuperNodeId> {
        let registry = self.live() + self.stale_count;
        if registry == 0 {
            return None;
        }
        for _ in 0..probes {
            let place = below(stream, registry);
            let Some(&supernode) = self.live.get(place as usize) else { continue };
            let probed = &mut self.probed[supernode.index()];
            if *probed == 0 {
                self.probed_ones.push(supernode);
            }
            *probed += 1;
            if place < self.accepting {
                return Some(supernode);
            }
        }
        None
    }

    /// Ends the attach phase with overload protection: appends to `overloaded` the owners of those super nodes that
    /// met more than `probes_max` probes in this tick and shut down, each with the given probability. They are dead.
    pub(super) fn shut_down_overloaded(
        &mut self,
        probes_max: f64,
        probability: f64,
        stream: &mut Stream,
        overloaded: &mut Vec<ClientId>,
    ) {
        let mut probed_ones = std::mem::take(&mut self.probed_ones);
        for supernode in probed_ones.drain(..) {
            let probed = std::mem::take(&mut self.probed[supernode.index()]);
            let owner = self.owner[supernode.index()];
            if owner != OPERATOR && f64::from(probed) > probes_max && unit(stream) < probability {
                self.kill(supernode);
                overloaded.push(owner);
            }
        }
        self.probed_ones = probed_ones;
    }

    /// Checks that the arrays agree with each other, and every child with `is_child`; gives the number of children.
    #[cfg(test)]
    pub(super) fn check(&self, mut is_child: impl FnMut(ClientId, SuperNodeId, u16) -> bool) -> u32 {
        assert!(self.accepting as usize <= self.live.len());
        let mut children = 0;
        for (place, &supernode) in self.live.iter().enumerate() {
            let node = &self.nodes[supernode.index()];
            assert_eq!(node.live_place as usize, place);
            assert!(u32::from(node.children) <= self.slots, "more children than slots");
            assert!(node.row.len() as u32 <= self.slots, "more places than slots");
            assert_eq!(
                u32::from(node.children) < self.slots,
                (place as u32) < self.accepting,
                "accepts iff it has a slot"
            );
        }
        for &supernode in self.live.iter().chain(&self.died) {
            let node = &self.nodes[supernode.index()];
            assert_eq!(node.children().count(), usize::from(node.children));
            children += u32::from(node.children);
            assert!(node.children().all(|(place, child)| is_child(child, supernode, place)));
        }
        assert_eq!(self.stale.iter().map(|&(_, count)| count).sum::<u32>(), self.stale_count);
        children
    }
}

/// `base` to a whole power, by multiplication: the same on any machine.
fn power(base: f64, exponent: u32) -> f64 {
    let (mut result, mut square, mut left) = (1.0, base, exponent);
    while left > 0 {
        if left & 1 == 1 {
            result *= square;
        }
        square *= square;
        left >>= 1;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::population::random::stream;

    #[test]
    fn a_full_super_node_accepts_again_once_a_child_has_left() {
        let mut overlay = Overlay::default();
        overlay.reset(2, 10);
        let supernode = overlay.add(ClientId(0));
        assert_eq!(overlay.attach(ClientId(1), supernode), 0);
        assert_eq!(overlay.accepting(), 1);
        assert_eq!(overlay.attach(ClientId(2), supernode), 1);
        assert_eq!(overlay.accepting(), 0);
        overlay.detach(supernode, 0);
        assert_eq!(overlay.accepting(), 1);
        assert_eq!(overlay.attach(ClientId(3), supernode), 0, "the place that became free");
        assert_eq!(overlay.accepting(), 0);
        overlay.detach(supernode, 1);
        overlay.detach(supernode, 0);
        assert_eq!(overlay.check(|_, _, _| false), 0);
    }

    #[test]
    fn the_accept_limit_holds_for_one_tick() {
        let mut overlay = Overlay::default();
        overlay.reset(75, 2);
        let supernode = overlay.add(ClientId(0));
        overlay.start_attach_phase();
        overlay.accept(ClientId(1), supernode);
        assert_eq!(overlay.accepting(), 1);
        overlay.accept(ClientId(2), supernode);
        assert_eq!(overlay.accepting(), 0);
        overlay.end_attach_phase();
        assert_eq!(overlay.accepting(), 1);
        overlay.start_attach_phase();
        overlay.accept(ClientId(3), supernode);
        assert_eq!(overlay.accepting(), 1);
    }

    #[test]
    fn exactly_the_children_of_a_dead_super_node_are_orphaned_and_its_address_goes_stale() {
        let mut overlay = Overlay::default();
        overlay.reset(75, 10);
        let (first, second) = (overlay.add(ClientId(0)), overlay.add(ClientId(1)));
        overlay.attach(ClientId(10), first);
        overlay.attach(ClientId(20), second);
        overlay.attach(ClientId(11), first);
        overlay.kill(first);
        assert_eq!((overlay.live(), overlay.stale()), (1, 0));
        let mut orphans = Vec::new();
        overlay.bury(7, &mut orphans);
        assert_eq!(orphans, [ClientId(10), ClientId(11)]);
        assert_eq!(overlay.stale(), 1);
        overlay.expire(6);
        assert_eq!(overlay.stale(), 1);
        overlay.expire(7);
        assert_eq!(overlay.stale(), 0);
    }

    #[test]
    fn an_attempt_succeeds_with_one_minus_s_to_the_power_of_probes() {
        let mut overlay = Overlay::default();
        overlay.reset(1, 10);
        let supernodes: Vec<SuperNodeId> = (0..10).map(|i| overlay.add(ClientId(i))).collect();
        for (i, &supernode) in supernodes.iter().enumerate().take(5) {
            overlay.attach(ClientId(100 + i as u32), supernode);
        }
        overlay.kill(supernodes[9]);
        overlay.bury(100, &mut Vec::new());
        // 10 addresses: 5 full, 4 accepting, 1 stale.
        let expected = 1.0 - 0.6f64.powi(3);
        assert!((overlay.success_probability(3) - expected).abs() < 1e-12);
        let mut stream = stream(3, "probe");
        let n = 1_000_000;
        let successes = (0..n).filter(|_| overlay.probe(3, &mut stream).is_some()).count();
        let sd = (expected * (1.0 - expected) / f64::from(n)).sqrt();
        // 6 standard errors: a false alarm in 5e8.
        assert!((successes as f64 / f64::from(n) - expected).abs() < 6.0 * sd);
    }
}
