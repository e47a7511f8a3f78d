//! A folder that becomes that of another sweep keeps the runs that both have, and ends with the bytes of the new sweep run
//! afresh.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::faults::Shim;
use crate::support::*;

/// A sweep of a moment: four cells of six runs, each with a trace.
const FAMILY: &str = r#"
name = "family"
question = "Does it hold?"
seed = 5
[scenario]
population.clients = 1_000
time.horizon_h = 13.0
[[axis]]
parameter = "updates.synchronization"
values = [0.0, 1.0]
[[axis]]
name = "server"
variants = [{ label = "plain" }, { label = "drops", login.drop_expired = true }]
[uncertain]
"updates.synchronization" = { factor = { uniform = { from = 0.8, to = 1.2 } } }
[replicates]
at_least = 6
at_most = 6
[traces]
replicates = 1
every_s = 600.0
"#;

/// A change of a sweep file, and what it keeps of the 24 runs and 4 traces.
struct Change {
    what: &'static str,
    edits: &'static [(&'static str, &'static str)],
    kept: u64,
    again: u64,
    dropped: u64,
    traces_dropped: u64,
}

/// A change that loses nothing.
const fn keeps_all(what: &'static str, edits: &'static [(&'static str, &'static str)]) -> Change {
    Change { what, edits, kept: 24, again: 0, dropped: 0, traces_dropped: 0 }
}

const CHANGES: &[Change] = &[
    keeps_all("more replicates", &[("at_most = 6", "at_most = 9")]),
    keeps_all("another value of an axis", &[("values = [0.0, 1.0]", "values = [0.0, 0.3, 1.0, 0.7]")]),
    keeps_all("a finer axis", &[("values = [0.0, 1.0]", "linear = { from = 0.0, to = 1.0, points = 5 }")]),
    keeps_all(
        "another variant",
        &[("{ label = \"plain\" }", "{ label = \"larger\", overlay.slots = 90 }, { label = \"plain\" }")],
    ),
    keeps_all("variants of other names", &[("\"plain\"", "\"as it was\""), ("name = \"server\"", "name = \"login\"")]),
    keeps_all(
        "another axis",
        &[("[uncertain]", "[[axis]]\nparameter = \"overlay.slots\"\nvalues = [60, 75]\n[uncertain]")],
    ),
    keeps_all(
        "another name and question",
        &[("\"family\"", "\"clan\""), ("Does it hold?", "For how long does it hold?")],
    ),
    keeps_all("another confidence", &[("at_least", "confidence = 0.8\nat_least")]),
    keeps_all("a half width", &[("at_most = 6", "at_most = 40\nhalf_width = 0.25")]),
    Change {
        kept: 20,
        again: 4,
        traces_dropped: 4,
        ..keeps_all("finer traces", &[("every_s = 600.0", "every_s = 300.0")])
    },
    Change {
        kept: 16,
        again: 8,
        ..keeps_all("more traces", &[("[traces]\nreplicates = 1", "[traces]\nreplicates = 3")])
    },
    Change { traces_dropped: 4, ..keeps_all("no traces", &[("[traces]\nreplicates = 1\nevery_s = 600.0\n", "")]) },
    Change { kept: 12, dropped: 12, traces_dropped: 2, ..keeps_all("another range", &[("[0.0, 1.0]", "[0.5, 1.0]")]) },
    Change {
        kept: 16,
        dropped: 8,
        ..keeps_all("fewer replicates", &[("at_least = 6\nat_most = 6", "at_least = 4\nat_most = 4")])
    },
    Change {
        kept: 12,
        dropped: 12,
        traces_dropped: 2,
        ..keeps_all("one value", &[("values = [0.0, 1.0]", "values = [1.0]"), ("at_most = 6", "at_most = 7")])
    },
];

impl Change {
    fn sweep(&self) -> String {
        self.edits.iter().fold(FAMILY.to_owned(), |text, (from, to)| {
            assert!(text.contains(from), "{}: {from}", self.what);
            text.replace(from, to)
        })
    }

    fn loses(&self) -> bool {
        self.dropped > 0 || self.traces_dropped > 0
    }

    /// What is said when it is done.
    fn said(&self) -> String {
        let mut said = format!("{} of its runs are kept, {} dropped", self.kept, self.dropped);
        if self.traces_dropped > 0 {
            said += &format!(", with {} traces", self.traces_dropped);
        }
        if self.again > 0 {
            said += &format!("; {} are made again for their traces", self.again);
        }
        said
    }
}

/// A folder for tests, with the sweep and its result.
struct Place {
    folder: tempfile::TempDir,
    before: PathBuf,
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().unwrap();
        let place = Place { before: folder.path().join("before"), folder };
        let sweep = place.sweep("family", FAMILY);
        succeed(&["run", &sweep, "--out", place.before.to_str().unwrap()]);
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a sweep file.
    fn sweep(&self, name: &str, text: &str) -> String {
        let path = self.path(&format!("{name}.toml"));
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// What a sweep makes in a new folder.
    fn afresh(&self, sweep: &str) -> PathBuf {
        let out = self.path("afresh");
        let _ = fs::remove_dir_all(&out);
        succeed(&["run", sweep, "--out", out.to_str().unwrap()]);
        out
    }

    /// A copy of the finished folder.
    fn copy(&self) -> PathBuf {
        let out = self.path("out");
        let _ = fs::remove_dir_all(&out);
        copy(&self.before, &out);
        out
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(|entry| entry.unwrap()) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// Every path in a folder.
fn paths(folder: &Path) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            paths.extend(self::paths(&path));
        }
        paths.push(path);
    }
    paths.sort();
    paths
}

#[track_caller]
fn stderr_of_success(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stderr)
}

/// Nothing of the way there is left in a folder.
#[track_caller]
fn assert_tidy(out: &Path) {
    assert!(!out.join("extending").exists() && !out.join("damaged").exists());
    assert!(!has_files(&out.join("checkpoint")) && !has_files(&out.join("temporary")));
    let status = succeed(&["status", out.to_str().unwrap()]);
    assert!(status.ends_with("\ncomplete\n"), "{status}");
}

#[test]
fn an_extended_folder_has_the_bytes_of_the_new_sweep_run_afresh() {
    let place = Place::new();
    for change in CHANGES {
        let sweep = place.sweep("changed", &change.sweep());
        let (out, afresh) = (place.copy(), place.afresh(&sweep));
        let out_text = out.to_str().unwrap();
        let (all, before) = (paths(&out), results(&out));
        let dry = succeed(&["run", &sweep, "--out", out_text, "--dry-run"]);
        assert!(dry.contains(&format!("\nkept     {}\n", change.kept)), "{}: {dry}", change.what);
        assert!(dry.contains(&format!("\ndropped  {}", change.dropped)), "{}: {dry}", change.what);
        assert_eq!(dry.contains("wants --drop"), change.loses(), "{}: {dry}", change.what);
        let mut arguments = vec!["run", &sweep, "--out", out_text];
        if change.loses() {
            let refused = fail(2, &arguments);
            assert!(refused.contains("would lose") && refused.contains("--drop lets"), "{}: {refused}", change.what);
            arguments.push("--drop");
        }
        assert_eq!((paths(&out), results(&out)), (all, before), "{}: something was written", change.what);
        let said = stderr_of_success(&run(&arguments));
        assert!(said.contains(&change.said()), "{}: {said}", change.what);
        assert_same_results(&afresh, &out);
        assert_eq!(fs::read(out.join("lock")).unwrap(), fs::read(afresh.join("lock")).unwrap());
        assert_tidy(&out);
        // Nothing that is kept was made again: what is left is what a run afresh makes beside it.
        let runs = |said: &str| number_before(said, " runs,");
        let all_runs: u64 =
            succeed(&["status", out_text]).lines().nth(2).map(|line| number_before(line, " in complete")).unwrap();
        assert_eq!(runs(&said), all_runs - change.kept, "{}: {said}", change.what);
    }
}

#[test]
fn a_sweep_that_is_decided_by_its_runs_decides_anew() {
    let place = Place::new();
    let adaptive = |half_width: &str| {
        let rule = format!("at_least = 6\nat_most = 60\nhalf_width = {half_width}");
        FAMILY.replace("at_least = 6\nat_most = 6", &rule)
    };
    let (wide, narrow) = (place.sweep("wide", &adaptive("0.3")), place.sweep("narrow", &adaptive("0.15")));
    let out = place.path("out");
    let out_text = out.to_str().unwrap();
    succeed(&["run", &wide, "--out", out_text]);
    let of_wide = results(&out);
    let said = stderr_of_success(&run(&["run", &narrow, "--out", out_text]));
    assert!(said.contains(" 0 dropped") && said.contains("replicates.half_width: 0.3 → 0.15"), "{said}");
    assert_same_results(&place.afresh(&narrow), &out);
    // And back: the runs beyond the decision of the wide one go.
    let refused = fail(2, &["run", &wide, "--out", out_text]);
    assert!(refused.contains("of its runs"), "{refused}");
    let said = stderr_of_success(&run(&["run", &wide, "--out", out_text, "--drop"]));
    assert!(said.contains(" 0 runs, "), "{said}");
    assert_eq!(results(&out), of_wide);
}

#[test]
fn replicates_of_their_own_are_kept_where_the_cell_has_the_same_number() {
    let place = Place::new();
    let own = FAMILY.replace("[traces]", "common_random_numbers = false\n[traces]");
    let before = place.sweep("before", &own);
    for (edit, kept) in [
        (("at_most = 6", "at_most = 8"), 24),
        (("[0.0, 1.0]", "[0.0, 1.0, 0.5]"), 24),
        (("[0.0, 1.0]", "[0.0, 0.5, 1.0]"), 12),
    ] {
        let out = place.path("out");
        let _ = fs::remove_dir_all(&out);
        succeed(&["run", &before, "--out", out.to_str().unwrap()]);
        let sweep = place.sweep("changed", &own.replace(edit.0, edit.1));
        let said = stderr_of_success(&run(&["run", &sweep, "--out", out.to_str().unwrap(), "--drop"]));
        assert!(said.contains(&format!("{kept} of its runs are kept")), "{edit:?}: {said}");
        assert_same_results(&place.afresh(&sweep), &out);
    }
}

#[test]
fn a_sweep_without_a_run_in_common_is_refused_with_the_keys_that_differ() {
    let place = Place::new();
    for (edit, named) in [
        (("seed = 5", "seed = 6"), "\n  seed: 5 → 6\n"),
        (("1_000", "1_001"), "\n  scenario.population.clients: 1000 → 1001\n"),
        (("horizon_h = 13.0", "horizon_h = 13.5"), "\n  scenario.time.horizon_h: 13.0 → 13.5\n"),
    ] {
        let out = place.copy();
        let before = (paths(&out), results(&out));
        let sweep = place.sweep("changed", &FAMILY.replace(edit.0, edit.1));
        for more in [&[][..], &["--drop"], &["--dry-run"], &["--shard", "0/2"]] {
            let refused = fail(2, &[&["run", &sweep, "--out", out.to_str().unwrap()], more].concat());
            assert!(refused.contains("no run in it is one of this sweep") && refused.contains(named), "{refused}");
            assert!(refused.contains("another folder"), "{refused}");
        }
        assert_eq!((paths(&out), results(&out)), before);
    }
}

#[test]
fn what_is_not_finished_or_damaged_is_extended_too_also_by_shards() {
    let place = Place::new();
    let family = place.sweep("family", FAMILY);
    let sweep = place.sweep("changed", &CHANGES[0].sweep().replace("[0.0, 1.0]", "[0.0, 0.4, 1.0]"));
    let afresh = place.afresh(&sweep);

    // One shard of two of the old sweep, whose runs are in checkpoints.
    let out = place.path("begun");
    let out_text = out.to_str().unwrap();
    succeed(&["run", &family, "--out", out_text, "--shard", "1/2"]);
    assert!(has_files(&out.join("checkpoint")) && !has_files(&out.join("runs")));
    let said = stderr_of_success(&run(&["run", &sweep, "--out", out_text]));
    assert!(said.contains("12 of its runs are kept, 0 dropped"), "{said}");
    assert_same_results(&afresh, &out);
    assert_tidy(&out);

    // Three shards of the new one in a finished folder.
    let out = place.copy();
    let out_text = out.to_str().unwrap();
    let children: Vec<_> =
        ["0/3", "1/3", "2/3"].map(|shard| begin(&sweep, &out, &["--shard", shard, "--threads", "1"])).into();
    for child in children {
        let ended = child.wait_with_output().unwrap();
        assert!(ended.status.success(), "{}", text(&ended.stderr));
    }
    let said = stderr_of_success(&run(&["run", &sweep, "--out", out_text]));
    assert!(said.contains(" 0 runs, "), "{said}");
    assert_same_results(&afresh, &out);
    assert_tidy(&out);

    // A damaged part is no loss that wants consent: its runs are made again, and it is kept.
    let out = place.copy();
    let part = out.join("runs").join("part-000000.parquet");
    let mut bytes = fs::read(&part).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&part, &bytes).unwrap();
    let other = place.sweep("other", &FAMILY.replace("Does it hold?", "What now?"));
    let refused = fail(2, &["run", &other, "--out", out.to_str().unwrap()]);
    assert!(refused.contains("no run in it"), "{refused}");
    assert_eq!(fs::read(&part).unwrap(), bytes);
}

#[test]
fn a_folder_with_something_foreign_in_it_keeps_that() {
    let place = Place::new();
    let out = place.copy();
    let foreign =
        ["extending/notes.txt", "runs/mine.parquet", "checkpoint/notes.txt", "notes.txt", "extending/checkpoint/mine"];
    for file in foreign {
        fs::create_dir_all(out.join(file).parent().unwrap()).unwrap();
        fs::write(out.join(file), file).unwrap();
    }
    let sweep = place.sweep("changed", &CHANGES[0].sweep());
    succeed(&["run", &sweep, "--out", out.to_str().unwrap()]);
    for file in foreign {
        assert_eq!(fs::read_to_string(out.join(file)).unwrap(), file);
        fs::remove_file(out.join(file)).unwrap();
    }
    assert_same_results(&place.afresh(&sweep), &out);
}

#[test]
fn a_process_that_dies_while_it_extends_leaves_the_old_sweep_or_the_new_one_and_no_run_is_lost() {
    let place = Place::new();
    let Some(shim) = Shim::new("extending", place.folder.path()) else { return };
    let (family, sweep) = (place.sweep("family", FAMILY), place.sweep("changed", &CHANGES[0].sweep()));
    let (old, new) = (results(&place.before), results(&place.afresh(&sweep)));
    let (mut as_before, mut changed) = (0, 0);
    for survived in 0.. {
        let out = place.copy();
        let out_text = out.to_str().unwrap();
        let arguments = ["run", &sweep, "--out", out_text, "--threads", "1"];
        let ended = shim.run(&arguments, &[("FAULT_DIE", survived.to_string())]);
        if ended.status.success() {
            assert_eq!(results(&out), new);
            break;
        }
        assert_eq!(ended.status.code(), Some(137), "{}", text(&ended.stderr));
        let is_old = fs::read(out.join("manifest.json")).unwrap()
            == old.iter().find(|(file, _)| file.ends_with("manifest.json")).unwrap().1;
        if is_old {
            as_before += 1;
            assert_eq!(results(&out), old, "after {survived} calls");
            let status = succeed(&["status", out_text]);
            assert!(status.ends_with("\ncomplete\n"), "after {survived} calls: {status}");
        } else {
            changed += 1;
        }
        // The new sweep goes on, and finds what was kept; or the old one, which was left as it was, does.
        if is_old && survived % 2 == 0 {
            let said = stderr_of_success(&run(&["run", &family, "--out", out_text]));
            assert!(said.contains(" 0 runs, "), "after {survived} calls: {said}");
            assert_eq!(results(&out), old, "after {survived} calls");
        } else {
            let said = stderr_of_success(&run(&arguments));
            assert!(number_before(&said, " runs,") <= 12, "after {survived} calls: {said}");
            assert_eq!(results(&out), new, "after {survived} calls");
        }
        assert_tidy(&out);
    }
    assert!(as_before > 10 && changed > 10, "{as_before} and {changed}");
}

#[test]
fn a_disk_that_is_full_while_it_extends_leaves_the_old_sweep() {
    let place = Place::new();
    let Some(shim) = Shim::new("extending on a full disk", place.folder.path()) else { return };
    let sweep = place.sweep("changed", &CHANGES[0].sweep());
    let out = place.copy();
    let before = (paths(&out), results(&out));
    const ENOSPC: i32 = 28;
    for file in ["extending/temporary/runs", "extending/temporary/traces", "extending/temporary/manifest"] {
        let faults = [
            ("FAULT_CALL", "open".to_owned()),
            ("FAULT_FILE", file.to_owned()),
            ("FAULT_ERROR", ENOSPC.to_string()),
            ("FAULT_AFTER", "0".to_owned()),
        ];
        let ended = shim.run(&["run", &sweep, "--out", out.to_str().unwrap()], &faults);
        assert_eq!(ended.status.code(), Some(1), "{file}: {}", text(&ended.stderr));
        assert!(text(&ended.stderr).contains("No space left"), "{file}: {}", text(&ended.stderr));
        // The manifest is the last that is written there: then the rest is found there, and discarded, by the next one.
        if !file.ends_with("manifest") {
            assert_eq!((paths(&out), results(&out)), before, "{file}");
        }
        assert_eq!(results(&out), before.1, "{file}");
    }
}
