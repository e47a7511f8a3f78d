//! A sweep that puts cells where the outage probability crosses a level: the same whoever runs which part of it, and when.

use std::fs;

use crate::support::*;

/// Whether a run has an outage depends on the length of its spell, and that on the draw of the hour of the shock.
const REFINED: &str = concat!(
    everybody_crashes!("refined", 16.0),
    r#"[[axis]]
parameter = "outage.min_duration_h"
linear = { from = 0.5, to = 4.5, points = 3 }
[[axis]]
name = "server"
variants = [{ label = "as it was" }, { label = "drops", login.drop_expired = true }]
[uncertain]
outage.min_duration_h = { factor = { uniform = { from = 0.5, to = 2.0 } } }
[refine]
level = 0.5
rounds = 3
[replicates]
at_least = 16
at_most = 60
half_width = 0.15
[traces]
replicates = 1
every_s = 3600.0
"#
);

#[test]
fn a_refined_sweep_is_the_same_by_threads_shards_rounds_and_after_a_kill() {
    check(REFINED, "exact for cells that stop");
}

#[test]
fn so_is_one_of_sobol_points() {
    check(
        &REFINED.replace("at_most = 60", "at_most = 64\nsampling = \"sobol\""),
        "approximate, by blocks of Sobol points",
    );
}

fn check(refined: &str, interval: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let sweep = path("refined.toml");
    fs::write(&sweep, refined).unwrap();
    let dry = succeed(&["run", &sweep, "--out", &path("none"), "--dry-run"]);
    assert!(dry.contains("cells    6 … 34\n"), "{dry}");
    let shown = succeed(&["run", &sweep, "--out", &path("one"), "--threads", "1"]);
    assert!(shown.contains("falls through it at") && shown.contains("of all cells"), "{shown}");
    assert!(shown.contains(interval), "{shown}");
    let reference = folder.path().join("one");
    succeed(&["run", &sweep, "--out", &path("three"), "--threads", "3"]);
    assert_same_results(&reference, &folder.path().join("three"));

    // Round by round: a shard does what it can, and is started again when the others have done theirs.
    for round in 0..4 {
        for shard in ["0/3", "1/3", "2/3"] {
            succeed(&["run", &sweep, "--out", &path("shards"), "--shard", shard]);
            let status = run(&["status", &path("shards")]);
            assert!(text(&status.stdout).contains("wanted so far"), "{round} {shard}: {}", text(&status.stdout));
        }
    }
    // Nothing is left to run.
    let last = run(&["run", &sweep, "--out", &path("shards")]);
    assert!(text(&last.stderr).contains(" 0 runs"), "{}", text(&last.stderr));
    assert_same_results(&reference, &folder.path().join("shards"));
    assert!(succeed(&["status", &path("shards")]).contains("cells    all complete"));
    // Of the points that a part could have, only some were wanted.
    let status: serde_json::Value =
        serde_json::from_str(&succeed(&["status", &path("shards"), "--format", "json"])).unwrap();
    let surface = succeed(&["summarize", &path("shards"), "--format", "csv"]);
    assert_eq!(status["cells"]["complete"], surface.lines().count() - 1);

    // A shard, killed somewhere, then everything.
    succeed(&["run", &sweep, "--out", &path("killed"), "--shard", "1/2"]);
    let killed = folder.path().join("killed");
    let mut child = begin(&sweep, &killed, &["--threads", "1"]);
    while child.try_wait().unwrap().is_none() && !has_files(&killed.join("temporary")) {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    succeed(&["run", &sweep, "--out", &path("killed")]);
    assert_same_results(&reference, &folder.path().join("killed"));
    let crossings = succeed(&["crossings", &path("one"), "--format", "csv"]);
    assert_eq!(crossings.lines().count(), 3, "{crossings}");
    // A part that is lost is run again, with all cells that follow from it.
    let part = folder.path().join("killed/runs/part-000000.parquet");
    fs::remove_file(part).unwrap();
    succeed(&["run", &sweep, "--out", &path("killed")]);
    assert_same_results(&reference, &folder.path().join("killed"));
}
