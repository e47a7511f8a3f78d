//! Time in ticks, and the wheel of buckets in which tickets wait for their tick.

use super::clients::Ticket;

/// The number of ticks that a duration of `duration_s` seconds lasts: `max(1, ceil(duration / tick))` (model.md,
/// "Time"), saturating. A quotient that is a whole number but for rounding counts as that number.
pub(crate) fn duration_ticks(duration_s: f64, tick_s: f64) -> u32 {
    let ticks = (duration_s / tick_s - 1e-9).ceil();
    ticks.clamp(1.0, f64::from(u32::MAX)) as u32
}

/// The tick that is nearest to an hour of the scenario.
pub(crate) fn nearest_tick(at_h: f64, tick_s: f64) -> u32 {
    libm::round(at_h * 3600.0 / tick_s).clamp(0.0, f64::from(u32::MAX)) as u32
}

/// Buckets of the wheel. Delays are mostly below an hour: 720 ticks of 5 s.
const BUCKETS: u32 = 8192;
/// Tickets in a chunk: eight cache lines.
const CHUNK: u32 = 64;
/// No chunk.
const NONE: u32 = u32::MAX;

/// The tickets of one tick: a chain of chunks, filled in order.
#[derive(Clone, Copy)]
struct Bucket {
    first: u32,
    last: u32,
    length: u32,
}

const EMPTY: Bucket = Bucket { first: NONE, last: NONE, length: 0 };

/// Tickets waiting for their tick, in the order in which they were pushed.
///
/// A bucket for each of the next 8,192 ticks is a chain of 512-byte chunks from one recycled arena, so that pushing
/// and taking are sequential writes and reads, and nothing is allocated once the arena has reached its size. Tickets
/// that are due later wait in a list, which is looked through every 4,096 ticks.
#[derive(Default)]
pub(super) struct Wheel {
    buckets: Vec<Bucket>,
    arena: Vec<Ticket>,
    next: Vec<u32>,
    free: Vec<u32>,
    later: Vec<(u32, Ticket)>,
    now: u32,
    end: u32,
}

impl Wheel {
    /// Empties the wheel for a run of `end` ticks.
    pub(super) fn reset(&mut self, end: u32) {
        self.buckets.clear();
        self.buckets.resize(BUCKETS as usize, EMPTY);
        self.free.clear();
        self.free.extend((0..self.next.len() as u32).rev());
        self.later.clear();
        self.now = 0;
        self.end = end;
    }

    /// Lets a ticket come due `delay` ≥ 1 ticks from now. What is due after the end of the run is dropped.
    #[inline]
    pub(super) fn push(&mut self, delay: u32, ticket: Ticket) {
        debug_assert!(delay >= 1);
        let due = self.now.saturating_add(delay);
        if due >= self.end {
            return;
        }
        if delay < BUCKETS {
            self.push_into(due % BUCKETS, ticket);
        } else {
            self.later.push((due, ticket));
        }
    }

    #[inline]
    fn push_into(&mut self, index: u32, ticket: Ticket) {
        let bucket = &mut self.buckets[index as usize];
        let place = bucket.length % CHUNK;
        if place == 0 {
            let chunk = match self.free.pop() {
                Some(chunk) => chunk,
                None => {
                    let chunk = self.next.len() as u32;
                    self.next.push(NONE);
                    self.arena.resize(self.arena.len() + CHUNK as usize, Ticket::default());
                    chunk
                }
            };
            if bucket.length == 0 {
                bucket.first = chunk;
            } else {
                self.next[bucket.last as usize] = chunk;
            }
            bucket.last = chunk;
        }
        self.arena[(bucket.last * CHUNK + place) as usize] = ticket;
        bucket.length += 1;
    }

    /// Moves on to tick `now`, and appends the tickets due in it to `due`.
    pub(super) fn take(&mut self, now: u32, due: &mut Vec<Ticket>) {
        self.now = now;
        if now.is_multiple_of(BUCKETS / 2) && !self.later.is_empty() {
            self.move_nearer();
        }
        let bucket = std::mem::replace(&mut self.buckets[(now % BUCKETS) as usize], EMPTY);
        let (mut chunk, mut left) = (bucket.first, bucket.length);
        while left > 0 {
            let start = (chunk * CHUNK) as usize;
            let filled = left.min(CHUNK);
            due.extend_from_slice(&self.arena[start..start + filled as usize]);
            self.free.push(chunk);
            chunk = self.next[chunk as usize];
            left -= filled;
        }
    }

    fn move_nearer(&mut self) {
        let mut later = std::mem::take(&mut self.later);
        later.retain(|&(due, ticket)| {
            let near = due - self.now < BUCKETS;
            if near {
                self.push_into(due % BUCKETS, ticket);
            }
            !near
        });
        self.later = later;
    }

    /// Rewrites every ticket that waits, in place; those for which `rewrite` gives `None` are dropped.
    pub(super) fn rewrite(&mut self, mut rewrite: impl FnMut(Ticket) -> Option<Ticket>) {
        let mut kept = Vec::new();
        for index in 0..BUCKETS {
            if self.buckets[index as usize].length == 0 {
                continue;
            }
            let bucket = std::mem::replace(&mut self.buckets[index as usize], EMPTY);
            let (mut chunk, mut left) = (bucket.first, bucket.length);
            kept.clear();
            while left > 0 {
                let start = (chunk * CHUNK) as usize;
                let filled = left.min(CHUNK);
                kept.extend(self.arena[start..start + filled as usize].iter().filter_map(|&t| rewrite(t)));
                self.free.push(chunk);
                chunk = self.next[chunk as usize];
                left -= filled;
            }
            for &ticket in &kept {
                self.push_into(index, ticket);
            }
        }
        self.later.retain_mut(|(_, ticket)| match rewrite(*ticket) {
            Some(rewritten) => {
                *ticket = rewritten;
                true
            }
            None => false,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::population::clients::ClientId;

    #[test]
    fn a_duration_lasts_whole_ticks_and_at_least_one() {
        assert_eq!(duration_ticks(0.0, 5.0), 1);
        assert_eq!(duration_ticks(5.0, 5.0), 1);
        assert_eq!(duration_ticks(5.1, 5.0), 2);
        assert_eq!(duration_ticks(0.7, 0.1), 7);
        assert_eq!(duration_ticks(f64::INFINITY, 5.0), u32::MAX);
    }

    #[test]
    fn every_ticket_comes_due_in_its_tick_in_the_order_of_pushing() {
        let end = 50_000;
        let mut wheel = Wheel::default();
        for _ in 0..2 {
            wheel.reset(end);
            let mut expected: Vec<Vec<u32>> = vec![Vec::new(); end as usize];
            let (mut id, mut due, mut taken) = (0u32, Vec::new(), 0);
            for now in 0..end {
                due.clear();
                wheel.take(now, &mut due);
                let ids: Vec<u32> = due.iter().map(|t| t.client().0).collect();
                let mut wanted = expected[now as usize].clone();
                // A ticket from the list of later ones may come behind one that was pushed after it.
                let mut sorted = ids.clone();
                sorted.sort_unstable();
                wanted.sort_unstable();
                assert_eq!(sorted, wanted, "tick {now}");
                taken += ids.len();
                for step in 0..(now % 5) {
                    let delay = 1 + (id.wrapping_mul(2_654_435_761) >> (8 + 5 * step)) % 30_000;
                    wheel.push(delay, Ticket::new(ClientId(id), 0));
                    if let Some(tick) = expected.get_mut((now + delay) as usize) {
                        tick.push(id);
                    }
                    id += 1;
                }
            }
            assert!(taken > 50_000);
        }
    }
}
