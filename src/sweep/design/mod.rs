//! The design: which cells a sweep has, and which point of each axis a cell is at.

mod axis;
mod grid;
mod groups;
mod refinement;
mod sampled;
mod spacing;

pub use axis::AxisLabel;
pub use grid::Design;
pub use groups::Groups;
pub(super) use refinement::AXES_MAX as REFINED_AXES_MAX;
pub use refinement::{Between, Refinement};
pub(super) use sampled::{SAMPLED_AXES_MAX, distinct, sampled};
pub(super) use spacing::{first_rounded, is_spaced, spaced_values};
