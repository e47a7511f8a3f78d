//! The program as its users run it.

mod boundary;
mod causes;
mod checksums;
mod comparison;
mod crossings;
mod damage;
#[cfg(target_os = "linux")]
mod designs;
mod estimate;
mod extending;
#[cfg(target_os = "linux")]
mod faults;
mod interruptions;
mod jobs;
mod limits;
#[cfg(unix)]
mod ownership;
#[cfg(target_os = "linux")]
mod rare;
mod reading;
mod refinement;
mod report;
mod sensitivity;
mod shards;
mod status;
#[cfg(target_os = "linux")]
mod submissions;
mod support;
mod surface;
mod traces;
mod what_if;
mod words;

use std::fs;
use std::path::Path;

use support::*;

#[test]
fn a_finished_sweep_is_not_run_again_and_another_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let out = out.to_str().unwrap();
    let shown = succeed(&["run", "sweeps/smoke.toml", "--out", out]);
    let before = results(Path::new(out));
    let again = run(&["run", "sweeps/smoke.toml", "--out", out]);
    assert_eq!(text(&again.stdout), shown);
    assert!(text(&again.stderr).contains(" 0 runs"), "{}", text(&again.stderr));
    let message = fail(2, &["run", "sweeps/smoke.toml", "--set", "seed=99", "--out", out]);
    assert!(message.contains("another sweep"), "{message}");
    assert_eq!(results(Path::new(out)), before);
}

#[test]
fn a_folder_that_is_in_use_or_holds_something_else_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    fs::create_dir(&out).unwrap();
    fs::write(out.join("thesis.txt"), "three years").unwrap();
    let message = fail(2, &["run", "sweeps/smoke.toml", "--out", out.to_str().unwrap()]);
    assert!(message.contains("not empty"), "{message}");
    assert_eq!(fs::read_dir(&out).unwrap().count(), 1);

    let out = folder.path().join("busy");
    fs::create_dir(&out).unwrap();
    let lock = fs::File::create(out.join("lock")).unwrap();
    lock.lock().unwrap();
    let message = fail(2, &["run", "sweeps/smoke.toml", "--out", out.to_str().unwrap()]);
    assert!(message.contains("another process"), "{message}");

    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    fail(2, &["run", "sweeps/smoke.toml", "--out", file.to_str().unwrap()]);
    assert!(fail(2, &["status", folder.path().to_str().unwrap()]).contains("manifest.json"));
}

#[test]
fn wrong_input_ends_with_status_2_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let sweep = folder.path().join("wrong.toml");
    let out = folder.path().join("out");
    let (sweep_text, out_text) = (sweep.to_str().unwrap(), out.to_str().unwrap());
    fs::write(&sweep, "name = \"wrong\"\n[scenario]\noverlay.slot = 3\n").unwrap();
    let message = fail(2, &["run", sweep_text, "--out", out_text]);
    for part in ["wrong.toml:3", "overlay.slot", "overlay.slots"] {
        assert!(message.contains(part), "{message}");
    }
    for arguments in [
        vec!["run", "no-such-file.toml", "--out", out_text],
        vec!["run", "sweeps/smoke.toml"],
        vec!["run", "sweeps/smoke.toml", "--out", out_text, "--threads", "0"],
        vec!["run", "sweeps/smoke.toml", "--out", out_text, "--set", "login.discipline=sorted"],
        vec!["run", "sweeps/smoke.toml", "--out", out_text, "--set", "overlay.supernode_ratio=0.5"],
        vec!["run", "sweeps/smoke.toml", "--out", out_text, "--set", "population.clients=1_000_000_000"],
        vec!["simulate", "--set", "nonsense"],
        vec!["simulate", "--set", "updates.synchronization=nan"],
        vec!["simulate", "--cell", "1", "--replicate", "0"],
        vec!["frobnicate"],
    ] {
        fail(2, &arguments);
    }
    assert!(!out.exists());
}

#[test]
fn a_run_of_a_sweep_is_reproduced_exactly() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let out = out.to_str().unwrap();
    succeed(&["run", "sweeps/smoke.toml", "--out", out]);
    let trace = folder.path().join("trace.parquet");
    let shown = run(&["simulate", out, "--cell", "5", "--replicate", "3", "--trace", trace.to_str().unwrap()]);
    assert!(text(&shown.stderr).contains("every output is the same"), "{}", text(&shown.stderr));
    let timeline = text(&shown.stdout);
    assert!(timeline.contains("the update is released") && timeline.contains("an outage"), "{timeline}");
    assert!(timeline.lines().all(|line| line.chars().count() <= 80), "{timeline}");
    assert!(fs::read(trace).unwrap().starts_with(b"PAR1"));
    assert!(fail(2, &["simulate", out, "--cell", "6", "--replicate", "0"]).contains("0 … 5"));
}

#[test]
fn summaries_and_lists_can_be_read_by_programs() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let out = out.to_str().unwrap();
    succeed(&["run", "sweeps/smoke.toml", "--out", out]);
    let rows: serde_json::Value = serde_json::from_str(&succeed(&["summarize", out, "--format", "json"])).unwrap();
    assert_eq!(rows.as_array().unwrap().len(), 6);
    let csv = succeed(&["summarize", out, "--format", "csv"]);
    let columns = csv.lines().next().unwrap().split(',').count();
    assert!(columns > 100 && csv.lines().all(|line| line.split(',').count() == columns));
    let parameters: serde_json::Value = serde_json::from_str(&succeed(&["parameters", "--format", "json"])).unwrap();
    assert_eq!(parameters.as_array().unwrap().len(), critmass::parameters::Parameter::all().count());
    let table = succeed(&["parameters"]);
    assert!(table.lines().all(|line| line.chars().count() <= 80));
    let one: serde_json::Value = serde_json::from_str(&succeed(&[
        "simulate",
        "--set",
        "population.clients=2000",
        "--set",
        "time.horizon_h=13",
        "--format",
        "json",
    ]))
    .unwrap();
    assert_eq!(one["outputs"]["ticks"], 9360);
}

#[test]
fn a_dry_run_says_what_would_be_done_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let shown = succeed(&["run", "sweeps/smoke.toml", "--out", out.to_str().unwrap(), "--dry-run"]);
    assert!(shown.contains("cells    6\n") && shown.contains("24 … 36"), "{shown}");
    assert!(!out.exists());
}
