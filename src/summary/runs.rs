//! From runs to a surface.
//!
//! The outputs of the runs of a part are columns of polars, and the runs of a cell are a range of rows. Everything is a
//! real number there: counts as they are, `true` as 1.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, UInt32Type};
use arrow_array::{Array, RecordBatch};
use arrow_schema::ArrowError;
use polars::prelude::{Float64Chunked, NewChunkedArray};

use super::columns::OUTAGE;
use super::comparison::{DifferenceColumn, cells_of};
use super::error::SummaryError;
use super::estimates::{CellRuns, Estimator};
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
        let rows = summarize(&mut Estimator::of(sweep), &run_table(sweep, runs)?)?;
        Ok(Surface::new(sweep.clone(), rows))
    }
}

/// The rows of some cells, of which these are the runs, in the order of the cells.
///
/// # Errors
/// A column is missing.
pub(super) fn summarize(estimator: &mut Estimator, runs: &RecordBatch) -> Result<Rows, SummaryError> {
    let groups = groups(runs)?;
    let outages = numbers(column(runs, OUTAGE)?);
    let mut of_cells: Vec<CellRuns> = Vec::new();
    let mut cells = Vec::new();
    for (cell, rows) in &groups {
        let runs = estimator.cell(of_rows(&outages, rows).iter().map(|outage| outage == Some(1.0)).collect());
        cells.push(runs.summary(*cell));
        of_cells.push(runs);
    }
    let mut statistics = StatisticColumn::all();
    for of_output in statistics.chunk_by_mut(|a, b| a.output.name == b.output.name) {
        let Some(output) = of_output.first().map(|column| column.output) else { continue };
        let values = numbers(column(runs, output.name)?);
        for ((_, rows), cell) in groups.iter().zip(&of_cells) {
            let estimates = estimator.estimates(cell, &of_rows(&values, rows), (output.kind, output.missing));
            for column in &mut *of_output {
                column.values.push(estimates.get(column.statistic));
            }
        }
    }
    Ok(Rows { cells, statistics, differences: differences(estimator, runs, &groups)? })
}

/// What is different between cells that are compared: a block has all cells of a comparison.
fn differences(
    estimator: &Estimator,
    runs: &RecordBatch,
    groups: &[(u32, Range<usize>)],
) -> Result<Vec<DifferenceColumn>, ArrowError> {
    let Some(comparison) = estimator.comparison() else { return Ok(Vec::new()) };
    let compared = comparison.compare(&cells_of(runs)?)?;
    let mut columns = DifferenceColumn::all();
    for (cell, _) in groups {
        let of_cell = compared.binary_search_by_key(cell, |compared| compared.cell);
        DifferenceColumn::push(&mut columns, of_cell.ok().map(|index| &compared[index]));
    }
    Ok(columns)
}

pub(super) fn column<'a>(runs: &'a RecordBatch, name: &str) -> Result<&'a dyn Array, ArrowError> {
    let missing = || ArrowError::SchemaError(format!("the runs have no column {name}"));
    runs.column_by_name(name).map(|column| &**column).ok_or_else(missing)
}

/// The cells, each with the rows of its runs.
pub(super) fn groups(runs: &RecordBatch) -> Result<Vec<(u32, Range<usize>)>, ArrowError> {
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
pub(super) fn numbers(column: &dyn Array) -> Float64Chunked {
    let name = "".into();
    if let Some(numbers) = column.as_primitive_opt::<Float64Type>() {
        Float64Chunked::from_iter_options(name, numbers.iter())
    } else if let Some(counts) = column.as_primitive_opt::<Int64Type>() {
        Float64Chunked::from_iter_values(name, counts.values().iter().map(|&count| count as f64))
    } else {
        let flags = column.as_boolean_opt().into_iter().flat_map(|flags| flags.iter());
        Float64Chunked::from_iter_options(name, flags.map(|flag| flag.map(f64::from)))
    }
}

fn of_rows(values: &Float64Chunked, rows: &Range<usize>) -> Float64Chunked {
    values.slice(rows.start as i64, rows.len())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray, UInt32Array};

    use super::*;
    use crate::engine::outcome::{Missing, OUTPUTS, OutputType};
    use crate::summary::statistic::Statistic;

    /// Five runs of cell 3 and one of cell 7. A number is 1, 2, 4, 8, 16 and 32, a count 1000 times that; an output that
    /// can be missing is so in every other run.
    fn runs() -> RecordBatch {
        let powers: Vec<i64> = (0..6).map(|run| 1 << run).collect();
        let column = |kind: OutputType, missing: Missing| -> ArrayRef {
            match kind {
                OutputType::Boolean => Arc::new(BooleanArray::from(vec![true, false, true, true, false, true])),
                OutputType::Word => Arc::new(StringArray::from(vec![Some("login"); 6])),
                OutputType::Count => Arc::new(Int64Array::from_iter_values(powers.iter().map(|power| 1000 * power))),
                OutputType::Number => Arc::new(Float64Array::from_iter(
                    powers
                        .iter()
                        .enumerate()
                        .map(|(run, &x)| (missing == Missing::Never || run % 2 == 0).then_some(x as f64)),
                )),
            }
        };
        let cells: ArrayRef = Arc::new(UInt32Array::from(vec![3, 3, 3, 3, 3, 7]));
        let outputs = OUTPUTS.iter().map(|o| (o.name, column(o.kind, o.missing)));
        RecordBatch::try_from_iter_with_nullable(
            [("cell", cells, false)].into_iter().chain(outputs.map(|(name, column)| (name, column, true))),
        )
        .unwrap()
    }

    #[track_caller]
    fn assert_statistics(rows: &Rows, output: &str, cell: usize, expected: &[Option<f64>]) {
        let columns = rows.statistics.iter().filter(|column| column.output.name == output);
        let is_end = |statistic: Statistic| statistic.name().ends_with("_low") || statistic.name().ends_with("_high");
        let values = columns.filter(|column| !is_end(column.statistic)).map(|column| column.values[cell]);
        assert_eq!(values.collect::<Vec<Option<f64>>>(), expected, "{output}");
    }

    #[test]
    fn statistics_are_those_of_the_runs_of_each_cell() {
        let sweep = Sweep::parse("name = \"t\"", "t.toml", &[]).unwrap();
        let rows = summarize(&mut Estimator::of(&sweep), &runs()).unwrap();
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
        assert_statistics(&rows, "recovery_h", 1, &[None, None, None, None, None, Some(0.0)]);
        assert!(!rows.statistics.iter().any(|column| column.output.name == OUTAGE), "it has an interval");
    }

    #[test]
    fn a_recovery_that_was_not_seen_is_later_than_the_horizon_and_a_spell_that_did_not_come_has_no_start() {
        let sweep = Sweep::parse("name = \"t\"", "t.toml", &[]).unwrap();
        let rows = summarize(&mut Estimator::of(&sweep), &runs()).unwrap();
        let (mean, deviation) = (Some(7.0), Some(63.0_f64.sqrt()));
        // 1, 4, 16 and two above all numbers; the median of all five is the third.
        assert_statistics(&rows, "recovery_h", 0, &[mean, deviation, Some(1.6), Some(16.0), None, Some(3.0)]);
        // 1, 4 and 16 alone.
        let quantiles = [Some(1.3), Some(4.0), Some(4.0 + 0.9 * 12.0)];
        assert_statistics(
            &rows,
            "outage_start_h",
            0,
            &[mean, deviation, quantiles[0], quantiles[1], quantiles[2], Some(3.0)],
        );
    }

    #[test]
    fn where_hardly_any_run_recovers_the_median_recovery_is_later_than_the_horizon() {
        let cells: ArrayRef = Arc::new(UInt32Array::from(vec![0; 100]));
        let one_in_a_hundred = Float64Array::from_iter((0..100).map(|run| (run == 17).then_some(0.0)));
        let column = |name: &str, kind| -> ArrayRef {
            match kind {
                _ if name == "recovery_h" => Arc::new(one_in_a_hundred.clone()),
                OutputType::Boolean => Arc::new(BooleanArray::from(vec![true; 100])),
                OutputType::Word => Arc::new(StringArray::from(vec![None::<&str>; 100])),
                OutputType::Count => Arc::new(Int64Array::from(vec![1; 100])),
                OutputType::Number => Arc::new(Float64Array::from(vec![1.0; 100])),
            }
        };
        let outputs = OUTPUTS.iter().map(|o| (o.name, column(o.name, o.kind)));
        let runs = RecordBatch::try_from_iter([("cell", cells)].into_iter().chain(outputs)).unwrap();
        let rows = summarize(&mut Estimator::of(&Sweep::parse("name = \"t\"", "t.toml", &[]).unwrap()), &runs).unwrap();
        assert_statistics(&rows, "recovery_h", 0, &[Some(0.0), None, None, None, None, Some(1.0)]);
    }

    #[test]
    fn without_runs_there_are_no_rows_and_a_missing_column_is_an_error() {
        let sweep = Sweep::parse("name = \"t\"", "t.toml", &[]).unwrap();
        let runs = runs();
        let nothing = summarize(&mut Estimator::of(&sweep), &runs.slice(0, 0)).unwrap();
        assert!(nothing.cells.is_empty() && nothing.statistics.iter().all(|column| column.values.is_empty()));
        let columns: Vec<usize> = (0..runs.num_columns() - 1).collect();
        assert!(summarize(&mut Estimator::of(&sweep), &runs.project(&columns).unwrap()).is_err());
    }
}
