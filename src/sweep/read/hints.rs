//! What was probably meant by something that is not allowed: the nearest name, and the right place.

use crate::parameters::Parameter;
use crate::sweep::keys;

/// The lists of tables, each of which is written once for each of its tables.
const LISTS: [&str; 3] = ["axis", "scenario.shock", "scenario.intervention"];

/// The keys of a sweep file, in the order of their names.
pub(super) fn of_file() -> Vec<&'static str> {
    let mut names: Vec<&str> = keys::file::TABLE.names();
    names.sort_unstable();
    names
}

/// How alike two names are for one to be taken for the other, 0 … 1.
const ALIKE: f64 = 0.6;

/// The candidate that is most like a name, if any is, and how alike they are.
fn nearest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<(f64, &'c str)> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(similarity, _)| *similarity > ALIKE)
}

/// The key that was probably meant by one that a table does not have.
pub(super) fn meant<'c>(key: &str, allowed: &[&'c str]) -> Option<&'c str> {
    nearest(key, allowed.iter().copied()).map(|(_, candidate)| candidate)
}

/// The message for a name that does not exist, with the nearest one that does.
pub(super) fn unknown(what: &str, name: &str, allowed: &[&str]) -> String {
    let nearest = nearest(name, allowed.iter().copied());
    let meant = nearest.map(|(_, candidate)| format!("; did you mean {candidate}?")).unwrap_or_default();
    let list = if allowed.len() <= 24 { format!("; allowed here: {}", allowed.join(", ")) } else { String::new() };
    format!("there is no such {what}{meant}{list}")
}

/// The message for a key that a table does not have.
pub(super) fn unknown_key(key: &str, allowed: &[&str]) -> String {
    if of_file().contains(&key) { of_the_file(key) } else { unknown("key", key, allowed) }
}

/// The message for a key that the file does not have: it may be one of the scenario, or a parameter without its group.
pub(super) fn unknown_at_the_top(key: &str) -> String {
    let single = key.strip_suffix('s').unwrap_or(key);
    if let Some(list) = LISTS.iter().find(|list| list.split('.').next_back() == Some(single)) {
        return format!("there is no such key; did you mean [[{list}]]?");
    }
    let fields = Parameter::all().filter_map(|parameter| parameter.name.split('.').nth(1));
    let like_one = nearest(key, of_file()).map_or(0.0, |(similarity, _)| similarity);
    match nearest(key, fields) {
        Some((similarity, field)) if similarity > like_one => {
            let names: Vec<String> = named(field).map(|name| format!("scenario.{name}")).collect();
            format!("there is no such key; did you mean {}?; parameters stand under [scenario]", names.join(" or "))
        }
        _ => unknown("key", key, &of_file()),
    }
}

/// The message for a key that no group of parameters has.
pub(super) fn unknown_setting(key: &str, allowed: &[&str]) -> String {
    if of_file().contains(&key) {
        return of_the_file(key);
    }
    // `clients = 5` is more often a forgotten group than a misspelt one.
    let names: Vec<&str> = named(key).collect();
    match names.as_slice() {
        [] => unknown("key", key, allowed),
        names => format!("there is no such key; did you mean {}?", names.join(" or ")),
    }
}

/// The message for a parameter that does not exist.
pub(super) fn unknown_parameter(name: &str) -> String {
    let group = name.split('.').next().unwrap_or_default();
    let same_group: Vec<&str> = Parameter::all().filter(|p| p.group() == group).map(|p| p.name).collect();
    let all: Vec<&str> = Parameter::all().map(|parameter| parameter.name).collect();
    let without_group: Vec<&str> = named(name).collect();
    let message = match (without_group.as_slice(), same_group.is_empty()) {
        ([], true) => unknown("parameter", name, &all),
        ([], false) => unknown("parameter", name, &same_group),
        (names, _) => format!("there is no such parameter; did you mean {}?", names.join(" or ")),
    };
    format!("{message}; `critmass parameters` lists all")
}

/// The parameters of any group whose name ends in this.
fn named(field: &str) -> impl Iterator<Item = &'static str> {
    Parameter::all().map(|parameter| parameter.name).filter(move |name| name.split('.').nth(1) == Some(field))
}

/// A key of the file that stands below the header of a table belongs to that table.
fn of_the_file(key: &str) -> String {
    let header = if LISTS.contains(&key) { format!("[[{key}]]") } else { format!("[{key}]") };
    match key {
        "name" | "question" | "seed" => {
            format!("{key} is a key of the whole file; it stands at the top, before the first [table]")
        }
        _ => format!("{key} is a table of the whole file; its header is {header}"),
    }
}

/// What the parser of TOML cannot know: what the line that it stumbles over was to say in a sweep file.
pub(super) fn of_syntax(message: &str, line: &str) -> Option<String> {
    let line = line.trim();
    if message.contains("duplicate key") && line.starts_with('[') {
        let header = line.split('#').next().unwrap_or_default().trim_matches(['[', ']', ' ']);
        let last = header.split('.').next_back();
        let list = LISTS.iter().find(|list| list.split('.').next_back() == last);
        return Some(match list {
            Some(list) => {
                format!("there is more than one {header}; the header of each is [[{list}]], in double brackets")
            }
            None => format!("this is not TOML: {message}; there is more than one [{header}], put all of it under one"),
        });
    }
    let overflow = message.contains("overflow").then(|| {
        format!(
            "whole numbers of TOML end at {}; a larger seed is written in quotes, such as \"18446744073709551615\"",
            i64::MAX
        )
    });
    overflow.map(|hint| format!("this is not TOML: {message}; {hint}"))
}
