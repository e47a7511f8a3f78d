//! When a cell stops, and what it then says: the exact law of an experiment that stops once it knows enough.
//!
//! A cell is looked at after n₁ < … < n_J runs. It stops at the first look at which its interval is no wider than ± the
//! half width, or leaves out the level that the sweep asks about, and at the last look in any case. What is reported is the exact interval of this very experiment (Armitage
//! 1958, Biometrika 45:1; Jennison and Turnbull 1983, Technometrics 25:49):
//!
//! * Given k outages in n runs all orders of them are equally likely, whatever the probability p. So the probability that
//!   the experiment has not stopped before, G(n, k), does not depend on p, and it ends at (n, k) with the probability
//!   G(n, k) · Bin(k; n, p).
//! * The ends are ordered by (k + ½)/(n + 1). The interval of an end goes from the p at which the ends from it on upwards
//!   have the probability α/2 together, to the p at which those up to it do. With one look this is Clopper and Pearson's
//!   interval. The coverage is at least 1 − α for every p, and is computed in the tests.
//! * Which ends there are depends on the intervals, and they on which ends there are. At first the experiment stops wherever
//!   Clopper and Pearson's interval says enough. As long as the exact interval of an end before the last look does not, it
//!   goes on there.
//!
//! The outages in the first n₁ runs, whose share has no bias, have a mean given the end that does not depend on p either.
//! That mean is the estimate of p: it has no bias (Girshick, Mosteller, Savage 1946, Ann. Math. Statist. 17:13), where the
//! share k/n of a stopped experiment has one, of up to −0.015 at a half width of 0.1.

use super::interval::Interval;
use super::rule::{Rule, TOLERANCE};

/// The most runs of a cell for which the exact law is computed. Beyond, its cost would be felt.
const RUNS_MAX: u32 = 10_000;

/// The logarithm of a probability that does not count.
const LN_NEGLIGIBLE: f64 = -50.0;

/// What an experiment says that has ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conclusion {
    /// The estimate of the probability, without bias.
    pub estimate: f64,
    /// Its interval.
    pub interval: Interval,
}

/// A look at an experiment.
#[derive(Debug, Clone)]
struct Look {
    runs: u32,
    /// The numbers of outages with which it goes on: from the first one on, and less than the second one.
    goes_on: (u32, u32),
}

/// An end of an experiment.
#[derive(Debug, Clone)]
struct End {
    runs: u32,
    outages: u32,
    /// The logarithm of the number of orders of outages that lead to it.
    ln_orders: f64,
    conclusion: Conclusion,
}

impl End {
    /// Compares the places of two ends in the order: (k + ½)/(n + 1), in whole numbers.
    fn cmp(&self, runs: u32, outages: u32) -> std::cmp::Ordering {
        let place = |k: u32, n: u32| (2 * u64::from(k) + 1) * (u64::from(n) + 1);
        place(self.outages, runs).cmp(&place(outages, self.runs))
    }
}

/// The law of an experiment that stops once its interval is narrow enough.
#[derive(Debug, Clone)]
pub struct Stopping {
    looks: Vec<Look>,
    /// In their order.
    ends: Vec<End>,
}

impl Stopping {
    /// The law of a rule that is adaptive; `None` of another one, and if it may want more runs than the law is computed for.
    pub fn of(rule: &Rule) -> Option<Stopping> {
        let mut looks = Vec::new();
        complete(rule, &mut looks)?;
        loop {
            let mut stopping = Stopping { ends: ends(&looks), looks };
            let mut wanting = stopping.wanting_beside(rule);
            if wanting.is_empty() {
                wanting = stopping.conclude(rule);
            }
            if wanting.is_empty() {
                return Some(stopping);
            }
            looks = stopping.looks;
            wanting.into_iter().for_each(|(runs, outages)| go_on(&mut looks, runs, outages));
            complete(rule, &mut looks)?;
        }
    }

    /// The ends, as (runs, outages), whose intervals do not say enough, beside those with which the experiment goes on:
    /// mostly these are the first ones of their look.
    fn wanting_beside(&self, rule: &Rule) -> Vec<(u32, u32)> {
        let wants =
            |runs, outages| self.interval(outages, runs, rule).is_some_and(|interval| !rule.is_enough(&interval));
        let of_look = |look: &Look| {
            let runs = look.runs;
            let (low, high) = if look.goes_on.0 == look.goes_on.1 {
                let middle = (rule.level.unwrap_or(0.5) * f64::from(runs)) as u32;
                (middle, middle)
            } else {
                look.goes_on
            };
            let below = (0..low).rev().take_while(move |&k| wants(runs, k));
            below.chain((high..=runs).take_while(move |&k| wants(runs, k))).map(move |k| (runs, k)).collect::<Vec<_>>()
        };
        self.looks.iter().filter(|look| look.runs < rule.at_most).flat_map(of_look).collect()
    }

    /// Notes the intervals of all ends, and returns those, as (runs, outages), that do not say enough.
    fn conclude(&mut self, rule: &Rule) -> Vec<(u32, u32)> {
        let mut wanting = Vec::new();
        for end in 0..self.ends.len() {
            let End { runs, outages, .. } = self.ends[end];
            let Some(interval) = self.interval(outages, runs, rule) else { continue };
            self.ends[end].conclusion.interval = interval;
            if runs < rule.at_most && !rule.is_enough(&interval) {
                wanting.push((runs, outages));
            }
        }
        wanting
    }

    /// Whether the experiment stops at a look with this many outages.
    pub fn stops(&self, outages: u32, runs: u32) -> bool {
        let look = self.looks.binary_search_by_key(&runs, |look| look.runs);
        look.is_ok_and(|look| {
            let (first, end) = self.looks[look].goes_on;
            !(first..end).contains(&outages)
        })
    }

    /// Whether it is looked at after this many runs.
    pub fn is_look(&self, runs: u32) -> bool {
        self.looks.iter().any(|look| look.runs == runs)
    }

    /// How often it is looked at, at most.
    pub fn looks(&self) -> u32 {
        self.looks.len() as u32
    }

    /// What is known when it has ended with this; `None` if it does not end there. The estimate of an end that hardly ever
    /// comes may lie outside of its interval, which says nothing: it is held within it.
    pub fn conclusion(&self, outages: u32, runs: u32) -> Option<Conclusion> {
        let equal = self.equal(outages, runs);
        let Conclusion { estimate, interval } = self.ends[equal].iter().find(|end| end.runs == runs)?.conclusion;
        Some(Conclusion { estimate: estimate.clamp(interval.low, interval.high), interval })
    }

    /// The ends that stand at this place in the order.
    fn equal(&self, outages: u32, runs: u32) -> std::ops::Range<usize> {
        let start = self.ends.partition_point(|end| end.cmp(runs, outages).is_lt());
        start..self.ends.partition_point(|end| end.cmp(runs, outages).is_le())
    }

    /// The probability of some ends, and its derivative by p.
    fn probability(ends: &[End], p: f64) -> (f64, f64) {
        let (ln_p, ln_q) = (libm::log(p), libm::log1p(-p));
        let (mut sum, mut slope) = (0.0, 0.0);
        for end in ends {
            let (k, failures) = (f64::from(end.outages), f64::from(end.runs - end.outages));
            let exponent = end.ln_orders + k * ln_p + failures * ln_q;
            if exponent > LN_NEGLIGIBLE {
                let term = libm::exp(exponent);
                sum += term;
                slope += term * (k / p - failures / (1.0 - p));
            }
        }
        (sum, slope)
    }

    /// The exact interval of an end; `None` if it is none.
    fn interval(&self, outages: u32, runs: u32, rule: &Rule) -> Option<Interval> {
        let tail = (1.0 - rule.confidence) / 2.0;
        let equal = self.equal(outages, runs);
        self.ends[equal.clone()].iter().find(|end| end.runs == runs)?;
        let (upwards, up_to) = (&self.ends[equal.start..], &self.ends[..equal.end]);
        let guess = (f64::from(outages) + 0.5) / (f64::from(runs) + 1.0);
        let low = if equal.start == 0 { 0.0 } else { solve(tail, guess, true, |p| Stopping::probability(upwards, p)) };
        let all = equal.end == self.ends.len();
        let high = if all { 1.0 } else { solve(tail, guess, false, |p| Stopping::probability(up_to, p)) };
        Some(Interval { low, high })
    }
}

/// Lets an experiment go on at a look with this many outages.
fn go_on(looks: &mut [Look], runs: u32, outages: u32) {
    if let Some(look) = looks.iter_mut().find(|look| look.runs == runs) {
        let (first, end) = look.goes_on;
        look.goes_on = if first == end { (outages, outages + 1) } else { (first.min(outages), end.max(outages + 1)) };
    }
}

/// Adds looks until there is one at which every experiment stops.
fn complete(rule: &Rule, looks: &mut Vec<Look>) -> Option<()> {
    rule.is_adaptive().then_some(())?;
    loop {
        let runs = match looks.last() {
            Some(Look { goes_on: (first, end), .. }) if first == end => return Some(()),
            Some(look) => rule.next_look(look.runs),
            None => rule.first_look(),
        };
        if runs > RUNS_MAX {
            return None;
        }
        let goes_on = if runs < rule.at_most { not_enough(rule, runs) } else { (0, 0) };
        looks.push(Look { runs, goes_on });
    }
}

/// The numbers of outages in so many runs, from the first one on, and less than the second one, with which Clopper and
/// Pearson's interval does not say enough.
fn not_enough(rule: &Rule, runs: u32) -> (u32, u32) {
    let interval = |k: u32| Interval::fixed(k, runs, rule.confidence);
    let (mut low, mut high) = (0, runs + 1);
    if let Some(half_width) = rule.half_width {
        // The width falls from k = n/2 on in both directions.
        let is_wide = |k: u32| interval(k).high - interval(k).low > 2.0 * half_width + TOLERANCE;
        low = first(runs / 2 + 1, is_wide);
        high = if low > runs / 2 { low } else { runs + 1 - low };
    }
    if let Some(level) = rule.level {
        low = low.max(first(runs + 1, |k| interval(k).high >= level));
        high = high.min(first(runs + 1, |k| interval(k).low > level));
    }
    if low < high { (low, high) } else { (0, 0) }
}

/// The first number of 0 … `end` − 1 from which on something is true; `end` if there is none.
pub(super) fn first(end: u32, is_true: impl Fn(u32) -> bool) -> u32 {
    let (mut low, mut high) = (0, end);
    while low < high {
        let middle = low + (high - low) / 2;
        if is_true(middle) { high = middle } else { low = middle + 1 }
    }
    high
}

/// All ends: forward over the looks, with the probability not to have stopped before, and the mean share of outages in
/// the first runs times that.
fn ends(looks: &[Look]) -> Vec<End> {
    let mut ends = Vec::new();
    let most = looks.last().map_or(0, |look| look.runs);
    let ln_factorials: Vec<f64> = (0..=most).map(|n| libm::lgamma(f64::from(n) + 1.0)).collect();
    let ln_choose =
        |n: u32, k: u32| ln_factorials[n as usize] - ln_factorials[k as usize] - ln_factorials[(n - k) as usize];
    // For k from `first` on.
    let (mut first, mut reached): (u32, Vec<(f64, f64)>) = (0, Vec::new());
    for (index, look) in looks.iter().enumerate() {
        let n = look.runs;
        if index == 0 {
            reached = (0..=n).map(|k| (1.0, f64::from(k) / f64::from(n))).collect();
        } else {
            let before = &looks[index - 1];
            let m = n - before.runs;
            let (low, end) = before.goes_on;
            let at = |i: u32| reached[(i - first) as usize];
            let next = (low..end + m).map(|k| {
                // i of the k outages are in the runs before: hypergeometric.
                let range = low.max(k.saturating_sub(m))..end.min(k + 1);
                range.fold((0.0, 0.0), |(g, h), i| {
                    let ln_weight = ln_choose(before.runs, i) + ln_choose(m, k - i) - ln_choose(n, k);
                    if ln_weight < LN_NEGLIGIBLE {
                        return (g, h);
                    }
                    let (weight, (g_before, h_before)) = (libm::exp(ln_weight), at(i));
                    (g + weight * g_before, h + weight * h_before)
                })
            });
            reached = next.collect();
            first = low;
        }
        for (k, &(g, h)) in (first..).zip(&reached) {
            if !(look.goes_on.0..look.goes_on.1).contains(&k) && g > 0.0 {
                let conclusion = Conclusion { estimate: h / g, interval: Interval { low: 0.0, high: 1.0 } };
                ends.push(End { runs: n, outages: k, ln_orders: ln_choose(n, k) + libm::log(g), conclusion });
            }
        }
    }
    ends.sort_by(|a, b| a.cmp(b.runs, b.outages));
    ends
}

/// The p at which a probability that rises with p, or falls, is `target`: Newton's method on its logarithm, kept between
/// two ends that close in.
fn solve(target: f64, guess: f64, rises: bool, probability: impl Fn(f64) -> (f64, f64)) -> f64 {
    let (mut low, mut high, mut p) = (0.0_f64, 1.0_f64, guess);
    for _ in 0..100 {
        let (value, slope) = probability(p);
        if (value < target) == rises {
            low = p
        } else {
            high = p
        }
        let next = p - libm::log(value / target) * value / slope;
        let inside = next > low && next < high;
        let next = if inside { next } else { 0.5 * (low + high) };
        let moved = (next - p).abs();
        p = next;
        if moved <= 1e-15 || high - low <= 1e-15 {
            break;
        }
    }
    p
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: [Rule; 11] = [
        rule(20, 60, 0.1, 0.95),
        rule(20, 400, 0.1, 0.95),
        rule(20, 400, 0.05, 0.95),
        rule(20, 2000, 0.05, 0.95),
        rule(1, 100, 0.2, 0.8),
        rule(30, 1000, 0.1, 0.9),
        rule(20, 1000, 0.1, 0.99),
        rule(20, 1000, 0.1, 0.999),
        Rule { level: Some(0.5), ..rule(16, 300, 0.1, 0.95) },
        Rule { level: Some(0.2), ..rule(20, 500, 0.05, 0.9) },
        Rule { level: Some(0.7), half_width: None, ..rule(10, 150, 0.1, 0.95) },
    ];

    const fn rule(at_least: u32, at_most: u32, half_width: f64, confidence: f64) -> Rule {
        Rule {
            at_least,
            at_most,
            half_width: Some(half_width),
            level: None,
            together: None,
            confidence,
            in_blocks: false,
        }
    }

    impl Stopping {
        /// The mean of something that the end decides.
        fn mean(&self, p: f64, of: impl Fn(&End) -> f64) -> f64 {
            self.ends.iter().map(|end| of(end) * Stopping::probability(std::slice::from_ref(end), p).0).sum()
        }

        fn coverage(&self, p: f64) -> f64 {
            self.mean(p, |end| {
                let Interval { low, high } = end.conclusion.interval;
                f64::from(low <= p && p <= high)
            })
        }
    }

    #[test]
    fn the_interval_covers_at_least_as_often_as_it_says_whatever_the_probability() {
        for rule in RULES {
            let stopping = Stopping::of(&rule).unwrap();
            // The coverage is lowest beside the ends of the intervals; computed, not sampled.
            let ends = stopping.ends.iter().flat_map(|end| [end.conclusion.interval.low, end.conclusion.interval.high]);
            let beside = ends.flat_map(|p| [p - 1e-9, p + 1e-9]);
            let lowest = beside.chain((1..500).map(|i| f64::from(i) / 500.0)).filter(|p| (1e-9..1.0).contains(p));
            let lowest = lowest.map(|p| stopping.coverage(p)).fold(1.0, f64::min);
            assert!(lowest >= rule.confidence - 1e-9, "{rule:?}: {lowest}");
            assert!(lowest < rule.confidence + 0.005 || rule.at_least == 1, "{rule:?}: {lowest} is wasteful");
        }
    }

    #[test]
    fn the_estimate_has_no_bias_and_the_share_of_outages_has_one() {
        for rule in RULES {
            let stopping = Stopping::of(&rule).unwrap();
            for p in [0.001, 0.02, 0.08, 0.1, 0.3, 0.5, 0.77, 0.98] {
                assert!((stopping.mean(p, |_| 1.0) - 1.0).abs() < 1e-10, "{rule:?}, {p}: something is no end");
                let mean = stopping.mean(p, |end| end.conclusion.estimate);
                assert!((mean - p).abs() < 1e-10, "{rule:?}, {p}: {mean}");
            }
        }
        let stopping = Stopping::of(&RULES[1]).unwrap();
        let share = stopping.mean(0.08, |end| f64::from(end.outages) / f64::from(end.runs));
        assert!((share - 0.08 + 0.0149).abs() < 1e-4, "{share}");
    }

    #[test]
    fn every_interval_before_the_last_look_says_enough() {
        for rule in RULES {
            let stopping = Stopping::of(&rule).unwrap();
            for end in stopping.ends.iter().filter(|end| end.runs < rule.at_most) {
                assert!(rule.is_enough(&end.conclusion.interval), "{rule:?}: {end:?}");
                assert!(stopping.stops(end.outages, end.runs), "{end:?}");
            }
        }
    }

    #[test]
    fn the_probability_of_a_tail_rises_with_the_probability_of_an_outage() {
        for rule in RULES {
            let stopping = Stopping::of(&rule).unwrap();
            for start in (1..stopping.ends.len()).step_by(7) {
                let tails = (1..200).map(|i| Stopping::probability(&stopping.ends[start..], f64::from(i) / 200.0).0);
                let tails: Vec<f64> = tails.collect();
                assert!(tails.windows(2).all(|pair| pair[0] <= pair[1] + 1e-13), "{rule:?}, {start}");
            }
        }
    }

    #[test]
    fn with_one_look_the_interval_is_clopper_and_pearsons_and_the_estimate_the_share() {
        let stopping = Stopping::of(&rule(40, 40, 0.1, 0.95)).unwrap();
        assert_eq!((stopping.looks(), stopping.ends.len()), (1, 41));
        for k in 0..=40 {
            let Conclusion { estimate, interval } = stopping.conclusion(k, 40).unwrap();
            let fixed = Interval::fixed(k, 40, 0.95);
            assert!((interval.low - fixed.low).abs() < 1e-12 && (interval.high - fixed.high).abs() < 1e-12, "{k}");
            assert!((estimate - f64::from(k) / 40.0).abs() < 1e-12, "{k}: {estimate}");
        }
    }

    #[test]
    fn the_law_is_that_of_all_sequences_one_by_one() {
        // Looks at 4, 12 and 20 runs: all 2²⁰ sequences.
        let stopping = Stopping::of(&rule(4, 20, 0.15, 0.8)).unwrap();
        assert_eq!(stopping.looks.iter().map(|look| look.runs).collect::<Vec<_>>(), [4, 12, 20]);
        let mut found = std::collections::BTreeMap::<(u32, u32), (f64, f64)>::new();
        for sequence in 0..1_u32 << 20 {
            let outages = |runs: u32| (sequence & ((1 << runs) - 1)).count_ones();
            let runs = [4, 12, 20].into_iter().find(|&runs| stopping.stops(outages(runs), runs)).unwrap();
            let entry = found.entry((runs, outages(runs))).or_default();
            *entry = (entry.0 + 1.0, entry.1 + f64::from(outages(4)) / 4.0);
        }
        assert_eq!(found.len(), stopping.ends.len());
        for ((runs, outages), (sequences, first)) in found {
            let end = stopping.ends.iter().find(|end| (end.runs, end.outages) == (runs, outages)).unwrap();
            let orders = libm::exp(end.ln_orders) * f64::from(1 << (20 - runs));
            assert!((orders / sequences - 1.0).abs() < 1e-10, "{runs}, {outages}: {orders}, not {sequences}");
            assert!((end.conclusion.estimate - first / sequences).abs() < 1e-10, "{runs}, {outages}");
        }
    }

    #[test]
    fn a_cell_far_from_the_level_stops_at_once_and_one_near_it_when_it_is_known() {
        let rule = Rule { level: Some(0.5), ..rule(16, 300, 0.1, 0.95) };
        let stopping = Stopping::of(&rule).unwrap();
        let runs = |p| stopping.mean(p, |end| f64::from(end.runs));
        assert!(
            runs(0.02) < 16.1 && runs(0.2) < 24.0 && runs(0.5) > 95.0,
            "{}, {}, {}",
            runs(0.02),
            runs(0.2),
            runs(0.5)
        );
        assert!(stopping.stops(0, 16) && !stopping.stops(8, 16));
    }

    #[test]
    fn it_takes_fewer_runs_than_a_sequence_that_holds_for_ever() {
        // With as many runs as it takes: the mean number until ± 0.1 and ± 0.05.
        for (half_width, expected) in [
            (0.1, [(0.02, 23.7, 37.4), (0.1, 44.5, 96.5), (0.3, 92.0, 258.7), (0.5, 106.0, 298.0)]),
            (0.05, [(0.02, 62.1, 105.6), (0.1, 166.1, 470.2), (0.3, 360.8, 1201.2), (0.5, 423.0, 1363.0)]),
        ] {
            let rule = rule(20, 2000, half_width, 0.95);
            let exact = Stopping::of(&rule).unwrap();
            let mut looks = Vec::new();
            let mut runs = 20;
            loop {
                let is_wide = |k: u32| {
                    let Interval { low, high } = Interval::sequence(k, runs, 0.95);
                    high - low > 2.0 * half_width
                };
                let first = first(runs / 2 + 1, is_wide);
                let goes_on = if first <= runs / 2 { (first, runs + 1 - first) } else { (0, 0) };
                looks.push(Look { runs, goes_on });
                if goes_on == (0, 0) {
                    break;
                }
                runs = rule.next_look(runs);
            }
            let before = Stopping { ends: ends(&looks), looks };
            for (p, runs, runs_before) in expected {
                let found = [&exact, &before].map(|stopping| stopping.mean(p, |end| f64::from(end.runs)));
                assert!((found[0] - runs).abs() < 0.1 && (found[1] - runs_before).abs() < 0.1, "{p}: {found:?}");
            }
        }
    }
}
