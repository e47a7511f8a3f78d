//! A TOML text as a tree of values that know where they were written.

use std::fmt;

use toml_edit::{Item, TableLike, Value as TomlValue};

use super::error::{Location, Problems};
use super::hints;

/// Largest sweep file, bytes.
pub(super) const FILE_BYTES_MAX: u64 = 1 << 20;

/// Deepest dotted key in quotes that is taken apart: a factor of an intervention of the scenario has six parts.
const KEY_PARTS_MAX: usize = 6;

/// Most keys of a table. No sweep has so many, and each is compared with the others.
const KEYS_MAX: usize = 10_000;

/// A value and where it was written.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) location: Location,
    pub(super) content: Content,
}

/// A value of TOML; tables, inline tables and dotted keys are all the same here.
#[derive(Debug, Clone)]
pub(super) enum Content {
    Table(Vec<Entry>),
    List(Vec<Node>),
    Text(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    Date,
}

/// A key of a table, where it was written, and its value.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) location: Location,
    pub(super) node: Node,
}

impl fmt::Display for Node {
    /// Shows the value in a message, shortened.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.content {
            Content::Table(_) => f.write_str("a table"),
            Content::List(nodes) => write!(f, "a list of {}", nodes.len()),
            Content::Text(text) if text.chars().count() > 60 => {
                write!(f, "{:?} …", text.chars().take(60).collect::<String>())
            }
            Content::Text(text) => write!(f, "{text:?}"),
            Content::Integer(n) => write!(f, "{n}"),
            Content::Float(x) if x.is_finite() => write!(f, "{x:?}"),
            Content::Float(x) if x.is_nan() => f.write_str("nan"),
            Content::Float(x) => write!(f, "{x}"),
            Content::Boolean(b) => write!(f, "{b}"),
            Content::Date => f.write_str("a date"),
        }
    }
}

impl Node {
    /// A whole number as it is, or a number; NaN is no number.
    pub(super) fn as_number(&self) -> Option<f64> {
        match self.content {
            Content::Integer(n) => Some(n as f64),
            // Adding 0.0 turns −0.0 into 0.0, so that equal values have one spelling.
            Content::Float(x) if !x.is_nan() => Some(x + 0.0),
            _ => None,
        }
    }

    /// A key of a table, and its value.
    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.content {
            Content::Table(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }

    /// The value of a key of a table.
    pub(super) fn entry_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.table_mut()?.iter_mut().find(|entry| entry.key == key).map(|entry| &mut entry.node)
    }

    /// Takes a key of a table away.
    pub(super) fn remove(&mut self, key: &str) {
        self.table_mut().into_iter().for_each(|entries| entries.retain(|entry| entry.key != key));
    }

    fn table_mut(&mut self) -> Option<&mut Vec<Entry>> {
        match &mut self.content {
            Content::Table(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value below a path of keys.
    pub(super) fn lookup<'k>(&self, path: impl IntoIterator<Item = &'k str>) -> Option<&Node> {
        path.into_iter().try_fold(self, |node, key| Some(&node.entry(key)?.node))
    }
}

/// What the spans of a TOML text mean.
#[derive(Debug, Clone, Copy)]
enum Origin {
    /// Bytes of the file.
    File,
    /// The value of the n-th `--set`.
    Override(usize),
}

impl Origin {
    fn location(self, span: Option<std::ops::Range<usize>>, fallback: &Location) -> Location {
        match (self, span) {
            (Origin::Override(index), _) => Location::Override(index),
            (Origin::File, Some(span)) => Location::File(span),
            (Origin::File, None) => fallback.clone(),
        }
    }
}

/// Parses a TOML text.
///
/// A syntax error is reported, and the result is then an empty table.
pub(super) fn parse(text: &str, problems: &Problems) -> Node {
    let location = Location::File(0..0);
    match toml_edit::Document::parse(text) {
        Ok(document) => {
            let entries = Builder { origin: Origin::File, problems }.entries(document.as_table(), &location);
            Node { content: Content::Table(entries), location }
        }
        Err(error) => {
            let span = error.span().unwrap_or(0..0);
            let line = text.get(..span.start).map_or(0, |before| before.matches('\n').count());
            let hint = hints::of_syntax(error.message(), text.lines().nth(line).unwrap_or_default());
            let message = hint.unwrap_or_else(|| format!("this is not TOML: {}", error.message()));
            problems.report(&Location::File(span), "", message);
            Node { content: Content::Table(Vec::new()), location }
        }
    }
}

/// The tree of the value of the n-th `--set`.
pub(super) fn value_of_override(value: &TomlValue, index: usize, problems: &Problems) -> Node {
    Builder { origin: Origin::Override(index), problems }.value(value, &Location::Override(index))
}

/// The parts of a key that may have dots in quotes.
pub(super) fn key_parts(key: &str) -> Vec<String> {
    let parts: Vec<&str> = key.split('.').collect();
    if parts.len() <= KEY_PARTS_MAX && parts.iter().all(|part| !part.is_empty()) {
        parts.into_iter().map(str::to_owned).collect()
    } else {
        vec![key.to_owned()]
    }
}

/// Makes the tree of what `toml_edit` has parsed.
#[derive(Clone, Copy)]
struct Builder<'a> {
    origin: Origin,
    problems: &'a Problems,
}

impl Builder<'_> {
    /// Takes a table apart. Quoted keys with dots, `"updates.patched_fraction"`, become nested tables like bare ones.
    fn entries(self, table: &dyn TableLike, outer: &Location) -> Vec<Entry> {
        let mut result = Vec::new();
        if table.len() > KEYS_MAX {
            let message = format!("a table with {} keys; at most {KEYS_MAX} are allowed", table.len());
            self.problems.report(outer, "", message);
            return result;
        }
        // TOML has seen to it that bare keys are unique.
        let quoted_dots = table.iter().any(|(key, _)| key.contains('.'));
        for (key, item) in table.iter() {
            let location = self.origin.location(table.key(key).and_then(|key| key.span()), outer);
            let node = self.item(item, &location);
            if quoted_dots {
                self.merge(&mut result, &key_parts(key), &location, node);
            } else {
                result.push(Entry { key: key.to_owned(), location, node });
            }
        }
        result
    }

    /// Puts a value below a path of keys, into the table that is there if it is one.
    fn merge(self, table: &mut Vec<Entry>, path: &[String], location: &Location, node: Node) {
        let Some((first, rest)) = path.split_first() else { return };
        let twice = format!("{first} is set twice; it may be set once");
        let existing = table.iter_mut().find(|entry| entry.key == *first);
        if !rest.is_empty() {
            let entry = match existing {
                Some(entry) => entry,
                None => {
                    let node = Node { location: location.clone(), content: Content::Table(Vec::new()) };
                    table.push(Entry { key: first.clone(), location: location.clone(), node });
                    match table.last_mut() {
                        Some(entry) => entry,
                        None => return,
                    }
                }
            };
            return match entry.node.table_mut() {
                Some(inner) => self.merge(inner, rest, location, node),
                None => self.problems.report(location, first, twice),
            };
        }
        match (existing, node) {
            (None, node) => table.push(Entry { key: first.clone(), location: location.clone(), node }),
            (Some(entry), Node { content: Content::Table(new), .. }) => match entry.node.table_mut() {
                Some(inner) => {
                    for Entry { key, location, node } in new {
                        self.merge(inner, &[key], &location, node);
                    }
                }
                None => self.problems.report(location, first, twice),
            },
            (Some(_), _) => self.problems.report(location, first, twice),
        }
    }

    fn item(self, item: &Item, key: &Location) -> Node {
        let location = self.origin.location(item.span(), key);
        let content = match item {
            Item::None => Content::Table(Vec::new()),
            Item::Value(value) => return self.value(value, key),
            Item::Table(table) => Content::Table(self.entries(table, &location)),
            Item::ArrayOfTables(tables) => {
                let tables = tables.iter().map(|table| {
                    let location = self.origin.location(table.span(), &location);
                    Node { content: Content::Table(self.entries(table, &location)), location }
                });
                Content::List(tables.collect())
            }
        };
        Node { location, content }
    }

    /// The tree of one TOML value; `key` is the location of its key.
    fn value(self, value: &TomlValue, key: &Location) -> Node {
        let location = self.origin.location(value.span(), key);
        let content = match value {
            TomlValue::String(text) => Content::Text(text.value().clone()),
            TomlValue::Integer(n) => Content::Integer(*n.value()),
            TomlValue::Float(x) => Content::Float(*x.value()),
            TomlValue::Boolean(b) => Content::Boolean(*b.value()),
            TomlValue::Datetime(_) => Content::Date,
            TomlValue::Array(values) => {
                Content::List(values.iter().map(|value| self.value(value, &location)).collect())
            }
            TomlValue::InlineTable(table) => Content::Table(self.entries(table, &location)),
        };
        Node { location, content }
    }
}
