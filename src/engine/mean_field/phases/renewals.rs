//! Renewals of the login, where they differ from log-ins: who begins, who is done, whose grace time is over.

use crate::engine::mean_field::classes::mass;
use crate::engine::mean_field::queue::Cohort;
use crate::engine::mean_field::renewals::product;
use crate::engine::mean_field::solver::Running;

impl Running {
    /// Phase 3, at its end: online clients begin to renew. Whose super node dies in phase 4 has no request to send, so
    /// they are taken after it; who is online in phase 5 does not begin in this tick.
    pub(in crate::engine::mean_field) fn renewals_begin(&mut self) {
        let begun = &mut self.scratch.begun;
        begun.clear();
        if self.state.renewals.is_some() {
            let probability = self.settings.renewal_probability;
            let cells = self.state.child_cells();
            begun.extend(self.state.online[..cells].iter().map(|online| online.map(|mass| mass * probability)));
        }
    }

    /// Phase 6: the requests of this tick of those who renew.
    pub(super) fn renewals_ask(&mut self, now: u32) -> f64 {
        let state = &mut self.state;
        let Some(renewals) = &mut state.renewals else { return 0.0 };
        renewals.advance(now, &state.child_survival) + mass(&self.scratch.begun)
    }

    /// Phases 6 and 7 where all requests are served at once: who begins is done, and stays where it is.
    pub(super) fn renew_at_once(&mut self) {
        let state = &mut self.state;
        if let Some(renewals) = state.renewals.as_mut().filter(|renewals| !renewals.is_idle()) {
            renewals.served.copy_from_slice(&renewals.due);
            renewals.renewed(&state.child_survival, &mut state.online);
        }
    }

    /// Phase 6: the share `admitted` of the requests enters the queue with the others of this tick, the rest is rejected.
    pub(super) fn renewals_enter(&mut self, now: u32, admitted: f64, cohort: &mut Cohort) {
        let state = &mut self.state;
        let Some(renewals) = &mut state.renewals else { return };
        let begun = &self.scratch.begun;
        let begins = mass(begun) > 0.0;
        if renewals.is_idle() && !begins {
            return;
        }
        if let Some((group, nobody)) = renewals.vanished(now).filter(|_| begins) {
            // Those who begin now are not who waited for the requests of this group.
            state.queue.lapse(group, 1.0, &nobody);
            renewals.lapse(group, 1.0, now, |_| ());
        }
        for (failures, due) in renewals.due_by_failures() {
            cohort.renew(failures, due.iter().map(|due| due * admitted));
        }
        if admitted < 1.0 {
            renewals.fail_due(now, 1.0 - admitted, &self.settings);
        }
        if !begins {
            return;
        }
        for (online, begun) in state.online.iter_mut().zip(begun) {
            *online = [(online[0] - begun[0]).max(0.0), (online[1] - begun[1]).max(0.0)];
        }
        let (group, count) = renewals.begin(now, begun, &state.child_survival);
        cohort.renew_of_group(group, renewals.groups(), count * admitted);
        if admitted < 1.0 {
            renewals.fail_at_once(group, count * (1.0 - admitted), now, &self.settings);
        }
    }

    /// Phase 7: those who were served have renewed. Returns their mass.
    pub(super) fn renewals_served(&mut self) -> f64 {
        let state = &mut self.state;
        let Some(renewals) = state.renewals.as_mut().filter(|renewals| !renewals.is_idle()) else { return 0.0 };
        let served = product(&renewals.weights, &renewals.served);
        renewals.renewed(&state.child_survival, &mut state.online);
        served
    }

    /// Phase 8: requests of renewals that were sent `timeout` ticks ago are given up.
    pub(super) fn renewals_time_out(&mut self, now: u32, cohort: &Cohort) {
        let Some(renewals) = &mut self.state.renewals else { return };
        for (failures, renewing) in cohort.renewals().iter().enumerate().rev() {
            let mass = renewals.time_out(failures, now, renewing, cohort.kept(), &self.settings);
            self.state.counters.login_timeouts += mass;
        }
    }

    /// Phase 8, after the time-outs: those whose grace time is over are no longer online, and log in, as far as they have
    /// not given up.
    pub(in crate::engine::mean_field) fn grace_ends(&mut self, now: u32) {
        let state = &mut self.state;
        let Some(renewals) = state.renewals.as_mut().filter(|renewals| !renewals.is_idle()) else { return };
        renewals.give_up(state.backoff.given_up());
        let lapsed = now.checked_sub(self.settings.grace_ticks);
        if let Some((group, share, composition)) = lapsed.and_then(|began| renewals.lapsing(began)) {
            let mut count = state.queue.lapse(group, share, &composition);
            let (backoff, survival) = (&mut state.backoff, &state.child_survival);
            renewals.lapse(group, share, now, |waits| {
                count += waits.waits;
                backoff.absorb(waits, &composition, survival);
            });
            state.events += count * renewals.weights[group];
        }
        renewals.recount(lapsed);
    }
}
