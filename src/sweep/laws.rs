//! Reads `[uncertain]`: the distributions of the inputs that are drawn anew for every replicate.

use super::document::{Entry, Fields, Node, unknown};
use super::error::Problems;
use super::scenario::{self, Mention};
use super::{Axis, AxisPoints, Distribution, Uncertain};

const LAWS: [&str; 7] = ["beta", "discrete", "factor", "lognormal", "normal", "triangular", "uniform"];

/// Smallest standard deviation of a beta law; below it the sampler would lose its precision.
const BETA_SD_MIN: f64 = 1e-6;

/// Reads `[uncertain]`, sorted by the parameters' names.
pub(super) fn uncertain(fields: &Fields, axes: &[Axis], problems: &mut Problems) -> Vec<Uncertain> {
    let mut inputs: Vec<Uncertain> = scenario::mentions(fields, &[], problems)
        .into_iter()
        .filter_map(|mention| input(&mention, &fields.key(mention.parameter.name), axes, problems))
        .collect();
    inputs.sort_by_key(|input| input.parameter.name);
    inputs
}

fn input(mention: &Mention, key: &str, axes: &[Axis], problems: &mut Problems) -> Option<Uncertain> {
    let parameter = mention.parameter;
    if !parameter.is_numeric() {
        let message =
            format!("only numbers can be drawn; expected a numeric parameter, this one is {}", parameter.expectation());
        problems.report(mention.place, key, message);
        return None;
    }
    let law = single(mention.node, key, &LAWS, problems)?;
    let factor = law.key == "factor";
    let distribution = if factor {
        let laws: Vec<&str> = LAWS.into_iter().filter(|law| *law != "factor").collect();
        let key = format!("{key}.factor");
        let inner = single(&law.node, &key, &laws, problems)?;
        distribution(inner, &format!("{key}.{}", inner.key), problems)?
    } else {
        distribution(law, &format!("{key}.{}", law.key), problems)?
    };
    if !factor && axes.iter().any(|axis| axis.parameter() == Some(parameter)) {
        let message = "the parameter is on an axis, so a draw would replace the axis' value; expected { factor = { … } }, which multiplies it";
        problems.report(mention.place, key, message);
        return None;
    }
    let never_drawn = |axis: &Axis| match &axis.points {
        AxisPoints::Values { .. } => false,
        AxisPoints::Variants(variants) => variants.iter().all(|variant| variant.sets(parameter)),
    };
    if !factor && axes.iter().any(never_drawn) {
        let message = "every variant of an axis sets the parameter, so it would never be drawn; expected { factor = { … } }, which multiplies the variant's value";
        problems.report(mention.place, key, message);
        return None;
    }
    Some(Uncertain { parameter, distribution, factor })
}

/// The one entry of a table such as `{ beta = { … } }`.
fn single<'a>(node: &'a Node, key: &str, laws: &[&str], problems: &mut Problems) -> Option<&'a Entry> {
    let fields = Fields::of(node, key, problems)?;
    match fields.entries {
        [entry] if laws.contains(&entry.key.as_str()) => Some(entry),
        [entry] => {
            problems.report(&entry.place, &fields.key(&entry.key), unknown("distribution", &entry.key, laws));
            None
        }
        entries => {
            let message = format!("{} distributions; expected one of {}", entries.len(), laws.join(", "));
            problems.report(&node.place, key, message);
            None
        }
    }
}

fn distribution(law: &Entry, key: &str, problems: &mut Problems) -> Option<Distribution> {
    let fields = Fields::of(&law.node, key, problems)?;
    let allowed: &[&str] = match law.key.as_str() {
        "uniform" => &["from", "to"],
        "normal" | "beta" => &["mean", "sd"],
        "lognormal" => &["median", "sigma"],
        "triangular" => &["from", "mode", "to"],
        _ => &["values", "weights"],
    };
    fields.allow(allowed, problems);
    let finite = |key: &str, problems: &mut Problems| fields.number(key, f64::is_finite, "a finite number", problems);
    let spread = |key: &str, problems: &mut Problems| {
        fields.number(key, |x| x >= 0.0 && x.is_finite(), "a finite number ≥ 0", problems)
    };
    match law.key.as_str() {
        "uniform" => {
            let from = finite("from", problems)?;
            let to = fields.number(
                "to",
                |x| x > from && x.is_finite(),
                &format!("a finite number > from, {from}"),
                problems,
            )?;
            Some(Distribution::Uniform { from, to })
        }
        "normal" => Some(Distribution::Normal { mean: finite("mean", problems)?, sd: spread("sd", problems)? }),
        "lognormal" => {
            let median = fields.number("median", |x| x > 0.0 && x.is_finite(), "a finite number > 0", problems)?;
            Some(Distribution::Lognormal { median, sigma: spread("sigma", problems)? })
        }
        "beta" => {
            let mean = fields.number(
                "mean",
                |x| x > 0.0 && x < 1.0,
                "a number between 0 and 1, neither included",
                problems,
            )?;
            let limit = (mean * (1.0 - mean)).sqrt();
            let expected = format!("a number, {BETA_SD_MIN} … < √(mean (1 − mean)) = {limit:.6}");
            let sd = fields.number("sd", |x| x >= BETA_SD_MIN && x * x < mean * (1.0 - mean), &expected, problems)?;
            Some(Distribution::Beta { mean, sd })
        }
        "triangular" => {
            let from = finite("from", problems)?;
            let to = fields.number(
                "to",
                |x| x > from && x.is_finite(),
                &format!("a finite number > from, {from}"),
                problems,
            )?;
            let expected = format!("a number between from and to, {from} … {to}");
            let mode = fields.number("mode", |x| (from..=to).contains(&x), &expected, problems)?;
            Some(Distribution::Triangular { from, mode, to })
        }
        _ => discrete(&fields, problems),
    }
}

fn discrete(fields: &Fields, problems: &mut Problems) -> Option<Distribution> {
    let values = numbers(fields, "values", f64::is_finite, "a finite number", problems)?;
    let weights = numbers(fields, "weights", |x| x >= 0.0 && x.is_finite(), "a finite number ≥ 0", problems)?;
    let node = fields.get("weights")?;
    let sum: f64 = weights.iter().sum();
    if values.is_empty() {
        fields.refuse("values", fields.get("values")?, "at least one value", problems);
    } else if values.len() != weights.len() {
        let message =
            format!("{} weights for {} values; expected one weight for each value", weights.len(), values.len());
        problems.report(&node.place, &fields.key("weights"), message);
    } else if !(sum > 0.0 && sum.is_finite()) {
        problems.report(
            &node.place,
            &fields.key("weights"),
            format!("the weights sum to {sum}; expected a finite sum > 0"),
        );
    } else {
        return Some(Distribution::Discrete { values, weights });
    }
    None
}

fn numbers(
    fields: &Fields,
    key: &str,
    test: impl Fn(f64) -> bool,
    expected: &str,
    problems: &mut Problems,
) -> Option<Vec<f64>> {
    let nodes = fields.list(key, "a list of numbers", problems)?;
    let read = |node: &Node| {
        let number = node.as_number().filter(|&x| test(x));
        if number.is_none() {
            fields.refuse(key, node, expected, problems);
        }
        number
    };
    nodes.iter().map(read).collect()
}
