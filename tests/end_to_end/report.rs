//! The page that a sweep is handed on as.

use std::fs;
use std::path::Path;

use super::support::*;

/// A sweep with two levers of numbers, one of words and one with infinity, whose text a page has to escape.
const SWEEP: &str = r#"
name = "reported"
question = "Is <b>every</b> cell & every \"axis\" written as it is?</script>"
[scenario]
population.clients = 2_000
time.horizon_h = 13.0
outage.min_duration_h = 0.2
[[axis]]
name = "remedy"
variants = [{ label = "none <i>" }, { label = "drops", login.drop_expired = true }]
[[axis]]
parameter = "overlay.healing_time_s"
values = [600.0, inf]
[[axis]]
parameter = "updates.synchronization"
values = [0.0, 0.5, 1.0]
[replicates]
at_least = 4
at_most = 4
"#;

fn page(out: &str) -> String {
    fs::read_to_string(Path::new(out).join("report.html")).unwrap()
}

#[test]
fn a_report_is_one_page_with_question_tables_and_provenance() {
    let folder = tempfile::tempdir().unwrap();
    let out = finished(folder.path(), SWEEP);
    let before = results(Path::new(&out));
    assert!(succeed(&["report", &out]).starts_with(&format!("{out}/report.html: ")));
    assert_eq!(results(Path::new(&out)), before, "a report changes no result");
    let page = page(&out);
    assert!(page.starts_with("<!DOCTYPE html>"));
    assert!(page.len() < 6_000_000, "{} bytes", page.len());
    assert!(page.contains(
        "<h1>Is &lt;b&gt;every&lt;/b&gt; cell &amp; every &quot;axis&quot; written as it is?&lt;/script&gt;</h1>"
    ));
    // A table for each remedy, with a row for each healing time and a cell for each share.
    assert_eq!(page.matches("<table class=\"surface\"").count(), 2);
    assert_eq!(page.matches(" of 4 runs\"").count(), 12);
    assert!(page.contains("remedy = none &lt;i&gt;") && page.contains("∞"));
    let status = succeed(&["status", &out]);
    assert!(status.contains("complete"), "{status}");
    // Twelve cells with four runs each, by one process, which has noted what it took.
    let (took, rest) =
        page.split_once("Processors worked ").unwrap().1.split_once(" for 48 runs, in one session.").unwrap();
    assert!(took.ends_with(" seconds") && rest.contains("killed"), "{took}");
    // Nothing is fetched: what the script element of the library says of hosts is text in it.
    for tag in ["<link", "<img", "<iframe", "<script src", "@import"] {
        let head = page.split("<script type=\"application/json\"").next().unwrap();
        assert!(!head.contains(tag), "{tag}");
    }
}

#[test]
fn the_data_of_a_page_are_those_of_the_surface() {
    let folder = tempfile::tempdir().unwrap();
    let out = finished(folder.path(), SWEEP);
    succeed(&["report", &out]);
    let page = page(&out);
    let (_, data) = page.split_once("<script type=\"application/json\" id=\"data\">").unwrap();
    let data: serde_json::Value = serde_json::from_str(data.split("</script>").next().unwrap()).unwrap();
    let surface: serde_json::Value = serde_json::from_str(&succeed(&["summarize", &out, "--format", "json"])).unwrap();
    let rows = surface.as_array().unwrap();
    assert_eq!(rows.len(), 12);
    let columns = data["columns"].as_array().unwrap();
    let checked = |name: &str, values: &serde_json::Value| {
        for (row, value) in rows.iter().zip(values.as_array().unwrap()) {
            match (row[name].as_f64(), value.as_f64()) {
                (Some(whole), Some(short)) => {
                    assert!((whole - short).abs() <= 1e-4 * whole.abs(), "{name}: {whole}, {short}")
                }
                (whole, short) => assert_eq!(whole, short, "{name}"),
            }
        }
    };
    checked("outage_probability", &columns[0]["values"]);
    checked("outage_probability_low", &columns[0]["low"]);
    checked("outage_probability_high", &columns[0]["high"]);
    assert!(columns.len() > 90 && columns.iter().filter(|column| column["low"].is_array()).count() > 70);
    for column in &columns[1..] {
        let name = format!("{}_{}", column["output"].as_str().unwrap(), column["statistic"].as_str().unwrap());
        checked(&name, &column["values"]);
        for end in ["low", "high"] {
            if column[end].is_array() {
                checked(&format!("{name}_{end}"), &column[end]);
            }
        }
    }
    let labels = |axis: usize| data["axes"][axis]["labels"].clone();
    assert_eq!(labels(0), serde_json::json!(["none <i>", "drops"]));
    assert_eq!((labels(1), labels(2)), (serde_json::json!(["600", "∞"]), serde_json::json!(["0", "0.5", "1"])));
}

#[test]
fn a_sweep_without_axes_has_a_report_and_a_damaged_one_keeps_the_old_page() {
    let folder = tempfile::tempdir().unwrap();
    let single = "name = \"one\"\n[scenario]\npopulation.clients = 2_000\ntime.horizon_h = 13.0\n[replicates]\nat_least = 3\nat_most = 3\n";
    let out = finished(folder.path(), single);
    succeed(&["report", &out]);
    let whole = page(&out);
    assert!(whole.contains("by 3 runs.") && !whole.contains("not complete"));
    fs::remove_file(Path::new(&out).join("runs/part-000000.parquet")).unwrap();
    let message = fail(1, &["report", &out]);
    assert!(message.contains("gone, although SHA256SUMS lists it"), "{message}");
    assert_eq!(page(&out), whole, "the page that was there stays");
}

#[test]
fn a_page_goes_where_it_is_wanted_and_replaces_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let out = finished(
        folder.path(),
        "name = \"one\"\n[scenario]\npopulation.clients = 2_000\ntime.horizon_h = 13.0\n[replicates]\nat_least = 3\nat_most = 3\n",
    );
    let elsewhere = folder.path().join("page.html");
    succeed(&["report", &out, "--out", elsewhere.to_str().unwrap()]);
    assert!(fs::read_to_string(&elsewhere).unwrap().starts_with("<!DOCTYPE html>"));
    assert!(!Path::new(&out).join("report.html").exists());
    let table = folder.path().join("page.parquet");
    let message = fail(2, &["report", &out, "--out", table.to_str().unwrap()]);
    assert!(message.contains(".html"), "{message}");
    // Within the folder of a sweep links are not followed.
    std::os::unix::fs::symlink(&elsewhere, Path::new(&out).join("report.html")).unwrap();
    let before = fs::read(&elsewhere).unwrap();
    let _ = run(&["report", &out]);
    assert_eq!(fs::read(&elsewhere).unwrap(), before);
    assert!(fs::symlink_metadata(&elsewhere).unwrap().is_file());
}

#[test]
fn the_runs_of_a_page_are_those_of_the_engine_of_the_sweep() {
    let folder = tempfile::tempdir().unwrap();
    let sweep = "name = \"limit\"\n[scenario]\npopulation.clients = 1_000_000_000\ntime.horizon_h = 13.0\n\
                 [run]\nengine = \"mean-field\"\n[replicates]\nat_least = 1\nat_most = 1\n";
    let out = finished(folder.path(), sweep);
    let rows: serde_json::Value = serde_json::from_str(&succeed(&["summarize", &out, "--format", "json"])).unwrap();
    succeed(&["report", &out]);
    let logins = rows[0]["logins_mean"].as_f64().unwrap().to_string();
    let digits: String = page(&out)
        .split("<th scope=\"row\">logins</th><td>")
        .nth(1)
        .unwrap()
        .chars()
        .take_while(|c| *c != '<')
        .collect();
    assert_eq!(digits.replace(',', ""), logins);
}

/// Whether a run has an outage depends on nothing but the draw of how long one has to last.
const REFINED: &str = concat!(
    everybody_crashes!("refined", 16.0),
    r#"[[axis]]
parameter = "outage.min_duration_h"
linear = { from = 0.5, to = 4.5, points = 3 }
[uncertain]
outage.min_duration_h = { factor = { uniform = { from = 0.5, to = 2.0 } } }
[refine]
level = 0.2
rounds = 3
[replicates]
at_least = 16
at_most = 30
half_width = 0.05
confidence = 0.9
"#
);

#[test]
fn a_report_of_a_refined_sweep_follows_its_level() {
    let folder = tempfile::tempdir().unwrap();
    let out = finished(folder.path(), REFINED);
    succeed(&["report", &out]);
    let page = page(&out);
    assert!(page.contains("Where it crosses 20 %") && !page.contains("one half"));
    assert!(page.contains("It is surely below 20 % in "));
    let csv = succeed(&["crossings", &out, "--format", "csv"]);
    let at: f64 = csv.lines().nth(1).unwrap().split(',').nth(3).unwrap().parse().unwrap();
    let (_, said) = page.split_once("Along outage.min_duration_h it crosses 20 % at ").unwrap();
    let said: f64 = said.split('<').next().unwrap().trim_end_matches('.').parse().unwrap();
    assert!((said - at).abs() < 1e-3, "{said}, {at}");
    assert!(page.contains("\"level\":0.2"));
    // Cells that are surely on one side stop on purpose.
    assert!(!page.contains("that was asked for"));
    assert!(page.contains("Intervals: 90 %. With"), "inputs of its own in each cell: no run shares a draw");
}

fn data_of(page: &str) -> serde_json::Value {
    let (_, data) = page.split_once("<script type=\"application/json\" id=\"data\">").unwrap();
    serde_json::from_str(data.split("</script>").next().unwrap()).unwrap()
}

#[test]
fn a_boundary_in_the_folder_is_shown_and_one_of_another_sweep_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let out = finished(folder.path(), WITH_A_LIMIT);
    let sweep = folder.path().join("limited.toml");
    fs::write(&sweep, WITH_A_LIMIT).unwrap();
    succeed(&["report", &out]);
    assert!(data_of(&page(&out))["boundary"].is_null() && !page(&out).contains("In the limit of ever more clients"));
    let table = format!("{out}/boundary.parquet");
    let mut ask = vec!["boundary", sweep.to_str().unwrap(), "--along", "updates.synchronization", "--out", &table];
    ask.extend(["--format", "json"]);
    let levels: serde_json::Value = serde_json::from_str(&succeed(&ask)).unwrap();
    succeed(&["report", &out]);
    let page_with = page(&out);
    let boundary = data_of(&page_with)["boundary"].clone();
    assert_eq!((&boundary["axis"], &boundary["level"]), (&1.into(), &0.5.into()));
    let halves: Vec<_> = levels.as_array().unwrap().iter().filter(|row| row["outage_probability"] == 0.5).collect();
    let lines = boundary["lines"].as_array().unwrap();
    assert_eq!((lines.len(), halves.len()), (2, 2));
    for (index, (line, row)) in lines.iter().zip(halves).enumerate() {
        assert_eq!(line["points"], serde_json::json!([index]));
        for (shown, name) in [("at", ""), ("low", "_low"), ("high", "_high")] {
            assert_eq!(line[shown], row[format!("updates.synchronization{name}")], "{index} {shown}");
        }
    }
    assert!(lines.iter().any(|line| !line["at"].is_null()), "{boundary}");
    assert!(page_with.contains("In the limit of ever more clients") && page_with.contains("over 8 draws"));
    assert!(succeed(&["status", &out]).contains("complete"));
    // Of another sweep, and of a part of the axis.
    for other in [["--set", "time.horizon_h=13.5"], ["--from", "0.3"]] {
        succeed(&[&ask[..], &other].concat());
        succeed(&["report", &out]);
        let stale = page(&out);
        assert!(data_of(&stale)["boundary"].is_null() && stale.contains("boundary.parquet is not shown"), "{other:?}");
    }
}
