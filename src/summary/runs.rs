//! From runs to a surface.
//!
//! The runs of a part are a frame of polars, grouped by cell. Everything is a real number there: counts as they are,
//! `true` as 1.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, UInt32Type, UInt64Type};
use arrow_array::{Array, RecordBatch};
use arrow_schema::ArrowError;
use polars::prelude::{
    Column, DataFrame, Float64Chunked, GroupBy, IntoColumn, NewChunkedArray, PolarsError, PolarsResult, QuantileMethod,
    UInt32Chunked,
};
use polars::series::IsSorted;

use super::columns::{CellSummary, OUTAGE, Statistic};
use super::error::SummaryError;
use super::surface::{Rows, StatisticColumn};
use crate::engine::outcome::OUTPUTS;
use crate::sweep::Sweep;

/// The column that the runs are grouped by.
const CELL: &str = "cell";

/// The rows of some cells, of which these are the runs, in the order of the cells.
///
/// # Errors
/// A column is missing.
pub(super) fn summarize(sweep: &Sweep, runs: &RecordBatch) -> Result<Rows, SummaryError> {
    let runs = frame(runs)?;
    let by_cell = runs.group_by_stable([CELL])?;
    let mut statistics = StatisticColumn::all();
    for column in &mut statistics {
        let table = compute(column.statistic, &by_cell.clone().select([column.output.name]))?;
        column.values = aggregated(&table)?.f64()?.iter().collect();
    }
    Ok(Rows { cells: cell_summaries(sweep, &by_cell)?, statistics })
}

/// Cell and outputs of some runs as a frame.
fn frame(runs: &RecordBatch) -> Result<DataFrame, SummaryError> {
    let column = |name: &str| {
        let missing = || ArrowError::SchemaError(format!("the runs have no column {name}, or one of another type"));
        runs.column_by_name(name).ok_or_else(missing)
    };
    let cells = column(CELL)?.as_primitive_opt::<UInt32Type>().map_or(&[][..], |cells| cells.values());
    let mut cells = UInt32Chunked::from_slice(CELL.into(), cells);
    // Then a group is a range of rows, and polars computes on slices; else it would gather rows one by one.
    cells.set_sorted_flag(IsSorted::Ascending);
    let mut columns = vec![cells.into_column()];
    for output in OUTPUTS {
        columns.push(numbers(output.name, column(output.name)?));
    }
    Ok(DataFrame::new(runs.num_rows(), columns)?)
}

/// A column as real numbers.
fn numbers(name: &str, column: &dyn Array) -> Column {
    let name = name.into();
    if let Some(numbers) = column.as_primitive_opt::<Float64Type>() {
        if numbers.null_count() == 0 {
            Float64Chunked::from_slice(name, numbers.values())
        } else {
            Float64Chunked::from_iter_options(name, numbers.iter())
        }
    } else if let Some(counts) = column.as_primitive_opt::<UInt64Type>() {
        Float64Chunked::from_iter_values(name, counts.values().iter().map(|&count| count as f64))
    } else {
        let flags = column.as_boolean_opt().into_iter().flat_map(|flags| flags.iter());
        Float64Chunked::from_iter_options(name, flags.map(|flag| flag.map(f64::from)))
    }
    .into_column()
}

/// Number of runs and of outages of each cell.
fn cell_summaries(sweep: &Sweep, by_cell: &GroupBy) -> Result<Vec<CellSummary>, SummaryError> {
    let outage = by_cell.clone().select([OUTAGE]);
    let (replicates, outages) = (outage.count()?, sum(&outage)?);
    let cells = outages.column(CELL)?.u32()?.iter().flatten();
    let (replicates, outages) = (aggregated(&replicates)?.u32()?, aggregated(&outages)?.f64()?);
    let counts = replicates.iter().flatten().zip(outages.iter().flatten());
    Ok(cells
        .zip(counts)
        .map(|(cell, (replicates, outages))| CellSummary::new(&sweep.replicates, cell, replicates, outages as u32))
        .collect())
}

/// The sum of each group.
#[expect(deprecated, reason = "the lazy frames that polars offers instead take minutes to build")]
fn sum(groups: &GroupBy) -> PolarsResult<DataFrame> {
    groups.sum()
}

/// A statistic of each group.
#[expect(deprecated, reason = "the lazy frames that polars offers instead take minutes to build")]
fn compute(statistic: Statistic, groups: &GroupBy) -> PolarsResult<DataFrame> {
    match statistic {
        Statistic::Mean => groups.mean(),
        Statistic::Deviation => groups.std(1),
        Statistic::Quantile05 => groups.quantile(0.05, QuantileMethod::Linear),
        Statistic::Median => groups.quantile(0.5, QuantileMethod::Linear),
        Statistic::Quantile95 => groups.quantile(0.95, QuantileMethod::Linear),
    }
}

/// What was computed of each group: it stands beside the cells, in the order of the cells.
fn aggregated(table: &DataFrame) -> PolarsResult<&Column> {
    table.columns().last().ok_or_else(|| PolarsError::NoData("a frame without columns".into()))
}
