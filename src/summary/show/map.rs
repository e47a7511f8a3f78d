//! A map of two axes of a design, one table for each combination of the others, on a screen.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::labels::labels;
use super::screen::{Screen, fitted, left, right, shortened, width};
use crate::sweep::Sweep;

/// Most points of an axis that are shown side by side.
const ACROSS_MAX: usize = 11;
/// Most tables that are shown, one for each combination of the other axes.
const TABLES_MAX: usize = 12;
/// Most columns of the labels on the left.
const MARGIN_MAX: usize = 12;
/// Fewest and most columns of the screen for a point of the axis across.
const COLUMN: (usize, usize) = (6, 8);
/// What stands for a cell without runs.
const NOTHING: &str = "–";

/// The two axes of a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Axes {
    down: usize,
    across: usize,
}

impl Axes {
    /// The axes of the map of a sweep: the last axis that is short enough goes across, the longest other one down. `None`
    /// where a list says more: most points of a refined grid have no runs, and other designs are no grid.
    pub(super) fn of(sweep: &Sweep) -> Option<Axes> {
        if sweep.refine.is_some() || sweep.sampled.is_some() {
            return None;
        }
        let size = |axis: usize| sweep.axes[axis].size();
        let across = (0..sweep.axes.len()).rev().find(|&axis| (2..=ACROSS_MAX).contains(&size(axis)))?;
        let down =
            (0..sweep.axes.len()).filter(|&axis| axis != across && size(axis) > 1).max_by_key(|&axis| size(axis))?;
        let tables = sweep.cells() as usize / size(across) / size(down);
        (tables <= TABLES_MAX).then_some(Axes { down, across })
    }
}

/// What is shown: a title, and a short text for each cell that has runs.
pub(super) struct Map<'a> {
    pub(super) sweep: &'a Sweep,
    pub(super) axes: Axes,
    pub(super) title: &'a str,
    pub(super) entries: &'a BTreeMap<u32, String>,
}

/// The entries of one table, by the points down and across.
type Table<'a> = BTreeMap<(usize, usize), &'a str>;

impl Map<'_> {
    /// The map. Where it would take more lines than there are, rows and then tables are left out, which is said.
    pub(super) fn show(&self, screen: &Screen) -> String {
        let Axes { down, across } = self.axes;
        let others: Vec<usize> = (0..self.sweep.axes.len()).filter(|&axis| axis != down && axis != across).collect();
        // The cells of one table are those with the same points on the other axes.
        let mut tables: BTreeMap<Vec<usize>, Table> = BTreeMap::new();
        for (&cell, entry) in self.entries {
            let point = |axis: usize| self.sweep.point(axis, cell);
            let key = others.iter().map(|&axis| point(axis)).collect();
            tables.entry(key).or_default().insert((point(down), point(across)), entry);
        }
        if tables.is_empty() {
            tables.insert(vec![0; others.len()], Table::new());
        }
        // Where not all tables fit, it is said in a line.
        let lines = screen.lines.saturating_sub(if tables.len() > 1 { 2 } else { 0 });
        let layout = Layout::new(self, &Screen { lines, ..*screen }, others.len());
        let mut text = String::new();
        for (key, table) in tables.iter().take(layout.tables) {
            let names = [("down", down), ("across", across)].map(|(what, axis)| (what, &self.sweep.axes[axis].name));
            let mut head = vec![self.title.to_owned()];
            head.extend(names.map(|(what, name)| format!("  {:8}{name}", format!("{what}:"))));
            for (&axis, &point) in others.iter().zip(key) {
                let axis = &self.sweep.axes[axis];
                head.push(format!("  where:  {} = {}", axis.name, labels(axis, &[point]).concat()));
            }
            let columns = screen.width.max(Screen::WIDTH_MIN);
            head.iter().for_each(|line| text += &(shortened(line, columns) + "\n"));
            layout.show(table, &mut text);
        }
        if tables.len() > layout.tables {
            let _ = writeln!(text, "… and {} more such tables\n", tables.len() - layout.tables);
        }
        text
    }
}

/// Where on the screen what stands.
struct Layout {
    /// The points down, largest values on top, as on a plot; and their labels.
    rows: Vec<(usize, String)>,
    /// Points down that are not shown.
    left_out: usize,
    /// Heads of the columns.
    heads: Vec<String>,
    margin: usize,
    column: usize,
    /// Columns that stand side by side; the others follow below.
    beside: usize,
    tables: usize,
}

impl Layout {
    fn new(map: &Map, screen: &Screen, others: usize) -> Layout {
        let (down, across) = (&map.sweep.axes[map.axes.down], &map.sweep.axes[map.axes.across]);
        let columns = across.size();
        let entry = map.entries.values().map(|entry| width(entry)).max().unwrap_or(0);
        let room = screen.width.max(Screen::WIDTH_MIN) - 1;
        // The labels of all rows would take long for a million of them, and decide nothing but the margin.
        let margin =
            fitted(&labels(down, &spread(down.size(), 100)), MARGIN_MAX).iter().map(|label| width(label)).max();
        let margin = margin.unwrap_or(0);
        let column = ((room - margin) / columns).clamp(COLUMN.0, COLUMN.1).max(entry + 1);
        let beside = ((room - margin) / column).clamp(1, columns);
        let blocks = columns.div_ceil(beside);
        // The title, the names of all axes, what is left out, and a blank line.
        let head = 5 + others;
        let rows = (screen.lines.saturating_sub(head) / blocks).saturating_sub(1).clamp(2, down.size().max(2));
        let points = spread(down.size(), rows);
        let names = fitted(&labels(down, &points), margin.max(1));
        let heads = labels(across, &(0..columns).collect::<Vec<_>>());
        let tables = (screen.lines / (head + blocks * (1 + points.len()))).max(1);
        let left_out = down.size() - points.len();
        let rows = points.into_iter().zip(names).rev().collect();
        Layout { rows, left_out, heads: fitted(&heads, column - 1), margin, column, beside, tables }
    }

    fn show(&self, table: &Table, text: &mut String) {
        for (block, heads) in self.heads.chunks(self.beside).enumerate() {
            let heads: String = heads.iter().map(|head| right(head, self.column)).collect();
            let _ = writeln!(text, "{:margin$}{heads}", "", margin = self.margin);
            let first = block * self.beside;
            let last = (first + self.beside).min(self.heads.len());
            for (point, label) in &self.rows {
                let entry = |across: usize| table.get(&(*point, across)).copied().unwrap_or(NOTHING);
                let entries: String = (first..last).map(|across| right(entry(across), self.column)).collect();
                let _ = writeln!(text, "{}{entries}", right(label, self.margin));
            }
        }
        if self.left_out > 0 {
            let _ = writeln!(text, "{} {} rows are left out", left("…", self.margin), self.left_out);
        }
        text.push('\n');
    }
}

/// At most so many of some points, both ends among them, at even distances.
fn spread(points: usize, most: usize) -> Vec<usize> {
    if points <= most {
        return (0..points).collect();
    }
    (0..most).map(|index| index * (points - 1) / (most - 1)).collect()
}
