//! Two-sample tests of each column, with a false-alarm rate that holds exactly, whatever the distribution.
//!
//! Run i of the kernel and run i of the reference are a pair (x, y). If both engines draw from the same distribution,
//! then, given the set {x, y} of each pair, which of the two is the kernel's is a fair coin toss. So for any function
//! g that depends on the pooled sample alone, the sum of d = g(x) − g(y) has random signs, and by Hoeffding's
//! inequality P(|Σ d| ≥ t·√(Σ d²)) ≤ 2·exp(−t²/2). This is used with three functions: the value itself (a comparison
//! of means), its rank (Wilcoxon, Mann and Whitney), and the square of its distance from the pooled mean (spread).
//! The fourth test is that of Kolmogorov and Smirnov: for two samples of n values without ties,
//! P(D ≥ k/n) = 2 Σ (−1)^(j−1) C(2n, n − jk)/C(2n, n) (Gnedenko and Korolyuk 1951), of which the first term is an upper
//! bound; ties make it smaller.
//!
//! The same sums over all scenarios, each divided by its √(Σ d²), find a deviation that is small in each scenario but
//! has the same sign in most of them; the same bound holds for them, as the scenarios have different seeds.
//!
//! Power: at the level of a single test, 5e-12, the sum has to reach t = 7.3. With the usual 240 runs of each engine
//! that is a difference of the means by 0.75 standard deviations of a column between runs in one scenario; in the
//! pool of 20 scenarios, if all deviate alike, one of 0.15 standard deviations.

use std::collections::BTreeMap;
use std::fmt;

/// False-alarm rate of all tests of this target together.
pub(crate) const FALSE_ALARM: f64 = 1e-6;

/// Most single tests that all tests of this target make together; each has `FALSE_ALARM / TESTS_MAX` for itself.
pub(crate) const TESTS_MAX: f64 = 200_000.0;

/// One column of both engines: value i is that of run i, `None` where it is null.
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kernel: Vec<Option<f64>>,
    pub(crate) reference: Vec<Option<f64>>,
}

/// The tests made so far, and those that failed.
#[derive(Default)]
pub(crate) struct Comparison {
    tests: u64,
    seeds: u64,
    /// Σ over the scenarios of Σ d / √(Σ d²), and the number of scenarios in which d was not always 0.
    pooled: BTreeMap<(String, &'static str), (f64, u64)>,
    deviations: Vec<Deviation>,
}

/// What a test is about: a column of a scenario, and the means of both engines for the message.
struct Place<'a> {
    scenario: &'a str,
    column: &'a str,
    mean_x: f64,
    mean_y: f64,
}

/// A test that failed.
#[derive(Debug)]
pub(crate) struct Deviation {
    scenario: String,
    column: String,
    test: &'static str,
    /// Natural logarithm of the bound on the p-value.
    ln_p: f64,
    kernel_mean: f64,
    reference_mean: f64,
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Deviation { scenario, column, test, ln_p, kernel_mean, reference_mean } = self;
        write!(f, "{column}: {test} differs (p < 1e{:.0})", ln_p / std::f64::consts::LN_10)?;
        if !kernel_mean.is_nan() {
            write!(f, "; mean {kernel_mean:.6} of the kernel, {reference_mean:.6} of the reference")?;
        }
        write!(f, "; {scenario}")
    }
}

impl Comparison {
    /// The first of `runs` seeds that no other scenario has.
    pub(crate) fn next_seed(&mut self, runs: u64) -> u64 {
        self.seeds += runs;
        self.seeds - runs
    }

    /// Deviations so far.
    pub(crate) fn deviations(&self) -> usize {
        self.deviations.len()
    }

    /// Tests a column of one scenario.
    pub(crate) fn column(&mut self, scenario: &str, column: &Column) {
        let is_null = |values: &[Option<f64>]| -> Vec<f64> {
            values.iter().map(|v| if v.is_none() { 1.0 } else { 0.0 }).collect()
        };
        let (null_x, null_y) = (is_null(&column.kernel), is_null(&column.reference));
        let (x, y) = without_nulls(&column.kernel, &column.reference);
        let (x, y) = snapped(&x, &y);
        let place = Place { scenario, column: &column.name, mean_x: mean(&x), mean_y: mean(&y) };
        if null_x.iter().chain(&null_y).any(|&null| null > 0.0) {
            self.signs(&place, "null share", &null_x, &null_y);
        }
        self.signs(&place, "mean", &x, &y);
        if x == y {
            return;
        }
        let pooled_mean = place.mean_x.midpoint(place.mean_y);
        let squares = |values: &[f64]| -> Vec<f64> { values.iter().map(|v| (v - pooled_mean).powi(2)).collect() };
        self.signs(&place, "spread", &squares(&x), &squares(&y));
        let (rank_x, rank_y) = ranks(&x, &y);
        self.signs(&place, "rank", &rank_x, &rank_y);
        self.verdict(&place, "distribution", smirnov_ln_p(&rank_x, &rank_y));
    }

    /// The test by random signs of g(x) and g(y), for this place and for the pool of all scenarios.
    fn signs(&mut self, place: &Place, test: &'static str, gx: &[f64], gy: &[f64]) {
        let d: Vec<f64> = gx.iter().zip(gy).map(|(a, b)| a - b).collect();
        let squares: f64 = d.iter().map(|d| d * d).sum();
        let t = if squares > 0.0 { d.iter().sum::<f64>() / squares.sqrt() } else { 0.0 };
        if squares > 0.0 {
            let (sum, scenarios) = self.pooled.entry((place.column.to_owned(), test)).or_default();
            *sum += t;
            *scenarios += 1;
        }
        self.verdict(place, test, hoeffding_ln_p(t));
    }

    fn verdict(&mut self, place: &Place, test: &'static str, ln_p: f64) {
        self.tests += 1;
        if ln_p < libm::log(FALSE_ALARM / TESTS_MAX) {
            self.deviations.push(Deviation {
                scenario: place.scenario.to_owned(),
                column: place.column.to_owned(),
                test,
                ln_p,
                kernel_mean: place.mean_x,
                reference_mean: place.mean_y,
            });
        }
    }

    /// Tests the pool, and panics with the list of deviations if there is one. `tests_max` is the caller's share of
    /// [`TESTS_MAX`].
    pub(crate) fn finish(mut self, tests_max: f64) {
        for ((column, test), (sum, scenarios)) in std::mem::take(&mut self.pooled) {
            let t = sum / (scenarios as f64).sqrt();
            let scenario = format!("pool of {scenarios} scenarios, kernel − reference = {t:.1} standard errors");
            let place = Place { scenario: &scenario, column: &column, mean_x: f64::NAN, mean_y: f64::NAN };
            self.verdict(&place, test, hoeffding_ln_p(t));
        }
        assert!(self.tests as f64 <= tests_max, "{} tests, more than their share, {tests_max}", self.tests);
        self.deviations.sort_by(|a, b| a.ln_p.total_cmp(&b.ln_p));
        let lines: Vec<String> = self.deviations.iter().take(60).map(Deviation::to_string).collect();
        assert!(
            lines.is_empty(),
            "{} of {} tests found a difference between the kernel and the reference:\n{}",
            self.deviations.len(),
            self.tests,
            lines.join("\n")
        );
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Logarithm of Hoeffding's bound for a sum of t roots of its sum of squares.
fn hoeffding_ln_p(t: f64) -> f64 {
    std::f64::consts::LN_2 - t * t / 2.0
}

/// Puts the mean of all values that are not null for each null.
fn without_nulls(x: &[Option<f64>], y: &[Option<f64>]) -> (Vec<f64>, Vec<f64>) {
    let known: Vec<f64> = x.iter().chain(y).copied().flatten().collect();
    let filler = if known.is_empty() { 0.0 } else { mean(&known) };
    let fill = |values: &[Option<f64>]| values.iter().map(|v| v.unwrap_or(filler)).collect();
    (fill(x), fill(y))
}

/// Makes values equal that differ by rounding alone: hours are sums of ticks, which may be summed in another order.
fn snapped(x: &[f64], y: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let mut sorted: Vec<f64> = x.iter().chain(y).copied().collect();
    sorted.sort_by(f64::total_cmp);
    let mut first_of_group = f64::NEG_INFINITY;
    let mut groups = Vec::new();
    for value in sorted {
        if value - first_of_group > 1e-9 * value.abs().max(1e-9) {
            first_of_group = value;
            groups.push(value);
        }
    }
    let snap = |values: &[f64]| -> Vec<f64> {
        values.iter().map(|&v| groups[groups.partition_point(|&g| g <= v) - 1]).collect()
    };
    (snap(x), snap(y))
}

/// Ranks in the pooled sample, 0 the lowest; equal values share the mean of theirs.
fn ranks(x: &[f64], y: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let mut sorted: Vec<f64> = x.iter().chain(y).copied().collect();
    sorted.sort_by(f64::total_cmp);
    let rank = |v: &f64| {
        let below = sorted.partition_point(|s| s < v);
        let up_to = sorted.partition_point(|s| s <= v);
        (below + up_to - 1) as f64 / 2.0
    };
    (x.iter().map(rank).collect(), y.iter().map(rank).collect())
}

/// Logarithm of the bound on the p-value of the largest distance of the two distribution functions.
fn smirnov_ln_p(x: &[f64], y: &[f64]) -> f64 {
    let n = x.len();
    let (mut x, mut y) = (x.to_vec(), y.to_vec());
    x.sort_by(f64::total_cmp);
    y.sort_by(f64::total_cmp);
    let up_to = |values: &[f64], v: f64| values.partition_point(|&s| s <= v);
    let k = x.iter().chain(&y).map(|&v| up_to(&x, v).abs_diff(up_to(&y, v))).max().unwrap_or(0);
    // C(2n, n − k) / C(2n, n) = Π (n − k + i) / (n + i) over i = 1 … k
    let ratio: f64 = (1..=k).map(|i| libm::log(((n - k + i) as f64) / ((n + i) as f64))).sum();
    std::f64::consts::LN_2 + ratio
}
