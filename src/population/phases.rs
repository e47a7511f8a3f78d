//! The ten phases of a tick, each a function, in the order of model.md ("Order inside a tick").

use super::Simulator;
use super::backoff::Backoff;
use super::clients::{Attached, Class, State, Ticket, Unattached};
use super::login::Next;
use super::observation::Snapshot;
use super::random::{Stream, binomial, chance, halves, shuffle_first};
use super::strikes::{Spot, visits_each};
use super::timing::{Wheel, duration_ticks};
use crate::parameters::Shock;
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::rand_core::Rng;

/// Clients that are handled together: what all of them will touch is asked for before the first of them is handled, so
/// that the memory answers many at a time.
pub(super) const BLOCK: usize = 32;

impl Simulator {
    /// Simulates tick `now`, up to the observation.
    pub(super) fn tick(&mut self, now: u32) {
        self.boots.advance(now);
        self.attach_retries.advance(now);
        self.login_retries.advance(now);
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
    /// consequences; of the others, by strikes of which those on other regions than the most hazardous one hit less often.
    fn updates(&mut self, now: u32) {
        let mut probabilities = std::mem::take(&mut self.restart_probabilities);
        probabilities.clear();
        for region in 0..self.pending.len() {
            let is_over = self.pending[region] == 0;
            let probability = if is_over { 0.0 } else { self.restarts.probability(region, now) };
            if probability > 0.0 {
                self.pending[region] -= self.sessions.update(region, probability, &mut self.streams.updates);
            }
            probabilities.push(probability);
        }
        let hazard = |probability: f64| -libm::log1p(-probability);
        let most = probabilities.iter().copied().fold(0.0, f64::max);
        if most > 0.0 {
            let visits_each = visits_each(hazard(most));
            let share = |&probability: &f64| {
                if visits_each { probability / most } else { hazard(probability) / hazard(most) }
            };
            let shares: Vec<f64> = probabilities.iter().map(share).collect();
            self.strike(
                hazard(most),
                |simulator| &mut simulator.streams.updates,
                |simulator, spot| {
                    if let Some((state, class)) = simulator.at(spot)
                        && class.is_pending()
                        && chance(&mut simulator.streams.update_regions, shares[class.region()])
                    {
                        simulator.pending[class.region()] -= 1;
                        if let Spot::Booting(number) = spot {
                            simulator.boots.set(number, Unattached::new(class.updated()));
                        } else {
                            simulator.take_from(spot, class);
                            simulator.restart(state, class.updated());
                        }
                    }
                },
            );
        }
        self.restart_probabilities = probabilities;
    }

    /// Some super nodes that are not dedicated, and some other clients that do not boot, crash.
    fn shock(&mut self, shock: &Shock) {
        self.strike(
            f64::INFINITY,
            |simulator| &mut simulator.streams.shocks,
            |simulator, spot| {
                if let Some((state, class)) = simulator.at(spot)
                    && state != State::Booting
                {
                    let is_supernode = state == State::SuperNode;
                    let probability = if is_supernode { shock.supernode_fraction } else { shock.client_fraction };
                    if chance(&mut simulator.streams.shocks, probability) {
                        simulator.take_from(spot, class);
                        simulator.restart(state, class);
                    }
                }
            },
        );
    }

    /// The machine of a client restarts that was in this state, and is of this class from now on.
    fn restart(&mut self, state: State, class: Class) {
        self.census.change(state, State::Booting, 1);
        self.counters.restarts += 1;
        let updates = &self.scenario.updates;
        let normal: f64 = StandardNormal.sample(&mut self.streams.boots);
        let boot_s = updates.boot_median_s * libm::exp(updates.boot_sigma * normal);
        self.boots.push(duration_ticks(boot_s, self.scenario.time.tick_s), Unattached::new(class));
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
            |simulator, spot| {
                if let Some((state, class)) = simulator.at(spot) {
                    simulator.take_from(spot, class);
                    simulator.census.change(state, State::Absent, 1);
                    simulator.sessions.leave(class, 1);
                }
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
        self.attach_retries.take(|due| attempts.extend(due.iter().filter(|ticket| ticket.is_some())));
        let overlay = &mut self.overlay;
        self.login_retries.take(|due| overlay.keep_valid(due, requests));
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
        let mut owners = Vec::new();
        let overlay = &self.scenario.overlay;
        let probes_max = overlay.overload_probes_per_s * self.scenario.time.tick_s;
        let probability = overlay.overload_shutdown_probability;
        self.overlay.shut_down_overloaded(probes_max, probability, &mut self.streams.attach, &mut owners);
        self.census.change(State::SuperNode, State::Seeking, owners.len() as u32);
        let failed: Vec<Unattached> = owners.into_iter().map(Unattached::new).collect();
        retry(&failed, &self.backoff, &mut self.streams.attach_backoff, &mut self.attach_retries);
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
        let mut left = slots;
        while left > 0 {
            let wasted = match self.login.next(discipline, &mut self.streams.login) {
                Next::Nothing => return,
                Next::Request(ticket) if self.overlay.is_void(ticket.supernode()) => {
                    self.overlay.drop_void(ticket.supernode());
                    1
                }
                Next::Request(ticket) => {
                    self.log_in(ticket);
                    left -= 1;
                    continue;
                }
                Next::Abandoned => 1,
                Next::Expired(count) => {
                    let met = if drop_expired { count } else { count.min(left) };
                    self.login.remove_expired(met);
                    met
                }
            };
            if !drop_expired {
                self.counters.login_wasted += wasted;
                left -= wasted;
            }
        }
    }

    /// A client whose request is served.
    fn log_in(&mut self, ticket: Attached) {
        self.overlay.stop_waiting(ticket);
        self.overlay.log_in(ticket);
        self.census.change(State::Waiting, State::Online, 1);
        self.counters.logins += 1;
    }

    /// Phase 8: requests submitted exactly `timeout` ticks ago and not served by now are given up.
    fn time_outs(&mut self, now: u32) {
        let Some(submitted) = now.checked_sub(self.timeout_ticks) else { return };
        let mut expired = std::mem::take(&mut self.expired);
        self.login.expire(submitted, |tickets| self.overlay.keep_valid(tickets, &mut expired));
        expired.iter().for_each(|&ticket| self.overlay.stop_waiting(ticket));
        self.census.change(State::Waiting, State::Backoff, expired.len() as u32);
        self.counters.login_timeouts += expired.len() as u64;
        retry(&expired, &self.backoff, &mut self.streams.login_backoff, &mut self.login_retries);
        expired.clear();
        self.expired = expired;
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
        for _ in 0..binomial(&mut self.streams.promotion, candidates, probability) {
            let chosen = self.overlay.draw_eligible(&mut self.streams.promotion);
            let Some((supernode, class)) = chosen else { return };
            self.overlay.detach_online(supernode, class);
            self.overlay.add(Some(class));
            self.census.place(State::Online, State::SuperNode, 1);
        }
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

/// Lets those that failed once more come again after their backoff.
pub(super) fn retry<T: Ticket>(tickets: &[T], backoff: &Backoff, stream: &mut Stream, wheel: &mut Wheel<T>) {
    // A copy of the generator stays in registers.
    let mut own = stream.clone();
    if backoff.is_near() && Wheel::<T>::is_near(backoff.longest_ticks()) {
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
            wheel.push_all_near(
                block.iter().zip(delays.as_flattened()).map(|(ticket, &delay)| (delay, ticket.failed())),
            );
        }
    } else {
        for ticket in tickets {
            wheel.push(backoff.ticks(ticket.failures(), own.next_u32()), ticket.failed());
        }
    }
    *stream = own;
}
