//! A row for each cell.

use std::sync::Arc;

use arrow_array::{BooleanArray, Int64Array, RecordBatch, StringArray};
use arrow_schema::ArrowError;

use super::{RareCell, RareOutages};
use crate::summary::listing::Columns;

impl RareOutages {
    /// A row for each cell.
    ///
    /// # Errors
    /// None for a sweep that was read.
    pub fn to_table(&self) -> Result<RecordBatch, ArrowError> {
        let (sweep, rows) = (&self.sweep, || self.cells.values());
        let mut columns = Columns::default();
        let cells: Vec<u32> = self.cells.keys().copied().collect();
        columns.add_cells(sweep, "Number of the cell.", &cells);
        self.add_estimates(&mut columns);
        for (index, input) in sweep.uncertain.iter().enumerate() {
            let meaning = format!(
                "Where the outages are: at the centre of them, or of the likeliest group of them. {}",
                input.parameter.meaning()
            );
            let values = rows().map(|row| row.inputs.get(index).copied().filter(|x| !x.is_nan()));
            columns.add_numbers(&input.column(sweep), input.parameter.unit(), &meaning, values);
        }
        columns.into_table()
    }

    fn add_estimates(&self, columns: &mut Columns) {
        let rows = || self.cells.values();
        let confidence = 100.0 * self.wish.confidence;
        let mut numbers = |name: &str, description: &str, of: fn(&RareCell) -> Option<f64>| {
            columns.add_numbers(name, "1", description, rows().map(of).map(|x| x.filter(|x| x.is_finite())));
        };
        numbers("outage_probability", "Probability of an outage.", |row| Some(row.estimate.probability));
        for (name, end) in [("outage_probability_low", "Lower"), ("outage_probability_high", "Upper")] {
            let description = format!(
                "{end} end of its {confidence} % interval, approximate; without meaning unless it has converged."
            );
            let of: fn(&RareCell) -> Option<f64> = if end == "Lower" {
                |row| Some(row.estimate.interval.low)
            } else {
                |row| Some(row.estimate.interval.high)
            };
            numbers(name, &description, of);
        }
        numbers("relative_error", "Standard error as a share of the probability; null without an outage.", |row| {
            Some(row.estimate.relative_error)
        });
        numbers("effective_outages", "Outages, in units of runs of equal weight.", |row| Some(row.estimate.effective));
        numbers(
            "plain_runs",
            "Plain runs that it would take for the same error; null without an outage.",
            RareCell::plain_runs,
        );
        numbers(
            "subset_probability",
            "What the small subset simulation says that is the check; null with method = \"subset\".",
            |row| row.estimate.check,
        );
        let runs = Int64Array::from_iter_values(rows().map(|row| row.estimate.runs.into()));
        columns.add("runs", "1", "Runs that were made.", Arc::new(runs));
        let converged: BooleanArray = rows().map(|row| Some(row.estimate.has_converged())).collect();
        columns.add("converged", "1", "Whether there is no reason to doubt the estimate.", Arc::new(converged));
        let doubts: StringArray = rows().map(|row| Some(row.doubts()).filter(|doubts| !doubts.is_empty())).collect();
        columns.add("doubts", "1", "Why it is not to be trusted; null if it has converged.", Arc::new(doubts));
    }
}
