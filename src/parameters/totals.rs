//! Parameters in absolute units: twelve gateways, twenty log-ins a second.
//!
//! The model has them per million clients, so that a scenario means the same at any size. Whoever describes a system of
//! one size thinks in its own units. What is given so stays as it was given when the number of clients changes, and the
//! parameter per million follows. [`Parameter::set`] sees to that; a field of the scenario that is set directly does not.

use super::table::Parameter;

/// What was given for the whole population.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Totals(Vec<(&'static Parameter, f64)>);

impl Totals {
    /// All of them, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&'static Parameter, f64)> {
        self.0.iter().copied()
    }

    /// The value given for the parameter of this name.
    pub(super) fn get(&self, name: &str) -> Option<f64> {
        self.iter().find(|(total, _)| total.name == name).map(|(_, value)| value)
    }

    /// Gives the parameter of this name a value.
    pub(super) fn put(&mut self, name: &str, value: f64) {
        let Some(total) = Parameter::find(name) else { return };
        self.0.retain(|(other, _)| *other != total);
        self.0.push((total, value));
        self.0.sort_by_key(|(total, _)| total.name);
    }

    /// The parameter of this name is no longer given for the whole population, if it is one per million.
    pub(super) fn forget(&mut self, per_million: &str) {
        self.0.retain(|(total, _)| total.per_million != Some(per_million));
    }
}

/// What is so much per million clients, for all of them.
pub(super) fn whole(per_million: f64, clients: u64) -> f64 {
    per_million * (clients as f64 / 1e6)
}

/// What is so much for all clients, per million of them.
pub(super) fn per_million(whole: f64, clients: u64) -> f64 {
    whole * (1e6 / clients as f64)
}

#[cfg(test)]
mod tests {
    use super::super::table::{PARAMETERS, Scenario, TOTALS};
    use super::super::value::Value;
    use super::*;

    #[test]
    fn every_parameter_per_million_clients_has_a_form_for_all_of_them_and_no_other_has() {
        for parameter in PARAMETERS {
            let stem = parameter.name.strip_suffix("_per_million");
            assert_eq!(parameter.total().map(|total| total.name), stem, "{}", parameter.name);
            assert_eq!(parameter.of_model(), parameter);
        }
        for total in TOTALS {
            let parameter = total.of_model();
            assert!(total.name != parameter.name && parameter.total() == Some(total));
            assert_eq!((total.unit, total.domain), (parameter.unit, parameter.domain));
            let properties = |p: &Parameter| (p.intervenable, p.interdependent, p.sizes_memory);
            assert_eq!(properties(total), properties(parameter));
        }
        assert_eq!(Parameter::all().count(), PARAMETERS.len() + TOTALS.len());
    }

    #[test]
    fn what_is_given_for_all_clients_stays_when_their_number_changes() {
        let parameter = |name: &str| Parameter::find(name).unwrap();
        let (clients, dedicated) = (parameter("population.clients"), parameter("overlay.dedicated"));
        let mut scenario = Scenario::default();
        let mut set = |parameter: &Parameter, value| {
            parameter.set(&mut scenario, &value).unwrap();
            (scenario.overlay.dedicated_per_million, dedicated.get(&scenario))
        };
        assert_eq!(set(dedicated, Value::Number(12.0)), (12.0, Value::Number(12.0)));
        assert_eq!(set(clients, Value::Integer(500_000)), (24.0, Value::Number(12.0)));
        // What is given per million does, from then on.
        assert_eq!(set(dedicated.of_model(), Value::Number(12.0)), (12.0, Value::Number(6.0)));
        assert_eq!(set(clients, Value::Integer(1_000_000)), (12.0, Value::Number(12.0)));
        assert_eq!(set(dedicated, Value::Number(3.0)), (3.0, Value::Number(3.0)));
        assert!(scenario.totals.iter().eq([(dedicated, 3.0)]));
        let capacity = parameter("login.capacity_per_s");
        capacity.set(&mut scenario, &Value::Number(f64::INFINITY)).unwrap();
        assert_eq!(scenario.login.capacity_per_s_per_million, f64::INFINITY);
        assert!(capacity.set(&mut scenario, &Value::Number(-1.0)).is_err());
    }
}
