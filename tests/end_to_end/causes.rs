//! `critmass causes`: outages of which it is known what they come from.

use std::fs;
use std::path::Path;

use serde_json::Value as Json;

use super::support::{fail, finished, results, succeed};

/// Where every machine restarts at once there is no super node left, and nobody online who could become one; where the
/// login server stops at that hour, nobody can log in again.
const KNOWN: &str = r#"
name = "known"
[scenario]
population.clients = 20000
time.horizon_h = 16.0
updates.synchronization = 1.0
updates.burst_width_s = 60.0
[[axis]]
name = "case"
variants = [
  { label = "login", updates.patched_fraction = 0.5 },
  { label = "supernodes", updates.patched_fraction = 1.0 },
  { label = "either", updates.patched_fraction = 1.0 },
]
[replicates]
at_least = 4
at_most = 4
"#;

/// A sweep of one of the cases.
fn case(label: &str) -> String {
    let line = format!("  {{ label = \"{label}\"");
    let axis: Vec<&str> = KNOWN.lines().filter(|row| !row.starts_with("  {") || row.starts_with(&line)).collect();
    let stops = "[[scenario.intervention]]\nat_h = 12.0\nlogin.capacity_per_s_per_million = 0.01\n";
    let server = if label == "supernodes" { "login.capacity_per_s_per_million = inf\n" } else { stops };
    axis.join("\n").replace("[[axis]]", &format!("{server}[[axis]]"))
}

#[test]
fn outages_come_from_what_they_come_from() {
    for (label, stuck) in [("login", "login"), ("supernodes", "supernodes"), ("either", "supernodes")] {
        let folder = tempfile::tempdir().unwrap();
        let out = finished(folder.path(), &case(label));
        let of =
            |threads: &str| succeed(&["causes", &out, "--per-cell", "3", "--threads", threads, "--format", "json"]);
        let json = of("1");
        assert_eq!(json, of("3"), "{label}");
        let rows: Vec<Json> = serde_json::from_str(&json).unwrap();
        assert_eq!(rows.len(), 3, "{label}");
        for row in rows {
            assert_eq!((&row["case"], &row["onset_cause"]), (&label.into(), &label.into()), "{row}");
            assert_eq!(row["structural_cause"], label, "{row}");
            assert_eq!((&row["sustaining_cause"], &row["stuck_while_down"]), (&label.into(), &stuck.into()), "{row}");
            assert_eq!((&row["prevented_chance"], &row["ended_chance"]), (&false.into(), &false.into()), "{row}");
            assert_eq!(row["prevented_both"].is_null(), label != "either", "{row}");
        }
    }
}

#[test]
fn causes_are_shown_and_written_and_the_folder_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let out = finished(folder.path(), &case("supernodes"));
    let before = results(Path::new(&out));
    let table = folder.path().join("causes.parquet");
    let shown = succeed(&["causes", &out, "--out", table.to_str().unwrap()]);
    assert!(shown.starts_with("Where 3 of 4 outages come from (4 runs)\n"), "{shown}");
    assert!(shown.contains("  supernodes: only that  1.00 [0."), "{shown}");
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
    assert!(fs::read(&table).unwrap().starts_with(b"PAR1"));
    let csv = succeed(&["causes", &out, "--cell", "0", "--per-cell", "1", "--format", "csv"]);
    assert!(csv.starts_with("cell,case,replicate,outage_h,outage_start_h,stuck_at_onset,"), "{csv}");
    assert_eq!(csv.lines().count(), 2);
    assert_eq!(results(Path::new(&out)), before);

    assert!(fail(2, &["causes", &out, "--cell", "1"]).contains("cells 0 … 0"));
    assert!(fail(2, &["causes", &out, "--out", "causes.csv"]).contains(".parquet"));
}

#[test]
fn without_outages_there_is_nothing_to_say() {
    let folder = tempfile::tempdir().unwrap();
    let quiet = "name = \"quiet\"\n[scenario]\npopulation.clients = 2000\ntime.horizon_h = 13.0\n\
                 outage.min_duration_h = 2.0\n[replicates]\nat_least = 2\nat_most = 2\n";
    let out = finished(folder.path(), quiet);
    let shown = succeed(&["causes", &out]);
    assert_eq!(shown.trim_end(), "Where 0 of 0 outages come from (2 runs)");
}
