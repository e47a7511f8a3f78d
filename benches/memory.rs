//! What this machine's memory gives to one thread: the physical limit that the population kernel is measured against.
//!
//! ```sh
//! cargo bench --bench memory
//! ```
//!
//! A line per working set, from one that lies in the second cache to one that lies in no cache. Sequential accesses are
//! in GB/s of the bytes read or written. Random ones touch one line of 64 bytes each and are in ns per access:
//!
//! * *dependent*: the address comes from what the last access read, so that one access is in flight at a time. This is
//!   the latency, and what following a chain of pointers costs;
//! * *independent*: the addresses are known beforehand, so that the processor overlaps as many accesses as it can. This
//!   is what a batch of events costs whose clients are known, and no layout that touches a random line per event can
//!   be faster.
//!
//! Times are the best of many rounds of a millisecond or so: other work on the machine can only add to them.

use std::hint::black_box;
use std::time::Instant;

/// What the caches and the memory move at once.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line([u64; 8]);

const WORKING_SETS_KIB: [usize; 5] = [256, 2 << 10, 8 << 10, 80 << 10, 800 << 10];
/// Random accesses of one round.
const ACCESSES: usize = 1 << 14;
/// Lines that one sequential round passes: a part of a large working set, a small one several times.
const SEQUENTIAL: usize = (8 << 20) / size_of::<Line>();
/// So many that the lines of a large working set have left the caches before they are touched again.
const ROUNDS: usize = 128;

fn main() {
    println!("one thread; sequential in GB/s, random in ns per access of one line of 64 bytes");
    println!("            | sequential    | random, dependent | random, independent");
    println!("working set |  read   write |  read  read+write |  read   write  read+write");
    for kib in WORKING_SETS_KIB {
        let mut lines = cycle(kib * 1024 / size_of::<Line>());
        let addresses = addresses(lines.len());
        let batch = |round: usize| &addresses[round * ACCESSES..][..ACCESSES];
        let mut at = 0;
        let dependent_read = random_ns(|_| follow(&mut lines, &mut at, |line| line.0[0]));
        let dependent_update = random_ns(|_| follow(&mut lines, &mut at, increment));
        let read = random_ns(|round| batch(round).iter().fold(0, |sum, &at| sum ^ lines[at as usize].0[1]));
        let write = random_ns(|round| visit(&mut lines, batch(round), |line| line.0[2] = 1));
        let update = random_ns(|round| visit(&mut lines, batch(round), |line| line.0[3] ^= 1));
        let read_through = sequential_gb_per_s(&mut lines, |lines| sum(lines));
        let write_through = sequential_gb_per_s(&mut lines, |lines| {
            lines.fill(Line([1; 8]));
            1
        });
        println!(
            "{kib:7} KiB | {read_through:5.1}   {write_through:5.1} \
             | {dependent_read:5.1}       {dependent_update:5.1} | {read:5.1}   {write:5.1}       {update:5.1}"
        );
    }
}

/// The fastest of the rounds, seconds.
fn best_s(mut round: impl FnMut(usize) -> u64) -> f64 {
    let timed = |number| {
        let start = Instant::now();
        black_box(round(number));
        start.elapsed().as_secs_f64()
    };
    (0..ROUNDS).map(timed).fold(f64::INFINITY, f64::min)
}

fn random_ns(round: impl FnMut(usize) -> u64) -> f64 {
    best_s(round) / ACCESSES as f64 * 1e9
}

fn sequential_gb_per_s(lines: &mut [Line], pass: impl Fn(&mut [Line]) -> u64) -> f64 {
    let part = SEQUENTIAL.min(lines.len());
    let parts = lines.len() / part;
    let seconds = best_s(|round| {
        let lines = &mut lines[round % parts * part..][..part];
        (0..SEQUENTIAL / part).fold(0, |sum, _| sum ^ pass(black_box(lines)))
    });
    (SEQUENTIAL * size_of::<Line>()) as f64 / seconds / 1e9
}

/// xorshift64*: unpredictable enough for a cache.
fn random(state: &mut u64) -> u64 {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    state.wrapping_mul(0x2545_F491_4F6C_DD1D)
}

/// A random number below `n`, which is below 2^32.
fn below(state: &mut u64, n: usize) -> usize {
    (((random(state) >> 32) * n as u64) >> 32) as usize
}

/// Lines whose first words form one cycle through all of them in random order (Sattolo's algorithm).
fn cycle(n: usize) -> Vec<Line> {
    let mut order: Vec<u32> = (0..n as u32).collect();
    let mut state = 1;
    for last in (1..n).rev() {
        order.swap(last, below(&mut state, last));
    }
    order.into_iter().map(|next| Line([next.into(), 1, 1, 1, 1, 1, 1, 1])).collect()
}

/// The random accesses of all rounds.
fn addresses(n: usize) -> Vec<u32> {
    let mut state = 2;
    (0..ROUNDS * ACCESSES).map(|_| below(&mut state, n) as u32).collect()
}

/// Goes on along the cycle.
fn follow(lines: &mut [Line], at: &mut u64, step: impl Fn(&mut Line) -> u64) -> u64 {
    for _ in 0..ACCESSES {
        *at = step(&mut lines[*at as usize]);
    }
    *at
}

fn increment(line: &mut Line) -> u64 {
    line.0[4] += 1;
    line.0[0]
}

fn visit(lines: &mut [Line], addresses: &[u32], touch: impl Fn(&mut Line)) -> u64 {
    for &at in addresses {
        touch(&mut lines[at as usize]);
    }
    lines[0].0[2]
}

fn sum(lines: &[Line]) -> u64 {
    let mut sums = [0_u64; 8];
    for line in lines {
        for (sum, word) in sums.iter_mut().zip(line.0) {
            *sum = sum.wrapping_add(word);
        }
    }
    sums.into_iter().fold(0, u64::wrapping_add)
}
