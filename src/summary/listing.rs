//! Tables that are results of their own, beside the surface: as CSV and JSON. Their columns are Arrow's, with units and
//! descriptions as in every file.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, UInt32Type, UInt64Type};
use arrow_array::{Array, ArrayRef, Float64Array, RecordBatch, UInt32Array};
use arrow_schema::{ArrowError, DataType, Field, Schema};
use serde::Serializer as _;
use serde_json::{Map, Serializer};

use super::entry::Entry;
use crate::store::{axis_column, axis_field};
use crate::sweep::{Sweep, columns};

/// The columns of a table, one after the other.
#[derive(Default)]
pub(super) struct Columns {
    fields: Vec<Field>,
    arrays: Vec<ArrayRef>,
}

impl Columns {
    /// Adds a column whose entries may be missing.
    pub(super) fn add(&mut self, name: &str, unit: &str, description: &str, array: ArrayRef) {
        let metadata = [("unit".to_owned(), unit.to_owned()), ("description".to_owned(), description.to_owned())];
        let field = Field::new(name, array.data_type().clone(), true).with_metadata(HashMap::from(metadata));
        self.add_field(field, array);
    }

    /// Adds the numbers of cells of a sweep, and where they are on its axes.
    pub(super) fn add_cells(&mut self, sweep: &Sweep, description: &str, cells: &[u32]) {
        self.add(columns::CELL, "1", description, Arc::new(UInt32Array::from(cells.to_vec())));
        for (index, axis) in sweep.axes.iter().enumerate() {
            self.add_field(axis_field(axis), axis_column(sweep, index, cells.iter().copied()));
        }
    }

    /// Adds the uncertain inputs of a sweep: of each row what was drawn of all of them, NaN where nothing was.
    pub(super) fn add_drawn<'a>(&mut self, sweep: &Sweep, rows: impl Iterator<Item = &'a [f64]> + Clone) {
        for (index, input) in sweep.uncertain.iter().enumerate() {
            let drawn = rows.clone().map(|row| row.get(index).copied().filter(|x| !x.is_nan()));
            self.add_numbers(&input.column(sweep), input.parameter.unit(), &input.parameter.meaning(), drawn);
        }
    }

    /// Adds a column of numbers.
    pub(super) fn add_numbers(
        &mut self,
        name: &str,
        unit: &str,
        description: &str,
        values: impl Iterator<Item = Option<f64>>,
    ) {
        self.add(name, unit, description, Arc::new(Float64Array::from_iter(values)));
    }

    /// Adds a column with a field of its own, whose entries may be missing.
    pub(super) fn add_field(&mut self, field: Field, array: ArrayRef) {
        self.fields.push(field.with_nullable(true));
        self.arrays.push(array);
    }

    /// The table.
    pub(super) fn into_table(self) -> Result<RecordBatch, ArrowError> {
        RecordBatch::try_new(Arc::new(Schema::new(self.fields)), self.arrays)
    }
}

/// Writes a table as CSV (RFC 4180): what is missing is empty.
///
/// # Errors
/// `out` cannot be written to.
pub fn write_csv(table: &RecordBatch, out: &mut dyn Write) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(table.schema().fields().iter().map(|field| field.name()))?;
    for row in 0..table.num_rows() {
        csv.write_record(table.columns().iter().map(|column| entry(column, row).to_csv()))?;
    }
    csv.flush()
}

/// Writes a table as JSON: a list with an object for each row.
///
/// # Errors
/// `out` cannot be written to.
pub fn write_json(table: &RecordBatch, out: &mut dyn Write) -> io::Result<()> {
    let schema = table.schema();
    let object = |row| {
        let entries = schema.fields().iter().zip(table.columns());
        entries.map(|(field, column)| (field.name().clone(), entry(column, row).to_json())).collect::<Map<_, _>>()
    };
    Serializer::pretty(&mut *out).collect_seq((0..table.num_rows()).map(object))?;
    writeln!(out)
}

/// What stands in a row of a column.
fn entry(column: &dyn Array, row: usize) -> Entry<'_> {
    if column.is_null(row) {
        return Entry::Missing;
    }
    match column.data_type() {
        DataType::Float64 => Entry::Number(column.as_primitive::<Float64Type>().value(row)),
        DataType::UInt32 => Entry::Count(column.as_primitive::<UInt32Type>().value(row).into()),
        DataType::UInt64 => Entry::Count(column.as_primitive::<UInt64Type>().value(row)),
        DataType::Int64 => Entry::Count(column.as_primitive::<Int64Type>().value(row).unsigned_abs()),
        DataType::Boolean => Entry::Truth(column.as_boolean().value(row)),
        DataType::Utf8 => Entry::Word(column.as_string::<i32>().value(row)),
        _ => Entry::Missing,
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::{BooleanArray, Int64Array, StringArray, UInt32Array};

    use super::*;

    fn table() -> RecordBatch {
        let mut columns = Columns::default();
        columns.add("cell", "1", "Number.", Arc::new(UInt32Array::from(vec![None, Some(4)])));
        columns.add("word", "1", "A word.", Arc::new(StringArray::from(vec![Some("a, \"b\""), None])));
        columns.add("runs", "1", "Runs.", Arc::new(Int64Array::from(vec![20, 0])));
        columns.add("all", "1", "Whether.", Arc::new(BooleanArray::from(vec![true, false])));
        columns.add_numbers("x", "h", "Hours.", [Some(f64::INFINITY), Some(0.1)].into_iter());
        columns.into_table().unwrap()
    }

    #[test]
    fn a_table_is_the_same_as_csv_and_as_json() {
        let mut csv = Vec::new();
        write_csv(&table(), &mut csv).unwrap();
        let expected = "cell,word,runs,all,x\n,\"a, \"\"b\"\"\",20,true,inf\n4,,0,false,0.1\n";
        assert_eq!(String::from_utf8(csv).unwrap(), expected);
        let mut json = Vec::new();
        write_json(&table(), &mut json).unwrap();
        let rows: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(
            rows[0],
            serde_json::json!({ "cell": null, "word": "a, \"b\"", "runs": 20, "all": true, "x": "inf" })
        );
        assert_eq!(rows[1], serde_json::json!({ "cell": 4, "word": null, "runs": 0, "all": false, "x": 0.1 }));
    }

    #[test]
    fn columns_have_units_and_descriptions() {
        let schema = table().schema();
        assert_eq!(
            (&schema.field(4).metadata()["unit"][..], &schema.field(4).metadata()["description"][..]),
            ("h", "Hours.")
        );
    }
}
