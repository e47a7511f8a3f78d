//! The ten phases of a tick, each a function, in the order of model.md ("Order inside a tick").

use super::clients::{ClientId, State, Ticket};
use super::login::Next;
use super::observation::Snapshot;
use super::random::{Stream, below, binomial, chance, unit};
use super::timing::duration_ticks;
use super::{Clients, Simulator};
use rand_distr::{Distribution, StandardNormal};

impl Simulator {
    /// Simulates tick `now`, up to the observation.
    pub(super) fn tick(&mut self, now: u32) {
        self.interventions(now);
        self.restarts_and_shocks(now);
        self.session_changes(now);
        // Deaths come before the timers that are due, so that a retry of an orphan is void when it is met. That is
        // the same as the order of model.md, in which the orphan would lose the request that it had just made.
        self.deaths(now);
        self.timers(now);
        self.attach_attempts();
        if self.scenario.overlay.overload_probes_per_s.is_finite() {
            self.overload();
        }
        let slots = self.login.take_service_slots();
        self.login_requests(now, slots);
        self.time_outs(now);
        self.promotions();
        #[cfg(test)]
        if self.renumber_always {
            self.renumber_tickets();
        }
        if self.clients.generations_high() {
            self.renumber_tickets();
        }
    }

    /// From the start of the tick on, interventions hold.
    fn interventions(&mut self, now: u32) {
        let due = self.interventions.partition_point(|&(tick, _)| tick <= now);
        if due == 0 {
            return;
        }
        for (_, intervention) in self.interventions.drain(..due) {
            for (parameter, value) in &intervention.settings {
                // Checked together with the scenario.
                let set = parameter.set(&mut self.scenario, value);
                debug_assert!(set.is_ok());
            }
        }
        self.apply_settings();
    }

    /// Phase 1: restarts, then shocks.
    fn restarts_and_shocks(&mut self, now: u32) {
        let mut chosen = std::mem::take(&mut self.chosen);
        self.restarts.take(now, &mut self.streams.updates, &mut chosen);
        for client in chosen.drain(..) {
            self.restart(client);
        }
        for index in 0..self.shocks.len() {
            let (tick, shock) = self.shocks[index];
            if tick == now {
                self.draw_crashes(shock.supernode_fraction, shock.client_fraction, &mut chosen);
                chosen.drain(..).for_each(|client| self.restart(client));
            }
        }
        self.chosen = chosen;
    }

    /// Draws who crashes in a shock: super nodes that are not dedicated, and other present clients that do not boot.
    fn draw_crashes(&mut self, supernode_fraction: f64, client_fraction: f64, crashing: &mut Vec<ClientId>) {
        let stream = &mut self.streams.shocks;
        for client in (0..self.clients.len()).map(ClientId) {
            let probability = match self.clients.state(client) {
                State::Absent | State::Booting => continue,
                State::SuperNode => supernode_fraction,
                _ => client_fraction,
            };
            if chance(stream, probability) {
                crashing.push(client);
            }
        }
    }

    /// A machine restarts. Nothing happens if it is off, or is restarting already.
    fn restart(&mut self, client: ClientId) {
        if matches!(self.clients.state(client), State::Absent | State::Booting) {
            return;
        }
        self.disconnect(client, State::Booting);
        self.counters.restarts += 1;
        let updates = &self.scenario.updates;
        let normal: f64 = StandardNormal.sample(&mut self.streams.boots);
        let boot_s = updates.boot_median_s * libm::exp(updates.boot_sigma * normal);
        self.boots.push(duration_ticks(boot_s, self.scenario.time.tick_s), self.clients.ticket(client));
    }

    /// Takes a client off the network, whatever it did there, into a state that is off the network.
    fn disconnect(&mut self, client: ClientId, to: State) {
        match self.clients.interrupt(client, to) {
            State::Waiting | State::Backoff | State::Online => self.detach(client),
            State::SuperNode => self.overlay.kill(self.clients.attachment(client).0),
            State::Absent | State::Booting | State::Seeking => {}
        }
    }

    fn detach(&mut self, client: ClientId) {
        let (supernode, place) = self.clients.attachment(client);
        if let Some(moved) = self.overlay.detach(supernode, place) {
            self.clients.set_place(moved, place);
        }
    }

    /// Phase 2: sessions that end, then sessions that begin. The initial sessions last a tick at least.
    fn session_changes(&mut self, now: u32) {
        if now == 0 {
            return;
        }
        let (mut ending, mut beginning) = (std::mem::take(&mut self.chosen), std::mem::take(&mut self.beginning));
        let stream = &mut self.streams.presence;
        self.sessions.draw(now, &mut self.clients, stream, &mut ending, &mut beginning);
        for client in ending.drain(..) {
            self.disconnect(client, State::Absent);
        }
        for client in beginning.drain(..) {
            self.clients.change(client, State::Seeking);
            self.attempts.push(self.clients.ticket(client));
        }
        (self.chosen, self.beginning) = (ending, beginning);
    }

    /// Phase 3: boots that finish, and retries that are due.
    fn timers(&mut self, now: u32) {
        let mut due = std::mem::take(&mut self.due);
        self.boots.take(now, &mut due);
        for ticket in due.drain(..) {
            if self.clients.is_valid(ticket, State::Booting) {
                self.finish_boot(ticket);
            }
        }
        self.attach_retries.take(now, &mut due);
        self.attempts.extend(due.drain(..).filter(|&ticket| self.clients.is_valid(ticket, State::Seeking)));
        self.login_retries.take(now, &mut due);
        self.requests.extend(due.drain(..).filter(|&ticket| self.clients.is_valid(ticket, State::Backoff)));
        self.due = due;
    }

    fn finish_boot(&mut self, ticket: Ticket) {
        let client = ticket.client();
        if chance(&mut self.streams.boots, self.scenario.updates.autostart_probability) {
            self.clients.change(client, State::Seeking);
            self.attempts.push(ticket);
        } else {
            self.clients.change(client, State::Absent);
            self.clients.clear_present(client);
            self.sessions.left(client);
        }
    }

    /// Phase 4: the children of super nodes that died so far become orphans; stale addresses expire.
    fn deaths(&mut self, now: u32) {
        let mut orphans = std::mem::take(&mut self.chosen);
        self.overlay.bury(now.saturating_add(self.stale_ticks), &mut orphans);
        let tick_s = self.scenario.time.tick_s;
        let keepalive_s = self.scenario.overlay.keepalive_s;
        let remembers = !self.scenario.login.relogin_after_orphaning;
        for orphan in orphans.drain(..) {
            let was_online = self.clients.interrupt(orphan, State::Seeking) == State::Online;
            let ticket = self.clients.ticket(orphan);
            let ticket = if was_online && remembers { ticket.remember_online() } else { ticket };
            let notice_s = unit(&mut self.streams.orphans) * keepalive_s;
            self.attach_retries.push(duration_ticks(notice_s, tick_s), ticket);
        }
        self.overlay.expire(now);
        self.chosen = orphans;
    }

    /// Phase 5: the attach attempts of this tick, in random order.
    ///
    /// Whether an attempt succeeds, and at which super node, does not depend on who makes it. So the outcomes are
    /// drawn one after another, and each success goes to one of the clients that are left, uniformly.
    fn attach_attempts(&mut self) {
        let mut attempts = std::mem::take(&mut self.attempts);
        let mut attached = 0;
        if self.scenario.overlay.overload_probes_per_s.is_finite() {
            for _ in 0..attempts.len() {
                let probes = self.scenario.overlay.probes as u32;
                if let Some(supernode) = self.overlay.probe(probes, &mut self.streams.attach) {
                    self.attach_one_of(&mut attempts, attached, supernode);
                    attached += 1;
                }
            }
        } else {
            let mut left = attempts.len();
            while left > 0 && self.overlay.accepting() > 0 {
                let accepting = self.overlay.accepting();
                let success = self.overlay.success_probability(self.scenario.overlay.probes as u32);
                while left > 0 && self.overlay.accepting() == accepting {
                    left = skip_failures(left, success, &mut self.streams.attach);
                    if left > 0 {
                        left -= 1;
                        let supernode = self.overlay.draw_accepting(&mut self.streams.attach);
                        self.attach_one_of(&mut attempts, attached, supernode);
                        attached += 1;
                    }
                }
            }
        }
        self.overlay.end_attach_phase();
        self.counters.attach_attempts += attempts.len() as u64;
        self.counters.attach_failures += (attempts.len() - attached) as u64;
        for &ticket in &attempts[attached..] {
            self.retry_attach(ticket.failed());
        }
        attempts.clear();
        self.attempts = attempts;
    }

    /// Hangs one of the attempts from place `first` on, chosen uniformly, on a super node; it moves to place `first`.
    fn attach_one_of(&mut self, attempts: &mut [Ticket], first: usize, supernode: super::overlay::SuperNodeId) {
        let left = (attempts.len() - first) as u32;
        attempts.swap(first, first + below(&mut self.streams.attach, left) as usize);
        let ticket = attempts[first];
        let client = ticket.client();
        let place = self.overlay.accept(client, supernode);
        self.clients.set_attachment(client, supernode, place);
        if ticket.was_online() {
            self.clients.change(client, State::Online);
        } else {
            // The event is counted when the request has been admitted or rejected.
            self.clients.place(client, State::Backoff);
            self.requests.push(self.clients.ticket(client));
        }
    }

    fn retry_attach(&mut self, failed: Ticket) {
        let delay = self.backoff.draw_ticks(failed.failures(), &mut self.streams.attach_backoff);
        self.attach_retries.push(delay, failed);
    }

    /// The end of phase 5 with overload protection: super nodes that were probed too often may shut down.
    fn overload(&mut self) {
        let mut owners = std::mem::take(&mut self.chosen);
        let overlay = &self.scenario.overlay;
        let probes_max = overlay.overload_probes_per_s * self.scenario.time.tick_s;
        let probability = overlay.overload_shutdown_probability;
        self.overlay.shut_down_overloaded(probes_max, probability, &mut self.streams.attach, &mut owners);
        for owner in owners.drain(..) {
            self.clients.change(owner, State::Seeking);
            let ticket = self.clients.ticket(owner);
            self.retry_attach(ticket.failed());
        }
        self.chosen = owners;
    }

    /// Phases 6 and 7: the login requests of this tick enter the queue in random order; up to `slots` are served.
    fn login_requests(&mut self, now: u32, slots: u64) {
        let mut requests = std::mem::take(&mut self.requests);
        let arrivals = requests.len() as u64;
        let room = self.login.room();
        self.counters.login_requests += arrivals;
        if self.login.length() == 0 && arrivals <= room.min(slots) {
            // Everybody is served at once, so that no order matters.
            self.login_queue_before_service = arrivals;
            for ticket in requests.drain(..) {
                self.clients.place(ticket.client(), State::Online);
            }
            // Waiting, then online.
            self.clients.count_events(2 * arrivals);
            self.counters.logins += arrivals;
        } else {
            self.reject(&mut requests, room);
            for ticket in &requests {
                self.clients.change(ticket.client(), State::Waiting);
            }
            self.login.enqueue(now, &mut requests);
            self.login_queue_before_service = self.login.length();
            self.service(slots);
        }
        self.requests = requests;
    }

    /// Keeps `room` of the requests, chosen uniformly; the others are rejected and go into back-off.
    fn reject(&mut self, requests: &mut Vec<Ticket>, room: u64) {
        let admitted = room.min(requests.len() as u64) as usize;
        if admitted == requests.len() {
            return;
        }
        for place in 0..admitted {
            let left = (requests.len() - place) as u32;
            requests.swap(place, place + below(&mut self.streams.login, left) as usize);
        }
        let rejected = (requests.len() - admitted) as u64;
        self.counters.login_rejections += rejected;
        // Each goes into back-off, also the one that comes from there.
        self.clients.count_events(rejected);
        for ticket in requests.drain(admitted..) {
            self.retry_login(ticket.failed());
        }
    }

    fn retry_login(&mut self, failed: Ticket) {
        let delay = self.backoff.draw_ticks(failed.failures(), &mut self.streams.login_backoff);
        self.login_retries.push(delay, failed);
    }

    /// Phase 7: the login server serves up to `slots` requests. One whose client no longer waits costs a slot as
    /// well, unless expired requests are dropped when they are met.
    fn service(&mut self, slots: u64) {
        let (discipline, drop_expired) = (self.scenario.login.discipline, self.scenario.login.drop_expired);
        let mut left = slots;
        while left > 0 {
            let cost = match self.login.next(discipline, &mut self.streams.login) {
                Next::Nothing => return,
                Next::Request(ticket) if self.clients.is_valid(ticket, State::Waiting) => {
                    self.clients.change(ticket.client(), State::Online);
                    self.counters.logins += 1;
                    1
                }
                Next::Request(_) if drop_expired => 0,
                Next::Request(_) => {
                    self.counters.login_wasted += 1;
                    1
                }
                Next::Expired(count) if drop_expired => {
                    self.login.remove_expired(count);
                    0
                }
                Next::Expired(count) => {
                    let wasted = count.min(left);
                    self.login.remove_expired(wasted);
                    self.counters.login_wasted += wasted;
                    wasted
                }
            };
            left -= cost;
        }
    }

    /// Phase 8: requests submitted exactly `timeout` ticks ago and not served by now are given up.
    fn time_outs(&mut self, now: u32) {
        let Some(submitted) = now.checked_sub(self.timeout_ticks) else { return };
        let mut expired = std::mem::take(&mut self.due);
        self.login.expire(submitted, &mut expired);
        for ticket in expired.drain(..) {
            if self.clients.is_valid(ticket, State::Waiting) {
                self.clients.change(ticket.client(), State::Backoff);
                self.counters.login_timeouts += 1;
                self.retry_login(ticket.failed());
            }
        }
        self.due = expired;
    }

    /// Phase 9: self-healing. Eligible clients that are online become super nodes where there are too few.
    fn promotions(&mut self) {
        let candidates = self.clients.eligible_online();
        let members = self.clients.demand() - self.clients.count(State::Booting);
        let missing = self.scenario.overlay.supernode_ratio * f64::from(members) - f64::from(self.overlay.live());
        if candidates == 0 || missing <= 0.0 {
            return;
        }
        let probability = (missing / f64::from(candidates)).min(1.0) * self.healing_probability;
        let count = binomial(&mut self.streams.promotion, candidates, probability);
        for _ in 0..count {
            let client = draw_eligible_online(&self.clients, &mut self.streams.promotion);
            self.detach(client);
            let supernode = self.overlay.add(client);
            self.clients.set_attachment(client, supernode, 0);
            self.clients.place(client, State::SuperNode);
        }
    }

    /// Phase 10: the network as it is seen at the end of a tick.
    pub(super) fn snapshot(&self) -> Snapshot {
        Snapshot {
            demand: self.clients.demand(),
            online: self.clients.online(),
            booting: self.clients.count(State::Booting),
            seeking: self.clients.count(State::Seeking),
            waiting: self.clients.count(State::Waiting),
            backoff: self.clients.count(State::Backoff),
            supernodes: self.overlay.live(),
            stale_addresses: self.overlay.stale(),
            login_queue: self.login.length(),
            login_queue_before_service: self.login_queue_before_service,
        }
    }

    /// Gives all clients the generation 0, and the tickets that are not void likewise.
    fn renumber_tickets(&mut self) {
        for wheel in [&mut self.boots, &mut self.attach_retries, &mut self.login_retries] {
            wheel.rewrite(|ticket| self.clients.renumbered(ticket));
        }
        self.login.rewrite(|ticket| self.clients.renumbered(ticket).unwrap_or_else(|| Clients::void(ticket)));
        self.clients.restart_generations();
    }
}

/// One of the eligible clients that are online and not super nodes, uniformly. There must be one.
fn draw_eligible_online(clients: &Clients, stream: &mut Stream) -> ClientId {
    let eligible = clients.eligible();
    // So many tries fail with a probability below e⁻⁴ even if only one in sixteen clients is a candidate; then, and
    // where there are fewer, a scan finds the candidate of a random rank.
    for _ in 0..64 {
        let client = ClientId(below(stream, eligible));
        if clients.state(client) == State::Online {
            return client;
        }
    }
    let rank = below(stream, clients.eligible_online());
    let mut online = (0..eligible).map(ClientId).filter(|&client| clients.state(client) == State::Online);
    online.nth(rank as usize).unwrap_or_default()
}

/// Passes over the failures before the next success among `left` attempts that succeed with `probability` each.
/// Gives how many attempts are left, the successful one included; 0 if none succeeds.
fn skip_failures(left: usize, probability: f64, stream: &mut Stream) -> usize {
    if probability >= 0.0625 {
        let mut left = left;
        while left > 0 && !chance(stream, probability) {
            left -= 1;
        }
        return left;
    }
    // The number of failures is geometric: floor(ln(U) / ln(1 − p)).
    let failures = libm::log(1.0 - unit(stream)) / libm::log1p(-probability);
    if failures >= left as f64 { 0 } else { left - failures as usize }
}
