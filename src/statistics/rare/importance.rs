//! Importance sampling, adaptive and defensive.
//!
//! p = E[w Y] with w = φ(z)/g(z), whatever the density g that z is drawn from.
//!
//! 1. *Learning*: where to look is learned in rounds, from a subset simulation, which is the check of the answer, too, from
//!    runs that are spread widely, and then from weighted runs (cross-entropy: Rubinstein and Kroese 2004).
//! 2. *Pilot*: a round of the density that this has led to. It tells how many runs the estimate takes, and whether that is
//!    known at all; if not, it is one more round that learns.
//! 3. *Estimate*: a last round, of this density and this number of runs. It alone is the estimate, so there is no bias.
//!
//! Whether to trust the estimate is decided before the last round is made, but for what is gross. To stop as soon as the
//! runs of the estimate look sure, or to doubt them if they do not, would choose those that were lucky: without the few
//! large weights the probability is too low, and seems to be known well.

use super::learned::{Learned, Round};
use super::places::{centre, places};
use super::proposal::{Place, Proposal};
use super::subset::Subset;
use super::weighted::Sums;
use super::{Doubt, Estimate, Observation, Trial, Wish};
use crate::random::derive_seed;
use crate::statistics::normal;

/// Repetitions of the subset simulation, and the runs of a level of each.
const CHECK: (usize, usize) = (4, 120);
/// Runs that are spread widely.
const EXPLORING_RUNS: usize = 500;
/// Runs of a round that learns: a part of all, and at least.
const LEARNING_RUNS: (usize, usize) = (50, 300);
/// Rounds that learn before the pilot, at most.
const LEARNING_ROUNDS: usize = 10;
/// Runs of the pilot: a part of all, and at least.
const PILOT_RUNS: (usize, usize) = (20, 500);
/// Places that move by less than this from one round to the next, in standard deviations, have been found.
const MOVED: f64 = 0.7;
/// Effective events from which they are known.
const LEARNED: f64 = 10.0;
/// Effective events of the second moment without which it is not known.
const KNOWN: f64 = 10.0;
/// The wide law reaches an event at this many of its standard deviations, if it is as likely as was wished.
const REACH: f64 = 2.0;
/// Its standard deviation at least.
const WIDTH_MIN: f64 = 1.5;
/// What was wished is taken for the size of the probability unless the check says that it is this many times less …
const RARER: f64 = 10.0;
/// … and this at most where the check never reaches the event.
const UNREACHED: f64 = 1e-7;
/// Runs of the estimate at least.
const RUNS_MIN: f64 = 1_000.0;
/// Effective events that the estimate is planned for, and those that it has to be long enough for.
const EFFECTIVE: (f64, f64) = (100.0, 50.0);
/// Effective events that it must not fall below in the end. Where the pilot was content it hardly ever does; fewer make a
/// wide interval, and to doubt them would leave out those that are too high.
const EFFECTIVE_MIN: f64 = 3.0;
/// An event of which the check finds this is not rare: the estimate is of plain runs.
const COMMON: f64 = 0.1;
/// How many times the upper end of the interval the check has to find for a doubt. Where the estimate was right it found up to
/// four times the probability in 95 of 100.
const FAR_MORE: f64 = 10.0;
/// Seeds of the subset simulation are set apart by this.
const OF_THE_CHECK: u64 = u64::MAX;

/// The next runs.
#[derive(Debug, Clone)]
enum Next {
    Check,
    Learn(Proposal, usize),
    Pilot(Proposal, usize),
    Last(Proposal, usize),
    Nothing,
}

/// An estimate as it is made.
#[derive(Debug, Clone)]
pub struct Importance {
    wish: Wish,
    inputs: usize,
    seed: u64,
    width: f64,
    check: Subset,
    /// The rounds that learned, pilots included.
    learned: Learned,
    /// How far the places moved by the last of them.
    moved: f64,
    /// What was to be doubted before the last round.
    doubts: Vec<Doubt>,
    /// That of the estimate.
    last: Option<Round>,
    next: Next,
}

/// The standard deviation of the wide law for an event of about this probability.
fn width(probability: f64) -> f64 {
    (-normal::quantile(probability) / REACH).max(WIDTH_MIN)
}

impl Importance {
    /// Of an event of so many inputs.
    pub fn new(inputs: usize, seed: u64, wish: &Wish) -> Importance {
        let (repetitions, runs) = CHECK;
        Importance {
            wish: *wish,
            inputs,
            seed,
            width: width(wish.level),
            check: Subset::of(inputs, derive_seed(seed, &[OF_THE_CHECK]), repetitions, runs, wish.at_most),
            learned: Learned::default(),
            moved: f64::INFINITY,
            doubts: Vec::new(),
            last: None,
            next: Next::Check,
        }
    }

    /// The runs that are wanted next; none at the end.
    pub fn wanted(&self) -> Vec<Trial> {
        match &self.next {
            Next::Check => self.check.wanted(),
            Next::Learn(proposal, runs) | Next::Pilot(proposal, runs) | Next::Last(proposal, runs) => {
                let round = self.learned.rounds() as u64;
                let seeds = (0..*runs as u64).map(|run| derive_seed(self.seed, &[round, run]));
                seeds.map(|seed| Trial { z: proposal.draw(seed), seed }).collect()
            }
            Next::Nothing => Vec::new(),
        }
    }

    /// What the runs said that were wanted, in their order.
    pub fn take_in(&mut self, observations: &[Observation]) {
        let round = |proposal: Proposal| {
            let runs = self.wanted().into_iter().zip(observations).map(|(trial, said)| (trial.z, said.event));
            Round { proposal, runs: runs.collect() }
        };
        self.next = match self.next.clone() {
            Next::Check => {
                self.check.take_in(observations);
                if self.check.wanted().is_empty() { self.exploring() } else { Next::Check }
            }
            Next::Learn(proposal, _) => {
                self.learned.add(round(proposal));
                self.after_learning()
            }
            Next::Pilot(proposal, _) => {
                self.learned.add(round(proposal.clone()));
                self.after_pilot(proposal)
            }
            Next::Last(proposal, _) => {
                self.last = Some(round(proposal));
                Next::Nothing
            }
            Next::Nothing => Next::Nothing,
        };
    }

    /// Runs so far.
    fn made(&self) -> usize {
        let last = self.last.as_ref().map_or(0, |last| last.runs.len());
        self.check.made() as usize + self.learned.runs() + last
    }

    /// Runs that there are left.
    fn left(&self) -> usize {
        (self.wish.at_most as usize).saturating_sub(self.made())
    }

    /// Whether the greater part of the runs is left for the estimate.
    fn has_time(&self) -> bool {
        2 * self.left() > self.wish.at_most as usize
    }

    fn exploring(&mut self) -> Next {
        let (found, level) = (self.check.mean().0, self.wish.level);
        if found >= COMMON {
            return self.plain(found);
        }
        let is_rarer = RARER * found < level;
        let size = if found > 0.0 { found } else { UNREACHED.min(level) };
        self.width = width(if is_rarer { size } else { level });
        match EXPLORING_RUNS.min(self.left()) {
            0 => Next::Nothing,
            runs => Next::Learn(Proposal::new(self.inputs, self.width, &[]), runs),
        }
    }

    /// As many plain runs as an event of about this probability takes.
    fn plain(&mut self, probability: f64) -> Next {
        let runs =
            |effective: f64| effective.max(1.0 / (self.wish.relative_error * self.wish.relative_error)) / probability;
        let left = self.left() as f64;
        if runs(EFFECTIVE.1) > left {
            self.doubts.push(Doubt::Cut);
        }
        match runs(EFFECTIVE.0).max(RUNS_MIN).min(left) as usize {
            0 => Next::Nothing,
            runs => Next::Last(Proposal::own(self.inputs), runs),
        }
    }

    fn after_learning(&mut self) -> Next {
        let places = self.places();
        self.moved = self.learned.last().map_or(0.0, |last| last.distance_of(&places));
        let proposal = self.learned.proposal(self.inputs, self.width, &places);
        let rounds = self.learned.rounds();
        let is_found = rounds > 1 && self.learned.effective() >= LEARNED && self.moved < MOVED;
        let runs = |(part, least): (usize, usize)| (self.wish.at_most as usize / part).max(least);
        match self.left() {
            0 => Next::Nothing,
            left if is_found || rounds > LEARNING_ROUNDS || !self.has_time() => {
                Next::Pilot(proposal, runs(PILOT_RUNS).min(left.div_ceil(2)))
            }
            left => Next::Learn(proposal, runs(LEARNING_RUNS).min(left)),
        }
    }

    /// Where the events are that were seen so far.
    fn places(&self) -> Vec<Place> {
        let mut found = self.learned.places();
        if self.learned.rounds() == 1 {
            // Both what was reached level by level and what was hit from afar.
            let reached: Vec<_> = self.check.events().into_iter().map(|z| (1.0, z)).collect();
            let reached = places(&reached);
            let parts = if found.is_empty() || reached.is_empty() { 1.0 } else { 2.0 };
            found.extend(reached);
            found.iter_mut().for_each(|place| place.share /= parts);
        }
        found
    }

    /// The judgement, and the plan.
    fn after_pilot(&mut self, proposal: Proposal) -> Next {
        let moment = self.learned.moment(&proposal);
        if moment.known < KNOWN && self.has_time() {
            return self.after_learning();
        }
        let left = self.left() as f64;
        // Runs with the event, of equal weight, that have the error that was asked for.
        let asked = 1.0 / (self.wish.relative_error * self.wish.relative_error);
        let (planned, needed) = (moment.runs(EFFECTIVE.0.max(asked)), moment.runs(EFFECTIVE.1.max(asked)));
        let doubts = [
            (Doubt::Unknown, moment.known < KNOWN),
            (Doubt::Cut, moment.known >= KNOWN && needed > left),
            (Doubt::Moving, self.moved >= MOVED),
        ];
        self.doubts.extend(doubts.into_iter().filter_map(|(doubt, holds)| holds.then_some(doubt)));
        match planned.max(RUNS_MIN).min(left) as usize {
            0 => Next::Nothing,
            runs => Next::Last(proposal, runs),
        }
    }

    /// Why the estimate cannot be trusted.
    fn doubts(&self, sums: &Sums) -> Vec<Doubt> {
        if self.last.is_none() {
            return vec![Doubt::Cut];
        }
        if sums.mean() <= 0.0 {
            return vec![Doubt::NoEvent];
        }
        let mut doubts = self.doubts.clone();
        if sums.effective() < EFFECTIVE_MIN {
            doubts.push(Doubt::FewEvents);
        }
        // An estimate without bias is hardly ever far too high, but it is too low where events were never looked for. So it
        // is no cause for doubt if the levels lead past some of them.
        if self.check.mean().0 > FAR_MORE * sums.interval(self.wish.confidence).high {
            doubts.push(Doubt::Check);
        }
        doubts
    }

    /// What the runs say.
    pub fn estimate(&self) -> Estimate {
        let sums = Sums::of(&self.last.as_ref().map(Round::weights).unwrap_or_default());
        let events = self.last.as_ref().map(Round::events).unwrap_or_default();
        Estimate {
            probability: sums.mean().min(1.0),
            interval: sums.interval(self.wish.confidence),
            relative_error: sums.error() / sums.mean(),
            runs: self.made() as u32,
            effective: sums.effective(),
            doubts: self.doubts(&sums),
            centre: centre(&places(&events)),
            check: Some(self.check.mean().0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_that_misses_most_of_what_the_check_finds_is_doubted() {
        let wish = Wish { level: 1e-2, relative_error: 0.2, at_most: 20_000, confidence: 0.95 };
        let mut search = Importance::new(2, 1, &wish);
        while matches!(search.next, Next::Check) {
            let seen = search.wanted().iter().map(|trial| trial.z[0]).collect::<Vec<_>>();
            search.take_in(&seen.iter().map(|&z| Observation { event: z > 2.0, level: z }).collect::<Vec<_>>());
        }
        let found = search.check.mean().0;
        assert!((0.01..0.06).contains(&found), "{found}");
        // Runs that go the other way, with an event in one of 100 that counts for little.
        let away = Proposal::new(2, 1.5, &[Place { share: 1.0, mean: vec![-3.0, 0.0] }]);
        let round = |z: f64| {
            let runs = (0..1000).map(|run| (vec![if run % 100 == 0 { z } else { 0.0 }, 0.0], run % 100 == 0));
            Round { proposal: away.clone(), runs: runs.collect() }
        };
        let doubts = |z| Importance { last: Some(round(z)), ..search.clone() }.estimate();
        let (missing, near) = (doubts(-4.0), doubts(0.5));
        assert!(missing.interval.high < found / 10.0 && missing.doubts == [Doubt::Check], "{missing:?}");
        assert!(near.interval.high > found / 10.0 && near.has_converged(), "{near:?}");
    }
}
