//! The program as its users run it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

fn critmass() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_critmass"));
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

fn run(arguments: &[&str]) -> Output {
    critmass().args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs the command, which must succeed; gives its standard output.
#[track_caller]
fn succeed(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// Runs the command, which must end with this status; gives its standard error.
#[track_caller]
fn fail(status: i32, arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {}", text(&output.stderr));
    assert!(output.stdout.is_empty());
    text(&output.stderr)
}

/// Every file of a folder that results are read from, with its bytes.
fn results(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = vec![folder.join("manifest.json"), folder.join("surface.parquet")];
    for part in ["runs", "traces"] {
        files.extend(fs::read_dir(folder.join(part)).unwrap().map(|entry| entry.unwrap().path()));
    }
    files.sort();
    files.into_iter().map(|path| (path.strip_prefix(folder).unwrap().to_owned(), fs::read(&path).unwrap())).collect()
}

#[track_caller]
fn assert_same_results(a: &Path, b: &Path) {
    let (a, b) = (results(a), results(b));
    let names = |files: &[(PathBuf, Vec<u8>)]| files.iter().map(|(name, _)| name.clone()).collect::<Vec<PathBuf>>();
    assert_eq!(names(&a), names(&b));
    for ((name, ours), (_, theirs)) in a.iter().zip(&b) {
        assert!(ours == theirs, "{} differs", name.display());
    }
}

/// A sweep of a few hundred runs: seconds, long enough to be interrupted in the middle.
const SWEEP: &str = r#"
name = "interrupted"
[scenario]
population.clients = 5_000
time.horizon_h = 14.0
[[axis]]
parameter = "updates.synchronization"
values = [0.0, 0.5, 1.0]
[[axis]]
name = "server"
variants = [{ label = "plain" }, { label = "drops", login.drop_expired = true }]
[uncertain]
"updates.synchronization" = { factor = { uniform = { from = 0.8, to = 1.2 } } }
[replicates]
at_least = 40
at_most = 80
half_width = 0.12
[traces]
replicates = 1
every_s = 600.0
"#;

/// Starts the sweep and waits until its manifest is written.
fn start(sweep: &str, out: &Path) -> Child {
    let mut child = critmass()
        .args(["run", sweep, "--out", out.to_str().unwrap()])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while !out.join("manifest.json").exists() {
        assert_eq!(child.try_wait().unwrap(), None, "it ended before it began");
        std::thread::yield_now();
    }
    child
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

#[test]
fn threads_and_interruptions_do_not_change_a_byte() {
    let folder = tempfile::tempdir().unwrap();
    let sweep = folder.path().join("sweep.toml");
    fs::write(&sweep, SWEEP).unwrap();
    let sweep = sweep.to_str().unwrap();
    let out = |name: &str| folder.path().join(name);
    let reference = out("reference");
    succeed(&["run", sweep, "--out", reference.to_str().unwrap(), "--threads", "1"]);
    for threads in ["2", "7"] {
        let other = out(threads);
        succeed(&["run", sweep, "--out", other.to_str().unwrap(), "--threads", threads]);
        assert_same_results(&reference, &other);
    }
    for (name, status) in [("-INT", Some(130)), ("-TERM", Some(130)), ("-HUP", Some(130)), ("-KILL", None)] {
        let other = out(name);
        let child = start(sweep, &other);
        signal(&child, name);
        let ended = child.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), status, "{}", text(&ended.stderr));
        if status.is_some() {
            assert!(text(&ended.stderr).contains("the same command continues it"), "{}", text(&ended.stderr));
        }
        assert!(!other.join("surface.parquet").exists(), "it was interrupted before the end");
        succeed(&["run", sweep, "--out", other.to_str().unwrap()]);
        assert_same_results(&reference, &other);
        assert!(fs::read_dir(other.join("checkpoint")).unwrap().next().is_none());
    }
}

#[test]
fn a_finished_sweep_is_not_run_again_and_another_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let out = out.to_str().unwrap();
    let shown = succeed(&["run", "sweeps/smoke.toml", "--out", out]);
    let before = results(Path::new(out));
    let again = run(&["run", "sweeps/smoke.toml", "--out", out]);
    assert_eq!(text(&again.stdout), shown);
    assert!(text(&again.stderr).contains(" 0 runs"), "{}", text(&again.stderr));
    let message = fail(2, &["run", "sweeps/smoke.toml", "--set", "seed=99", "--out", out]);
    assert!(message.contains("another sweep"), "{message}");
    assert_eq!(results(Path::new(out)), before);
}

#[test]
fn a_damaged_part_is_named_and_computed_again() {
    let folder = tempfile::tempdir().unwrap();
    let (out, reference) = (folder.path().join("out"), folder.path().join("reference"));
    for path in [&out, &reference] {
        succeed(&["run", "sweeps/smoke.toml", "--out", path.to_str().unwrap()]);
    }
    let part = out.join("runs/part-000000.parquet");
    let bytes = fs::read(&part).unwrap();
    fs::write(&part, &bytes[..bytes.len() / 2]).unwrap();
    let out_text = out.to_str().unwrap();
    let status = succeed(&["status", out_text]);
    assert!(status.contains("part-000000.parquet") && status.contains("1 damaged"), "{status}");
    assert!(fail(1, &["summarize", out_text]).contains("part-000000.parquet"));
    let again = run(&["run", "sweeps/smoke.toml", "--out", out_text]);
    assert!(again.status.success() && text(&again.stderr).contains("computed again"), "{}", text(&again.stderr));
    assert_same_results(&reference, &out);
    assert!(succeed(&["status", out_text]).contains("\ncomplete"));
}

#[test]
fn a_folder_that_is_in_use_or_holds_something_else_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    fs::create_dir(&out).unwrap();
    fs::write(out.join("thesis.txt"), "three years").unwrap();
    let message = fail(2, &["run", "sweeps/smoke.toml", "--out", out.to_str().unwrap()]);
    assert!(message.contains("not empty"), "{message}");
    assert_eq!(fs::read_dir(&out).unwrap().count(), 1);

    let out = folder.path().join("busy");
    fs::create_dir(&out).unwrap();
    let lock = fs::File::create(out.join("lock")).unwrap();
    lock.lock().unwrap();
    let message = fail(2, &["run", "sweeps/smoke.toml", "--out", out.to_str().unwrap()]);
    assert!(message.contains("another process"), "{message}");

    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    fail(2, &["run", "sweeps/smoke.toml", "--out", file.to_str().unwrap()]);
    assert!(fail(2, &["status", folder.path().to_str().unwrap()]).contains("manifest.json"));
}

#[test]
fn wrong_input_ends_with_status_2_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let sweep = folder.path().join("wrong.toml");
    let out = folder.path().join("out");
    let (sweep_text, out_text) = (sweep.to_str().unwrap(), out.to_str().unwrap());
    fs::write(&sweep, "name = \"wrong\"\n[scenario]\noverlay.slot = 3\n").unwrap();
    let message = fail(2, &["run", sweep_text, "--out", out_text]);
    for part in ["wrong.toml:3", "overlay.slot", "overlay.slots"] {
        assert!(message.contains(part), "{message}");
    }
    for arguments in [
        vec!["run", "no-such-file.toml", "--out", out_text],
        vec!["run", "sweeps/smoke.toml"],
        vec!["run", "sweeps/smoke.toml", "--out", out_text, "--threads", "0"],
        vec!["run", "sweeps/smoke.toml", "--out", out_text, "--set", "login.discipline=random"],
        vec!["run", "sweeps/smoke.toml", "--out", out_text, "--set", "overlay.supernode_ratio=0.5"],
        vec!["run", "sweeps/smoke.toml", "--out", out_text, "--set", "population.clients=1_000_000_000"],
        vec!["simulate", "--set", "nonsense"],
        vec!["simulate", "--set", "updates.synchronization=nan"],
        vec!["simulate", "--cell", "1", "--replicate", "0"],
        vec!["frobnicate"],
    ] {
        fail(2, &arguments);
    }
    assert!(!out.exists());
}

#[test]
fn a_run_of_a_sweep_is_reproduced_exactly() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let out = out.to_str().unwrap();
    succeed(&["run", "sweeps/smoke.toml", "--out", out]);
    let trace = folder.path().join("trace.parquet");
    let shown = run(&["simulate", out, "--cell", "5", "--replicate", "3", "--trace", trace.to_str().unwrap()]);
    assert!(text(&shown.stderr).contains("every output is the same"), "{}", text(&shown.stderr));
    let timeline = text(&shown.stdout);
    assert!(timeline.contains("the update is released") && timeline.contains("an outage"), "{timeline}");
    assert!(timeline.lines().all(|line| line.chars().count() <= 80), "{timeline}");
    assert!(fs::read(trace).unwrap().starts_with(b"PAR1"));
    assert!(fail(2, &["simulate", out, "--cell", "6", "--replicate", "0"]).contains("0 … 5"));
}

#[test]
fn summaries_and_lists_can_be_read_by_programs() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let out = out.to_str().unwrap();
    succeed(&["run", "sweeps/smoke.toml", "--out", out]);
    let rows: serde_json::Value = serde_json::from_str(&succeed(&["summarize", out, "--format", "json"])).unwrap();
    assert_eq!(rows.as_array().unwrap().len(), 6);
    let csv = succeed(&["summarize", out, "--format", "csv"]);
    let columns = csv.lines().next().unwrap().split(',').count();
    assert!(columns > 100 && csv.lines().all(|line| line.split(',').count() == columns));
    let parameters: serde_json::Value = serde_json::from_str(&succeed(&["parameters", "--format", "json"])).unwrap();
    assert_eq!(parameters.as_array().unwrap().len(), critmass::parameters::PARAMETERS.len());
    let table = succeed(&["parameters"]);
    assert!(table.lines().all(|line| line.chars().count() <= 80));
    let one: serde_json::Value = serde_json::from_str(&succeed(&[
        "simulate",
        "--set",
        "population.clients=2000",
        "--set",
        "time.horizon_h=13",
        "--format",
        "json",
    ]))
    .unwrap();
    assert_eq!(one["outputs"]["ticks"], 9360);
}

#[test]
fn a_dry_run_says_what_would_be_done_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let shown = succeed(&["run", "sweeps/smoke.toml", "--out", out.to_str().unwrap(), "--dry-run"]);
    assert!(shown.contains("cells    6\n") && shown.contains("24 … 36"), "{shown}");
    assert!(!out.exists());
}

/// A file system of 256 KiB, in a mount namespace of its own, where that is allowed.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_named_and_what_was_finished_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let sweep = folder.path().join("sweep.toml");
    fs::write(&sweep, SWEEP.replace("every_s = 600.0", "every_s = 5.0").replace("replicates = 1", "replicates = 80"))
        .unwrap();
    let script = "mount -t tmpfs -o size=256k tmpfs \"$1\" || exit 99\n\
                  \"$2\" run \"$3\" --out \"$1/out\"; status=$?\n\
                  ls \"$1/out/runs\" \"$1/out/manifest.json\"; exit $status";
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"])
        .args([folder.path().to_str().unwrap(), env!("CARGO_BIN_EXE_critmass"), "/dev/stdin"])
        .stdin(fs::File::open(&sweep).unwrap())
        .output();
    let Ok(output) = output else { return };
    let message = text(&output.stderr);
    if output.status.code() == Some(99) || message.contains("unshare") {
        eprintln!("no mount namespace here: not tested ({message})");
        return;
    }
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains("No space left"), "{message}");
    assert!(text(&output.stdout).contains("manifest.json"));
}
