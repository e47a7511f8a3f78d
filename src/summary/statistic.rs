//! The statistics of an output over the runs of a cell: which there are, and what they are called.

use crate::engine::outcome::{Missing, Outcome, Output, OutputType};
use crate::sweep::columns as names;

/// A statistic of an output over the runs of a cell.
///
/// Of an output that can be missing, mean and deviation are conditional: over the runs that have it. So are the quantiles,
/// unless its absence says that it is above all numbers ([`Missing::AboveAll`]): then every run counts, and a quantile
/// that lies above all numbers is missing itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistic {
    /// The mean; of a truth, the share of the runs.
    Mean,
    /// The standard deviation, from the sum of squares over n − 1; missing for a single run.
    Deviation,
    /// The 5 % quantile. Quantiles interpolate linearly between the order statistics (type 7 of Hyndman and Fan 1996).
    Quantile05,
    /// The median.
    Median,
    /// The 95 % quantile.
    Quantile95,
    /// The number of runs that have the output, where it can be missing.
    Count,
    /// Lower end of the interval of the mean: by Student's t for a number, missing where all runs have the same one; of a
    /// share for a truth.
    MeanLow,
    /// Its upper end.
    MeanHigh,
    /// Lower end of the interval of the 5 % quantile: an order statistic, missing where there is none low enough.
    Quantile05Low,
    /// Its upper end, missing where there is none high enough, or none that is a number.
    Quantile05High,
    /// Lower end of the interval of the median.
    MedianLow,
    /// Its upper end.
    MedianHigh,
    /// Lower end of the interval of the 95 % quantile.
    Quantile95Low,
    /// Its upper end.
    Quantile95High,
}

impl Statistic {
    /// The statistics of a number, in the order of the columns.
    pub const ALL: [Statistic; names::STATISTICS.len()] = [
        Statistic::Mean,
        Statistic::Deviation,
        Statistic::Quantile05,
        Statistic::Median,
        Statistic::Quantile95,
        Statistic::Count,
        Statistic::MeanLow,
        Statistic::MeanHigh,
        Statistic::Quantile05Low,
        Statistic::Quantile05High,
        Statistic::MedianLow,
        Statistic::MedianHigh,
        Statistic::Quantile95Low,
        Statistic::Quantile95High,
    ];

    /// The statistics of an output, in the order of the columns.
    pub fn of(output: &Output<Outcome>) -> impl Iterator<Item = Statistic> + use<> {
        let (kind, missing) = (output.kind, output.missing);
        Statistic::ALL.into_iter().filter(move |statistic| match statistic {
            // The words of a list have no order and no mean.
            _ if kind == OutputType::Word => false,
            Statistic::Mean | Statistic::MeanLow | Statistic::MeanHigh => true,
            Statistic::Count => missing != Missing::Never,
            // Quantiles of a truth say nothing.
            _ => kind != OutputType::Boolean,
        })
    }

    /// What it is called in the name of a column, after the name of the output.
    pub fn name(self) -> &'static str {
        names::STATISTICS[self as usize]
    }

    /// What its column of an output holds; `confidence` is that of the intervals, in percent.
    pub(super) fn in_words(self, output: &Output<Outcome>, confidence: f64) -> String {
        let name = output.name;
        let end = |end: &str, of: &str| {
            let bound = if of == "mean" {
                if output.kind == OutputType::Boolean {
                    ""
                } else {
                    " (Student's t, approximate; null without a spread)"
                }
            } else {
                " (order statistics; null if it has no bound there)"
            };
            format!("{end} end of the {confidence} % interval of {name}_{of}{bound}.")
        };
        let (statistic, is_quantile) = match self {
            Statistic::Count => return format!("Runs of the cell in which {name} is not null."),
            Statistic::MeanLow => return end("Lower", "mean"),
            Statistic::MeanHigh => return end("Upper", "mean"),
            Statistic::Quantile05Low => return end("Lower", "q05"),
            Statistic::Quantile05High => return end("Upper", "q05"),
            Statistic::MedianLow => return end("Lower", "q50"),
            Statistic::MedianHigh => return end("Upper", "q50"),
            Statistic::Quantile95Low => return end("Lower", "q95"),
            Statistic::Quantile95High => return end("Upper", "q95"),
            Statistic::Mean => ("Mean", false),
            Statistic::Deviation => ("Standard deviation (n − 1)", false),
            Statistic::Quantile05 => ("5 % quantile", true),
            Statistic::Median => ("Median", true),
            Statistic::Quantile95 => ("95 % quantile", true),
        };
        match output.missing {
            Missing::Never => format!("{statistic} of {name} over the runs of the cell."),
            Missing::AboveAll if is_quantile => format!(
                "{statistic} of {name} over all runs of the cell, where null counts as larger than every number; null if \
                 the quantile is larger, too."
            ),
            _ => {
                format!(
                    "Conditional: {statistic} of {name} over those runs of the cell in which it is not null ({name}_n)."
                )
            }
        }
    }
}
