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
use super::surface::{Rows, StatisticColumn, Surface};
use crate::engine::outcome::OUTPUTS;
use crate::store::{RunRow, run_table};
use crate::sweep::Sweep;
use crate::sweep::columns::CELL;

impl Surface {
    /// The surface of some runs in memory, in the order of the cells.
    ///
    /// # Errors
    /// A statistic cannot be computed.
    pub fn of(sweep: &Sweep, runs: &[RunRow]) -> Result<Surface, SummaryError> {
        let rows = summarize(sweep, &run_table(sweep, runs)?)?;
        Ok(Surface::new(sweep.clone(), rows))
    }
}

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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, BooleanArray, Float64Array, UInt32Array, UInt64Array};

    use super::*;
    use crate::engine::outcome::OutputType;

    /// Five runs of cell 3 and one of cell 7. A number is 1, 2, 4, 8, 16 and 32, a count 1000 times that; a number
    /// that can be missing is missing in every other run.
    fn runs() -> RecordBatch {
        let powers: Vec<u64> = (0..6).map(|run| 1 << run).collect();
        let column = |kind: OutputType, can_be_missing: bool| -> ArrayRef {
            match kind {
                OutputType::Boolean => Arc::new(BooleanArray::from(vec![true, false, true, true, false, true])),
                OutputType::Count => Arc::new(UInt64Array::from_iter_values(powers.iter().map(|power| 1000 * power))),
                OutputType::Number => Arc::new(Float64Array::from_iter(
                    powers.iter().enumerate().map(|(run, &x)| (!can_be_missing || run % 2 == 0).then_some(x as f64)),
                )),
            }
        };
        let cells: ArrayRef = Arc::new(UInt32Array::from(vec![3, 3, 3, 3, 3, 7]));
        let outputs = OUTPUTS.iter().map(|o| (o.name, column(o.kind, o.name == "recovery_h")));
        RecordBatch::try_from_iter_with_nullable(
            [("cell", cells, false)].into_iter().chain(outputs.map(|(name, column)| (name, column, true))),
        )
        .unwrap()
    }

    #[track_caller]
    fn assert_statistics(rows: &Rows, output: &str, cell: usize, expected: &[Option<f64>]) {
        let columns = rows.statistics.iter().filter(|column| column.output.name == output);
        let values: Vec<Option<f64>> = columns.map(|column| column.values[cell]).collect();
        assert_eq!(values, expected, "{output}");
    }

    #[test]
    fn statistics_are_those_of_the_runs_of_each_cell() {
        let sweep = Sweep::parse("name = \"t\"", "t.toml", &[]).unwrap();
        let rows = summarize(&sweep, &runs()).unwrap();
        let counts: Vec<_> = rows.cells.iter().map(|row| (row.cell, row.replicates, row.outages)).collect();
        assert_eq!(counts, [(3, 5, 3), (7, 1, 1)]);
        assert_eq!(rows.cells[0].outage_probability, 0.6);
        // 1, 2, 4, 8, 16: the mean is 6.2, the squares sum to 341. The quantiles lie 0.2, 2 and 3.8 steps from the
        // lowest value.
        let deviation = ((341.0 - 5.0 * 6.2 * 6.2) / 4.0_f64).sqrt();
        let numbers = [6.2, deviation, 1.2, 4.0, 14.4];
        for (statistic, expected) in rows.statistics.iter().filter(|c| c.output.name == "outage_h").zip(numbers) {
            let value = statistic.values[0].unwrap();
            assert!((value - expected).abs() < 1e-12, "{}: {value}, not {expected}", statistic.name());
        }
        assert_statistics(&rows, "recovered", 0, &[Some(0.6)]);
        assert_statistics(&rows, "logins", 1, &[Some(32e3), None, Some(32e3), Some(32e3), Some(32e3)]);
        assert_statistics(&rows, "recovery_h", 1, &[None; 5]);
        // Of 1, 4 and 16.
        let median = rows.statistics.iter().find(|c| c.name() == "recovery_h_q50").unwrap();
        assert_eq!(median.values[0], Some(4.0));
        assert!(!rows.statistics.iter().any(|column| column.output.name == OUTAGE), "it has an interval");
    }

    #[test]
    fn without_runs_there_are_no_rows_and_a_missing_column_is_an_error() {
        let sweep = Sweep::parse("name = \"t\"", "t.toml", &[]).unwrap();
        let runs = runs();
        let nothing = summarize(&sweep, &runs.slice(0, 0)).unwrap();
        assert!(nothing.cells.is_empty() && nothing.statistics.iter().all(|column| column.values.is_empty()));
        let columns: Vec<usize> = (0..runs.num_columns() - 1).collect();
        assert!(summarize(&sweep, &runs.project(&columns).unwrap()).is_err());
    }
}
