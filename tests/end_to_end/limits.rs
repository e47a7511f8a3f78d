//! What the machine does not give: memory, threads, time; and what is said of a sweep that goes on.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::*;

/// Runs the program as a user who may have so many processes and threads at a time, this one included; `None` where that
/// cannot be done.
fn with_processes(folder: &Path, most: u32, arguments: &[&str]) -> Option<Output> {
    with_processes_of(Path::new(env!("CARGO_BIN_EXE_critmass")), folder, most, arguments)
}

/// The same with another program.
fn with_processes_of(program: &Path, folder: &Path, most: u32, arguments: &[&str]) -> Option<Output> {
    let own = folder.join(program.file_name().unwrap());
    if !own.exists() {
        // The other user may not see where it was built.
        fs::copy(program, &own).unwrap();
        fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
        fs::set_permissions(&own, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut command = Command::new("setpriv");
    // A user without any processes but these, or others count, too.
    command.args(["--reuid=54321", "--regid=54321", "--clear-groups", "prlimit"]);
    command.arg(format!("--nproc={most}:{most}")).arg(own).args(arguments);
    command.env("RAYON_NUM_THREADS", "64").env("POLARS_MAX_THREADS", "64").current_dir(folder);
    command.output().ok().filter(|output| !text(&output.stderr).starts_with("setpriv: "))
}

#[test]
fn a_program_that_uses_the_library_gets_an_error_where_no_thread_can_be_had() {
    let folder = tempfile::tempdir().unwrap();
    let example = Path::new(env!("CARGO_BIN_EXE_critmass")).with_file_name("examples").join("sweep");
    if !example.is_file() {
        return not_tested("the library without threads", "the examples have not been built");
    }
    let Some(ended) = with_processes_of(&example, folder.path(), 1, &[]) else {
        return not_tested("a limit of threads", "setpriv or prlimit is not there, or this is not root");
    };
    let said = text(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("Threads(") && !said.contains("panicked"), "{said}");
    let ended = with_processes_of(&example, folder.path(), 100, &[]).unwrap();
    assert!(ended.status.success(), "{}", text(&ended.stderr));
}

#[test]
fn where_threads_cannot_be_had_there_are_fewer_and_the_result_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::copy("sweeps/smoke.toml", at("smoke.toml")).unwrap();
    fs::set_permissions(at("smoke.toml"), fs::Permissions::from_mode(0o644)).unwrap();
    succeed(&["run", "sweeps/smoke.toml", "--out", at("reference").to_str().unwrap()]);
    // One by one: all of them count against the limit of the same user.
    for most in [2, 3, 12] {
        let out = format!("out-{most}");
        let Some(ran) = with_processes(folder.path(), most, &["run", "smoke.toml", "--out", &out, "--threads", "64"])
        else {
            return not_tested("a limit of threads", "setpriv or prlimit is not there, or this is not root");
        };
        assert!(ran.status.success(), "{most}: {}", text(&ran.stderr));
        assert!(text(&ran.stderr).contains(&format!("{} of 64 threads", most - 1)), "{}", text(&ran.stderr));
        assert_same_results(&at("reference"), &at(&out));
    }
    let run_of_it = ["simulate", "out-2", "--cell", "5", "--replicate", "3"];
    let shard = ["run", "smoke.toml", "--out", "shard", "--shard", "0/2", "--threads", "9"];
    let commands = [
        &["status", "out-2"][..],
        &["summarize", "out-2"],
        &["summarize", "out-2", "--format", "json"],
        &run_of_it,
        &["simulate", "--set", "population.clients=500", "--set", "time.horizon_h=12.5"],
        &["submit", "smoke.toml", "--out", "new", "--shards", "2", "--dry-run"],
        &["parameters"],
        &shard,
    ];
    for most in [2, 5] {
        for arguments in commands {
            let ended = with_processes(folder.path(), most, arguments).unwrap();
            assert!(ended.status.success(), "{most} {arguments:?}: {}", text(&ended.stderr));
        }
    }
    // No thread at all: what can be done on the one that is there is done, and the rest is an error and no panic.
    for arguments in [&["status", "out-2"][..], &["summarize", "out-2"], &run_of_it] {
        let ended = with_processes(folder.path(), 1, arguments).unwrap();
        assert!(ended.status.success(), "{arguments:?}: {}", text(&ended.stderr));
    }
    for arguments in [&["run", "smoke.toml", "--out", "none"][..], &["run", "smoke.toml", "--out", "none", "--dry-run"]]
    {
        let ended = with_processes(folder.path(), 1, arguments).unwrap();
        assert_eq!(ended.status.code(), Some(1), "{}", text(&ended.stderr));
        assert!(text(&ended.stderr).contains("no thread can be started"), "{}", text(&ended.stderr));
    }
    assert!(!at("none").exists());
}

#[test]
fn a_dry_run_ends_whatever_a_run_takes_and_looks_at_the_memory_first() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let dry_run =
        |set: &'static str| ["run", "sweeps/smoke.toml", "--out", out.to_str().unwrap(), "--dry-run", "--set", set];
    for set in ["time.tick_s=0.0001", "time.tick_s=0.001"] {
        let shown = succeed(&dry_run(set));
        assert!(shown.contains("more than") && shown.contains("not estimated"), "{shown}");
    }
    for set in ["population.clients=1000000000", "population.clients=600000000"] {
        let refused = fail(2, &dry_run(set));
        assert!(refused.contains("of memory"), "{refused}");
    }
    assert!(!out.exists());
}

#[test]
fn the_memory_of_traces_is_estimated_and_refused_where_it_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let (sweep, out) = (folder.path().join("sweep.toml"), folder.path().join("out"));
    let traced = |every_s: f64, clients: u32| {
        let text = format!(
            "name = \"traced\"\n[scenario]\npopulation.clients = {clients}\ntime.horizon_h = 336.0\n\
             updates.patched_fraction = 0.0\n[[axis]]\nparameter = \"overlay.slots\"\nvalues = [50, 75]\n\
             [replicates]\nat_least = 4\nat_most = 4\n[traces]\nreplicates = 4\nevery_s = {every_s}\n"
        );
        // A trace has at most a row a tick.
        let text = text.replace("updates.", &format!("time.tick_s = {}\nupdates.", f64::min(every_s, 5.0)));
        fs::write(&sweep, text).unwrap();
        run(&["run", sweep.to_str().unwrap(), "--out", out.to_str().unwrap(), "--dry-run", "--threads", "2"])
    };
    let memory = |every_s| {
        let shown = traced(every_s, 500);
        assert!(shown.status.success(), "{}", text(&shown.stderr));
        number_before(&text(&shown.stdout), " MiB")
    };
    let (few, many) = (memory(3600.0), memory(5.0));
    assert!(few < 100 && many > 300, "{few} and {many} MiB");
    let refused = traced(0.01, 500);
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused.stderr));
    assert!(text(&refused.stderr).contains("traces"), "{}", text(&refused.stderr));
}

/// What a sweep says that goes on in a folder: cells and runs that it is continued from, and the first of its lines.
#[track_caller]
fn continued(sweep: &str, out: &Path, more: &[&str]) -> (u64, u64, String) {
    let mut arguments = vec!["run", sweep, "--out", out.to_str().unwrap()];
    arguments.extend(more);
    let said = text(&run(&arguments).stderr);
    let line = said.lines().find(|line| line.starts_with("continued")).unwrap_or_default().to_owned();
    if line.is_empty() {
        return (0, 0, said);
    }
    (number_before(&line, " cells of "), number_before(&line, " runs of"), said)
}

#[test]
fn what_a_sweep_is_continued_from_is_what_status_says_and_it_is_said_first() {
    let folder = tempfile::tempdir().unwrap();
    let sweep = folder.path().join("sweep.toml");
    fs::write(&sweep, SWEEP).unwrap();
    let sweep = sweep.to_str().unwrap();
    // Cells in checkpoints, of a shard and of several.
    let out = folder.path().join("shards");
    let text_of = |out: &Path| out.to_str().unwrap().to_owned();
    for (shard, decided) in [("0/3", 2), ("2/3", 4)] {
        succeed(&["run", sweep, "--out", &text_of(&out), "--shard", shard]);
        let status = status_of(&text_of(&out));
        assert!(status.contains(&format!("cells    {decided} of 6 complete")), "{status}");
    }
    assert_eq!(continued(sweep, &out, &["--shard", "0/3"]).0, 2);
    let (cells, runs, said) = continued(sweep, &out, &[]);
    assert_eq!((cells, runs), (4, 0), "{said}");
    assert!(said.starts_with("continued") && said.contains("6/6 cells"), "{said}");
    // Complete parts.
    assert_eq!(continued(sweep, &out, &[]).0, 6);

    // Interrupted in the middle: whatever of it is there.
    let out = folder.path().join("interrupted");
    let mut child = begin(sweep, &out, &[]);
    wait_until(&mut child, || has_files(&out.join("checkpoint")));
    signal(&child, "-TERM");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let status = status_of(&text_of(&out));
    let (kept_cells, kept_runs) = (number_before(&status, " of 6 complete"), number_before(&status, " in checkpoints"));
    let (cells, runs, said) = continued(sweep, &out, &[]);
    assert_eq!(cells, kept_cells, "{status}{said}");
    assert!(kept_runs > 0 && runs <= kept_runs && (cells > 0 || runs == kept_runs), "{status}{said}");
    assert_eq!(said.matches("continued").count(), 1, "{said}");
}
