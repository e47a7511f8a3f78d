//! `critmass summarize`

use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::Array;
use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, UInt32Type, UInt64Type};
use arrow_schema::ArrowError;
use arrow_schema::{DataType, Schema};
use arrow_select::concat::concat_batches;
use serde_json::{Map, Value as Json, json};

use super::failure::Failure;
use super::output::{print, say};
use crate::store::{Folder, Inspection, PartState};
use crate::summary::{show_surface, surface_rows, write_surface};

/// The arguments of `summarize`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The folder of a sweep
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// How to show the surface
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    /// A map or a list for people
    Table,
    /// Every column of surface.parquet
    Csv,
    /// The same, an object for each cell
    Json,
}

pub(super) fn summarize(arguments: &Arguments) -> Result<(), Failure> {
    let folder = Folder::open(&arguments.folder)?;
    let states = folder.part_states(Inspection::Footer)?;
    let open = states.iter().filter(|state| !matches!(state, PartState::Present(_))).count();
    if states.iter().all(|state| *state == PartState::Missing) && !folder.has_checkpoints()? {
        return Err(Failure::WrongInput(format!("{}: no run is finished yet", arguments.folder.display())));
    }
    let mut pieces = Vec::new();
    write_surface(&folder, &mut |piece| pieces.push(piece.clone()))?;
    let failed = |error: ArrowError| Failure::Failed(format!("{}: {error}", arguments.folder.display()));
    let schema = pieces.first().map_or_else(|| Arc::new(Schema::empty()), RecordBatch::schema);
    let surface = concat_batches(&schema, &pieces).map_err(failed)?;
    if open > 0 {
        say(format_args!(
            "the sweep is not complete: cells that are still running are shown with the runs that are kept so far"
        ));
    }
    print(&match arguments.format {
        Format::Table => show_surface(folder.sweep(), &surface_rows(&surface)),
        Format::Csv => csv(&surface),
        Format::Json => format!("{:#}\n", json(&surface)),
    })
}

/// One entry of a table as JSON.
fn entry(column: &dyn Array, row: usize) -> Json {
    if column.is_null(row) {
        return Json::Null;
    }
    match column.data_type() {
        DataType::UInt32 => json!(column.as_primitive::<UInt32Type>().value(row)),
        DataType::UInt64 => json!(column.as_primitive::<UInt64Type>().value(row)),
        DataType::Float64 => match column.as_primitive::<Float64Type>().value(row) {
            x if x.is_finite() => json!(x),
            x => json!(x.to_string()),
        },
        DataType::Boolean => json!(column.as_boolean().value(row)),
        _ => column.as_string_opt::<i32>().map_or(Json::Null, |words| json!(words.value(row))),
    }
}

fn json(table: &RecordBatch) -> Json {
    let schema = table.schema();
    let object = |row: usize| {
        let fields = schema.fields().iter().zip(table.columns());
        Json::Object(fields.map(|(field, column)| (field.name().clone(), entry(column, row))).collect::<Map<_, _>>())
    };
    Json::Array((0..table.num_rows()).map(object).collect())
}

/// The table as CSV (RFC 4180): a field with a comma or a quote is quoted; null is empty.
fn csv(table: &RecordBatch) -> String {
    let quoted = |text: String| {
        if text.contains([',', '"', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
    };
    let schema = table.schema();
    let names: Vec<String> = schema.fields().iter().map(|field| quoted(field.name().clone())).collect();
    let mut text = names.join(",") + "\n";
    for row in 0..table.num_rows() {
        let entries = table.columns().iter().map(|column| match entry(column, row) {
            Json::Null => String::new(),
            Json::String(word) => quoted(word),
            other => other.to_string(),
        });
        text += &(entries.collect::<Vec<String>>().join(",") + "\n");
    }
    text
}
