//! A run that survived beside one that did not.
//!
//! Both come from the cell whose outage probability is nearest to the level that the report follows. Where it has no
//! survivor that has recovered, the survivor is one of the safest cell; where no cell has both, the other is one of the most
//! dangerous. They are made again, which gives the same runs, since a trace may not have been kept.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, UInt32Type};
use arrow_array::{BooleanArray, PrimitiveArray, RecordBatch};

use super::Key;
use crate::engine::Request;
use crate::engine::outcome::{Outcome, TraceRow};
use crate::store::{Folder, StoreError};
use crate::summary::columns::{CellSummary, OUTAGE};
use crate::summary::surface::Surface;
use crate::sweep::columns::{CELL, REPLICATE};

/// Rows of a trace: enough for a curve, few enough for a page.
const ROWS: f64 = 300.0;

/// A run that is shown.
pub(super) struct ShownRun {
    pub(super) key: Key,
    pub(super) outcome: Outcome,
    pub(super) trace: Vec<TraceRow>,
    /// The trigger, from which on outages are measured, h from the start of the run.
    pub(super) trigger_h: f64,
}

/// The two runs, the survivor first; one, if all runs survived or none did.
pub(super) fn shown(folder: &Folder, surface: &Surface) -> Result<Vec<ShownRun>, StoreError> {
    let level = folder.sweep().level();
    let distance = |cell: &&CellSummary| (cell.outage_probability - level).abs();
    let mixed = surface.cells().iter().filter(|cell| cell.outages > 0 && cell.outages < cell.replicates);
    let mixed = mixed.min_by(|a, b| distance(a).total_cmp(&distance(b)));
    let by_probability = |a: &&CellSummary, b: &&CellSummary| a.outage_probability.total_cmp(&b.outage_probability);
    let safest = surface.cells().iter().min_by(by_probability);
    let worst = surface.cells().iter().max_by(by_probability);
    let mut survivor = None;
    for cell in mixed.into_iter().chain(safest) {
        // One that is still down at the horizon, too, would show nothing of what a survivor does.
        if survivor.is_none_or(|found: Found| !found.recovered) {
            survivor = find(folder, cell.cell, false)?.or(survivor);
        }
    }
    let lost = mixed.or(worst).map_or(Ok(None), |cell| find(folder, cell.cell, true))?;
    Ok(survivor.into_iter().chain(lost).map(|found| again(folder, found.key)).collect())
}

#[derive(Clone, Copy)]
struct Found {
    key: Key,
    recovered: bool,
}

/// The run of a cell with that outcome which shows it best: the survivor that was hit least, or the longest outage.
fn find(folder: &Folder, cell: u32, outage: bool) -> Result<Option<Found>, StoreError> {
    let runs = folder.runs(folder.block_of(cell))?;
    Ok(columns(&runs).and_then(|columns| {
        let rows = (0..runs.num_rows())
            .filter(|&row| columns.cells.value(row) == cell && columns.outages.value(row) == outage);
        let shows = |row: usize| {
            if outage { columns.hours.value(row) } else { columns.lowest.value(row) }
        };
        let row = rows.max_by(|&a, &b| shows(a).total_cmp(&shows(b)).then(b.cmp(&a)))?;
        Some(Found { key: (cell, columns.replicates.value(row)), recovered: columns.recovered.value(row) })
    }))
}

/// The columns by which a run is chosen.
struct Columns<'a> {
    cells: &'a PrimitiveArray<UInt32Type>,
    replicates: &'a PrimitiveArray<UInt32Type>,
    outages: &'a BooleanArray,
    recovered: &'a BooleanArray,
    hours: &'a PrimitiveArray<Float64Type>,
    lowest: &'a PrimitiveArray<Float64Type>,
}

fn columns(runs: &RecordBatch) -> Option<Columns<'_>> {
    let column = |name: &str| runs.column_by_name(name);
    Some(Columns {
        cells: column(CELL)?.as_primitive_opt()?,
        replicates: column(REPLICATE)?.as_primitive_opt()?,
        outages: column(OUTAGE)?.as_boolean_opt()?,
        recovered: column("recovered")?.as_boolean_opt()?,
        hours: column("outage_h")?.as_primitive_opt()?,
        lowest: column("min_online_fraction")?.as_primitive_opt()?,
    })
}

fn again(folder: &Folder, key: Key) -> ShownRun {
    let realization = folder.sweep().realization(key.0, key.1);
    let scenario = realization.scenario;
    let every_s = (scenario.time.horizon_h * 3600.0 / ROWS).max(scenario.time.tick_s);
    let run = folder.sweep().engine.workspace().run(&scenario, realization.seed, &Request::trace(every_s));
    let (outcome, trace) = run.map(|run| (run.outcome, run.trace)).expect("without a stop flag a run ends");
    ShownRun { key, outcome, trace, trigger_h: scenario.trigger_h() }
}
