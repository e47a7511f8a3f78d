//! The levels for people, on lines of at most 80 columns.

use std::fmt::Write as _;

use super::levels::{CellLevels, Level};
use super::{Boundary, independent, is_limit};
use crate::statistics::interval::Interval;
use crate::summary::show::labels::{in_words, number};
use crate::summary::show::wrapped;

/// Columns of a line.
const WIDTH: usize = 80;

/// The levels that are shown, %, if none is asked for. The one in the middle has its interval.
const SHOWN: [u32; 3] = [5, 50, 95];

/// Texts side by side, the interval behind the one in the middle.
fn in_columns(texts: Vec<String>, interval: &str) -> String {
    let middle = texts.len() / 2;
    let column = |(index, text): (usize, String)| match index == middle {
        true => format!("{text:>11} {interval:<22}"),
        false => format!("{text:>11}"),
    };
    texts.into_iter().enumerate().map(column).collect::<String>().trim_end().to_owned()
}

impl Boundary {
    /// Where the outage probability reaches some levels, in each cell, and whether it is monotone.
    pub fn in_words(&self) -> String {
        let (sweep, along) = (&self.question.sweep, &self.question.along);
        let name = along.quantity.name();
        let whose = if is_limit(sweep) { "in the limit of ever more clients" } else { "run by run" };
        let mut text = format!("Where the outcome turns, {whose}\n  along: {name}");
        let _ = writeln!(text, ", {} … {}", number(along.from, 4), number(along.to, 4));
        let names: Vec<&str> = sweep.axes.iter().map(|axis| axis.name.as_str()).collect();
        if !names.is_empty() {
            let _ = writeln!(text, "  at:    {}", names.join(", "));
        }
        let is_certain = self.question.draws == 1;
        if !is_certain {
            let _ = writeln!(text, "  over:  {} draws of the uncertain inputs", self.question.draws);
            let interval = format!("[{} %]", 100.0 * sweep.replicates.confidence);
            let heads = self.shown().iter().map(|percent| format!("{percent} %")).collect();
            let _ = writeln!(text, "\n{:>18}{}", "outages in", in_columns(heads, &interval));
        }
        for cell in &self.cells {
            let labels: Vec<String> = (0..sweep.axes.len())
                .map(|axis| sweep.label(axis, cell.cell).map(|label| in_words(label, 4)).unwrap_or_default())
                .collect();
            let labels = if labels.is_empty() { String::new() } else { format!("{:>18}", labels.join(", ")) };
            let _ = writeln!(text, "{labels}{}", self.said(cell, is_certain));
        }
        text.push('\n');
        text.push_str(&self.monotony());
        text
    }

    fn said(&self, cell: &CellLevels, is_certain: bool) -> String {
        if cell.rises.is_none() {
            let outages = if cell.outages_at_ends[0] > 0 { "an outage everywhere" } else { "no outage anywhere" };
            return format!("  {outages}");
        }
        if is_certain {
            // All levels are reached where the one draw turns.
            let what = if cell.rises == Some(true) { "outages from" } else { "outages up to" };
            let at = cell.levels.first().and_then(|level| level.at).map_or_else(String::new, |at| number(at, 6));
            return format!("  {what} {at}");
        }
        let shown = self.shown();
        let levels: Vec<&Level> = cell.levels.iter().filter(|level| shown.contains(&level.percent)).collect();
        let end = |end: Option<f64>| end.map_or_else(|| "–".to_owned(), |end| number(end, 4));
        let interval = levels.get(levels.len() / 2).map(|of| format!("[{}, {}]", end(of.low), end(of.high)));
        in_columns(levels.iter().map(|level| self.value(level)).collect(), &interval.unwrap_or_default())
    }

    /// The levels that are shown, %.
    fn shown(&self) -> Vec<u32> {
        self.level.map_or_else(|| SHOWN.to_vec(), |percent| vec![percent])
    }

    /// That draws turn more than once, or the other way than most, if any do.
    pub fn not_monotone(&self) -> Option<String> {
        let odd = self.odd();
        (odd > 0).then(|| {
            format!("Not monotone: {odd} of all draws turn more than once, or the other way than most; the first turn counts.")
        })
    }

    fn value(&self, level: &Level) -> String {
        let along = &self.question.along;
        match level.at {
            Some(f64::NEG_INFINITY) => format!("< {}", number(along.from, 4)),
            Some(f64::INFINITY) => format!("> {}", number(along.to, 4)),
            Some(at) => number(at, 4),
            None => "–".to_owned(),
        }
    }

    fn monotony(&self) -> String {
        let probes = self.question.probes;
        let odd: Vec<String> = self
            .cells
            .iter()
            .filter(|cell| cell.odd > 0)
            .map(|cell| format!("{} in cell {}", cell.odd, cell.cell))
            .collect();
        let said = if odd.is_empty() {
            format!("No draw turns twice, nor the other way than most, between {probes} values")
        } else {
            const MOST: usize = 8;
            let more = if odd.len() > MOST { ", …" } else { "" };
            let cells = odd[..odd.len().min(MOST)].join(", ");
            format!(
                "NOT MONOTONE: draws that turn more than once between {probes} values, or the other way than most: \
                 {cells}{more}. The first turn counts"
            )
        };
        let closer = "turns that are closer together than these are not seen.";
        let intervals = if independent(&self.question.sweep) {
            ""
        } else {
            " Sobol points are not independent: there are no intervals."
        };
        let audits = if is_limit(&self.question.sweep) { String::new() } else { self.audits() };
        wrapped(&format!("{said}; {closer}{intervals}{audits}"), WIDTH) + "\n"
    }

    /// What the audits say of all cells together.
    fn audits(&self) -> String {
        let (sweep, along) = (&self.question.sweep, &self.question.along);
        let sum = |index: usize| self.cells.iter().map(|cell| cell.audits[index]).sum::<u32>();
        let (audits, differ) = (sum(0), sum(1));
        let confidence = sweep.replicates.confidence;
        let known = format!(
            " Turns are known to {} of the way from end to end, and chance may turn a run again near them, so the levels are \
             those of the turns that were found, and not quite those of the outcomes.",
            number(along.resolution, 3)
        );
        if audits == 0 {
            return known + " No value lay far enough from the turns to be audited.";
        }
        // Draws that cells have in common are one observation, and so are those of a block of Sobol points.
        let of_common = sweep.replicates.common_random_numbers && self.cells.len() > 1;
        let which = if of_common || !independent(sweep) { ", if audits were independent" } else { "" };
        format!(
            "{known} Far from the turns {differ} of {audits} audits differ from what these say, so at most {} % of outcomes do \
             there, on average along {} ({} % interval{which}).",
            number(100.0 * Interval::fixed(differ, audits, confidence).high, 3),
            along.quantity.name(),
            100.0 * confidence,
        )
    }
}
