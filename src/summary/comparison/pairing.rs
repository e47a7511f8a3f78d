//! Which cells are compared with which.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use arrow_schema::ArrowError;

use super::difference::{Compared, Means, compared};
use crate::statistics::rule::Rule;
use crate::store::Folder;
use crate::summary::error::SummaryError;
use crate::summary::runs::groups;
use crate::sweep::{Compare, Difference, Groups, Sweep};

/// The cells that differ in one axis, each compared with that of one point.
#[derive(Debug, Clone, Copy)]
pub(in crate::summary) struct Pairing {
    groups: Groups,
    reference: usize,
    means: Means,
}

impl Pairing {
    /// The comparison that a sweep asks for.
    pub(in crate::summary) fn of(sweep: &Sweep) -> Option<Pairing> {
        let Compare { axis, reference, .. } = sweep.compare?;
        Some(Pairing { groups: sweep.groups_along(axis), reference, means: Means::of(&sweep.rule()) })
    }

    /// The differences of some cells, by the runs of all cells of their comparisons; nothing of those that the others are
    /// compared with.
    pub(in crate::summary) fn compare(self, cells: &BTreeMap<u32, RecordBatch>) -> Result<Vec<Compared>, ArrowError> {
        let groups = self.groups;
        let reference = |cell| groups.cells(groups.of(cell)).nth(self.reference).filter(|&reference| reference != cell);
        let pairs = cells.iter().filter_map(|(&cell, runs)| {
            let reference = reference(cell)?;
            Some(((reference, cells.get(&reference)?), (cell, runs)))
        });
        pairs.map(|(first, second)| compared(first, second, self.means)).collect()
    }
}

/// What cells are compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Against {
    /// The cell that has another point of an axis, and the same one of every other.
    Point {
        /// Number of the axis.
        axis: usize,
        /// Index of the point.
        reference: usize,
    },
    /// The same cell of another sweep.
    Sweep {
        /// The name of that sweep, or its folder.
        name: String,
    },
}

/// Cells that are compared.
pub struct Comparison {
    /// The sweep whose cells they are.
    pub sweep: Sweep,
    /// What they are compared with.
    pub against: Against,
    /// Confidence of the intervals.
    pub confidence: f64,
    /// A row for each cell that is compared, in the order of the cells.
    pub rows: Vec<Compared>,
}

/// Why sweeps cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum ComparisonError {
    /// Their runs are no pairs.
    #[error("the runs of the two sweeps are no pairs: {0}")]
    NoPairs(String),
    /// Their runs cannot be read.
    #[error(transparent)]
    Summary(#[from] SummaryError),
}

/// Compares the points of an axis with one of them. The intervals have the confidence of the sweep, or another one.
///
/// # Errors
/// A part cannot be read or is damaged.
pub fn compare(
    folder: &Folder,
    axis: usize,
    reference: usize,
    confidence: Option<f64>,
) -> Result<Comparison, SummaryError> {
    let sweep = folder.sweep().clone();
    let rule = rule(&sweep, confidence);
    let (groups, means) = (sweep.groups_along(axis), Means::of(&rule));
    let rows = Pairing { groups, reference, means }.compare(&cells(folder)?)?;
    Ok(Comparison { sweep, against: Against::Point { axis, reference }, confidence: rule.confidence, rows })
}

fn rule(sweep: &Sweep, confidence: Option<f64>) -> Rule {
    let rule = sweep.rule();
    Rule { confidence: confidence.unwrap_or(rule.confidence), ..rule }
}

/// The runs of all cells.
fn cells(folder: &Folder) -> Result<BTreeMap<u32, RecordBatch>, SummaryError> {
    let mut cells = BTreeMap::new();
    for block in 0..folder.blocks() {
        cells.extend(cells_of(&folder.runs(block)?)?);
    }
    Ok(cells)
}

/// The runs of each cell among some runs.
pub(in crate::summary) fn cells_of(runs: &RecordBatch) -> Result<BTreeMap<u32, RecordBatch>, ArrowError> {
    let groups = groups(runs)?.into_iter();
    Ok(groups.map(|(cell, rows)| (cell, runs.slice(rows.start, rows.len()))).collect())
}

/// Compares the cells of a sweep with those of another one that are at the same points of all axes.
///
/// # Errors
/// The runs of the two are no pairs, or a part cannot be read or is damaged.
pub fn compare_sweeps(of: &Folder, with: &Folder, confidence: Option<f64>) -> Result<Comparison, ComparisonError> {
    let (sweep, other) = (of.sweep().clone(), with.sweep());
    check_pairs(other, &sweep)?;
    let rule = rule(&sweep, confidence);
    let means = Means::of(&rule);
    let place = |sweep: &Sweep, cell: u32| -> Vec<String> {
        let label = |axis| sweep.label(axis, cell).map(|label| label.to_string()).unwrap_or_default();
        (0..sweep.axes.len()).map(label).collect()
    };
    let references = cells(with)?;
    let by_place: BTreeMap<Vec<String>, u32> = references.keys().map(|&cell| (place(other, cell), cell)).collect();
    let mut rows = Vec::new();
    for (cell, runs) in cells(of)? {
        let reference = by_place.get(&place(&sweep, cell));
        if let Some((&reference, of_reference)) = reference.and_then(|cell| references.get_key_value(cell)) {
            let row = compared((reference, of_reference), (cell, &runs), means);
            rows.push(row.map_err(SummaryError::from)?);
        }
    }
    if rows.is_empty() {
        return Err(ComparisonError::NoPairs("they have no cell in common".to_owned()));
    }
    let name = with.path().display().to_string();
    Ok(Comparison { sweep, against: Against::Sweep { name }, confidence: rule.confidence, rows })
}

/// Whether replicate r of two sweeps sees the same draws.
fn check_pairs(one: &Sweep, other: &Sweep) -> Result<(), ComparisonError> {
    let names = |sweep: &Sweep| sweep.axes.iter().map(|axis| axis.name.clone()).collect::<Vec<String>>();
    if names(one) != names(other) {
        let message = format!("they have the axes {:?} and {:?}", names(one), names(other));
        return Err(ComparisonError::NoPairs(message));
    }
    if !one.replicates.common_random_numbers || !other.replicates.common_random_numbers {
        return Err(ComparisonError::NoPairs("common_random_numbers is false".to_owned()));
    }
    let decides = |difference: &Difference| difference.key == "seed" || difference.key.starts_with("uncertain.");
    if let Some(difference) = one.differences(other).iter().find(|difference| decides(difference)) {
        return Err(ComparisonError::NoPairs(difference.to_string()));
    }
    if one.replicates.sampling != other.replicates.sampling {
        return Err(ComparisonError::NoPairs("their inputs are sampled in two ways".to_owned()));
    }
    if (one.is_adaptive() || other.is_adaptive()) && one.rule() != other.rule() {
        return Err(ComparisonError::NoPairs("their cells stop by different rules".to_owned()));
    }
    Ok(())
}
