//! What is wrong with a sweep file, where, and what is allowed.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};

/// Most mistakes that are shown of one file.
const SHOWN_MAX: usize = 20;

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
#[derive(Debug, Clone, PartialEq)]
struct Problem {
    location: Location,
    /// Sorts the problems.
    order: (usize, usize),
    key: String,
    message: String,
    kind: Kind,
}

/// What a problem has to do with others.
#[derive(Debug, Clone, PartialEq)]
enum Kind {
    /// The key is not there.
    Missing,
    /// The key does not exist; the one that was meant, if it is known.
    Unknown(Option<String>),
    Other,
}

/// What was found to be wrong so far. Reading goes on after a problem, so that all of them are said at once, in the
/// order of the file. All readers of a file share the list.
#[derive(Debug, Default)]
pub(super) struct Problems(RefCell<Vec<Problem>>);

impl Problems {
    /// Notes a problem of the key at `location`.
    pub(super) fn report(&self, location: &Location, key: &str, message: impl Into<String>) {
        self.note(location, location, key, message.into(), Kind::Other);
    }

    /// Notes that a key of the table at `location` is missing, whose last key stands at `last`.
    pub(super) fn report_missing(&self, last: &Location, location: &Location, key: &str, message: String) {
        self.note(last, location, key, message, Kind::Missing);
    }

    /// Notes that there is no such key as the one at `location`, and which one was probably meant.
    pub(super) fn report_unknown(&self, location: &Location, key: &str, message: String, meant: Option<String>) {
        self.note(location, location, key, message, Kind::Unknown(meant));
    }

    fn note(&self, last: &Location, location: &Location, key: &str, message: String, kind: Kind) {
        let (location, key) = (location.clone(), key.to_owned());
        self.0.borrow_mut().push(Problem { order: last.order(), location, key, message, kind });
    }

    /// The problems in the order of the file. A key that is missing in a table and stands there with a misspelt name is
    /// one mistake.
    fn sorted(self) -> Vec<Problem> {
        let mut problems = self.0.into_inner();
        let misspelt: Vec<(String, (usize, usize))> = problems
            .iter()
            .filter_map(|problem| match &problem.kind {
                Kind::Unknown(meant) => Some((meant.clone()?, problem.order)),
                _ => None,
            })
            .collect();
        problems.retain(|problem| {
            let table = problem.location.order()..=problem.order;
            problem.kind != Kind::Missing
                || !misspelt.iter().any(|(meant, order)| *meant == problem.key && table.contains(order))
        });
        problems.sort_by_key(|problem| problem.order);
        problems.dedup();
        problems
    }

    /// Number of problems so far.
    pub(super) fn count(&self) -> usize {
        self.0.borrow().len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count() == 0
    }
}

/// Why a sweep cannot be run: everything that is wrong with it, a line each.
#[derive(Debug)]
pub struct SweepError {
    mistakes: Vec<Mistake>,
    /// Where there are more than are shown: what says so.
    rest: Option<String>,
}

/// One mistake in a sweep file. Its text names the file, the line (or the `--set`), the key, what is wrong and what is
/// allowed; as a [`miette::Diagnostic`] it also shows the location.
#[derive(Debug)]
pub struct Mistake {
    text: String,
    label: String,
    source: Option<(Arc<NamedSource<String>>, Range<usize>)>,
}

impl SweepError {
    /// A file that cannot be read at all.
    pub(super) fn unreadable(file_name: &str, message: impl fmt::Display) -> SweepError {
        let mistake = Mistake { text: format!("{file_name}: {message}"), label: String::new(), source: None };
        SweepError { mistakes: vec![mistake], rest: None }
    }

    /// The problems of a text that is called `file_name`, with these `--set`s applied; `None` if there is none.
    pub(super) fn of(problems: Problems, text: &str, file_name: &str, applied: &[String]) -> Option<SweepError> {
        let mut problems = problems.sorted();
        let more = problems.len().saturating_sub(SHOWN_MAX);
        problems.truncate(SHOWN_MAX);
        let source = Arc::new(NamedSource::new(file_name, text.to_owned()));
        let mistakes: Vec<Mistake> =
            problems.into_iter().map(|problem| Mistake::new(problem, &source, file_name, applied)).collect();
        let rest = (more > 0).then(|| format!("{file_name}: {more} more mistakes are not shown"));
        if mistakes.is_empty() { None } else { Some(SweepError { mistakes, rest }) }
    }

    /// What is wrong, in the order of the file; not all of it where it is very much.
    pub fn mistakes(&self) -> &[Mistake] {
        &self.mistakes
    }

    /// The mistakes to show one by one, and what is to be said after them.
    pub fn into_parts(self) -> (Vec<Mistake>, Option<String>) {
        (self.mistakes, self.rest)
    }
}

impl Mistake {
    fn new(problem: Problem, source: &Arc<NamedSource<String>>, file_name: &str, applied: &[String]) -> Mistake {
        let Problem { location, key, message, .. } = problem;
        let what = if key.is_empty() { message.clone() } else { format!("{key}: {message}") };
        // The text above the snippet says all; the label is short.
        let label = message.split("; ").next().unwrap_or_default().to_owned();
        let text = source.inner();
        match location {
            Location::File(span) => {
                let (start, end) = (span.start.min(text.len()), span.end.clamp(span.start, text.len().max(span.start)));
                let line = text.as_bytes().iter().take(start).filter(|&&byte| byte == b'\n').count() + 1;
                let with: String = applied.iter().map(|set| format!(", with --set {set}")).collect();
                Mistake {
                    text: format!("{file_name}:{line}: {what}{with}"),
                    label,
                    source: Some((Arc::clone(source), start..end.min(text.len()))),
                }
            }
            Location::Override(index) => {
                let set = applied.get(index).map_or("", String::as_str);
                Mistake { text: format!("{file_name}: --set {set}: {what}"), label, source: None }
            }
        }
    }
}

impl fmt::Display for SweepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<&str> = self.mistakes.iter().map(|mistake| mistake.text.as_str()).collect();
        f.write_str(&lines.join("\n"))?;
        self.rest.iter().try_for_each(|rest| write!(f, "\n{rest}"))
    }
}

impl std::error::Error for SweepError {}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Mistake {}

impl Diagnostic for Mistake {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|(source, _)| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let (_, span) = self.source.as_ref()?;
        Some(Box::new(std::iter::once(LabeledSpan::at(span.clone(), self.label.clone()))))
    }
}
