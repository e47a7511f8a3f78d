//! Where the program says what: results on standard output, everything else on standard error.

use std::fmt;
use std::io::Write;

use super::failure::Failure;
use super::screen::{coloured, results_have_colours, screen_of_results};
use super::text::plain;
use crate::summary::Surface;
use crate::summary::show::{Exporter, Terminal};

/// Says something on standard error. If nobody listens, that is no failure.
pub(super) fn say(message: impl fmt::Display) {
    say_styled(plain(&message.to_string()));
}

/// The same, where the text may have colours.
pub(super) fn say_styled(message: impl fmt::Display) {
    let _ = writeln!(std::io::stderr(), "{message}");
}

/// Shows a surface to people, on standard output.
pub(super) fn show(surface: &Surface) -> Result<(), Failure> {
    let mut text = Vec::new();
    Terminal { screen: screen_of_results() }.export(surface, &mut text)?;
    print_map(&String::from_utf8_lossy(&text))
}

/// Writes a map to standard output, in colours where there are some.
pub(super) fn print_map(text: &str) -> Result<(), Failure> {
    let text = plain(text);
    write(if results_have_colours() { coloured(&text) } else { text })
}

/// Writes a result to standard output.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    write(plain(text))
}

fn write(text: String) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}
