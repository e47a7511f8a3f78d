//! Phases 6 to 8: the login server.

use crate::engine::population::clients::State;
use crate::engine::population::login::Next;
use crate::engine::population::network::Network;
use crate::engine::population::simulator::Simulator;
use crate::engine::population::tickets::{Attached, Ticket, part_from_giving_up};
use crate::prefetch::BLOCK;
use crate::random::shuffle_first;

impl Simulator {
    /// Whether the queue is empty, and has room and service slots for every request that can be made in this tick. Then
    /// who is attached in phase 5 is served in phase 7 for certain.
    pub(crate) fn serves_at_once(&self, renewals: u32) -> bool {
        #[cfg(test)]
        if self.always_queues {
            return false;
        }
        let login = &self.network.login;
        let others = self.renewal_requests.len() as u64 + u64::from(renewals);
        let requests_max = (self.attempts.len() + self.requests.len()) as u64 + others;
        login.length() == 0 && requests_max <= login.room().min(login.slots_with(requests_max))
    }

    /// Phases 6 and 7 where [`Simulator::serves_at_once`].
    pub(crate) fn serve_at_once(&mut self) {
        let attached = std::mem::take(&mut self.served_at_once);
        let others = self.requests.len() as u32;
        let arrivals = u64::from(attached) + u64::from(others) + self.renew_at_once();
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
        self.counters.login_requests += (requests.len() + self.renewal_requests.len()) as u64;
        let rejections = self.reject(&mut requests);
        let Network { census, overlay, login, renewals, .. } = &mut self.network;
        requests.iter().for_each(|&ticket| overlay.start_waiting(ticket));
        for &renewing in &self.renewal_requests {
            overlay.start_waiting(renewing.ticket);
            renewals.start_waiting(renewing);
        }
        census.change(State::Requesting, State::Waiting, requests.len() as u32);
        login.enqueue(now, &mut requests, &mut self.renewal_requests);
        self.login_queue_before_service = login.length();
        self.requests = requests;
        login.take_service_slots(login.length(), rejections)
    }

    /// Keeps as many of the requests as find room in the queue, chosen uniformly; the others are rejected and go into
    /// back-off. Returns how many these are.
    fn reject(&mut self, requests: &mut Vec<Attached>) -> u64 {
        let all = requests.len() + self.renewal_requests.len();
        let mut admitted = self.network.login.room().min(all as u64) as usize;
        let rejections = (all - admitted) as u64;
        if rejections == 0 {
            return 0;
        }
        if !self.renewal_requests.is_empty() {
            admitted = self.reject_renewals(requests.len(), admitted);
        }
        // Whichever is less work: to choose those that are admitted, or those that are rejected.
        let few = admitted.min(requests.len() - admitted);
        shuffle_first(requests, few, &mut self.streams.login);
        if few < admitted {
            requests.reverse();
        }
        let rejected = &mut requests[admitted..];
        self.counters.login_rejections += rejected.len() as u64;
        self.network.census.change(State::Requesting, State::Backoff, rejected.len() as u32);
        self.log_ins_fail(rejected);
        requests.truncate(admitted);
        rejections
    }

    /// Requests of clients that log in have failed, which are in back-off: most of them try again, some may give up.
    fn log_ins_fail(&mut self, failed: &mut [Attached]) {
        let (failed, giving_up) = part_from_giving_up(failed, self.scenario.retry.give_up_after);
        let Network { census, absent, overlay, login_retries, .. } = &mut self.network;
        self.settings.backoff.retry(failed, &mut self.streams.login_backoff, login_retries);
        for ticket in giving_up {
            overlay.detach_offline(ticket.supernode(), ticket.class());
            census.change(State::Backoff, State::Absent, 1);
            absent.add(ticket.class(), 1);
        }
    }

    /// Clients that wait to be logged in give up their requests.
    pub(super) fn give_up_requests(&mut self, expired: &mut [Attached]) {
        self.network.census.change(State::Waiting, State::Backoff, expired.len() as u32);
        self.counters.login_timeouts += expired.len() as u64;
        self.log_ins_fail(expired);
    }

    /// Phase 7: the login server serves up to `slots` requests. One whose client no longer waits costs a slot as
    /// well, unless expired requests are dropped when they are met.
    pub(crate) fn service(&mut self, slots: u64) {
        let (discipline, drop_expired) = (self.scenario.login.discipline, self.scenario.login.drop_expired);
        let (mut block, mut renewals) = ([Attached::NONE; BLOCK], Vec::new());
        let mut left = slots;
        while left > 0 {
            let (mut served, mut renewed) = (0, 0);
            let wasted;
            match self.network.login.next(discipline, left, &mut self.streams.login, &mut block, &mut renewals) {
                Next::Nothing => return,
                Next::Requests { tickets, abandoned } => {
                    served = self.network.serve(&block[..tickets]);
                    renewed = self.network.serve_renewals(&renewals);
                    wasted = abandoned + (tickets + renewals.len()) as u64 - u64::from(served + renewed);
                    renewals.clear();
                }
                Next::Expired(count) => {
                    wasted = if drop_expired { count } else { count.min(left) };
                    self.network.login.remove_expired(wasted);
                }
            }
            self.network.census.change(State::Waiting, State::Online, served);
            self.counters.logins += u64::from(served + renewed);
            left -= u64::from(served + renewed);
            if !drop_expired {
                self.counters.login_wasted += wasted;
                left -= wasted;
            }
        }
    }

    /// Phase 8: requests submitted exactly `timeout` ticks ago and not served by now are given up.
    pub(crate) fn time_outs(&mut self, now: u32) {
        let Some(submitted) = now.checked_sub(self.settings.timeout_ticks) else { return };
        while let Some(mut segment) = self.network.login.expire(submitted) {
            let overlay = &mut self.network.overlay;
            let expired = overlay.compact_valid(&mut segment.requests);
            expired.iter().for_each(|&ticket| overlay.stop_waiting(ticket));
            self.give_up_requests(expired);
            if !segment.renewals.is_empty() {
                self.renewals_time_out(&segment.renewals);
            }
            self.network.login.recycle(segment);
        }
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
