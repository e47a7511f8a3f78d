//! Where every client is: the state of the network, from which follows, with random numbers, how it goes on.

use super::absent::Absent;
use super::census::Census;
use super::login::LoginServer;
use super::overlay::Overlay;
use super::renewals::Renewals;
use super::tickets::{Attached, Unattached};
use super::wheel::Wheel;

/// Where every client is. It has no random numbers of its own: whoever changes it brings those that it needs.
#[derive(Default)]
pub(super) struct Network {
    /// How many clients are in each state.
    pub(super) census: Census,
    /// The absent ones.
    pub(super) absent: Absent,
    /// Clients of each region whose restart by the update is still to come.
    pub(super) pending: Vec<u32>,
    /// Boots that finish.
    pub(super) boots: Wheel<Unattached>,
    /// Attach attempts to come, of clients that failed and of orphans.
    pub(super) attach_retries: Wheel<Unattached>,
    /// Login requests to come, after a rejection or a time-out.
    pub(super) login_retries: Wheel<Attached>,
    /// The super nodes, with those that are online.
    pub(super) overlay: Overlay,
    /// Those that renew, or could not in time.
    pub(super) renewals: Renewals,
    /// The login server, with those that wait for it.
    pub(super) login: LoginServer,
}
