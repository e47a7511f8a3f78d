//! Subset simulation: the probability of reaching a first level, times that of reaching the next one from there, and so
//! on to the event (Au and Beck 2001, Prob. Eng. Mech. 16:263).
//!
//! The runs above a level are continued by chains that keep the law of inputs and seed, given that level: z' = ρz +
//! √(1 − ρ²)ξ (Papaioannou, Betz, Zwirglmaier, Straub 2015, Prob. Eng. Mech. 41:89) together with a *fresh seed*. A
//! proposal is taken if it is above the level, and else the chain stays, with inputs, seed and all. To run the same
//! inputs again, since "the level is noisy", would be a mistake: such chains forget that they had to be lucky to be
//! there, and the probability comes out 10 to 30 % too low.

use super::{Doubt, Estimate, Observation, Trial, Wish};
use crate::random::{Purpose, derive_seed, standard_normal, stream};
use crate::statistics::interval::Interval;
use crate::statistics::student;

/// The share of the runs of a level that reach the next one.
const SHARE: f64 = 0.1;
/// Runs of a chain in a level.
const CHAIN: usize = 10;
/// Levels at most: the event is less likely than this power of [`SHARE`] then.
const LEVELS_MAX: usize = 12;
/// ρ: how much of the inputs stays in one step of a chain.
const STAYS: f64 = 0.8;
/// Repetitions of an estimate.
const REPETITIONS: usize = 8;
/// Runs of a level at least and at most.
const RUNS: (usize, usize) = (100, 2_000);
/// Levels that the runs are planned for beside those that the wish has.
const SPARE_LEVELS: f64 = 1.0;

/// A run of a level.
#[derive(Debug, Clone)]
struct State {
    z: Vec<f64>,
    nearness: f64,
}

impl State {
    fn has_event(&self) -> bool {
        self.nearness == f64::INFINITY
    }
}

/// One subset simulation.
#[derive(Debug, Clone)]
struct Repetition {
    seed: u64,
    /// Rounds so far.
    rounds: u64,
    /// Of having reached the level.
    probability: f64,
    level: f64,
    levels: usize,
    /// The ends of the chains; none in the first level.
    chains: Vec<State>,
    /// All runs of the level so far.
    states: Vec<State>,
    is_done: bool,
}

impl Repetition {
    fn new(seed: u64) -> Repetition {
        let (chains, states) = (Vec::new(), Vec::new());
        let (probability, level) = (1.0, f64::NEG_INFINITY);
        Repetition { seed, rounds: 0, probability, level, levels: 0, chains, states, is_done: false }
    }

    fn wanted(&self, inputs: usize, per_level: usize) -> Vec<Trial> {
        if self.is_done {
            return Vec::new();
        }
        let count = if self.levels == 0 { per_level } else { self.chains.len() };
        (0..count)
            .map(|index| {
                let seed = derive_seed(self.seed, &[self.rounds, index as u64]);
                let mut stream = stream(seed, Purpose::Rare);
                let mut fresh = || standard_normal(&mut stream);
                let z = match self.chains.get(index) {
                    None => (0..inputs).map(|_| fresh()).collect(),
                    Some(state) => state.z.iter().map(|z| STAYS * z + (1.0 - STAYS * STAYS).sqrt() * fresh()).collect(),
                };
                Trial { z, seed }
            })
            .collect()
    }

    fn take_in(&mut self, trials: &[Trial], observations: &[Observation], per_level: usize) {
        self.rounds += 1;
        let reached = trials
            .iter()
            .zip(observations)
            .map(|(trial, observation)| State { z: trial.z.clone(), nearness: observation.nearness() });
        if self.levels == 0 {
            self.states = reached.collect();
        } else {
            for (chain, proposed) in self.chains.iter_mut().zip(reached) {
                if proposed.nearness > self.level {
                    *chain = proposed;
                }
            }
            self.states.extend(self.chains.iter().cloned());
        }
        if self.states.len() >= per_level {
            self.climb();
        }
    }

    /// Goes on to the next level, or to the end.
    fn climb(&mut self) {
        let all = self.states.len();
        let events = self.states.iter().filter(|state| state.has_event()).count();
        let next = (SHARE * all as f64) as usize;
        if events >= next.max(1) {
            self.probability *= events as f64 / all as f64;
            self.is_done = true;
            return;
        }
        self.states.sort_by(|a, b| b.nearness.total_cmp(&a.nearness));
        let level = self.states[next].nearness;
        // With ties it may be fewer than were meant: what counts is how many are above.
        let above: Vec<State> = self.states.iter().filter(|state| state.nearness > level).cloned().collect();
        self.levels += 1;
        if above.is_empty() || self.levels >= LEVELS_MAX {
            (self.probability, self.is_done, self.states) = (0.0, true, Vec::new());
            return;
        }
        self.probability *= above.len() as f64 / all as f64;
        (self.level, self.chains, self.states) = (level, above.clone(), above);
    }
}

/// Several subset simulations beside each other, and what they say together.
#[derive(Debug, Clone)]
pub struct Subset {
    inputs: usize,
    per_level: usize,
    repetitions: Vec<Repetition>,
    /// Runs so far, and at most.
    made: u32,
    at_most: u32,
}

impl Subset {
    /// For an estimate of an event of so many inputs.
    pub fn new(inputs: usize, seed: u64, wish: &Wish) -> Subset {
        let levels = libm::ceil(libm::log(wish.level) / libm::log(SHARE) - 1e-9).max(1.0) + SPARE_LEVELS;
        let runs_per_run = 1.0 + (1.0 - SHARE) * (levels - 1.0);
        let per_level = f64::from(wish.at_most) / (REPETITIONS as f64 * runs_per_run);
        // Whole chains, each as long as the others.
        let per_level = (SHARE * per_level) as usize * CHAIN;
        Subset::of(inputs, seed, REPETITIONS, per_level.clamp(RUNS.0, RUNS.1), wish.at_most)
    }

    /// So many repetitions of so many runs for each level.
    pub(super) fn of(inputs: usize, seed: u64, repetitions: usize, per_level: usize, at_most: u32) -> Subset {
        let repetition = |number| Repetition::new(derive_seed(seed, &[number as u64]));
        Subset { inputs, per_level, repetitions: (0..repetitions).map(repetition).collect(), made: 0, at_most }
    }

    /// The runs that are wanted next; none at the end.
    pub fn wanted(&self) -> Vec<Trial> {
        let trials = |repetition: &Repetition| repetition.wanted(self.inputs, self.per_level);
        let all: Vec<Trial> = self.repetitions.iter().flat_map(trials).collect();
        if self.made as usize + all.len() > self.at_most as usize { Vec::new() } else { all }
    }

    /// What the runs said that were wanted, in their order.
    pub fn take_in(&mut self, observations: &[Observation]) {
        let mut observations = observations;
        for repetition in &mut self.repetitions {
            let trials = repetition.wanted(self.inputs, self.per_level);
            let (own, others) = observations.split_at(trials.len().min(observations.len()));
            if !trials.is_empty() {
                repetition.take_in(&trials, own, self.per_level);
            }
            observations = others;
            self.made += own.len() as u32;
        }
    }

    /// Runs so far.
    pub(super) fn made(&self) -> u32 {
        self.made
    }

    /// The inputs of the runs with the event in the last level.
    pub(super) fn events(&self) -> Vec<&[f64]> {
        let done = self.repetitions.iter().filter(|repetition| repetition.is_done);
        done.flat_map(|repetition| &repetition.states)
            .filter(|state| state.has_event())
            .map(|state| state.z.as_slice())
            .collect()
    }

    /// The probability, and its standard error as a share of it; NaN if none reached the event.
    pub(super) fn mean(&self) -> (f64, f64) {
        let each: Vec<f64> = self.repetitions.iter().map(|of| if of.is_done { of.probability } else { 0.0 }).collect();
        let count = each.len() as f64;
        let mean = each.iter().sum::<f64>() / count;
        let deviation = |values: &[f64]| {
            let mean = values.iter().sum::<f64>() / count;
            (values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (count - 1.0)).sqrt()
        };
        let logarithms: Vec<f64> = each.iter().filter(|p| **p > 0.0).map(|p| libm::log(*p)).collect();
        if let Some((events, _)) = self.plain() {
            return (mean, ((1.0 - mean) / f64::from(events)).sqrt());
        }
        let plain = deviation(&each) / mean;
        // The scatter of a factor: the larger of both, since few repetitions seldom have the one that is far above.
        let relative = if logarithms.len() == each.len() { plain.max(deviation(&logarithms)) } else { plain };
        (mean, relative / count.sqrt())
    }

    /// The events among the runs, and the runs, if none of the simulations left plain runs.
    fn plain(&self) -> Option<(u32, u32)> {
        let states = || self.repetitions.iter().flat_map(|of| &of.states);
        let is_plain = self.repetitions.iter().all(|of| of.is_done && of.levels == 0);
        is_plain.then(|| (states().filter(|state| state.has_event()).count() as u32, states().count() as u32))
    }

    /// The interval of the probability, on the logarithmic scale; of plain runs that of Clopper and Pearson.
    fn interval(&self, confidence: f64) -> Interval {
        if let Some((events, runs)) = self.plain() {
            return Interval::fixed(events, runs, confidence);
        }
        let (mean, relative) = self.mean();
        if mean.is_nan() || mean <= 0.0 {
            return Interval { low: 0.0, high: 1.0 };
        }
        let factor = libm::exp(student::two_sided_quantile(confidence, self.repetitions.len() as u32 - 1) * relative);
        Interval { low: mean / factor, high: (mean * factor).min(1.0) }
    }

    /// What the simulations say, with an interval of this confidence.
    pub fn estimate(&self, confidence: f64) -> Estimate {
        let (probability, relative_error) = self.mean();
        let events = self.events();
        let ended = self.repetitions.iter().any(|of| !of.is_done || of.probability <= 0.0);
        let found = [(Doubt::NoEvent, probability <= 0.0), (Doubt::Levels, ended)];
        let weighted: Vec<_> = events.iter().map(|z| (1.0, *z)).collect();
        Estimate {
            probability,
            interval: self.interval(confidence),
            relative_error,
            runs: self.made,
            effective: match self.plain() {
                Some((events, _)) => f64::from(events),
                None if probability > 0.0 => 1.0 / (relative_error * relative_error),
                None => 0.0,
            },
            doubts: found.into_iter().filter_map(|(doubt, holds)| holds.then_some(doubt)).collect(),
            centre: super::places::centre(&super::places::places(&weighted)),
            check: None,
        }
    }
}
