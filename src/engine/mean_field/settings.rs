//! What follows from the parameters and has no memory, in shares of the population.

use super::boots::BootLaw;
use super::delays::TickLaw;
use super::poisson::MEAN_MAX;
use crate::engine::laws::login::{after_rejections, capacity_left, renewal_probability};
use crate::engine::laws::presence::PresenceLaw;
use crate::engine::laws::time::duration_ticks;
use crate::engine::laws::{delays, overlay};
use crate::parameters::{Login, Scenario};

/// What the login server can take and serve, in requests per client.
#[derive(Debug, Clone, Copy)]
pub(super) struct LoginServer {
    /// Requests that it serves in a tick, with an empty queue.
    capacity: f64,
    /// Requests that the queue holds; infinite without a limit.
    pub(super) limit: f64,
    degradation: f64,
    rejection_cost: f64,
}

impl LoginServer {
    pub(super) fn new(login: &Login, tick_s: f64) -> LoginServer {
        let per_s = login.capacity_per_s_per_million / 1e6;
        let limits = per_s.is_finite() && login.queue_limit_s.is_finite();
        LoginServer {
            capacity: per_s * tick_s,
            limit: if limits { login.queue_limit_s * per_s } else { f64::INFINITY },
            degradation: login.degradation,
            rejection_cost: login.rejection_cost,
        }
    }

    /// Service slots of a tick with a queue of this length after its requests, and so many rejections.
    pub(super) fn slots(&self, queue: f64, rejections: f64) -> f64 {
        // A queue that holds nothing is full.
        let limit = self.limit.is_finite().then_some(self.limit.max(f64::MIN_POSITIVE));
        let left = self.capacity * capacity_left(self.degradation, queue, limit);
        after_rejections(left, self.rejection_cost, rejections)
    }

    /// Whether so many requests that find an empty queue are all served in their tick.
    pub(super) fn serves_at_once(&self, requests: f64) -> bool {
        requests <= self.limit && requests <= self.slots(requests, 0.0)
    }
}

/// Values computed from the parameters that are in force; see the population's settings, of which these are the limit
/// for ever more clients: where those count clients or super nodes, these have shares of the population, and nothing is
/// rounded to whole ones.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) presence: PresenceLaw,
    /// Probability that a session ends within a tick.
    pub(super) session_end: f64,
    /// Probability that a machine that has booted starts the client.
    pub(super) autostart: f64,
    pub(super) boots: BootLaw,
    pub(super) notice: TickLaw,
    /// The delays after the first, second, … failure in a row; the last one holds for all later ones.
    backoffs: Vec<TickLaw>,
    /// Failures in a row that are told apart: as many as matter with any of the delays of this run.
    pub(super) failures_max: usize,
    /// After how many failures in a row a client leaves; `None`: never.
    pub(super) give_up_after: Option<usize>,
    pub(super) stale_ticks: u32,
    pub(super) accept_limit: usize,
    /// Overload protection: from how many probes in a tick on, and the probability to shut down then.
    pub(super) overload: Option<(usize, f64)>,
    pub(super) healing_probability: f64,
    /// Super nodes of the operator, a share of the population.
    pub(super) dedicated: f64,
    /// After how many ticks one that failed is back; `None`: never.
    pub(super) dedicated_restart_ticks: Option<u32>,
    /// Share of the attach attempts that are admitted.
    pub(super) admission: f64,
    pub(super) login: LoginServer,
    pub(super) timeout_ticks: u32,
    /// Probability that an online client begins to renew within a tick.
    pub(super) renewal_probability: f64,
    pub(super) grace_ticks: u32,
}

impl Settings {
    /// The values that follow from a scenario.
    pub(super) fn new(scenario: &Scenario, failures_max: usize) -> Settings {
        let tick_s = scenario.time.tick_s;
        let ticks = scenario.ticks() as u32;
        let presence = PresenceLaw::new(&scenario.presence);
        let clients = scenario.population.clients;
        let overlay = &scenario.overlay;
        let dedicated = overlay::dedicated_supernodes(overlay.dedicated_per_million, clients) / clients as f64;
        let restart_s = overlay.dedicated_restart_s;
        Settings {
            presence,
            session_end: -libm::expm1(-presence.end_hazard(tick_s / 3600.0)),
            autostart: scenario.updates.autostart_probability,
            boots: BootLaw::new(&scenario.updates, tick_s, ticks),
            notice: TickLaw::new(delays::notice(&scenario.overlay), tick_s),
            backoffs: delays::backoffs(&scenario.retry).map(|law| TickLaw::new(law, tick_s)).collect(),
            failures_max,
            give_up_after: give_up_after(scenario),
            stale_ticks: duration_ticks(scenario.overlay.stale_ttl_s, tick_s),
            accept_limit: overlay::accept_limit(&scenario.overlay, tick_s) as usize,
            overload: overload(scenario),
            healing_probability: overlay::healing_probability(&scenario.overlay, tick_s),
            dedicated: if overlay.bypass { 0.0 } else { dedicated },
            dedicated_restart_ticks: restart_s.is_finite().then(|| duration_ticks(restart_s, tick_s)),
            admission: overlay.admission,
            login: LoginServer::new(&scenario.login, tick_s),
            timeout_ticks: duration_ticks(scenario.login.timeout_s, tick_s),
            renewal_probability: renewal_probability(&scenario.login, tick_s),
            grace_ticks: duration_ticks(scenario.login.grace_s, tick_s),
        }
    }

    /// The delay after so many failures in a row, at least one.
    pub(super) fn backoff(&self, failures: usize) -> &TickLaw {
        &self.backoffs[failures.min(self.backoffs.len()) - 1]
    }

    /// The longest that anybody waits for an attempt or a request, ticks; at most the length of the run.
    pub(super) fn longest_wait_ticks(&self, ticks: u32) -> u32 {
        let laws = self.backoffs.iter().chain([&self.notice]);
        laws.map(|law| law.ends_after().unwrap_or(u32::MAX)).max().unwrap_or(0).min(ticks)
    }
}

/// How many failures in a row matter: from the last delay on that differs from the one before, or until clients give up,
/// with the parameters of the scenario and with those that its interventions set.
pub(super) fn failures_that_matter(scenario: &Scenario) -> usize {
    let of = |in_force: Scenario| delays::backoffs(&in_force.retry).count().max(give_up_after(&in_force).unwrap_or(0));
    scenario.versions().map(of).max().unwrap_or(1)
}

fn give_up_after(scenario: &Scenario) -> Option<usize> {
    Some(scenario.retry.give_up_after as usize).filter(|&most| most > 0)
}

/// Whether nobody ever waits longer than so many ticks for an attempt or a request.
pub(super) fn waits_end_within(scenario: &Scenario, ticks: u32) -> bool {
    let longest_s = (f64::from(ticks) - 2.0) * scenario.time.tick_s;
    let waits = |in_force: &Scenario| {
        let notice = delays::notice(&in_force.overlay);
        delays::backoffs(&in_force.retry).chain([notice]).all(|law| law.high_s <= longest_s)
    };
    scenario.versions().all(|in_force| waits(&in_force))
}

fn overload(scenario: &Scenario) -> Option<(usize, f64)> {
    let most = overlay::overload_probes(&scenario.overlay, scenario.time.tick_s);
    let probability = scenario.overlay.overload_shutdown_probability;
    // Nobody is probed as often as that.
    (most < MEAN_MAX && probability > 0.0).then(|| (most.floor() as usize + 1, probability))
}
