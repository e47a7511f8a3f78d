//! The cells of a design that is no grid: points that fill the ranges of the axes, or points one by one.
//!
//! Where a cell lies is a function of the sweep's seed, of its number, and, of a latin hypercube, of how many there are. An axis
//! keeps each of its points once, in order; the design says which of them a cell is at.

use super::spacing::rounded;
use crate::parameters::{Domain, Value};
use crate::random::{Purpose, SOBOL_DIMENSIONS, derive_seed, open_unit, scrambled_sobol, shuffle, stream};
use crate::sweep::types::{Axis, AxisPoints, Sampled, SampledKind};

/// Most axes.
pub(in crate::sweep) const SAMPLED_AXES_MAX: usize = SOBOL_DIMENSIONS as usize;

/// Sets what is drawn for a design apart from what is drawn for runs.
const DESIGN: u64 = 0x0000_6465_7369_676E;

impl Sampled {
    /// Number of cells.
    pub fn cells(&self) -> u32 {
        (self.points.len() / self.ranges.len().max(1)) as u32
    }

    /// The index of a cell's point on each axis.
    pub(super) fn row(&self, cell: u64) -> Option<&[u32]> {
        let axes = self.ranges.len();
        let start = usize::try_from(cell).ok()?.checked_mul(axes)?;
        self.points.get(start..start + axes)
    }

    /// Two cells that are at the same point of every axis, if there are any.
    pub(in crate::sweep) fn same(&self) -> Option<(u32, u32)> {
        let mut cells: Vec<(&[u32], u32)> = self.points.chunks_exact(self.ranges.len().max(1)).zip(0..).collect();
        cells.sort_unstable();
        let pairs = cells.windows(2).filter(|pair| pair[0].0 == pair[1].0).map(|pair| (pair[0].1, pair[1].1));
        pairs.min_by_key(|&(_, second)| second)
    }
}

/// Puts cells into the ranges of some axes, which then have the points of all cells, and on the points of the others.
pub(in crate::sweep) fn sampled(
    kind: SampledKind,
    cells: u32,
    seed: u64,
    axes: &mut [Axis],
    ranges: Vec<Option<(f64, f64)>>,
) -> Sampled {
    let columns: Vec<Vec<u32>> = (0..)
        .zip(axes.iter_mut().zip(&ranges))
        .map(|(dimension, (axis, range))| {
            let numbers = numbers(kind, cells, derive_seed(seed, &[DESIGN, dimension]), dimension as u32);
            match (&mut axis.points, *range) {
                (AxisPoints::Values { parameter, values, logarithmic }, Some(range)) => {
                    let put = |u: &f64| between(parameter.domain(), range, *logarithmic, *u);
                    let (points, column) = distinct(numbers.iter().filter_map(put).collect());
                    *values = points;
                    column
                }
                // Each of the points as often as any other.
                _ => numbers.iter().map(|u| ((u * axis.size() as f64) as u32).min(axis.size() as u32 - 1)).collect(),
            }
        })
        .collect();
    let points = (0..cells as usize).flat_map(|cell| columns.iter().map(move |column| column[cell])).collect();
    Sampled { kind, ranges, points }
}

/// A number of (0, 1) for each cell.
fn numbers(kind: SampledKind, cells: u32, seed: u64, dimension: u32) -> Vec<f64> {
    if kind == SampledKind::Sobol {
        return (0..cells).map(|cell| scrambled_sobol(cell, dimension, seed)).collect();
    }
    let mut stream = stream(seed, Purpose::Design);
    let mut strata: Vec<u32> = (0..cells).collect();
    shuffle(&mut strata, &mut stream);
    strata.into_iter().map(|stratum| (f64::from(stratum) + open_unit(&mut stream)) / f64::from(cells)).collect()
}

/// The value that a number of (0, 1) stands for. Of whole numbers each, from the first to the last, has its share.
fn between(domain: Domain, (from, to): (f64, f64), logarithmic: bool, u: f64) -> Option<Value> {
    let margin = if matches!(domain, Domain::Integer(..)) { 0.5 } else { 0.0 };
    let (low, high) = (from - margin, to + margin);
    let exact = if logarithmic {
        let (low, high) = (libm::log(low), libm::log(high));
        libm::exp(low + (high - low) * u)
    } else {
        low * (1.0 - u) + high * u
    };
    domain.value_from_f64(rounded(exact).clamp(from, to))
}

/// Some values in order, each once, and the index of each of those given.
pub(in crate::sweep) fn distinct(values: Vec<Value>) -> (Vec<Value>, Vec<u32>) {
    let key = |value: &Value| (value.as_f64().unwrap_or(0.0), value.to_string());
    let compare = |a: &(f64, String), b: &(f64, String)| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1));
    let mut order: Vec<((f64, String), u32)> = values.iter().map(key).zip(0..).collect();
    order.sort_by(|(a, _), (b, _)| compare(a, b));
    let (mut points, mut indices): (Vec<Value>, Vec<u32>) = (Vec::new(), vec![0; values.len()]);
    for (place, (key, cell)) in order.iter().enumerate() {
        if place == 0 || order[place - 1].0 != *key {
            points.push(values[*cell as usize].clone());
        }
        indices[*cell as usize] = points.len() as u32 - 1;
    }
    (points, indices)
}
