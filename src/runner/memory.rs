//! Whether the machine has the memory that a sweep needs, found out before the first run.

use crate::parameters::Parameter;
use crate::population::memory_estimate_bytes;
use crate::sweep::{AxisPoints, Sweep};

/// A sweep does not fit into memory.
#[derive(Debug, thiserror::Error)]
#[error(
    "{threads} threads need about {needed} of memory for populations of {clients} clients, but {available} are \
     available; {advice}"
)]
pub struct MemoryError {
    threads: usize,
    needed: String,
    available: String,
    clients: u64,
    advice: String,
}

/// Trials of an uncertain population size, to find about the largest one.
const TRIALS: u32 = 200;

/// The largest population of a sweep; where it is uncertain, the largest of some hundred draws.
fn clients_max(sweep: &Sweep) -> u64 {
    let name = "population.clients";
    let swept = sweep.axes.iter().flat_map(|axis| match &axis.points {
        AxisPoints::Values { parameter, values, .. } if parameter.name == name => values.iter().collect(),
        AxisPoints::Values { .. } => Vec::new(),
        AxisPoints::Variants(variants) => {
            let settings = variants.iter().flat_map(|variant| &variant.settings);
            settings.filter(|(parameter, _)| parameter.name == name).map(|(_, value)| value).collect()
        }
    });
    let nominal = swept.filter_map(|value| value.as_f64()).fold(sweep.scenario.population.clients as f64, f64::max);
    let Some(index) = sweep.uncertain.iter().position(|input| Some(input.parameter) == Parameter::find(name)) else {
        return nominal as u64;
    };
    // The last cell has the largest value of every ascending axis.
    let last = sweep.cells() - 1;
    let draws = (0..TRIALS).filter_map(|replicate| sweep.realization(last, replicate).drawn.get(index).copied());
    draws.fold(0.0, f64::max) as u64
}

/// About how much memory a sweep needs on this many threads, bytes.
pub fn memory_needed_bytes(sweep: &Sweep, threads: usize) -> u64 {
    let mut scenario = sweep.scenario.clone();
    scenario.population.clients = clients_max(sweep);
    memory_estimate_bytes(&scenario).saturating_mul(threads as u64)
}

/// Memory that this process may still take, bytes: what the machine or its control group has left.
fn available_bytes() -> u64 {
    let Ok(mut system) = sysinfo::System::new() else { return 0 };
    system.refresh_memory();
    let machine = system.available_memory();
    system.cgroup_limits().map_or(machine, |limits| machine.min(limits.free_memory))
}

/// Checks that the populations fit into memory.
///
/// # Errors
/// They do not; the message says how many threads would.
pub fn check_memory(sweep: &Sweep, threads: usize) -> Result<(), MemoryError> {
    let available = available_bytes();
    let needed = memory_needed_bytes(sweep, threads);
    // A system that does not tell is trusted.
    if available == 0 || needed <= available {
        return Ok(());
    }
    let each = memory_needed_bytes(sweep, 1).max(1);
    let advice = match available / each {
        0 => "population.clients has to be smaller, or the machine larger".to_owned(),
        fitting => format!("--threads {fitting} would fit"),
    };
    let gib = |bytes: u64| format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30));
    Err(MemoryError { threads, needed: gib(needed), available: gib(available), clients: clients_max(sweep), advice })
}
