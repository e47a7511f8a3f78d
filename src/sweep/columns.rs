//! The names of the columns of runs and surface that belong to no parameter and no output, and how names are made of
//! those that do. An axis of variants is a column, too, and may have none of these names.

use crate::engine::outcome::OUTPUTS;
use crate::parameters::Parameter;

/// Number of the cell.
pub const CELL: &str = "cell";
/// Number of the run within its cell.
pub const REPLICATE: &str = "replicate";
/// Seed of the run.
pub const SEED: &str = "seed";

/// Runs of a cell.
pub const REPLICATES: &str = "replicates";
/// Runs of a cell with an outage.
pub const OUTAGES: &str = "outages";
/// Share of the runs of a cell with an outage.
pub const OUTAGE_PROBABILITY: &str = "outage_probability";
/// Lower end of its interval.
pub const OUTAGE_PROBABILITY_LOW: &str = "outage_probability_low";
/// Upper end of its interval.
pub const OUTAGE_PROBABILITY_HIGH: &str = "outage_probability_high";

/// The statistics of an output over the runs of a cell: mean, standard deviation, the 5, 50 and 95 % quantiles, the number
/// of runs that have it, and the ends of the intervals of mean and quantiles.
pub const STATISTICS: [&str; 14] = [
    "mean",
    "sd",
    "q05",
    "q50",
    "q95",
    "n",
    "mean_low",
    "mean_high",
    "q05_low",
    "q05_high",
    "q50_low",
    "q50_high",
    "q95_low",
    "q95_high",
];

/// What is said of the difference of an output between two cells: the mean difference, the ends of its interval, and how
/// many runs the pairs saved.
pub const DIFFERENCE: [&str; 4] = ["difference", "difference_low", "difference_high", "runs_saved"];

/// The columns that have a name of their own.
const FIXED: [&str; 8] =
    [CELL, REPLICATE, SEED, REPLICATES, OUTAGES, OUTAGE_PROBABILITY, OUTAGE_PROBABILITY_LOW, OUTAGE_PROBABILITY_HIGH];

/// The column of one of the [`STATISTICS`] of an output.
pub fn of_statistic(output: &str, statistic: &str) -> String {
    format!("{output}_{statistic}")
}

/// The column of one part of the difference of an output, by its index in [`DIFFERENCE`].
pub fn of_difference(output: &str, part: usize) -> String {
    of_statistic(output, DIFFERENCE.get(part).copied().unwrap_or_default())
}

/// The column of the values drawn for a parameter whose own column is an axis.
pub fn of_draws(parameter: &str) -> String {
    format!("{parameter}_drawn")
}

/// The name without the case of its letters: many readers of tables take names that differ in nothing else for one.
pub(super) fn without_case(name: &str) -> String {
    name.to_lowercase()
}

/// Whether a column that is no axis may have this name, in some sweep. The names of those are in lower case.
pub(super) fn is_reserved(name: &str) -> bool {
    let said = || STATISTICS.iter().chain(&DIFFERENCE);
    let of_output = |output: &str| name == output || said().any(|statistic| name == of_statistic(output, statistic));
    FIXED.contains(&name)
        || DIFFERENCE.iter().any(|part| name == of_statistic(OUTAGE_PROBABILITY, part))
        || OUTPUTS.iter().any(|output| of_output(output.name))
        || Parameter::all().any(|parameter| name == parameter.name || name == of_draws(parameter.name))
}
