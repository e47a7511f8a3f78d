//! The surface as an Arrow table, and as `surface.parquet`.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};

use super::columns::{CellSummary, FIXED_COLUMNS, INTERVAL};
use super::comparison::{Against, DifferenceColumn, reference_in_words};
use super::error::SummaryError;
use super::estimates::Estimator;
use super::runs::summarize;
use super::statistic::Statistic;
use super::surface::{Rows, StatisticColumn, Surface, interval_name};
use crate::store::{Folder, Inventory, StoreError, axis_column, axis_field};
use crate::sweep::{Compare, Sweep};

/// Writes `surface.parquet`: the surface of what is in a folder, one row for each cell that has runs.
///
/// Returns it, with the statistics of all outputs if they are wanted. The parts are read one after the other, and a part
/// holds whole cells: without the statistics memory stays bounded whatever the number of runs, and what is returned is
/// small beside what is written.
///
/// # Errors
/// A part cannot be read or is damaged, or the surface cannot be written.
pub fn write_surface(folder: &Folder, statistics: bool) -> Result<Surface, SummaryError> {
    let mut estimator = Estimator::of(folder.sweep());
    loop {
        if let Some(surface) = write_once(folder, statistics, &mut estimator)? {
            return Ok(surface);
        }
    }
}

/// The same; `None` if the sweep was completed meanwhile, so that the surface would be out of date.
fn write_once(folder: &Folder, statistics: bool, estimator: &mut Estimator) -> Result<Option<Surface>, SummaryError> {
    let sweep = folder.sweep();
    let (mut kept, mut failed) = (if statistics { Rows::empty(sweep) } else { Rows::for_outages(sweep) }, None);
    let mut piece = |block| {
        let rows = summarize(estimator, &folder.runs(block)?)?;
        let table = table(sweep, &rows)?;
        kept.append(rows);
        Ok(table)
    };
    let pieces = (0..folder.blocks()).map(|block| {
        piece(block).map_err(|error: SummaryError| {
            let message = error.to_string();
            failed = Some(error);
            StoreError::Said(message)
        })
    });
    let written = folder.write_surface(&schema(sweep), pieces);
    match failed {
        Some(error) => Err(error),
        None => Ok(written?.then(|| Surface::new(sweep.clone(), kept))),
    }
}

/// The surface of what is in a folder, of which nothing is written. As [`write_surface`] returns it.
///
/// # Errors
/// A part cannot be read or is damaged.
pub fn surface_of_folder(folder: &Folder, statistics: bool) -> Result<Surface, SummaryError> {
    folder.prove_by_surface()?;
    let mut estimator = Estimator::of(folder.sweep());
    let mut kept = if statistics { Rows::empty(folder.sweep()) } else { Rows::for_outages(folder.sweep()) };
    for block in 0..folder.blocks() {
        kept.append(summarize(&mut estimator, &folder.runs(block)?)?);
    }
    Ok(Surface::new(folder.sweep().clone(), kept))
}

/// What is in a folder, its surface included.
///
/// # Errors
/// The system does not let a file be read.
pub fn inventory(folder: &Folder) -> Result<Inventory, StoreError> {
    Inventory::take(folder, &schema(folder.sweep()))
}

impl Surface {
    /// Reads the `surface.parquet` of a folder.
    ///
    /// # Errors
    /// It is not there or damaged, is not that of all runs, or belongs to another sweep or version.
    pub fn read(folder: &Folder) -> Result<Surface, SummaryError> {
        let mut all = Rows::empty(folder.sweep());
        for table in folder.read_surface(&schema(folder.sweep()))? {
            all.append(rows(folder.sweep(), &table)?);
        }
        Ok(Surface::new(folder.sweep().clone(), all))
    }
}

/// The columns of the surface of a sweep: the cell, the axes, the other fixed columns, the statistics.
pub(crate) fn schema(sweep: &Sweep) -> SchemaRef {
    let confidence = 100.0 * sweep.replicates.confidence;
    let interval = format!("{confidence} % {INTERVAL} ({})", interval_name(sweep));
    let mut fixed = FIXED_COLUMNS.iter().map(|column| {
        let description = column.description.replace(INTERVAL, &interval);
        described(column.name, column.data_type.clone(), false, "1", description)
    });
    let mut fields: Vec<Field> = fixed.next().into_iter().collect();
    fields.extend(sweep.axes.iter().map(axis_field));
    fields.extend(fixed);
    fields.extend(StatisticColumn::all().iter().map(|column| {
        let (data_type, nullable) = match column.statistic {
            Statistic::Count => (DataType::Int64, false),
            _ => (DataType::Float64, true),
        };
        described(&column.name(), data_type, nullable, column.unit(), column.description(sweep.replicates.confidence))
    }));
    let of_compare = |compare: Compare| Against::Point { axis: compare.axis, reference: compare.reference };
    let reference = sweep.compare.map(|compare| reference_in_words(sweep, &of_compare(compare))).unwrap_or_default();
    fields.extend(DifferenceColumn::of(sweep).iter().map(|column| {
        let description = column.description(sweep.replicates.confidence, &reference);
        described(&column.name(), DataType::Float64, true, column.unit(), description)
    }));
    Arc::new(Schema::new(fields))
}

fn described(name: &str, data_type: DataType, nullable: bool, unit: &str, description: String) -> Field {
    let metadata = [("unit".to_owned(), unit.to_owned()), ("description".to_owned(), description)];
    Field::new(name, data_type, nullable).with_metadata(HashMap::from(metadata))
}

/// Rows as a table.
fn table(sweep: &Sweep, rows: &Rows) -> Result<RecordBatch, ArrowError> {
    let mut fixed = CellSummary::to_columns(&rows.cells).into_iter();
    let mut columns: Vec<ArrayRef> = fixed.next().into_iter().collect();
    let cells = rows.cells.iter().map(|row| row.cell);
    columns.extend((0..sweep.axes.len()).map(|axis| axis_column(sweep, axis, cells.clone())));
    columns.extend(fixed);
    columns.extend(rows.statistics.iter().map(statistic_column));
    columns.extend(
        rows.differences.iter().map(|column| -> ArrayRef { Arc::new(Float64Array::from(column.values.clone())) }),
    );
    RecordBatch::try_new(schema(sweep), columns)
}

fn statistic_column(column: &StatisticColumn) -> ArrayRef {
    match column.statistic {
        Statistic::Count => {
            Arc::new(column.values.iter().map(|runs| runs.map(|runs| runs as i64)).collect::<Int64Array>())
        }
        _ => Arc::new(Float64Array::from(column.values.clone())),
    }
}

fn statistic_values(statistic: Statistic, column: &ArrayRef) -> Option<Vec<Option<f64>>> {
    match statistic {
        Statistic::Count => {
            let runs = column.as_primitive_opt::<Int64Type>()?.iter();
            Some(runs.map(|runs| runs.map(|runs| runs as f64)).collect())
        }
        _ => Some(column.as_primitive_opt::<Float64Type>()?.iter().collect()),
    }
}

/// The rows of a table that has the columns of a surface. What it says of the axes is what the sweep says.
fn rows(sweep: &Sweep, table: &RecordBatch) -> Result<Rows, ArrowError> {
    let wrong = || ArrowError::SchemaError("the table has other columns than a surface".to_owned());
    let (first, rest) = table.columns().split_at_checked(1).ok_or_else(wrong)?;
    let rest = rest.get(sweep.axes.len()..).ok_or_else(wrong)?;
    let cells = CellSummary::from_columns(first.iter().chain(rest)).ok_or_else(wrong)?;
    let rest = rest.get(FIXED_COLUMNS.len() - 1..).ok_or_else(wrong)?;
    let (mut statistics, mut differences) = (StatisticColumn::all(), DifferenceColumn::of(sweep));
    if statistics.len() + differences.len() != rest.len() {
        return Err(wrong());
    }
    for (column, values) in differences.iter_mut().zip(&rest[statistics.len()..]) {
        column.values = values.as_primitive_opt::<Float64Type>().ok_or_else(wrong)?.iter().collect();
    }
    for (column, values) in statistics.iter_mut().zip(rest) {
        column.values = statistic_values(column.statistic, values).ok_or_else(wrong)?;
    }
    Ok(Rows { cells, statistics, differences })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::prepare;

    const SWEEP: &str = "name = \"t\"\n[[axis]]\nname = \"remedy\"\nvariants = [ { label = \"none\" }, \
                         { label = \"more\", overlay.slots = 200 } ]\n\
                         [[axis]]\nparameter = \"population.clients\"\nvalues = [1000, 2000]\n";

    fn sweep() -> Sweep {
        Sweep::parse(SWEEP, "t.toml", &[]).unwrap()
    }

    /// Rows in which every number is another one, and some are missing.
    fn some_rows() -> Rows {
        let mut rows = Rows::empty(&sweep());
        let mut estimator = Estimator::of(&sweep());
        let mut summary = |cell| estimator.cell((0..20).map(|run| run < 5 * cell).collect()).summary(cell);
        rows.cells = [0, 2, 3].map(&mut summary).to_vec();
        for (index, column) in rows.statistics.iter_mut().enumerate() {
            column.values = match column.statistic {
                Statistic::Count => vec![Some(index as f64), Some(0.0), Some(7.0)],
                _ => vec![Some(index as f64), None, Some(-0.1 * index as f64)],
            };
        }
        rows
    }

    #[test]
    fn a_table_has_the_rows_that_it_was_made_from() {
        let (sweep, before) = (sweep(), some_rows());
        let after = rows(&sweep, &table(&sweep, &before).unwrap()).unwrap();
        assert_eq!(after.cells, before.cells);
        assert!(before.statistics.len() > 100 && after.statistics.len() == before.statistics.len());
        for (after, before) in after.statistics.iter().zip(&before.statistics) {
            assert_eq!((after.name(), &after.values), (before.name(), &before.values));
        }
    }

    #[test]
    fn a_table_with_other_columns_is_no_surface() {
        let sweep = sweep();
        let table = table(&sweep, &some_rows()).unwrap();
        let columns = table.num_columns();
        for columns in [vec![], vec![0], (0..5).collect(), (1..columns).collect(), (0..columns - 1).collect()] {
            assert!(rows(&sweep, &table.project(&columns).unwrap()).is_err(), "{columns:?}");
        }
    }

    #[test]
    fn names_and_rows_are_those_of_the_table() {
        let (sweep, rows) = (sweep(), some_rows());
        let table = table(&sweep, &rows).unwrap();
        let surface = Surface::new(sweep, rows);
        let mut names: Vec<String> = surface.names().collect();
        assert!(names.iter().eq(table.schema().fields().iter().map(|field| field.name())));
        assert_eq!(names[..4], ["cell", "remedy", "population.clients", "replicates"]);
        names.sort();
        names.dedup();
        assert_eq!(names.len(), table.num_columns(), "two columns have the same name");
        assert!(surface.rows().all(|row| row.count() == table.num_columns()));
    }

    #[test]
    fn a_surface_of_a_sweep_that_is_not_complete_is_written_and_not_read_as_that_of_all_runs() {
        let folder = tempfile::tempdir().unwrap();
        prepare(folder.path(), &sweep()).unwrap();
        let folder = Folder::open(folder.path()).unwrap();
        assert!(Surface::read(&folder).is_err(), "there is none yet");
        let surface = write_surface(&folder, true).unwrap();
        assert!(surface.cells().is_empty() && surface.statistics().len() > 100);
        assert!(folder.path().join("surface.parquet").exists());
        let refused = Surface::read(&folder).err().unwrap().to_string();
        assert!(refused.contains("of a part of the runs"), "{refused}");
        // Runs and surface say the same of the cell.
        assert_eq!(schema(folder.sweep()).field(0), folder.run_schema().field(0));
    }
}
