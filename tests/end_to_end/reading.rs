//! Reading the folder of somebody else, or one that may not be written to: everything is shown, and nothing is changed.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::*;

/// Every file below a folder, with its bytes.
fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(tree(&path));
            files.insert(path, Vec::new());
        } else {
            files.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    files
}

/// Runs the program as another user, where that can be done.
fn as_another(folder: &Path, arguments: &[&str]) -> Option<Output> {
    let mut command = Command::new("setpriv");
    command.args(["--reuid=54321", "--regid=54321", "--clear-groups"]).arg(folder.join("critmass"));
    let output = command.args(arguments).current_dir(folder).output();
    output.ok().filter(|output| !text(&output.stderr).starts_with("setpriv: "))
}

#[test]
fn a_folder_of_another_user_or_one_that_is_read_only_is_shown_and_not_written_to() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_critmass"), at("critmass")).unwrap();
    fs::set_permissions(at("critmass"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::copy("sweeps/smoke.toml", at("smoke.toml")).unwrap();
    fs::set_permissions(at("smoke.toml"), fs::Permissions::from_mode(0o644)).unwrap();
    let Some(own) = as_another(folder.path(), &["run", "smoke.toml", "--out", "theirs"]) else {
        return not_tested("a folder of another user", "setpriv is not there, or this is not root");
    };
    assert!(own.status.success(), "{}", text(&own.stderr));
    succeed(&["run", "sweeps/smoke.toml", "--out", at("ours").to_str().unwrap()]);
    // A part of the runs, which nobody has summarized.
    succeed(&["run", "sweeps/smoke.toml", "--out", at("half").to_str().unwrap(), "--shard", "0/2"]);

    let check = |ended: &Output, name: &str, before: &BTreeMap<PathBuf, Vec<u8>>, reason: &str| {
        let said = text(&ended.stderr);
        assert!(ended.status.success() && said.contains("not written to"), "{name}: {said}");
        assert!(said.contains(reason), "{name}: {said}");
        assert!(tree(&at(name)) == *before, "{name} was changed");
    };
    let shown = succeed(&["summarize", at("ours").to_str().unwrap()]);
    for format in ["table", "json", "csv"] {
        // Root may write everywhere, and does not.
        let before = tree(&at("theirs"));
        let ended = run(&["summarize", at("theirs").to_str().unwrap(), "--format", format]);
        check(&ended, "theirs", &before, "another user");
        assert!(format != "table" || text(&ended.stdout) == shown, "{}", text(&ended.stdout));
        for name in ["ours", "half"] {
            let before = tree(&at(name));
            let ended = as_another(folder.path(), &["summarize", name, "--format", format]).unwrap();
            check(&ended, name, &before, "another user");
        }
    }
    // One's own, which is protected from oneself.
    let protect = |mode: u32| {
        for name in ["theirs", "theirs/temporary"] {
            fs::set_permissions(at(name), fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    protect(0o555);
    let before = tree(&at("theirs"));
    let ended = as_another(folder.path(), &["summarize", "theirs"]).unwrap();
    check(&ended, "theirs", &before, "Permission denied");
    assert_eq!(text(&ended.stdout), shown);
    protect(0o755);
    let ended = as_another(folder.path(), &["summarize", "theirs"]).unwrap();
    assert!(ended.status.success() && !text(&ended.stderr).contains("not written"), "{}", text(&ended.stderr));
}
