//! Random streams: one for each purpose, all derived from a seed.
//!
//! A stream is a xoshiro256++ generator whose state is expanded from a 64-bit hash of (seed, purpose), so a draw
//! that is added for one purpose never shifts the numbers of another one, and a run depends on its seed alone.

pub mod elementary;

use crate::prefetch::{BLOCK, prefetch};
use rand_distr::{Binomial, Distribution, Poisson};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// The generator of every stream.
pub type Stream = Xoshiro256PlusPlus;

/// 2^64 divided by the golden ratio, the increment of SplitMix64.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// The finalizer of SplitMix64 (Steele, Lea, Flood 2014; variant 13 of Stafford): a bijection of 64-bit words in
/// which every input bit flips each output bit with probability close to one half.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A seed derived from another one and a list of numbers, such as (cell, replicate). Lists that differ give seeds
/// that are as good as independent.
pub fn derive_seed(seed: u64, parts: &[u64]) -> u64 {
    parts.iter().fold(mix(seed.wrapping_add(GOLDEN)), |hash, &part| {
        mix(hash.rotate_left(23) ^ mix(part.wrapping_add(GOLDEN)).wrapping_add(GOLDEN))
    })
}

/// The stream for one purpose of one seed.
pub fn stream(seed: u64, purpose: &str) -> Stream {
    // FNV-1a, 64 bits: the purposes are a handful of short, distinct words.
    let name = purpose
        .bytes()
        .fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3));
    Stream::seed_from_u64(derive_seed(seed, &[name]))
}

/// The whole number in 0 … n − 1 that a random 64-bit number stands for, by multiply and shift (Lemire 2019): no
/// result's probability is off by more than 2⁻⁶⁴. 0 for n = 0.
#[inline]
pub(crate) fn scale(random: u64, n: u64) -> u64 {
    ((u128::from(random) * u128::from(n)) >> 64) as u64
}

/// A whole number in 0 … n − 1, uniformly. 0 for n = 0.
#[inline]
pub(crate) fn below(stream: &mut Stream, n: u32) -> u32 {
    scale(stream.next_u64(), n.into()) as u32
}

/// The two halves of a random 64-bit number, for laws that need no more than 32 bits.
#[inline]
pub(crate) fn halves(random: u64) -> [u32; 2] {
    [random as u32, (random >> 32) as u32]
}

/// Brings a list into random order, each equally likely.
pub(crate) fn shuffle<T>(list: &mut [T], stream: &mut Stream) {
    shuffle_first(list, list.len(), stream);
}

/// Brings `count` elements of a list, chosen at random, to its front in random order. The list may be long: what is far
/// behind is asked for ahead.
pub(crate) fn shuffle_first<T>(list: &mut [T], count: usize, stream: &mut Stream) {
    // A copy of the generator stays in registers.
    let mut own = stream.clone();
    let count = count.min(list.len());
    let mut drawn = [0; BLOCK];
    for start in (0..count).step_by(BLOCK) {
        let block = &mut drawn[..BLOCK.min(count - start)];
        for (place, drawn) in (start..).zip(block.iter_mut()) {
            *drawn = place + below(&mut own, (list.len() - place) as u32) as usize;
            prefetch(list, *drawn);
        }
        (start..).zip(block.iter()).for_each(|(place, &drawn)| list.swap(place, drawn));
    }
    *stream = own;
}

/// A real number in [0, 1), a multiple of 2⁻⁵³.
#[inline]
pub(crate) fn unit(stream: &mut Stream) -> f64 {
    (stream.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
}

/// True with probability `p`.
#[inline]
pub(crate) fn chance(stream: &mut Stream, p: f64) -> bool {
    unit(stream) < p
}

/// The number of successes in `n` independent trials of probability `p`, which is taken as 0 … 1.
pub(crate) fn binomial(stream: &mut Stream, n: u32, p: f64) -> u32 {
    if n == 0 || p <= 0.0 {
        return 0;
    }
    if p < 0.5 && f64::from(n) * p < FEW {
        return invert(stream, n, p / (1.0 - p), libm::exp(f64::from(n) * libm::log1p(-p)));
    }
    match Binomial::new(u64::from(n), p) {
        Ok(law) if p < 1.0 => law.sample(stream) as u32,
        _ => n,
    }
}

/// A Poisson number with this mean, at most 2⁶³.
pub(crate) fn poisson(stream: &mut Stream, mean: f64) -> u64 {
    match Poisson::new(mean) {
        Ok(law) => law.sample(stream) as u64,
        Err(_) => 0,
    }
}

/// How many of `n` independent things happen that have a hazard of this integral each: binomial, with the probability
/// 1 − exp(−hazard).
pub(crate) fn happen(stream: &mut Stream, n: u32, hazard: f64) -> u32 {
    if hazard > 0.0 && hazard < 0.5 && f64::from(n) * hazard < FEW {
        return invert(stream, n, libm::expm1(hazard), libm::exp(-f64::from(n) * hazard));
    }
    binomial(stream, n, -libm::expm1(-hazard))
}

/// Below this expectation a binomial number is found by inversion (Kachitvichyanukul and Schmeiser 1988).
const FEW: f64 = 10.0;

/// A binomial number by inversion, from the odds p/(1−p) and the probability (1−p)ⁿ of 0. `rand_distr` does the same,
/// but takes that power, which costs more than all the rest, and which the callers have in a cheaper way.
fn invert(stream: &mut Stream, n: u32, odds: f64, none: f64) -> u32 {
    // So far above the expectation no number lies; only rounding leads there.
    const SUCCESSES_MAX: u32 = 110;
    loop {
        let (mut left, mut probability, mut successes) = (unit(stream), none, 0);
        while left >= probability && successes < SUCCESSES_MAX {
            left -= probability;
            successes += 1;
            probability *= (f64::from(n) + 1.0) * odds / f64::from(successes) - odds;
        }
        if successes < SUCCESSES_MAX {
            return successes.min(n);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_purpose_give_these_numbers_for_ever() {
        let mut attach = stream(2007, "attach");
        assert_eq!([attach.next_u64(), attach.next_u64()], [7_262_118_920_620_755_569, 10_487_361_551_685_468_155]);
        assert_eq!(derive_seed(2007, &[3, 14]), 2_424_046_578_338_494_630);
    }

    #[test]
    fn every_order_of_a_shuffled_list_is_as_likely() {
        let mut stream = stream(1, "shuffle");
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..240_000 {
            let mut list = [0, 1, 2, 3];
            shuffle(&mut list, &mut stream);
            *counts.entry(list).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 24);
        // 10,000 each, give or take 98: 6.5 standard errors, a false alarm below 24 · 1e-10.
        assert!(counts.values().all(|&count: &i32| (count - 10_000).abs() < 637), "{counts:?}");
    }

    #[test]
    fn every_element_comes_to_each_of_the_first_places_as_often() {
        let mut stream = stream(1, "first");
        let (length, rounds) = (70, 50_000);
        // Less than a block, several, and everything.
        for count in [5, 32, 33, 64, 67, 70, 80] {
            let mut counts = vec![[0u32; 70]; length];
            for _ in 0..rounds {
                let mut list: Vec<usize> = (0..length).collect();
                shuffle_first(&mut list, count, &mut stream);
                list.iter().take(count).enumerate().for_each(|(place, &element)| counts[element][place] += 1);
            }
            let expected = f64::from(rounds) / length as f64;
            // 7.5 standard errors: a false alarm below 35,000 · 7e-14, but for the skewness, for which the constant stands.
            let is_far = |&count: &u32| (f64::from(count) - expected).abs() > 7.5 * expected.sqrt() + 10.0;
            assert!(!counts.iter().flat_map(|counts| &counts[..count.min(length)]).any(is_far), "{count}");
            assert!(counts.iter().flat_map(|counts| &counts[count.min(length)..]).all(|&count| count == 0));
        }
    }

    #[test]
    fn few_successes_have_the_binomial_law() {
        let mut stream = stream(1, "few");
        for (n, p) in [(1, 0.3), (4, 0.45), (20, 0.02), (1_000_000, 5e-6)] {
            let draws = 200_000;
            let mut counts = [[0u32; 2]; 40];
            for _ in 0..draws {
                counts[binomial(&mut stream, n, p) as usize][0] += 1;
                counts[happen(&mut stream, n, -libm::log1p(-p)) as usize][1] += 1;
            }
            let mut probability = libm::exp(f64::from(n) * libm::log1p(-p));
            for (k, counts) in counts.iter().enumerate() {
                let expected = probability * f64::from(draws);
                // 7 standard errors, and 7 for the rarest: a false alarm below 320 · 3e-11 for the lot, but for the
                // skewness of the rare ones, for which the constant stands.
                let tolerance = 7.0 * expected.sqrt() + 25.0;
                assert!(counts.iter().all(|&count| (f64::from(count) - expected).abs() < tolerance), "{n} {p} {k}");
                let left = f64::from(n) - k as f64;
                probability *= (left / (k as f64 + 1.0) * p / (1.0 - p)).max(0.0);
            }
        }
        assert_eq!(happen(&mut stream, 7, 0.0), 0);
        assert_eq!(happen(&mut stream, 0, 0.1), 0);
        assert_eq!(happen(&mut stream, 7, f64::INFINITY), 7);
        assert_eq!(binomial(&mut stream, 7, 1.0), 7);
    }

    #[test]
    fn neighbouring_seeds_and_lists_differ() {
        let mut seeds: Vec<u64> = (0..100).flat_map(|a| (0..100).map(move |b| derive_seed(7, &[a, b]))).collect();
        seeds.extend((0..1000).map(|a| derive_seed(a, &[])));
        seeds.sort_unstable();
        seeds.dedup();
        assert_eq!(seeds.len(), 11_000);
        assert_ne!(derive_seed(1, &[2, 3]), derive_seed(1, &[3, 2]));
    }
}
