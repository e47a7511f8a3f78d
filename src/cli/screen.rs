//! The terminal that the program talks to.

use std::io::IsTerminal;

use terminal_size::{Height, Width, terminal_size_of};

use crate::summary::show::Screen;

/// Whether standard error is a terminal that can be drawn on.
pub(super) fn is_terminal() -> bool {
    std::io::stderr().is_terminal() && !is_dumb()
}

fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// The screen behind standard error.
pub(super) fn screen() -> Screen {
    size(terminal_size_of(std::io::stderr()))
}

/// The screen behind standard output, with a line for what is typed next.
pub(super) fn screen_of_results() -> Screen {
    let screen = size(terminal_size_of(std::io::stdout()));
    if screen == Screen::NONE { screen } else { Screen { lines: screen.lines.saturating_sub(1), ..screen } }
}

fn size(size: Option<(Width, Height)>) -> Screen {
    size.map_or(Screen::NONE, |(width, height)| Screen { width: width.0.into(), lines: height.0.into() })
}

/// Whether standard error has colours, and the user wants them (<https://no-color.org>).
pub(super) fn has_colours() -> bool {
    is_terminal() && wants_colours()
}

/// The same of standard output.
pub(super) fn results_have_colours() -> bool {
    std::io::stdout().is_terminal() && !is_dumb() && wants_colours()
}

fn wants_colours() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// A map in colours: its shades, from a healthy network to one that is down.
pub(super) fn coloured(text: &str) -> String {
    const COLOURS: [(char, u8); 5] = [('·', 32), ('░', 36), ('▒', 33), ('▓', 35), ('█', 31)];
    let colour = |c: char| COLOURS.iter().find(|(shade, _)| *shade == c).map(|(_, colour)| *colour);
    text.chars().fold(String::with_capacity(text.len()), |mut text, c| {
        match colour(c) {
            Some(colour) => text += &format!("\u{1b}[{colour}m{c}\u{1b}[0m"),
            None => text.push(c),
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_change_nothing_but_the_shades() {
        let text = "0.04  0·  ~43▒ 98█\n";
        let with = coloured(text);
        assert_eq!(with, "0.04  0\u{1b}[32m·\u{1b}[0m  ~43\u{1b}[33m▒\u{1b}[0m 98\u{1b}[31m█\u{1b}[0m\n");
    }
}
