//! What a run is: one realisation of one scenario from one seed.
//!
//! A [`Simulator`] holds the population as a structure of arrays and moves it through time in ticks. Nothing is done
//! for a client to which nothing happens: the cost of a run follows the events, not clients × ticks.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `clients` | the arrays: state, super node, presence of each client; the tickets of those that wait |
//! | `timing` | the wheel in which tickets wait for their tick |
//! | `presence` | sessions that begin and end |
//! | `updates` | restarts by the update |
//! | `overlay` | the super nodes and their children |
//! | `login` | the login server's queue |
//! | `backoff` | retry delays |
//! | `phases` | the ten phases of a tick, in the order of model.md |
//! | `attach` | the fifth of them, in its three ways |
//! | `bits`, `prefetch` | sets of clients; asking for memory in time |
//! | `observation`, `outcome` | what is seen, and what is reported |
//! | `random` | a stream of random numbers for each purpose |

//!
//! # What lies where, and what one event touches
//!
//! Whom a tick concerns is drawn at random among millions, so the kernel's time is the memory's time. Three rules follow.
//!
//! *Whatever happens to a client touches one line of its own.* Its record is 8 bytes: state, generation, super node and
//! place there. Region, eligibility and patch are ranges of indices. Sets of a bit a client, which stay in a core's own
//! cache, answer what is asked much more often than it changes.
//!
//! *What only waits is not looked at where it lies.* A `Ticket` of 8 bytes carries all that the next
//! step needs. It waits in the bucket of its tick, in chunks of 64 that are written and read in sequence and used again,
//! or in the login queue. A super node that dies, a session that ends or a restart need not find the tickets of those
//! that it concerns: these become void, and are dropped when they are met.
//!
//! *Nobody has a timer for what is memoryless.* How many sessions end and begin in a tick is binomial, and who is a
//! uniform choice; likewise restarts, promotions and shocks.
//!
//! | array | bytes a client | of which a million clients have |
//! | --- | --- | --- |
//! | records | 8 | 8 MB |
//! | four sets of a bit a client | 0.5 | 0.5 MB |
//! | super nodes: 60 bytes, and a row of up to `slots` children at 4 bytes | about 4 | 9,000 of them |
//! | tickets that wait | 8 for each client that waits | up to 3.5 MB in a storm |
//!
//! | event | touches at random | and in sequence |
//! | --- | --- | --- |
//! | a session begins, attaches, logs in | record, super node, entry of its row | |
//! | it ends | record, super node, entry of its row | |
//! | a super node dies | its row; the record of each child | a ticket for each child |
//! | an attach attempt fails, a login request is rejected | a bit | its ticket, read and written |
//! | a login request enters the queue, and times out | two bits | its ticket, read and written twice |
//!
//! What is touched at random is asked for ahead, a block of clients at a time (`phases::BLOCK`), so that the memory
//! answers many at once. What this is worth, and how far it is from what the memory can do: `benches/README.md`.

mod attach;
mod backoff;
mod children;
mod clients;
pub mod elementary;
#[cfg(test)]
mod invariants;
mod login;
mod observation;
pub mod outcome;
mod overlay;
mod phases;
mod prefetch;
mod presence;
pub mod random;
mod strikes;
mod timing;
mod updates;

use std::sync::atomic::{AtomicBool, Ordering};

use crate::parameters::{Intervention, Scenario, Shock};
use backoff::Backoff;
use clients::{Attached, Census, Class, State, Unattached};
use login::LoginServer;
use observation::{Counters, Observation};
use outcome::{Outcome, TraceRow};
use overlay::{Child, Overlay};
use presence::Sessions;
use rand_xoshiro::rand_core::Rng;
use random::{Stream, binomial, shuffle, shuffle_first, stream};
use timing::{Delay, Wheel, duration_ticks, nearest_tick};
use updates::Restarts;

/// A finished run.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Its row of outputs.
    pub outcome: Outcome,
    /// Its trace; empty if none was asked for.
    pub trace: Vec<TraceRow>,
}

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
            presence: stream(seed, "presence"),
            updates: stream(seed, "updates"),
            update_regions: stream(seed, "update regions"),
            shocks: stream(seed, "shocks"),
            boots: stream(seed, "boots"),
            orphans: stream(seed, "orphans"),
            attach: stream(seed, "attach"),
            attach_outcome: stream(seed, "attach outcome"),
            attach_order: stream(seed, "attach order"),
            attach_backoff: stream(seed, "attach backoff"),
            login: stream(seed, "login"),
            login_backoff: stream(seed, "login backoff"),
            promotion: stream(seed, "promotion"),
        }
    }
}

/// The workspace of a run: all arrays, reused from run to run. One for each thread.
///
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
    expired: Vec<Attached>,
    struck: Vec<Child>,
    restart_probabilities: Vec<f64>,
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
            expired: Vec::new(),
            struck: Vec::new(),
            restart_probabilities: Vec::new(),
        }
    }

    /// Simulates one run of a scenario that passed [`Scenario::check`]. The result depends on `scenario` and `seed`
    /// alone. `trace_every_s` asks for a trace with a row for each interval of that many seconds, rounded to ticks.
    ///
    /// Returns `None` if `stop` became true before the end.
    pub fn run(
        &mut self,
        scenario: &Scenario,
        seed: u64,
        trace_every_s: Option<f64>,
        stop: &AtomicBool,
    ) -> Option<Run> {
        let tick_s = scenario.time.tick_s;
        let ticks = scenario.ticks() as u32;
        self.set_up(scenario, seed);
        let trace_every = trace_every_s.map(|every_s| nearest_tick(every_s / 3600.0, tick_s).max(1));
        let mut observation = Observation::new(scenario, trace_every, &self.snapshot());
        for now in 0..ticks {
            if stop.load(Ordering::Relaxed) {
                return None;
            }
            self.tick(now);
            observation.observe(now, &self.counters, &self.snapshot(), now + 1 == ticks);
        }
        let (outcome, trace) = observation.finish(scenario, ticks, self.census.events);
        Some(Run { outcome, trace })
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
        self.interventions.sort_by_key(|&(tick, _)| tick);
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
        let mut attributes = stream(seed, "attributes");
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
        self.set_up_overlay(present, &mut stream(seed, "set-up"));
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
        for (place, &class) in others.iter().enumerate() {
            if self.overlay.accepting() == 0 {
                let seeking = &others[place..];
                seeking.iter().for_each(|&class| self.attach_retries.push(0, Unattached::new(class)));
                self.census.place(State::Absent, State::Seeking, seeking.len() as u32);
                break;
            }
            let supernode = self.overlay.choose_accepting(stream.next_u64());
            self.overlay.attach(class, true, supernode);
            self.census.place(State::Absent, State::Online, 1);
        }
    }
}

/// How many super nodes of the operator a scenario has. All super nodes have indices of 30 bits, which are many more
/// than fit into memory: see [`memory_estimate_bytes`].
fn dedicated_supernodes(per_million: f64, clients: u64) -> u32 {
    let most = f64::from(1u32 << 30) - 1.0 - clients as f64;
    libm::round(per_million * (clients as f64 / 1e6)).clamp(0.0, most) as u32
}

/// An upper estimate of the memory that one workspace needs for this scenario, bytes.
///
/// Measured peaks at 10 million clients are below 20 bytes a client (see benches/README.md); overlays with many small
/// super nodes take more. A dedicated super node takes 60 bytes and the places of its row.
pub fn memory_estimate_bytes(scenario: &Scenario) -> u64 {
    let later = scenario.interventions.iter().flat_map(|change| &change.settings);
    let later = later.filter(|(parameter, _)| parameter.name == "overlay.dedicated_per_million");
    let per_million =
        later.filter_map(|(_, value)| value.as_f64()).fold(scenario.overlay.dedicated_per_million, f64::max);
    let clients = scenario.population.clients;
    clients * 32 + u64::from(dedicated_supernodes(per_million, clients)) * 64 + (16 << 20)
}
