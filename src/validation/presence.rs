//! Presence: the demand of every hour against the differential equation of model.md ("Presence").
//!
//! Clients come and go independently, so the demand at a time t is a sum of independent trials with the probabilities
//! P_r(t) of their regions, where P_r is the periodic solution of `dP/dt = λ_r(t) (1 − P) − P / session`. It is solved
//! here by the classical Runge–Kutta method at steps of a minute from ten days earlier on, after which nothing of the
//! initial value is left (e⁻⁷ a day with the defaults). A state at the end of a tick is that at some time in the tick;
//! the middle is taken.

use std::f64::consts::TAU;

use super::laboratory::Subject;
use super::{Check, Comparison, Effort, FALSE_ALARM, count_tolerance};
use crate::parameters::{Presence, Region, Scenario};

const HOURS: usize = 72;
const STEPS_PER_HOUR: usize = 60;

/// The checks of this topic.
pub(super) fn checks(effort: Effort) -> Vec<Check> {
    let subjects = Subject::both(effort.choose(50_000, 500_000));
    let defaults = Scenario::default().population.regions;
    let mut cases = vec![("all regions, a healthy network".to_owned(), defaults.clone(), 0.02)];
    cases.push(("all regions, nobody ever online".to_owned(), defaults.clone(), 0.0));
    cases.extend(defaults.into_iter().map(|region| {
        let name = format!("{} alone", region.name);
        (name, vec![Region { share: 1.0, ..region }], 0.0)
    }));
    let of = |subject: Subject| {
        cases.iter().map(move |(name, regions, ratio)| demand(&subject, name, regions.clone(), *ratio))
    };
    subjects.into_iter().flat_map(of).collect()
}

fn demand(subject: &Subject, name: &str, regions: Vec<Region>, supernode_ratio: f64) -> Check {
    let clients = subject.clients;
    let mut scenario = Scenario::default();
    scenario.population.clients = clients;
    scenario.population.regions = regions;
    scenario.time.horizon_h = HOURS as f64;
    scenario.updates.patched_fraction = 0.0;
    scenario.overlay.supernode_ratio = supernode_ratio;
    // Nobody knocks every ten minutes where there is nobody to open.
    scenario.retry.base_s = 86_400.0;
    scenario.retry.cap_s = 86_400.0;
    let rows = subject.trace(&scenario);
    let ticks_per_hour = (3600.0 / scenario.time.tick_s) as usize;
    let shift_h = scenario.time.tick_s / 7200.0;
    let solutions: Vec<(f64, Vec<f64>)> = (scenario.population.regions.iter())
        .map(|region| (region.share, solve(&scenario.presence, region.utc_offset_h - shift_h)))
        .collect();
    let comparisons = (1..=HOURS).map(|hour| {
        let probability: f64 = solutions.iter().map(|(share, solution)| share * solution[hour]).sum();
        Comparison {
            at: hour as f64,
            expected: clients as f64 * probability,
            measured: rows[hour * ticks_per_hour - 1].demand as f64,
            tolerance: count_tolerance(clients as f64 * probability * (1.0 - probability), HOURS),
        }
    });
    Check {
        topic: "presence",
        name: subject.name(&format!("demand, {name}")),
        formula: "N Σ share · P(t), dP/dt = λ(t)(1 − P) − P/session",
        unit: "1",
        at: "hour",
        false_alarm: FALSE_ALARM,
        comparisons: comparisons.collect(),
    }
}

/// P at the hours 0 … 72 of a region at this offset.
fn solve(presence: &Presence, utc_offset_h: f64) -> Vec<f64> {
    let slope = |h: f64, p: f64| {
        let angle = TAU * (h + utc_offset_h - presence.peak_local_h) / 24.0;
        let hazard = (1.0 + presence.daily_amplitude * libm::cos(angle)) / presence.absence_h;
        hazard * (1.0 - p) - p / presence.session_h
    };
    const LEAD_HOURS: usize = 240;
    let step_h = 1.0 / STEPS_PER_HOUR as f64;
    let (mut p, mut solution) = (0.5, Vec::with_capacity(HOURS + 1));
    for step in 0..=(LEAD_HOURS + HOURS) * STEPS_PER_HOUR {
        let h = step as f64 * step_h - LEAD_HOURS as f64;
        if step >= LEAD_HOURS * STEPS_PER_HOUR && step % STEPS_PER_HOUR == 0 {
            solution.push(p);
        }
        let k1 = slope(h, p);
        let k2 = slope(h + step_h / 2.0, p + step_h / 2.0 * k1);
        let k3 = slope(h + step_h / 2.0, p + step_h / 2.0 * k2);
        let k4 = slope(h + step_h, p + step_h * k3);
        p += step_h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4);
    }
    solution
}
