//! `critmass columns`

use std::path::{Path, PathBuf};

use arrow_schema::Schema;
use comfy_table::{ContentArrangement, Table};
use serde_json::{Value as Json, json};

use super::failure::Failure;
use super::output::print;
use super::text::markdown_row;
use crate::store::{Folder, run_schema, trace_schema};
use crate::summary::surface_schema;
use crate::sweep::Sweep;

/// The arguments of `columns`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// A sweep file, or the folder of a sweep, for its axes and uncertain inputs too. Without it, the columns that every
    /// sweep has
    #[arg(value_name = "SWEEP.toml | DIR")]
    source: Option<PathBuf>,
    /// How to list them
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    /// For people
    Table,
    /// For programs
    Json,
    /// For spreadsheets and data frames
    Csv,
    /// For documents
    Markdown,
}

/// One column of one of the tables of a sweep's folder.
pub(super) struct Column {
    /// The table: runs, surface or traces.
    pub(super) table: &'static str,
    pub(super) name: String,
    pub(super) data_type: String,
    pub(super) can_be_null: bool,
    pub(super) unit: String,
    pub(super) description: String,
}

/// What the columns of a list are called.
const HEAD: [&str; 6] = ["table", "column", "type", "null", "unit", "description"];

impl Column {
    fn cells(&self) -> [String; 6] {
        let null = if self.can_be_null { "possible" } else { "never" };
        let texts = [self.table, &self.name, &self.data_type, null, &self.unit, &self.description];
        texts.map(str::to_owned)
    }

    fn json(&self) -> Json {
        json!({
            "table": self.table, "column": self.name, "type": self.data_type, "nullable": self.can_be_null,
            "unit": self.unit, "description": self.description,
        })
    }
}

pub(super) fn columns(arguments: &Arguments) -> Result<(), Failure> {
    let columns = match &arguments.source {
        Some(source) => of_sweep(&sweep(source)?),
        None => of_every_sweep()?,
    };
    print(&match arguments.format {
        Format::Table => table(&columns),
        Format::Json => format!("{:#}\n", Json::Array(columns.iter().map(Column::json).collect())),
        Format::Csv => csv(&columns)?,
        Format::Markdown => markdown(&columns),
    })
}

fn sweep(source: &Path) -> Result<Sweep, Failure> {
    Ok(if source.is_dir() { Folder::open(source)?.sweep().clone() } else { Sweep::read(source, &[])? })
}

/// The columns of a sweep that has neither axes nor uncertain inputs.
pub(super) fn of_every_sweep() -> Result<Vec<Column>, Failure> {
    Ok(of_sweep(&Sweep::parse("name = \"any\"", "any", &[])?))
}

fn of_sweep(sweep: &Sweep) -> Vec<Column> {
    let tables = [("runs", run_schema(sweep)), ("surface", surface_schema(sweep)), ("traces", trace_schema())];
    tables.into_iter().flat_map(|(table, schema)| of_table(table, &schema)).collect()
}

fn of_table(table: &'static str, schema: &Schema) -> Vec<Column> {
    let column = |field: &std::sync::Arc<arrow_schema::Field>| {
        let said = |key: &str| field.metadata().get(key).cloned().unwrap_or_default();
        Column {
            table,
            name: field.name().clone(),
            data_type: field.data_type().to_string(),
            can_be_null: field.is_nullable(),
            unit: said("unit"),
            description: said("description"),
        }
    };
    schema.fields().iter().map(column).collect()
}

/// Two columns: what it is called and holds; what it means.
fn table(columns: &[Column]) -> String {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(80);
    table.set_header(["table: column [unit]", "type", "description"]);
    for column in columns {
        let unit = if column.unit == "1" { String::new() } else { format!(" [{}]", column.unit) };
        let null = if column.can_be_null { " or null" } else { "" };
        table.add_row([
            format!("{}: {}{unit}", column.table, column.name),
            format!("{}{null}", column.data_type),
            column.description.clone(),
        ]);
    }
    format!("{table}\n")
}

fn csv(columns: &[Column]) -> Result<String, Failure> {
    let mut table = csv::Writer::from_writer(Vec::new());
    let written = table.write_record(HEAD).and_then(|()| {
        columns.iter().try_for_each(|column| table.write_record(column.cells()))?;
        Ok(table.flush()?)
    });
    let failed = |error: String| Failure::Failed(format!("the list cannot be written: {error}"));
    written.map_err(|error| failed(error.to_string()))?;
    let bytes = table.into_inner().map_err(|error| failed(error.to_string()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A table of Markdown with a row for each column.
pub(super) fn markdown(columns: &[Column]) -> String {
    let head = markdown_row(&HEAD.map(str::to_owned)) + &markdown_row(&HEAD.map(|_| "---".to_owned()));
    columns.iter().fold(head, |text, column| text + &markdown_row(&column.cells()))
}
