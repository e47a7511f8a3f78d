//! What a sweep says: per cell the outage probability with its interval, and the statistics of the other outputs.

mod surface;
mod terminal;

pub use surface::{SummaryError, SurfaceRow, surface_rows, write_surface};
pub use terminal::show_surface;
