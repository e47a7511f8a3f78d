//! Intervals that are looked at several times, by a rule that nothing is known of but when it looks.
//!
//! Where other cells have a say in when a cell stops, no law of its own end can be computed. *Repeated* intervals hold at
//! all looks together, whatever made one of them the last (Jennison and Turnbull 1989, J. R. Stat. Soc. B 51:305): each has
//! a confidence that is higher by as much as the looks need.

use super::normal::{cumulative, density, quantile};

/// Intervals of the grid on which a density is kept. The density moves by a third of a standard deviation at least between
/// two looks, a grid of a twelfth of one is fine for Simpson's rule.
const INTERVALS: usize = 64;

/// The confidence of each interval with which the intervals of a mean at all looks hold together with `confidence`. The
/// looks are numbers of runs, in ascending order, each an eighth more than the one before, or later; but for the last one.
///
/// The mean of n runs is about normal, and its looks are correlated: so the confidence is that at which the largest of the
/// standardized means leaves its limits with the probability that is allowed (Armitage, McPherson and Rowe 1969, J. R. Stat.
/// Soc. A 132:235; Pocock 1977, Biometrika 64:191).
pub fn confidence_at_each(looks: &[u32], confidence: f64) -> f64 {
    let allowed = 1.0 - confidence;
    let (mut low, mut high) =
        (quantile(1.0 - 0.5 * allowed), quantile(1.0 - 0.5 * allowed / looks.len().max(1) as f64));
    for _ in 0..30 {
        let middle = 0.5 * (low + high);
        if crossing_probability(looks, middle) > allowed { low = middle } else { high = middle }
    }
    2.0 * cumulative(high) - 1.0
}

/// The probability that a standardized mean is beyond ± `limit` at one of the looks at least.
fn crossing_probability(looks: &[u32], limit: f64) -> f64 {
    let step = 2.0 * limit / INTERVALS as f64;
    let points: Vec<f64> = (0..=INTERVALS).map(|index| step * index as f64 - limit).collect();
    let weight = |index: usize| match index {
        0 | INTERVALS => step / 3.0,
        _ if index % 2 == 1 => 4.0 * step / 3.0,
        _ => 2.0 * step / 3.0,
    };
    // The density of the standardized mean where it was within the limits at all looks so far, times the weights.
    let weighted = |of: &dyn Fn(f64) -> f64| -> Vec<f64> {
        points.iter().enumerate().map(|(index, &z)| weight(index) * of(z)).collect()
    };
    let mut inside = weighted(&density);
    let mut crossed = 2.0 * cumulative(-limit);
    for pair in looks.windows(2) {
        let (before, n, more) = (f64::from(pair[0]), f64::from(pair[1]), f64::from(pair[1] - pair[0]));
        let (of_before, of_n) = (libm::sqrt(before / more), libm::sqrt(n / more));
        let beyond = |z: f64| cumulative(of_before * z - of_n * limit) + cumulative(-of_before * z - of_n * limit);
        crossed += inside.iter().zip(&points).map(|(mass, &z)| mass * beyond(z)).sum::<f64>();
        let arrive = |to: f64| {
            let from = inside.iter().zip(&points);
            of_n * from.map(|(mass, &z)| mass * density(of_n * to - of_before * z)).sum::<f64>()
        };
        inside = weighted(&arrive);
    }
    crossed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::interval::Interval;

    /// The looks of a rule.
    fn looks(first: u32, last: u32) -> Vec<u32> {
        let next = |n: &u32| (*n < last).then(|| (n + (n / 8).max(8)).min(last));
        std::iter::successors(Some(first), next).collect()
    }

    #[test]
    fn the_limits_are_the_published_ones() {
        // Pocock's constants for equally many runs between looks: Jennison and Turnbull 2000, Group Sequential Methods,
        // table 2.1, α = 0.05 and 0.01.
        for (count, confidence, limit) in [
            (1, 0.95, 1.960),
            (2, 0.95, 2.178),
            (3, 0.95, 2.289),
            (5, 0.95, 2.413),
            (10, 0.95, 2.555),
            (5, 0.99, 2.986),
        ] {
            let looks: Vec<u32> = (1..=count).map(|look| 40 * look).collect();
            let found = quantile(0.5 + 0.5 * confidence_at_each(&looks, confidence));
            assert!((found - limit).abs() < 6e-4, "{count} looks at {confidence}: {found}, not {limit}");
        }
    }

    #[test]
    fn what_repeated_intervals_cost_is_what_the_documents_say() {
        for (first, last, times) in [(20, 60, 1.5), (20, 400, 1.9), (200, 400, 1.4)] {
            let limit = quantile(0.5 + 0.5 * confidence_at_each(&looks(first, last), 0.95));
            let cost = limit * limit / (quantile(0.975) * quantile(0.975));
            assert!((cost - times).abs() < 0.05, "{first} … {last}: {cost}");
        }
    }

    #[test]
    fn a_last_look_soon_after_another_one_costs_next_to_nothing() {
        let limit = |looks: &[u32]| quantile(0.5 + 0.5 * confidence_at_each(looks, 0.95));
        let (one, two) = (limit(&[1000]), limit(&[1000, 1001]));
        assert!(two > one && two - one < 0.03, "{one}, {two}");
    }

    #[test]
    fn repeated_intervals_of_a_share_cover_at_all_looks_together() {
        // Every number of outages, with its probability: no chance in it.
        for (first, last, confidence) in [(20, 60, 0.95), (20, 400, 0.95), (20, 400, 0.99), (5, 150, 0.9)] {
            let looks = looks(first, last);
            let each = confidence_at_each(&looks, confidence);
            let ends: Vec<Vec<Interval>> =
                looks.iter().map(|&n| (0..=n).map(|k| Interval::fixed(k, n, each)).collect()).collect();
            for p in [0.002, 0.01, 0.03, 0.1, 0.2, 0.35, 0.5] {
                let (mut covered, mut runs) = (vec![1.0], 0);
                for (&look, ends) in looks.iter().zip(&ends) {
                    for _ in runs..look {
                        let before = |k: usize| covered.get(k).copied().unwrap_or(0.0);
                        let next = (0..=covered.len())
                            .map(|k| before(k) * (1.0 - p) + k.checked_sub(1).map_or(0.0, before) * p);
                        covered = next.collect();
                    }
                    runs = look;
                    for (k, probability) in covered.iter_mut().enumerate() {
                        if !(ends[k].low..=ends[k].high).contains(&p) {
                            *probability = 0.0;
                        }
                    }
                }
                let covered: f64 = covered.iter().sum();
                assert!(covered >= confidence, "{first} … {last}, p = {p}: {covered} at {confidence}");
            }
        }
    }
}
