//! A run of the sweep once more, without what may have limited it: what would have been.

use super::types::{Realization, Sweep};
use crate::parameters::{Intervention, Parameter, Scenario, Value, name_of};

/// What a run does without from some hour on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Removal {
    /// The limit of the login server: its capacity is infinite.
    LoginServer,
    /// The shortage of super nodes: the operator adds slots for twice all clients, on machines that stay.
    SuperNodes,
    /// Both.
    Both,
}

/// Slots that are added for each client of the population.
const SLOTS_PER_CLIENT: f64 = 2.0;

impl Sweep {
    /// A run of the sweep with the same draws and the same seed, and an intervention at `from_h` that takes a limit away
    /// for good: what the scenario itself would do to it from then on is left out. Up to that hour the two runs are the
    /// same. `None` if there is no such scenario, since the hour is not before the horizon.
    pub fn without(&self, cell: u32, replicate: u32, removal: Removal, from_h: f64) -> Option<Realization> {
        let mut run = self.realization(cell, replicate);
        let values = removed(removal, &run.scenario);
        for intervention in run.scenario.interventions.iter_mut().filter(|of| of.at_h >= from_h) {
            intervention
                .settings
                .retain(|(parameter, _)| values.iter().all(|(removed, _)| *removed != parameter.of_model()));
        }
        run.scenario.interventions.push(Intervention::new(from_h, values));
        run.scenario.check().is_ok().then_some(run)
    }

    /// The same for a network that never had the limit: the scenario itself is without it, and what its interventions would
    /// do to it is left out. The runs have their draws and their seed in common, and differ from hour 0 on.
    pub fn never_with(&self, cell: u32, replicate: u32, removal: Removal) -> Option<Realization> {
        let mut run = self.realization(cell, replicate);
        let values = removed(removal, &run.scenario);
        for intervention in &mut run.scenario.interventions {
            intervention.settings.retain(|(parameter, _)| values.iter().all(|(removed, _)| removed != parameter));
        }
        values.iter().try_for_each(|(parameter, value)| parameter.set(&mut run.scenario, value)).ok()?;
        run.scenario.check().is_ok().then_some(run)
    }
}

/// The parameters that a removal sets, and to what.
fn removed(removal: Removal, scenario: &Scenario) -> Vec<(&'static Parameter, Value)> {
    let capacity = (name_of!(login.capacity_per_s_per_million), f64::INFINITY);
    let overlay = &scenario.overlay;
    let slots = if overlay.dedicated_slots > 0 { overlay.dedicated_slots } else { overlay.slots } as f64;
    // Super nodes of the operator are never taken away.
    let name = name_of!(overlay.dedicated_per_million);
    let most = scenario.versions().map(|in_force| in_force.overlay.dedicated_per_million).fold(0.0, f64::max);
    let dedicated = (name, most + libm::ceil(SLOTS_PER_CLIENT * 1e6 / slots));
    let set: &[(&str, f64)] = match removal {
        Removal::LoginServer => &[capacity],
        Removal::SuperNodes => &[dedicated],
        Removal::Both => &[capacity, dedicated],
    };
    set.iter().filter_map(|&(name, x)| Some((Parameter::find(name)?, Value::Number(x)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::population::Simulator;
    use crate::engine::{Engine, Request};

    fn sweep() -> Sweep {
        let toml = "name = \"t\"\n[scenario]\npopulation.clients = 3000\ntime.horizon_h = 15.0\n\
                    updates.synchronization = 0.9\n\
                    [[scenario.intervention]]\nat_h = 12.5\nlogin.capacity_per_s_per_million = 10.0\n\
                    [[scenario.intervention]]\nat_h = 13.0\nlogin.capacity_per_s_per_million = 20.0\n\
                    overlay.dedicated_per_million = 400.0\n\
                    [uncertain]\nupdates.patched_fraction = { uniform = { from = 0.5, to = 0.9 } }\n";
        Sweep::parse(toml, "t.toml", &[]).unwrap()
    }

    /// What happens to a parameter of a run, and when.
    fn changes(run: &Realization, name: &str) -> Vec<(f64, f64)> {
        let of = |intervention: &Intervention| {
            let mut values = intervention.values(&run.scenario);
            Some((intervention.at_h, values.find(|(parameter, _)| parameter.name == name)?.1.as_f64()?))
        };
        run.scenario.interventions.iter().filter_map(of).collect()
    }

    #[test]
    fn a_limit_is_taken_away_for_good() {
        let sweep = sweep();
        let original = sweep.realization(0, 3);
        let [capacity, dedicated] = ["login.capacity_per_s_per_million", "overlay.dedicated_per_million"];
        let run = sweep.without(0, 3, Removal::LoginServer, 12.75).unwrap();
        assert_eq!((run.seed, &run.drawn), (original.seed, &original.drawn));
        assert_eq!(changes(&run, capacity), [(12.5, 10.0), (12.75, f64::INFINITY)]);
        assert_eq!(changes(&run, dedicated), [(13.0, 400.0)]);
        let run = sweep.without(0, 3, Removal::SuperNodes, 12.0).unwrap();
        // 75 slots each: 26 667 of them are two for each of a million clients.
        assert_eq!(changes(&run, dedicated), [(12.0, 27_067.0)]);
        assert_eq!(changes(&run, capacity), [(12.5, 10.0), (13.0, 20.0)]);
        let run = sweep.without(0, 3, Removal::Both, 13.0).unwrap();
        assert_eq!((changes(&run, dedicated).len(), changes(&run, capacity).len()), (1, 2));
        assert!(sweep.without(0, 3, Removal::Both, 15.0).is_none(), "that is the horizon");
    }

    #[test]
    fn a_network_may_never_have_had_a_limit() {
        let sweep = sweep();
        let original = sweep.realization(0, 3);
        let run = sweep.never_with(0, 3, Removal::Both).unwrap();
        assert_eq!((run.seed, &run.drawn), (original.seed, &original.drawn));
        assert_eq!(run.scenario.login.capacity_per_s_per_million, f64::INFINITY);
        // On top of the most that the scenario ever has.
        assert_eq!(run.scenario.overlay.dedicated_per_million, 27_067.0);
        for name in ["login.capacity_per_s_per_million", "overlay.dedicated_per_million"] {
            assert_eq!(changes(&run, name), [], "what the scenario does to it is left out");
        }
        let run = sweep.never_with(0, 3, Removal::SuperNodes).unwrap();
        assert_eq!(run.scenario.login.capacity_per_s_per_million, original.scenario.login.capacity_per_s_per_million);
        assert_eq!(changes(&run, "login.capacity_per_s_per_million"), [(12.5, 10.0), (13.0, 20.0)]);
    }

    #[test]
    fn up_to_the_removal_the_run_is_the_same() {
        let sweep = sweep();
        let trace =
            |run: &Realization| Simulator::new().run(&run.scenario, run.seed, &Request::trace(300.0)).unwrap().trace;
        let original = trace(&sweep.realization(0, 1));
        for removal in [Removal::LoginServer, Removal::SuperNodes, Removal::Both] {
            let without = trace(&sweep.without(0, 1, removal, 13.5).unwrap());
            let before = |row: &&crate::engine::outcome::TraceRow| row.t_h <= 13.5;
            assert!(original.iter().take_while(before).eq(without.iter().take_while(before)));
            assert!(original != without, "{removal:?} does something");
        }
    }
}
