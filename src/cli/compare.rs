//! `critmass compare`

use std::path::PathBuf;

use super::arguments::{between, outputs};
use super::complete::complete;
use super::failure::Failure;
use super::screen::screen_of_results;
use super::table::{self, Format};
use crate::summary::show::comparison_as_text;
use crate::summary::{Comparison, ComparisonError, compare as compare_points, compare_sweeps};
use crate::sweep::{Compare, Sweep};

/// The arguments of `compare`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The folder of a finished sweep
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The folder of another finished sweep: its cells less those of DIR, instead of those of DIR among themselves
    #[arg(value_name = "OTHER", conflicts_with_all = ["axis", "reference"])]
    other: Option<PathBuf>,
    /// The axis whose points are compared; by default that of [compare], or the first one that has variants
    #[arg(long, value_name = "NAME")]
    axis: Option<String>,
    /// The point that the others are compared with: a label or a value; by default that of [compare], or the first one
    #[arg(long, value_name = "POINT")]
    reference: Option<String>,
    /// The output that is shown (table)
    #[arg(long, value_name = "OUTPUT", default_value = "outage", value_parser = outputs())]
    output: String,
    /// Confidence of the intervals, between 0.5 and 1; by default that of the sweep
    #[arg(long, value_name = "C", value_parser = confidence)]
    confidence: Option<f64>,
    /// How to show the differences: of one output, or of every output in a row for each cell that is compared
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

fn confidence(text: &str) -> Result<f64, String> {
    between(text, 0.5, 1.0)
}

pub(super) fn compare(arguments: &Arguments) -> Result<(), Failure> {
    let comparison = match &arguments.other {
        Some(other) => {
            let (first, second) = (complete(&arguments.folder)?, complete(other)?);
            compare_sweeps(&second, &first, arguments.confidence).map_err(|error| match error {
                ComparisonError::Summary(error) => Failure::from(error),
                ComparisonError::NoPairs(_) => Failure::WrongInput(error.to_string()),
            })?
        }
        None => within(arguments)?,
    };
    let words = || Ok(comparison_as_text(&comparison, &arguments.output, &screen_of_results()).unwrap_or_default());
    table::show(arguments.format, words, || comparison.to_table())
}

/// Compares the cells of one sweep.
fn within(arguments: &Arguments) -> Result<Comparison, Failure> {
    let folder = complete(&arguments.folder)?;
    let sweep = folder.sweep();
    if !sweep.replicates.common_random_numbers {
        let message = "replicates of its cells are no pairs: common_random_numbers is false";
        return Err(Failure::WrongInput(format!("{}: {message}", arguments.folder.display())));
    }
    if sweep.sampled.is_some() {
        let message = format!(
            "the cells of the design {} are no grid, along whose lines they could be compared",
            sweep.design().kind()
        );
        return Err(Failure::WrongInput(format!("{}: {message}", arguments.folder.display())));
    }
    let axis = axis(sweep, arguments.axis.as_deref())?;
    let asked = sweep.compare.filter(|compare| compare.axis == axis).map_or(0, |compare| compare.reference);
    let reference = arguments.reference.as_deref().map_or(Ok(asked), |point| reference(sweep, axis, point))?;
    Ok(compare_points(&folder, axis, reference, arguments.confidence)?)
}

fn axis(sweep: &Sweep, name: Option<&str>) -> Result<usize, Failure> {
    let found = match (name, sweep.compare) {
        (Some(name), _) => sweep.axes.iter().position(|axis| axis.name == name),
        (None, Some(compare)) => Some(compare.axis),
        (None, None) => Compare::axis_of(&sweep.axes),
    };
    found.ok_or_else(|| {
        let axes = one_of(sweep.axes.iter().map(|axis| axis.name.clone()));
        Failure::WrongInput(match name {
            Some(name) => format!("--axis: {name:?} is no axis of the sweep; expected {axes}"),
            None => format!("no axis has variants; --axis says which one is meant: {axes}"),
        })
    })
}

fn reference(sweep: &Sweep, axis: usize, wanted: &str) -> Result<usize, Failure> {
    let Some(axis) = sweep.axes.get(axis) else { return Ok(0) };
    let labels = || (0..axis.size()).filter_map(|point| axis.label(point)).map(|label| label.to_string());
    let number: Option<f64> = wanted.parse().ok();
    let is_wanted = |label: String| label == wanted || number.is_some() && label.parse().ok() == number;
    labels().position(is_wanted).ok_or_else(|| {
        let points = one_of(labels());
        Failure::WrongInput(format!("--reference: {wanted:?} is no point of {}; expected {points}", axis.name))
    })
}

/// The first of some words, for a message.
fn one_of(words: impl Iterator<Item = String>) -> String {
    let words: Vec<String> = words.map(|word| format!("{word:?}")).collect();
    let shown = words[..words.len().min(30)].join(", ");
    if words.len() > 30 { format!("one of {shown}, …") } else { format!("one of {shown}") }
}
