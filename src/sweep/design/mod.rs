//! The design: which cells a sweep has, and which point of each axis a cell is at.

mod axis;
mod grid;
mod spacing;

pub use axis::AxisLabel;
pub use grid::Design;
pub(super) use spacing::{first_rounded, spaced_values};
