//! The design: cells, their points on the axes, and the runs that they stand for.

use super::{Axis, AxisPoints, Realization, Sweep, interplay};
use crate::parameters::{Parameter, Scenario, Value};
use crate::random::{Purpose, derive_seed, stream};

/// Sets the seeds of independent replicates apart from those of common random numbers.
const INDEPENDENT: u64 = 0x696E_6465_7065_6E64;

/// What an axis says about one cell: the value of the axis' column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum AxisLabel<'a> {
    /// The value of the parameter that is swept.
    Value(&'a Value),
    /// The label of a variant.
    Variant(&'a str),
}

impl std::fmt::Display for AxisLabel<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            AxisLabel::Value(value) => value.fmt(f),
            AxisLabel::Variant(label) => f.write_str(label),
        }
    }
}

impl Axis {
    /// Number of points, ≥ 1.
    pub fn size(&self) -> usize {
        match &self.points {
            AxisPoints::Values { values, .. } => values.len(),
            AxisPoints::Variants(variants) => variants.len(),
        }
    }

    /// What the axis says at one of its points; `None` beyond the last one.
    pub fn label(&self, point: usize) -> Option<AxisLabel<'_>> {
        match &self.points {
            AxisPoints::Values { values, .. } => values.get(point).map(AxisLabel::Value),
            AxisPoints::Variants(variants) => variants.get(point).map(|v| AxisLabel::Variant(&v.label)),
        }
    }

    /// The parameter that the axis sweeps; `None` for a list of variants.
    pub fn parameter(&self) -> Option<&'static Parameter> {
        match &self.points {
            AxisPoints::Values { parameter, .. } => Some(parameter),
            AxisPoints::Variants(_) => None,
        }
    }

    /// Applies one of its points to a scenario.
    pub(super) fn apply(&self, point: usize, scenario: &mut Scenario) {
        match &self.points {
            AxisPoints::Values { parameter, values, .. } => {
                if let Some(value) = values.get(point) {
                    put(scenario, parameter, value);
                }
            }
            AxisPoints::Variants(variants) => {
                for (parameter, value) in variants.get(point).iter().flat_map(|variant| &variant.settings) {
                    put(scenario, parameter, value);
                }
            }
        }
    }

    /// Whether one of its points sets this parameter as a part of a variant.
    fn holds(&self, point: usize, parameter: &Parameter) -> bool {
        match &self.points {
            AxisPoints::Values { .. } => false,
            AxisPoints::Variants(variants) => variants.get(point).is_some_and(|v| v.sets(parameter)),
        }
    }
}

/// Sets a value that was checked when the sweep was read.
pub(super) fn put(scenario: &mut Scenario, parameter: &Parameter, value: &Value) {
    let set = parameter.set(scenario, value);
    debug_assert_eq!(set, Ok(()), "{} was not checked", parameter.name);
}

impl Sweep {
    /// Number of cells: the product of the sizes of the axes, 1 without axes.
    pub fn cells(&self) -> u32 {
        // The product was checked when the sweep was read.
        self.axes
            .iter()
            .fold(1, |cells: u32, axis| cells.saturating_mul(u32::try_from(axis.size()).unwrap_or(u32::MAX)))
    }

    /// Index of a cell's point on an axis. The cells are numbered row by row: the last axis varies fastest.
    pub fn point(&self, axis: usize, cell: u32) -> usize {
        let later: usize = self.axes.iter().skip(axis + 1).map(Axis::size).product();
        let size = self.axes.get(axis).map_or(1, Axis::size);
        (cell as usize / later.max(1)) % size.max(1)
    }

    /// What an axis says about a cell: the value of the axis' column. `None` if there is no such axis.
    pub fn label(&self, axis: usize, cell: u32) -> Option<AxisLabel<'_>> {
        self.axes.get(axis)?.label(self.point(axis, cell))
    }

    /// The scenario of a cell before the uncertain inputs are drawn.
    pub fn cell_scenario(&self, cell: u32) -> Scenario {
        let mut scenario = self.scenario.clone();
        for (index, axis) in self.axes.iter().enumerate() {
            axis.apply(self.point(index, cell), &mut scenario);
        }
        scenario
    }

    /// The seed of a run. With common random numbers it is the same in every cell.
    pub fn run_seed(&self, cell: u32, replicate: u32) -> u64 {
        if self.replicates.common_random_numbers {
            derive_seed(self.seed, &[u64::from(replicate)])
        } else {
            derive_seed(self.seed, &[INDEPENDENT, u64::from(cell), u64::from(replicate)])
        }
    }

    /// One run of a cell, with its uncertain inputs drawn.
    ///
    /// Each uncertain input draws from its own stream, derived from the seed of the run and the name of the parameter:
    /// adding one never moves the draws of another, and with common random numbers replicate r of every cell shares
    /// them. A draw outside of the parameter's range, or one that together with what is already set makes an
    /// impossible scenario (a release after the horizon, say), is drawn again.
    pub fn realization(&self, cell: u32, replicate: u32) -> Realization {
        let seed = self.run_seed(cell, replicate);
        let mut scenario = self.cell_scenario(cell);
        let drawn = self
            .uncertain
            .iter()
            .map(|input| {
                if !input.factor && self.is_held(cell, input.parameter) {
                    return input.parameter.get(&scenario).as_f64().unwrap_or(f64::NAN);
                }
                let mut stream = stream(seed, Purpose::Uncertain(input.parameter.name));
                input.draw_into(&mut scenario, &mut stream, |s| interplay::check(s, self.traces.as_ref()).is_ok())
            })
            .collect();
        Realization { scenario, seed, drawn }
    }

    /// Whether the cell's variant says what this parameter is, so that it is not drawn there.
    fn is_held(&self, cell: u32, parameter: &Parameter) -> bool {
        self.axes.iter().enumerate().any(|(index, axis)| axis.holds(self.point(index, cell), parameter))
    }
}
