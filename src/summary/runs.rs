//! From runs to a surface.
//!
//! The outputs of the runs of a part are columns of polars, and the runs of a cell are a range of rows. Everything is a
//! real number there: counts as they are, `true` as 1.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, UInt32Type, UInt64Type};
use arrow_array::{Array, RecordBatch};
use arrow_schema::ArrowError;
use polars::prelude::{
    ChunkAgg, ChunkQuantile, ChunkVar, Float64Chunked, NewChunkedArray, PolarsResult, QuantileMethod,
};

use super::columns::{CellSummary, OUTAGE, Statistic};
use super::error::SummaryError;
use super::surface::{Rows, StatisticColumn, Surface};
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
    let groups = groups(runs)?;
    let outages = numbers(column(runs, OUTAGE)?);
    let cells = groups.iter().map(|(cell, rows)| {
        let outages = of_rows(&outages, rows).sum().unwrap_or(0.0) as u32;
        CellSummary::new(&sweep.replicates, *cell, rows.len() as u32, outages)
    });
    let cells = cells.collect();
    let mut statistics = StatisticColumn::all();
    for of_output in statistics.chunk_by_mut(|a, b| a.output.name == b.output.name) {
        let Some(first) = of_output.first() else { continue };
        let values = numbers(column(runs, first.output.name)?);
        for (_, rows) in &groups {
            let values = of_rows(&values, rows);
            let quantiles = quantiles(&values)?;
            for column in &mut *of_output {
                column.values.push(match column.statistic {
                    Statistic::Mean => values.mean(),
                    Statistic::Deviation => values.std(1),
                    Statistic::Quantile05 => quantiles[0],
                    Statistic::Median => quantiles[1],
                    Statistic::Quantile95 => quantiles[2],
                });
            }
        }
    }
    Ok(Rows { cells, statistics })
}

fn column<'a>(runs: &'a RecordBatch, name: &str) -> Result<&'a dyn Array, ArrowError> {
    let missing = || ArrowError::SchemaError(format!("the runs have no column {name}"));
    runs.column_by_name(name).map(|column| &**column).ok_or_else(missing)
}

/// The cells, each with the rows of its runs.
fn groups(runs: &RecordBatch) -> Result<Vec<(u32, Range<usize>)>, ArrowError> {
    let cells = column(runs, CELL)?.as_primitive_opt::<UInt32Type>().map_or(&[][..], |cells| cells.values());
    let mut end = 0;
    let ranges = cells.chunk_by(|a, b| a == b).filter_map(|same| {
        let start = end;
        end += same.len();
        Some((*same.first()?, start..end))
    });
    Ok(ranges.collect())
}

/// A column as real numbers.
fn numbers(column: &dyn Array) -> Float64Chunked {
    let name = "".into();
    if let Some(numbers) = column.as_primitive_opt::<Float64Type>() {
        Float64Chunked::from_iter_options(name, numbers.iter())
    } else if let Some(counts) = column.as_primitive_opt::<UInt64Type>() {
        Float64Chunked::from_iter_values(name, counts.values().iter().map(|&count| count as f64))
    } else {
        let flags = column.as_boolean_opt().into_iter().flat_map(|flags| flags.iter());
        Float64Chunked::from_iter_options(name, flags.map(|flag| flag.map(f64::from)))
    }
}

fn of_rows(values: &Float64Chunked, rows: &Range<usize>) -> Float64Chunked {
    values.slice(rows.start as i64, rows.len())
}

/// The 5 %, 50 % and 95 % quantiles of the values that are there, interpolated linearly between the order statistics
/// (type 7 of Hyndman and Fan 1996); `None` if all are missing.
fn quantiles(values: &Float64Chunked) -> PolarsResult<[Option<f64>; 3]> {
    // In order, so that polars, which is compiled cold, only has to see that they are. And without those that are missing,
    // for which it would start threads of its own.
    let mut sorted: Vec<f64> = values.iter().flatten().collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let sorted = Float64Chunked::from_vec("".into(), sorted);
    let quantiles = sorted.quantiles(&[0.05, 0.5, 0.95], QuantileMethod::Linear)?;
    Ok(std::array::from_fn(|index| quantiles.get(index).copied().flatten()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, BooleanArray, Float64Array, UInt32Array, UInt64Array};

    use super::*;
    use crate::engine::outcome::{OUTPUTS, OutputType};

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
