//! The ten phases of a tick, each a function, in the order of model.md ("Order inside a tick").

use super::backoff::Backoff;
use super::clients::{ClientId, State, Tally, Ticket};
use super::login::Next;
use super::observation::Snapshot;
use super::random::{Stream, binomial, chance, halves, shuffle_first};
use super::timing::{Wheel, duration_ticks};
use super::{Clients, Simulator};
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::rand_core::Rng;

/// Clients that are handled together: what all of them will touch is asked for before the first of them is handled, so
/// that the memory answers many at a time.
pub(super) const BLOCK: usize = 32;

impl Simulator {
    /// Simulates tick `now`, up to the observation.
    pub(super) fn tick(&mut self, now: u32) {
        for wheel in [&mut self.boots, &mut self.attach_retries, &mut self.login_retries] {
            wheel.advance(now);
        }
        self.interventions(now);
        self.restarts_and_shocks(now);
        self.session_changes(now);
        // Deaths come before the timers that are due, so that a retry of an orphan is void when it is met. That is
        // the same as the order of model.md, in which the orphan would lose the request that it had just made.
        self.deaths(now);
        self.timers();
        let slots = self.login.take_service_slots();
        let requests_max = (self.attempts.len() + self.requests.len()) as u64;
        let serves_at_once = self.login.length() == 0 && requests_max <= self.login.room().min(slots);
        self.attach_attempts(serves_at_once);
        if self.scenario.overlay.overload_probes_per_s.is_finite() {
            self.overload();
        }
        if serves_at_once {
            self.serve_at_once();
        } else {
            self.login_requests(now, slots);
        }
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
        let mut tally = Tally::default();
        let ticket = self.disconnect(client, State::Booting, &mut tally);
        self.clients.count_interrupted(&tally, State::Booting);
        self.counters.restarts += 1;
        let updates = &self.scenario.updates;
        let normal: f64 = StandardNormal.sample(&mut self.streams.boots);
        let boot_s = updates.boot_median_s * libm::exp(updates.boot_sigma * normal);
        self.boots.push(duration_ticks(boot_s, self.scenario.time.tick_s), ticket);
    }

    /// Takes a client off the network, whatever it did there, into a state that is off the network. Gives its ticket
    /// from now on.
    #[inline(always)]
    fn disconnect(&mut self, client: ClientId, to: State, tally: &mut Tally) -> Ticket {
        let was = self.clients.interrupt(client, to);
        tally.add(was.from);
        match was.from {
            State::Waiting | State::Backoff | State::Online => self.overlay.detach(was.supernode, was.place),
            State::SuperNode => self.overlay.kill(was.supernode),
            State::Absent | State::Booting | State::Seeking => {}
        }
        was.ticket
    }

    /// Phase 2: sessions that end, then sessions that begin. The initial sessions last a tick at least.
    fn session_changes(&mut self, now: u32) {
        if now == 0 {
            return;
        }
        let (mut ending, mut beginning) = (std::mem::take(&mut self.chosen), std::mem::take(&mut self.beginning));
        let stream = &mut self.streams.presence;
        self.sessions.draw(now, &mut self.clients, stream, &mut ending, &mut beginning);
        let mut tally = Tally::default();
        for block in ending.chunks(BLOCK) {
            for &client in block {
                self.overlay.prefetch(self.clients.attachment(client).0);
            }
            for &client in block {
                let (supernode, place) = self.clients.attachment(client);
                self.overlay.prefetch_place(supernode, place);
            }
            for &client in block {
                self.disconnect(client, State::Absent, &mut tally);
            }
        }
        self.clients.count_interrupted(&tally, State::Absent);
        for &client in &beginning {
            self.clients.place(client, State::Seeking);
            self.attempts.push(self.clients.ticket(client));
        }
        self.clients.count_moves(State::Absent, State::Seeking, beginning.len() as u32);
        self.clients.count_events(beginning.len() as u64);
        ending.clear();
        beginning.clear();
        (self.chosen, self.beginning) = (ending, beginning);
    }

    /// Phase 3: boots that finish, and retries that are due.
    fn timers(&mut self) {
        let mut booted = std::mem::take(&mut self.due);
        self.boots.take(|due| self.clients.meet_all(due, &mut booted));
        self.attach_retries.take(|due| self.clients.meet_all(due, &mut self.attempts));
        self.login_retries.take(|due| self.clients.meet_all(due, &mut self.requests));
        for ticket in booted.drain(..) {
            self.finish_boot(ticket);
        }
        self.due = booted;
    }

    fn finish_boot(&mut self, ticket: Ticket) {
        let client = ticket.client();
        if chance(&mut self.streams.boots, self.scenario.updates.autostart_probability) {
            self.clients.change(client, State::Seeking);
            self.attempts.push(ticket);
        } else {
            self.clients.change(client, State::Absent);
            self.clients.present_mut().remove(client);
            self.sessions.left(client);
        }
    }

    /// Phase 4: the children of super nodes that died so far become orphans; stale addresses expire.
    fn deaths(&mut self, now: u32) {
        let mut orphans = std::mem::take(&mut self.chosen);
        self.overlay.bury(now.saturating_add(self.stale_ticks), &mut orphans);
        let remembers = !self.scenario.login.relogin_after_orphaning;
        let mut tally = Tally::default();
        let mut stream = self.streams.orphans.clone();
        for block in orphans.chunks(BLOCK) {
            block.iter().for_each(|&orphan| self.clients.prefetch(orphan));
            for pair in block.chunks(2) {
                for (&orphan, random) in pair.iter().zip(halves(stream.next_u64())) {
                    let was = self.clients.interrupt(orphan, State::Seeking);
                    tally.add(was.from);
                    let remembers = remembers && was.from == State::Online;
                    let ticket = if remembers { was.ticket.remember_online() } else { was.ticket };
                    self.attach_retries.push(self.notice.ticks(random), ticket);
                }
            }
        }
        self.streams.orphans = stream;
        self.clients.count_interrupted(&tally, State::Seeking);
        orphans.clear();
        self.overlay.expire(now);
        self.chosen = orphans;
    }

    /// The end of phase 5 with overload protection: super nodes that were probed too often may shut down.
    fn overload(&mut self) {
        let mut owners = std::mem::take(&mut self.chosen);
        let mut failed = std::mem::take(&mut self.due);
        let overlay = &self.scenario.overlay;
        let probes_max = overlay.overload_probes_per_s * self.scenario.time.tick_s;
        let probability = overlay.overload_shutdown_probability;
        self.overlay.shut_down_overloaded(probes_max, probability, &mut self.streams.attach, &mut owners);
        let mut tally = Tally::default();
        for owner in owners.drain(..) {
            let was = self.clients.interrupt(owner, State::Seeking);
            tally.add(was.from);
            failed.push(was.ticket);
        }
        self.clients.count_interrupted(&tally, State::Seeking);
        retry(&failed, &self.backoff, &mut self.streams.attach_backoff, &mut self.attach_retries);
        failed.clear();
        (self.chosen, self.due) = (owners, failed);
    }

    /// Phases 6 and 7 where the queue is empty, and every request of this tick is served in it: no order matters.
    fn serve_at_once(&mut self) {
        let arrivals = u64::from(std::mem::take(&mut self.served_at_once)) + self.requests.len() as u64;
        self.clients.count_moves(State::Backoff, State::Online, self.requests.len() as u32);
        for ticket in self.requests.drain(..) {
            self.clients.place(ticket.client(), State::Online);
        }
        // Waiting, then online.
        self.clients.count_events(2 * arrivals);
        self.counters.login_requests += arrivals;
        self.counters.logins += arrivals;
        self.login_queue_before_service = arrivals;
    }

    /// Phases 6 and 7: the login requests of this tick enter the queue in random order; up to `slots` are served.
    fn login_requests(&mut self, now: u32, slots: u64) {
        let mut requests = std::mem::take(&mut self.requests);
        self.counters.login_requests += requests.len() as u64;
        self.reject(&mut requests, self.login.room());
        self.clients.start_waiting(&requests);
        self.login.enqueue(now, &mut requests);
        self.login_queue_before_service = self.login.length();
        self.service(slots);
        self.requests = requests;
    }

    /// Keeps `room` of the requests, chosen uniformly; the others are rejected and go into back-off.
    fn reject(&mut self, requests: &mut Vec<Ticket>, room: u64) {
        let admitted = room.min(requests.len() as u64) as usize;
        if admitted == requests.len() {
            return;
        }
        // Whichever is less work: to choose those that are admitted, or those that are rejected.
        let few = admitted.min(requests.len() - admitted);
        shuffle_first(requests, few, &mut self.streams.login);
        if few < admitted {
            requests.reverse();
        }
        let rejected = &requests[admitted..];
        self.counters.login_rejections += rejected.len() as u64;
        // Each goes into back-off, also the one that comes from there.
        self.clients.count_events(rejected.len() as u64);
        retry(rejected, &self.backoff, &mut self.streams.login_backoff, &mut self.login_retries);
        requests.truncate(admitted);
    }

    /// Phase 7: the login server serves up to `slots` requests. One whose client no longer waits costs a slot as
    /// well, unless expired requests are dropped when they are met.
    fn service(&mut self, slots: u64) {
        let (discipline, drop_expired) = (self.scenario.login.discipline, self.scenario.login.drop_expired);
        let mut left = slots;
        while left > 0 {
            let cost = match self.login.next(discipline, &mut self.streams.login) {
                Next::Nothing => return,
                Next::Request(ticket) if self.clients.meet(ticket) => {
                    self.clients.log_in(ticket.client());
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
        self.login.expire(submitted, |tickets| self.clients.meet_all(tickets, &mut expired));
        self.clients.stop_waiting(&expired);
        self.counters.login_timeouts += expired.len() as u64;
        retry(&expired, &self.backoff, &mut self.streams.login_backoff, &mut self.login_retries);
        expired.clear();
        self.due = expired;
    }

    /// Phase 9: self-healing. Eligible clients that are online become super nodes where there are too few.
    fn promotions(&mut self) {
        let candidates = self.clients.promotable().count();
        let members = self.clients.demand() - self.clients.count(State::Booting);
        let missing = self.scenario.overlay.supernode_ratio * f64::from(members) - f64::from(self.overlay.live());
        if candidates == 0 || missing <= 0.0 {
            return;
        }
        let probability = (missing / f64::from(candidates)).min(1.0) * self.healing_probability;
        let count = binomial(&mut self.streams.promotion, candidates, probability);
        for _ in 0..count {
            let client = self.clients.promotable().draw(&mut self.streams.promotion);
            let (supernode, place) = self.clients.attachment(client);
            self.overlay.detach(supernode, place);
            self.clients.promote(client, self.overlay.add(client));
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
        self.login.requests().for_each(|ticket| self.clients.count_void(ticket));
    }
}

/// Lets those that failed once more come again after their backoff.
pub(super) fn retry(tickets: &[Ticket], backoff: &Backoff, stream: &mut Stream, wheel: &mut Wheel) {
    // A copy of the generator stays in registers.
    let mut own = stream.clone();
    if wheel.is_near(backoff.longest_ticks()) {
        let mut delays = [0; BLOCK];
        for block in tickets.chunks(BLOCK) {
            for (pair, delays) in block.chunks(2).zip(delays.chunks_mut(2)) {
                for ((ticket, delay), random) in pair.iter().zip(delays).zip(halves(own.next_u64())) {
                    *delay = backoff.near_ticks(ticket.failed().failures(), random);
                }
            }
            for (ticket, &delay) in block.iter().zip(&delays) {
                wheel.push_near(delay, ticket.failed());
            }
        }
    } else {
        for ticket in tickets {
            let failed = ticket.failed();
            wheel.push(backoff.ticks(failed.failures(), own.next_u32()), failed);
        }
    }
    *stream = own;
}
