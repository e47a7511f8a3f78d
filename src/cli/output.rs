//! Where the program says what: results on standard output, everything else on standard error.

use std::fmt;
use std::io::Write;

use super::failure::Failure;

/// Says something on standard error. If nobody listens, that is no failure.
pub(super) fn say(message: impl fmt::Display) {
    let _ = writeln!(std::io::stderr(), "{message}");
}

/// Writes a result to standard output.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}
