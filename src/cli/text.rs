//! Texts for people: what may reach a terminal, and lines that fit on it.

/// A text as it may reach a terminal, which obeys the control characters in the names of others: they are shown instead,
/// as JSON writes them, so that JSON stays the same JSON.
pub(super) fn plain(text: &str) -> String {
    let is_obeyed = |c: char| c.is_control() && c != '\n' && c != '\t';
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if is_obeyed(c) { plain += &format!("\\u{:04x}", u32::from(c)) } else { plain.push(c) }
    }
    plain
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

/// A row of a table of Markdown.
pub(super) fn markdown_row(cells: &[String]) -> String {
    let escaped: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    format!("| {} |\n", escaped.join(" | "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown_and_json_stays_the_same() {
        assert_eq!(plain("lines\nand\ttabs ▶ é"), "lines\nand\ttabs ▶ é");
        assert_eq!(plain("\u{1b}[2J\u{9b}1A\r\u{7}\u{7f}"), "\\u001b[2J\\u009b1A\\u000d\\u0007\\u007f");
        let json = serde_json::json!({ "name": "\u{1b}]0;x\u{7}\u{7f}\u{9b}31m" });
        assert_eq!(serde_json::from_str::<serde_json::Value>(&plain(&format!("{json:#}\n"))).unwrap(), json);
    }
}
