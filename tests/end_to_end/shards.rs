//! Shards of one sweep in one folder.

use std::fs;

use crate::support::*;

#[test]
fn shards_that_run_beside_each_other_give_the_same_bytes_as_one_run() {
    let folder = tempfile::tempdir().unwrap();
    let sweep = folder.path().join("sweep.toml");
    fs::write(&sweep, SWEEP).unwrap();
    let sweep = sweep.to_str().unwrap();
    let out = |name: &str| folder.path().join(name);
    let reference = out("reference");
    succeed(&["run", sweep, "--out", reference.to_str().unwrap()]);

    let shared = out("shared");
    let children: Vec<_> =
        ["0/3", "1/3", "2/3"].map(|shard| begin(sweep, &shared, &["--shard", shard, "--threads", "1"])).into();
    let said: Vec<String> = children
        .into_iter()
        .map(|child| {
            let ended = child.wait_with_output().unwrap();
            assert!(ended.status.success(), "{}", text(&ended.stderr));
            text(&ended.stderr)
        })
        .collect();
    assert!(said.iter().all(|text| text.contains("is complete; ")), "{said:?}");
    assert!(said.iter().any(|text| text.contains("6 of all 6 cells")), "{said:?}");
    assert!(!has_files(&shared.join("runs")) && !shared.join("surface.parquet").exists());
    let status = status_of(shared.to_str().unwrap());
    assert!(status.contains("cells    6 of 6 complete") && status.contains("not complete"), "{status}");
    let merged = run(&["run", sweep, "--out", shared.to_str().unwrap()]);
    assert!(merged.status.success() && text(&merged.stderr).contains(" 0 runs, "), "{}", text(&merged.stderr));
    assert_same_results(&reference, &shared);

    // Some of it in two parts, some in four, some killed, the rest in one.
    let mixed = out("mixed");
    let mixed_text = mixed.to_str().unwrap();
    succeed(&["run", sweep, "--out", mixed_text, "--shard", "1/2"]);
    let mut child = begin(sweep, &mixed, &["--shard", "0/2"]);
    wait_until(&mut child, || fs::read_dir(mixed.join("checkpoint")).unwrap().count() > 2);
    signal(&child, "-KILL");
    child.wait().unwrap();
    succeed(&["run", sweep, "--out", mixed_text, "--shard", "2/4"]);
    succeed(&["run", sweep, "--out", mixed_text]);
    assert_same_results(&reference, &mixed);
    assert!(!has_files(&mixed.join("checkpoint")) && !has_files(&mixed.join("temporary")));
}

#[test]
fn the_second_process_on_the_same_cells_says_so_and_damages_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let sweep = folder.path().join("sweep.toml");
    fs::write(&sweep, SWEEP).unwrap();
    let (sweep, out, reference) = (sweep.to_str().unwrap(), folder.path().join("out"), folder.path().join("reference"));
    let out_text = out.to_str().unwrap();
    let mut child = begin(sweep, &out, &["--shard", "1/2"]);
    wait_until(&mut child, || has_files(&out.join("checkpoint")));
    // Held in the middle of it, so that it cannot end before the others have been started.
    signal(&child, "-STOP");
    let status = status_of(out_text);
    assert!(status.contains("running  shards 1/2") && status.ends_with("not complete yet\n"), "{status}");
    let again = fail(2, &["run", sweep, "--out", out_text, "--shard", "1/2"]);
    assert!(again.contains("another process is running shard 1/2"), "{again}");
    let whole = fail(2, &["run", sweep, "--out", out_text]);
    assert!(whole.contains("shards of this sweep are running"), "{whole}");
    signal(&child, "-TERM");
    signal(&child, "-CONT");
    assert_eq!(child.wait().unwrap().code(), Some(130));

    let mut child = begin(sweep, &out, &[]);
    wait_until(&mut child, || status_of(out_text).contains("running  the whole sweep"));
    signal(&child, "-STOP");
    let shard = fail(2, &["run", sweep, "--out", out_text, "--shard", "0/2"]);
    assert!(shard.contains("another process is running the whole sweep"), "{shard}");
    let whole = fail(2, &["run", sweep, "--out", out_text]);
    assert!(whole.contains("another process is running this sweep"), "{whole}");
    signal(&child, "-CONT");
    assert!(child.wait().unwrap().success());
    succeed(&["run", sweep, "--out", reference.to_str().unwrap()]);
    assert_same_results(&reference, &out);
}

#[test]
fn a_shard_that_cannot_be_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    for shard in ["3/3", "-1/3", "1", "1/0", "x/y", "0/99999999"] {
        let shard = format!("--shard={shard}");
        let message = fail(2, &["run", "sweeps/smoke.toml", "--out", out.to_str().unwrap(), &shard]);
        assert!(message.contains("0 ≤ I < N"), "{message}");
    }
    assert!(!out.exists());
    // More shards than cells: some have nothing to do.
    for shard in 0..9 {
        succeed(&["run", "sweeps/smoke.toml", "--out", out.to_str().unwrap(), "--shard", &format!("{shard}/9")]);
    }
    assert!(succeed(&["run", "sweeps/smoke.toml", "--out", out.to_str().unwrap()]).contains("6 of 6 cells"));
}

#[test]
fn what_is_wrong_with_a_submission_is_said_at_once_and_a_dry_run_shows_the_script() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let out = out.to_str().unwrap();
    let submit = |arguments: &[&'static str]| {
        let mut all = vec!["submit", "sweeps/smoke.toml", "--out", out];
        all.extend(arguments);
        all
    };
    for (arguments, said) in [
        (&["--shards", "7"][..], "at most 6"),
        (&["--shards", "0"], "--shards"),
        (&["--shards", "2", "--set", "overlay.slot=3"], "overlay.slots"),
        (&["--shards", "2", "--", "--array=1-3"], "--array"),
        (&["--shards", "2", "--", "-d", "afterok:1"], "-d"),
    ] {
        let message = fail(2, &submit(arguments));
        assert!(message.contains(said), "{message}");
    }
    let shown = succeed(&submit(&["--shards", "3", "--dry-run", "--", "--time=5", "--constraint=a&b"]));
    for part in ["--shard \"$shard/$shards\"", "--time=5 '--constraint=a&b' --array=0-2", "--dependency=afterany:"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!std::path::Path::new(out).exists());
}
