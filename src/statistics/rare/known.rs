//! Events of known probability, and what estimates say of them.
//!
//! The table of `benches/README.md` is printed by tests that are ignored, over other seeds than those on which constants were chosen.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::random::{Purpose, derive_seed, standard_normal, stream};
use crate::statistics::normal::{cumulative, density, quantile};

/// Whether there is an event, and how near it was, at given inputs and a standard normal number of chance.
type Event = Box<dyn Fn(&[f64], f64) -> (bool, f64) + Sync>;

const WISH: Wish = Wish { level: 1e-5, relative_error: 0.2, at_most: 20_000, confidence: 0.95 };

/// An event of known probability.
struct Known {
    name: String,
    inputs: usize,
    probability: f64,
    /// What is wished for; by default the probability itself.
    level: f64,
    event: Event,
}

impl Known {
    fn new(
        name: &str,
        inputs: usize,
        probability: f64,
        event: impl Fn(&[f64], f64) -> (bool, f64) + Sync + 'static,
    ) -> Known {
        let level = probability.clamp(1e-9, 0.1);
        Known { name: name.to_owned(), inputs, probability, level, event: Box::new(event) }
    }

    /// Σ a_i z_i + σ ξ > t, with ξ chance, of which the level knows little.
    fn probit(name: &str, a: Vec<f64>, sigma: f64, probability: f64) -> Known {
        let t = -quantile(probability) * (a.iter().map(|a| a * a).sum::<f64>() + sigma * sigma).sqrt();
        Known::new(name, a.len(), probability, move |z, chance| {
            let x = a.iter().zip(z).map(|(a, z)| a * z).sum::<f64>() + sigma * chance;
            (x > t, x + sigma * chance)
        })
    }

    /// With the shares of inputs and chance of a sweep of 50,000 clients.
    fn usual(probability: f64) -> Known {
        Known::probit("three inputs", vec![0.35, -0.24, 0.24], 0.095, probability)
    }

    fn eight(probability: f64) -> Known {
        Known::probit("eight inputs", vec![0.3; 8], 0.3, probability)
    }

    fn fifteen(probability: f64) -> Known {
        Known::probit("fifteen inputs", vec![0.2; 15], 0.2, probability)
    }

    /// A third of the variance is chance.
    fn noisy(probability: f64) -> Known {
        Known::probit("two inputs, a third chance", vec![0.3, 0.3], 0.3, probability)
    }

    /// Two places of the same probability, at right angles.
    fn beside(t: f64) -> Known {
        let p = 2.0 * cumulative(-t) - cumulative(-t) * cumulative(-t);
        Known::new("two places", 2, p, move |z, _| (z[0].max(z[1]) > t, z[0].max(z[1])))
    }

    /// Two places on opposite sides, of which the levels lead to the likelier one.
    fn opposite(t: f64) -> Known {
        let p = cumulative(-t) + cumulative(-t - 0.3);
        Known::new("two opposite places", 3, p, move |z, _| (z[0] > t || z[0] < -t - 0.3, z[0]))
    }

    /// Levels lead to z₀ > 5; another place lies behind, across all inputs.
    fn hidden(behind: f64) -> Known {
        let p = cumulative(-5.0) + cumulative(-behind);
        Known::new("a hidden place", 4, p, move |z, _| (z[0] > 5.0 || -0.5 * z.iter().sum::<f64>() > behind, z[0]))
    }

    /// z₀ > t + c z₁².
    fn curved(name: &str, t: f64, c: f64) -> Known {
        let at = |step: u32| 1e-3 * (f64::from(step) + 0.5) - 10.0;
        let part = |z: f64| 1e-3 * density(z) * cumulative(-(t + c * z * z));
        let p = (0..20_000).map(|step| part(at(step))).sum();
        Known::new(name, 3, p, move |z, _| (z[0] - c * z[1] * z[1] > t, z[0] - c * z[1] * z[1]))
    }

    /// Everywhere at a distance.
    fn sphere() -> Known {
        let r: f64 = 5.0;
        let p = 2.0 * cumulative(-r) + (2.0 / std::f64::consts::PI).sqrt() * r * libm::exp(-0.5 * r * r);
        let square = |z: &[f64]| z.iter().map(|z| z * z).sum::<f64>();
        Known::new("a sphere", 3, p, move |z, _| (square(z) > r * r, square(z)))
    }

    fn chance() -> Known {
        Known::new("chance alone", 2, 1e-3, |_, chance| (cumulative(-chance) < 1e-3, chance))
    }

    /// The same, by somebody who thinks that it is of another size.
    fn taken_for(self, level: f64) -> Known {
        Known { name: format!("{}, with level = {level:e}", self.name), level, ..self }
    }

    fn wish(&self) -> Wish {
        Wish { level: self.level, ..WISH }
    }

    fn observed(&self, trials: &[Trial]) -> Vec<Observation> {
        let observe = |trial: &Trial| {
            let chance = standard_normal(&mut stream(trial.seed, Purpose::Test("chance")));
            let (event, level) = (self.event)(&trial.z, chance);
            Observation { event, level }
        };
        trials.iter().map(observe).collect()
    }

    fn by_importance(&self, seed: u64, wish: &Wish) -> Estimate {
        let mut search = Importance::new(self.inputs, derive_seed(2007, &[seed]), wish);
        while let Some(trials) = Some(search.wanted()).filter(|trials| !trials.is_empty()) {
            search.take_in(&self.observed(&trials));
        }
        search.estimate()
    }

    fn by_subset(&self, seed: u64, wish: &Wish) -> Estimate {
        let mut search = Subset::new(self.inputs, derive_seed(2008, &[seed]), wish);
        while let Some(trials) = Some(search.wanted()).filter(|trials| !trials.is_empty()) {
            search.take_in(&self.observed(&trials));
        }
        search.estimate(wish.confidence)
    }

    fn estimates(&self, seeds: std::ops::Range<u64>) -> Vec<Estimate> {
        seeds.map(|seed| self.by_importance(seed, &self.wish())).collect()
    }

    fn is_covered_by(&self, estimate: &Estimate) -> bool {
        estimate.interval.low <= self.probability && self.probability <= estimate.interval.high
    }
}

/// The mean of estimates, and its standard error, as shares of a probability.
fn mean(estimates: &[&Estimate], p: f64) -> (f64, f64) {
    let count = estimates.len() as f64;
    let mean = estimates.iter().map(|of| of.probability / p).sum::<f64>() / count;
    let squares = estimates.iter().map(|of| (of.probability / p - mean) * (of.probability / p - mean)).sum::<f64>();
    (mean, (squares / (count - 1.0) / count).sqrt())
}

/// The mean of estimates has to be within 7 of its standard errors of p: the false-alarm rate is below 10⁻⁶ for 30
/// estimates and more (Student's law). Returns it as a share of p.
fn check_mean(estimates: &[&Estimate], p: f64) -> f64 {
    assert!(estimates.len() >= 30, "{}", estimates.len());
    let (mean, error) = mean(estimates, p);
    assert!((mean - 1.0).abs() < 7.0 * error, "{p}: {mean} ± {error}");
    mean
}

fn converged(estimates: &[Estimate]) -> Vec<&Estimate> {
    estimates.iter().filter(|of| of.has_converged()).collect()
}

/// 95 % of the estimates cover p, so that a quarter of 60 or more do not with a probability of 2·10⁻⁷.
fn check_coverage(known: &Known, estimates: &[&Estimate]) {
    let covered = estimates.iter().filter(|of| known.is_covered_by(of)).count();
    assert!(estimates.len() >= 55 && 4 * covered > 3 * estimates.len(), "{}: {covered}", known.name);
}

#[test]
fn importance_sampling_finds_known_probabilities() {
    for known in [1e-3, 1e-5, 1e-7].map(Known::usual) {
        let estimates = known.estimates(0..60);
        check_mean(&estimates.iter().collect::<Vec<_>>(), known.probability);
        check_coverage(&known, &converged(&estimates));
        // Plain runs would have to be 50 times as many at 10⁻⁵, and more beyond.
        let runs = estimates.iter().map(|of| f64::from(of.runs)).sum::<f64>() / 60.0;
        assert!(runs < 12_000.0, "{}: {runs}", known.probability);
    }
}

#[test]
fn those_that_have_converged_are_not_those_that_were_lucky() {
    // Where about half of them do: to stop as soon as an estimate looks sure gave 0.86 of the probability here.
    let known = Known::eight(1e-7);
    let estimates = known.estimates(0..200);
    let converged = converged(&estimates);
    check_mean(&converged, known.probability);
    check_coverage(&known, &converged);
}

#[test]
fn two_places_with_events_are_both_found() {
    for known in [Known::beside(5.0), Known::opposite(5.0)] {
        let estimates = known.estimates(0..60);
        // One of the places alone would be half of it, or a sixth.
        assert!((check_mean(&estimates.iter().collect::<Vec<_>>(), known.probability) - 1.0).abs() < 0.1);
        check_coverage(&known, &converged(&estimates));
        // The centre is that of one of the two, not between them.
        for centre in estimates.iter().filter_map(|of| of.centre.as_ref()) {
            assert!(centre.iter().any(|z| (4.9..5.8).contains(&z.abs())), "{centre:?}");
        }
    }
}

#[test]
fn a_place_that_levels_lead_away_from_is_found_or_the_estimate_is_marked() {
    // Three times as likely as the place that they lead to.
    let known = Known::hidden(4.75);
    let estimates = known.estimates(0..60);
    let converged = converged(&estimates);
    for estimate in &converged {
        assert!((0.5..1.8).contains(&(estimate.probability / known.probability)), "{estimate:?}");
    }
    check_coverage(&known, &converged);
    // The levels alone miss it.
    let missed = estimates.iter().filter(|of| of.check.is_some_and(|check| check < 0.5 * known.probability)).count();
    assert!(missed >= 50, "{missed}");
}

#[test]
fn a_wish_that_is_wrong_by_far_hides_no_place() {
    // The place behind has a sixth of the probability, and is missed by what looks for events of 10⁻³.
    let known = Known::opposite(5.0).taken_for(1e-3);
    let estimates = known.estimates(0..60);
    check_coverage(&known, &converged(&estimates));
}

#[test]
fn where_chance_decides_the_estimate_is_marked() {
    // One in a hundred is not, so that 6 of 20 are a false alarm of 4·10⁻⁸.
    for known in [Known::noisy(1e-7), Known::chance()] {
        let estimates = known.estimates(0..20);
        assert!(converged(&estimates).len() < 6, "{}", known.name);
    }
}

#[test]
fn what_never_happens_is_marked() {
    let never = Known::new("never", 2, 0.0, |z, _| (false, z[0]));
    let flat = Known::new("flat", 2, 0.0, |_, _| (false, f64::NAN));
    for (seed, known) in (0..3).flat_map(|seed| [(seed, &never), (seed, &flat)]) {
        for estimate in [known.by_importance(seed, &WISH), known.by_subset(seed, &WISH)] {
            assert!(estimate.doubts.contains(&Doubt::NoEvent), "{estimate:?}");
            assert_eq!((estimate.probability, estimate.interval), (0.0, Interval { low: 0.0, high: 1.0 }));
            assert!(estimate.runs <= WISH.at_most && estimate.centre.is_none());
        }
    }
}

#[test]
fn subset_simulation_finds_known_probabilities() {
    for known in [1e-3, 1e-5].map(Known::usual) {
        let estimates: Vec<Estimate> = (0..100).map(|seed| known.by_subset(seed, &known.wish())).collect();
        // To run the current inputs of a chain again would lower it by 10 and 20 %.
        let mean = check_mean(&estimates.iter().collect::<Vec<_>>(), known.probability);
        assert!((mean - 1.0).abs() < 0.09, "{}: {mean}", known.probability);
        check_coverage(&known, &converged(&estimates));
    }
}

#[test]
fn subset_simulation_never_runs_the_same_inputs_or_the_same_seed_twice() {
    let mut search = Subset::new(3, 5, &WISH);
    let (mut inputs, mut seeds, mut runs) = (BTreeSet::new(), BTreeSet::new(), 0);
    while let Some(trials) = Some(search.wanted()).filter(|trials| !trials.is_empty()) {
        inputs.extend(trials.iter().map(|trial| trial.z[0].to_bits()));
        seeds.extend(trials.iter().map(|trial| trial.seed));
        runs += trials.len();
        search.take_in(&Known::usual(1e-5).observed(&trials));
    }
    assert!(runs > 10_000);
    assert_eq!((inputs.len(), seeds.len()), (runs, runs));
}

#[test]
fn no_more_runs_are_made_than_are_allowed() {
    let known = Known::usual(1e-6);
    for at_most in [2_000, 2_345, 3_500, 5_000, 7_001] {
        let wish = Wish { at_most, ..WISH };
        for estimate in [known.by_importance(1, &wish), known.by_subset(1, &wish)] {
            assert!(estimate.runs <= at_most, "{estimate:?}");
            assert!(at_most > 4_000 || !estimate.has_converged(), "{estimate:?}");
        }
    }
}

#[test]
fn what_is_not_rare_is_found_too() {
    for known in [0.05, 0.4, 0.99].map(Known::usual) {
        check_mean(&known.estimates(0..60).iter().collect::<Vec<_>>(), known.probability);
        check_coverage(&known, &converged(&known.estimates(0..60)));
    }
}

#[test]
fn what_always_happens_is_a_probability_of_one_with_an_interval() {
    let always = Known::new("always", 2, 1.0, |_, _| (true, 1.0));
    for estimate in [always.by_importance(1, &WISH), always.by_subset(1, &WISH)] {
        assert!(estimate.probability == 1.0 && estimate.interval.high == 1.0, "{estimate:?}");
        // 1 of 1,000 might be missing, hardly 10.
        assert!((0.99..1.0).contains(&estimate.interval.low), "{estimate:?}");
        assert!(estimate.has_converged());
    }
}

/// How often estimates converge, and how often those cover, over other seeds than those on which constants were chosen.
#[test]
#[ignore = "prints the table of benches/README.md; some minutes"]
fn coverage_of_known_probabilities() {
    let four = |of: fn(f64) -> Known| [1e-2, 1e-3, 1e-5, 1e-7].map(of).into_iter();
    let three = |of: fn(f64) -> Known| [3.0, 3.5, 5.0].map(of).into_iter();
    let others =
        [Known::curved("convex", 3.5, 0.2), Known::curved("concave", 4.5, -0.2), Known::sphere(), Known::chance()];
    let all = four(Known::usual)
        .chain(four(Known::eight))
        .chain([1e-5, 1e-7].map(Known::fifteen))
        .chain(four(Known::noisy))
        .chain(three(Known::beside))
        .chain(three(Known::opposite))
        .chain([4.0, 4.5, 5.0, 5.5].map(Known::hidden))
        .chain(others);
    print_table(all);
}

/// The same where the wish is wrong by far.
#[test]
#[ignore = "prints the rest of that table"]
fn coverage_of_known_probabilities_by_a_wrong_wish() {
    let rarer = [Known::usual(1e-7), Known::opposite(5.0), Known::hidden(5.5)].map(|known| known.taken_for(1e-3));
    print_table(rarer.into_iter().chain([Known::usual(1e-3).taken_for(1e-7)]));
}

fn print_table(all: impl Iterator<Item = Known>) {
    println!("| event | P | mean/P | sd/P | runs | converged | cover | their mean/P | all cover | doubts |");
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for known in all {
        let estimates = std::thread::scope(|scope| {
            let first = scope.spawn(|| known.estimates(1_000_000..1_000_200));
            let second = known.estimates(1_000_200..1_000_400);
            [first.join().unwrap(), second].concat()
        });
        print_row(&known, &estimates);
    }
}

fn print_row(known: &Known, estimates: &[Estimate]) {
    let (all, converged) = (estimates.iter().collect::<Vec<_>>(), converged(estimates));
    let p = known.probability;
    let (of_all, error) = mean(&all, p);
    let sd = error * (all.len() as f64).sqrt();
    let runs = all.iter().map(|of| f64::from(of.runs)).sum::<f64>() / all.len() as f64;
    let covered = |of: &[&Estimate]| of.iter().filter(|of| known.is_covered_by(of)).count() as f64 / of.len() as f64;
    let (of_converged, its_error) = mean(&converged, p);
    let claimed = match converged.len() {
        0 | 1 => "– | –".to_owned(),
        _ => format!("{:.3} | {of_converged:.3} ± {its_error:.3}", covered(&converged)),
    };
    let mut doubts = BTreeMap::new();
    for doubt in estimates.iter().flat_map(|of| &of.doubts) {
        *doubts.entry(format!("{doubt:?}")).or_insert(0) += 1;
    }
    let doubts: Vec<String> = doubts.into_iter().map(|(doubt, count)| format!("{doubt} {count}")).collect();
    println!(
        "| {} | {p:.1e} | {of_all:.3} ± {error:.3} | {sd:.2} | {runs:.0} | {} of {} | {claimed} | {:.3} | {} |",
        known.name,
        converged.len(),
        all.len(),
        covered(&all),
        doubts.join(", "),
    );
}
