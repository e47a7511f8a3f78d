//! Estimates from rows that come in clusters.
//!
//! With common random numbers replicate r of every cell shares its draws, so the errors of the cells are one error: the
//! replicate is the unit that is independent, not the row. Every standard error here is that of the estimate's linear
//! part, summed over clusters first.

use std::collections::BTreeMap;

use super::interval::Interval;
use super::normal::quantile;
use super::student::two_sided_quantile;

/// Fewest clusters that an interval is given for: of fewer, the standard error itself is anybody's guess.
pub const CLUSTERS_MIN: usize = 8;

/// An estimate with its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The estimate.
    pub value: f64,
    /// Its standard error.
    pub error: f64,
    /// The clusters that it comes from.
    pub clusters: usize,
}

impl Estimate {
    /// Its interval by Student's law with one degree of freedom less than there are clusters; `None` with fewer than
    /// [`CLUSTERS_MIN`]. It is not cut off where the estimate cannot be: an index below 0 says that it is small.
    pub fn interval(&self, confidence: f64) -> Option<[f64; 2]> {
        if self.clusters < CLUSTERS_MIN {
            return None;
        }
        let width = two_sided_quantile(confidence, (self.clusters - 1) as u32) * self.error;
        Some([self.value - width, self.value + width])
    }
}

impl Estimate {
    /// Its interval if it is a share, within 0 … 1: Clopper and Pearson's for as many independent trials as would have
    /// this standard error, adjusted for how little is known of it (Korn and Graubard 1998, Survey Methodology 24:193);
    /// the number of clusters where the share is 0 or 1, and says nothing of its error.
    pub fn interval_of_share(&self, confidence: f64) -> [f64; 2] {
        let clusters = self.clusters as f64;
        let degrees = (self.clusters.max(2) - 1) as u32;
        let p = self.value.clamp(0.0, 1.0);
        let adjustment = quantile(0.5 + confidence / 2.0) / two_sided_quantile(confidence, degrees);
        let trials = p * (1.0 - p) / (self.error * self.error) * adjustment * adjustment;
        let trials = if trials > 0.0 && trials.is_finite() { trials } else { clusters };
        let n = libm::floor(trials).clamp(1.0, f64::from(u32::MAX));
        let [below, above] = [libm::floor(p * n), libm::ceil(p * n)].map(|k| k as u32);
        let n = n as u32;
        [Interval::fixed(below, n, confidence).low, Interval::fixed(above, n, confidence).high]
    }
}

/// A quotient of two sums over clusters, Σ numerator / Σ denominator.
#[derive(Debug, Clone, Default)]
pub struct Ratio {
    sums: BTreeMap<u64, [f64; 2]>,
}

impl Ratio {
    /// Adds to both sums, on account of a cluster.
    pub fn add(&mut self, cluster: u64, numerator: f64, denominator: f64) {
        let sums = self.sums.entry(cluster).or_default();
        sums[0] += numerator;
        sums[1] += denominator;
    }

    /// The quotient, with the standard error of its linear part (Cochran 1977, Sampling Techniques, 6.4). `None` where
    /// the denominator is not above 0.
    pub fn estimate(&self) -> Option<Estimate> {
        let total = |index: usize| self.sums.values().map(|sums| sums[index]).sum::<f64>();
        let (numerator, denominator) = (total(0), total(1));
        if denominator <= 0.0 {
            return None;
        }
        let value = numerator / denominator;
        let squares: f64 = self.sums.values().map(|[a, b]| (a - value * b) * (a - value * b)).sum();
        let clusters = self.sums.len();
        let correction = clusters as f64 / (clusters as f64 - 1.0).max(1.0);
        Some(Estimate { value, error: (correction * squares).sqrt() / denominator, clusters })
    }
}

/// A sum of terms that belong to two clusters each, such as those of neighbours.
#[derive(Debug, Clone, Default)]
pub struct Dyads {
    of_pairs: BTreeMap<(u64, u64), f64>,
}

impl Dyads {
    /// Adds a term that belongs to two clusters, or twice to the same one.
    pub fn add(&mut self, a: u64, b: u64, term: f64) {
        *self.of_pairs.entry((a.min(b), a.max(b))).or_default() += term;
    }

    /// The number of clusters, and the variance of the sum of terms whose mean is 0: terms are correlated where they
    /// have a cluster in common (Fafchamps and Gubert 2007; Aronow, Samii and Assenova 2015, Political Analysis 23:564).
    /// Never below the variance of terms that are independent.
    pub fn variance(&self) -> (usize, f64) {
        let mut of_clusters: BTreeMap<u64, f64> = BTreeMap::new();
        let mut of_pairs = 0.0;
        for (&(a, b), &term) in &self.of_pairs {
            *of_clusters.entry(a).or_default() += term;
            if a != b {
                *of_clusters.entry(b).or_default() += term;
                of_pairs += term * term;
            }
        }
        let of_single: f64 = self.of_pairs.iter().filter(|((a, b), _)| a == b).map(|(_, term)| term * term).sum();
        let squares: f64 = of_clusters.values().map(|sum| sum * sum).sum();
        let clusters = of_clusters.len();
        let correction = clusters as f64 / (clusters as f64 - 1.0).max(1.0);
        (clusters, correction * (squares - of_pairs).max(of_pairs + of_single))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, standard_normal, stream, unit};

    #[test]
    fn a_ratio_of_independent_rows_is_the_mean_with_its_standard_error() {
        let mut ratio = Ratio::default();
        [1.0, 2.0, 4.0, 9.0].iter().enumerate().for_each(|(row, &x)| ratio.add(row as u64, x, 1.0));
        let estimate = ratio.estimate().unwrap();
        // The squares around 4 sum to 38.
        assert_eq!(estimate.value, 4.0);
        assert!((estimate.error - (38.0_f64 / 3.0 / 4.0).sqrt()).abs() < 1e-14);
        assert_eq!(estimate.interval(0.95), None, "four clusters are too few");
        assert_eq!(Ratio::default().estimate(), None);
    }

    #[test]
    fn rows_of_one_cluster_are_one_error() {
        let of = |cluster: fn(u64) -> u64| {
            let mut ratio = Ratio::default();
            (0..40).for_each(|row| ratio.add(cluster(row), f64::from((row % 20) as u32), 1.0));
            ratio.estimate().unwrap()
        };
        let (rows, clusters) = (of(|row| row), of(|row| row % 20));
        assert_eq!(rows.value, clusters.value);
        // Two equal rows of a cluster say what one says: the error is larger by √2, but for n − 1.
        assert!((clusters.error / rows.error / 2.0_f64.sqrt() - 1.0).abs() < 0.02);
    }

    /// The variance of a sum of neighbours' products is known: σ⁴ for each product, and with a mean the covariances
    /// of products that share a factor.
    #[test]
    fn the_variance_of_a_sum_over_neighbours_is_found() {
        let (n, mean, repetitions) = (300, 1.0, 400);
        let mut stream = stream(31, Purpose::Test("dyads"));
        let found: Vec<f64> = (0..repetitions)
            .map(|_| {
                let x: Vec<f64> = (0..n).map(|_| mean + standard_normal(&mut stream)).collect();
                let mut dyads = Dyads::default();
                (1..n).for_each(|at| dyads.add(at as u64 - 1, at as u64, x[at - 1] * x[at] - mean * mean));
                dyads.variance().1 / n as f64
            })
            .collect();
        // Var xy = 1 + 2μ², Cov(xy, yz) = μ², twice.
        let average = found.iter().sum::<f64>() / f64::from(repetitions);
        let squares: f64 = found.iter().map(|x| (x - average) * (x - average)).sum();
        let error = (squares / f64::from(repetitions * (repetitions - 1))).sqrt();
        assert!((average - 5.0).abs() < 5.0 * error + 0.05, "{average} ± {error}");
    }

    #[test]
    fn the_interval_of_a_share_of_independent_rows_is_that_of_so_many_trials() {
        let share = |k: usize, n: usize| {
            let mut ratio = Ratio::default();
            (0..n).for_each(|row| ratio.add(row as u64, f64::from(u8::from(row < k)), 1.0));
            ratio.estimate().unwrap().interval_of_share(0.95)
        };
        // At the ends, exactly; in between a little wider.
        let exact = Interval::fixed(0, 50, 0.95);
        assert_eq!(share(0, 50), [0.0, exact.high]);
        assert_eq!(share(50, 50)[1], 1.0);
        let (exact, [low, high]) = (Interval::fixed(15, 50, 0.95), share(15, 50));
        assert!(low < exact.low && low > exact.low - 0.02, "{low} {}", exact.low);
        assert!(high > exact.high && high < exact.high + 0.02, "{high} {}", exact.high);
    }

    #[test]
    fn intervals_of_a_ratio_cover() {
        let mut stream = stream(32, Purpose::Test("ratio"));
        let covered = (0..2000).filter(|_| {
            let mut ratio = Ratio::default();
            for cluster in 0..30 {
                let common = standard_normal(&mut stream);
                for _ in 0..10 {
                    let weight = 0.5 + unit(&mut stream);
                    ratio.add(cluster, weight * (2.0 + common + standard_normal(&mut stream)), weight);
                }
            }
            let [low, high] = ratio.estimate().unwrap().interval(0.95).unwrap();
            (low..=high).contains(&2.0)
        });
        // 1900 expected, standard deviation 10.
        let covered = covered.count();
        assert!((1850..=1955).contains(&covered), "{covered} of 2000");
    }
}
