//! Outages that hardly ever happen.

use std::fs;

use crate::support::*;

/// Two cells of a small network whose login server can mostly take what comes.
const SWEEP: &str = r#"
name = "rare"
seed = 2007
[scenario]
population.clients = 1_000
time.horizon_h = 13.5
time.tick_s = 20.0
overlay.supernode_ratio = 0.08
[[axis]]
parameter = "updates.synchronization"
values = [0.1, 0.5]
[uncertain]
updates.patched_fraction = { beta = { mean = 0.6, sd = 0.1 } }
login.capacity_per_s_per_million = { lognormal = { median = 400.0, sigma = 0.2 } }
updates.burst_width_s = { factor = { lognormal = { median = 1.0, sigma = 0.4 } } }
[replicates]
at_least = 1000
at_most = 1000
[rare]
level = 1e-2
relative_error = 0.5
at_most = 4000
"#;

#[test]
fn a_rare_probability_is_told_with_its_interval_and_where_the_outages_are() {
    let folder = tempfile::tempdir().unwrap();
    let sweep = written(folder.path(), SWEEP);
    let file = folder.path().join("rare.parquet");
    let ask = ["rare", &sweep, "--cell", "updates.synchronization=0.5", "--out", file.to_str().unwrap()];
    let json = succeed(&[&ask[..], &["--format", "json"]].concat());
    let [row] = &rows(&json)[..] else { panic!("{json}") };
    let number = |name: &str| row[name].as_f64().unwrap_or_else(|| panic!("{name}: {json}"));
    assert!(row["cell"] == 1 && row["converged"] == true && row["doubts"].is_null(), "{json}");
    let [low, probability, high] = ["_low", "", "_high"].map(|end| number(&format!("outage_probability{end}")));
    assert!(low < probability && probability < high && number("runs") <= 4000.0, "{json}");
    // Outages are where the login server can take less than it mostly does, and more clients are patched.
    assert!(number("login.capacity_per_s_per_million") < 400.0 && number("updates.patched_fraction") > 0.6, "{json}");
    // Plain runs say the same, within 5 standard errors of both: a false-alarm rate below 10⁻⁶.
    let out = folder.path().join("out");
    succeed(&["run", &sweep, "--out", out.to_str().unwrap()]);
    let surface = rows(&succeed(&["summarize", out.to_str().unwrap(), "--format", "json"]));
    let plain = surface[1]["outage_probability"].as_f64().unwrap();
    let error = (probability * (1.0 - probability) / 1000.0).sqrt() + number("relative_error") * probability;
    assert!((plain - probability).abs() < 5.0 * error, "{plain} {probability} ± {error}");
    // The same for people, out of the file.
    let text = succeed(&ask);
    assert!(text.contains("Rare outages, by importance sampling") && text.contains("outages around"), "{text}");
    assert!(text.contains("All have converged") && text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn cells_that_are_in_the_file_are_not_looked_at_again_and_what_has_not_converged_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let sweep = written(folder.path(), SWEEP);
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (parts, whole) = (file("parts.parquet"), file("whole.parquet"));
    succeed(&["rare", &sweep, "--cell", "1", "--out", &parts]);
    let second = run(&["rare", &sweep, "--out", &parts, "--threads", "1"]);
    let said = text(&second.stderr);
    assert!(said.contains("cell 1: in the file already") && said.contains("cell 0: "), "{said}");
    let told = succeed(&["rare", &sweep, "--out", &whole, "--threads", "2"]);
    assert_eq!(text(&second.stdout), told);
    assert_eq!(fs::read(&parts).unwrap(), fs::read(&whole).unwrap());
    // Three outages in a thousand plain runs of the first cell would be many.
    assert!(told.contains("NOT CONVERGED: ") && told.contains("1 of 2 NOT CONVERGED"), "{told}");
    // What was kept of another sweep is not taken for this one.
    let other = run(&["rare", &sweep, "--cell", "1", "--set", "seed=1", "--out", &parts]);
    assert!(other.status.success() && !text(&other.stderr).contains("already"), "{}", text(&other.stderr));
    assert!(fs::read(&parts).unwrap() != fs::read(&whole).unwrap());
}

#[test]
fn a_sweep_without_what_it_takes_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let plain = SWEEP.split("[rare]").next().unwrap();
    let sweep = written(folder.path(), plain);
    let refused = fail(2, &["rare", &sweep]);
    assert!(refused.contains("the sweep has no [rare]"), "{refused}");
    let certain = written(folder.path(), "name = \"t\"\n[rare]\nlevel = 1e-3\n");
    let refused = fail(2, &["rare", &certain]);
    assert!(refused.contains("no input is uncertain"), "{refused}");
}
