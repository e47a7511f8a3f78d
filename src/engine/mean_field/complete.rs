//! What of the model the engine has, and what it refuses.

use super::settings::{Settings, failures_that_matter};
use crate::parameters::name_of;
use crate::parameters::{PARAMETERS, Parameter, Scenario, ScenarioError};

/// The parameters that the engine has. Others are refused by name, unless they have their defaults: a parameter is not
/// ignored in silence because it is newer than this list.
const HAS: [&str; 49] = [
    name_of!(population.clients),
    name_of!(population.nat_fraction),
    name_of!(population.capable_fraction),
    name_of!(population.regions),
    name_of!(time.tick_s),
    name_of!(time.horizon_h),
    name_of!(presence.session_h),
    name_of!(presence.absence_h),
    name_of!(presence.daily_amplitude),
    name_of!(presence.peak_local_h),
    name_of!(updates.patched_fraction),
    name_of!(updates.synchronization),
    name_of!(updates.release_h),
    name_of!(updates.burst_delay_s),
    name_of!(updates.burst_width_s),
    name_of!(updates.install_local_h),
    name_of!(updates.detection_window_h),
    name_of!(updates.daily_install_probability),
    name_of!(updates.rolling_width_s),
    name_of!(updates.boot_median_s),
    name_of!(updates.boot_sigma),
    name_of!(updates.autostart_probability),
    name_of!(overlay.slots),
    name_of!(overlay.supernode_ratio),
    name_of!(overlay.probes),
    name_of!(overlay.stale_ttl_s),
    name_of!(overlay.keepalive_s),
    name_of!(overlay.accept_per_s),
    name_of!(overlay.overload_probes_per_s),
    name_of!(overlay.overload_shutdown_probability),
    name_of!(overlay.healing_time_s),
    name_of!(overlay.dedicated_per_million),
    name_of!(overlay.dedicated_slots),
    name_of!(overlay.dedicated_overload),
    name_of!(overlay.dedicated_restart_s),
    name_of!(overlay.admission),
    name_of!(overlay.bypass),
    name_of!(login.capacity_per_s_per_million),
    name_of!(login.queue_limit_s),
    name_of!(login.timeout_s),
    name_of!(login.drop_expired),
    name_of!(login.discipline),
    name_of!(login.relogin_after_orphaning),
    name_of!(login.rejection_cost),
    name_of!(login.degradation),
    name_of!(retry.base_s),
    name_of!(retry.factor),
    name_of!(retry.cap_s),
    name_of!(retry.jitter),
];

/// The groups of parameters that are whole: what is seen of a run is the same for every engine.
const HAS_GROUPS: [&str; 1] = ["outage"];

/// Whether the engine has a parameter.
pub fn has(parameter: &Parameter) -> bool {
    HAS.contains(&parameter.name) || HAS_GROUPS.contains(&parameter.group())
}

/// Checks that the engine has all that a scenario asks for.
///
/// # Errors
/// The first parameter that it does not have, in the scenario or in an intervention.
pub fn check(scenario: &Scenario) -> Result<(), ScenarioError> {
    let changed = PARAMETERS.iter().filter(|parameter| parameter.get(scenario) != parameter.default());
    let set = scenario.interventions.iter().flat_map(|intervention| &intervention.settings);
    match changed.chain(set.map(|(parameter, _)| *parameter)).find(|parameter| !has(parameter)) {
        Some(parameter) => {
            let message = format!(
                "the engine \"mean-field\" does not have this yet; allowed is {}, or the engine \"agents\"",
                parameter.default()
            );
            Err(ScenarioError::new(parameter.name, message))
        }
        None => Ok(()),
    }
}

/// About how much memory a run needs at most, bytes: no clients, but for each number of failures in a row a ring of the
/// ticks in which those come due who failed so often.
pub fn memory_estimate_bytes(scenario: &Scenario) -> u64 {
    let settings = Settings::new(scenario, failures_that_matter(scenario));
    let slots = (u64::from(settings.longest_wait_ticks(scenario.ticks() as u32)) + 2).next_power_of_two();
    let pairs = 6 * scenario.population.regions.len() as u64;
    // More levels than that hold no masses that matter, whatever the delays; mostly it is far fewer.
    let levels = (settings.failures_max as u64).min(200) + 1;
    let waiting = u64::from(settings.timeout_ticks).min(scenario.ticks());
    let cohorts = waiting * (levels + 1).min(16) * pairs * 16;
    let boots = u64::from(settings.boots.longest_ticks()).next_power_of_two() * pairs * 16;
    levels * slots * pairs * 16 + cohorts + boots + scenario.overlay.slots * 128 + (1 << 20)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::{Domain, Value};

    #[test]
    fn a_parameter_that_the_engine_does_not_have_is_refused_unless_it_has_its_default() {
        assert_eq!(check(&Scenario::default()), Ok(()));
        for parameter in PARAMETERS.iter().filter(|parameter| !has(parameter)) {
            let mut tried = 0;
            for value in values(parameter) {
                let mut scenario = Scenario::default();
                parameter.set(&mut scenario, &value).unwrap();
                let key = check(&scenario).err().map(|error| error.key);
                let expected = (value != parameter.default()).then(|| parameter.name.to_owned());
                assert_eq!(key, expected, "{} = {value}", parameter.name);
                tried += usize::from(key.is_some());
            }
            assert!(tried > 0, "{}", parameter.name);
        }
    }

    /// Some values of a parameter.
    fn values(parameter: &Parameter) -> Vec<Value> {
        match parameter.domain {
            Domain::Boolean => vec![Value::Boolean(false), Value::Boolean(true)],
            Domain::Choice(words) => words.iter().copied().map(Value::Choice).collect(),
            domain => [0.5, 1.0, 10.0].into_iter().filter_map(|x| domain.value_from_f64(x)).collect(),
        }
    }

    #[test]
    fn what_is_no_parameter_is_not_among_those_that_the_engine_has() {
        assert!(HAS.iter().all(|name| Parameter::find(name).is_some()));
        assert!(PARAMETERS.iter().filter(|parameter| has(parameter)).count() >= 45);
    }

    #[test]
    fn a_run_does_not_need_more_memory_for_more_clients() {
        let mut scenario = Scenario::default();
        let few = memory_estimate_bytes(&scenario);
        scenario.population.clients = 1_000_000_000;
        assert_eq!(memory_estimate_bytes(&scenario), few);
        assert!(few < 20 << 20, "{few}");
    }
}
