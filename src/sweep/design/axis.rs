//! An axis: its points, and what each of them says about a cell.

use crate::parameters::{Quantity, Scenario, Value};
use crate::sweep::types::{Axis, AxisPoints, Variant};

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

    /// What the axis sweeps; `None` for a list of variants.
    pub fn parameter(&self) -> Option<&Quantity> {
        match &self.points {
            AxisPoints::Values { parameter, .. } => Some(parameter),
            AxisPoints::Variants(_) => None,
        }
    }

    /// Its variants; none if it sweeps one parameter.
    pub fn variants(&self) -> &[Variant] {
        match &self.points {
            AxisPoints::Values { .. } => &[],
            AxisPoints::Variants(variants) => variants,
        }
    }

    /// What it sets, at one of its points at least.
    pub fn parameters(&self) -> impl Iterator<Item = &Quantity> {
        let settings = self.variants().iter().flat_map(|variant| &variant.settings);
        self.parameter().into_iter().chain(settings.map(|(set, _)| set))
    }

    /// Whether one of its points has shocks or interventions of its own.
    pub fn has_events(&self) -> bool {
        self.variants().iter().any(|variant| !variant.shocks.is_empty() || !variant.interventions.is_empty())
    }

    /// Whether the memory that a run needs depends on its point.
    pub fn sizes_memory(&self) -> bool {
        self.has_events() || self.parameters().any(Quantity::sizes_memory)
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
                let Some(variant) = variants.get(point) else { return };
                variant.settings.iter().for_each(|(parameter, value)| parameter.put(scenario, value));
                scenario.shocks.extend(variant.shocks.iter().cloned());
                scenario.interventions.extend(variant.interventions.iter().cloned());
            }
        }
    }

    /// Whether one of its points sets this parameter as a part of a variant.
    pub(in crate::sweep) fn holds(&self, point: usize, parameter: &Quantity) -> bool {
        self.variants().get(point).is_some_and(|variant| variant.sets(parameter))
    }
}
