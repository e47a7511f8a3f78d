//! Where a trace goes that the user wants.

use std::fs;
use std::io::Read;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use crate::support::*;

/// A run of a moment.
fn simulate(trace: &Path) -> Vec<String> {
    let arguments = ["simulate", "--set", "population.clients=500", "--set", "time.horizon_h=12.5", "--trace"];
    arguments.iter().map(|&argument| argument.to_owned()).chain([trace.to_str().unwrap().to_owned()]).collect()
}

#[track_caller]
fn written(trace: &Path) {
    succeed(&simulate(trace).iter().map(String::as_str).collect::<Vec<_>>());
}

#[track_caller]
fn refused(trace: &Path) -> String {
    fail(2, &simulate(trace).iter().map(String::as_str).collect::<Vec<_>>())
}

fn is_parquet(bytes: &[u8]) -> bool {
    bytes.len() > 12 && bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1")
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_pipe_gets_the_table_and_stays_a_pipe() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["pipe", "pipe.parquet", "pipe.csv"] {
        let pipe = folder.path().join(name);
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || {
                let mut bytes = Vec::new();
                fs::File::open(pipe).unwrap().read_to_end(&mut bytes).unwrap();
                bytes
            }
        });
        written(&pipe);
        let is_still_a_pipe = fs::symlink_metadata(&pipe).unwrap().file_type().is_fifo();
        // A reader that nobody has written to would wait for ever.
        drop(fs::OpenOptions::new().read(true).write(true).open(&pipe).unwrap());
        assert!(is_still_a_pipe && is_parquet(&reader.join().unwrap()), "{name}");
    }
}

#[test]
fn a_device_stays_a_device() {
    let folder = tempfile::tempdir().unwrap();
    // Through links, so that a program that replaces its target replaces no device of this machine.
    for device in ["/dev/null", "/dev/zero"] {
        let link = folder.path().join("link");
        symlink(device, &link).unwrap();
        written(&link);
        assert_eq!(fs::read_link(&link).unwrap(), Path::new(device));
        assert!(fs::metadata(device).unwrap().file_type().is_char_device());
        fs::remove_file(link).unwrap();
    }
    // What a device refuses is said. (A device of our own, where one can be made.)
    let full = folder.path().join("full");
    if Command::new("mknod").arg(&full).args(["c", "1", "7"]).output().is_ok_and(|made| made.status.success()) {
        let message = fail(1, &simulate(&full).iter().map(String::as_str).collect::<Vec<_>>());
        assert!(message.contains("cannot be written") && message.contains("full"), "{message}");
        assert!(fs::symlink_metadata(&full).unwrap().file_type().is_char_device());
    } else {
        not_tested("a device of our own", "it cannot be made");
    }
    assert!(names(folder.path()).iter().all(|name| name == "full"));
}

#[test]
fn links_are_followed_to_files_that_are_there_or_not() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("elsewhere")).unwrap();
    fs::write(at("elsewhere/old.parquet"), "old").unwrap();
    fs::set_permissions(at("elsewhere/old.parquet"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink("elsewhere/old.parquet", at("old.parquet")).unwrap();
    symlink("old.parquet", at("twice.parquet")).unwrap();
    symlink("elsewhere/new.parquet", at("new.parquet")).unwrap();
    for (link, target) in [("twice.parquet", "elsewhere/old.parquet"), ("new.parquet", "elsewhere/new.parquet")] {
        written(&at(link));
        assert!(fs::symlink_metadata(at(link)).unwrap().is_symlink(), "{link}");
        assert!(is_parquet(&fs::read(at(target)).unwrap()), "{target}");
    }
    assert_eq!(fs::metadata(at("elsewhere/old.parquet")).unwrap().mode() & 0o777, 0o640);
    assert_eq!(names(&at("elsewhere")), ["new.parquet", "old.parquet"]);
    symlink("circle.parquet", at("circle.parquet")).unwrap();
    assert!(refused(&at("circle.parquet")).contains("links"));
}

#[test]
fn a_place_where_no_trace_can_be_is_refused_before_the_run_and_nothing_is_touched() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("kept.csv"), "a,b\n").unwrap();
    fs::create_dir(at("folder.parquet")).unwrap();
    symlink("kept.csv", at("link.csv")).unwrap();
    for (name, said) in [
        ("kept.csv", ".parquet"),
        ("new.csv", ".parquet"),
        ("new.json", ".parquet"),
        ("link.csv", ".parquet"),
        ("folder.parquet", "folder"),
        ("no/such/t.parquet", "no such folder"),
    ] {
        let message = refused(&at(name));
        assert!(message.contains(said) && message.contains(name), "{message}");
    }
    // Standard output is a pipe here, on which a table and a text would be of no use to anybody.
    assert!(refused(Path::new("/dev/stdout")).contains("standard output"));
    assert_eq!(fs::read(at("kept.csv")).unwrap(), b"a,b\n");
    assert_eq!(names(folder.path()), ["folder.parquet", "kept.csv", "link.csv"]);
}

#[test]
fn a_trace_is_a_file_beside_which_nothing_is_left_or_lost() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("t.parquet.part"), "of the user").unwrap();
    for name in ["t.parquet", "U.PARQUET", "plain"] {
        written(&at(name));
        assert!(is_parquet(&fs::read(at(name)).unwrap()), "{name}");
    }
    assert_eq!(fs::read(at("t.parquet.part")).unwrap(), b"of the user");
    assert_eq!(names(folder.path()), ["U.PARQUET", "plain", "t.parquet", "t.parquet.part"]);
}
