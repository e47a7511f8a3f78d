//! Time in ticks, and the wheel of buckets in which tickets wait for their tick.

use super::clients::Ticket;
use crate::prefetch::prefetch;

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

/// A random delay, uniform over an interval, or a fixed one: `max(1, ceil(delay / tick))` ticks (model.md, "Time").
///
/// It is `1 + floor(low + u · span)` with `u` uniform over [0, 1). For a uniform delay this is the same but for whole
/// numbers, which have probability 0; for a fixed one `span` is 0 and `low` one tick less than the rounded delay.
#[derive(Debug, Clone, Copy)]
pub(super) struct Delay {
    /// In units of 2⁻ˢʰⁱᶠᵗ ticks, like `span`: fixed-point arithmetic is exact, and cheaper than any other.
    low: u64,
    span: u64,
    shift: u32,
}

impl Delay {
    /// Uniform from `low_s` to `high_s` seconds.
    pub(super) fn uniform(low_s: f64, high_s: f64, tick_s: f64) -> Delay {
        // What has to fit below 2⁶³ units: 2³¹ ticks, the longest run, with 32 bits behind the point; rather fewer bits
        // than a delay cut short.
        let ticks_max = 4.6e18;
        let high = (high_s / tick_s).min(ticks_max);
        let shift = (0..=32).rev().find(|&shift| libm::scalbn(high, shift) < 9.2e18).unwrap_or(0);
        let units = |ticks: f64| libm::round(libm::scalbn(ticks.min(ticks_max), shift)) as u64;
        let low = units(low_s / tick_s);
        Delay { low, span: units(high).saturating_sub(low), shift: shift as u32 }
    }

    /// Always the same.
    pub(super) fn fixed(delay_s: f64, tick_s: f64) -> Delay {
        let low = u64::from(duration_ticks(delay_s, tick_s) - 1);
        if low < 1 << 30 { Delay { low: low << 32, span: 0, shift: 32 } } else { Delay { low, span: 0, shift: 0 } }
    }

    /// The delay that a uniform 32-bit number stands for, in ticks, 1 … 2³² − 1.
    #[inline]
    pub(super) fn ticks(self, random: u32) -> u32 {
        let part = (u128::from(u64::from(random) << 32) * u128::from(self.span)) >> 64;
        ((self.low + part as u64) >> self.shift).min(u64::from(u32::MAX - 1)) as u32 + 1
    }

    /// The longest delay that there is, in ticks.
    pub(super) fn longest_ticks(self) -> u32 {
        self.ticks(u32::MAX)
    }

    /// The same as [`Delay::ticks`] where [`Delay::longest_ticks`] is less than 2³⁰, which makes it cheaper.
    #[inline(always)]
    pub(super) fn near_ticks(self, random: u32) -> u32 {
        let part = (u128::from(u64::from(random) << 32) * u128::from(self.span)) >> 64;
        ((self.low + part as u64) >> 32) as u32 + 1
    }
}

/// Buckets of the wheel. Delays are mostly below an hour: 720 ticks of 5 s.
const BUCKETS: u32 = 8192;
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
/// Everything that can hold a ticket has a number, so that one can be drawn: first the arena, then the list.
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
    /// Lets a ticket come due `delay` ticks from now, for which [`Wheel::is_near`].
    #[inline(always)]
    pub(super) fn push_near(&mut self, delay: u32, ticket: T) {
        debug_assert!(Wheel::<T>::is_near(delay));
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

/// Asks for the chunk that starts at this place of the arena: chunks follow each other at random.
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

    /// Whether every delay up to `longest` can be pushed with [`Open::push_near`].
    pub(super) fn is_near(longest: u32) -> bool {
        longest < BUCKETS
    }

    /// Lets a ticket come due `delay` ticks from now: ≥ 1, or 0 before the first tick.
    #[inline]
    pub(super) fn push(&mut self, delay: u32, ticket: T) {
        if Wheel::<T>::is_near(delay) {
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

    /// Hands what is due in this tick to `meet`, in slices, in which there may be places without a ticket. It is gone
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
            let near = due - self.now < BUCKETS;
            if near && ticket.is_some() {
                self.open(1).push(due % BUCKETS, ticket);
            }
            !near
        });
        self.later = later;
    }

    /// How many numbers there are for what can hold a ticket.
    pub(super) fn len(&self) -> u64 {
        self.arena.len() as u64 + self.later.len() as u64
    }

    fn place(&mut self, number: u64) -> Option<&mut T> {
        let later = (number as usize).wrapping_sub(self.arena.len());
        match self.arena.get_mut(number as usize) {
            Some(ticket) => Some(ticket),
            None => self.later.get_mut(later).map(|(_, ticket)| ticket),
        }
    }

    /// Asks for the ticket with this number.
    #[inline]
    pub(super) fn prefetch(&self, number: u64) {
        prefetch(&self.arena, number as usize);
    }

    /// The ticket with this number, if there is one.
    #[inline]
    pub(super) fn get(&mut self, number: u64) -> Option<T> {
        self.place(number).map(|ticket| *ticket).filter(|ticket| ticket.is_some())
    }

    /// Puts another ticket in the place of the one with this number.
    #[inline]
    pub(super) fn set(&mut self, number: u64, ticket: T) {
        if let Some(place) = self.place(number) {
            *place = ticket;
        }
    }

    /// Takes the ticket with this number away.
    #[inline]
    pub(super) fn remove(&mut self, number: u64) {
        self.set(number, T::NONE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::population::clients::{Attached, Class};
    use crate::engine::population::overlay::SuperNodeId;

    #[test]
    fn a_duration_lasts_whole_ticks_and_at_least_one() {
        assert_eq!(duration_ticks(0.0, 5.0), 1);
        assert_eq!(duration_ticks(5.0, 5.0), 1);
        assert_eq!(duration_ticks(5.1, 5.0), 2);
        assert_eq!(duration_ticks(0.7, 0.1), 7);
        assert_eq!(duration_ticks(f64::INFINITY, 5.0), u32::MAX);
    }

    #[test]
    fn a_uniform_delay_has_the_law_of_the_rounded_one() {
        // Uniform(1.5, 4) ticks, rounded up: 2 with 0.2, 3 and 4 with 0.4 each.
        let delay = Delay::uniform(7.5, 20.0, 5.0);
        let mut counts = [0; 6];
        (0..1 << 16).for_each(|high| counts[delay.ticks(high << 16) as usize] += 1);
        assert_eq!(counts, [0, 0, 13_108, 26_214, 26_214, 0]);
        assert_eq!(delay.longest_ticks(), 4);
        assert_eq!(Delay::uniform(0.0, 0.0, 5.0).longest_ticks(), 1);
        assert_eq!(Delay::uniform(0.0, 15.0, 5.0).longest_ticks(), 3);
        assert_eq!(Delay::fixed(5.1, 5.0).ticks(77), 2);
    }

    #[test]
    fn delays_longer_than_any_run_keep_their_law() {
        let huge = Delay::uniform(0.0, 5.0 * 17_179_869_184.0, 5.0);
        // 2³⁴ ticks: half of the random numbers stand for 2³³ ticks or more, and an eighth for a tick below 2³¹.
        assert_eq!(huge.ticks(1 << 31), u32::MAX);
        assert_eq!(huge.ticks(1 << 29), (1 << 31) + 1);
        assert_eq!(Delay::uniform(0.0, 1e300, 1e-3).ticks(1 << 31), u32::MAX);
        assert_eq!(Delay::fixed(1e300, 1e-3).ticks(5), u32::MAX);
    }

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
    fn every_ticket_has_one_number_wherever_it_waits() {
        let ticket = |id| Attached::new(SuperNodeId(id), Class(0));
        let mut wheel = Wheel::default();
        for id in 0..1000 {
            wheel.push(1 + id * 17, ticket(id));
        }
        let numbers: Vec<u64> = (0..wheel.len()).filter(|&number| wheel.get(number).is_some()).collect();
        let mut ids: Vec<u32> =
            numbers.iter().filter_map(|&number| wheel.get(number)).map(|t| t.supernode().0).collect();
        ids.sort_unstable();
        assert_eq!(ids, (0..1000).collect::<Vec<u32>>());
        // Every second one is taken away; the others come due as if nothing had been.
        for &number in numbers.iter().step_by(2) {
            wheel.remove(number);
            assert_eq!(wheel.get(number), None);
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
        assert!((0..wheel.len()).all(|number| wheel.get(number).is_none()));
    }
}
