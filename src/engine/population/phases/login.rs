//! Phases 6 to 8: the login server.

use crate::engine::population::clients::State;
use crate::engine::population::login::Next;
use crate::engine::population::network::Network;
use crate::engine::population::simulator::Simulator;
use crate::engine::population::tickets::{Attached, Ticket};
use crate::prefetch::BLOCK;
use crate::random::shuffle_first;

impl Simulator {
    /// Whether the queue is empty, and has room and service slots for every request that can be made in this tick. Then
    /// who is attached in phase 5 is served in phase 7 for certain.
    pub(crate) fn serves_at_once(&self) -> bool {
        #[cfg(test)]
        if self.always_queues {
            return false;
        }
        let (login, requests_max) = (&self.network.login, (self.attempts.len() + self.requests.len()) as u64);
        login.length() == 0 && requests_max <= login.room().min(login.slots_with(requests_max))
    }

    /// Phases 6 and 7 where [`Simulator::serves_at_once`].
    pub(crate) fn serve_at_once(&mut self) {
        let attached = std::mem::take(&mut self.served_at_once);
        let others = self.requests.len() as u32;
        let arrivals = u64::from(attached) + u64::from(others);
        for ticket in self.requests.drain(..) {
            self.network.overlay.log_in(ticket);
        }
        let census = &mut self.network.census;
        census.change(State::Requesting, State::Waiting, others);
        census.change(State::Waiting, State::Online, others);
        // Those who are attached, and online since phase 5, were waiting for an instant as well.
        census.events += u64::from(attached);
        self.counters.login_requests += arrivals;
        self.counters.logins += arrivals;
        self.login_queue_before_service = arrivals;
        self.network.login.take_service_slots(arrivals, 0);
    }

    /// Phase 6: the login requests of this tick enter the queue in random order, as far as there is room. Returns the
    /// number of service slots of this tick.
    pub(crate) fn requests_enter(&mut self, now: u32) -> u64 {
        let mut requests = std::mem::take(&mut self.requests);
        self.counters.login_requests += requests.len() as u64;
        let rejections = self.reject(&mut requests);
        let Network { census, overlay, login, .. } = &mut self.network;
        requests.iter().for_each(|&ticket| overlay.start_waiting(ticket));
        census.change(State::Requesting, State::Waiting, requests.len() as u32);
        login.enqueue(now, &mut requests);
        self.login_queue_before_service = login.length();
        self.requests = requests;
        login.take_service_slots(login.length(), rejections)
    }

    /// Keeps as many of the requests as find room in the queue, chosen uniformly; the others are rejected and go into
    /// back-off. Returns how many these are.
    fn reject(&mut self, requests: &mut Vec<Attached>) -> u64 {
        let admitted = self.network.login.room().min(requests.len() as u64) as usize;
        if admitted == requests.len() {
            return 0;
        }
        // Whichever is less work: to choose those that are admitted, or those that are rejected.
        let few = admitted.min(requests.len() - admitted);
        shuffle_first(requests, few, &mut self.streams.login);
        if few < admitted {
            requests.reverse();
        }
        let rejected = &requests[admitted..];
        let rejections = rejected.len() as u64;
        self.counters.login_rejections += rejections;
        self.network.census.change(State::Requesting, State::Backoff, rejected.len() as u32);
        let retries = &mut self.network.login_retries;
        self.settings.backoff.retry(rejected, &mut self.streams.login_backoff, retries);
        requests.truncate(admitted);
        rejections
    }

    /// Phase 7: the login server serves up to `slots` requests. One whose client no longer waits costs a slot as
    /// well, unless expired requests are dropped when they are met.
    pub(crate) fn service(&mut self, slots: u64) {
        let (discipline, drop_expired) = (self.scenario.login.discipline, self.scenario.login.drop_expired);
        let mut block = [Attached::NONE; BLOCK];
        let mut left = slots;
        while left > 0 {
            let mut served = 0;
            let wasted;
            match self.network.login.next(discipline, left, &mut self.streams.login, &mut block) {
                Next::Nothing => return,
                Next::Requests { tickets, abandoned } => {
                    served = self.network.serve(&block[..tickets]);
                    wasted = abandoned + tickets as u64 - u64::from(served);
                }
                Next::Expired(count) => {
                    wasted = if drop_expired { count } else { count.min(left) };
                    self.network.login.remove_expired(wasted);
                }
            }
            self.network.census.change(State::Waiting, State::Online, served);
            self.counters.logins += u64::from(served);
            left -= u64::from(served);
            if !drop_expired {
                self.counters.login_wasted += wasted;
                left -= wasted;
            }
        }
    }

    /// Phase 8: requests submitted exactly `timeout` ticks ago and not served by now are given up.
    pub(crate) fn time_outs(&mut self, now: u32) {
        let Some(submitted) = now.checked_sub(self.settings.timeout_ticks) else { return };
        let Network { census, overlay, login, login_retries, .. } = &mut self.network;
        login.expire(submitted, |tickets| {
            let expired = overlay.compact_valid(tickets);
            expired.iter().for_each(|&ticket| overlay.stop_waiting(ticket));
            census.change(State::Waiting, State::Backoff, expired.len() as u32);
            self.counters.login_timeouts += expired.len() as u64;
            self.settings.backoff.retry(expired, &mut self.streams.login_backoff, login_retries);
        });
    }
}

impl Network {
    /// The requests of clients that still wait are served; void ones are dropped. Returns how many are served.
    #[inline]
    fn serve(&mut self, tickets: &[Attached]) -> u32 {
        let mut served = 0;
        tickets.iter().for_each(|ticket| self.overlay.prefetch(ticket.supernode()));
        for &ticket in tickets {
            if self.overlay.is_void(ticket) {
                self.overlay.drop_void(ticket);
            } else {
                self.overlay.stop_waiting(ticket);
                self.overlay.log_in(ticket);
                served += 1;
            }
        }
        served
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::{Scenario, Shock};

    /// What is seen of a run, tick by tick.
    fn ticks(scenario: &Scenario, always_queues: bool) -> Vec<String> {
        let mut simulator = Simulator::new();
        simulator.always_queues = always_queues;
        simulator.set_up(scenario, 11);
        let ticks = (0..scenario.ticks() as u32).map(|now| {
            simulator.tick(now);
            format!("{:?} {:?} {}", simulator.snapshot(), simulator.counters, simulator.network.census.events)
        });
        ticks.collect()
    }

    /// Where everything is served in its tick, the two ways do not differ in law alone: no random number decides
    /// anything in which they differ.
    #[test]
    fn who_is_served_at_once_is_served_as_through_the_queue() {
        let mut scenario = Scenario::default();
        scenario.population.clients = 5_000;
        (scenario.time.horizon_h, scenario.updates.release_h) = (4.0, 1.0);
        scenario.updates.synchronization = 0.5;
        scenario.shocks = vec![Shock { at_h: 2.0, supernode_fraction: 0.5, client_fraction: 0.1, ..Shock::default() }];
        for capacity_per_s_per_million in [f64::INFINITY, 1e6] {
            for relogin_after_orphaning in [true, false] {
                scenario.login.capacity_per_s_per_million = capacity_per_s_per_million;
                scenario.login.relogin_after_orphaning = relogin_after_orphaning;
                let (at_once, through_the_queue) = (ticks(&scenario, false), ticks(&scenario, true));
                assert!(at_once[..] == through_the_queue[..], "{capacity_per_s_per_million} {relogin_after_orphaning}");
                assert!(at_once.last().unwrap().contains("login_rejections: 0, login_timeouts: 0, login_wasted: 0"));
            }
        }
    }
}
