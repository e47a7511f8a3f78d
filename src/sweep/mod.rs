//! What was asked: a sweep file, read and checked, and the cells and replicates that it stands for.
//!
//! | file or folder | what it holds |
//! | --- | --- |
//! | `types` | a sweep and its parts, as the rest of the program sees them |
//! | `keys` | every key of a sweep file, declared once |
//! | `columns` | the names of the columns that are nobody's own: what an axis may not be called |
//! | `design` | the cells: what an axis has at each of its points, and which points a cell has |
//! | `fit` | what a scenario of a sweep has to be as a whole |
//! | `draw` | drawing: the laws of the uncertain inputs |
//! | `realization` | the runs of a cell: their seeds, and their scenarios with everything drawn |
//! | `repetition` | a run once more, with another seed or another draw |
//! | `counterfactual` | a run once more, without what may have limited it |
//! | `identity` | what a run depends on: which runs two sweeps have in common |
//! | `check` | whether all of the above is possible together, in every cell |
//! | `canonical` | writing: the sweep as a text, and its hash |
//! | `difference` | in which keys two sweeps differ |
//! | `read` | reading: from a TOML text with overrides to a sweep that was checked, or a message with a line |
//!
//! Each of them uses those above it alone.

mod canonical;
mod check;
pub mod columns;
mod counterfactual;
mod design;
mod difference;
mod draw;
mod fit;
mod identity;
pub mod keys;
mod read;
mod realization;
mod repetition;
mod types;

pub use counterfactual::Removal;
pub use design::{AxisLabel, Between, Design, Groups, Refinement};
pub use difference::Difference;
pub use read::{Mistake, SweepError, read_text};
pub use types::{
    Axis, AxisPoints, Compare, Distribution, Rare, RareMethod, Realization, Refine, Replicates, Sampled, SampledKind,
    Sampling, Sweep, Traces, Uncertain, Variant,
};
