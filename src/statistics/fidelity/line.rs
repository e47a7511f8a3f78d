//! Which runs of a line are made, and what they say of the outage probability of each of its cells.
//!
//! A line is a row of cells with the same draws of the uncertain inputs in each. Each draw has a *margin* in each cell: how
//! far the limit of ever more clients says that it is from the value at which the outcome turns, in a unit of its own; above
//! 0 it says that there is an outage. Runs are made of some draws alone. Each is chosen independently with a probability
//! that is known, π, and the mean over all draws of
//!
//! > g + (A/π) · (Y − g)
//!
//! is the outage probability without a bias, whatever the prediction g is worth: A is 1 for those that are run and 0 for the
//! others, and Y their outcome (a difference estimator: Cassel, Särndal and Wretman 1976, Biometrika 63:615; in statistics
//! of late, prediction-powered inference: Angelopoulos et al. 2023, Science 382:669). For that g and π of a draw must not
//! depend on its own outcome. So draws are dealt into folds, and what is learnt of the first round's outcomes, a logistic curve
//! of the margin and of the place along the line, is learnt for each fold from the others. The variance that is left is
//! smallest if π is in proportion to √(g (1 − g)): that is where the second round makes its runs.
//!
//! Where the crossing of a level is asked for, π is in proportion to what the cell is worth for it as well: in the first round
//! by the predictions, that is, by where the limit crosses the level; in the second one by what the first one's runs of
//! the other folds say.

use super::aim::{Guess, worth};
use crate::random::{Tails, beta_quantile};
use crate::statistics::clusters::Ratio;
use crate::statistics::interval::Interval;
use crate::statistics::logistic::Logistic;
use crate::statistics::normal::quantile;
use crate::statistics::student::two_sided_quantile;

/// Folds. Draws whose numbers differ by a multiple of it are in one fold: whole blocks of Sobol points.
const FOLDS: usize = 4;
/// How the runs are shared out.
#[derive(Debug, Clone, Copy)]
struct Shares {
    /// Of all runs: those of the first round.
    first_round: f64,
    /// Of the runs of each round: those that go to all draws alike. The prediction may be wrong where it is sure.
    defensive: f64,
}
/// For the outage probabilities of all cells.
const FOR_CELLS: Shares = Shares { first_round: 0.4, defensive: 0.2 };
/// For a crossing.
const FOR_CROSSING: Shares = Shares { first_round: 0.5, defensive: 0.1 };
/// What the logit of a cell's outage probability may be off by in the limit, which knows nothing of the size of the network:
/// a standard deviation.
const ERROR_OF_LIMIT: f64 = 1.0;
/// The slope of the curve before anything is known, in 1 over the standard deviation of the margins of a cell: that of a
/// chance with half of their deviation. (Of the variance of an outcome at one half a fifth is chance then.)
const FIRST_SLOPE: f64 = 3.4;
/// What is known of the curve's coefficients beforehand, give or take: of its intercept, of its slope along the margin, and
/// along the line, in 1 over half of its length. The last one is 0 if the margin says all; where it is worthless, it is all
/// that there is.
const FIRST_GIVE: [f64; 3] = [3.0, FIRST_SLOPE, 5.0];
const FIRST_CURVE: Logistic = Logistic { coefficients: [0.0, FIRST_SLOPE, 0.0] };
/// A run counts for no more than so many: where few are made, all else is the curve's word.
const WORTH_MAX: f64 = 10.0;
/// No cell is worth less than this share of what the one is that is worth most: where that one has all its runs, others get
/// what is left.
const WORTH_MIN: f64 = 1e-4;
/// The factor with which a doubt makes a run for certain, whatever the draw and the cell: a logistic curve at the largest margin has
/// √(g (1 − g)) > 1e-6.
const FACTOR_MAX: f64 = 1e12;
/// A margin counts as no more than so many standard deviations.
const MARGIN_MAX: f64 = 8.0;

/// A line, of which some runs are made.
#[derive(Debug, Clone)]
pub struct FidelityLine {
    /// In standard deviations, by cell and by draw.
    margins: Vec<Vec<f64>>,
    /// The mean number of runs of a cell.
    runs: f64,
    /// The level whose crossing is asked for, if one is.
    level: Option<f64>,
    /// The probability with which each run is made, by the end of the rounds so far; likewise.
    chosen: Vec<Vec<f64>>,
    /// The prediction of each outcome; likewise.
    predicted: Vec<Vec<f64>>,
}

/// What the runs of a cell say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FidelityEstimate {
    /// The outage probability; without a bias, but for being cut off at 0 and 1.
    pub probability: f64,
    /// Its interval.
    pub interval: Interval,
    /// The runs that were made.
    pub runs: u32,
    /// Those of them with an outage.
    pub outages: u32,
    /// How many independent runs would have the same standard error, at most ten times as many as were made; `None` where
    /// there is none.
    pub as_good_as: Option<f64>,
    /// The mean of the predictions.
    pub predicted: f64,
}

impl FidelityLine {
    /// A line of cells with the margin of each draw in each of them, and the mean number of runs that a cell is to get; if the
    /// crossing of a level, in (0, 1), is asked for, they are made for it.
    pub fn new(mut margins: Vec<Vec<f64>>, runs: f64, level: Option<f64>) -> FidelityLine {
        let unit = spread(&margins);
        let scaled = |margin: f64| if unit > 0.0 { margin / unit } else { 0.0 };
        margins.iter_mut().flatten().for_each(|margin| *margin = scaled(*margin).clamp(-MARGIN_MAX, MARGIN_MAX));
        let first = |&margin: &f64| FIRST_CURVE.at([margin, 0.0]);
        let predicted: Vec<Vec<f64>> = margins.iter().map(|cell| cell.iter().map(first).collect()).collect();
        let none: Vec<Vec<f64>> = margins.iter().map(|cell| vec![0.0; cell.len()]).collect();
        let mut line = FidelityLine { margins, runs, level, chosen: none, predicted };
        let guess = |cell: &Vec<f64>, level| Guess::new(mean(cell.iter().copied()), ERROR_OF_LIMIT, level);
        let worth = line.worth(|line, level| line.predicted.iter().map(|cell| guess(cell, level)).collect());
        (0..FOLDS).for_each(|fold| line.choose(fold, line.shares().first_round, &worth));
        line
    }

    /// How the runs are shared out.
    fn shares(&self) -> Shares {
        if self.level.is_some() { FOR_CROSSING } else { FOR_CELLS }
    }

    /// What each cell is worth by what is known of all of them: the same for all if no crossing is asked for.
    fn worth(&self, known: impl FnOnce(&FidelityLine, f64) -> Vec<Guess>) -> Vec<f64> {
        self.level.map_or_else(|| vec![1.0; self.margins.len()], |level| worth(&known(self, level)))
    }

    /// The probability with which a run is to be made by the end of this round: it is if a number that is drawn for it
    /// once, uniform in (0, 1), is smaller.
    pub fn chosen(&self, cell: usize, draw: usize) -> f64 {
        self.chosen[cell][draw]
    }

    /// The predicted probability of an outage, by the end of the rounds so far.
    pub fn predicted(&self, cell: usize, draw: usize) -> f64 {
        self.predicted[cell][draw]
    }

    /// Learns from the first round, by cell and draw (`None`: not run), and chooses the runs of the second one.
    pub fn learn(&mut self, outcomes: &[Vec<Option<bool>>]) {
        // Each fold by what the others said, with the probabilities of the first round.
        let first = self.chosen.clone();
        for fold in 0..FOLDS {
            let predicted = self.predicted_for(fold, outcomes, &first);
            let worth = self.worth(|line, level| line.guesses(fold, outcomes, &first, &predicted, level));
            for (of_line, predicted) in self.predicted.iter_mut().zip(predicted) {
                let draws = of_line.iter_mut().zip(predicted).skip(fold).step_by(FOLDS);
                draws.for_each(|(of_line, predicted)| *of_line = predicted);
            }
            self.choose(fold, 1.0, &worth);
        }
    }

    /// The predictions of all draws by a first round's runs of the other folds, with the probabilities with which these were
    /// made.
    fn predicted_for(&self, fold: usize, outcomes: &[Vec<Option<bool>>], first: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let curve = self.curve_for(fold, outcomes);
        let probability = |cell: usize, draw: usize| curve.at(self.place(cell, draw));
        let of_cell = |cell: usize| mean((0..self.margins[cell].len()).map(|draw| probability(cell, draw)));
        let means: Vec<f64> = (0..self.margins.len()).map(of_cell).collect();
        // The prediction is drawn to the mean of its cell by the factor that leaves the smallest squares.
        let (mut products, mut squares) = (0.0, 0.0);
        for (cell, draw, outage) in self.others(fold, outcomes) {
            let (off, weight) = (probability(cell, draw) - means[cell], 1.0 / first[cell][draw]);
            products += weight * off * (f64::from(u8::from(outage)) - means[cell]);
            squares += weight * off * off;
        }
        let factor = if squares > 0.0 { (products / squares).clamp(0.0, 1.0) } else { 0.0 };
        let drawn = |cell: usize, mean: f64| -> Vec<f64> {
            (0..self.margins[cell].len()).map(|draw| mean + factor * (probability(cell, draw) - mean)).collect()
        };
        means.iter().enumerate().map(|(cell, &mean)| drawn(cell, mean)).collect()
    }

    /// What a first round's runs of the other folds say of each cell, with the probabilities with which they were made and the
    /// predictions of all draws.
    fn guesses(
        &self,
        fold: usize,
        outcomes: &[Vec<Option<bool>>],
        first: &[Vec<f64>],
        predicted: &[Vec<f64>],
        level: f64,
    ) -> Vec<Guess> {
        let mut sums = vec![[0.0; 2]; predicted.len()];
        for (cell, draw, outage) in self.others(fold, outcomes) {
            let off = (f64::from(u8::from(outage)) - predicted[cell][draw]) / first[cell][draw];
            sums[cell] = [sums[cell][0] + off, sums[cell][1] + off * off];
        }
        let guess = |((predicted, first), [sum, squares]): ((&Vec<f64>, &Vec<f64>), [f64; 2])| {
            let others = || predicted.iter().zip(first).enumerate().filter(|(draw, _)| draw % FOLDS != fold);
            let left: f64 = others().map(|(_, (g, chosen))| g * (1.0 - g) / chosen).sum();
            let draws = others().count().max(1) as f64;
            let probability = mean(predicted.iter().copied()) + sum / draws;
            Guess::with_error(probability, squares.max(left).sqrt() / draws, level)
        };
        predicted.iter().zip(first).zip(sums).map(guess).collect()
    }

    /// The curve for a fold: what the outcomes of the others say.
    fn curve_for(&self, fold: usize, outcomes: &[Vec<Option<bool>>]) -> Logistic {
        let seen = self.others(fold, outcomes).map(|(cell, draw, outage)| (self.place(cell, draw), outage));
        FIRST_CURVE.fitted(FIRST_GIVE, &seen.collect::<Vec<_>>())
    }

    /// The margin of a draw, and where its cell is along the line, from −1 to 1.
    fn place(&self, cell: usize, draw: usize) -> [f64; 2] {
        let last = self.margins.len().max(2) - 1;
        [self.margins[cell][draw], 2.0 * cell as f64 / last as f64 - 1.0]
    }

    /// The runs of the other folds, with their outcomes, in order.
    fn others<'a>(
        &self,
        fold: usize,
        outcomes: &'a [Vec<Option<bool>>],
    ) -> impl Iterator<Item = (usize, usize, bool)> + use<'a> {
        let cells = outcomes.iter().enumerate();
        cells.flat_map(move |(cell, outcomes)| {
            let draws = outcomes.iter().enumerate().filter(move |(draw, _)| draw % FOLDS != fold);
            draws.filter_map(move |(draw, outcome)| Some((cell, draw, (*outcome)?)))
        })
    }

    /// Raises the probabilities of a fold to √(q (1 − q)) and what a cell is worth in proportion, until it has its part of a
    /// share of all runs.
    fn choose(&mut self, fold: usize, share: f64, worth: &[f64]) {
        let cells = self.margins.len() as f64;
        let of_fold = |all: &[f64]| all.iter().skip(fold).step_by(FOLDS).copied().collect::<Vec<f64>>();
        let draws = self.margins.iter().map(|cell| of_fold(cell).len()).sum::<usize>() as f64;
        let all = self.margins.iter().map(Vec::len).sum::<usize>() as f64;
        let runs = share * self.runs * cells * draws / all;
        let least = (self.shares().defensive * runs / draws).min(1.0);
        let most = worth.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        let doubt = |(cell, worth): (&Vec<f64>, &f64)| -> Vec<f64> {
            let worth = (worth / most).max(WORTH_MIN);
            of_fold(cell).iter().map(|q| worth * (q * (1.0 - q)).sqrt()).collect()
        };
        let doubts: Vec<Vec<f64>> = self.predicted.iter().zip(worth).map(doubt).collect();
        let before: Vec<Vec<f64>> = self.chosen.iter().map(|cell| of_fold(cell)).collect();
        let raised = |before: f64, doubt: f64, factor: f64| (least + factor * doubt).min(1.0).max(before);
        let expected = |factor: f64| -> f64 {
            let pairs = before.iter().flatten().zip(doubts.iter().flatten());
            pairs.map(|(&before, &doubt)| raised(before, doubt, factor)).sum()
        };
        // Twice the factor until it is too large, then by halves.
        let (mut low, mut high) = (0.0, 1.0);
        while expected(high) < runs && high < FACTOR_MAX {
            (low, high) = (high, 2.0 * high);
        }
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if expected(middle) < runs { low = middle } else { high = middle }
        }
        for (cell, chosen) in self.chosen.iter_mut().enumerate() {
            let draws = chosen.iter_mut().skip(fold).step_by(FOLDS);
            for (chosen, &doubt) in draws.zip(&doubts[cell]) {
                *chosen = raised(*chosen, doubt, low);
            }
        }
    }

    /// The prediction of each draw in a cell, corrected where it is run (`None`: not run): its mean is the outage probability.
    pub(super) fn corrected(&self, cell: usize, outcomes: &[Option<bool>]) -> impl Iterator<Item = f64> {
        outcomes.iter().zip(&self.predicted[cell]).zip(&self.chosen[cell]).map(|((outcome, g), chosen)| {
            g + outcome.map_or(0.0, |outage| 1.0 / chosen * (f64::from(u8::from(outage)) - g))
        })
    }

    /// What is said of a cell by its outcomes, by draw (`None`: not run), after both rounds. Draws with the same number of
    /// `cluster` belong together, and no others.
    pub fn estimate(
        &self,
        cell: usize,
        outcomes: &[Option<bool>],
        cluster: impl Fn(usize) -> u64,
        confidence: f64,
    ) -> FidelityEstimate {
        let (chosen, predicted) = (&self.chosen[cell], &self.predicted[cell]);
        let draws = outcomes.len() as f64;
        let (mut ratio, mut left, mut weights) = (Ratio::default(), 0.0, [0.0, 0.0]);
        for ((draw, outcome), corrected) in outcomes.iter().enumerate().zip(self.corrected(cell, outcomes)) {
            let (g, weight) = (predicted[draw], 1.0 / chosen[draw]);
            ratio.add(cluster(draw), corrected, 1.0);
            // What the predictions themselves say of the error, with all the outcomes that nobody has seen.
            left += (weight - 1.0) * g * (1.0 - g);
            if outcome.is_some() {
                weights = [weights[0] + weight, weights[1] + weight * weight];
            }
        }
        let runs = outcomes.iter().flatten().count() as u32;
        let outages = outcomes.iter().flatten().filter(|&&outage| outage).count() as u32;
        let (value, seen, clusters) = ratio.estimate().map_or((0.0, 0.0, 1), |of| (of.value, of.error, of.clusters));
        let (p, error) = (value.clamp(0.0, 1.0), seen.max(left.sqrt() / draws));
        let as_good_as = (p > 0.0 && p < 1.0 && error > 0.0).then(|| p * (1.0 - p) / (error * error));
        let as_good_as = as_good_as.map(|trials| trials.min(WORTH_MAX * f64::from(runs)));
        let degrees = (clusters.max(2) - 1) as u32;
        let adjustment = quantile(0.5 + confidence / 2.0) / two_sided_quantile(confidence, degrees);
        // Where all runs are the same, no more is known than they say.
        let by_weights = if weights[1] > 0.0 { weights[0] * weights[0] / weights[1] } else { 0.0 };
        let is_one_sided = outages == 0 || outages == runs;
        let trials = as_good_as.map_or(by_weights, |trials| trials * adjustment * adjustment);
        let trials = if is_one_sided { trials.min(by_weights) } else { trials };
        let mut interval = interval(p, trials, confidence);
        if outages == 0 {
            interval.low = 0.0;
        }
        if outages == runs {
            interval.high = 1.0;
        }
        FidelityEstimate {
            probability: p,
            interval,
            runs,
            outages,
            as_good_as,
            predicted: mean(predicted.iter().copied()),
        }
    }
}

/// Clopper and Pearson's interval for a share of a number of trials that need not be whole (Korn and Graubard 1998, Survey
/// Methodology 24:193).
fn interval(share: f64, trials: f64, confidence: f64) -> Interval {
    let (tail, events) = ((1.0 - confidence) / 2.0, share * trials);
    if trials <= 0.0 {
        return Interval { low: 0.0, high: 1.0 };
    }
    let low = if share <= 0.0 { 0.0 } else { beta_quantile(Tails::of_lower(tail), events, trials - events + 1.0) };
    let high = if share >= 1.0 { 1.0 } else { beta_quantile(Tails::of_upper(tail), events + 1.0, trials - events) };
    Interval { low, high }
}

/// The standard deviation of the finite margins of a cell, the mean of the squares over the cells.
fn spread(margins: &[Vec<f64>]) -> f64 {
    let (mut squares, mut degrees) = (0.0, 0.0);
    for cell in margins {
        let finite: Vec<f64> = cell.iter().copied().filter(|margin| margin.is_finite()).collect();
        let average = mean(finite.iter().copied());
        squares += finite.iter().map(|margin| (margin - average) * (margin - average)).sum::<f64>();
        degrees += (finite.len() as f64 - 1.0).max(0.0);
    }
    if degrees > 0.0 { (squares / degrees).sqrt() } else { 0.0 }
}

/// The mean of some numbers; 0 of none.
fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = values.len();
    if n == 0 { 0.0 } else { values.sum::<f64>() / n as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::fidelity::stand_in::*;

    /// Mean number of runs of a cell.
    const RUNS: f64 = 20.0;

    /// Over seeds: the bias of each cell in its standard errors, the share of the intervals that hold the truth, and how many
    /// times the runs independent ones would need for the same mean square error.
    struct Found {
        bias: Vec<f64>,
        held: Vec<f64>,
        gain: Vec<f64>,
        runs: f64,
    }

    fn found(margin: Margin) -> Found {
        const SEEDS: u64 = 400;
        let stand_in = StandIn { margin, lever: |x| x, draws: 200, even: false, runs: RUNS, level: None };
        let all: Vec<Vec<FidelityEstimate>> = (0..SEEDS).map(|seed| stand_in.made(seed).estimates()).collect();
        let over = |cell: usize, of: &dyn Fn(&FidelityEstimate) -> f64| mean(all.iter().map(|cells| of(&cells[cell])));
        let (mut bias, mut held, mut gain) = (Vec::new(), Vec::new(), Vec::new());
        for cell in 0..CELLS {
            let p = stand_in.truth(cell);
            let square = over(cell, &|of| (of.probability - p) * (of.probability - p));
            bias.push((over(cell, &|of| of.probability) - p) / (square / SEEDS as f64).sqrt());
            held.push(over(cell, &|of| f64::from(u8::from(of.interval.low <= p && p <= of.interval.high))));
            gain.push(p * (1.0 - p) / square / RUNS);
        }
        let runs = mean((0..CELLS).map(|cell| over(cell, &|of| f64::from(of.runs))));
        Found { bias, held, gain, runs }
    }

    /// The cells whose probability is neither near 0 nor near 1.
    fn inner() -> std::ops::Range<usize> {
        2..8
    }

    #[test]
    fn estimates_have_no_bias_and_intervals_hold_whatever_the_prediction_is_worth() {
        for margin in [GOOD, EXACT, SHIFTED, COIN, SURE_AND_WRONG] {
            let Found { bias, held, gain, runs } = found(margin);
            println!("{runs:.2} runs\n  bias {bias:.1?}\n  held {held:.3?}\n  gain {gain:.2?}");
            // Of 2,200,000 numbers about 20,000 choose a run: six standard deviations of a mean number are 0.06.
            assert!((runs - RUNS).abs() < 0.1, "{runs}");
            // False-alarm rate below 1e-7 for all of them together.
            assert!(inner().all(|cell| bias[cell].abs() < 6.0), "{bias:.1?}");
            // At 95 % of 400 seeds, less than this in one of the 55 cells and margins has a probability of 6·10⁻⁷ (binomial).
            assert!(held.iter().all(|&held| held >= 0.88), "{held:.3?}");
            assert!(mean(held.iter().copied()) >= 0.93, "{held:.3?}");
        }
    }

    #[test]
    fn a_good_prediction_saves_runs_and_a_bad_one_costs_few() {
        // A gain is a quotient of variances of 400 seeds: its standard error is 7 %.
        let least = |margin| {
            let gain = found(margin).gain;
            inner().map(|cell| gain[cell]).fold(f64::INFINITY, f64::min)
        };
        let [good, shifted, exact, coin] = [GOOD, SHIFTED, EXACT, COIN].map(least);
        assert!(good > 2.5 && shifted > 2.0, "{good} {shifted}");
        // No more than the draws themselves are worth, of which there are ten times as many as runs.
        assert!(exact > 7.0 && exact < 13.0, "{exact}");
        assert!(coin > 0.5, "{coin}");
    }

    #[test]
    fn an_outcome_decides_neither_its_own_prediction_nor_whether_its_run_is_made() {
        let stand_in = StandIn { margin: GOOD, lever: |x| x, draws: 200, even: false, runs: RUNS, level: None };
        for level in [None, Some(0.5)] {
            let Made { line, outcomes, .. } = StandIn { level, ..stand_in }.made(5);
            let first = FidelityLine::new(line.margins.clone(), RUNS, level);
            for fold in 0..FOLDS {
                let is_own = |draw: usize| draw % FOLDS == fold;
                let turned = |(draw, outcome): (usize, &Option<bool>)| outcome.map(|outage| outage != is_own(draw));
                let turned = |cell: &Vec<Option<bool>>| cell.iter().enumerate().map(turned).collect();
                let turned: Vec<Vec<Option<bool>>> = outcomes.iter().map(turned).collect();
                let [mut as_was, mut as_turned] = [first.clone(), first.clone()];
                as_was.learn(&outcomes);
                as_turned.learn(&turned);
                let differ = |a: &[Vec<f64>], b: &[Vec<f64>], own: bool| {
                    let pairs = a.iter().zip(b).flat_map(|(a, b)| a.iter().zip(b).enumerate());
                    pairs.filter(|(draw, (a, b))| is_own(*draw) == own && a != b).count()
                };
                assert_eq!(differ(&as_was.chosen, &as_turned.chosen, true), 0);
                assert_eq!(differ(&as_was.predicted, &as_turned.predicted, true), 0);
                assert!(differ(&as_was.chosen, &as_turned.chosen, false) > 0);
            }
        }
    }

    #[test]
    fn for_a_crossing_runs_are_made_beside_it_and_some_of_all_cells() {
        let stand_in = StandIn { margin: GOOD, lever: |x| x, draws: 500, even: false, runs: RUNS, level: Some(0.5) };
        let mean_of = |cell: &Vec<f64>| mean(cell.iter().copied());
        let chosen: Vec<f64> = stand_in.made(1).line.chosen.iter().map(mean_of).collect();
        println!("{chosen:.4?}");
        // The crossing is between the fifth and the sixth cell.
        assert!((4..6).all(|cell| chosen[cell] > 3.0 * RUNS / 500.0), "{chosen:.3?}");
        let least = FOR_CROSSING.defensive * RUNS / 500.0;
        assert!(chosen.iter().all(|&chosen| chosen > 0.999 * least) && chosen[10] < 1.5 * least, "{chosen:.4?}");
    }

    #[test]
    fn as_many_runs_are_made_as_are_asked_wherever_the_level_is() {
        // Sharp margins, few draws: more runs than there is room for in the cells at the crossing.
        let margins: Vec<Vec<f64>> =
            (0..CELLS).map(|cell| (0..16).map(|draw| 100.0 * (x(cell) - 0.45) + f64::from(draw)).collect()).collect();
        for level in [0.001, 0.01, 0.5, 0.999] {
            let mut line = FidelityLine::new(margins.clone(), 10.0, Some(level));
            let runs = |line: &FidelityLine| line.chosen.iter().flatten().sum::<f64>();
            let first = FOR_CROSSING.first_round * 10.0 * CELLS as f64;
            assert!((runs(&line) / first - 1.0).abs() < 1e-6, "{level}: {}", runs(&line));
            let outage = |cell: usize, draw: usize| (line.chosen(cell, draw) > 0.1).then(|| x(cell) > 0.45);
            let outcomes: Vec<Vec<Option<bool>>> =
                (0..CELLS).map(|cell| (0..16).map(|draw| outage(cell, draw)).collect()).collect();
            line.learn(&outcomes);
            assert!(runs(&line) > 109.999, "{level}: {}", runs(&line));
        }
    }

    #[test]
    fn where_there_is_one_draw_or_no_run_nothing_is_concluded() {
        let mut line = FidelityLine::new(vec![vec![f64::INFINITY], vec![f64::NEG_INFINITY]], 0.1, None);
        line.learn(&[vec![None], vec![None]]);
        let estimate = line.estimate(0, &[None], |draw| draw as u64, 0.95);
        assert_eq!((estimate.runs, estimate.interval), (0, Interval { low: 0.0, high: 1.0 }));
        // More runs than there are: all of them.
        let mut line = FidelityLine::new(vec![vec![0.1, -0.2, 0.3, 0.0, 0.5]], 20.0, None);
        let all = vec![vec![Some(true), Some(false), Some(true), Some(false), Some(true)]];
        line.learn(&all);
        assert!((0..5).all(|draw| line.chosen(0, draw) == 1.0));
        assert_eq!(line.estimate(0, &all[0], |draw| draw as u64, 0.95).probability, 0.6);
    }
}
