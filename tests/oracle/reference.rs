//! The model once more, written for obviousness alone: every client is visited in every tick, and each phase is a
//! function in the order of the model's page.
//!
//! It shares no code with `critmass::population` but the types of the scenario and of the rows, and was written
//! without looking at it. Where the page can be read in more than one way, a comment that starts with `Reading:`
//! names the question and the answer.

use std::collections::VecDeque;

use critmass::parameters::{Discipline, Jitter, Scenario};
use critmass::population::Run;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_distr::{Exp1, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::observer::{History, Tick};
use crate::setting::{beginning_probability, initial_presence, nearest_tick, restart_tick};

/// What a client does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Absent,
    Booting,
    /// Without a super node, whether it noticed that or not, and whether it attempts in this tick or waits to.
    ///
    /// Reading: the page leaves open what an orphan is until it notices. It is present, not Online and not attached,
    /// so it counts as Seeking (in M, in the client-hours blocked, in the trace); only its first attempt is delayed.
    Seeking,
    Waiting,
    Backoff,
    Online,
}

struct Client {
    region: usize,
    eligible: bool,
    restart_at: Option<u64>,
    state: State,
    /// Tick in which the present session ends.
    session_ends: u64,
    absent_since: u64,
    /// Tick in which the boot finishes (Booting), the next attempt is made (Seeking) or the next request (Backoff).
    due: u64,
    /// Failures in a row in the present step, attaching or logging in.
    failures: u32,
    /// The super node that it occupies a slot of.
    attached_to: Option<usize>,
    /// The super node that it is itself.
    serves_as: Option<usize>,
    /// Number of its latest login request, and the tick of that. It waits for it while it is Waiting.
    request: u64,
    submitted_at: u64,
    /// It was Online when it lost its super node.
    was_online: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    Live,
    /// Its owner is gone; its children have not been told yet.
    Dying,
    /// Handled in this tick's phase 4.
    DeadSince(u64),
}

struct SuperNode {
    owner: Option<usize>,
    life: Life,
    children: u64,
    probed_in_tick: u64,
    accepted_in_tick: u64,
}

struct Request {
    client: usize,
    number: u64,
}

struct Reference {
    /// The parameters, with the interventions so far.
    now_in_force: Scenario,
    rng: Xoshiro256PlusPlus,
    tick: u64,
    clients: Vec<Client>,
    /// All that ever were.
    supernodes: Vec<SuperNode>,
    /// Those whose addresses are known: the live ones, and the dead ones until they expire.
    ///
    /// Reading: a machine that dies as a super node and is promoted again has two addresses, one dead and one live.
    registry: Vec<usize>,
    dedicated: u64,
    queue: VecDeque<Request>,
    requests_ever: u64,
    /// Accumulated capacity that was not yet turned into service slots.
    capacity_carried: f64,
    counts: Tick,
}

/// One run, with a trace row for each `trace_every` ticks.
pub(crate) fn run(scenario: &Scenario, seed: u64, trace_every: u64) -> Run {
    let mut engine = Reference::new(scenario, seed);
    let mut history = History::new(engine.observe());
    for tick in 0..scenario.ticks() {
        engine.tick = tick;
        engine.counts = Tick::default();
        engine.interventions(scenario);
        engine.restarts_and_shocks(scenario);
        engine.sessions();
        engine.boots_that_finish();
        engine.deaths_and_stale_addresses();
        engine.attach_attempts();
        engine.requests_enter();
        engine.service();
        engine.time_outs();
        engine.promotions();
        history.push(engine.observe());
    }
    Run { outcome: history.outcome(scenario), trace: history.trace(scenario, trace_every) }
}

impl Reference {
    fn new(scenario: &Scenario, seed: u64) -> Reference {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let presence: Vec<f64> =
            (0..scenario.population.regions.len()).map(|region| initial_presence(scenario, region)).collect();
        let clients = (0..scenario.population.clients).map(|_| draw_client(scenario, &presence, &mut rng)).collect();
        let mut engine = Reference {
            now_in_force: scenario.clone(),
            rng,
            tick: 0,
            clients,
            supernodes: Vec::new(),
            registry: Vec::new(),
            dedicated: 0,
            queue: VecDeque::new(),
            requests_ever: 0,
            capacity_carried: 0.0,
            counts: Tick::default(),
        };
        engine.dedicated_supernodes();
        engine.initial_overlay();
        engine.counts = Tick::default();
        engine
    }

    /// The overlay at tick 0.
    ///
    /// Reading: `min(floor(supernode_ratio · present), eligible present)` is the number of all super nodes, of which
    /// the dedicated ones are some; so with few eligible clients and some dedicated super nodes not all eligible
    /// clients are chosen.
    fn initial_overlay(&mut self) {
        let mut present: Vec<usize> =
            (0..self.clients.len()).filter(|&c| self.clients[c].state != State::Absent).collect();
        present.shuffle(&mut self.rng);
        let wanted = (self.now_in_force.overlay.supernode_ratio * present.len() as f64).floor() as usize;
        let eligible: Vec<usize> = present.iter().copied().filter(|&c| self.clients[c].eligible).collect();
        let from_clients = wanted.min(eligible.len()).saturating_sub(self.dedicated as usize);
        for client in eligible.into_iter().take(from_clients) {
            self.becomes_supernode(client);
        }
        for client in present {
            if self.clients[client].serves_as.is_some() {
                continue;
            }
            let slots = self.now_in_force.overlay.slots;
            let free: Vec<usize> =
                self.registry.iter().copied().filter(|&s| self.supernodes[s].children < slots).collect();
            if free.is_empty() {
                self.clients[client].due = 0;
            } else {
                let supernode = free[self.rng.random_range(0..free.len())];
                self.attach(client, supernode);
                self.clients[client].state = State::Online;
            }
        }
    }

    /// From the start of the tick on the parameters have their new values.
    fn interventions(&mut self, scenario: &Scenario) {
        for intervention in &scenario.interventions {
            if nearest_tick(intervention.at_h, scenario) == self.tick {
                for (parameter, value) in &intervention.settings {
                    parameter.set(&mut self.now_in_force, value).expect("the scenario was checked");
                }
            }
        }
        self.dedicated_supernodes();
    }

    /// Adds what is missing of the operator's super nodes; they cannot be taken away.
    fn dedicated_supernodes(&mut self) {
        let per_million = self.now_in_force.overlay.dedicated_per_million;
        let wanted = (per_million * self.now_in_force.population.clients as f64 / 1e6).round() as u64;
        while self.dedicated < wanted {
            self.dedicated += 1;
            self.add_supernode(None);
        }
    }

    /// Phase 1.
    fn restarts_and_shocks(&mut self, scenario: &Scenario) {
        for client in 0..self.clients.len() {
            if self.clients[client].restart_at == Some(self.tick) {
                self.restart(client);
            }
        }
        for shock in &scenario.shocks {
            if nearest_tick(shock.at_h, scenario) != self.tick {
                continue;
            }
            for client in 0..self.clients.len() {
                let serves = self.clients[client].serves_as.is_some();
                let probability = if serves { shock.supernode_fraction } else { shock.client_fraction };
                if self.rng.random_bool(probability) {
                    self.restart(client);
                }
            }
        }
    }

    /// Puts a client into Booting, unless it is absent or booting already.
    fn restart(&mut self, client: usize) {
        if matches!(self.clients[client].state, State::Absent | State::Booting) {
            return;
        }
        self.counts.restarts += 1;
        self.detach(client);
        self.set_state(client, State::Booting);
        let updates = &self.now_in_force.updates;
        let normal: f64 = self.rng.sample(StandardNormal);
        let boot_s = updates.boot_median_s * (updates.boot_sigma * normal).exp();
        self.clients[client].due = self.tick + self.duration(boot_s);
    }

    /// Phase 2: sessions that end, then sessions that begin.
    ///
    /// Readings: absences and sessions alternate, and both are random durations. So an absence lasts a tick at least,
    /// as a session does, also the one at the start: none begins in tick 0, nor in the tick in which another ended.
    /// A session begins with Seeking: only a restart makes a client boot.
    fn sessions(&mut self) {
        for client in 0..self.clients.len() {
            let is = &self.clients[client];
            if is.session_ends == self.tick && is.state != State::Absent {
                self.becomes_absent(client);
            }
        }
        let regions = self.now_in_force.population.regions.len();
        let begins: Vec<f64> = (0..regions).map(|r| beginning_probability(&self.now_in_force, r, self.tick)).collect();
        for client in 0..self.clients.len() {
            let is = &self.clients[client];
            if is.state == State::Absent && is.absent_since < self.tick && self.rng.random_bool(begins[is.region]) {
                self.clients[client].session_ends = self.tick + self.session();
                self.seeks(client, self.tick);
            }
        }
    }

    fn session(&mut self) -> u64 {
        let mean_s = self.now_in_force.presence.session_h * 3600.0;
        let exponential: f64 = self.rng.sample(Exp1);
        self.duration(mean_s * exponential)
    }

    /// Phase 3. The retries that are due are read off the clients in phases 5 and 6, after the deaths of phase 4.
    fn boots_that_finish(&mut self) {
        for client in 0..self.clients.len() {
            if self.clients[client].due == self.tick && self.clients[client].state == State::Booting {
                if self.rng.random_bool(self.now_in_force.updates.autostart_probability) {
                    self.seeks(client, self.tick);
                } else {
                    self.becomes_absent(client);
                }
            }
        }
    }

    /// Phase 4.
    ///
    /// Reading: the address of a super node that shut down in phase 5 of the tick before becomes stale here, where
    /// its death is handled, so each dead address is met in equally many attach phases.
    fn deaths_and_stale_addresses(&mut self) {
        let deaths = self.registry.iter().any(|&s| self.supernodes[s].life == Life::Dying);
        for client in 0..if deaths { self.clients.len() } else { 0 } {
            let Some(supernode) = self.clients[client].attached_to else { continue };
            if self.supernodes[supernode].life == Life::Dying {
                let was_online = self.clients[client].state == State::Online;
                let keepalive_s = self.now_in_force.overlay.keepalive_s;
                let noticed_s = keepalive_s * self.rng.random::<f64>();
                let noticed_at = self.tick + self.duration(noticed_s);
                self.detach(client);
                self.seeks(client, noticed_at);
                self.clients[client].was_online = was_online;
            }
        }
        for &supernode in &self.registry {
            if self.supernodes[supernode].life == Life::Dying {
                self.supernodes[supernode].life = Life::DeadSince(self.tick);
            }
        }
        let stale_ticks = self.duration(self.now_in_force.overlay.stale_ttl_s);
        let known = |supernode: &usize| match self.supernodes[*supernode].life {
            Life::Live | Life::Dying => true,
            Life::DeadSince(tick) => self.tick < tick + stale_ticks,
        };
        let still_known: Vec<usize> = self.registry.iter().copied().filter(known).collect();
        self.registry = still_known;
    }

    /// Phase 5.
    fn attach_attempts(&mut self) {
        let mut seeking: Vec<usize> = (0..self.clients.len())
            .filter(|&c| self.clients[c].due == self.tick && self.clients[c].state == State::Seeking)
            .collect();
        seeking.shuffle(&mut self.rng);
        for &supernode in &self.registry {
            self.supernodes[supernode].probed_in_tick = 0;
            self.supernodes[supernode].accepted_in_tick = 0;
        }
        for client in seeking {
            self.counts.attach_attempts += 1;
            if let Some(supernode) = self.probe() {
                self.supernodes[supernode].accepted_in_tick += 1;
                self.attach(client, supernode);
                self.clients[client].failures = 0;
                if self.clients[client].was_online && !self.now_in_force.login.relogin_after_orphaning {
                    self.clients[client].was_online = false;
                    self.set_state(client, State::Online);
                }
            } else {
                self.counts.attach_failures += 1;
                self.clients[client].failures += 1;
                self.clients[client].due = self.tick + self.backoff(self.clients[client].failures);
            }
        }
        self.overload_protection();
    }

    /// The first super node that accepts among at most `overlay.probes` addresses.
    fn probe(&mut self) -> Option<usize> {
        let overlay = &self.now_in_force.overlay;
        let (probes, slots) = (overlay.probes, overlay.slots);
        let accepted_at_most = (overlay.accept_per_s * self.now_in_force.time.tick_s).floor().max(1.0);
        for _ in 0..probes {
            if self.registry.is_empty() {
                return None;
            }
            let address = self.registry[self.rng.random_range(0..self.registry.len())];
            let supernode = &mut self.supernodes[address];
            supernode.probed_in_tick += 1;
            if supernode.life == Life::Live
                && supernode.children < slots
                && (supernode.accepted_in_tick as f64) < accepted_at_most
            {
                return Some(address);
            }
        }
        None
    }

    /// The end of phase 5.
    ///
    /// Readings: a super node that shuts down is not live from here on (not in L, not at the observation), although
    /// its children learn of it in the next tick; its address is counted as stale from then on. Its owner did not lose a super node, it was one, so it logs in again
    /// whatever `relogin_after_orphaning` says.
    fn overload_protection(&mut self) {
        let threshold = self.now_in_force.overlay.overload_probes_per_s * self.now_in_force.time.tick_s;
        for supernode in self.registry.clone() {
            let is = &self.supernodes[supernode];
            let Some(owner) = is.owner else { continue };
            if is.life == Life::Live
                && is.probed_in_tick as f64 > threshold
                && self.rng.random_bool(self.now_in_force.overlay.overload_shutdown_probability)
            {
                self.detach(owner);
                let retries_at = self.tick + self.backoff(1);
                self.seeks(owner, retries_at);
                self.clients[owner].failures = 1;
            }
        }
    }

    /// Phase 6: requests of clients attached in this tick, and of those whose backoff is over.
    ///
    /// Reading: an infinite queue limit rejects nobody, whatever the capacity.
    fn requests_enter(&mut self) {
        let login = &self.now_in_force.login;
        let limit = if login.queue_limit_s.is_infinite() || login.capacity_per_s_per_million.is_infinite() {
            f64::INFINITY
        } else {
            (login.queue_limit_s * self.capacity_per_s()).floor().max(1.0)
        };
        let mut requesting: Vec<usize> = (0..self.clients.len())
            .filter(|&c| {
                let is = &self.clients[c];
                let attached_now = is.state == State::Seeking && is.attached_to.is_some();
                is.due == self.tick && (attached_now || is.state == State::Backoff)
            })
            .collect();
        requesting.shuffle(&mut self.rng);
        for client in requesting {
            self.counts.login_requests += 1;
            if (self.queue.len() as f64) < limit {
                self.requests_ever += 1;
                self.clients[client].request = self.requests_ever;
                self.clients[client].submitted_at = self.tick;
                self.queue.push_back(Request { client, number: self.requests_ever });
                self.set_state(client, State::Waiting);
            } else {
                self.counts.login_rejections += 1;
                self.login_fails(client);
            }
        }
        self.counts.queue_before_service = self.queue.len() as u64;
    }

    /// Phase 7.
    fn service(&mut self) {
        let mut slots = f64::INFINITY;
        if self.capacity_per_s().is_finite() {
            self.capacity_carried += self.capacity_per_s() * self.now_in_force.time.tick_s;
            slots = self.capacity_carried.floor();
            self.capacity_carried -= slots;
        }
        while slots > 0.0 {
            let next = match self.now_in_force.login.discipline {
                Discipline::Fifo => self.queue.pop_front(),
                Discipline::Lifo => self.queue.pop_back(),
            };
            let Some(request) = next else { break };
            let client = &mut self.clients[request.client];
            if client.state == State::Waiting && client.request == request.number {
                client.failures = 0;
                self.counts.logins += 1;
                self.set_state(request.client, State::Online);
                slots -= 1.0;
            } else if !self.now_in_force.login.drop_expired {
                self.counts.login_wasted += 1;
                slots -= 1.0;
            }
        }
    }

    /// Phase 8.
    fn time_outs(&mut self) {
        let timeout_ticks = self.duration(self.now_in_force.login.timeout_s);
        for client in 0..self.clients.len() {
            let is = &self.clients[client];
            if is.submitted_at + timeout_ticks == self.tick && is.state == State::Waiting {
                self.counts.login_timeouts += 1;
                self.login_fails(client);
            }
        }
    }

    /// Phase 9.
    fn promotions(&mut self) {
        let mut seeking_or_attached = 0;
        let mut candidates = Vec::new();
        for (client, is) in self.clients.iter().enumerate() {
            seeking_or_attached += u32::from(!matches!(is.state, State::Absent | State::Booting));
            if is.eligible && is.state == State::Online && is.serves_as.is_none() {
                candidates.push(client);
            }
        }
        let overlay = &self.now_in_force.overlay;
        let wanted = overlay.supernode_ratio * f64::from(seeking_or_attached);
        let missing = (wanted - self.live_supernodes() as f64).max(0.0);
        let heals = 1.0 - (-self.now_in_force.time.tick_s / overlay.healing_time_s).exp();
        let probability = (missing / candidates.len() as f64).min(1.0) * heals;
        for client in candidates {
            if self.rng.random_bool(probability) {
                self.detach(client);
                self.becomes_supernode(client);
            }
        }
    }

    /// Phase 10.
    fn observe(&self) -> Tick {
        let live = self.live_supernodes();
        let mut seen = Tick {
            supernodes: live,
            stale_addresses: self.stale_addresses(),
            login_queue: self.queue.len() as u64,
            ..self.counts.clone()
        };
        let in_state = |state| self.clients.iter().map(|client| u64::from(client.state == state)).sum();
        seen.booting = in_state(State::Booting);
        seen.seeking = in_state(State::Seeking);
        seen.waiting = in_state(State::Waiting);
        seen.backoff = in_state(State::Backoff);
        seen.online = in_state(State::Online);
        seen.demand = seen.booting + seen.seeking + seen.waiting + seen.backoff + seen.online;
        seen
    }

    /// The client's state changes: one event. A promotion is none.
    fn set_state(&mut self, client: usize, state: State) {
        self.counts.events += 1;
        self.clients[client].state = state;
    }

    /// The client is without a super node, and attempts to attach in the tick `due`.
    fn seeks(&mut self, client: usize, due: u64) {
        self.set_state(client, State::Seeking);
        self.clients[client].failures = 0;
        self.clients[client].due = due;
        self.clients[client].was_online = false;
    }

    fn becomes_absent(&mut self, client: usize) {
        self.detach(client);
        self.set_state(client, State::Absent);
        self.clients[client].absent_since = self.tick;
    }

    /// Its request was rejected, or it gave it up.
    fn login_fails(&mut self, client: usize) {
        self.set_state(client, State::Backoff);
        self.clients[client].failures += 1;
        self.clients[client].due = self.tick + self.backoff(self.clients[client].failures);
    }

    fn attach(&mut self, client: usize, supernode: usize) {
        self.clients[client].attached_to = Some(supernode);
        self.supernodes[supernode].children += 1;
    }

    /// Frees the slot that the client occupies, and ends its own service as a super node.
    fn detach(&mut self, client: usize) {
        if let Some(supernode) = self.clients[client].attached_to.take() {
            self.supernodes[supernode].children -= 1;
        }
        if let Some(supernode) = self.clients[client].serves_as.take() {
            self.supernodes[supernode].life = Life::Dying;
        }
    }

    fn becomes_supernode(&mut self, client: usize) {
        self.clients[client].state = State::Online;
        self.clients[client].serves_as = Some(self.supernodes.len());
        self.add_supernode(Some(client));
    }

    fn add_supernode(&mut self, owner: Option<usize>) {
        self.registry.push(self.supernodes.len());
        let new = SuperNode { owner, life: Life::Live, children: 0, probed_in_tick: 0, accepted_in_tick: 0 };
        self.supernodes.push(new);
    }

    fn live_supernodes(&self) -> u64 {
        self.registry.iter().filter(|&&s| self.supernodes[s].life == Life::Live).count() as u64
    }

    fn stale_addresses(&self) -> u64 {
        let stale = |&&supernode: &&usize| matches!(self.supernodes[supernode].life, Life::DeadSince(_));
        self.registry.iter().filter(stale).count() as u64
    }

    fn capacity_per_s(&self) -> f64 {
        self.now_in_force.login.capacity_per_s_per_million * self.now_in_force.population.clients as f64 / 1e6
    }

    /// How many ticks x seconds last.
    fn duration(&self, x_s: f64) -> u64 {
        (x_s / self.now_in_force.time.tick_s).ceil().max(1.0) as u64
    }

    /// Ticks to wait after failure number a = 1, 2, ….
    fn backoff(&mut self, a: u32) -> u64 {
        let retry = &self.now_in_force.retry;
        let b = (retry.base_s * retry.factor.powf(f64::from(a) - 1.0)).min(retry.cap_s);
        let delay_s = match retry.jitter {
            Jitter::None => b,
            Jitter::Full => b * self.rng.random::<f64>(),
            Jitter::Equal => b / 2.0 + b / 2.0 * self.rng.random::<f64>(),
        };
        self.duration(delay_s)
    }
}

/// A client before tick 0: its attributes, its restart, and whether it is present; the overlay comes after that.
fn draw_client(scenario: &Scenario, presence: &[f64], rng: &mut Xoshiro256PlusPlus) -> Client {
    let population = &scenario.population;
    let mut left = rng.random::<f64>();
    let mut region = 0;
    while region + 1 < population.regions.len() && left >= population.regions[region].share {
        left -= population.regions[region].share;
        region += 1;
    }
    let patched = rng.random_bool(scenario.updates.patched_fraction);
    let present = rng.random_bool(presence[region]);
    let exponential: f64 = rng.sample(Exp1);
    let residual_ticks = (exponential * scenario.presence.session_h * 3600.0 / scenario.time.tick_s).ceil().max(1.0);
    Client {
        region,
        eligible: rng.random_bool((1.0 - population.nat_fraction) * population.capable_fraction),
        restart_at: patched.then(|| restart_tick(scenario, region, rng)),
        state: if present { State::Seeking } else { State::Absent },
        session_ends: residual_ticks as u64,
        absent_since: 0,
        due: 0,
        failures: 0,
        attached_to: None,
        serves_as: None,
        request: 0,
        submitted_at: 0,
        was_online: false,
    }
}
