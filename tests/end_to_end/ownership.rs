//! Whose a folder is: what we did not make is never changed, replaced or removed.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::*;

/// A sweep of a moment.
const SMALL: &str = r#"
name = "small"
[scenario]
population.clients = 1_000
time.horizon_h = 13.0
[[axis]]
parameter = "updates.synchronization"
values = [0.0, 1.0]
[replicates]
at_least = 2
at_most = 2
"#;

/// A folder for tests, with the sweep.
struct Place {
    folder: tempfile::TempDir,
    sweep: String,
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().unwrap();
        let sweep = folder.path().join("sweep.toml");
        fs::write(&sweep, SMALL).unwrap();
        Place { sweep: sweep.to_str().unwrap().to_owned(), folder }
    }

    /// The path of something in it that is not there.
    fn path(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        if path.exists() {
            fs::remove_dir_all(&path).unwrap();
        }
        path
    }

    /// A finished sweep.
    fn finished(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        succeed(&["run", &self.sweep, "--out", path.to_str().unwrap()]);
        path
    }

    /// Whatever would write into the folder is refused, and everything in it stays as it is.
    #[track_caller]
    fn assert_untouched(&self, out: &Path, what: &str) {
        let before = tree(out);
        let out_text = out.to_str().unwrap();
        for more in [&["run"][..], &["run", "--shard", "0/2"], &["submit", "--shards", "2"]] {
            let arguments = [&more[..1], &[&self.sweep, "--out", out_text], &more[1..]].concat();
            let message = fail(2, &arguments);
            assert!(message.contains(out_text), "{what}: {message}");
            assert_eq!(tree(out), before, "{what}: {arguments:?}");
        }
    }
}

/// Everything in a folder: the bytes of files, where links lead, and folders.
fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut tree = BTreeMap::new();
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let kind = fs::symlink_metadata(&path).unwrap().file_type();
        let content = if kind.is_symlink() {
            format!("link to {}", fs::read_link(&path).unwrap().display()).into_bytes()
        } else if kind.is_dir() {
            tree.append(&mut self::tree(&path));
            b"folder".to_vec()
        } else if kind.is_file() {
            fs::read(&path).unwrap()
        } else {
            b"something else".to_vec()
        };
        tree.insert(path, content);
    }
    tree
}

/// Writes a file, and the folders that it lies in.
fn write(path: PathBuf, text: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn a_folder_of_somebody_else_is_refused_and_not_changed() {
    let place = Place::new();
    let notes = ["temporary/notes.txt", "checkpoint/notes.txt", "runs/part-000000.parquet", "locks/0-of-2"];
    let manifests = ["{\"name\": \"a browser extension\", \"version\": \"1.0\"}", "{}", "", "not even JSON"];
    for manifest in manifests {
        let out = place.path("out");
        write(out.join("manifest.json"), manifest);
        notes.iter().for_each(|note| write(out.join(note), "three years of work"));
        place.assert_untouched(&out, manifest);
    }
    for lock in ["", "12345\n", "critmass\n", "critmass 0.4.0 of somebody else\n"] {
        let out = place.path("out");
        write(out.join("lock"), lock);
        notes.iter().for_each(|note| write(out.join(note), "three years of work"));
        place.assert_untouched(&out, lock);
    }
    for note in ["manifest.json/notes.txt", "lock/notes.txt", ".thesis", "temporary/notes.txt"] {
        let out = place.path("out");
        write(out.join(note), "three years of work");
        place.assert_untouched(&out, note);
    }
    // The lock of another program alone, and even with a manifest of this very sweep.
    let out = place.path("out");
    write(out.join("lock"), "12345\n");
    place.assert_untouched(&out, "another program's lock");
    fs::copy(place.finished("finished").join("manifest.json"), out.join("manifest.json")).unwrap();
    place.assert_untouched(&out, "another program's lock");
}

#[test]
fn results_of_another_version_are_read_only_whatever_became_of_their_manifest() {
    let place = Place::new();
    let version = format!("\"version\": {:?}", env!("CARGO_PKG_VERSION"));
    let mark = fs::read_to_string(place.finished("finished").join("lock")).unwrap();
    let other_mark = mark.replace(env!("CARGO_PKG_VERSION"), "0.0.7");
    assert_ne!(mark, other_mark);
    // Versions without marks left the file empty.
    for lock in ["", &other_mark] {
        for damage in ["none", "cut", "altered", "gone"] {
            let out = place.finished("out");
            fs::write(out.join("lock"), lock).unwrap();
            let path = out.join("manifest.json");
            let manifest = fs::read_to_string(&path).unwrap().replace(&version, "\"version\": \"0.0.7\"");
            match damage {
                "cut" => fs::write(&path, &manifest[..manifest.len() / 2]).unwrap(),
                "altered" => fs::write(&path, manifest.replace("0.0.7", env!("CARGO_PKG_VERSION")) + "\n").unwrap(),
                "gone" => fs::remove_file(&path).unwrap(),
                _ => fs::write(&path, manifest).unwrap(),
            }
            place.assert_untouched(&out, &format!("{lock:?}, {damage}"));
            let before = tree(&out);
            for command in ["status", "summarize"] {
                let said = run(&[command, out.to_str().unwrap()]);
                assert!(!said.status.success() && said.stdout.is_empty(), "{damage}: {}", text(&said.stdout));
                let message = text(&said.stderr);
                assert!(!message.contains("critmass run"), "{damage}: {message}");
            }
            assert_eq!(tree(&out), before);
        }
    }
}

#[test]
fn links_in_the_folder_of_a_sweep_are_not_followed() {
    let place = Place::new();
    let target = place.path("target");
    for name in ["part-0-of-1-0000aaaa-x", "runs-0-of-1-0000aaaa-000000-00.parquet", "0-of-2", "shard-1"] {
        write(target.join(name), "three years of work");
    }
    let before = tree(&target);
    let of_folders = ["temporary", "checkpoint", "runs", "traces", "locks", "slurm", "damaged"].map(|name| (name, ""));
    let of_files = ["lock", "manifest.json", "SHA256SUMS", "surface.parquet"].map(|name| (name, "0-of-2"));
    for (name, file) in of_folders.into_iter().chain(of_files) {
        let out = place.finished("out");
        let _ = fs::remove_dir_all(out.join(name));
        let _ = fs::remove_file(out.join(name));
        symlink(target.join(file), out.join(name)).unwrap();
        place.assert_untouched(&out, name);
        let summary = run(&["summarize", out.to_str().unwrap()]);
        let is_written_to = ["temporary", "surface.parquet"].contains(&name);
        assert!(!is_written_to || summary.status.code() == Some(2), "{name}: {}", text(&summary.stderr));
        assert_eq!(tree(&target), before, "{name}");
        assert!(fs::symlink_metadata(out.join(name)).unwrap().is_symlink(), "{name}");
    }
    // In a new folder, too, and where the link leads nowhere.
    for name in ["lock", "manifest.json", "temporary"] {
        let out = place.path("out");
        fs::create_dir(&out).unwrap();
        symlink(target.join("nothing"), out.join(name)).unwrap();
        place.assert_untouched(&out, name);
        assert_eq!(tree(&target), before, "{name}");
    }
    // Files deeper inside.
    let out = place.finished("out");
    let out_text = out.to_str().unwrap();
    fs::create_dir(out.join("locks")).unwrap();
    symlink(target.join("0-of-2"), out.join("locks/0-of-2")).unwrap();
    symlink(target.join("0-of-2"), out.join("temporary/part-0-of-1-0000aaaa-x")).unwrap();
    let message = fail(2, &["run", &place.sweep, "--out", out_text, "--shard", "0/2"]);
    assert!(message.contains("locks/0-of-2"), "{message}");
    fs::remove_file(out.join("runs/part-000000.parquet")).unwrap();
    symlink(target.join("0-of-2"), out.join("runs/part-000000.parquet")).unwrap();
    let message = fail(2, &["run", &place.sweep, "--out", out_text]);
    assert!(message.contains("runs/part-000000.parquet"), "{message}");
    assert_eq!(tree(&target), before);
}

#[test]
fn files_that_we_did_not_make_stay_in_the_folder_of_a_sweep() {
    let place = Place::new();
    let reference = place.finished("reference");
    let out = place.path("out");
    let out_text = out.to_str().unwrap();
    for shard in ["0/2", "1/2"] {
        succeed(&["run", &place.sweep, "--out", out_text, "--shard", shard]);
    }
    let strangers = [
        "notes.txt",
        "temporary/notes.txt",
        "temporary/part-of-a-letter",
        "temporary/part-0-of-1-letter-draft",
        "checkpoint/notes.txt",
        "checkpoint/runs-of-the-week.parquet",
        "locks/notes.txt",
        "locks/1-of-many",
        "locks/1-of-3",
    ];
    strangers.iter().for_each(|name| write(out.join(name), "three years of work"));
    // What a process that was killed has left is removed.
    write(out.join("temporary/part-0-of-1-0123abcd-runs.parquet"), "half");
    write(out.join("temporary/runs-1-of-2-0123abcd-000004.parquet"), "half");
    succeed(&["run", &place.sweep, "--out", out_text]);
    for name in strangers {
        assert_eq!(fs::read(out.join(name)).unwrap(), b"three years of work", "{name}");
    }
    assert_eq!(fs::read_dir(out.join("temporary")).unwrap().count(), 3);
    assert_eq!(fs::read_dir(out.join("checkpoint")).unwrap().count(), 2);
    assert_eq!(fs::read_dir(out.join("locks")).unwrap().count(), 3);
    assert_same_results(&reference, &out);
}

#[test]
fn what_is_damaged_is_set_aside_and_not_removed() {
    let place = Place::new();
    let reference = place.finished("reference");
    let out = place.path("out");
    let out_text = out.to_str().unwrap();
    for shard in ["0/2", "1/2"] {
        succeed(&["run", &place.sweep, "--out", out_text, "--shard", shard]);
    }
    let mut changed = Vec::new();
    let mut damage = |path: PathBuf| {
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&path, &bytes).unwrap();
        changed.push(bytes);
    };
    damage(fs::read_dir(out.join("checkpoint")).unwrap().next().unwrap().unwrap().path());
    damage(out.join("manifest.json"));
    succeed(&["run", &place.sweep, "--out", out_text]);
    damage(out.join("runs/part-000000.parquet"));
    succeed(&["run", &place.sweep, "--out", out_text]);
    assert_same_results(&reference, &out);
    let kept: Vec<Vec<u8>> =
        fs::read_dir(out.join("damaged")).unwrap().map(|file| fs::read(file.unwrap().path()).unwrap()).collect();
    assert!(kept.len() == changed.len() && changed.iter().all(|bytes| kept.contains(bytes)), "{}", kept.len());
    assert!(!reference.join("damaged").exists());
}

#[test]
fn a_folder_that_is_as_good_as_empty_may_be_used() {
    let place = Place::new();
    let reference = place.finished("reference");
    for harmless in [".gitkeep", ".gitignore", ".DS_Store", "lost+found/inode"] {
        let out = place.path("out");
        write(out.join(harmless), "as it was");
        succeed(&["run", &place.sweep, "--out", out.to_str().unwrap()]);
        assert_same_results(&reference, &out);
        assert_eq!(fs::read(out.join(harmless)).unwrap(), b"as it was");
    }
}

#[test]
fn a_first_start_that_was_killed_at_any_moment_is_continued() {
    let place = Place::new();
    let reference = place.finished("reference");
    let mark = fs::read(reference.join("lock")).unwrap();
    let later = ["locks", "temporary", "checkpoint", "runs", "traces"];
    let halves = [0, 1, 9, 20, mark.len() - 1].map(|size| (size, 0));
    for (size, folders) in halves.into_iter().chain((0..=later.len()).map(|folders| (mark.len(), folders))) {
        for more in [&[][..], &["--shard", "0/1"]] {
            let out = place.path("out");
            write(out.join("lock"), &mark[..size]);
            later[..folders].iter().for_each(|folder| fs::create_dir(out.join(folder)).unwrap());
            succeed(&[&["run", &place.sweep, "--out", out.to_str().unwrap()], more].concat());
            succeed(&["run", &place.sweep, "--out", out.to_str().unwrap()]);
            assert_same_results(&reference, &out);
            assert_eq!(fs::read(out.join("lock")).unwrap(), mark);
        }
    }
    // As version 0.4.0 left it, without a mark: the manifest proves it.
    fs::write(reference.join("lock"), "").unwrap();
    let before = results(&reference);
    succeed(&["run", &place.sweep, "--out", reference.to_str().unwrap()]);
    assert_eq!(fs::read(reference.join("lock")).unwrap(), mark);
    assert_eq!(results(&reference), before);
}

/// Starts both at once, and returns how they ended and what they said.
fn together(mut commands: [Command; 2]) -> [(Option<i32>, String); 2] {
    let children = commands.each_mut().map(|command| {
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped());
        command.spawn().unwrap()
    });
    children.map(|child| {
        let output = child.wait_with_output().unwrap();
        (output.status.code(), text(&output.stderr))
    })
}

#[test]
fn of_two_sweeps_that_are_started_at_once_in_a_new_folder_one_wins_and_the_other_says_so() {
    const ROUNDS: usize = 30;
    let place = Place::new();
    let seeds = ["seed=1", "seed=2"];
    let references = seeds.map(|seed| {
        let out = place.path(seed);
        succeed(&["run", &place.sweep, "--out", out.to_str().unwrap(), "--set", seed]);
        out
    });
    for round in 0..ROUNDS {
        // In a folder that is there, and in one that is not; the whole sweep, and shards.
        let out = place.path("out");
        if round % 2 == 0 {
            fs::create_dir(&out).unwrap();
        }
        let with_shards = round % 3 == 0;
        let ended = together([0, 1].map(|index| {
            let mut command = critmass();
            command.args([
                "run",
                &place.sweep,
                "--out",
                out.to_str().unwrap(),
                "--threads",
                "1",
                "--set",
                seeds[index],
            ]);
            if with_shards {
                command.arg(format!("--shard={index}/2"));
            }
            command
        }));
        let winner = ended.iter().position(|(status, _)| *status == Some(0)).unwrap_or_else(|| panic!("{ended:?}"));
        let (status, said) = &ended[1 - winner];
        assert_eq!(*status, Some(2), "round {round}: {ended:?}");
        assert!(said.contains("another"), "{said}");
        succeed(&["run", &place.sweep, "--out", out.to_str().unwrap(), "--set", seeds[winner]]);
        assert_same_results(&references[winner], &out);
    }
    // Shards of one sweep all run.
    for _ in 0..ROUNDS / 3 {
        let out = place.path("out");
        let children: Vec<_> = (0..4)
            .map(|index| begin(&place.sweep, &out, &["--threads=1", &format!("--shard={index}/4"), "--set=seed=1"]))
            .collect();
        for child in children {
            let ended = child.wait_with_output().unwrap();
            assert!(ended.status.success(), "{}", text(&ended.stderr));
        }
        succeed(&["run", &place.sweep, "--out", out.to_str().unwrap(), "--set", "seed=1"]);
        assert_same_results(&references[0], &out);
    }
}

#[test]
fn a_submission_writes_through_no_link_and_removes_no_notes_of_others() {
    let place = Place::new();
    let (programs, submitted) = (place.path("programs"), place.path("submitted"));
    // A Slurm that notes what is submitted, and knows of no job.
    let note = format!("#!/bin/sh\n[ \"$1\" = --version ] && exit\necho \"$*\" >>'{}'\necho 7\n", submitted.display());
    for (name, script) in [("sbatch", note.as_str()), ("squeue", "#!/bin/sh\n"), ("scontrol", "#!/bin/sh\n")] {
        write(programs.join(name), script);
        assert!(Command::new("chmod").arg("+x").arg(programs.join(name)).status().unwrap().success());
    }
    let submit = |out: &Path| {
        let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
        let out = out.to_str().unwrap();
        critmass().args(["submit", &place.sweep, "--out", out, "--shards", "2"]).env("PATH", path).output().unwrap()
    };
    let target = place.path("target");
    write(target.join("shard-1"), "three years of work");
    let before = tree(&target);
    for (name, file) in [
        ("sweep.toml", "shard-1"),
        ("job.sh", "shard-1"),
        ("jobs.json", "shard-1"),
        ("jobs.json", "nothing"),
        ("tried", ""),
        ("failed", ""),
        ("logs", ""),
    ] {
        let out = place.finished("out");
        fs::create_dir(out.join("slurm")).unwrap();
        symlink(target.join(file), out.join("slurm").join(name)).unwrap();
        let ended = submit(&out);
        let said = text(&ended.stderr);
        assert!(ended.status.code() == Some(2) && said.contains(&format!("slurm/{name}")), "{name}: {said}");
        assert_eq!(tree(&target), before, "{name}");
        assert!(!submitted.exists(), "{name}: something was submitted");
    }
    let out = place.finished("out");
    write(out.join("slurm/failed/shard-1"), "error: of the last time");
    write(out.join("slurm/failed/notes.txt"), "three years of work");
    write(out.join("slurm/tried/shard-x"), "three years of work");
    let ended = submit(&out);
    assert!(ended.status.success(), "{}", text(&ended.stderr));
    assert!(out.join("slurm/failed/notes.txt").exists() && out.join("slurm/tried/shard-x").exists());
    assert!(!out.join("slurm/failed/shard-1").exists() && submitted.exists());
}

#[test]
fn pipes_and_devices_in_the_folder_are_named_and_not_read() {
    let place = Place::new();
    let pipe = |path: &Path| {
        let _ = fs::remove_file(path);
        assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    };
    let endless = |path: &Path| {
        let _ = fs::remove_file(path);
        symlink("/dev/zero", path).unwrap();
    };
    let names = [
        "manifest.json",
        "SHA256SUMS",
        "runs/part-000000.parquet",
        "checkpoint/runs-0-of-1-0123abcd-000000-0123.parquet",
        "slurm/jobs.json",
        "lock",
    ];
    for name in names {
        for plant in [&pipe as &dyn Fn(&Path), &endless] {
            let out = place.finished("out");
            let path = out.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            plant(&path);
            let out_text = out.to_str().unwrap();
            for command in [&["status", out_text][..], &["run", &place.sweep, "--out", out_text]] {
                let ended = run(command);
                // For a run a lock of another kind is that of somebody else; the jobs are none of its business.
                let may_succeed = name == "lock" || name == "slurm/jobs.json" && command[0] == "run";
                assert!(may_succeed || !ended.status.success(), "{name}: {command:?}");
                assert!(ended.status.success() || text(&ended.stderr).contains(name), "{}", text(&ended.stderr));
            }
            assert!(!fs::symlink_metadata(&path).unwrap().is_file(), "{name} is still there");
        }
    }
}

#[test]
fn names_do_not_tell_the_terminal_what_to_do() {
    let place = Place::new();
    let orders = "\u{1b}]0;title\u{7}\u{1b}[2J\u{9b}31m\r";
    let out = place.path(&format!("out{orders}"));
    let out_text = out.to_str().unwrap();
    let is_calm = |said: &[u8]| !text(said).chars().any(|c| c.is_control() && c != '\n');
    for (arguments, status) in [
        (&["run", &place.sweep, "--out", out_text][..], 0),
        (&["status", out_text], 4),
        (&["run", &place.sweep, "--out", out_text, "--set", "seed=9"], 2),
        (&["simulate", out_text, "--cell", "77", "--replicate", "0"], 2),
        (&["run", orders, "--out", out_text], 2),
        (&["status", &format!("{out_text}/nothing")], 2),
    ] {
        let said = run(arguments);
        assert_eq!(said.status.code(), Some(status), "{}", text(&said.stderr));
        assert!(is_calm(&said.stdout) && is_calm(&said.stderr), "{arguments:?}: {:?}", text(&said.stderr));
        fs::write(out.join("runs").join(orders), "").unwrap();
    }
    assert!(status_of(out_text).contains(r"\u001b]0;title\u0007"));
}
