//! The clients as a structure of arrays: who is in which state, and on which super node it hangs.
//!
//! # Layout
//! A client is its index. Indices are ordered by class: the eligible clients first; within them by region; within a
//! region the patched ones first; then the same for those that are not eligible. Region, eligibility and patch are
//! thus ranges of indices, and cost no memory. Three arrays and a bit hold the rest:
//!
//! | array | bytes | meaning |
//! | --- | --- | --- |
//! | `marks` | 2 | state (3 bits) and generation (13 bits) |
//! | `attachment` | 4 | the super node that it hangs on, or that it is |
//! | `place` | 2 | its place in that super node's row of children |
//! | `present` | 1/8 | whether it wants to be on the network |
//!
//! What a client waits for is nowhere in these arrays: it is a [`Ticket`] of 8 bytes, in a bucket of the tick in which
//! it comes due or in the login queue, and carries all that the next step needs. A ticket is void once its client's
//! generation has moved on, so whoever interrupts a client (it leaves, restarts, loses its super node) raises the
//! generation and need not find the ticket.

use super::overlay::SuperNodeId;

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
#[repr(u16)]
pub(super) enum State {
    /// Not on the network.
    Absent = 0,
    /// Present; its machine restarts.
    Booting = 1,
    /// Looks for a super node.
    Seeking = 2,
    /// Attached, with a login request that it waits for.
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

const STATE_BITS: u32 = 3;
const STATE_MASK: u16 = (1 << STATE_BITS) - 1;
const GENERATION_ONE: u16 = 1 << STATE_BITS;
/// From this generation on, the tickets are renumbered at the end of the tick. The room above it is for the
/// interruptions of one tick; the very last generation is never reached, and stands for a void ticket.
const GENERATION_HIGH: u16 = 8192 - 64;
const GENERATION_VOID: u16 = 8191;

/// What a client waits for: 8 bytes that carry all that the next step needs.
///
/// Bits 0–31: client. 32–44: generation. 45: whether the client was online when it lost its super node.
/// 48–63: failures in a row so far, saturating.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Ticket(u64);

impl Ticket {
    const WAS_ONLINE: u64 = 1 << 45;
    const FAILURE: u64 = 1 << 48;

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
        (self.0 >> 32) as u16 & 0x1FFF
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

    fn with_generation(self, generation: u16) -> Ticket {
        Ticket(self.0 & !(0x1FFF << 32) | u64::from(generation) << 32)
    }
}

/// The arrays, and the counts that follow from them.
#[derive(Default)]
pub(super) struct Clients {
    /// State and generation. Written by every change of state.
    marks: Vec<u16>,
    /// The super node that a client hangs on, or that it is. Meaningless in other states.
    attachment: Vec<SuperNodeId>,
    /// The place among the children of that super node. Meaningless in other states.
    place: Vec<u16>,
    /// One bit a client: present, that is not absent. Written by presence and boots alone.
    present: Vec<u64>,
    /// Clients in each state.
    counts: [u32; 8],
    /// Clients that are eligible: the indices below this.
    eligible: u32,
    /// Eligible clients that are online and not super nodes.
    eligible_online: u32,
    /// State changes so far.
    events: u64,
    /// Whether some generation is so high that the tickets must be renumbered.
    generations_high: bool,
}

impl Clients {
    /// All `clients` absent; the first `eligible` of them eligible.
    pub(super) fn reset(&mut self, clients: u32, eligible: u32) {
        let n = clients as usize;
        self.marks.clear();
        self.marks.resize(n, State::Absent as u16);
        self.attachment.resize(n, SuperNodeId::default());
        self.place.resize(n, 0);
        self.present.clear();
        self.present.resize(n.div_ceil(64), 0);
        self.counts = [0; 8];
        self.counts[State::Absent as usize] = clients;
        self.eligible = eligible;
        self.eligible_online = 0;
        self.events = 0;
        self.generations_high = false;
    }

    /// Number of clients.
    pub(super) fn len(&self) -> u32 {
        self.marks.len() as u32
    }

    /// Number of eligible clients: those with the lowest indices.
    pub(super) fn eligible(&self) -> u32 {
        self.eligible
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

    /// Eligible clients that are online and not super nodes.
    pub(super) fn eligible_online(&self) -> u32 {
        self.eligible_online
    }

    /// State changes so far.
    pub(super) fn events(&self) -> u64 {
        self.events
    }

    /// Counts events that were no change of the arrays, or not yet.
    pub(super) fn count_events(&mut self, events: u64) {
        self.events += events;
    }

    /// The state of a client.
    #[inline]
    pub(super) fn state(&self, client: ClientId) -> State {
        STATES[(self.marks[client.index()] & STATE_MASK) as usize]
    }

    /// Whether the bit of a client is set.
    #[inline]
    pub(super) fn is_present(&self, client: ClientId) -> bool {
        self.present[client.index() / 64] >> (client.0 % 64) & 1 != 0
    }

    /// Sets the bit of a client.
    #[inline]
    pub(super) fn set_present(&mut self, client: ClientId) {
        self.present[client.index() / 64] |= 1 << (client.0 % 64);
    }

    /// Clears the bit of a client.
    #[inline]
    pub(super) fn clear_present(&mut self, client: ClientId) {
        self.present[client.index() / 64] &= !(1 << (client.0 % 64));
    }

    /// Sets or clears the bit of a client.
    #[inline]
    pub(super) fn set_presence(&mut self, client: ClientId, present: bool) {
        if present { self.set_present(client) } else { self.clear_present(client) }
    }

    /// The super node that a client hangs on, or is, and its place there.
    #[inline]
    pub(super) fn attachment(&self, client: ClientId) -> (SuperNodeId, u16) {
        (self.attachment[client.index()], self.place[client.index()])
    }

    /// Notes which super node a client hangs on, or is, and its place there.
    #[inline]
    pub(super) fn set_attachment(&mut self, client: ClientId, supernode: SuperNodeId, place: u16) {
        self.attachment[client.index()] = supernode;
        self.place[client.index()] = place;
    }

    /// Notes a new place on the same super node.
    #[inline]
    pub(super) fn set_place(&mut self, client: ClientId, place: u16) {
        self.place[client.index()] = place;
    }

    #[inline]
    fn account(&mut self, client: ClientId, from: State, to: State) {
        self.counts[from as usize] -= 1;
        self.counts[to as usize] += 1;
        let eligible = u32::from(client.0 < self.eligible);
        self.eligible_online += eligible & u32::from(to == State::Online);
        self.eligible_online -= eligible & u32::from(from == State::Online);
    }

    /// Puts a client into another state, which ends what it waited for in the usual way. One event.
    #[inline]
    pub(super) fn change(&mut self, client: ClientId, to: State) {
        self.place(client, to);
        self.events += 1;
    }

    /// The same where it is no event, or is counted elsewhere.
    #[inline]
    pub(super) fn place(&mut self, client: ClientId, to: State) {
        let mark = self.marks[client.index()];
        let from = STATES[(mark & STATE_MASK) as usize];
        self.marks[client.index()] = mark & !STATE_MASK | to as u16;
        self.account(client, from, to);
    }

    /// Puts a client into another state in the middle of whatever it waited for: its tickets become void.
    /// Gives the state that it was in.
    #[inline]
    pub(super) fn interrupt(&mut self, client: ClientId, to: State) -> State {
        let mark = self.marks[client.index()];
        let from = STATES[(mark & STATE_MASK) as usize];
        let raised = (mark & !STATE_MASK) + GENERATION_ONE;
        self.marks[client.index()] = raised | to as u16;
        self.generations_high |= raised >= GENERATION_HIGH << STATE_BITS;
        self.events += 1;
        self.account(client, from, to);
        from
    }

    /// A ticket for a client as it is now, without failures.
    #[inline]
    pub(super) fn ticket(&self, client: ClientId) -> Ticket {
        Ticket::new(client, self.marks[client.index()] >> STATE_BITS)
    }

    /// Whether a ticket's client is still in `state` since the ticket was written.
    #[inline]
    pub(super) fn is_valid(&self, ticket: Ticket, state: State) -> bool {
        self.marks[ticket.client().index()] == ticket.generation() << STATE_BITS | state as u16
    }

    /// Whether the tickets must be renumbered before the next tick.
    pub(super) fn generations_high(&self) -> bool {
        self.generations_high
    }

    /// A ticket as it reads after [`Clients::restart_generations`]; `None` if it is void.
    pub(super) fn renumbered(&self, ticket: Ticket) -> Option<Ticket> {
        let current = self.marks[ticket.client().index()] >> STATE_BITS;
        (current == ticket.generation()).then(|| ticket.with_generation(0))
    }

    /// A ticket that is void and stays so.
    pub(super) fn void(ticket: Ticket) -> Ticket {
        ticket.with_generation(GENERATION_VOID)
    }

    /// Sets all generations to 0, once all tickets have been renumbered.
    pub(super) fn restart_generations(&mut self) {
        for mark in &mut self.marks {
            *mark &= STATE_MASK;
        }
        self.generations_high = false;
    }
}
