//! The sweeps of public cases, the figures of `docs/cases.md`, and the example of `docs/your-own-system.md`: what the pages
//! say is what the runs say.

use std::fs;
use std::path::Path;
use std::process::Command;

use critmass::{Jitter, Outcome, Scenario, Sweep, simulate_sweep};

/// The sweeps of `sweeps/cases/`, in the order of their names.
fn cases() -> Vec<Sweep> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sweeps/cases");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: &Path| {
        let sweep: Sweep = fs::read_to_string(path).unwrap().parse().unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(Some(sweep.name.as_str()), path.file_stem().and_then(|stem| stem.to_str()));
        sweep
    };
    paths.iter().map(|path| read(path)).collect()
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

/// Hours as a person says them.
fn said(hours: f64) -> String {
    if hours == 0.0 {
        "–".to_owned()
    } else if hours < 2.0 {
        format!("{:.0} min", hours * 60.0)
    } else {
        format!("{hours:.1} h")
    }
}

/// A cell of a case: its label, when the network was back, and its row of the table.
struct Row {
    label: String,
    back: String,
    text: String,
}

const NEVER: &str = "not by the end";

/// What the runs of a case say: the medians of its runs.
fn rows(sweep: &Sweep) -> Vec<Row> {
    let runs = simulate_sweep(sweep).unwrap();
    let row = |cell| {
        let outcomes: Vec<&Outcome> = runs.iter().filter(|row| row.cell == cell).map(|row| &row.run.outcome).collect();
        let recoveries: Vec<f64> = outcomes.iter().filter_map(|outcome| outcome.recovery_h).collect();
        let back = if recoveries.is_empty() {
            NEVER.to_owned()
        } else if recoveries.len() < outcomes.len() {
            format!("{} of {} runs", recoveries.len(), outcomes.len())
        } else {
            said(median(recoveries))
        };
        let down = said(median(outcomes.iter().map(|outcome| outcome.outage_h).collect()));
        let requests: Vec<f64> = outcomes.iter().filter_map(|outcome| outcome.requests_per_login).collect();
        let requests = if requests.is_empty() { "–".to_owned() } else { format!("{:.1}", median(requests)) };
        let label = sweep.label(0, cell).unwrap().to_string();
        Row { text: format!("| {label} | {back} | {down} | {requests} |\n"), label, back }
    };
    (0..sweep.cells()).map(row).collect()
}

/// The table of a case in Markdown.
fn table(rows: &[Row]) -> String {
    let head = "| | back after | longest time below half | requests per log-in |\n| --- | --- | --- | --- |\n";
    rows.iter().fold(head.to_owned(), |text, row| text + &row.text)
}

#[test]
fn the_page_of_the_cases_has_the_figures_of_their_runs() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cases.md")).unwrap();
    let (mut missing, mut never) = (String::new(), Vec::new());
    for sweep in cases() {
        assert!(page.contains(&format!("../sweeps/cases/{}.toml", sweep.name)), "{}", sweep.name);
        let rows = rows(&sweep);
        let table = table(&rows);
        if !page.contains(&table) {
            missing += &format!("{}\n\n{table}\n", sweep.name);
        }
        // What the page says that they have in common.
        for row in rows.iter().filter(|row| row.label.contains("queue bounded") || row.label.contains("dropped")) {
            assert_ne!(row.back, NEVER, "{}: {}", sweep.name, row.label);
        }
        never.extend((rows[0].back == NEVER).then_some(sweep.name));
    }
    // What README says of back-off and jitter.
    let requests = |case: &str, label: &str| {
        let sweep = cases().into_iter().find(|sweep| sweep.name == case).unwrap();
        let row = rows(&sweep).into_iter().find(|row| row.label.starts_with(label)).unwrap();
        assert_ne!(row.back, NEVER, "{label}");
        row.text.trim_end_matches(" |\n").rsplit(' ').next().unwrap().parse::<f64>().unwrap()
    };
    let [plain, full] =
        ["no", "full"].map(|kind| requests("iot-mqtt-brokers", &format!("back-off to 5 min, {kind} jitter")));
    assert!(full > plain, "{full}, {plain}");
    requests("att-2024", "back-off up to 8 h");
    requests("aws-lease-manager-2025", "before: back-off up to 20 min");
    assert!(missing.is_empty(), "docs/cases.md does not have these tables:\n\n{missing}");
    assert!(never.len() == 7 && !never.contains(&"kubelets".to_owned()), "{never:?}");
}

/// Whether the login server can do, at its best in a run of the scenario, more than all clients ask for who cannot log in:
/// each again after its time-out and a backoff at the cap.
fn can_serve_all(scenario: &Scenario) -> bool {
    let name = "login.capacity_per_s_per_million";
    let later = scenario.interventions.iter().flat_map(|change| change.values(scenario));
    let later = later.filter(|(parameter, _)| parameter.name == name).filter_map(|(_, value)| value.as_f64());
    let most = later.fold(scenario.login.capacity_per_s_per_million, f64::max);
    let mean = match scenario.retry.jitter {
        Jitter::None => 1.0,
        Jitter::Equal => 0.75,
        Jitter::Full => 0.5,
    };
    most > 1e6 / (scenario.login.timeout_s + mean * scenario.retry.cap_s)
}

#[test]
fn capacity_alone_is_enough_where_it_is_more_than_all_ask_for_or_where_it_never_comes_to_that() {
    const ALONE: [&str; 4] =
        ["twice the capacity", "three times the capacity, no pause", "five times the API", "ten times the API"];
    let (mut looked_at, mut early) = (0, Vec::new());
    for sweep in cases() {
        for (cell, row) in (0..).zip(rows(&sweep)) {
            if !ALONE.iter().any(|words| row.label.contains(words)) || row.label.contains("queue") {
                continue;
            }
            looked_at += 1;
            match (can_serve_all(&sweep.cell_scenario(cell)), row.back != NEVER) {
                (true, back) => assert!(back, "{}: {}", sweep.name, row.label),
                (false, false) => {}
                (false, true) => early.push(sweep.name.clone()),
            }
        }
    }
    assert_eq!((looked_at, early), (7, vec!["duo-2018".to_owned()]));
}

#[test]
fn every_case_asks_a_question_names_its_source_and_says_what_is_assumed_and_left_out() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sweeps/cases");
    for sweep in cases() {
        assert!(sweep.question.ends_with('?'), "{}", sweep.name);
        let text = fs::read_to_string(folder.join(format!("{}.toml", sweep.name))).unwrap();
        for part in ["# Documented", "# Assumed", "# Left out"] {
            assert!(text.contains(part), "{}: {part}", sweep.name);
        }
    }
}

#[test]
fn the_example_of_your_own_system_gives_what_the_page_shows() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/your-own-system.md")).unwrap();
    let block = |kind: &str| page.split_once(&format!("```{kind}\n")).unwrap().1.split("```").next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (sweep, out) = (folder.path().join("terminals.toml"), folder.path().join("out"));
    fs::write(&sweep, block("toml")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_critmass"));
    let ran = command.arg("run").arg(sweep).arg("--out").arg(out).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&ran.stdout), block("text"), "{}", String::from_utf8_lossy(&ran.stderr));
}
