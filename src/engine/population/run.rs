//! A run, tick by tick: the ten phases of a tick, from which the rest of the population can be read.

use super::clients::State;
use super::simulator::Simulator;
use crate::engine::laws::time::nearest_tick;
use crate::engine::observation::{Observation, Sizes};
use crate::engine::{Engine, Request, Run};
use crate::parameters::Scenario;

/// Ticks from one count of the fullest super node's children to the next.
const COUNT_MAXIMA_TICKS: u32 = 4096;

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
            // Phase 10.
            let counters = || self.counters.map(|count| count as f64);
            let requests = self.counters.login_requests as f64;
            observation.observe(now, &self.snapshot(), requests, now + 1 == ticks, counters);
        }
        let (outcome, trace) = observation.finish(scenario, ticks, self.network.census.events as f64);
        Some(Run { outcome, trace })
    }
}

impl Simulator {
    /// Phases 1 to 9 of tick `now`, in the order of model.md ("Order inside a tick"), but for two things that are
    /// explained where they happen: phase 4 comes before phase 3, and phases 6 and 7 are one where nothing can be
    /// refused.
    pub(super) fn tick(&mut self, now: u32) {
        self.advance(now);
        self.interventions(now);
        // 1
        self.restarts_and_shocks(now);
        // 2
        self.sessions(now);
        // 4: deaths come before the timers that are due, so that the ticket of an orphan is void when it is met. That is
        // the same as the order of model.md, in which the orphan would lose the request that it had just made.
        self.deaths_and_stale_addresses(now);
        // 3
        self.timers(now);
        let renewals = if self.renews { self.renewals_that_begin() } else { 0 };
        let serves_at_once = self.serves_at_once(renewals);
        if serves_at_once {
            self.renewed_at_once = renewals;
        } else {
            self.begin_renewals(now, renewals);
        }
        // 5
        self.attach_attempts(serves_at_once);
        self.overload_protection(now);
        debug_assert_eq!(self.requests.len(), self.network.census.count(State::Requesting) as usize);
        // 6 and 7: where the queue is empty, and has room and slots for every request of this tick, no order matters.
        if serves_at_once {
            self.serve_at_once();
        } else {
            let slots = self.requests_enter(now);
            self.service(slots);
        }
        // 8
        self.time_outs(now);
        if self.renews {
            self.grace_ends(now);
        }
        // 9
        self.promotions();
        self.debug_assert_end_of_tick();
    }

    /// Moves the wheels on, to the start of tick `now`.
    fn advance(&mut self, now: u32) {
        self.network.boots.advance(now);
        self.network.attach_retries.advance(now);
        self.network.login_retries.advance(now);
        self.network.renewals.retries.advance(now);
        if now.is_multiple_of(COUNT_MAXIMA_TICKS) {
            self.network.overlay.count_maxima();
        }
    }

    /// The network as it is seen at the end of a tick, in phase 10.
    pub(super) fn snapshot(&self) -> Sizes {
        let (census, overlay, login) = (&self.network.census, &self.network.overlay, &self.network.login);
        Sizes {
            demand: census.demand().into(),
            online: census.online().into(),
            booting: census.count(State::Booting).into(),
            seeking: census.count(State::Seeking).into(),
            waiting: census.count(State::Waiting).into(),
            backoff: census.count(State::Backoff).into(),
            supernodes: overlay.visible().into(),
            stale_addresses: overlay.stale() as f64,
            login_queue: login.length() as f64,
            login_queue_before_service: self.login_queue_before_service as f64,
        }
    }

    /// What must hold between two ticks, as far as it is cheap to see; the tests of `invariants` see the rest.
    fn debug_assert_end_of_tick(&self) {
        let (census, overlay) = (&self.network.census, &self.network.overlay);
        debug_assert!(self.attempts.is_empty() && self.requests.is_empty() && self.restarting.is_empty());
        debug_assert!(self.renewal_requests.is_empty() && self.renewed_at_once == 0);
        debug_assert_eq!((census.count(State::Requesting), self.served_at_once), (0, 0));
        debug_assert_eq!(
            u64::from(census.demand()) + u64::from(census.count(State::Absent)),
            self.scenario.population.clients
        );
        debug_assert_eq!(overlay.live() - overlay.dedicated(), census.count(State::SuperNode));
        debug_assert!(overlay.eligible() <= census.count(State::Online) && overlay.accepting() <= overlay.live());
        let login = &self.network.login;
        debug_assert!(u64::from(census.count(State::Waiting)) <= login.length() + login.flushed());
    }
}
