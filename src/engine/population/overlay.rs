//! The super nodes: which of them accept, who their children are, and what the host caches know.

use std::collections::VecDeque;

use super::children::Children;
use super::clients::{Attached, Class, Ticket};
use crate::prefetch::{BLOCK, prefetch};
use crate::random::{Stream, below, scale, unit};
use rand_xoshiro::rand_core::Rng;

/// A super node: its index in the arrays of [`Overlay`]. Indices of dead super nodes are used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct SuperNodeId(pub(super) u32);

impl SuperNodeId {
    #[inline]
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// An online child: its super node, and its rank among the online children there, which are in order of their classes.
/// Drawn at random, it need not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Child {
    pub(super) supernode: SuperNodeId,
    pub(super) rank: u32,
}

/// Places of accepting super nodes in [`Overlay::live`], drawn ahead so that the super nodes can be asked for.
pub(super) struct Choices {
    places: [u32; CHOICES],
    /// How many of them are still to be used, the last one first.
    left: usize,
}

/// Places that are drawn ahead at most.
const CHOICES: usize = 128;

impl Default for Choices {
    fn default() -> Choices {
        Choices { places: [0; CHOICES], left: 0 }
    }
}

/// The place of a dead super node among the live ones: nowhere.
const DEAD: u32 = u32::MAX;

/// What attaching and detaching an online child touches of a super node, in 16 bytes, besides a word in `children`.
#[derive(Debug, Default)]
struct Node {
    /// The attach phase in which it accepted a client last, and how many it accepted in that phase: phase · 2¹⁶ + number.
    accepted: u32,
    /// Where it is in `live`.
    live_place: u32,
    /// Children; of one that is buried: void tickets.
    children: u16,
    /// Online children.
    online: u16,
    /// Online children that are eligible.
    eligible: u16,
    /// The client that owns it; nobody if it is the operator's.
    owner: Option<Class>,
}

/// How many children super nodes had, by state.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Orphans {
    pub(super) online: u32,
    pub(super) waiting: u32,
    pub(super) backoff: u32,
}

/// The super nodes, with the live ones partitioned into those that accept and the rest, so that a probe of the
/// registry is one random number.
#[derive(Default)]
pub(super) struct Overlay {
    /// Live and dead ones.
    nodes: Vec<Node>,
    /// The children of each that are in the login queue.
    waiting: Vec<u16>,
    /// A bit for each, 64 in a word: whether there are still tickets that name it though it is buried, and which are void.
    /// Until they have been met, its index is not used again. Every ticket that comes due is looked up, and among ten
    /// million clients this is what still fits into the first cache.
    void: Vec<u64>,
    /// The children of each by class. The tickets of those that are not online say what they wait for.
    children: Children,
    /// The sum of all `eligible`.
    eligible: u32,
    /// No super node has more online children, or has had since the last [`Overlay::measure`].
    most_online: u32,
    /// The same of those that are eligible.
    most_eligible: u32,
    /// Probes that each has met in this tick; reset at the end of the attach phase; only with overload protection.
    probed: Vec<u32>,
    /// The live super nodes: first the `accepting` ones, then those without a free slot or at their accept limit.
    live: Vec<SuperNodeId>,
    accepting: u32,
    /// Dead super nodes whose children have not noticed: handled in phase 4.
    died: Vec<SuperNodeId>,
    unused: Vec<SuperNodeId>,
    /// Ticks in which stale addresses expire, in order, with how many.
    stale: VecDeque<(u32, u64)>,
    stale_count: u64,
    dedicated: u32,
    slots: u16,
    accept_limit: u32,
    /// Number of the attach phase · 2¹⁶; counted anew when its 16 bits are used up.
    phase: u32,
    /// Super nodes that do not accept any more in this attach phase, though they may have free slots.
    limited: Vec<SuperNodeId>,
    /// Super nodes with `probed` > 0.
    probed_ones: Vec<SuperNodeId>,
}

impl Overlay {
    /// No super nodes. `slots`, below 2¹⁶, is the number of children of a super node at most, `accept_limit` the number
    /// of clients that it accepts in one tick at most; its clients are from `regions` regions.
    pub(super) fn reset(&mut self, slots: u64, accept_limit: u32, regions: usize) {
        self.nodes.clear();
        self.waiting.clear();
        self.void.clear();
        self.children.reset(slots as u16, regions);
        self.eligible = 0;
        (self.most_online, self.most_eligible) = (1, 1);
        self.probed.clear();
        self.live.clear();
        self.accepting = 0;
        self.died.clear();
        self.unused.clear();
        self.stale.clear();
        self.stale_count = 0;
        self.dedicated = 0;
        self.slots = slots as u16;
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
    pub(super) fn stale(&self) -> u64 {
        self.stale_count
    }

    /// Super nodes of the operator.
    pub(super) fn dedicated(&self) -> u32 {
        self.dedicated
    }

    /// Online children that are eligible: who can be promoted.
    pub(super) fn eligible(&self) -> u32 {
        self.eligible
    }

    /// The live super node with this number among them; none if there are not so many.
    pub(super) fn live_one(&self, number: u64) -> Option<SuperNodeId> {
        self.live.get(number as usize).copied()
    }

    /// The client that owns a super node; none if it is the operator's.
    pub(super) fn owner(&self, supernode: SuperNodeId) -> Option<Class> {
        self.nodes[supernode.index()].owner
    }

    /// Adds a super node of a client, or of the operator, without children.
    pub(super) fn add(&mut self, owner: Option<Class>) {
        let node = Node { live_place: self.live.len() as u32, owner, ..Node::default() };
        let supernode = match self.unused.pop() {
            Some(supernode) => {
                self.nodes[supernode.index()] = node;
                supernode
            }
            None => {
                self.nodes.push(node);
                self.waiting.push(0);
                self.void.resize(self.nodes.len().div_ceil(u64::BITS as usize), 0);
                self.children.add_supernode();
                self.probed.push(0);
                SuperNodeId(self.nodes.len() as u32 - 1)
            }
        };
        self.live.push(supernode);
        self.start_accepting(supernode);
    }

    /// Adds dedicated super nodes until there are `wanted`. Never takes any away.
    pub(super) fn add_dedicated(&mut self, wanted: u32) {
        while self.dedicated < wanted {
            self.add(None);
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
    /// tick `expiry`, and their children are shown to `orphan`: how many of a class, online or not.
    pub(super) fn bury(&mut self, expiry: u32, mut orphan: impl FnMut(Class, bool, u16)) -> Orphans {
        let mut orphans = Orphans::default();
        if self.died.is_empty() {
            return orphans;
        }
        for &supernode in &self.died {
            for online in [true, false] {
                self.children.classes(supernode, online).for_each(|(class, count)| orphan(class, online, count));
            }
            self.children.clear(supernode);
            let node = &mut self.nodes[supernode.index()];
            // Every child that is not online has a ticket somewhere.
            let void = node.children - node.online;
            orphans.online += u32::from(node.online);
            let waiting = std::mem::take(&mut self.waiting[supernode.index()]);
            orphans.waiting += u32::from(waiting);
            orphans.backoff += u32::from(void - waiting);
            self.eligible -= u32::from(node.eligible);
            *node = Node { live_place: DEAD, children: void, ..Node::default() };
            if void == 0 {
                self.unused.push(supernode);
            } else {
                self.void[supernode.index() / 64] |= 1 << (supernode.index() % 64);
            }
        }
        self.stale.push_back((expiry, self.died.len() as u64));
        self.stale_count += self.died.len() as u64;
        self.died.clear();
        orphans
    }

    /// Whether tickets that name this super node are void, since it is buried.
    #[inline(always)]
    pub(super) fn is_void(&self, supernode: SuperNodeId) -> bool {
        self.void[supernode.index() / 64] >> (supernode.index() % 64) & 1 != 0
    }

    /// A void ticket that names this super node has been met, and is no more.
    #[cold]
    pub(super) fn drop_void(&mut self, supernode: SuperNodeId) {
        let void = &mut self.nodes[supernode.index()].children;
        *void -= 1;
        if *void == 0 {
            self.void[supernode.index() / 64] &= !(1 << (supernode.index() % 64));
            self.unused.push(supernode);
        }
    }

    /// Brings those of the tickets that are neither void nor missing to the front, in their order, and gives them. To be
    /// called once for every ticket, when it is met, since the void ones that are still about are counted.
    pub(super) fn keep_valid<'a>(&mut self, tickets: &'a mut [Attached]) -> &'a [Attached] {
        let mut length = 0;
        for place in 0..tickets.len() {
            let ticket = tickets[place];
            if ticket.is_some() {
                if self.is_void(ticket.supernode()) {
                    self.drop_void(ticket.supernode());
                } else {
                    tickets[length] = ticket;
                    length += 1;
                }
            }
        }
        &tickets[..length]
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

    /// Hangs a client on a super node that has a free slot, regardless of the accept limit.
    pub(super) fn attach(&mut self, class: Class, online: bool, supernode: SuperNodeId) {
        self.hang(class, online, supernode, u32::MAX);
    }

    /// Hangs a client on an accepting super node in the attach phase, which counts towards its accept limit.
    #[inline(always)]
    pub(super) fn accept(&mut self, class: Class, online: bool, supernode: SuperNodeId) {
        self.hang(class, online, supernode, self.accept_limit);
    }

    /// Hangs a client on a super node, which does not accept any more in this phase if it has no free slot then, or has
    /// accepted `limit` clients.
    #[inline(always)]
    fn hang(&mut self, class: Class, online: bool, supernode: SuperNodeId, limit: u32) {
        let node = &mut self.nodes[supernode.index()];
        debug_assert!(node.children < self.slots);
        node.children += 1;
        node.accepted = node.accepted.max(self.phase) + 1;
        let is_full = node.children == self.slots;
        let is_limited = node.accepted - self.phase == limit;
        self.children.add(supernode, class, online);
        if online {
            self.count_online(supernode, class);
        }
        if is_full || is_limited {
            self.stop_accepting(supernode);
            if !is_full {
                self.limited.push(supernode);
            }
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

    /// Counts one more online child.
    #[inline(always)]
    fn count_online(&mut self, supernode: SuperNodeId, class: Class) {
        let node = &mut self.nodes[supernode.index()];
        node.online += 1;
        node.eligible += u16::from(class.is_eligible());
        self.eligible += u32::from(class.is_eligible());
        self.most_online = self.most_online.max(node.online.into());
        self.most_eligible = self.most_eligible.max(node.eligible.into());
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

    /// Starts an attach phase: accept limits start anew.
    pub(super) fn start_attach_phase(&mut self) {
        const ONE: u32 = 1 << 16;
        self.phase = self.phase.checked_add(ONE).unwrap_or_else(|| {
            self.nodes.iter_mut().for_each(|node| node.accepted = 0);
            ONE
        });
    }

    /// Ends the attach phase: those that only reached their accept limit accept again.
    pub(super) fn end_attach_phase(&mut self) {
        let mut limited = std::mem::take(&mut self.limited);
        limited.drain(..).for_each(|supernode| self.start_accepting(supernode));
        self.limited = limited;
    }

    /// Takes an online child off its super node, live or dead.
    #[inline(always)]
    pub(super) fn detach_online(&mut self, supernode: SuperNodeId, class: Class) {
        self.children.remove(supernode, class, true);
        let node = &mut self.nodes[supernode.index()];
        node.online -= 1;
        node.eligible -= u16::from(class.is_eligible());
        self.eligible -= u32::from(class.is_eligible());
        self.free_slot(supernode);
    }

    /// Takes a child off its super node, live or dead, that is not online.
    pub(super) fn detach_offline(&mut self, supernode: SuperNodeId, class: Class) {
        self.children.remove(supernode, class, false);
        self.free_slot(supernode);
    }

    #[inline(always)]
    fn free_slot(&mut self, supernode: SuperNodeId) {
        let node = &mut self.nodes[supernode.index()];
        let was_full = node.children == self.slots;
        node.children -= 1;
        if was_full {
            self.start_accepting(supernode);
        }
    }

    /// Chooses one of the accepting super nodes, uniformly. There must be one, and none may have started to accept since
    /// the first choice with the same `choices`, of which at most `more` are to come.
    #[inline(always)]
    pub(super) fn choose_accepting(&self, choices: &mut Choices, more: usize, stream: &mut Stream) -> SuperNodeId {
        debug_assert!(self.accepting > 0);
        loop {
            if choices.left == 0 {
                self.draw_choices(choices, more, stream);
            }
            choices.left -= 1;
            if let Some(later) = choices.left.checked_sub(BLOCK) {
                self.prefetch(self.live[choices.places[later] as usize]);
            }
            // The remainder, of what is less, is for the compiler: it need not check the bounds then.
            let place = choices.places[choices.left % CHOICES];
            // Fewer may accept now than when the place was drawn. Then it is among them with the same probability for
            // each of them, or is no choice.
            if place < self.accepting {
                return self.live[place as usize];
            }
        }
    }

    /// Draws places for [`Overlay::choose_accepting`] anew. Apart from it, so that its callers keep their registers.
    #[inline(never)]
    fn draw_choices(&self, choices: &mut Choices, more: usize, stream: &mut Stream) {
        choices.left = CHOICES.min(more.saturating_add(1));
        let places = &mut choices.places[..choices.left];
        for place in places.iter_mut() {
            *place = below(stream, self.accepting);
            prefetch(&self.live, *place as usize);
        }
        places.iter().rev().take(BLOCK).for_each(|&place| self.prefetch(self.live[place as usize]));
    }

    /// Asks for what the arrival or departure of an online child touches of its super node.
    #[inline(always)]
    pub(super) fn prefetch(&self, supernode: SuperNodeId) {
        prefetch(&self.nodes, supernode.index());
        self.children.prefetch(supernode);
    }

    /// The class of an online child; none if there are not so many.
    #[inline(always)]
    pub(super) fn class(&self, child: Child) -> Option<Class> {
        self.children.class(child.supernode, child.rank)
    }

    /// Counts the online children, and the eligible ones, of the fullest super node anew, so that an hour in which few
    /// super nodes had very many does not cost misses for ever. To be called now and then.
    pub(super) fn measure(&mut self) {
        let most = |of: fn(&Node) -> u16| self.nodes.iter().map(of).max().unwrap_or(0).max(1).into();
        (self.most_online, self.most_eligible) = (most(|node| node.online), most(|node| node.eligible));
    }

    /// The number of places from which [`Overlay::draw_online`] draws: as many for each super node, live or dead, as any
    /// of them has had online children.
    pub(super) fn places(&self) -> u64 {
        self.nodes.len() as u64 * u64::from(self.most_online)
    }

    /// The place that a random 64-bit number stands for, uniformly among `each` of every super node, live or dead.
    #[inline]
    fn place(&self, random: u64, each: u32) -> Child {
        let supernode = u128::from(random) * self.nodes.len() as u128;
        let rank = scale(supernode as u64, each.into());
        Child { supernode: SuperNodeId((supernode >> 64) as u32), rank: rank as u32 }
    }

    /// Draws `count` places, each uniformly among all, and gives those with an online child, in `drawn`, which holds as
    /// many.
    pub(super) fn draw_online<'a>(&self, count: usize, stream: &mut Stream, drawn: &'a mut [Child]) -> &'a [Child] {
        // A copy of the generator stays in registers.
        let mut own = stream.clone();
        let mut length = 0;
        for _ in 0..count {
            let place = self.place(own.next_u64(), self.most_online);
            drawn[length] = place;
            length += usize::from(place.rank < self.nodes[place.supernode.index()].online.into());
        }
        *stream = own;
        &drawn[..length]
    }

    /// The indices of all super nodes, live or dead.
    pub(super) fn indices(&self) -> impl Iterator<Item = SuperNodeId> + use<> {
        (0..self.nodes.len() as u32).map(SuperNodeId)
    }

    /// The online children of a super node, the last one first.
    pub(super) fn online_of(&self, supernode: SuperNodeId) -> impl Iterator<Item = Child> + use<> {
        (0..self.nodes[supernode.index()].online.into()).rev().map(move |rank| Child { supernode, rank })
    }

    /// Makes super nodes of up to `count` of the online children that are eligible, each chosen uniformly among those
    /// left. Gives how many it made.
    pub(super) fn promote(&mut self, count: u32, stream: &mut Stream) -> u32 {
        let wanted = count.min(self.eligible);
        let (mut left, mut tries) = (wanted, 0);
        let mut block = [Child::default(); BLOCK];
        while left > 0 {
            // Trying at random takes fewer steps than going through the super nodes, unless there are few such
            // children. 16 times the expected number of tries do not suffice once in 10⁷ times.
            let expected = self.nodes.len() as u64 * u64::from(self.most_eligible) / u64::from(self.eligible) + 1;
            if expected > self.nodes.len() as u64 / 4 || tries > 16 * expected {
                let rank = below(stream, self.eligible);
                self.promote_of_all(rank);
                (left, tries) = (left - 1, 0);
                continue;
            }
            let block = &mut block[..(u64::from(left) * expected).min(BLOCK as u64) as usize];
            for place in block.iter_mut() {
                *place = self.place(stream.next_u64(), self.most_eligible);
                prefetch(&self.nodes, place.supernode.index());
            }
            // The rank is one among the eligible online children. They only become fewer meanwhile, and a new super node,
            // whose index may be an old one, has none: so a place that hits hits each of those left as often.
            for &Child { supernode, rank } in block.iter() {
                tries += 1;
                if left > 0 && rank < self.nodes[supernode.index()].eligible.into() {
                    self.promote_one(supernode, rank);
                    (left, tries) = (left - 1, 0);
                }
            }
        }
        wanted
    }

    /// Makes a super node of the child of this rank among those of all super nodes that are online and eligible.
    fn promote_of_all(&mut self, rank: u32) {
        let mut left = rank;
        let found = self.nodes.iter().position(|node| {
            let is_here = left < node.eligible.into();
            left -= if is_here { 0 } else { u32::from(node.eligible) };
            is_here
        });
        if let Some(index) = found {
            self.promote_one(SuperNodeId(index as u32), left);
        }
    }

    /// Makes a super node of the child of this rank among those of a super node that are online and eligible.
    fn promote_one(&mut self, supernode: SuperNodeId, rank: u32) {
        let online = self.children.classes(supernode, true);
        let chosen = online
            .filter(|(class, _)| class.is_eligible())
            .flat_map(|(class, count)| std::iter::repeat_n(class, count.into()))
            .nth(rank as usize);
        if let Some(class) = chosen {
            self.detach_online(supernode, class);
            self.add(Some(class));
        }
    }

    /// Probability that an attempt of up to `probes` probes meets no accepting super node where `accepting` accept:
    /// `s^probes` with the share s of addresses in the registry that do not accept. 1 with an empty registry.
    pub(super) fn failure_probability(&self, accepting: u32, probes: u32) -> f64 {
        let registry = u64::from(self.live()) + self.stale_count;
        if registry == 0 {
            return 1.0;
        }
        power((registry - u64::from(accepting)) as f64 / registry as f64, probes)
    }

    /// Probes the registry one address after another, counting the probes that each super node meets, until one
    /// accepts.
    pub(super) fn probe(&mut self, probes: u32, stream: &mut Stream) -> Option<SuperNodeId> {
        let registry = u64::from(self.live()) + self.stale_count;
        if registry == 0 {
            return None;
        }
        for _ in 0..probes {
            let place = scale(stream.next_u64(), registry);
            let Some(&supernode) = self.live.get(place as usize) else { continue };
            let probed = &mut self.probed[supernode.index()];
            if *probed == 0 {
                self.probed_ones.push(supernode);
            }
            *probed += 1;
            if place < u64::from(self.accepting) {
                return Some(supernode);
            }
        }
        None
    }

    /// Ends the attach phase with overload protection: shows to `overloaded` the owners of those super nodes that
    /// met more than `probes_max` probes in this tick and shut down, each with the given probability. They are dead.
    pub(super) fn shut_down_overloaded(
        &mut self,
        probes_max: f64,
        probability: f64,
        stream: &mut Stream,
        mut overloaded: impl FnMut(Class),
    ) {
        let mut probed_ones = std::mem::take(&mut self.probed_ones);
        for supernode in probed_ones.drain(..) {
            let probed = std::mem::take(&mut self.probed[supernode.index()]);
            if let Some(owner) = self.owner(supernode)
                && f64::from(probed) > probes_max
                && unit(stream) < probability
            {
                self.kill(supernode);
                overloaded(owner);
            }
        }
        self.probed_ones = probed_ones;
    }

    /// Checks that the arrays agree with each other; gives the number of children.
    #[cfg(test)]
    pub(super) fn check(&self) -> u32 {
        assert!(self.accepting as usize <= self.live.len());
        for (place, &supernode) in self.live.iter().enumerate() {
            let node = &self.nodes[supernode.index()];
            assert_eq!(node.live_place as usize, place);
            assert!(node.children <= self.slots, "more children than slots");
            let accepts = (place as u32) < self.accepting;
            assert_eq!(node.children < self.slots, accepts, "accepts iff it has a slot");
            assert!(!self.is_void(supernode), "tickets of a live super node are not void");
        }
        let (mut children, mut eligible) = (0, 0);
        for supernode in self.indices() {
            let node = &self.nodes[supernode.index()];
            let online: u16 = self.children.classes(supernode, true).map(|(_, count)| count).sum();
            let offline: u16 = self.children.classes(supernode, false).map(|(_, count)| count).sum();
            let void = if self.is_void(supernode) { node.children } else { 0 };
            assert_eq!((online, online + offline + void), (node.online, node.children));
            assert!(u32::from(online) <= self.most_online && u32::from(node.eligible) <= self.most_eligible);
            assert!(self.waiting[supernode.index()] <= offline);
            let of_class = self.children.classes(supernode, true).filter(|(class, _)| class.is_eligible());
            assert_eq!(of_class.map(|(_, count)| count).sum::<u16>(), node.eligible);
            children += u32::from(node.children - void);
            eligible += u32::from(node.eligible);
        }
        assert_eq!(eligible, self.eligible);
        assert_eq!(self.stale.iter().map(|&(_, count)| count).sum::<u64>(), self.stale_count);
        children
    }

    /// How many void tickets there should be.
    #[cfg(test)]
    pub(super) fn voids(&self) -> u32 {
        let buried = self.indices().filter(|&supernode| self.is_void(supernode));
        buried.map(|supernode| u32::from(self.nodes[supernode.index()].children)).sum()
    }

    /// The children that are not online: how many of each super node and class.
    #[cfg(test)]
    pub(super) fn offline(&self) -> impl Iterator<Item = (SuperNodeId, Class, u16)> {
        let of =
            |supernode| self.children.classes(supernode, false).map(move |(class, count)| (supernode, class, count));
        self.indices().flat_map(of)
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
    use crate::random::{Purpose, stream};

    const CLASS: Class = Class(3);

    fn overlay(slots: u64, accept_limit: u32, supernodes: usize) -> (Overlay, Vec<SuperNodeId>) {
        let mut overlay = Overlay::default();
        overlay.reset(slots, accept_limit, 2);
        (0..supernodes).for_each(|_| overlay.add(Some(CLASS)));
        let supernodes = overlay.live.clone();
        (overlay, supernodes)
    }

    #[test]
    fn a_full_super_node_accepts_again_once_a_child_has_left() {
        let (mut overlay, supernodes) = overlay(2, 10, 1);
        overlay.attach(CLASS, true, supernodes[0]);
        assert_eq!(overlay.accepting(), 1);
        overlay.attach(Class(4), false, supernodes[0]);
        assert_eq!(overlay.accepting(), 0);
        overlay.detach_online(supernodes[0], CLASS);
        assert_eq!(overlay.accepting(), 1);
        overlay.attach(CLASS, true, supernodes[0]);
        assert_eq!(overlay.accepting(), 0);
        overlay.detach_offline(supernodes[0], Class(4));
        overlay.detach_online(supernodes[0], CLASS);
        assert_eq!(overlay.check(), 0);
    }

    #[test]
    fn the_accept_limit_holds_for_one_tick() {
        let (mut overlay, supernodes) = overlay(75, 2, 1);
        overlay.start_attach_phase();
        overlay.accept(CLASS, true, supernodes[0]);
        assert_eq!(overlay.accepting(), 1);
        overlay.accept(CLASS, true, supernodes[0]);
        assert_eq!(overlay.accepting(), 0);
        overlay.end_attach_phase();
        assert_eq!(overlay.accepting(), 1);
        overlay.start_attach_phase();
        overlay.accept(CLASS, true, supernodes[0]);
        assert_eq!(overlay.accepting(), 1);
    }

    #[test]
    fn the_accept_limit_holds_in_more_phases_than_are_counted() {
        let (mut overlay, supernodes) = overlay(75, 2, 2);
        // The second super node accepts in the first phase, and again when phases are counted anew.
        overlay.start_attach_phase();
        overlay.accept(CLASS, true, supernodes[1]);
        overlay.end_attach_phase();
        for phase in 2..(1 << 16) + 100 {
            overlay.start_attach_phase();
            let both = if phase >= 1 << 16 { &supernodes[..] } else { &supernodes[..1] };
            for &supernode in both {
                overlay.accept(CLASS, true, supernode);
                overlay.accept(CLASS, true, supernode);
            }
            assert_eq!(overlay.accepting() as usize, 2 - both.len(), "{phase}");
            overlay.end_attach_phase();
            assert_eq!(overlay.accepting(), 2);
            for &supernode in both {
                overlay.detach_online(supernode, CLASS);
                overlay.detach_online(supernode, CLASS);
            }
        }
        assert_eq!(overlay.check(), 1);
    }

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
        let counts = overlay.bury(7, |class, online, count| orphans.push((class, online, count)));
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
        overlay.bury(7, |_, _, _| ());
        assert_eq!(overlay.keep_valid(&mut [tickets[0], other, Attached::NONE]), [other]);
        overlay.add(Some(CLASS));
        assert_eq!(overlay.live[1], SuperNodeId(2), "a ticket still names the dead one");
        assert!(overlay.is_void(supernodes[0]));
        assert_eq!(overlay.keep_valid(&mut [tickets[1]]), []);
        overlay.add(Some(CLASS));
        assert_eq!(overlay.live[2], supernodes[0]);
        assert!(!overlay.is_void(supernodes[0]));
    }

    #[test]
    fn an_attempt_succeeds_with_one_minus_s_to_the_power_of_probes() {
        let (mut overlay, supernodes) = overlay(1, 10, 10);
        supernodes[..5].iter().for_each(|&supernode| overlay.attach(CLASS, true, supernode));
        overlay.kill(supernodes[9]);
        overlay.bury(100, |_, _, _| ());
        // 10 addresses: 5 full, 4 accepting, 1 stale.
        let expected = 1.0 - 0.6f64.powi(3);
        assert!((1.0 - overlay.failure_probability(overlay.accepting(), 3) - expected).abs() < 1e-12);
        let mut stream = stream(3, Purpose::Test("probe"));
        let n = 1_000_000;
        let successes = (0..n).filter(|_| overlay.probe(3, &mut stream).is_some()).count();
        let sd = (expected * (1.0 - expected) / f64::from(n)).sqrt();
        // 6 standard errors: a false alarm in 5e8.
        assert!((successes as f64 / f64::from(n) - expected).abs() < 6.0 * sd);
    }

    #[test]
    fn every_super_node_that_still_accepts_is_chosen_as_often_however_many_stopped() {
        // 200 super nodes of one slot: all are chosen once, the later ones from what was drawn when more accepted.
        let supernodes = 200;
        let mut stream = stream(4, Purpose::Test("choices"));
        let rounds = 20_000;
        // How often each was among the first 10, and so on.
        let mut counts = vec![[0u32; 20]; supernodes];
        for _ in 0..rounds {
            let (mut overlay, _) = overlay(1, 10, supernodes);
            let mut choices = Choices::default();
            for number in 0..supernodes {
                let more = supernodes - number - 1;
                let supernode = overlay.choose_accepting(&mut choices, more, &mut stream);
                overlay.attach(CLASS, true, supernode);
                counts[supernode.index()][number / 10] += 1;
            }
            assert_eq!(overlay.accepting(), 0);
        }
        let expected = f64::from(rounds) / 20.0;
        // 7 standard errors: a false alarm below 4,000 · 3e-12.
        let is_far = |&count: &u32| (f64::from(count) - expected).abs() > 7.0 * expected.sqrt();
        assert!(!counts.iter().flatten().any(is_far));
    }

    #[test]
    fn every_eligible_online_child_is_promoted_as_often_however_few_they_are() {
        // With 40 super nodes there are enough of them to try at random; with 2 there are not.
        for (supernodes, promotions) in [(40, 1), (40, 70), (2, 1), (2, 3)] {
            let (mut overlay, ids) = overlay(75, 100, supernodes);
            for (number, &supernode) in ids.iter().enumerate() {
                overlay.attach(Class(0), true, supernode);
                overlay.attach(Class(6), false, supernode);
                (0..=number % 2).for_each(|_| overlay.attach(Class(2), true, supernode));
                overlay.attach(Class(7), true, supernode);
            }
            let eligible = supernodes as u32 / 2 * 5;
            assert_eq!(overlay.eligible(), eligible);
            let mut stream = stream(8, Purpose::Promotion);
            let mut promoted = std::collections::BTreeMap::new();
            let rounds = 100_000 * supernodes as u32 / promotions;
            for _ in 0..rounds {
                assert_eq!(overlay.promote(promotions, &mut stream), promotions);
                assert_eq!(
                    (overlay.live(), overlay.eligible()),
                    (supernodes as u32 + promotions, eligible - promotions)
                );
                for &supernode in &ids {
                    for (class, number) in [(Class(2), 1 + supernode.0 % 2), (Class(7), 1)] {
                        let left = overlay.children.classes(supernode, true).find(|&(other, _)| other == class);
                        let missing = number - u32::from(left.unwrap().1);
                        *promoted.entry((supernode.0, class.0)).or_insert(0) += missing;
                        (0..missing).for_each(|_| overlay.attach(class, true, supernode));
                    }
                }
                while let Some(&supernode) = overlay.live.get(supernodes) {
                    assert!(overlay.owner(supernode).is_some_and(Class::is_eligible));
                    overlay.kill(supernode);
                }
                overlay.bury(0, |_, _, _| ());
            }
            assert_eq!(promoted.len(), 2 * supernodes);
            let of_one = f64::from(rounds * promotions) / f64::from(eligible);
            for ((supernode, class), count) in promoted {
                let expected = if class == 2 { of_one * f64::from(1 + supernode % 2) } else { of_one };
                // Those of a round exclude each other, so that the law is no wider than Poisson's. 7 standard errors: a
                // false alarm below 168 · 3e-12.
                assert!((f64::from(count) - expected).abs() < 7.0 * expected.sqrt(), "{supernode} {class}");
            }
        }
    }
}
