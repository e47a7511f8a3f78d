//! Phase 3: timers that are due.

use crate::engine::population::clients::State;
use crate::engine::population::network::Network;
use crate::engine::population::simulator::Simulator;
use crate::engine::population::tickets::{Ticket, compact};
use crate::random::chance;

impl Simulator {
    /// Phase 3: dedicated super nodes that are back, boots that finish, and retries that are due.
    pub(crate) fn timers(&mut self, now: u32) {
        self.network.overlay.restart_dedicated(now);
        if self.renews {
            self.renewals_due();
        }
        let Network { census, absent, boots, attach_retries, login_retries, overlay, .. } = &mut self.network;
        let (attempts, requests, stream) = (&mut self.attempts, &mut self.requests, &mut self.streams.boots);
        let autostart = self.scenario.updates.autostart_probability;
        boots.take(|booted| {
            for &ticket in booted.iter().filter(|ticket| ticket.is_some()) {
                if chance(stream, autostart) {
                    census.change(State::Booting, State::Seeking, 1);
                    attempts.push(ticket);
                } else {
                    census.change(State::Booting, State::Absent, 1);
                    absent.add(ticket.class(), 1);
                }
            }
        });
        attach_retries.take(|due| attempts.extend_from_slice(compact(due)));
        login_retries.take(|due| requests.extend_from_slice(overlay.compact_valid(due)));
        // No event: that of a request is counted when it is admitted or rejected.
        census.transfer(State::Backoff, State::Requesting, requests.len() as u32);
    }
}
