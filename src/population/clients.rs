//! The clients as arrays: who is in which state, and on which super node it hangs.
//!
//! A client is its index. Indices are ordered by region, within a region the eligible clients come first, and within
//! these and the others the patched ones. Region, eligibility and patch are thus ranges of indices, and cost no memory,
//! but for a bit that says who is eligible where it is asked for all the time. The rest is a record of 8 bytes a client, so that whatever happens to a
//! client touches one cache line of its own, and some sets of a bit a client for what is asked much more often than
//! it changes:
//!
//! | array | bytes a client | meaning |
//! | --- | --- | --- |
//! | `records` | 8 | state (3 bits), eligible (1), generation (12), place among the children (16), super node (30), void tickets (2) |
//! | `present` | 1/8 | who is not absent: presence draws from it who comes and goes |
//! | `waiting` | 1/8 | which of the attached clients that are not online wait for a request, the others being in back-off |
//! | `voids` | 1/8 | for whom void tickets are still about |
//! | `promotable` | 1/8 | which of the eligible clients are online and not super nodes |
//!
//! What a client waits for is nowhere in these arrays: it is a [`Ticket`] of 8 bytes, in a bucket of the tick in which
//! it comes due or in the login queue, and carries all that the next step needs. Whoever interrupts a client (it
//! leaves, restarts, loses its super node) raises its generation and need not find the ticket, which is void from then
//! on. When a ticket is met, the bit in `voids` tells for nearly all of them that they are not void, without a look at
//! the record: a failed retry of a storm touches its ticket and that bit, and nothing else.

use std::ops::Range;

use super::bits::{Bits, CountedBits};
use super::overlay::SuperNodeId;
use super::prefetch::prefetch;

/// A client: its index in the arrays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct ClientId(pub(super) u32);

impl ClientId {
    #[inline]
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// The state of a client (model.md, "State of a present client").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Not on the network.
    Absent = 0,
    /// Present; its machine restarts.
    Booting = 1,
    /// Looks for a super node.
    Seeking = 2,
    /// Attached, with a login request that it waits for. In the records this is `Backoff`, with the bit in `waiting`.
    Waiting = 3,
    /// Attached; waits to send its next login request.
    Backoff = 4,
    /// Attached and logged in.
    Online = 5,
    /// Online and itself a super node.
    SuperNode = 6,
}

const STATES: [State; 8] = [
    State::Absent,
    State::Booting,
    State::Seeking,
    State::Waiting,
    State::Backoff,
    State::Online,
    State::SuperNode,
    State::Absent,
];

/// State, eligibility, generation, place, super node and void tickets of a client, in 64 bits.
#[derive(Clone, Copy)]
struct Record(u64);

/// From this generation on, the tickets are renumbered at the end of the tick. The room above it is for the
/// interruptions of one tick; the very last generation is never reached, and stands for a void ticket.
const GENERATION_HIGH: u16 = 4096 - 64;
const GENERATION_VOID: u16 = 4095;
/// This many void tickets, or more: they are no longer counted.
const VOIDS_MANY: u64 = 3;

impl Record {
    const STATE: u64 = 0b111;
    const ELIGIBLE: u64 = 1 << 3;
    const GENERATION_SHIFT: u32 = 4;
    const GENERATION_ONE: u64 = 1 << Record::GENERATION_SHIFT;
    const PLACE_SHIFT: u32 = 16;
    const SUPERNODE_SHIFT: u32 = 32;
    const SUPERNODE: u64 = (1 << 30) - 1;
    const ATTACHMENT: u64 = Record::SUPERNODE << Record::SUPERNODE_SHIFT | 0xFFFF << Record::PLACE_SHIFT;
    const VOID_ONE: u64 = 1 << 62;

    #[inline]
    fn state(self) -> State {
        STATES[(self.0 & Record::STATE) as usize]
    }

    #[inline]
    fn generation(self) -> u16 {
        (self.0 >> Record::GENERATION_SHIFT) as u16 & GENERATION_VOID
    }

    #[inline]
    fn supernode(self) -> SuperNodeId {
        SuperNodeId((self.0 >> Record::SUPERNODE_SHIFT & Record::SUPERNODE) as u32)
    }

    #[inline]
    fn place(self) -> u16 {
        (self.0 >> Record::PLACE_SHIFT) as u16
    }

    #[inline]
    fn is_eligible(self) -> bool {
        self.0 & Record::ELIGIBLE != 0
    }

    #[inline]
    fn voids(self) -> u64 {
        self.0 >> 62
    }

    #[inline]
    fn with_state(self, state: State) -> Record {
        Record(self.0 & !Record::STATE | state as u64)
    }

    #[inline]
    fn with_attachment(self, supernode: SuperNodeId, place: u16) -> Record {
        let attachment = u64::from(supernode.0) << Record::SUPERNODE_SHIFT | u64::from(place) << Record::PLACE_SHIFT;
        Record(self.0 & !Record::ATTACHMENT | attachment)
    }
}

/// What a client waits for: 8 bytes that carry all that the next step needs.
///
/// Bits 0–31: client. 32–43: generation. 45: whether the client was online when it lost its super node.
/// 48–63: failures in a row so far, saturating.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Ticket(u64);

impl Ticket {
    const WAS_ONLINE: u64 = 1 << 45;
    const FAILURE: u64 = 1 << 48;
    const CLIENT_AND_GENERATION: u64 = (1 << 44) - 1;

    /// A ticket of a client of this generation, without failures.
    #[inline]
    pub(super) fn new(client: ClientId, generation: u16) -> Ticket {
        Ticket(u64::from(client.0) | u64::from(generation) << 32)
    }

    /// Whose ticket it is.
    #[inline]
    pub(super) fn client(self) -> ClientId {
        ClientId(self.0 as u32)
    }

    #[inline]
    fn generation(self) -> u16 {
        (self.0 >> 32) as u16 & GENERATION_VOID
    }

    /// Failures in a row so far.
    #[inline]
    pub(super) fn failures(self) -> u16 {
        (self.0 >> 48) as u16
    }

    /// Whether the client was online when it lost its super node.
    #[inline]
    pub(super) fn was_online(self) -> bool {
        self.0 & Ticket::WAS_ONLINE != 0
    }

    /// The same ticket, remembering that the client was online.
    #[inline]
    pub(super) fn remember_online(self) -> Ticket {
        Ticket(self.0 | Ticket::WAS_ONLINE)
    }

    /// The same ticket after one more failure.
    #[inline]
    pub(super) fn failed(self) -> Ticket {
        Ticket(self.0.checked_add(Ticket::FAILURE).unwrap_or(self.0))
    }

    /// The ticket for the next step after a success: without failures.
    #[inline]
    pub(super) fn succeeded(self) -> Ticket {
        Ticket(self.0 & Ticket::CLIENT_AND_GENERATION)
    }

    fn with_generation(self, generation: u16) -> Ticket {
        Ticket(self.0 & !(u64::from(GENERATION_VOID) << 32) | u64::from(generation) << 32)
    }
}

/// A client as it was when it was interrupted.
pub(super) struct Interrupted {
    /// Its state.
    pub(super) from: State,
    /// The super node that it hung on, or was; meaningless in other states.
    pub(super) supernode: SuperNodeId,
    /// Its place among the children there.
    pub(super) place: u16,
    /// Its ticket from now on, without failures.
    pub(super) ticket: Ticket,
}

/// A number of clients for each state.
#[derive(Default)]
pub(super) struct Tally([u32; 8]);

impl Tally {
    /// Counts a client.
    #[inline]
    pub(super) fn add(&mut self, state: State) {
        self.0[state as usize] += 1;
    }
}

/// The arrays, and the counts that follow from them.
#[derive(Default)]
pub(super) struct Clients {
    /// Written by every change of state but those between waiting and back-off.
    records: Vec<u64>,
    /// Written by presence and boots alone.
    present: Bits,
    /// Written when a login request enters the queue, and when it is served, times out or is lost.
    waiting: Bits,
    /// Set when a ticket becomes void; cleared when the last void ticket of the client has been met.
    voids: Bits,
    /// Clients in each state.
    counts: [u32; 8],
    /// Eligible clients that are online and not super nodes: who can be promoted.
    promotable: CountedBits,
    /// State changes so far.
    events: u64,
    /// Whether some generation is so high that the tickets must be renumbered.
    generations_high: bool,
    /// Places of tickets that may be void, while their records are fetched.
    doubtful: Vec<usize>,
}

impl Clients {
    /// All `clients` absent, and none of them eligible.
    pub(super) fn reset(&mut self, clients: u32) {
        self.records.clear();
        self.records.resize(clients as usize, State::Absent as u64);
        self.present.reset(clients);
        self.waiting.reset(clients);
        self.voids.reset(clients);
        self.counts = [0; 8];
        self.counts[State::Absent as usize] = clients;
        self.promotable.reset(clients);
        self.events = 0;
        self.generations_high = false;
    }

    /// Number of clients.
    pub(super) fn len(&self) -> u32 {
        self.records.len() as u32
    }

    /// Makes clients eligible that are absent.
    pub(super) fn set_eligible(&mut self, clients: Range<u32>) {
        for record in &mut self.records[clients.start as usize..clients.end as usize] {
            *record |= Record::ELIGIBLE;
        }
    }

    /// Number of clients in a state.
    pub(super) fn count(&self, state: State) -> u32 {
        self.counts[state as usize]
    }

    /// Present clients, booting ones included.
    pub(super) fn demand(&self) -> u32 {
        self.len() - self.count(State::Absent)
    }

    /// Online clients, super nodes included.
    pub(super) fn online(&self) -> u32 {
        self.count(State::Online) + self.count(State::SuperNode)
    }

    /// Eligible clients that are online and not super nodes: who can be promoted.
    pub(super) fn promotable(&self) -> &CountedBits {
        &self.promotable
    }

    /// State changes so far.
    pub(super) fn events(&self) -> u64 {
        self.events
    }

    /// Counts events that were no change of the arrays, or not yet.
    pub(super) fn count_events(&mut self, events: u64) {
        self.events += events;
    }

    /// Asks for the record of a client that will be needed soon.
    #[inline(always)]
    pub(super) fn prefetch(&self, client: ClientId) {
        prefetch(&self.records, client.index());
    }

    /// Who is present.
    #[inline]
    pub(super) fn present(&self) -> &Bits {
        &self.present
    }

    /// Who is present, for presence and boots to change; the states remain to be changed.
    #[inline]
    pub(super) fn present_mut(&mut self) -> &mut Bits {
        &mut self.present
    }

    #[inline]
    fn record(&self, client: ClientId) -> Record {
        Record(self.records[client.index()])
    }

    #[inline]
    fn actual(&self, client: ClientId, record: Record) -> State {
        let state = record.state();
        if state == State::Backoff && self.waiting.contains(client) { State::Waiting } else { state }
    }

    /// The state of a client.
    #[inline]
    pub(super) fn state(&self, client: ClientId) -> State {
        self.actual(client, self.record(client))
    }

    /// The super node that a client hangs on, or is, and its place there.
    #[inline]
    pub(super) fn attachment(&self, client: ClientId) -> (SuperNodeId, u16) {
        let record = self.record(client);
        (record.supernode(), record.place())
    }

    /// Counts clients that change from one state to another.
    #[inline]
    pub(super) fn count_moves(&mut self, from: State, to: State, clients: u32) {
        self.counts[from as usize] -= clients;
        self.counts[to as usize] += clients;
    }

    /// Keeps `promotable` for a client that comes online or was online. Most clients are not eligible.
    #[inline]
    fn set_promotable(&mut self, client: ClientId, record: Record, promotable: bool) {
        if record.is_eligible() {
            if promotable { self.promotable.insert(client) } else { self.promotable.remove(client) }
        }
    }

    /// Puts a client that does not wait for a request, and is not online, into another state, which ends what it waited
    /// for in the usual way. No event; not counted among the moves.
    #[inline]
    pub(super) fn place(&mut self, client: ClientId, to: State) {
        let record = self.record(client);
        self.records[client.index()] = record.with_state(to).0;
        if to == State::Online {
            self.set_promotable(client, record, true);
        }
    }

    /// The same, counted, as an event.
    #[inline]
    pub(super) fn change(&mut self, client: ClientId, to: State) {
        self.count_moves(self.record(client).state(), to, 1);
        self.place(client, to);
        self.events += 1;
    }

    /// Hangs a client that is not attached on a super node, in state `to`. No event; not counted among the moves.
    #[inline]
    pub(super) fn attach(&mut self, client: ClientId, supernode: SuperNodeId, place: u16, to: State) {
        let record = self.record(client);
        self.records[client.index()] = record.with_state(to).with_attachment(supernode, place).0;
        if to == State::Online {
            self.set_promotable(client, record, true);
        }
    }

    /// Makes an eligible client a super node: one that is online, or one that is being set up. No event.
    pub(super) fn promote(&mut self, client: ClientId, supernode: SuperNodeId) {
        let record = self.record(client);
        self.count_moves(record.state(), State::SuperNode, 1);
        if record.state() == State::Online {
            self.set_promotable(client, record, false);
        }
        self.attach(client, supernode, 0, State::SuperNode);
    }

    /// Clients in back-off whose login requests enter the queue. An event each.
    #[inline]
    pub(super) fn start_waiting(&mut self, tickets: &[Ticket]) {
        for ticket in tickets {
            self.waiting.insert(ticket.client());
        }
        self.count_moves(State::Backoff, State::Waiting, tickets.len() as u32);
        self.events += tickets.len() as u64;
    }

    /// Waiting clients go into back-off. An event each.
    #[inline]
    pub(super) fn stop_waiting(&mut self, tickets: &[Ticket]) {
        for ticket in tickets {
            self.waiting.remove(ticket.client());
        }
        self.count_moves(State::Waiting, State::Backoff, tickets.len() as u32);
        self.events += tickets.len() as u64;
    }

    /// A waiting client is served: it is online. One event.
    #[inline]
    pub(super) fn log_in(&mut self, client: ClientId) {
        self.waiting.remove(client);
        self.place(client, State::Online);
        self.count_moves(State::Waiting, State::Online, 1);
        self.events += 1;
    }

    /// Puts a present client into another state in the middle of whatever it waited for: its ticket becomes void. Not
    /// counted among the moves: that is for [`Clients::count_interrupted`].
    #[inline(always)]
    pub(super) fn interrupt(&mut self, client: ClientId, to: State) -> Interrupted {
        let record = self.record(client);
        let mut from = record.state();
        let mut raised = record.with_state(to).0 + Record::GENERATION_ONE;
        if from == State::Online {
            self.set_promotable(client, record, false);
        } else if from != State::SuperNode {
            from = self.void_ticket(client, from);
            raised += if record.voids() < VOIDS_MANY { Record::VOID_ONE } else { 0 };
        }
        self.records[client.index()] = raised;
        let generation = Record(raised).generation();
        self.generations_high |= generation >= GENERATION_HIGH;
        let (supernode, place) = (record.supernode(), record.place());
        Interrupted { from, supernode, place, ticket: Ticket::new(client, generation) }
    }

    /// Notes that the ticket of a client in state `from` is void. Gives its actual state.
    fn void_ticket(&mut self, client: ClientId, from: State) -> State {
        self.voids.insert(client);
        if self.waiting.remove(client) { State::Waiting } else { from }
    }

    /// Counts clients that were interrupted: how many in each state, and the state in which they are now. An event
    /// each.
    pub(super) fn count_interrupted(&mut self, from: &Tally, to: State) {
        for (count, &clients) in self.counts.iter_mut().zip(&from.0) {
            *count -= clients;
        }
        let clients: u32 = from.0.iter().sum();
        self.counts[to as usize] += clients;
        self.events += u64::from(clients);
    }

    /// A ticket for a client as it is now, without failures.
    #[inline]
    pub(super) fn ticket(&self, client: ClientId) -> Ticket {
        Ticket::new(client, self.record(client).generation())
    }

    /// Appends those of the tickets that are not void to `met`, in their order. To be called once for every ticket, when
    /// it is met, since it counts the void ones that are still about.
    pub(super) fn meet_all(&mut self, tickets: &[Ticket], met: &mut Vec<Ticket>) {
        let mut doubtful = std::mem::take(&mut self.doubtful);
        for (place, ticket) in tickets.iter().enumerate() {
            if self.voids.contains(ticket.client()) {
                self.prefetch(ticket.client());
                doubtful.push(place);
            }
        }
        let mut next = 0;
        for place in doubtful.drain(..) {
            if !self.is_current(tickets[place]) {
                met.extend_from_slice(&tickets[next..place]);
                next = place + 1;
            }
        }
        met.extend_from_slice(&tickets[next..]);
        self.doubtful = doubtful;
    }

    /// The same for one ticket: whether it is not void.
    #[inline]
    pub(super) fn meet(&mut self, ticket: Ticket) -> bool {
        !self.voids.contains(ticket.client()) || self.is_current(ticket)
    }

    /// Looks the ticket of a client up that may be void.
    fn is_current(&mut self, ticket: Ticket) -> bool {
        let client = ticket.client();
        let record = self.record(client);
        if record.generation() == ticket.generation() {
            return true;
        }
        if record.voids() < VOIDS_MANY {
            self.records[client.index()] = record.0 - Record::VOID_ONE;
            if record.voids() == 1 {
                self.voids.remove(client);
            }
        }
        false
    }

    /// Whether the tickets must be renumbered before the next tick.
    pub(super) fn generations_high(&self) -> bool {
        self.generations_high
    }

    /// A ticket as it reads after [`Clients::restart_generations`]; `None` if it is void.
    pub(super) fn renumbered(&self, ticket: Ticket) -> Option<Ticket> {
        (self.record(ticket.client()).generation() == ticket.generation()).then(|| ticket.with_generation(0))
    }

    /// Sets all generations to 0, once all tickets have been renumbered, or dropped if they were void.
    pub(super) fn restart_generations(&mut self) {
        for record in &mut self.records {
            *record &= Record::STATE | Record::ELIGIBLE | Record::ATTACHMENT;
        }
        self.voids.reset(self.len());
        self.generations_high = false;
    }

    /// A ticket that is void and stays so.
    pub(super) fn void(ticket: Ticket) -> Ticket {
        ticket.with_generation(GENERATION_VOID)
    }

    /// Counts a ticket that [`Clients::void`] made, after [`Clients::restart_generations`].
    pub(super) fn count_void(&mut self, ticket: Ticket) {
        let client = ticket.client();
        let record = self.record(client);
        if ticket.generation() == GENERATION_VOID && record.voids() < VOIDS_MANY {
            self.records[client.index()] = record.0 + Record::VOID_ONE;
        }
        if ticket.generation() == GENERATION_VOID {
            self.voids.insert(client);
        }
    }
}
