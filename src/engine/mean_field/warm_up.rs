//! The network before anything happens to it, kept for the next run.
//!
//! Before the release, the shocks and the trigger, runs that differ only in what comes later are the same, to the bit. So
//! a workspace keeps the state of its last run at that tick, and a run that begins alike goes on from there. What is
//! returned is what it would be without.

use super::renewals::Shape;
use super::settings::{LoginServer, failures_that_matter, waits_end_within};
use super::solver::Running;
use super::state::{State, has_dedicated};
use crate::engine::laws::time::nearest_tick;
use crate::engine::observation::Observation;
use crate::parameters::{Login, Outage, Scenario, Updates};

/// A state that was kept, and what it holds for.
pub(super) struct WarmUp {
    key: Key,
    /// Parameters of the login server with which it was computed.
    login: Login,
    /// The most login requests of a tick, if each of them was served at once.
    asked_most: Option<f64>,
    state: State,
    observation: Observation,
}

/// All that a run depends on before the tick of the fork, but for the login server.
#[derive(Debug, Clone, PartialEq)]
struct Key {
    fork: u32,
    failures_max: usize,
    has_dedicated: bool,
    /// How those who renew are told apart.
    renewals: Option<Shape>,
    scenario: Scenario,
}

impl Key {
    fn new(scenario: &Scenario) -> Key {
        let fork = fork(scenario);
        let mut before = scenario.clone();
        before.login = Scenario::default().login;
        before.login.relogin_after_orphaning = scenario.login.relogin_after_orphaning;
        before.login.renewal_s = scenario.login.renewal_s;
        before.updates = Updates { release_h: scenario.updates.release_h, ..Scenario::default().updates };
        before.outage = Outage { trigger_h: scenario.trigger_h(), ..Scenario::default().outage };
        before.shocks.clear();
        // How long the run is decides before the fork what waits are beyond its end, and nothing else.
        if waits_end_within(scenario, scenario.ticks() as u32) {
            before.time.horizon_h = Scenario::default().time.horizon_h;
        }
        before.interventions.retain(|change| nearest_tick(change.at_h, scenario.time.tick_s) < fork);
        Key {
            fork,
            failures_max: failures_that_matter(scenario),
            has_dedicated: has_dedicated(scenario),
            renewals: Shape::of(scenario),
            scenario: before,
        }
    }
}

/// The first tick in which something may happen that is not among what is compared.
pub(super) fn fork(scenario: &Scenario) -> u32 {
    let tick_s = scenario.time.tick_s;
    let shocks = scenario.shocks.iter().map(|shock| shock.at_h);
    let first_h = shocks.chain([scenario.updates.release_h, scenario.trigger_h()]).fold(f64::INFINITY, f64::min);
    nearest_tick(first_h, tick_s)
}

impl WarmUp {
    /// Keeps the state of a run of this scenario at the start of the tick of its fork.
    pub(super) fn keep(scenario: &Scenario, run: &Running, observation: &Observation) -> WarmUp {
        WarmUp {
            key: Key::new(scenario),
            login: scenario.login.clone(),
            asked_most: run.asked_most,
            state: run.state.clone(),
            observation: observation.clone(),
        }
    }

    /// Whether a run of this scenario begins like the one whose state was kept.
    fn is_of(&self, scenario: &Scenario) -> bool {
        let serves_at_once = || {
            let changes_login = self.key.scenario.interventions.iter().flat_map(|change| &change.settings);
            let server = LoginServer::new(&scenario.login, scenario.time.tick_s);
            self.asked_most.is_some_and(|asked| server.serves_at_once(asked))
                && changes_login.into_iter().all(|(parameter, _)| parameter.group() != "login")
        };
        (self.login == scenario.login || serves_at_once()) && self.key == Key::new(scenario)
    }

    /// A run of this scenario at the start of the tick of its fork, if the state that was kept is that of its beginning;
    /// with that tick.
    pub(super) fn resume(&self, scenario: &Scenario, observation: &mut Observation) -> Option<(Running, u32)> {
        if !self.is_of(scenario) {
            return None;
        }
        let mut state = self.state.clone();
        let fork = self.key.fork;
        observation.adopt(&self.observation);
        let mut run = Running::with(scenario, |_, settings| {
            // Nobody boots yet, but it may take longer now.
            state.boots = state.boots.emptied(settings.boots.longest_ticks());
            state
        });
        // Those before it are set anew; what they did once is done in the state.
        let earlier = run.interventions.iter_mut().filter(|(tick, _)| *tick < fork);
        earlier.for_each(|(_, change)| change.flush = false);
        if fork > 0 {
            run.interventions(fork - 1);
        }
        Some((run, fork))
    }
}
