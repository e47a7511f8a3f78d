//! A statistic of any output as a map or a list.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::labels::short;
use super::list::list;
use super::map::{Axes, Map};
use super::screen::Screen;
use crate::engine::outcome::{Missing, OutputType};
use crate::summary::surface::{StatisticColumn, Surface};

/// The statistics of an output that a surface has a column for, by the ends of their names; intervals aside.
pub fn columns_of(surface: &Surface, output: &str) -> Vec<&'static str> {
    let of_output = surface.statistics().iter().filter(|column| column.output.name == output);
    let names = of_output.map(|column| column.statistic.name());
    names.filter(|name| *name != "n" && !name.ends_with("_low") && !name.ends_with("_high")).collect()
}

/// One statistic of one output in a cell.
struct Said {
    value: Option<f64>,
    interval: Option<(f64, f64)>,
    /// Runs that have the output, of all.
    runs: (u64, u64),
    /// What stands for a value that is missing.
    missing: &'static str,
}

/// Stands for a quantile that lies where null does, above all numbers.
const ABOVE_ALL: &str = "∞";
/// Stands for a statistic that no run has a value for.
const NONE: &str = "none";

/// Shows a statistic of an output, by the end of its column's name; `None` if the surface has no such column.
pub fn show_output(surface: &Surface, output: &str, statistic: &str, screen: &Screen) -> Option<String> {
    let find = |statistic: &str| {
        surface.statistics().iter().find(|of| of.output.name == output && of.statistic.name() == statistic)
    };
    let column = find(statistic)?;
    let [low, high] = ["low", "high"].map(|end| find(&format!("{statistic}_{end}")));
    let counts = find("n");
    let scale = if column.output.kind == OutputType::Boolean { 100.0 } else { 1.0 };
    let missing =
        if statistic.starts_with('q') && column.output.missing == Missing::AboveAll { ABOVE_ALL } else { NONE };
    let cells: BTreeMap<u32, Said> = surface
        .cells()
        .iter()
        .enumerate()
        .map(|(row, cell)| {
            let at = |of: Option<&StatisticColumn>| of.and_then(|of| of.values.get(row).copied().flatten());
            let all = cell.replicates;
            let runs = at(counts).map_or(all, |runs| runs as u64);
            let interval = at(low).zip(at(high)).map(|(low, high)| (scale * low, scale * high));
            (
                cell.cell,
                Said { value: at(Some(column)).map(|value| scale * value), interval, runs: (runs, all), missing },
            )
        })
        .collect();
    let unit = match (column.output.kind, column.unit()) {
        (OutputType::Boolean, _) => " in %".to_owned(),
        (_, "1") => String::new(),
        (_, unit) => format!(" in {unit}"),
    };
    let title = format!("{}{unit}", column.name());
    let mut text = match Axes::of(surface.sweep()) {
        Some(axes) => {
            let entries = cells.iter().map(|(cell, said)| (*cell, said.entry())).collect();
            // Lines that stand below the map.
            const BELOW: usize = 12;
            let room = Screen { lines: screen.lines.saturating_sub(BELOW), ..*screen };
            Map { sweep: surface.sweep(), axes, title: &title, entries: &entries }.show(&room)
        }
        None => list(surface.sweep(), &title, &cells, screen, |said, _| said.line()),
    };
    let confidence = 100.0 * surface.sweep().replicates.confidence;
    for line in std::iter::once(column.description(confidence)).chain(counted(output, &cells)) {
        let _ = writeln!(text, "{}", super::wrapped(&line, screen.width.max(Screen::WIDTH_MIN)));
    }
    Some(text)
}

impl Said {
    /// The value, ± half of its interval, and a mark where not every run has the output.
    fn entry(&self) -> String {
        let value = self.value.map_or(self.missing.to_owned(), short);
        let interval = self.interval.map(|(low, high)| format!("±{}", short(0.5 * (high - low)))).unwrap_or_default();
        let mark = if self.runs.0 < self.runs.1 { "*" } else { "" };
        format!("{value}{interval}{mark}")
    }

    fn line(&self) -> String {
        let value = self.value.map_or(self.missing.to_owned(), short);
        let interval = self.interval.map(|(low, high)| format!(" [{}, {}]", short(low), short(high)));
        let (runs, all) = self.runs;
        let of = if runs < all { format!("  ({runs} of {all} runs)") } else { String::new() };
        format!("{value:>8}{}{of}", interval.unwrap_or_default())
    }
}

/// What the marks mean, and how many runs lack the output.
fn counted(output: &str, cells: &BTreeMap<u32, Said>) -> Vec<String> {
    let mut lines = Vec::new();
    if cells.values().any(|said| said.interval.is_some()) {
        lines.push("± half of the interval".to_owned());
    }
    let missing = cells.values().filter(|said| said.runs.0 < said.runs.1).count();
    let (has, all) = cells.values().fold((0, 0), |(has, all), said| (has + said.runs.0, all + said.runs.1));
    if missing > 0 {
        let none = all - has;
        lines.push(format!("* {none} of {all} runs have no {output}; they are in {missing} of {} cells", cells.len()));
    }
    let none: Vec<&Said> = cells.values().filter(|said| said.value.is_none()).collect();
    if let Some(first) = none.first() {
        let what = if first.missing == ABOVE_ALL { "larger than every number, as null is" } else { "no such number" };
        lines.push(format!("{} {what}: {} of {} cells", first.missing, none.len(), cells.len()));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::super::screen;
    use super::*;
    use crate::summary::columns::CellSummary;
    use crate::summary::surface::Rows;
    use crate::sweep::Sweep;

    /// Six cells; in the first one every run has every output, in the last one none has.
    fn surface() -> Surface {
        let axis = |name: &str, values: &str| format!("[[axis]]\nparameter = \"{name}\"\nvalues = [{values}]\n");
        let toml = axis("overlay.supernode_ratio", "0.02, 0.03") + &axis("updates.synchronization", "0.0, 0.4, 0.8");
        let sweep = Sweep::parse(&format!("name = \"t\"\n{toml}"), "t.toml", &[]).unwrap();
        let cell = |cell| CellSummary {
            cell,
            replicates: 10,
            outages: 1,
            outage_probability: 0.1,
            outage_probability_low: 0.0,
            outage_probability_high: 0.4,
        };
        let mut statistics = StatisticColumn::all();
        for column in &mut statistics {
            column.values = match column.statistic.name() {
                "n" => [10, 9, 9, 9, 9, 0].map(|runs| Some(f64::from(runs))).to_vec(),
                _ => [12.34, 1.0, 0.5, 0.25, 0.0].map(Some).into_iter().chain([None]).collect(),
            };
        }
        Surface::new(sweep, Rows { cells: (0..6).map(cell).collect(), statistics, differences: Vec::new() })
    }

    #[test]
    fn a_statistic_is_a_map_on_which_missing_and_censored_runs_are_counted() {
        for width in [40, 80, 160] {
            let text = show_output(&surface(), "recovery_h", "q50", &Screen { width, lines: 40 }).unwrap();
            assert!(text.starts_with("recovery_h_q50 in h\n"), "{text}");
            assert!(text.lines().all(|line| screen::width(line) <= width), "{text}");
            let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
            for said in
                ["12.3", "0.25", "∞", "14 of 60 runs have no recovery_h; they are in 5 of 6", "as null is: 1 of 6"]
            {
                assert!(words.contains(said), "{said}: {text}");
            }
        }
        let mean = show_output(&surface(), "outage_start_h", "mean", &Screen::NONE).unwrap();
        assert!(mean.contains("none no such number: 1 of 6 cells"), "{mean}");
        let share = show_output(&surface(), "recovered", "mean", &Screen::NONE).unwrap();
        assert!(
            share.starts_with("recovered_mean in %\n") && share.contains("1234") && !share.contains('*'),
            "{share}"
        );
        assert!(show_output(&surface(), "recovered", "q50", &Screen::NONE).is_none());
        assert_eq!(columns_of(&surface(), "recovery_h"), ["mean", "sd", "q05", "q50", "q95"]);
    }
}
