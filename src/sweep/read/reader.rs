//! The checked access to the values of a document: whoever reads says what is expected, and what is wrong is reported.

use super::document::{Content, Entry, Node};
use super::error::{Location, Problems};
use super::hints;
use crate::parameters::Quantity;
use crate::sweep::keys::{Form, Key, Table, Without};

/// A value of a document, and the list of what is wrong. Its methods return `None` for what was refused and reported;
/// those that look for a key are for tables.
#[derive(Clone)]
pub(super) struct Reader<'a> {
    /// The dotted path of the value, for messages.
    path: String,
    /// Where its key stands.
    key: &'a Location,
    node: &'a Node,
    problems: &'a Problems,
}

impl<'a> Reader<'a> {
    /// The whole document.
    pub(super) fn of(root: &'a Node, problems: &'a Problems) -> Reader<'a> {
        Reader { path: String::new(), key: &root.location, node: root, problems }
    }

    pub(super) fn node(&self) -> &'a Node {
        self.node
    }

    pub(super) fn content(&self) -> &'a Content {
        &self.node.content
    }

    pub(super) fn problems(&self) -> &'a Problems {
        self.problems
    }

    /// The same value, with another path in the messages.
    pub(super) fn called(&self, path: &str) -> Reader<'a> {
        Reader { path: path.to_owned(), ..self.clone() }
    }

    /// The path of one of the keys of this table.
    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn child(&self, entry: &'a Entry) -> Reader<'a> {
        Reader { path: self.path_of(&entry.key), key: &entry.location, node: &entry.node, problems: self.problems }
    }
}

/// What is wrong.
impl Reader<'_> {
    /// Reports a problem of the value.
    pub(super) fn report(&self, message: impl Into<String>) {
        self.problems.report(&self.node.location, &self.path, message);
    }

    /// Reports a problem of the key.
    pub(super) fn report_key(&self, message: impl Into<String>) {
        self.problems.report(self.key, &self.path, message);
    }

    /// Reports that there is no such key, and which one of the same table was probably meant.
    pub(super) fn report_unknown(&self, message: String, meant: Option<&str>) {
        let table = self.path.rsplit_once('.').map(|(table, _)| table);
        let meant = meant.map(|meant| table.map_or_else(|| meant.to_owned(), |table| format!("{table}.{meant}")));
        self.problems.report_unknown(self.key, &self.path, message, meant);
    }

    /// Reports that the value is not what was expected.
    pub(super) fn refuse(&self, expected: &str) {
        self.report(format!("{} is not allowed; expected {expected}", self.node));
    }

    /// Reports that the value is not what a parameter expects, whose name is said unless the key has it.
    pub(super) fn refuse_for(&self, parameter: &Quantity, expected: &str) {
        if self.path.ends_with(parameter.name()) {
            return self.refuse(expected);
        }
        self.report(format!("{} is not allowed for {}; expected {expected}", self.node, parameter.name()));
    }

    /// Reports every key of this table that is not in the list.
    pub(super) fn allow(&self, allowed: &[&str]) {
        for (key, value) in self.entries().filter(|(key, _)| !allowed.contains(key)) {
            value.report_unknown(hints::unknown_key(key, allowed), hints::meant(key, allowed));
        }
    }

    /// Reports that a key of this table is missing, with what is expected there.
    fn missing(&self, key: &str, expected: &str) {
        let last = self.entries().map(|(_, value)| value.key).max_by_key(|location| location.order());
        let location = &self.node.location;
        let message = format!("the key is missing; expected {expected}");
        self.problems.report_missing(last.unwrap_or(location), location, &self.path_of(key), message);
    }
}

/// The values of a table.
impl<'a> Reader<'a> {
    /// The table itself, if it is one.
    pub(super) fn table(self) -> Option<Reader<'a>> {
        if let Content::Table(_) = self.node.content {
            return Some(self);
        }
        self.refuse("a table");
        None
    }

    /// The keys of the table and their values.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'a str, Reader<'a>)> + use<'_, 'a> {
        let entries = match &self.node.content {
            Content::Table(entries) => entries.as_slice(),
            _ => &[],
        };
        entries.iter().map(|entry| (entry.key.as_str(), self.child(entry)))
    }

    /// The value of a key, if it is there.
    pub(super) fn get(&self, key: &str) -> Option<Reader<'a>> {
        self.node.entry(key).map(|entry| self.child(entry))
    }

    /// The table of a key, if it is there.
    pub(super) fn get_table(&self, key: &str) -> Option<Reader<'a>> {
        let found = self.get(key)?;
        if let Content::List(_) = found.node.content {
            found.refuse(&format!("a table, [{}] in single brackets", found.path));
            return None;
        }
        found.table()
    }

    /// The value of a key that has to be there.
    pub(super) fn require(&self, key: &str, expected: &str) -> Option<Reader<'a>> {
        let found = self.get(key);
        if found.is_none() {
            self.missing(key, expected);
        }
        found
    }

    /// The tables of a list such as `[[axis]]`; none if the key is absent.
    pub(super) fn tables_of(&self, key: &str) -> Vec<Reader<'a>> {
        let Some(list) = self.get(key) else { return Vec::new() };
        let expected = format!("a list of tables, [[{}]]", list.path);
        list.list(&expected).into_iter().flatten().filter_map(Reader::table).collect()
    }
}

/// The declared keys of the table.
impl<'a> Reader<'a> {
    /// Reports every key of this table that is not declared in it.
    pub(super) fn allow_keys(&self, table: &Table) {
        self.allow(&table.names());
    }

    /// The value of a key, which is reported missing if it has to be there.
    pub(super) fn at(&self, key: &Key) -> Option<Reader<'a>> {
        match key.without {
            Without::Refused => self.require(key.name, &key.expectation()),
            Without::Default(_) | Without::Else(_) => self.get(key.name),
        }
    }

    /// The number of a key.
    pub(super) fn number_at(&self, key: &Key) -> Option<f64> {
        self.number_where(key, |_| true, &key.expectation())
    }

    /// The number of a key that passes a test besides; `expected` says which do.
    pub(super) fn number_where(&self, key: &Key, test: impl Fn(f64) -> bool, expected: &str) -> Option<f64> {
        let bounds = key.bounds();
        self.at(key)?.number(|x| bounds.contains(x) && test(x), expected)
    }

    /// The whole number of a key.
    pub(super) fn whole_at(&self, key: &Key) -> Option<u64> {
        let found = self.at(key)?;
        let number = match (key.form, found.content()) {
            (Form::Whole(low, high), Content::Integer(n)) => {
                u64::try_from(*n).ok().filter(|n| (low..=high).contains(n))
            }
            _ => None,
        };
        found.expect(number, &key.expectation())
    }

    /// The truth of a key.
    pub(super) fn boolean_at(&self, key: &Key) -> Option<bool> {
        let found = self.at(key)?;
        let truth = match found.content() {
            Content::Boolean(truth) => Some(*truth),
            _ => None,
        };
        found.expect(truth, &key.expectation())
    }
}

/// The value itself.
impl<'a> Reader<'a> {
    /// A number that passes a test; `expected` says which do.
    pub(super) fn number(&self, test: impl Fn(f64) -> bool, expected: &str) -> Option<f64> {
        self.expect(self.node.as_number().filter(|&x| test(x)), expected)
    }

    /// A text.
    pub(super) fn text(&self) -> Option<&'a str> {
        let text = match &self.node.content {
            Content::Text(text) => Some(text.as_str()),
            _ => None,
        };
        self.expect(text, "a text in quotes")
    }

    /// A name of the kind that the key takes. One that cannot be is reported, and returned as it is.
    pub(super) fn name(&self, key: &Key) -> Option<String> {
        let name = self.text()?;
        let Form::Name(most) = key.form else { return None };
        let fits = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        let expected = key.expectation();
        if fits && name.len() > most {
            self.report(format!("a name of {} characters is not allowed; expected {expected}", name.len()));
        } else if name.is_empty() || !fits {
            self.refuse(&expected);
        }
        Some(name.to_owned())
    }

    /// The values of a list. They have the path of the list.
    pub(super) fn list(&self, expected: &str) -> Option<Vec<Reader<'a>>> {
        let nodes = match &self.node.content {
            Content::List(nodes) => Some(nodes),
            _ => None,
        };
        let item = |node: &'a Node| Reader { node, key: &node.location, ..self.clone() };
        Some(self.expect(nodes, expected)?.iter().map(item).collect())
    }

    fn expect<T>(&self, value: Option<T>, expected: &str) -> Option<T> {
        if value.is_none() {
            self.refuse(expected);
        }
        value
    }
}
