//! The columns of the Parquet files, with their units and descriptions.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray, UInt32Array, UInt64Array};
use arrow_schema::ArrowError;
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use super::key::RunKey;
use super::row::RunRow;
use crate::engine::outcome::{OUTPUTS, Output, OutputType, OutputValue, TRACE_COLUMNS, TraceRow};
use crate::parameters::{Domain, Quantity, Value};
use crate::sweep::{Axis, AxisLabel, AxisPoints, Sweep, columns};

fn field(name: &str, data_type: DataType, nullable: bool, unit: &str, description: &str) -> Field {
    // A map of two entries is written in the order of its keys.
    let metadata =
        HashMap::from([("description".to_owned(), description.to_owned()), ("unit".to_owned(), unit.to_owned())]);
    Field::new(name, data_type, nullable).with_metadata(metadata)
}

/// A count as it is kept. Differences of unsigned numbers wrap in many readers, and what is compared between two runs is
/// a difference; no count comes near 2^63.
fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The column of an output.
pub(crate) fn output_field<Row>(output: &Output<Row>) -> Field {
    let (data_type, nullable) = match output.kind {
        OutputType::Boolean => (DataType::Boolean, false),
        OutputType::Count => (DataType::Int64, false),
        OutputType::Number => (DataType::Float64, true),
        OutputType::Word => (DataType::Utf8, true),
    };
    field(output.name, data_type, nullable, output.unit, output.description)
}

/// The column of an axis.
pub(crate) fn axis_field(axis: &Axis) -> Field {
    match &axis.points {
        AxisPoints::Variants(_) => field(&axis.name, DataType::Utf8, false, "1", "Label of the variant."),
        AxisPoints::Values { parameter, .. } => {
            let data_type = match parameter.domain() {
                Domain::Number(_) => DataType::Float64,
                Domain::Integer(..) => DataType::Int64,
                Domain::Boolean => DataType::Boolean,
                Domain::Choice(_) | Domain::Regions => DataType::Utf8,
            };
            field(&axis.name, data_type, false, parameter.unit(), &parameter.meaning())
        }
    }
}

fn drawn_type(parameter: &Quantity) -> DataType {
    if matches!(parameter.domain(), Domain::Integer(..)) { DataType::Int64 } else { DataType::Float64 }
}

/// The columns of `runs/`: cell, replicate, seed, the axes, the uncertain inputs, the outputs.
pub(crate) fn run_schema(sweep: &Sweep) -> SchemaRef {
    let mut fields = vec![
        field(columns::CELL, DataType::UInt32, false, "1", "Number of the cell; the last axis varies fastest."),
        field(columns::REPLICATE, DataType::UInt32, false, "1", "Number of the run within its cell."),
        field(columns::SEED, DataType::UInt64, false, "1", "Seed of the run."),
    ];
    fields.extend(sweep.axes.iter().map(axis_field));
    for uncertain in &sweep.uncertain {
        let parameter = &uncertain.parameter;
        let description = format!("Value used in this run. {}", parameter.meaning());
        fields.push(field(&uncertain.column(sweep), drawn_type(parameter), false, parameter.unit(), &description));
    }
    fields.extend(OUTPUTS.iter().map(output_field));
    Arc::new(Schema::new(fields))
}

/// The columns of `traces/`: cell, replicate, then those of a trace.
pub fn trace_schema() -> SchemaRef {
    let mut fields = vec![
        field(columns::CELL, DataType::UInt32, false, "1", "Number of the cell."),
        field(columns::REPLICATE, DataType::UInt32, false, "1", "Number of the run within its cell."),
    ];
    fields.extend(TRACE_COLUMNS.iter().map(output_field));
    Arc::new(Schema::new(fields))
}

/// The columns of the outputs of some rows.
fn output_columns<'a, Row: 'a>(
    outputs: &'a [Output<Row>],
    rows: impl Iterator<Item = &'a Row> + Clone + 'a,
) -> impl Iterator<Item = ArrayRef> + 'a {
    outputs.iter().map(move |output| -> ArrayRef {
        let values = rows.clone().map(|row| (output.get)(row));
        match output.kind {
            OutputType::Boolean => {
                Arc::new(BooleanArray::from_iter(values.map(|value| Some(value == OutputValue::Boolean(true)))))
            }
            OutputType::Count => Arc::new(Int64Array::from_iter_values(values.map(|value| match value {
                OutputValue::Count(count) => signed(count),
                _ => 0,
            }))),
            OutputType::Number => Arc::new(Float64Array::from_iter(values.map(|value| match value {
                OutputValue::Number(number) => number,
                _ => None,
            }))),
            OutputType::Word => Arc::new(StringArray::from_iter(values.map(|value| match value {
                OutputValue::Word(word) => word,
                _ => None,
            }))),
        }
    })
}

/// The column of an axis for the given cells.
pub(crate) fn axis_column(sweep: &Sweep, axis: usize, cells: impl Iterator<Item = u32>) -> ArrayRef {
    let labels = cells.map(|cell| sweep.label(axis, cell));
    let value = |label: Option<AxisLabel<'_>>| match label {
        Some(AxisLabel::Value(value)) => Some(value.clone()),
        _ => None,
    };
    match sweep.axes.get(axis).map(axis_field).as_ref().map(Field::data_type) {
        Some(DataType::Float64) => {
            Arc::new(Float64Array::from_iter(labels.map(|label| value(label).and_then(|v| v.as_f64()))))
        }
        Some(DataType::Int64) => Arc::new(Int64Array::from_iter(labels.map(|label| match value(label) {
            Some(Value::Integer(n)) => Some(signed(n)),
            _ => None,
        }))),
        Some(DataType::Boolean) => Arc::new(BooleanArray::from_iter(labels.map(|label| match value(label) {
            Some(Value::Boolean(b)) => Some(b),
            _ => None,
        }))),
        _ => Arc::new(StringArray::from_iter(labels.map(|label| match label {
            Some(AxisLabel::Value(Value::Choice(word))) => Some((*word).to_owned()),
            label => label.map(|label| label.to_string()),
        }))),
    }
}

/// What the row of a run says of where it comes from.
#[derive(Clone, Copy)]
pub(super) struct Origin<'a> {
    pub(super) key: RunKey,
    pub(super) seed: u64,
    pub(super) drawn: &'a [f64],
}

/// The columns of runs that stand before the outputs.
fn origin_columns<'a>(sweep: &Sweep, rows: impl Iterator<Item = Origin<'a>> + Clone) -> Vec<ArrayRef> {
    let mut columns = key_columns(rows.clone().map(|row| row.key));
    columns.push(Arc::new(UInt64Array::from_iter_values(rows.clone().map(|row| row.seed))));
    columns.extend((0..sweep.axes.len()).map(|axis| axis_column(sweep, axis, rows.clone().map(|row| row.key.cell))));
    for (index, uncertain) in sweep.uncertain.iter().enumerate() {
        let drawn = rows.clone().map(|row| row.drawn.get(index).copied().unwrap_or(f64::NAN));
        columns.push(match drawn_type(&uncertain.parameter) {
            DataType::Int64 => Arc::new(Int64Array::from_iter_values(drawn.map(|x| x as i64))),
            _ => Arc::new(Float64Array::from_iter_values(drawn)),
        });
    }
    columns
}

/// Cell and replicate.
fn key_columns(keys: impl Iterator<Item = RunKey> + Clone) -> Vec<ArrayRef> {
    vec![
        Arc::new(UInt32Array::from_iter_values(keys.clone().map(|key| key.cell))),
        Arc::new(UInt32Array::from_iter_values(keys.map(|key| key.replicate))),
    ]
}

/// The table of some runs.
pub(super) fn run_batch<'a>(
    sweep: &Sweep,
    schema: &SchemaRef,
    rows: impl Iterator<Item = &'a RunRow> + Clone + 'a,
) -> Result<RecordBatch, ArrowError> {
    let origin = |row: &'a RunRow| Origin { key: row.key(), seed: row.seed, drawn: &row.drawn };
    let mut columns = origin_columns(sweep, rows.clone().map(origin));
    columns.extend(output_columns(OUTPUTS, rows.map(|row| &row.run.outcome)));
    RecordBatch::try_new(schema.clone(), columns)
}

/// The table of runs that another sweep has made: `table` has their rows there, in this order.
pub(super) fn adopted_runs<'a>(
    sweep: &Sweep,
    schema: &SchemaRef,
    rows: impl Iterator<Item = Origin<'a>> + Clone,
    table: &RecordBatch,
) -> Result<RecordBatch, ArrowError> {
    let mut columns = origin_columns(sweep, rows);
    let outputs = OUTPUTS.iter().filter_map(|output| table.column_by_name(output.name));
    columns.extend(outputs.cloned());
    RecordBatch::try_new(schema.clone(), columns)
}

/// The table of the traces of such runs: `keys` are those that each row gets.
pub(super) fn adopted_traces(
    schema: &SchemaRef,
    keys: impl Iterator<Item = RunKey> + Clone,
    table: &RecordBatch,
) -> Result<RecordBatch, ArrowError> {
    let mut columns = key_columns(keys);
    columns.extend(table.columns().iter().skip(columns.len()).cloned());
    RecordBatch::try_new(schema.clone(), columns)
}

/// The table of some runs of a sweep.
///
/// # Errors
/// None for runs of this sweep.
pub(crate) fn run_table(sweep: &Sweep, runs: &[RunRow]) -> Result<RecordBatch, ArrowError> {
    run_batch(sweep, &run_schema(sweep), runs.iter())
}

/// The table of the traces of some runs.
///
/// # Errors
/// None for the schema of [`trace_schema`].
pub fn trace_batch<'a>(
    schema: &SchemaRef,
    traces: impl Iterator<Item = (u32, u32, &'a [TraceRow])> + Clone + 'a,
) -> Result<RecordBatch, ArrowError> {
    let rows = traces.flat_map(|(cell, replicate, rows)| rows.iter().map(move |row| (RunKey { cell, replicate }, row)));
    let mut columns = key_columns(rows.clone().map(|(key, _)| key));
    columns.extend(output_columns(TRACE_COLUMNS, rows.map(|(_, row)| row)));
    RecordBatch::try_new(schema.clone(), columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_signed_but_for_cell_replicate_and_seed() {
        let text = "name = \"t\"\n[[axis]]\nparameter = \"overlay.slots\"\nvalues = [50, 75]\n\
                    [uncertain]\noverlay.probes = { uniform = { from = 1, to = 4 } }\n\
                    overlay.slots = { factor = { uniform = { from = 1, to = 2 } } }\n";
        let sweep = Sweep::parse(text, "t.toml", &[]).unwrap();
        let (runs, traces) = (run_schema(&sweep), trace_schema());
        let fields = || runs.fields().iter().chain(traces.fields());
        let counts: Vec<&str> =
            fields().filter(|f| f.data_type() == &DataType::Int64).map(|f| f.name().as_str()).collect();
        for name in ["overlay.slots", "overlay.probes", "overlay.slots_drawn", "logins", "login_queue"] {
            assert!(counts.contains(&name), "{name}: {counts:?}");
        }
        let unsigned = fields().filter(|field| field.data_type().is_unsigned_integer());
        assert!(unsigned.map(|field| field.name()).eq(["cell", "replicate", "seed", "cell", "replicate"]));
        let labels = axis_column(&sweep, 0, [0, 1].into_iter());
        assert_eq!(labels.as_ref(), &Int64Array::from(vec![50, 75]) as &dyn arrow_array::Array);
        assert_eq!((signed(0), signed(1 << 40), signed(u64::MAX)), (0, 1 << 40, i64::MAX));
    }
}
