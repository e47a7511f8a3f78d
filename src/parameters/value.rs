//! What a parameter can be: the types of the fields of a scenario, and a value of any of them.

use std::fmt;

/// A region of the world: where a share of the clients lives.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Region {
    /// Name, for people.
    pub name: String,
    /// Local time minus UTC, hours, −12 … 14.
    pub utc_offset_h: f64,
    /// Share of the clients, > 0; the shares of all regions sum to 1.
    pub share: f64,
}

/// In which order the login server takes requests from its queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discipline {
    /// The oldest request first.
    Fifo,
    /// The newest request first.
    Lifo,
    /// Any request, all with the same probability.
    Random,
}

/// How a retry delay is randomized around its backoff `b`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Jitter {
    /// Exactly `b`.
    None,
    /// Uniform(0, `b`).
    Full,
    /// `b`/2 + Uniform(0, `b`/2).
    Equal,
}

/// The value of one parameter, whatever its type.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A real number, possibly infinite, never NaN.
    Number(f64),
    /// A whole number.
    Integer(u64),
    /// `true` or `false`.
    Boolean(bool),
    /// One word of a fixed list.
    Choice(&'static str),
    /// The list of regions.
    Regions(Vec<Region>),
}

impl Value {
    /// The value as a real number, if it is a number or an integer.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Value::Number(x) => Some(*x),
            Value::Integer(n) => Some(*n as f64),
            _ => None,
        }
    }
}

impl Value {
    /// The value as JSON, which has no infinite numbers: they become words.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Value::Number(x) if x.is_finite() => serde_json::json!(x),
            Value::Number(x) => serde_json::json!(toml_number(*x)),
            Value::Integer(n) => serde_json::json!(n),
            Value::Boolean(truth) => serde_json::json!(truth),
            Value::Choice(word) => serde_json::json!(word),
            Value::Regions(regions) => serde_json::json!(regions),
        }
    }
}

impl fmt::Display for Value {
    /// Writes the value as it is written in TOML.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Number(x) => f.write_str(&toml_number(*x)),
            Value::Integer(n) => write!(f, "{n}"),
            Value::Boolean(b) => write!(f, "{b}"),
            Value::Choice(word) => write!(f, "{word:?}"),
            Value::Regions(regions) => {
                let list: Vec<String> = regions
                    .iter()
                    .map(|r| {
                        let (name, offset, share) =
                            (toml_text(&r.name), toml_number(r.utc_offset_h), toml_number(r.share));
                        format!("{{ name = {name}, utc_offset_h = {offset}, share = {share} }}")
                    })
                    .collect();
                write!(f, "[{}]", list.join(", "))
            }
        }
    }
}

/// A number as TOML writes it: the shortest digits that are read back as the same number. What is kept depends on this
/// spelling, so it is written out here rather than left to what `{:?}` prints.
pub(crate) fn toml_number(x: f64) -> String {
    let size = x.abs();
    if !x.is_finite() {
        format!("{x}").to_lowercase()
    } else if size != 0.0 && !(1e-4..1e16).contains(&size) {
        format!("{x:e}")
    } else {
        let digits = x.to_string();
        if digits.contains('.') { digits } else { digits + ".0" }
    }
}

/// A text as TOML writes it: a basic string.
pub(crate) fn toml_text(text: &str) -> String {
    let escaped: String = text
        .chars()
        .map(|c| match c {
            '"' => "\\\"".to_owned(),
            '\\' => "\\\\".to_owned(),
            c if c.is_control() => format!("\\u{:04X}", u32::from(c)),
            c => c.to_string(),
        })
        .collect();
    format!("\"{escaped}\"")
}

/// The type of a field of a scenario, which any [`Value`] can be written as and read from.
pub(super) trait FieldType: Sized {
    /// The field as a value.
    fn to_value(&self) -> Value;
    /// The field from a value; `None` if it is of another type.
    fn from_value(value: &Value) -> Option<Self>;
}

impl FieldType for f64 {
    fn to_value(&self) -> Value {
        Value::Number(*self)
    }
    fn from_value(value: &Value) -> Option<f64> {
        value.as_f64()
    }
}

impl FieldType for u64 {
    fn to_value(&self) -> Value {
        Value::Integer(*self)
    }
    fn from_value(value: &Value) -> Option<u64> {
        match value {
            Value::Integer(n) => Some(*n),
            _ => None,
        }
    }
}

impl FieldType for bool {
    fn to_value(&self) -> Value {
        Value::Boolean(*self)
    }
    fn from_value(value: &Value) -> Option<bool> {
        match value {
            Value::Boolean(b) => Some(*b),
            _ => None,
        }
    }
}

impl FieldType for Discipline {
    fn to_value(&self) -> Value {
        Value::Choice(match self {
            Discipline::Fifo => "fifo",
            Discipline::Lifo => "lifo",
            Discipline::Random => "random",
        })
    }
    fn from_value(value: &Value) -> Option<Discipline> {
        match value {
            Value::Choice("fifo") => Some(Discipline::Fifo),
            Value::Choice("lifo") => Some(Discipline::Lifo),
            Value::Choice("random") => Some(Discipline::Random),
            _ => None,
        }
    }
}

impl FieldType for Jitter {
    fn to_value(&self) -> Value {
        Value::Choice(match self {
            Jitter::None => "none",
            Jitter::Full => "full",
            Jitter::Equal => "equal",
        })
    }
    fn from_value(value: &Value) -> Option<Jitter> {
        match value {
            Value::Choice("none") => Some(Jitter::None),
            Value::Choice("full") => Some(Jitter::Full),
            Value::Choice("equal") => Some(Jitter::Equal),
            _ => None,
        }
    }
}

impl FieldType for Vec<Region> {
    fn to_value(&self) -> Value {
        Value::Regions(self.clone())
    }
    fn from_value(value: &Value) -> Option<Vec<Region>> {
        match value {
            Value::Regions(regions) => Some(regions.clone()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Hashes and folders of earlier versions hold numbers as `{:?}` printed them.
        #[test]
        fn numbers_are_spelled_as_they_always_were(bits in any::<u64>(), power in -8..20_i32, digits in 1..10_000_u32) {
            for x in [f64::from_bits(bits), f64::from(digits) * libm::exp10(f64::from(power)), f64::from(digits)] {
                prop_assume!(x.is_finite());
                prop_assert_eq!(toml_number(x), format!("{x:?}"));
                prop_assert_eq!(toml_number(x).parse(), Ok(x));
            }
        }

        #[test]
        fn a_text_is_read_back(text in "\\PC*|[\\x00-\\xa0\"\\\\\u{2028}]{0,20}") {
            let value: toml_edit::Value = toml_text(&text).parse().unwrap();
            prop_assert_eq!(value.as_str(), Some(text.as_str()));
        }
    }

    #[test]
    fn the_infinities_are_words_of_toml() {
        assert_eq!([f64::INFINITY, f64::NEG_INFINITY, f64::NAN].map(toml_number), ["inf", "-inf", "nan"]);
        assert_eq!([0.0, 1e-4, 1e16, 1e15].map(toml_number), ["0.0", "0.0001", "1e16", "1000000000000000.0"]);
    }

    #[test]
    fn a_region_with_any_name_is_written_in_toml() {
        let regions = vec![Region { name: "a\u{7f}\"".to_owned(), utc_offset_h: -1e-7, share: 1.0 }];
        let value: toml_edit::Value = Value::Regions(regions).to_string().parse().unwrap();
        let region = value.as_array().and_then(|all| all.get(0)?.as_inline_table()).unwrap();
        assert_eq!(region.get("name").and_then(|name| name.as_str()), Some("a\u{7f}\""));
    }
}
