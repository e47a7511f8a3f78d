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

impl fmt::Display for Value {
    /// Writes the value as it is written in TOML.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Number(x) if x.is_finite() => write!(f, "{x:?}"),
            Value::Number(x) => write!(f, "{x}"),
            Value::Integer(n) => write!(f, "{n}"),
            Value::Boolean(b) => write!(f, "{b}"),
            Value::Choice(word) => write!(f, "{word:?}"),
            Value::Regions(regions) => {
                let list: Vec<String> = regions
                    .iter()
                    .map(|r| {
                        format!("{{ name = {:?}, utc_offset_h = {:?}, share = {:?} }}", r.name, r.utc_offset_h, r.share)
                    })
                    .collect();
                write!(f, "[{}]", list.join(", "))
            }
        }
    }
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
        })
    }
    fn from_value(value: &Value) -> Option<Discipline> {
        match value {
            Value::Choice("fifo") => Some(Discipline::Fifo),
            Value::Choice("lifo") => Some(Discipline::Lifo),
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
