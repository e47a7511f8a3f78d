//! The room that there is, and texts that are fitted into it.

use unicode_width::UnicodeWidthStr;

/// The screen of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screen {
    /// Columns.
    pub width: usize,
    /// Lines.
    pub lines: usize,
}

impl Screen {
    /// What is assumed where there is no terminal: its columns, and as many lines as anybody reads.
    pub const NONE: Screen = Screen { width: 80, lines: 400 };
    /// Fewest columns that are made use of.
    pub const WIDTH_MIN: usize = 40;
}

/// Columns that a text takes: some characters take two, some none.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// The text at the right end of so many columns.
pub(super) fn right(text: &str, columns: usize) -> String {
    format!("{:blanks$}{text}", "", blanks = columns.saturating_sub(width(text)))
}

/// The text at the left end of so many columns.
pub(super) fn left(text: &str, columns: usize) -> String {
    format!("{text}{:blanks$}", "", blanks = columns.saturating_sub(width(text)))
}

/// As many of the first characters as so many columns hold. Some change the width of the one before.
fn beginning(text: &str, columns: usize) -> String {
    let mut taken = String::new();
    for c in text.chars() {
        taken.push(c);
        if width(&taken) > columns {
            taken.pop();
            break;
        }
    }
    taken
}

/// As many of the last characters as so many columns hold.
fn end(text: &str, columns: usize) -> &str {
    let ends = text.char_indices().rev().map(|(start, _)| &text[start..]);
    ends.take_while(|end| width(end) <= columns).last().unwrap_or_default()
}

/// A text that is cut where it takes more than so many columns.
pub fn shortened(text: &str, columns: usize) -> String {
    if width(text) <= columns { text.to_owned() } else { beginning(text, columns.saturating_sub(1)) + "…" }
}

/// Texts that are cut to so many columns and stay different from each other, if they were: cut at the end if that will
/// do, else in the middle, else numbered.
pub(super) fn fitted(texts: &[String], columns: usize) -> Vec<String> {
    let cut = |kept: usize| -> Vec<String> {
        let (first, last) = (columns.saturating_sub(1 + kept), kept);
        let one = |text: &String| {
            if width(text) <= columns { text.clone() } else { beginning(text, first) + "…" + end(text, last) }
        };
        texts.iter().map(one).collect()
    };
    if let Some(cut) = (0..columns).map(cut).find(|cut| differ(cut)) {
        return cut;
    }
    let number = |(index, text): (usize, &String)| {
        let number = format!("#{}", index + 1);
        beginning(text, columns.saturating_sub(width(&number))) + &number
    };
    if differ(texts) { texts.iter().enumerate().map(number).collect() } else { cut(0) }
}

/// Whether no two texts are the same.
pub(super) fn differ(texts: &[String]) -> bool {
    let mut sorted: Vec<&String> = texts.iter().collect();
    sorted.sort_unstable();
    sorted.windows(2).all(|pair| pair[0] != pair[1])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn labels_that_begin_alike_stay_different() {
        let labels = ["unlimited server", "unlimited super nodes", "as it was"].map(str::to_owned);
        assert_eq!(fitted(&labels, 7), ["unlim…r", "unlim…s", "as it…s"]);
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(
            (width("再起動"), shortened("再起動する", 5), left("再", 4)),
            (6, "再起…".to_owned(), "再  ".to_owned())
        );
    }

    #[test]
    fn a_character_may_widen_the_one_before() {
        let texts = ["A0𑊈AA0\u{fe0f}𖵀".to_owned(), "AAAAA0\u{fe0f}AAAAAA".to_owned()];
        let fitted = fitted(&texts, 7);
        assert!(fitted.iter().all(|text| width(text) <= 7), "{fitted:?}");
    }

    proptest! {
        #[test]
        fn what_is_fitted_fits_and_differs(texts in prop::collection::vec("\\PC{0,12}", 1..12), columns in 4..12_usize) {
            let fitted = fitted(&texts, columns);
            prop_assert!(fitted.iter().all(|text| width(text) <= columns), "{:?}", fitted);
            prop_assert_eq!(differ(&fitted), differ(&texts), "{:?}", fitted);
        }
    }
}
