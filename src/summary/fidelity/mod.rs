//! Outage probabilities, and where they cross a level, from few runs, made where the limit of ever more clients leaves the
//! outcome in doubt.
//!
//! The runs of a cell are no plain sample: a draw that is in doubt is more likely to be run than one that is not. So they
//! are not kept beside those of a sweep, and their table has the weight of each.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `rounds` | the lines of a sweep, and the runs that are made for each round |
//! | `level` | where each line crosses the level that was asked for |
//! | `table` | a row for each cell or each crossing, and for each run |
//! | `words` | the cells and the crossings, for people |

mod level;
mod rounds;
mod table;
mod words;

pub use rounds::{Fidelity, FidelityRounds, check_fidelity};
