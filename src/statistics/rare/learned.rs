//! What runs say that were made to learn: where events are, and how many runs it takes to count them with given weights.

use super::places::{Weighted, effective, evened, places};
use super::proposal::{Place, Proposal};

/// Standard errors of a second moment by which it may be larger than it seems: large weights are rare, and where they were
/// not seen it seems small.
const ALLOWANCE: f64 = 2.0;

/// Runs of one density: their inputs, and whether they had the event.
#[derive(Debug, Clone)]
pub(super) struct Round {
    pub(super) proposal: Proposal,
    pub(super) runs: Vec<(Vec<f64>, bool)>,
}

impl Round {
    /// For each run its weight if it has the event, and 0 else.
    pub(super) fn weights(&self) -> Vec<f64> {
        self.runs.iter().map(|(z, event)| if *event { 1.0 / self.proposal.ratio(z) } else { 0.0 }).collect()
    }

    /// The inputs of the runs with the event, and their weights.
    pub(super) fn events(&self) -> Vec<Weighted<'_>> {
        let events = self.runs.iter().filter(|(_, event)| *event);
        events.map(|(z, _)| (1.0 / self.proposal.ratio(z), z.as_slice())).collect()
    }
}

/// Rounds of several densities.
#[derive(Debug, Clone, Default)]
pub(super) struct Learned {
    rounds: Vec<Round>,
    /// For each run with the event, in their order, Σ n g(z) over the rounds: of n runs each, drawn with a density g.
    densities: Vec<f64>,
    runs: usize,
}

impl Learned {
    /// Adds a round.
    pub(super) fn add(&mut self, round: Round) {
        let part = |of: &Round, z: &[f64]| of.runs.len() as f64 * of.proposal.ratio(z);
        let before = self.rounds.iter().flat_map(|round| &round.runs).filter(|(_, event)| *event);
        self.densities.iter_mut().zip(before).for_each(|(density, (z, _))| *density += part(&round, z));
        self.runs += round.runs.len();
        let first = self.rounds.len();
        self.rounds.push(round);
        let new = self.rounds[first].runs.iter().filter(|(_, event)| *event);
        let densities = new.map(|(z, _)| self.rounds.iter().map(|of| part(of, z)).sum::<f64>());
        let densities: Vec<f64> = densities.collect();
        self.densities.extend(densities);
    }

    /// Rounds so far.
    pub(super) fn rounds(&self) -> usize {
        self.rounds.len()
    }

    /// Runs of all of them.
    pub(super) fn runs(&self) -> usize {
        self.runs
    }

    /// The density of the last of them.
    pub(super) fn last(&self) -> Option<&Proposal> {
        self.rounds.last().map(|round| &round.proposal)
    }

    /// The inputs of the runs with the event, and their weights by the density of all runs together (Owen and Zhou 2000).
    pub(super) fn events(&self) -> Vec<Weighted<'_>> {
        let all = self.runs as f64;
        let events = self.rounds.iter().flat_map(|round| &round.runs).filter(|(_, event)| *event);
        events.zip(&self.densities).map(|((z, _), density)| (all / density, z.as_slice())).collect()
    }

    /// How many runs with the event, of equal weight, say as much of where the events are.
    pub(super) fn effective(&self) -> f64 {
        effective(self.events().iter().map(|(weight, _)| *weight))
    }

    /// Where the events are.
    pub(super) fn places(&self) -> Vec<Place> {
        let mut seen = self.events();
        evened(&mut seen);
        places(&seen)
    }

    /// The proposal that looks at these places, with a wide law of this standard deviation, and with shares that suit the
    /// events.
    pub(super) fn proposal(&self, inputs: usize, width: f64, places: &[Place]) -> Proposal {
        let mut seen = self.events();
        evened(&mut seen);
        Proposal::new(inputs, width, places).balanced(&seen)
    }

    /// What is known of the weights that runs of a proposal will have.
    pub(super) fn moment(&self, proposal: &Proposal) -> Moment {
        let all = self.runs() as f64;
        let events = self.events();
        let parts: Vec<f64> = events.iter().map(|(weight, z)| weight / proposal.ratio(z)).collect();
        let probability = events.iter().map(|(weight, _)| weight).sum::<f64>() / all;
        let second = parts.iter().sum::<f64>() / all;
        Moment { relative: second / (probability * probability), known: effective(parts.into_iter()) }
    }
}

/// The second moment of weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Moment {
    /// As a share of the square of the first: of n runs n divided by this are effective ones with the event. NaN without
    /// an event.
    relative: f64,
    /// From how many runs with the event, of equal part in it, it is known.
    pub(super) known: f64,
}

impl Moment {
    /// Runs that it takes for so many effective ones with the event, with an allowance for what is not known.
    pub(super) fn runs(&self, effective: f64) -> f64 {
        if self.known > 0.0 {
            self.relative * libm::exp(ALLOWANCE / self.known.sqrt()) * effective
        } else {
            f64::INFINITY
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::derive_seed;
    use crate::statistics::normal;

    /// z > 2 for a single input, by runs of two densities.
    fn learned() -> Learned {
        let place = |mean| [Place { share: 1.0, mean: vec![mean] }];
        let round = |number: u64, places: &[Place]| {
            let proposal = Proposal::new(1, 1.5, places);
            let draw = |run| proposal.draw(derive_seed(3, &[number, run]));
            let runs = (0..20_000).map(draw).map(|z| (z.clone(), z[0] > 2.0)).collect();
            Round { proposal, runs }
        };
        let mut learned = Learned::default();
        [round(0, &place(-1.0)), round(1, &place(2.0))].into_iter().for_each(|round| learned.add(round));
        learned
    }

    #[test]
    fn runs_of_several_densities_tell_how_many_of_another_it_takes() {
        let learned = learned();
        let p = normal::cumulative(-2.0);
        // The weights have the density of both rounds, each of which is half of the runs.
        let (weight, z) = learned.events()[0];
        let density = learned.rounds.iter().map(|round| 0.5 * round.proposal.ratio(z)).sum::<f64>();
        assert!((weight * density - 1.0).abs() < 1e-12);
        let proposal = Proposal::new(1, 1.5, &[Place { share: 1.0, mean: vec![2.4] }]);
        // ∫ φ/g over the event, by a sum.
        let at = |step: u32| 2.0 + 1e-3 * (f64::from(step) + 0.5);
        let second: f64 = (0..8_000).map(|step| 1e-3 * normal::density(at(step)) / proposal.ratio(&[at(step)])).sum();
        let moment = learned.moment(&proposal);
        // Each event has a weight of about the same size, so it is known to 1/√known.
        assert!(moment.known > 2_000.0, "{moment:?}");
        assert!((moment.relative / (second / p / p) - 1.0).abs() < 6.0 / moment.known.sqrt(), "{moment:?} {second}");
        assert!(moment.runs(50.0) > 50.0 * moment.relative && moment.runs(50.0) < 55.0 * moment.relative);
        assert_eq!(Learned::default().moment(&proposal).runs(50.0), f64::INFINITY);
    }

    #[test]
    fn shares_that_suit_the_events_take_fewer_runs() {
        let learned = learned();
        // A place that is too far out.
        let places = [Place { share: 1.0, mean: vec![5.0] }];
        let as_given = learned.moment(&Proposal::new(1, 1.5, &places)).runs(50.0);
        let balanced = learned.moment(&learned.proposal(1, 1.5, &places)).runs(50.0);
        assert!(balanced < 0.8 * as_given, "{balanced} {as_given}");
    }
}
