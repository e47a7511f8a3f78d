//! Reads a whole sweep file.

use std::io::Read;
use std::path::Path;

use super::document::{self, Content, Entry, Fields, Node};
use super::error::{Problems, SweepError};
use super::{Replicates, Sweep, Traces, acceptance, axes, canonical, cells, laws, overrides, scenario};
use crate::parameters::Scenario;

/// Largest sweep file, bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// Most replicates of a cell.
const REPLICATES_MAX: u64 = 1_000_000;
/// The keys of a sweep file.
const KEYS: [&str; 10] =
    ["axis", "design", "name", "question", "refine", "replicates", "scenario", "seed", "traces", "uncertain"];

/// Reads a text file of at most 1 MiB.
///
/// # Errors
/// It cannot be read, is larger, or is not UTF-8.
pub fn read_text(path: &Path) -> Result<String, SweepError> {
    let name = path.display().to_string();
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(|error| SweepError::unreadable(&name, format!("the file cannot be read: {error}")))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(SweepError::unreadable(&name, "the file is larger than 1 MiB, the most that is allowed"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = valid.iter().filter(|&&byte| byte == b'\n').count() + 1;
        SweepError::unreadable(&format!("{name}:{line}"), "the text is not UTF-8, which TOML must be")
    })
}

impl Sweep {
    /// Reads a sweep file and applies overrides, the `key=value` of `--set`.
    ///
    /// # Errors
    /// The first thing that is wrong, in the order of the file.
    pub fn read(path: &Path, overrides: &[String]) -> Result<Sweep, SweepError> {
        Sweep::parse(&read_text(path)?, &path.display().to_string(), overrides)
    }

    /// Reads a sweep from the text of a file that is called `file_name` in messages. The file has to be right without
    /// the overrides as well.
    ///
    /// # Errors
    /// The first thing that is wrong, in the order of the file.
    pub fn parse(text: &str, file_name: &str, overrides: &[String]) -> Result<Sweep, SweepError> {
        let read = |root: &Node, set: &[String], problems: &mut Problems| {
            let sweep = sweep(root, true, problems)?;
            overrides::check_effect(&sweep, set, problems);
            Some(sweep)
        };
        twice(text, file_name, overrides, |root| root, read)
    }

    /// Reads a scenario alone: the one of a sweep file, without its axes and uncertain inputs, or of a file that holds
    /// the content of `[scenario]`, with or without that header. The other parts of a sweep file have to be right too.
    ///
    /// # Errors
    /// The first thing that is wrong, in the order of the file.
    pub fn parse_scenario(text: &str, file_name: &str, overrides: &[String]) -> Result<Scenario, SweepError> {
        let read = |root: &Node, _: &[String], problems: &mut Problems| {
            let only_scenario = entries(root).iter().all(|entry| entry.key == "scenario");
            let scenario =
                if only_scenario { read_scenario(root, problems) } else { sweep(root, false, problems)?.scenario };
            if problems.is_empty() {
                cells::check_scenario(&scenario, root, problems);
            }
            Some(scenario)
        };
        twice(text, file_name, overrides, wrap_scenario, read)
    }
}

/// Reads a text as it is, and once more with the overrides.
fn twice<T>(
    text: &str,
    file_name: &str,
    overrides: &[String],
    wrap: impl FnOnce(Node) -> Node,
    read: impl Fn(&Node, &[String], &mut Problems) -> Option<T>,
) -> Result<T, SweepError> {
    let finish = |result: Option<T>, problems: Problems, applied: &[String]| match (problems.first(), result) {
        (Some(problem), _) => Err(SweepError::new(problem, text, file_name, applied)),
        (None, Some(result)) => Ok(result),
        (None, None) => Err(SweepError::unreadable(file_name, "the file cannot be understood")),
    };
    let mut problems = Problems::default();
    let root = document::parse(text, &mut problems);
    if !problems.is_empty() {
        return finish(None, problems, &[]);
    }
    let mut root = wrap(root);
    let plain = finish(read(&root, &[], &mut problems), problems, &[])?;
    if overrides.is_empty() {
        return Ok(plain);
    }
    let mut problems = Problems::default();
    overrides::apply(&mut root, overrides, &mut problems);
    let result = if problems.is_empty() { read(&root, overrides, &mut problems) } else { None };
    finish(result, problems, overrides)
}

fn entries(node: &Node) -> &[Entry] {
    match &node.content {
        Content::Table(entries) => entries,
        _ => &[],
    }
}

/// Puts the content of a file that is a scenario alone under the key that it has in a sweep file.
fn wrap_scenario(root: Node) -> Node {
    if entries(&root).iter().any(|entry| KEYS.contains(&entry.key.as_str())) {
        return root;
    }
    let place = root.place.clone();
    let entry = Entry { key: "scenario".to_owned(), place: place.clone(), node: root };
    Node { place, content: Content::Table(vec![entry]) }
}

fn read_scenario(root: &Node, problems: &mut Problems) -> Scenario {
    let fields = root.lookup(&["scenario"]).and_then(|node| Fields::of(node, "scenario", problems));
    fields.map_or_else(Scenario::default, |fields| scenario::scenario(&fields, problems))
}

fn sweep(root: &Node, named: bool, problems: &mut Problems) -> Option<Sweep> {
    let fields = Fields::of(root, "", problems)?;
    fields.allow(&KEYS, problems);
    let name = name(&fields, named, problems);
    let question = fields.text("question", problems).unwrap_or_default().to_owned();
    // TOML ends at 2^63 − 1.
    let seed = fields.whole("seed", 0, i64::MAX as u64, problems).unwrap_or(0);
    let scenario = read_scenario(root, problems);
    check_design(&fields, problems);
    let replicates = replicates(&fields, problems);
    let traces = traces(&fields, problems);
    let axes = axes::axes(&fields, problems);
    let uncertain = match fields.get("uncertain").map(|node| Fields::of(node, "uncertain", problems)) {
        Some(Some(fields)) => laws::uncertain(&fields, &axes, problems),
        _ => Vec::new(),
    };
    if !problems.is_empty() {
        return None;
    }
    let (canonical, hash) = (String::new(), String::new());
    let mut sweep = Sweep { name, question, seed, scenario, axes, uncertain, replicates, traces, canonical, hash };
    cells::check_cells(&sweep, root, problems);
    if problems.is_empty() {
        acceptance::check(&sweep, root, problems);
    }
    if problems.is_empty() {
        sweep.canonical = canonical::toml(&sweep);
        sweep.hash = canonical::hash(&sweep.canonical);
    }
    Some(sweep)
}

fn name(fields: &Fields, named: bool, problems: &mut Problems) -> String {
    let expected = "lower-case letters, digits and hyphens, such as \"critical-mass\"";
    let Some(node) = fields.get("name") else {
        if named {
            fields.missing("name", expected, problems);
        }
        return String::new();
    };
    let name = fields.text("name", problems).unwrap_or("-");
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || name.len() > 100 || !name.chars().all(fits) {
        fields.refuse("name", node, expected, problems);
    }
    name.to_owned()
}

/// The full grid is the only design so far.
fn check_design(fields: &Fields, problems: &mut Problems) {
    if let Some(node) = fields.get("refine") {
        problems.report(&node.place, "refine", "this version does not have refinement yet; expected no [refine]");
    }
    let Some(design) = fields.get("design").and_then(|node| Fields::of(node, "design", problems)) else { return };
    let Some(kind) = design.require("kind", "\"grid\"", problems) else { return };
    match &kind.content {
        Content::Text(text) if text == "grid" => design.allow(&["kind"], problems),
        Content::Text(text) if ["latin-hypercube", "sobol", "points"].contains(&text.as_str()) => {
            let message = format!("this version does not have the design {kind} yet; expected \"grid\"");
            problems.report(&kind.place, "design.kind", message);
        }
        _ => design.refuse("kind", kind, "\"grid\"", problems),
    }
}

fn replicates(root: &Fields, problems: &mut Problems) -> Replicates {
    let (fewest, most) = (20, 100);
    let defaults =
        Replicates { at_least: fewest, at_most: most, half_width: None, confidence: 0.95, common_random_numbers: true };
    let Some(fields) = root.get("replicates").and_then(|node| Fields::of(node, "replicates", problems)) else {
        return defaults;
    };
    fields.allow(&["at_least", "at_most", "half_width", "confidence", "common_random_numbers"], problems);
    let count = |key: &str, problems: &mut Problems| {
        fields.whole(key, 1, REPLICATES_MAX, problems).and_then(|n| u32::try_from(n).ok())
    };
    let (at_least, at_most) = (count("at_least", problems), count("at_most", problems));
    if let (Some(least), Some(most)) = (at_least, at_most)
        && least > most
        && let Some(node) = fields.get("at_least")
    {
        fields.refuse("at_least", node, &format!("at most replicates.at_most, {most}"), problems);
    }
    let mut optional = |key: &str, low: f64, high: f64, expected: &str| {
        fields.get(key)?;
        fields.number(key, |x| x > low && x < high, expected, problems)
    };
    let half_width = optional("half_width", 0.0, 0.5, "a number between 0 and 0.5, neither included");
    let confidence = optional("confidence", 0.5, 1.0, "a number between 0.5 and 1, neither included");
    let common = match fields.get("common_random_numbers") {
        Some(Node { content: Content::Boolean(common), .. }) => Some(*common),
        Some(node) => {
            fields.refuse("common_random_numbers", node, "true or false", problems);
            None
        }
        None => None,
    };
    Replicates {
        at_least: at_least.unwrap_or(fewest.min(at_most.unwrap_or(most))),
        at_most: at_most.unwrap_or(most.max(at_least.unwrap_or(fewest))),
        half_width,
        confidence: confidence.unwrap_or(defaults.confidence),
        common_random_numbers: common.unwrap_or(defaults.common_random_numbers),
    }
}

/// `[traces]`; 0 replicates are no traces.
fn traces(root: &Fields, problems: &mut Problems) -> Option<Traces> {
    let fields = root.get("traces").and_then(|node| Fields::of(node, "traces", problems))?;
    fields.allow(&["replicates", "every_s"], problems);
    fields.require("replicates", &format!("a whole number, 0 … {REPLICATES_MAX}"), problems);
    let replicates = fields.whole("replicates", 0, REPLICATES_MAX, problems).and_then(|n| u32::try_from(n).ok());
    let every_s = fields.number("every_s", |x| x > 0.0 && x.is_finite(), "a finite number > 0 s", problems);
    Some(Traces { replicates: replicates?, every_s: every_s? }).filter(|traces| traces.replicates > 0)
}
