//! Sweeps on other machines: what a Slurm job does when it is signalled, a submission without Slurm, and the script for
//! machines without a scheduler.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use critmass::store::prepare;
use critmass::sweep::Sweep;

use crate::support::*;

/// Writes a command that the tests call in place of another one.
fn command(path: &Path, script: &str) {
    fs::write(path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// The folder of a sweep as a submission leaves it, with the script of its jobs; and a `scontrol` that notes what is
/// asked of it.
struct Submitted {
    folder: tempfile::TempDir,
}

impl Submitted {
    fn new(sweep: &str) -> Submitted {
        let submitted = Submitted { folder: tempfile::tempdir().unwrap() };
        let at = |name: &str| submitted.folder.path().join(name);
        fs::write(at("sweep.toml"), sweep).unwrap();
        // As the submission does.
        prepare(&at("out"), &Sweep::read(&at("sweep.toml"), &[]).unwrap()).unwrap();
        for part in ["out/slurm/tried", "out/slurm/failed", "bin"] {
            fs::create_dir_all(at(part)).unwrap();
        }
        let (sweep, other) = (at("sweep.toml"), at("other"));
        // The folder of the submission is that of the dry run; what is in it is not looked at by the script.
        let mut shown = succeed(&[
            "submit",
            sweep.to_str().unwrap(),
            "--out",
            other.to_str().unwrap(),
            "--shards",
            "2",
            "--dry-run",
        ]);
        shown.truncate(shown.find("\nsbatch ").unwrap());
        let script = shown.replace(other.to_str().unwrap(), at("out").to_str().unwrap());
        fs::write(at("job.sh"), script).unwrap();
        fs::copy(env!("CARGO_BIN_EXE_critmass"), at("out/slurm/critmass")).unwrap();
        fs::copy(sweep, at("out/slurm/sweep.toml")).unwrap();
        command(&at("bin/scontrol"), &format!("echo \"$@\" >>'{}'", at("queued").display()));
        submitted
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A try of shard 0 of 2 that is signalled as soon as something can be seen; what it says.
    fn signalled(&self, restarts: u32, is_seen: impl Fn() -> bool) -> String {
        let path = format!("{}:{}", self.at("bin").display(), std::env::var("PATH").unwrap());
        let said = fs::File::create(self.at("said")).unwrap();
        let mut job = Command::new("bash")
            .arg(self.at("job.sh"))
            .args(["shards", "0"])
            .envs([("PATH", &*path), ("SLURM_ARRAY_JOB_ID", "7"), ("SLURM_ARRAY_TASK_ID", "0")])
            .env("SLURM_RESTART_COUNT", restarts.to_string())
            .stdout(Stdio::null())
            .stderr(said)
            .spawn()
            .unwrap();
        wait_until(&mut job, || is_seen() && fs::read_to_string(self.at("said")).unwrap().contains("try "));
        signal(&job, "-USR1");
        assert_ne!(job.wait().unwrap().code(), Some(0));
        fs::read_to_string(self.at("said")).unwrap()
    }

    /// How often the job was queued again.
    fn queued(&self) -> usize {
        fs::read_to_string(self.at("queued")).map_or(0, |asked| asked.matches("requeue 7_0").count())
    }

    fn has_failed(&self) -> bool {
        self.at("out/slurm/failed/shard-0").exists()
    }
}

/// A sweep of which no run ends.
const ENDLESS: &str = "name = \"endless\"\n[scenario]\ntime.tick_s = 0.0001\n[[axis]]\n\
                       parameter = \"overlay.slots\"\nvalues = [50, 75]\n[replicates]\nat_least = 1\nat_most = 1\n";

#[test]
fn a_job_that_is_signalled_twice_with_nothing_finished_is_not_queued_again() {
    let job = Submitted::new(ENDLESS);
    let said = job.signalled(0, || job.at("out/manifest.json").exists());
    assert!(said.contains("nothing finished, and is queued again"), "{said}");
    assert_eq!((job.queued(), job.has_failed()), (1, false), "{said}");
    let said = job.signalled(1, || true);
    assert!(said.contains("not queued again") && said.contains("--time"), "{said}");
    assert_eq!((job.queued(), job.has_failed()), (1, true), "{said}");
}

#[test]
fn a_job_that_is_signalled_and_gets_on_is_queued_again_but_not_for_ever() {
    // Runs of some milliseconds, many of them.
    let job = Submitted::new(
        "name = \"long\"\n[scenario]\npopulation.clients = 2000\ntime.horizon_h = 13.0\n[[axis]]\n\
         parameter = \"overlay.slots\"\nvalues = [50, 75]\n[replicates]\nat_least = 200_000\nat_most = 200_000\n",
    );
    let checkpoint = job.at("out/checkpoint");
    let files = || {
        let entries = fs::read_dir(&checkpoint).into_iter().flatten();
        entries.map(|entry| entry.unwrap().path()).collect::<std::collections::BTreeSet<_>>()
    };
    for restarts in 0..3 {
        let before = files();
        let said = job.signalled(restarts, || files() != before);
        assert!(said.contains("time limit, and queued again"), "{said}");
        assert_eq!((job.queued(), job.has_failed()), (restarts as usize + 1, false), "{said}");
    }
    let before = files();
    let said = job.signalled(99, || files() != before);
    assert!(said.contains("try 100, and not queued again"), "{said}");
    assert_eq!((job.queued(), job.has_failed()), (3, true), "{said}");
}

#[test]
fn a_submission_without_a_slurm_that_works_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("empty")).unwrap();
    fs::create_dir(at("broken")).unwrap();
    command(&at("broken/sbatch"), "echo 'cannot find slurm.conf' >&2; exit 1");
    for (bin, said) in [("empty", "sbatch"), ("broken", "slurm.conf")] {
        let out = at(&format!("out-{bin}"));
        let ended = critmass()
            .args(["submit", "sweeps/smoke.toml", "--out", out.to_str().unwrap(), "--shards", "2"])
            .env("PATH", at(bin))
            .output()
            .unwrap();
        assert_eq!(ended.status.code(), Some(1));
        assert!(text(&ended.stderr).contains(said), "{}", text(&ended.stderr));
        assert!(!out.exists(), "{bin}");
    }
}

#[test]
fn a_dry_run_refuses_the_folders_that_the_command_itself_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    succeed(&["run", "sweeps/smoke.toml", "--out", &at("smoke")]);
    fs::create_dir(at("thesis")).unwrap();
    fs::write(at("thesis/thesis.txt"), "three years").unwrap();
    fs::write(at("file"), "").unwrap();
    for (out, said) in [("smoke", "another sweep"), ("thesis", "not empty"), ("file", "a file")] {
        for command in [&["run"][..], &["submit", "--shards", "2"]] {
            let out = at(out);
            let mut arguments = command.to_vec();
            arguments.extend(["sweeps/smoke.toml", "--set", "seed=99", "--out", &out, "--dry-run"]);
            let message = fail(2, &arguments);
            assert!(message.contains(said), "{command:?}: {message}");
        }
    }
    let out = at("smoke");
    succeed(&["run", "sweeps/smoke.toml", "--out", &out, "--dry-run"]);
    succeed(&["submit", "sweeps/smoke.toml", "--shards", "2", "--out", &out, "--dry-run"]);
}

/// The script for machines without a scheduler, with a local shell in place of ssh that cannot reach the host `down`.
fn by_ssh(folder: &Path, arguments: &[&str], has_program: bool) -> Output {
    let bin = folder.join("bin");
    fs::create_dir_all(&bin).unwrap();
    command(&bin.join("shell"), "[ \"$1\" != down ] || { echo 'no route to host' >&2; exit 255; }\nexec sh -c \"$2\"");
    if has_program {
        command(&bin.join("critmass"), &format!("exec '{}' \"$@\"", env!("CARGO_BIN_EXE_critmass")));
    }
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("sweeps/jobs/ssh.sh");
    let mut ssh = Command::new("sh");
    ssh.arg(script).args(arguments).envs([("PATH", &*path), ("SSH", "shell")]);
    ssh.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap()
}

#[test]
fn the_script_for_ssh_runs_a_shard_on_each_machine_wherever_the_results_are_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    succeed(&["run", "sweeps/smoke.toml", "--out", at("reference").to_str().unwrap()]);
    // As on a fresh clone: there is no folder out/ yet.
    let out = at("out/it's new/smoke");
    let ended = by_ssh(folder.path(), &["sweeps/smoke.toml", out.to_str().unwrap(), "a", "b"], true);
    let said = text(&ended.stderr);
    assert!(ended.status.success() && said.contains("6/6 cells, 0 runs"), "{said}");
    assert_same_results(&at("reference"), &out);

    // One machine of two is down: it is named, and the other's work is used.
    let out = at("out/down");
    let ended = by_ssh(folder.path(), &["sweeps/smoke.toml", out.to_str().unwrap(), "a", "down"], true);
    let said = text(&ended.stderr);
    assert!(ended.status.success() && said.contains("down: shard 1/2 ended with status 255"), "{said}");
    assert!(said.contains("continued from 3 cells of 6"), "{said}");
    assert_same_results(&at("reference"), &out);
}

#[test]
fn the_script_for_ssh_fails_where_no_machine_does_its_work() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out/smoke");
    let arguments = ["sweeps/smoke.toml", out.to_str().unwrap(), "down", "down"];
    let ended = by_ssh(folder.path(), &arguments, true);
    assert_eq!(ended.status.code(), Some(1), "{}", text(&ended.stderr));
    assert!(text(&ended.stderr).contains("down: shard 1/2") && !out.exists(), "{}", text(&ended.stderr));
    // The program is not installed there.
    let ended = by_ssh(&folder.path().join("out"), &["sweeps/smoke.toml", out.to_str().unwrap(), "a", "b"], false);
    assert_eq!(ended.status.code(), Some(1), "{}", text(&ended.stderr));
    assert!(text(&ended.stderr).contains("critmass: ") && !out.exists(), "{}", text(&ended.stderr));
    for arguments in
        [&["sweeps/smoke.toml", out.to_str().unwrap()][..], &["no-such.toml", out.to_str().unwrap(), "a"], &[]]
    {
        let ended = by_ssh(folder.path(), arguments, true);
        assert_eq!(ended.status.code(), Some(2));
        assert!(text(&ended.stderr).contains("usage: "), "{}", text(&ended.stderr));
    }
}
