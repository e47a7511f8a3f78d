//! The names of the columns of the surface that belong to no axis, and how names are made of those of the outputs.

/// Number of the cell.
pub(crate) const CELL: &str = "cell";
/// Runs of a cell.
pub(crate) const REPLICATES: &str = "replicates";
/// Runs of a cell with an outage.
pub(crate) const OUTAGES: &str = "outages";
/// Share of the runs of a cell with an outage.
pub(crate) const OUTAGE_PROBABILITY: &str = "outage_probability";
/// Lower end of its interval.
pub(crate) const OUTAGE_PROBABILITY_LOW: &str = "outage_probability_low";
/// Upper end of its interval.
pub(crate) const OUTAGE_PROBABILITY_HIGH: &str = "outage_probability_high";

/// The statistics of an output over the runs of a cell: mean, standard deviation, and the 5, 50 and 95 % quantiles.
pub(crate) const STATISTICS: [&str; 5] = ["mean", "sd", "q05", "q50", "q95"];

/// The column of one of the [`STATISTICS`] of an output.
pub(crate) fn of_statistic(output: &str, statistic: &str) -> String {
    format!("{output}_{statistic}")
}
