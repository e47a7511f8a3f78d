//! Finds where something was written that is wrong in a sweep as a whole.

use super::document::{Content, Node};
use super::error::Location;
use super::reader::Reader;
use crate::parameters::{Event, ScenarioError};
use crate::sweep::check::Conflict;
use crate::sweep::fit;

/// Reports a conflict where it was written, or at what comes closest to it.
pub(super) fn report(conflict: &Conflict, root: &Reader) {
    let node = root.node();
    let (location, key, message) = match conflict {
        Conflict::Scenario(error) => return report_scenario(error, root),
        Conflict::Variant { axis, variant, event, error } => {
            let location = of_variant(node, axis, *variant).map(|variant| of_event(variant, *event, &error.key));
            (location.flatten(), format!("axis.variants.{}", error.key), &error.message)
        }
        Conflict::Axis { name, message } => (of_axis(node, name), "axis".to_owned(), message),
        Conflict::Uncertain { parameter, message } => {
            let key = format!("uncertain.{parameter}");
            (of_key(node, &key), key, message)
        }
    };
    root.problems().report(location.unwrap_or(&node.location), &key, message);
}

/// Reports what is wrong with a scenario of the document.
pub(super) fn report_scenario(error: &ScenarioError, root: &Reader) {
    let node = root.node();
    if error.key == fit::TRACE_INTERVAL {
        let location = of_key(node, &error.key).unwrap_or(&node.location);
        return root.problems().report(location, &error.key, &error.message);
    }
    let key = format!("scenario.{}", error.key);
    let of_parameter = |name: &str| of_key(node, &format!("scenario.{name}")).or_else(|| of_axis(node, name));
    let location = error
        .event
        .and_then(|event| of_event(node.lookup(["scenario"])?, event, &error.key))
        .or_else(|| of_parameter(&error.key))
        .or_else(|| error.others.iter().find_map(|other| of_parameter(other)))
        .or_else(|| of_key(node, "scenario"))
        .unwrap_or(&node.location);
    root.problems().report(location, &key, &error.message);
}

/// Where the value of a dotted key stands.
fn of_key<'a>(root: &'a Node, key: &str) -> Option<&'a Location> {
    root.lookup(key.split('.')).map(|node| &node.location)
}

/// Where a shock or an intervention of a scenario or a variant stands, or what it says about a key.
fn of_event<'a>(table: &'a Node, event: Event, key: &str) -> Option<&'a Location> {
    let (list, index) = match event {
        Event::Shock(index) => ("shock", index),
        Event::Intervention(index) => ("intervention", index),
    };
    let Content::List(events) = &table.lookup([list])?.content else { return None };
    let event = events.get(index)?;
    let own_key = key.strip_prefix(list).and_then(|rest| rest.strip_prefix('.')).unwrap_or(key);
    of_key(event, own_key).or(Some(&event.location))
}

/// Where the axis of this parameter or name stands.
fn of_axis<'a>(root: &'a Node, name: &str) -> Option<&'a Location> {
    axis(root, name).map(|(_, location)| location)
}

/// The axis of this parameter or name, and where its name stands.
fn axis<'a>(root: &'a Node, name: &str) -> Option<(&'a Node, &'a Location)> {
    let Content::List(axes) = &root.lookup(["axis"])?.content else { return None };
    axes.iter().find_map(|axis| {
        ["parameter", "name"].iter().find_map(|key| match axis.lookup([*key]) {
            Some(Node { content: Content::Text(text), location }) if text == name => Some((axis, location)),
            _ => None,
        })
    })
}

/// A variant of the axis of this name.
fn of_variant<'a>(root: &'a Node, name: &str, variant: usize) -> Option<&'a Node> {
    let Content::List(variants) = &axis(root, name)?.0.lookup(["variants"])?.content else { return None };
    variants.get(variant)
}
