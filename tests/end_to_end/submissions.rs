//! `submit` against a Slurm of shell scripts, which does what a real one seldom does: it answers late, in other words, or
//! not at all.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value as Json;

use crate::support::*;

/// Lines of the queue: number, name. What a script is to do stands in a file beside them.
const SBATCH: &str = r#"[ "$1" = --version ] && { echo 'slurm 22.05'; exit; }
for word; do case $word in --job-name=*) name=${word#*=};; esac; done
mode=$(cat "$0.mode" 2>/dev/null); rm -f "$0.mode"
[ "$mode" = refuses ] && { echo 'sbatch: error: invalid partition specified: x' >&2; exit 1; }
number=$(($(cat "$0.number" 2>/dev/null || echo 100) + 1)); echo $number >"$0.number"
echo "$number $name" >>"$0.queue"
case $mode in
slow) exec sleep 100 ;;
fails) echo 'sbatch: error: Batch job submission failed: Socket timed out on send/recv operation' >&2; exit 1 ;;
banner) echo "*** 3 jobs; be kind ***"; echo; echo $number; echo 'Your balance: 5' ;;
words) echo "Submitted batch job $number" ;;
cluster) echo "$number;two" ;;
*) echo $number ;;
esac"#;
const SQUEUE: &str = r#"echo "squeue $*" >>"$(dirname "$0")/asked"
[ -e "$0.fails" ] && { echo 'slurm_load_jobs error: Unable to contact slurm controller' >&2; exit 1; }
for word; do case $word in --name=*) name=${word#*=};; esac; done
echo 'CLUSTER: two'
while read -r number of; do
  if [ -n "$name" ]; then [ "$of" = "$name" ] && echo "$number|PENDING"; else echo "$number|PENDING|None"; fi
done <"$(dirname "$0")/sbatch.queue"
exit 0"#;
const SCANCEL: &str = r#"echo "scancel $*" >>"$(dirname "$0")/asked"
[ -e "$0.fails" ] && exit 1
for word; do case $word in --name=*) sed -i "/ ${word#*=}$/d" "$(dirname "$0")/sbatch.queue";; esac; done"#;
const OTHER: &str = r#"echo "$(basename "$0") $*" >>"$(dirname "$0")/asked"; exit 1"#;

struct Cluster {
    folder: tempfile::TempDir,
}

impl Cluster {
    fn new() -> Cluster {
        let cluster = Cluster { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(cluster.at("bin")).unwrap();
        let scripts =
            [("sbatch", SBATCH), ("squeue", SQUEUE), ("scancel", SCANCEL), ("scontrol", OTHER), ("sacct", OTHER)];
        for (name, script) in scripts {
            let path = cluster.at("bin").join(name);
            fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        for file in ["sbatch.queue", "asked"] {
            fs::write(cluster.at("bin").join(file), "").unwrap();
        }
        cluster
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What a script is to do.
    fn set(&self, name: &str, content: &str) {
        fs::write(self.at("bin").join(name), content).unwrap();
    }

    fn unset(&self, name: &str) {
        fs::remove_file(self.at("bin").join(name)).unwrap();
    }

    fn queue(&self) -> Vec<String> {
        fs::read_to_string(self.at("bin/sbatch.queue")).unwrap().lines().map(str::to_owned).collect()
    }

    fn asked(&self) -> String {
        fs::read_to_string(self.at("bin/asked")).unwrap()
    }

    fn call(&self, program: &str, arguments: &[&str]) -> Output {
        let path = format!("{}:{}", self.at("bin").display(), std::env::var("PATH").unwrap());
        let mut command = Command::new(program);
        command.current_dir(env!("CARGO_MANIFEST_DIR")).env("PATH", path).args(arguments).output().unwrap()
    }

    fn submit(&self, out: &str, more: &[&str]) -> (Option<i32>, String) {
        let mut arguments = vec!["submit", "sweeps/smoke.toml", "--out", out, "--shards", "2", "--"];
        arguments.extend(["--time=5", "--mem=500"].iter().chain(more));
        let ended = self.call(env!("CARGO_BIN_EXE_critmass"), &arguments);
        (ended.status.code(), text(&ended.stderr).split_whitespace().collect::<Vec<_>>().join(" "))
    }

    fn note(&self, out: &str) -> Json {
        serde_json::from_slice(&fs::read(self.at(out).join("slurm/jobs.json")).unwrap()).unwrap()
    }
}

#[test]
fn a_job_that_slurm_takes_without_an_answer_is_found_and_not_submitted_twice() {
    // Too late, with an error of the network, and in words that hold no number for programs.
    for mode in ["fails", "words", "slow"] {
        let cluster = Cluster::new();
        let out = cluster.at("out");
        let out_text = out.to_str().unwrap();
        cluster.set("sbatch.mode", mode);
        let (status, said) = cluster.submit(out_text, &[]);
        assert_eq!(status, Some(0), "{mode}: {said}");
        let (note, queue) = (cluster.note("out"), cluster.queue());
        let name = note["name"].as_str().unwrap();
        assert_eq!(queue, [format!("101 {name}"), format!("102 {name}")], "{mode}");
        assert_eq!((&note["arrays"][0]["job"], &note["summary"]), (&Json::from("101"), &Json::from("102")), "{mode}");
        let (status, said) = cluster.submit(out_text, &[]);
        assert!(status == Some(2) && said.contains("have not ended"), "{mode}: {said}");
        assert_eq!(cluster.queue(), queue, "{mode}");
    }
}

#[test]
fn what_is_not_known_is_said_and_kept_and_asked_again_before_anything_is_submitted() {
    let cluster = Cluster::new();
    let out = cluster.at("out");
    let out_text = out.to_str().unwrap();
    cluster.set("sbatch.mode", "fails");
    cluster.set("squeue.fails", "");
    cluster.set("scancel.fails", "");
    let (status, said) = cluster.submit(out_text, &[]);
    assert_eq!(status, Some(1), "{said}");
    let (note, queue) = (cluster.note("out"), cluster.queue());
    let name = note["name"].as_str().unwrap();
    let look = format!("squeue --name={name}");
    assert!(said.contains("not known") && said.contains(&look) && said.contains("scancel --name="), "{said}");
    assert_eq!((queue.len(), &note["summary"]), (1, &Json::Null));
    let shown = text(&cluster.call(env!("CARGO_BIN_EXE_critmass"), &["status", out_text]).stdout);
    assert!(shown.contains("not known") && shown.contains(&look), "{shown}");

    // Slurm still does not tell.
    let (status, said) = cluster.submit(out_text, &[]);
    assert!(status == Some(1) && said.contains("nothing is submitted") && said.contains(&look), "{said}");
    assert_eq!((cluster.queue(), cluster.note("out")), (queue.clone(), note.clone()));
    // It tells that the job is there.
    cluster.unset("squeue.fails");
    let (status, said) = cluster.submit(out_text, &[]);
    assert!(status == Some(2) && said.contains(&format!("scancel --name={name}")), "{said}");
    assert_eq!((cluster.queue(), cluster.note("out")), (queue, note));
    // The accounting was asked as well.
    assert!(cluster.asked().contains("sacct "), "{}", cluster.asked());
    // It has ended.
    cluster.set("sbatch.queue", "");
    let (status, said) = cluster.submit(out_text, &[]);
    assert_eq!((status, cluster.queue().len()), (Some(0), 2), "{said}");
    assert!(!cluster.queue()[0].ends_with(&look), "each submission has a name of its own");
}

#[test]
fn words_of_a_site_around_the_answer_do_not_matter_and_the_cluster_is_asked_that_has_the_jobs() {
    let cluster = Cluster::new();
    let out = cluster.at("banner");
    cluster.set("sbatch.mode", "banner");
    let (status, said) = cluster.submit(out.to_str().unwrap(), &[]);
    assert_eq!((status, cluster.note("banner")["arrays"][0]["job"].as_str()), (Some(0), Some("101")), "{said}");

    for (out, mode, more) in
        [("told", "cluster", &[][..]), ("given", "", &["--clusters=two"]), ("short", "", &["-M", "two"])]
    {
        cluster.set("asked", "");
        cluster.set("sbatch.mode", mode);
        let out_text = cluster.at(out).to_str().unwrap().to_owned();
        let (status, said) = cluster.submit(&out_text, more);
        assert_eq!((status, cluster.note(out)["cluster"].as_str()), (Some(0), Some("two")), "{said}");
        cluster.call(env!("CARGO_BIN_EXE_critmass"), &["status", &out_text]);
        let (status, said) = cluster.submit(&out_text, more);
        assert!(status == Some(2) && said.contains("scancel --clusters=two --name="), "{said}");
        let asked = cluster.asked();
        assert!(asked.lines().filter(|line| line.starts_with("squeue")).count() >= 2, "{asked}");
        let elsewhere = asked.lines().find(|line| line.starts_with("squeue") && !line.contains("--clusters=two"));
        assert_eq!(elsewhere, None, "{out}");
    }
    let out = cluster.at("two");
    let (status, said) = cluster.submit(out.to_str().unwrap(), &["--clusters=one,two"]);
    assert!(status == Some(2) && said.contains("give one cluster") && !out.exists(), "{said}");
}

#[test]
fn of_a_submission_that_slurm_refuses_nothing_is_left() {
    let cluster = Cluster::new();
    let at = |name: &str| cluster.at(name).to_str().unwrap().to_owned();
    cluster.set("sbatch.mode", "refuses");
    let (status, said) = cluster.submit(&at("out"), &[]);
    assert!(status == Some(1) && said.contains("invalid partition"), "{said}");
    assert!(!cluster.at("out").exists() && cluster.queue().is_empty());
    // The array was taken, and the summary is refused.
    let second = SBATCH.replace("[ \"$mode\" = refuses ]", "[ -s \"$0.queue\" ]");
    cluster.set("sbatch", &format!("#!/bin/sh\n{second}\n"));
    let (status, said) = cluster.submit(&at("out"), &[]);
    assert!(status == Some(1) && said.contains("invalid partition"), "{said}");
    assert!(!cluster.at("out").exists() && cluster.queue().is_empty(), "{:?}", cluster.queue());
    // What was there stays there.
    succeed(&["run", "sweeps/smoke.toml", "--out", &at("there"), "--shard", "0/2"]);
    cluster.set("sbatch", &format!("#!/bin/sh\n{SBATCH}\n"));
    cluster.set("sbatch.mode", "refuses");
    assert_eq!(cluster.submit(&at("there"), &[]).0, Some(1));
    assert!(status_of(&at("there")).contains("3 of 6 complete"));
    // So does the note of jobs that have ended.
    assert_eq!(cluster.submit(&at("there"), &[]).0, Some(0));
    let before = cluster.note(&at("there"));
    cluster.set("sbatch.queue", "");
    cluster.set("sbatch.mode", "refuses");
    assert_eq!(cluster.submit(&at("there"), &[]).0, Some(1));
    assert_eq!(cluster.note(&at("there")), before);
}

#[test]
fn names_and_paths_neither_change_nor_execute_anything_and_the_jobs_run_a_copy_of_the_program() {
    let cluster = Cluster::new();
    let reference = cluster.at("reference");
    succeed(&["run", "sweeps/smoke.toml", "--out", reference.to_str().unwrap()]);
    let out = cluster.at("it's \"$(touch pwned)\" `touch pwned` @SHARDS@ @FOLDER@ 100 %j; touch pwned");
    let out_text = out.to_str().unwrap();
    let program = cluster.at("critmass");
    fs::copy(env!("CARGO_BIN_EXE_critmass"), &program).unwrap();
    let arguments = ["submit", "sweeps/smoke.toml", "--out", out_text, "--shards", "2", "--", "--time=5", "--mem=500"];
    let ended = cluster.call(program.to_str().unwrap(), &arguments);
    assert!(ended.status.success(), "{}", text(&ended.stderr));
    let note: Json = serde_json::from_slice(&fs::read(out.join("slurm/jobs.json")).unwrap()).unwrap();
    let hash = &note["program"].as_str().unwrap()[..12];
    assert!(text(&ended.stderr).contains(hash), "{}", text(&ended.stderr));

    // Another build takes the place of the program, and submits again: what was begun goes on with the old one.
    cluster.set("sbatch.queue", "");
    fs::OpenOptions::new().append(true).open(&program).unwrap().write_all(b"another").unwrap();
    let copied = fs::read(out.join("slurm/critmass")).unwrap();
    let ended = cluster.call(program.to_str().unwrap(), &arguments);
    assert!(ended.status.success() && text(&ended.stderr).contains("earlier"), "{}", text(&ended.stderr));
    assert!(
        fs::read(out.join("slurm/critmass")).unwrap() == copied
            && copied == fs::read(env!("CARGO_BIN_EXE_critmass")).unwrap()
    );
    fs::remove_file(&program).unwrap();

    for job in [&["shards", "0"][..], &["shards", "1"], &["summary"]] {
        let mut command = Command::new("bash");
        command.arg(out.join("slurm/job.sh")).args(job).current_dir(cluster.folder.path());
        command.envs([("SLURM_ARRAY_JOB_ID", "7"), ("SLURM_JOB_ID", "7")]);
        // The array has one task a shard, and the script is told the first one.
        command.env("SLURM_ARRAY_TASK_ID", "0");
        let ended = command.output().unwrap();
        assert!(ended.status.success(), "{job:?}: {}", text(&ended.stderr));
    }
    assert_same_results(&reference, &out);
    assert!(!cluster.at("pwned").exists() && !PathBuf::from("pwned").exists());
}

#[test]
fn time_and_memory_are_proposed_only_where_the_user_gives_none() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let shown = |given: &[&str], variable: &str| {
        let mut command = critmass();
        command.args([
            "submit",
            "sweeps/smoke.toml",
            "--out",
            out.to_str().unwrap(),
            "--shards",
            "2",
            "--dry-run",
            "--",
        ]);
        let ended = command.args(given).env(variable, "7").output().unwrap();
        assert!(ended.status.success(), "{}", text(&ended.stderr));
        let commands: String = text(&ended.stdout).lines().filter(|line| line.starts_with("sbatch ")).collect();
        (commands.contains("--time="), commands.contains("--mem="), text(&ended.stderr))
    };
    for (given, variable, time, memory) in [
        (&[][..], "UNRELATED", true, true),
        (&["-t5"], "UNRELATED", false, true),
        (&["-t", "5", "--mem-per-cpu=500M"], "UNRELATED", false, false),
        (&["--mem-per-gpu", "500M"], "SBATCH_TIMELIMIT", false, false),
        (&[], "SBATCH_MEM_PER_NODE", true, false),
    ] {
        let (has_time, has_memory, said) = shown(given, variable);
        assert_eq!((has_time, has_memory), (time, memory), "{given:?} {variable}");
        assert_eq!((said.contains("--time="), said.contains("--mem=")), (time, memory), "{said}");
    }
}
