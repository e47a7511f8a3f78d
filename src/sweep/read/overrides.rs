//! `--set key=value`: changes of a sweep file from the command line.

use toml_edit::{Key, Value as TomlValue};

use super::document::{self, Content, Entry, Node};
use super::error::{Location, Problems};
use super::quantities::EVENTS;
use super::{hints, settings, units};
use crate::sweep::types::{AxisPoints, Sweep, Variant};

/// Applies all overrides to a document, in their order.
pub(super) fn apply(root: &mut Node, overrides: &[String], problems: &Problems) {
    for (index, set) in overrides.iter().enumerate() {
        let location = Location::Override(index);
        match path(set) {
            Ok((path, value)) => {
                if let Some(node) = value_node(value, index, problems) {
                    put(root, &path, node, &location, problems);
                    units::replace_other(root, &path);
                }
            }
            Err(message) => problems.report(&location, "", message),
        }
    }
}

/// The path that an override sets, and the text of its value. A key that starts with a group of parameters, or is about
/// an event, is one of the scenario.
fn path(set: &str) -> Result<(Vec<String>, &str), String> {
    let expected = "expected key=value, such as login.discipline=lifo or replicates.at_most=10";
    let (key, value) = set.split_once('=').ok_or_else(|| format!("there is no =; {expected}"))?;
    let keys = Key::parse(key.trim()).map_err(|error| format!("{key:?} is no key: {}; {expected}", error.message()))?;
    let mut path: Vec<String> = keys.iter().flat_map(|key| document::key_parts(key.get())).collect();
    if path.first().is_some_and(|first| settings::is_group(first) || EVENTS.contains(&first.as_str())) {
        path.insert(0, "scenario".to_owned());
    }
    Ok((path, value.trim()))
}

/// The value as TOML; a bare word stands for a text.
fn value_node(text: &str, index: usize, problems: &Problems) -> Option<Node> {
    let location = Location::Override(index);
    match text.parse::<TomlValue>() {
        Ok(value) => Some(document::value_of_override(&value, index, problems)),
        Err(_) if text.starts_with(char::is_alphabetic) && !text.contains(char::is_control) => {
            Some(Node { location, content: Content::Text(text.to_owned()) })
        }
        // A whole number that TOML's integers cannot hold may be a seed, which is a text then.
        Err(_) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(Node { location, content: Content::Text(text.to_owned()) })
        }
        Err(error) => {
            problems.report(&location, "", format!("{text:?} is no value of TOML: {}", error.message()));
            None
        }
    }
}

/// The name of a shock, an intervention, or an axis of variants.
fn name(item: &Node) -> Option<&str> {
    match &item.entry("name")?.node.content {
        Content::Text(name) => Some(name),
        _ => None,
    }
}

fn put(node: &mut Node, path: &[String], value: Node, location: &Location, problems: &Problems) {
    let Some((first, rest)) = path.split_first() else {
        *node = value;
        return;
    };
    if let Content::List(items) = &mut node.content
        && items.iter().any(|item| name(item).is_some())
    {
        let names: Vec<&str> = items.iter().filter_map(name).collect();
        let Some(index) = items.iter().position(|item| name(item) == Some(first)) else {
            problems.report(location, "", hints::unknown("name", first, &names));
            return;
        };
        return items
            .iter_mut()
            .skip(index)
            .take(1)
            .for_each(|item| put(item, rest, value.clone(), location, problems));
    }
    let Content::Table(entries) = &mut node.content else {
        let message = format!("{node} has no key {first}; expected the key of a table");
        problems.report(location, "", message);
        return;
    };
    let existing = entries.iter().position(|entry| entry.key == *first);
    let index = existing.unwrap_or_else(|| {
        let node = Node { location: location.clone(), content: Content::Table(Vec::new()) };
        entries.push(Entry { key: first.clone(), location: location.clone(), node });
        entries.len() - 1
    });
    if let Some(entry) = entries.get_mut(index) {
        if rest.is_empty() {
            entry.location = location.clone();
        }
        put(&mut entry.node, rest, value, location, problems);
    }
}

/// Reports overrides of parameters that every run gets from elsewhere.
pub(super) fn check_effect(sweep: &Sweep, overrides: &[String], problems: &Problems) {
    for (index, set) in overrides.iter().enumerate() {
        let Ok((path, _)) = path(set) else { continue };
        let Some(name) = path.strip_prefix(&["scenario".to_owned()]).map(|rest| rest.join(".")) else { continue };
        let sets = |variant: &Variant| variant.settings.iter().any(|(set, _)| set.name() == name);
        let owner = sweep.axes.iter().find(|axis| match &axis.points {
            AxisPoints::Values { parameter: swept, .. } => swept.name() == name,
            AxisPoints::Variants(variants) => variants.iter().all(sets),
        });
        let drawn = sweep.uncertain.iter().any(|input| input.parameter.name() == name && !input.factor);
        let reason = match owner {
            Some(axis) => format!("the axis {:?} sets it in every cell", axis.name),
            None if drawn => "[uncertain] draws it for every run".to_owned(),
            None => continue,
        };
        let message = format!("this would have no effect: {reason}; change the axis or the distribution instead");
        problems.report(&Location::Override(index), &name, message);
    }
}
