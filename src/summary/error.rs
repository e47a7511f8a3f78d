//! What can go wrong with a summary.

use arrow_schema::ArrowError;
use polars::prelude::PolarsError;

use crate::store::StoreError;

/// Why there is no summary.
#[derive(Debug, thiserror::Error)]
pub enum SummaryError {
    /// A file of the folder cannot be read, or is damaged.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The table could not be put together, or has other columns than a surface.
    #[error("the surface cannot be made: {0}")]
    Table(#[from] ArrowError),
    /// A statistic could not be computed.
    #[error("a statistic cannot be computed: {0}")]
    Statistic(#[from] PolarsError),
}
