//! A row for each cell or each crossing, and for each run.

use std::sync::Arc;

use arrow_array::{BooleanArray, Int64Array, RecordBatch, StringArray, UInt32Array};
use arrow_schema::ArrowError;

use super::level::AtLevel;
use super::rounds::Fidelity;
use crate::statistics::crossing::Crossing;
use crate::statistics::fidelity::FidelityEstimate;
use crate::summary::listing::Columns;
use crate::sweep::columns as names;

/// What the cells are.
const CELLS: &str = "Number of the cell.";
/// What they are where there is a row for each crossing.
const OTHER_AXES: &str = "Number of the cell, of the other axes.";

/// A run that was made.
struct Row<'a> {
    cell: u32,
    replicate: u32,
    drawn: &'a [f64],
    margin: f64,
    predicted: f64,
    chosen: f64,
    outage: bool,
}

impl Fidelity {
    /// A row for each crossing of a level that was asked for, or else for each cell.
    ///
    /// # Errors
    /// None for a sweep that was read.
    pub fn to_table(&self) -> Result<RecordBatch, ArrowError> {
        self.level.as_ref().map_or_else(|| self.table_of_cells(), |level| self.table_of_crossings(level))
    }

    /// A line without a crossing has a row, too.
    fn table_of_crossings(&self, AtLevel { level, lines }: &AtLevel) -> Result<RecordBatch, ArrowError> {
        let mut rows: Vec<(usize, Option<Crossing>)> = Vec::new();
        for (index, line) in lines.iter().enumerate() {
            rows.extend(line.crossings.iter().map(|&crossing| (index, Some(crossing))));
            if line.crossings.is_empty() {
                rows.push((index, None));
            }
        }
        let mut columns = Columns::default();
        // The lines are the cells of the other axes, in their order.
        columns.add_cells(
            &self.of_lines,
            OTHER_AXES,
            &rows.iter().map(|&(line, _)| self.lines[line].limit[0].cell).collect::<Vec<_>>(),
        );
        let probability = "The outage probability that is crossed.";
        columns.add_numbers("level", "1", probability, rows.iter().map(|_| Some(*level)));
        let words = |words: Vec<Option<&'static str>>| Arc::new(StringArray::from(words));
        let directions = rows.iter().map(|(_, crossing)| crossing.map(|of| if of.rises { "rises" } else { "falls" }));
        let direction = "Whether the probability rises or falls there; null where the line has no crossing.";
        columns.add("direction", "1", direction, words(directions.collect()));
        let (name, unit) = (self.along.quantity.name(), self.along.quantity.unit());
        let confidence = 100.0 * self.sweep.replicates.confidence;
        let mut add = |column: &str, description: &str, of: fn(Crossing) -> Option<f64>| {
            columns.add_numbers(column, unit, description, rows.iter().map(|&(_, crossing)| of(crossing?)));
        };
        add("crossing", &format!("{name} at which the level is crossed; null where it is not."), |of| Some(of.at));
        let of = |end: &str| format!("{end} end of its {confidence} % interval; null where nothing bounds it.");
        add("low", &of("Lower"), |of| of.low);
        add("high", &of("Upper"), |of| of.high);
        let sides = rows.iter().map(|&(line, _)| lines[line].side.map(|above| if above { "above" } else { "below" }));
        let surely = "On which side all cells of the line surely are; null if they are not.";
        columns.add("surely", "1", surely, words(sides.collect()));
        let runs = rows.iter().map(|&(line, _)| self.lines[line].outcomes.iter().flatten().flatten().count() as i64);
        columns.add("runs", "1", "Runs that were made on the line.", Arc::new(Int64Array::from_iter_values(runs)));
        columns.into_table()
    }

    fn table_of_cells(&self) -> Result<RecordBatch, ArrowError> {
        let estimates = || self.cells.iter().map(|(_, estimate)| estimate);
        let mut columns = Columns::default();
        let cells: Vec<u32> = self.cells.iter().map(|(cell, _)| *cell).collect();
        columns.add_cells(&self.sweep, CELLS, &cells);
        let confidence = 100.0 * self.sweep.replicates.confidence;
        let mut add = |name: &str, description: &str, of: fn(&FidelityEstimate) -> Option<f64>| {
            columns.add_numbers(name, "1", description, estimates().map(of));
        };
        let probability = "Outage probability: the mean prediction, corrected by the weighted runs.";
        add("outage_probability", probability, |of| Some(of.probability));
        let of = |end: &str| format!("{end} end of its {confidence} % interval.");
        add("outage_probability_low", &of("Lower"), |of| Some(of.interval.low));
        add("outage_probability_high", &of("Upper"), |of| Some(of.interval.high));
        let as_good_as = "Independent runs whose share of outages would have the same standard error, at most ten times those that were made; null at 0 and 1.";
        add("as_good_as", as_good_as, |of| of.as_good_as);
        add("predicted", "Mean of the predictions, before the correction.", |of| Some(of.predicted));
        let mut add = |name: &str, description: &str, of: fn(&FidelityEstimate) -> u32| {
            columns.add(
                name,
                "1",
                description,
                Arc::new(Int64Array::from_iter_values(estimates().map(|e| of(e).into()))),
            );
        };
        add("runs", "Runs that were made.", |of| of.runs);
        add("outages", "Those of them with an outage: no plain sample, see outage_probability.", |of| of.outages);
        columns.into_table()
    }

    /// A row for each run. They are no plain sample of their cell.
    ///
    /// # Errors
    /// None for a sweep that was read.
    pub fn to_table_of_runs(&self) -> Result<RecordBatch, ArrowError> {
        let rows = self.rows();
        let mut columns = Columns::default();
        columns.add_cells(&self.sweep, CELLS, &rows.iter().map(|row| row.cell).collect::<Vec<_>>());
        let replicates = UInt32Array::from_iter_values(rows.iter().map(|row| row.replicate));
        columns.add(names::REPLICATE, "1", "Number of the draw, the same along a line.", Arc::new(replicates));
        columns.add_drawn(&self.sweep, rows.iter().map(|row| row.drawn));
        let margin =
            "How far the limit is from turning, as a share of the axis; above 0 it says that there is an outage.";
        columns.add_numbers("margin", "1", margin, rows.iter().map(|row| Some(row.margin)));
        let predicted = "Predicted probability of an outage, by runs of other draws alone.";
        columns.add_numbers("predicted", "1", predicted, rows.iter().map(|row| Some(row.predicted)));
        let weight = "1 over the probability with which this run was made. The runs of a cell are no plain sample: their \
                      plain mean is wrong, take Σ weight · x / Σ weight.";
        columns.add_numbers("weight", "1", weight, rows.iter().map(|row| Some(1.0 / row.chosen)));
        let outages: BooleanArray = rows.iter().map(|row| Some(row.outage)).collect();
        columns.add("outage", "1", "Whether the run had an outage.", Arc::new(outages));
        columns.into_table()
    }

    /// The runs that were made, in the order of (cell, replicate).
    fn rows(&self) -> Vec<Row<'_>> {
        let mut rows = Vec::new();
        for of_line in &self.lines {
            for (index, &cell) in of_line.cells.iter().enumerate() {
                for (draw, of_limit) in of_line.limit.iter().enumerate() {
                    let Some(outage) = of_line.outcomes[index][draw] else { continue };
                    rows.push(Row {
                        cell,
                        replicate: of_limit.replicate,
                        drawn: &of_limit.drawn,
                        margin: of_line.margins[index][draw],
                        predicted: of_line.line.predicted(index, draw),
                        chosen: of_line.line.chosen(index, draw),
                        outage,
                    });
                }
            }
        }
        rows.sort_by_key(|row| (row.cell, row.replicate));
        rows
    }
}
