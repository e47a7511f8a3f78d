//! Points of Sobol's sequence, scrambled: each is uniform by itself, and 2^k of them are spread more evenly than chance
//! would.
//!
//! The direction numbers are those of Joe and Kuo (2008, SIAM J. Sci. Comput. 30:2635), the scrambling is Owen's (1997, SIAM
//! J. Numer. Anal. 34:1884), by the hash of Burley (2020, J. Comput. Graph. Tech. 9(4)). It has to be one scramble for each
//! dimension, and the first point is a point like the others (Owen 2020, arXiv 2008.08051).

use sobol_burley::parts::{owen_scramble_rev, sobol_rev};

/// Dimensions that there are.
pub const SOBOL_DIMENSIONS: u32 = sobol_burley::NUM_DIMENSIONS;
/// Points that one scramble has.
pub const SOBOL_POINTS: u32 = 1 << 16;

/// A coordinate, in (0, 1), of a point with an index below [`SOBOL_POINTS`], in a dimension below [`SOBOL_DIMENSIONS`]. The
/// scramble is a seed of [`derive_seed`](super::derive_seed).
pub fn scrambled_sobol(index: u32, dimension: u32, scramble: u64) -> f64 {
    let point = sobol_rev(index.reverse_bits(), dimension);
    let word = owen_scramble_rev(point, (scramble >> 32) as u32).reverse_bits();
    (f64::from(word) + 0.5) / 4_294_967_296.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::derive_seed;

    #[test]
    fn unscrambled_points_are_the_published_ones() {
        // By the table new-joe-kuo-6.21201, whose m for dimensions 1, 2, 3 and 8 begin with 1 1 1, 1 3 5, 1 3 3 and 1 1 5:
        // the point of index 2^j is m / 2^(j + 1), the others are exclusive ors of these.
        let point = |index: u32| {
            [0, 1, 2, 7].map(|d| f64::from(sobol_rev(index.reverse_bits(), d).reverse_bits()) / 4_294_967_296.0)
        };
        assert_eq!(point(0), [0.0; 4]);
        assert_eq!(point(1), [0.5; 4]);
        assert_eq!(point(2), [0.25, 0.75, 0.75, 0.25]);
        assert_eq!(point(3), [0.75, 0.25, 0.25, 0.75]);
        assert_eq!(point(4), [0.125, 0.625, 0.375, 0.625]);
        assert_eq!(point(5), [0.625, 0.125, 0.875, 0.125]);
    }

    #[test]
    fn these_numbers_for_ever() {
        let points: Vec<f64> = (0..3).map(|index| scrambled_sobol(index, index, derive_seed(2007, &[7]))).collect();
        assert_eq!(points, [0.4494264031527564, 0.5682799281785265, 0.8819539464311674]);
    }

    #[test]
    fn every_elementary_interval_holds_its_share_of_the_first_points() {
        // The first two dimensions are a (0, k, 2)-net: of 2^k points each of the 2^k boxes of 2^-a by 2^-(k-a) has one.
        for seed in 0..20 {
            for k in [3, 4, 6] {
                let points: Vec<[f64; 2]> = (0..1 << k)
                    .map(|i| [0, 1].map(|d| scrambled_sobol(i, d, derive_seed(seed, &[d.into()]))))
                    .collect();
                for a in 0..=k {
                    let place = |x: f64, bits: u32| (x * f64::from(1 << bits)) as u32;
                    let mut boxes: Vec<(u32, u32)> =
                        points.iter().map(|&[x, y]| (place(x, a), place(y, k - a))).collect();
                    boxes.sort_unstable();
                    boxes.dedup();
                    assert_eq!(boxes.len(), 1 << k, "{seed}, {k}, {a}");
                }
            }
        }
    }

    #[test]
    fn a_point_is_uniform_over_the_scrambles() {
        const SEEDS: u32 = 20_000;
        for (index, dimension) in [(0, 0), (0, 5), (1, 2), (63, 1), (65_535, 255)] {
            let mut points: Vec<f64> = (0..SEEDS)
                .map(|seed| scrambled_sobol(index, dimension, derive_seed(3, &[seed.into(), dimension.into()])))
                .collect();
            points.sort_by(f64::total_cmp);
            let step = |rank: usize| rank as f64 / f64::from(SEEDS);
            let off = points.iter().enumerate().map(|(rank, x)| (x - step(rank)).max(step(rank + 1) - x));
            // Kolmogorov and Smirnov: P(√n D > 2.7) = 2 exp(−2 · 2.7²) < 1e-6.
            let most = off.fold(0.0, f64::max) * f64::from(SEEDS).sqrt();
            assert!(most < 2.7, "{index}, {dimension}: {most}");
            assert!(points[0] > 0.0 && points[points.len() - 1] < 1.0);
        }
    }

    /// The variance over scrambles of the mean of a function of three coordinates over n points.
    fn variance(n: u32, seeds: u64, f: impl Fn([f64; 3], u64) -> f64) -> f64 {
        let mean = |seed: u64| {
            let point = |i| [0, 1, 2].map(|d| scrambled_sobol(i, d, derive_seed(seed, &[d.into()])));
            (0..n).map(|i| f(point(i), derive_seed(seed, &[9, i.into()]))).sum::<f64>() / f64::from(n)
        };
        let means: Vec<f64> = (0..seeds).map(mean).collect();
        let mean = means.iter().sum::<f64>() / seeds as f64;
        means.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (seeds - 1) as f64
    }

    #[test]
    fn the_variance_of_a_smooth_mean_falls_like_the_third_power() {
        let of = |n| variance(n, 200, |[x, y, z], _| x * y * z);
        let slope = libm::log2(of(1024) / of(16)) / 6.0;
        // Of n⁻³, but for logarithms; each variance is known to 10 %, so the slope to 0.03.
        assert!(slope < -2.5, "{slope}");
    }

    #[test]
    fn the_variance_of_pure_noise_stays_what_it_is() {
        use crate::random::{Purpose, stream, unit};
        let noise = |_, seed| f64::from(unit(&mut stream(seed, Purpose::Test("noise"))) < 0.3);
        for n in [16, 64] {
            let ratio = variance(n, 2000, noise) * f64::from(n) / 0.21;
            // Known to √(2/2000) = 0.032; 5 of these: a false alarm below 1e-6.
            assert!((ratio - 1.0).abs() < 0.16, "{n}: {ratio}");
        }
    }
}
