//! What follows from the parameters and has no memory.

use super::backoff::Backoff;
use super::delay::Delay;
use crate::engine::laws::presence::PresenceLaw;
use crate::engine::laws::time::duration_ticks;
use crate::engine::laws::{delays, login, overlay};
use crate::parameters::Scenario;

/// Children of a host, where there is no overlay: as many as can be counted in 8 bits.
pub(super) const HOST_SLOTS: u64 = 255;

/// Values computed from the parameters that are in force.
///
/// There is one way to get them, [`Settings::new`], for the start of a run and for every intervention. So whatever a
/// phase reads, here or in the scenario itself, is up to date, and a parameter that is opened to interventions takes
/// effect without anything else to be done. Only what is drawn at the start of a run is not among them: the attributes of
/// the clients, their restart times, and who is where.
pub(super) struct Settings {
    /// Sessions that begin and end.
    pub(super) presence: PresenceLaw,
    /// The hazard with which a session ends, integrated over a tick.
    pub(super) session_end_hazard: f64,
    /// When a client notices that its super node has died.
    pub(super) notice: Delay,
    /// When a client tries again after a failure.
    pub(super) backoff: Backoff,
    /// Ticks for which a stale address stays.
    pub(super) stale_ticks: u32,
    /// Clients that a super node accepts in a tick at most.
    pub(super) accept_limit: u32,
    /// A super node that is probed more often in a tick is overloaded; infinite without overload protection.
    pub(super) overload_probes: f64,
    /// Probability that a promotion that is wanted takes place within a tick.
    pub(super) healing_probability: f64,
    /// Super nodes of the operator; without an overlay, hosts of numbers of children, which nobody sees.
    pub(super) dedicated_supernodes: u32,
    /// Ticks after which a super node of the operator that failed is back.
    pub(super) dedicated_restart_ticks: u32,
    /// Requests that the login server serves per second.
    pub(super) capacity_per_s: f64,
    /// Probability that an online client that does not renew its login begins to within a tick.
    pub(super) renewal_probability: f64,
    /// Ticks for which a client that renews stays online.
    pub(super) grace_ticks: u32,
    /// Ticks after which a request times out.
    pub(super) timeout_ticks: u32,
}

impl Settings {
    /// The values that follow from a scenario.
    pub(super) fn new(scenario: &Scenario) -> Settings {
        let tick_s = scenario.time.tick_s;
        let presence = PresenceLaw::new(&scenario.presence);
        Settings {
            presence,
            session_end_hazard: presence.end_hazard(tick_s / 3600.0),
            notice: Delay::new(delays::notice(&scenario.overlay), tick_s),
            backoff: Backoff::new(&scenario.retry, tick_s),
            stale_ticks: duration_ticks(scenario.overlay.stale_ttl_s, tick_s),
            accept_limit: overlay::accept_limit(&scenario.overlay, tick_s),
            overload_probes: overlay::overload_probes(&scenario.overlay, tick_s),
            healing_probability: overlay::healing_probability(&scenario.overlay, tick_s),
            dedicated_supernodes: dedicated_supernodes(scenario),
            dedicated_restart_ticks: duration_ticks(scenario.overlay.dedicated_restart_s, tick_s),
            capacity_per_s: login::capacity_per_s(&scenario.login, &scenario.population),
            renewal_probability: login::renewal_probability(&scenario.login, tick_s),
            grace_ticks: duration_ticks(scenario.login.grace_s, tick_s),
            timeout_ticks: duration_ticks(scenario.login.timeout_s, tick_s),
        }
    }
}

/// Super nodes of the operator. Their number is bounded: more would not fit into memory, as
/// [`memory_estimate_bytes`](super::memory_estimate_bytes) says.
///
/// Without an overlay it is a number of hosts with room for everybody: who is attached has to be one of a number
/// somewhere, and where does not matter.
pub(super) fn dedicated_supernodes(scenario: &Scenario) -> u32 {
    let clients = scenario.population.clients;
    if scenario.overlay.bypass {
        return clients.div_ceil(HOST_SLOTS) as u32;
    }
    let most = f64::from(1u32 << 30) - 1.0 - clients as f64;
    overlay::dedicated_supernodes(scenario.overlay.dedicated_per_million, clients).clamp(0.0, most) as u32
}
