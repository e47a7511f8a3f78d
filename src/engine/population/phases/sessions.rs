//! Phase 2: sessions that end, and sessions that begin.

use crate::engine::population::clients::{Class, State};
use crate::engine::population::network::Network;
use crate::engine::population::simulator::Simulator;
use crate::engine::population::strikes::{Strike, Struck};
use crate::engine::population::tickets::Unattached;
use crate::random::Stream;

/// The session of a present client ends.
struct SessionEnd;

impl Strike for SessionEnd {
    #[inline]
    fn hits(&mut self, _: &mut Stream, _: State, _: Class) -> bool {
        true
    }

    #[inline]
    fn fate(&mut self, network: &mut Network, struck: Struck) {
        network.census.change(struck.state, State::Absent, 1);
        network.absent.add(struck.class, 1);
    }
}

impl Simulator {
    /// Phase 2. The initial sessions last a tick at least, and so do absences: those that begin are drawn before those
    /// that end, among clients who were absent before, and are out of reach of the strikes until phase 5.
    pub(crate) fn sessions(&mut self, now: u32) {
        if now == 0 {
            return;
        }
        let (network, stream) = (&mut self.network, &mut self.streams.presence);
        let before = self.attempts.len();
        network.absent.begin(now, stream, |class| self.attempts.push(Unattached::new(class)));
        let arrivals = (self.attempts.len() - before) as u32;
        network.census.change(State::Absent, State::Seeking, arrivals);
        network.strike(self.settings.session_end_hazard, stream, &mut SessionEnd);
    }
}
