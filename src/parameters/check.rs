//! What a scenario has to be as a whole.

use std::fmt;

use super::declare::name_of;
use super::domain::Domain;
use super::shock::Shock;
use super::table::{PARAMETERS, Retry, Scenario};

/// Most ticks that a run may have.
const TICKS_MAX: f64 = 2_147_483_648.0;

/// Why a scenario cannot be run.
#[derive(Debug, Clone, PartialEq)]
pub struct ScenarioError {
    /// What is at fault: the dotted name of a parameter, or a key of a shock or an intervention, such as `shock.at_h`.
    pub key: String,
    /// The parameters that it does not fit to.
    pub others: &'static [&'static str],
    /// The shock or intervention with which the scenario is impossible, if it is one.
    pub event: Option<Event>,
    /// What is wrong, and what is allowed.
    pub message: String,
}

/// A shock or an intervention: its position in the scenario's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// One of [`Scenario::shocks`].
    Shock(usize),
    /// One of [`Scenario::interventions`].
    Intervention(usize),
}

impl ScenarioError {
    pub(crate) fn new(key: impl Into<String>, message: impl Into<String>) -> ScenarioError {
        ScenarioError { key: key.into(), others: &[], event: None, message: message.into() }
    }

    fn beside(mut self, others: &'static [&'static str]) -> ScenarioError {
        self.others = others;
        self
    }

    pub(crate) fn at(mut self, event: Event) -> ScenarioError {
        self.event = Some(event);
        self
    }
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.message)
    }
}

impl std::error::Error for ScenarioError {}

impl Scenario {
    /// Checks that the scenario can be run: every value by itself, and what has to fit together.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), ScenarioError> {
        for parameter in PARAMETERS {
            let value = parameter.get(self);
            parameter.check(&value).map_err(|message| {
                // What is wrong with a list of regions says its own message.
                let lists = parameter.domain == Domain::Regions;
                let message = if lists { message } else { format!("{value} is not allowed; expected {message}") };
                ScenarioError::new(parameter.name, message)
            })?;
        }
        self.check_events()?;
        self.check_together()
    }

    /// Checks what involves more than one parameter, in a scenario whose single values have been checked as they were
    /// set: a part of [`Scenario::check`], for who has millions of such scenarios. The parameters that it looks at are
    /// marked [`interdependent`](super::Parameter::interdependent).
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub(crate) fn check_together(&self) -> Result<(), ScenarioError> {
        self.conflicts_together().into_iter().next().map_or(Ok(()), Err)
    }

    /// What [`Scenario::check_together`] finds: one error for each of the things that it looks at.
    pub(crate) fn conflicts_together(&self) -> Vec<ScenarioError> {
        let checks = [
            self.check_length(),
            check_retry(&self.retry),
            self.check_settings(),
            self.check_times(),
            self.check_regions(),
        ];
        let mut found: Vec<ScenarioError> = Vec::new();
        for error in checks.into_iter().filter_map(Result::err) {
            // An intervention is not to blame for what is wrong without it.
            if !found.iter().any(|earlier| earlier.key == error.key) {
                found.push(error);
            }
        }
        found
    }

    /// The single values of the shocks and the interventions.
    fn check_events(&self) -> Result<(), ScenarioError> {
        let hours = |at_h: f64| at_h.is_finite() && at_h >= 0.0;
        for (index, shock) in self.shocks.iter().enumerate() {
            let refuse = |key: &str, value: f64, expected| {
                let message = format!("{value:?} is not allowed; expected {expected}");
                Err(ScenarioError::new(key, message).at(Event::Shock(index)))
            };
            if !hours(shock.at_h) {
                return refuse("shock.at_h", shock.at_h, "a number, 0 h … time.horizon_h");
            }
            for fraction in Shock::FRACTIONS {
                let share = (fraction.get)(shock);
                if !(0.0..=1.0).contains(&share) {
                    return refuse(&format!("shock.{}", fraction.key), share, "a number, 0 … 1");
                }
            }
            // The shares of a named one may be varied by a sweep, from 0 on.
            if !shock.strikes() && shock.name.is_none() {
                return Err(ScenarioError::new("shock", Shock::WITHOUT_EFFECT).at(Event::Shock(index)));
            }
        }
        for (index, change) in self.interventions.iter().enumerate() {
            if !hours(change.at_h) {
                let message = format!("{:?} is not allowed; expected a number, 0 h … time.horizon_h", change.at_h);
                return Err(ScenarioError::new("intervention.at_h", message).at(Event::Intervention(index)));
            }
        }
        Ok(())
    }

    /// The regions that a shock strikes exist.
    fn check_regions(&self) -> Result<(), ScenarioError> {
        const REGIONS: &str = name_of!(population.regions);
        for (index, shock) in self.shocks.iter().enumerate() {
            let exists = |name: &&String| self.population.regions.iter().any(|region| region.name == **name);
            if let Some(name) = shock.regions.iter().find(|name| !exists(name)) {
                let names: Vec<String> = self.population.regions.iter().map(|r| format!("{:?}", r.name)).collect();
                let message = format!("there is no region {name:?}; expected one of {}", names.join(", "));
                let error = ScenarioError::new("shock.regions", message).beside(&[REGIONS]);
                return Err(error.at(Event::Shock(index)));
            }
        }
        Ok(())
    }

    /// The release comes before the horizon, with a tick between them, as does the trigger, and the ticks can be counted.
    fn check_length(&self) -> Result<(), ScenarioError> {
        const HORIZON: &str = name_of!(time.horizon_h);
        const TICK: &str = name_of!(time.tick_s);
        const RELEASE: &str = name_of!(updates.release_h);
        let (horizon_h, release_h, tick_s) = (self.time.horizon_h, self.updates.release_h, self.time.tick_s);
        if horizon_h <= release_h {
            let message = format!("the horizon, {horizon_h} h, must be later than {RELEASE}, {release_h} h");
            return Err(ScenarioError::new(HORIZON, message).beside(&[RELEASE]));
        }
        let ticks = self.ticks_in(horizon_h);
        if !(1.0..=TICKS_MAX).contains(&ticks) {
            let message =
                format!("{horizon_h} h in ticks of {tick_s} s are {ticks:.0} ticks, but 1 … 2^31 are allowed");
            return Err(ScenarioError::new(TICK, message).beside(&[HORIZON]));
        }
        if self.ticks_in(release_h) >= ticks {
            let message = format!(
                "no tick of {tick_s} s lies between the release, {release_h} h, and the horizon, {horizon_h} h"
            );
            return Err(ScenarioError::new(HORIZON, message).beside(&[RELEASE, TICK]));
        }
        let trigger_h = self.outage.trigger_h;
        if trigger_h.is_finite() && self.ticks_in(trigger_h) >= ticks {
            let message = format!("{trigger_h} h is not before {HORIZON}, {horizon_h} h");
            return Err(ScenarioError::new(name_of!(outage.trigger_h), message).beside(&[HORIZON, TICK]));
        }
        Ok(())
    }

    /// What the interventions set one after another is allowed, and fits to what is in force then. Dedicated super nodes
    /// can be added, not taken away: fewer of them would be ignored in silence.
    fn check_settings(&self) -> Result<(), ScenarioError> {
        if self.interventions.is_empty() {
            return Ok(());
        }
        let mut in_force = self.clone();
        for (index, change) in self.interventions_in_order() {
            let event = Event::Intervention(index);
            for (parameter, value) in change.values(self) {
                let refuse =
                    |message| Err(ScenarioError::new(format!("intervention.{}", parameter.name), message).at(event));
                if !parameter.intervenable {
                    return refuse("it cannot change in the middle of a run".to_owned());
                }
                let before = parameter.get(&in_force).as_f64();
                if let Err(message) = parameter.set(&mut in_force, &value) {
                    return refuse(format!("{value} is not allowed; expected {message}"));
                }
                let after = parameter.get(&in_force).as_f64();
                if let (Some(before), Some(after)) = (before, after)
                    && parameter.of_model().name == name_of!(overlay.dedicated_per_million)
                    && after < before
                {
                    return refuse(format!(
                        "{after} are fewer than the {before} before; they can be added, not taken away"
                    ));
                }
            }
            check_retry(&in_force.retry).map_err(|error| error.at(event))?;
        }
        Ok(())
    }

    /// Shocks and interventions fall into a tick of the run, or they would be ignored in silence.
    fn check_times(&self) -> Result<(), ScenarioError> {
        let shocks = self.shocks.iter().enumerate();
        let shocks = shocks.map(|(index, shock)| ("shock.at_h", Event::Shock(index), shock.at_h));
        let changes = self.interventions.iter().enumerate();
        let changes = changes.map(|(index, change)| ("intervention.at_h", Event::Intervention(index), change.at_h));
        let ticks = self.ticks_in(self.time.horizon_h);
        match shocks.chain(changes).find(|&(_, _, at_h)| self.ticks_in(at_h) >= ticks) {
            Some((key, event, at_h)) => {
                let message = format!("{at_h} h is not before {}, {} h", name_of!(time.horizon_h), self.time.horizon_h);
                Err(ScenarioError::new(key, message).at(event))
            }
            None => Ok(()),
        }
    }
}

fn check_retry(retry: &Retry) -> Result<(), ScenarioError> {
    const BASE: &str = name_of!(retry.base_s);
    if retry.cap_s < retry.base_s {
        let message = format!("the cap, {} s, must be at least {BASE}, {} s", retry.cap_s, retry.base_s);
        return Err(ScenarioError::new(name_of!(retry.cap_s), message).beside(&[BASE]));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::intervention::Intervention;
    use super::super::table::Parameter;
    use super::super::value::{Region, Value};
    use super::*;

    fn intervention(at_h: f64, name: &str, value: Value) -> Intervention {
        Intervention::new(at_h, [(Parameter::find(name).unwrap(), value)])
    }

    /// A scenario that changes what it can, so that every rule has something to look at.
    fn eventful() -> Scenario {
        let mut scenario = Scenario::default();
        scenario.overlay.dedicated_per_million = 50.0;
        let regions = vec![scenario.population.regions[0].name.clone()];
        let shock = Shock { at_h: 47.0, supernode_fraction: 0.5, client_fraction: 0.5, regions, ..Shock::default() };
        scenario.shocks.push(shock);
        for parameter in PARAMETERS.iter().filter(|parameter| parameter.intervenable) {
            scenario.interventions.push(intervention(46.0, parameter.name, parameter.get(&scenario)));
        }
        scenario
    }

    /// Values from all over the domain of a parameter, its ends among them.
    fn values(domain: Domain) -> Vec<Value> {
        let all = match domain {
            Domain::Number(_) | Domain::Integer(..) => {
                let numbers =
                    [0.0, 1e12, f64::INFINITY].into_iter().chain((-90..90).map(|e| libm::exp10(f64::from(e) / 10.0)));
                numbers.filter_map(|x| domain.value_from_f64(x)).collect()
            }
            Domain::Boolean => vec![Value::Boolean(false), Value::Boolean(true)],
            Domain::Choice(words) => words.iter().copied().map(Value::Choice).collect(),
            Domain::Regions => {
                vec![Value::Regions(vec![Region { name: "a".to_owned(), utc_offset_h: 0.0, share: 1.0 }])]
            }
        };
        assert!(!all.is_empty());
        all
    }

    #[test]
    fn every_default_lies_in_its_own_domain() {
        for parameter in PARAMETERS {
            assert_eq!(parameter.check(&parameter.default()), Ok(()), "{}", parameter.name);
        }
        assert_eq!(Scenario::default().check(), Ok(()));
    }

    #[test]
    fn the_interdependent_parameters_are_those_that_the_check_reacts_to() {
        let scenario = eventful();
        assert_eq!(scenario.check(), Ok(()));
        for parameter in PARAMETERS {
            let reacts = values(parameter.domain).iter().any(|value| {
                let mut changed = scenario.clone();
                parameter.set(&mut changed, value).unwrap();
                changed.check().is_err()
            });
            assert_eq!(reacts, parameter.interdependent, "{}", parameter.name);
        }
    }

    #[test]
    fn a_value_outside_of_its_domain_is_refused_however_it_came_there() {
        type Spoil = fn(&mut Scenario);
        let cases: [(&str, Spoil); 11] = [
            ("time.tick_s", |s| s.time.tick_s = 0.0),
            ("population.clients", |s| s.population.clients = 0),
            ("population.regions", |s| s.population.regions.clear()),
            ("presence.session_h", |s| s.presence.session_h = f64::NAN),
            ("shock.at_h", |s| s.shocks[0].at_h = f64::NAN),
            ("shock.client_fraction", |s| s.shocks[0].client_fraction = 1.5),
            ("shock", |s| (s.shocks[0].client_fraction, s.shocks[0].supernode_fraction) = (0.0, 0.0)),
            ("shock.dedicated_fraction", |s| s.shocks[0].dedicated_fraction = -0.1),
            ("shock.regions", |s| s.shocks[0].regions.push("Atlantis".to_owned())),
            ("intervention.at_h", |s| s.interventions[0].at_h = -1.0),
            ("intervention.retry.factor", |s| {
                s.interventions[0] = intervention(20.0, "retry.factor", Value::Number(0.5))
            }),
        ];
        for (key, spoil) in cases {
            let mut scenario = eventful();
            spoil(&mut scenario);
            assert_eq!(scenario.check().unwrap_err().key, key);
        }
    }

    #[test]
    fn what_an_intervention_makes_impossible_is_refused() {
        for (name, value, key) in [
            ("retry.base_s", Value::Number(700.0), "retry.cap_s"),
            ("overlay.dedicated_per_million", Value::Number(49.0), "intervention.overlay.dedicated_per_million"),
            ("login.timeout_s", Value::Number(50.0), "intervention.login.timeout_s"),
        ] {
            let mut scenario = eventful();
            scenario.interventions.insert(0, intervention(20.0, name, value));
            let error = scenario.check().unwrap_err();
            assert_eq!((error.key.as_str(), error.event), (key, Some(Event::Intervention(0))));
        }
    }

    #[test]
    fn interventions_are_checked_in_the_order_of_their_times() {
        let dedicated = |at_h, value| intervention(at_h, "overlay.dedicated_per_million", Value::Number(value));
        let check = |interventions| Scenario { interventions, ..Scenario::default() }.check();
        assert_eq!(check(vec![dedicated(30.0, 20.0), dedicated(20.0, 10.0)]), Ok(()));
        let error = check(vec![dedicated(20.0, 20.0), dedicated(30.0, 10.0)]).unwrap_err();
        assert_eq!(error.event, Some(Event::Intervention(1)));
    }

    #[test]
    fn what_happens_after_the_last_tick_is_refused() {
        for (at_h, is_late) in [(47.99, false), (48.0, true)] {
            let mut scenario = Scenario::default();
            scenario.shocks.push(Shock { at_h, supernode_fraction: 0.5, ..Shock::default() });
            assert_eq!(scenario.check().is_err(), is_late, "{at_h}");
        }
    }
}
