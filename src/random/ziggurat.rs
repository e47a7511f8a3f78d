//! Normal and exponential numbers by the ziggurat method (Marsaglia and Tsang 2000, "The ziggurat method for generating
//! random variables", Journal of Statistical Software 5), in the variant of Doornik (2005, "An improved ziggurat method
//! to generate normal random samples").
//!
//! The area below the density is covered by 255 rectangles, one on another, and a bottom with the tail, all of the same
//! area. A point in one of them, chosen at random, is most often below the density for certain, and needs no
//! elementary function.

use rand_xoshiro::rand_core::Rng;

use super::ziggurat_tables::{EXPONENTIAL_F, EXPONENTIAL_X, NORMAL_F, NORMAL_X};
use super::{Stream, open_unit, unit};

/// A number with the normal law of mean 0 and standard deviation 1.
pub fn standard_normal(stream: &mut Stream) -> f64 {
    loop {
        let bits = stream.next_u64();
        let layer = (bits & 0xFF) as usize;
        // A multiple of 2⁻⁵¹ in [−1, 1).
        let u = (bits >> 12) as f64 * (2.0 * f64::EPSILON) - 1.0;
        let x = u * NORMAL_X[layer];
        if x.abs() < NORMAL_X[layer + 1] {
            return x;
        }
        if layer == 0 {
            let beyond = normal_tail(stream);
            return if u < 0.0 { -beyond } else { beyond };
        }
        let height = NORMAL_F[layer + 1] + (NORMAL_F[layer] - NORMAL_F[layer + 1]) * unit(stream);
        if height < libm::exp(-x * x / 2.0) {
            return x;
        }
    }
}

/// A normal number beyond the last rectangle (Marsaglia 1964).
fn normal_tail(stream: &mut Stream) -> f64 {
    let start = NORMAL_X[1];
    loop {
        let (x, y) = (libm::log(open_unit(stream)) / start, libm::log(open_unit(stream)));
        if -2.0 * y >= x * x {
            return start - x;
        }
    }
}

/// A number with the exponential law of mean 1.
pub fn standard_exponential(stream: &mut Stream) -> f64 {
    loop {
        let bits = stream.next_u64();
        let layer = (bits & 0xFF) as usize;
        // In (0, 1), as `open_unit` has it.
        let u = ((bits >> 12) as f64 + 0.5) * f64::EPSILON;
        let x = u * EXPONENTIAL_X[layer];
        if x < EXPONENTIAL_X[layer + 1] {
            return x;
        }
        if layer == 0 {
            // Beyond the last rectangle the law begins anew.
            return EXPONENTIAL_X[1] - libm::log(unit(stream));
        }
        let height = EXPONENTIAL_F[layer + 1] + (EXPONENTIAL_F[layer] - EXPONENTIAL_F[layer + 1]) * unit(stream);
        if height < libm::exp(-x) {
            return x;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The abscissae lie on the recurrence of Marsaglia and Tsang, the ordinates on the density, to the rounding of the
    /// program that computed them.
    fn assert_tables(x: &[f64; 257], f: &[f64; 257], density: impl Fn(f64) -> f64, area: f64) {
        assert!((x[0] * density(x[1]) - area).abs() < 1e-14, "the bottom, tail included");
        for layer in 1..256 {
            // The last layer takes what is left: the area has 12 digits.
            let tolerance = if layer == 255 { 1e-11 } else { 1e-14 };
            assert!((x[layer] * (density(x[layer + 1]) - density(x[layer])) - area).abs() < tolerance, "{layer}");
        }
        for (x, f) in x.iter().zip(f) {
            assert!((density(*x) - f).abs() < 1e-15, "{x}");
        }
    }

    #[test]
    fn all_layers_have_the_same_area() {
        let area = 0.004_928_673_233_99;
        assert_tables(&NORMAL_X, &NORMAL_F, |x| libm::exp(-x * x / 2.0), area);
        assert_tables(&EXPONENTIAL_X, &EXPONENTIAL_F, |x| libm::exp(-x), 0.003_949_659_822_581_557);
    }
}
