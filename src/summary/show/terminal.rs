//! The surface as text, readable in 80 columns and without colour.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use super::exporter::Exporter;
use crate::parameters::Value;
use crate::summary::columns::{BASELINE, CellSummary};
use crate::summary::statistic::Statistic;
use crate::summary::surface::{Surface, interval_name};
use crate::sweep::{Axis, AxisLabel, Sweep};

/// Most points of an axis that are shown side by side.
const ACROSS_MAX: usize = 11;
/// Most tables that are shown, one for each combination of the other axes.
const TABLES_MAX: usize = 12;

/// The label of a point, short enough for a column.
fn short(axis: &Axis, point: usize) -> String {
    match axis.label(point) {
        Some(AxisLabel::Value(Value::Number(x))) => number(*x),
        Some(AxisLabel::Value(Value::Choice(word))) => (*word).to_owned(),
        label => label.map(|label| label.to_string()).unwrap_or_default(),
    }
}

/// A number with three significant digits.
fn number(x: f64) -> String {
    let size = x.abs();
    if x == 0.0 || !x.is_finite() || (0.001..1e6).contains(&size) {
        let decimals = if size >= 100.0 || x == 0.0 || !x.is_finite() {
            0
        } else {
            (2.0 - libm::floor(libm::log10(size))) as usize
        };
        let text = format!("{x:.decimals$}");
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    } else {
        format!("{x:.2e}")
    }
}

/// A probability in percent, with a mark when its interval is wider than ± 10 points.
fn percent(row: &CellSummary) -> String {
    let mark = if row.outage_probability_high - row.outage_probability_low > 0.2 + 1e-9 { "~" } else { "" };
    format!("{mark}{:.0}", 100.0 * row.outage_probability)
}

/// The shade of a probability, from a healthy network to one that is down.
fn shade(probability: f64) -> char {
    match probability {
        p if p < 0.05 => '·',
        p if p < 0.25 => '░',
        p if p < 0.5 => '▒',
        p if p < 0.95 => '▓',
        _ => '█',
    }
}

/// A map of two axes, one for each combination of the others, or a list. Shows no statistics of the outputs.
pub struct Terminal;

impl Exporter for Terminal {
    fn export(&self, surface: &Surface, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(in_words(surface.sweep(), surface.cells()).as_bytes())?;
        out.write_all(down_before_the_trigger(surface).as_bytes())
    }
}

/// Names the cells whose network was down before anything happened to it: what they say is no consequence of it.
fn down_before_the_trigger(surface: &Surface) -> String {
    const CELLS_MAX: usize = 8;
    let baselines = surface.statistic(BASELINE, Statistic::Mean).unwrap_or_default();
    let is_down = |&(row, baseline): &(&CellSummary, &Option<f64>)| {
        baseline.is_some_and(|baseline| baseline < surface.sweep().cell_scenario(row.cell).outage.threshold)
    };
    let down: Vec<String> =
        surface.cells().iter().zip(baselines).filter(is_down).map(|(row, _)| row.cell.to_string()).collect();
    if down.is_empty() {
        return String::new();
    }
    let (named, more) = (down[..down.len().min(CELLS_MAX)].join(", "), down.len().saturating_sub(CELLS_MAX));
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!(
        "down before the trigger, by {BASELINE}_mean:\n{} of {} cells: {named}{more}\n",
        down.len(),
        surface.cells().len()
    )
}

fn in_words(sweep: &Sweep, rows: &[CellSummary]) -> String {
    let cells: BTreeMap<u32, CellSummary> = rows.iter().map(|row| (row.cell, *row)).collect();
    let mut text = String::new();
    match map_axes(sweep) {
        Some((down, across)) => show_maps(sweep, &cells, down, across, &mut text),
        None => show_list(sweep, &cells, &mut text),
    }
    let runs: u64 = rows.iter().map(|row| row.replicates).sum();
    let confidence = 100.0 * sweep.replicates.confidence;
    let name = interval_name(&sweep.replicates);
    let _ = writeln!(
        text,
        "{} of {} cells, {runs} runs; intervals: {confidence} % for each cell\nby itself, {name}",
        cells.len(),
        sweep.cells()
    );
    text
}

/// The two axes of the map: the last axis that is short enough goes across, the longest other one down.
fn map_axes(sweep: &Sweep) -> Option<(usize, usize)> {
    let size = |axis: usize| sweep.axes[axis].size();
    let across = (0..sweep.axes.len()).rev().find(|&axis| (2..=ACROSS_MAX).contains(&size(axis)))?;
    let down = (0..sweep.axes.len()).filter(|&axis| axis != across && size(axis) > 1).max_by_key(|&axis| size(axis))?;
    let tables = sweep.cells() as usize / size(across) / size(down);
    (tables <= TABLES_MAX).then_some((down, across))
}

fn show_maps(sweep: &Sweep, cells: &BTreeMap<u32, CellSummary>, down: usize, across: usize, text: &mut String) {
    let others: Vec<usize> = (0..sweep.axes.len()).filter(|&axis| axis != down && axis != across).collect();
    // The cells of one table are those with the same points on the other axes.
    let mut tables: BTreeMap<Vec<usize>, BTreeMap<(usize, usize), u32>> = BTreeMap::new();
    for cell in 0..sweep.cells() {
        let key = others.iter().map(|&axis| sweep.point(axis, cell)).collect();
        tables.entry(key).or_default().insert((sweep.point(down, cell), sweep.point(across, cell)), cell);
    }
    let (rows, columns) = (&sweep.axes[down], &sweep.axes[across]);
    for (key, table) in tables {
        let _ = writeln!(text, "Outage probability in %\n  down:   {}\n  across: {}", rows.name, columns.name);
        for (&axis, &point) in others.iter().zip(&key) {
            let _ = writeln!(text, "  where:  {} = {}", sweep.axes[axis].name, short(&sweep.axes[axis], point));
        }
        let labels: Vec<String> = (0..rows.size()).map(|point| short(rows, point)).collect();
        let margin = labels.iter().map(|label| label.chars().count().min(12)).max().unwrap_or(0);
        let width = ((79 - margin) / columns.size()).clamp(6, 8);
        let heads = (0..columns.size()).map(|point| short(columns, point));
        let heads: String = heads.map(|head| format!("{:>width$}", shortened(&head, width - 1))).collect();
        let _ = writeln!(text, "{:margin$}{heads}", "");
        // Large values on top, as on a plot.
        for point in (0..rows.size()).rev() {
            let _ = write!(text, "{:>margin$}", shortened(&labels[point], 12));
            for column in 0..columns.size() {
                let row = table.get(&(point, column)).and_then(|cell| cells.get(cell));
                let entry =
                    row.map_or("–".to_owned(), |row| format!("{}{}", percent(row), shade(row.outage_probability)));
                let _ = write!(text, "{entry:>width$}");
            }
            text.push('\n');
        }
        text.push('\n');
    }
    text.push_str(
        "· below 5 %  ░ below 25 %  ▒ below 50 %  ▓ below 95 %  █ above\n~ known to no better than ± 10 points\n",
    );
}

fn shortened(label: &str, width: usize) -> String {
    if label.chars().count() <= width {
        return label.to_owned();
    }
    label.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// One line for each cell, with its interval as a bar.
fn show_list(sweep: &Sweep, cells: &BTreeMap<u32, CellSummary>, text: &mut String) {
    const BAR: usize = 30;
    const LINES_MAX: usize = 400;
    let names: Vec<&str> = sweep.axes.iter().map(|axis| axis.name.as_str()).collect();
    let _ = writeln!(
        text,
        "Outage probability in %{}",
        if names.is_empty() { String::new() } else { format!(", by {}", names.join(", ")) }
    );
    for row in cells.values().take(LINES_MAX) {
        let label: Vec<String> =
            (0..sweep.axes.len()).map(|axis| short(&sweep.axes[axis], sweep.point(axis, row.cell))).collect();
        let at = |p: f64| libm::round(p * (BAR - 1) as f64) as usize;
        let bar: String = (0..BAR)
            .map(|column| match column {
                column if column == at(row.outage_probability) => '●',
                column if (at(row.outage_probability_low)..=at(row.outage_probability_high)).contains(&column) => '─',
                _ => ' ',
            })
            .collect();
        let (low, high) = (100.0 * row.outage_probability_low, 100.0 * row.outage_probability_high);
        let label = shortened(&label.join("  "), 26);
        let _ = writeln!(text, "{label:26} {:3.0} [{low:3.0}, {high:3.0}] |{bar}|", 100.0 * row.outage_probability);
    }
    if cells.len() > LINES_MAX {
        let _ = writeln!(text, "… and {} more: see surface.parquet", cells.len() - LINES_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::estimates::Estimator;
    use crate::summary::surface::{Rows, StatisticColumn};

    #[test]
    fn numbers_are_short() {
        for (x, text) in [
            (0.0, "0"),
            (0.012, "0.012"),
            (0.30000000000000004, "0.3"),
            (150.0, "150"),
            (1800.0, "1800"),
            (2.5, "2.5"),
            (1e9, "1.00e9"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(number(x), text);
        }
    }

    #[test]
    fn cells_that_were_down_before_the_trigger_are_named() {
        let toml = "name = \"t\"\n[[axis]]\nparameter = \"outage.threshold\"\nlinear = { from = 0.0, to = 1.0, points = 21 }\n";
        let sweep = Sweep::parse(toml, "t.toml", &[]).unwrap();
        let runs = Estimator::of(&sweep).cell(vec![false; 20]);
        let cells = (0..21).map(|cell| runs.summary(cell)).collect();
        let mut statistics = StatisticColumn::all();
        for column in &mut statistics {
            column.values = vec![Some(if column.name() == "baseline_online_fraction_mean" { 0.52 } else { 0.0 }); 21];
        }
        let text = down_before_the_trigger(&Surface::new(sweep.clone(), Rows { cells, statistics }));
        assert!(text.contains("10 of 21 cells: 11, 12, 13, 14, 15, 16, 17, 18 and 2 more"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80));
        assert_eq!(down_before_the_trigger(&Surface::new(sweep, Rows::empty())), "");
    }

    #[test]
    fn a_map_fits_into_80_columns_and_says_what_is_missing() {
        let axis = |name: &str, n: u32| {
            format!("[[axis]]\nparameter = \"{name}\"\nlinear = {{ from = 0.01, to = 0.9, points = {n} }}\n")
        };
        let toml =
            format!("name = \"t\"\n{}{}", axis("overlay.supernode_ratio", 9), axis("updates.synchronization", 11));
        let sweep = Sweep::parse(&toml, "t.toml", &[]).unwrap();
        let row = |cell| CellSummary {
            cell,
            replicates: 20,
            outages: 20,
            outage_probability: 1.0,
            outage_probability_low: 0.7,
            outage_probability_high: 1.0,
        };
        let text = in_words(&sweep, &(0..50).map(row).collect::<Vec<CellSummary>>());
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert_eq!((text.matches("~100█").count(), text.matches("     –").count()), (50, 49));
        assert!(text.contains("50 of 99 cells, 1000 runs"));
    }
}
