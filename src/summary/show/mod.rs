//! Ways to show a surface, one file each.

mod csv;
mod json;
mod terminal;

use std::io::{self, Write};

use super::surface::Surface;
pub use csv::Csv;
pub use json::Json;
pub use terminal::Terminal;

/// A way to show a surface.
pub trait Show {
    /// Writes the surface.
    ///
    /// # Errors
    /// `out` cannot be written to.
    fn show(&self, surface: &Surface, out: &mut dyn Write) -> io::Result<()>;
}
