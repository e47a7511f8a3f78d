//! How many runs a cell gets, and what is concluded from them.

use super::interval::Interval;
use super::rule::Rule;
use super::stopping::{Conclusion, Stopping, first};

/// What is fixed before the first run of a cell: when it is looked at, when it stops, and which intervals hold then.
#[derive(Debug, Clone)]
pub struct Plan {
    rule: Rule,
    /// The law of a cell that stops once its interval is narrow enough, unless it may want too many runs for that.
    stopping: Option<Stopping>,
}

impl Plan {
    /// The plan of a rule. If it is adaptive, this takes a moment: some 0.06 s at ± 0.05, a second at ± 0.02.
    pub fn new(rule: Rule) -> Plan {
        Plan { rule, stopping: Stopping::of(&rule) }
    }

    /// Whether the outages of a cell decide how many runs it gets.
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

    /// Whether a cell stops at a look with this many outages.
    pub fn stops(&self, outages: u32, runs: u32) -> bool {
        runs >= self.rule.at_most
            || match &self.stopping {
                Some(stopping) => stopping.stops(outages, runs),
                None => {
                    self.rule.is_adaptive()
                        && self.rule.is_enough(&Interval::sequence(outages, runs, self.rule.confidence))
                }
            }
    }

    /// What the runs of a cell say about its outage probability. Of a cell that has not stopped, or not by this plan: the
    /// share of the outages, and an interval that holds whenever it is looked at.
    pub fn conclusion(&self, outages: u32, runs: u32) -> Conclusion {
        let ended = self.stopping.as_ref().and_then(|stopping| stopping.conclusion(outages, runs));
        ended.unwrap_or_else(|| Conclusion {
            estimate: f64::from(outages) / f64::from(runs),
            interval: self.interval_among(outages, runs),
        })
    }

    /// The interval of the probability of any other event, which happened in `events` of the runs of a cell. It holds
    /// whatever made the cell stop: at each of the looks an interval misses with a part of the probability (Bonferroni).
    pub fn interval_of_event(&self, events: u32, runs: u32) -> Interval {
        let confidence = self.rule.confidence;
        match &self.stopping {
            Some(stopping) if stopping.is_look(runs) => {
                Interval::fixed(events, runs, 1.0 - (1.0 - confidence) / f64::from(stopping.looks()))
            }
            _ => self.interval_among(events, runs),
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
        Rule { at_least: 20, at_most, half_width, level: None, confidence: 0.95 }
    }

    #[test]
    fn with_a_fixed_number_of_runs_there_is_one_look_and_clopper_and_pearsons_interval() {
        let plan = Plan::new(rule(60, None));
        assert_eq!(plan.first_look(), 60);
        assert!(plan.stops(3, 60) && !plan.stops(0, 59));
        let Conclusion { estimate, interval } = plan.conclusion(3, 60);
        assert_eq!((estimate, interval), (0.05, Interval::fixed(3, 60, 0.95)));
        assert_eq!(plan.interval_of_event(7, 60), Interval::fixed(7, 60, 0.95));
    }

    #[test]
    fn a_cell_that_has_not_stopped_and_one_of_too_many_runs_have_an_interval_that_always_holds() {
        let plan = Plan::new(rule(400, Some(0.1)));
        assert!(!plan.stops(10, 20), "half of twenty runs");
        assert_eq!(plan.conclusion(10, 20).interval, Interval::sequence(10, 20, 0.95));
        let huge = Plan::new(rule(1_000_000, Some(0.001)));
        assert_eq!(huge.conclusion(0, 500).interval, Interval::sequence(0, 500, 0.95));
        assert!(!huge.stops(0, 500) && huge.stops(500_000, 1_000_000));
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
                    let interval = plan.interval_of_event(runs - outages as u32, runs);
                    if plan.stops(outages as u32, runs) {
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
