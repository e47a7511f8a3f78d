//! The result for people.

use std::fmt::Write as _;

use comfy_table::{ContentArrangement, Table, presets};

use super::analysis::{OfInput, Part, Sensitivity};
use crate::statistics::clusters::Estimate;
use crate::summary::show::labels::{in_words, short};
use crate::summary::show::wrapped;

/// Of a line.
const COLUMNS: usize = 80;
/// Significant digits of a label.
const DIGITS: usize = 4;

impl Sensitivity {
    /// The result for all cells together, or for one of them, on lines of at most 80 columns. `None` if there is no such
    /// cell, or no run of it.
    pub fn in_words(&self, cell: Option<u32>) -> Option<String> {
        let part = match cell {
            None => &self.all,
            Some(cell) => self.cells.iter().find(|part| part.cell == Some(cell))?,
        };
        let mut text = self.head(part);
        if part.variance > 0.0 && !self.sweep().uncertain.is_empty() {
            let _ = writeln!(text, "\n{}", self.table(part));
        }
        for sentence in self.notes(part) {
            let _ = writeln!(text, "\n{}", wrapped(&sentence, COLUMNS));
        }
        Some(text)
    }

    fn head(&self, part: &Part) -> String {
        let output = self.sample.output.name;
        let scope = match part.cell {
            None if self.cells.len() == 1 => "in the cell".to_owned(),
            None => format!("within the {} cells", self.cells.len()),
            Some(cell) => {
                let axes = self.sweep().axes.iter().enumerate();
                let labels = axes.filter_map(|(axis, of)| {
                    Some(format!(", {} = {}", of.name, in_words(self.sweep().label(axis, cell)?, DIGITS)))
                });
                format!("in cell {cell}{}", labels.collect::<String>())
            }
        };
        let ranks = if self.sample.is_ranked() { "the ranks of " } else { "" };
        let title = format!("What {ranks}{output} depends on {scope}: shares of its variance there");
        let mean = part.mean.map(|mean| format!(", mean {}", short(mean))).unwrap_or_default();
        let clusters = if part.cell.is_none() { format!(", {} independent", self.clusters()) } else { String::new() };
        format!("{}\n{} runs{clusters}{mean}\n", wrapped(&title, COLUMNS), part.runs)
    }

    fn table(&self, part: &Part) -> String {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(80);
        let with_shift = part.inputs.iter().any(|input| input.shift.is_some());
        let last = with_shift.then_some("in outages, sd").into_iter();
        table.set_header(["", "alone", "in all"].into_iter().chain(last.clone()));
        let with_error = |estimate: Option<Estimate>| estimate.map_or("–".to_owned(), |e| self.with_interval(e));
        for (uncertain, input) in self.sweep().uncertain.iter().zip(&part.inputs) {
            let &OfInput { first_order, total, shift, .. } = input;
            let cells = [with_error(first_order), with_error(total)].into_iter();
            let shift = with_shift.then(|| with_error(shift));
            table.add_row(std::iter::once(uncertain.parameter.name().to_owned()).chain(cells).chain(shift));
        }
        let empty = last.map(|_| String::new());
        table.add_row(["chance".to_owned(), with_error(part.chance), String::new()].into_iter().chain(empty));
        table.to_string().lines().map(|line| format!("{}\n", line.trim_end())).collect()
    }

    fn with_interval(&self, estimate: Estimate) -> String {
        let interval = estimate.interval(self.sweep().replicates.confidence);
        let width = interval.map(|[low, high]| format!(" ± {:.2}", 0.5 * (high - low))).unwrap_or_default();
        format!("{:.2}{width}", estimate.value)
    }

    /// What the numbers mean, and what cannot be said.
    fn notes(&self, part: &Part) -> Vec<String> {
        let output = self.sample.output.name;
        if self.cells.iter().all(|cell| cell.runs < 2) {
            let what =
                "Each cell has a single run: what varies within a cell cannot be told. It takes more replicates.";
            return vec![what.to_owned()];
        }
        if part.variance <= 0.0 {
            return vec![format!("{output} is the same in all runs here: nothing depends on anything.")];
        }
        if self.sweep().uncertain.is_empty() {
            let what = "The sweep has no uncertain inputs ([uncertain]): within a cell, all that varies is chance.";
            return vec![what.to_owned()];
        }
        let mut notes = vec![format!(
            "alone: what knowing the input takes away of the variance; in all: what it has a hand in, alone or with \
             others; chance: what remains with all inputs known. ± is the {} % interval.",
            100.0 * self.sweep().replicates.confidence
        )];
        if part.inputs.iter().any(|input| input.shift.is_some()) {
            let outages =
                "in outages: the input's mean on days with an outage, in standard deviations from that of all days";
            let means = self.sweep().uncertain.iter().zip(&part.inputs).filter_map(|(uncertain, input)| {
                let unit = Some(uncertain.parameter.unit()).filter(|&unit| unit != "1").map(|unit| format!(" {unit}"));
                let [there, all] = input.means?.map(short);
                Some(format!("{} {there} against {all}{}", uncertain.parameter.name(), unit.unwrap_or_default()))
            });
            notes.push(format!("{outages}: {}.", means.collect::<Vec<_>>().join(", ")));
        }
        notes.extend(self.missing(part));
        notes
    }

    /// What cannot be said from these runs.
    fn missing(&self, part: &Part) -> Vec<String> {
        let mut notes = Vec::new();
        if part.chance.is_none() {
            let inputs = self.sweep().uncertain.len() as u32;
            notes.push(format!(
                "– cannot be computed from runs of which each has other inputs: chance and \"in all\" need runs with the same \
                 inputs and other seeds. --pairs 400 makes them (at most {} runs, which are not kept).",
                400 * (1 + inputs)
            ));
        }
        if self.not_redrawn > 0 {
            notes.push(format!(
                "{} of the runs for \"in all\" were left out: the input is not drawn in their cell, or another draw of it \
                 does not fit the other inputs.",
                self.not_redrawn
            ));
        }
        if self.has_few_clusters() {
            let clusters = self.clusters();
            notes.push(format!(
                "No intervals: the runs are but {clusters} independent ones (replicates, which all cells share)."
            ));
        }
        if self.sample.is_ranked() {
            let output = self.sample.output.name;
            notes.push(format!("A run without a value of {output} counts as one with the largest."));
        }
        notes
    }
}
