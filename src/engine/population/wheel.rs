//! The wheel of buckets in which tickets wait for their tick.

use super::tickets::Ticket;
use crate::prefetch::prefetch;

/// Buckets of the wheel. Delays are mostly below an hour: 720 ticks of 5 s.
const BUCKETS: u32 = 8192;
/// Tickets with delays below this many ticks go into a bucket.
pub(super) const NEAR_TICKS: u32 = BUCKETS;
/// Tickets in a chunk: some cache lines.
const CHUNK: u32 = 64;
/// No chunk.
const NO_CHUNK: u32 = u32::MAX;

/// The tickets of one tick: a chain of chunks, filled in order.
#[derive(Clone, Copy)]
struct Bucket {
    first: u32,
    /// Where in the arena the next ticket goes; at the end of a chunk, or 0 before the first, it goes to a new chunk.
    next: u32,
}

const EMPTY: Bucket = Bucket { first: NO_CHUNK, next: 0 };

/// Tickets waiting for their tick; those of one tick in the order in which they were pushed, as far as they were due soon.
///
/// A bucket for each of the next 8,192 ticks is a chain of chunks of 64 from one recycled arena, so that pushing and
/// taking are sequential writes and reads, and nothing is allocated once the arena has reached its size. Tickets that are
/// due later wait in a list, which is looked through every 4,096 ticks.
///
/// Everything that can hold a ticket is a site with a number, so that one can be drawn: first the arena, then the list.
pub(super) struct Wheel<T> {
    buckets: Box<[Bucket; BUCKETS as usize]>,
    /// `NONE` wherever there is no ticket.
    arena: Vec<T>,
    /// The chunk that comes after each chunk in its chain.
    chain: Vec<u32>,
    free: Vec<u32>,
    later: Vec<(u32, T)>,
    now: u32,
}

/// A wheel with enough free chunks for some pushes: what these need apart from the rest, so that it stays in registers.
pub(super) struct Open<'a, T> {
    buckets: &'a mut [Bucket; BUCKETS as usize],
    arena: &'a mut [T],
    chain: &'a mut [u32],
    free: &'a mut Vec<u32>,
    now: u32,
}

impl<T: Ticket> Open<'_, T> {
    /// Lets a ticket come due `delay` ticks from now, less than [`NEAR_TICKS`].
    #[inline(always)]
    pub(super) fn push_near(&mut self, delay: u32, ticket: T) {
        debug_assert!(delay < NEAR_TICKS);
        self.push(self.now.wrapping_add(delay) % BUCKETS, ticket);
    }

    #[inline(always)]
    fn push(&mut self, index: u32, ticket: T) {
        let bucket = &mut self.buckets[index as usize];
        if bucket.next.is_multiple_of(CHUNK) {
            bucket.add_chunk(self.chain, self.free);
            prefetch_chunk(self.arena, bucket.next);
        }
        self.arena[bucket.next as usize] = ticket;
        bucket.next += 1;
    }
}

/// Asks for the chunk that starts at this index of the arena: chunks follow each other at random.
#[inline(always)]
fn prefetch_chunk<T>(arena: &[T], start: u32) {
    const LINE: usize = 64;
    for line in 0..CHUNK as usize * size_of::<T>() / LINE {
        prefetch(arena, start as usize + line * LINE / size_of::<T>());
    }
}

impl Bucket {
    /// Adds a chunk to a bucket whose last one is full.
    #[cold]
    fn add_chunk(&mut self, chain: &mut [u32], free: &mut Vec<u32>) {
        let Some(chunk) = free.pop() else { return };
        if self.first == NO_CHUNK {
            self.first = chunk;
        } else {
            chain[(self.next / CHUNK - 1) as usize] = chunk;
        }
        self.next = chunk * CHUNK;
    }
}

impl<T: Ticket> Default for Wheel<T> {
    fn default() -> Wheel<T> {
        let buckets = Box::new([EMPTY; BUCKETS as usize]);
        let (arena, chain, free, later) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Wheel { buckets, arena, chain, free, later, now: 0 }
    }
}

impl<T: Ticket> Wheel<T> {
    /// Empties the wheel.
    pub(super) fn reset(&mut self) {
        self.buckets.fill(EMPTY);
        self.arena.clear();
        self.chain.clear();
        self.free.clear();
        self.later.clear();
        self.now = 0;
    }

    /// Lets a ticket come due `delay` ticks from now: ≥ 1, or 0 before the first tick.
    #[inline]
    pub(super) fn push(&mut self, delay: u32, ticket: T) {
        if delay < NEAR_TICKS {
            self.open(1).push_near(delay, ticket);
        } else {
            self.later.push((self.now.saturating_add(delay), ticket));
        }
    }

    /// The wheel, open for so many pushes.
    #[inline]
    pub(super) fn open(&mut self, pushes: usize) -> Open<'_, T> {
        // Each of them may need a chunk of its own.
        while self.free.len() < pushes {
            self.add_free_chunk();
        }
        let Wheel { buckets, arena, chain, free, now, .. } = self;
        Open { buckets, arena, chain, free, now: *now }
    }

    #[cold]
    fn add_free_chunk(&mut self) {
        self.free.push(self.chain.len() as u32);
        self.chain.push(NO_CHUNK);
        self.arena.resize(self.arena.len() + CHUNK as usize, T::NONE);
    }

    /// Moves on to tick `now`, at its very start: all delays count from now on.
    pub(super) fn advance(&mut self, now: u32) {
        self.now = now;
        if now.is_multiple_of(BUCKETS / 2) && !self.later.is_empty() {
            self.move_nearer();
        }
    }

    /// Hands what is due in this tick to `meet`, in slices, in which `NONE` stands where a ticket was removed. It is gone
    /// then.
    pub(super) fn take(&mut self, mut meet: impl FnMut(&mut [T])) {
        let bucket = std::mem::replace(&mut self.buckets[(self.now % BUCKETS) as usize], EMPTY);
        let mut chunk = bucket.first;
        while chunk != NO_CHUNK {
            let start = chunk * CHUNK;
            // The last chunk is the one in which, or at the end of which, the next ticket would have gone.
            let is_last = bucket.next > start && bucket.next <= start + CHUNK;
            let end = if is_last { bucket.next } else { start + CHUNK };
            let next = if is_last { NO_CHUNK } else { self.chain[chunk as usize] };
            prefetch_chunk(&self.arena, next.wrapping_mul(CHUNK));
            prefetch(&self.chain, next as usize);
            let tickets = &mut self.arena[start as usize..end as usize];
            meet(tickets);
            tickets.fill(T::NONE);
            self.free.push(chunk);
            chunk = next;
        }
    }

    fn move_nearer(&mut self) {
        let mut later = std::mem::take(&mut self.later);
        later.retain(|&(due, ticket)| {
            let near = due - self.now < NEAR_TICKS;
            if near && ticket.is_some() {
                self.open(1).push(due % BUCKETS, ticket);
            }
            !near
        });
        self.later = later;
    }

    /// How many sites there are.
    pub(super) fn sites(&self) -> u64 {
        self.arena.len() as u64 + self.later.len() as u64
    }

    fn site(&mut self, site: u64) -> Option<&mut T> {
        let later = (site as usize).wrapping_sub(self.arena.len());
        match self.arena.get_mut(site as usize) {
            Some(ticket) => Some(ticket),
            None => self.later.get_mut(later).map(|(_, ticket)| ticket),
        }
    }

    /// Asks for the ticket at this site.
    #[inline]
    pub(super) fn prefetch(&self, site: u64) {
        prefetch(&self.arena, site as usize);
    }

    /// The ticket at this site, if it is not vacant.
    #[inline]
    pub(super) fn get(&mut self, site: u64) -> Option<T> {
        self.site(site).map(|ticket| *ticket).filter(|ticket| ticket.is_some())
    }

    /// Puts another ticket in place of the one at this site.
    #[inline]
    pub(super) fn set(&mut self, site: u64, ticket: T) {
        if let Some(old) = self.site(site) {
            *old = ticket;
        }
    }

    /// Takes the ticket at this site away.
    #[inline]
    pub(super) fn remove(&mut self, site: u64) {
        self.set(site, T::NONE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::population::clients::Class;
    use crate::engine::population::ids::SuperNodeId;
    use crate::engine::population::tickets::Attached;

    #[test]
    fn every_ticket_comes_due_in_its_tick() {
        let end = 50_000;
        let ticket = |id| Attached::new(SuperNodeId(id), Class(0));
        let mut wheel = Wheel::default();
        for _ in 0..2 {
            wheel.reset();
            let mut expected: Vec<Vec<u32>> = vec![Vec::new(); end as usize];
            let (mut id, mut due, mut taken) = (0u32, Vec::new(), 0);
            for now in 0..end {
                due.clear();
                wheel.advance(now);
                // What is pushed before the due ones are taken counts from this tick on, like what is pushed after.
                if now % 3 == 1 {
                    wheel.push(1 + now % 2, ticket(id));
                    if let Some(tick) = expected.get_mut((now + 1 + now % 2) as usize) {
                        tick.push(id);
                    }
                    id += 1;
                }
                wheel.take(|tickets| due.extend(tickets.iter().copied().filter(|ticket| ticket.is_some())));
                let ids: Vec<u32> = due.iter().map(|t| t.supernode().0).collect();
                let mut wanted = expected[now as usize].clone();
                // A ticket from the list of later ones may come behind one that was pushed after it.
                let mut sorted = ids.clone();
                sorted.sort_unstable();
                wanted.sort_unstable();
                assert_eq!(sorted, wanted, "tick {now}");
                taken += ids.len();
                for step in 0..(now % 5) {
                    let delay = 1 + (id.wrapping_mul(2_654_435_761) >> (8 + 5 * step)) % 30_000;
                    wheel.push(delay, ticket(id));
                    if let Some(tick) = expected.get_mut((now + delay) as usize) {
                        tick.push(id);
                    }
                    id += 1;
                }
            }
            assert!(taken > 50_000);
        }
    }

    #[test]
    fn every_ticket_has_one_site_wherever_it_waits() {
        let ticket = |id| Attached::new(SuperNodeId(id), Class(0));
        let mut wheel = Wheel::default();
        for id in 0..1000 {
            wheel.push(1 + id * 17, ticket(id));
        }
        let sites: Vec<u64> = (0..wheel.sites()).filter(|&site| wheel.get(site).is_some()).collect();
        let mut ids: Vec<u32> = sites.iter().filter_map(|&site| wheel.get(site)).map(|t| t.supernode().0).collect();
        ids.sort_unstable();
        assert_eq!(ids, (0..1000).collect::<Vec<u32>>());
        // Every second one is taken away; the others come due as if nothing had been.
        for &site in sites.iter().step_by(2) {
            wheel.remove(site);
            assert_eq!(wheel.get(site), None);
        }
        let mut met = 0;
        for now in 0..17_000 {
            wheel.advance(now);
            wheel.take(|tickets| {
                for ticket in tickets.iter().filter(|ticket| ticket.is_some()) {
                    assert_eq!(now, 1 + ticket.supernode().0 * 17);
                    met += 1;
                }
            });
        }
        assert_eq!(met, 500);
        assert!((0..wheel.sites()).all(|site| wheel.get(site).is_none()));
    }
}
