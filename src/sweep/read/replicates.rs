//! Reads `[replicates]` and `[traces]`: how many runs a cell gets, and which of them are traced.

use super::reader::Reader;
use super::refine;
use crate::sweep::keys::{Key, replicates as keys, traces as trace_keys};
use crate::sweep::types::{Replicates, Traces};

/// What holds where the file says nothing.
const DEFAULTS: Replicates =
    Replicates { at_least: 20, at_most: 100, half_width: None, confidence: 0.95, common_random_numbers: true };

/// Reads `[replicates]`.
pub(super) fn replicates(root: &Reader) -> Replicates {
    let Some(table) = root.get_table("replicates") else {
        return Replicates { common_random_numbers: refine::has_common_random_numbers(root), ..DEFAULTS };
    };
    table.allow_keys(&keys::TABLE);
    let count = |key: &Key| table.whole_at(key).and_then(|n| u32::try_from(n).ok());
    let (at_least, at_most) = (count(&keys::AT_LEAST), count(&keys::AT_MOST));
    if let (Some(least), Some(most)) = (at_least, at_most)
        && least > most
        && let Some(written) = table.at(&keys::AT_LEAST)
    {
        written.refuse(&format!("at most replicates.at_most, {most}"));
    }
    let half_width = table.number_at(&keys::HALF_WIDTH);
    let confidence = table.number_at(&keys::CONFIDENCE);
    let common = table.boolean_at(&keys::COMMON_RANDOM_NUMBERS);
    Replicates {
        at_least: at_least.unwrap_or(DEFAULTS.at_least.min(at_most.unwrap_or(DEFAULTS.at_most))),
        at_most: at_most.unwrap_or(DEFAULTS.at_most.max(at_least.unwrap_or(DEFAULTS.at_least))),
        half_width,
        confidence: confidence.unwrap_or(DEFAULTS.confidence),
        common_random_numbers: common.unwrap_or_else(|| refine::has_common_random_numbers(root)),
    }
}

/// Reads `[traces]`; 0 replicates are no traces.
pub(super) fn traces(root: &Reader) -> Option<Traces> {
    let table = root.get_table("traces")?;
    table.allow_keys(&trace_keys::TABLE);
    let replicates = table.whole_at(&trace_keys::REPLICATES).and_then(|n| u32::try_from(n).ok());
    let every_s = table.number_at(&trace_keys::EVERY_S);
    Some(Traces { replicates: replicates?, every_s: every_s? }).filter(|traces| traces.replicates > 0)
}
