//! How many runs a cell gets, and what is concluded from them.

use super::blocks::{Counts, is_even};
use super::interval::Interval;
use super::paired::Pairs;
use super::rule::{Rule, TOLERANCE, Together};
use super::stopping::{Conclusion, Stopping, first};

/// What is fixed before the first run of a cell: when it is looked at, when it stops, and which intervals hold then.
#[derive(Debug, Clone)]
pub struct Plan {
    rule: Rule,
    /// The law of a cell that stops once its interval is narrow enough, unless it may want too many runs for that.
    stopping: Option<Stopping>,
    /// Where other cells have a say in when a cell stops: the looks, and the confidence of each interval with which those at
    /// all looks hold together.
    repeated: Option<(Vec<u32>, f64)>,
}

impl Plan {
    /// The plan of a rule. If it is adaptive, this takes a moment: some 0.06 s at ± 0.05, a second at ± 0.02.
    pub fn new(rule: Rule) -> Plan {
        if rule.together.is_some() && rule.is_adaptive() {
            return Plan { rule, stopping: None, repeated: Some((rule.looks(), rule.confidence_at_each_look())) };
        }
        // Of runs in blocks no law is known.
        Plan { rule, stopping: if rule.in_blocks { None } else { Stopping::of(&rule) }, repeated: None }
    }

    /// Whether outages decide how many runs a cell gets.
    pub fn is_adaptive(&self) -> bool {
        self.rule.is_adaptive()
    }

    /// Runs at the first look.
    pub fn first_look(&self) -> u32 {
        self.rule.first_look()
    }

    /// Runs at the look after the one at `runs`.
    pub fn next_look(&self, runs: u32) -> u32 {
        self.rule.next_look(runs)
    }

    /// Whether cells that are compared stop at a look. The outages of their runs are those of the same replicates.
    pub fn stops_together(&self, cells: &[&[bool]]) -> bool {
        let runs = cells.first().map_or(0, |outages| outages.len() as u32);
        let is_known = |outages: &&[bool]| {
            let count = outages.iter().filter(|&&outage| outage).count() as u32;
            self.rule.half_width.is_none() || self.rule.is_enough(&self.interval_of_number(count, runs))
        };
        runs >= self.rule.at_most || cells.iter().all(is_known) && self.differences_are_known(cells)
    }

    /// Whether the difference of each of some cells from the reference is known as well as asked for.
    fn differences_are_known(&self, cells: &[&[bool]]) -> bool {
        let Some(Together { reference, half_width: Some(half_width) }) = self.rule.together else { return true };
        let Some(of_reference) = cells.get(reference) else { return true };
        let confidence = self.confidence_of_differences();
        cells.iter().enumerate().filter(|&(index, _)| index != reference).all(|(_, outages)| {
            let pairs = Pairs::count(of_reference.iter().copied().zip(outages.iter().copied()));
            let Interval { low, high } = pairs.interval(confidence);
            high - low <= 2.0 * half_width + TOLERANCE
        })
    }

    /// With which confidence the interval of a difference is computed, so that it has the confidence of the rule: a higher
    /// one, if cells stop by what they say.
    pub fn confidence_of_differences(&self) -> f64 {
        self.repeated.as_ref().map_or_else(|| self.rule.confidence_at_each_look(), |(_, each)| *each)
    }

    /// The confidence of an interval at one of several looks.
    fn confidence_at(&self, runs: u32) -> Option<f64> {
        let (looks, each) = self.repeated.as_ref()?;
        looks.binary_search(&runs).is_ok().then_some(*each)
    }

    /// Whether the replicates are points in blocks.
    pub fn is_in_blocks(&self) -> bool {
        self.rule.in_blocks
    }

    /// What the runs of a cell, in the order of the replicates, say about an event.
    pub fn counts(&self, events: impl IntoIterator<Item = bool>) -> Counts {
        if self.rule.in_blocks { Counts::of_blocks(events) } else { Counts::of_draws(events) }
    }

    /// Whether a cell stops at a look with these outages.
    pub fn stops(&self, outages: Counts) -> bool {
        let Counts { events, runs, .. } = outages;
        let is_enough = |interval| self.rule.is_adaptive() && self.rule.is_enough(&interval);
        runs >= self.rule.at_most
            || match &self.stopping {
                Some(stopping) => stopping.stops(events, runs),
                None if self.rule.in_blocks => is_enough(outages.interval(self.confidence_in_blocks())),
                None => is_enough(Interval::sequence(events, runs, self.rule.confidence)),
            }
    }

    /// What the runs of a cell say about its outage probability. Of a cell that has not stopped, or not by this plan: the
    /// share of the outages, and an interval that holds whenever it is looked at.
    pub fn conclusion(&self, outages: Counts) -> Conclusion {
        let ended = self.stopping.as_ref().and_then(|stopping| stopping.conclusion(outages.events, outages.runs));
        ended.unwrap_or_else(|| {
            let repeated = self.confidence_at(outages.runs);
            let is_end = self.rule.in_blocks && self.is_look(outages.runs) && self.stops(outages);
            let interval = if let Some(each) = repeated {
                Interval::fixed(outages.events, outages.runs, each)
            } else if is_end {
                outages.interval(self.confidence_in_blocks())
            } else {
                self.interval_among(outages.events, outages.runs)
            };
            Conclusion { estimate: outages.share(), interval }
        })
    }

    /// The interval of the probability of any other event of the runs of a cell.
    pub fn interval_of_event(&self, event: Counts) -> Interval {
        if self.rule.in_blocks && self.is_look(event.runs) {
            event.interval(self.confidence_in_blocks())
        } else {
            self.interval_of_number(event.events, event.runs)
        }
    }

    /// The same if no more than the number of its runs is known. It holds whatever made the cell stop: at each of the looks
    /// an interval misses with a part of the probability (Bonferroni).
    pub fn interval_of_number(&self, events: u32, runs: u32) -> Interval {
        if let Some(each) = self.confidence_at(runs) {
            Interval::fixed(events, runs, each)
        } else if self.rule.is_adaptive() && self.is_look(runs) {
            Interval::fixed(events, runs, 1.0 - (1.0 - self.rule.confidence) / f64::from(self.looks()))
        } else {
            self.interval_among(events, runs)
        }
    }

    /// The same for an event that could happen in some of the runs of a cell alone.
    pub fn interval_among(&self, events: u32, runs: u32) -> Interval {
        if self.rule.is_adaptive() {
            Interval::sequence(events, runs, self.rule.confidence)
        } else {
            Interval::fixed(events, runs, self.rule.confidence)
        }
    }

    /// The confidence of an interval at each look at runs in blocks. Where a cell stops once its interval leaves out a level,
    /// the interval is most likely to miss just then, so the looks share the probability of a miss (Bonferroni). Where it stops
    /// once it is narrow enough, looking hardly matters.
    fn confidence_in_blocks(&self) -> f64 {
        let looks = if self.rule.level.is_some() { self.looks() } else { 1 };
        1.0 - (1.0 - self.rule.confidence) / f64::from(looks)
    }

    /// Whether a cell is looked at after this many runs, and may stop then by a known law, or in blocks.
    fn is_look(&self, runs: u32) -> bool {
        match &self.stopping {
            Some(stopping) => stopping.is_look(runs),
            None => self.rule.in_blocks && (self.first_look()..=self.rule.at_most).contains(&runs) && is_even(runs),
        }
    }

    /// How often a cell is looked at, at most.
    fn looks(&self) -> u32 {
        match &self.stopping {
            Some(stopping) => stopping.looks(),
            None => (self.rule.at_most / self.first_look()).ilog2() + 1,
        }
    }
}

/// The ranks, from 1 on, of the order statistics between which a quantile lies, whatever the law of the `runs` values: those
/// with which the interval of the probability of a value that is no larger reaches the quantile's. 0 and `runs` + 1 are no
/// order statistics: the quantile is not bounded there.
///
/// With the intervals of a fixed number of runs these are the ranks of Thompson (1936, Ann. Math. Statist. 7:122).
pub fn ranks(percent: u32, runs: u32, interval: impl Fn(u32) -> Interval) -> (u32, u32) {
    let quantile = f64::from(percent) / 100.0;
    let low = first(runs + 1, |k| interval(k).high >= quantile);
    (low, first(runs + 1, |k| interval(k).low > quantile))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(at_most: u32, half_width: Option<f64>) -> Rule {
        Rule { at_least: 20, at_most, half_width, level: None, together: None, confidence: 0.95, in_blocks: false }
    }

    /// Runs of which the first ones have the event.
    fn counts(events: u32, runs: u32) -> Counts {
        Counts::of_draws((0..runs).map(|run| run < events))
    }

    #[test]
    fn cells_that_are_compared_stop_when_every_difference_is_known() {
        let together = Some(Together { reference: 1, half_width: Some(0.1) });
        let plan = Plan::new(Rule { together, ..rule(400, None) });
        let (none, all) = (vec![false; 106], vec![true; 106]);
        let half: Vec<bool> = (0..106).map(|replicate| replicate % 2 == 0).collect();
        assert!(!plan.stops_together(&[&none[..20], &none[..20]]), "± 0.16 without a pair that differs");
        assert!(plan.stops_together(&[&none, &none]) && plan.stops_together(&[&half, &half]));
        assert!(!plan.stops_together(&[&half, &all]) && !plan.stops_together(&[&none, &none, &half]));
        // The reference is the second: the others may be as different from each other as they like.
        let long: Vec<bool> = (0..400).map(|replicate| replicate % 3 == 0).collect();
        assert!(plan.stops_together(&[&vec![true; 400], &long]), "no more than at_most");
        // The cells' own intervals, too, where they are asked for.
        let both = Plan::new(Rule { together, ..rule(400, Some(0.1)) });
        assert!(!both.stops_together(&[&half, &half]) && both.stops_together(&[&none, &none]));
        let Conclusion { estimate, interval } = both.conclusion(counts(30, 60));
        assert!(estimate == 0.5 && interval.low < Interval::fixed(30, 60, 0.99).low, "{interval:?}");
        assert_eq!(both.conclusion(counts(30, 61)).interval, Interval::sequence(30, 61, 0.95), "no look");
        let fixed = Plan::new(Rule { together: Some(Together { reference: 0, half_width: None }), ..rule(60, None) });
        assert!(fixed.stops_together(&[&half, &all]) && fixed.first_look() == 60);
        assert_eq!(fixed.confidence_of_differences(), 0.95);
        assert_eq!(fixed.conclusion(counts(3, 60)).interval, Interval::fixed(3, 60, 0.95));
    }

    #[test]
    fn with_a_fixed_number_of_runs_there_is_one_look_and_clopper_and_pearsons_interval() {
        let plan = Plan::new(rule(60, None));
        assert_eq!(plan.first_look(), 60);
        assert!(plan.stops(counts(3, 60)) && !plan.stops(counts(0, 59)));
        let Conclusion { estimate, interval } = plan.conclusion(counts(3, 60));
        assert_eq!((estimate, interval), (0.05, Interval::fixed(3, 60, 0.95)));
        assert_eq!(plan.interval_of_event(counts(7, 60)), Interval::fixed(7, 60, 0.95));
    }

    #[test]
    fn a_cell_that_has_not_stopped_and_one_of_too_many_runs_have_an_interval_that_always_holds() {
        let plan = Plan::new(rule(400, Some(0.1)));
        assert!(!plan.stops(counts(10, 20)), "half of twenty runs");
        assert_eq!(plan.conclusion(counts(10, 20)).interval, Interval::sequence(10, 20, 0.95));
        let huge = Plan::new(rule(1_000_000, Some(0.001)));
        assert_eq!(huge.conclusion(counts(0, 500)).interval, Interval::sequence(0, 500, 0.95));
        assert!(!huge.stops(counts(0, 500)) && huge.stops(counts(500_000, 1_000_000)));
    }

    #[test]
    fn the_ranks_of_a_quantile_are_those_of_the_tables() {
        let ranks = |percent, runs| super::ranks(percent, runs, |k| Interval::fixed(k, runs, 0.95));
        // Of the median: David and Nagaraja 2003, Order Statistics, section 7.1: P(X₍ₗ₎ ≤ median ≤ X₍ᵤ₎) ≥ 0.95.
        assert_eq!((ranks(50, 10), ranks(50, 20), ranks(50, 100)), ((2, 9), (6, 15), (40, 61)));
        assert_eq!(ranks(50, 5), (0, 6), "five values do not bound a median");
        // (1 − 0.05)ⁿ ≤ 0.025 from 72 runs on.
        assert_eq!((ranks(5, 71).0, ranks(5, 72).0, ranks(95, 72).1), (0, 1, 72));
    }

    #[test]
    fn the_interval_of_another_event_covers_at_every_stop() {
        // The other event is that there is no outage; any other one stops the cell less surely.
        let plan = Plan::new(rule(60, Some(0.1)));
        for p in [0.02, 0.1, 0.3, 0.5, 0.8, 0.97] {
            // The probability of each number of outages among the cells that go on.
            let (mut on, mut runs, mut missed) = (vec![1.0], 0, 0.0);
            let mut look = plan.first_look();
            while !on.is_empty() {
                for _ in runs..look {
                    let next = (0..=on.len()).map(|k| {
                        let stays = on.get(k).copied().unwrap_or(0.0) * (1.0 - p);
                        stays + if k > 0 { on[k - 1] * p } else { 0.0 }
                    });
                    on = next.collect();
                }
                runs = look;
                for (outages, probability) in on.iter_mut().enumerate() {
                    let interval = plan.interval_of_event(counts(runs - outages as u32, runs));
                    if plan.stops(counts(outages as u32, runs)) {
                        missed += if (interval.low..=interval.high).contains(&(1.0 - p)) { 0.0 } else { *probability };
                        *probability = 0.0;
                    }
                }
                if on.iter().all(|&probability| probability == 0.0) {
                    on.clear();
                }
                look = plan.next_look(look);
            }
            assert!(missed <= 0.05, "{p}: {missed}");
        }
    }
}
