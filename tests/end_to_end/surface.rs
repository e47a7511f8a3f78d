//! The surface belongs to the runs that it summarizes: one of fewer or other runs is told apart, and never stays.

use std::fs;
use std::path::{Path, PathBuf};

use critmass::read_surface;
use critmass::store::Folder;

use crate::damage::Finished;
use crate::support::*;

/// `status` does not call it complete, the library does not read it, and both `run` and `summarize` write it anew.
#[track_caller]
fn assert_written_anew(finished: &Finished, spoil: impl Fn(&Path), named: &str) {
    for command in ["run", "summarize"] {
        let copy = finished.copy();
        spoil(&copy);
        let copy_text = copy.to_str().unwrap();
        let status = status_of(copy_text);
        assert!(!status.ends_with("\ncomplete\n") && status.contains(named), "{named}: {status}");
        assert!(status.contains("parts    3 present, 0 missing, 0 damaged\n"), "{status}");
        assert!(read_surface(&copy).is_err(), "{named}: it was read");
        match command {
            "run" => succeed(&["run", &finished.sweep, "--out", copy_text]),
            _ => succeed(&["summarize", copy_text]),
        };
        assert_same_results(&finished.reference, &copy);
        assert!(status_of(copy_text).ends_with("\ncomplete\n"));
        assert_eq!(read_surface(&copy).unwrap().cells().len(), 6);
    }
}

#[test]
fn a_surface_that_is_flipped_cut_empty_or_gone_is_named_and_written_anew() {
    let finished = Finished::new();
    let whole = fs::read(finished.reference.join("surface.parquet")).unwrap();
    let size = whole.len();
    for offset in [0, 4, size / 3, size / 2, size - size / 8, size - 9, size - 1] {
        let mut bytes = whole.clone();
        bytes[offset] ^= 0x20;
        assert_written_anew(
            &finished,
            |copy| fs::write(copy.join("surface.parquet"), &bytes).unwrap(),
            "surface.parquet",
        );
    }
    for length in [0, 3, size / 2, size - 1] {
        let cut = &whole[..length];
        assert_written_anew(&finished, |copy| fs::write(copy.join("surface.parquet"), cut).unwrap(), "surface.parquet");
    }
    let gone = |copy: &Path| fs::remove_file(copy.join("surface.parquet")).unwrap();
    assert_written_anew(&finished, gone, "surface.parquet: gone, although SHA256SUMS lists it");
}

/// A folder in which half of the cells are done, after `critmass summarize`.
fn half(finished: &Finished) -> PathBuf {
    let half = finished.folder.path().join("half");
    let half_text = half.to_str().unwrap();
    succeed(&["run", &finished.sweep, "--out", half_text, "--shard", "0/2"]);
    let shown = run(&["summarize", half_text, "--format", "json"]);
    assert!(shown.status.success() && text(&shown.stderr).contains("not complete"), "{}", text(&shown.stderr));
    let rows: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(rows.as_array().unwrap().len(), 3);
    half
}

#[test]
fn a_surface_of_a_part_of_the_runs_is_told_apart_and_does_not_stay() {
    let finished = Finished::new();
    let half = half(&finished);
    let status = status_of(half.to_str().unwrap());
    assert!(status.contains("\nsurface  of the runs that were there") && status.contains("\nnot complete"), "{status}");
    let refused = read_surface(&half).err().unwrap().to_string();
    assert!(refused.contains("surface.parquet: it is of a part of the runs"), "{refused}");
    let partial = fs::read(half.join("surface.parquet")).unwrap();

    // Continued, and killed while the final surface is written: before its hash is noted, or after that.
    let unlist = |list: PathBuf| {
        let text = fs::read_to_string(&list).unwrap();
        let kept: String = text.lines().filter(|l| !l.contains("surface")).map(|line| format!("{line}\n")).collect();
        fs::write(list, kept).unwrap();
    };
    for unlisted in [&["SHA256SUMS", "SHA256SUMS.ahead"][..], &["SHA256SUMS"], &[]] {
        let spoil = |copy: &Path| {
            fs::write(copy.join("surface.parquet"), &partial).unwrap();
            fs::write(copy.join("temporary/surface-0123456789abcdef"), "").unwrap();
            fs::write(copy.join("temporary/surface-0123456789abcdef.parquet"), &partial).unwrap();
            unlisted.iter().for_each(|list| unlist(copy.join(list)));
        };
        assert_written_anew(&finished, spoil, "complete, but surface.parquet is of a part of the runs");
    }
    // One that names other parts, one of another sweep, and one that is whole but nowhere noted.
    let rename_parts = |copy: &Path| {
        let path = copy.join("surface.parquet");
        let mut bytes = fs::read(&path).unwrap();
        let key = b"critmass.parts";
        let at = bytes.windows(key.len()).position(|window| window == key).unwrap() + key.len();
        let digit = (at..).find(|&at| bytes[at].is_ascii_hexdigit()).unwrap() + 5;
        bytes[digit] = if bytes[digit] == b'0' { b'1' } else { b'0' };
        fs::write(path, bytes).unwrap();
        ["SHA256SUMS", "SHA256SUMS.ahead"].iter().for_each(|list| unlist(copy.join(list)));
    };
    assert_written_anew(&finished, rename_parts, "surface.parquet: it is of other runs than those in this folder");
    let other = finished.folder.path().join("other");
    succeed(&["run", &finished.sweep, "--set", "seed=9", "--out", other.to_str().unwrap()]);
    let swap = |copy: &Path| _ = fs::copy(other.join("surface.parquet"), copy.join("surface.parquet")).unwrap();
    assert_written_anew(&finished, swap, "surface.parquet: the file belongs to another sweep");
    let forget = |copy: &Path| ["SHA256SUMS", "SHA256SUMS.ahead"].iter().for_each(|list| unlist(copy.join(list)));
    assert_written_anew(&finished, forget, "surface.parquet: not listed in SHA256SUMS");

    succeed(&["run", &finished.sweep, "--out", half.to_str().unwrap()]);
    assert_same_results(&finished.reference, &half);
}

#[test]
fn a_summary_that_began_before_the_sweep_was_complete_does_not_replace_the_one_of_all_runs() {
    let finished = Finished::new();
    let half = half(&finished);
    let folder = Folder::open(&half).unwrap();
    let schema = folder.run_schema();
    // The sweep is completed while the pieces are made.
    let pieces = std::iter::once_with(|| {
        succeed(&["run", &finished.sweep, "--out", half.to_str().unwrap()]);
        Ok(arrow_array::RecordBatch::new_empty(schema.clone()))
    });
    assert!(!folder.write_surface(schema, pieces).unwrap(), "it is out of date");
    assert_same_results(&finished.reference, &half);
    assert!(!has_files(&half.join("temporary")));
    assert!(status_of(half.to_str().unwrap()).ends_with("\ncomplete\n"));
}

#[test]
fn the_surface_of_all_runs_is_not_replaced_by_one_of_fewer_when_parts_are_lost() {
    let finished = Finished::new();
    let copy = finished.copy();
    fs::remove_file(copy.join("runs/part-000001.parquet")).unwrap();
    for list in ["SHA256SUMS", "SHA256SUMS.ahead"] {
        let text = fs::read_to_string(copy.join(list)).unwrap();
        let kept: String = text.lines().filter(|l| !l.contains("runs/part-000001")).map(|l| format!("{l}\n")).collect();
        fs::write(copy.join(list), kept).unwrap();
    }
    let copy_text = copy.to_str().unwrap();
    let rows: serde_json::Value =
        serde_json::from_str(&succeed(&["summarize", copy_text, "--format", "json"])).unwrap();
    assert_eq!(rows.as_array().unwrap().len(), 4);
    let surface = |folder: &Path| fs::read(folder.join("surface.parquet")).unwrap();
    assert!(surface(&copy) == surface(&finished.reference));
    assert!(status_of(copy_text).contains("\nnot complete"));
    succeed(&["run", &finished.sweep, "--out", copy_text]);
    assert_same_results(&finished.reference, &copy);
}

#[test]
fn a_run_that_starts_leaves_the_temporary_files_of_a_running_summary() {
    let finished = Finished::new();
    let copy = finished.copy();
    let file = copy.join("temporary/surface-000000aa.parquet");
    fs::write(&file, "half").unwrap();
    let lock = fs::File::open(&file).unwrap();
    lock.lock().unwrap();
    let again = ["run", &finished.sweep, "--out", copy.to_str().unwrap()];
    succeed(&again);
    assert!(file.exists(), "somebody is writing it");
    drop(lock);
    succeed(&again);
    assert!(!has_files(&copy.join("temporary")), "it was left by a process that is gone");
}

/// A sweep of about a second in which every cell is a part of its own, so that much is written.
const BUSY: &str = r#"
name = "busy"
[scenario]
population.clients = 2_000
time.horizon_h = 13.0
[[axis]]
parameter = "updates.synchronization"
linear = { from = 0.0, to = 1.0, points = 40 }
[replicates]
at_least = 8
at_most = 50_000
half_width = 0.49
[traces]
replicates = 2
every_s = 60.0
"#;

#[test]
fn beside_a_running_sweep_nothing_is_called_damaged_and_no_run_vanishes() {
    let folder = tempfile::tempdir().unwrap();
    let (sweep, out) = (folder.path().join("sweep.toml"), folder.path().join("out"));
    fs::write(&sweep, BUSY).unwrap();
    let out_text = out.to_str().unwrap();
    let mut child = begin(sweep.to_str().unwrap(), &out, &["--threads", "1"]);
    wait_until(&mut child, || has_files(&out.join("runs")));
    let (mut before, mut looks) = (vec![0; 40], 0);
    loop {
        let is_last = child.try_wait().unwrap().is_some();
        let status = status_of(out_text);
        assert!(!status.contains("damaged  ") && status.contains(" 0 damaged\n"), "{status}");
        let rows: serde_json::Value =
            serde_json::from_str(&succeed(&["summarize", out_text, "--format", "json"])).unwrap();
        let mut now = vec![0; 40];
        for row in rows.as_array().unwrap() {
            now[row["cell"].as_u64().unwrap() as usize] = row["replicates"].as_u64().unwrap();
        }
        assert!(now.iter().zip(&before).all(|(now, before)| now >= before), "{before:?}, then {now:?}");
        (before, looks) = (now, looks + 1);
        if is_last {
            break;
        }
    }
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success() && looks > 3, "{looks}: {}", text(&ended.stderr));
    assert!(status_of(out_text).ends_with("\ncomplete\n"));
    let reference = folder.path().join("reference");
    succeed(&["run", sweep.to_str().unwrap(), "--out", reference.to_str().unwrap()]);
    assert_same_results(&reference, &out);
}

/// What counts as an outage in the second cell is what its network is like on any day.
const NEVER_UP: &str = r#"
name = "never-up"
[scenario]
population.clients = 5000
time.horizon_h = 13.0
[[axis]]
parameter = "outage.threshold"
values = [0.5, 1.0]
[replicates]
at_least = 3
at_most = 3
"#;

#[test]
fn cells_that_were_down_before_the_trigger_are_named_wherever_the_surface_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let (sweep, out) = (folder.path().join("sweep.toml"), folder.path().join("out"));
    fs::write(&sweep, NEVER_UP).unwrap();
    let (sweep, out) = (sweep.to_str().unwrap(), out.to_str().unwrap());
    let named = "down before the trigger, by baseline_online_fraction_mean:\n1 of 2 cells: 1\n";
    for shown in [succeed(&["run", sweep, "--out", out]), succeed(&["summarize", out])] {
        assert!(shown.ends_with(named), "{shown}");
    }
}
