//! What of the model the engine has, and what it refuses.

use super::classes::Pair;
use super::occupancy::Occupancy;
use super::renewals::Shape;
use super::settings::{Settings, failures_that_matter};
use super::state::has_dedicated;
use crate::engine::laws::overlay::dedicated_slots;
use crate::parameters::name_of;
use crate::parameters::{PARAMETERS, Parameter, Scenario, ScenarioError};

/// The parameters that the engine has. Others are refused by name, unless they have their defaults: a parameter is not
/// ignored in silence because it is newer than this list.
const HAS: [&str; 52] = [
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
    name_of!(login.renewal_s),
    name_of!(login.grace_s),
    name_of!(retry.base_s),
    name_of!(retry.factor),
    name_of!(retry.cap_s),
    name_of!(retry.jitter),
    name_of!(retry.give_up_after),
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
    match changed.chain(set.map(|(parameter, _)| parameter.of_model())).find(|parameter| !has(parameter)) {
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

/// About how much memory a workspace needs at most, bytes: no clients, but for each number of failures in a row a ring of
/// the ticks in which those come due who failed so often, and super nodes by their number of children. Twice: the state of
/// a run, and the one that is kept of how it began.
pub fn memory_estimate_bytes(scenario: &Scenario) -> u64 {
    let failures_max = failures_that_matter(scenario);
    let settings = Settings::new(scenario, failures_max);
    let ticks = scenario.ticks();
    let longest_wait = |in_force: Scenario| Settings::new(&in_force, failures_max).longest_wait_ticks(ticks as u32);
    let longest_wait_ticks = scenario.versions().map(longest_wait).max().unwrap_or(0);
    let slots = ring_slots(longest_wait_ticks);
    let cells = 2 * scenario.population.regions.len() as u64;
    let child_cells = if has_dedicated(scenario) { 2 * cells } else { cells };
    let seeking_cells = if scenario.login.relogin_after_orphaning { cells } else { 2 * cells };
    // More levels than that hold no masses that matter, whatever the delays; mostly it is far fewer.
    let levels = (failures_max as u64).min(200) + 1;
    let cohorts = (u64::from(settings.timeout_ticks).min(ticks) + 1) * (levels + 1) * child_cells;
    let renewals = Shape::of(scenario).map_or(0, |shape| {
        let of_group = levels * slots + (u64::from(settings.timeout_ticks).min(ticks) + 1) * (levels + 1);
        shape.groups as u64 * (of_group * size_of::<f64>() as u64 + child_cells * size_of::<Pair>() as u64)
    });
    let boots = ring_slots(settings.boots.longest_ticks()) * cells;
    let pairs = levels * slots * (seeking_cells + child_cells) + cohorts + boots;
    let (owned, dedicated) = (scenario.overlay.slots, dedicated_slots(&scenario.overlay));
    let occupancies = (2 * owned + dedicated) * Occupancy::BYTES_PER_SLOT;
    let probes = owned.max(dedicated) * 64;
    2 * (pairs * size_of::<Pair>() as u64 + renewals + occupancies) + probes + (1 << 20)
}

/// Slots of a ring for waits of up to so many ticks.
fn ring_slots(longest_ticks: u32) -> u64 {
    (u64::from(longest_ticks) + 2).next_power_of_two()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::{Domain, Intervention, Value};

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

    #[test]
    fn what_makes_a_state_larger_makes_the_estimate_larger() {
        let estimate = |change: &dyn Fn(&mut Scenario)| {
            let mut scenario = Scenario::default();
            change(&mut scenario);
            assert_eq!(scenario.check(), Ok(()));
            memory_estimate_bytes(&scenario)
        };
        let set = |name: &str, value| Intervention::new(13.0, [(Parameter::find(name).unwrap(), Value::Number(value))]);
        let plain = estimate(&|_| ());
        // In a run and in the state that is kept, four numbers of 8 bytes for each slot at least.
        assert!(estimate(&|s| s.overlay.dedicated_slots = 65_535) >= plain + 2 * 65_000 * 32);
        assert!(estimate(&|s| s.overlay.slots = 65_535) >= plain + 2 * 2 * 65_000 * 32);
        // Five minutes of grace are 60 groups, each with a number of 8 bytes in the rings.
        assert!(estimate(&|s| (s.login.renewal_s, s.login.grace_s) = (1e3, 300.0)) > plain + 2 * 9 * 128 * 60 * 8);
        assert!(estimate(&|s| s.login.relogin_after_orphaning = false) > plain);
        assert!(estimate(&|s| s.interventions = vec![set("overlay.dedicated_per_million", 9.0)]) > plain);
        // 3,000 s are 600 ticks, in rings of 1,024 in place of 128: of 9 levels at least, 12 pairs each.
        assert!(estimate(&|s| s.interventions = vec![set("retry.cap_s", 3000.0)]) > plain + 2 * 9 * 800 * 12 * 16);
    }
}
