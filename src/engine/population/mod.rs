//! What a run is: one realisation of one scenario from one seed.
//!
//! A [`Simulator`] moves the population through time in ticks. Nothing is done for a client to which nothing happens:
//! the cost of a run follows the events, not clients × ticks.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `clients` | what is known of a client: class, state, ticket |
//! | `timing` | the wheel in which tickets wait for their tick |
//! | `presence` | sessions that begin; the absent clients |
//! | `updates` | how likely the update restarts a machine |
//! | `strikes` | whom a restart, a shock or the end of a session strikes |
//! | `overlay`, `children` | the super nodes; how many children they have of each class |
//! | `login` | the login server's queue |
//! | `backoff` | retry delays |
//! | `phases` | the ten phases of a tick, in the order of model.md |
//! | `attach` | the fifth of them, in its three ways |
//! | `observation`, `outcome` | what is seen, and what is reported |
//! | `prefetch` | asking for memory in time |
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
//! *Nobody is looked for.* Sessions and restarts have a hazard that is the same for all of a class, so the places that
//! are struck are drawn, whoever is there (`strikes`); all places have numbers. Likewise promotions, and births.
//!
//! *What can no longer come true is dropped when it is met.* A super node that dies takes the slots of its children
//! along. Their tickets are anywhere; it suffices to know how many there are, and not to use its index again before all
//! of them have come up (`overlay`).
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

mod attach;
mod backoff;
mod children;
mod clients;
#[cfg(test)]
mod invariants;
mod login;
mod observation;
mod overlay;
mod phases;
mod presence;
mod strikes;
mod timing;
mod updates;

use crate::engine::{Engine, Request, Run};
use crate::parameters::{Intervention, Scenario, Shock};
use crate::random::{Purpose, Stream, binomial, shuffle, shuffle_first, stream};
use backoff::Backoff;
use clients::{Attached, Census, Class, State, Unattached};
use login::LoginServer;
use observation::{Counters, Observation};
use overlay::{Choices, Overlay};
use presence::Sessions;
use timing::{Delay, Wheel, duration_ticks, nearest_tick};
use updates::Restarts;

/// One stream of random numbers for each purpose.
struct Streams {
    presence: Stream,
    updates: Stream,
    update_regions: Stream,
    shocks: Stream,
    boots: Stream,
    orphans: Stream,
    attach: Stream,
    attach_outcome: Stream,
    attach_order: Stream,
    attach_backoff: Stream,
    login: Stream,
    login_backoff: Stream,
    promotion: Stream,
}

impl Streams {
    fn new(seed: u64) -> Streams {
        Streams {
            presence: stream(seed, Purpose::Presence),
            updates: stream(seed, Purpose::Updates),
            update_regions: stream(seed, Purpose::UpdateRegions),
            shocks: stream(seed, Purpose::Shocks),
            boots: stream(seed, Purpose::Boots),
            orphans: stream(seed, Purpose::Orphans),
            attach: stream(seed, Purpose::Attach),
            attach_outcome: stream(seed, Purpose::AttachOutcome),
            attach_order: stream(seed, Purpose::AttachOrder),
            attach_backoff: stream(seed, Purpose::AttachBackoff),
            login: stream(seed, Purpose::Login),
            login_backoff: stream(seed, Purpose::LoginBackoff),
            promotion: stream(seed, Purpose::Promotion),
        }
    }
}

/// The workspace of a run: all arrays, reused from run to run. One for each thread.
pub struct Simulator {
    scenario: Scenario,
    streams: Streams,
    census: Census,
    sessions: Sessions,
    restarts: Restarts,
    /// Clients of each region whose restart by the update is still to come.
    pending: Vec<u32>,
    shocks: Vec<(u32, Shock)>,
    interventions: Vec<(u32, Intervention)>,
    /// Boots that finish.
    boots: Wheel<Unattached>,
    /// Attach attempts, of failed clients and of orphans.
    attach_retries: Wheel<Unattached>,
    /// Login requests after a rejection or a time-out.
    login_retries: Wheel<Attached>,
    overlay: Overlay,
    login: LoginServer,
    backoff: Backoff,
    counters: Counters,
    login_queue_before_service: u64,
    /// Clients attached in this tick whose login request is served in it for certain.
    served_at_once: u32,
    /// When a client notices that its super node has died.
    notice: Delay,
    /// Ticks after which a request times out.
    timeout_ticks: u32,
    /// Ticks for which a stale address stays.
    stale_ticks: u32,
    /// Probability that a wanted promotion happens in one tick.
    healing_probability: f64,
    /// Attach attempts of this tick.
    attempts: Vec<Unattached>,
    /// Login requests of this tick. Their clients are attached, and in back-off until their request has arrived.
    requests: Vec<Attached>,
    /// Classes of those whose machines restart in this tick.
    restarting: Vec<Class>,
    /// For each region, the share of the strikes of the update in this tick that are none too many.
    update_shares: Vec<f64>,
}

impl Engine for Simulator {
    fn run(&mut self, scenario: &Scenario, seed: u64, request: &Request<'_>) -> Option<Run> {
        let tick_s = scenario.time.tick_s;
        let ticks = scenario.ticks() as u32;
        self.set_up(scenario, seed);
        let trace_every = request.trace_every_s.map(|every_s| nearest_tick(every_s / 3600.0, tick_s).max(1));
        let mut observation = Observation::new(scenario, trace_every, &self.snapshot());
        for now in 0..ticks {
            if request.is_stopped() {
                return None;
            }
            self.tick(now);
            observation.observe(now, &self.counters, &self.snapshot(), now + 1 == ticks);
        }
        let (outcome, trace) = observation.finish(scenario, ticks, self.census.events);
        Some(Run { outcome, trace })
    }
}

impl Default for Simulator {
    fn default() -> Simulator {
        Simulator::new()
    }
}

impl Simulator {
    /// An empty workspace; the first run allocates it.
    pub fn new() -> Simulator {
        Simulator {
            scenario: Scenario::default(),
            streams: Streams::new(0),
            census: Census::default(),
            sessions: Sessions::default(),
            restarts: Restarts::default(),
            pending: Vec::new(),
            shocks: Vec::new(),
            interventions: Vec::new(),
            boots: Wheel::default(),
            attach_retries: Wheel::default(),
            login_retries: Wheel::default(),
            overlay: Overlay::default(),
            login: LoginServer::default(),
            backoff: Backoff::default(),
            counters: Counters::default(),
            login_queue_before_service: 0,
            served_at_once: 0,
            notice: Delay::fixed(0.0, 1.0),
            timeout_ticks: 1,
            stale_ticks: 1,
            healing_probability: 0.0,
            attempts: Vec::new(),
            requests: Vec::new(),
            restarting: Vec::new(),
            update_shares: Vec::new(),
        }
    }

    fn set_up(&mut self, scenario: &Scenario, seed: u64) {
        let tick_s = scenario.time.tick_s;
        self.scenario.clone_from(scenario);
        self.streams = Streams::new(seed);
        self.counters = Counters::default();
        self.login_queue_before_service = 0;
        self.notice = Delay::uniform(0.0, scenario.overlay.keepalive_s, tick_s);
        self.timeout_ticks = duration_ticks(scenario.login.timeout_s, tick_s);
        self.stale_ticks = duration_ticks(scenario.overlay.stale_ttl_s, tick_s);
        self.boots.reset();
        self.attach_retries.reset();
        self.login_retries.reset();
        self.attempts.clear();
        self.requests.clear();
        self.login.reset();
        let accept_limit = (scenario.overlay.accept_per_s * tick_s + 1e-9).floor().clamp(1.0, f64::from(u32::MAX));
        let regions = scenario.population.regions.len();
        self.overlay.reset(scenario.overlay.slots, accept_limit as u32, regions);
        self.shocks = scenario.shocks.iter().map(|shock| (nearest_tick(shock.at_h, tick_s), *shock)).collect();
        let at_tick = |change: &Intervention| (nearest_tick(change.at_h, tick_s), change.clone());
        self.interventions = scenario.interventions.iter().map(at_tick).collect();
        // As they were checked: also those of the same tick in the order of their hours.
        self.interventions.sort_by(|(_, a), (_, b)| a.at_h.total_cmp(&b.at_h));
        self.apply_settings();
        self.set_up_clients(seed);
    }

    /// Takes over those parameters that an intervention can change.
    fn apply_settings(&mut self) {
        let Scenario { time, population, login, overlay, retry, .. } = &self.scenario;
        let millions = population.clients as f64 / 1e6;
        let capacity_per_s = login.capacity_per_s_per_million * millions;
        self.login.set_capacity(capacity_per_s, login.queue_limit_s, time.tick_s);
        self.backoff.reset(retry, time.tick_s);
        self.healing_probability = -libm::expm1(-time.tick_s / overlay.healing_time_s);
        self.overlay.add_dedicated(dedicated_supernodes(overlay.dedicated_per_million, population.clients));
    }

    /// Draws the attributes of the clients, and the state of the network at tick 0.
    fn set_up_clients(&mut self, seed: u64) {
        let mut attributes = stream(seed, Purpose::Attributes);
        let Scenario { population, updates, presence, time, .. } = &self.scenario;
        let clients = population.clients as u32;
        let eligible_share = (1.0 - population.nat_fraction) * population.capable_fraction;
        self.census.reset(clients);
        self.restarts.reset(updates, &population.regions, time.tick_s);
        self.sessions.reset(presence, &population.regions, time.tick_s);
        self.pending.clear();
        let mut present = Vec::new();
        let (mut left, mut share_left) = (clients, population.regions.iter().map(|region| region.share).sum::<f64>());
        for (index, region) in population.regions.iter().enumerate() {
            let is_last = index + 1 == population.regions.len();
            let here = if is_last { left } else { binomial(&mut attributes, left, region.share / share_left) };
            left -= here;
            share_left -= region.share;
            let eligible = binomial(&mut attributes, here, eligible_share);
            let steady_state = self.sessions.steady_state(region.utc_offset_h);
            let mut pending_here = 0;
            for (is_eligible, clients) in [(false, here - eligible), (true, eligible)] {
                let pending = binomial(&mut attributes, clients, updates.patched_fraction);
                pending_here += pending;
                for (is_pending, clients) in [(false, clients - pending), (true, pending)] {
                    let class = Class::new(index, is_eligible, is_pending);
                    let here = binomial(&mut self.streams.presence, clients, steady_state);
                    self.sessions.leave(class, clients - here);
                    present.push((class, here));
                }
            }
            self.pending.push(pending_here);
        }
        self.set_up_overlay(present, &mut stream(seed, Purpose::SetUp));
    }

    /// The network at tick 0: super nodes among the eligible present clients; everybody else who finds a slot is
    /// online; the others attempt to attach in tick 0. `present` says how many are present of each class.
    fn set_up_overlay(&mut self, present: Vec<(Class, u32)>, stream: &mut Stream) {
        let each = |&(class, clients): &(Class, u32)| std::iter::repeat_n(class, clients as usize);
        let (mut owners, mut others): (Vec<Class>, Vec<Class>) =
            present.iter().flat_map(each).partition(|class| class.is_eligible());
        let members = owners.len() + others.len();
        let wanted = (self.scenario.overlay.supernode_ratio * members as f64 + 1e-9).floor() as usize;
        let supernodes = wanted.min(owners.len()).saturating_sub(self.overlay.dedicated() as usize);
        shuffle_first(&mut owners, supernodes, stream);
        others.extend(owners.drain(supernodes..));
        owners.into_iter().for_each(|owner| self.overlay.add(Some(owner)));
        self.census.place(State::Absent, State::SuperNode, supernodes as u32);
        shuffle(&mut others, stream);
        let mut choices = Choices::default();
        let mut left = others.as_slice();
        while let [class, rest @ ..] = left
            && self.overlay.accepting() > 0
        {
            let supernode = self.overlay.choose_accepting(&mut choices, rest.len(), stream);
            self.overlay.attach(*class, true, supernode);
            left = rest;
        }
        self.census.place(State::Absent, State::Online, (others.len() - left.len()) as u32);
        left.iter().for_each(|&class| self.attach_retries.push(0, Unattached::new(class)));
        self.census.place(State::Absent, State::Seeking, left.len() as u32);
    }
}

/// How many super nodes of the operator a scenario has. Their number is bounded: more would not fit into memory, see
/// [`memory_estimate_bytes`].
fn dedicated_supernodes(per_million: f64, clients: u64) -> u32 {
    let most = f64::from(1u32 << 30) - 1.0 - clients as f64;
    libm::round(per_million * (clients as f64 / 1e6)).clamp(0.0, most) as u32
}

/// About how much memory one workspace needs for this scenario at most, bytes.
///
/// Measured peaks at 10 million clients are 1.4 bytes a client in a healthy network and 5.3 in a collapse, and up to 18
/// with many small super nodes; 43 with two million, nearly all of whom wait in a queue without a limit (see
/// benches/README.md). Super nodes are counted as if everybody was
/// present. Not counted is what no sensible scenario has: waits of thousands of ticks, and super nodes that die by the
/// thousand while tickets of their children wait that long.
pub fn memory_estimate_bytes(scenario: &Scenario) -> u64 {
    let later = scenario.interventions.iter().flat_map(|change| &change.settings);
    let later = later.filter(|(parameter, _)| parameter.name == "overlay.dedicated_per_million");
    let per_million =
        later.filter_map(|(_, value)| value.as_f64()).fold(scenario.overlay.dedicated_per_million, f64::max);
    let Scenario { population, overlay, .. } = scenario;
    let of_clients = (overlay.supernode_ratio * population.clients as f64) as u64;
    let supernodes = of_clients + u64::from(dedicated_supernodes(per_million, population.clients));
    let supernode_bytes = 40 + 16 * population.regions.len() as u64;
    population.clients * 48 + supernodes * supernode_bytes + (16 << 20)
}
