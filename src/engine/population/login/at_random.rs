//! Service at random: each request in the queue is as likely to be the next, however old it is.

use rand_xoshiro::rand_core::Rng;

use super::{LoginServer, Next, Segment};
use crate::engine::population::tickets::{Attached, Renewing};
use crate::prefetch::BLOCK;
use crate::random::{Stream, scale};

impl LoginServer {
    /// What comes next where each request in the queue is as likely. Those that have expired count as abandoned.
    pub(super) fn any(
        &mut self,
        most: u64,
        stream: &mut Stream,
        block: &mut [Attached; BLOCK],
        renewals: &mut Vec<Renewing>,
    ) -> Next {
        let taken = self.length.min(most).min(BLOCK as u64) as usize;
        if taken == 0 {
            return Next::Nothing;
        }
        let mut tickets = 0;
        for _ in 0..taken {
            let rank = scale(stream.next_u64(), self.length);
            self.length -= 1;
            let Some(rank) = rank.checked_sub(self.expired) else {
                self.expired -= 1;
                continue;
            };
            let (index, entry) = self.any_unexpired(rank, stream);
            let segment = &mut self.segments[index];
            let requests = segment.requests.len();
            if entry < requests {
                block[tickets] = segment.requests.swap_remove(entry);
                tickets += 1;
            } else if entry - requests < segment.renewals.len() {
                renewals.push(segment.renewals.swap_remove(entry - requests));
            } else {
                segment.abandoned -= 1;
            }
            if segment.entries() == 0 {
                self.remove(index);
            }
        }
        Next::Requests { tickets, abandoned: (taken - tickets - renewals.len()) as u64 }
    }

    /// One of the requests in the queue that have not expired, each with the same probability: its segment, and its
    /// number in that: first the requests, then those of renewals, then the abandoned ones. Places are tried at random; if
    /// many of them are vacant, it is the one of this rank, which is uniform too.
    fn any_unexpired(&self, rank: u64, stream: &mut Stream) -> (usize, usize) {
        const TRIES: usize = 32;
        let first = self.segments.get(self.flushed).map_or(0, Segment::first_place);
        let places = self.segments.back().map_or(0, Segment::end_of_places) - first;
        let tries = (0..TRIES).map(|_| self.entry(first + scale(stream.next_u64(), places)));
        if let Some(found) = tries.flatten().next() {
            return found;
        }
        let (mut index, mut left) = (self.flushed, rank as usize);
        while left >= self.segments[index].entries() {
            left -= self.segments[index].entries();
            index += 1;
        }
        (index, left)
    }

    /// The index of the segment with this place, and the number of the request there, if there is one.
    fn entry(&self, place: u64) -> Option<(usize, usize)> {
        let index = self.segments.partition_point(|segment| segment.end_of_places() <= place);
        let segment = self.segments.get(index)?;
        // Segments that were emptied leave gaps.
        let entry = place.checked_sub(segment.first_place())? as usize;
        (entry < segment.entries()).then_some((index, entry))
    }
}

/// Places, of which there is one for each request of a segment when it came; consecutive from segment to segment.
impl Segment {
    fn first_place(&self) -> u64 {
        self.sites.start + self.renewal_sites.start
    }

    fn end_of_places(&self) -> u64 {
        self.sites.end + self.renewal_sites.end
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{enqueue, expire};
    use super::*;
    use crate::engine::population::tickets::Ticket;
    use crate::parameters::Discipline;
    use crate::random::{Purpose, stream};

    #[test]
    fn at_random_each_request_in_the_queue_is_served_as_often_however_old() {
        // 4 expired ones, and 6 of three ticks, of which 2 are abandoned and some ticks are almost empty: a fifth of the
        // 30 sites is taken.
        let mut stream = stream(1, Purpose::Login);
        let mut counts = [[0u32; 10]; 10];
        let rounds = 100_000;
        for _ in 0..rounds {
            let mut server = LoginServer::default();
            server.set_capacity(100.0, 100.0, 1.0);
            enqueue(&mut server, 0, 9..13);
            expire(&mut server, 0);
            for tick in 0..3 {
                enqueue(&mut server, 1 + tick, 0..10);
                // What is left: ids 2 · tick and 2 · tick + 1.
                let segment = server.segments.back_mut().unwrap();
                segment.requests.retain(|ticket| ticket.supernode().0 / 2 == tick);
                server.length -= 8;
            }
            assert!([0, 10].map(|site| server.abandon(site)).iter().all(Option::is_some));
            for counts in &mut counts {
                let mut block = [Attached::NONE; BLOCK];
                match server.next(Discipline::Random, 1, &mut stream, &mut block, &mut Vec::new()) {
                    Next::Requests { tickets: 1, abandoned: 0 } => counts[block[0].supernode().index()] += 1,
                    Next::Requests { tickets: 0, abandoned: 1 } => counts[9] += 1,
                    _ => panic!("there is one"),
                }
            }
            assert_eq!((server.length(), server.segments.len()), (0, 0));
        }
        for count in &counts {
            let expected = f64::from(rounds) / 10.0;
            let deviation = |count: u32, of: f64| (f64::from(count) - of * expected).abs() / (of * expected).sqrt();
            // 7 standard errors: a false alarm below 50 · 3e-12. The first of tick 1, and of tick 2, is gone.
            assert!([1, 3, 4, 5].iter().all(|&id| deviation(count[id], 1.0) < 7.0), "{count:?}");
            assert!(deviation(count[9], 6.0) < 7.0, "{count:?}");
        }
    }
}
