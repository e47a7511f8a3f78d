//! What a key takes.

use std::fmt;

use super::table::Table;

/// An interval of real numbers. Infinity is never in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Lower bound; −∞ for none.
    pub low: f64,
    /// Whether the lower bound itself is allowed.
    pub low_allowed: bool,
    /// Upper bound; ∞ for none.
    pub high: f64,
    /// Whether the upper bound itself is allowed.
    pub high_allowed: bool,
}

impl Bounds {
    /// Every finite number.
    pub const FINITE: Bounds = Bounds { low_allowed: false, ..Bounds::at_least(f64::NEG_INFINITY) };
    /// 0 … 1.
    pub const SHARE: Bounds = Bounds::from_to(0.0, 1.0);

    /// Numbers from one to another, both included.
    pub const fn from_to(low: f64, high: f64) -> Bounds {
        Bounds { low, low_allowed: true, high, high_allowed: true }
    }

    /// Numbers between two, neither included.
    pub const fn between(low: f64, high: f64) -> Bounds {
        Bounds { low, low_allowed: false, high, high_allowed: false }
    }

    /// Finite numbers from one on.
    pub const fn at_least(low: f64) -> Bounds {
        Bounds { low, low_allowed: true, high: f64::INFINITY, high_allowed: false }
    }

    /// Finite numbers above one.
    pub const fn above(low: f64) -> Bounds {
        Bounds { low, low_allowed: false, high: f64::INFINITY, high_allowed: false }
    }

    /// Numbers above one, up to another, which is included.
    pub const fn above_to(low: f64, high: f64) -> Bounds {
        Bounds { low, low_allowed: false, high, high_allowed: true }
    }

    /// Whether a number lies in the interval.
    pub fn contains(&self, x: f64) -> bool {
        let above = if self.low_allowed { x >= self.low } else { x > self.low };
        let below = if self.high_allowed { x <= self.high } else { x < self.high };
        above && below && x.is_finite()
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let above = if self.low_allowed { "≥" } else { ">" };
        match (self.low.is_finite(), self.high.is_finite()) {
            (false, false) => f.write_str("a finite number"),
            (true, false) => write!(f, "a finite number {above} {}", self.low),
            (false, true) => write!(f, "a finite number {} {}", if self.high_allowed { "≤" } else { "<" }, self.high),
            (true, true) if !self.low_allowed && !self.high_allowed => {
                write!(f, "a number between {} and {}, neither included", self.low, self.high)
            }
            (true, true) => {
                let above = if self.low_allowed { "" } else { "> " };
                let below = if self.high_allowed { "" } else { "< " };
                write!(f, "a number, {above}{} … {below}{}", self.low, self.high)
            }
        }
    }
}

/// What a key takes.
#[derive(Debug, Clone, Copy)]
pub enum Form {
    /// A text in quotes, about which more may be said.
    Text(&'static str),
    /// A text of lower-case letters, digits and hyphens, of at most so many characters.
    Name(usize),
    /// One of these words in quotes.
    Word(&'static [&'static str]),
    /// `true` or `false`.
    Boolean,
    /// A whole number between the two bounds, both included.
    Whole(u64, u64),
    /// A whole number between 0 and 2^64 − 1; above 2^63 − 1 in quotes.
    Seed,
    /// A number within these bounds, in this unit.
    Number(Bounds, &'static str),
    /// An hour of the simulation.
    Hour,
    /// A list of numbers, at least one, each within these bounds.
    Numbers(Bounds),
    /// A list of texts in quotes, at least one, of which this says what they are.
    Names(&'static str),
    /// A list of lists of whole numbers from 0 on, at least one.
    Rows,
    /// The dotted name of a parameter that has a single value.
    Parameter,
    /// A value of the parameter that the table is about, which is a finite number.
    OfParameter,
    /// A list of values of the parameter that the table is about, at least one.
    ValuesOfParameter,
    /// A point of an axis: a label or a value.
    Point,
    /// One of the laws of [`Table::LAWS`], in a table of its own.
    Law,
    /// A table.
    Table(&'static Table),
    /// A list of events of this kind, as [`Form::Tables`], or a table of the numbers of named ones.
    Events(&'static Table),
    /// A list of tables; those at the top of the file and in `[scenario]` are written with a header in double brackets.
    Tables(&'static Table),
}

impl fmt::Display for Form {
    /// Writes what is expected, for messages and documents.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Form::Text("") => f.write_str("a text in quotes"),
            Form::Text(more) => write!(f, "a text in quotes, {more}"),
            Form::Name(most) => {
                write!(f, "1 … {most} lower-case letters, digits and hyphens, such as \"critical-mass\"")
            }
            Form::Word(words) => {
                let words: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
                f.write_str(&words.join(" or "))
            }
            Form::Boolean => f.write_str("true or false"),
            Form::Whole(low, high) => write!(f, "a whole number, {low} … {high}"),
            Form::Seed => write!(
                f,
                "a whole number, 0 … {}; one above {}, where those of TOML end, in quotes",
                u64::MAX,
                i64::MAX
            ),
            Form::Number(bounds, "") => bounds.fmt(f),
            Form::Number(bounds, unit) => write!(f, "{bounds} {unit}"),
            Form::Hour => f.write_str("a number, 0 h … time.horizon_h"),
            Form::Numbers(bounds) => write!(f, "a list of numbers, each {bounds}"),
            Form::Names(what) => write!(f, "a list of {what}, in quotes"),
            Form::Rows => f.write_str("a list of lists of whole numbers, such as [[0, 1], [2, 0]]"),
            Form::Parameter => f.write_str("the dotted name of a parameter"),
            Form::OfParameter => f.write_str("a finite value of the parameter"),
            Form::ValuesOfParameter => f.write_str("a list of values of the parameter, all different"),
            Form::Point => f.write_str("a point of the axis: the label of a variant in quotes, or a value"),
            Form::Law => f.write_str("a law, such as { uniform = { from = 0.5, to = 2.0 } }"),
            Form::Table(table) => write!(f, "a table, {}", table.written),
            Form::Events(table) => {
                write!(f, "a list of tables as {}, or a table of numbers of named ones", table.written)
            }
            Form::Tables(table) => write!(f, "a list of tables, {}", table.written),
        }
    }
}
