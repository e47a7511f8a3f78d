//! Errors of the system: named, exit status 1, and no reason to take a file for damaged, to remove it, or to compute
//! anything again. They are made by `faults.c`, which is put between the program and the C library.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::*;

const EIO: i32 = 5;
const EINVAL: i32 = 22;
const EMFILE: i32 = 24;
const ENOSYS: i32 = 38;
const EOPNOTSUPP: i32 = 95;
const ESTALE: i32 = 116;

/// A sweep of a moment, of three parts, with traces.
const SMALL: &str = r#"
name = "small"
[scenario]
population.clients = 1_000
time.horizon_h = 13.0
[[axis]]
parameter = "updates.synchronization"
linear = { from = 0.0, to = 1.0, points = 6 }
[replicates]
at_least = 8
at_most = 25_000
half_width = 0.49
[traces]
replicates = 1
every_s = 600.0
"#;

/// Says how many faults a test has injected, none of which changed, removed or recomputed anything. `docs/reliability.md`
/// has these lines.
fn injected(what: &str, count: usize) {
    println!("injected: {count} {what}");
}

/// What is put between the program and the C library.
pub(crate) struct Shim(PathBuf);

impl Shim {
    /// Makes it in a folder; `None` where there is no C compiler.
    pub(crate) fn new(what: &str, folder: &Path) -> Option<Shim> {
        let shim = folder.join("faults.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/end_to_end/faults.c");
        match Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([&shim, &source]).arg("-ldl").output() {
            Ok(output) => assert!(output.status.success(), "{}", text(&output.stderr)),
            Err(error) => {
                not_tested(what, &format!("no C compiler here: {error}"));
                return None;
            }
        }
        Some(Shim(shim))
    }

    /// Runs the program with some faults.
    pub(crate) fn run(&self, arguments: &[&str], faults: &[(&str, String)]) -> Output {
        critmass().args(arguments).env("LD_PRELOAD", &self.0).envs(faults.iter().cloned()).output().unwrap()
    }
}

struct Place {
    folder: tempfile::TempDir,
    shim: Shim,
    sweep: String,
}

impl Place {
    /// `None` where there is no C compiler.
    fn new(what: &str) -> Option<Place> {
        let folder = tempfile::tempdir().unwrap();
        let sweep = folder.path().join("sweep.toml");
        fs::write(&sweep, SMALL).unwrap();
        let shim = Shim::new(what, folder.path())?;
        Some(Place { shim, sweep: sweep.to_str().unwrap().to_owned(), folder })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the program with one thread and some faults.
    fn run(&self, arguments: &[&str], faults: &[(&str, String)]) -> Output {
        self.shim.run(arguments, faults)
    }
}

fn fault(call: &str, file: &str, error: i32, after: u32) -> [(&'static str, String); 4] {
    [
        ("FAULT_CALL", call.to_owned()),
        ("FAULT_FILE", file.to_owned()),
        ("FAULT_ERROR", error.to_string()),
        ("FAULT_AFTER", after.to_string()),
    ]
}

/// The files of results and checkpoints, with their bytes.
fn kept(out: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let folders = ["runs", "traces", "checkpoint"].map(|name| out.join(name));
    let files = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()));
    files.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

#[test]
fn a_file_that_cannot_be_read_is_named_and_kept_and_nothing_is_computed_again() {
    let Some(place) = Place::new("files that cannot be read") else { return };
    let reference = place.path("reference");
    succeed(&["run", &place.sweep, "--out", reference.to_str().unwrap()]);
    let out = place.path("out");
    let out_text = out.to_str().unwrap();
    for shard in ["0/2", "1/2"] {
        succeed(&["run", &place.sweep, "--out", out_text, "--shard", shard]);
    }
    let (checkpoints, mut failed) = (kept(&out), 0);
    for (error, call) in [(EIO, "read"), (ESTALE, "read"), (EMFILE, "open"), (EIO, "open"), (ESTALE, "open")] {
        for file in ["/checkpoint/runs-1-of-2", "/checkpoint/traces-0-of-2"] {
            for after in 0..20 {
                let ended = place.run(&["run", &place.sweep, "--out", out_text], &fault(call, file, error, after));
                let said = text(&ended.stderr);
                if ended.status.success() {
                    assert!(after > 0 && said.contains(" 0 runs, "), "{call} of {file} after {after}: {said}");
                    break;
                }
                failed += 1;
                assert_eq!(ended.status.code(), Some(1), "{said}");
                assert!(said.contains(file) && said.contains(&format!("(os error {error})")), "{said}");
                assert!(!said.contains("computed again") && !out.join("damaged").exists(), "{said}");
                let now = kept(&out);
                assert!(checkpoints.iter().all(|(path, bytes)| now.get(path) == Some(bytes)), "{call} {file} {after}");
            }
            // Nothing was lost, and nothing is left to be done.
            let last = run(&["run", &place.sweep, "--out", out_text]);
            assert!(text(&last.stderr).contains(" 0 runs, "), "{}", text(&last.stderr));
            assert_same_results(&reference, &out);
            fs::remove_dir_all(&out).unwrap();
            fs::create_dir(&out).unwrap();
            for shard in ["0/2", "1/2"] {
                succeed(&["run", &place.sweep, "--out", out_text, "--shard", shard]);
            }
            fs::remove_dir_all(out.join("checkpoint")).unwrap();
            fs::create_dir(out.join("checkpoint")).unwrap();
            checkpoints.iter().for_each(|(path, bytes)| fs::write(path, bytes).unwrap());
        }
    }
    assert!(failed > 30, "{failed} faults");
    injected("reads of checkpoints that fail", failed);
}

#[test]
fn a_part_that_cannot_be_read_is_named_and_kept() {
    let Some(place) = Place::new("parts that cannot be read") else { return };
    let out = place.path("out");
    let out_text = out.to_str().unwrap();
    succeed(&["run", &place.sweep, "--out", out_text]);
    let (before, mut failed) = (results(&out), 0);
    for (error, call) in [(EIO, "read"), (ESTALE, "read"), (EMFILE, "open")] {
        for file in ["/runs/part-000001", "/traces/part-000002", "/SHA256SUMS", "/manifest.json"] {
            for command in
                [&["run", &place.sweep, "--out", out_text][..], &["status", out_text], &["summarize", out_text]]
            {
                for after in 0..6 {
                    let ended = place.run(command, &fault(call, file, error, after));
                    failed += usize::from(!ended.status.success());
                    let said = text(&ended.stderr);
                    assert!(!said.contains("computed again"), "{said}");
                    assert!(ended.status.success() || ended.status.code() == Some(1), "{said}");
                    assert!(ended.status.success() || said.contains(&format!("(os error {error})")), "{said}");
                    assert!(after > 0 || !ended.status.success(), "{call} of {file}: {command:?}");
                    assert_eq!(results(&out), before);
                }
            }
        }
    }
    // Of a few files that may be open.
    for open in 3..12 {
        let script = format!("ulimit -n {open}; exec \"$@\"");
        let mut limited = Command::new("sh");
        limited.args(["-c", &script, "sh", env!("CARGO_BIN_EXE_critmass"), "run", &place.sweep, "--out", out_text]);
        let ended = limited.output().unwrap();
        assert!(!text(&ended.stderr).contains("computed again"), "{}", text(&ended.stderr));
        assert_eq!(results(&out), before);
        failed += usize::from(!ended.status.success());
    }
    injected("reads of parts, hashes and manifests that fail, or too many open files", failed);
}

#[test]
fn a_shard_that_is_complete_says_so_whatever_becomes_of_the_files_of_others() {
    let Some(place) = Place::new("the files of other shards") else { return };
    let out = place.path("out");
    let out_text = out.to_str().unwrap();
    succeed(&["run", &place.sweep, "--out", out_text, "--shard", "0/2"]);
    let faults = fault("read", "/checkpoint/runs-0-of-2", EIO, 0);
    let ended = place.run(&["run", &place.sweep, "--out", out_text, "--shard", "1/2"], &faults);
    let said = text(&ended.stderr);
    assert!(ended.status.success() && said.contains("shard 1/2 is complete; what the others"), "{said}");
}

#[test]
fn a_file_system_that_cannot_synchronize_folders_is_used_all_the_same() {
    let Some(place) = Place::new("folders that cannot be synchronized") else { return };
    let reference = place.path("reference");
    succeed(&["run", &place.sweep, "--out", reference.to_str().unwrap()]);
    for error in [EINVAL, ENOSYS, EOPNOTSUPP] {
        let out = place.path(&error.to_string());
        let faults = fault("fsync-folder", "", error, 0);
        let ended = place.run(&["run", &place.sweep, "--out", out.to_str().unwrap()], &faults);
        assert!(ended.status.success(), "{}", text(&ended.stderr));
        assert_same_results(&reference, &out);
    }
    // Not so an error of the disk.
    let out = place.path("out");
    let ended = place.run(&["run", &place.sweep, "--out", out.to_str().unwrap()], &fault("fsync-folder", "", EIO, 0));
    assert_eq!(ended.status.code(), Some(1));
    assert!(text(&ended.stderr).contains("cannot be synchronized"), "{}", text(&ended.stderr));
}

#[test]
fn every_folder_that_gets_an_entry_is_synchronized_with_the_one_that_the_sweep_lies_in() {
    let Some(place) = Place::new("the order of synchronizing") else { return };
    let (out, log) = (place.path("a/b/out"), place.path("log"));
    let faults = [("FAULT_LOG", log.to_str().unwrap().to_owned())];
    let ended = place.run(&["run", &place.sweep, "--out", out.to_str().unwrap()], &faults);
    assert!(ended.status.success(), "{}", text(&ended.stderr));
    let log = fs::read_to_string(log).unwrap();
    let root = fs::canonicalize(place.folder.path()).unwrap();
    for folder in ["", "a", "a/b", "a/b/out", "a/b/out/runs", "a/b/out/traces"] {
        let path = root.join(folder);
        let path = path.to_str().unwrap().trim_end_matches('/');
        assert!(log.lines().any(|line| line == path), "{folder}: {log}");
    }
}
