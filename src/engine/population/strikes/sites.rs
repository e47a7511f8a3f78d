//! Where present clients can be, besides the online children, who are found by super node and rank.

use std::ops::Range;

use crate::engine::population::clients::{Class, State};
use crate::engine::population::network::Network;
use crate::engine::population::tickets::{Attached, Renewing};

/// A site, with its number among those of its kind.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Site {
    /// In the live super node at this position.
    SuperNode(u64),
    /// In the wheel of attach retries.
    Seeking(u64),
    /// In the wheel of login retries.
    Backoff(u64),
    /// In the login queue.
    Waiting(u64),
    /// In the wheel of boots.
    Booting(u64),
    /// In the wheel of renewals, in back-off or online.
    RenewalRetry(u64),
    /// In the login queue to renew, waiting or online.
    RenewalRequest(u64),
}

/// All sites, numbered kind by kind.
pub(crate) struct Sites {
    supernodes: u64,
    seeking: u64,
    backoff: u64,
    waiting: Range<u64>,
    booting: u64,
    renewal_retries: u64,
    renewal_requests: Range<u64>,
}

impl Sites {
    /// The sites that there are now.
    pub(crate) fn of(network: &Network) -> Sites {
        Sites {
            supernodes: network.overlay.live().into(),
            seeking: network.attach_retries.sites(),
            backoff: network.login_retries.sites(),
            waiting: network.login.sites(),
            booting: network.boots.sites(),
            renewal_retries: network.renewals.retries.sites(),
            renewal_requests: network.login.renewal_sites(),
        }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        let waiting = self.waiting.end - self.waiting.start;
        let renewal_requests = self.renewal_requests.end - self.renewal_requests.start;
        let renewals = self.renewal_retries + renewal_requests;
        self.supernodes + self.seeking + self.backoff + waiting + self.booting + renewals
    }

    /// The site with this number, less than [`Sites::count`].
    #[inline]
    pub(crate) fn site(&self, number: u64) -> Site {
        let mut left = number;
        if left < self.supernodes {
            return Site::SuperNode(left);
        }
        left -= self.supernodes;
        if left < self.seeking {
            return Site::Seeking(left);
        }
        left -= self.seeking;
        if left < self.backoff {
            return Site::Backoff(left);
        }
        left -= self.backoff;
        let waiting = self.waiting.end - self.waiting.start;
        if left < waiting {
            return Site::Waiting(self.waiting.start + left);
        }
        left -= waiting;
        if left < self.booting {
            return Site::Booting(left);
        }
        left -= self.booting;
        if left < self.renewal_retries {
            return Site::RenewalRetry(left);
        }
        Site::RenewalRequest(self.renewal_requests.start + left - self.renewal_retries)
    }
}

impl Network {
    /// Who is at a site, and in which state; nobody if it is vacant.
    pub(crate) fn occupant(&mut self, site: Site) -> Option<(State, Class)> {
        match site {
            Site::SuperNode(position) => {
                let supernode = self.overlay.live_at(position)?;
                self.overlay.owner(supernode).map(|class| (State::SuperNode, class))
            }
            Site::Seeking(site) => self.attach_retries.get(site).map(|ticket| (State::Seeking, ticket.class())),
            Site::Backoff(site) => {
                let ticket = self.login_retries.get(site)?;
                (!self.overlay.is_void(ticket)).then(|| (State::Backoff, ticket.class()))
            }
            Site::Waiting(site) => {
                let ticket = self.login.get(site)?;
                (!self.overlay.is_void(ticket)).then(|| (State::Waiting, ticket.class()))
            }
            Site::Booting(site) => self.boots.get(site).map(|ticket| (State::Booting, ticket.class())),
            Site::RenewalRetry(site) => {
                let renewing = self.renewals.retries.get(site)?;
                self.renewing(renewing, State::Backoff)
            }
            Site::RenewalRequest(site) => self.renewing(self.login.get_renewal(site)?, State::Waiting),
        }
    }

    /// A client that renews, or the same in another state if it could not in time.
    fn renewing(&self, renewing: Renewing, lapsed: State) -> Option<(State, Class)> {
        let state = if self.renewals.is_online(renewing) { State::Renewing } else { lapsed };
        (!self.overlay.is_void(renewing.ticket)).then(|| (state, renewing.ticket.class()))
    }

    /// The client of a renewal at a site of one is no longer there: it still has its slot, and counts in the census.
    pub(in crate::engine::population) fn end_renewal_at(&mut self, site: Site) -> Option<Attached> {
        let renewing = match site {
            Site::RenewalRequest(site) => {
                let renewing = self.login.abandon_renewal(site)?;
                self.overlay.stop_waiting(renewing.ticket);
                if self.renewals.is_online(renewing) {
                    self.renewals.stop_waiting(renewing);
                }
                renewing
            }
            Site::RenewalRetry(site) => {
                let renewing = self.renewals.retries.get(site)?;
                self.renewals.retries.remove(site);
                renewing
            }
            _ => return None,
        };
        if self.renewals.is_online(renewing) {
            self.renewals.end(renewing);
        }
        Some(renewing.ticket)
    }

    /// Takes the client of this class away that is at a site. It still counts in the census.
    pub(super) fn vacate(&mut self, site: Site, class: Class) {
        match site {
            Site::SuperNode(position) => {
                if let Some(supernode) = self.overlay.live_at(position) {
                    self.overlay.kill(supernode);
                }
            }
            Site::Seeking(site) => self.attach_retries.remove(site),
            Site::Backoff(site) => {
                if let Some(ticket) = self.login_retries.get(site) {
                    self.overlay.detach_offline(ticket.supernode(), class);
                    self.login_retries.remove(site);
                }
            }
            Site::Waiting(site) => {
                if let Some(ticket) = self.login.abandon(site) {
                    self.overlay.stop_waiting(ticket);
                    self.overlay.detach_offline(ticket.supernode(), class);
                }
            }
            Site::Booting(site) => self.boots.remove(site),
            Site::RenewalRetry(_) | Site::RenewalRequest(_) => {
                if let Some(ticket) = self.end_renewal_at(site) {
                    self.overlay.detach_offline(ticket.supernode(), class);
                }
            }
        }
    }

    /// Asks for a site in one of the wheels.
    pub(super) fn prefetch(&self, site: Site) {
        match site {
            Site::Seeking(site) => self.attach_retries.prefetch(site),
            Site::Backoff(site) => self.login_retries.prefetch(site),
            Site::Booting(site) => self.boots.prefetch(site),
            Site::SuperNode(_) | Site::Waiting(_) | Site::RenewalRetry(_) | Site::RenewalRequest(_) => {}
        }
    }

    /// Asks for the super node of a client in back-off.
    pub(super) fn prefetch_supernode(&mut self, site: Site) {
        if let Site::Backoff(site) = site
            && let Some(ticket) = self.login_retries.get(site)
        {
            self.overlay.prefetch(ticket.supernode());
        }
    }
}
