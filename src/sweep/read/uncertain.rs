//! Reads `[uncertain]`: the distributions of the inputs that are drawn anew for every replicate.

use super::hints::unknown;
use super::reader::Reader;
use super::scenario;
use crate::parameters::{Domain, Parameter};
use crate::sweep::types::{Axis, AxisPoints, Distribution, Uncertain};

/// The distributions.
const LAWS: [&str; 6] = ["beta", "discrete", "lognormal", "normal", "triangular", "uniform"];
/// The distributions, and what a factor is written with.
const LAWS_OR_FACTOR: [&str; 7] = ["beta", "discrete", "factor", "lognormal", "normal", "triangular", "uniform"];

/// Smallest standard deviation of a beta law; below it the sampler would lose its precision.
const BETA_SD_MIN: f64 = 1e-6;

/// Reads `[uncertain]`, sorted by the parameters' names.
pub(super) fn uncertain(root: &Reader, axes: &[Axis]) -> Vec<Uncertain> {
    let Some(table) = root.get_table("uncertain") else { return Vec::new() };
    let inputs = scenario::settings(&table, &[]).into_iter();
    let mut inputs: Vec<Uncertain> = inputs.filter_map(|(parameter, law)| input(parameter, law, axes)).collect();
    inputs.sort_by_key(|input| input.parameter.name);
    inputs
}

fn input(parameter: &'static Parameter, input: Reader, axes: &[Axis]) -> Option<Uncertain> {
    if !parameter.domain.is_numeric() {
        let expected = parameter.expectation();
        input.report_key(format!("only numbers can be drawn; expected a numeric parameter, this one is {expected}"));
        return None;
    }
    let (law, reader) = only_entry(&input.clone().table()?, &LAWS_OR_FACTOR)?;
    if law == "factor" {
        let (law, reader) = only_entry(&reader.table()?, &LAWS)?;
        return Some(Uncertain { parameter, distribution: distribution(law, reader, None)?, factor: true });
    }
    let whole = matches!(parameter.domain, Domain::Integer(..)).then_some(parameter);
    let distribution = distribution(law, reader, whole)?;
    if axes.iter().any(|axis| axis.parameter() == Some(parameter)) {
        let message = "the parameter is on an axis, so a draw would replace the axis' value; expected { factor = { … } }, which multiplies it";
        input.report_key(message);
        return None;
    }
    let never_drawn = |axis: &Axis| match &axis.points {
        AxisPoints::Values { .. } => false,
        AxisPoints::Variants(variants) => variants.iter().all(|variant| variant.sets(parameter)),
    };
    if axes.iter().any(never_drawn) {
        let message = "every variant of an axis sets the parameter, so it would never be drawn; expected { factor = { … } }, which multiplies the variant's value";
        input.report_key(message);
        return None;
    }
    Some(Uncertain { parameter, distribution, factor: false })
}

/// The one entry of a table such as `{ beta = { … } }`.
fn only_entry<'a>(table: &Reader<'a>, laws: &[&str]) -> Option<(&'a str, Reader<'a>)> {
    let mut entries: Vec<(&str, Reader)> = table.entries().collect();
    match (entries.pop(), entries.len()) {
        (Some((law, reader)), 0) => {
            if !laws.contains(&law) {
                reader.report_key(unknown("distribution", law, laws));
                return None;
            }
            Some((law, reader))
        }
        (last, others) => {
            let count = others + usize::from(last.is_some());
            table.report(format!("{count} distributions; expected one of {}", laws.join(", ")));
            None
        }
    }
}

/// Reads a law, whose values are those of a parameter of whole numbers if one is given.
fn distribution(law: &str, reader: Reader, whole: Option<&Parameter>) -> Option<Distribution> {
    let table = reader.table()?;
    match law {
        "uniform" => uniform(&table, whole),
        "normal" => normal(&table),
        "lognormal" => lognormal(&table),
        "beta" => beta(&table),
        "triangular" => triangular(&table),
        _ => discrete(&table, whole),
    }
}

/// Reports a value of a law of whole numbers that is none: it would be rounded without a word.
fn check_whole(written: &Reader, parameter: &Parameter) {
    if written.node().as_number().is_some_and(|x| x.is_finite() && x.fract() != 0.0) {
        written.refuse(&format!("a whole number, as {} is one", parameter.name));
    }
}

fn finite(law: &Reader, key: &str) -> Option<f64> {
    law.number_of(key, f64::is_finite, "a finite number")
}

/// A standard deviation, of the value or of its logarithm.
fn spread(law: &Reader, key: &str) -> Option<f64> {
    law.number_of(key, |x| x >= 0.0 && x.is_finite(), "a finite number ≥ 0")
}

/// The two ends of a law, of which the second is the larger one.
fn ends(law: &Reader) -> Option<(f64, f64)> {
    let Some(from) = finite(law, "from") else {
        finite(law, "to");
        return None;
    };
    let expected = format!("a finite number > from, {from}");
    Some((from, law.number_of("to", |x| x > from && x.is_finite(), &expected)?))
}

fn uniform(law: &Reader, whole: Option<&Parameter>) -> Option<Distribution> {
    law.allow(&["from", "to"]);
    if let Some(parameter) = whole {
        ["from", "to"].iter().filter_map(|end| law.get(end)).for_each(|end| check_whole(&end, parameter));
    }
    let (from, to) = ends(law)?;
    Some(Distribution::Uniform { from, to })
}

fn normal(law: &Reader) -> Option<Distribution> {
    law.allow(&["mean", "sd"]);
    let (mean, sd) = (finite(law, "mean"), spread(law, "sd"));
    Some(Distribution::Normal { mean: mean?, sd: sd? })
}

fn lognormal(law: &Reader) -> Option<Distribution> {
    law.allow(&["median", "sigma"]);
    let median = law.number_of("median", |x| x > 0.0 && x.is_finite(), "a finite number > 0");
    let sigma = spread(law, "sigma");
    Some(Distribution::Lognormal { median: median?, sigma: sigma? })
}

fn beta(law: &Reader) -> Option<Distribution> {
    law.allow(&["mean", "sd"]);
    let mean = law.number_of("mean", |x| x > 0.0 && x < 1.0, "a number between 0 and 1, neither included");
    let Some(mean) = mean else {
        spread(law, "sd");
        return None;
    };
    let limit = (mean * (1.0 - mean)).sqrt();
    let expected = format!("a number, {BETA_SD_MIN} … < √(mean (1 − mean)) = {limit:.6}");
    let sd = law.number_of("sd", |x| x >= BETA_SD_MIN && x * x < mean * (1.0 - mean), &expected)?;
    Some(Distribution::Beta { mean, sd })
}

fn triangular(law: &Reader) -> Option<Distribution> {
    law.allow(&["from", "mode", "to"]);
    let (from, to) = ends(law)?;
    let expected = format!("a number between from and to, {from} … {to}");
    let mode = law.number_of("mode", |x| (from..=to).contains(&x), &expected)?;
    Some(Distribution::Triangular { from, mode, to })
}

fn discrete(law: &Reader, whole: Option<&Parameter>) -> Option<Distribution> {
    law.allow(&["values", "weights"]);
    let values = numbers(law, "values", f64::is_finite, "a finite number");
    let weights = numbers(law, "weights", |x| x >= 0.0 && x.is_finite(), "a finite number ≥ 0");
    let ((values, listed), (weights, weighed)) = (values?, weights?);
    if let Some(parameter) = whole {
        listed.list("a list of numbers").iter().flatten().for_each(|value| check_whole(value, parameter));
    }
    let sum: f64 = weights.iter().sum();
    if values.is_empty() {
        listed.refuse("at least one value");
    } else if values.len() != weights.len() {
        let counts = format!("{} weights for {} values", weights.len(), values.len());
        weighed.report(format!("{counts}; expected one weight for each value"));
    } else if !(sum > 0.0 && sum.is_finite()) {
        weighed.report(format!("the weights sum to {sum}; expected a finite sum > 0"));
    } else {
        return Some(Distribution::Discrete { values, weights });
    }
    None
}

/// The numbers of a list that has to be there, and the list.
fn numbers<'a>(
    law: &Reader<'a>,
    key: &str,
    test: impl Fn(f64) -> bool,
    expected: &str,
) -> Option<(Vec<f64>, Reader<'a>)> {
    let list = law.require(key, "a list of numbers")?;
    let items = list.list("a list of numbers")?;
    let numbers: Vec<Option<f64>> = items.iter().map(|item| item.number(&test, expected)).collect();
    Some((numbers.into_iter().collect::<Option<_>>()?, list))
}
