//! The probability of rare outages of a cell.

use std::sync::atomic::AtomicBool;

use super::single_runs::outcomes_of;
use crate::engine::outcome::Outcome;
use crate::statistics::rare::{Estimate, Importance, Observation, Subset, Trial, Wish};
use crate::sweep::{Rare, RareMethod, Sweep};

/// What runs that are made for it say of the outages of a cell, on the threads of rayon's current pool; `finished` hears
/// of each; `None` once `interrupted` becomes true. It depends on the sweep and the cell alone: a round of runs is complete
/// before it is looked at, in their order.
pub fn rare_estimate(
    sweep: &Sweep,
    rare: &Rare,
    cell: u32,
    interrupted: &AtomicBool,
    finished: &(dyn Fn() + Sync),
) -> Option<Estimate> {
    let Rare { level, relative_error, at_most, confidence, method } = *rare;
    let wish = Wish { level, relative_error, at_most, confidence };
    let (inputs, seed) = (sweep.uncertain.len(), sweep.rare_seed(cell));
    let observe = |trials: &[Trial]| -> Option<Vec<Observation>> {
        let realize = |trial: &Trial| Some(sweep.at(cell, &trial.z, trial.seed));
        let outcomes = outcomes_of(sweep.engine, trials, realize, interrupted, finished)?;
        Some(outcomes.iter().flatten().map(observation).collect())
    };
    match method {
        RareMethod::Importance => {
            let mut search = Importance::new(inputs, seed, &wish);
            while let Some(trials) = Some(search.wanted()).filter(|trials| !trials.is_empty()) {
                search.take_in(&observe(&trials)?);
            }
            Some(search.estimate())
        }
        RareMethod::Subset => {
            let mut search = Subset::new(inputs, seed, &wish);
            while let Some(trials) = Some(search.wanted()).filter(|trials| !trials.is_empty()) {
                search.take_in(&observe(&trials)?);
            }
            Some(search.estimate(confidence))
        }
    }
}

/// How near a run was to an outage: by the time that clients were blocked in either step of logging in. (The lowest online
/// fraction tells less: it is far from the threshold in nearly every run without an outage.)
fn observation(outcome: &Outcome) -> Observation {
    let blocked_client_h = outcome.supernode_blocked_client_h + outcome.login_blocked_client_h;
    Observation { event: outcome.outage, level: blocked_client_h / (outcome.demand_peak as f64).max(1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimated(method: &str, threads: usize) -> Estimate {
        let toml = format!(
            "name = \"t\"\n[scenario]\npopulation.clients = 400\ntime.tick_s = 60.0\ntime.horizon_h = 14.0\n\
             [uncertain]\nupdates.synchronization = {{ uniform = {{ from = 0.0, to = 0.6 }} }}\n\
             [rare]\nlevel = 0.01\nat_most = 2000\nmethod = \"{method}\"\n"
        );
        let sweep = Sweep::parse(&toml, "t.toml", &[]).unwrap();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let rare = sweep.rare.unwrap();
        pool.install(|| rare_estimate(&sweep, &rare, 0, &AtomicBool::new(false), &|| {})).unwrap()
    }

    #[test]
    fn the_estimate_is_the_same_for_any_number_of_threads() {
        for method in ["importance", "subset"] {
            let alone = estimated(method, 1);
            assert!(alone.probability > 0.0 && alone.runs > 500, "{alone:?}");
            assert_eq!(estimated(method, 3), alone);
        }
    }
}
