//! `critmass validate`

use comfy_table::{ContentArrangement, Table};
use serde_json::{Value as Json, json};

use super::failure::Failure;
use super::output::print;
use crate::validation::{self, Check, Effort};

/// The arguments of `validate`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// How to show the checks
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    /// For people
    Table,
    /// For programs, with every number that was compared
    Json,
}

pub(super) fn validate(arguments: &Arguments) -> Result<(), Failure> {
    let checks = validation::validate(Effort::Quick);
    print(&match arguments.format {
        Format::Table => table(&checks),
        Format::Json => format!("{:#}\n", Json::Array(checks.iter().map(json).collect())),
    })?;
    let failed: Vec<&str> = checks.iter().filter(|check| !check.passed()).map(|check| check.name.as_str()).collect();
    if failed.is_empty() { Ok(()) } else { Err(Failure::Failed(format!("failed: {}", failed.join("; ")))) }
}

/// A row for each check, with the comparison that comes closest to its limit.
fn table(checks: &[Check]) -> String {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(80);
    table.set_header(["check: what is expected", "expected", "measured", "verdict"]);
    for check in checks {
        let worst = check.worst();
        let tolerance = if worst.tolerance > 0.0 { format!(" ± {}", number(worst.tolerance)) } else { String::new() };
        table.add_row([
            format!("{}: {}", check.name, check.formula),
            format!("{}{tolerance}", number(worst.expected)),
            number(worst.measured),
            if check.passed() { "ok" } else { "FAILED" }.to_owned(),
        ]);
    }
    let passed = checks.iter().filter(|check| check.passed()).count();
    let comparisons: usize = checks.iter().map(|check| check.comparisons.len()).sum();
    format!(
        "{table}\n{passed} of {} checks passed, {comparisons} comparisons; each row shows the one that comes closest to \
         its limit.\nA correct program fails a check with a probability of {:e} at most.\n",
        checks.len(),
        validation::FALSE_ALARM
    )
}

/// A number to four digits, whole if it is whole.
fn number(x: f64) -> String {
    if x == x.trunc() && x.abs() < 1e9 {
        return format!("{x}");
    }
    let decimals = (3 - libm::floor(libm::log10(x.abs())) as i32).clamp(0, 9);
    format!("{x:.*}", decimals as usize)
}

fn json(check: &Check) -> Json {
    let worst = check.worst();
    let comparisons: Vec<Json> =
        check.comparisons.iter().map(|c| json!([c.at, c.expected, c.measured, c.tolerance])).collect();
    json!({
        "topic": check.topic,
        "check": check.name,
        "formula": check.formula,
        "unit": check.unit,
        "expected": worst.expected,
        "measured": worst.measured,
        "tolerance": worst.tolerance,
        "false_alarm": check.false_alarm,
        "passed": check.passed(),
        "at": check.at,
        "comparisons": comparisons,
    })
}
