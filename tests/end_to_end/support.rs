//! Starts the program, and compares what it leaves.

use std::fs;
#[cfg(target_os = "linux")]
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// Says that a test could not test what it is there for, and why. Past the test harness, which keeps to itself what a
/// test that passes prints.
#[cfg(target_os = "linux")]
pub(crate) fn not_tested(what: &str, why: &str) {
    let line = format!("not tested: {what}: {}\n", why.trim());
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

pub(crate) fn critmass() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_critmass"));
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

pub(crate) fn run(arguments: &[&str]) -> Output {
    critmass().args(arguments).output().unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs the command, which must succeed; returns its standard output.
#[track_caller]
pub(crate) fn succeed(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// Runs the command, which must end with this status; returns its standard error.
#[track_caller]
pub(crate) fn fail(status: i32, arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {}", text(&output.stderr));
    assert!(output.stdout.is_empty());
    text(&output.stderr)
}

/// What `status` says of a folder that it can look at; only of one that is complete it ends with success.
#[track_caller]
pub(crate) fn status_of(folder: &str) -> String {
    let said = run(&["status", folder]);
    let (status, shown) = (said.status.code(), text(&said.stdout));
    assert!(matches!(status, Some(0 | 3 | 4)) && said.stderr.is_empty(), "{status:?}: {}", text(&said.stderr));
    assert_eq!(status == Some(0), shown.ends_with("\ncomplete\n"), "{shown}");
    assert_eq!(status == Some(4), ["\ndamaged ", "\nstray "].iter().any(|line| shown.contains(line)), "{shown}");
    shown
}

/// Writes a sweep file, runs it, and returns the folder of its results.
#[track_caller]
pub(crate) fn finished(folder: &Path, sweep: &str) -> String {
    let (file, out) = (folder.join("sweep.toml"), folder.join("out"));
    fs::write(&file, sweep).unwrap();
    let out = out.to_str().unwrap().to_owned();
    succeed(&["run", file.to_str().unwrap(), "--out", &out]);
    out
}

/// Every file of a folder that results are read from, with its bytes.
pub(crate) fn results(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<PathBuf> =
        ["manifest.json", "surface.parquet", "SHA256SUMS", "SHA256SUMS.ahead"].map(|file| folder.join(file)).to_vec();
    for part in ["runs", "traces"] {
        files.extend(fs::read_dir(folder.join(part)).unwrap().map(|entry| entry.unwrap().path()));
    }
    files.sort();
    files.into_iter().map(|path| (path.strip_prefix(folder).unwrap().to_owned(), fs::read(&path).unwrap())).collect()
}

#[track_caller]
pub(crate) fn assert_same_results(a: &Path, b: &Path) {
    let (a, b) = (results(a), results(b));
    let names = |files: &[(PathBuf, Vec<u8>)]| files.iter().map(|(name, _)| name.clone()).collect::<Vec<PathBuf>>();
    assert_eq!(names(&a), names(&b));
    for ((name, ours), (_, theirs)) in a.iter().zip(&b) {
        assert!(ours == theirs, "{} differs", name.display());
    }
}

/// The beginning of a sweep in which all clients crash at once, half an hour after noon, and nobody logs in again; with its
/// name and horizon, h.
macro_rules! everybody_crashes {
    ($name:literal, $horizon_h:literal) => {
        concat!(
            "name = \"",
            $name,
            "\"\n[scenario]\npopulation.clients = 300\ntime.horizon_h = ",
            $horizon_h,
            "\nlogin.capacity_per_s_per_million = 0.001\n[[scenario.shock]]\nat_h = 12.5\nclient_fraction = 1.0\n\
             supernode_fraction = 1.0\n"
        )
    };
}
pub(crate) use everybody_crashes;

/// A sweep of a few hundred runs: seconds, long enough to be interrupted in the middle.
pub(crate) const SWEEP: &str = r#"
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

/// Two levers of numbers and something that is drawn, whose runs and whose limit are known in a moment.
pub(crate) const WITH_A_LIMIT: &str = r#"
name = "limited"
[scenario]
population.clients = 2_000
time.tick_s = 20.0
time.horizon_h = 14.0
[[axis]]
parameter = "overlay.supernode_ratio"
values = [0.014, 0.03]
[[axis]]
parameter = "updates.synchronization"
values = [0.1, 0.5, 0.9]
[uncertain]
login.capacity_per_s_per_million = { lognormal = { median = 150.0, sigma = 0.2 } }
[replicates]
at_least = 8
at_most = 8
"#;

/// Starts the sweep, or goes on with it; `more` are further arguments.
pub(crate) fn begin(sweep: &str, out: &Path, more: &[&str]) -> Child {
    critmass()
        .args(["run", sweep, "--out", out.to_str().unwrap()])
        .args(more)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits until something can be seen, as long as the program runs.
#[track_caller]
pub(crate) fn wait_until(child: &mut Child, is_seen: impl Fn() -> bool) {
    while !is_seen() {
        assert_eq!(child.try_wait().unwrap(), None, "it ended before");
        std::thread::yield_now();
    }
}

/// Whether a folder holds a file.
pub(crate) fn has_files(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut files| files.next().is_some())
}

pub(crate) fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

/// The number before a word of a text: `number_before("0/6 cells, 29 runs", " runs")` is 29.
#[track_caller]
pub(crate) fn number_before(text: &str, word: &str) -> u64 {
    let end = text.find(word).unwrap_or_else(|| panic!("no {word:?} in {text}"));
    let digits = text[..end].bytes().rev().take_while(u8::is_ascii_digit).count();
    text[end - digits..end].parse().unwrap()
}

/// Writes a sweep file into a folder, and returns its path.
pub(crate) fn written(folder: &Path, toml: &str) -> String {
    let file = folder.join("sweep.toml");
    fs::write(&file, toml).unwrap();
    file.to_str().unwrap().to_owned()
}

/// The rows of a table that a command shows as JSON.
pub(crate) fn rows(json: &str) -> Vec<serde_json::Value> {
    serde_json::from_str(json).unwrap()
}
