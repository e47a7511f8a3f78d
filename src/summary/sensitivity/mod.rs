//! Which uncertain inputs an output depends on, from the runs of a sweep.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `sample` | the runs of the sweep, as far as they are needed, and which of them are to be made again |
//! | `analysis` | what follows from them, for each cell and for all of them together |
//! | `table` | the result as a table |
//! | `words` | the result for people |

mod analysis;
mod sample;
mod table;
mod words;

pub use analysis::Sensitivity;
pub use sample::{RunAgain, RunSample};
