//! The columns of the differences of all outputs: those of the surface of a sweep with `[compare]`, and of the table of a
//! comparison.

use super::difference::{Compared, Difference, outputs};
use crate::engine::outcome::{Outcome, Output, OutputType};
use crate::summary::columns::OUTAGE;
use crate::summary::entry::Entry;
use crate::sweep::Sweep;
use crate::sweep::columns as names;

/// What a column says of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::summary) enum Part {
    /// The mean difference.
    Mean,
    /// The lower end of its interval.
    Low,
    /// The upper end.
    High,
    /// How many times as many runs it would take without pairs.
    RunsSaved,
}

/// The difference of one output, or an end of its interval, for each cell of a table.
#[derive(Clone)]
pub(in crate::summary) struct DifferenceColumn {
    /// The output.
    output: &'static Output<Outcome>,
    part: Part,
    /// Its value in each row; `None` in the cells that others are compared with, and where nothing tells.
    pub(in crate::summary) values: Vec<Option<f64>>,
}

impl DifferenceColumn {
    /// The columns of a table without rows, in their order.
    pub(in crate::summary) fn all() -> Vec<DifferenceColumn> {
        let parts = [Part::Mean, Part::Low, Part::High, Part::RunsSaved];
        let of_output = |output| parts.map(|part| DifferenceColumn { output, part, values: Vec::new() });
        outputs().flat_map(of_output).collect()
    }

    /// Those of the surface of a sweep: none, unless its cells are compared.
    pub(in crate::summary) fn of(sweep: &Sweep) -> Vec<DifferenceColumn> {
        if sweep.compare.is_some() { DifferenceColumn::all() } else { Vec::new() }
    }

    /// Adds a row to each of all columns.
    pub(in crate::summary) fn push(columns: &mut [DifferenceColumn], compared: Option<&Compared>) {
        for (index, of_output) in columns.chunk_by_mut(|a, b| a.output.name == b.output.name).enumerate() {
            let difference = compared.and_then(|compared| compared.differences.get(index));
            of_output.iter_mut().for_each(|column| column.values.push(difference.and_then(|of| column.part.of(of))));
        }
    }

    /// The differences of an output, for each row, as they stand in some columns.
    pub(in crate::summary) fn differences<'a>(
        columns: &'a [DifferenceColumn],
        output: &'a str,
    ) -> impl Iterator<Item = Difference> + 'a {
        let mut of_output =
            columns.iter().filter(move |column| column.output.name == output).map(|column| &column.values);
        let next = std::array::from_fn::<_, 4, _>(|_| of_output.next().map_or(&[][..], Vec::as_slice));
        let at = |values: &[Option<f64>], row: usize| values.get(row).copied().flatten();
        (0..next[0].len()).map(move |row| Difference {
            pairs: 0,
            mean: at(next[0], row),
            interval: at(next[1], row).zip(at(next[2], row)).map(|(low, high)| [low, high]),
            runs_saved: at(next[3], row),
        })
    }

    /// Name of the column.
    pub(in crate::summary) fn name(&self) -> String {
        names::of_difference(named(self.output), self.part as usize)
    }

    /// Its unit.
    pub(in crate::summary) fn unit(&self) -> &'static str {
        if self.part == Part::RunsSaved { "1" } else { self.output.unit }
    }

    /// What it holds, in words; the intervals have this confidence, and the cells this reference.
    pub(in crate::summary) fn description(&self, confidence: f64, reference: &str) -> String {
        let name = named(self.output);
        let confidence = 100.0 * confidence;
        let by = if self.output.kind == OutputType::Boolean {
            "Tango's score"
        } else {
            "Student's t of the differences, approximate; null without a spread"
        };
        match self.part {
            Part::Mean => {
                format!(
                    "Mean of {name} less that of {reference}, over the replicates that have both. {}",
                    self.output.description
                )
            }
            Part::Low => format!("Lower end of the {confidence} % interval of {name}_difference ({by})."),
            Part::High => format!("Upper end of the {confidence} % interval of {name}_difference ({by})."),
            Part::RunsSaved => format!(
                "How many times as many runs {name}_difference would take by two samples without common random numbers; null \
                 where no pair differs from another one."
            ),
        }
    }

    /// What stands in one of its rows.
    pub(in crate::summary) fn entry(&self, row: usize) -> Entry<'static> {
        self.values.get(row).copied().flatten().into()
    }
}

impl Part {
    fn of(self, difference: &Difference) -> Option<f64> {
        match self {
            Part::Mean => difference.mean,
            Part::Low => difference.interval.map(|[low, _]| low),
            Part::High => difference.interval.map(|[_, high]| high),
            Part::RunsSaved => difference.runs_saved,
        }
    }
}

/// What an output is called here: the mean of the outages is their probability.
pub(super) fn named(output: &Output<Outcome>) -> &'static str {
    if output.name == OUTAGE { names::OUTAGE_PROBABILITY } else { output.name }
}
