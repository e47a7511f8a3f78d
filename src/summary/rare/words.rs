//! What is known of each cell, for people, on lines of at most 80 columns.

use std::fmt::Write as _;

use super::{RareCell, RareOutages};
use crate::summary::show::labels::{in_words, number, short};
use crate::summary::show::wrapped;
use crate::sweep::RareMethod;

/// Columns of a line.
const WIDTH: usize = 80;

impl RareOutages {
    /// The probability of each cell, how sure it is, and where the outages are.
    pub fn in_words(&self) -> String {
        let method = match self.wish.method {
            RareMethod::Importance => "importance sampling, beside a small subset simulation",
            RareMethod::Subset => "subset simulation",
        };
        let mut text = format!("Rare outages, by {method}\n");
        let names: Vec<&str> = self.sweep.axes.iter().map(|axis| axis.name.as_str()).collect();
        if !names.is_empty() {
            let _ = writeln!(text, "  at:    {}", names.join(", "));
        }
        let error = number(100.0 * self.wish.relative_error, 3);
        let _ = writeln!(text, "  aim:   ± {error} % of a probability of about {}", short(self.wish.level));
        let interval = format!("[{} %]", number(100.0 * self.wish.confidence, 6));
        let _ = writeln!(text, "\n{:>20}{:>12}  {interval:<24}{:>9}{:>12}", "", "P(outage)", "runs", "as plain");
        for (&cell, row) in &self.cells {
            self.add_cell(&mut text, cell, row);
        }
        let doubtful = self.cells.values().filter(|row| !row.estimate.has_converged()).count();
        let said = if doubtful == 0 {
            "All have converged, as far as their runs can tell: outages that no run came near are not counted."
                .to_owned()
        } else {
            format!(
                "{doubtful} of {} NOT CONVERGED: such a probability, and its interval, is not to be relied on; a larger \
                 rare.at_most may help.",
                self.cells.len()
            )
        };
        let plain = "\"As plain\" is how many plain runs would have the same error.";
        let _ = writeln!(text, "\n{}", wrapped(&format!("{said} {plain}"), WIDTH));
        text
    }

    fn add_cell(&self, text: &mut String, cell: u32, row: &RareCell) {
        let sweep = &self.sweep;
        let labels: Vec<String> = (0..sweep.axes.len())
            .map(|axis| sweep.label(axis, cell).map(|label| in_words(label, 4)).unwrap_or_default())
            .collect();
        let estimate = &row.estimate;
        let interval = format!("[{}, {}]", short(estimate.interval.low), short(estimate.interval.high));
        let plain = row.plain_runs().map_or_else(|| "–".to_owned(), short);
        let probability = short(estimate.probability);
        let _ =
            writeln!(text, "{:>20}{probability:>12}  {interval:<24}{:>9}{plain:>12}", labels.join(", "), estimate.runs);
        let mut indented = |said: &str| {
            wrapped(said, WIDTH - 4).lines().for_each(|line| {
                let _ = writeln!(text, "    {line}");
            });
        };
        if !estimate.has_converged() {
            indented(&format!("NOT CONVERGED: {}", row.doubts()));
        } else if estimate.relative_error > self.wish.relative_error {
            let error = number(100.0 * estimate.relative_error, 2);
            indented(&format!("wider than was wished: the error is {error} %"));
        }
        if row.inputs.iter().any(|x| !x.is_nan()) {
            let named = sweep.uncertain.iter().zip(&row.inputs);
            let inputs: Vec<String> =
                named.map(|(input, x)| format!("{} = {}", input.parameter.name(), short(*x))).collect();
            indented(&format!("outages around {}", inputs.join(", ")));
        }
    }
}
