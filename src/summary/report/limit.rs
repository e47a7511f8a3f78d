//! Where the outcome turns in the limit of ever more clients, if it is kept beside the runs.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, UInt32Type};
use arrow_array::{Array, RecordBatch};
use arrow_schema::ArrowError;

use crate::boundary::Line;
use crate::store::{Folder, KeptBoundary};
use crate::summary::boundary::{Level, odd, reached};
use crate::summary::error::SummaryError;
use crate::sweep::{Axis, AxisPoints, Sweep, columns};

/// What is known of the limit.
pub(super) enum Limit {
    /// Nothing was asked.
    Unasked,
    /// What was asked is not about this sweep, or not along one of its axes.
    Stale,
    Turns(Turns),
}

/// Where the outage probability of the limit reaches the level of the sweep.
pub(super) struct Turns {
    /// The axis along which.
    pub(super) axis: usize,
    /// The level, %: that of the sweep to a whole number, since levels of the limit are those.
    pub(super) percent: u32,
    /// Draws that turn more than once, or the other way than most.
    pub(super) odd: usize,
    /// Draws in each cell of the other axes.
    pub(super) draws: usize,
    /// For each cell of the other axes their points, and where.
    pub(super) lines: Vec<(Vec<usize>, Level)>,
}

impl Limit {
    /// What is kept in a folder.
    ///
    /// # Errors
    /// The file cannot be read, or is damaged.
    pub(super) fn of(folder: &Folder) -> Result<Limit, SummaryError> {
        let sweep = folder.sweep();
        let (along, ends, batches) = match folder.boundary()? {
            KeptBoundary::Missing => return Ok(Limit::Unasked),
            KeptBoundary::Stale => return Ok(Limit::Stale),
            KeptBoundary::Draws { along, ends, rows } => (along, ends, rows),
        };
        let is_along = |axis: &Axis| {
            axis.parameter().is_some_and(|parameter| parameter.name() == along) && ends_of(axis) == Some(ends)
        };
        let Some(axis) = sweep.axes.iter().position(is_along).filter(|_| sweep.sampled.is_none()) else {
            return Ok(Limit::Stale);
        };
        let mut lines = Vec::new();
        for batch in &batches {
            lines.extend(read(batch, &along)?);
        }
        Ok(Limit::Turns(Turns::of(sweep, axis, &lines)))
    }
}

impl Turns {
    /// Whether any of the levels has an interval: Sobol points have none.
    pub(super) fn has_intervals(&self) -> bool {
        self.lines.iter().any(|(_, level)| level.low.is_some() || level.high.is_some())
    }

    fn of(sweep: &Sweep, axis: usize, lines: &[Line]) -> Turns {
        let percent = libm::round(100.0 * sweep.level()).clamp(1.0, 99.0) as u32;
        let mut others = sweep.clone();
        others.axes.remove(axis);
        let of_cells = lines.chunk_by(|a, b| a.cell == b.cell);
        let reached = |lines: &[Line]| (others.coordinates(lines[0].cell), reached(lines, percent, sweep));
        let draws = of_cells.clone().map(<[Line]>::len).max().unwrap_or(0);
        let odd = of_cells.clone().map(odd).sum();
        Turns { axis, percent, odd, draws, lines: of_cells.map(reached).collect() }
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
