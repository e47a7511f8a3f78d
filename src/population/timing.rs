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
/// Tickets in a chunk: eight cache lines.
const CHUNK: u32 = 64;
/// No chunk.
const NONE: u32 = u32::MAX;

/// The tickets of one tick: a chain of chunks, filled in order.
#[derive(Clone, Copy)]
struct Bucket {
    first: u32,
    /// Where in the arena the next ticket goes; at the end of a chunk, or 0 before the first, it goes to a new chunk.
    next: u32,
}

const EMPTY: Bucket = Bucket { first: NONE, next: 0 };

/// Tickets waiting for their tick, in the order in which they were pushed.
///
/// A bucket for each of the next 8,192 ticks is a chain of 512-byte chunks from one recycled arena, so that pushing
/// and taking are sequential writes and reads, and nothing is allocated once the arena has reached its size. Tickets
/// that are due later wait in a list, which is looked through every 4,096 ticks.
pub(super) struct Wheel {
    buckets: Box<[Bucket; BUCKETS as usize]>,
    arena: Vec<Ticket>,
    /// The chunk that comes after each chunk in its chain.
    chain: Vec<u32>,
    free: Vec<u32>,
    later: Vec<(u32, Ticket)>,
    now: u32,
    end: u32,
}

impl Default for Wheel {
    fn default() -> Wheel {
        let buckets = Box::new([EMPTY; BUCKETS as usize]);
        let (arena, chain, free, later) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Wheel { buckets, arena, chain, free, later, now: 0, end: 0 }
    }
}

impl Wheel {
    /// Empties the wheel for a run of `end` ticks.
    pub(super) fn reset(&mut self, end: u32) {
        self.buckets.fill(EMPTY);
        self.free.clear();
        self.free.extend((0..self.chain.len() as u32).rev());
        self.later.clear();
        self.now = 0;
        self.end = end;
    }

    /// Whether every delay up to `longest` can be pushed with [`Wheel::push_near`] in this tick.
    pub(super) fn is_near(&self, longest: u32) -> bool {
        longest < BUCKETS && self.end - self.now > longest
    }

    /// Lets a ticket come due `delay` ticks from now: ≥ 1, or 0 before the first tick. What is due after the end of
    /// the run is dropped.
    #[inline]
    pub(super) fn push(&mut self, delay: u32, ticket: Ticket) {
        let due = self.now.saturating_add(delay);
        if due >= self.end {
            return;
        }
        if delay < BUCKETS {
            self.push_near(delay, ticket);
        } else {
            self.later.push((due, ticket));
        }
    }

    /// The same for a delay for which [`Wheel::is_near`].
    #[inline]
    pub(super) fn push_near(&mut self, delay: u32, ticket: Ticket) {
        debug_assert!(self.is_near(delay));
        self.push_into(self.now.wrapping_add(delay) % BUCKETS, ticket);
    }

    #[inline]
    fn push_into(&mut self, index: u32, ticket: Ticket) {
        let mut next = self.buckets[index as usize].next;
        if next.is_multiple_of(CHUNK) {
            next = self.add_chunk(index);
        }
        self.arena[next as usize] = ticket;
        self.buckets[index as usize].next = next + 1;
    }

    /// Adds a chunk to a bucket whose last one is full. Gives where it starts.
    #[cold]
    fn add_chunk(&mut self, index: u32) -> u32 {
        let chunk = self.free.pop().unwrap_or_else(|| {
            self.chain.push(NONE);
            self.arena.resize(self.arena.len() + CHUNK as usize, Ticket::default());
            self.chain.len() as u32 - 1
        });
        let bucket = &mut self.buckets[index as usize];
        if bucket.first == NONE {
            bucket.first = chunk;
        } else {
            self.chain[(bucket.next / CHUNK - 1) as usize] = chunk;
        }
        chunk * CHUNK
    }

    /// Moves on to tick `now`, at its very start: all delays count from now on.
    pub(super) fn advance(&mut self, now: u32) {
        self.now = now;
        if now.is_multiple_of(BUCKETS / 2) && !self.later.is_empty() {
            self.move_nearer();
        }
    }

    /// Shows the tickets that are due in this tick to `meet`, in slices. They are gone then.
    pub(super) fn take(&mut self, meet: impl FnMut(&[Ticket])) {
        self.empty(self.now % BUCKETS, meet);
    }

    /// Empties a bucket, showing its tickets in slices.
    fn empty(&mut self, index: u32, mut meet: impl FnMut(&[Ticket])) {
        let bucket = std::mem::replace(&mut self.buckets[index as usize], EMPTY);
        let mut chunk = bucket.first;
        while chunk != NONE {
            let start = chunk * CHUNK;
            // The last chunk is the one in which, or at the end of which, the next ticket would have gone.
            let is_last = bucket.next > start && bucket.next <= start + CHUNK;
            let end = if is_last { bucket.next } else { start + CHUNK };
            meet(&self.arena[start as usize..end as usize]);
            self.free.push(chunk);
            chunk = if is_last { NONE } else { self.chain[chunk as usize] };
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

    /// Rewrites every ticket that waits; those for which `rewrite` gives `None` are dropped.
    pub(super) fn rewrite(&mut self, mut rewrite: impl FnMut(Ticket) -> Option<Ticket>) {
        let mut kept = Vec::new();
        for index in 0..BUCKETS {
            self.empty(index, |tickets| kept.extend(tickets.iter().filter_map(|&ticket| rewrite(ticket))));
            for ticket in kept.drain(..) {
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
    fn every_ticket_comes_due_in_its_tick_in_the_order_of_pushing() {
        let end = 50_000;
        let mut wheel = Wheel::default();
        for _ in 0..2 {
            wheel.reset(end);
            let mut expected: Vec<Vec<u32>> = vec![Vec::new(); end as usize];
            let (mut id, mut due, mut taken) = (0u32, Vec::new(), 0);
            for now in 0..end {
                due.clear();
                wheel.advance(now);
                // What is pushed before the due ones are taken counts from this tick on, like what is pushed after.
                if now % 3 == 1 {
                    wheel.push(1 + now % 2, Ticket::new(ClientId(id), 0));
                    if let Some(tick) = expected.get_mut((now + 1 + now % 2) as usize) {
                        tick.push(id);
                    }
                    id += 1;
                }
                wheel.take(|tickets| due.extend_from_slice(tickets));
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
