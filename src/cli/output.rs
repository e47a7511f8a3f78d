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

/// Columns that every terminal has.
pub(super) const WIDTH: usize = 80;
/// Columns by which the lines of a message are indented, but for the first.
const INDENT: usize = 2;

/// Breaks a text into lines at its blanks; all but the first are indented.
pub(super) fn wrap(text: &str, width: usize, indent: usize) -> String {
    let (mut lines, mut length) = (String::new(), 0);
    for word in text.trim_end().split(' ') {
        let size = word.chars().count();
        if length > 0 && length + 1 + size > width {
            lines.push('\n');
            lines.extend(std::iter::repeat_n(' ', indent));
            length = indent;
        } else if length > 0 {
            lines.push(' ');
            length += 1;
        }
        lines.push_str(word);
        length += size;
    }
    lines
}

/// Breaks a message into lines, each of its clauses on a line of its own where they do not fit beside each other.
pub(super) fn wrap_clauses(message: &str, width: usize) -> String {
    if message.chars().count() <= width {
        return message.to_owned();
    }
    let clauses: Vec<&str> = message.split_inclusive("; ").collect();
    let lines = clauses.iter().enumerate().map(|(index, clause)| {
        let indent = if index == 0 { 0 } else { INDENT };
        let text = wrap(clause, width - indent, INDENT);
        format!("{:indent$}{text}", "")
    });
    lines.collect::<Vec<_>>().join("\n")
}
