//! A row for each cell that is compared.

use std::sync::Arc;

use arrow_array::{Int64Array, RecordBatch, StringArray, UInt32Array};
use arrow_schema::ArrowError;

use super::columns::{DifferenceColumn, named};
use super::difference::{Compared, Difference, outputs};
use super::pairing::{Against, Comparison};
use crate::engine::outcome::Missing;
use crate::store::{axis_column, axis_field};
use crate::summary::listing::Columns;
use crate::sweep::Sweep;
use crate::sweep::columns as names;

/// The differences of cells from others, as a title says it: what they are compared with.
pub(in crate::summary) fn reference_in_words(sweep: &Sweep, against: &Against) -> String {
    match against {
        Against::Point { axis, reference } => {
            let of_axis = sweep.axes.get(*axis);
            let label = of_axis.and_then(|axis| axis.label(*reference)).map(|label| label.to_string());
            format!("{} = {}", of_axis.map_or("", |axis| &axis.name), label.unwrap_or_default())
        }
        Against::Sweep { name } => name.clone(),
    }
}

impl Comparison {
    /// What the cells are compared with, in words.
    pub fn reference_in_words(&self) -> String {
        reference_in_words(&self.sweep, &self.against)
    }

    /// The differences of an output, each with its cell; `None` if the output is not compared.
    pub fn differences(&self, output: &str) -> Option<impl Iterator<Item = (&Compared, Difference)>> {
        let index = outputs().position(|of| of.name == output)?;
        Some(self.rows.iter().filter_map(move |row| Some((row, *row.differences.get(index)?))))
    }

    /// The comparison as a table: a row for each cell that is compared.
    ///
    /// # Errors
    /// None for a sweep that was read.
    pub fn to_table(&self) -> Result<RecordBatch, ArrowError> {
        let Comparison { sweep, rows, .. } = self;
        let mut columns = Columns::default();
        let cells = |of: fn(&Compared) -> u32| Arc::new(UInt32Array::from_iter_values(rows.iter().map(of)));
        columns.add(names::CELL, "1", "Number of the cell.", cells(|row| row.cell));
        for (index, on) in sweep.axes.iter().enumerate() {
            columns.add_field(axis_field(on), axis_column(sweep, index, rows.iter().map(|row| row.cell)));
        }
        let reference = self.reference_in_words();
        columns.add("reference_cell", "1", "The cell that it is compared with.", cells(|row| row.reference));
        let words = StringArray::from_iter_values(rows.iter().map(|_| &reference));
        columns.add("reference", "1", "What that cell has other than this one.", Arc::new(words));
        let counts =
            |of: fn(&Compared) -> u32| Arc::new(Int64Array::from_iter_values(rows.iter().map(|r| of(r).into())));
        columns.add("pairs", "1", "Replicates that both cells have.", counts(|row| row.pairs));
        columns.add("left_out", "1", "Replicates that one cell has alone.", counts(|row| row.left_out));
        let description = "Replicates with an outage in this cell and not in the reference.";
        columns.add("outages_alone", "1", description, counts(|row| row.outages.second_alone));
        let description = "Replicates with an outage in the reference and not in this cell.";
        columns.add("outages_reference_alone", "1", description, counts(|row| row.outages.first_alone));
        let mut differences = DifferenceColumn::all();
        rows.iter().for_each(|row| DifferenceColumn::push(&mut differences, Some(row)));
        for column in differences {
            let description = column.description(self.confidence, &reference);
            columns.add_numbers(&column.name(), column.unit(), &description, column.values.iter().copied());
        }
        for (index, output) in outputs().enumerate().filter(|(_, output)| output.missing != Missing::Never) {
            let pairs = rows.iter().map(|row| row.differences.get(index).map(|of| i64::from(of.pairs)));
            let name = named(output);
            let description = format!("Replicates in which both cells have {name}.");
            columns.add(&format!("{name}_pairs"), "1", &description, Arc::new(Int64Array::from_iter(pairs)));
        }
        columns.into_table()
    }
}
