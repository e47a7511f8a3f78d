//! Reads `[[axis]]`: the swept parameters and the lists of variants.

use std::collections::{BTreeMap, BTreeSet};

use super::design::Wanted;
use super::document::Content;
use super::quantities::{EVENTS, Quantities};
use super::reader::Reader;
use super::{scenario, settings};
use crate::parameters::{Domain, Quantity, Value};
use crate::sweep::columns;
use crate::sweep::design::{first_rounded, spaced_values};
use crate::sweep::keys::{self, span};
use crate::sweep::types::{Axis, AxisPoints, Variant};

/// Most characters of the name of an axis of variants, which is that of a column.
const NAME_MAX: usize = 64;
/// The keys of the points of an axis, of which it has one.
const POINTS: [&str; 4] = ["values", "linear", "logarithmic", "variants"];

/// An axis that was read, but whose points are not made yet: its size is checked before anything is allocated.
struct Plan<'a> {
    /// The parameter or the name of the axis, as it was written.
    named: Reader<'a>,
    name: String,
    points: PlannedPoints<'a>,
    size: u64,
}

enum PlannedPoints<'a> {
    Values {
        parameter: Quantity,
        values: Vec<Value>,
    },
    Spaced {
        parameter: Quantity,
        range: Reader<'a>,
        from: f64,
        to: f64,
        logarithmic: bool,
    },
    /// A range into which a design puts its points, whatever the file says of points.
    Range {
        parameter: Quantity,
        from: f64,
        to: f64,
        logarithmic: bool,
        points: Option<u64>,
    },
    Variants(Vec<Variant>),
}

/// The axes as they were read.
#[derive(Default)]
pub(super) struct Read {
    pub(super) axes: Vec<Axis>,
    /// The ends of the ranges that a design puts its points into; such an axis has the two ends for its points.
    pub(super) ranges: Vec<Option<(f64, f64)>>,
    /// What their author should know.
    pub(super) notes: Vec<String>,
}

/// Reads the axes. Problems are reported; the axes are complete only if there were none.
pub(super) fn axes(root: &Reader, quantities: &Quantities, wanted: &Wanted) -> Read {
    let before = root.problems().count();
    let tables = root.tables_of("axis");
    let plans: Vec<Plan> = tables.iter().filter_map(|axis| plan(axis, quantities, wanted.takes_ranges())).collect();
    check_names(&plans, quantities);
    check_parameters(&plans);
    if wanted.is_grid() {
        check_size(&plans);
    }
    if root.problems().count() > before {
        return Read::default();
    }
    let notes = plans.iter().filter_map(uneven).chain(plans.iter().filter_map(without_effect)).collect();
    let range = |plan: &Plan| match &plan.points {
        PlannedPoints::Range { from, to, .. } => Some((*from, *to)),
        _ => None,
    };
    let ranges = plans.iter().map(range).collect();
    Read { axes: plans.into_iter().map(axis).collect(), ranges, notes }
}

/// Most cells of a sweep: it begins within seconds, and ends when it is told to. With more it would look for the files of
/// its cells for minutes, and its surface would not fit into the memory of most machines.
pub(super) const CELLS_MAX: u32 = 100_000_000;

fn check_size(plans: &[Plan]) {
    let mut cells: u128 = 1;
    for plan in plans {
        cells = cells.saturating_mul(u128::from(plan.size));
        if cells > u128::from(CELLS_MAX) {
            let sizes: Vec<String> = plans.iter().map(|plan| plan.size.to_string()).collect();
            let all = plans.iter().fold(1_u128, |product, plan| product.saturating_mul(u128::from(plan.size)));
            let message =
                format!("the design has {all} cells ({}), but at most {CELLS_MAX} are allowed", sizes.join(" × "));
            return plan.named.called("axis").report(message);
        }
    }
}

fn plan<'a>(axis: &Reader<'a>, quantities: &Quantities, takes_ranges: bool) -> Option<Plan<'a>> {
    axis.allow_keys(&keys::axis::TABLE);
    let written: Vec<&str> = POINTS.into_iter().filter(|key| axis.get(key).is_some()).collect();
    let expected = format!("expected one of {}", POINTS.join(", "));
    match written.as_slice() {
        ["variants"] => plan_variants(axis, quantities),
        [key] => plan_values(axis, key, quantities, takes_ranges),
        [] => {
            axis.report(format!("the axis has no points; {expected}"));
            None
        }
        several => {
            axis.report(format!("{} exclude each other; {expected}", several.join(" and ")));
            None
        }
    }
}

fn plan_values<'a>(axis: &Reader<'a>, key: &str, quantities: &Quantities, takes_ranges: bool) -> Option<Plan<'a>> {
    if let Some(name) = axis.get("name") {
        name.report("only an axis of variants has a name; this one is called as its parameter");
    }
    let named = axis.require("parameter", "the dotted name of a parameter")?;
    let name = named.text()?;
    let found = quantities.find(name);
    let parameter = found.map_err(|message| named.report(format!("{}: {message}", named.node()))).ok()?;
    if parameter.domain() == Domain::Regions {
        named.report(format!("{name} is not a single value; expected another parameter, or an axis of variants"));
        return None;
    }
    let points = axis.get(key)?;
    let (points, size) = match key {
        "values" => listed_values(&points, parameter)?,
        _ => spaced(points, key == "logarithmic", parameter, takes_ranges)?,
    };
    Some(Plan { named, name: name.to_owned(), points, size })
}

fn listed_values<'a>(list: &Reader<'a>, parameter: Quantity) -> Option<(PlannedPoints<'a>, u64)> {
    let items = list.list("a list of values")?;
    if items.is_empty() {
        list.report("the axis has no points; expected at least one value");
        return None;
    }
    let size = items.len() as u64;
    let mut seen = BTreeSet::new();
    let mut values = Vec::with_capacity(items.len());
    for item in items {
        let Some(value) = settings::value(&parameter, &item) else { continue };
        if !seen.insert(value.to_string()) {
            item.report(format!("{value} is listed twice; all values must differ"));
        }
        values.push(value);
    }
    Some((PlannedPoints::Values { parameter, values }, size))
}

fn spaced<'a>(
    range: Reader<'a>,
    logarithmic: bool,
    parameter: Quantity,
    takes_ranges: bool,
) -> Option<(PlannedPoints<'a>, u64)> {
    if !parameter.domain().is_numeric() {
        let expected = parameter.expectation();
        range.report(format!("{} is not a number; expected values = [ … ], each {expected}", parameter.name()));
        return None;
    }
    let range = range.table()?;
    range.allow_keys(&span::TABLE);
    let from = range_end(&range, span::FROM.name, &parameter);
    let to = range_end(&range, span::TO.name, &parameter);
    if takes_ranges {
        return range_of_design(&range, logarithmic, parameter, (from?, to?));
    }
    let points = range.require(span::POINTS.name, &span::POINTS.expectation());
    let size = points.as_ref().and_then(|_| range.whole_at(&span::POINTS));
    let (from, to, size, points) = (from?, to?, size?, points?);
    if logarithmic && from <= 0.0 {
        range.get("from")?.refuse_for(&parameter, "a number > 0 on a logarithmic axis");
    } else if from > to {
        range.get("to")?.refuse_for(&parameter, &format!("at least from, {from}"));
    } else if from == to && size > 1 {
        points.report(format!("{size} points from {from} to {to} are all the same; expected 1 point"));
    } else if from < to && size == 1 {
        points.report(format!("1 point cannot reach from {from} to {to}; expected at least 2"));
    } else {
        return Some((PlannedPoints::Spaced { parameter, range, from, to, logarithmic }, size));
    }
    None
}

/// A range into which a design puts its points.
fn range_of_design<'a>(
    range: &Reader<'a>,
    logarithmic: bool,
    parameter: Quantity,
    (from, to): (f64, f64),
) -> Option<(PlannedPoints<'a>, u64)> {
    let points = range.whole_at(&span::POINTS);
    if logarithmic && from <= 0.0 {
        range.get("from")?.refuse_for(&parameter, "a number > 0 on a logarithmic axis");
    } else if from >= to {
        range.get("to")?.refuse_for(&parameter, &format!("more than from, {from}"));
    } else {
        return Some((PlannedPoints::Range { parameter, from, to, logarithmic, points }, 1));
    }
    None
}

fn range_end(range: &Reader, key: &str, parameter: &Quantity) -> Option<f64> {
    let end = range.require(key, &parameter.expectation())?;
    let value = settings::value(parameter, &end)?.as_f64()?;
    if value.is_infinite() {
        end.refuse_for(parameter, "a finite number (inf can be one of a list of values)");
        return None;
    }
    Some(value)
}

fn plan_variants<'a>(axis: &Reader<'a>, quantities: &Quantities) -> Option<Plan<'a>> {
    if let Some(parameter) = axis.get("parameter") {
        parameter.report("an axis of variants has no parameter of its own; expected a name");
    }
    let named = axis.require("name", "a name for the axis, the name of its column")?;
    let name = named.text()?.to_owned();
    if name.is_empty() || name.chars().count() > NAME_MAX || name.chars().any(char::is_control) {
        named.refuse(&format!("1 … {NAME_MAX} characters on one line"));
    }
    let list = axis.get("variants")?;
    let items = list.list("a list of { label = \"…\", parameters … }")?;
    if items.is_empty() {
        list.report("the axis has no points; expected at least one variant");
        return None;
    }
    let size = items.len() as u64;
    let mut labels = BTreeSet::new();
    let mut variants = Vec::with_capacity(items.len());
    for item in items {
        let Some(variant) = item.clone().table().and_then(|table| variant(&table, quantities)) else { continue };
        if !labels.insert(variant.label.clone()) {
            item.report(format!("{:?} is the label of two variants; all labels must differ", variant.label));
        }
        variants.push(variant);
    }
    Some(Plan { named, name, points: PlannedPoints::Variants(variants), size })
}

fn variant(variant: &Reader, quantities: &Quantities) -> Option<Variant> {
    let label_reader = variant.at(&keys::variant::LABEL);
    let label = label_reader.as_ref().and_then(|label| label.text());
    if let (Some(reader), Some(label)) = (label_reader, label)
        && (label.is_empty() || label.chars().any(char::is_control))
    {
        reader.refuse("at least one character, on one line");
    }
    // A list holds events of its own; a table sets numbers of the scenario's.
    let is_list = |key: &&str| variant.get(key).is_some_and(|events| matches!(events.content(), Content::List(_)));
    let others: Vec<&str> = [keys::variant::LABEL.name].into_iter().chain(EVENTS.into_iter().filter(is_list)).collect();
    let events = |key: &str| others.contains(&key);
    let shocks = if events("shock") { scenario::shocks(variant, false) } else { Vec::new() };
    let interventions = if events("intervention") { scenario::interventions(variant) } else { Vec::new() };
    let mut settings = Vec::new();
    for (parameter, value) in quantities.settings(variant, &others) {
        settings.extend(settings::value(&parameter, &value).map(|value| (parameter, value)));
    }
    // The order of settings inside a variant has no meaning; sorted ones compare equal.
    settings.sort_by(|(a, _), (b, _)| a.name().cmp(b.name()));
    Some(Variant { label: label?.to_owned(), settings, shocks, interventions })
}

/// An axis of variants is a column, so its name must be no other column's, whatever the case of its letters: many
/// readers of tables ignore it.
fn check_names(plans: &[Plan], quantities: &Quantities) {
    let is_reserved = |name: &str| columns::is_reserved(name) || quantities.have_column(name);
    let mut names: BTreeMap<String, &str> = BTreeMap::new();
    for plan in plans.iter().filter(|plan| matches!(plan.points, PlannedPoints::Variants(_))) {
        let name = plan.name.as_str();
        let lower = columns::without_case(name);
        let but_for_case = if is_reserved(name) || names.get(&lower) == Some(&name) {
            ""
        } else {
            " but for the case of its letters, which many readers of tables ignore"
        };
        if is_reserved(&lower) {
            plan.named.report(format!("{name:?} is the name of another column{but_for_case}; expected a new name"));
        } else if names.insert(lower, name).is_some() {
            plan.named.report(format!("{name:?} is the name of two axes{but_for_case}; expected a new name"));
        }
    }
}

/// A parameter that two axes set would have the value of one and the column of the other.
fn check_parameters(plans: &[Plan]) {
    let mut owner: BTreeMap<&str, &str> = BTreeMap::new();
    for plan in plans {
        let swept: BTreeSet<&str> = match &plan.points {
            PlannedPoints::Values { parameter, .. }
            | PlannedPoints::Spaced { parameter, .. }
            | PlannedPoints::Range { parameter, .. } => [parameter.name()].into(),
            PlannedPoints::Variants(variants) => {
                variants.iter().flat_map(|variant| &variant.settings).map(|(parameter, _)| parameter.name()).collect()
            }
        };
        for parameter in swept {
            if let Some(other) = owner.insert(parameter, &plan.name) {
                let message = format!("{parameter} is on two axes, {other:?} and {:?}; it may be on one", plan.name);
                plan.named.called("axis").report(message);
            }
        }
    }
}

/// What is to be said of a range whose steps are uneven, since its points are whole numbers.
fn uneven(plan: &Plan) -> Option<String> {
    let PlannedPoints::Spaced { parameter, from, to, logarithmic, .. } = &plan.points else { return None };
    if !matches!(parameter.domain(), Domain::Integer(..)) {
        return None;
    }
    let (point, whole) = first_rounded(parameter.domain(), *from, *to, plan.size as usize, *logarithmic)?;
    let kind = if *logarithmic { "logarithmic" } else { "linear" };
    Some(format!(
        "axis {}: the {} points of {kind} = {{ from = {from}, to = {to} }} are rounded to whole numbers, so their steps \
         are uneven ({whole} for {point}, for one)",
        plan.name, plan.size
    ))
}

/// What is to be said of a number of points in a range into which a design puts its own.
fn without_effect(plan: &Plan) -> Option<String> {
    let PlannedPoints::Range { points: Some(points), .. } = &plan.points else { return None };
    Some(format!("axis {}: points = {points} has no effect: the design puts its own points into the range", plan.name))
}

/// Makes the points of an axis whose size was checked.
fn axis(plan: Plan) -> Axis {
    let points = match plan.points {
        PlannedPoints::Values { parameter, values } => AxisPoints::Values { parameter, values, logarithmic: false },
        PlannedPoints::Variants(variants) => AxisPoints::Variants(variants),
        PlannedPoints::Range { parameter, from, to, logarithmic, .. } => {
            let ends = [from, to].into_iter().filter_map(|x| parameter.domain().value_from_f64(x)).collect();
            AxisPoints::Values { parameter, values: ends, logarithmic }
        }
        PlannedPoints::Spaced { parameter, range, from, to, logarithmic } => {
            let size = plan.size as usize;
            let values = spaced_values(parameter.domain(), from, to, size, logarithmic);
            if values.windows(2).any(|pair| pair[0] == pair[1]) {
                let whole = matches!(parameter.domain(), Domain::Integer(..));
                let rounded = if whole { "whole numbers" } else { "12 digits" };
                range.called("axis").report(format!(
                    "{size} points from {from} to {to} are not all different once rounded to {rounded}; expected fewer"
                ));
            }
            AxisPoints::Values { parameter, values, logarithmic: logarithmic && size > 1 }
        }
    };
    Axis { name: plan.name, points }
}
