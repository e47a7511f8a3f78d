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

#[test]
fn a_program_that_watches_gets_an_object_for_each_event() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let arguments = ["run", "sweeps/smoke.toml", "--out", out.to_str().unwrap(), "--format", "json"];
    let events = |text: &str| -> Vec<serde_json::Value> {
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let first = run(&arguments);
    assert!(first.status.success() && first.stderr.is_empty(), "{}", text(&first.stderr));
    let told = events(&text(&first.stdout));
    let of = |told: &[serde_json::Value], kind: &str| told.iter().filter(|event| event["event"] == kind).count() as u64;
    assert_eq!((&told[0]["event"], &told[0]["cells"], &told[0]["runs_found"]), (&"begun".into(), &6.into(), &0.into()));
    let last = told.last().unwrap();
    assert_eq!((&last["event"], &last["cells_decided"]), (&"done".into(), &6.into()));
    assert_eq!(Some(of(&told, "run")), last["runs"].as_u64());
    assert_eq!(of(&told, "cell"), 6);
    let cell = told.iter().find(|event| event["event"] == "cell" && event["cell"] == 5).unwrap();
    assert_eq!(cell["axes"]["overlay.supernode_ratio"], 0.03);
    assert!(of(&told, "progress") > 0);

    // A part that is damaged is said to be, and computed again.
    let part = fs::read_dir(out.join("runs")).unwrap().next().unwrap().unwrap().path();
    fs::write(&part, "nothing").unwrap();
    let again = events(&text(&run(&arguments).stdout));
    assert_eq!((&again[0]["event"], of(&again, "damaged") > 0), (&"damaged".into(), true), "{again:?}");
    assert_eq!((of(&again, "run") > 0, of(&again, "done")), (true, 1));
}

#[test]
fn without_a_terminal_there_is_a_sign_of_life_at_once_and_in_the_end_what_is_next() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("it's mine");
    let ended = run(&["run", "sweeps/smoke.toml", "--out", out.to_str().unwrap()]);
    let said = text(&ended.stderr);
    assert!(said.starts_with("smoke: 6 cells, 4 … 6 runs each, until ± 0.3, on "), "{said}");
    let commands: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("  critmass ")).collect();
    assert_eq!(commands.len(), 3, "{said}");
    // They are pasted into a shell.
    for command in commands {
        let program = env!("CARGO_BIN_EXE_critmass");
        let shell = std::process::Command::new("sh").args(["-c", &format!("{program} {command}")]).output().unwrap();
        assert!(shell.status.success() && !shell.stdout.is_empty(), "{command}: {}", text(&shell.stderr));
    }
}

#[test]
fn any_output_is_shown_as_a_map() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let out = out.to_str().unwrap();
    succeed(&["run", "sweeps/smoke.toml", "--out", out]);
    let shown = succeed(&["summarize", out, "--output", "recovery_h", "--statistic", "q50"]);
    assert!(shown.starts_with("recovery_h_q50 in h\n  down:   overlay.supernode_ratio\n"), "{shown}");
    assert!(shown.contains("runs have no recovery_h"), "{shown}");
    assert!(fail(2, &["summarize", out, "--output", "recovery"]).contains("recovery_h"));
    // A word has no mean and no variance.
    for command in ["summarize", "sensitivity"] {
        let said = fail(2, &[command, out, "--output", "stuck_at_onset"]);
        let (_, offered) = said.split_once("possible values").unwrap();
        assert!(offered.contains("recovery_h") && !offered.contains("stuck"), "{command}: {said}");
    }
    assert!(fail(2, &["summarize", out, "--output", "outage_h", "--statistic", "q10"]).contains("q05, q50, q95"));
    assert!(fail(2, &["summarize", out, "--output", "outage_h", "--format", "csv"]).contains("every column"));
    assert!(fail(2, &["summarize", out, "--statistic", "q50"]).contains("--output"));
}

/// A folder with a sweep that has run (`out`), beside what else a beginner takes for one.
fn playground() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let sweep = "name = \"play\"\n[scenario]\npopulation.clients = 100\ntime.horizon_h = 13.0\ntime.tick_s = 60\n\
                 [[axis]]\nparameter = \"overlay.slots\"\nvalues = [50, 75]\n[replicates]\nat_least = 1\nat_most = 1\n";
    fs::write(folder.path().join("play.toml"), sweep).unwrap();
    fs::write(folder.path().join("empty.toml"), "").unwrap();
    fs::write(folder.path().join("table.toml"), "| a |\n").unwrap();
    fs::create_dir(folder.path().join("empty")).unwrap();
    let made = critmass().current_dir(folder.path()).args(["run", "play.toml", "--out", "out"]).output().unwrap();
    assert!(made.status.success(), "{}", text(&made.stderr));
    folder
}

/// Command lines of a beginner, and what the answer has to say.
const MISTAKES: &[(&str, &[&str])] = &[
    ("", &["Usage: critmass <COMMAND>", "run "]),
    ("simulat", &["unrecognized subcommand 'simulat'", "'simulate'"]),
    ("run play.toml", &["--out <DIR>"]),
    ("run --out o", &["<SWEEP.toml>"]),
    ("run play.toml o", &["unexpected argument 'o'", "--out <DIR>"]),
    ("run nowhere.toml --out o", &["nowhere.toml", "there is no such file", "critmass new"]),
    ("run out --out o", &["this is a folder; expected a sweep file"]),
    ("run play.toml --out play.toml", &["play.toml: this is a file; give a folder"]),
    ("run play.toml --out .", &["the folder is not empty", "empty or a new folder"]),
    ("run play.toml --out /proc/o", &["/proc/o", "cannot be created"]),
    ("run empty.toml --out o", &["empty.toml:1: name: the key is missing"]),
    ("run table.toml --out o", &["table.toml:1", "not TOML"]),
    ("run play.toml --out o --set overlay.slots", &["there is no =; expected key=value"]),
    ("run play.toml --out o --set overlay.slots=", &["nothing after the =; expected key=value"]),
    ("run play.toml --out o --set overlay.slots 80", &["unexpected argument '80'"]),
    ("run play.toml --out o --set slots=80", &["did you mean", "overlay.slots"]),
    ("run play.toml --out o --set overlay.slots=80", &["no effect", "axis"]),
    ("run play.toml --out o --set replicates.at_most=many", &["expected a whole number, 1 … 1000000"]),
    ("run play.toml --out o --threads 0", &["expected a whole number, 1 … 4096"]),
    ("run play.toml --out o --threads many", &["expected a whole number, 1 … 4096"]),
    ("run play.toml --out o --threads -1", &["expected a whole number, 1 … 4096"]),
    ("run play.toml --out o --shard 2/2", &["expected I/N with 0 ≤ I < N", "0/8"]),
    ("run play.toml --out o --shard 1", &["expected I/N with 0 ≤ I < N", "0/8"]),
    ("run play.toml --out o --format csv", &["possible values: text, json"]),
    ("submit play.toml --out o", &["--shards <N>"]),
    ("submit play.toml --out o --shards 0", &["expected a whole number, 1 … 1000000"]),
    ("submit play.toml --out o --shards 2 --time=1:00:00", &["-- --time"]),
    ("summarize nowhere", &["nowhere", "there is no such folder"]),
    ("summarize play.toml", &["this is a file; expected the folder that --out named"]),
    ("status play.toml", &["this is a file; expected the folder that --out named"]),
    ("status empty", &["not the folder of a sweep"]),
    ("summarize out --format parquet", &["possible values: table, csv, json"]),
    ("summarize out --output recovery", &["recovery_h"]),
    ("summarize out --output outage_h --statistic median", &["expected one of mean, sd, q05, q50, q95"]),
    ("simulate out --cell 0", &["--replicate <R>"]),
    ("simulate out --cell 2 --replicate 0", &["cells 0 … 1"]),
    ("simulate out --cell 0 --replicate 1", &["replicates 0 … 0"]),
    ("simulate --trace t.csv", &["t.csv", "Parquet", ".parquet"]),
    ("simulate --trace nowhere/t.parquet", &["there is no such folder"]),
    ("simulate --seed -1", &["expected a whole number, 0 … 18446744073709551615"]),
    ("simulate --seed today", &["expected a whole number, 0 … 18446744073709551615"]),
    ("parameters --format yaml", &["possible values: table, json, markdown"]),
    ("parameters teh", &["the groups are population, time"]),
    ("columns nowhere.toml", &["there is no such file"]),
    ("reference shok", &["[[scenario.shock]]"]),
    ("new", &["--template", "<NAME>"]),
    ("new mine", &["--template"]),
    ("new Mine --template super-nodes", &["lower-case letters, digits and hyphens"]),
    ("new play --template super-nodes", &["play.toml: it is there already"]),
];

#[test]
fn a_beginner_is_told_what_is_wrong_and_what_is_expected() {
    let folder = playground();
    let before = results(&folder.path().join("out"));
    for (line, said) in MISTAKES {
        let output = critmass().current_dir(folder.path()).args(line.split_whitespace()).output().unwrap();
        // Where lines break is another matter.
        let message = text(&output.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(output.stdout.is_empty(), "critmass {line}");
        for part in *said {
            assert!(message.contains(part), "critmass {line}\n  says    {message}\n  without {part}");
        }
        // Somebody who mistyped has done nothing; `status` of what is no folder is another status.
        let status = output.status.code();
        assert!(status == Some(2) || line.starts_with("run play.toml --out /proc"), "critmass {line}: {status:?}");
        assert!(status == Some(1) || status == Some(2), "critmass {line}: {status:?}");
        assert!(!message.contains("panicked") && !message.contains("os error 21"), "{message}");
    }
    assert!(!folder.path().join("o").exists());
    assert_eq!(results(&folder.path().join("out")), before);
}
