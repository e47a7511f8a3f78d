//! What `status` says of a folder in one word, with its exit status, and to programs.

use std::fs;
use std::path::Path;

use serde_json::Value as Json;

use crate::support::*;

/// What `status` says to programs, with its exit status; that for people has the same one.
#[track_caller]
fn state_of(folder: &Path) -> (String, i32, Json) {
    let folder = folder.to_str().unwrap();
    let said = run(&["status", folder, "--format", "json"]);
    let json: Json = serde_json::from_slice(&said.stdout).unwrap();
    let status = said.status.code().unwrap();
    assert_eq!(run(&["status", folder]).status.code(), Some(status));
    assert_eq!(json["folder"], folder);
    assert!(json["message"].as_str().is_some_and(|message| !message.is_empty()), "{json}");
    (json["state"].as_str().unwrap().to_owned(), status, json)
}

#[track_caller]
fn assert_state(folder: &Path, state: &str, status: i32) -> Json {
    let (found, ended, json) = state_of(folder);
    assert_eq!((found.as_str(), ended), (state, status), "{json:#}");
    json
}

#[test]
fn every_state_of_a_folder_has_a_word_and_an_exit_status() {
    let folder = tempfile::tempdir().unwrap();
    let (sweep, out) = (folder.path().join("sweep.toml"), folder.path().join("out"));
    fs::write(&sweep, SWEEP).unwrap();
    let (sweep, out_text) = (sweep.to_str().unwrap(), out.to_str().unwrap());

    assert_state(&out, "foreign", 2);
    assert_state(folder.path(), "foreign", 2);
    succeed(&["run", sweep, "--out", out_text, "--shard", "0/2"]);
    let json = assert_state(&out, "incomplete", 3);
    assert_eq!((&json["cells"]["complete"], &json["cells"]["all"]), (&Json::from(3), &Json::from(6)));
    assert!(json["runs"]["in_checkpoints"].as_u64().unwrap() > 0 && json["surface"] == "missing", "{json:#}");
    assert_eq!((&json["running"]["whole"], &json["slurm"]), (&Json::from(false), &Json::Null));

    succeed(&["run", sweep, "--out", out_text]);
    let json = assert_state(&out, "complete", 0);
    assert_eq!((&json["name"], &json["surface"]), (&Json::from("interrupted"), &Json::from("whole")));
    assert!(json["damaged"].as_array().unwrap().is_empty() && json["hash"].as_str().unwrap().len() == 64);

    // Only the summary is left to be done.
    let surface = fs::read(out.join("surface.parquet")).unwrap();
    let sums = fs::read_to_string(out.join("SHA256SUMS")).unwrap();
    let without: String =
        sums.lines().filter(|line| !line.contains("part-")).map(|line| line.to_owned() + "\n").collect();
    fs::write(out.join("SHA256SUMS"), &without).unwrap();
    let json = assert_state(&out, "incomplete", 3);
    assert!(
        json["unlisted"].as_u64().unwrap() > 0 && json["message"].as_str().unwrap().contains("summarize"),
        "{json:#}"
    );
    fs::write(out.join("SHA256SUMS"), &sums).unwrap();

    // One byte is another one; a surface that is cut; a file that readers take in; a manifest of which the mark tells.
    let part = out.join("runs/part-000000.parquet");
    let whole = fs::read(&part).unwrap();
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    let stray = out.join("runs/copy.parquet");
    let manifest = fs::read(out.join("manifest.json")).unwrap();
    for (path, damaged, before) in [
        (&part, Some(&changed[..]), Some(&whole)),
        (&part, None, Some(&whole)),
        (&out.join("surface.parquet"), Some(&surface[..100]), Some(&surface)),
        (&stray, Some(&whole[..]), None),
        (&out.join("manifest.json"), Some(&b"{}"[..]), Some(&manifest)),
        (&out.join("manifest.json"), None, Some(&manifest)),
    ] {
        match damaged {
            Some(bytes) => fs::write(path, bytes).unwrap(),
            None => fs::remove_file(path).unwrap(),
        }
        let json = assert_state(&out, "damaged", 4);
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(json.to_string().contains(name), "{name}: {json:#}");
        match before {
            Some(bytes) => fs::write(path, bytes).unwrap(),
            None => fs::remove_file(path).unwrap(),
        }
    }
    assert_state(&out, "complete", 0);

    // Nothing proves whose it is; another version; what cannot be read.
    let lock = fs::read(out.join("lock")).unwrap();
    fs::write(out.join("lock"), "").unwrap();
    fs::write(out.join("manifest.json"), "{}").unwrap();
    assert_state(&out, "foreign", 2);
    fs::write(out.join("lock"), &lock).unwrap();
    let version = |version: &str| format!("\"version\": {version:?}");
    let text = String::from_utf8(manifest.clone()).unwrap();
    fs::write(out.join("manifest.json"), text.replace(&version(env!("CARGO_PKG_VERSION")), &version("0.0.7"))).unwrap();
    assert_state(&out, "foreign", 2);
    fs::remove_file(out.join("manifest.json")).unwrap();
    fs::create_dir(out.join("manifest.json")).unwrap();
    let json = assert_state(&out, "unreadable", 1);
    assert!(json["message"].as_str().unwrap().contains("manifest.json"), "{json:#}");
    fs::remove_dir(out.join("manifest.json")).unwrap();
    fs::write(out.join("manifest.json"), &manifest).unwrap();
    assert_state(&out, "complete", 0);
}

#[test]
fn the_states_are_in_the_help_and_in_the_readme() {
    let help = succeed(&["status", "--help"]);
    let readme = fs::read_to_string("README.md").unwrap();
    for (status, state) in [(0, "complete"), (3, "incomplete"), (4, "damaged"), (1, "unreadable"), (2, "foreign")] {
        assert!(help.contains(&format!("  {status}  {state}")), "{help}");
        assert!(readme.contains(&format!("{status} {state}")), "{state}");
    }
}
