//! The workspace of the engine, and a run of it.

use super::chance::Chance;
use super::classes::{ALL_CELLS, Pair, REGIONS, ZERO};
use super::poisson::Poisson;
use super::set_up::set_up;
use super::settings::{Settings, failures_that_matter};
use super::state::State;
use super::warm_up::{WarmUp, fork};
use crate::engine::laws::restarts::Restarts;
use crate::engine::laws::time::nearest_tick;
use crate::engine::observation::{Observation, Sizes};
use crate::engine::{Engine, Request, Run};
use crate::parameters::{Intervention, Scenario, Shock};

/// An engine that follows shares of the population; see [`super`].
#[derive(Default)]
pub struct Solver {
    /// Whether there is the chance of as many clients as there are.
    is_noisy: bool,
    /// How the last run began.
    warm_up: Option<WarmUp>,
}

/// A run under way.
pub(super) struct Running {
    /// The parameters in force: those of the scenario, with the interventions so far.
    pub(super) scenario: Scenario,
    pub(super) settings: Settings,
    pub(super) state: State,
    pub(super) restarts: Restarts,
    pub(super) chance: Chance,
    /// The tick of the release.
    pub(super) release: u32,
    pub(super) shocks: Vec<(u32, Shock)>,
    /// By tick.
    pub(super) interventions: Vec<(u32, Intervention)>,
    /// The most login requests of a tick so far, if each was served at once.
    pub(super) asked_most: Option<f64>,
    pub(super) scratch: Scratch,
}

/// What the phases of a tick hand to each other, and what they compute in.
#[derive(Default)]
pub(super) struct Scratch {
    /// Clients that seek their first super node in this tick: sessions that began, and machines that booted.
    pub(super) fresh: Vec<Pair>,
    /// Clients, by cell.
    pub(super) members: Vec<Pair>,
    /// Children, by cell.
    pub(super) children: Vec<Pair>,
    /// What came due of the attempts, of those of clients that need no login, and of the requests; scaled.
    pub(super) due: Vec<Pair>,
    pub(super) due_remembered: Vec<Pair>,
    pub(super) due_requests: Vec<Pair>,
    /// Children that lost their super node in this tick, and those of them that need no login; and the share of each cell
    /// of a child that did.
    pub(super) orphans: Vec<Pair>,
    pub(super) remembered: Vec<Pair>,
    pub(super) lost: Vec<f64>,
    /// Which share of each cell's sessions ends in this tick, super nodes aside.
    pub(super) ends: Vec<f64>,
    /// How likely the update is to come in this tick, by cell, and whom it or a shock strikes.
    pub(super) update: Vec<f64>,
    pub(super) struck: Vec<Pair>,
    /// Clients that were attached in this tick and request a login, by cell of a child.
    pub(super) attached: Vec<Pair>,
    /// Online clients that begin to renew in this tick, likewise.
    pub(super) begun: Vec<Pair>,
    /// Masses that fail for the first time; scaled.
    pub(super) failed: Vec<Pair>,
    /// Owners before the tick: of those whose update is not to come, and of the others.
    pub(super) owners_before: [f64; 2],
    /// The shares of the owners whose super nodes shut down in this tick, likewise.
    pub(super) shut_down: [f64; 2],
    /// The share of the dedicated super nodes that has not failed in this tick.
    pub(super) dedicated_alive: f64,
    /// Clients that were promoted in the last tick: their super nodes hear of it in the next one.
    pub(super) promoted: f64,
    /// Children that gave up in the last tick, likewise.
    pub(super) slots_left: f64,
    pub(super) with_room: Vec<f64>,
    pub(super) coefficients: Vec<f64>,
    pub(super) probes: Poisson,
}

impl Solver {
    /// A workspace.
    pub fn new() -> Solver {
        Solver::default()
    }

    /// A workspace for runs with the chance of as many clients as there are: see [`super::chance`].
    pub fn with_noise() -> Solver {
        Solver { is_noisy: true, warm_up: None }
    }
}

impl Engine for Solver {
    fn run(&mut self, scenario: &Scenario, seed: u64, request: &Request<'_>) -> Option<Run> {
        let ticks = scenario.ticks() as u32;
        let trace_every = request.trace_every_s.map(|s| nearest_tick(s / 3600.0, scenario.time.tick_s).max(1));
        let (run, observation) = self.go(scenario, seed, trace_every, |_, _| request.is_stopped())?;
        let events = run.state.events * scenario.population.clients as f64;
        let (outcome, trace) = observation.finish(scenario, ticks, events);
        Some(Run { outcome, trace })
    }
}

impl Solver {
    /// Whether a scenario that passed [`Scenario::check`] and [`super::check`] ends in an outage: what
    /// [`Engine::run`] returns with the seed 0, as soon as it is known.
    pub fn has_outage(&mut self, scenario: &Scenario) -> bool {
        self.outage_known_h(scenario).is_some()
    }

    /// The hour of the run at which it is known that it has an outage; `None` if it has none.
    pub fn outage_known_h(&mut self, scenario: &Scenario) -> Option<f64> {
        let ticks = scenario.ticks() as u32;
        let (mut outage, mut tick) = (None, ticks);
        self.go(scenario, 0, None, |observation, now| {
            (outage, tick) = (observation.outage(scenario, ticks - now), now);
            outage.is_some()
        });
        outage.unwrap_or(false).then(|| f64::from(tick) * scenario.time.tick_s / 3600.0)
    }

    /// Makes a run until it ends, or until `stops` says so at the start of a tick, or after the last one; then there is
    /// none.
    fn go(
        &mut self,
        scenario: &Scenario,
        seed: u64,
        trace_every: Option<u32>,
        mut stops: impl FnMut(&Observation, u32) -> bool,
    ) -> Option<(Running, Observation)> {
        let clients = scenario.population.clients as f64;
        let ticks = scenario.ticks() as u32;
        let fork = fork(scenario);
        let chance = || if self.is_noisy { Chance::of(seed, scenario.population.clients) } else { Chance::default() };
        let mut observation = Observation::new(scenario, trace_every, &Sizes::default());
        // A trace needs all ticks.
        let kept = self.warm_up.as_ref().filter(|_| trace_every.is_none());
        let (mut run, from) = kept.and_then(|kept| kept.resume(scenario, &mut observation)).unwrap_or_else(|| {
            let run = Running::new(scenario, chance());
            observation = Observation::new(scenario, trace_every, &run.state.sizes().times(clients));
            (run, 0)
        });
        for now in from..ticks {
            // With chance no two runs begin alike.
            if now == fork && from < fork && !run.chance.is_there() {
                // The other one goes first: there are never more than two states.
                self.warm_up = None;
                self.warm_up = Some(WarmUp::keep(scenario, &run, &observation));
            }
            if stops(&observation, now) {
                return None;
            }
            let sizes = run.tick(now);
            let shares = &run.state.counters;
            let counters = || shares.map(|share| share * clients);
            let requests = shares.login_requests * clients;
            observation.observe(now, &sizes.times(clients), requests, now + 1 == ticks, counters);
        }
        if stops(&observation, ticks) { None } else { Some((run, observation)) }
    }
}

impl Running {
    /// The network before tick 0.
    pub(super) fn new(scenario: &Scenario, mut chance: Chance) -> Running {
        let ticks = scenario.ticks() as u32;
        let mut run = Running::with(scenario, |scenario, settings| {
            set_up(scenario, settings, settings.longest_wait_ticks(ticks), &mut chance)
        });
        run.chance = chance;
        run
    }

    /// A run of a scenario in some state.
    pub(super) fn with(scenario: &Scenario, state: impl FnOnce(&Scenario, &Settings) -> State) -> Running {
        let tick_s = scenario.time.tick_s;
        let settings = Settings::new(scenario, failures_that_matter(scenario));
        let mut restarts = Restarts::default();
        restarts.reset(&scenario.updates, &scenario.population.regions, tick_s);
        let at_tick = |(_, change): (_, &Intervention)| (nearest_tick(change.at_h, tick_s), change.resolved(scenario));
        let state = state(scenario, &settings);
        let mut run = Running {
            scenario: scenario.clone(),
            settings,
            state,
            restarts,
            chance: Chance::default(),
            release: nearest_tick(scenario.updates.release_h, tick_s),
            shocks: scenario.shocks.iter().map(|shock| (nearest_tick(shock.at_h, tick_s), shock.clone())).collect(),
            interventions: scenario.interventions_in_order().map(at_tick).collect(),
            asked_most: Some(0.0),
            scratch: Scratch::default(),
        };
        run.scratch.attached.resize(run.state.online.len(), ZERO);
        run
    }

    /// Takes over the parameters that are in force from the start of tick `now` on.
    pub(super) fn apply_parameters(&mut self, now: u32) {
        let ticks = self.scenario.ticks() as u32;
        self.settings = Settings::new(&self.scenario, self.settings.failures_max);
        let longest = self.settings.longest_wait_ticks(ticks);
        let state = &mut self.state;
        let banks = [&mut state.seeking, &mut state.backoff].into_iter().chain(&mut state.remembered);
        banks.for_each(|bank| bank.reach(longest, now));
        state.renewals.iter_mut().for_each(|renewals| renewals.reach(longest, now));
        state.supernodes[2].add(0, self.settings.dedicated - state.dedicated);
        state.dedicated = state.dedicated.max(self.settings.dedicated);
    }

    /// Phases 1 to 9 of tick `now`, in the order of the model. Returns the network at its end, in shares.
    pub(super) fn tick(&mut self, now: u32) -> Sizes {
        self.interventions(now);
        if now == self.release {
            self.state.deal(self.scenario.updates.patched_fraction);
        }
        match self.state.shape() {
            REGIONS => self.phases::<REGIONS>(now),
            ALL_CELLS => self.phases::<ALL_CELLS>(now),
            _ => self.phases::<0>(now),
        }
    }

    /// The phases after it. `CELLS` is what [`State::shape`] says.
    fn phases<const CELLS: usize>(&mut self, now: u32) -> Sizes {
        self.restarts_and_shocks(now);
        self.sessions::<CELLS>(now);
        self.timers::<CELLS>(now);
        self.deaths_and_stale_addresses::<CELLS>(now);
        self.state.rescale();
        self.renewals_begin();
        self.attach_attempts::<CELLS>(now);
        self.login(now);
        self.time_outs(now);
        self.grace_ends(now);
        let gives_up = self.settings.give_up_after.is_some();
        self.scratch.slots_left = if gives_up { self.state.those_who_gave_up() } else { 0.0 };
        let mut sizes = self.state.sizes();
        self.promotions::<CELLS>(&sizes);
        sizes.supernodes += self.scratch.promoted;
        sizes
    }
}
