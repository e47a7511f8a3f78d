//! Differences between two scenarios over the same replicates.
//!
//! With common random numbers replicate r of two cells sees the same draws, so its two outcomes are a pair. What varies from
//! replicate to replicate cancels in their difference, and what is left is the effect.

use super::blocks::{BLOCKS, block_of};
use super::interval::Interval;
use super::normal::quantile;
use super::student::two_sided_quantile;

/// Whether each of some pairs has an event in its first or in its second member alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pairs {
    /// All pairs, ≥ 1.
    pub pairs: u32,
    /// Those with the event in the first member alone.
    pub first_alone: u32,
    /// Those with the event in the second member alone.
    pub second_alone: u32,
    /// Those with the event in both.
    pub both: u32,
}

impl Pairs {
    /// Counts pairs.
    pub fn count(pairs: impl Iterator<Item = (bool, bool)>) -> Pairs {
        let mut counts = Pairs { pairs: 0, first_alone: 0, second_alone: 0, both: 0 };
        for (first, second) in pairs {
            counts.pairs += 1;
            counts.first_alone += u32::from(first && !second);
            counts.second_alone += u32::from(second && !first);
            counts.both += u32::from(first && second);
        }
        counts
    }

    /// The probability of the event in the second member, less that in the first one.
    pub fn difference(&self) -> f64 {
        (f64::from(self.second_alone) - f64::from(self.first_alone)) / f64::from(self.pairs)
    }

    /// The interval of the difference by Tango's score (1998, Statistics in Medicine 17:891): the differences Δ that are at
    /// most so many standard errors from the one that was seen as the `confidence`, in (0, 1), says, where the error is that
    /// which it would have if Δ were true.
    pub fn interval(&self, confidence: f64) -> Interval {
        let (z, seen) = (quantile(0.5 + 0.5 * confidence), self.difference());
        let score = |delta: f64| self.score(delta);
        Interval {
            low: bisect(-1.0, seen, |delta| score(delta) > z),
            high: bisect(seen, 1.0, |delta| score(delta) >= -z),
        }
    }

    fn score(&self, delta: f64) -> f64 {
        let (n, b, c) = (f64::from(self.pairs), f64::from(self.second_alone), f64::from(self.first_alone));
        // The most likely probability of the event in the first member alone, if the difference were delta: a root of
        // a x² + h x + k.
        let (a, h, k) = (2.0 * n, -b - c + (2.0 * n - b + c) * delta, -c * delta * (1.0 - delta));
        let alone = (libm::sqrt((h * h - 4.0 * a * k).max(0.0)) - h) / (2.0 * a);
        let variance = n * (2.0 * alone + delta * (1.0 - delta));
        let distance = b - c - n * delta;
        if variance > 0.0 { distance / libm::sqrt(variance) } else { distance * f64::INFINITY }
    }

    /// How many times as many runs two samples without common random numbers would need for the same error of the
    /// difference; `None` if no pair differs, or all do likewise.
    pub fn runs_saved(&self) -> Option<f64> {
        let share = |events: u32| f64::from(events) / f64::from(self.pairs);
        let variance = |p: f64| p * (1.0 - p);
        let apart = variance(share(self.both + self.first_alone)) + variance(share(self.both + self.second_alone));
        let together = share(self.first_alone + self.second_alone) - self.difference() * self.difference();
        (together > 0.0).then(|| apart / together)
    }
}

/// The interval of a mean difference of replicates in [blocks](super::blocks), by Student's t of the means of the blocks. The
/// differences are those of the replicates in order, `None` where there is none; `None` unless two blocks differ.
pub fn interval_by_blocks(differences: &[Option<f64>], confidence: f64) -> Option<Interval> {
    let mut sums = [(0.0, 0.0); BLOCKS as usize];
    for (replicate, difference) in differences.iter().enumerate() {
        if let Some(difference) = difference {
            let (sum, count) = &mut sums[block_of(replicate as u32) as usize];
            (*sum, *count) = (*sum + difference, *count + 1.0);
        }
    }
    let means: Vec<f64> = sums.iter().filter(|(_, count)| *count > 0.0).map(|(sum, count)| sum / count).collect();
    let (mean, variance) = moments(&means)?;
    let blocks = means.len() as u32;
    let half_width = two_sided_quantile(confidence, blocks - 1) * libm::sqrt(variance / f64::from(blocks));
    (half_width > 0.0).then_some(Interval { low: mean - half_width, high: mean + half_width })
}

/// The mean difference of numbers between the members of pairs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanDifference {
    /// All pairs, ≥ 2.
    pub pairs: u32,
    /// The second members' mean, less the first ones'.
    pub mean: f64,
    /// The standard deviation of the differences, from n − 1.
    pub deviation: f64,
    /// How many times as many runs two samples without common random numbers would need for the same error; `None` if no
    /// difference varies.
    pub runs_saved: Option<f64>,
}

impl MeanDifference {
    /// That of some pairs, each with its first and its second member; `None` of fewer than two.
    pub fn of(pairs: &[(f64, f64)]) -> Option<MeanDifference> {
        let differences: Vec<f64> = pairs.iter().map(|(first, second)| second - first).collect();
        let (mean, variance) = moments(&differences)?;
        let members =
            [pairs.iter().map(|pair| pair.0).collect::<Vec<f64>>(), pairs.iter().map(|pair| pair.1).collect()];
        let apart: f64 = members.iter().filter_map(|values| Some(moments(values)?.1)).sum();
        let runs_saved = (variance > 0.0).then(|| apart / variance);
        Some(MeanDifference { pairs: pairs.len() as u32, mean, deviation: libm::sqrt(variance), runs_saved })
    }

    /// Its interval by Student's t; `None` if all pairs differ by the same, which does not tell how far it may be.
    pub fn interval(&self, confidence: f64) -> Option<Interval> {
        let half_width =
            two_sided_quantile(confidence, self.pairs - 1) * self.deviation / libm::sqrt(self.pairs.into());
        (half_width > 0.0).then_some(Interval { low: self.mean - half_width, high: self.mean + half_width })
    }
}

/// Mean and variance, from n − 1, of two numbers at least.
fn moments(values: &[f64]) -> Option<(f64, f64)> {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    (values.len() > 1).then(|| (mean, squares / (count - 1.0)))
}

/// The number between two others at which something turns from true to false.
fn bisect(mut low: f64, mut high: f64, is_below: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if is_below(middle) { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::looks::confidence_at_each;

    fn pairs(pairs: u32, first_alone: u32, second_alone: u32) -> Pairs {
        Pairs { pairs, first_alone, second_alone, both: 0 }
    }

    #[test]
    fn the_interval_is_the_published_one() {
        // Tango 1998, section 5: of 44 pairs none and one differ.
        let Interval { low, high } = pairs(44, 1, 0).interval(0.95);
        assert!((low + 0.118).abs() < 2e-3 && (high - 0.060).abs() < 2e-3, "{low}, {high}");
        // Without a pair that differs: ± z²/(n + z²).
        let square = quantile(0.975) * quantile(0.975);
        let none = pairs(20, 0, 0).interval(0.95);
        let end = square / (20.0 + square);
        assert!((none.high - end).abs() < 1e-9 && (none.low + end).abs() < 1e-9, "{none:?}");
        // Exchanged members change the sign.
        let (one, other) = (pairs(50, 3, 11).interval(0.9), pairs(50, 11, 3).interval(0.9));
        assert!((one.low + other.high).abs() < 1e-9 && (one.high + other.low).abs() < 1e-9);
        // If all differ in one direction: from (n − z²)/(n + z²) to 1.
        let all = pairs(20, 0, 20).interval(0.95);
        assert!((all.low - (20.0 - square) / (20.0 + square)).abs() < 1e-9 && all.high > 1.0 - 1e-9, "{all:?}");
    }

    /// Probabilities of an outage in the first member alone and in the second one alone.
    const LAWS: [(f64, f64); 7] =
        [(0.1, 0.1), (0.05, 0.3), (0.2, 0.4), (0.02, 0.1), (0.3, 0.3), (0.01, 0.5), (0.0, 0.2)];

    /// The probability that so many of `n` pairs have their event in the first member alone, and so many in the second one.
    fn probability(n: u32, (first, second): (f64, f64), (c, b): (u32, u32)) -> f64 {
        let ln_factorial = |k: u32| libm::lgamma(f64::from(k) + 1.0);
        let rest = n - b - c;
        let power = |p: f64, k: u32| if k == 0 { 0.0 } else { f64::from(k) * libm::log(p) };
        let orders = ln_factorial(n) - ln_factorial(b) - ln_factorial(c) - ln_factorial(rest);
        libm::exp(orders + power(second, b) + power(first, c) + power(1.0 - first - second, rest))
    }

    #[test]
    fn it_covers_about_as_often_as_it_says() {
        // Every table of 20 pairs, with its probability: no chance in it.
        let n = 20_u32;
        for law in LAWS {
            let tables = (0..=n).flat_map(|b| (0..=n - b).map(move |c| (c, b)));
            let covers = |&(c, b): &(u32, u32)| {
                let Interval { low, high } = pairs(n, c, b).interval(0.95);
                (low..=high).contains(&(law.1 - law.0))
            };
            let coverage: f64 = tables.filter(covers).map(|table| probability(n, law, table)).sum();
            assert!((0.94..1.0).contains(&coverage), "{law:?}: {coverage}");
        }
    }

    #[test]
    fn repeated_intervals_cover_at_all_looks_together() {
        // Every way from look to look, with its probability.
        let looks = [20, 28, 36, 44, 52, 60];
        let each = confidence_at_each(&looks, 0.95);
        for law in LAWS {
            let (mut covered, mut runs) = (vec![((0, 0), 1.0)], 0);
            for look in looks {
                let more = look - runs;
                let steps: Vec<((u32, u32), f64)> = (0..=more)
                    .flat_map(|b| (0..=more - b).map(move |c| (c, b)))
                    .map(|table| (table, probability(more, law, table)))
                    .collect();
                let mut next = std::collections::BTreeMap::new();
                for ((c, b), before) in covered {
                    for &((more_c, more_b), step) in &steps {
                        *next.entry((c + more_c, b + more_b)).or_insert(0.0) += before * step;
                    }
                }
                let covers = |&((c, b), _): &((u32, u32), f64)| {
                    let Interval { low, high } = pairs(look, c, b).interval(each);
                    (low..=high).contains(&(law.1 - law.0))
                };
                covered = next.into_iter().filter(covers).collect();
                runs = look;
            }
            let coverage: f64 = covered.iter().map(|(_, probability)| probability).sum();
            assert!(coverage >= 0.945, "{law:?}: {coverage}");
        }
    }

    #[test]
    fn what_pairs_have_in_common_is_not_in_the_error_of_their_difference() {
        // 1, 5, 9 and 3, 6, 12: differences 2, 1, 3; variances 16, 21 and 1.
        let found = MeanDifference::of(&[(1.0, 3.0), (5.0, 6.0), (9.0, 12.0)]).unwrap();
        assert_eq!((found.mean, found.deviation), (2.0, 1.0));
        assert!((found.runs_saved.unwrap() - 37.0).abs() < 1e-12);
        // t of two degrees at 95 %: 4.303.
        let interval = found.interval(0.95).unwrap();
        assert!((interval.high - 2.0 - 4.302_65 / 3.0_f64.sqrt()).abs() < 1e-4, "{interval:?}");
        let same = MeanDifference::of(&[(1.0, 2.0), (3.0, 4.0)]).unwrap();
        assert_eq!((same.mean, same.runs_saved, same.interval(0.95)), (1.0, None, None));
        assert_eq!(MeanDifference::of(&[(1.0, 2.0)]), None);
    }

    #[test]
    fn replicates_in_blocks_are_as_many_observations_as_there_are_blocks() {
        // Blocks of two, all with the mean 1, in which the differences cancel: nothing is known of their spread.
        let even: Vec<Option<f64>> = (0..32).map(|replicate| Some(if replicate < 16 { 3.0 } else { -1.0 })).collect();
        assert_eq!(interval_by_blocks(&even, 0.95), None);
        // Means 0 and 2 in turn: s² = 16/15, and t of 15 degrees at 95 % is 2.13145.
        let odd: Vec<Option<f64>> = (0..48).map(|replicate| Some(2.0 * f64::from(replicate % 2))).collect();
        let Interval { low, high } = interval_by_blocks(&odd, 0.95).unwrap();
        let half_width = 2.131_45 / 15.0_f64.sqrt();
        assert!((low - 1.0 + half_width).abs() < 1e-5 && (high - 1.0 - half_width).abs() < 1e-5, "{low} {high}");
        assert_eq!(interval_by_blocks(&[Some(1.0), None, None], 0.95), None);
    }

    #[test]
    fn pairing_saves_what_the_pairs_have_in_common() {
        // 40 and 50 of 100, of which 10 differ, all in one direction: (0.24 + 0.25)/(0.1 − 0.01).
        let counts = Pairs::count((0..100).map(|replicate| (replicate < 40, replicate < 50)));
        assert_eq!(counts, Pairs { pairs: 100, first_alone: 0, second_alone: 10, both: 40 });
        assert!(
            (counts.runs_saved().unwrap() - 0.49 / 0.09).abs() < 1e-12 && (counts.difference() - 0.1).abs() < 1e-12
        );
        assert_eq!(pairs(20, 0, 0).runs_saved(), None);
        assert_eq!(pairs(20, 0, 20).runs_saved(), None);
    }
}
