//! How much memory a run needs.

use super::settings::dedicated_supernodes;
use crate::parameters::Scenario;

/// About how much memory one workspace needs for this scenario at most, bytes.
///
/// Measured peaks are well below it; they stand in benches/README.md. Super nodes are counted as if everybody was
/// present. Not counted is what no sensible scenario has: waits of thousands of ticks, and super nodes that die by the
/// thousand while tickets of their children wait that long.
pub fn memory_estimate_bytes(scenario: &Scenario) -> u64 {
    let dedicated = scenario.versions().map(|in_force| dedicated_supernodes(&in_force)).max().unwrap_or(0);
    let renews = scenario.versions().any(|in_force| in_force.login.renewal_s.is_finite());
    let (clients, regions) = (scenario.population.clients, scenario.population.regions.len() as u64);
    let of_clients =
        if scenario.overlay.bypass { 0 } else { (scenario.overlay.supernode_ratio * clients as f64) as u64 };
    let supernode_bytes = 40 + 16 * regions;
    // Those that renew have longer tickets, and lists of their own.
    let client_bytes = if renews { 96 } else { 48 };
    clients * client_bytes + (of_clients + u64::from(dedicated)) * supernode_bytes + (16 << 20)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::{Intervention, Parameter, Value};

    #[test]
    fn super_nodes_that_an_intervention_adds_are_counted() {
        let mut scenario = Scenario::default();
        scenario.population.clients = 1_000_000;
        let without = memory_estimate_bytes(&scenario);
        let parameter = Parameter::find("overlay.dedicated_per_million").unwrap();
        for (at_h, per_million) in [(13.0, 5000.0), (14.0, 0.0)] {
            scenario.interventions.push(Intervention::new(at_h, [(parameter, Value::Number(per_million))]));
        }
        assert_eq!(memory_estimate_bytes(&scenario) - without, 5000 * (40 + 16 * 3));
    }

    #[test]
    fn tickets_of_clients_that_renew_from_an_intervention_on_are_counted() {
        let mut scenario = Scenario::default();
        let without = memory_estimate_bytes(&scenario);
        let renewal = Parameter::find("login.renewal_s").unwrap();
        scenario.interventions.push(Intervention::new(13.0, [(renewal, Value::Number(600.0))]));
        assert!(memory_estimate_bytes(&scenario) >= without + 32 * scenario.population.clients);
    }
}
