//! Phase 4: deaths of super nodes, and stale addresses.

use rand_xoshiro::rand_core::Rng;

use crate::engine::population::clients::State;
use crate::engine::population::simulator::Simulator;
use crate::engine::population::tickets::Unattached;

impl Simulator {
    /// Phase 4: the children of super nodes that died so far become orphans; stale addresses expire.
    pub(crate) fn deaths_and_stale_addresses(&mut self, now: u32) {
        self.renewals_of_dying();
        let remembers = !self.scenario.login.relogin_after_orphaning;
        let (notice, stream) = (self.settings.notice, &mut self.streams.orphans);
        let (overlay, retries) = (&mut self.network.overlay, &mut self.network.attach_retries);
        let expiry = now.saturating_add(self.settings.stale_ticks);
        let orphans = overlay.orphan_children(expiry, |class, online, count| {
            let ticket = Unattached::new(class).remembering(online && remembers);
            (0..count).for_each(|_| retries.push(notice.ticks(stream.next_u32()), ticket));
        });
        overlay.expire(now);
        let census = &mut self.network.census;
        census.change(State::Online, State::Seeking, orphans.online);
        census.change(State::Waiting, State::Seeking, orphans.waiting);
        census.change(State::Backoff, State::Seeking, orphans.backoff);
    }
}
