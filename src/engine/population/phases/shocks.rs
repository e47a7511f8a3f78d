//! Phase 1: shocks. Machines crash, dedicated super nodes fail, clients lose their connection.

use rand_xoshiro::rand_core::Rng;

use crate::engine::population::blow::Blow;
use crate::engine::population::clients::{Class, State};
use crate::engine::population::network::Network;
use crate::engine::population::simulator::Simulator;
use crate::engine::population::strikes::{Strike, Struck};
use crate::engine::population::tickets::Unattached;
use crate::random::{Stream, chance};

/// A shock makes machines crash, and connections break.
struct Crash<'a> {
    blow: Blow,
    /// Whether the client that was hit last loses its connection alone.
    disconnects: bool,
    /// Whether orphans remember that they were online.
    remembers: bool,
    /// Those whose machines crash: they boot when all strikes are over, out of reach of the others.
    restarting: &'a mut Vec<Class>,
    /// Those that lose their connection, likewise.
    disconnected: &'a mut Vec<Unattached>,
}

impl Strike for Crash<'_> {
    #[inline]
    fn hits(&mut self, stream: &mut Stream, state: State, class: Class) -> bool {
        if state == State::Booting || !self.blow.strikes_region(class.region()) {
            return false;
        }
        let is_supernode = state == State::SuperNode;
        let probability = if is_supernode { self.blow.supernode_fraction } else { self.blow.client_fraction };
        self.disconnects = false;
        if chance(stream, probability) {
            return true;
        }
        let is_attached = matches!(state, State::Online | State::Renewing | State::Waiting | State::Backoff);
        let disconnect = self.blow.disconnect_fraction;
        self.disconnects = is_attached && disconnect > 0.0 && chance(stream, disconnect);
        self.disconnects
    }

    fn fate(&mut self, network: &mut Network, struck: Struck) {
        let Struck { state, class, .. } = struck;
        if self.disconnects {
            network.census.change(state, State::Seeking, 1);
            let was_online = matches!(state, State::Online | State::Renewing);
            self.disconnected.push(Unattached::new(class).remembering(was_online && self.remembers));
        } else {
            network.census.change(state, State::Booting, 1);
            self.restarting.push(class);
        }
    }
}

impl Simulator {
    /// Some super nodes and some other clients that do not boot crash, some dedicated super nodes fail, and some of the
    /// attached clients that are left lose their connection.
    pub(super) fn shock(&mut self, now: u32, blow: Blow) {
        let remembers = !self.scenario.login.relogin_after_orphaning;
        let (restarting, disconnected) = (&mut self.restarting, &mut self.disconnected);
        let mut crash = Crash { blow, disconnects: false, remembers, restarting, disconnected };
        let stream = &mut self.streams.shocks;
        // Everybody is visited, and asked then, since the probability depends on the state.
        self.network.visit_everybody(1.0, stream, &mut crash);
        if blow.dedicated_fraction > 0.0 {
            let back = now.saturating_add(self.settings.dedicated_restart_ticks);
            self.network.overlay.fail_dedicated(back, || chance(stream, blow.dedicated_fraction));
        }
        self.boot();
        let (notice, stream) = (self.settings.notice, &mut self.streams.orphans);
        for ticket in self.disconnected.drain(..) {
            self.network.attach_retries.push(notice.ticks(stream.next_u32()), ticket);
        }
    }
}
