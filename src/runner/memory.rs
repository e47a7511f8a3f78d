//! Whether the machine has the memory that a sweep needs, found out before the first run.

use std::path::Path;

use super::QUEUED_PER_WORKER;
use super::control_groups::left_bytes;
use crate::engine::EngineKind;
use crate::parameters::Scenario;
use crate::store::trace_memory_bytes;
use crate::sweep::Sweep;

/// A sweep does not fit into memory.
#[derive(Debug, thiserror::Error)]
#[error(
    "{threads} thread(s) need about {needed} of memory for populations of {clients} clients{traces}, but {available} are \
     available; {advice}"
)]
pub struct MemoryError {
    threads: usize,
    needed: String,
    available: String,
    clients: u64,
    traces: &'static str,
    advice: String,
}

/// Cells, and replicates where something is uncertain, that are looked at to find the largest population.
const TRIALS: u32 = 200;

/// The scenario of a sweep that needs the most memory, about: among cells spread over the design, the first and the last
/// one included, and some draws of what is uncertain.
fn largest(sweep: &Sweep) -> (u64, Scenario) {
    let cells = sweep.cells();
    let trials = cells.clamp(2, TRIALS);
    let tried = (0..trials).map(|trial| {
        let cell = (u64::from(trial) * u64::from(cells - 1) / u64::from(trials - 1)) as u32;
        sweep.realization(cell, trial % sweep.replicates.at_most).scenario
    });
    // Where only some axes matter, few cells show their largest values: each is tried by itself.
    let sizing = sweep.axes.iter().filter(|axis| axis.sizes_memory());
    let alone = sizing.flat_map(|axis| (0..axis.size()).map(|point| axis.applied(point, &sweep.scenario)));
    let sizes = tried.chain(alone).map(|scenario| (sweep.engine.memory_estimate_bytes(&scenario), scenario));
    sizes.max_by_key(|&(bytes, _)| bytes).unwrap_or_else(|| (0, sweep.scenario.clone()))
}

/// What the runs of a sweep need, bytes.
struct Needs<'a> {
    /// One population.
    each: u64,
    /// The sweep, if its runs may have traces.
    sweep: Option<&'a Sweep>,
}

impl Needs<'_> {
    fn of_traces(&self, threads: u64) -> u64 {
        // Every thread makes a run; while a file is written, it ends that and those that wait in the queue.
        let waiting = threads.saturating_mul(2 + QUEUED_PER_WORKER as u64);
        self.sweep.map_or(0, |sweep| trace_memory_bytes(sweep, waiting))
    }

    fn on(&self, threads: u64) -> u64 {
        self.each.saturating_mul(threads).saturating_add(self.of_traces(threads))
    }
}

/// About how much memory a sweep needs on this many threads, bytes.
pub fn memory_needed_bytes(sweep: &Sweep, threads: usize) -> u64 {
    Needs { each: largest(sweep).0, sweep: Some(sweep) }.on(threads as u64)
}

/// Memory that this process may still take, bytes: what the machine and its control groups have left. `None` if the
/// system does not tell.
fn available_bytes() -> Option<u64> {
    let machine = sysinfo::System::new().ok().map(|mut system| {
        system.refresh_memory();
        system.available_memory()
    });
    machine.filter(|&bytes| bytes > 0).into_iter().chain(left_bytes(Path::new("/"))).min()
}

/// Time of processors that this process has taken so far, s. `None` if the system does not tell.
pub fn processor_time_s() -> Option<f64> {
    let (mut system, own) = (sysinfo::System::new().ok()?, sysinfo::get_current_pid().ok()?);
    let what = sysinfo::ProcessRefreshKind::nothing().with_cpu().without_tasks();
    system.refresh_processes_specifics(sysinfo::ProcessesToUpdate::Some(&[own]), false, what);
    system.process(own).map(|process| process.accumulated_cpu_time() as f64 / 1000.0)
}

/// Checks that the populations of a sweep, and the traces of its runs, fit into memory.
///
/// # Errors
/// They do not; the message says how many threads would.
pub fn check_memory(sweep: &Sweep, threads: usize) -> Result<(), MemoryError> {
    let (each, scenario) = largest(sweep);
    check(&Needs { each, sweep: Some(sweep) }, scenario.population.clients, threads)
}

/// Checks that one run of a scenario fits into memory.
///
/// # Errors
/// It does not.
pub fn check_memory_of_run(engine: EngineKind, scenario: &Scenario) -> Result<(), MemoryError> {
    check(&Needs { each: engine.memory_estimate_bytes(scenario), sweep: None }, scenario.population.clients, 1)
}

fn check(needs: &Needs, clients: u64, threads: usize) -> Result<(), MemoryError> {
    let needed = needs.on(threads as u64);
    // A system that does not tell is trusted.
    let Some(available) = available_bytes().filter(|&available| needed > available) else { return Ok(()) };
    let traces = if needs.of_traces(1) > 0 { " and the traces of their runs" } else { "" };
    let advice = match (1..=threads as u64).rev().find(|&fewer| needs.on(fewer) <= available) {
        Some(fewer) => format!("--threads {fewer} would fit"),
        None if needs.each <= available => "traces.every_s has to be longer, or the machine larger".to_owned(),
        None => "population.clients has to be smaller, or the machine larger".to_owned(),
    };
    let gib = |bytes: u64| format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30));
    Err(MemoryError { threads, needed: gib(needed), available: gib(available), clients, traces, advice })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::{Domain, PARAMETERS, Region, Value};

    /// Some values that are far apart.
    fn values(domain: Domain) -> Vec<Value> {
        let region = |share| Region { name: String::new(), utc_offset_h: 0.0, share };
        match domain {
            Domain::Number(_) | Domain::Integer(..) => {
                let numbers = [1e-3, 0.5, 1.0, 100.0, 1e6, f64::INFINITY].into_iter();
                numbers.filter_map(|x| domain.value_from_f64(x)).collect()
            }
            Domain::Boolean => vec![Value::Boolean(false), Value::Boolean(true)],
            Domain::Choice(words) => words.iter().copied().map(Value::Choice).collect(),
            Domain::Regions => vec![Value::Regions(vec![region(1.0)]), Value::Regions(vec![region(0.5), region(0.5)])],
        }
    }

    #[test]
    fn the_parameters_that_size_the_memory_are_those_that_the_estimate_reacts_to() {
        for parameter in PARAMETERS {
            let estimates: Vec<u64> = values(parameter.domain)
                .iter()
                .map(|value| {
                    let mut scenario = Scenario::default();
                    parameter.set(&mut scenario, value).unwrap();
                    EngineKind::Agents.memory_estimate_bytes(&scenario)
                })
                .collect();
            assert!(estimates.len() > 1, "{}", parameter.name);
            let reacts = estimates.iter().any(|&bytes| bytes != estimates[0]);
            assert_eq!(reacts, parameter.sizes_memory, "{}", parameter.name);
        }
    }
}
