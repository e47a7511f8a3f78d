//! Files that are damaged, gone or cannot be written: named, never used, and only what is lost is computed again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::*;

/// A sweep of three parts of two cells each, for which nothing but the number of runs of a part is large.
const PARTS: &str = r#"
name = "damaged"
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
every_s = 60.0
"#;

/// A finished sweep of three parts, and a copy of it to be damaged.
pub(crate) struct Finished {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) sweep: String,
    pub(crate) reference: PathBuf,
}

impl Finished {
    pub(crate) fn new() -> Finished {
        let folder = tempfile::tempdir().unwrap();
        let sweep = folder.path().join("sweep.toml");
        fs::write(&sweep, PARTS).unwrap();
        let (sweep, reference) = (sweep.to_str().unwrap().to_owned(), folder.path().join("reference"));
        succeed(&["run", &sweep, "--out", reference.to_str().unwrap()]);
        assert_eq!(fs::read_dir(reference.join("runs")).unwrap().count(), 3);
        Finished { folder, sweep, reference }
    }

    pub(crate) fn copy(&self) -> PathBuf {
        let copy = self.folder.path().join("copy");
        if copy.exists() {
            fs::remove_dir_all(&copy).unwrap();
        }
        let status = Command::new("cp").arg("-r").args([&self.reference, &copy]).status().unwrap();
        assert!(status.success());
        copy
    }

    /// The damage is named, nothing is summarized, and just `parts` parts are computed again.
    #[track_caller]
    fn assert_repaired(&self, copy: &Path, named: &str, parts: u64) {
        let copy_text = copy.to_str().unwrap();
        let status = status_of(copy_text);
        let line = status.lines().find(|line| line.starts_with("damaged ") && line.contains(named));
        assert!(line.is_some() && status.contains("\nnot complete"), "{named}: {status}");
        let refused = run(&["summarize", copy_text]);
        assert!(refused.status.code() == Some(1) && text(&refused.stderr).contains(named), "{named}");
        let again = run(&["run", &self.sweep, "--out", copy_text]);
        let said = text(&again.stderr);
        assert!(again.status.success() && said.contains("computed again: ") && said.contains(named), "{said}");
        assert!(parts == 3 || said.contains(&format!("continued from {} cells", 6 - 2 * parts)), "{said}");
        assert!(said.contains(&format!(" {} runs, ", 16 * parts)), "{said}");
        assert_same_results(&self.reference, copy);
        assert!(status_of(copy_text).ends_with("\ncomplete\n"));
    }
}

#[test]
fn a_byte_that_was_changed_anywhere_in_a_part_is_noticed() {
    let finished = Finished::new();
    for name in ["runs/part-000001.parquet", "traces/part-000002.parquet"] {
        let size = fs::metadata(finished.reference.join(name)).unwrap().len() as usize;
        for offset in [0, 5, size / 4, size / 2, 3 * size / 4, size - 9, size - 1] {
            let copy = finished.copy();
            let mut bytes = fs::read(copy.join(name)).unwrap();
            bytes[offset] ^= 0x10;
            fs::write(copy.join(name), bytes).unwrap();
            finished.assert_repaired(&copy, name, 1);
        }
    }
}

#[test]
fn parts_that_are_gone_cut_or_not_listed_are_noticed() {
    let finished = Finished::new();
    let copy = finished.copy();
    fs::remove_file(copy.join("runs/part-000000.parquet")).unwrap();
    fs::remove_file(copy.join("traces/part-000002.parquet")).unwrap();
    finished.assert_repaired(&copy, "runs/part-000000.parquet: gone", 2);

    for size in [0, 10] {
        let copy = finished.copy();
        let file = fs::OpenOptions::new().write(true).open(copy.join("traces/part-000001.parquet")).unwrap();
        file.set_len(size).unwrap();
        finished.assert_repaired(&copy, "traces/part-000001.parquet", 1);
    }

    let copy = finished.copy();
    for file in ["SHA256SUMS", "SHA256SUMS.ahead", "surface.parquet"] {
        fs::remove_file(copy.join(file)).unwrap();
    }
    finished.assert_repaired(&copy, "not listed in SHA256SUMS", 3);

    let copy = finished.copy();
    fs::copy(copy.join("runs/part-000000.parquet"), copy.join("runs/part-000001.parquet")).unwrap();
    fs::write(copy.join("runs/part-000077.parquet"), "").unwrap();
    let status = status_of(copy.to_str().unwrap());
    assert!(status.contains("stray    ") && status.contains("part-000077"), "{status}");
    fs::remove_file(copy.join("runs/part-000077.parquet")).unwrap();
    finished.assert_repaired(&copy, "runs/part-000001.parquet", 1);
}

#[test]
fn a_damaged_manifest_is_written_anew_and_one_of_another_version_is_refused() {
    let finished = Finished::new();
    let manifest = fs::read_to_string(finished.reference.join("manifest.json")).unwrap();
    let changed = manifest.replace("\"at_most\": 25000", "\"at_most\": 25001");
    assert_ne!(changed, manifest);
    for damaged in [&manifest[..manifest.len() / 2], "", "[]", "{\"version\": 3}", &changed] {
        let copy = finished.copy();
        fs::write(copy.join("manifest.json"), damaged).unwrap();
        let copy_text = copy.to_str().unwrap();
        for (command, status) in [("status", 4), ("summarize", 1)] {
            assert!(fail(status, &[command, copy_text]).contains("manifest.json: damaged"));
        }
        let another = fail(2, &["run", &finished.sweep, "--set", "seed=9", "--out", copy_text]);
        assert!(another.contains("holds another sweep"), "{another}");
        let again = run(&["run", &finished.sweep, "--out", copy_text]);
        let said = text(&again.stderr);
        assert!(said.contains("manifest.json: damaged; written anew") && said.contains(" 0 runs, "), "{said}");
        assert_same_results(&finished.reference, &copy);
    }
    let copy = finished.copy();
    let version = format!("\"version\": {:?}", env!("CARGO_PKG_VERSION"));
    assert!(manifest.contains(&version));
    for other in [manifest.clone(), manifest.replace("time.horizon_h", "time.no_such_thing")] {
        fs::write(copy.join("manifest.json"), other.replace(&version, "\"version\": \"0.0.7\"")).unwrap();
        let message = fail(2, &["run", &finished.sweep, "--out", copy.to_str().unwrap()]);
        assert!(message.contains("critmass 0.0.7"), "{message}");
    }
}

#[test]
fn a_damaged_checkpoint_is_named_and_its_runs_are_made_again() {
    let finished = Finished::new();
    let out = finished.folder.path().join("shards");
    let out_text = out.to_str().unwrap();
    for shard in ["0/2", "1/2"] {
        succeed(&["run", &finished.sweep, "--out", out_text, "--shard", shard]);
    }
    let files = || fs::read_dir(out.join("checkpoint")).unwrap().map(|file| file.unwrap().path());
    let runs = files().find(|path| path.to_str().unwrap().contains("runs-0-of-2")).unwrap();
    let mut bytes = fs::read(&runs).unwrap();
    let offset = bytes.len() / 3;
    bytes[offset] ^= 1;
    fs::write(&runs, bytes).unwrap();
    let status = status_of(out_text);
    assert!(status.contains("damaged  ") && status.contains("runs-0-of-2"), "{status}");
    assert!(status.contains("cells    3 of 6 complete"), "{status}");
    let again = run(&["run", &finished.sweep, "--out", out_text, "--shard", "0/2"]);
    let said = text(&again.stderr);
    assert!(said.contains("computed again: ") && said.contains(" 24 runs, "), "{said}");
    let traces = files().find(|path| path.to_str().unwrap().contains("traces-1-of-2")).unwrap();
    fs::remove_file(traces).unwrap();
    let again = run(&["run", &finished.sweep, "--out", out_text]);
    let said = text(&again.stderr);
    assert!(said.contains("the traces of these runs is gone") && said.contains(" 24 runs, "), "{said}");
    assert_same_results(&finished.reference, &out);
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
    let status = status_of(out_text);
    assert!(status.contains("part-000000.parquet") && status.contains("1 damaged"), "{status}");
    assert!(fail(1, &["summarize", out_text]).contains("part-000000.parquet"));
    let again = run(&["run", "sweeps/smoke.toml", "--out", out_text]);
    assert!(again.status.success() && text(&again.stderr).contains("computed again"), "{}", text(&again.stderr));
    assert_same_results(&reference, &out);
    assert!(status_of(out_text).contains("\ncomplete"));
}

/// Runs a script in a mount namespace of its own: $1 is an empty folder, $2 the program, $3 the sweep. `None` where that
/// is not allowed, or where the script cannot mount something and says so with 99: then it is said that `what` was not
/// tested.
#[cfg(target_os = "linux")]
fn in_a_namespace(what: &str, script: &str, toml: &str) -> Option<Output> {
    const UNSHARE: [&str; 3] = ["--user", "--map-root-user", "--mount"];
    let probe = Command::new("unshare").args(UNSHARE).arg("true").output();
    match probe {
        Ok(probe) if probe.status.success() => {}
        Ok(probe) => {
            not_tested(what, &format!("no mount namespace here: {}", text(&probe.stderr)));
            return None;
        }
        Err(error) => {
            not_tested(what, &format!("no command unshare here: {error}"));
            return None;
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let (mount, sweep) = (folder.path().join("mount"), folder.path().join("sweep.toml"));
    fs::create_dir(&mount).unwrap();
    fs::write(&sweep, toml).unwrap();
    let output = Command::new("unshare")
        .args(UNSHARE)
        .args(["sh", "-c", script, "sh"])
        .args([mount.as_path(), Path::new(env!("CARGO_BIN_EXE_critmass")), &sweep])
        .output()
        .unwrap();
    if output.status.code() == Some(99) {
        not_tested(what, &format!("nothing can be mounted here: {}", text(&output.stderr)));
        return None;
    }
    Some(output)
}

/// A file system of 256 KiB, in a mount namespace of its own, where that is allowed.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_named_and_what_was_finished_is_kept() {
    let script = "mount -t tmpfs -o size=256k tmpfs \"$1\" || exit 99\n\
                  \"$2\" run \"$3\" --out \"$1/out\"; status=$?\n\
                  ls \"$1/out/runs\" \"$1/out/manifest.json\"; exit $status";
    let sweep = SWEEP.replace("every_s = 600.0", "every_s = 5.0").replace("replicates = 1", "replicates = 80");
    let Some(output) = in_a_namespace("a full disk", script, &sweep) else { return };
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains("No space left"), "{message}");
    assert!(text(&output.stdout).contains("manifest.json"));
}

/// A folder that becomes read-only while the sweep runs, in a mount namespace of its own, where that is allowed. The
/// system does not make a mount read-only in which files are open for writing, as the lock is. So a second mount of the
/// same folder is made read-only, and put over the first one, with all that the program opens from then on.
#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_becomes_read_only_is_named_and_what_was_written_is_kept() {
    let script = "mount -t tmpfs -o size=64m tmpfs \"$1\" && mkdir \"$1/out\" \"$1/read-only\" || exit 99\n\
                  \"$2\" run \"$3\" --out \"$1/out\" & program=$!\n\
                  until ls \"$1\"/out/checkpoint/runs-* >/dev/null 2>&1; do kill -0 $program || exit 95; done\n\
                  mount --bind \"$1/out\" \"$1/read-only\" && mount -o remount,bind,ro \"$1/read-only\" &&\n\
                  mount --bind \"$1/read-only\" \"$1/out\" || { kill $program; exit 99; }\n\
                  wait $program; status=$?\n\
                  \"$2\" status \"$1/out\"; [ $? = 3 ] || exit 98\n\
                  \"$2\" run \"$3\" --out \"$1/out\" && exit 97\n\
                  umount \"$1/out\" && \"$2\" run \"$3\" --out \"$1/out\" >&2 || exit 96\n\
                  exit $status";
    let Some(output) = in_a_namespace("a folder that becomes read-only", script, SWEEP) else { return };
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains("Read-only file system"), "{message}");
    assert!(number_before(&text(&output.stdout), " in checkpoints") > 0, "{}", text(&output.stdout));
}
