//! The login server: phases 6, 7 and 8.

use critmass::parameters::Discipline;
use rand::RngExt;
use rand::seq::SliceRandom;

use super::{Reference, Renewal, Request, State};

impl Reference {
    /// Phase 3, after the timers.
    pub(super) fn renewals_that_begin(&mut self) {
        let begins = 1.0 - libm::exp(-self.now_in_force.time.tick_s / self.now_in_force.login.renewal_s);
        for client in 0..self.clients.len() {
            let is = &self.clients[client];
            let may = is.state == State::Online && is.attached_to.is_some() && is.renewal.is_none();
            if may && self.rng.random_bool(begins) {
                self.clients[client].renewal = Some(Renewal { began: self.tick, waiting: false });
                self.clients[client].failures = 0;
                self.clients[client].due = self.tick;
            }
        }
    }

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
                let renews_now = is.renewal.is_some_and(|renewal| !renewal.waiting);
                is.due == self.tick && (attached_now || renews_now || is.state == State::Backoff)
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
                match &mut self.clients[client].renewal {
                    Some(renewal) => renewal.waiting = true,
                    None => self.set_state(client, State::Waiting),
                }
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
            let renews = client.renewal.is_some_and(|renewal| renewal.waiting);
            if (client.state == State::Waiting || renews) && client.request == request.number {
                client.failures = 0;
                client.renewal = None;
                self.counts.logins += 1;
                if !renews {
                    self.set_state(request.client, State::Online);
                }
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
            let waits = is.state == State::Waiting || is.renewal.is_some_and(|renewal| renewal.waiting);
            if is.submitted_at + timeout_ticks == self.tick && waits {
                self.counts.login_timeouts += 1;
                self.login_fails(client);
            }
        }
    }

    /// Phase 8, after the time-outs: a client that could not renew in time is no longer Online, and goes on from where
    /// its request stands.
    pub(super) fn grace_ends(&mut self) {
        let grace_ticks = self.duration(self.now_in_force.login.grace_s);
        for client in 0..self.clients.len() {
            let Some(Renewal { began, waiting }) = self.clients[client].renewal else { continue };
            if began + grace_ticks <= self.tick {
                self.clients[client].renewal = None;
                self.set_state(client, if waiting { State::Waiting } else { State::Backoff });
            }
        }
    }

    /// Its request was rejected, or it gave it up.
    ///
    /// Reading: what becomes of the requests of a client that renews is no change of its state, and no event.
    fn login_fails(&mut self, client: usize) {
        match &mut self.clients[client].renewal {
            Some(renewal) => renewal.waiting = false,
            None => self.set_state(client, State::Backoff),
        }
        self.clients[client].failures += 1;
        self.clients[client].due = self.tick + self.backoff(self.clients[client].failures);
        self.may_give_up(client);
    }

    fn capacity_per_s(&self) -> f64 {
        self.now_in_force.login.capacity_per_s_per_million * self.now_in_force.population.clients as f64 / 1e6
    }
}
