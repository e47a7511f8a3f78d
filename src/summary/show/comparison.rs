//! Differences between cells, for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::labels::short;
use super::list::list;
use super::screen::Screen;
use super::wrapped;
use crate::summary::columns::OUTAGE;
use crate::summary::comparison::{Comparison, Difference};
use crate::sweep::Sweep;
use crate::sweep::columns::OUTAGE_PROBABILITY;

/// What one output is by more than in the reference, a line for each cell; `None` if it is not compared.
pub fn comparison_as_text(comparison: &Comparison, output: &str, screen: &Screen) -> Option<String> {
    let cells: BTreeMap<u32, (u32, Difference)> =
        comparison.differences(output)?.map(|(row, difference)| (row.cell, (row.pairs, difference))).collect();
    let name = if output == OUTAGE { OUTAGE_PROBABILITY } else { output };
    let title = title(name, &comparison.reference_in_words());
    let mut text = list(&comparison.sweep, &title, &cells, screen, |(pairs, difference), room| {
        let line = line(difference);
        let of = format!("{line}  {} pairs", difference.pairs.min(*pairs));
        if of.chars().count() <= room { of } else { line }
    });
    text += &explanation(comparison.confidence);
    if comparison.rows.iter().any(|row| row.left_out > 0) {
        let words = "Some of these cells have more runs than others, since they stopped one by one: the runs that both have \
                     are compared. The differences may be a little too large for that, the intervals hold. [compare] in \
                     the sweep file lets cells stop together.";
        text += &(wrapped(words, 80) + "\n");
    }
    Some(text)
}

/// The differences of the outage probability that belong to a surface, for some cells.
pub(super) fn differences(
    sweep: &Sweep,
    reference: &str,
    cells: &BTreeMap<u32, Difference>,
    screen: &Screen,
) -> String {
    let title = title(OUTAGE_PROBABILITY, reference);
    let text = list(sweep, &title, cells, screen, |difference, _| line(difference));
    format!("\n{text}{}", explanation(sweep.replicates.confidence))
}

fn title(name: &str, reference: &str) -> String {
    format!("{name} less that of {reference}")
}

fn explanation(confidence: f64) -> String {
    let words = format!(
        "[ ]: {} % intervals, each by itself, over replicates with the same draws. Saved: so many times the runs it would take \
         with other draws on either side.",
        100.0 * confidence
    );
    wrapped(&words, 80) + "\n"
}

/// A difference on one line.
fn line(difference: &Difference) -> String {
    let Some(mean) = difference.mean else { return "no pair has it".to_owned() };
    let signed = |x: f64| if x > 0.0 { format!("+{}", short(x)) } else { short(x) };
    let mut line = signed(mean);
    match difference.interval {
        Some([low, high]) => _ = write!(line, " [{}, {}]", signed(low), signed(high)),
        None => line += " [all pairs the same]",
    }
    if let Some(saved) = difference.runs_saved {
        let _ = write!(line, "  saved {saved:.1} ×");
    }
    line
}
