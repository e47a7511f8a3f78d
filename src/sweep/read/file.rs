//! Reads a sweep or a scenario from a file or its text, with overrides.

use std::io::{ErrorKind, Read};
use std::path::Path;

use super::document::{self, Content, Entry, FILE_BYTES_MAX, Node};
use super::error::{Problems, SweepError};
use super::reader::Reader;
use super::{hints, locate, overrides, scenario, sweep};
use crate::engine::EngineKind;
use crate::parameters::Scenario;
use crate::sweep::types::Sweep;

/// Reads a text file of at most 1 MiB.
///
/// # Errors
/// It cannot be read, is larger, or is not UTF-8.
pub fn read_text(path: &Path) -> Result<String, SweepError> {
    let name = path.display().to_string();
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(|error| SweepError::unreadable(&name, not_read(&error)))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(SweepError::unreadable(&name, "the file is larger than 1 MiB, the most that is allowed"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = valid.iter().filter(|&&byte| byte == b'\n').count() + 1;
        SweepError::unreadable(&format!("{name}:{line}"), "the text is not UTF-8, which TOML must be")
    })
}

/// Why a file cannot be read.
fn not_read(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => {
            "the file cannot be read: there is no such file; critmass new NAME --template … writes one".to_owned()
        }
        ErrorKind::IsADirectory => {
            "the file cannot be read: this is a folder; expected a sweep file, such as sweep.toml".to_owned()
        }
        _ => format!("the file cannot be read: {error}"),
    }
}

impl Sweep {
    /// Reads a sweep file and applies overrides, the `key=value` of `--set`.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of the file.
    pub fn read(path: &Path, overrides: &[String]) -> Result<Sweep, SweepError> {
        Sweep::parse(&read_text(path)?, &path.display().to_string(), overrides)
    }

    /// Reads a sweep from the text of a file that is called `file_name` in messages. The file has to be right without
    /// the overrides as well.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of the file.
    pub fn parse(text: &str, file_name: &str, overrides: &[String]) -> Result<Sweep, SweepError> {
        let read = |root: &Reader, set: &[String]| {
            let sweep = sweep::sweep(root, true, folder_of(file_name))?;
            overrides::check_effect(&sweep, set, root.problems());
            Some(sweep)
        };
        twice(text, file_name, overrides, |root| root, read)
    }

    /// Reads a scenario alone, and with which engine it is to be run: the one of a sweep file, without its axes and uncertain inputs, or of a file that holds
    /// the content of `[scenario]`, with or without that header. The other parts of a sweep file have to be right too.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of the file.
    pub fn parse_scenario(
        text: &str,
        file_name: &str,
        overrides: &[String],
    ) -> Result<(Scenario, EngineKind), SweepError> {
        let read = |root: &Reader, _: &[String]| {
            let is_alone = root.entries().all(|(key, _)| key == "scenario");
            let (scenario, engine) = if is_alone {
                (scenario::scenario(root, true), EngineKind::default())
            } else {
                let sweep = sweep::sweep(root, false, folder_of(file_name))?;
                (sweep.scenario, sweep.engine)
            };
            if root.problems().is_empty() {
                scenario.conflicts_together().iter().for_each(|error| locate::report_scenario(error, root));
            }
            Some((scenario, engine))
        };
        twice(text, file_name, overrides, wrap_scenario, read)
    }
}

/// The folder in which files lie that a sweep file names.
fn folder_of(file_name: &str) -> &Path {
    Path::new(file_name).parent().unwrap_or(Path::new(""))
}

/// Reads a text as it is, and once more with the overrides.
fn twice<T>(
    text: &str,
    file_name: &str,
    overrides: &[String],
    wrap: impl FnOnce(Node) -> Node,
    read: impl Fn(&Reader, &[String]) -> Option<T>,
) -> Result<T, SweepError> {
    let finish = |result: Option<T>, problems: Problems, applied: &[String]| match (
        SweepError::of(problems, text, file_name, applied),
        result,
    ) {
        (Some(error), _) => Err(error),
        (None, Some(result)) => Ok(result),
        (None, None) => Err(SweepError::unreadable(file_name, "the file cannot be understood")),
    };
    let problems = Problems::default();
    let root = document::parse(text, &problems);
    if !problems.is_empty() {
        return finish(None, problems, &[]);
    }
    let mut root = wrap(root);
    let plain = finish(read(&Reader::of(&root, &problems), &[]), problems, &[])?;
    if overrides.is_empty() {
        return Ok(plain);
    }
    let problems = Problems::default();
    overrides::apply(&mut root, overrides, &problems);
    let result = if problems.is_empty() { read(&Reader::of(&root, &problems), overrides) } else { None };
    finish(result, problems, overrides)
}

/// Puts the content of a file that is a scenario alone under the key that it has in a sweep file.
fn wrap_scenario(root: Node) -> Node {
    if hints::of_file().iter().any(|key| root.entry(key).is_some()) {
        return root;
    }
    let location = root.location.clone();
    let entry = Entry { key: "scenario".to_owned(), location: location.clone(), node: root };
    Node { location, content: Content::Table(vec![entry]) }
}
