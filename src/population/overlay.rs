//! The super nodes: who hangs on which, who still accepts, and what the host caches know.

use std::collections::VecDeque;

use super::clients::ClientId;
use super::random::{Stream, below, unit};

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

/// The super nodes as a structure of arrays, with the live ones partitioned into those that accept and the rest, so
/// that a probe of the registry is one random number.
#[derive(Default)]
pub(super) struct Overlay {
    /// The client that owns each super node. 4 bytes.
    owner: Vec<ClientId>,
    /// The children of each super node, in no particular order: one contiguous row each.
    children: Vec<Vec<ClientId>>,
    /// Clients that each has accepted in this tick. 4 bytes; reset at the end of the attach phase.
    accepted: Vec<u32>,
    /// Probes that each has met in this tick. 4 bytes; reset likewise; only with overload protection.
    probed: Vec<u32>,
    /// Where each is in `live`. 4 bytes.
    live_place: Vec<u32>,
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
    /// Super nodes with `accepted` > 0.
    touched: Vec<SuperNodeId>,
    /// Super nodes with `probed` > 0.
    probed_ones: Vec<SuperNodeId>,
}

impl Overlay {
    /// No super nodes. `slots` is the number of children of a super node at most, `accept_limit` the number of
    /// clients that it accepts in one tick at most.
    pub(super) fn reset(&mut self, slots: u32, accept_limit: u32) {
        self.owner.clear();
        self.accepted.clear();
        self.probed.clear();
        self.live_place.clear();
        // The rows stay, for their memory.
        self.children.iter_mut().for_each(Vec::clear);
        self.live.clear();
        self.accepting = 0;
        self.died.clear();
        self.free.clear();
        self.stale.clear();
        self.stale_count = 0;
        self.dedicated = 0;
        self.slots = slots;
        self.accept_limit = accept_limit;
        self.touched.clear();
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
                self.accepted.push(0);
                self.probed.push(0);
                self.live_place.push(DEAD);
                if self.children.len() < self.owner.len() {
                    self.children.push(Vec::new());
                }
                supernode
            }
        };
        self.live_place[supernode.index()] = self.live.len() as u32;
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
        self.live_place[self.live[a as usize].index()] = a;
        self.live_place[self.live[b as usize].index()] = b;
    }

    fn start_accepting(&mut self, supernode: SuperNodeId) {
        let place = self.live_place[supernode.index()];
        if place != DEAD && place >= self.accepting {
            self.swap_live(place, self.accepting);
            self.accepting += 1;
        }
    }

    fn stop_accepting(&mut self, supernode: SuperNodeId) {
        self.accepting -= 1;
        self.swap_live(self.live_place[supernode.index()], self.accepting);
    }

    /// A super node dies: it is no longer probed with success; its children notice in phase 4.
    pub(super) fn kill(&mut self, supernode: SuperNodeId) {
        if self.live_place[supernode.index()] < self.accepting {
            self.stop_accepting(supernode);
        }
        let last = self.live.len() as u32 - 1;
        self.swap_live(self.live_place[supernode.index()], last);
        self.live.pop();
        self.live_place[supernode.index()] = DEAD;
        self.died.push(supernode);
    }

    /// Takes the super nodes that died since phase 4 of the last tick: their addresses stay in the host caches until
    /// tick `expiry`, and their children are appended to `orphans`.
    pub(super) fn bury(&mut self, expiry: u32, orphans: &mut Vec<ClientId>) {
        if self.died.is_empty() {
            return;
        }
        for &supernode in &self.died {
            orphans.append(&mut self.children[supernode.index()]);
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
        let row = &mut self.children[supernode.index()];
        debug_assert!((row.len() as u32) < self.slots);
        row.push(client);
        let children = row.len() as u32;
        if children == self.slots {
            self.stop_accepting(supernode);
        }
        (children - 1) as u16
    }

    /// Hangs a client on an accepting super node in the attach phase, which counts towards its accept limit.
    #[inline]
    pub(super) fn accept(&mut self, client: ClientId, supernode: SuperNodeId) -> u16 {
        let place = self.attach(client, supernode);
        let accepted = &mut self.accepted[supernode.index()];
        if *accepted == 0 {
            self.touched.push(supernode);
        }
        *accepted += 1;
        if *accepted == self.accept_limit && u32::from(place) + 1 < self.slots {
            self.stop_accepting(supernode);
        }
        place
    }

    /// Takes the child at a place off its super node, live or dead. Gives the client that moved to that place.
    #[inline]
    pub(super) fn detach(&mut self, supernode: SuperNodeId, place: u16) -> Option<ClientId> {
        let row = &mut self.children[supernode.index()];
        let was_full = row.len() as u32 == self.slots;
        row.swap_remove(usize::from(place));
        let moved = row.get(usize::from(place)).copied();
        if was_full {
            self.start_accepting(supernode);
        }
        moved
    }

    /// One of the accepting super nodes, uniformly. There must be one.
    #[inline]
    pub(super) fn draw_accepting(&self, stream: &mut Stream) -> SuperNodeId {
        self.live[below(stream, self.accepting) as usize]
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

    /// Ends the attach phase: accept limits start anew.
    pub(super) fn end_attach_phase(&mut self) {
        while let Some(supernode) = self.touched.pop() {
            let accepted = std::mem::take(&mut self.accepted[supernode.index()]);
            if accepted >= self.accept_limit && (self.children[supernode.index()].len() as u32) < self.slots {
                self.start_accepting(supernode);
            }
        }
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
            assert_eq!(self.live_place[supernode.index()] as usize, place);
            let row = &self.children[supernode.index()];
            assert!(row.len() as u32 <= self.slots, "more children than slots");
            assert_eq!((row.len() as u32) < self.slots, (place as u32) < self.accepting, "accepts iff it has a slot");
        }
        for &supernode in self.live.iter().chain(&self.died) {
            for (place, &child) in self.children[supernode.index()].iter().enumerate() {
                assert!(is_child(child, supernode, place as u16));
                children += 1;
            }
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
        assert_eq!(overlay.detach(supernode, 0), Some(ClientId(2)));
        assert_eq!(overlay.accepting(), 1);
        assert_eq!(overlay.detach(supernode, 0), None);
    }

    #[test]
    fn the_accept_limit_holds_for_one_tick() {
        let mut overlay = Overlay::default();
        overlay.reset(75, 2);
        let supernode = overlay.add(ClientId(0));
        overlay.accept(ClientId(1), supernode);
        overlay.accept(ClientId(2), supernode);
        assert_eq!(overlay.accepting(), 0);
        overlay.end_attach_phase();
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
