//! Reads `[compare]`.

use super::document::Content;
use super::reader::Reader;
use crate::parameters::Value;
use crate::sweep::design::AxisLabel;
use crate::sweep::keys::compare as keys;
use crate::sweep::types::{Axis, Compare, Replicates, Sampling};

/// Most runs of cells that are kept in one file, since they are compared with each other.
const RUNS_MAX: u64 = 2_000_000;

/// Reads `[compare]`, once the axes are known.
pub(super) fn compare(root: &Reader, axes: &[Axis], replicates: &Replicates) -> Option<Compare> {
    let table = root.get_table("compare")?;
    table.allow_keys(&keys::TABLE);
    let half_width = table.number_at(&keys::HALF_WIDTH);
    if !replicates.common_random_numbers {
        table.report("replicates of cells are no pairs with replicates.common_random_numbers = false; expected true");
    }
    if let Some(refine) = root.get("refine") {
        refine
            .report("cells of a refined sweep stop one by one, so that they cannot be compared; expected no [compare]");
    }
    if replicates.sampling == Sampling::Sobol && (half_width.is_some() || replicates.half_width.is_some()) {
        table.report(
            "when cells that are compared stop is known for independent draws alone; with replicates.sampling = \"sobol\" \
             expected no half_width, here or in [replicates]",
        );
    }
    let axis = axis(&table, axes)?;
    let of_axis = axes.get(axis)?;
    if of_axis.size() < 2 {
        table.report(format!("axis {} has one point; expected two to compare", of_axis.name));
    }
    let reference = match table.at(&keys::REFERENCE) {
        Some(written) => point(&written, of_axis)?,
        None => 0,
    };
    let cells: u64 = axes.iter().skip(axis).map(|axis| axis.size() as u64).product();
    if cells.saturating_mul(replicates.at_most.into()) > RUNS_MAX {
        table.report(format!(
            "cells that are compared are kept in one file, with all that lie between them: {cells} cells of up to {} runs; \
             expected at most {RUNS_MAX} runs: the last [[axis]] has its cells beside each other",
            replicates.at_most
        ));
    }
    Some(Compare { axis, reference, half_width })
}

/// The axis whose points are compared: the one that is named, the first one with variants, or the only one.
fn axis(table: &Reader, axes: &[Axis]) -> Option<usize> {
    let names: Vec<String> = axes.iter().map(|axis| format!("{:?}", axis.name)).collect();
    let names = if names.is_empty() { "an axis, of which there is none".to_owned() } else { names.join(" or ") };
    let Some(written) = table.at(&keys::AXIS) else {
        let found = Compare::axis_of(axes);
        if found.is_none() {
            table.report(format!("no axis has variants; expected axis = {names}"));
        }
        return found;
    };
    let found = written.text().map(|name| axes.iter().position(|axis| axis.name == name))?;
    if found.is_none() {
        written.refuse(&names);
    }
    found
}

/// The point of an axis that is written as its label or its value.
fn point(written: &Reader, axis: &Axis) -> Option<usize> {
    let is_it = |label: AxisLabel| match (label, written.content()) {
        (AxisLabel::Variant(label), Content::Text(text)) => label == text,
        (AxisLabel::Value(Value::Choice(word)), Content::Text(text)) => word == text,
        (AxisLabel::Value(Value::Boolean(truth)), Content::Boolean(written)) => truth == written,
        (AxisLabel::Value(value), _) => value.as_f64().is_some() && value.as_f64() == written.node().as_number(),
        _ => false,
    };
    let found = (0..axis.size()).position(|point| axis.label(point).is_some_and(is_it));
    if found.is_none() {
        let labels = (0..axis.size()).filter_map(|point| axis.label(point));
        let labels: Vec<String> = labels.take(20).map(written_as).collect();
        let more = if axis.size() > labels.len() { " …" } else { "" };
        written.refuse(&format!("a point of the axis: {}{more}", labels.join(", ")));
    }
    found
}

/// A point as it is written in TOML.
fn written_as(label: AxisLabel) -> String {
    match label {
        AxisLabel::Variant(label) => format!("{label:?}"),
        AxisLabel::Value(value) => value.to_string(),
    }
}
