//! The random numbers as they are used: thousands of short streams, one for each purpose of each replicate of each cell.
//!
//! The generator is xoshiro256++ (Blackman, Vigna 2021), which passes the batteries PractRand and TestU01 as one long
//! stream. What those do not see is how its streams are seeded here. So the words of the streams of neighbouring
//! replicates, cells and purposes are interleaved, one word of each in turn, and the result is tested as one sequence:
//!
//! | test | of what | law |
//! | --- | --- | --- |
//! | monobit | the number of ones | binomial |
//! | bytes | how often each byte occurs | χ², 255 |
//! | serial pairs | how often each pair of the top 6 bits of successive words occurs | χ², 4,095 |
//! | low bits | how often each value of the lowest 12 bits occurs | χ², 4,095 |
//! | Hamming weights | pairs of the weights of successive words, in three classes (≤ 30, 31–33, ≥ 34) | χ², 8 |
//! | gaps | words between two words in the lowest eighth | χ², geometric |
//! | runs | lengths of rising runs, the word after each skipped so that they are independent (Knuth) | χ² |
//! | birthday spacings | equal spacings among 1,024 birthdays in a year of 2²⁶ days | Poisson, mean 4 |
//! | matrix rank | ranks over GF(2) of matrices of 64 words | χ², 3 |
//! | cross-correlation | each stream with the next one, aligned: the number of equal bits | binomial |
//!
//! Birthdays, ranks and correlations are those on which generators with related seeds fail first.

use rand_xoshiro::rand_core::Rng;

use super::bounds::{FALSE_ALARM, chi_square_tolerance, count_tolerance};
use super::{Check, Comparison, Effort};
use crate::random::{Purpose, Stream, stream};
use crate::sweep::Sweep;

/// Sequences that are tested: interleavings of different streams.
const SEQUENCES: usize = 4;

/// The checks of this topic.
pub(super) fn checks(effort: Effort) -> Vec<Check> {
    let words_each = effort.choose(2_048, 16_384);
    let purposes = [
        Purpose::Attributes,
        Purpose::Presence,
        Purpose::Updates,
        Purpose::Shocks,
        Purpose::Boots,
        Purpose::Orphans,
        Purpose::Attach,
        Purpose::Login,
    ];
    let attach = |seeds: Vec<u64>| seeds.into_iter().map(|seed| stream(seed, Purpose::Attach)).collect();
    let of_purposes = seeds(true, 1, 32).into_iter();
    let sequences: [Vec<Stream>; SEQUENCES] = [
        attach(seeds(true, 1, 256)),
        attach(seeds(false, 256, 1)),
        attach((0..256).collect()),
        of_purposes.flat_map(|seed| purposes.map(|purpose| stream(seed, purpose))).collect(),
    ];
    let results: Vec<[Comparison; TESTS.len()]> =
        sequences.into_iter().map(|streams| battery(streams, words_each)).collect();
    let check = |(test, (name, formula)): (usize, &(&str, &'static str))| Check {
        topic: "randomness",
        name: format!("random numbers, {name}"),
        formula,
        unit: "1",
        at: "0: replicates, 1: cells, 2: seeds 0, 1, 2 …, 3: purposes",
        false_alarm: FALSE_ALARM,
        comparisons: (results.iter().enumerate())
            .map(|(sequence, results)| Comparison { at: sequence as f64, ..results[test] })
            .collect(),
    };
    TESTS.iter().enumerate().map(check).collect()
}

/// The seeds of the runs of a sweep, cell by cell.
fn seeds(common: bool, cells: u32, replicates: u32) -> Vec<u64> {
    let text = format!(
        "name = \"seeds\"\nseed = 2007\n[[axis]]\nparameter = \"updates.synchronization\"\n\
         linear = {{ from = 0.0, to = 1.0, points = {} }}\n[replicates]\nat_least = 1\nat_most = {replicates}\n\
         common_random_numbers = {common}\n",
        cells.max(2)
    );
    let sweep = Sweep::parse(&text, "seeds", &[]).expect("a correct sweep");
    (0..cells)
        .flat_map(|cell| (0..replicates).map(move |replicate| (cell, replicate)))
        .map(|(cell, replicate)| sweep.realization(cell, replicate).seed)
        .collect()
}

/// The tests, and what each expects.
const TESTS: [(&str, &str); 10] = [
    ("monobit", "half of the bits"),
    ("bytes", "χ² of 256 equal counts"),
    ("serial pairs", "χ² of 4,096 equal counts"),
    ("low bits", "χ² of 4,096 equal counts"),
    ("Hamming weights", "χ² of 9 pairs of classes"),
    ("gaps", "χ² of a geometric law"),
    ("runs", "χ² of k/(k + 1)!"),
    ("birthday spacings", "m³/4n equal ones a year"),
    ("matrix rank", "χ² of the ranks over GF(2)"),
    ("cross-correlation", "half of the bits equal"),
];

/// All tests on the interleaved words of some streams, in the order of [`TESTS`].
fn battery(mut streams: Vec<Stream>, words_each: usize) -> [Comparison; TESTS.len()] {
    let own: Vec<Vec<u64>> =
        streams.iter_mut().map(|stream| (0..words_each).map(|_| stream.next_u64()).collect()).collect();
    test_all(&own)
}

fn test_all(own: &[Vec<u64>]) -> [Comparison; TESTS.len()] {
    let words: Vec<u64> = (0..own[0].len()).flat_map(|i| own.iter().map(move |words| words[i])).collect();
    [
        monobit(&words),
        bytes(&words),
        serial_pairs(&words),
        low_bits(&words),
        hamming_weights(&words),
        gaps(&words),
        runs(&words),
        birthday_spacings(&words),
        matrix_rank(&words),
        cross_correlation(own),
    ]
}

/// A count of `n` fair coins.
fn coins(ones: u64, n: u64) -> Comparison {
    let n = n as f64;
    Comparison { at: n, expected: n / 2.0, measured: ones as f64, tolerance: count_tolerance(n / 4.0, SEQUENCES) }
}

/// χ² of counts with these probabilities, which sum to 1.
fn chi_square(counts: &[u64], probabilities: impl Iterator<Item = f64>) -> Comparison {
    let n = counts.iter().sum::<u64>() as f64;
    let terms = counts.iter().zip(probabilities).map(|(&count, probability)| {
        let expected = n * probability;
        (count as f64 - expected) * (count as f64 - expected) / expected
    });
    let degrees = counts.len() as f64 - 1.0;
    Comparison { at: n, expected: degrees, measured: terms.sum(), tolerance: chi_square_tolerance(degrees, SEQUENCES) }
}

fn equal_counts(values: impl Iterator<Item = usize>, classes: usize) -> Comparison {
    let mut counts = vec![0_u64; classes];
    values.for_each(|value| counts[value] += 1);
    chi_square(&counts, std::iter::repeat(1.0 / classes as f64))
}

fn monobit(words: &[u64]) -> Comparison {
    coins(words.iter().map(|word| u64::from(word.count_ones())).sum(), 64 * words.len() as u64)
}

fn bytes(words: &[u64]) -> Comparison {
    equal_counts(words.iter().flat_map(|word| word.to_le_bytes()).map(usize::from), 256)
}

fn serial_pairs(words: &[u64]) -> Comparison {
    let top = |word: u64| (word >> 58) as usize;
    equal_counts(words.chunks_exact(2).map(|pair| top(pair[0]) << 6 | top(pair[1])), 4096)
}

fn low_bits(words: &[u64]) -> Comparison {
    equal_counts(words.iter().map(|word| (word & 0xFFF) as usize), 4096)
}

fn hamming_weights(words: &[u64]) -> Comparison {
    let class = |word: u64| match word.count_ones() {
        0..=30 => 0,
        31..=33 => 1,
        _ => 2,
    };
    // P(≤ 30) = P(≥ 34) by symmetry; the middle from C(64, 32) / 2⁶⁴ and its neighbours.
    let middle = 0.099_346_753_747_966_84 * (1.0 + 2.0 * 32.0 / 33.0);
    let law = [(1.0 - middle) / 2.0, middle, (1.0 - middle) / 2.0];
    let mut counts = [0_u64; 9];
    words.chunks_exact(2).for_each(|pair| counts[3 * class(pair[0]) + class(pair[1])] += 1);
    chi_square(&counts, law.iter().flat_map(|first| law.iter().map(move |second| first * second)))
}

fn gaps(words: &[u64]) -> Comparison {
    const CLASSES: usize = 24;
    let mut counts = [0_u64; CLASSES];
    let mut gap = 0;
    for word in words {
        if word >> 61 == 0 {
            counts[gap.min(CLASSES - 1)] += 1;
            gap = 0;
        } else {
            gap += 1;
        }
    }
    let share = 1.0 / 8.0;
    let at_least = |gap: usize| libm::pow(1.0 - share, gap as f64);
    chi_square(&counts, (0..CLASSES).map(|gap| if gap + 1 == CLASSES { at_least(gap) } else { at_least(gap) * share }))
}

fn runs(words: &[u64]) -> Comparison {
    const LONGEST: usize = 6;
    let mut counts = [0_u64; LONGEST];
    let mut start = 0;
    'runs: loop {
        let mut length = 1;
        loop {
            let (Some(last), Some(next)) = (words.get(start + length - 1), words.get(start + length)) else {
                break 'runs;
            };
            if next < last {
                break;
            }
            length += 1;
        }
        counts[length.min(LONGEST) - 1] += 1;
        // The word that ended the run is not used again.
        start += length + 1;
    }
    // P(length ≥ k) = 1/k!.
    let at_least = |k: usize| 1.0 / (1..=k).product::<usize>() as f64;
    chi_square(&counts, (1..=LONGEST).map(|k| if k == LONGEST { at_least(k) } else { at_least(k) - at_least(k + 1) }))
}

fn birthday_spacings(words: &[u64]) -> Comparison {
    const BIRTHDAYS: usize = 1024;
    const DAYS: f64 = 67_108_864.0;
    let years = words.chunks_exact(BIRTHDAYS);
    let number = years.len() as f64;
    let equal: usize = years
        .map(|year| {
            let mut days: Vec<u64> = year.iter().map(|word| word >> 38).collect();
            days.sort_unstable();
            let mut spacings: Vec<u64> = days.windows(2).map(|pair| pair[1] - pair[0]).collect();
            spacings.sort_unstable();
            spacings.windows(2).filter(|pair| pair[0] == pair[1]).count()
        })
        .sum();
    // The mean of Poisson's approximation is m³/4n; that of the exact law lies within 1 % of it for these numbers.
    let expected = number * (BIRTHDAYS as f64).powi(3) / (4.0 * DAYS);
    Comparison {
        at: words.len() as f64,
        expected,
        measured: equal as f64,
        tolerance: count_tolerance(expected, SEQUENCES) + 0.01 * expected,
    }
}

fn matrix_rank(words: &[u64]) -> Comparison {
    const SIZE: usize = 64;
    // The law of the rank defect of a random square matrix over GF(2), to more than 10 digits at this size.
    let full: f64 = (1..=SIZE as i32).map(|k| 1.0 - 0.5_f64.powi(k)).product();
    let (one, two) = (2.0 * full, full * 4.0 / 9.0);
    let law = [full, one, two, 1.0 - full - one - two];
    let mut counts = [0_u64; 4];
    words.chunks_exact(SIZE).for_each(|rows| counts[(SIZE - rank(rows)).min(3)] += 1);
    chi_square(&counts, law.into_iter())
}

/// The rank over GF(2) of a matrix whose rows are words.
fn rank(rows: &[u64]) -> usize {
    let mut rows = rows.to_vec();
    let mut rank = 0;
    for bit in 0..64 {
        let Some(pivot) = (rank..rows.len()).find(|&row| rows[row] >> bit & 1 == 1) else { continue };
        rows.swap(rank, pivot);
        let chosen = rows[rank];
        for row in &mut rows[rank + 1..] {
            if *row >> bit & 1 == 1 {
                *row ^= chosen;
            }
        }
        rank += 1;
    }
    rank
}

fn cross_correlation(streams: &[Vec<u64>]) -> Comparison {
    // The pair of neighbours that agrees, or disagrees, most.
    let each = 64 * streams[0].len() as u64;
    let equal =
        |pair: &[Vec<u64>]| pair[0].iter().zip(&pair[1]).map(|(a, b)| u64::from((a ^ b).count_zeros())).sum::<u64>();
    let counts = streams.windows(2).map(equal);
    let worst = counts.max_by_key(|&ones| ones.abs_diff(each / 2)).unwrap_or_default();
    Comparison { tolerance: count_tolerance(each as f64 / 4.0, SEQUENCES * streams.len()), ..coins(worst, each) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failures(streams: Vec<Vec<u64>>) -> Vec<&'static str> {
        let results = test_all(&streams);
        TESTS.iter().zip(results).filter(|(_, result)| !result.holds()).map(|(test, _)| test.0).collect()
    }

    #[test]
    fn the_battery_finds_flaws() {
        let good = |seed: u64| -> Vec<u64> {
            let mut stream = stream(seed, Purpose::Test("flaws"));
            (0..512).map(|_| stream.next_u64()).collect()
        };
        let streams = |make: &dyn Fn(u64) -> Vec<u64>| (0..256).map(make).collect::<Vec<_>>();
        assert_eq!(failures(streams(&good)), Vec::<&str>::new());
        // Neighbours share their numbers.
        assert!(failures(streams(&|seed| good(seed / 2))).contains(&"cross-correlation"));
        // A generator that is not mixed: successive numbers of a lattice.
        let lattice = |seed: u64| (0..512).map(|i| (seed * 512 + i).wrapping_mul(0x9E37_79B9_7F4A_7C15)).collect();
        assert!(failures(streams(&lattice)).len() > 5);
        // A linear one: the rank gives it away.
        let linear = |seed: u64| {
            let mut x = (seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let step = |x: &mut u64| {
                *x ^= *x << 13;
                *x ^= *x >> 7;
                *x ^= *x << 17;
                *x & 0x0000_FFFF_FFFF_FFFF
            };
            (0..512).map(|_| step(&mut x)).collect()
        };
        assert!(failures(streams(&linear)).contains(&"matrix rank"));
    }

    #[test]
    fn ranks_are_those_of_linear_algebra() {
        assert_eq!(rank(&[1, 2, 4, 8]), 4);
        assert_eq!(rank(&[1, 2, 3, 0]), 2);
        assert_eq!(rank(&[u64::MAX; 64]), 1);
    }
}
