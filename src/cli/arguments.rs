//! Values of arguments that several commands take, with messages that say what is expected.

use clap::builder::{PossibleValue, PossibleValuesParser};

use crate::engine::EngineKind;
use crate::engine::outcome::{OUTPUTS, OutputType};

/// A whole number of a range.
pub(super) fn whole<T: TryFrom<u64>>(text: &str, low: u64, high: u64) -> Result<T, String> {
    let number = text.parse().ok().filter(|number| (low..=high).contains(number));
    number.and_then(|number| T::try_from(number).ok()).ok_or_else(|| format!("expected a whole number, {low} … {high}"))
}

/// A number of threads.
pub(super) fn threads(text: &str) -> Result<u16, String> {
    whole(text, 1, 4096)
}

/// A number of shards.
pub(super) fn shards(text: &str) -> Result<u32, String> {
    whole(text, 1, 1_000_000)
}

/// The seed of a run.
pub(super) fn seed(text: &str) -> Result<u64, String> {
    whole(text, 0, u64::MAX)
}

/// A cell, or a replicate of one.
pub(super) fn number(text: &str) -> Result<u32, String> {
    whole(text, 0, u32::MAX.into())
}

/// A number between two others, neither included.
pub(super) fn between(text: &str, low: f64, high: f64) -> Result<f64, String> {
    let number = text.parse().ok().filter(|&number: &f64| number > low && number < high);
    number.ok_or_else(|| format!("expected a number between {low} and {high}, neither included"))
}

/// An outage probability that may be crossed.
pub(super) fn level(text: &str) -> Result<f64, String> {
    between(text, 0.0, 1.0)
}

/// Reads the name of an engine.
pub(super) fn engine(name: &str) -> Result<EngineKind, String> {
    let names = EngineKind::ALL.map(EngineKind::name);
    EngineKind::find(name).ok_or_else(|| format!("expected {}", names.join(" or ")))
}

/// The outputs that are numbers.
pub(super) fn outputs() -> PossibleValuesParser {
    let are_numbers = OUTPUTS.iter().filter(|output| output.kind != OutputType::Word);
    are_numbers.map(|output| PossibleValue::new(output.name)).into()
}

/// What a `--set` sets, key=value.
pub(super) fn setting(text: &str) -> Result<String, String> {
    const EXPECTED: &str = "expected key=value, such as login.discipline=lifo or replicates.at_most=10";
    match text.split_once('=') {
        None => Err(format!("there is no =; {EXPECTED}")),
        Some((_, value)) if value.trim().is_empty() => Err(format!("there is nothing after the =; {EXPECTED}")),
        Some(_) => Ok(text.to_owned()),
    }
}
