//! A TOML text as a tree of values that know where they were written, and the checked access to it.

use std::fmt;

use toml_edit::{Item, TableLike, Value as TomlValue};

use super::error::{Place, Problems};

/// Deepest dotted key in quotes that is taken apart: `"scenario.population.clients"` has three parts.
const KEY_PARTS_MAX: usize = 4;

/// Most keys of a table. No sweep has so many, and each is compared with the others.
const KEYS_MAX: usize = 10_000;

/// A value and where it was written.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) place: Place,
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
    pub(super) place: Place,
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

    fn table_mut(&mut self) -> Option<&mut Vec<Entry>> {
        match &mut self.content {
            Content::Table(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value below a path of keys.
    pub(super) fn lookup(&self, path: &[&str]) -> Option<&Node> {
        let Some((first, rest)) = path.split_first() else { return Some(self) };
        match &self.content {
            Content::Table(entries) => entries.iter().find(|entry| entry.key == *first)?.node.lookup(rest),
            _ => None,
        }
    }
}

/// What the spans of a TOML text mean.
#[derive(Debug, Clone, Copy)]
pub(super) enum Origin {
    /// Bytes of the file.
    File,
    /// The value of the n-th `--set`.
    Override(usize),
}

impl Origin {
    fn place(self, span: Option<std::ops::Range<usize>>, fallback: &Place) -> Place {
        match (self, span) {
            (Origin::Override(index), _) => Place::Override(index),
            (Origin::File, Some(span)) => Place::File(span),
            (Origin::File, None) => fallback.clone(),
        }
    }
}

/// Parses a TOML text.
///
/// A syntax error is reported, and the result is then an empty table.
pub(super) fn parse(text: &str, problems: &mut Problems) -> Node {
    let place = Place::File(0..0);
    match toml_edit::Document::parse(text) {
        Ok(document) => {
            Node { content: Content::Table(entries(document.as_table(), Origin::File, &place, problems)), place }
        }
        Err(error) => {
            let span = error.span().unwrap_or(0..0);
            problems.report(&Place::File(span), "", format!("this is not TOML: {}", error.message()));
            Node { content: Content::Table(Vec::new()), place }
        }
    }
}

/// Takes a table apart. Quoted keys with dots, `"updates.patched_fraction"`, become nested tables like bare ones.
fn entries(table: &dyn TableLike, origin: Origin, outer: &Place, problems: &mut Problems) -> Vec<Entry> {
    let mut result = Vec::new();
    if table.len() > KEYS_MAX {
        problems.report(outer, "", format!("a table with {} keys; at most {KEYS_MAX} are allowed", table.len()));
        return result;
    }
    // TOML has seen to it that bare keys are unique.
    let quoted_dots = table.iter().any(|(key, _)| key.contains('.'));
    for (key, item) in table.iter() {
        let place = origin.place(table.key(key).and_then(|key| key.span()), outer);
        let node = node_of_item(item, origin, &place, problems);
        if quoted_dots {
            merge(&mut result, &key_parts(key), &place, node, problems);
        } else {
            result.push(Entry { key: key.to_owned(), place, node });
        }
    }
    result
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

fn merge(table: &mut Vec<Entry>, path: &[String], place: &Place, node: Node, problems: &mut Problems) {
    let Some((first, rest)) = path.split_first() else { return };
    let twice = format!("{first} is set twice; it may be set once");
    let existing = table.iter_mut().find(|entry| entry.key == *first);
    if !rest.is_empty() {
        let entry = match existing {
            Some(entry) => entry,
            None => {
                let node = Node { place: place.clone(), content: Content::Table(Vec::new()) };
                table.push(Entry { key: first.clone(), place: place.clone(), node });
                match table.last_mut() {
                    Some(entry) => entry,
                    None => return,
                }
            }
        };
        return match entry.node.table_mut() {
            Some(inner) => merge(inner, rest, place, node, problems),
            None => problems.report(place, first, twice),
        };
    }
    match (existing, node) {
        (None, node) => table.push(Entry { key: first.clone(), place: place.clone(), node }),
        (Some(entry), Node { content: Content::Table(new), .. }) => match entry.node.table_mut() {
            Some(inner) => {
                for Entry { key, place, node } in new {
                    merge(inner, &[key], &place, node, problems);
                }
            }
            None => problems.report(place, first, twice),
        },
        (Some(_), _) => problems.report(place, first, twice),
    }
}

fn node_of_item(item: &Item, origin: Origin, key: &Place, problems: &mut Problems) -> Node {
    let place = origin.place(item.span(), key);
    let content = match item {
        Item::None => Content::Table(Vec::new()),
        Item::Value(value) => return node_of_value(value, origin, key, problems),
        Item::Table(table) => Content::Table(entries(table, origin, &place, problems)),
        Item::ArrayOfTables(tables) => Content::List(
            tables
                .iter()
                .map(|table| {
                    let place = origin.place(table.span(), &place);
                    Node { content: Content::Table(entries(table, origin, &place, problems)), place }
                })
                .collect(),
        ),
    };
    Node { place, content }
}

/// The tree of one TOML value; `key` is the place of its key.
pub(super) fn node_of_value(value: &TomlValue, origin: Origin, key: &Place, problems: &mut Problems) -> Node {
    let place = origin.place(value.span(), key);
    let content = match value {
        TomlValue::String(text) => Content::Text(text.value().clone()),
        TomlValue::Integer(n) => Content::Integer(*n.value()),
        TomlValue::Float(x) => Content::Float(*x.value()),
        TomlValue::Boolean(b) => Content::Boolean(*b.value()),
        TomlValue::Datetime(_) => Content::Date,
        TomlValue::Array(values) => {
            Content::List(values.iter().map(|value| node_of_value(value, origin, &place, problems)).collect())
        }
        TomlValue::InlineTable(table) => Content::Table(entries(table, origin, &place, problems)),
    };
    Node { place, content }
}

/// A table whose keys are read by name.
#[derive(Clone)]
pub(super) struct Fields<'a> {
    /// The dotted path of the table, for messages.
    pub(super) path: String,
    pub(super) place: Place,
    pub(super) entries: &'a [Entry],
}

impl<'a> Fields<'a> {
    /// The fields of a value that must be a table.
    pub(super) fn of(node: &'a Node, path: &str, problems: &mut Problems) -> Option<Fields<'a>> {
        match &node.content {
            Content::Table(entries) => Some(Fields { path: path.to_owned(), place: node.place.clone(), entries }),
            _ => {
                problems.report(&node.place, path, format!("{node} is not allowed; expected a table"));
                None
            }
        }
    }

    /// The path of one of the keys.
    pub(super) fn key(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    pub(super) fn get(&self, key: &str) -> Option<&'a Node> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.node)
    }

    /// Reports every key that is not in the list.
    pub(super) fn allow(&self, allowed: &[&str], problems: &mut Problems) {
        for entry in self.entries.iter().filter(|entry| !allowed.contains(&entry.key.as_str())) {
            problems.report(&entry.place, &self.key(&entry.key), unknown("key", &entry.key, allowed));
        }
    }

    /// Reports that a key is missing, with what is expected there.
    pub(super) fn missing(&self, key: &str, expected: &str, problems: &mut Problems) {
        let last = self.entries.iter().map(|entry| &entry.place).max_by_key(|place| place.order());
        let message = format!("the key is missing; expected {expected}");
        problems.report_after(last.unwrap_or(&self.place), &self.place, &self.key(key), message);
    }

    /// Reads a key that has to be there.
    pub(super) fn require(&self, key: &str, expected: &str, problems: &mut Problems) -> Option<&'a Node> {
        let found = self.get(key);
        if found.is_none() {
            self.missing(key, expected, problems);
        }
        found
    }

    /// Reports that the value of a key is not what was expected.
    pub(super) fn refuse(&self, key: &str, node: &Node, expected: &str, problems: &mut Problems) {
        problems.report(&node.place, &self.key(key), format!("{node} is not allowed; expected {expected}"));
    }

    /// Reads a number that has to be there and pass a test; `expected` says which do.
    pub(super) fn number(
        &self,
        key: &str,
        test: impl Fn(f64) -> bool,
        expected: &str,
        problems: &mut Problems,
    ) -> Option<f64> {
        let node = self.require(key, expected, problems)?;
        let number = node.as_number().filter(|&x| test(x));
        if number.is_none() {
            self.refuse(key, node, expected, problems);
        }
        number
    }

    /// Reads a whole number of a range; `None` if the key is absent or wrong.
    pub(super) fn whole(&self, key: &str, low: u64, high: u64, problems: &mut Problems) -> Option<u64> {
        let node = self.get(key)?;
        let number = match node.content {
            Content::Integer(n) => u64::try_from(n).ok().filter(|n| (low..=high).contains(n)),
            _ => None,
        };
        if number.is_none() {
            self.refuse(key, node, &format!("a whole number, {low} … {high}"), problems);
        }
        number
    }

    /// Reads a text; `None` if the key is absent or something else.
    pub(super) fn text(&self, key: &str, problems: &mut Problems) -> Option<&'a str> {
        let node = self.get(key)?;
        match &node.content {
            Content::Text(text) => Some(text),
            _ => {
                self.refuse(key, node, "a text in quotes", problems);
                None
            }
        }
    }

    /// Reads a list that has to be there.
    pub(super) fn list(&self, key: &str, expected: &str, problems: &mut Problems) -> Option<&'a [Node]> {
        let node = self.require(key, expected, problems)?;
        match &node.content {
            Content::List(nodes) => Some(nodes),
            _ => {
                self.refuse(key, node, expected, problems);
                None
            }
        }
    }
}

/// The message for a name that does not exist, with the nearest one that does.
pub(super) fn unknown(what: &str, name: &str, allowed: &[&str]) -> String {
    let nearest = allowed
        .iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(similarity, _)| *similarity > 0.6)
        .map(|(_, candidate)| format!("; did you mean {candidate}?"))
        .unwrap_or_default();
    let list = if allowed.len() <= 24 { format!("; allowed here: {}", allowed.join(", ")) } else { String::new() };
    format!("there is no such {what}{nearest}{list}")
}
