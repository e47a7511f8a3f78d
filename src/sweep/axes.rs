//! Reads `[[axis]]`: the swept parameters and the lists of variants.

use std::collections::{BTreeMap, BTreeSet};

use super::document::{Fields, Node};
use super::error::{Place, Problems};
use super::{Axis, AxisPoints, Variant, scenario};
use crate::engine::outcome::OUTPUTS;
use crate::parameters::{Kind, PARAMETERS, Parameter, Value};

/// Most points of one axis.
const POINTS_MAX: u64 = 10_000_000;
/// Decimal digits that generated points are rounded to, so that 0.3 is not 0.30000000000000004.
const DIGITS: usize = 12;
/// Columns of the surface that are not made from an output's name.
const SURFACE_COLUMNS: [&str; 5] =
    ["replicates", "outages", "outage_probability", "outage_probability_low", "outage_probability_high"];

/// An axis that was read, but whose points are not made yet: its size is checked before anything is allocated.
struct Plan<'a> {
    place: Place,
    name: String,
    points: PlannedPoints<'a>,
    size: u64,
}

enum PlannedPoints<'a> {
    Values { parameter: &'static Parameter, values: Vec<Value> },
    Spaced { parameter: &'static Parameter, node: &'a Node, from: f64, to: f64, logarithmic: bool },
    Variants(Vec<Variant>),
}

/// Reads the axes. Problems are reported; the axes are complete only if there were none.
pub(super) fn axes(root: &Fields, problems: &mut Problems) -> Vec<Axis> {
    let plans: Vec<Plan> =
        scenario::tables(root, "axis", problems).iter().filter_map(|fields| plan(fields, problems)).collect();
    check_names(&plans, problems);
    check_parameters(&plans, problems);
    let mut cells: u128 = 1;
    for plan in &plans {
        cells = cells.saturating_mul(u128::from(plan.size));
        if cells > u128::from(u32::MAX) {
            let sizes: Vec<String> = plans.iter().map(|plan| plan.size.to_string()).collect();
            let all = plans.iter().fold(1_u128, |product, plan| product.saturating_mul(u128::from(plan.size)));
            let message =
                format!("the design has {all} cells ({}), but at most {} are allowed", sizes.join(" × "), u32::MAX);
            problems.report(&plan.place, "axis", message);
            break;
        }
    }
    if !problems.is_empty() {
        return Vec::new();
    }
    plans.into_iter().map(|plan| axis(plan, problems)).collect()
}

fn plan<'a>(fields: &Fields<'a>, problems: &mut Problems) -> Option<Plan<'a>> {
    fields.allow(&["parameter", "name", "values", "linear", "logarithmic", "variants"], problems);
    let kinds: Vec<&str> =
        ["values", "linear", "logarithmic", "variants"].into_iter().filter(|kind| fields.get(kind).is_some()).collect();
    let [kind] = kinds.as_slice() else {
        let message = if kinds.is_empty() {
            "the axis has no points; expected one of values, linear, logarithmic, variants".to_owned()
        } else {
            format!("{} exclude each other; expected one of values, linear, logarithmic, variants", kinds.join(" and "))
        };
        problems.report(&fields.place, &fields.path, message);
        return None;
    };
    if *kind == "variants" { plan_variants(fields, problems) } else { plan_values(fields, kind, problems) }
}

fn plan_values<'a>(fields: &Fields<'a>, kind: &str, problems: &mut Problems) -> Option<Plan<'a>> {
    if let Some(node) = fields.get("name") {
        let message = "only an axis of variants has a name; this one is called as its parameter";
        problems.report(&node.place, &fields.key("name"), message);
    }
    let node = fields.require("parameter", "the dotted name of a parameter", problems)?;
    let name = fields.text("parameter", problems)?;
    let key = fields.key("parameter");
    let Some(parameter) = Parameter::find(name) else {
        problems.report(&node.place, &key, format!("{node}: {}", scenario::unknown_parameter(name)));
        return None;
    };
    if parameter.kind == Kind::Regions {
        let message = format!("{name} is not a single value; expected another parameter, or an axis of variants");
        problems.report(&node.place, &key, message);
        return None;
    }
    let place = node.place.clone();
    let (points, size) = if kind == "values" {
        let values = listed_values(fields, parameter, problems)?;
        let size = values.len() as u64;
        (PlannedPoints::Values { parameter, values }, size)
    } else {
        spaced(fields, kind, parameter, problems)?
    };
    Some(Plan { place, name: parameter.name.to_owned(), points, size })
}

fn listed_values(fields: &Fields, parameter: &'static Parameter, problems: &mut Problems) -> Option<Vec<Value>> {
    let key = fields.key("values");
    let nodes = fields.list("values", "a list of values", problems)?;
    if nodes.is_empty() {
        problems.report(&fields.get("values")?.place, &key, "the axis has no points; expected at least one value");
        return None;
    }
    let mut seen = BTreeSet::new();
    let mut values = Vec::with_capacity(nodes.len());
    for node in nodes {
        let value = scenario::value(parameter, node, &key, problems)?;
        if !seen.insert(value.to_string()) {
            problems.report(&node.place, &key, format!("{value} is listed twice; all values must differ"));
            return None;
        }
        values.push(value);
    }
    Some(values)
}

fn spaced<'a>(
    fields: &Fields<'a>,
    kind: &str,
    parameter: &'static Parameter,
    problems: &mut Problems,
) -> Option<(PlannedPoints<'a>, u64)> {
    let node = fields.get(kind)?;
    let key = fields.key(kind);
    if !parameter.is_numeric() {
        let message =
            format!("{} is not a number; expected values = [ … ], each {}", parameter.name, parameter.expectation());
        problems.report(&node.place, &key, message);
        return None;
    }
    let range = Fields::of(node, &key, problems)?;
    range.allow(&["from", "to", "points"], problems);
    let from = range_end(&range, "from", parameter, problems);
    let to = range_end(&range, "to", parameter, problems);
    if range.get("points").is_none() {
        range.missing("points", &format!("a whole number, 1 … {POINTS_MAX}"), problems);
    }
    let size = range.whole("points", 1, POINTS_MAX, problems);
    let (from, to, size) = (from?, to?, size?);
    let logarithmic = kind == "logarithmic";
    let place = &range.get("points")?.place;
    if logarithmic && from <= 0.0 {
        range.refuse("from", range.get("from")?, "a number > 0 on a logarithmic axis", problems);
    } else if from > to {
        range.refuse("to", range.get("to")?, &format!("at least from, {from}"), problems);
    } else if from == to && size > 1 {
        problems.report(
            place,
            &range.key("points"),
            format!("{size} points from {from} to {to} are all the same; expected 1 point"),
        );
    } else if from < to && size == 1 {
        problems.report(
            place,
            &range.key("points"),
            format!("1 point cannot reach from {from} to {to}; expected at least 2"),
        );
    } else {
        return Some((PlannedPoints::Spaced { parameter, node, from, to, logarithmic }, size));
    }
    None
}

fn range_end(range: &Fields, key: &str, parameter: &'static Parameter, problems: &mut Problems) -> Option<f64> {
    let node = range.require(key, &parameter.expectation(), problems)?;
    let value = scenario::value(parameter, node, &range.key(key), problems)?.as_f64()?;
    if value.is_infinite() {
        range.refuse(key, node, "a finite number (inf can be one of a list of values)", problems);
        return None;
    }
    Some(value)
}

fn plan_variants<'a>(fields: &Fields<'a>, problems: &mut Problems) -> Option<Plan<'a>> {
    if let Some(node) = fields.get("parameter") {
        let message = "an axis of variants has no parameter of its own; expected a name";
        problems.report(&node.place, &fields.key("parameter"), message);
    }
    let node = fields.require("name", "a name for the axis, the name of its column", problems)?;
    let name = fields.text("name", problems)?;
    if name.is_empty() || name.len() > 64 || name.chars().any(char::is_control) {
        fields.refuse("name", node, "1 … 64 characters on one line", problems);
    }
    let list = fields.list("variants", "a list of { label = \"…\", parameters … }", problems)?;
    let key = fields.key("variants");
    if list.is_empty() {
        problems.report(&fields.get("variants")?.place, &key, "the axis has no points; expected at least one variant");
        return None;
    }
    let mut labels = BTreeSet::new();
    let mut variants = Vec::with_capacity(list.len());
    for node in list {
        let variant = variant(&Fields::of(node, &key, problems)?, problems)?;
        if !labels.insert(variant.label.clone()) {
            let message = format!("{:?} is the label of two variants; all labels must differ", variant.label);
            problems.report(&node.place, &key, message);
            return None;
        }
        variants.push(variant);
    }
    let size = variants.len() as u64;
    Some(Plan { place: node.place.clone(), name: name.to_owned(), points: PlannedPoints::Variants(variants), size })
}

fn variant(fields: &Fields, problems: &mut Problems) -> Option<Variant> {
    let node = fields.require("label", "a text in quotes", problems)?;
    let label = fields.text("label", problems)?;
    if label.is_empty() || label.chars().any(char::is_control) {
        fields.refuse("label", node, "at least one character, on one line", problems);
    }
    let mut settings = Vec::new();
    for mention in scenario::mentions(fields, &["label"], problems) {
        let key = fields.key(mention.parameter.name);
        settings.push((mention.parameter, scenario::value(mention.parameter, mention.node, &key, problems)?));
    }
    // The order of settings inside a variant has no meaning; sorted ones compare equal.
    settings.sort_by_key(|(parameter, _)| parameter.name);
    Some(Variant { label: label.to_owned(), settings })
}

/// An axis of variants is a column, so its name must be no other column's.
fn check_names(plans: &[Plan], problems: &mut Problems) {
    let mut names = BTreeSet::new();
    for plan in plans.iter().filter(|plan| matches!(plan.points, PlannedPoints::Variants(_))) {
        let name = plan.name.as_str();
        let of_output = OUTPUTS.iter().any(|output| {
            name == output.name
                || ["_mean", "_sd", "_q05", "_q50", "_q95"]
                    .iter()
                    .any(|end| name.strip_suffix(end) == Some(output.name))
        });
        let of_parameter = PARAMETERS.iter().any(|p| p.name == name || name.strip_suffix("_drawn") == Some(p.name));
        let taken = of_output || of_parameter || SURFACE_COLUMNS.contains(&name);
        if taken || ["cell", "replicate", "seed"].contains(&name) {
            problems.report(
                &plan.place,
                "axis.name",
                format!("{name:?} is the name of another column; expected a new name"),
            );
        } else if !names.insert(name) {
            problems.report(&plan.place, "axis.name", format!("{name:?} is the name of two axes; expected a new name"));
        }
    }
}

/// A parameter that two axes set would have the value of one and the column of the other.
fn check_parameters(plans: &[Plan], problems: &mut Problems) {
    let mut owner: BTreeMap<&str, &str> = BTreeMap::new();
    for plan in plans {
        let swept: BTreeSet<&str> = match &plan.points {
            PlannedPoints::Values { parameter, .. } | PlannedPoints::Spaced { parameter, .. } => {
                [parameter.name].into()
            }
            PlannedPoints::Variants(variants) => {
                variants.iter().flat_map(|variant| &variant.settings).map(|(parameter, _)| parameter.name).collect()
            }
        };
        for parameter in swept {
            if let Some(other) = owner.insert(parameter, &plan.name) {
                let message = format!("{parameter} is on two axes, {other:?} and {:?}; it may be on one", plan.name);
                problems.report(&plan.place, "axis", message);
            }
        }
    }
}

/// Makes the points of an axis whose size was checked.
fn axis(plan: Plan, problems: &mut Problems) -> Axis {
    let points = match plan.points {
        PlannedPoints::Values { parameter, values } => AxisPoints::Values { parameter, values, logarithmic: false },
        PlannedPoints::Variants(variants) => AxisPoints::Variants(variants),
        PlannedPoints::Spaced { parameter, node, from, to, logarithmic } => {
            let size = plan.size as usize;
            let values = spaced_values(parameter, from, to, size, logarithmic);
            if values.windows(2).any(|pair| pair[0] == pair[1]) {
                let whole = matches!(parameter.kind, Kind::Integer(..));
                let rounded = if whole { "whole numbers" } else { "12 digits" };
                let message = format!(
                    "{size} points from {from} to {to} are not all different once rounded to {rounded}; expected fewer"
                );
                problems.report(&node.place, "axis", message);
            }
            AxisPoints::Values { parameter, values, logarithmic: logarithmic && size > 1 }
        }
    };
    Axis { name: plan.name, points }
}

/// The points between two ends, evenly spaced or so in the logarithm. The ends are exact; a point between them depends
/// on the ends, their number and its index alone, and is rounded to 12 digits, or to a whole number.
pub(super) fn spaced_values(
    parameter: &'static Parameter,
    from: f64,
    to: f64,
    size: usize,
    logarithmic: bool,
) -> Vec<Value> {
    let last = size.saturating_sub(1);
    let (log_from, log_to) = (libm::log(from), libm::log(to));
    let point = |index: usize| {
        if index == 0 {
            return from;
        }
        if index == last {
            return to;
        }
        let share = index as f64 / last as f64;
        let exact = if logarithmic {
            libm::exp(log_from + (log_to - log_from) * share)
        } else {
            from * (1.0 - share) + to * share
        };
        format!("{exact:.*e}", DIGITS - 1).parse().unwrap_or(exact).clamp(from, to)
    };
    (0..size).filter_map(|index| parameter.value_from_f64(point(index))).collect()
}
