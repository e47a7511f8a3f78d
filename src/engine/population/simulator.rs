//! The workspace of a run.

use super::blow::Blow;
use super::clients::Class;
use super::network::Network;
use super::settings::Settings;
use super::streams::Streams;
use super::tickets::{Attached, Renewing, Unattached};
use crate::engine::laws::restarts::Restarts;
use crate::engine::observation::Counters;
use crate::parameters::{Intervention, Scenario};

/// The workspace of a run: all arrays, reused from run to run. One for each thread.
pub struct Simulator {
    /// The parameters that are in force, with the interventions so far.
    pub(super) scenario: Scenario,
    /// What follows from them.
    pub(super) settings: Settings,
    pub(super) streams: Streams,
    pub(super) network: Network,
    pub(super) restarts: Restarts,
    /// With their ticks.
    pub(super) shocks: Vec<(u32, Blow)>,
    /// Those to come, with their ticks, in order.
    pub(super) interventions: Vec<(u32, Intervention)>,
    pub(super) counters: Counters,
    /// The length of the login queue right after phase 6.
    pub(super) login_queue_before_service: u64,
    /// Clients attached in this tick whose login request is served in it for certain.
    pub(super) served_at_once: u32,
    /// Attach attempts of this tick.
    pub(super) attempts: Vec<Unattached>,
    /// Login requests of this tick.
    pub(super) requests: Vec<Attached>,
    /// Whether logins have to be renewed, or had to.
    pub(super) renews: bool,
    /// Requests of this tick of clients that renew.
    pub(super) renewal_requests: Vec<Renewing>,
    /// Online clients that begin to renew in this tick, and are served in it for certain.
    pub(super) renewed_at_once: u32,
    /// Classes of those whose machines restart in this tick.
    pub(super) restarting: Vec<Class>,
    /// Those that a shock disconnects.
    pub(super) disconnected: Vec<Unattached>,
    /// For each region, the probability of a restart in this tick; then the share of the strikes that hit there.
    pub(super) update_shares: Vec<f64>,
    /// Never take the short cut of `serve_at_once`.
    #[cfg(test)]
    pub(super) always_queues: bool,
}

impl Default for Simulator {
    fn default() -> Simulator {
        Simulator::new()
    }
}

impl Simulator {
    /// An empty workspace; the first run allocates it.
    pub fn new() -> Simulator {
        let scenario = Scenario::default();
        Simulator {
            settings: Settings::new(&scenario),
            scenario,
            streams: Streams::new(0),
            network: Network::default(),
            restarts: Restarts::default(),
            shocks: Vec::new(),
            interventions: Vec::new(),
            counters: Counters::default(),
            login_queue_before_service: 0,
            served_at_once: 0,
            attempts: Vec::new(),
            requests: Vec::new(),
            renews: false,
            renewal_requests: Vec::new(),
            renewed_at_once: 0,
            restarting: Vec::new(),
            disconnected: Vec::new(),
            update_shares: Vec::new(),
            #[cfg(test)]
            always_queues: false,
        }
    }

    /// Takes over the parameters that are in force: at the start of a run, and when an intervention has changed them.
    pub(super) fn apply_parameters(&mut self) {
        self.settings = Settings::new(&self.scenario);
        self.renews |= self.settings.renewal_probability > 0.0;
        let (settings, network) = (&self.settings, &mut self.network);
        let (login, tick_s) = (&self.scenario.login, self.scenario.time.tick_s);
        network.absent.set_law(settings.presence);
        network.login.set_capacity(settings.capacity_per_s, login.queue_limit_s, tick_s);
        network.login.set_losses(login.degradation, login.rejection_cost);
        network.overlay.set_accept_limit(settings.accept_limit);
        network.overlay.add_dedicated(settings.dedicated_supernodes);
    }
}
