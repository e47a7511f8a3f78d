//! The login server: phases 6, 7 and 8.

use critmass::parameters::Discipline;
use rand::RngExt;
use rand::seq::SliceRandom;

use super::{Reference, Request, State};

impl Reference {
    /// Phase 6: requests of clients attached in this tick, and of those whose backoff is over.
    ///
    /// Reading: an infinite queue limit rejects nobody, whatever the capacity.
    pub(super) fn requests_enter(&mut self) {
        let login = &self.now_in_force.login;
        let limit = if login.queue_limit_s.is_infinite() || login.capacity_per_s_per_million.is_infinite() {
            f64::INFINITY
        } else {
            (login.queue_limit_s * self.capacity_per_s()).floor().max(1.0)
        };
        let mut requesting: Vec<usize> = (0..self.clients.len())
            .filter(|&c| {
                let is = &self.clients[c];
                let attached_now = is.state == State::Seeking && is.attached_to.is_some();
                is.due == self.tick && (attached_now || is.state == State::Backoff)
            })
            .collect();
        requesting.shuffle(&mut self.rng);
        let rejections_before = self.counts.login_rejections;
        for client in requesting {
            self.counts.login_requests += 1;
            if (self.queue.len() as f64) < limit {
                self.requests_ever += 1;
                self.clients[client].request = self.requests_ever;
                self.clients[client].submitted_at = self.tick;
                self.queue.push_back(Request { client, number: self.requests_ever });
                self.set_state(client, State::Waiting);
            } else {
                self.counts.login_rejections += 1;
                self.login_fails(client);
            }
        }
        self.counts.queue_before_service = self.queue.len() as u64;
        self.rejections = self.counts.login_rejections - rejections_before;
        self.queue_share = (self.queue.len() as f64 / limit).min(1.0);
    }

    /// Phase 7.
    ///
    /// Readings: what has accumulated, and rejections cost, includes the capacity of this tick; and a queue that is
    /// longer than its limit, which was lowered, costs no more than a full one.
    pub(super) fn service(&mut self) {
        let mut slots = f64::INFINITY;
        if self.capacity_per_s().is_finite() {
            let login = &self.now_in_force.login;
            let left = 1.0 - login.degradation * self.queue_share;
            self.capacity_carried += self.capacity_per_s() * self.now_in_force.time.tick_s * left;
            self.capacity_carried = (self.capacity_carried - login.rejection_cost * self.rejections as f64).max(0.0);
            slots = self.capacity_carried.floor();
            self.capacity_carried -= slots;
        }
        while slots > 0.0 {
            let next = match self.now_in_force.login.discipline {
                Discipline::Fifo => self.queue.pop_front(),
                Discipline::Lifo => self.queue.pop_back(),
                Discipline::Random if self.queue.is_empty() => None,
                Discipline::Random => self.queue.remove(self.rng.random_range(0..self.queue.len())),
            };
            let Some(request) = next else { break };
            let client = &mut self.clients[request.client];
            if client.state == State::Waiting && client.request == request.number {
                client.failures = 0;
                self.counts.logins += 1;
                self.set_state(request.client, State::Online);
                slots -= 1.0;
            } else if !self.now_in_force.login.drop_expired {
                self.counts.login_wasted += 1;
                slots -= 1.0;
            }
        }
    }

    /// Phase 8.
    pub(super) fn time_outs(&mut self) {
        let timeout_ticks = self.duration(self.now_in_force.login.timeout_s);
        for client in 0..self.clients.len() {
            let is = &self.clients[client];
            if is.submitted_at + timeout_ticks == self.tick && is.state == State::Waiting {
                self.counts.login_timeouts += 1;
                self.login_fails(client);
            }
        }
    }

    /// Its request was rejected, or it gave it up.
    fn login_fails(&mut self, client: usize) {
        self.set_state(client, State::Backoff);
        self.clients[client].failures += 1;
        self.clients[client].due = self.tick + self.backoff(self.clients[client].failures);
    }

    fn capacity_per_s(&self) -> f64 {
        self.now_in_force.login.capacity_per_s_per_million * self.now_in_force.population.clients as f64 / 1e6
    }
}
