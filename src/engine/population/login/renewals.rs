//! The requests of clients that renew their login: where they are.

use std::ops::Range;

use super::LoginServer;
use crate::engine::population::tickets::Renewing;

impl LoginServer {
    /// As [`LoginServer::sites`], of renewals.
    pub(crate) fn renewal_sites(&self) -> Range<u64> {
        let first = self.segments.front().map_or(0, |segment| segment.renewal_sites.start);
        first..self.segments.back().map_or(first, |segment| segment.renewal_sites.end)
    }

    fn find_renewal(&self, site: u64) -> Option<(usize, usize)> {
        let index = self.segments.partition_point(|segment| segment.renewal_sites.end <= site);
        let segment = self.segments.get(index)?;
        let renewal = site.checked_sub(segment.renewal_sites.start)? as usize;
        (renewal < segment.renewals.len()).then_some((index, renewal))
    }

    /// As [`LoginServer::get`], of a renewal.
    pub(crate) fn get_renewal(&self, site: u64) -> Option<Renewing> {
        self.find_renewal(site).map(|(segment, renewal)| self.segments[segment].renewals[renewal])
    }

    /// As [`LoginServer::abandon`], of a renewal.
    pub(crate) fn abandon_renewal(&mut self, site: u64) -> Option<Renewing> {
        let (segment, renewal) = self.find_renewal(site)?;
        self.segments[segment].abandoned += 1;
        Some(self.segments[segment].renewals.swap_remove(renewal))
    }
}
