//! Before the phases: interventions.

use crate::engine::population::simulator::Simulator;

impl Simulator {
    /// From the start of the tick on, interventions hold.
    pub(crate) fn interventions(&mut self, now: u32) {
        let due = self.interventions.partition_point(|&(tick, _)| tick <= now);
        if due == 0 {
            return;
        }
        for (_, intervention) in self.interventions.drain(..due) {
            if intervention.flush {
                self.network.login.flush();
            }
            // They were resolved at the start.
            for (parameter, value) in intervention.values(&self.scenario).collect::<Vec<_>>() {
                // Checked together with the scenario.
                parameter.put(&mut self.scenario, &value);
            }
        }
        self.apply_parameters();
    }
}

#[cfg(test)]
mod tests {
    use crate::engine::outcome::TraceRow;
    use crate::engine::population::simulator::Simulator;
    use crate::engine::{Engine, Request};
    use crate::parameters::{Domain, Intervention, PARAMETERS, Parameter, Scenario, Value};

    const AT_H: f64 = 13.0;

    /// A network that is down, so that everything matters: the back-off, the queue, the promotions.
    fn collapsed() -> Scenario {
        let mut scenario = Scenario::default();
        scenario.population.clients = 20_000;
        scenario.updates.synchronization = 0.6;
        // One client a tick, where twice as many would come.
        scenario.overlay.accept_per_s = 0.2;
        scenario.time.horizon_h = 14.5;
        scenario
    }

    fn trace(scenario: &Scenario) -> Vec<TraceRow> {
        assert_eq!(scenario.check(), Ok(()));
        Simulator::new().run(scenario, 5, &Request::trace(60.0)).unwrap().trace
    }

    /// The run in which an intervention sets a parameter.
    fn with_intervention(parameter: &'static Parameter, value: Value) -> Vec<TraceRow> {
        let mut scenario = collapsed();
        scenario.interventions = vec![Intervention::new(AT_H, [(parameter, value)])];
        trace(&scenario)
    }

    /// A value that is not the one in the scenario.
    fn another_value(parameter: &Parameter, scenario: &Scenario) -> Value {
        let value = parameter.get(scenario);
        let others: Vec<Value> = match (&value, parameter.domain) {
            (Value::Boolean(is), _) => vec![Value::Boolean(!is)],
            (_, Domain::Choice(words)) => words.iter().map(|word| Value::Choice(word)).collect(),
            _ => {
                let double = 2.0 * value.as_f64().unwrap();
                // Of failures in a row there are never a thousand.
                let others = if matches!(value, Value::Integer(_)) { [0.5, 1000.0] } else { [1000.0, 0.5] };
                [&[double], &others[..]].concat().iter().filter_map(|&x| parameter.domain.value_from_f64(x)).collect()
            }
        };
        others.into_iter().find(|other| *other != value && parameter.check(other).is_ok()).unwrap()
    }

    #[test]
    fn an_intervention_on_each_parameter_that_is_open_to_it_changes_the_run_from_then_on() {
        let scenario = collapsed();
        let without = trace(&scenario);
        let before = without.iter().take_while(|row| row.t_h <= AT_H).count();
        assert_eq!(before, 780);
        let mut tried = 0;
        for parameter in PARAMETERS.iter().filter(|parameter| parameter.intervenable) {
            let with = with_intervention(parameter, another_value(parameter, &scenario));
            assert_eq!(with[..before], without[..before], "{}: before", parameter.name);
            assert!(with[before..] != without[before..], "{}: it does nothing", parameter.name);
            tried += 1;
        }
        assert!(tried >= 10, "{tried}");
    }

    #[test]
    fn an_intervention_that_sets_the_value_in_force_changes_nothing() {
        let scenario = collapsed();
        let without = trace(&scenario);
        for parameter in PARAMETERS.iter().filter(|parameter| parameter.intervenable) {
            assert_eq!(with_intervention(parameter, parameter.get(&scenario)), without, "{}", parameter.name);
        }
    }
}
