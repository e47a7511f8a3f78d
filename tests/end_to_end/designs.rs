//! Sweeps whose cells are no grid: the same whoever runs which part of them, shown as what they are, and extended.

use std::fs;

use crate::support::*;

/// Whether a run has an outage depends on the length of its spell, and that on the draw of the hour of the shock.
fn sweep(design: &str) -> String {
    format!(
        "name = \"spread\"\n[scenario]\npopulation.clients = 300\ntime.horizon_h = 16.0\n\
         login.capacity_per_s_per_million = 0.001\n\
         [[scenario.shock]]\nat_h = 12.5\nclient_fraction = 1.0\nsupernode_fraction = 1.0\n{design}\
         [uncertain]\noutage.min_duration_h = {{ factor = {{ uniform = {{ from = 0.5, to = 2.0 }} }} }}\n\
         [replicates]\nat_most = 32\nsampling = \"sobol\"\n"
    )
}

const AXES: &str = "[[axis]]\nparameter = \"outage.min_duration_h\"\nlinear = { from = 0.5, to = 4.5 }\n\
                    [[axis]]\nname = \"server\"\nvariants = [{ label = \"as it was\" }, { label = \"drops\", \
                    login.drop_expired = true }]\n";

fn sobol(points: u32) -> String {
    sweep(&format!("[design]\nkind = \"sobol\"\npoints = {points}\n{AXES}"))
}

#[test]
fn a_design_is_the_same_by_threads_and_shards_and_is_shown_as_a_list() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let file = path("sweep.toml");
    fs::write(&file, sobol(8)).unwrap();
    let shown = succeed(&["run", &file, "--out", &path("one"), "--threads", "1"]);
    assert!(shown.contains("8 of 8 cells, 256 runs") && shown.contains("by outage.min_duration_h, server"), "{shown}");
    for shard in ["0/3", "1/3", "2/3"] {
        succeed(&["run", &file, "--out", &path("shards"), "--shard", shard]);
    }
    succeed(&["run", &file, "--out", &path("shards"), "--threads", "3"]);
    assert_same_results(&folder.path().join("one"), &folder.path().join("shards"));
    succeed(&["status", &path("one")]);
    let refused = run(&["crossings", &path("one")]);
    let message = text(&refused.stderr);
    assert!(refused.status.code() == Some(2) && message.contains("the design sobol are no grid"), "{message}");
    succeed(&["report", &path("one")]);
    let page = fs::read_to_string(folder.path().join("one/report.html")).unwrap();
    assert!(page.contains("\"grid\":false") && page.matches("<td class=\"p").count() == 8);
    // A cell may be named by what the axes say of it, and is the run that was made.
    let csv = succeed(&["summarize", &path("one"), "--format", "csv"]);
    let row: Vec<&str> = csv.lines().nth(4).unwrap().split(',').collect();
    let (duration, server) = (row[1], row[2]);
    let cell = format!("outage.min_duration_h={duration},server={server}");
    let [by_name, by_number] =
        [cell.as_str(), "3"].map(|cell| succeed(&["simulate", &path("one"), "--cell", cell, "--replicate", "5"]));
    assert_eq!(by_name, by_number);
}

#[test]
fn more_sobol_points_keep_the_runs_that_there_are_and_a_latin_hypercube_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let write = |name: &str, text: &str| {
        fs::write(path(name), text).unwrap();
        path(name)
    };
    let (few, many) = (write("few.toml", &sobol(4)), write("many.toml", &sobol(8)));
    succeed(&["run", &few, "--out", &path("grown")]);
    let grown = run(&["run", &many, "--out", &path("grown")]);
    assert!(grown.status.success() && text(&grown.stderr).contains("128 runs"), "{}", text(&grown.stderr));
    succeed(&["run", &many, "--out", &path("afresh")]);
    assert_same_results(&folder.path().join("grown"), &folder.path().join("afresh"));
    let hypercube = |points: &str| {
        let few = sobol(4).replace("kind = \"sobol\"", "kind = \"latin-hypercube\"");
        few.replace("points = 4", points)
    };
    let (few, many) = (write("few.toml", &hypercube("points = 4")), write("many.toml", &hypercube("points = 8")));
    succeed(&["run", &few, "--out", &path("hypercube")]);
    let refused = run(&["run", &many, "--out", &path("hypercube")]);
    assert!(!refused.status.success(), "{}", text(&refused.stderr));
}

#[test]
fn points_of_a_file_are_run_and_the_folder_needs_the_file_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("points.csv"), "outage.min_duration_h,login.drop_expired\n0.6,true\n4.4,false\n2.0,true\n").unwrap();
    let file = path("sweep.toml");
    fs::write(&file, sweep("[design]\nkind = \"points\"\nfile = \"points.csv\"\n")).unwrap();
    succeed(&["run", &file, "--out", &path("out")]);
    fs::remove_file(path("points.csv")).unwrap();
    let csv = succeed(&["summarize", &path("out"), "--format", "csv"]);
    let rows: Vec<Vec<&str>> = csv.lines().skip(1).map(|line| line.split(',').take(3).collect()).collect();
    assert_eq!(rows, [["0", "0.6", "true"], ["1", "4.4", "false"], ["2", "2.0", "true"]]);
    succeed(&["simulate", &path("out"), "--cell", "2", "--replicate", "31"]);
}
