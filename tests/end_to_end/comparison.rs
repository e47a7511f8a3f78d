//! Cells that are compared: what they differ by, and when they stop.

use std::fs;

use crate::support::*;

/// All clients crash at once and nobody logs in again: an outage is a spell of 1.5 h that is long enough for one, which is
/// drawn. So there is one with a probability of 2/3 or 1/6, and with the second only where there is one with the first.
const COMPARED: &str = concat!(
    everybody_crashes!("compared", 14.0),
    r#"[[axis]]
parameter = "overlay.slots"
values = [50, 75]
[[axis]]
name = "counts from"
variants = [
  { label = "two hours", outage.min_duration_h = 2.0 },
  { label = "one hour", outage.min_duration_h = 1.0 },
  { label = "one hour, too", outage.min_duration_h = 1.0, login.drop_expired = true },
]
[[axis]]
parameter = "login.timeout_s"
values = [30.0, 60.0]
[uncertain]
outage.min_duration_h = { factor = { uniform = { from = 0.5, to = 2.0 } } }
[replicates]
at_least = 20
at_most = 20_000
[compare]
reference = "one hour"
half_width = 0.2
"#
);

type Rows = Vec<serde_json::Map<String, serde_json::Value>>;

fn rows(arguments: &[&str]) -> Rows {
    serde_json::from_str(&succeed(arguments)).unwrap()
}

#[test]
fn compared_cells_stop_together_and_are_the_same_by_threads_shards_and_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let sweep = path("compared.toml");
    fs::write(&sweep, COMPARED).unwrap();
    let shown = succeed(&["run", &sweep, "--out", &path("one"), "--threads", "1"]);
    let title = "outage_probability less that of counts from = one hour";
    assert!(shown.contains(title) && shown.contains("saved 1."), "{shown}");
    let reference = folder.path().join("one");
    assert_eq!(fs::read_dir(reference.join("runs")).unwrap().count(), 2, "each part holds whole comparisons");

    let surface = rows(&["summarize", &path("one"), "--format", "json"]);
    assert_eq!(surface.len(), 12);
    for cell in &surface {
        let other = surface.iter().filter(|of| {
            of["overlay.slots"] == cell["overlay.slots"] && of["login.timeout_s"] == cell["login.timeout_s"]
        });
        assert!(other.map(|of| &of["replicates"]).all(|runs| *runs == cell["replicates"]), "{cell:?}");
        let runs = cell["replicates"].as_u64().unwrap();
        assert!((28..200).contains(&runs), "{runs}");
        let [difference, low, high] = ["difference", "difference_low", "difference_high"]
            .map(|part| cell[&format!("outage_probability_{part}")].as_f64());
        match cell["counts from"].as_str().unwrap() {
            "one hour" => assert_eq!((difference, low), (None, None)),
            "two hours" => {
                assert!(high.unwrap() - low.unwrap() <= 0.4 + 1e-9 && difference.unwrap() < 0.0, "{cell:?}");
                // Twelve intervals of 95 %, three of which are of other draws; these seeds' hold the truth.
                assert!(low.unwrap() < -0.5 && -0.5 < high.unwrap(), "{cell:?}");
            }
            _ => assert_eq!((difference, cell["outage_h_difference"].as_f64()), (Some(0.0), Some(0.0)), "{cell:?}"),
        }
    }
    // The command says what the surface says.
    for row in rows(&["compare", &path("one"), "--format", "json"]) {
        let cell = &surface[row["cell"].as_u64().unwrap() as usize];
        assert!(row.iter().filter(|(name, _)| cell.contains_key(*name)).all(|(name, value)| cell[name] == *value));
        assert!(row["outages_alone"] == 0 && row["left_out"] == 0 && row["pairs"] == cell["replicates"], "{row:?}");
    }

    succeed(&["run", &sweep, "--out", &path("three"), "--threads", "3"]);
    assert_same_results(&reference, &folder.path().join("three"));
    for shard in ["2/3", "0/3", "1/3"] {
        succeed(&["run", &sweep, "--out", &path("shards"), "--shard", shard]);
    }
    let last = run(&["run", &sweep, "--out", &path("shards")]);
    assert!(text(&last.stderr).contains(" 0 runs"), "{}", text(&last.stderr));
    assert_same_results(&reference, &folder.path().join("shards"));

    let killed = folder.path().join("killed");
    let mut child = begin(&sweep, &killed, &["--threads", "1"]);
    while child.try_wait().unwrap().is_none() && !has_files(&killed.join("temporary")) {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    succeed(&["run", &sweep, "--out", &path("killed")]);
    assert_same_results(&reference, &killed);
    fs::remove_file(killed.join("runs/part-000001.parquet")).unwrap();
    succeed(&["run", &sweep, "--out", &path("killed")]);
    assert_same_results(&reference, &killed);
    assert!(succeed(&["status", &path("killed")]).contains("12 of 12"));
}

/// The same without `[compare]`, with cells that have a fixed number of runs.
fn fixed() -> String {
    let (before, _) = COMPARED.split_once("[compare]").unwrap();
    before.replace("20_000", "40")
}

#[test]
fn any_axis_of_a_finished_sweep_and_two_sweeps_are_compared() {
    let folder = tempfile::tempdir().unwrap();
    let out = finished(folder.path(), &fixed());
    let surface = succeed(&["summarize", &out, "--format", "csv"]);
    assert!(!surface.contains("_difference"), "that is for sweeps with [compare]");
    let of_variants = rows(&["compare", &out, "--format", "json"]);
    assert!(of_variants.len() == 8 && of_variants.iter().all(|row| row["reference"] == "counts from = two hours"));
    for row in &of_variants {
        // One of two: 0 and n − d discordant pairs in one direction only.
        assert!(row["outages_reference_alone"] == 0 && row["outages_alone"].as_u64() > Some(5), "{row:?}");
        assert!(row["recovery_h_difference"].is_null() && row["recovery_h_pairs"] == 0, "nobody recovers");
    }
    let by_slots = rows(&["compare", &out, "--axis", "overlay.slots", "--reference", "75", "--format", "json"]);
    assert!(by_slots.iter().all(|row| row["reference_cell"].as_u64() == row["cell"].as_u64().map(|cell| cell + 6)));
    let text = succeed(&["compare", &out, "--output", "outage_h", "--confidence", "0.9"]);
    assert!(text.starts_with("outage_h less that of") && text.contains("90 % intervals"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert!(fail(2, &["compare", &out, "--axis", "slots"]).contains("\"overlay.slots\""));
    assert!(fail(2, &["compare", &out, "--reference", "x"]).contains("\"one hour, too\""));

    // Another sweep, which has one of the two cells of slots, and another capacity.
    let folder = tempfile::tempdir().unwrap();
    let text = fixed().replace("[50, 75]", "[75]").replace("0.001", "0.002");
    let other = finished(folder.path(), &text);
    let between = rows(&["compare", &out, &other, "--format", "json"]);
    assert_eq!(between.len(), 6);
    assert!(between.iter().all(|row| row["outage_probability_difference"] == 0.0 && row["reference"] == out.as_str()));
    for (from, to, said) in [
        ("name = \"compared\"", "name = \"compared\"\nseed = 5", "seed: 0 → 5"),
        ("to = 2.0", "to = 2.5", "uncertain.outage.min_duration_h"),
        ("at_most = 40", "at_most = 40\nhalf_width = 0.3", "different rules"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let other = finished(folder.path(), &fixed().replace(from, to));
        let message = fail(2, &["compare", &out, &other]);
        assert!(message.contains("no pairs") && message.contains(said), "{message}");
    }
}

#[test]
fn cells_that_stopped_one_by_one_are_compared_with_intervals_that_hold_at_every_look() {
    let folder = tempfile::tempdir().unwrap();
    let out = finished(folder.path(), &fixed().replace("at_most = 40", "at_most = 400\nhalf_width = 0.15"));
    let rows = rows(&["compare", &out, "--format", "json"]);
    assert!(rows.iter().any(|row| row["left_out"].as_u64() > Some(0)), "{rows:?}");
    let text = succeed(&["compare", &out]);
    assert!(text.contains("stopped one by one") && text.lines().all(|line| line.chars().count() <= 80), "{text}");
    // Wider than what a fixed number of pairs would have: ± z²/(n + z²) where nothing differs.
    let row = rows.iter().find(|row| row["counts from"] == "one hour").unwrap();
    let width = row["outage_probability_difference_high"].as_f64().unwrap()
        - row["outage_probability_difference_low"].as_f64().unwrap();
    let n = row["pairs"].as_f64().unwrap();
    let share = row["outages_alone"].as_f64().unwrap() / n;
    assert!(width > 2.0 * 2.1 * (share * (1.0 - share) / n).sqrt(), "{width} of {n} pairs");
}
