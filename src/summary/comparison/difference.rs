//! The difference of one output between two cells.

use arrow_array::RecordBatch;
use arrow_schema::ArrowError;

use crate::engine::outcome::{OUTPUTS, Outcome, Output, OutputType};
use crate::statistics::paired::{MeanDifference, Pairs, interval_by_blocks};
use crate::statistics::rule::Rule;
use crate::summary::columns::OUTAGE;
use crate::summary::runs::{column, numbers};

/// A cell that is compared.
pub struct Compared {
    /// Number of the cell.
    pub cell: u32,
    /// The cell that it is compared with.
    pub reference: u32,
    /// Replicates that both have.
    pub pairs: u32,
    /// Replicates that one of the two has alone: they count for nothing.
    pub left_out: u32,
    /// Whether they have an outage; the first member is that of the reference.
    pub outages: Pairs,
    /// What is different, for each of the outputs that are compared, in their order.
    pub differences: Vec<Difference>,
}

/// The difference of one output: the cell's mean less the reference's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// Pairs in which both members have the output.
    pub pairs: u32,
    /// The mean of the differences; `None` without a pair.
    pub mean: Option<f64>,
    /// Its interval; `None` of one pair, and if all pairs differ by the same.
    pub interval: Option<[f64; 2]>,
    /// How many times as many runs two samples without common random numbers would need; `None` where nothing tells.
    pub runs_saved: Option<f64>,
}

/// The outputs that are compared: all that have a mean.
pub(super) fn outputs() -> impl Iterator<Item = &'static Output<Outcome>> {
    OUTPUTS.iter().filter(|output| output.kind != OutputType::Word)
}

/// How intervals are computed.
#[derive(Debug, Clone, Copy)]
pub(in crate::summary) struct Means {
    pub(super) confidence: f64,
    /// Whether the replicates are points in blocks, which are known by the means of the blocks.
    pub(super) in_blocks: bool,
}

impl Means {
    /// Those that a rule of stopping asks for.
    pub(super) fn of(rule: &Rule) -> Means {
        Means { confidence: rule.confidence_at_each_look(), in_blocks: rule.in_blocks }
    }
}

/// Compares the runs of a cell with those of its reference, each in the order of the replicates.
pub(super) fn compared(
    (reference, first): (u32, &RecordBatch),
    (cell, second): (u32, &RecordBatch),
    means: Means,
) -> Result<Compared, ArrowError> {
    let pairs = first.num_rows().min(second.num_rows());
    let left_out = (first.num_rows().max(second.num_rows()) - pairs) as u32;
    let mut outages = Pairs::count(std::iter::empty());
    let mut differences = Vec::new();
    for output in outputs() {
        let (first, second) = (numbers(column(first, output.name)?), numbers(column(second, output.name)?));
        let by_replicate: Vec<Option<(f64, f64)>> = first.iter().zip(second.iter()).map(|(a, b)| a.zip(b)).collect();
        let both: Vec<(f64, f64)> = by_replicate.iter().flatten().copied().collect();
        let mut difference = if output.kind == OutputType::Boolean {
            let events = Pairs::count(both.iter().map(|&(a, b)| (a == 1.0, b == 1.0)));
            if output.name == OUTAGE {
                outages = events;
            }
            of_events(events, means.confidence)
        } else {
            of_numbers(&both, means.confidence)
        };
        if means.in_blocks {
            let of_replicates: Vec<Option<f64>> = by_replicate.iter().map(|both| both.map(|(a, b)| b - a)).collect();
            let by_blocks = interval_by_blocks(&of_replicates, means.confidence);
            // Where all blocks are the same, the score still knows how many runs there are.
            let interval = by_blocks.map(|interval| [interval.low, interval.high]);
            difference.interval = interval.or(difference.interval.filter(|_| output.kind == OutputType::Boolean));
        }
        differences.push(difference);
    }
    Ok(Compared { cell, reference, pairs: pairs as u32, left_out, outages, differences })
}

fn of_events(events: Pairs, confidence: f64) -> Difference {
    if events.pairs == 0 {
        return Difference { pairs: 0, mean: None, interval: None, runs_saved: None };
    }
    let interval = events.interval(confidence);
    Difference {
        pairs: events.pairs,
        mean: Some(events.difference()),
        interval: Some([interval.low, interval.high]),
        runs_saved: events.runs_saved(),
    }
}

fn of_numbers(both: &[(f64, f64)], confidence: f64) -> Difference {
    let found = MeanDifference::of(both);
    let single = both.first().map(|(first, second)| second - first);
    Difference {
        pairs: both.len() as u32,
        mean: found.map_or(single, |found| Some(found.mean)),
        interval: found.and_then(|found| found.interval(confidence)).map(|interval| [interval.low, interval.high]),
        runs_saved: found.and_then(|found| found.runs_saved),
    }
}
