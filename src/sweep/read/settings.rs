//! Reads settings: which parameters a table sets, and to what.

use super::document::Content;
use super::hints;
use super::reader::Reader;
use crate::parameters::{Domain, PARAMETERS, Parameter, Quantity, Region, Value};
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

/// Reads the value of what a sweep can vary; `None` if it is refused.
pub(super) fn value(parameter: &Quantity, setting: &Reader) -> Option<Value> {
    let value = match (parameter.domain(), setting.content()) {
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

fn regions(parameter: &Quantity, setting: &Reader) -> Option<Value> {
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
