//! Phases 6 to 8: the login server.

use crate::engine::mean_field::bank::Part;
use crate::engine::mean_field::classes::{Pair, ZERO, add_scaled, mass, scaled_mass};
use crate::engine::mean_field::queue::{Clients, Server};
use crate::engine::mean_field::solver::{Running, Scratch};

impl Running {
    /// Phases 6 and 7: the login requests of this tick enter the queue as far as there is room, and the server serves what
    /// it can. Where the queue is empty, and has room and slots for every request, no order matters.
    pub(in crate::engine::mean_field) fn login(&mut self, now: u32) {
        let state = &mut self.state;
        let cells = state.child_cells();
        let Scratch { attached, due_requests, .. } = &mut self.scratch;
        due_requests.clear();
        due_requests.resize(cells, ZERO);
        state.backoff.advance(now, due_requests);
        let logging_in = mass(attached) + scaled_mass(due_requests, &state.child_survival);
        let asked = logging_in + self.renewals_ask(now);
        let state = &mut self.state;
        state.counters.login_requests += asked;
        state.events += logging_in;
        let length = state.queue.length();
        let server = self.settings.login;
        let room = (server.limit - length).max(0.0);
        if length == 0.0 && server.serves_at_once(asked) {
            let Scratch { attached, due_requests, .. } = &self.scratch;
            let requests = attached.iter().zip(due_requests).zip(&state.child_survival);
            for (online, ((attached, due), survival)) in state.online.iter_mut().zip(requests) {
                online[0] += attached[0] + due[0] * survival;
                online[1] += attached[1] + due[1] * survival;
            }
            state.counters.logins += asked;
            state.events += logging_in;
            state.queue_before_service = asked;
            self.renew_at_once();
            self.asked_most = self.asked_most.map(|most| most.max(asked));
            return;
        }
        self.asked_most = None;
        let admitted = if asked <= room { 1.0 } else { room / asked };
        if asked > 0.0 {
            self.requests_enter(now, admitted, asked * admitted);
        }
        let state = &mut self.state;
        let rejected = asked * (1.0 - admitted);
        state.counters.login_rejections += rejected;
        state.queue_before_service = state.queue.length();
        let slots = server.slots(state.queue_before_service, rejected);
        self.service(slots);
    }

    /// Phase 6: the share `admitted` of the requests enters the queue, `requests` in all; the others are rejected.
    fn requests_enter(&mut self, now: u32, admitted: f64, requests: f64) {
        let state = &mut self.state;
        let cells = state.child_cells();
        let survival = &state.child_survival[..cells];
        let Scratch { attached, failed, .. } = &mut self.scratch;
        let scaled = |share: f64, attached: &Pair, survival: f64| attached.map(|attached| attached * share / survival);
        let mut cohort = state.queue.take_spare();
        cohort.clear(state.backoff.levels().max(1), state.online.len());
        for ((to, attached), survival) in cohort.levels[0].iter_mut().zip(&*attached).zip(survival) {
            *to = scaled(admitted, attached, *survival);
        }
        for level in 0..state.backoff.levels() {
            if let Some(due) = state.backoff.due(level) {
                add_scaled(&mut cohort.levels[level], &due[..cells], admitted);
            }
        }
        if admitted < 1.0 {
            failed.clear();
            failed.extend(attached[..cells].iter().zip(survival).map(|(a, s)| scaled(1.0 - admitted, a, *s)));
            state.backoff.fail(now, 1.0 - admitted, failed, survival, &self.settings);
        }
        self.renewals_enter(now, admitted, &mut cohort);
        self.state.queue.enter(now, cohort, requests);
    }

    /// Phase 7: the login server serves what it has slots for.
    fn service(&mut self, slots: f64) {
        let login = &self.scenario.login;
        let server = Server { slots, discipline: login.discipline, drop_expired: login.drop_expired };
        let Scratch { failed: served, .. } = &mut self.scratch;
        served.clear();
        served.resize(self.state.online.len(), ZERO);
        let state = &mut self.state;
        let (weights, renewed) = match &mut state.renewals {
            Some(renewals) => (&renewals.weights[..], &mut renewals.served[..]),
            None => Default::default(),
        };
        let mut clients = Clients { survival: &state.child_survival, weights, online: served, renewed };
        let service = state.queue.serve(&server, &mut clients);
        for ((online, served), survival) in state.online.iter_mut().zip(served).zip(&state.child_survival) {
            online[0] += served[0] * survival;
            online[1] += served[1] * survival;
        }
        state.counters.logins += service.served;
        state.counters.login_wasted += service.wasted;
        let renewed = self.renewals_served();
        self.state.events += service.served - renewed;
    }

    /// Phase 8: requests submitted exactly `timeout` ticks ago and not served by now are given up.
    pub(in crate::engine::mean_field) fn time_outs(&mut self, now: u32) {
        let Some(submitted) = now.checked_sub(self.settings.timeout_ticks) else { return };
        let state = &mut self.state;
        let Some(cohort) = state.queue.expire(submitted) else { return };
        let cells = state.child_cells();
        let survival = &state.child_survival[..cells];
        let kept = cohort.kept();
        for (failures, level) in cohort.levels.iter().enumerate().rev() {
            let mass = scaled_mass(&level[..cells], survival) * kept;
            if mass > 0.0 {
                state.counters.login_timeouts += mass;
                state.events += mass;
                let timed_out = Part { share: kept, masses: &level[..cells] };
                state.backoff.fail_once_more(failures, now, timed_out, survival, &self.settings);
            }
        }
        self.renewals_time_out(now, &cohort);
        self.state.queue.recycle(cohort);
    }
}
