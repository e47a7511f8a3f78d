//! Reads `[uncertain]`: the distributions of the inputs that are drawn anew for every replicate.

use super::hints::unknown;
use super::quantities::Quantities;
use super::reader::Reader;
use crate::parameters::{Domain, Quantity};
use crate::sweep::keys::{Key, Table, beta, discrete, lognormal, normal, triangular, uncertain, uniform};
use crate::sweep::types::{Axis, AxisPoints, Distribution, Uncertain};

/// The distributions, and what a factor is written with, in the order of their names.
fn laws_or_factor() -> Vec<&'static str> {
    let mut names: Vec<&str> = laws().into_iter().chain([uncertain::FACTOR.name]).collect();
    names.sort_unstable();
    names
}

/// The distributions.
fn laws() -> Vec<&'static str> {
    Table::LAWS.iter().map(|(name, _)| *name).collect()
}

/// Reads `[uncertain]`, sorted by the parameters' names.
pub(super) fn uncertain(root: &Reader, quantities: &Quantities, axes: &[Axis]) -> Vec<Uncertain> {
    let Some(table) = root.get_table("uncertain") else { return Vec::new() };
    let inputs = quantities.settings(&table, &[]).into_iter();
    let mut inputs: Vec<Uncertain> = inputs.filter_map(|(parameter, law)| input(parameter, law, axes)).collect();
    inputs.sort_by(|a, b| a.parameter.name().cmp(b.parameter.name()));
    inputs
}

fn input(parameter: Quantity, input: Reader, axes: &[Axis]) -> Option<Uncertain> {
    if !parameter.domain().is_numeric() {
        let expected = parameter.expectation();
        input.report_key(format!("only numbers can be drawn; expected a numeric parameter, this one is {expected}"));
        return None;
    }
    let (law, reader) = only_entry(&input.clone().table()?, &laws_or_factor())?;
    if law == uncertain::FACTOR.name {
        let (law, reader) = only_entry(&reader.table()?, &laws())?;
        return Some(Uncertain { parameter, distribution: distribution(law, reader, None)?, factor: true });
    }
    let whole = matches!(parameter.domain(), Domain::Integer(..)).then_some(&parameter);
    let distribution = distribution(law, reader, whole)?;
    if axes.iter().any(|axis| axis.parameter() == Some(&parameter)) {
        let message = "the parameter is on an axis, so a draw would replace the axis' value; expected { factor = { … } }, which multiplies it";
        input.report_key(message);
        return None;
    }
    let never_drawn = |axis: &Axis| match &axis.points {
        AxisPoints::Values { .. } => false,
        AxisPoints::Variants(variants) => variants.iter().all(|variant| variant.sets(&parameter)),
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
fn distribution(law: &str, reader: Reader, whole: Option<&Quantity>) -> Option<Distribution> {
    let table = reader.table()?;
    match law {
        "uniform" => read_uniform(&table, whole),
        "normal" => read_normal(&table),
        "lognormal" => read_lognormal(&table),
        "beta" => read_beta(&table),
        "triangular" => read_triangular(&table),
        _ => read_discrete(&table, whole),
    }
}

/// Reports a value of a law of whole numbers that is none: it would be rounded without a word.
fn check_whole(written: &Reader, parameter: &Quantity) {
    if written.node().as_number().is_some_and(|x| x.is_finite() && x.fract() != 0.0) {
        written.refuse(&format!("a whole number, as {} is one", parameter.name()));
    }
}

/// The two ends of a law, of which the second is the larger one.
fn ends(law: &Reader, [from, to]: [&Key; 2]) -> Option<(f64, f64)> {
    let Some(low) = law.number_at(from) else {
        law.number_at(to);
        return None;
    };
    Some((low, law.number_where(to, |x| x > low, &format!("a finite number > from, {low}"))?))
}

fn read_uniform(law: &Reader, whole: Option<&Quantity>) -> Option<Distribution> {
    law.allow_keys(&uniform::TABLE);
    if let Some(parameter) = whole {
        let ends = [uniform::FROM, uniform::TO].into_iter().filter_map(|end| law.get(end.name));
        ends.for_each(|end| check_whole(&end, parameter));
    }
    let (from, to) = ends(law, [&uniform::FROM, &uniform::TO])?;
    Some(Distribution::Uniform { from, to })
}

fn read_normal(law: &Reader) -> Option<Distribution> {
    law.allow_keys(&normal::TABLE);
    let (mean, sd) = (law.number_at(&normal::MEAN), law.number_at(&normal::SD));
    Some(Distribution::Normal { mean: mean?, sd: sd? })
}

fn read_lognormal(law: &Reader) -> Option<Distribution> {
    law.allow_keys(&lognormal::TABLE);
    let (median, sigma) = (law.number_at(&lognormal::MEDIAN), law.number_at(&lognormal::SIGMA));
    Some(Distribution::Lognormal { median: median?, sigma: sigma? })
}

fn read_beta(law: &Reader) -> Option<Distribution> {
    law.allow_keys(&beta::TABLE);
    let Some(mean) = law.number_at(&beta::MEAN) else {
        law.number_at(&beta::SD);
        return None;
    };
    let (least, limit) = (beta::SD.bounds().low, (mean * (1.0 - mean)).sqrt());
    let expected = format!("a number, {least} … < √(mean (1 − mean)) = {limit:.6}");
    let sd = law.number_where(&beta::SD, |x| x * x < mean * (1.0 - mean), &expected)?;
    Some(Distribution::Beta { mean, sd })
}

fn read_triangular(law: &Reader) -> Option<Distribution> {
    law.allow_keys(&triangular::TABLE);
    let (from, to) = ends(law, [&triangular::FROM, &triangular::TO])?;
    let expected = format!("a number between from and to, {from} … {to}");
    let mode = law.number_where(&triangular::MODE, |x| (from..=to).contains(&x), &expected)?;
    Some(Distribution::Triangular { from, mode, to })
}

fn read_discrete(law: &Reader, whole: Option<&Quantity>) -> Option<Distribution> {
    law.allow_keys(&discrete::TABLE);
    let (values, weights) = (numbers(law, &discrete::VALUES), numbers(law, &discrete::WEIGHTS));
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

/// The numbers of a list, and the list.
fn numbers<'a>(law: &Reader<'a>, key: &Key) -> Option<(Vec<f64>, Reader<'a>)> {
    let (list, bounds) = (law.at(key)?, key.bounds());
    let items = list.list("a list of numbers")?;
    let numbers: Vec<Option<f64>> =
        items.iter().map(|item| item.number(|x| bounds.contains(x), &bounds.to_string())).collect();
    Some((numbers.into_iter().collect::<Option<_>>()?, list))
}
