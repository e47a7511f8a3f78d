//! `critmass parameters`

use comfy_table::{ContentArrangement, Table};
use serde_json::{Value as Json, json};

use super::failure::Failure;
use super::output::print;
use crate::parameters::{PARAMETERS, Parameter};

/// The arguments of `parameters`.
#[derive(clap::Args)]
pub(super) struct Arguments {
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
    /// For documents
    Markdown,
}

const HEAD: [&str; 6] = ["parameter", "unit", "default", "range", "meaning", "source"];

fn row(parameter: &Parameter) -> [String; 6] {
    [
        parameter.name.to_owned(),
        parameter.unit.to_owned(),
        parameter.default().to_string(),
        parameter.domain.to_string(),
        parameter.meaning.to_owned(),
        parameter.source.to_owned(),
    ]
}

pub(super) fn parameters(arguments: &Arguments) -> Result<(), Failure> {
    print(&match arguments.format {
        Format::Table => table(),
        Format::Json => format!("{:#}\n", json()),
        Format::Markdown => markdown(),
    })
}

/// Two columns: what it is called and takes; what it means. The whole of it in six columns needs 200.
fn table() -> String {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(80);
    table.set_header(["parameter = default [unit]", "meaning, range, source"]);
    for parameter in PARAMETERS {
        let [name, unit, default, range, meaning, source] = row(parameter);
        let unit = if unit == "1" { String::new() } else { format!(" [{unit}]") };
        let changeable = if parameter.intervenable { "\nAn intervention can change it." } else { "" };
        table.add_row([
            format!("{name}\n= {default}{unit}"),
            format!("{meaning}\nRange: {range}. Source: {source}.{changeable}"),
        ]);
    }
    format!("{table}\n")
}

fn json() -> Json {
    let object = |parameter: &Parameter| {
        let [name, unit, default, range, meaning, source] = row(parameter);
        json!({
            "parameter": name, "unit": unit, "default": default, "range": range, "meaning": meaning,
            "source": source, "intervention": parameter.intervenable,
        })
    };
    Json::Array(PARAMETERS.iter().map(object).collect())
}

fn markdown() -> String {
    let line = |row: &[String]| {
        let escaped: Vec<String> = row.iter().map(|entry| entry.replace('|', "\\|")).collect();
        format!("| {} |\n", escaped.join(" | "))
    };
    let mut text = line(&HEAD.map(str::to_owned)) + &line(&HEAD.map(|_| "---".to_owned()));
    PARAMETERS.iter().for_each(|parameter| text += &line(&row(parameter)));
    text
}
