//! The result as a table: a row for each cell and each uncertain input, and first those of all cells together.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray, UInt32Array, new_null_array};
use arrow_schema::ArrowError;
use arrow_select::concat::concat;

use super::analysis::{OfInput, Part, Sensitivity};
use crate::statistics::clusters::Estimate;
use crate::store::{axis_column, axis_field};
use crate::summary::listing::Columns;
use crate::sweep::columns as names;

/// A row: a part, and one of its inputs, by its index. A sweep without uncertain inputs has one row a part.
type Row<'a> = (&'a Part, Option<usize>);

impl Sensitivity {
    /// The result as a table.
    ///
    /// # Errors
    /// None for a sweep that was read.
    pub fn to_table(&self) -> Result<RecordBatch, ArrowError> {
        let inputs = self.sweep().uncertain.len();
        let of_part = |part| (0..inputs.max(1)).map(move |input| (part, (input < inputs).then_some(input)));
        let rows: Vec<Row<'_>> = std::iter::once(&self.all).chain(&self.cells).flat_map(of_part).collect();
        let mut columns = Columns::default();
        self.add_keys(&mut columns, &rows)?;
        self.add_of_part(&mut columns, &rows);
        self.add_of_input(&mut columns, &rows);
        columns.into_table()
    }

    fn add_keys(&self, columns: &mut Columns, rows: &[Row<'_>]) -> Result<(), ArrowError> {
        let cells = rows.iter().map(|(part, _)| part.cell);
        let description = "Number of the cell; missing in the rows of all cells together.";
        columns.add(names::CELL, "1", description, Arc::new(UInt32Array::from_iter(cells)));
        let of_all = rows.iter().filter(|(part, _)| part.cell.is_none()).count();
        for (index, axis) in self.sweep().axes.iter().enumerate() {
            let labels = axis_column(self.sweep(), index, rows.iter().filter_map(|(part, _)| part.cell));
            let missing: ArrayRef = new_null_array(labels.data_type(), of_all);
            columns.add_field(axis_field(axis), concat(&[&missing, &labels])?);
        }
        let uncertain = &self.sweep().uncertain;
        let names = rows.iter().map(|(_, input)| input.map(|of| uncertain[of].parameter.name()));
        columns.add("input", "1", "The uncertain input.", Arc::new(StringArray::from_iter(names)));
        let units = rows.iter().map(|(_, input)| input.map(|of| uncertain[of].parameter.unit()));
        columns.add("input_unit", "1", "Unit of the input.", Arc::new(StringArray::from_iter(units)));
        Ok(())
    }

    fn add_of_part(&self, columns: &mut Columns, rows: &[Row<'_>]) {
        let counts = rows.iter().map(|(part, _)| Some(part.runs as i64));
        columns.add("runs", "1", "Runs.", Arc::new(Int64Array::from_iter(counts)));
        let output = self.sample.output;
        let mean = format!("Mean of {}; missing where ranks are analyzed.", output.name);
        columns.add_numbers("mean", output.unit, &mean, rows.iter().map(|(part, _)| part.mean));
        let variance = format!("Variance of {}, or of its mean ranks in 0 … 1, within a cell.", output.name);
        columns.add_numbers("variance", "1", &variance, rows.iter().map(|(part, _)| Some(part.variance)));
        let chance = "Share of the variance that is chance, with every input known";
        self.add_estimates(columns, "chance", chance, rows.iter().map(|(part, _)| part.chance));
    }

    fn add_of_input(&self, columns: &mut Columns, rows: &[Row<'_>]) {
        let inputs: Vec<Option<&OfInput>> = rows.iter().map(|(part, input)| part.inputs.get((*input)?)).collect();
        let first = "First-order index: the share of the variance that knowing the input alone takes away";
        self.add_estimates(columns, "first_order", first, inputs.iter().map(|of| of.and_then(|of| of.first_order)));
        let total = "Total index: the share of the variance that the input has a hand in, chance apart";
        self.add_estimates(columns, "total", total, inputs.iter().map(|of| of.and_then(|of| of.total)));
        let shift = "Mean normal score of the input in runs with an outage, in standard deviations";
        self.add_estimates(columns, "shift_in_outages", shift, inputs.iter().map(|of| of.and_then(|of| of.shift)));
        let means = inputs.iter().map(|of| of.and_then(|of| of.means));
        let description = "Mean of the values used in runs with an outage, in the unit of the input.";
        columns.add_numbers("input_mean_in_outages", "1", description, means.clone().map(|means| Some(means?[0])));
        let description = "Mean of the values used in all runs, weighted as that of the runs with an outage.";
        columns.add_numbers("input_mean", "1", description, means.map(|means| Some(means?[1])));
    }

    /// Three columns: an estimate and the ends of its interval.
    fn add_estimates(
        &self,
        columns: &mut Columns,
        name: &str,
        description: &str,
        estimates: impl Iterator<Item = Option<Estimate>> + Clone,
    ) {
        let confidence = self.sweep().replicates.confidence;
        columns.add_numbers(name, "1", &format!("{description}."), estimates.clone().map(|e| Some(e?.value)));
        for (end, which, index) in [("low", "Lower", 0), ("high", "Upper", 1)] {
            let description = format!("{which} end of the {} % interval of {name}.", 100.0 * confidence);
            let values = estimates.clone().map(|estimate| Some(estimate?.interval(confidence)?[index]));
            columns.add_numbers(&format!("{name}_{end}"), "1", &description, values);
        }
    }
}
