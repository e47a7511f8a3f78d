//! Service at random: each request in the queue is as likely to be the next, however old it is.

use rand_xoshiro::rand_core::Rng;

use super::{LoginServer, Next};
use crate::engine::population::tickets::Attached;
use crate::prefetch::BLOCK;
use crate::random::{Stream, scale};

impl LoginServer {
    /// What comes next where each request in the queue is as likely. Those that have expired count as abandoned.
    pub(super) fn any(&mut self, most: u64, stream: &mut Stream, block: &mut [Attached; BLOCK]) -> Next {
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
            if entry < segment.requests.len() {
                block[tickets] = segment.requests.swap_remove(entry);
                tickets += 1;
            } else {
                segment.abandoned -= 1;
            }
            if segment.entries() == 0 {
                self.remove(index);
            }
        }
        Next::Requests { tickets, abandoned: (taken - tickets) as u64 }
    }

    /// One of the requests in the queue that have not expired, each with the same probability: its segment, and its
    /// number in that, the abandoned ones last. Sites are tried at random; if many of them are vacant, it is the one of
    /// this rank, which is uniform too.
    fn any_unexpired(&self, rank: u64, stream: &mut Stream) -> (usize, usize) {
        const TRIES: usize = 32;
        let first = self.segments[self.flushed].sites.start;
        let sites = self.sites().end - first;
        let tries = (0..TRIES).map(|_| self.entry(first + scale(stream.next_u64(), sites)));
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
}

#[cfg(test)]
mod tests {
    use super::super::tests::requests;
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
            server.enqueue(0, &mut requests(9..13));
            server.expire(0, |_| ());
            for tick in 0..3 {
                server.enqueue(1 + tick, &mut requests(0..10));
                // What is left: ids 2 · tick and 2 · tick + 1.
                let segment = server.segments.back_mut().unwrap();
                segment.requests.retain(|ticket| ticket.supernode().0 / 2 == tick);
                server.length -= 8;
            }
            assert!([0, 10].map(|site| server.abandon(site)).iter().all(Option::is_some));
            for counts in &mut counts {
                let mut block = [Attached::NONE; BLOCK];
                match server.next(Discipline::Random, 1, &mut stream, &mut block) {
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
