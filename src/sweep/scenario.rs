//! Reads `[scenario]`: parameters, shocks and interventions.

use super::document::{Content, Entry, Fields, Node, unknown};
use super::error::{Place, Problems};
use crate::parameters::{Intervention, Kind, PARAMETERS, Parameter, Region, Scenario, Shock, Value};

/// A parameter that a table mentions, and what it says.
pub(super) struct Mention<'a> {
    pub(super) parameter: &'static Parameter,
    /// Where its key stands.
    pub(super) place: &'a Place,
    pub(super) node: &'a Node,
}

/// Whether some parameter's name starts with this group.
pub(super) fn is_group(name: &str) -> bool {
    PARAMETERS.iter().any(|parameter| parameter.name.split('.').next() == Some(name))
}

/// The groups of parameters, in the order of the documentation.
pub(super) fn groups() -> Vec<&'static str> {
    let mut groups: Vec<&str> = PARAMETERS.iter().filter_map(|parameter| parameter.name.split('.').next()).collect();
    groups.dedup();
    groups
}

/// Every parameter that a table mentions; keys in `others` are left to the caller, all else is reported.
pub(super) fn mentions<'a>(fields: &Fields<'a>, others: &[&str], problems: &mut Problems) -> Vec<Mention<'a>> {
    let mut found = Vec::new();
    for entry in fields.entries.iter().filter(|entry| !others.contains(&entry.key.as_str())) {
        if !is_group(&entry.key) {
            let allowed: Vec<&str> = others.iter().copied().chain(groups()).collect();
            problems.report(&entry.place, &fields.key(&entry.key), unknown_setting(&entry.key, &allowed));
            continue;
        }
        let Some(group) = Fields::of(&entry.node, &fields.key(&entry.key), problems) else { continue };
        for Entry { key, place, node } in group.entries {
            let name = format!("{}.{key}", entry.key);
            match Parameter::find(&name) {
                Some(parameter) => found.push(Mention { parameter, place, node }),
                None => problems.report(place, &fields.key(&name), unknown_parameter(&name)),
            }
        }
    }
    found
}

fn unknown_setting(key: &str, allowed: &[&str]) -> String {
    // `clients = 5` is more often a forgotten group than a misspelt one.
    let forgotten = PARAMETERS.iter().find(|parameter| parameter.name.split('.').nth(1) == Some(key));
    match forgotten {
        Some(parameter) => format!("there is no such key; did you mean {}?", parameter.name),
        None => unknown("key", key, allowed),
    }
}

/// The message for a parameter that does not exist.
pub(super) fn unknown_parameter(name: &str) -> String {
    let group = name.split('.').next().unwrap_or_default();
    let same_group: Vec<&str> =
        PARAMETERS.iter().map(|p| p.name).filter(|other| other.split('.').next() == Some(group)).collect();
    let all: Vec<&str> = PARAMETERS.iter().map(|parameter| parameter.name).collect();
    let message = unknown("parameter", name, if same_group.is_empty() { &all } else { &same_group });
    format!("{message}; `critmass parameters` lists all")
}

/// Reads the value of a parameter; `None` if it is refused.
pub(super) fn value(parameter: &'static Parameter, node: &Node, key: &str, problems: &mut Problems) -> Option<Value> {
    let value = match (parameter.kind, &node.content) {
        (Kind::Number(_), _) => node.as_number().map(Value::Number),
        (Kind::Integer(..), Content::Integer(n)) => u64::try_from(*n).ok().map(Value::Integer),
        (Kind::Boolean, Content::Boolean(b)) => Some(Value::Boolean(*b)),
        (Kind::Choice(words), Content::Text(text)) => {
            words.iter().copied().find(|word| *word == text.as_str()).map(Value::Choice)
        }
        (Kind::Regions, Content::List(nodes)) => {
            let regions: Option<Vec<Region>> = nodes.iter().map(|node| region(node, key, problems)).collect();
            let value = Value::Regions(regions?);
            return match parameter.check(&value) {
                Ok(()) => Some(value),
                Err(message) => {
                    problems.report(&node.place, key, message);
                    None
                }
            };
        }
        _ => None,
    };
    let value = value.filter(|value| parameter.check(value).is_ok());
    if value.is_none() {
        let message = format!("{node} is not allowed; expected {}", parameter.expectation());
        problems.report(&node.place, key, message);
    }
    value
}

fn region(node: &Node, path: &str, problems: &mut Problems) -> Option<Region> {
    let fields = Fields::of(node, path, problems)?;
    fields.allow(&["name", "utc_offset_h", "share"], problems);
    if fields.get("name").is_none() {
        fields.missing("name", "a text in quotes", problems);
    }
    let name = fields.text("name", problems);
    let offset = fields.number("utc_offset_h", |x| (-12.0..=14.0).contains(&x), "a number, -12 … 14 h", problems);
    let share = fields.number("share", |x| x > 0.0 && x <= 1.0, "a number, > 0 … 1", problems);
    Some(Region { name: name?.to_owned(), utc_offset_h: offset?, share: share? })
}

/// Reads the whole `[scenario]`.
pub(super) fn scenario(fields: &Fields, problems: &mut Problems) -> Scenario {
    let mut scenario = Scenario::default();
    for mention in mentions(fields, &["shock", "intervention"], problems) {
        let key = fields.key(mention.parameter.name);
        if let Some(value) = value(mention.parameter, mention.node, &key, problems) {
            super::design::put(&mut scenario, mention.parameter, &value);
        }
    }
    scenario.shocks = tables(fields, "shock", problems).iter().filter_map(|one| shock(one, problems)).collect();
    scenario.interventions =
        tables(fields, "intervention", problems).iter().filter_map(|one| intervention(one, problems)).collect();
    scenario
}

/// The tables of a list such as `[[axis]]`; none if the key is absent.
pub(super) fn tables<'a>(fields: &Fields<'a>, key: &str, problems: &mut Problems) -> Vec<Fields<'a>> {
    let expected = format!("a list of tables, [[{}]]", fields.key(key));
    if fields.get(key).is_none() {
        return Vec::new();
    }
    let nodes = fields.list(key, &expected, problems).unwrap_or_default();
    nodes.iter().filter_map(|node| Fields::of(node, &fields.key(key), problems)).collect()
}

fn at_h(fields: &Fields, problems: &mut Problems) -> Option<f64> {
    fields.number("at_h", |x| x >= 0.0 && x.is_finite(), "a number, 0 h … time.horizon_h", problems)
}

fn shock(fields: &Fields, problems: &mut Problems) -> Option<Shock> {
    fields.allow(&["at_h", "supernode_fraction", "client_fraction"], problems);
    let at_h = at_h(fields, problems);
    let mut fraction = |key| match fields.get(key) {
        Some(_) => fields.number(key, |x| (0.0..=1.0).contains(&x), "a number, 0 … 1", problems),
        None => Some(0.0),
    };
    let (supernode_fraction, client_fraction) = (fraction("supernode_fraction"), fraction("client_fraction"));
    Some(Shock { at_h: at_h?, supernode_fraction: supernode_fraction?, client_fraction: client_fraction? })
}

fn intervention(fields: &Fields, problems: &mut Problems) -> Option<Intervention> {
    let at_h = at_h(fields, problems);
    let mut settings = Vec::new();
    let intervenable: Vec<&str> = PARAMETERS.iter().filter(|p| p.intervenable).map(|p| p.name).collect();
    let mentions = mentions(fields, &["at_h"], problems);
    if mentions.is_empty() {
        let message = format!("it changes nothing; expected at least one of {}", intervenable.join(", "));
        problems.report(&fields.place, &fields.path, message);
    }
    for mention in mentions {
        let key = fields.key(mention.parameter.name);
        if !mention.parameter.intervenable {
            let list = intervenable.join(", ");
            let message = format!("it cannot change in the middle of a run; these can: {list}");
            problems.report(mention.place, &key, message);
        } else if let Some(value) = value(mention.parameter, mention.node, &key, problems) {
            settings.push((mention.parameter, value));
        }
    }
    // The order of settings at one moment has no meaning; sorted ones compare equal.
    settings.sort_by_key(|(parameter, _)| parameter.name);
    Some(Intervention { at_h: at_h?, settings })
}
