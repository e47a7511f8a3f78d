//! Reads `[scenario]`: parameters, shocks and interventions.

use super::document::Content;
use super::hints;
use super::reader::Reader;
use crate::parameters::{Domain, Intervention, PARAMETERS, Parameter, Region, Scenario, Shock, Value};
use crate::sweep::keys;

/// Whether some parameter is in this group.
pub(super) fn is_group(name: &str) -> bool {
    PARAMETERS.iter().any(|parameter| parameter.group() == name)
}

/// The groups of parameters, in the order of the documentation.
fn groups() -> Vec<&'static str> {
    let mut groups: Vec<&str> = PARAMETERS.iter().map(Parameter::group).collect();
    groups.dedup();
    groups
}

/// Reads the whole `[scenario]` of a document.
pub(super) fn scenario(root: &Reader) -> Scenario {
    let mut scenario = Scenario::default();
    let Some(table) = root.get_table("scenario") else { return scenario };
    for (parameter, setting) in settings(&table, &keys::scenario::TABLE.names()) {
        if let Some(value) = value(parameter, &setting) {
            parameter.put(&mut scenario, &value);
        }
    }
    scenario.shocks = table.tables_of(keys::scenario::SHOCKS.name).iter().filter_map(shock).collect();
    scenario.interventions =
        table.tables_of(keys::scenario::INTERVENTIONS.name).iter().filter_map(intervention).collect();
    scenario
}

/// Every parameter that a table sets, and what it says; keys in `others` are left to the caller, all else is reported.
pub(super) fn settings<'a>(table: &Reader<'a>, others: &[&str]) -> Vec<(&'static Parameter, Reader<'a>)> {
    let mut found = Vec::new();
    for (group, settings) in table.entries().filter(|(key, _)| !others.contains(key)) {
        if !is_group(group) {
            let others = others.iter().copied().filter(|other| !other.contains('.'));
            let allowed: Vec<&str> = others.chain(groups()).collect();
            settings.report_unknown(hints::unknown_setting(group, &allowed), hints::meant(group, &allowed));
            continue;
        }
        let Some(settings) = settings.table() else { continue };
        for (key, setting) in settings.entries() {
            let name = format!("{group}.{key}");
            if others.contains(&name.as_str()) {
                continue;
            }
            match Parameter::find(&name) {
                Some(parameter) => found.push((parameter, setting)),
                None => setting.report_key(hints::unknown_parameter(&name)),
            }
        }
    }
    found
}

/// Reads the value of a parameter; `None` if it is refused.
pub(super) fn value(parameter: &Parameter, setting: &Reader) -> Option<Value> {
    let value = match (parameter.domain, setting.content()) {
        (Domain::Number(_), _) => setting.node().as_number().map(Value::Number),
        (Domain::Integer(..), Content::Integer(n)) => u64::try_from(*n).ok().map(Value::Integer),
        (Domain::Boolean, Content::Boolean(b)) => Some(Value::Boolean(*b)),
        (Domain::Choice(words), Content::Text(text)) => {
            words.iter().copied().find(|word| *word == text.as_str()).map(Value::Choice)
        }
        (Domain::Regions, Content::List(_)) => return regions(parameter, setting),
        _ => None,
    };
    let value = value.filter(|value| parameter.check(value).is_ok());
    if value.is_none() {
        setting.refuse_for(parameter, &parameter.expectation());
    }
    value
}

fn regions(parameter: &Parameter, setting: &Reader) -> Option<Value> {
    let items = setting.list(&parameter.expectation())?;
    let regions: Vec<Option<Region>> = items.into_iter().map(|item| region(&item.table()?)).collect();
    let value = Value::Regions(regions.into_iter().collect::<Option<_>>()?);
    parameter.check(&value).map_err(|message| setting.report(message)).ok()?;
    Some(value)
}

fn region(region: &Reader) -> Option<Region> {
    region.allow_keys(&keys::region::TABLE);
    let name = region.at(&keys::region::NAME).and_then(|name| name.text());
    let offset = region.number_at(&keys::region::UTC_OFFSET_H);
    let share = region.number_at(&keys::region::SHARE);
    Some(Region { name: name?.to_owned(), utc_offset_h: offset?, share: share? })
}

fn shock(shock: &Reader) -> Option<Shock> {
    let before = shock.problems().count();
    shock.allow_keys(&keys::shock::TABLE);
    let at_h = shock.number_at(&keys::shock::AT_H);
    let mut read = Shock { regions: region_names(shock), ..Shock::default() };
    for fraction in Shock::FRACTIONS {
        let Some(key) = keys::shock::TABLE.keys.iter().find(|key| key.name == fraction.key) else { continue };
        if let Some(share) = shock.number_at(key) {
            (fraction.set)(&mut read, share);
        }
    }
    read.at_h = at_h?;
    if !read.strikes() && shock.problems().count() == before {
        shock.report(Shock::WITHOUT_EFFECT);
    }
    Some(read)
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

fn intervention(intervention: &Reader) -> Option<Intervention> {
    let at_h = intervention.number_at(&keys::intervention::AT_H);
    let intervenable: Vec<&str> = PARAMETERS.iter().filter(|p| p.intervenable).map(|p| p.name).collect();
    let intervenable = intervenable.join(", ");
    let changes = settings(intervention, &keys::intervention::TABLE.names());
    let flush = flush(intervention);
    if changes.is_empty() && !flush {
        let act = Intervention::FLUSH;
        intervention.report(format!("it changes nothing; expected at least one of {intervenable}, {act}"));
    }
    let mut settings = Vec::new();
    for (parameter, setting) in changes {
        if !parameter.intervenable {
            setting.report_key(format!("it cannot change in the middle of a run; these can: {intervenable}"));
        } else if let Some(value) = value(parameter, &setting) {
            settings.push((parameter, value));
        }
    }
    // The order of settings at one moment has no meaning; sorted ones compare equal.
    settings.sort_by_key(|(parameter, _)| parameter.name);
    Some(Intervention { at_h: at_h?, settings, flush })
}
