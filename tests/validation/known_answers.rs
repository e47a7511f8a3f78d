//! Every check of the library, thoroughly; and the command that makes them on a user's machine.

use std::process::Command;

use critmass::validation::{Check, Effort, validate};

/// Says what failed, with its worst comparison.
fn assert_passed(checks: &[Check]) {
    let failed: Vec<String> = checks
        .iter()
        .filter(|check| !check.passed())
        .map(|check| format!("{} ({}): {:?}", check.name, check.formula, check.worst()))
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn runs_give_what_is_known() {
    let checks = validate(Effort::Thorough);
    assert_passed(&checks);
    for topic in ["presence", "queue", "overload", "retries", "overlay", "randomness"] {
        assert!(checks.iter().any(|check| check.topic == topic), "{topic}");
    }
    let of_the_limit = checks.iter().filter(|check| check.name.ends_with("in the limit"));
    assert!(of_the_limit.count() > 10, "both engines are asked");
    for check in &checks {
        assert!(check.comparisons.iter().any(|c| c.expected != 0.0 || check.formula == "0"), "{}", check.name);
    }
}

#[test]
fn the_command_shows_every_check_and_its_verdict() {
    let run = |arguments: &[&str]| Command::new(env!("CARGO_BIN_EXE_critmass")).args(arguments).output().unwrap();
    let table = run(&["validate"]);
    let text = String::from_utf8(table.stdout).unwrap();
    let json = run(&["validate", "--format", "json"]);
    let checks: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    let checks = checks.as_array().unwrap();
    assert!(checks.len() > 40, "{}", checks.len());
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    let all_passed = checks.iter().all(|check| check["passed"].as_bool().unwrap());
    for status in [table.status, json.status] {
        assert_eq!(status.code(), Some(if all_passed { 0 } else { 1 }));
    }
    assert_eq!(text.contains("FAILED"), !all_passed, "{text}");
    assert!(text.contains(&format!("of {} checks passed", checks.len())), "{text}");
    assert_eq!(run(&["validate"]).stdout, text.as_bytes(), "the same every time");
}
