//! The surface: one row for each cell that has runs.

use super::columns::{BASELINE, CellSummary, FIXED_COLUMNS, OUTAGE};
use super::comparison::{Difference, DifferenceColumn};
use super::entry::Entry;
use super::statistic::Statistic;
use crate::engine::outcome::{OUTPUTS, Outcome, Output};
use crate::sweep::columns as names;
use crate::sweep::{Sampling, Sweep};

/// One statistic of one output, for each cell of a surface.
#[derive(Clone)]
pub struct StatisticColumn {
    /// The output.
    pub output: &'static Output<Outcome>,
    /// The statistic.
    pub statistic: Statistic,
    /// Its value in each row; `None` if no run of the cell has the output, for the deviation of a single one, and for a
    /// quantile above all numbers.
    pub values: Vec<Option<f64>>,
}

impl StatisticColumn {
    /// The columns of a surface without rows, in their order: every output but the outage, which has an interval
    /// instead.
    pub(super) fn all() -> Vec<StatisticColumn> {
        let outputs = OUTPUTS.iter().filter(|output| output.name != OUTAGE);
        let columns = outputs.flat_map(|output| Statistic::of(output).map(move |s| (output, s)));
        columns.map(|(output, statistic)| StatisticColumn { output, statistic, values: Vec::new() }).collect()
    }

    fn is(&self, output: &str, statistic: Statistic) -> bool {
        self.output.name == output && self.statistic == statistic
    }

    /// Name of the column: that of the output, and what the statistic is called.
    pub fn name(&self) -> String {
        names::of_statistic(self.output.name, self.statistic.name())
    }

    /// What the column holds, in words; the intervals of the sweep have this confidence.
    pub fn description(&self, confidence: f64) -> String {
        format!("{} {}", self.statistic.in_words(self.output, 100.0 * confidence), self.output.description)
    }

    /// Its unit: that of the output, unless it counts runs.
    pub fn unit(&self) -> &'static str {
        if self.statistic == Statistic::Count { "1" } else { self.output.unit }
    }

    /// What stands in one of its rows.
    fn entry(&self, row: usize) -> Entry<'static> {
        match self.values.get(row).copied().flatten() {
            Some(runs) if self.statistic == Statistic::Count => Entry::Count(runs as u64),
            value => value.into(),
        }
    }
}

/// Rows of a surface.
#[derive(Clone)]
pub(super) struct Rows {
    pub(super) cells: Vec<CellSummary>,
    /// Every column has a value for each of the cells.
    pub(super) statistics: Vec<StatisticColumn>,
    /// The same; none unless the cells are compared.
    pub(super) differences: Vec<DifferenceColumn>,
}

impl Rows {
    /// No rows, under all columns of a sweep.
    pub(super) fn empty(sweep: &Sweep) -> Rows {
        Rows { cells: Vec::new(), statistics: StatisticColumn::all(), differences: DifferenceColumn::of(sweep) }
    }

    /// No rows, under the columns that the outage probability is shown with: the fixed ones, the mean that says whether a
    /// network was up before anything happened to it, and what cells differ by that are compared.
    pub(super) fn for_outages(sweep: &Sweep) -> Rows {
        let mut rows = Rows::empty(sweep);
        rows.statistics.retain(|column| column.is(BASELINE, Statistic::Mean));
        rows
    }

    /// Adds rows, which have all of these columns; what they say under others goes.
    pub(super) fn append(&mut self, rows: Rows) {
        self.cells.extend(rows.cells);
        for column in &mut self.statistics {
            let more = rows.statistics.iter().find(|more| more.is(column.output.name, column.statistic));
            column.values.extend(more.into_iter().flat_map(|more| &more.values));
        }
        for (column, more) in self.differences.iter_mut().zip(rows.differences) {
            column.values.extend(more.values);
        }
    }
}

/// The surface of a sweep: what the runs of each cell say, a row for each cell that has runs.
#[derive(Clone)]
pub struct Surface {
    sweep: Sweep,
    rows: Rows,
}

impl Surface {
    pub(super) fn new(sweep: Sweep, rows: Rows) -> Surface {
        Surface { sweep, rows }
    }

    /// The sweep.
    pub fn sweep(&self) -> &Sweep {
        &self.sweep
    }

    /// The rows, in the order of the cells: what the runs of each cell say about its outage probability.
    pub fn cells(&self) -> &[CellSummary] {
        &self.rows.cells
    }

    /// The statistics of the other outputs, in the order of the columns, each with a value for each row.
    pub fn statistics(&self) -> &[StatisticColumn] {
        &self.rows.statistics
    }

    /// One statistic of an output, a value for each row; `None` if there is no such column.
    pub fn statistic(&self, output: &str, statistic: Statistic) -> Option<&[Option<f64>]> {
        let column = self.rows.statistics.iter().find(|column| column.is(output, statistic));
        column.map(|column| column.values.as_slice())
    }

    /// What the outage probability of each cell is by more than that of the cell that it is compared with; nothing of
    /// those that others are compared with, and unless cells are compared.
    pub fn differences(&self) -> impl Iterator<Item = (u32, Difference)> + '_ {
        let all = DifferenceColumn::differences(&self.rows.differences, OUTAGE);
        let cells = self.rows.cells.iter().map(|row| row.cell);
        cells.zip(all).filter(|(_, difference)| difference.mean.is_some())
    }

    /// The names of the columns, in their order.
    pub fn names(&self) -> impl Iterator<Item = String> + '_ {
        let mut fixed = FIXED_COLUMNS.iter().map(|column| column.name.to_owned());
        let cell = fixed.next();
        let axes = self.sweep.axes.iter().map(|axis| axis.name.clone());
        let statistics = self.rows.statistics.iter().map(StatisticColumn::name);
        let differences = self.rows.differences.iter().map(DifferenceColumn::name);
        cell.into_iter().chain(axes).chain(fixed).chain(statistics).chain(differences)
    }

    /// The rows, each as entries in the order of the columns.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = impl Iterator<Item = Entry<'_>>> {
        self.rows.cells.iter().enumerate().map(move |(row, cell)| {
            let mut fixed = cell.entries();
            let first = fixed.next();
            let label = move |axis| self.sweep.label(axis, cell.cell).map_or(Entry::Missing, Entry::from);
            let axes = (0..self.sweep.axes.len()).map(label);
            let statistic = move |column: &StatisticColumn| column.entry(row);
            let statistics = self.rows.statistics.iter().map(statistic);
            let differences = self.rows.differences.iter().map(move |column| column.entry(row));
            first.into_iter().chain(axes).chain(fixed).chain(statistics).chain(differences)
        })
    }
}

/// The half width that was asked for, and how many cells stopped at `at_most` without it. `None` where none was, and for a
/// refined sweep, whose cells stop once they are surely on one side of the level.
pub(super) fn too_wide(sweep: &Sweep, cells: &[CellSummary]) -> Option<(f64, usize)> {
    let rule = &sweep.replicates;
    let half_width = rule.half_width.filter(|_| sweep.refine.is_none())?;
    let is_wide =
        |cell: &&CellSummary| cell.outage_probability_high - cell.outage_probability_low > 2.0 * half_width + 1e-9;
    let stopped = cells.iter().filter(|cell| cell.replicates >= u64::from(rule.at_most)).filter(is_wide).count();
    Some((half_width, stopped))
}

/// The name of the intervals of a sweep, for people.
pub(super) fn interval_name(sweep: &Sweep) -> &'static str {
    if sweep.replicates.sampling == Sampling::Sobol {
        "approximate, by blocks of Sobol points"
    } else if sweep.compare.is_some() && sweep.is_adaptive() {
        "at every look, whatever made it the last"
    } else if sweep.is_adaptive() {
        "exact for cells that stop when it says enough"
    } else {
        "Clopper–Pearson"
    }
}
