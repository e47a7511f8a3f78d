//! What a sweep can vary in a scenario: a parameter of the model, or a number of a named shock or intervention.

use std::fmt;
use std::sync::Arc;

use super::domain::Domain;
use super::intervention::{Intervention, Setting};
use super::shock::{Fraction, Shock};
use super::table::{Parameter, Scenario};
use super::value::Value;

/// The key of the time of an event.
const AT_H: &str = "at_h";

/// Something that a sweep can vary: a parameter of the model, or a number of a named shock or intervention, which has a
/// dotted name, a unit and a domain as a parameter has.
#[derive(Clone)]
pub struct Quantity {
    name: Arc<str>,
    target: Target,
}

/// What a quantity stands for. Events are known by their names.
#[derive(Clone)]
enum Target {
    Parameter(&'static Parameter),
    ShockTime(Arc<str>),
    ShockFraction(Arc<str>, &'static Fraction),
    InterventionTime(Arc<str>),
    InterventionValue(Arc<str>, &'static Parameter),
    InterventionFactor(Arc<str>, &'static Parameter),
}

impl fmt::Debug for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Quantity({})", self.name)
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Quantity) -> bool {
        self.name == other.name
    }
}

impl From<&'static Parameter> for Quantity {
    fn from(parameter: &'static Parameter) -> Quantity {
        Quantity { name: parameter.name.into(), target: Target::Parameter(parameter) }
    }
}

/// Which there are.
impl Quantity {
    /// The numbers of the named shocks and interventions of a scenario: of an intervention those that it sets.
    pub fn of_events(scenario: &Scenario) -> Vec<Quantity> {
        let shocks = scenario.shocks.iter().filter_map(|shock| Some(of_shock(shock.name.as_deref()?)));
        let changes = scenario.interventions.iter();
        let changes = changes.filter_map(|change| Some(of_intervention(change.name.as_deref()?, change)));
        shocks.flatten().chain(changes.flatten()).collect()
    }
}

fn of_shock(name: &str) -> Vec<Quantity> {
    let name: Arc<str> = name.into();
    let fractions = Shock::FRACTIONS.iter().map(|fraction| {
        let target = Target::ShockFraction(Arc::clone(&name), fraction);
        Quantity { name: format!("shock.{name}.{}", fraction.key).into(), target }
    });
    let time = Quantity { name: format!("shock.{name}.{AT_H}").into(), target: Target::ShockTime(Arc::clone(&name)) };
    std::iter::once(time).chain(fractions).collect()
}

fn of_intervention(name: &str, change: &Intervention) -> Vec<Quantity> {
    let name: Arc<str> = name.into();
    let target = Target::InterventionTime(Arc::clone(&name));
    let time = Quantity { name: format!("intervention.{name}.{AT_H}").into(), target };
    let settings = change.settings.iter().filter_map(|(parameter, setting)| {
        let own = format!("intervention.{name}.{}", parameter.name);
        match setting {
            Setting::Value(_) => {
                let target = Target::InterventionValue(Arc::clone(&name), parameter);
                Some(Quantity { name: own.into(), target })
            }
            Setting::Factor(_) => {
                let target = Target::InterventionFactor(Arc::clone(&name), parameter);
                Some(Quantity { name: format!("{own}.{}", Setting::FACTOR_KEY).into(), target })
            }
            Setting::Initial => None,
        }
    });
    std::iter::once(time).chain(settings).collect()
}

/// What is known about it.
impl Quantity {
    /// Its dotted name, as in the sweep file and as a Parquet column.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The parameter of the model that it is, if it is one.
    pub fn parameter(&self) -> Option<&'static Parameter> {
        match self.target {
            Target::Parameter(parameter) => Some(parameter),
            _ => None,
        }
    }

    /// The parameter of the model that it is, or that an intervention changes with it.
    pub fn concerns(&self) -> Option<&'static Parameter> {
        self.written().map(Parameter::of_model)
    }

    /// The same as it is written, which may be for the whole population.
    pub(crate) fn written(&self) -> Option<&'static Parameter> {
        match self.target {
            Target::Parameter(parameter)
            | Target::InterventionValue(_, parameter)
            | Target::InterventionFactor(_, parameter) => Some(parameter),
            Target::ShockTime(_) | Target::ShockFraction(..) | Target::InterventionTime(_) => None,
        }
    }

    /// Whether it is a share of the shock of this name.
    pub(crate) fn is_fraction_of(&self, shock: &str) -> bool {
        matches!(&self.target, Target::ShockFraction(name, _) if &**name == shock)
    }

    /// Unit; `"1"` for a pure number.
    pub fn unit(&self) -> &'static str {
        match self.target {
            Target::Parameter(parameter) | Target::InterventionValue(_, parameter) => parameter.unit,
            Target::ShockTime(_) | Target::InterventionTime(_) => "h",
            Target::ShockFraction(..) | Target::InterventionFactor(..) => "1",
        }
    }

    /// What values are allowed.
    pub fn domain(&self) -> Domain {
        match self.target {
            Target::Parameter(parameter) | Target::InterventionValue(_, parameter) => parameter.domain,
            Target::ShockTime(_) | Target::InterventionTime(_) => Domain::NOT_NEGATIVE,
            Target::ShockFraction(..) => Domain::SHARE,
            Target::InterventionFactor(..) => Setting::FACTOR,
        }
    }

    /// What it means.
    pub fn meaning(&self) -> String {
        match &self.target {
            Target::Parameter(parameter) => parameter.meaning.to_owned(),
            Target::ShockTime(name) => format!("When the shock {name} strikes, in hours of the simulation."),
            Target::ShockFraction(name, fraction) => format!("Of the shock {name}: {}", fraction.meaning),
            Target::InterventionTime(name) => {
                format!("When the intervention {name} is made, in hours of the simulation.")
            }
            Target::InterventionValue(name, parameter) => {
                format!("From the intervention {name} on: {}", parameter.meaning)
            }
            Target::InterventionFactor(name, parameter) => format!(
                "From the intervention {name} on {} is this many times what the scenario says. {}",
                parameter.name, parameter.meaning
            ),
        }
    }

    /// Whether its value has to fit to those of others: what [`Scenario::check`] looks at beside the domains.
    pub fn is_interdependent(&self) -> bool {
        match self.target {
            Target::Parameter(parameter) | Target::InterventionValue(_, parameter) => parameter.interdependent,
            Target::ShockTime(_) | Target::InterventionTime(_) | Target::InterventionFactor(..) => true,
            Target::ShockFraction(..) => false,
        }
    }

    /// Whether the memory that a run needs depends on it.
    pub fn sizes_memory(&self) -> bool {
        self.concerns().is_some_and(|parameter| parameter.sizes_memory)
    }

    /// Checks a value's type and range.
    ///
    /// # Errors
    /// A message that says what is allowed, without the quantity's name.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        match self.target {
            Target::Parameter(parameter) | Target::InterventionValue(_, parameter) => parameter.check(value),
            _ => self.domain().check(value, self.unit()).map_err(|_| self.expectation()),
        }
    }

    /// What is allowed, as the part of a message: "a number, > 0 … 600 s".
    pub fn expectation(&self) -> String {
        match self.target {
            Target::ShockTime(_) | Target::InterventionTime(_) => "a number, 0 h … time.horizon_h".to_owned(),
            _ => self.domain().expectation(self.unit()),
        }
    }
}

/// Its value in a scenario.
impl Quantity {
    /// The value in a scenario; `None` if the scenario does not have the event, or that says nothing about it.
    pub fn get(&self, scenario: &Scenario) -> Option<Value> {
        match &self.target {
            Target::Parameter(parameter) => Some(parameter.get(scenario)),
            Target::ShockTime(name) => Some(Value::Number(shock(scenario, name)?.at_h)),
            Target::ShockFraction(name, fraction) => Some(Value::Number((fraction.get)(shock(scenario, name)?))),
            Target::InterventionTime(name) => Some(Value::Number(intervention(scenario, name)?.at_h)),
            Target::InterventionValue(name, parameter) | Target::InterventionFactor(name, parameter) => {
                let settings = &intervention(scenario, name)?.settings;
                match &settings.iter().find(|(set, _)| set == parameter)?.1 {
                    Setting::Value(value) => Some(value.clone()),
                    Setting::Factor(factor) => Some(Value::Number(*factor)),
                    Setting::Initial => None,
                }
            }
        }
    }

    /// Sets a value that was checked before. A scenario without the event stays as it is.
    pub(crate) fn put(&self, scenario: &mut Scenario, value: &Value) {
        let number = value.as_f64();
        debug_assert_eq!(self.check(value), Ok(()), "{} was not checked", self.name);
        match &self.target {
            Target::Parameter(parameter) => parameter.put(scenario, value),
            Target::ShockTime(name) => {
                if let (Some(shock), Some(at_h)) = (shock_mut(scenario, name), number) {
                    shock.at_h = at_h;
                }
            }
            Target::ShockFraction(name, fraction) => {
                if let (Some(shock), Some(share)) = (shock_mut(scenario, name), number) {
                    (fraction.set)(shock, share);
                }
            }
            Target::InterventionTime(name) => {
                if let (Some(change), Some(at_h)) = (intervention_mut(scenario, name), number) {
                    change.at_h = at_h;
                }
            }
            Target::InterventionValue(name, parameter) => {
                put_setting(scenario, name, parameter, Setting::Value(value.clone()));
            }
            Target::InterventionFactor(name, parameter) => {
                if let Some(factor) = number {
                    put_setting(scenario, name, parameter, Setting::Factor(factor));
                }
            }
        }
    }
}

fn shock<'a>(scenario: &'a Scenario, name: &str) -> Option<&'a Shock> {
    scenario.shocks.iter().find(|shock| shock.name.as_deref() == Some(name))
}

fn shock_mut<'a>(scenario: &'a mut Scenario, name: &str) -> Option<&'a mut Shock> {
    scenario.shocks.iter_mut().find(|shock| shock.name.as_deref() == Some(name))
}

fn intervention<'a>(scenario: &'a Scenario, name: &str) -> Option<&'a Intervention> {
    scenario.interventions.iter().find(|change| change.name.as_deref() == Some(name))
}

fn intervention_mut<'a>(scenario: &'a mut Scenario, name: &str) -> Option<&'a mut Intervention> {
    scenario.interventions.iter_mut().find(|change| change.name.as_deref() == Some(name))
}

fn put_setting(scenario: &mut Scenario, name: &str, parameter: &Parameter, setting: Setting) {
    let Some(change) = intervention_mut(scenario, name) else { return };
    if let Some((_, old)) = change.settings.iter_mut().find(|(set, _)| *set == parameter) {
        *old = setting;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eventful() -> Scenario {
        let mut scenario = Scenario::default();
        let name = |name: &str| Some(name.to_owned());
        scenario.shocks.push(Shock { name: name("cut"), at_h: 13.0, client_fraction: 0.5, ..Shock::default() });
        scenario.shocks.push(Shock { at_h: 14.0, client_fraction: 0.5, ..Shock::default() });
        let parameter = |name: &str| Parameter::find(name).unwrap();
        scenario.interventions.push(Intervention {
            name: name("rescue"),
            at_h: 15.0,
            settings: vec![
                (parameter("login.discipline"), Setting::Value(Value::Choice("lifo"))),
                (parameter("login.drop_expired"), Setting::Initial),
                (parameter("retry.cap_s"), Setting::Factor(2.0)),
            ],
            flush: false,
        });
        scenario
    }

    #[test]
    fn the_numbers_of_named_events_are_read_and_written_by_name() {
        let mut scenario = eventful();
        let all = Quantity::of_events(&scenario);
        let names: Vec<&str> = all.iter().map(Quantity::name).collect();
        assert!(names.starts_with(&["shock.cut.at_h", "shock.cut.supernode_fraction", "shock.cut.client_fraction"]));
        let of_intervention: Vec<&str> = names.into_iter().filter(|name| name.starts_with("intervention")).collect();
        let expected = [
            "intervention.rescue.at_h",
            "intervention.rescue.login.discipline",
            "intervention.rescue.retry.cap_s.factor",
        ];
        assert_eq!(of_intervention, expected);
        for quantity in &all {
            let value = match quantity.domain() {
                Domain::Choice(words) => Value::Choice(words[0]),
                _ => Value::Number(0.25),
            };
            assert_eq!(quantity.check(&value), Ok(()));
            assert_ne!(quantity.get(&scenario), Some(value.clone()), "{quantity:?}");
            let before = scenario.clone();
            quantity.put(&mut scenario, &value);
            assert_eq!(quantity.get(&scenario), Some(value), "{quantity:?}");
            // No other has changed.
            for other in all.iter().filter(|other| *other != quantity) {
                assert_eq!(other.get(&scenario), other.get(&before), "{quantity:?} {other:?}");
            }
            assert_eq!(scenario.shocks[1], before.shocks[1]);
        }
        assert!(all.iter().all(|quantity| quantity.get(&Scenario::default()).is_none()));
    }
}
