//! Reads `[design]`: what the cells are to be.

use super::reader::Reader;
use crate::sweep::design::Design;
use crate::sweep::keys::{Key, design as keys};
use crate::sweep::types::{Axis, SampledKind};

/// What a sweep file says of its design.
pub(super) enum Wanted<'a> {
    /// The full grid.
    Grid,
    /// So many points in the ranges of the axes.
    Sampled(SampledKind, u32, Reader<'a>),
    /// The points of a file.
    File(Reader<'a>),
    /// Points of the axes.
    Cells(Reader<'a>),
}

impl Wanted<'_> {
    /// Whether linear and logarithmic are ranges without points.
    pub(super) fn takes_ranges(&self) -> bool {
        matches!(self, Wanted::Sampled(..))
    }

    /// Whether the axes are a grid, which has to have a size that is possible.
    pub(super) fn is_grid(&self) -> bool {
        matches!(self, Wanted::Grid)
    }
}

/// Reads `[design]`. What cannot be is reported.
pub(super) fn design<'a>(root: &Reader<'a>) -> Wanted<'a> {
    let Some(table) = root.get_table("design") else { return Wanted::Grid };
    table.allow_keys(&keys::TABLE);
    let Some(kind) = table.at(&keys::KIND) else { return Wanted::Grid };
    let name = kind.text().unwrap_or_default();
    let Some((_, found)) = SampledKind::ALL.into_iter().find(|&(known, _)| known == name) else {
        if name == Design::<Axis>::GRID {
            refuse(&table, name, &[&keys::POINTS, &keys::FILE, &keys::CELLS]);
        } else if !name.is_empty() {
            kind.refuse(&keys::KIND.expectation());
        }
        return Wanted::Grid;
    };
    if found == SampledKind::Points {
        refuse(&table, name, &[&keys::POINTS]);
        return match (table.get(keys::FILE.name), table.get(keys::CELLS.name)) {
            (Some(file), None) => Wanted::File(file),
            (None, Some(cells)) => Wanted::Cells(cells),
            (Some(_), Some(cells)) => {
                cells.report("file and cells exclude each other; expected one of them");
                Wanted::Cells(cells)
            }
            (None, None) => {
                kind.report("the design has no points; expected file or cells");
                Wanted::Grid
            }
        };
    }
    refuse(&table, name, &[&keys::FILE, &keys::CELLS]);
    let points = table.require(keys::POINTS.name, &keys::POINTS.expectation());
    let number = points.as_ref().and_then(|_| table.whole_at(&keys::POINTS));
    match (points, number.and_then(|n| u32::try_from(n).ok())) {
        (Some(written), Some(n)) => Wanted::Sampled(found, n, written),
        _ => Wanted::Grid,
    }
}

/// Reports keys that a kind of design does not take.
fn refuse(table: &Reader, kind: &str, others: &[&Key]) {
    for other in others.iter().filter_map(|key| table.get(key.name)) {
        other.report_key(format!("the design {kind} does not take this key"));
    }
}
