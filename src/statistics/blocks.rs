//! Runs in blocks: what is concluded from replicates that are no independent draws, but points that fill a range evenly.
//!
//! Replicate r is of block r mod 16. The points of a block belong to each other; blocks are independent, and alike. So the
//! mean of a block is one observation, and what the means say of the error of their mean is all that is used: the number of
//! independent runs that would be as good, adjusted for how little sixteen means tell of their spread, goes into Clopper and
//! Pearson's interval (Korn and Graubard 1998, Survey Methodology 24:193). That is approximate, also because a cell is looked
//! at several times.

use super::interval::Interval;
use super::normal::quantile;
use super::student::two_sided_quantile;
use crate::random::{Tails, beta_quantile};

/// Blocks of a cell.
pub const BLOCKS: u32 = 16;

/// The block that a replicate is of.
pub fn block_of(replicate: u32) -> u32 {
    replicate % BLOCKS
}

/// Whether so many runs are 2^k of each block: then their points are spread evenly.
pub fn is_even(runs: u32) -> bool {
    runs.is_multiple_of(BLOCKS) && (runs / BLOCKS).is_power_of_two()
}

/// What the runs of a cell say about an event, as far as a conclusion depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Counts {
    /// Runs with the event.
    pub events: u32,
    /// All runs.
    pub runs: u32,
    /// The sum of the squares of the numbers of events in each block, if there are blocks.
    squares: u64,
}

impl Counts {
    /// Those of runs that are independent: whether each has the event.
    pub fn of_draws(events: impl IntoIterator<Item = bool>) -> Counts {
        let (events, runs) =
            events.into_iter().fold((0, 0), |(events, runs), event| (events + u32::from(event), runs + 1));
        Counts { events, runs, squares: 0 }
    }

    /// Those of runs in blocks, in the order of the replicates: whether each has the event.
    pub fn of_blocks(events: impl IntoIterator<Item = bool>) -> Counts {
        let (mut of_block, mut runs) = ([0_u32; BLOCKS as usize], 0);
        for event in events {
            of_block[block_of(runs) as usize] += u32::from(event);
            runs += 1;
        }
        let squares = of_block.iter().map(|&events| u64::from(events) * u64::from(events)).sum();
        Counts { events: of_block.iter().sum(), runs, squares }
    }

    /// The share of the runs with the event.
    pub fn share(&self) -> f64 {
        f64::from(self.events) / f64::from(self.runs)
    }

    /// The number of independent runs that would know the probability as well, for an even number of runs.
    fn effective_runs(&self, confidence: f64) -> f64 {
        let (runs, blocks) = (f64::from(self.runs), f64::from(BLOCKS));
        let (each, share) = (runs / blocks, self.share());
        // Where the points are single, the runs are independent; where all runs are the same, nothing tells of a spread.
        if self.runs <= BLOCKS || self.events == 0 || self.events == self.runs {
            return runs;
        }
        let deviations = self.squares as f64 - blocks * each * share * each * share;
        let variance_of_mean = deviations.max(0.0) / (each * each * (blocks - 1.0) * blocks);
        if variance_of_mean == 0.0 {
            return runs;
        }
        let t = two_sided_quantile(confidence, BLOCKS - 1);
        let adjustment = quantile(0.5 + confidence / 2.0) / t;
        share * (1.0 - share) / variance_of_mean * adjustment * adjustment
    }

    /// The interval of the probability of the event, for an even number of runs.
    pub fn interval(&self, confidence: f64) -> Interval {
        let (runs, tail) = (self.effective_runs(confidence), (1.0 - confidence) / 2.0);
        let events = self.share() * runs;
        // Clopper and Pearson's ends, which are quantiles of beta laws, for numbers that need not be whole.
        let low =
            if self.events == 0 { 0.0 } else { beta_quantile(Tails::of_lower(tail), events, runs - events + 1.0) };
        let all = self.events == self.runs;
        let high = if all { 1.0 } else { beta_quantile(Tails::of_upper(tail), events + 1.0, runs - events) };
        Interval { low, high }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, derive_seed, normal_quantile, scrambled_sobol, standard_normal, stream};
    use crate::statistics::plan::Plan;
    use crate::statistics::rule::Rule;

    /// Whether replicates of a probit of three inputs and chance have the event: each counts as much as `shares` say.
    fn probit(seed: u64, shares: [f64; 4], threshold: f64) -> impl Fn(u32) -> bool {
        move |replicate| {
            let block = u64::from(block_of(replicate));
            let input = |d: u32| {
                let u = scrambled_sobol(replicate / BLOCKS, d, derive_seed(seed, &[block, d.into()]));
                normal_quantile(Tails::of_lower(u))
            };
            let chance =
                standard_normal(&mut stream(derive_seed(seed, &[99, replicate.into()]), Purpose::Test("chance")));
            let inputs: f64 = (0..3).map(|d| shares[d as usize].sqrt() * input(d)).sum();
            inputs + shares[3].sqrt() * chance > threshold
        }
    }

    #[test]
    fn single_points_have_clopper_and_pearsons_interval_and_sure_events_that_of_all_runs() {
        for events in [0, 3, 16] {
            let counts = Counts::of_blocks((0..16).map(|run| run < events));
            let (found, exact) = (counts.interval(0.95), Interval::fixed(events, 16, 0.95));
            assert!((found.low - exact.low).abs() < 1e-9 && (found.high - exact.high).abs() < 1e-9, "{found:?}");
        }
        let none = Counts::of_blocks([false; 64]).interval(0.95);
        assert!(none.low == 0.0 && (none.high - Interval::fixed(0, 64, 0.95).high).abs() < 1e-9);
    }

    #[test]
    fn the_number_of_independent_runs_is_that_of_korn_and_graubard() {
        // Blocks of four with 1, 3, 1, 3, … events: the means are 1/4 and 3/4, s² = 16/15 · 1/16, so that v = 1/240. With
        // t = 2.13145 and z = 1.95996 that is 60 · 0.84557 runs.
        let counts = Counts::of_blocks((0..64).map(|run| run / 16 < 1 + 2 * (run % 2)));
        assert_eq!((counts.events, counts.runs), (32, 64));
        assert!((counts.effective_runs(0.95) - 60.0 * 0.845_571).abs() < 1e-3, "{}", counts.effective_runs(0.95));
        // The half of it: Clopper and Pearson's interval for 25.367 of 50.734 runs.
        let Interval { low, high } = counts.interval(0.95);
        assert!((low + high - 1.0).abs() < 1e-12 && (high - low - 0.2893).abs() < 2e-3, "{low} {high}");
    }

    /// How many of some seeds have an interval that misses the probability.
    fn missed(seeds: u64, p: f64, shares: [f64; 4], interval: impl Fn(&dyn Fn(u32) -> bool) -> Interval) -> usize {
        let misses = |&seed: &u64| {
            let Interval { low, high } = interval(&probit(seed, shares, -quantile(p)));
            p < low || p > high
        };
        (0..seeds).filter(misses).count()
    }

    #[test]
    fn the_interval_covers_about_as_often_as_it_says() {
        for shares in [[0.2, 0.3, 0.3, 0.2], [0.0, 0.5, 0.45, 0.05], [0.1, 0.1, 0.1, 0.7]] {
            for p in [0.02, 0.1, 0.3, 0.5] {
                for runs in [32, 128, 512] {
                    let interval = |event: &dyn Fn(u32) -> bool| Counts::of_blocks((0..runs).map(event)).interval(0.95);
                    let missed = missed(400, p, shares, interval);
                    // It covers 0.943 at least (2,000 seeds); 5 standard errors above 5.7 %: a false alarm below 1e-6.
                    assert!(missed <= 46, "{shares:?}, {p}, {runs}: {missed} of 400");
                }
            }
        }
    }

    #[test]
    fn it_covers_when_a_cell_stops_by_it() {
        let shares = [0.2, 0.3, 0.3, 0.2];
        for (level, half_width, at_most) in
            [(None, Some(0.1), 512), (Some(0.5), None, 128), (Some(0.5), Some(0.1), 512)]
        {
            let rule =
                Rule { at_least: 16, at_most, half_width, level, together: None, confidence: 0.95, in_blocks: true };
            let plan = Plan::new(rule);
            for p in [0.05, 0.3, 0.42, 0.5] {
                let missed = missed(400, p, shares, |event| {
                    let mut counts = plan.counts((0..plan.first_look()).map(event));
                    while !plan.stops(counts) {
                        counts = plan.counts((0..plan.next_look(counts.runs)).map(event));
                    }
                    plan.conclusion(counts).interval
                });
                // It covers 0.93 at least (1,000 seeds: 0.931 in the worst of these cases, with a standard error of 0.008).
                assert!(missed <= 48, "{level:?}, {half_width:?}, {p}: {missed} of 400");
            }
        }
    }

    #[test]
    fn even_points_save_runs_where_the_inputs_decide() {
        let width = |shares, runs: u32| {
            let width = |seed| {
                let Interval { low, high } = Counts::of_blocks((0..runs).map(probit(seed, shares, 0.0))).interval(0.95);
                (high - low) / 100.0
            };
            (0..100).map(width).sum::<f64>()
        };
        let plain = Interval::fixed(64, 128, 0.95).high - Interval::fixed(64, 128, 0.95).low;
        let saved = |width: f64| plain * plain / (width * width);
        // 1.8 and 0.9 (the quotient of Student's and the normal quantile, squared).
        assert!(saved(width([0.2, 0.3, 0.3, 0.2], 128)) > 1.6);
        assert!((0.75..1.0).contains(&saved(width([0.0, 0.0, 0.0, 1.0], 128))));
    }
}
