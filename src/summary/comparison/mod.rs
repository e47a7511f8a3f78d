//! What one point of an axis changes against another one, or one sweep against another, replicate by replicate.
//!
//! With common random numbers replicate r of two cells sees the same draws, so that its two outcomes are a pair.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `difference` | the difference of one output between two cells |
//! | `columns` | the columns of the differences of all outputs |
//! | `pairing` | which cells are compared with which |
//! | `table` | a row for each cell that is compared |

mod columns;
mod difference;
mod pairing;
mod table;

pub(super) use columns::DifferenceColumn;
pub use difference::{Compared, Difference};
pub use pairing::{Against, Comparison, ComparisonError, compare, compare_sweeps};
pub(super) use pairing::{Pairing, cells_of};
pub(super) use table::reference_in_words;
