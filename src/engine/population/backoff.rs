//! How long a client waits after its a-th failure in a row before it tries again.

use super::delay::{Delay, NearDelay};
use super::tickets::Ticket;
use super::wheel::{NEAR_TICKS, Wheel};
use crate::engine::laws::delays::backoffs;
use crate::parameters::Retry;
use crate::prefetch::BLOCK;
use crate::random::{Stream, halves};
use rand_xoshiro::rand_core::Rng;

/// The delays after the first, second … failure in a row; the last one holds for all that follow.
#[derive(Debug)]
pub(super) enum Backoff {
    /// All of them are less than [`NEAR_TICKS`], and there are few: they stand in a table of known length, filled with the
    /// last one, which needs no check of its bounds.
    Near(Box<[NearDelay; FEW]>),
    /// Any others.
    Any(Vec<Delay>),
}

const FEW: usize = 64;

impl Backoff {
    /// Tabulates the delays of `retry`.
    pub(super) fn new(retry: &Retry, tick_s: f64) -> Backoff {
        let delays: Vec<Delay> = backoffs(retry).map(|law| Delay::new(law, tick_s)).collect();
        match near_table(&delays) {
            Some(table) => Backoff::Near(Box::new(table)),
            None => Backoff::Any(delays),
        }
    }

    /// Lets those that failed once more come again after their delay.
    pub(super) fn retry<T: Ticket>(&self, tickets: &[T], stream: &mut Stream, wheel: &mut Wheel<T>) {
        match self {
            Backoff::Near(delays) => retry_near(tickets, delays, stream, wheel),
            Backoff::Any(delays) => {
                for ticket in tickets {
                    let delay = delays[usize::from(ticket.failures()).min(delays.len() - 1)];
                    wheel.push(delay.ticks(stream.next_u32()), ticket.failed());
                }
            }
        }
    }
}

/// The table of [`Backoff::Near`], if these delays fit into it.
fn near_table(delays: &[Delay]) -> Option<[NearDelay; FEW]> {
    let mut table = [delays.last()?.near()?; FEW];
    if delays.len() > FEW {
        return None;
    }
    for (near, delay) in table.iter_mut().zip(delays) {
        *near = delay.near().filter(|_| delay.longest_ticks() < NEAR_TICKS)?;
    }
    Some(table)
}

fn retry_near<T: Ticket>(tickets: &[T], table: &[NearDelay; FEW], stream: &mut Stream, wheel: &mut Wheel<T>) {
    // A copy of the generator stays in registers.
    let mut own = stream.clone();
    let near_ticks = |ticket: T, random| table[usize::from(ticket.failures()).min(FEW - 1)].ticks(random);
    // In two loops: in one, the processor would guess wrong which of the loads of a bucket need an earlier store.
    let mut delays = [[0; 2]; BLOCK / 2];
    for block in tickets.chunks(BLOCK) {
        let (pairs, last) = block.as_chunks::<2>();
        for (pair, delays) in pairs.iter().zip(&mut delays) {
            let randoms = halves(own.next_u64());
            *delays = [0, 1].map(|which| near_ticks(pair[which], randoms[which]));
        }
        if let [ticket] = last {
            delays[pairs.len()][0] = near_ticks(*ticket, own.next_u64() as u32);
        }
        let mut wheel = wheel.open(block.len());
        for (ticket, &delay) in block.iter().zip(delays.as_flattened()) {
            wheel.push_near(delay, ticket.failed());
        }
    }
    *stream = own;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::{Jitter, Scenario};
    use crate::random::{Purpose, stream};
    use rand_xoshiro::rand_core::Rng;

    /// The delay after one more failure than `failures` in a row that a uniform 32-bit number stands for, in ticks.
    fn ticks(backoff: &Backoff, failures: u16, random: u32) -> u32 {
        match backoff {
            Backoff::Near(delays) => delays[usize::from(failures).min(FEW - 1)].ticks(random),
            Backoff::Any(delays) => delays[usize::from(failures).min(delays.len() - 1)].ticks(random),
        }
    }

    fn mean(backoff: &Backoff, failures: u16) -> f64 {
        let mut stream = stream(1, Purpose::Test("test"));
        let n = 400_000;
        (0..n).map(|_| f64::from(ticks(backoff, failures - 1, stream.next_u32()))).sum::<f64>() / f64::from(n)
    }

    #[test]
    fn delays_double_up_to_the_cap_and_have_the_mean_of_their_jitter() {
        let mut retry = Scenario::default().retry;
        for (jitter, share) in [(Jitter::None, 1.0), (Jitter::Full, 0.5), (Jitter::Equal, 0.75)] {
            retry.jitter = jitter;
            let backoff = Backoff::new(&retry, 5.0);
            for (failures, ticks) in [(1, 3.0), (2, 6.0), (6, 96.0), (7, 120.0), (u16::MAX, 120.0)] {
                // Rounding up adds half a tick to a uniform delay whose ends are whole or half ticks. The mean of
                // 400,000 delays has a standard error of at most 0.055 ticks: 6 of them are a false alarm below 1e-8.
                let rounding = if jitter == Jitter::None { 0.0 } else { 0.5 };
                let expected: f64 = ticks * share + rounding;
                // b/2 of 1.5 ticks is no whole number: the law of ceil(1.5 + U·1.5) has mean 2/3 · 3 + 1/3 · 2.
                let expected = if jitter == Jitter::Equal && failures == 1 { 8.0 / 3.0 } else { expected };
                assert!((mean(&backoff, failures) - expected).abs() < 0.33, "{jitter:?} {failures}");
            }
        }
    }

    #[test]
    fn a_delay_shorter_than_a_tick_lasts_one() {
        let mut retry = Scenario::default().retry;
        retry.base_s = 0.1;
        assert_eq!(ticks(&Backoff::new(&retry, 60.0), 0, u32::MAX), 1);
    }

    #[test]
    fn near_and_far_delays_of_the_same_length_have_the_same_law() {
        let mut retry = Scenario::default().retry;
        let near = Backoff::new(&retry, 5.0);
        assert!(matches!(near, Backoff::Near(_)));
        // One delay after the first seven is too long for the buckets, and takes all of them out of the table.
        (retry.cap_s, retry.factor) = (1e6, 1.7);
        let far = Backoff::new(&retry, 5.0);
        assert!(matches!(far, Backoff::Any(_)));
        retry.cap_s = 600.0;
        let near = Backoff::new(&retry, 5.0);
        for failures in 0..6 {
            for random in [0, 1, 1 << 20, 0x5555_5555, 1 << 31, u32::MAX] {
                assert_eq!(ticks(&near, failures, random), ticks(&far, failures, random), "{failures} {random}");
            }
        }
    }

    #[test]
    fn every_ticket_comes_again_with_one_more_failure_and_after_the_delay_of_its_last() {
        use crate::engine::population::clients::Class;
        use crate::engine::population::tickets::Unattached;
        let mut retry = Scenario::default().retry;
        retry.jitter = Jitter::None;
        for cap_s in [600.0, 1e6] {
            retry.cap_s = cap_s;
            let backoff = Backoff::new(&retry, 5.0);
            let mut wheel = Wheel::default();
            // An odd number, more than a block, with 0, 1 and 2 failures.
            let mut tickets = vec![Unattached::new(Class(1)); 33];
            tickets.extend([Unattached::new(Class(1)).failed(); 33]);
            tickets.extend([Unattached::new(Class(1)).failed().failed(); 33]);
            backoff.retry(&tickets, &mut stream(1, Purpose::Test("test")), &mut wheel);
            let mut due = Vec::new();
            for now in 0..20 {
                wheel.advance(now);
                wheel.take(|tickets| due.extend(tickets.iter().map(|ticket| (now, ticket.failures()))));
            }
            let expected = [(3, 1), (6, 2), (12, 3)].map(|due| [due; 33]);
            assert_eq!(due, expected.as_flattened());
        }
    }
}
