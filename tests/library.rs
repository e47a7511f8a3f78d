//! What the library offers does what the command does, and refuses what cannot be.

use std::path::Path;
use std::process::Command;

use critmass::{
    Error, RunRow, Scenario, Sweep, read_surface, simulate, simulate_sweep, simulate_with_trace, surface_of,
};

/// The smoke sweep, whose cells stop when their intervals are narrow enough.
const SMOKE: &str = include_str!("../sweeps/smoke.toml");

fn on_threads(sweep: &Sweep, threads: usize) -> Vec<RunRow> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| simulate_sweep(sweep)).unwrap()
}

#[test]
fn a_sweep_in_memory_has_the_runs_of_the_command() {
    let sweep: Sweep = SMOKE.parse().unwrap();
    let runs = on_threads(&sweep, 1);
    let key = |row: &RunRow| (row.cell, row.replicate);
    assert!(runs.is_sorted_by_key(key));
    for row in &runs {
        let scenario = sweep.realization(row.cell, row.replicate).scenario;
        let traced = row.replicate < sweep.traces.unwrap().replicates;
        let again =
            if traced { simulate_with_trace(&scenario, row.seed, 300.0) } else { simulate(&scenario, row.seed) };
        assert_eq!(row.run, again.unwrap(), "{:?}", key(row));
    }
    let other = on_threads(&sweep, 3);
    assert_eq!(runs.len(), other.len());
    assert!(runs.iter().zip(&other).all(|(one, other)| key(one) == key(other) && one.run == other.run));

    let work = tempfile::tempdir().unwrap();
    let folder = work.path().join("smoke");
    let smoke = Path::new(env!("CARGO_MANIFEST_DIR")).join("sweeps/smoke.toml");
    let command = Command::new(env!("CARGO_BIN_EXE_critmass")).arg("run").arg(smoke).arg("--out").arg(&folder).output();
    assert!(command.unwrap().status.success());
    let (in_memory, kept) = (surface_of(&sweep, &runs).unwrap(), read_surface(&folder).unwrap());
    assert_eq!(in_memory.cells(), kept.cells());
    assert_eq!(kept.cells().len(), 6);
    assert_eq!(kept.cells().iter().map(|cell| cell.replicates as usize).sum::<usize>(), runs.len());
}

#[test]
fn an_impossible_scenario_is_an_error_that_names_the_parameter() {
    type Change = fn(&mut Scenario);
    let changes: [(&str, Change); 7] = [
        ("population.clients", |s| s.population.clients = 0),
        ("population.clients", |s| s.population.clients = u64::MAX),
        ("population.regions", |s| s.population.regions.clear()),
        ("time.tick_s", |s| s.time.tick_s = f64::NAN),
        ("overlay.slots", |s| s.overlay.slots = 0),
        ("retry.cap_s", |s| s.retry.cap_s = s.retry.base_s / 2.0),
        ("time.horizon_h", |s| s.time.horizon_h = s.updates.release_h),
    ];
    for (parameter, change) in changes {
        let mut scenario = Scenario::default();
        change(&mut scenario);
        let error = simulate(&scenario, 1).unwrap_err();
        assert!(error.to_string().starts_with(&format!("{parameter}: ")), "{error}");
    }
}

#[test]
fn what_else_cannot_be_is_an_error_that_says_why() {
    for every_s in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let error = simulate_with_trace(&Scenario::default(), 1, every_s).unwrap_err();
        assert!(error.to_string().contains("must be a finite number > 0 s"), "{error}");
    }
    let error = "name = \"a\"\n[scenario]\noverlay.slot = 3".parse::<Sweep>().unwrap_err();
    assert!(error.to_string().starts_with("the sweep:3: scenario.overlay.slot: "), "{error}");
    let missing = read_surface(Path::new("no/such/folder"));
    assert!(missing.err().unwrap().to_string().contains("no/such/folder"));
}

#[test]
fn an_error_crosses_threads_and_fits_into_any_box() {
    let error: Error = "".parse::<Sweep>().unwrap_err();
    let text = error.to_string();
    let boxed: Box<dyn std::error::Error + Send + Sync> = error.into();
    assert_eq!(boxed.to_string(), text);
}
