//! An intervention: when, and what it sets; and the parameters that are in force then.

use std::fmt;

use super::domain::Domain;
use super::table::{Parameter, Scenario};
use super::value::{Value, toml_number};

/// A change of parameters, or an act, in the middle of a run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Intervention {
    /// What it is called, so that a sweep can vary its numbers; a run does not depend on it.
    pub name: Option<String>,
    /// When, in hours of the simulation; rounded to the nearest tick.
    pub at_h: f64,
    /// What it says about parameters, in the order of their names.
    pub settings: Vec<(&'static Parameter, Setting)>,
    /// Whether the login server's queue is emptied: the key `login.flush`.
    pub flush: bool,
}

impl Intervention {
    /// The key of the act.
    pub(crate) const FLUSH: &str = "login.flush";

    /// An intervention that gives parameters new values.
    pub fn new(at_h: f64, values: impl IntoIterator<Item = (&'static Parameter, Value)>) -> Intervention {
        let settings = values.into_iter().map(|(parameter, value)| (parameter, Setting::Value(value))).collect();
        Intervention { at_h, settings, ..Intervention::default() }
    }

    /// The same with the values that it sets in a run of this scenario, which is the one at the start of the run.
    pub(crate) fn resolved(&self, scenario: &Scenario) -> Intervention {
        let settings = self.values(scenario).map(|(parameter, value)| (parameter, Setting::Value(value))).collect();
        Intervention { settings, ..self.clone() }
    }

    /// The parameters that it sets, and their new values in a run of this scenario.
    pub fn values<'a>(&'a self, scenario: &'a Scenario) -> impl Iterator<Item = (&'static Parameter, Value)> + use<'a> {
        self.settings.iter().map(|(parameter, setting)| (*parameter, setting.value(parameter, scenario)))
    }
}

/// What an intervention says about a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Setting {
    /// The new value.
    Value(Value),
    /// This many times what the scenario says, > 0.
    Factor(f64),
    /// What the scenario says: the end of what an intervention before it did.
    Initial,
}

impl Setting {
    /// Which factors are allowed.
    pub const FACTOR: Domain = Domain::POSITIVE;
    /// The key of a factor.
    pub const FACTOR_KEY: &str = "factor";
    /// The word for what the scenario says.
    pub const INITIAL: &str = "initial";

    /// The new value of the parameter in a run of this scenario, which is the one at its start. It may be one that is
    /// not allowed, which [`Scenario::check`] says.
    pub fn value(&self, parameter: &Parameter, scenario: &Scenario) -> Value {
        match self {
            Setting::Value(value) => value.clone(),
            Setting::Initial => parameter.get(scenario),
            Setting::Factor(factor) => {
                let initial = parameter.get(scenario);
                let Some(product) = initial.as_f64().map(|x| x * factor) else { return initial };
                parameter.domain.value_from_f64(product).unwrap_or(Value::Number(product))
            }
        }
    }

    /// Whether it is a value by itself, which replaces what the scenario says.
    pub fn is_plain(&self) -> bool {
        matches!(self, Setting::Value(_))
    }
}

impl fmt::Display for Setting {
    /// Writes the setting as it is written in TOML.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Setting::Value(value) => value.fmt(f),
            Setting::Factor(factor) => {
                write!(f, "{{ {} = {} }}", Setting::FACTOR_KEY, toml_number(*factor))
            }
            Setting::Initial => write!(f, "{:?}", Setting::INITIAL),
        }
    }
}

impl Scenario {
    /// The interventions in the order in which they come, each with its position in the list: those of one hour, and so
    /// those of one tick that are of different hours, as they are checked.
    pub(crate) fn interventions_in_order(&self) -> impl Iterator<Item = (usize, &Intervention)> {
        let mut ordered: Vec<(usize, &Intervention)> = self.interventions.iter().enumerate().collect();
        ordered.sort_by(|(_, a), (_, b)| a.at_h.total_cmp(&b.at_h));
        ordered.into_iter()
    }

    /// The parameters in force, from the start of a run on and from each intervention on, one after another. A value that
    /// is not allowed changes nothing: [`Scenario::check`] refuses it.
    pub(crate) fn versions(&self) -> impl Iterator<Item = Scenario> {
        let changes = self.interventions_in_order().scan(self.clone(), |in_force, (_, change)| {
            for (parameter, value) in change.values(self) {
                parameter.set(in_force, &value).ok();
            }
            Some(in_force.clone())
        });
        std::iter::once(self.clone()).chain(changes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_force_changes_in_the_order_of_the_hours() {
        let set = |at_h, name, value| Intervention::new(at_h, [(Parameter::find(name).unwrap(), Value::Number(value))]);
        let interventions = vec![
            set(3.0, "retry.base_s", 30.0),
            set(1.0, "retry.base_s", 10.0),
            set(3.0, "retry.cap_s", 900.0),
            // Refused.
            set(2.0, "retry.base_s", -1.0),
        ];
        let scenario = Scenario { interventions, ..Scenario::default() };
        let order: Vec<usize> = scenario.interventions_in_order().map(|(index, _)| index).collect();
        assert_eq!(order, [1, 3, 0, 2]);
        let versions: Vec<(f64, f64)> = scenario.versions().map(|s| (s.retry.base_s, s.retry.cap_s)).collect();
        assert_eq!(versions, [(15.0, 600.0), (10.0, 600.0), (10.0, 600.0), (30.0, 600.0), (30.0, 900.0)]);
    }
}
