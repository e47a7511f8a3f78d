//! What the runs of one cell say about one output.
//!
//! A cell that stops once its outage probability is known has more outages among its runs than it should, or fewer. But given
//! which of its runs had one, nothing else about them has to do with the stop. So its means are those of the runs with an
//! outage and of those without, weighted by the estimate of the outage probability, which has no bias.

use std::collections::BTreeMap;

use polars::prelude::{ChunkAgg, ChunkVar, Float64Chunked, NewChunkedArray};

use super::columns::CellSummary;
use super::comparison::Pairing;
use super::statistic::Statistic;
use crate::engine::outcome::{Missing, OutputType};
use crate::statistics::blocks::{Counts, block_of};
use crate::statistics::clusters::Ratio;
use crate::statistics::plan::{Plan, ranks};
use crate::statistics::quantile::quantile;
use crate::statistics::stopping::Conclusion;
use crate::statistics::student::two_sided_quantile;
use crate::sweep::Sweep;

/// The quantiles of a number, in percent.
const PERCENT: [u32; 3] = [5, 50, 95];

/// Concludes from runs, and keeps what depends on numbers of runs alone.
pub(super) struct Estimator {
    plan: Plan,
    comparison: Option<Pairing>,
    confidence: f64,
    conclusions: BTreeMap<Counts, Conclusion>,
    students: BTreeMap<u32, f64>,
    /// For a number of values, and whether it is the number of all runs: the ranks between which each quantile lies.
    ranks: BTreeMap<(u32, bool), [(u32, u32); 3]>,
}

/// The runs of a cell.
pub(super) struct CellRuns {
    pub(super) outages: Vec<bool>,
    pub(super) conclusion: Conclusion,
}

impl CellRuns {
    fn count(&self) -> u32 {
        self.outages.iter().filter(|&&outage| outage).count() as u32
    }

    /// What they say about the outage probability of their cell.
    pub(super) fn summary(&self, cell: u32) -> CellSummary {
        let Conclusion { estimate, interval } = self.conclusion;
        CellSummary {
            cell,
            replicates: self.outages.len() as u64,
            outages: self.count().into(),
            outage_probability: estimate,
            outage_probability_low: interval.low,
            outage_probability_high: interval.high,
        }
    }
}

/// The statistics of an output over the runs of a cell.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Estimates {
    count: u32,
    mean: Option<f64>,
    deviation: Option<f64>,
    mean_ends: [Option<f64>; 2],
    quantiles: [Option<f64>; 3],
    quantile_ends: [[Option<f64>; 2]; 3],
}

impl Estimates {
    pub(super) fn get(&self, statistic: Statistic) -> Option<f64> {
        match statistic {
            Statistic::Count => Some(f64::from(self.count)),
            Statistic::Mean => self.mean,
            Statistic::Deviation => self.deviation,
            Statistic::MeanLow => self.mean_ends[0],
            Statistic::MeanHigh => self.mean_ends[1],
            Statistic::Quantile05 => self.quantiles[0],
            Statistic::Median => self.quantiles[1],
            Statistic::Quantile95 => self.quantiles[2],
            Statistic::Quantile05Low => self.quantile_ends[0][0],
            Statistic::Quantile05High => self.quantile_ends[0][1],
            Statistic::MedianLow => self.quantile_ends[1][0],
            Statistic::MedianHigh => self.quantile_ends[1][1],
            Statistic::Quantile95Low => self.quantile_ends[2][0],
            Statistic::Quantile95High => self.quantile_ends[2][1],
        }
    }
}

impl Estimator {
    pub(super) fn of(sweep: &Sweep) -> Estimator {
        Estimator {
            plan: sweep.plan(),
            comparison: Pairing::of(sweep),
            confidence: sweep.replicates.confidence,
            conclusions: BTreeMap::new(),
            students: BTreeMap::new(),
            ranks: BTreeMap::new(),
        }
    }

    /// Which cells are compared with which.
    pub(super) fn comparison(&self) -> Option<Pairing> {
        self.comparison
    }

    /// The runs of a cell, with what they say about its outage probability.
    pub(super) fn cell(&mut self, outages: Vec<bool>) -> CellRuns {
        let plan = &self.plan;
        let counts = plan.counts(outages.iter().copied());
        let conclusion = *self.conclusions.entry(counts).or_insert_with(|| plan.conclusion(counts));
        CellRuns { outages, conclusion }
    }

    /// What the runs of a cell say about an output.
    pub(super) fn estimates(
        &mut self,
        cell: &CellRuns,
        values: &Float64Chunked,
        (kind, missing): (OutputType, Missing),
    ) -> Estimates {
        let count = (values.len() - values.null_count()) as u32;
        let (mean, deviation) = moments(cell, values);
        let mut estimates = Estimates { count, mean, deviation, ..Estimates::default() };
        if kind == OutputType::Boolean {
            let event = self.plan.counts(values.iter().map(|value| value == Some(1.0)));
            let interval = self.plan.interval_of_event(event);
            estimates.mean_ends = [Some(interval.low), Some(interval.high)];
            return estimates;
        }
        if self.plan.is_in_blocks() {
            estimates.mean_ends = self.mean_ends_in_blocks(values).map_or([None; 2], |ends| ends.map(Some));
        } else if let (Some(mean), Some(deviation)) = (mean, deviation.filter(|&deviation| deviation > 0.0)) {
            let half_width = self.student(count - 1) * deviation / libm::sqrt(f64::from(count));
            estimates.mean_ends = [Some(mean - half_width), Some(mean + half_width)];
        }
        let ascending = ascending(values, missing);
        estimates.quantiles = PERCENT.map(|percent| quantile(&ascending, percent));
        let ranks = self.ranks(ascending.len() as u32, ascending.len() == cell.outages.len());
        // Rank 0 is below all values, and what is above all numbers is no bound.
        let at = |rank: u32| ascending.get(rank.checked_sub(1)? as usize).copied().filter(|value| value.is_finite());
        estimates.quantile_ends = ranks.map(|(low, high)| [at(low), at(high)]);
        estimates
    }

    /// The ends of the interval of a mean whose errors are those of the blocks.
    fn mean_ends_in_blocks(&self, values: &Float64Chunked) -> Option<[f64; 2]> {
        let mut ratio = Ratio::default();
        for (replicate, value) in (0..).zip(values.iter()) {
            value.iter().for_each(|&value| ratio.add(block_of(replicate).into(), value, 1.0));
        }
        ratio.estimate().filter(|estimate| estimate.error > 0.0)?.interval(self.confidence)
    }

    fn student(&mut self, degrees: u32) -> f64 {
        *self.students.entry(degrees).or_insert_with(|| two_sided_quantile(self.confidence, degrees))
    }

    fn ranks(&mut self, values: u32, are_all: bool) -> [(u32, u32); 3] {
        let plan = &self.plan;
        *self.ranks.entry((values, are_all)).or_insert_with(|| {
            PERCENT.map(|percent| {
                ranks(percent, values, |k| {
                    if are_all { plan.interval_of_number(k, values) } else { plan.interval_among(k, values) }
                })
            })
        })
    }
}

/// Mean and standard deviation of the values that are there.
fn moments(cell: &CellRuns, values: &Float64Chunked) -> (Option<f64>, Option<f64>) {
    let estimate = cell.conclusion.estimate;
    if estimate == f64::from(cell.count()) / cell.outages.len() as f64 {
        return (values.mean(), values.std(1));
    }
    // For each class: the probability to be of it and to have a value, the mean, the variance.
    let class = |of: bool, probability: f64| {
        let of_class = values.iter().zip(&cell.outages).filter(|&(_, &outage)| outage == of).map(|(value, _)| value);
        let values = Float64Chunked::from_iter_options("".into(), of_class);
        let there = (values.len() - values.null_count()) as f64 / values.len() as f64;
        Some((probability * there, values.mean()?, values.var(0)?))
    };
    let classes = [class(true, estimate), class(false, 1.0 - estimate)];
    let sum = |of: &dyn Fn((f64, f64, f64)) -> f64| classes.iter().flatten().map(|&class| of(class)).sum::<f64>();
    let weight = sum(&|(weight, ..)| weight);
    if weight == 0.0 {
        return (None, None);
    }
    let mean = sum(&|(weight, mean, _)| weight * mean) / weight;
    let square = |x: f64| x * x;
    let variance = sum(&|(weight, of_class, variance)| weight * (variance + square(of_class - mean))) / weight;
    let count = (values.len() - values.null_count()) as f64;
    (Some(mean), (count > 1.0).then(|| libm::sqrt(variance * count / (count - 1.0))))
}

/// The values in ascending order; what is missing counts as larger than every number, or not at all.
fn ascending(values: &Float64Chunked, missing: Missing) -> Vec<f64> {
    let mut ascending: Vec<f64> = match missing {
        Missing::AboveAll => values.iter().map(|value| value.unwrap_or(f64::INFINITY)).collect(),
        Missing::Never | Missing::Undefined => values.iter().flatten().collect(),
    };
    ascending.sort_unstable_by(f64::total_cmp);
    ascending
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimator(replicates: &str) -> Estimator {
        let toml = format!("name = \"t\"\n[replicates]\n{replicates}\n");
        Estimator::of(&Sweep::parse(&toml, "t.toml", &[]).unwrap())
    }

    fn estimates(estimator: &mut Estimator, outages: &[bool], values: &[Option<f64>], missing: Missing) -> Estimates {
        let cell = estimator.cell(outages.to_vec());
        let values = Float64Chunked::from_iter_options("".into(), values.iter().copied());
        estimator.estimates(&cell, &values, (OutputType::Number, missing))
    }

    #[test]
    fn a_mean_has_no_bias_although_cells_stop_by_their_outages() {
        // An output that is 10 with an outage and 1 without, and one that is missing without an outage. All ways that a
        // cell can take, with the probability of each number of outages.
        let mut estimator = estimator("at_least = 20\nat_most = 60\nhalf_width = 0.1");
        let plan = estimator.plan.clone();
        for p in [0.03, 0.08, 0.4, 0.9] {
            let (mut on, mut runs, mut look) = (vec![1.0], 0, plan.first_look());
            let (mut mean, mut plain) = (0.0, 0.0);
            while on.iter().any(|&probability| probability > 0.0) {
                for _ in runs..look {
                    let before = |k: usize| on.get(k).copied().unwrap_or(0.0);
                    on = (0..=on.len())
                        .map(|k| before(k) * (1.0 - p) + k.checked_sub(1).map_or(0.0, before) * p)
                        .collect();
                }
                runs = look;
                let counts = |k: usize| plan.counts((0..runs as usize).map(|run| run < k));
                for (k, probability) in on.iter_mut().enumerate().filter(|&(k, _)| plan.stops(counts(k))) {
                    let outages: Vec<bool> = (0..runs as usize).map(|run| run < k).collect();
                    let values: Vec<Option<f64>> = outages.iter().map(|&o| Some(if o { 10.0 } else { 1.0 })).collect();
                    let found = estimates(&mut estimator, &outages, &values, Missing::Never).mean.unwrap();
                    mean += *probability * found;
                    plain += *probability * (1.0 + 9.0 * k as f64 / f64::from(runs));
                    *probability = 0.0;
                }
                look = plan.next_look(look);
            }
            assert!((mean - (1.0 + 9.0 * p)).abs() < 1e-10, "{p}: {mean}");
            assert!(p > 0.1 || (plain - (1.0 + 9.0 * p)).abs() > 0.03, "{p}: without weights {plain}");
        }
    }

    #[test]
    fn with_equal_weights_mean_and_deviation_are_the_plain_ones() {
        let outages = [true, false, false, true, false, false, false];
        let values: Vec<Option<f64>> = [3.0, 1.0, 2.0, 9.0, 0.5, 4.0, 0.25].into_iter().map(Some).collect();
        let values = Float64Chunked::from_iter_options("".into(), values.into_iter());
        let interval = crate::statistics::interval::Interval { low: 0.0, high: 1.0 };
        let of = |estimate| {
            let cell = CellRuns { outages: outages.to_vec(), conclusion: Conclusion { estimate, interval } };
            let (mean, deviation) = moments(&cell, &values);
            (mean.unwrap(), deviation.unwrap())
        };
        let (plain, weighted) = (of(2.0 / 7.0), of(2.0 / 7.0 + 1e-15));
        assert!(
            (plain.0 - weighted.0).abs() < 1e-12 && (plain.1 - weighted.1).abs() < 1e-12,
            "{plain:?}, {weighted:?}"
        );
    }

    #[test]
    fn intervals_say_when_they_have_no_bound() {
        let mut estimator = estimator("at_least = 20\nat_most = 20");
        let outages = [false; 20];
        let ascending = |run: usize| Some(run as f64);
        let all: Vec<Option<f64>> = (0..20).map(ascending).collect();
        let found = estimates(&mut estimator, &outages, &all, Missing::Never);
        assert_eq!(found.quantile_ends, [[None, Some(3.0)], [Some(5.0), Some(14.0)], [Some(16.0), None]]);
        // 9.5 ± t · 5.916/√20 with t = 2.093.
        let [low, high] = found.mean_ends.map(Option::unwrap);
        assert!((low - 6.7312).abs() < 1e-3 && (high - 12.2688).abs() < 1e-3, "{low}, {high}");
        // The upper half is above all numbers: the median has a lower end alone, and the 95 % quantile none.
        let half: Vec<Option<f64>> = (0..20).map(|run| ascending(run).filter(|&x| x < 10.0)).collect();
        let found = estimates(&mut estimator, &outages, &half, Missing::AboveAll);
        assert_eq!(found.quantile_ends, [[None, Some(3.0)], [Some(5.0), None], [None, None]]);
        assert_eq!((found.count, found.quantiles[1]), (10, None));
        // Where nothing varies, nothing tells how far the mean may be.
        let same = estimates(&mut estimator, &outages, &[Some(3.0); 20], Missing::Never);
        assert_eq!((same.mean, same.mean_ends), (Some(3.0), [None; 2]));
        let none = estimates(&mut estimator, &outages, &[None; 20], Missing::Undefined);
        assert_eq!(none, Estimates::default());
    }

    #[test]
    fn a_share_has_the_interval_of_a_share() {
        let mut estimator = estimator("at_least = 20\nat_most = 20");
        let cell = estimator.cell(vec![true; 20]);
        let values = Float64Chunked::from_iter_options("".into(), [Some(0.0); 20].into_iter());
        let found = estimator.estimates(&cell, &values, (OutputType::Boolean, Missing::Never));
        let high = 1.0 - libm::pow(0.025, 0.05);
        assert!(found.mean_ends[0] == Some(0.0) && (found.mean_ends[1].unwrap() - high).abs() < 1e-9, "{found:?}");
    }
}
