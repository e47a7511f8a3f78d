//! The cells over the axes of a sweep: the one place that knows how they are numbered.

use std::borrow::Borrow;

use super::axis::AxisLabel;
use crate::parameters::Scenario;
use crate::sweep::types::{Axis, Sampled, Sweep};

/// The full grid over some axes: a cell for each combination of their points. The cells are numbered row by row: the
/// last axis varies fastest. Or cells that lie somewhere else.
#[derive(Debug, Clone, Copy)]
pub struct Design<'a, A = Axis> {
    axes: &'a [A],
    sampled: Option<&'a Sampled>,
}

impl<'a, A: Borrow<Axis>> Design<'a, A> {
    /// The name of the full grid in the sweep file.
    pub const GRID: &'static str = "grid";

    /// The grid over these axes.
    pub(in crate::sweep) fn over(axes: &'a [A]) -> Design<'a, A> {
        Design { axes, sampled: None }
    }

    /// The kind of design, as in the sweep file.
    pub fn kind(&self) -> &'static str {
        self.sampled.map_or(Self::GRID, |sampled| sampled.kind.name())
    }

    /// Its axes.
    pub fn axes(&self) -> impl ExactSizeIterator<Item = &'a Axis> + DoubleEndedIterator + use<'a, A> {
        self.axes.iter().map(Borrow::borrow)
    }

    /// Number of cells: of a grid the product of the sizes of the axes, 1 without axes; at most 2^64 − 1.
    pub fn cells(&self) -> u64 {
        if let Some(sampled) = self.sampled {
            return sampled.cells().into();
        }
        self.axes().fold(1, |cells: u64, axis| cells.saturating_mul(axis.size() as u64))
    }

    /// Index of a cell's point on each axis.
    pub fn coordinates(&self, cell: u64) -> impl Iterator<Item = usize> + use<'a, A> {
        let row = self.sampled.and_then(|sampled| sampled.row(cell));
        let mut cells = self.cells().max(1);
        self.axes().enumerate().map(move |(index, axis)| {
            if let Some(row) = row {
                return row[index] as usize;
            }
            let size = axis.size().max(1) as u64;
            // The number of cells that differ in the later axes alone.
            cells /= size;
            (cell / cells % size) as usize
        })
    }

    /// Index of a cell's point on one axis; 0 if there is no such axis.
    pub fn point(&self, axis: usize, cell: u64) -> usize {
        self.coordinates(cell).nth(axis).unwrap_or(0)
    }

    /// A scenario with what the axes say about a cell.
    pub(in crate::sweep) fn scenario(&self, base: &Scenario, cell: u64) -> Scenario {
        let mut scenario = base.clone();
        for (axis, point) in self.axes().zip(self.coordinates(cell)) {
            axis.apply(point, &mut scenario);
        }
        scenario
    }

    /// What each axis says about a cell.
    pub(in crate::sweep) fn labels(&self, cell: u64) -> impl Iterator<Item = (&'a Axis, AxisLabel<'a>)> + use<'a, A> {
        let points = self.axes().zip(self.coordinates(cell));
        points.filter_map(|(axis, point)| Some((axis, axis.label(point)?)))
    }
}

impl Sweep {
    /// The design of the sweep.
    pub fn design(&self) -> Design<'_> {
        Design { axes: &self.axes, sampled: self.sampled.as_ref() }
    }

    /// Number of cells: of a grid the product of the sizes of the axes, 1 without axes.
    pub fn cells(&self) -> u32 {
        // The number was checked when the sweep was read.
        u32::try_from(self.design().cells()).unwrap_or(u32::MAX)
    }

    /// Index of a cell's point on each axis.
    pub fn coordinates(&self, cell: u32) -> Vec<usize> {
        self.design().coordinates(u64::from(cell)).collect()
    }

    /// Index of a cell's point on an axis.
    pub fn point(&self, axis: usize, cell: u32) -> usize {
        self.design().point(axis, u64::from(cell))
    }

    /// What an axis says about a cell: the value of the axis' column. `None` if there is no such axis.
    pub fn label(&self, axis: usize, cell: u32) -> Option<AxisLabel<'_>> {
        self.axes.get(axis)?.label(self.point(axis, cell))
    }

    /// The scenario of a cell before the uncertain inputs are drawn.
    pub fn cell_scenario(&self, cell: u32) -> Scenario {
        self.design().scenario(&self.scenario, u64::from(cell))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::{Parameter, Value};
    use crate::sweep::types::AxisPoints;

    fn axis(name: &str, values: &[f64]) -> Axis {
        let parameter = Parameter::find(name).unwrap().into();
        let values = values.iter().map(|&x| Value::Number(x)).collect();
        Axis { name: name.to_owned(), points: AxisPoints::Values { parameter, values, logarithmic: false } }
    }

    #[test]
    fn cells_are_numbered_row_by_row() {
        let axes =
            [axis("login.timeout_s", &[1.0, 2.0]), axis("retry.base_s", &[3.0]), axis("retry.cap_s", &[4.0, 5.0, 6.0])];
        let design = Design::over(&axes);
        assert_eq!(design.cells(), 6);
        let all: Vec<Vec<usize>> = (0..6).map(|cell| design.coordinates(cell).collect()).collect();
        assert_eq!(all, [[0, 0, 0], [0, 0, 1], [0, 0, 2], [1, 0, 0], [1, 0, 1], [1, 0, 2]]);
        for (cell, coordinates) in all.iter().enumerate() {
            let points: Vec<usize> = (0..3).map(|axis| design.point(axis, cell as u64)).collect();
            assert_eq!(points, *coordinates);
        }
        let scenario = design.scenario(&Scenario::default(), 4);
        assert_eq!((scenario.login.timeout_s, scenario.retry.base_s, scenario.retry.cap_s), (2.0, 3.0, 5.0));
        let labels: Vec<String> = design.labels(4).map(|(axis, label)| format!("{} = {label}", axis.name)).collect();
        assert_eq!(labels, ["login.timeout_s = 2.0", "retry.base_s = 3.0", "retry.cap_s = 5.0"]);
    }

    #[test]
    fn without_axes_there_is_one_cell() {
        let design = Design::<Axis>::over(&[]);
        assert_eq!((design.cells(), design.coordinates(0).count()), (1, 0));
    }
}
