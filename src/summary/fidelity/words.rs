//! The cells and the crossings for people, on lines of at most 80 columns where labels are short.

use std::fmt::Write as _;

use super::level::AtLevel;
use super::rounds::Fidelity;
use crate::statistics::fidelity::FidelityEstimate;
use crate::summary::show::crossings::describe;
use crate::summary::show::labels::{in_words, number};
use crate::summary::show::wrapped;

/// Columns of a line.
const WIDTH: usize = 80;
/// Columns of an axis.
const OF_AXIS: usize = 12;

impl Fidelity {
    /// Where the level is crossed that was asked for, the outage probability of each cell, and what it cost.
    pub fn in_words(&self) -> String {
        let sweep = &self.sweep;
        let mut text = self.level.as_ref().map_or_else(String::new, |level| self.crossings(level));
        text.push_str("Outage probability, from runs where the limit of ever more clients is in doubt\n");
        text.push_str(&self.along());
        let names: Vec<&str> = sweep.axes.iter().map(|axis| axis.name.as_str()).collect();
        let _ = writeln!(text, "  cells: {}\n", names.join(", "));
        let interval = format!("[{} %]", 100.0 * sweep.replicates.confidence);
        let cells = OF_AXIS * names.len();
        let _ = writeln!(text, "{:cells$}{:>13} {interval:<16}{:>6}{:>12}", "", "probability", "runs", "as good as");
        for (cell, estimate) in &self.cells {
            for axis in 0..names.len() {
                let label = sweep.label(axis, *cell).map(|label| in_words(label, 4)).unwrap_or_default();
                let _ = write!(text, "{label:>OF_AXIS$}");
            }
            let FidelityEstimate { probability, interval, runs, as_good_as, .. } = estimate;
            let interval = format!("[{:.3}, {:.3}]", interval.low, interval.high);
            let as_good_as = as_good_as.map_or_else(|| "–".to_owned(), |runs| number(runs, 3));
            let _ = writeln!(text, "{probability:>13.3} {interval:<16}{runs:>6}{as_good_as:>12}");
        }
        text.push('\n');
        text.push_str(&self.cost());
        text
    }

    fn along(&self) -> String {
        let draws = self.lines.first().map_or(0, |line| line.limit.len());
        format!("  along: {}, by the turns of {draws} draws in the limit\n", self.along.quantity.name())
    }

    fn crossings(&self, AtLevel { level, lines }: &AtLevel) -> String {
        let mut text =
            format!("Where the outage probability crosses {level}, from runs where that is in doubt\n{}", self.along());
        let axes = self.of_lines.axes.iter();
        let names: Vec<&str> = axes.map(|axis| axis.name.as_str()).collect();
        if !names.is_empty() {
            let _ = writeln!(text, "  at:    {}", names.join(", "));
        }
        for (of_line, line) in self.lines.iter().zip(lines) {
            let cell = of_line.limit.first().map_or(0, |limit| limit.cell);
            let label =
                |axis: usize| self.of_lines.label(axis, cell).map(|label| in_words(label, 4)).unwrap_or_default();
            let at: Vec<String> = (0..names.len()).map(label).collect();
            for described in describe(line) {
                let _ = writeln!(text, "{:>24}  {described}", at.join(", "));
            }
        }
        let said = format!(
            "In brackets: the last place that is surely on the one side, and the first one that is on the other, by {} % \
             intervals of the line through the cells; – where there is none.",
            100.0 * self.sweep.replicates.confidence
        );
        text + &wrapped(&said, WIDTH) + "\n\n"
    }

    fn cost(&self) -> String {
        let runs: u32 = self.cells.iter().map(|(_, estimate)| estimate.runs).sum();
        // Where all runs are the same nobody knows what they are worth.
        let mixed = self.cells.iter().filter(|(_, of)| of.outages > 0 && of.outages < of.runs);
        let (made, worth) =
            mixed.fold((0, 0.0), |(made, worth), (_, of)| (made + of.runs, worth + of.as_good_as.unwrap_or(0.0)));
        let gain = if made > 0 {
            format!(
                ", as good as {} times as many where some have an outage and some have none",
                number(worth / f64::from(made), 2)
            )
        } else {
            String::new()
        };
        let said = format!(
            "{runs} runs{gain}, beside {} searches in the limit. The runs of a cell are no plain sample; as good as: independent \
             runs with the same standard error. Where a cell's runs are all the same its interval is theirs alone.",
            self.lines.iter().map(|line| line.limit.len()).sum::<usize>()
        );
        wrapped(&said, WIDTH) + "\n"
    }
}
