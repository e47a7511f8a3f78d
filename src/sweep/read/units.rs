//! A parameter per million clients can be given for the whole population instead: in one of the two ways, throughout a
//! file. What is given twice would be settled by an order that nobody sees.

use super::document::{Content, Node};
use super::reader::Reader;
use crate::parameters::{Parameter, Setting, TOTALS};
use crate::sweep::types::Axis;

/// Reports what a file gives in both ways.
pub(super) fn check(root: &Reader) {
    for total in TOTALS {
        let parameter = total.of_model();
        let [given, per_million] = [total, parameter].map(|of| {
            let mut found = Vec::new();
            collect(root, of, &mut found);
            found
        });
        if let ([first, ..], [_, ..]) = (given.as_slice(), per_million.as_slice()) {
            first.report(format!(
                "{} and {} are the same parameter, for the whole population and per million clients; expected one of the \
                 two in the whole file",
                total.name, parameter.name
            ));
        }
    }
}

/// The name under which a file, or one of these axes, gives the parameter of another axis in the other unit.
pub(super) fn given_otherwise(root: &Reader, axes: &[Axis], axis: &Axis) -> Option<&'static str> {
    let parameter = axis.parameter()?.parameter()?;
    let other = Parameter::find(parameter.per_million.or(parameter.total().map(|total| total.name))?)?;
    let mut found = Vec::new();
    collect(root, other, &mut found);
    let is_other = |axis: &Axis| axis.parameter().is_some_and(|of| of.name() == other.name);
    (!found.is_empty() || axes.iter().any(is_other)).then_some(other.name)
}

/// Where a parameter is written: as a setting anywhere below, or as what an axis sweeps.
fn collect<'a>(at: &Reader<'a>, parameter: &Parameter, found: &mut Vec<Reader<'a>>) {
    match at.content() {
        Content::Table(_) => {
            let (group, field) = parameter.name.split_once('.').unwrap_or_default();
            for (key, entry) in at.entries() {
                match entry.content() {
                    Content::Text(name) if key == "parameter" && is_of(name, parameter) => found.push(entry),
                    _ if key == group => found.extend(entry.get(field)),
                    _ => collect(&entry, parameter, found),
                }
            }
        }
        Content::List(_) => {
            at.list("a list").into_iter().flatten().for_each(|item| collect(&item, parameter, found));
        }
        _ => {}
    }
}

/// Whether this is the name of a parameter, or of its value or factor in an intervention.
fn is_of(name: &str, parameter: &Parameter) -> bool {
    let name = name.strip_suffix(&format!(".{}", Setting::FACTOR_KEY)).unwrap_or(name);
    let of_event = name.strip_suffix(parameter.name);
    of_event.is_some_and(|before| before.is_empty() || before.starts_with("intervention.") && before.ends_with('.'))
}

/// Of a document in which this path was set by the user: what the scenario says about the same parameter in the other way
/// is replaced with it.
pub(super) fn replace_other(root: &mut Node, path: &[String]) {
    let [scenario, group, field] = path else { return };
    let Some(parameter) = Parameter::find(&format!("{group}.{field}")) else { return };
    let other = parameter.per_million.or(parameter.total().map(|total| total.name));
    let Some((_, other)) = other.and_then(|other| other.split_once('.')) else { return };
    if let Some(group) = root.entry_mut(scenario).and_then(|node| node.entry_mut(group)) {
        group.remove(other);
    }
}
