//! A cell as users name it: by its number, or by what the axes say of it.

use super::arguments;
use super::failure::Failure;
use crate::parameters::Value;
use crate::sweep::{Axis, AxisLabel, Sweep};

/// Values of an axis that a message lists at most.
const LISTED: usize = 30;

/// The name of a cell.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum CellName {
    /// Its number.
    Number(u32),
    /// What the axes say of it, such as `overlay.slots=75,mechanism=as it was`.
    Values(String),
}

/// Reads the name of a cell.
pub(super) fn cell_name(text: &str) -> Result<CellName, String> {
    if text.contains('=') {
        return Ok(CellName::Values(text.to_owned()));
    }
    arguments::number(text)
        .map(CellName::Number)
        .map_err(|error| format!("{error}, or what the axes say of the cell, such as overlay.slots=75"))
}

/// The number of the cell of a sweep that has this name. The nearest is not taken: a value that no point of the axis has
/// is an error.
pub(super) fn find_cell(sweep: &Sweep, name: &CellName) -> Result<u32, Failure> {
    match name {
        CellName::Number(cell) if *cell < sweep.cells() => Ok(*cell),
        CellName::Number(cell) => {
            let message = format!("--cell {cell}: the sweep {:?} has cells 0 … {}", sweep.name, sweep.cells() - 1);
            Err(Failure::WrongInput(message))
        }
        CellName::Values(text) => {
            of_values(sweep, text).map_err(|message| Failure::WrongInput(format!("--cell {text}: {message}")))
        }
    }
}

fn of_values(sweep: &Sweep, text: &str) -> Result<u32, String> {
    let said = said(sweep, text)?;
    for (axis, value) in sweep.axes.iter().zip(&said) {
        if value.is_some_and(|value| !labels(axis).any(|label| is_called(label, value))) {
            return Err(format!("{} has no such value; it has {}", axis.name, list(axis)));
        }
    }
    let is_meant = |cell: &u32| {
        said.iter().enumerate().all(|(axis, value)| {
            value.is_none_or(|value| sweep.label(axis, *cell).is_some_and(|label| is_called(label, value)))
        })
    };
    let mut cells = (0..sweep.cells()).filter(is_meant);
    let first = cells.next().ok_or("no cell of the design has these values together")?;
    if cells.next().is_some() {
        let open = sweep.axes.iter().zip(&said).filter(|(axis, value)| value.is_none() && axis.size() > 1);
        let open: Vec<String> = open.map(|(axis, _)| format!("{}, which has {}", axis.name, list(axis))).collect();
        return Err(format!("several cells have these values; say also {}", open.join("; and ")));
    }
    Ok(first)
}

/// What is said of each axis. A value may hold commas and equals signs, as labels do: it ends where another axis begins.
fn said<'a>(sweep: &Sweep, text: &'a str) -> Result<Vec<Option<&'a str>>, String> {
    let mut said = vec![None; sweep.axes.len()];
    let begins = |text: &str| {
        sweep.axes.iter().position(|axis| {
            text.trim_start().strip_prefix(axis.name.as_str()).is_some_and(|rest| rest.trim_start().starts_with('='))
        })
    };
    let mut rest = text;
    loop {
        let Some(axis) = begins(rest) else {
            let names: Vec<&str> = sweep.axes.iter().map(|axis| axis.name.as_str()).collect();
            let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            return Err(format!("{:?} does not begin with an axis of the sweep; its axes: {names}", rest.trim()));
        };
        let value = rest.split_once('=').map_or("", |(_, value)| value);
        let end = value.match_indices(',').map(|(at, _)| at).find(|&at| begins(&value[at + 1..]).is_some());
        if said[axis].replace(value[..end.unwrap_or(value.len())].trim()).is_some() {
            return Err(format!("{} stands there twice", sweep.axes[axis].name));
        }
        match end {
            Some(end) => rest = &value[end + 1..],
            None => return Ok(said),
        }
    }
}

fn labels(axis: &Axis) -> impl Iterator<Item = AxisLabel<'_>> {
    (0..axis.size()).filter_map(|point| axis.label(point))
}

/// Whether this is what somebody means by a text: the same number, however it is written, or the same words, with or
/// without quotes.
fn is_called(label: AxisLabel<'_>, text: &str) -> bool {
    let unquoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    match label {
        AxisLabel::Value(value) => match value.as_f64() {
            Some(number) => text.replace('_', "").parse() == Ok(number),
            None => matches!(value, Value::Choice(word) if *word == unquoted) || value.to_string() == text,
        },
        AxisLabel::Variant(name) => name == text || name == unquoted,
    }
}

fn list(axis: &Axis) -> String {
    let mut values: Vec<String> = labels(axis).take(LISTED).map(|label| label.to_string()).collect();
    if axis.size() > LISTED {
        values.push(format!("… {} more", axis.size() - LISTED));
    }
    values.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SWEEP: &str = "name = \"t\"\n[[axis]]\nparameter = \"overlay.supernode_ratio\"\nvalues = [0.01, 0.02, 0.04]\n\
                         [[axis]]\nname = \"remedy\"\nvariants = [ { label = \"none\" }, \
                         { label = \"more, for all\", overlay.slots = 200 } ]\n\
                         [[axis]]\nparameter = \"login.discipline\"\nvalues = [\"fifo\", \"lifo\"]\n";

    fn find(text: &str) -> Result<u32, String> {
        let sweep = Sweep::parse(SWEEP, "t.toml", &[]).unwrap();
        find_cell(&sweep, &cell_name(text)?).map_err(|failure| failure.message(false).unwrap_or_default())
    }

    #[test]
    fn a_cell_is_found_by_its_number_or_by_its_values_in_any_order_and_spelling() {
        for name in [
            "7",
            "overlay.supernode_ratio=0.02,remedy=more, for all,login.discipline=lifo",
            "login.discipline=\"lifo\", remedy = more, for all, overlay.supernode_ratio=2e-2",
            "remedy=\"more, for all\",overlay.supernode_ratio=0.020,login.discipline=lifo",
        ] {
            assert_eq!(find(name), Ok(7), "{name}");
        }
    }

    #[test]
    fn what_does_not_name_one_cell_is_refused_with_what_there_is() {
        for (name, said) in [
            ("12", "cells 0 … 11"),
            ("-1", "expected a whole number, 0 … 4294967295, or what the axes say"),
            ("overlay.supernode_ratio=0.03,remedy=none,login.discipline=lifo", "it has 0.01, 0.02, 0.04"),
            (
                "remedy=some,overlay.supernode_ratio=0.01,login.discipline=lifo",
                "remedy has no such value; it has none, more, for all",
            ),
            ("overlay.supernode_ratio=0.01,login.discipline=lifo", "say also remedy, which has none, more, for all"),
            ("overlay.ratio=0.01", "its axes: overlay.supernode_ratio, remedy, login.discipline"),
            ("remedy=none,remedy=none", "remedy stands there twice"),
            ("overlay.supernode_ratio=nan,remedy=none,login.discipline=lifo", "no such value"),
            ("=", "does not begin with an axis"),
        ] {
            let refused = find(name).unwrap_err();
            assert!(refused.contains(said), "{name}: {refused}");
        }
    }
}
