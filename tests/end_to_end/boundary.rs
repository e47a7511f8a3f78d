//! Where the outcome of the limit turns along a parameter.

use std::fs;

use crate::support::*;

/// The defaults, as far as the outcome takes to be known.
const DEFAULTS: &str = "name = \"defaults\"\n[scenario]\ntime.horizon_h = 16.0\n";

/// Two cells, and something that is drawn.
const UNCERTAIN: &str = r#"
name = "uncertain"
[scenario]
time.tick_s = 20.0
time.horizon_h = 16.0
[[axis]]
parameter = "overlay.supernode_ratio"
values = [0.014, 0.03]
[[axis]]
parameter = "updates.synchronization"
values = [0.35, 0.45, 0.6]
[uncertain]
login.capacity_per_s_per_million = { lognormal = { median = 150.0, sigma = 0.2 } }
[replicates]
at_least = 20
at_most = 20
[run]
engine = "mean-field"
"#;

#[test]
fn the_critical_share_of_the_defaults_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let sweep = written(folder.path(), DEFAULTS);
    let ask = ["boundary", &sweep, "--along", "updates.synchronization"];
    let text = succeed(&ask);
    assert!(text.contains("\n  outages from 0.40622") && text.contains("No draw turns twice"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let found = rows(&succeed(&[&ask[..], &["--format", "json", "--from", "0.3", "--to", "0.5"]].concat()));
    let median = found.iter().find(|row| row["outage_probability"] == 0.5).unwrap();
    let critical = median["updates.synchronization"].as_f64().unwrap();
    // As the bisection of tests/mean_field/critical.rs.
    assert!((critical - 0.40623).abs() < 1e-5, "{critical}");
    assert_eq!((&median["rises"], &median["draws"], &median["turning"]), (&true.into(), &1.into(), &1.into()));
    let above = succeed(&[&ask[..], &["--from", "0.5"]].concat());
    assert!(above.contains("an outage everywhere"), "{above}");
}

#[test]
fn the_draws_turn_where_a_grid_of_the_same_draws_does_whatever_the_threads() {
    let folder = tempfile::tempdir().unwrap();
    let (sweep, out) = (written(folder.path(), UNCERTAIN), folder.path().join("out"));
    succeed(&["run", &sweep, "--out", out.to_str().unwrap()]);
    let surface = rows(&succeed(&["summarize", out.to_str().unwrap(), "--format", "json"]));
    let ask = ["boundary", &sweep, "--along", "updates.synchronization", "--from", "0", "--to", "1"];
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let [one, two] = ["1", "2"].map(|threads| {
        let more = ["--format", "csv", "--threads", threads, "--out", &file(threads)];
        succeed(&[&ask[..], &more].concat())
    });
    assert_eq!(one, two);
    assert_eq!(fs::read(file("1")).unwrap(), fs::read(file("2")).unwrap());
    let header = "cell,overlay.supernode_ratio,outage_probability,updates.synchronization,updates.synchronization_low,";
    assert!(one.starts_with(header), "{one}");
    assert_eq!(one.lines().count(), 1 + 2 * 5);

    let sobol = ["sampling=sobol", "at_least=32", "at_most=32"].map(|set| format!("replicates.{set}"));
    let sobol = sobol.iter().flat_map(|set| ["--set", set]).collect::<Vec<_>>();
    let sobol = succeed(&[&ask[..], &sobol].concat());
    let words = sobol.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("[–, –]") && words.contains("there are no intervals"), "{sobol}");

    // The shares of the draws that have turned up to a value of the grid are its outage probabilities.
    for cell in &surface {
        let [ratio, share, probability] = ["overlay.supernode_ratio", "updates.synchronization", "outage_probability"]
            .map(|of| cell[of].as_f64().unwrap());
        let [from, to] = ["0", &share.to_string()].map(str::to_owned);
        let until = [&ask[..4], &["--from", &from, "--to", &to, "--format", "json"]].concat();
        let found = rows(&succeed(&until));
        let row = found.iter().find(|row| row["overlay.supernode_ratio"].as_f64() == Some(ratio)).unwrap();
        assert_eq!(
            (&row["draws"], &row["not_monotone"], &row["outages_at_lower_end"]),
            (&20.into(), &0.into(), &0.into())
        );
        let outages = row["turning"].as_f64().unwrap();
        assert_eq!(row["outages_at_upper_end"], row["turning"]);
        assert!((outages / 20.0 - probability).abs() < 1e-12, "{ratio} {share}: {outages} of 20, {probability}");
    }
}

/// Whoever crashes while nobody can log in stays away for as long as that lasts.
const CLOSED: &str = r#"
name = "closed"
[scenario]
time.tick_s = 20.0
time.horizon_h = 18.0
updates.patched_fraction = 0.0
login.capacity_per_s_per_million = inf
[[scenario.shock]]
name = "crash"
at_h = 12.0
client_fraction = 1.0
[[scenario.intervention]]
at_h = 13.0
login.capacity_per_s_per_million = 0.001
[[scenario.intervention]]
at_h = 15.0
login.capacity_per_s_per_million = inf
"#;

const NOT_MONOTONE: &str =
    "Not monotone: 1 of all draws turn more than once, or the other way than most; the first turn counts.";

#[test]
fn an_outcome_that_turns_twice_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let sweep = written(folder.path(), CLOSED);
    let ask = ["boundary", &sweep, "--along", "shock.crash.at_h", "--from", "11", "--to", "16"];
    let text = succeed(&[&ask[..], &["--probes", "11"]].concat());
    assert!(text.contains("NOT MONOTONE") && text.contains("1 in cell 0"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let out = folder.path().join("draws.parquet");
    let more = ["--probes", "11", "--format", "json", "--out", out.to_str().unwrap()];
    let found = rows(&succeed(&[&ask[..], &more].concat()));
    assert_eq!((&found[0]["not_monotone"], &found[0]["outages_at_upper_end"]), (&1.into(), &0.into()));
    let said = run(&[&ask[..], &["--probes", "11", "--format", "csv"]].concat());
    assert_eq!(String::from_utf8_lossy(&said.stderr), NOT_MONOTONE.to_owned() + "\n");
    // They boot for some minutes.
    let first = found[0]["shock.crash.at_h"].as_f64().unwrap();
    assert!((12.0..13.0).contains(&first), "{first}");
    let two = succeed(&[&ask[..], &["--probes", "2"]].concat());
    assert!(two.contains("no outage anywhere") && two.contains("between 2 values"), "{two}");
}

#[test]
fn the_turns_of_runs_are_where_a_grid_of_the_same_runs_has_them_as_far_as_chance_allows() {
    let folder = tempfile::tempdir().unwrap();
    let few = UNCERTAIN.replace("[scenario]", "[scenario]\npopulation.clients = 5_000").replace("mean-field", "agents");
    let (sweep, out) = (written(folder.path(), &few), folder.path().join("out"));
    succeed(&["run", &sweep, "--out", out.to_str().unwrap()]);
    let surface = rows(&succeed(&["summarize", out.to_str().unwrap(), "--format", "json"]));
    let table = folder.path().join("draws.parquet");
    let ask =
        ["boundary", &sweep, "--along", "updates.synchronization", "--from", "0", "--to", "1", "--engine", "agents"];
    let ask = [&ask[..], &["--resolution", "0.02", "--out", table.to_str().unwrap()]].concat();
    let [one, two] = ["1", "2"].map(|threads| {
        let shown = succeed(&[&ask[..], &["--format", "json", "--threads", threads]].concat());
        (shown, fs::read(&table).unwrap())
    });
    assert_eq!(one, two);
    let found = rows(&one.0);
    for row in &found {
        let audits = row["audits"].as_u64().unwrap();
        assert!((14..=20).contains(&audits), "{row}");
        // The fixed seed is one of nearly all: some runs turn again near their turn, hardly any far from it.
        assert!(row["audits_that_differ"].as_u64().unwrap() <= 2 && row["draws"] == 20, "{row}");
    }
    // As often as an outage among the same runs at a value of the grid, a run turns below it, but for those that turn again.
    for cell in &surface {
        let of = |name: &str| cell[name].as_f64().unwrap();
        let (share, probability) = (of("updates.synchronization"), of("outage_probability"));
        let levels = found.iter().filter(|row| row["overlay.supernode_ratio"] == cell["overlay.supernode_ratio"]);
        let at = levels
            .filter_map(|row| Some((row["updates.synchronization"].as_f64()?, row["outage_probability"].as_f64()?)));
        let (below, above): (Vec<_>, Vec<_>) = at.partition(|(at, _)| *at < share);
        assert!(below.iter().all(|(_, level)| *level <= probability + 0.15), "{below:?} below {share}: {cell}");
        assert!(above.iter().all(|(_, level)| *level >= probability - 0.15), "{above:?} above {share}: {cell}");
    }
    let text = succeed(&[&ask[..], &["--draws", "8"]].concat());
    assert!(text.starts_with("Where the outcome turns, run by run\n") && text.contains("audits differ"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn what_lies_in_the_folder_of_a_sweep_is_shown_as_it_was_found() {
    let folder = tempfile::tempdir().unwrap();
    let (sweep, out) = (written(folder.path(), WITH_A_LIMIT), folder.path().join("out").to_str().unwrap().to_owned());
    succeed(&["run", &sweep, "--out", &out]);
    let absent = fail(2, &["boundary", &out]);
    assert!(absent.contains("there is no boundary.parquet; it is made by critmass boundary SWEEP.toml"), "{absent}");
    let table = format!("{out}/boundary.parquet");
    let ask = ["boundary", &sweep, "--along", "updates.synchronization", "--draws", "30", "--out", &table];
    for more in [&["--format", "csv"][..], &["--format", "json", "--level", "0.29"], &[], &["--level", "0.75"]] {
        let found = succeed(&[&ask[..], more].concat());
        assert_eq!(succeed(&[&["boundary", &*out][..], more].concat()), found, "{more:?}");
    }
    let some = rows(&succeed(&["boundary", &out, "--format", "json"]));
    for percent in [5, 25, 50, 75, 95] {
        let level = f64::from(percent) / 100.0;
        let one = rows(&succeed(&["boundary", &out, "--format", "json", "--level", &level.to_string()]));
        let same: Vec<_> = some.iter().filter(|row| row["outage_probability"] == level).cloned().collect();
        assert_eq!((one.len(), &one), (2, &same));
        assert!(one.iter().all(|row| row["along"] == "updates.synchronization"), "{one:?}");
    }
    assert!(succeed(&["boundary", &out, "--level", "0.75"]).contains("\n        outages in       75 % [95 %]\n"));
    // More closely than by default is as good.
    succeed(&[&ask[..], &["--resolution", "1e-7"]].concat());
    succeed(&["boundary", &out]);
    // Of another sweep, of a part of the axis, of runs of clients, and so coarse that it is no line.
    for other in [["--set", "time.horizon_h=13.5"], ["--from", "0.3"], ["--engine", "agents"], ["--resolution", "0.1"]]
    {
        succeed(&[&ask[..], &other].concat());
        let stale = fail(2, &["boundary", &out]);
        assert!(
            stale.contains("boundary.parquet is not shown: it is not where this sweep turns along one of its axes")
        );
        assert!(stale.contains("less closely than by default. Anew: critmass boundary SWEEP.toml"), "{stale}");
    }
    let message = fail(2, &["boundary", &out, "--along", "updates.synchronization"]);
    assert!(message.contains("shown without --along"), "{message}");
    assert!(fail(2, &["boundary", &out, "--draws", "3"]).contains("--along <PARAMETER>"));
    assert!(fail(2, &["boundary", &sweep]).contains("along which parameter is not said"));
    for level in ["0", "1", "0.005", "0.305", "nan", "-0.5"] {
        assert!(fail(2, &["boundary", &out, "--level", level]).contains("whole hundredths"), "{level}");
    }
}

#[test]
fn a_page_and_a_folder_say_in_the_same_words_that_an_outcome_turns_twice() {
    let folder = tempfile::tempdir().unwrap();
    let axis =
        "[[axis]]\nparameter = \"shock.crash.at_h\"\nvalues = [11.0, 16.0]\n[replicates]\nat_least = 2\nat_most = 2\n";
    let sweep = written(
        folder.path(),
        &format!("{CLOSED}{axis}").replace("[scenario]", "[scenario]\npopulation.clients = 2_000"),
    );
    let out = folder.path().join("out").to_str().unwrap().to_owned();
    succeed(&["run", &sweep, "--out", &out]);
    let table = format!("{out}/boundary.parquet");
    succeed(&["boundary", &sweep, "--along", "shock.crash.at_h", "--probes", "11", "--out", &table]);
    let text = succeed(&["boundary", &out]);
    assert!(text.contains("NOT MONOTONE: draws that turn more than once between 11 values"), "{text}");
    let said = run(&["boundary", &out, "--format", "json"]);
    assert_eq!(String::from_utf8_lossy(&said.stderr), NOT_MONOTONE.to_owned() + "\n");
    succeed(&["report", &out]);
    assert!(fs::read_to_string(format!("{out}/report.html")).unwrap().contains(NOT_MONOTONE));
}

#[test]
fn a_level_that_lies_beyond_an_end_says_which() {
    let folder = tempfile::tempdir().unwrap();
    let sweep = written(folder.path(), UNCERTAIN);
    let ask = ["boundary", &sweep, "--along", "updates.synchronization", "--from", "0.35", "--to", "0.42"];
    let found = rows(&succeed(&[&ask[..], &["--format", "json"]].concat()));
    let of_second: Vec<_> = found.iter().filter(|row| row["cell"] == 1).collect();
    let beyond: Vec<&str> = of_second.iter().map(|row| row["beyond"].as_str().unwrap_or("between")).collect();
    assert_eq!(beyond, ["lower", "between", "upper", "upper", "upper"], "{found:?}");
    assert!(of_second.iter().all(|row| row["beyond"].is_null() != row["updates.synchronization"].is_null()));
}

#[test]
fn what_cannot_be_asked_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let sweep = written(folder.path(), UNCERTAIN);
    let refused = |along: &str, more: &[&str], why: &str| {
        let message = fail(2, &[&["boundary", &sweep, "--along", along], more].concat());
        let words = message.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(why), "{along}: {message}");
    };
    refused("overlay.slotz", &[], "there is no parameter \"overlay.slotz\"");
    refused("login.discipline", &[], "is not a number");
    refused("login.capacity_per_s_per_million", &[], "take it out of [uncertain]");
    refused("overlay.accept_per_s", &["--to", "5"], "has no bounds of its own");
    refused("overlay.accept_per_s", &["--from", "-1", "--to", "5"], "cannot be -1");
    refused("updates.synchronization", &["--from", "0.5", "--to", "0.5"], "is not below");
    refused("retry.base_s", &["--from", "1", "--to", "1000"], "with retry.base_s = 750.25, retry.cap_s: the cap");
    refused("updates.synchronization", &["--set", "nonsense=1"], "nonsense");
    refused("updates.synchronization", &["--engine", "ising"], "expected agents or mean-field");
    refused("updates.synchronization", &["--resolution", "0"], "expected a number between 0 and 1");
    let (before, after) = UNCERTAIN.split_once("[uncertain]").unwrap();
    let text = format!("{before}[design]\nkind = \"sobol\"\npoints = 2\n[uncertain]{after}");
    let sampled = written(folder.path(), &text);
    let message = fail(2, &["boundary", &sampled, "--along", "updates.synchronization"]);
    assert!(message.contains("whose cells lie on no lines"), "{message}");
    let known = written(folder.path(), DEFAULTS);
    let message = fail(2, &["boundary", &known, "--along", "updates.synchronization", "--engine", "agents"]);
    assert!(message.contains("without [uncertain]"), "{message}");
}
