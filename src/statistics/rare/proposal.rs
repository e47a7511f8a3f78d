//! The law that the inputs of weighted runs are drawn from.

use crate::random::{Purpose, standard_normal, stream, unit};

/// Share of the runs that are drawn from the inputs' own law. It bounds every weight by its inverse (Hesterberg 1995,
/// Technometrics 37:185; Owen and Zhou 2000, J. Am. Stat. Assoc. 95:135).
pub(super) const OWN: f64 = 0.1;

/// Share of those that are drawn from the wide law, which keeps looking everywhere.
const WIDE: f64 = 0.1;

/// The runs of a place are drawn around it and around points on the way to it, by these shares and parts of the way: an
/// event there is luck, and counts for much.
const PARTS: [(f64, f64); 5] = [(0.35, 1.0), (0.25, 0.85), (0.2, 0.7), (0.1, 0.55), (0.1, 0.4)];

/// How much of the shares of places and parts is as above, whatever was learned.
const KEPT: f64 = 0.3;

/// Steps of the search for the shares.
const STEPS: usize = 60;

/// A place that inputs are drawn around, with unit variance.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Place {
    pub(super) share: f64,
    pub(super) mean: Vec<f64>,
}

/// A normal law of a mixture.
#[derive(Debug, Clone, PartialEq)]
struct Part {
    share: f64,
    mean: Vec<f64>,
    /// Its standard deviation.
    width: f64,
}

impl Part {
    /// Its density at z, in units of that of the inputs' own law.
    fn ratio(&self, z: &[f64]) -> f64 {
        let square: f64 = z.iter().map(|z| z * z).sum();
        let exponent = 0.5 * (square - square_of(z, &self.mean) / (self.width * self.width));
        libm::exp(exponent - z.len() as f64 * libm::log(self.width))
    }
}

/// A mixture of normal laws: the inputs' own, a wide one around the same centre, which keeps looking everywhere, and some
/// around each place and on the way there. None is narrower than the inputs' own law: for an event that is partly chance
/// the best density is wider than that of the inputs given the event (Choe, Byon, Chen 2015, Technometrics 57:351).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Proposal {
    /// Their shares sum to 1.
    parts: Vec<Part>,
}

impl Proposal {
    /// With a wide law of this standard deviation, and places whose shares sum to 1; without any, the wide law has their
    /// part.
    pub(super) fn new(inputs: usize, width: f64, found: &[Place]) -> Proposal {
        let around = |share, width| Part { share, mean: vec![0.0; inputs], width };
        let wide = if found.is_empty() { 1.0 - OWN } else { WIDE };
        let mut parts = vec![around(OWN, 1.0), around(wide, width)];
        for place in found {
            parts.extend(PARTS.map(|(share, way)| Part {
                share: (1.0 - OWN - WIDE) * share * place.share,
                mean: place.mean.iter().map(|mean| way * mean).collect(),
                width: 1.0,
            }));
        }
        Proposal { parts }
    }

    /// The inputs' own law: plain runs.
    pub(super) fn own(inputs: usize) -> Proposal {
        Proposal { parts: vec![Part { share: 1.0, mean: vec![0.0; inputs], width: 1.0 }] }
    }

    /// With the shares of places and parts that make the weights of these events most even, as far as they are free: Σ w/g
    /// over them, the second moment, is the least (a convex function of the shares: He and Owen 2014, arXiv:1411.3954). Each
    /// step multiplies a share by the root of its part of that sum, which never makes it larger (Yu 2010, Ann. Stat.
    /// 38:1593).
    pub(super) fn balanced(mut self, events: &[(f64, &[f64])]) -> Proposal {
        let total: f64 = events.iter().map(|(weight, _)| weight).sum();
        if self.parts.len() <= 2 || total <= 0.0 {
            return self;
        }
        let ratios: Vec<Vec<f64>> =
            events.iter().map(|(_, z)| self.parts.iter().map(|part| part.ratio(z)).collect()).collect();
        let first: Vec<f64> = self.parts.iter().map(|part| part.share).collect();
        let (given, places) = first.split_at(2);
        let free: f64 = places.iter().sum::<f64>() * (1.0 - KEPT);
        let mut shares: Vec<f64> = places.iter().map(|share| share / places.iter().sum::<f64>()).collect();
        for _ in 0..STEPS {
            let mut sums = vec![0.0; shares.len()];
            for ((weight, _), ratios) in events.iter().zip(&ratios) {
                let (around, places_of) = ratios.split_at(2);
                let fixed: f64 = given.iter().zip(around).map(|(share, ratio)| share * ratio).sum();
                let kept = places.iter().zip(&shares).map(|(kept, share)| KEPT * kept + free * share);
                let all = fixed + kept.zip(places_of).map(|(share, ratio)| share * ratio).sum::<f64>();
                sums.iter_mut().zip(places_of).for_each(|(sum, ratio)| *sum += weight * ratio / (all * all));
            }
            shares.iter_mut().zip(&sums).for_each(|(share, sum)| *share *= sum.sqrt());
            let all: f64 = shares.iter().sum();
            shares.iter_mut().for_each(|share| *share /= all);
        }
        let found = places.iter().zip(&shares).map(|(kept, share)| KEPT * kept + free * share);
        self.parts[2..].iter_mut().zip(found).for_each(|(part, share)| part.share = share);
        self
    }

    /// The inputs of the run with this seed.
    pub(super) fn draw(&self, seed: u64) -> Vec<f64> {
        let mut stream = stream(seed, Purpose::Rare);
        let mut left = unit(&mut stream);
        let chosen = self.parts.iter().find(|part| {
            left -= part.share;
            left < 0.0
        });
        let part = chosen.unwrap_or(&self.parts[0]);
        part.mean.iter().map(|mean| mean + part.width * standard_normal(&mut stream)).collect()
    }

    /// Its density at z, in units of that of the inputs' own law.
    pub(super) fn ratio(&self, z: &[f64]) -> f64 {
        self.parts.iter().map(|part| part.share * part.ratio(z)).sum()
    }

    /// How far the places of another are from the nearest part of these, by their shares.
    pub(super) fn distance_of(&self, others: &[Place]) -> f64 {
        let nearest = |other: &Place| {
            let parts = self.parts.iter().filter(|part| part.width == 1.0);
            parts.map(|part| square_of(&part.mean, &other.mean)).fold(f64::INFINITY, f64::min).sqrt()
        };
        others.iter().map(|other| other.share * nearest(other)).sum()
    }
}

/// The square of the distance between two points.
pub(super) fn square_of(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::derive_seed;
    use crate::statistics::normal;

    /// Means of weights, each within 5.5 standard errors: a false-alarm rate of 4·10⁻⁸ each.
    #[test]
    fn weights_have_no_bias_wherever_runs_are_made() {
        let place = |mean: [f64; 2], share| Place { share, mean: mean.to_vec() };
        let badly = [place([-4.0, 1.0], 0.7), place([0.5, 3.0], 0.3)];
        for places in [&badly[..], &[place([1.0, 1.0], 1.0)], &[]] {
            let proposal = Proposal::new(2, 2.0, places);
            let draws: Vec<Vec<f64>> = (0..40_000).map(|run| proposal.draw(derive_seed(7, &[run]))).collect();
            for (p, event) in
                [(1.0, &(|_: &[f64]| true) as &dyn Fn(&[f64]) -> bool), (normal::cumulative(-2.0), &|z| z[0] > 2.0)]
            {
                let weights: Vec<f64> =
                    draws.iter().map(|z| if event(z) { 1.0 / proposal.ratio(z) } else { 0.0 }).collect();
                let mean = weights.iter().sum::<f64>() / 40_000.0;
                let squares = weights.iter().map(|weight| (weight - mean) * (weight - mean)).sum::<f64>();
                let error = (squares / 40_000.0 / 39_999.0).sqrt();
                assert!((mean - p).abs() < 5.5 * error, "{p}: {mean} ± {error}");
                assert!(weights.iter().all(|&weight| weight <= 1.0 / OWN));
            }
        }
    }
}
