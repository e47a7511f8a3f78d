//! Which values a parameter may have.

use std::fmt;

use super::value::{Region, Value};

/// Most regions of a scenario.
const REGIONS_MAX: usize = 64;
/// How far the sum of the regions' shares may be from 1.
const SHARES_TOLERANCE: f64 = 1e-9;

/// The type of a parameter's value, and which ones are allowed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Domain {
    /// A real number within the range.
    Number(Range),
    /// A whole number between the two bounds, both included.
    Integer(u64, u64),
    /// `true` or `false`.
    Boolean,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// 1 … 64 regions whose shares sum to 1.
    Regions,
}

impl Domain {
    pub(super) const SHARE: Domain = Domain::Number(Range::from_to(0.0, 1.0));
    pub(super) const POSITIVE: Domain = Domain::Number(Range::above(0.0));
    pub(super) const NOT_NEGATIVE: Domain = Domain::Number(Range::at_least(0.0));
    pub(super) const POSITIVE_OR_INFINITE: Domain = Domain::Number(Range::above(0.0).or_infinity());
    pub(super) const NOT_NEGATIVE_OR_INFINITE: Domain = Domain::Number(Range::at_least(0.0).or_infinity());
    pub(super) const HOUR_OF_DAY: Domain = Domain::Number(Range::from_to(0.0, 24.0));

    /// Whether the values are numbers, so that they can be swept over a range or drawn from a distribution.
    pub fn is_numeric(&self) -> bool {
        matches!(self, Domain::Number(_) | Domain::Integer(..))
    }

    /// The value that stands for a real number: itself, or the nearest whole number where only those are allowed.
    /// `None` where no number is allowed, or not this one.
    pub fn value_from_f64(&self, x: f64) -> Option<Value> {
        match *self {
            Domain::Number(range) => range.contains(x).then_some(Value::Number(x)),
            Domain::Integer(low, high) => {
                let n = libm::round(x);
                (n >= low as f64 && n <= high as f64).then_some(Value::Integer(n as u64))
            }
            Domain::Boolean | Domain::Choice(_) | Domain::Regions => None,
        }
    }

    /// Checks a value's type, and that it is allowed; `unit` is the unit of the numbers.
    ///
    /// # Errors
    /// A message that says what is allowed.
    pub(super) fn check(&self, value: &Value, unit: &str) -> Result<(), String> {
        let fits = match (self, value) {
            (Domain::Number(range), value) => value.as_f64().is_some_and(|x| range.contains(x)),
            (Domain::Integer(low, high), Value::Integer(n)) => (low..=high).contains(&n),
            (Domain::Boolean, Value::Boolean(_)) => true,
            (Domain::Choice(words), Value::Choice(word)) => words.contains(word),
            (Domain::Regions, Value::Regions(regions)) => return check_regions(regions),
            _ => false,
        };
        if fits { Ok(()) } else { Err(self.expectation(unit)) }
    }

    /// What is allowed, as the part of a message: "a number, > 0 … 600 s".
    pub(crate) fn expectation(&self, unit: &str) -> String {
        let what = match self {
            Domain::Number(_) => "a number",
            Domain::Integer(..) => "a whole number",
            Domain::Boolean => return "true or false".to_owned(),
            Domain::Choice(words) => {
                return format!("one of {}", words.iter().map(|w| format!("{w:?}")).collect::<Vec<_>>().join(", "));
            }
            Domain::Regions => "a list of { name, utc_offset_h, share }",
        };
        let unit = if unit == "1" { String::new() } else { format!(" {unit}") };
        format!("{what}, {self}{unit}")
    }
}

impl fmt::Display for Domain {
    /// Writes what is allowed, for messages and tables.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Domain::Number(range) => range.fmt(f),
            Domain::Integer(low, high) => write!(f, "{low} … {high}"),
            Domain::Boolean => f.write_str("true | false"),
            Domain::Choice(words) => f.write_str(&words.join(" | ")),
            Domain::Regions => f.write_str("1 … 64 regions; offset −12 … 14 h; shares > 0, sum 1 ± 1e-9"),
        }
    }
}

/// An interval of real numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// Lower bound.
    pub low: f64,
    /// Whether the lower bound itself is allowed.
    pub low_allowed: bool,
    /// Upper bound, which is allowed when it is finite, unless the next one says otherwise.
    pub high: f64,
    /// Whether a finite upper bound itself is not allowed.
    pub high_excluded: bool,
    /// Whether +∞ is allowed; only meaningful with `high = ∞`.
    pub infinity_allowed: bool,
}

impl Range {
    pub(super) const fn from_to(low: f64, high: f64) -> Range {
        Range { low, low_allowed: true, high, high_excluded: false, infinity_allowed: false }
    }
    pub(super) const fn from_below(low: f64, high: f64) -> Range {
        Range { high_excluded: true, ..Range::from_to(low, high) }
    }
    pub(super) const fn above_to(low: f64, high: f64) -> Range {
        Range { low_allowed: false, ..Range::from_to(low, high) }
    }
    pub(super) const fn at_least(low: f64) -> Range {
        Range::from_to(low, f64::INFINITY)
    }
    pub(super) const fn above(low: f64) -> Range {
        Range::above_to(low, f64::INFINITY)
    }
    const fn or_infinity(mut self) -> Range {
        self.infinity_allowed = true;
        self
    }

    /// Whether `x` lies in the interval. NaN never does.
    pub fn contains(&self, x: f64) -> bool {
        let above = if self.low_allowed { x >= self.low } else { x > self.low };
        let below = if self.high_excluded { x < self.high } else { x <= self.high };
        above && below && (x.is_finite() || self.infinity_allowed)
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.low_allowed, self.high.is_finite() || self.infinity_allowed) {
            (true, true) if self.high_excluded => write!(f, "{} … < {}", self.low, self.high),
            (true, true) => write!(f, "{} … {}", self.low, self.high),
            (false, true) => write!(f, "> {} … {}", self.low, self.high),
            (true, false) => write!(f, "≥ {}", self.low),
            (false, false) => write!(f, "> {}", self.low),
        }
    }
}

/// Checks the regions of a scenario.
fn check_regions(regions: &[Region]) -> Result<(), String> {
    if regions.is_empty() || regions.len() > REGIONS_MAX {
        return Err(format!("{} regions, but 1 … {REGIONS_MAX} are allowed", regions.len()));
    }
    for region in regions {
        if !(-12.0..=14.0).contains(&region.utc_offset_h) {
            return Err(format!("utc_offset_h of {:?} must be −12 … 14 h", region.name));
        }
        if !(region.share > 0.0 && region.share <= 1.0) {
            return Err(format!("share of {:?} must be > 0 … 1", region.name));
        }
    }
    let sum: f64 = regions.iter().map(|r| r.share).sum();
    if (sum - 1.0).abs() > SHARES_TOLERANCE {
        return Err(format!("the shares of the regions sum to {sum}, but must sum to 1 ± {SHARES_TOLERANCE:e}"));
    }
    Ok(())
}
