//! What every way to show a surface does.

use std::io::{self, Write};

use crate::summary::surface::Surface;

/// A way to show a surface.
pub trait Exporter {
    /// Writes the surface.
    ///
    /// # Errors
    /// `out` cannot be written to.
    fn export(&self, surface: &Surface, out: &mut dyn Write) -> io::Result<()>;
}
