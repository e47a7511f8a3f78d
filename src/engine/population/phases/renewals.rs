//! Renewals of the login, where they differ from log-ins: who begins, who is done, whose grace time is over.

use crate::engine::population::clients::State;
use crate::engine::population::network::Network;
use crate::engine::population::simulator::Simulator;
use crate::engine::population::strikes::sites::Site;
use crate::engine::population::tickets::{Renewing, Ticket, part_from_giving_up};
use crate::random::{Stream, below, binomial, scale, shuffle_first};
use rand_xoshiro::rand_core::Rng;

impl Simulator {
    /// Phase 4, before the orphans: renewals of those whose super node has died are over, who are orphans like any other
    /// then. Nobody knows where their tickets are, so that all are looked at.
    pub(super) fn renewals_of_dying(&mut self) {
        let network = &mut self.network;
        if network.census.count(State::Renewing) == 0 || !network.overlay.some_are_dying() {
            return;
        }
        for site in renewal_sites(network) {
            let Some(renewing) = renewing_at(network, site) else { continue };
            if network.renewals.is_online(renewing) && network.overlay.is_dying(renewing.ticket.supernode()) {
                network.end_renewal_at(site);
                network.overlay.log_in(renewing.ticket);
                network.census.transfer(State::Renewing, State::Online, 1);
            }
        }
    }

    /// Phase 3: renewals to be repeated. Those that came too late are log-ins like any other from here on.
    pub(super) fn renewals_due(&mut self) {
        let Network { census, overlay, renewals, .. } = &mut self.network;
        let mut due = std::mem::take(&mut self.renewal_requests);
        renewals.retries.take(|tickets| due.extend(tickets.iter().filter(|ticket| ticket.is_some())));
        due.retain(|renewing| {
            if renewals.is_online(*renewing) {
                return true;
            }
            if overlay.is_void(renewing.ticket) {
                overlay.drop_void(renewing.ticket);
            } else {
                self.requests.push(renewing.ticket);
            }
            false
        });
        self.renewal_requests = due;
        debug_assert_eq!(census.count(State::Requesting), 0);
    }

    /// Phase 3, at its end: how many online clients begin to renew.
    pub(in crate::engine::population) fn renewals_that_begin(&mut self) -> u32 {
        let probability = self.settings.renewal_probability;
        if probability <= 0.0 {
            return 0;
        }
        binomial(&mut self.streams.renewals, self.network.census.count(State::Online), probability)
    }

    /// Who these are, where it matters: where they are not served in this tick for certain.
    pub(in crate::engine::population) fn begin_renewals(&mut self, now: u32, count: u32) {
        let Network { census, overlay, renewals, .. } = &mut self.network;
        for _ in 0..count {
            let site = overlay.any_online(census.count(State::Online), &mut self.streams.renewals);
            let Some(ticket) = overlay.take_ticket(site) else { continue };
            let renewing = Renewing { ticket, began: now };
            census.transfer(State::Online, State::Renewing, 1);
            renewals.begin(renewing);
            self.renewal_requests.push(renewing);
        }
    }

    /// Phases 6 and 7 where all are served at once.
    pub(super) fn renew_at_once(&mut self) -> u64 {
        let mut requests = std::mem::take(&mut self.renewal_requests);
        let renewed = u64::from(std::mem::take(&mut self.renewed_at_once)) + requests.len() as u64;
        requests.drain(..).for_each(|renewing| self.network.renewed(renewing));
        self.renewal_requests = requests;
        renewed
    }

    /// Phase 6, where not all requests find room: keeps `admitted` of them and of those to renew, chosen uniformly among
    /// all. Returns how many of the others are kept, which are moved to the front; those to renew that are not are
    /// rejected.
    pub(super) fn reject_renewals(&mut self, others: usize, admitted: usize) -> usize {
        let mut order: Vec<u32> = (0..(others + self.renewal_requests.len()) as u32).collect();
        shuffle_first(&mut order, admitted, &mut self.streams.login);
        let mut renewals: Vec<usize> =
            order[admitted..].iter().filter_map(|&one| (one as usize).checked_sub(others)).collect();
        renewals.sort_unstable_by(|a, b| b.cmp(a));
        let mut rejected: Vec<Renewing> =
            renewals.iter().map(|&index| self.renewal_requests.swap_remove(index)).collect();
        self.counters.login_rejections += rejected.len() as u64;
        self.renewals_fail(&mut rejected);
        admitted - self.renewal_requests.len()
    }

    /// The requests of online clients that renew have failed, and are no longer in the queue.
    fn renewals_fail(&mut self, failed: &mut [Renewing]) {
        let (failed, giving_up) = part_from_giving_up(failed, self.scenario.retry.give_up_after);
        let Network { census, absent, overlay, renewals, .. } = &mut self.network;
        self.settings.backoff.retry(failed, &mut self.streams.login_backoff, &mut renewals.retries);
        for renewing in giving_up {
            renewals.end(*renewing);
            overlay.detach_offline(renewing.ticket.supernode(), renewing.ticket.class());
            census.change(State::Renewing, State::Absent, 1);
            absent.add(renewing.ticket.class(), 1);
        }
    }

    /// Phase 8: requests of renewals that are given up. Those of clients that are no longer online wait in the list of
    /// log-ins for what becomes of these.
    pub(super) fn renewals_time_out(&mut self, expired: &[Renewing]) {
        let (mut online, mut others) = (Vec::new(), Vec::new());
        for &renewing in expired {
            let Network { overlay, renewals, .. } = &mut self.network;
            if overlay.is_void(renewing.ticket) {
                overlay.drop_void(renewing.ticket);
                continue;
            }
            overlay.stop_waiting(renewing.ticket);
            if renewals.is_online(renewing) {
                renewals.stop_waiting(renewing);
                online.push(renewing);
            } else {
                others.push(renewing.ticket);
            }
        }
        self.counters.login_timeouts += online.len() as u64;
        self.renewals_fail(&mut online);
        self.give_up_requests(&mut others);
    }

    /// Phase 8, after the time-outs: those whose grace time is over are no longer online.
    pub(in crate::engine::population) fn grace_ends(&mut self, now: u32) {
        let Some(began) = now.checked_sub(self.settings.grace_ticks) else { return };
        let (waiting, backoff) = self.network.renewals.lapse(began);
        self.network.census.change(State::Renewing, State::Waiting, waiting);
        self.network.census.change(State::Renewing, State::Backoff, backoff);
    }

    /// Phase 9: so many of the eligible online clients that renew are promoted, which ends their renewals.
    pub(super) fn promote_renewing(&mut self, count: u32) {
        let network = &mut self.network;
        for _ in 0..count {
            let Some(site) = network.any_eligible_renewal(&mut self.streams.promotion) else { return };
            let Some(ticket) = network.end_renewal_at(site) else { return };
            network.overlay.detach_offline(ticket.supernode(), ticket.class());
            network.overlay.add(Some(ticket.class()));
            network.census.transfer(State::Renewing, State::SuperNode, 1);
        }
    }
}

impl Network {
    /// The site of one of the renewals of online clients that are eligible, each with the same probability; none if there
    /// is none.
    fn any_eligible_renewal(&mut self, stream: &mut Stream) -> Option<Site> {
        const TRIES: usize = 256;
        let (requests, retries) = (self.login.renewal_sites(), self.renewals.retries.sites());
        let requests_count = requests.end - requests.start;
        for _ in 0..TRIES {
            let number = scale(stream.next_u64(), requests_count + retries);
            let site = match number.checked_sub(requests_count) {
                Some(site) => Site::RenewalRetry(site),
                None => Site::RenewalRequest(requests.start + number),
            };
            if self.is_eligible_renewal(site) {
                return Some(site);
            }
        }
        // They are few.
        let mut sites = renewal_sites(self);
        sites.retain(|&site| self.is_eligible_renewal(site));
        let length = u32::try_from(sites.len()).ok().filter(|&length| length > 0)?;
        Some(sites[below(stream, length) as usize])
    }

    fn is_eligible_renewal(&mut self, site: Site) -> bool {
        let renewing = renewing_at(self, site);
        renewing.is_some_and(|one| self.renewals.is_online(one) && one.ticket.class().is_eligible())
    }

    /// The renewal of an online client, which does not wait any more, is over.
    fn renewed(&mut self, renewing: Renewing) {
        self.renewals.end(renewing);
        self.overlay.log_in(renewing.ticket);
        self.census.transfer(State::Renewing, State::Online, 1);
    }

    /// Requests of renewals are served; void ones are dropped. Returns how many are served.
    pub(super) fn serve_renewals(&mut self, served: &[Renewing]) -> u32 {
        let mut count = 0;
        for &renewing in served {
            if self.overlay.is_void(renewing.ticket) {
                self.overlay.drop_void(renewing.ticket);
                continue;
            }
            count += 1;
            self.overlay.stop_waiting(renewing.ticket);
            if self.renewals.is_online(renewing) {
                self.renewals.stop_waiting(renewing);
                self.renewed(renewing);
            } else {
                self.overlay.log_in(renewing.ticket);
                self.census.change(State::Waiting, State::Online, 1);
            }
        }
        count
    }
}

/// All sites of renewals, those of the queue from the last on, so that one can go while they are visited.
fn renewal_sites(network: &Network) -> Vec<Site> {
    let requests = network.login.renewal_sites().rev().map(Site::RenewalRequest);
    requests.chain((0..network.renewals.retries.sites()).map(Site::RenewalRetry)).collect()
}

/// The renewal at a site of one; none if it is vacant.
fn renewing_at(network: &mut Network, site: Site) -> Option<Renewing> {
    match site {
        Site::RenewalRequest(site) => network.login.get_renewal(site),
        Site::RenewalRetry(site) => network.renewals.retries.get(site),
        _ => None,
    }
}
