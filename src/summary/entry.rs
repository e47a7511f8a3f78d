//! One entry of the surface: what stands in a row under a column.

use serde_json::{Value as Json, json};

use crate::parameters::Value;
use crate::sweep::AxisLabel;

/// What stands in a row of the surface under one of its columns.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry<'a> {
    /// Nothing: the statistic is not defined for the runs of this cell.
    Missing,
    /// `true` or `false`.
    Truth(bool),
    /// A whole number.
    Count(u64),
    /// A real number, possibly infinite.
    Number(f64),
    /// The label of a variant, or one word of a fixed list.
    Word(&'a str),
}

impl<'a> From<AxisLabel<'a>> for Entry<'a> {
    fn from(label: AxisLabel<'a>) -> Entry<'a> {
        match label {
            AxisLabel::Variant(label) => Entry::Word(label),
            AxisLabel::Value(Value::Number(x)) => Entry::Number(*x),
            AxisLabel::Value(Value::Integer(n)) => Entry::Count(*n),
            AxisLabel::Value(Value::Boolean(b)) => Entry::Truth(*b),
            AxisLabel::Value(Value::Choice(word)) => Entry::Word(word),
            // No axis has lists of regions as its values.
            AxisLabel::Value(Value::Regions(_)) => Entry::Missing,
        }
    }
}

impl From<Option<f64>> for Entry<'_> {
    fn from(value: Option<f64>) -> Self {
        value.map_or(Entry::Missing, Entry::Number)
    }
}

impl Entry<'_> {
    /// The entry in JSON, which has no infinite numbers: they become words.
    pub(super) fn to_json(&self) -> Json {
        match self {
            Entry::Missing => Json::Null,
            Entry::Truth(b) => json!(b),
            Entry::Count(n) => json!(n),
            Entry::Number(x) if x.is_finite() => json!(x),
            Entry::Number(x) => json!(x.to_string()),
            Entry::Word(word) => json!(word),
        }
    }

    /// The entry in CSV: numbers as in JSON, words as they are, nothing for what is missing.
    pub(super) fn to_csv(&self) -> String {
        match self.to_json() {
            Json::Null => String::new(),
            Json::String(word) => word,
            other => other.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_has_words_as_they_are_and_numbers_as_in_json() {
        let word = Value::Choice("lifo");
        assert_eq!(Entry::from(AxisLabel::Value(&word)).to_csv(), "lifo");
        assert_eq!(Entry::Word("as it was").to_csv(), "as it was");
        assert_eq!(
            [Entry::Missing, Entry::Number(0.5), Entry::Number(f64::INFINITY)].map(|e| e.to_csv()),
            ["", "0.5", "inf"]
        );
    }
}
