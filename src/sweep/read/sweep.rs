//! Reads a whole sweep from a document.

use std::path::Path;

use super::design::Wanted;
use super::document::{Content, FILE_BYTES_MAX};
use super::hints;
use super::quantities::Quantities;
use super::reader::Reader;
use super::{axes, cells, compare, design, locate, rare, refine, replicates, run, scenario, settings, uncertain};
use crate::parameters::Parameter;
use crate::sweep::keys::file;
use crate::sweep::types::{Sampled, Sweep};
use crate::sweep::{canonical, check};

/// Reads a sweep, which has to have a name if it is `named`; files that it names lie in `folder`. `None` if something is
/// wrong.
pub(super) fn sweep(root: &Reader, named: bool, folder: &Path) -> Option<Sweep> {
    check_keys(root);
    let name = name(root, named);
    let question = root.get("question").and_then(|question| question.text()).unwrap_or_default().to_owned();
    let seed = root.get("seed").and_then(|seed| self::seed(&seed)).unwrap_or(0);
    let before = root.problems().count();
    let scenario = scenario::scenario(root, false);
    let scenario_is_read = root.problems().count() == before;
    let wanted = design::design(root);
    let replicates = replicates::replicates(root);
    let traces = replicates::traces(root);
    let engine = run::engine(root);
    let quantities = Quantities::of(&scenario);
    let (axes::Read { mut axes, mut notes, .. }, sampled) = cells(root, &wanted, seed, folder, &quantities);
    let refine = refine::refine(root);
    if root.problems().is_empty()
        && let Some(refine) = &refine
    {
        refine::extend(root, refine, &mut axes);
        notes.extend(replicates.common_random_numbers.then(|| refine::NOTE.to_owned()));
    }
    let compare = if root.problems().is_empty() { compare::compare(root, &axes, &replicates) } else { None };
    let uncertain = uncertain::uncertain(root, &quantities, &axes);
    replicates::check_inputs(root, &replicates, uncertain.len());
    let rare = rare::rare(root, uncertain.len());
    notes.extend(rare.map(|_| rare::NOTE.to_owned()));
    if !root.problems().is_empty() {
        // What the scenario cannot be without axes is said along with the rest; with them it takes all to know.
        if scenario_is_read && root.get("axis").is_none() {
            scenario.conflicts_together().iter().for_each(|error| locate::report_scenario(error, root));
        }
        return None;
    }
    let (canonical, hash) = (String::new(), String::new());
    let mut sweep = Sweep {
        name,
        question,
        seed,
        scenario,
        axes,
        sampled,
        uncertain,
        replicates,
        traces,
        engine,
        refine,
        compare,
        rare,
        notes,
        canonical,
        hash,
    };
    check::check(&sweep).iter().for_each(|conflict| locate::report(conflict, root));
    if !root.problems().is_empty() {
        return None;
    }
    sweep.canonical = canonical::toml(&sweep);
    sweep.hash = canonical::hash(&sweep.canonical);
    check_size(&wanted, &sweep.canonical);
    root.problems().is_empty().then_some(sweep)
}

/// Reads the axes, and puts the cells where the design wants them.
fn cells(
    root: &Reader,
    wanted: &Wanted,
    seed: u64,
    folder: &Path,
    quantities: &Quantities,
) -> (axes::Read, Option<Sampled>) {
    let mut read = axes::axes(root, quantities, wanted);
    let mut sampled = None;
    if root.problems().is_empty() {
        sampled = cells::put(root, wanted, &mut read, seed, folder, quantities);
        read.notes.extend(sampled.as_ref().and_then(cells::note));
    }
    if !wanted.is_grid() {
        for (key, what) in
            [("refine", "cells are put between those"), ("compare", "cells are compared along the lines")]
        {
            if let Some(table) = root.get(key) {
                table.report(format!("{what} of a grid; expected [design] kind = \"grid\", or no [{key}]"));
            }
        }
    }
    (read, sampled)
}

/// Checks that a sweep with the points of a file in it is no larger than a sweep file.
fn check_size(wanted: &Wanted, canonical: &str) {
    if let Wanted::File(file) = wanted
        && canonical.len() as u64 > FILE_BYTES_MAX
    {
        file.report(format!(
            "the sweep with these points in it has {} bytes; expected at most {FILE_BYTES_MAX}: fewer points or columns",
            canonical.len()
        ));
    }
}

/// Reports what is no key of a sweep file. Parameters at the top are told where they belong, one by one.
fn check_keys(root: &Reader) {
    let keys = hints::of_file();
    for (key, value) in root.entries().filter(|(key, _)| !keys.contains(key)) {
        let settings: Vec<(&str, Reader)> = value.entries().collect();
        if !settings::is_group(key) || settings.is_empty() {
            value.report_unknown(hints::unknown_at_the_top(key), hints::meant(key, &keys));
            continue;
        }
        for (name, setting) in settings {
            let name = format!("{key}.{name}");
            setting.report_key(match Parameter::find(&name) {
                Some(_) => format!("parameters stand under [scenario]; did you mean scenario.{name}?"),
                None => hints::unknown_parameter(&name),
            });
        }
    }
}

/// Reads a seed. The whole numbers of TOML end at 2^63 − 1, so a larger one is a text.
fn seed(seed: &Reader) -> Option<u64> {
    let number = match seed.content() {
        Content::Integer(n) => u64::try_from(*n).ok(),
        Content::Text(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok(),
        _ => None,
    };
    if number.is_none() {
        seed.refuse(&file::SEED.expectation());
    }
    number
}

fn name(root: &Reader, named: bool) -> String {
    let written = if named { root.at(&file::NAME) } else { root.get(file::NAME.name) };
    written.and_then(|written| written.name(&file::NAME)).unwrap_or_default()
}
