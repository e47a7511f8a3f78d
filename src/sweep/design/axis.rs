//! An axis: its points, and what each of them says about a cell.

use crate::parameters::{Parameter, Scenario, Value};
use crate::sweep::types::{Axis, AxisPoints};

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

    /// The parameters that it sets, at one of its points at least.
    pub fn parameters(&self) -> impl Iterator<Item = &'static Parameter> {
        let variants = match &self.points {
            AxisPoints::Values { .. } => &[],
            AxisPoints::Variants(variants) => variants.as_slice(),
        };
        self.parameter().into_iter().chain(variants.iter().flat_map(|variant| &variant.settings).map(|(set, _)| *set))
    }

    /// A scenario with what one of its points says.
    pub(crate) fn applied(&self, point: usize, scenario: &Scenario) -> Scenario {
        let mut scenario = scenario.clone();
        self.apply(point, &mut scenario);
        scenario
    }

    /// Applies one of its points to a scenario.
    pub(in crate::sweep) fn apply(&self, point: usize, scenario: &mut Scenario) {
        match &self.points {
            AxisPoints::Values { parameter, values, .. } => {
                if let Some(value) = values.get(point) {
                    parameter.put(scenario, value);
                }
            }
            AxisPoints::Variants(variants) => {
                for (parameter, value) in variants.get(point).iter().flat_map(|variant| &variant.settings) {
                    parameter.put(scenario, value);
                }
            }
        }
    }

    /// Whether one of its points sets this parameter as a part of a variant.
    pub(in crate::sweep) fn holds(&self, point: usize, parameter: &Parameter) -> bool {
        match &self.points {
            AxisPoints::Values { .. } => false,
            AxisPoints::Variants(variants) => variants.get(point).is_some_and(|v| v.sets(parameter)),
        }
    }
}
