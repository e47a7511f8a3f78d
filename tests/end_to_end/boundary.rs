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

#[test]
fn an_outcome_that_turns_twice_is_named() {
    let folder = tempfile::tempdir().unwrap();
    // Whoever crashes while nobody can log in stays away for as long as that lasts.
    let sweep = written(
        folder.path(),
        r#"
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
        "#,
    );
    let ask = ["boundary", &sweep, "--along", "shock.crash.at_h", "--from", "11", "--to", "16"];
    let text = succeed(&[&ask[..], &["--probes", "11"]].concat());
    assert!(text.contains("NOT MONOTONE") && text.contains("1 in cell 0"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let out = folder.path().join("draws.parquet");
    let more = ["--probes", "11", "--format", "json", "--out", out.to_str().unwrap()];
    let found = rows(&succeed(&[&ask[..], &more].concat()));
    assert_eq!((&found[0]["not_monotone"], &found[0]["outages_at_upper_end"]), (&1.into(), &0.into()));
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
