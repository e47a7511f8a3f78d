//! An answer that is a table.

use std::io::{BufWriter, Write};

use arrow_array::RecordBatch;
use arrow_schema::ArrowError;

use super::failure::Failure;
use super::output::print;
use crate::summary::{write_csv, write_json};

/// How it is shown.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// For people
    Table,
    /// Every row and column
    Csv,
    /// The same, an object for each row
    Json,
}

/// Shows an answer: its words, or its table.
pub(super) fn show(
    format: Format,
    words: impl FnOnce() -> Result<String, Failure>,
    table: impl FnOnce() -> Result<RecordBatch, ArrowError>,
) -> Result<(), Failure> {
    let mut out = BufWriter::new(std::io::stdout());
    match format {
        Format::Table => print(&words()?)?,
        Format::Csv => write_csv(&checked(table())?, &mut out)?,
        Format::Json => write_json(&checked(table())?, &mut out)?,
    }
    Ok(out.flush()?)
}

/// A table that is written to a file.
pub(super) fn checked(table: Result<RecordBatch, ArrowError>) -> Result<RecordBatch, Failure> {
    table.map_err(|error| Failure::Failed(error.to_string()))
}
