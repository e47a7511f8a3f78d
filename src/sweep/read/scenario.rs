//! Reads `[scenario]`: parameters, shocks and interventions.

use std::collections::BTreeSet;

use super::document::Content;
use super::quantities::EVENTS;
use super::reader::Reader;
use super::settings::{settings, value};
use super::units;
use crate::parameters::{Intervention, Parameter, Scenario, Setting, Shock};
use crate::sweep::keys::{self, Key};

/// Reads the whole `[scenario]` of a document. In one that is no part of a sweep nothing varies a shock that strikes
/// nobody.
pub(super) fn scenario(root: &Reader, is_alone: bool) -> Scenario {
    let mut scenario = Scenario::default();
    units::check(root);
    let Some(table) = root.get_table("scenario") else { return scenario };
    for (parameter, setting) in settings(&table, &EVENTS) {
        if let Some(value) = value(&parameter.into(), &setting) {
            parameter.put(&mut scenario, &value);
        }
    }
    scenario.shocks = shocks(&table, !is_alone);
    scenario.interventions = interventions(&table);
    scenario
}

/// The shocks of a scenario or a variant. A named one may strike nobody if its shares can be varied.
pub(super) fn shocks(table: &Reader, can_be_varied: bool) -> Vec<Shock> {
    events(table, "shock").iter().map(|event| shock(event, can_be_varied)).collect()
}

/// The interventions of a scenario or a variant.
pub(super) fn interventions(table: &Reader) -> Vec<Intervention> {
    events(table, "intervention").iter().map(intervention).collect()
}

/// The tables of the shocks, or of the interventions. No two of them have the same name.
fn events<'a>(table: &Reader<'a>, key: &str) -> Vec<Reader<'a>> {
    let mut names = BTreeSet::new();
    let all = table.tables_of(key);
    for name in all.iter().filter_map(|event| event.get("name")) {
        if let Content::Text(text) = name.content()
            && !names.insert(text)
        {
            name.report(format!("{text:?} is the name of two {key}s; all names must differ"));
        }
    }
    all
}

/// The name of a shock or an intervention, if it has one.
fn name(event: &Reader, key: &Key) -> Option<String> {
    event.get(key.name)?.name(key)
}

/// The time of an event. What cannot be read is reported, and 0 then, so that no more is said of the event than is wrong
/// with it.
fn at_h(event: &Reader, key: &Key) -> f64 {
    event.number_at(key).unwrap_or_default()
}

fn shock(shock: &Reader, can_be_varied: bool) -> Shock {
    let before = shock.problems().count();
    shock.allow_keys(&keys::shock::TABLE);
    let at_h = at_h(shock, &keys::shock::AT_H);
    let (name, regions) = (name(shock, &keys::shock::NAME), region_names(shock));
    let mut read = Shock { name, at_h, regions, ..Shock::default() };
    for key in keys::shock::TABLE.keys.iter().filter(|key| shock.get(key.name).is_some()) {
        let fraction = Shock::FRACTIONS.iter().find(|fraction| fraction.key == key.name);
        if let (Some(fraction), Some(share)) = (fraction, fraction.and_then(|_| shock.number_at(key))) {
            (fraction.set)(&mut read, share);
        }
    }
    let is_varied = can_be_varied && read.name.is_some();
    if !read.strikes() && !is_varied && shock.problems().count() == before {
        shock.report(Shock::WITHOUT_EFFECT);
    }
    read
}

/// Whether the queue is emptied: a dotted key, beside parameters of its group.
fn flush(intervention: &Reader) -> bool {
    let Some(flush) = intervention.get("login").and_then(|login| login.get("flush")) else { return false };
    if let Content::Boolean(flush) = flush.content() {
        return *flush;
    }
    flush.refuse(&keys::intervention::FLUSH.expectation());
    false
}

/// The names of the regions that a shock strikes. Whether they exist is checked with the scenario.
fn region_names(shock: &Reader) -> Vec<String> {
    let key = &keys::shock::REGIONS;
    let Some(names) = shock.at(key) else { return Vec::new() };
    let Some(list) = names.list(&key.expectation()) else { return Vec::new() };
    if list.is_empty() {
        names.refuse(&key.expectation());
    }
    list.iter().filter_map(|name| name.text()).map(str::to_owned).collect()
}

fn intervention(intervention: &Reader) -> Intervention {
    let name = name(intervention, &keys::intervention::NAME);
    let at_h = at_h(intervention, &keys::intervention::AT_H);
    let intervenable: Vec<&str> = Parameter::all().filter(|p| p.intervenable).map(|p| p.name).collect();
    let intervenable = intervenable.join(", ");
    let changes = settings(intervention, &keys::intervention::TABLE.names());
    let flush = flush(intervention);
    if changes.is_empty() && !flush {
        let act = Intervention::FLUSH;
        intervention.report(format!("it changes nothing; expected at least one of {intervenable}, {act}"));
    }
    let mut settings = Vec::new();
    for (parameter, written) in changes {
        if !parameter.intervenable {
            written.report_key(format!("it cannot change in the middle of a run; these can: {intervenable}"));
        } else {
            settings.push((parameter, setting(parameter, &written)));
        }
    }
    // The order of settings at one moment has no meaning; sorted ones compare equal.
    settings.sort_by_key(|(parameter, _)| parameter.name);
    Intervention { name, at_h, settings, flush }
}

/// What an intervention says about a parameter: a value, or one that depends on what the scenario says. What is refused
/// stands for the default.
fn setting(parameter: &'static Parameter, written: &Reader) -> Setting {
    let default = Setting::Value(parameter.default());
    match written.content() {
        Content::Text(word) if word == Setting::INITIAL => Setting::Initial,
        Content::Table(_) if !parameter.domain.is_numeric() => {
            written.refuse(&format!("{}, or {:?}", parameter.expectation(), Setting::INITIAL));
            default
        }
        Content::Table(_) => {
            written.allow_keys(&keys::multiple::TABLE);
            Setting::Factor(written.number_at(&keys::multiple::FACTOR).unwrap_or(1.0))
        }
        Content::Text(_) if parameter.domain.is_numeric() => {
            let (factor, initial) = (Setting::FACTOR_KEY, Setting::INITIAL);
            written.refuse(&format!("{}, {{ {factor} = … }} or {initial:?}", parameter.expectation()));
            default
        }
        _ => value(&parameter.into(), written).map_or(default, Setting::Value),
    }
}
