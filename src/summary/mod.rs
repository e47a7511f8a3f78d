//! What a sweep says: per cell the outage probability with its interval, and the statistics of the other outputs.
//!
//! ```text
//! runs of a part ─→ columns, cell by cell ─→ Surface ─┬→ surface.parquet ─→ Surface
//!                                                     └→ terminal, csv, json
//! ```
//!
//! | file | what it holds |
//! | --- | --- |
//! | `columns` | its columns, declared once |
//! | `entry` | one entry of the surface |
//! | `surface` | the surface as a type |
//! | `statistic` | the statistics of an output |
//! | `estimates` | what the runs of one cell say about one output |
//! | `runs` | from runs to a surface: columns of polars, cell by cell |
//! | `comparison` | what one point of an axis, or one sweep, changes against another |
//! | `crossings` | where the surface crosses a level, along each axis |
//! | `table` | the surface as an Arrow table, and `surface.parquet` |
//! | `show` | a way to show the surface each |
//! | `listing` | tables that are results of their own |
//! | `sensitivity` | which uncertain inputs an output depends on |
//! | `causes` | where outages come from |
//! | `boundary` | where the outage probability of the limit reaches a level, along a parameter |
//! | `fidelity` | outage probabilities from few runs, made where the limit is in doubt |
//! | `rare` | the probabilities of rare outages |
//! | `report` | one page of HTML that needs nothing else |
//! | `reproduction` | whether a run that is made again is the one that was kept |

mod boundary;
mod causes;
mod columns;
mod comparison;
mod crossings;
mod entry;
mod error;
mod estimates;
mod fidelity;
mod listing;
mod rare;
mod report;
mod reproduction;
mod runs;
mod sensitivity;
pub mod show;
mod statistic;
mod surface;
mod table;

pub use boundary::{Boundary, Kept};
pub use causes::{Causes, Outages};
pub use columns::CellSummary;
pub use comparison::{Against, Compared, Comparison, ComparisonError, Difference, compare, compare_sweeps};
pub use crossings::{Along, Crossings, Line, Reversal, crossings};
pub use entry::Entry;
pub use error::SummaryError;
pub use fidelity::{Fidelity, FidelityRounds, check_fidelity};
pub use listing::{write_csv, write_json};
pub use rare::RareOutages;
pub use report::Report;
pub use reproduction::KeptRun;
pub use sensitivity::{RunAgain, RunSample, Sensitivity};
pub use statistic::Statistic;
pub use surface::{StatisticColumn, Surface};
pub(crate) use table::schema as surface_schema;
pub use table::{inventory, surface_of_folder, write_surface};
