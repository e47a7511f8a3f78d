//! Which inputs an output depends on, by shares of its variance; estimates from samples of runs whose inputs were drawn
//! at random and independently of each other.
//!
//! A run's output is a function of its inputs u and of chance, so that its variance V has parts: with q(u) the mean
//! output at given inputs,
//!
//! * the share of *chance*, E[Var(Y | u)] / V: what would remain if every input were known;
//! * the *first-order* index of an input, Var(E[Y | u_i]) / V: what knowing it alone would take away (Sobol' 1993);
//! * its *total* index, E[Var(q | all inputs but u_i)] / V: what it has a hand in, alone or with others, chance apart.
//!
//! A sample comes in groups (the cells of a sweep), each of which has a variance of its own. An estimate is that of the
//! groups together, Σ of the parts / Σ of the variances: a group in which the output never varies counts for nothing.

use std::collections::BTreeMap;

use super::clusters::{Dyads, Estimate, Ratio};
use super::normal;

/// Runs of one group: its rows are independent of each other.
#[derive(Debug, Clone, Copy)]
pub struct Group<'a> {
    /// What each run shares its draws with, in other groups.
    pub clusters: &'a [u64],
    /// The output of each run.
    pub output: &'a [f64],
}

impl Group<'_> {
    /// Number of runs.
    fn size(&self) -> f64 {
        self.output.len() as f64
    }

    /// Squared deviations of the output from its mean, each over n − 1: they sum to the variance.
    fn deviations(&self) -> impl Iterator<Item = f64> {
        let mean = self.output.iter().sum::<f64>() / self.size().max(1.0);
        let scale = (self.size() - 1.0).max(1.0);
        self.output.iter().map(move |y| (y - mean) * (y - mean) / scale)
    }

    /// The variance of the output, over n − 1.
    pub fn variance(&self) -> f64 {
        self.deviations().sum()
    }
}

/// The first-order index of an input whose values in each group are `inputs`, by ranks: neighbours in the order of the
/// input differ in everything else as two independent runs do, so half the mean square of their difference is what
/// remains of the variance once the input is known. It is the estimator of Gamboa, Gremaud, Klein and Lagnoux (2022,
/// Bernoulli 28:2345), as a difference of variances (von Neumann's ratio, 1941): without bias where the input is without
/// effect, however few runs there are. Chance of the runs drops out by itself. Runs with the same value of the input
/// stand in their given order, which must not depend on the output.
///
/// A bootstrap of it would be wrong: a run that is drawn twice would be its own neighbour. The standard error takes the
/// pairs as [`Dyads`]. `None` if the output does not vary.
pub fn first_order(groups: &[Group<'_>], inputs: &[&[f64]]) -> Option<Estimate> {
    let variance: f64 = groups.iter().map(Group::variance).sum();
    if variance <= 0.0 {
        return None;
    }
    // A term of neighbours a and b: what they say of the variance, and what remains of it.
    let mut terms: Vec<(u64, u64, f64, f64)> = Vec::new();
    for (group, input) in groups.iter().zip(inputs) {
        let deviations: Vec<f64> = group.deviations().collect();
        if is_constant(input) {
            // Not drawn here: knowing it takes nothing away.
            terms.extend(group.clusters.iter().zip(&deviations).map(|(&cluster, &d)| (cluster, cluster, d, d)));
            continue;
        }
        let mut order: Vec<usize> = (0..input.len()).collect();
        order.sort_by(|&a, &b| input[a].total_cmp(&input[b]));
        let ends = order.first().into_iter().chain(order.last());
        // Each run belongs to two pairs, but for the ends.
        terms.extend(ends.map(|&end| (group.clusters[end], group.clusters[end], 0.5 * deviations[end], 0.0)));
        terms.extend(order.windows(2).map(|pair| {
            let (a, b) = (pair[0], pair[1]);
            let difference = group.output[a] - group.output[b];
            let remains = 0.5 * difference * difference / (group.size() - 1.0);
            (group.clusters[a], group.clusters[b], 0.5 * (deviations[a] + deviations[b]), remains)
        }));
    }
    let remains: f64 = terms.iter().map(|term| term.3).sum();
    let value = 1.0 - remains / variance;
    let mut dyads = Dyads::default();
    terms.iter().for_each(|&(a, b, of_variance, remains)| dyads.add(a, b, (1.0 - value) * of_variance - remains));
    let (clusters, squares) = dyads.variance();
    Some(Estimate { value, error: squares.sqrt() / variance, clusters })
}

fn is_constant(values: &[f64]) -> bool {
    values.iter().all(|x| Some(x) == values.first())
}

/// A run of the sample that was made again.
#[derive(Debug, Clone)]
pub struct Repetition {
    /// Index of its group.
    pub group: usize,
    /// Index of the run in its group.
    pub row: usize,
    /// The output with the same inputs and another seed.
    pub again: f64,
    /// For each input the output with another draw of it, and a third seed; `None` where it was not drawn again.
    pub redrawn: Vec<Option<f64>>,
}

/// The share of chance: half the mean square of the difference between runs with the same inputs and different seeds.
/// `None` if the output does not vary.
pub fn chance(groups: &[Group<'_>], repetitions: &[Repetition]) -> Option<Estimate> {
    share(groups, repetitions, |y, repetition| Some(0.5 * squared(y - repetition.again)))
}

/// The total index of an input, by its index in [`Repetition::redrawn`], after Jansen (1999, Comput. Phys. Commun.
/// 117:35): half the mean square of the difference between runs that differ in this input alone, *less the share of
/// chance*, since they differ in their seeds, too. (With the same seed in both it would depend on where the streams of
/// random numbers part, and mean nothing.) `None` if the output does not vary or the input was never drawn again.
pub fn total(groups: &[Group<'_>], repetitions: &[Repetition], input: usize) -> Option<Estimate> {
    share(groups, repetitions, |y, repetition| {
        let redrawn = repetition.redrawn.get(input).copied().flatten()?;
        let differences = squared(y - redrawn) + squared(repetition.again - redrawn);
        Some(0.25 * differences - 0.5 * squared(y - repetition.again))
    })
}

fn squared(x: f64) -> f64 {
    x * x
}

/// The mean of a term over repetitions, as a share of the variance in their groups.
fn share(
    groups: &[Group<'_>],
    repetitions: &[Repetition],
    term: impl Fn(f64, &Repetition) -> Option<f64>,
) -> Option<Estimate> {
    let mut ratio = Ratio::default();
    let mut counts: BTreeMap<usize, f64> = BTreeMap::new();
    for repetition in repetitions {
        let group = groups.get(repetition.group)?;
        let (&cluster, &y) = group.clusters.get(repetition.row).zip(group.output.get(repetition.row))?;
        if let Some(term) = term(y, repetition) {
            ratio.add(cluster, term, 0.0);
            *counts.entry(repetition.group).or_default() += 1.0;
        }
    }
    for (group, count) in counts {
        let group = &groups[group];
        group.clusters.iter().zip(group.deviations()).for_each(|(&cluster, d)| ratio.add(cluster, 0.0, count * d));
    }
    ratio.estimate()
}

/// Where an input is on average where something happened, in standard deviations of a normal law: the mean normal score
/// of the runs in which it happened. A group counts as much as it has variance: where it always happens, nothing can be
/// seen. `None` if it never happened, or always.
pub fn shift(groups: &[Group<'_>], inputs: &[&[f64]], happened: &[&[bool]]) -> Option<Estimate> {
    let mut ratio = Ratio::default();
    for ((group, input), happened) in groups.iter().zip(inputs).zip(happened) {
        let scores = normal_scores(input);
        let weight_of_group = share_without(happened);
        for ((&cluster, score), &happened) in group.clusters.iter().zip(scores).zip(*happened) {
            let weight = weight_of_group * f64::from(happened);
            ratio.add(cluster, weight * score, weight);
        }
    }
    ratio.estimate()
}

/// The share of the runs in which something did not happen.
pub fn share_without(happened: &[bool]) -> f64 {
    happened.iter().filter(|&&happened| !happened).count() as f64 / happened.len().max(1) as f64
}

/// The normal scores of some values, Φ⁻¹((rank − ½)/n) (van der Waerden's, but for ½): what they would be if their law
/// were the standard normal one, so that inputs of all laws are told in the same unit. Equal values have their mean rank.
pub fn normal_scores(values: &[f64]) -> Vec<f64> {
    mean_ranks(values).into_iter().map(normal::quantile).collect()
}

/// For each value the share of the values that lie below it, half of those that equal it included: (rank − ½)/n, with
/// the mean rank of equal values. Infinite values have their ranks, too.
pub fn mean_ranks(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    values.iter().map(|&value| share_below(&sorted, value)).collect()
}

/// The share of some sorted values that lie below a value, half of those that equal it included.
pub fn share_below(sorted: &[f64], value: f64) -> f64 {
    let below = sorted.partition_point(|x| *x < value);
    let up_to = sorted.partition_point(|x| *x <= value);
    (below + up_to) as f64 / (2 * sorted.len()) as f64
}

#[cfg(test)]
mod tests {
    use std::f64::consts::{PI, TAU};

    use super::*;
    use crate::random::{Purpose, Stream, standard_normal, stream, unit};

    /// Samples of groups that share their inputs, cluster by cluster: rows, and each of them repeated.
    struct Sample {
        inputs: Vec<Vec<Vec<f64>>>,
        outputs: Vec<Vec<f64>>,
        clusters: Vec<u64>,
        repetitions: Vec<Repetition>,
    }

    impl Sample {
        /// `n` clusters in some groups; an output is a function of inputs, group, and chance.
        fn draw(
            seed: u64,
            [groups, n, inputs]: [usize; 3],
            input: impl Fn(&mut Stream) -> f64,
            output: impl Fn(&[f64], usize, &mut Stream) -> f64,
        ) -> Sample {
            let mut stream = stream(seed, Purpose::Test("sensitivity"));
            let u: Vec<Vec<f64>> = (0..n).map(|_| (0..inputs).map(|_| input(&mut stream)).collect()).collect();
            let columns: Vec<Vec<f64>> = (0..inputs).map(|of| u.iter().map(|row| row[of]).collect()).collect();
            let mut sample = Sample {
                inputs: columns.into_iter().map(|column| vec![column; groups]).collect(),
                outputs: Vec::new(),
                clusters: (0..n as u64).collect(),
                repetitions: Vec::new(),
            };
            for group in 0..groups {
                sample.outputs.push(u.iter().map(|row| output(row, group, &mut stream)).collect());
                for (row, inputs) in u.iter().enumerate() {
                    let again = output(inputs, group, &mut stream);
                    let redrawn = (0..inputs.len()).map(|of| {
                        let mut swapped = inputs.clone();
                        swapped[of] = input(&mut stream);
                        Some(output(&swapped, group, &mut stream))
                    });
                    let redrawn = redrawn.collect();
                    sample.repetitions.push(Repetition { group, row, again, redrawn });
                }
            }
            sample
        }

        fn groups(&self) -> Vec<Group<'_>> {
            self.outputs.iter().map(|output| Group { clusters: &self.clusters, output }).collect()
        }

        fn input(&self, of: usize) -> Vec<&[f64]> {
            self.inputs[of].iter().map(Vec::as_slice).collect()
        }

        fn first_order(&self, of: usize) -> Estimate {
            first_order(&self.groups(), &self.input(of)).unwrap()
        }

        fn total(&self, of: usize) -> Estimate {
            total(&self.groups(), &self.repetitions, of).unwrap()
        }
    }

    /// An estimate lies within 5.3 standard errors (a false alarm of about 10⁻⁷ each), and of what else is allowed.
    #[track_caller]
    fn assert_near(what: &str, estimate: Estimate, expected: f64, more: f64) {
        let Estimate { value, error, .. } = estimate;
        assert!(error > 0.0 && error < 0.05, "{what}: ± {error}");
        assert!((value - expected).abs() < 5.3 * error + more, "{what}: {value} ± {error}, not {expected}");
    }

    #[test]
    fn ishigamis_function_has_its_known_indices() {
        let ishigami = |u: &[f64], _: usize, _: &mut Stream| {
            let x: Vec<f64> = u.iter().map(|u| PI * (2.0 * u - 1.0)).collect();
            let [sine, square] = [libm::sin(x[0]), squared(libm::sin(x[1]))];
            sine + 7.0 * square + 0.1 * squared(squared(x[2])) * sine
        };
        let sample = Sample::draw(1, [1, 20_000, 3], unit, ishigami);
        for (of, (first, all)) in [(0.3139, 0.5576), (0.4424, 0.4424), (0.0, 0.2437)].into_iter().enumerate() {
            assert_near("first order", sample.first_order(of), first, 1e-3);
            assert_near("total", sample.total(of), all, 0.0);
        }
        assert_eq!(chance(&sample.groups(), &sample.repetitions).unwrap().value, 0.0);
    }

    #[test]
    fn the_g_function_has_its_known_indices() {
        const A: [f64; 4] = [0.0, 1.0, 4.5, 9.0];
        let g = |u: &[f64], _: usize, _: &mut Stream| {
            u.iter().zip(A).map(|(u, a)| ((4.0 * u - 2.0).abs() + a) / (1.0 + a)).product()
        };
        let sample = Sample::draw(2, [1, 20_000, 4], unit, g);
        let parts = A.map(|a| 1.0 / (3.0 * squared(1.0 + a)));
        let variance = parts.iter().map(|part| 1.0 + part).product::<f64>() - 1.0;
        for (of, part) in parts.into_iter().enumerate() {
            let others: f64 = parts.iter().enumerate().filter(|(at, _)| *at != of).map(|(_, p)| 1.0 + p).product();
            assert_near("first order", sample.first_order(of), part / variance, 1e-3);
            assert_near("total", sample.total(of), part * others / variance, 0.0);
        }
    }

    /// A binary output: whether Σ a z + σ ξ is above t, where chance draws ξ.
    struct Probit {
        weights: [f64; 3],
        noise: f64,
        threshold: f64,
    }

    impl Probit {
        const ONE: Probit = Probit { weights: [1.0, -0.7, 0.0], noise: 0.6, threshold: 0.8 };

        fn draw(&self, seed: u64, groups: usize, n: usize) -> Sample {
            // The threshold differs from group to group, as the cells of a sweep do.
            Sample::draw(seed, [groups, n, 3], standard_normal, |z, group, stream| {
                let sum: f64 = z.iter().zip(self.weights).map(|(z, a)| a * z).sum();
                f64::from(sum + self.noise * standard_normal(stream) > self.threshold * group as f64)
            })
        }

        fn spread(&self) -> f64 {
            (self.weights.iter().map(|a| a * a).sum::<f64>() + squared(self.noise)).sqrt()
        }

        fn probability(&self, group: usize) -> f64 {
            normal::cumulative(-self.threshold * group as f64 / self.spread())
        }

        /// P(Y and Y') of two runs whose sums have a correlation: the bivariate normal law, by Plackett's integral
        /// (1954, Biometrika 41:351).
        fn both(&self, group: usize, correlation: f64) -> f64 {
            let t = self.threshold * group as f64 / self.spread();
            let density = |r: f64| libm::exp(-t * t / (1.0 + r)) / (TAU * (1.0 - r * r).sqrt());
            let n = 20_000;
            let middle = |at: usize| (at as f64 + 0.5) * correlation / f64::from(n);
            let integral: f64 = (0..n as usize).map(|at| density(middle(at))).sum::<f64>() * correlation / f64::from(n);
            squared(self.probability(group)) + integral
        }

        /// Σ over the groups of a part of the variance, as a share.
        fn share(&self, groups: usize, part: impl Fn(usize) -> f64) -> f64 {
            let variance = |group| self.probability(group) * (1.0 - self.probability(group));
            (0..groups).map(part).sum::<f64>() / (0..groups).map(variance).sum::<f64>()
        }

        /// The correlation that comes from some of the inputs.
        fn correlation(&self, inputs: &[usize]) -> f64 {
            inputs.iter().map(|&of| squared(self.weights[of])).sum::<f64>() / squared(self.spread())
        }

        fn first_order(&self, groups: usize, of: usize) -> f64 {
            self.share(groups, |g| self.both(g, self.correlation(&[of])) - squared(self.probability(g)))
        }

        fn total(&self, groups: usize, of: usize) -> f64 {
            let others: Vec<usize> = (0..3).filter(|&at| at != of).collect();
            self.share(groups, |g| self.both(g, self.correlation(&[0, 1, 2])) - self.both(g, self.correlation(&others)))
        }

        fn chance(&self, groups: usize) -> f64 {
            self.share(groups, |g| self.probability(g) - self.both(g, self.correlation(&[0, 1, 2])))
        }

        /// The mean of an input where Y is 1.
        fn shift(&self, groups: usize, of: usize) -> f64 {
            let density = |g: usize| normal::density(self.threshold * g as f64 / self.spread());
            let variance = |g| self.probability(g) * (1.0 - self.probability(g));
            let weighted = (0..groups).map(|g| (1.0 - self.probability(g)) * density(g)).sum::<f64>();
            self.weights[of] / self.spread() * weighted / (0..groups).map(variance).sum::<f64>()
        }
    }

    #[test]
    fn a_probit_with_noise_has_its_known_indices() {
        let (probit, groups) = (Probit::ONE, 3);
        let sample = probit.draw(3, groups, 8_000);
        let happened: Vec<Vec<bool>> = sample.outputs.iter().map(|of| of.iter().map(|y| *y > 0.0).collect()).collect();
        let happened: Vec<&[bool]> = happened.iter().map(Vec::as_slice).collect();
        for of in 0..3 {
            assert_near("first order", sample.first_order(of), probit.first_order(groups, of), 1e-3);
            assert_near("total", sample.total(of), probit.total(groups, of), 0.0);
            let shift = shift(&sample.groups(), &sample.input(of), &happened).unwrap();
            assert_near("shift", shift, probit.shift(groups, of), 1e-3);
        }
        let share = chance(&sample.groups(), &sample.repetitions).unwrap();
        assert_near("chance", share, probit.chance(groups), 0.0);
        assert!(share.value > 0.15, "there is chance");
    }

    #[test]
    fn totals_with_chance_left_in_are_found_out() {
        // The mistake: chance is not told from the inputs, since the run that should show it has the same seed.
        let probit = Probit::ONE;
        let mut sample = probit.draw(4, 1, 8_000);
        for repetition in &mut sample.repetitions {
            repetition.again = sample.outputs[repetition.group][repetition.row];
        }
        let wrong = sample.total(2);
        assert_eq!(probit.total(1, 2), 0.0);
        assert!(wrong.value - 20.0 * wrong.error > 0.1, "{wrong:?}: the input has no effect at all");
    }

    #[test]
    fn intervals_cover_the_indices() {
        let (probit, groups, n, repetitions) = (Probit::ONE, 4, 100, 400);
        let happened = |sample: &Sample| -> Vec<Vec<bool>> {
            sample.outputs.iter().map(|of| of.iter().map(|y| *y > 0.0).collect()).collect()
        };
        let expected: Vec<f64> = (0..3)
            .flat_map(|of| [probit.first_order(groups, of), probit.total(groups, of), probit.shift(groups, of)])
            .chain([probit.chance(groups)])
            .collect();
        let mut covered = vec![0; expected.len()];
        for seed in 0..repetitions {
            let sample = probit.draw(100 + seed, groups, n);
            let happened = happened(&sample);
            let happened: Vec<&[bool]> = happened.iter().map(Vec::as_slice).collect();
            let of_input = |of: usize| {
                let shift = shift(&sample.groups(), &sample.input(of), &happened).unwrap();
                [sample.first_order(of), sample.total(of), shift]
            };
            let chance = chance(&sample.groups(), &sample.repetitions).unwrap();
            let estimates = (0..3).flat_map(of_input).chain([chance]);
            for ((covered, estimate), expected) in covered.iter_mut().zip(estimates).zip(&expected) {
                let [low, high] = estimate.interval(0.95).unwrap();
                *covered += u64::from((low..=high).contains(expected));
            }
        }
        // At a coverage of 0.93 at least 0.93 − 4.9 · 0.0128 of 400, but for one case in a million.
        assert!(covered.iter().all(|&covered| covered >= 347), "{covered:?} of {repetitions}");
    }

    #[test]
    fn an_input_without_effect_has_an_index_without_bias_in_the_smallest_samples() {
        let mut stream = stream(5, Purpose::Test("no effect"));
        let mut values = Vec::new();
        for _ in 0..4_000 {
            let output: Vec<f64> = (0..6).map(|_| f64::from(unit(&mut stream) < 0.3)).collect();
            let input: Vec<f64> = (0..6).map(|_| unit(&mut stream)).collect();
            let group = Group { clusters: &[0, 1, 2, 3, 4, 5], output: &output };
            values.extend(first_order(&[group], &[&input]).map(|estimate| estimate.value));
        }
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let error = (values.iter().map(|x| squared(x - mean)).sum::<f64>() / n / (n - 1.0)).sqrt();
        assert!(mean.abs() < 5.3 * error && error < 0.02, "{mean} ± {error}");
    }

    #[test]
    fn what_does_not_vary_has_no_index_and_what_is_not_drawn_has_none_to_speak_of() {
        let clusters = [0, 1, 2, 3];
        let (flat, steep) = (Group { clusters: &clusters, output: &[1.0; 4] }, [0.0, 1.0, 0.0, 1.0]);
        assert_eq!(first_order(&[flat], &[&[1.0, 2.0, 3.0, 4.0]]), None);
        let varies = Group { clusters: &clusters, output: &steep };
        assert_eq!(first_order(&[varies], &[&[7.0; 4]]).unwrap().value, 0.0);
        // In one group it decides, in the other it is held: it has half of the variance.
        let both = first_order(&[varies, varies], &[&[0.0, 1.0, 0.0, 1.0], &[7.0; 4]]).unwrap();
        let alone = first_order(&[varies], &[&[0.0, 1.0, 0.0, 1.0]]).unwrap();
        assert!((both.value - alone.value / 2.0).abs() < 1e-15);
        assert_eq!(chance(&[flat], &[]), None);
        assert_eq!(shift(&[varies], &[&[1.0; 4]], &[&[false; 4]]), None);
    }

    #[test]
    fn ranks_are_mean_ranks_and_infinity_is_the_last() {
        assert_eq!(mean_ranks(&[3.0, f64::INFINITY, 1.0, 3.0]), [0.5, 0.875, 0.125, 0.5]);
        let scores = normal_scores(&[1.0, 2.0, 2.0, 3.0]);
        assert!(scores[1].abs() < 1e-15 && scores[1] == scores[2] && (scores[0] + scores[3]).abs() < 1e-12);
    }
}
