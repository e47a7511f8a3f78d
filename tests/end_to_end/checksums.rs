//! The lists of hashes: whatever a crash leaves is no damage, and one that is lost or damaged is made anew without
//! computing a run again.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::damage::Finished;
use crate::support::*;

const LISTS: [&str; 2] = ["SHA256SUMS", "SHA256SUMS.ahead"];

/// Nothing is computed but `runs` runs, and the folder is as it was before it was damaged.
#[track_caller]
fn assert_restored(finished: &Finished, copy: &Path, runs: u64) {
    let again = run(&["run", &finished.sweep, "--out", copy.to_str().unwrap()]);
    let said = text(&again.stderr);
    assert!(again.status.success() && said.contains(&format!(" {runs} runs, ")), "{said}");
    assert_is_whole(finished, copy);
}

#[track_caller]
fn assert_is_whole(finished: &Finished, copy: &Path) {
    assert_same_results(&finished.reference, copy);
    assert!(!has_files(&copy.join("temporary")));
    let status = status_of(copy.to_str().unwrap());
    assert!(status.ends_with("\ncomplete\n") && !status.contains("\ndamaged"), "{status}");
}

/// Takes the lines of a file that has one of these words out of a list.
fn take_out(list: &Path, words: &[&str]) {
    let text = fs::read_to_string(list).unwrap();
    let kept = text.lines().filter(|line| !words.iter().any(|word| line.contains(word)));
    fs::write(list, kept.map(|line| format!("{line}\n")).collect::<String>()).unwrap();
}

#[test]
fn the_command_sha256sum_checks_every_part_and_the_surface() {
    let finished = Finished::new();
    for list in LISTS {
        let check = || Command::new("sha256sum").args(["-c", list]).current_dir(&finished.reference).output().unwrap();
        let checked = check();
        assert!(checked.status.success(), "{}", text(&checked.stderr));
        let files = text(&checked.stdout);
        assert_eq!(files.lines().count(), 7, "{files}");
        assert!(files.contains("surface.parquet: OK") && files.contains("traces/part-000002.parquet: OK"), "{files}");
    }
    // As the documents say it: which parts a surface is of.
    let script =
        "grep /part- SHA256SUMS | sha256sum | cut -c 1-64 | tr -d '\\n' | xargs -I @ grep -c @ surface.parquet";
    let of_parts = Command::new("sh").args(["-c", script]).current_dir(&finished.reference).output().unwrap();
    assert!(of_parts.status.success(), "{}", text(&of_parts.stderr));
}

#[test]
fn a_list_that_is_lost_or_damaged_is_made_anew_from_the_other_one() {
    let finished = Finished::new();
    let whole = fs::read_to_string(finished.reference.join("SHA256SUMS")).unwrap();
    let digit = if whole.starts_with('0') { "1" } else { "0" };
    let damaged = [
        None,
        Some(String::new()),
        Some(whole[..whole.len() / 2 + 3].to_owned()),
        Some(format!("{digit}{}", &whole[1..])),
        Some(whole.replace("runs/part-000001", "runs/part-0\u{1b}0001")),
        Some(whole.replace("  surface.parquet", "  sorface.parquet")),
        Some(format!("{whole}{}  runs/part-000077.parquet\n", &whole[..64])),
        Some(format!("nonsense\n{whole}")),
    ];
    for list in LISTS {
        for damage in &damaged {
            for command in ["run", "summarize"] {
                let copy = finished.copy();
                match damage {
                    None => fs::remove_file(copy.join(list)).unwrap(),
                    Some(text) => fs::write(copy.join(list), text).unwrap(),
                }
                let copy_text = copy.to_str().unwrap();
                let status = status_of(copy_text);
                assert!(status.contains("parts    3 present, 0 missing, 0 damaged\n"), "{list} {damage:?}: {status}");
                assert!(!status.ends_with("\ncomplete\n") && !status.contains('\u{1b}'), "{list} {damage:?}: {status}");
                match command {
                    "run" => assert_restored(&finished, &copy, 0),
                    _ => {
                        succeed(&["summarize", copy_text]);
                        assert_is_whole(&finished, &copy);
                    }
                }
            }
        }
    }
}

#[test]
fn where_both_lists_are_lost_the_surface_tells_whether_the_parts_are_whole() {
    let finished = Finished::new();
    for lost in ["part-000001", "/part-", "runs/", "parquet"] {
        let copy = finished.copy();
        LISTS.iter().for_each(|list| take_out(&copy.join(list), &[lost]));
        let status = status_of(copy.to_str().unwrap());
        assert!(status.contains("parts    3 present, 0 missing, 0 damaged\n"), "{lost}: {status}");
        assert!(!status.ends_with("\ncomplete\n"), "{lost}: {status}");
        assert_restored(&finished, &copy, 0);
    }
    let copy = finished.copy();
    LISTS.iter().for_each(|list| fs::remove_file(copy.join(list)).unwrap());
    succeed(&["summarize", copy.to_str().unwrap()]);
    assert_is_whole(&finished, &copy);
}

#[test]
fn a_list_that_is_made_anew_does_not_vouch_for_damage() {
    let finished = Finished::new();
    let damage = |lists: &[&str]| {
        let copy = finished.copy();
        let part = copy.join("runs/part-000001.parquet");
        let mut bytes = fs::read(&part).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(part, bytes).unwrap();
        lists.iter().for_each(|list| fs::remove_file(copy.join(list)).unwrap());
        let status = status_of(copy.to_str().unwrap());
        assert!(status.contains("damaged  ") && status.contains("\nnot complete"), "{status}");
        assert!(fail(1, &["summarize", copy.to_str().unwrap()]).contains("part-00000"));
        copy
    };
    assert_restored(&finished, &damage(&LISTS[..1]), 16);
    assert_restored(&finished, &damage(&LISTS[1..]), 16);
    // Which of the parts it is, nobody knows.
    assert_restored(&finished, &damage(&LISTS), 48);
}

#[test]
fn a_kill_between_hash_name_and_list_leaves_nothing_that_is_called_damaged() {
    let finished = Finished::new();
    let (runs, traces) = ("runs/part-000002.parquet", "traces/part-000002.parquet");
    // Which files have got their names, and which of them are noted ahead; none of them is listed yet.
    for (noted, named) in [
        (&[traces][..], &[][..]),
        (&[traces], &[traces]),
        (&[traces, runs], &[traces]),
        (&[traces, runs], &[traces, runs]),
    ] {
        let copy = finished.copy();
        let gone =
            |of: &[&'static str]| [traces, runs].into_iter().filter(|file| !of.contains(file)).collect::<Vec<_>>();
        take_out(&copy.join("SHA256SUMS"), &[traces, runs, "surface"]);
        take_out(&copy.join("SHA256SUMS.ahead"), &[&gone(noted)[..], &["surface"]].concat());
        for file in gone(named) {
            fs::rename(copy.join(file), copy.join("temporary/part-0-of-1-0000abcd-runs.parquet")).unwrap();
        }
        fs::remove_file(copy.join("surface.parquet")).unwrap();
        let copy_text = copy.to_str().unwrap();
        let status = status_of(copy_text);
        let is_there = named.contains(&runs);
        let present = if is_there { "3 present, 0 missing" } else { "2 present, 1 missing" };
        assert!(status.contains(&format!("parts    {present}, 0 damaged\n")), "{status}");
        assert!(!status.contains("\ndamaged"), "{status}");
        succeed(&["summarize", copy_text]);
        assert_restored(&finished, &copy, if is_there { 0 } else { 16 });
    }
}
