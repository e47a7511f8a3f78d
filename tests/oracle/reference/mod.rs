//! The model once more, written for obviousness alone: every client is visited in every tick, and each phase is a
//! function in the order of the model's page. What the kernel has in place of each: `docs/kernel.md`.
//!
//! It shares no code with `critmass::engine::population` but the types of the scenario and of the rows, and was written from
//! the page alone. Where the page can be read in more than one way, a comment that starts with `Reading:` names the
//! question and the answer. Three of these were settled only when the first comparison showed that the kernel had
//! another answer, which the page supports as well or better: how short an absence can be, how many eligible clients
//! serve at the start beside dedicated super nodes, and when the address of one that shuts down becomes stale.

mod login;
mod overlay;

use std::collections::VecDeque;

use critmass::engine::Run;
use critmass::parameters::{Jitter, Scenario};
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
    /// It is Online, and renews its login.
    renewal: Option<Renewal>,
}

#[derive(Debug, Clone, Copy)]
struct Renewal {
    began: u64,
    /// Whether its latest request is one that it waits for. If not, the next one is due.
    waiting: bool,
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
    /// The operator's super nodes, those that failed included.
    dedicated: u64,
    /// When those that failed are back.
    dedicated_back_at: Vec<u64>,
    /// What everybody is attached to where there is no overlay: a super node that is in no registry.
    no_overlay: Option<usize>,
    queue: VecDeque<Request>,
    requests_ever: u64,
    /// Accumulated capacity that was not yet turned into service slots.
    capacity_carried: f64,
    /// Rejections in this tick, and the length of the queue after them, as a share of its limit.
    rejections: u64,
    queue_share: f64,
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
        engine.dedicated_that_are_back();
        engine.boots_that_finish();
        engine.renewals_that_begin();
        engine.deaths_and_stale_addresses();
        engine.attach_attempts();
        engine.requests_enter();
        engine.service();
        engine.time_outs();
        engine.grace_ends();
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
            dedicated_back_at: Vec::new(),
            no_overlay: None,
            queue: VecDeque::new(),
            requests_ever: 0,
            capacity_carried: 0.0,
            rejections: 0,
            queue_share: 0.0,
            counts: Tick::default(),
        };
        engine.dedicated_supernodes();
        engine.initial_overlay();
        engine.counts = Tick::default();
        engine
    }

    /// From the start of the tick on the parameters have their new values.
    fn interventions(&mut self, scenario: &Scenario) {
        for intervention in &scenario.interventions {
            if nearest_tick(intervention.at_h, scenario) == self.tick {
                if intervention.flush {
                    self.queue.clear();
                }
                for (parameter, value) in intervention.values(scenario) {
                    parameter.set(&mut self.now_in_force, &value).expect("the scenario was checked");
                }
            }
        }
        self.dedicated_supernodes();
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
                let region = &self.now_in_force.population.regions[self.clients[client].region].name;
                if !shock.regions.is_empty() && !shock.regions.contains(region) {
                    continue;
                }
                let serves = self.clients[client].serves_as.is_some();
                let probability = if serves { shock.supernode_fraction } else { shock.client_fraction };
                if self.rng.random_bool(probability) {
                    self.restart(client);
                } else if self.clients[client].attached_to.is_some() && self.rng.random_bool(shock.disconnect_fraction)
                {
                    self.becomes_orphan(client);
                }
            }
            self.dedicated_fail(shock.dedicated_fraction);
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
        self.clients[client].renewal = None;
        let updates = &self.now_in_force.updates;
        let normal: f64 = self.rng.sample(StandardNormal);
        let boot_s = updates.boot_median_s * libm::exp(updates.boot_sigma * normal);
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

    /// Phase 3. Reading: a dedicated super node that is back has a new address besides its stale one, as a machine that
    /// is promoted again.
    fn dedicated_that_are_back(&mut self) {
        let back = self.dedicated_back_at.iter().filter(|&&at| at == self.tick).count();
        (0..back).for_each(|_| self.add_supernode(None));
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
        self.clients[client].renewal = None;
    }

    /// One more failure in a row, in either step or in a renewal, may have been one too many.
    fn may_give_up(&mut self, client: usize) {
        let most = self.now_in_force.retry.give_up_after;
        if most > 0 && u64::from(self.clients[client].failures) >= most {
            self.becomes_absent(client);
        }
    }

    fn becomes_absent(&mut self, client: usize) {
        self.clients[client].renewal = None;
        self.detach(client);
        self.set_state(client, State::Absent);
        self.clients[client].absent_since = self.tick;
    }

    /// How many ticks x seconds last.
    fn duration(&self, x_s: f64) -> u64 {
        (x_s / self.now_in_force.time.tick_s).ceil().max(1.0) as u64
    }

    /// The tick that comes x seconds from now; an infinite time never ends.
    fn after(&self, x_s: f64) -> u64 {
        self.tick.saturating_add(self.duration(x_s))
    }

    /// Ticks to wait after failure number a = 1, 2, ….
    fn backoff(&mut self, a: u32) -> u64 {
        let retry = &self.now_in_force.retry;
        let b = (retry.base_s * libm::pow(retry.factor, f64::from(a) - 1.0)).min(retry.cap_s);
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
        renewal: None,
    }
}
