//! An engine that follows every client: one realisation of one scenario from one seed.
//!
//! A [`Simulator`] moves the population through time in ticks. Nothing is done for a client to which nothing happens:
//! the cost of a run follows the events, not clients × ticks.
//!
//! What the phases of a tick mean, where each of them is, and which test holds it: `docs/kernel.md`. The best
//! introduction is a second engine that does the same in the most obvious way, `tests/oracle/reference`, whose functions
//! have the names of these.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `run` | a run, tick by tick; the order of the phases |
//! | `phases` | the phases |
//! | `set_up` | the network at tick 0 |
//! | `simulator` | the workspace: what all of these have in hands |
//! | `settings`, `streams` | values that follow from the parameters; streams of random numbers |
//! | `network` | where every client is, which is the sum of the following |
//! | `census` | how many clients are in each state |
//! | `absent` | the absent clients |
//! | `renewals` | clients that renew their login |
//! | `wheel` | tickets that wait for their tick |
//! | `login` | tickets that wait for the login server: its queue |
//! | `overlay` | the super nodes, and their children |
//! | `strikes` | whom a restart, a shock or the end of a session strikes |
//! | `blow` | a shock, with what it strikes |
//! | `clients`, `tickets`, `ids` | class and state of a client; what a client that waits carries; super nodes |
//! | `delay`, `backoff` | random delays in ticks; those after failures |
//! | `memory` | how much memory a run needs |
//!
//! # A client is where it is
//!
//! The obvious layout is an array of clients, with a record for each. Whom a tick concerns is drawn at random among
//! millions, so that every step in the life of a client waits for the memory. But nothing that a run reports, or does,
//! depends on *which* client it is that is somewhere: clients of one **class** (region, eligible or not, update still to
//! come or not) are exchangeable. So no client has an index or a record. It is one of these:
//!
//! | state | the client is | bytes |
//! | --- | --- | --- |
//! | absent | one of a number, for each class | 0 |
//! | booting, seeking | a ticket in the wheel, in the bucket of its next tick | 4 |
//! | back-off | a ticket in the wheel, and one of a number at its super node | 8 |
//! | waiting | a ticket in the login queue, and one of a number at its super node | 8 |
//! | online | one of a number, for each super node and class | 0 |
//! | renewing | a ticket in the queue or in a wheel, and one of a number at its super node | 16 |
//! | super node | a super node | 50 with three regions, 74 with more than 255 slots |
//!
//! This is exact, not an approximation. It is the same Markov chain with states that differ by the names of clients
//! alone put together (Kemeny and Snell, Finite Markov Chains, 1960, section 6.3: lumpability), and every one of the
//! clients is still there, once: the tests of `invariants` count them in every tick.
//!
//! # Four rules
//!
//! *What waits carries all that its next step needs*, and nobody looks at anything else for it. A failed attach attempt
//! reads four bytes from a bucket and writes four into another one, both in sequence. Buckets are chains of chunks from a
//! recycled arena, so that the tick loop allocates nothing once it has reached its size.
//!
//! *Nobody is looked for.* Sessions and restarts have a hazard that is the same for all of a class, so the sites that
//! are struck are drawn, whoever is there (`strikes`); all sites have numbers. Likewise promotions, and births.
//!
//! *What can no longer come true is dropped when it is met.* A super node that dies takes the slots of its children
//! along. Their tickets are anywhere; it suffices to know how many there are, and not to use its index again before all
//! of them have come up (`overlay::deaths`).
//!
//! *What is touched at random is asked for ahead*, for some `prefetch::BLOCK` clients, so that the memory answers many at
//! once.
//!
//! | event | touches at random | and in sequence |
//! | --- | --- | --- |
//! | a session begins | | its ticket, written |
//! | it attaches, and logs in at once | super node, word of its children | its ticket, read |
//! | it ends | super node, word of its children | |
//! | a super node dies | super node, words of its children | a ticket for each child, written |
//! | an attach attempt fails | | its ticket, read and written |
//! | a login request is rejected | a bit of its super node | its ticket, read and written |
//! | it enters the queue, and times out | two bytes of its super node, twice, and that bit | its ticket, read and written twice |
//!
//! What this is worth, and how far it is from what the memory can do: `benches/README.md`.

mod absent;
mod backoff;
mod blow;
mod census;
mod clients;
mod delay;
mod ids;
#[cfg(test)]
mod invariants;
mod login;
mod memory;
mod network;
mod overlay;
mod phases;
mod renewals;
mod run;
mod set_up;
mod settings;
mod simulator;
mod streams;
mod strikes;
mod tickets;
mod wheel;

pub use memory::memory_estimate_bytes;
pub use simulator::Simulator;
