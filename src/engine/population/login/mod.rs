//! The login server's queue.
//!
//! A request that was not served in time has expired, but keeps its place. All requests of a tick time out in the same
//! later tick, so the expired ones lie at the old end of the queue as a mere number, and cost nothing to store or to
//! serve. The requests of one tick arrive in random order; as nobody can tell before they are served, each is drawn
//! from the rest of its tick when its turn comes. A request whose client has left is no more than a number, too.

mod at_random;
mod renewals;

use std::collections::VecDeque;
use std::ops::Range;

use super::tickets::{Attached, Renewing};
use crate::engine::laws::login::{after_rejections, capacity_left, queue_limit};
use crate::parameters::Discipline;
use crate::prefetch::{BLOCK, prefetch};
use crate::random::{Stream, below};

/// The requests of one tick that are still in the queue, in no particular order.
pub(super) struct Segment {
    tick: u32,
    pub(super) requests: Vec<Attached>,
    /// Those of clients that renew, or did.
    pub(super) renewals: Vec<Renewing>,
    /// Requests of clients that have left or restarted since.
    abandoned: u64,
    /// The sites of its requests when they came; consecutive from segment to segment.
    sites: Range<u64>,
    /// The same of `renewals`.
    renewal_sites: Range<u64>,
}

impl Segment {
    /// Requests, those that were abandoned included.
    fn entries(&self) -> usize {
        self.requests.len() + self.renewals.len() + self.abandoned as usize
    }
}

/// The queue and the capacity of the login server.
#[derive(Default)]
pub(super) struct LoginServer {
    /// Requests that timed out: the oldest ones in the queue.
    expired: u64,
    /// The other requests, oldest first.
    segments: VecDeque<Segment>,
    /// How many of the segments, the first ones, are no longer in the queue: it was emptied, but their clients wait.
    /// None of the others is empty.
    flushed: usize,
    /// All requests in the queue.
    length: u64,
    /// Requests that the queue holds at most; `u64::MAX` without a limit.
    limit: u64,
    /// Requests served in a tick, on average.
    capacity_per_tick: f64,
    /// Share of the capacity that a full queue costs.
    degradation: f64,
    /// Service slots that a rejection costs.
    rejection_cost: f64,
    /// Capacity that carries over: less than one request.
    credit: f64,
    spare: Vec<(Vec<Attached>, Vec<Renewing>)>,
}

/// What the server meets next in its order.
pub(super) enum Next {
    /// Requests in a row, all of one tick, which leave the queue.
    Requests {
        /// How many of them still have a ticket, though it may be void.
        tickets: usize,
        /// How many of them were made by clients that have left or restarted.
        abandoned: u64,
    },
    /// This many requests in a row that timed out, which stay until [`LoginServer::remove_expired`].
    Expired(u64),
    /// The queue is empty.
    Nothing,
}

impl LoginServer {
    /// An empty queue.
    pub(super) fn reset(&mut self) {
        self.expired = 0;
        self.length = 0;
        self.flushed = 0;
        self.credit = 0.0;
        while let Some(segment) = self.segments.pop_front() {
            self.recycle(segment);
        }
    }

    /// Sets the capacity, and the longest queue as the time that it takes to serve it. An infinite capacity serves all
    /// and rejects none.
    pub(super) fn set_capacity(&mut self, capacity_per_s: f64, queue_limit_s: f64, tick_s: f64) {
        self.capacity_per_tick = capacity_per_s * tick_s;
        self.limit = queue_limit(capacity_per_s, queue_limit_s).unwrap_or(u64::MAX);
    }

    /// Sets what a full queue and what rejections cost.
    pub(super) fn set_losses(&mut self, degradation: f64, rejection_cost: f64) {
        self.degradation = degradation;
        self.rejection_cost = rejection_cost;
    }

    /// Requests in the queue, expired ones included.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// How many more requests find a place.
    pub(super) fn room(&self) -> u64 {
        self.limit.saturating_sub(self.length)
    }

    /// Requests that are no longer in the queue, since it was emptied, and whose clients do not know.
    pub(super) fn flushed(&self) -> u64 {
        let clients = |segment: &Segment| (segment.requests.len() + segment.renewals.len()) as u64;
        self.segments.iter().take(self.flushed).map(clients).sum()
    }

    /// The accumulated capacity of a tick with a queue of this length after its requests.
    fn accumulated(&self, length: u64) -> f64 {
        let mut capacity = self.capacity_per_tick;
        if self.degradation > 0.0 {
            let limit = (self.limit < u64::MAX).then_some(self.limit as f64);
            capacity *= capacity_left(self.degradation, length as f64, limit);
        }
        self.credit + capacity
    }

    /// The number of requests that would be served in this tick at most with a queue of this length, and no rejections.
    pub(super) fn slots_with(&self, length: u64) -> u64 {
        // Rounding must not hold back a request whose capacity has accumulated. What is infinite becomes the largest
        // number; a fraction is cut off, which needs no call of a function.
        (self.accumulated(length) + 1e-9) as u64
    }

    /// The number of requests that are served in this tick at most, after so many rejections, with a queue of this
    /// length after its requests; call once a tick. The fraction of the accumulated capacity carries over, whole slots
    /// that are not used do not.
    pub(super) fn take_service_slots(&mut self, length: u64, rejections: u64) -> u64 {
        if self.capacity_per_tick == f64::INFINITY {
            return u64::MAX;
        }
        let mut accumulated = self.accumulated(length);
        if self.rejection_cost > 0.0 {
            accumulated = after_rejections(accumulated, self.rejection_cost, rejections as f64);
        }
        let slots = (accumulated + 1e-9).floor();
        self.credit = accumulated - slots;
        slots as u64
    }

    /// Empties the queue. Those whose requests are lost do not know.
    pub(super) fn flush(&mut self) {
        self.expired = 0;
        self.length = 0;
        self.flushed = self.segments.len();
    }

    /// Puts the requests of this tick into the queue, and those of renewals; leaves the lists empty.
    pub(super) fn enqueue(&mut self, tick: u32, requests: &mut Vec<Attached>, renewals: &mut Vec<Renewing>) {
        if requests.is_empty() && renewals.is_empty() {
            return;
        }
        self.length += (requests.len() + renewals.len()) as u64;
        let (mut own, mut own_renewals) = self.spare.pop().unwrap_or_default();
        std::mem::swap(&mut own, requests);
        std::mem::swap(&mut own_renewals, renewals);
        let last = self.segments.back();
        let (first, first_renewal) = last.map_or((0, 0), |last| (last.sites.end, last.renewal_sites.end));
        let sites = first..first + own.len() as u64;
        let renewal_sites = first_renewal..first_renewal + own_renewals.len() as u64;
        let segment = Segment { tick, requests: own, renewals: own_renewals, abandoned: 0, sites, renewal_sites };
        self.segments.push_back(segment);
    }

    /// What comes next in the queue, up to `most` requests, or [`BLOCK`]. Their tickets go to the front of `block`, and
    /// those of renewals into `renewals`, which is empty before.
    pub(super) fn next(
        &mut self,
        discipline: Discipline,
        most: u64,
        stream: &mut Stream,
        block: &mut [Attached; BLOCK],
        renewals: &mut Vec<Renewing>,
    ) -> Next {
        let index = match discipline {
            Discipline::Random => return self.any(most, stream, block, renewals),
            Discipline::Fifo if self.expired > 0 => return Next::Expired(self.expired),
            Discipline::Fifo => self.flushed,
            Discipline::Lifo => self.segments.len().saturating_sub(1).max(self.flushed),
        };
        let Some(segment) = self.segments.get_mut(index) else {
            return if self.expired > 0 { Next::Expired(self.expired) } else { Next::Nothing };
        };
        let left = segment.entries();
        let taken = left.min(BLOCK).min(usize::try_from(most).unwrap_or(BLOCK));
        let mut choices = [0; BLOCK];
        for (earlier, choice) in choices[..taken].iter_mut().enumerate() {
            *choice = below(stream, (left - earlier) as u32) as usize;
            prefetch(&segment.requests, *choice);
        }
        let mut tickets = 0;
        for &choice in &choices[..taken] {
            if choice < segment.requests.len() {
                block[tickets] = segment.requests.swap_remove(choice);
                tickets += 1;
            } else if choice - segment.requests.len() < segment.renewals.len() {
                renewals.push(segment.renewals.swap_remove(choice - segment.requests.len()));
            }
        }
        let abandoned = (taken - tickets - renewals.len()) as u64;
        segment.abandoned -= abandoned;
        self.length -= taken as u64;
        if taken == left {
            self.remove(index);
        }
        Next::Requests { tickets, abandoned }
    }

    /// Takes a segment out that is empty.
    fn remove(&mut self, index: usize) {
        let emptied = self.segments.remove(index);
        emptied.into_iter().for_each(|segment| self.recycle(segment));
    }

    /// Removes `count` expired requests.
    pub(super) fn remove_expired(&mut self, count: u64) {
        self.expired -= count;
        self.length -= count;
    }

    /// Takes the requests of a tick out, the oldest that were submitted at or before `tick` and not served: they stay in
    /// the queue as expired ones. To be recycled.
    pub(super) fn expire(&mut self, tick: u32) -> Option<Segment> {
        let segment = self.segments.pop_front_if(|segment| segment.tick <= tick)?;
        if self.flushed > 0 {
            self.flushed -= 1;
        } else {
            self.expired += segment.entries() as u64;
        }
        Some(segment)
    }

    /// Keeps the lists of a segment for later.
    pub(super) fn recycle(&mut self, segment: Segment) {
        let (mut requests, mut renewals) = (segment.requests, segment.renewals);
        requests.clear();
        renewals.clear();
        self.spare.push((requests, renewals));
    }

    /// The sites of requests that have not timed out. Some of them may be vacant by now.
    pub(super) fn sites(&self) -> Range<u64> {
        let first = self.segments.front().map_or(0, |segment| segment.sites.start);
        first..self.segments.back().map_or(first, |segment| segment.sites.end)
    }

    /// The index of the segment with the request at this site, and that of the request in it, if there is one.
    fn find(&self, site: u64) -> Option<(usize, usize)> {
        let index = self.segments.partition_point(|segment| segment.sites.end <= site);
        let segment = self.segments.get(index)?;
        // Segments that were emptied leave gaps.
        let request = site.checked_sub(segment.sites.start)? as usize;
        (request < segment.requests.len()).then_some((index, request))
    }

    /// The request at this site, if there is one.
    pub(super) fn get(&self, site: u64) -> Option<Attached> {
        self.find(site).map(|(segment, request)| self.segments[segment].requests[request])
    }

    /// The client that made the request at this site leaves it in the queue. Returns the request, if there is one.
    pub(super) fn abandon(&mut self, site: u64) -> Option<Attached> {
        let (segment, request) = self.find(site)?;
        self.segments[segment].abandoned += 1;
        Some(self.segments[segment].requests.swap_remove(request))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::engine::population::clients::Class;
    use crate::engine::population::ids::SuperNodeId;
    use crate::engine::population::tickets::Ticket;
    use crate::random::{Purpose, stream};

    pub(super) fn requests(supernodes: Range<u32>) -> Vec<Attached> {
        supernodes.map(|supernode| Attached::new(SuperNodeId(supernode), Class(0))).collect()
    }

    pub(super) fn enqueue(server: &mut LoginServer, tick: u32, supernodes: Range<u32>) {
        server.enqueue(tick, &mut requests(supernodes), &mut Vec::new());
    }

    pub(super) fn expire(server: &mut LoginServer, tick: u32) -> Vec<Attached> {
        std::iter::from_fn(|| server.expire(tick)).flat_map(|segment| segment.requests).collect()
    }

    fn serve(server: &mut LoginServer, discipline: Discipline) -> Option<u32> {
        let mut block = [Attached::NONE; BLOCK];
        match server.next(discipline, 1, &mut stream(1, Purpose::Login), &mut block, &mut Vec::new()) {
            Next::Requests { tickets: 1, abandoned: 0 } => Some(block[0].supernode().0),
            _ => None,
        }
    }

    #[test]
    fn fifo_serves_the_oldest_tick_first_and_lifo_the_newest() {
        let mut server = LoginServer::default();
        server.set_capacity(100.0, 100.0, 1.0);
        enqueue(&mut server, 0, 0..3);
        enqueue(&mut server, 1, 10..13);
        assert!(serve(&mut server, Discipline::Fifo).unwrap() < 3);
        assert!(serve(&mut server, Discipline::Lifo).unwrap() >= 10);
        assert_eq!(server.length(), 4);
    }

    #[test]
    fn a_request_that_timed_out_keeps_its_place() {
        let mut server = LoginServer::default();
        server.set_capacity(0.1, 100.0, 1.0);
        enqueue(&mut server, 0, 0..3);
        enqueue(&mut server, 1, 10..13);
        let timed_out = expire(&mut server, 0);
        assert_eq!(timed_out, requests(0..3));
        assert_eq!((server.length(), server.room()), (6, 4));
        let mut block = [Attached::NONE; BLOCK];
        let next = server.next(Discipline::Fifo, 9, &mut stream(1, Purpose::Login), &mut block, &mut Vec::new());
        assert!(matches!(next, Next::Expired(3)));
        server.remove_expired(3);
        assert_eq!(server.length(), 3);
        assert!(serve(&mut server, Discipline::Fifo).unwrap() >= 10);
    }

    #[test]
    fn fractions_of_capacity_carry_over_and_whole_slots_do_not() {
        let mut server = LoginServer::default();
        server.set_capacity(0.1, f64::INFINITY, 1.0);
        let served: Vec<u64> = (0..20).map(|_| server.take_service_slots(0, 0)).collect();
        assert_eq!(served.iter().sum::<u64>(), 2);
        assert_eq!((served[9], served[19]), (1, 1));
        server.set_capacity(f64::INFINITY, 1.0, 1.0);
        assert_eq!((server.slots_with(7), server.take_service_slots(7, 0)), (u64::MAX, u64::MAX));
        assert_eq!(server.room(), u64::MAX);
    }

    #[test]
    fn a_full_queue_and_rejections_cost_capacity() {
        let mut server = LoginServer::default();
        server.set_capacity(10.0, 10.0, 1.0);
        server.set_losses(0.5, 0.25);
        assert_eq!([server.slots_with(0), server.slots_with(50), server.slots_with(100)], [10, 7, 5]);
        // 7.5 − 0.25 · 3 are 6.75; and 0.75 + 5 are less than 100 rejections cost.
        assert_eq!([(50, 3), (100, 100), (0, 0)].map(|(q, r)| server.take_service_slots(q, r)), [6, 0, 10]);
    }

    #[test]
    fn a_flush_loses_the_requests_and_their_clients_wait_for_their_time_out() {
        for discipline in [Discipline::Fifo, Discipline::Lifo, Discipline::Random] {
            let mut server = LoginServer::default();
            server.set_capacity(0.1, 100.0, 1.0);
            enqueue(&mut server, 0, 0..3);
            enqueue(&mut server, 1, 10..13);
            expire(&mut server, 0);
            server.flush();
            assert_eq!((server.length(), server.room(), server.flushed()), (0, 10, 3));
            assert_eq!(serve(&mut server, discipline), None);
            enqueue(&mut server, 2, 20..21);
            assert_eq!(server.abandon(4), requests(11..12).pop());
            assert_eq!(serve(&mut server, discipline), Some(20));
            let timed_out = expire(&mut server, 1);
            assert_eq!((timed_out.len(), server.length(), server.flushed()), (2, 0, 0));
            enqueue(&mut server, 3, 30..31);
            expire(&mut server, 3);
            assert_eq!(server.length(), 1);
        }
    }

    #[test]
    fn the_queue_holds_at_least_one_request() {
        let mut server = LoginServer::default();
        server.set_capacity(0.0, 120.0, 5.0);
        assert_eq!(server.room(), 1);
        enqueue(&mut server, 0, 0..1);
        assert_eq!(server.room(), 0);
    }

    #[test]
    fn an_abandoned_request_keeps_its_place_and_no_site() {
        let mut server = LoginServer::default();
        server.set_capacity(100.0, 100.0, 1.0);
        enqueue(&mut server, 0, 0..3);
        enqueue(&mut server, 1, 10..13);
        assert_eq!(server.sites(), 0..6);
        server.abandon(4);
        assert_eq!(server.length(), 6);
        let left: Vec<u32> = (0..6).filter_map(|site| server.get(site)).map(|ticket| ticket.supernode().0).collect();
        assert_eq!(left, [0, 1, 2, 10, 12]);
        let mut block = [Attached::NONE; BLOCK];
        let mut next =
            || server.next(Discipline::Lifo, 20, &mut stream(1, Purpose::Login), &mut block, &mut Vec::new());
        assert!(matches!(next(), Next::Requests { tickets: 2, abandoned: 1 }));
        assert!(matches!(next(), Next::Requests { tickets: 3, abandoned: 0 }));
        assert!(matches!(next(), Next::Nothing));
        assert_eq!(server.length(), 0);
        assert!(server.sites().is_empty());
    }

    #[test]
    fn whose_turn_it_is_among_the_requests_of_a_tick_is_as_likely_for_each() {
        // 70 requests, 10 of them abandoned: more than come at once. Where in the order is each, in steps of 20?
        let mut stream = stream(1, Purpose::Login);
        let mut counts = [[0u32; 71]; 4];
        let rounds = 40_000;
        for _ in 0..rounds {
            let mut server = LoginServer::default();
            server.set_capacity(100.0, 100.0, 1.0);
            enqueue(&mut server, 0, 0..70);
            // The first one leaves, and the last one takes its place: ten times.
            (0..10).for_each(|_| assert!(server.abandon(0).is_some()));
            let mut block = [Attached::NONE; BLOCK];
            for counts in &mut counts {
                let mut left = 20;
                while let Next::Requests { tickets, abandoned } =
                    server.next(Discipline::Fifo, left, &mut stream, &mut block, &mut Vec::new())
                {
                    block[..tickets].iter().for_each(|ticket| counts[ticket.supernode().index()] += 1);
                    counts[70] += abandoned as u32;
                    left -= tickets as u64 + abandoned;
                    if left == 0 {
                        break;
                    }
                }
            }
            assert_eq!(server.length(), 0);
        }
        let still_here: Vec<usize> = (0..70).filter(|&id| counts.iter().any(|counts| counts[id] > 0)).collect();
        assert_eq!(still_here.len(), 60);
        for (counts, share) in counts.iter().zip([2.0 / 7.0, 2.0 / 7.0, 2.0 / 7.0, 1.0 / 7.0]) {
            let expected = f64::from(rounds) * share;
            // 7 standard errors: a false alarm below 244 · 3e-12; the abandoned ones exclude each other.
            let deviation = |count: u32, of: f64| (f64::from(count) - of * expected).abs() / (of * expected).sqrt();
            assert!(still_here.iter().all(|&id| deviation(counts[id], 1.0) < 7.0), "{share}");
            assert!(deviation(counts[70], 10.0) < 7.0, "{share}: {}", counts[70]);
        }
    }
}
