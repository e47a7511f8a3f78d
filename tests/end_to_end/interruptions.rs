//! Whatever ends the program: what was finished is kept, and what is computed in the end is the same.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::*;

/// A sweep of about a second in which every cell is a part of its own, so that much is written.
const KILLED: &str = r#"
name = "killed"
[scenario]
population.clients = 2_000
time.horizon_h = 13.0
[[axis]]
parameter = "updates.synchronization"
linear = { from = 0.0, to = 1.0, points = 12 }
[replicates]
at_least = 8
at_most = 50_000
half_width = 0.49
[traces]
replicates = 2
every_s = 60.0
"#;

/// A sweep of which no run ends.
const ENDLESS: &str = "name = \"endless\"\n[scenario]\ntime.tick_s = 0.0001\n[replicates]\nat_least = 1\nat_most = 1\n";

#[test]
fn a_run_that_has_not_ended_is_lost_and_a_dry_run_says_how_much_that_is() {
    let folder = tempfile::tempdir().unwrap();
    let (sweep, out) = (folder.path().join("sweep.toml"), folder.path().join("out"));
    fs::write(&sweep, ENDLESS).unwrap();
    let (sweep, out_text) = (sweep.to_str().unwrap(), out.to_str().unwrap());
    let shown = succeed(&["run", sweep, "--out", out_text, "--dry-run"]);
    assert!(shown.contains("at risk  the runs that are being made") && shown.contains("more than 4 s each"), "{shown}");
    for name in ["-TERM", "-KILL"] {
        let mut child = begin(sweep, &out, &[]);
        wait_until(&mut child, || out.join("manifest.json").exists());
        signal(&child, name);
        let said = text(&child.wait_with_output().unwrap().stderr);
        assert_eq!(said.contains("runs that were being made begin anew"), name == "-TERM", "{said}");
        let status = status_of(out_text);
        assert!(
            status.contains("0 in complete parts, 0 in checkpoints") && status.contains("not complete"),
            "{status}"
        );
    }
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
    for (name, status) in
        [("-INT", Some(130)), ("-TERM", Some(130)), ("-HUP", Some(130)), ("-USR1", Some(130)), ("-KILL", None)]
    {
        let other = out(name);
        let mut child = begin(sweep, &other, &[]);
        wait_until(&mut child, || other.join("manifest.json").exists());
        signal(&child, name);
        let ended = child.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), status, "{}", text(&ended.stderr));
        if status.is_some() {
            assert!(text(&ended.stderr).contains("the same command"), "{}", text(&ended.stderr));
        }
        assert!(!other.join("surface.parquet").exists(), "it was interrupted before the end");
        succeed(&["run", sweep, "--out", other.to_str().unwrap()]);
        assert_same_results(&reference, &other);
        assert!(fs::read_dir(other.join("checkpoint")).unwrap().next().is_none());
    }
}

#[test]
fn what_was_finished_is_kept_when_the_program_is_asked_to_end() {
    let folder = tempfile::tempdir().unwrap();
    let sweep = folder.path().join("sweep.toml");
    fs::write(&sweep, SWEEP).unwrap();
    for name in ["-INT", "-TERM", "-USR1"] {
        let out = folder.path().join(name);
        let mut child = begin(sweep.to_str().unwrap(), &out, &[]);
        wait_until(&mut child, || has_files(&out.join("checkpoint")));
        signal(&child, name);
        let ended = child.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(130));
        let finished = number_before(&text(&ended.stderr), " runs, ");
        let status = status_of(out.to_str().unwrap());
        let kept = number_before(&status, " in complete parts") + number_before(&status, " in checkpoints");
        assert!(finished > 0 && kept >= finished, "{finished} runs were finished: {status}");
        assert!(status.contains("not complete: critmass run"), "{status}");
    }
}

/// Whatever a reader of the folder sees is a whole Parquet file.
fn assert_only_whole_files(out: &Path) {
    for part in ["runs", "traces"] {
        for file in fs::read_dir(out.join(part)).into_iter().flatten() {
            let path = file.unwrap().path();
            let bytes = fs::read(&path).unwrap();
            let is_whole = bytes.len() > 12 && bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1");
            assert!(is_whole && path.extension().unwrap() == "parquet", "{}", path.display());
        }
    }
}

/// What a kill leaves is no damage, and can be summarized.
fn assert_nothing_is_damaged(out: &Path, summarize: bool) {
    if !out.join("manifest.json").exists() {
        return;
    }
    let status = status_of(out.to_str().unwrap());
    assert!(status.contains(" 0 damaged\n") && !status.contains("\ndamaged"), "{status}");
    if summarize && !status.contains("\nruns     0 in complete parts, 0 in checkpoints") {
        succeed(&["summarize", out.to_str().unwrap()]);
    }
}

#[test]
fn a_sweep_that_is_killed_at_a_hundred_random_moments_ends_with_the_same_bytes() {
    const KILLS: u32 = 100;
    let folder = tempfile::tempdir().unwrap();
    let sweep = folder.path().join("sweep.toml");
    fs::write(&sweep, KILLED).unwrap();
    let sweep = sweep.to_str().unwrap();
    let (reference, out) = (folder.path().join("reference"), folder.path().join("out"));
    succeed(&["run", sweep, "--out", reference.to_str().unwrap()]);
    assert_eq!(fs::read_dir(reference.join("runs")).unwrap().count(), 12);
    // Knuth's generator of 64 bits: the moments are the same in every run of this test.
    let mut state: u64 = 2007;
    let (mut kills, mut completed) = (0, 0);
    while kills < KILLS || completed == 0 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let moment = Duration::from_micros((state >> 33) % 500_000);
        let mut child = begin(sweep, &out, &[]);
        let started = Instant::now();
        let ended = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break Some(status);
            }
            if kills < KILLS && started.elapsed() >= moment {
                break None;
            }
            std::thread::yield_now();
        };
        let Some(status) = ended else {
            child.kill().unwrap();
            child.wait().unwrap();
            kills += 1;
            assert_only_whole_files(&out);
            assert_nothing_is_damaged(&out, kills.is_multiple_of(3));
            continue;
        };
        assert!(status.success(), "{}", text(&child.wait_with_output().unwrap().stderr));
        assert_same_results(&reference, &out);
        assert!(!has_files(&out.join("checkpoint")) && !has_files(&out.join("temporary")));
        fs::remove_dir_all(&out).unwrap();
        completed += 1;
    }
}
