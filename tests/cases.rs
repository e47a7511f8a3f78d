//! The sweeps of public cases, and the figures of `docs/cases.md`, which are those of their runs.

use std::fs;
use std::path::Path;

use critmass::{Outcome, Sweep, simulate_sweep};

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
    assert!(missing.is_empty(), "docs/cases.md does not have these tables:\n\n{missing}");
    assert!(never.len() == 7 && !never.contains(&"kubelets".to_owned()), "{never:?}");
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
