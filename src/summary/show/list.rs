//! A line for each cell of a design that makes no map.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::labels::labels;
use super::screen::{Screen, fitted, left, width};
use crate::sweep::Sweep;

/// Most columns of the labels.
const LABELS_MAX: usize = 26;

/// Shows what is said of each cell: `line` writes it into the columns that its labels leave.
pub(super) fn list<T>(
    sweep: &Sweep,
    title: &str,
    cells: &BTreeMap<u32, T>,
    screen: &Screen,
    line: impl Fn(&T, usize) -> String,
) -> String {
    let names: Vec<&str> = sweep.axes.iter().map(|axis| axis.name.as_str()).collect();
    let by = if names.is_empty() { String::new() } else { format!(", by {}", names.join(", ")) };
    let mut text = super::wrapped(&format!("{title}{by}"), screen.width.max(Screen::WIDTH_MIN)) + "\n";
    let shown: Vec<(&u32, &T)> = cells.iter().take(screen.lines).collect();
    let label = |cell: u32| {
        let of_axes = sweep.axes.iter().enumerate().map(|(axis, of)| labels(of, &[sweep.point(axis, cell)]).concat());
        of_axes.collect::<Vec<_>>().join("  ")
    };
    let all: Vec<String> = shown.iter().map(|(cell, _)| label(**cell)).collect();
    let columns = LABELS_MAX.min(screen.width.max(Screen::WIDTH_MIN) / 3);
    let all = fitted(&all, columns);
    let columns = all.iter().map(|label| width(label)).max().unwrap_or(0);
    let room = screen.width.max(Screen::WIDTH_MIN) - columns - 1;
    for (label, (_, said)) in all.iter().zip(shown) {
        let _ = writeln!(text, "{} {}", left(label, columns), line(said, room).trim_end());
    }
    if cells.len() > screen.lines {
        let _ = writeln!(text, "… and {} more: see surface.parquet", cells.len() - screen.lines);
    }
    text
}
