//! A row for each cell, and for each run.

use std::sync::Arc;

use arrow_array::{BooleanArray, Int64Array, RecordBatch, UInt32Array};
use arrow_schema::ArrowError;

use super::rounds::Fidelity;
use crate::statistics::fidelity::FidelityEstimate;
use crate::summary::listing::Columns;
use crate::sweep::columns as names;

/// What the cells are.
const CELLS: &str = "Number of the cell.";

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
    /// A row for each cell.
    ///
    /// # Errors
    /// None for a sweep that was read.
    pub fn to_table(&self) -> Result<RecordBatch, ArrowError> {
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
