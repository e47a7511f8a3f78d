//! Outage probabilities, and where they cross a level, from few runs, with the help of a cheap prediction of each: two
//! fidelities.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `line` | which runs of a line of cells are made, and what they say of each cell |
//! | `aim` | what each cell is worth where the crossing of a level is asked for |
//! | `crossing` | where a line crosses the level, by what its runs say |

mod aim;
mod crossing;
mod line;
#[cfg(test)]
mod stand_in;

pub use crossing::crossings;
pub use line::{FidelityEstimate, FidelityLine};
