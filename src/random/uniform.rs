//! Whole and real numbers that are all equally likely.

use rand_xoshiro::rand_core::Rng;

use super::Stream;

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

/// A real number in [0, 1), a multiple of 2⁻⁵³.
#[inline]
pub fn unit(stream: &mut Stream) -> f64 {
    (stream.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
}

/// A real number in (0, 1): a multiple of 2⁻⁵², and one half of that more.
#[inline]
pub(crate) fn open_unit(stream: &mut Stream) -> f64 {
    ((stream.next_u64() >> 12) as f64 + 0.5) * f64::EPSILON
}

/// True with probability `p`.
#[inline]
pub(crate) fn chance(stream: &mut Stream, p: f64) -> bool {
    unit(stream) < p
}
