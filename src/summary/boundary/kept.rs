//! Where the outcome turns in the limit of ever more clients, if that is kept in the folder of the sweep.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, UInt32Type};
use arrow_array::{Array, RecordBatch};
use arrow_schema::ArrowError;

use super::Boundary;
use crate::boundary::{Along, Line, Question};
use crate::store::{Folder, KeptBoundary};
use crate::summary::error::SummaryError;
use crate::sweep::{Axis, AxisPoints, columns};

/// What is kept in a folder.
pub enum Kept {
    /// Nothing.
    Missing,
    /// Something that is no line over the surface of the sweep: see [`Kept::STALE`].
    Stale,
    /// Where this sweep turns along one of its axes, from end to end.
    Turns {
        /// The number of the axis.
        axis: usize,
        /// Where.
        boundary: Box<Boundary>,
    },
}

impl Kept {
    /// Why what is there is not shown.
    pub const STALE: &str = "boundary.parquet is not shown: it is not where this sweep turns along one of its axes, from end to end, \
                             in the limit of ever more clients, or it was looked for less closely than by default.";
    /// The command that makes it.
    pub const ANEW: &str = "critmass boundary SWEEP.toml --along PARAMETER --out DIR/boundary.parquet";

    /// What is kept in a folder, at a level of the outage probability, %, or at some.
    ///
    /// # Errors
    /// The file cannot be read, or is damaged.
    pub fn of(folder: &Folder, level: Option<u32>) -> Result<Kept, SummaryError> {
        let (name, ends, probes, resolution, batches) = match folder.boundary()? {
            KeptBoundary::Missing => return Ok(Kept::Missing),
            KeptBoundary::Stale => return Ok(Kept::Stale),
            KeptBoundary::Draws { along, ends, probes, resolution, rows } => (along, ends, probes, resolution, rows),
        };
        let mut sweep = folder.sweep().in_the_limit();
        let is_along = |axis: &Axis| {
            axis.parameter().is_some_and(|parameter| parameter.name() == name) && ends_of(axis) == Some(ends)
        };
        let axis = sweep.axes.iter().position(is_along);
        let along = Along::take(&mut sweep, &name, Some(ends[0]), Some(ends[1]));
        let (Some(axis), Ok(mut along)) = (axis, along) else { return Ok(Kept::Stale) };
        if resolution > along.resolution {
            return Ok(Kept::Stale);
        }
        along.resolution = resolution;
        let mut lines = Vec::new();
        for batch in &batches {
            lines.extend(read(batch, &name)?);
        }
        let draws = lines.chunk_by(|a, b| a.cell == b.cell).map(<[Line]>::len).max().unwrap_or(0) as u32;
        let boundary = Boundary::of(Question { sweep, along, draws, probes }, lines, level);
        Ok(Kept::Turns { axis, boundary: Box::new(boundary) })
    }
}

/// The ends of an axis of numbers.
fn ends_of(axis: &Axis) -> Option<[f64; 2]> {
    let AxisPoints::Values { values, .. } = &axis.points else { return None };
    let numbers = values.iter().map(|value| value.as_f64()).collect::<Option<Vec<f64>>>()?;
    Some([
        numbers.iter().copied().fold(f64::INFINITY, f64::min),
        numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max),
    ])
}

/// The draws of a table: where each turns first, and how often.
fn read(batch: &RecordBatch, along: &str) -> Result<Vec<Line>, ArrowError> {
    let column = |name: &str| {
        batch
            .column_by_name(name)
            .ok_or_else(|| ArrowError::SchemaError(format!("boundary.parquet has no column {name}")))
    };
    let wrong = || ArrowError::SchemaError("boundary.parquet has columns of other types".to_owned());
    let cells = column(columns::CELL)?.as_primitive_opt::<UInt32Type>().ok_or_else(wrong)?;
    let replicates = column(columns::REPLICATE)?.as_primitive_opt::<UInt32Type>().ok_or_else(wrong)?;
    let first = column(along)?.as_primitive_opt::<Float64Type>().ok_or_else(wrong)?;
    let turns = column("turns")?.as_primitive_opt::<Int64Type>().ok_or_else(wrong)?;
    let begins = column("outage_at_lower_end")?.as_boolean_opt().ok_or_else(wrong)?;
    let line = |row: usize| Line {
        cell: cells.value(row),
        replicate: replicates.value(row),
        drawn: Vec::new(),
        begins_in_outage: begins.value(row),
        // Of where it turns again nothing is said here, but that it does.
        turns: if first.is_null(row) { Vec::new() } else { vec![first.value(row); turns.value(row).max(1) as usize] },
        audit: None,
    };
    Ok((0..batch.num_rows()).map(line).collect())
}
