//! The surface: one row for each cell.
//!
//! The runs are read part by part, and a part holds whole cells, so that memory stays bounded whatever the number of
//! runs. An output that can be missing has its statistics over those runs in which it is there.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, UInt32Type, UInt64Type};
use arrow_array::{Array, ArrayRef, Float64Array, UInt32Array};
use arrow_schema::ArrowError;
use arrow_schema::{DataType, Field, Schema};
use polars::prelude::{ChunkAgg, ChunkQuantile, ChunkVar, Float64Chunked, NewChunkedArray, QuantileMethod};

use crate::engine::outcome::{OUTPUTS, OutputType};
use crate::statistics::interval::Interval;
use crate::store::{Folder, StoreError, axis_column, axis_field, output_field};

/// Why there is no summary.
#[derive(Debug, thiserror::Error)]
pub enum SummaryError {
    /// A file of the folder cannot be read, or is damaged.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The table could not be put together.
    #[error("the surface cannot be made: {0}")]
    Table(#[from] ArrowError),
    /// A statistic could not be computed.
    #[error("a statistic cannot be computed: {0}")]
    Statistic(#[from] polars::prelude::PolarsError),
}

/// The statistics of an output, in the order of the columns: mean, standard deviation, quantiles.
const STATISTICS: [(&str, &str); 5] = [
    ("mean", "Mean of"),
    ("sd", "Standard deviation (n − 1) of"),
    ("q05", "5 % quantile of"),
    ("q50", "Median of"),
    ("q95", "95 % quantile of"),
];

/// Mean, standard deviation and quantiles of the values that are there. The quantiles interpolate linearly between
/// the order statistics (type 7 of Hyndman and Fan 1996). `None` without a value; no deviation of a single one.
fn statistics(values: &Float64Chunked) -> Result<[Option<f64>; 5], SummaryError> {
    let quantile = |q| values.quantile(q, QuantileMethod::Linear);
    Ok([values.mean(), values.std(1), quantile(0.05)?, quantile(0.5)?, quantile(0.95)?])
}

/// A column of one cell as real numbers: counts as they are, `true` as 1.
fn values(column: &dyn Array, rows: std::ops::Range<usize>) -> Float64Chunked {
    let slice = column.slice(rows.start, rows.len());
    let name = "".into();
    if let Some(numbers) = slice.as_primitive_opt::<Float64Type>() {
        Float64Chunked::from_iter_options(name, numbers.iter())
    } else if let Some(counts) = slice.as_primitive_opt::<UInt64Type>() {
        Float64Chunked::from_iter_options(name, counts.iter().map(|count| count.map(|count| count as f64)))
    } else {
        let flags = slice.as_boolean_opt().into_iter().flat_map(|flags| flags.iter());
        Float64Chunked::from_iter_options(name, flags.map(|flag| flag.map(f64::from)))
    }
}

/// The columns of the surface, filled cell by cell.
struct Columns {
    cells: Vec<u32>,
    replicates: Vec<u32>,
    outages: Vec<u32>,
    probabilities: [Vec<f64>; 3],
    /// For each output but `outage`, for each statistic, a value for each cell.
    statistics: Vec<[Vec<Option<f64>>; 5]>,
}

impl Columns {
    fn new() -> Columns {
        Columns {
            cells: Vec::new(),
            replicates: Vec::new(),
            outages: Vec::new(),
            probabilities: Default::default(),
            statistics: OUTPUTS[1..].iter().map(|_| Default::default()).collect(),
        }
    }

    fn push(
        &mut self,
        folder: &Folder,
        cell: u32,
        runs: &RecordBatch,
        rows: std::ops::Range<usize>,
    ) -> Result<(), SummaryError> {
        let n = rows.len() as u32;
        for (place, output) in OUTPUTS.iter().enumerate() {
            let Some(column) = runs.column_by_name(output.name) else { continue };
            let values = values(column, rows.clone());
            if place == 0 {
                let outages = values.sum().unwrap_or(0.0) as u32;
                let interval = Interval::of(&folder.sweep().replicates, outages, n);
                self.outages.push(outages);
                let estimate = f64::from(outages) / f64::from(n);
                for (column, value) in self.probabilities.iter_mut().zip([estimate, interval.low, interval.high]) {
                    column.push(value);
                }
                continue;
            }
            for (column, value) in self.statistics[place - 1].iter_mut().zip(statistics(&values)?) {
                column.push(value);
            }
        }
        self.cells.push(cell);
        self.replicates.push(n);
        Ok(())
    }

    fn into_table(self, folder: &Folder) -> Result<RecordBatch, SummaryError> {
        let sweep = folder.sweep();
        let confidence = format!("{} %", 100.0 * sweep.replicates.confidence);
        let ends =
            format!("of the {confidence} interval of outage_probability ({})", Interval::name(&sweep.replicates));
        let mut table: Vec<(Field, ArrayRef)> = Vec::new();
        let cell = folder.run_schema().field_with_name("cell")?.clone();
        table.push((cell, Arc::new(UInt32Array::from(self.cells.clone()))));
        for (index, axis) in sweep.axes.iter().enumerate() {
            table.push((axis_field(axis), axis_column(sweep, index, self.cells.iter().copied())));
        }
        let count = |name: &str, description: &str| described(name, DataType::UInt32, false, "1", description);
        table.push((count("replicates", "Runs of the cell."), Arc::new(UInt32Array::from(self.replicates))));
        table.push((count("outages", "Runs with an outage."), Arc::new(UInt32Array::from(self.outages))));
        let described_ends = [
            ("outage_probability", "Share of the runs with an outage.".to_owned()),
            ("outage_probability_low", format!("Lower end {ends}.")),
            ("outage_probability_high", format!("Upper end {ends}.")),
        ];
        for ((name, description), values) in described_ends.iter().zip(self.probabilities) {
            let field = described(name, DataType::Float64, false, "1", description);
            table.push((field, Arc::new(Float64Array::from(values))));
        }
        for (output, columns) in OUTPUTS[1..].iter().zip(self.statistics) {
            let source = output_field(output);
            let scope = if source.is_nullable() { "; over the runs in which it is not null" } else { "" };
            for ((suffix, what), values) in STATISTICS.iter().zip(columns) {
                // The mean of a truth is the share of the runs; its quantiles say nothing.
                if output.kind == OutputType::Boolean && *suffix != "mean" {
                    continue;
                }
                let description =
                    format!("{what} {} over the runs of the cell{scope}. {}", output.name, output.description);
                let name = format!("{}_{suffix}", output.name);
                let field = described(&name, DataType::Float64, true, output.unit, &description);
                table.push((field, Arc::new(Float64Array::from(values))));
            }
        }
        let (fields, columns): (Vec<Field>, Vec<ArrayRef>) = table.into_iter().unzip();
        Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
    }
}

fn described(name: &str, data_type: DataType, nullable: bool, unit: &str, description: &str) -> Field {
    let metadata = [("unit", unit), ("description", description)];
    Field::new(name, data_type, nullable)
        .with_metadata(HashMap::from(metadata.map(|(key, value)| (key.to_owned(), value.to_owned()))))
}

/// The surface of some cells, of which these are the runs.
fn of_runs(folder: &Folder, runs: &RecordBatch) -> Result<RecordBatch, SummaryError> {
    let mut columns = Columns::new();
    let cells = runs.column(0).as_primitive_opt::<UInt32Type>().map_or(&[][..], |cells| cells.values());
    let mut start = 0;
    for same in cells.chunk_by(|a, b| a == b) {
        let rows = start..start + same.len();
        start = rows.end;
        columns.push(folder, same[0], runs, rows)?;
    }
    columns.into_table(folder)
}

/// Writes the surface of what is in a folder, one row for each cell that has runs, and gives each piece of it to
/// `look`. Only one block of cells is in memory at a time.
///
/// # Errors
/// A part cannot be read or is damaged, or the surface cannot be written.
pub fn write_surface(folder: &Folder, look: &mut dyn FnMut(&RecordBatch)) -> Result<(), SummaryError> {
    let schema = of_runs(folder, &RecordBatch::new_empty(folder.run_schema().clone()))?.schema();
    let mut failed = None;
    let pieces = (0..folder.blocks()).map(|block| {
        let runs = folder.runs(block)?;
        let piece = of_runs(folder, &runs).map_err(|error| {
            let message = error.to_string();
            failed = Some(error);
            StoreError::Said(message)
        })?;
        look(&piece);
        Ok(piece)
    });
    let written = folder.write_surface(&schema, pieces);
    match failed {
        Some(error) => Err(error),
        None => Ok(written?),
    }
}

/// One cell of the surface, as far as the terminal shows it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SurfaceRow {
    /// The cell.
    pub cell: u32,
    /// Its runs.
    pub replicates: u32,
    /// Share of its runs with an outage, and the interval of its outage probability.
    pub probability: f64,
    /// The interval.
    pub interval: Interval,
}

/// The rows of a surface, as far as the terminal shows them.
pub fn surface_rows(surface: &RecordBatch) -> Vec<SurfaceRow> {
    let integers = |name: &str| surface.column_by_name(name).and_then(|c| c.as_primitive_opt::<UInt32Type>());
    let numbers = |name: &str| surface.column_by_name(name).and_then(|c| c.as_primitive_opt::<Float64Type>());
    let (Some(cells), Some(replicates), Some(probability), Some(low), Some(high)) = (
        integers("cell"),
        integers("replicates"),
        numbers("outage_probability"),
        numbers("outage_probability_low"),
        numbers("outage_probability_high"),
    ) else {
        return Vec::new();
    };
    (0..surface.num_rows())
        .map(|row| SurfaceRow {
            cell: cells.value(row),
            replicates: replicates.value(row),
            probability: probability.value(row),
            interval: Interval { low: low.value(row), high: high.value(row) },
        })
        .collect()
}
