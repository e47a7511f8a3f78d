//! `critmass sensitivity`: a scenario in which it is known what the outage depends on.

use serde_json::Value as Json;

use super::support::{fail, finished, run, succeed, text};

/// Every client restarts at once, and next to nobody can log in again: there is a long spell, and whether it is an
/// outage depends on nothing but how long one has to last.
const COIN: &str = r#"
name = "coin"
[scenario]
population.clients = 500
time.horizon_h = 15.0
updates.patched_fraction = 1.0
updates.synchronization = 1.0
login.capacity_per_s_per_million = 0.01
[[axis]]
parameter = "updates.burst_width_s"
values = [60.0, 120.0]
[uncertain]
outage.min_duration_h = { discrete = { values = [0.5, 1000.0], weights = [1.0, 1.0] } }
updates.boot_median_s = { uniform = { from = 200.0, to = 300.0 } }
[replicates]
at_least = 40
at_most = 40
"#;

#[test]
fn what_the_outage_depends_on_is_found_and_does_not_depend_on_threads() {
    let folder = tempfile::tempdir().unwrap();
    let out = finished(folder.path(), COIN);
    let of = |threads: &str| succeed(&["sensitivity", &out, "--pairs", "30", "--threads", threads, "--format", "json"]);
    let json = of("1");
    assert_eq!(json, of("3"));
    let rows: Vec<Json> = serde_json::from_str(&json).unwrap();
    let cells: Vec<Option<u64>> = rows.iter().map(|row| row["cell"].as_u64()).collect();
    assert_eq!(cells, [None, None, Some(0), Some(0), Some(1), Some(1)]);
    for pair in rows.chunks(2) {
        let [decides, inert] = pair else { panic!("{pair:?}") };
        assert_eq!(
            (&decides["input"], &inert["input"]),
            (&"outage.min_duration_h".into(), &"updates.boot_median_s".into())
        );
        // Of the neighbours in the order of the input, two differ.
        let (n, k) = (40.0, 40.0 * decides["mean"].as_f64().unwrap());
        let expected = 1.0 - n / (2.0 * k * (n - k));
        assert!((decides["first_order"].as_f64().unwrap() - expected).abs() < 1e-12, "{decides}");
        assert!((decides["total"].as_f64().unwrap() - 1.0).abs() < 0.6, "{decides}");
        assert_eq!((&decides["chance"], &inert["total"]), (&0.0.into(), &0.0.into()));
        assert!(inert["first_order"].as_f64().unwrap().abs() < 0.8, "{inert}");
        assert_eq!(decides["input_mean_in_outages"], 0.5);
        assert!(decides["shift_in_outages"].as_f64().unwrap() < -0.3, "{decides}");
    }
    let csv = succeed(&["sensitivity", &out, "--format", "csv"]);
    assert!(csv.starts_with("cell,updates.burst_width_s,input,input_unit,runs,mean,variance,chance,"), "{csv}");
    assert_eq!(csv.lines().count(), 7);
}

#[test]
fn people_are_told_what_it_means_and_what_cannot_be_said() {
    let folder = tempfile::tempdir().unwrap();
    let out = finished(folder.path(), COIN);
    let shown = succeed(&["sensitivity", &out]);
    assert!(shown.contains("\n80 runs, 40 independent, mean 0."), "{shown}");
    assert!(shown.contains("--pairs 400 makes them") && shown.contains("in outages: "), "{shown}");
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
    let shown = succeed(&["sensitivity", &out, "--cell", "1", "--pairs", "10"]);
    assert!(shown.contains("in cell 1, updates.burst_width_s = 120") && !shown.contains("--pairs"), "{shown}");
    let shown = succeed(&["sensitivity", &out, "--output", "recovery_h"]);
    assert!(
        shown.contains("is the same in all runs here") || shown.contains("counts as one with the largest"),
        "{shown}"
    );

    let refused = fail(2, &["sensitivity", &out, "--output", "outages"]);
    assert!(refused.contains("a similar value exists: 'outage'"), "{refused}");
    assert!(fail(2, &["sensitivity", &out, "--cell", "2"]).contains("--cell"));
    fail(2, &["sensitivity", folder.path().to_str().unwrap()]);
}

#[test]
fn without_uncertain_inputs_all_is_chance_and_few_replicates_have_no_interval() {
    let folder = tempfile::tempdir().unwrap();
    let certain = "name = \"certain\"\n[scenario]\npopulation.clients = 300\ntime.horizon_h = 13.0\n[replicates]\n\
                   at_least = 5\nat_most = 5\n";
    let out = finished(folder.path(), certain);
    let shown = succeed(&["sensitivity", &out, "--output", "events"]);
    assert!(shown.contains("no uncertain inputs ([uncertain])"), "{shown}");
    let few = COIN.replace("= 40", "= 5");
    let other = tempfile::tempdir().unwrap();
    let out = finished(other.path(), &few);
    let single = tempfile::tempdir().unwrap();
    let shown = succeed(&["sensitivity", &finished(single.path(), &COIN.replace("= 40", "= 1"))]);
    assert!(shown.contains("Each cell has a single run"), "{shown}");
    let shown = run(&["sensitivity", &out, "--output", "lost_client_h"]);
    assert!(text(&shown.stdout).contains("No intervals: the runs are but 5"), "{}", text(&shown.stdout));
}
