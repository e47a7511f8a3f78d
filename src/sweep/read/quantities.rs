//! Finds what a sweep varies by its name: parameters, and the numbers of the scenario's named shocks and interventions.

use super::hints;
use super::reader::Reader;
use super::settings;
use crate::parameters::{Parameter, Quantity, Scenario, Setting};
use crate::sweep::columns;

/// The events of a scenario: the keys of their lists, and the first part of the names of their numbers.
pub(super) const EVENTS: [&str; 2] = ["shock", "intervention"];

/// Everything that a sweep can vary.
pub(super) struct Quantities {
    /// The numbers of the named events.
    of_events: Vec<Quantity>,
}

impl Quantities {
    /// What can be varied in sweeps of this scenario.
    pub(super) fn of(scenario: &Scenario) -> Quantities {
        Quantities { of_events: Quantity::of_events(scenario) }
    }

    /// The quantity of this dotted name, or what is wrong with the name.
    pub(super) fn find(&self, name: &str) -> Result<Quantity, String> {
        if let Some(parameter) = Parameter::find(name) {
            return Ok(parameter.into());
        }
        match name.split_once('.') {
            Some((kind, rest)) if EVENTS.contains(&kind) => {
                let found = self.of_events.iter().find(|quantity| quantity.name() == name);
                found.cloned().ok_or_else(|| self.unknown_event(kind, rest))
            }
            _ => Err(hints::unknown_parameter(name)),
        }
    }

    /// Whether a number of an event may have the column of this name.
    pub(super) fn have_column(&self, name: &str) -> bool {
        let mut names = self.of_events.iter().map(Quantity::name);
        names.any(|own| name == own || name == columns::of_draws(own))
    }

    /// The message for a number of an event that does not exist: its event may not, or have no name.
    fn unknown_event(&self, kind: &str, rest: &str) -> String {
        let (event, number) = rest.split_once('.').unwrap_or((rest, ""));
        let of_kind =
            self.of_events.iter().filter_map(|quantity| quantity.name().strip_prefix(kind)?.strip_prefix('.'));
        let named: Vec<(&str, &str)> = of_kind.filter_map(|rest| rest.split_once('.')).collect();
        let mut events: Vec<&str> = named.iter().map(|(event, _)| *event).collect();
        events.dedup();
        if events.is_empty() {
            return format!(
                "no {kind} of the scenario has a name; give it one in its [[scenario.{kind}]]: name = {event:?}"
            );
        }
        if !events.contains(&event) {
            return hints::unknown(kind, event, &events);
        }
        let numbers: Vec<&str> = named.iter().filter(|(of, _)| *of == event).map(|(_, number)| *number).collect();
        let message = hints::unknown(&format!("number of the {kind} {event}"), number, &numbers);
        if kind == "intervention" { format!("{message} (what it sets, and when)") } else { message }
    }

    /// Every quantity that a table sets, and what it says; keys in `others` are left to the caller, all else is
    /// reported.
    pub(super) fn settings<'a>(&self, table: &Reader<'a>, others: &[&str]) -> Vec<(Quantity, Reader<'a>)> {
        let left: Vec<&str> = others.iter().copied().chain(EVENTS).collect();
        let parameters = settings::settings(table, &left).into_iter();
        let mut found: Vec<(Quantity, Reader)> =
            parameters.map(|(parameter, setting)| (parameter.into(), setting)).collect();
        for kind in EVENTS.into_iter().filter(|kind| !others.contains(kind)) {
            let Some(events) = table.get(kind).and_then(Reader::table) else { continue };
            for (name, event) in events.entries() {
                let Some(event) = event.table() else { continue };
                self.numbers(&format!("{kind}.{name}"), &event, &mut found);
            }
        }
        found
    }

    /// The numbers of one event that its table sets.
    fn numbers<'a>(&self, name: &str, event: &Reader<'a>, found: &mut Vec<(Quantity, Reader<'a>)>) {
        let mut note = |name: &str, setting: Reader<'a>| match self.find(name) {
            Ok(quantity) => found.push((quantity, setting)),
            Err(message) => setting.report_key(message),
        };
        for (key, setting) in event.entries() {
            let name = format!("{name}.{key}");
            if !settings::is_group(key) {
                note(&name, setting);
                continue;
            }
            let Some(group) = setting.table() else { continue };
            for (key, setting) in group.entries() {
                // `{ factor = … }` is the factor of an intervention that multiplies, if it is one.
                let name = format!("{name}.{key}");
                let factor = format!("{name}.{}", Setting::FACTOR_KEY);
                match setting.get(Setting::FACTOR_KEY) {
                    Some(multiplied) if self.of_events.iter().any(|quantity| quantity.name() == factor) => {
                        setting.allow(&[Setting::FACTOR_KEY]);
                        note(&factor, multiplied);
                    }
                    _ => note(&name, setting),
                }
            }
        }
    }
}
