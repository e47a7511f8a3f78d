//! Outage probabilities from few runs, made where the limit is in doubt.

use std::fs;
use std::path::Path;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, UInt32Type};
use critmass::Sweep;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::support::*;

/// A line of five cells. Chance is that of few clients, by an engine that is quick.
const LINE: &str = r#"
name = "line"
seed = 3
[scenario]
population.clients = 20_000
time.tick_s = 20.0
time.horizon_h = 15.0
[[axis]]
parameter = "updates.synchronization"
linear = { from = 0.1, to = 0.9, points = 5 }
[uncertain]
login.capacity_per_s_per_million = { lognormal = { median = 150.0, sigma = 0.2 } }
[replicates]
at_least = 80
at_most = 80
[run]
engine = "mean-field"
noise = true
"#;

fn table_of(file: &Path) -> RecordBatch {
    let reader = ParquetRecordBatchReaderBuilder::try_new(fs::File::open(file).unwrap()).unwrap().build().unwrap();
    reader.map(Result::unwrap).next().unwrap()
}

fn numbers_of(table: &RecordBatch, name: &str) -> Vec<f64> {
    let column = table.column_by_name(name).unwrap();
    match column.as_primitive_opt::<UInt32Type>() {
        Some(numbers) => numbers.values().iter().map(|&number| f64::from(number)).collect(),
        None => column.as_primitive::<Float64Type>().values().to_vec(),
    }
}

#[test]
fn a_quarter_of_the_runs_says_what_all_of_them_do_whatever_the_threads() {
    let folder = tempfile::tempdir().unwrap();
    let (sweep, out) = (written(folder.path(), LINE), folder.path().join("out"));
    succeed(&["run", &sweep, "--out", out.to_str().unwrap()]);
    let all = rows(&succeed(&["summarize", out.to_str().unwrap(), "--format", "json"]));
    let ask = ["estimate", &sweep, "--along", "updates.synchronization", "--runs", "20"];
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let [one, two] = ["1", "2"].map(|threads| {
        let more = ["--format", "json", "--threads", threads, "--out", &file(threads)];
        succeed(&[&ask[..], &more].concat())
    });
    assert_eq!(one, two);
    assert_eq!(fs::read(file("1")).unwrap(), fs::read(file("2")).unwrap());
    let few = rows(&one);
    assert_eq!(few.len(), all.len());
    let mut runs = 0.0;
    for (few, all) in few.iter().zip(&all) {
        let number = |row: &serde_json::Value, name: &str| row[name].as_f64().unwrap();
        assert_eq!(few["updates.synchronization"], all["updates.synchronization"]);
        // The same draws and seeds, of which some were run: the fixed seed is one of nearly all.
        let off = number(few, "outage_probability") - number(all, "outage_probability");
        assert!(off.abs() < 0.12, "{few} beside {all}");
        assert!(number(few, "outage_probability_low") <= number(all, "outage_probability"), "{few} beside {all}");
        assert!(number(few, "outage_probability_high") >= number(all, "outage_probability"), "{few} beside {all}");
        runs += number(few, "runs");
    }
    assert!((60.0..140.0).contains(&runs), "{runs} of 100 that were asked for");
    let text = succeed(&[&ask[..4], &["--runs", "4", "--draws", "16"]].concat());
    assert!(text.contains("no plain sample") && text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn the_runs_have_weights_with_which_they_count_for_all_draws() {
    let folder = tempfile::tempdir().unwrap();
    let sweep = written(folder.path(), LINE);
    let out = folder.path().join("runs.parquet");
    let ask =
        ["estimate", &sweep, "--along", "updates.synchronization", "--runs", "20", "--out", out.to_str().unwrap()];
    succeed(&ask);
    let runs = table_of(&out);
    let column = |name: &str| numbers_of(&runs, name);
    let (weights, margins) = (column("weight"), column("margin"));
    assert!(weights.iter().all(|&weight| weight >= 1.0));
    // Those in doubt weigh less than those that are sure, and all together weigh about as much as there are draws.
    let mean = |is_near: bool| {
        let of = weights
            .iter()
            .zip(&margins)
            .filter(|(_, margin)| (margin.abs() < 0.05) == is_near)
            .map(|(weight, _)| *weight);
        let of: Vec<f64> = of.collect();
        of.iter().sum::<f64>() / of.len() as f64
    };
    assert!(mean(true) < 2.5 && mean(false) > 4.0, "{} {}", mean(true), mean(false));
    // The sum has a standard deviation of some 45.
    assert!((weights.iter().sum::<f64>() - 400.0).abs() < 270.0);
    let read: Sweep = LINE.parse().unwrap();
    let first = read.realization(numbers_of(&runs, "cell")[0] as u32, numbers_of(&runs, "replicate")[0] as u32);
    assert_eq!(column("login.capacity_per_s_per_million")[0], first.drawn[0]);
}

#[test]
fn a_crossing_is_told_with_an_interval_whatever_the_threads_and_a_line_without_one_says_so() {
    let folder = tempfile::tempdir().unwrap();
    // A second line, with so many super nodes and so large a server that it hardly ever goes down.
    let calm = "[[axis]]\nparameter = \"login.capacity_per_s_per_million\"\nvalues = [150.0, 1000.0]\n\
                [uncertain]\nupdates.patched_fraction = { beta = { mean = 0.6, sd = 0.1 } }\n";
    let inputs = LINE.split_once("[uncertain]").unwrap().1.split_once("[replicates]").unwrap();
    let lines = LINE.replace(&format!("[uncertain]{}", inputs.0), calm);
    let sweep = written(folder.path(), &lines);
    let out = folder.path().join("out");
    succeed(&["run", &sweep, "--out", out.to_str().unwrap()]);
    let all = succeed(&["crossings", out.to_str().unwrap(), "--format", "json"]);
    let all: serde_json::Value = serde_json::from_str(&all).unwrap();
    let axes = all["axes"].as_array().unwrap();
    let along = axes.iter().find(|axis| axis["along"] == "updates.synchronization").unwrap();
    let ask = ["estimate", &sweep, "--along", "updates.synchronization", "--level", "0.5", "--runs", "20"];
    let [one, two] =
        ["1", "2"].map(|threads| succeed(&[&ask[..], &["--format", "json", "--threads", threads]].concat()));
    assert_eq!(one, two);
    let found = rows(&one);
    assert_eq!(found.len(), 2, "{one}");
    let number = |row: &serde_json::Value, name: &str| row[name].as_f64().unwrap();
    let (crosses, calm) = (&found[0], &found[1]);
    assert_eq!((number(crosses, "level"), &crosses["direction"]), (0.5, &"rises".into()));
    let of_all = number(&along["lines"][0]["crossings"][0], "crossing");
    assert!(number(crosses, "low") <= of_all && of_all <= number(crosses, "high"), "{crosses} beside {of_all}");
    assert!((number(crosses, "crossing") - of_all).abs() < 0.05, "{crosses} beside {of_all}");
    assert!((60.0..140.0).contains(&number(crosses, "runs")), "{crosses}");
    for name in ["direction", "crossing", "low", "high"] {
        assert!(calm[name].is_null() && along["lines"][1]["crossings"].as_array().unwrap().is_empty(), "{calm}");
    }
    assert_eq!(number(calm, "login.capacity_per_s_per_million"), 1000.0);
    let text = succeed(&ask);
    assert!(text.contains("rises through it at") && text.contains("none"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let csv = succeed(&[&ask[..], &["--format", "csv"]].concat());
    assert!(csv.starts_with("cell,login.capacity_per_s_per_million,level,direction,crossing,low,high,surely,runs\n"));
    for level in ["0", "1", "0.0009", "0.9991", "1e-7", "-0.5", "nan"] {
        let message = fail(2, &[&ask[..4], &["--level", level]].concat());
        assert!(message.contains("expected a number, 0.001 … 0.999"), "{level}: {message}");
    }
}

#[test]
fn what_cannot_be_estimated_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let sweep = written(folder.path(), LINE);
    let refused = |along: &str, more: &[&str], why: &str| {
        let message = fail(2, &[&["estimate", &sweep, "--along", along], more].concat());
        let words = message.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(why), "{along}: {message}");
    };
    refused("overlay.slots", &[], "is no axis of numbers of this sweep; its axes are updates.synchronization");
    refused("updates.synchronization", &["--set", "run.noise=false"], "whose runs are the limit itself");
    refused("updates.synchronization", &["--draws", "1000000"], "expected at most 4000000");
    let known = LINE.split("[uncertain]").next().unwrap().to_owned() + "[run]\nengine = \"agents\"\n";
    let known = written(folder.path(), &known);
    let message = fail(2, &["estimate", &known, "--along", "updates.synchronization"]);
    assert!(message.contains("without [uncertain]"), "{message}");
}
