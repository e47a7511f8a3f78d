//! Reads `[replicates]` and `[traces]`: how many runs a cell gets, and which of them are traced.

use super::reader::Reader;
use super::refine;
use crate::random::SOBOL_DIMENSIONS;
use crate::statistics::blocks::{BLOCKS, is_even};
use crate::sweep::keys::{Key, replicates as keys, traces as trace_keys};
use crate::sweep::types::{Replicates, Sampling, Traces};

/// What holds where the file says nothing.
const DEFAULTS: Replicates = Replicates {
    at_least: 20,
    at_most: 100,
    half_width: None,
    confidence: 0.95,
    common_random_numbers: true,
    sampling: Sampling::Random,
};

/// What holds of Sobol points: whole blocks.
const SOBOL_DEFAULTS: Replicates =
    Replicates { at_least: BLOCKS, at_most: 8 * BLOCKS, sampling: Sampling::Sobol, ..DEFAULTS };

/// Reads `[replicates]`.
pub(super) fn replicates(root: &Reader) -> Replicates {
    let Some(table) = root.get_table("replicates") else {
        return Replicates { common_random_numbers: refine::has_common_random_numbers(root), ..DEFAULTS };
    };
    table.allow_keys(&keys::TABLE);
    let defaults = if sampling(&table) == Sampling::Sobol { SOBOL_DEFAULTS } else { DEFAULTS };
    let count = |key: &Key| table.whole_at(key).and_then(|n| u32::try_from(n).ok());
    let (at_least, at_most) = (count(&keys::AT_LEAST), count(&keys::AT_MOST));
    if let (Some(least), Some(most)) = (at_least, at_most)
        && least > most
        && let Some(written) = table.at(&keys::AT_LEAST)
    {
        written.refuse(&format!("at most replicates.at_most, {most}"));
    }
    if defaults.sampling == Sampling::Sobol {
        for (key, n) in [(&keys::AT_LEAST, at_least), (&keys::AT_MOST, at_most)] {
            if let (Some(n), Some(written)) = (n, table.at(key))
                && !is_even(n)
            {
                written.refuse(&format!("{} with sampling = \"sobol\": {}", even(n), WHY_EVEN));
            }
        }
    }
    let half_width = table.number_at(&keys::HALF_WIDTH);
    let confidence = table.number_at(&keys::CONFIDENCE);
    let common = table.boolean_at(&keys::COMMON_RANDOM_NUMBERS);
    Replicates {
        at_least: at_least.unwrap_or(defaults.at_least.min(at_most.unwrap_or(defaults.at_most))),
        at_most: at_most.unwrap_or(defaults.at_most.max(at_least.unwrap_or(defaults.at_least))),
        half_width,
        confidence: confidence.unwrap_or(defaults.confidence),
        common_random_numbers: common.unwrap_or_else(|| refine::has_common_random_numbers(root)),
        sampling: defaults.sampling,
    }
}

/// Why so many replicates of Sobol points and no others.
const WHY_EVEN: &str = "each of 16 blocks has 1, 2, 4, 8 … points";

/// The numbers of replicates beside one that are even.
fn even(n: u32) -> String {
    let above = (n.div_ceil(BLOCKS)).next_power_of_two() * BLOCKS;
    if above == BLOCKS { BLOCKS.to_string() } else { format!("{} or {above}", above / 2) }
}

/// How the inputs of the replicates are drawn.
fn sampling(table: &Reader) -> Sampling {
    let Some(written) = table.at(&keys::SAMPLING) else { return Sampling::default() };
    let Some(name) = written.text() else { return Sampling::default() };
    let found = Sampling::ALL.into_iter().find(|&(known, _)| known == name);
    found.map_or_else(
        || {
            written.refuse(&keys::SAMPLING.expectation());
            Sampling::default()
        },
        |(_, sampling)| sampling,
    )
}

/// Checks, if nothing else was wrong, that there is something to draw as Sobol points, and not too much.
pub(super) fn check_inputs(root: &Reader, replicates: &Replicates, inputs: usize) {
    if !root.problems().is_empty() {
        return;
    }
    if replicates.sampling != Sampling::Sobol || (1..=SOBOL_DIMENSIONS as usize).contains(&inputs) {
        return;
    }
    if let Some(written) = root.get("replicates").and_then(|table| table.at(&keys::SAMPLING)) {
        written.report(format!(
            "Sobol points are drawn for 1 … {SOBOL_DIMENSIONS} inputs, and [uncertain] has {inputs}; expected \"random\", or \
             other inputs"
        ));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::keys::Form;

    #[test]
    fn the_samplings_of_the_sweep_file_are_those_that_there_are() {
        let Form::Word(words) = keys::SAMPLING.form else { panic!("{:?}", keys::SAMPLING.form) };
        assert_eq!(words, Sampling::ALL.map(|(name, _)| name));
    }
}
