//! What is wrong with a sweep file, where, and what is allowed.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};

/// Where a value was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Location {
    /// Bytes of the file.
    File(Range<usize>),
    /// The n-th `--set`.
    Override(usize),
}

impl Location {
    /// Sorts locations in the order of the file, then those of the command line.
    pub(super) fn order(&self) -> (usize, usize) {
        match self {
            Location::File(span) => (0, span.start),
            Location::Override(index) => (1, *index),
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    location: Location,
    /// Sorts the problems.
    order: (usize, usize),
    key: String,
    message: String,
}

/// What was found to be wrong so far. Reading goes on after a problem, so that the first one in the order of the file
/// can be reported, whatever the order of the checks. All readers of a file share the list.
#[derive(Debug, Default)]
pub(super) struct Problems(RefCell<Vec<Problem>>);

impl Problems {
    /// Notes a problem of the key at `location`.
    pub(super) fn report(&self, location: &Location, key: &str, message: impl Into<String>) {
        self.report_after(location, location, key, message);
    }

    /// Notes a problem at `location` that comes after what is written at `last`: a key that is missing in a table is
    /// often there with a misspelt name, which is the better message.
    pub(super) fn report_after(&self, last: &Location, location: &Location, key: &str, message: impl Into<String>) {
        let (location, key, message) = (location.clone(), key.to_owned(), message.into());
        self.0.borrow_mut().push(Problem { order: last.order(), location, key, message });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    /// The first problem in the order of the file.
    pub(super) fn first(self) -> Option<Problem> {
        self.0.into_inner().into_iter().min_by_key(|problem| problem.order)
    }
}

/// Why a sweep cannot be run. Its text names the file, the line (or the `--set`), the key, what is wrong and what is
/// allowed; as a [`miette::Diagnostic`] it also shows the location.
#[derive(Debug)]
pub struct SweepError(Box<Details>);

#[derive(Debug)]
struct Details {
    text: String,
    label: String,
    source: Option<(NamedSource<String>, Range<usize>)>,
}

impl SweepError {
    /// A file that cannot be read at all.
    pub(super) fn unreadable(file_name: &str, message: impl fmt::Display) -> SweepError {
        SweepError(Box::new(Details { text: format!("{file_name}: {message}"), label: String::new(), source: None }))
    }

    /// A problem in a text that is called `file_name`, with these `--set`s applied.
    pub(super) fn new(problem: Problem, text: &str, file_name: &str, applied: &[String]) -> SweepError {
        let Problem { location, key, message, .. } = problem;
        let what = if key.is_empty() { message.clone() } else { format!("{key}: {message}") };
        // The text above the snippet says all; the label is short.
        let label = message.split("; ").next().unwrap_or_default().to_owned();
        let details = match location {
            Location::File(span) => {
                let (start, end) = (span.start.min(text.len()), span.end.clamp(span.start, text.len().max(span.start)));
                let line = text.as_bytes().iter().take(start).filter(|&&byte| byte == b'\n').count() + 1;
                let with: String = applied.iter().map(|set| format!(", with --set {set}")).collect();
                Details {
                    text: format!("{file_name}:{line}: {what}{with}"),
                    label,
                    source: Some((NamedSource::new(file_name, text.to_owned()), start..end.min(text.len()))),
                }
            }
            Location::Override(index) => {
                let set = applied.get(index).map_or("", String::as_str);
                Details { text: format!("{file_name}: --set {set}: {what}"), label, source: None }
            }
        };
        SweepError(Box::new(details))
    }
}

impl fmt::Display for SweepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text)
    }
}

impl std::error::Error for SweepError {}

impl Diagnostic for SweepError {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.0.source.as_ref().map(|(source, _)| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let (_, span) = self.0.source.as_ref()?;
        Some(Box::new(std::iter::once(LabeledSpan::at(span.clone(), self.0.label.clone()))))
    }
}
