//! Reads `[replicates]` and `[traces]`: how many runs a cell gets, and which of them are traced.

use super::reader::Reader;
use crate::sweep::types::{Replicates, Traces};

/// Most replicates of a cell.
const REPLICATES_MAX: u64 = 1_000_000;
/// What holds where the file says nothing.
const DEFAULTS: Replicates =
    Replicates { at_least: 20, at_most: 100, half_width: None, confidence: 0.95, common_random_numbers: true };

/// Reads `[replicates]`.
pub(super) fn replicates(root: &Reader) -> Replicates {
    let Some(table) = root.get_table("replicates") else { return DEFAULTS };
    table.allow(&["at_least", "at_most", "half_width", "confidence", "common_random_numbers"]);
    let count = |key| table.get(key)?.whole(1, REPLICATES_MAX).and_then(|n| u32::try_from(n).ok());
    let (at_least, at_most) = (count("at_least"), count("at_most"));
    if let (Some(least), Some(most)) = (at_least, at_most)
        && least > most
        && let Some(written) = table.get("at_least")
    {
        written.refuse(&format!("at most replicates.at_most, {most}"));
    }
    let between = |key, low: f64, high: f64| {
        table.get(key)?.number(|x| x > low && x < high, &format!("a number between {low} and {high}, neither included"))
    };
    let half_width = between("half_width", 0.0, 0.5);
    let confidence = between("confidence", 0.5, 1.0);
    let common = table.get("common_random_numbers").and_then(|common| common.boolean());
    Replicates {
        at_least: at_least.unwrap_or(DEFAULTS.at_least.min(at_most.unwrap_or(DEFAULTS.at_most))),
        at_most: at_most.unwrap_or(DEFAULTS.at_most.max(at_least.unwrap_or(DEFAULTS.at_least))),
        half_width,
        confidence: confidence.unwrap_or(DEFAULTS.confidence),
        common_random_numbers: common.unwrap_or(DEFAULTS.common_random_numbers),
    }
}

/// Reads `[traces]`; 0 replicates are no traces.
pub(super) fn traces(root: &Reader) -> Option<Traces> {
    let table = root.get_table("traces")?;
    table.allow(&["replicates", "every_s"]);
    let replicates = table.require("replicates", &format!("a whole number, 0 … {REPLICATES_MAX}"));
    let replicates = replicates.and_then(|n| n.whole(0, REPLICATES_MAX)).and_then(|n| u32::try_from(n).ok());
    let every_s = table.number_of("every_s", |x| x > 0.0 && x.is_finite(), "a finite number > 0 s");
    Some(Traces { replicates: replicates?, every_s: every_s? }).filter(|traces| traces.replicates > 0)
}
