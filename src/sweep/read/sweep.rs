//! Reads a whole sweep from a document.

use super::document::Content;
use super::locate;
use super::reader::Reader;
use super::{axes, replicates, scenario, uncertain};
use crate::sweep::design::Design;
use crate::sweep::types::{Axis, Sweep};
use crate::sweep::{canonical, check};

/// The keys of a sweep file.
pub(super) const KEYS: [&str; 10] =
    ["axis", "design", "name", "question", "refine", "replicates", "scenario", "seed", "traces", "uncertain"];
/// Designs to come.
const LATER_DESIGNS: [&str; 3] = ["latin-hypercube", "sobol", "points"];

/// Reads a sweep, which has to have a name if it is `named`. `None` if something is wrong.
pub(super) fn sweep(root: &Reader, named: bool) -> Option<Sweep> {
    root.allow(&KEYS);
    let name = name(root, named);
    let question = root.get("question").and_then(|question| question.text()).unwrap_or_default().to_owned();
    // TOML ends at 2^63 − 1.
    let seed = root.get("seed").and_then(|seed| seed.whole(0, i64::MAX as u64)).unwrap_or(0);
    let scenario = scenario::scenario(root);
    check_design(root);
    let replicates = replicates::replicates(root);
    let traces = replicates::traces(root);
    let axes = axes::axes(root);
    let uncertain = uncertain::uncertain(root, &axes);
    if !root.problems().is_empty() {
        return None;
    }
    let (canonical, hash) = (String::new(), String::new());
    let mut sweep = Sweep { name, question, seed, scenario, axes, uncertain, replicates, traces, canonical, hash };
    for conflict in check::check(&sweep) {
        locate::report(&conflict, root);
    }
    if !root.problems().is_empty() {
        return None;
    }
    sweep.canonical = canonical::toml(&sweep);
    sweep.hash = canonical::hash(&sweep.canonical);
    Some(sweep)
}

fn name(root: &Reader, named: bool) -> String {
    let expected = "lower-case letters, digits and hyphens, such as \"critical-mass\"";
    let written = if named { root.require("name", expected) } else { root.get("name") };
    let Some(written) = written else { return String::new() };
    let Some(name) = written.text() else { return String::new() };
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || name.len() > 100 || !name.chars().all(fits) {
        written.refuse(expected);
    }
    name.to_owned()
}

/// The full grid is the only design so far.
fn check_design(root: &Reader) {
    const EXPECTED: &str = "\"grid\"";
    if let Some(refine) = root.get("refine") {
        refine.report("this version does not have refinement yet; expected no [refine]");
    }
    let Some(design) = root.get_table("design") else { return };
    let Some(kind) = design.require("kind", EXPECTED) else { return };
    match kind.content() {
        Content::Text(text) if text == Design::<Axis>::KIND => design.allow(&["kind"]),
        Content::Text(text) if LATER_DESIGNS.contains(&text.as_str()) => {
            kind.report(format!("this version does not have the design {} yet; expected {EXPECTED}", kind.node()));
        }
        _ => kind.refuse(EXPECTED),
    }
}
