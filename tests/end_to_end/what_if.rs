//! A run of a sweep beside the same one with something changed.

use crate::support::*;

#[test]
fn a_run_is_shown_beside_the_same_one_with_something_changed_and_its_cell_is_named_by_its_values() {
    let folder = tempfile::tempdir().unwrap();
    let (out, sweep) = (folder.path().join("out"), folder.path().join("sweep.toml"));
    std::fs::write(
        &sweep,
        SWEEP.replace("at_least = 40\nat_most = 80\nhalf_width = 0.12", "at_least = 2\nat_most = 2"),
    )
    .unwrap();
    let out = out.to_str().unwrap();
    succeed(&["run", sweep.to_str().unwrap(), "--out", out]);
    let named = ["simulate", out, "--cell", "server=plain,updates.synchronization=1", "--replicate", "1"];
    let by_number = succeed(&["simulate", out, "--cell", "4", "--replicate", "1"]);
    assert_eq!(succeed(&named), by_number);

    // The cell with the change has that run, since the draws are the same.
    let set = [&named[..], &["--set", "login.drop_expired=true"]].concat();
    let shown = succeed(&set);
    assert!(shown.starts_with(&by_number) && shown.contains("\nChanged: login.drop_expired=true\n"), "{shown}");
    assert!(shown.contains("lost_client_h") && shown.contains("in the sweep"), "{shown}");
    let json = |arguments: &[&str]| -> serde_json::Value {
        serde_json::from_str(&succeed(&[arguments, &["--format", "json"]].concat())).unwrap()
    };
    let both = json(&set);
    assert_eq!(both["in_the_sweep"], json(&named));
    assert_eq!(both["changed"], json(&["simulate", out, "--cell", "5", "--replicate", "1"]));
    assert_eq!(both["changed"]["seed"], both["in_the_sweep"]["seed"]);
    assert_ne!(both["changed"]["outputs"], both["in_the_sweep"]["outputs"]);

    let refused = fail(2, &["simulate", out, "--cell", "server=plain,updates.synchronization=0.9", "--replicate", "0"]);
    assert!(refused.contains("it has 0.0, 0.5, 1.0"), "{refused}");
    let refused = fail(2, &[&named[..], &["--set", "login.drop_expird=true"]].concat());
    assert!(refused.contains("login.drop_expired"), "{refused}");
}
