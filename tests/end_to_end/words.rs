//! What a beginner is shown: templates, the reference, the lists of parameters and columns.

use std::fs;
use std::path::Path;

use super::support::*;

/// The templates that the program offers.
fn templates() -> Vec<String> {
    let refused = fail(2, &["new", "x", "--template", "?"]);
    let (_, list) = refused.split_once("[possible values: ").unwrap();
    list.split(']').next().unwrap().split(", ").map(str::to_owned).collect()
}

fn new(folder: &Path, arguments: &[&str]) -> std::process::Output {
    critmass().current_dir(folder).arg("new").args(arguments).output().unwrap()
}

#[test]
fn every_template_becomes_a_sweep_that_runs_and_replaces_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let templates = templates();
    assert!(!templates.is_empty());
    for template in templates {
        let written = new(folder.path(), &[&template, "--template", &template]);
        assert!(written.status.success(), "{}", text(&written.stderr));
        let file = folder.path().join(format!("{template}.toml"));
        assert_eq!(text(&written.stdout), format!("{template}.toml\n"));
        let toml = fs::read_to_string(&file).unwrap();
        assert!(toml.contains(&format!("name = \"{template}\"")) && !toml.contains("NAME"), "{toml}");
        let again = new(folder.path(), &[&template, "--template", &template]);
        assert_eq!(again.status.code(), Some(2));
        assert!(text(&again.stderr).contains("it is there already"), "{}", text(&again.stderr));
        assert_eq!(fs::read_to_string(&file).unwrap(), toml);

        let out = folder.path().join("out").join(&template);
        let small = ["population.clients=2000", "time.tick_s=60", "replicates.at_least=1", "replicates.at_most=1"];
        let set = small.into_iter().flat_map(|set| ["--set", set]);
        let run = ["run", file.to_str().unwrap(), "--out", out.to_str().unwrap()].into_iter().chain(set);
        succeed(&run.collect::<Vec<_>>());
    }
}

#[test]
fn a_name_that_no_sweep_may_have_is_refused_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    for (name, said) in [("My Sweep", "lower-case letters"), ("nowhere/mine", "there is no such folder")] {
        let refused = new(folder.path(), &[name, "--template", "super-nodes"]);
        assert_eq!(refused.status.code(), Some(2));
        assert!(text(&refused.stderr).contains(said), "{}", text(&refused.stderr));
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_word_picks_from_the_lists() {
    let all = succeed(&["parameters"]);
    let login = succeed(&["parameters", "login"]);
    assert!(login.contains("login.timeout_s") && !login.contains("retry.base_s") && login.len() < all.len() / 2);
    assert!(fail(2, &["parameters", "nonsense"]).contains("the groups are population, time"));
    let replicates = succeed(&["reference", "half_width"]);
    assert!(replicates.starts_with("[replicates]\n") && !replicates.contains("confidence"), "{replicates}");
    assert!(succeed(&["reference", "[[scenario.shock]]"]).contains("supernode_fraction"));
    assert!(fail(2, &["reference", "nonsense"]).contains("[[axis]]"));
    assert!(succeed(&["reference"]).lines().all(|line| line.chars().count() <= 80));
}

#[test]
fn the_columns_of_a_sweep_are_listed_with_their_units() {
    let rows = |arguments: &[&str]| -> Vec<serde_json::Value> {
        let json = succeed(&[&["columns"], arguments, &["--format", "json"]].concat());
        serde_json::from_str(&json).unwrap()
    };
    let (any, smoke) = (rows(&[]), rows(&["sweeps/smoke.toml"]));
    let of = |rows: &[serde_json::Value], table: &str, column: &str| {
        rows.iter().find(|row| row["table"] == table && row["column"] == column).cloned()
    };
    assert_eq!(of(&any, "runs", "outage_h").unwrap()["unit"], "h");
    assert_eq!(of(&any, "traces", "t_h").unwrap()["nullable"], true);
    assert!(of(&any, "surface", "outage_probability_low").is_some());
    let drawn = "updates.synchronization_drawn";
    assert!(of(&any, "runs", drawn).is_none() && of(&smoke, "runs", drawn).is_some());
    let csv = succeed(&["columns", "sweeps/smoke.toml", "--format", "csv"]);
    assert_eq!(csv.lines().count(), smoke.len() + 1);
    assert!(csv.starts_with("table,column,type,null,unit,description\n"), "{csv}");
    // A folder says the same as the file.
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let out = out.to_str().unwrap();
    succeed(&["run", "sweeps/smoke.toml", "--out", out]);
    assert_eq!(rows(&[out]), smoke);
}

#[test]
fn values_are_numbers_in_json() {
    let set = ["overlay.slots=80", "login.discipline=lifo", "overlay.healing_time_s=inf", "login.drop_expired=true"];
    let small = ["population.clients=100", "time.horizon_h=13"];
    let set = set.into_iter().chain(small).flat_map(|set| ["--set", set]);
    let run = succeed(&["simulate", "--format", "json"].into_iter().chain(set).collect::<Vec<_>>());
    let run: serde_json::Value = serde_json::from_str(&run).unwrap();
    let scenario = &run["scenario"];
    assert_eq!(scenario["overlay.slots"], 80);
    assert_eq!(scenario["login.discipline"], "lifo");
    assert_eq!(scenario["overlay.healing_time_s"], "inf");
    assert_eq!(scenario["login.drop_expired"], true);
    let parameters: serde_json::Value = serde_json::from_str(&succeed(&["parameters", "--format", "json"])).unwrap();
    let slots = parameters.as_array().unwrap().iter().find(|row| row["parameter"] == "overlay.slots").unwrap();
    assert_eq!(slots["default"], 75);
}
