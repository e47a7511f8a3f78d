//! The ten phases of a tick, each a function, in the order of model.md ("Order inside a tick").

use super::Simulator;
use super::backoff::Backoff;
use super::clients::{Attached, Class, State, Ticket, Unattached};
use super::login::Next;
use super::observation::Snapshot;
use super::strikes::{Spot, visits_each};
use super::timing::{Wheel, duration_ticks};
use crate::parameters::Shock;
use crate::prefetch::BLOCK;
use crate::random::{Stream, binomial, chance, halves, shuffle_first, standard_normal};
use rand_xoshiro::rand_core::Rng;

/// Ticks from one count of the fullest super node's children to the next.
const MEASURE_TICKS: u32 = 4096;

impl Simulator {
    /// Simulates tick `now`, up to the observation.
    pub(super) fn tick(&mut self, now: u32) {
        self.boots.advance(now);
        self.attach_retries.advance(now);
        self.login_retries.advance(now);
        if now.is_multiple_of(MEASURE_TICKS) {
            self.overlay.measure();
        }
        self.interventions(now);
        self.restarts_and_shocks(now);
        self.session_changes(now);
        // Deaths come before the timers that are due, so that the ticket of an orphan is void when it is met. That is
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
        self.updates(now);
        for index in 0..self.shocks.len() {
            let (tick, shock) = self.shocks[index];
            if tick == now {
                self.shock(&shock);
            }
        }
    }

    /// The update restarts the machines whose restart time lies in this tick: of absent and booting clients, without
    /// consequences; of the others, by strikes with the hazard of the region where it is highest, which miss some of the
    /// clients of other regions.
    fn updates(&mut self, now: u32) {
        let mut shares = std::mem::take(&mut self.update_shares);
        shares.clear();
        for region in 0..self.pending.len() {
            let is_over = self.pending[region] == 0;
            let probability = if is_over { 0.0 } else { self.restarts.probability(region, now) };
            if probability > 0.0 {
                self.pending[region] -= self.sessions.update(region, probability, &mut self.streams.updates);
            }
            shares.push(probability);
        }
        let most = shares.iter().copied().fold(0.0, f64::max);
        if most > 0.0 {
            let hazard = |probability: f64| -libm::log1p(-probability);
            let visits_each = visits_each(hazard(most));
            for share in &mut shares {
                *share = if visits_each { *share / most } else { hazard(*share) / hazard(most) };
            }
            self.strike(
                hazard(most),
                |simulator| &mut simulator.streams.updates,
                |simulator, _, class| {
                    let stream = &mut simulator.streams.update_regions;
                    class.is_pending() && chance(stream, shares[class.region()])
                },
                |simulator, spot, state, class| {
                    simulator.pending[class.region()] -= 1;
                    match spot {
                        Some(Spot::Booting(number)) => {
                            simulator.boots.set(number, Unattached::new(class.updated()));
                        }
                        _ => simulator.restart(state, class.updated()),
                    }
                },
            );
            self.boot();
        }
        self.update_shares = shares;
    }

    /// Some super nodes that are not dedicated, and some other clients that do not boot, crash.
    fn shock(&mut self, shock: &Shock) {
        self.strike(
            f64::INFINITY,
            |simulator| &mut simulator.streams.shocks,
            |simulator, state, _| {
                let is_supernode = state == State::SuperNode;
                let probability = if is_supernode { shock.supernode_fraction } else { shock.client_fraction };
                state != State::Booting && chance(&mut simulator.streams.shocks, probability)
            },
            |simulator, _, state, class| simulator.restart(state, class),
        );
        self.boot();
    }

    /// The machine of a client restarts that was in this state, and is of this class from now on. To be followed by
    /// [`Simulator::boot`].
    fn restart(&mut self, state: State, class: Class) {
        self.census.change(state, State::Booting, 1);
        self.counters.restarts += 1;
        self.restarting.push(class);
    }

    /// Those whose machines have restarted boot.
    fn boot(&mut self) {
        let (tick_s, updates) = (self.scenario.time.tick_s, &self.scenario.updates);
        for class in self.restarting.drain(..) {
            let normal = standard_normal(&mut self.streams.boots);
            let boot_s = updates.boot_median_s * libm::exp(updates.boot_sigma * normal);
            self.boots.push(duration_ticks(boot_s, tick_s), Unattached::new(class));
        }
    }

    /// Phase 2: sessions that end and sessions that begin. The initial sessions last a tick at least, and so do absences.
    fn session_changes(&mut self, now: u32) {
        if now == 0 {
            return;
        }
        let arrivals = self.attempts.len();
        self.sessions.begin(now, &mut self.streams.presence, |class| self.attempts.push(Unattached::new(class)));
        let arrivals = (self.attempts.len() - arrivals) as u32;
        self.census.change(State::Absent, State::Seeking, arrivals);
        self.strike(
            self.sessions.end_hazard(),
            |simulator| &mut simulator.streams.presence,
            |_, _, _| true,
            |simulator, _, state, class| {
                simulator.census.change(state, State::Absent, 1);
                simulator.sessions.leave(class, 1);
            },
        );
    }

    /// Phase 3: boots that finish, and retries that are due.
    fn timers(&mut self) {
        let (census, sessions, stream) = (&mut self.census, &mut self.sessions, &mut self.streams.boots);
        let (attempts, requests) = (&mut self.attempts, &mut self.requests);
        let autostart = self.scenario.updates.autostart_probability;
        self.boots.take(|booted| {
            for &ticket in booted.iter().filter(|ticket| ticket.is_some()) {
                if chance(stream, autostart) {
                    census.change(State::Booting, State::Seeking, 1);
                    attempts.push(ticket);
                } else {
                    census.change(State::Booting, State::Absent, 1);
                    sessions.leave(ticket.class(), 1);
                }
            }
        });
        self.attach_retries.take(|due| attempts.extend_from_slice(keep_some(due)));
        let overlay = &mut self.overlay;
        self.login_retries.take(|due| requests.extend_from_slice(overlay.keep_valid(due)));
    }

    /// Phase 4: the children of super nodes that died so far become orphans; stale addresses expire.
    fn deaths(&mut self, now: u32) {
        let remembers = !self.scenario.login.relogin_after_orphaning;
        let (notice, retries, stream) = (self.notice, &mut self.attach_retries, &mut self.streams.orphans);
        let orphans = self.overlay.bury(now.saturating_add(self.stale_ticks), |class, online, count| {
            let ticket = Unattached::new(class).remembering(online && remembers);
            (0..count).for_each(|_| retries.push(notice.ticks(stream.next_u32()), ticket));
        });
        self.census.change(State::Online, State::Seeking, orphans.online);
        self.census.change(State::Waiting, State::Seeking, orphans.waiting);
        self.census.change(State::Backoff, State::Seeking, orphans.backoff);
        self.overlay.expire(now);
    }

    /// The end of phase 5 with overload protection: super nodes that were probed too often may shut down.
    fn overload(&mut self) {
        let overlay = &self.scenario.overlay;
        let probes_max = overlay.overload_probes_per_s * self.scenario.time.tick_s;
        let probability = overlay.overload_shutdown_probability;
        // The attempts of this tick are over.
        let failed = &mut self.attempts;
        self.overlay.shut_down_overloaded(probes_max, probability, &mut self.streams.attach, |owner| {
            failed.push(Unattached::new(owner));
        });
        self.census.change(State::SuperNode, State::Seeking, failed.len() as u32);
        retry(failed, &self.backoff, &mut self.streams.attach_backoff, &mut self.attach_retries);
        failed.clear();
    }

    /// Phases 6 and 7 where the queue is empty, and every request of this tick is served in it: no order matters.
    fn serve_at_once(&mut self) {
        let attached = std::mem::take(&mut self.served_at_once);
        let arrivals = u64::from(attached) + self.requests.len() as u64;
        for ticket in self.requests.drain(..) {
            self.overlay.log_in(ticket);
        }
        let others = arrivals as u32 - attached;
        self.census.change(State::Backoff, State::Waiting, others);
        self.census.change(State::Waiting, State::Online, others);
        // They were waiting for an instant as well.
        self.census.events += u64::from(attached);
        self.counters.login_requests += arrivals;
        self.counters.logins += arrivals;
        self.login_queue_before_service = arrivals;
    }

    /// Phases 6 and 7: the login requests of this tick enter the queue in random order; up to `slots` are served.
    fn login_requests(&mut self, now: u32, slots: u64) {
        let mut requests = std::mem::take(&mut self.requests);
        self.counters.login_requests += requests.len() as u64;
        self.reject(&mut requests, self.login.room());
        requests.iter().for_each(|&ticket| self.overlay.start_waiting(ticket));
        self.census.change(State::Backoff, State::Waiting, requests.len() as u32);
        self.login.enqueue(now, &mut requests);
        self.login_queue_before_service = self.login.length();
        self.service(slots);
        self.requests = requests;
    }

    /// Keeps `room` of the requests, chosen uniformly; the others are rejected and go into back-off.
    fn reject(&mut self, requests: &mut Vec<Attached>, room: u64) {
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
        self.census.events += rejected.len() as u64;
        retry(rejected, &self.backoff, &mut self.streams.login_backoff, &mut self.login_retries);
        requests.truncate(admitted);
    }

    /// Phase 7: the login server serves up to `slots` requests. One whose client no longer waits costs a slot as
    /// well, unless expired requests are dropped when they are met.
    fn service(&mut self, slots: u64) {
        let (discipline, drop_expired) = (self.scenario.login.discipline, self.scenario.login.drop_expired);
        let mut block = [Attached::NONE; BLOCK];
        let mut left = slots;
        while left > 0 {
            let mut served = 0;
            let mut wasted;
            match self.login.next(discipline, left, &mut self.streams.login, &mut block) {
                Next::Nothing => return,
                Next::Requests { tickets, abandoned } => {
                    wasted = abandoned;
                    let tickets = &block[..tickets];
                    tickets.iter().for_each(|ticket| self.overlay.prefetch(ticket.supernode()));
                    for &ticket in tickets {
                        if self.overlay.is_void(ticket.supernode()) {
                            self.overlay.drop_void(ticket.supernode());
                            wasted += 1;
                        } else {
                            self.overlay.stop_waiting(ticket);
                            self.overlay.log_in(ticket);
                            served += 1;
                        }
                    }
                }
                Next::Expired(count) => {
                    wasted = if drop_expired { count } else { count.min(left) };
                    self.login.remove_expired(wasted);
                }
            }
            self.census.change(State::Waiting, State::Online, served);
            self.counters.logins += u64::from(served);
            left -= u64::from(served);
            if !drop_expired {
                self.counters.login_wasted += wasted;
                left -= wasted;
            }
        }
    }

    /// Phase 8: requests submitted exactly `timeout` ticks ago and not served by now are given up.
    fn time_outs(&mut self, now: u32) {
        let Some(submitted) = now.checked_sub(self.timeout_ticks) else { return };
        self.login.expire(submitted, |tickets| {
            let expired = self.overlay.keep_valid(tickets);
            expired.iter().for_each(|&ticket| self.overlay.stop_waiting(ticket));
            self.census.change(State::Waiting, State::Backoff, expired.len() as u32);
            self.counters.login_timeouts += expired.len() as u64;
            retry(expired, &self.backoff, &mut self.streams.login_backoff, &mut self.login_retries);
        });
    }

    /// Phase 9: self-healing. Eligible clients that are online become super nodes where there are too few.
    fn promotions(&mut self) {
        let candidates = self.overlay.eligible();
        let members = self.census.demand() - self.census.count(State::Booting);
        let missing = self.scenario.overlay.supernode_ratio * f64::from(members) - f64::from(self.overlay.live());
        if candidates == 0 || missing <= 0.0 {
            return;
        }
        let probability = (missing / f64::from(candidates)).min(1.0) * self.healing_probability;
        let wanted = binomial(&mut self.streams.promotion, candidates, probability);
        let promoted = self.overlay.promote(wanted, &mut self.streams.promotion);
        self.census.place(State::Online, State::SuperNode, promoted);
    }

    /// Phase 10: the network as it is seen at the end of a tick.
    pub(super) fn snapshot(&self) -> Snapshot {
        Snapshot {
            demand: self.census.demand(),
            online: self.census.online(),
            booting: self.census.count(State::Booting),
            seeking: self.census.count(State::Seeking),
            waiting: self.census.count(State::Waiting),
            backoff: self.census.count(State::Backoff),
            supernodes: self.overlay.live(),
            stale_addresses: self.overlay.stale(),
            login_queue: self.login.length(),
            login_queue_before_service: self.login_queue_before_service,
        }
    }
}

/// Moves the real tickets to the front, in their order, and gives them.
fn keep_some<T: Ticket>(tickets: &mut [T]) -> &[T] {
    let mut length = 0;
    for place in 0..tickets.len() {
        let ticket = tickets[place];
        tickets[length] = ticket;
        length += usize::from(ticket.is_some());
    }
    &tickets[..length]
}

/// Lets those that failed once more come again after their backoff.
pub(super) fn retry<T: Ticket>(tickets: &[T], backoff: &Backoff, stream: &mut Stream, wheel: &mut Wheel<T>) {
    // A copy of the generator stays in registers.
    let mut own = stream.clone();
    if backoff.is_near() && Wheel::<T>::is_near(backoff.longest_ticks()) {
        // In two loops: in one, the processor would guess wrong which of the loads of a bucket need an earlier store.
        let mut delays = [[0; 2]; BLOCK / 2];
        for block in tickets.chunks(BLOCK) {
            let (pairs, last) = block.as_chunks::<2>();
            for (pair, delays) in pairs.iter().zip(&mut delays) {
                let randoms = halves(own.next_u64());
                *delays = [0, 1].map(|which| backoff.near_ticks(pair[which].failures(), randoms[which]));
            }
            if let [ticket] = last {
                delays[pairs.len()][0] = backoff.near_ticks(ticket.failures(), own.next_u64() as u32);
            }
            let mut wheel = wheel.open(block.len());
            for (ticket, &delay) in block.iter().zip(delays.as_flattened()) {
                wheel.push_near(delay, ticket.failed());
            }
        }
    } else {
        for ticket in tickets {
            wheel.push(backoff.ticks(ticket.failures(), own.next_u32()), ticket.failed());
        }
    }
    *stream = own;
}
