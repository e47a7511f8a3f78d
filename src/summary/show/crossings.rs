//! The crossings of a level, for people and for programs.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json, json};

use super::labels::{self, in_words};
use crate::statistics::crossing::Crossing;
use crate::summary::crossings::{Along, Crossings, Line, Reversal};
use crate::summary::entry::Entry;
use crate::sweep::Sweep;

/// Significant digits of a number.
const DIGITS: usize = 4;

/// Where a line is: the other axes, each with its name.
fn place<'a>(sweep: &'a Sweep, along: usize, cell: u32) -> impl Iterator<Item = (&'a str, Entry<'a>)> {
    let others = sweep.axes.iter().enumerate().filter(move |&(axis, _)| axis != along);
    others.map(move |(axis, on)| (on.name.as_str(), sweep.label(axis, cell).map_or(Entry::Missing, Entry::from)))
}

fn label(sweep: &Sweep, axis: usize, cell: u32) -> String {
    sweep.label(axis, cell).map(|label| in_words(label, DIGITS)).unwrap_or_default()
}

fn number(x: f64) -> String {
    labels::number(x, DIGITS)
}

/// The crossings in words.
pub fn crossings_as_text(crossings: &Crossings) -> String {
    let Crossings { sweep, level, along } = crossings;
    let confidence = 100.0 * sweep.replicates.confidence;
    let mut text = String::new();
    if along.is_empty() {
        text.push_str("No axis has more than one number: there is nothing to cross.\n");
    }
    for Along { axis, lines, pairs, reversal } in along {
        let name = &sweep.axes[*axis].name;
        let _ = writeln!(text, "Where the outage probability crosses {level}\n  along: {name}");
        let others = (0..sweep.axes.len()).filter(|other| other != axis);
        let names: Vec<&str> = others.clone().map(|other| sweep.axes[other].name.as_str()).collect();
        if !names.is_empty() {
            let _ = writeln!(text, "  at:    {}", names.join(", "));
        }
        for line in lines {
            let at: Vec<String> = others.clone().map(|other| label(sweep, other, line.first_cell)).collect();
            let at = at.join(", ");
            for described in describe(line) {
                let _ = writeln!(text, "{at:>24}  {described}");
            }
        }
        if *pairs > 0 {
            let _ = writeln!(text, "{}", monotony(sweep, *axis, *pairs, reversal.as_ref()));
        }
        text.push('\n');
    }
    let _ = writeln!(
        text,
        "In brackets: the last point that is surely on the one side, and the first one\nthat is on the other, by their \
         {confidence} % intervals; – where there is none."
    );
    text
}

/// What there is to say of a line: each crossing, or why there is none.
pub(in crate::summary) fn describe(line: &Line) -> Vec<String> {
    if line.crossings.is_empty() {
        return vec![
            match line.side {
                Some(true) => "none: surely above everywhere",
                Some(false) => "none: surely below everywhere",
                None => "none that is sure",
            }
            .to_owned(),
        ];
    }
    let end = |end: Option<f64>| end.map_or_else(|| "–".to_owned(), number);
    let described = line.crossings.iter().map(|&Crossing { rises, at, low, high }| {
        let direction = if rises { "rises" } else { "falls" };
        format!("{direction} through it at {}  [{}, {}]", number(at), end(low), end(high))
    });
    described.collect()
}

/// What the sign tests say, in words.
fn monotony(sweep: &Sweep, axis: usize, pairs: u32, reversal: Option<&Reversal>) -> String {
    let level = 1.0 - sweep.replicates.confidence;
    match reversal.filter(|reversal| reversal.p_value <= level) {
        None => format!(
            "No line is seen to rise and to fall: sign tests of {pairs} pairs of cells, {} % for\nall together.",
            number(100.0 * level)
        ),
        Some(Reversal { from, to, against, with, p_value }) => format!(
            "NOT MONOTONE: from cell {from} ({}) to cell {to} ({})\n{against} replicates go against the direction of the line \
             and {with} with it (p = {}).",
            label(sweep, axis, *from),
            label(sweep, axis, *to),
            number(*p_value)
        ),
    }
}

/// A line for each crossing, under the names of the axes; the axis that is crossed along is empty.
///
/// # Errors
/// It could not be written.
pub fn crossings_as_csv(crossings: &Crossings) -> std::io::Result<String> {
    let Crossings { sweep, along, .. } = crossings;
    let mut table = csv::Writer::from_writer(Vec::new());
    let names = sweep.axes.iter().map(|axis| axis.name.as_str());
    table.write_record(["along"].into_iter().chain(names).chain(["direction", "crossing", "low", "high"]))?;
    for Along { axis, lines, .. } in along {
        for line in lines {
            for crossing in &line.crossings {
                let end = |end: Option<f64>| end.map(|x| x.to_string()).unwrap_or_default();
                let places = (0..sweep.axes.len()).map(|other| match sweep.label(other, line.first_cell) {
                    Some(label) if other != *axis => Entry::from(label).to_csv(),
                    _ => String::new(),
                });
                let direction = if crossing.rises { "rises" } else { "falls" }.to_owned();
                let record = [sweep.axes[*axis].name.clone()].into_iter().chain(places);
                let numbers = [direction, crossing.at.to_string(), end(crossing.low), end(crossing.high)];
                table.write_record(record.chain(numbers))?;
            }
        }
    }
    let bytes = table.into_inner().map_err(csv::IntoInnerError::into_error)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// An object with everything.
pub fn crossings_as_json(crossings: &Crossings) -> Json {
    let Crossings { sweep, level, along } = crossings;
    let of_crossing = |&Crossing { rises, at, low, high }: &Crossing| json!({ "direction": if rises { "rises" } else { "falls" }, "crossing": at, "low": low, "high": high });
    let of_axis = |Along { axis, lines, pairs, reversal }: &Along| {
        let of_line = |line: &Line| {
            let at: Map<String, Json> =
                place(sweep, *axis, line.first_cell).map(|(name, entry)| (name.to_owned(), entry.to_json())).collect();
            let side = line.side.map(|above| if above { "above" } else { "below" });
            json!({ "at": at, "crossings": line.crossings.iter().map(of_crossing).collect::<Vec<_>>(), "surely": side })
        };
        let reversal = reversal.map(|Reversal { from, to, against, with, p_value }| {
            json!({ "from_cell": from, "to_cell": to, "against": against, "with": with, "p_value": p_value })
        });
        json!({
            "along": sweep.axes[*axis].name, "lines": lines.iter().map(of_line).collect::<Vec<_>>(),
            "pairs_tested": pairs, "reversal": reversal,
        })
    };
    json!({
        "level": level, "confidence": sweep.replicates.confidence,
        "axes": along.iter().map(of_axis).collect::<Vec<_>>(),
    })
}
