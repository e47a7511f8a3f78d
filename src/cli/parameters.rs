//! `critmass parameters`

use comfy_table::{ContentArrangement, Table};
use serde_json::{Value as Json, json};

use super::failure::Failure;
use super::output::print;
use super::text::markdown_row;
use crate::parameters::Parameter;

/// The arguments of `parameters`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Only those whose name holds this word, such as login or timeout; or, if there is none, whose meaning does
    #[arg(value_name = "WORD")]
    word: Option<String>,
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
    let listed = listed(arguments.word.as_deref())?;
    print(&match arguments.format {
        Format::Table => table(listed),
        Format::Json => format!("{:#}\n", Json::Array(listed.into_iter().map(json).collect())),
        Format::Markdown => markdown(listed),
    })
}

/// The parameters that a word asks for.
fn listed(word: Option<&str>) -> Result<Vec<&'static Parameter>, Failure> {
    let Some(word) = word.map(str::to_lowercase) else { return Ok(Parameter::all().collect()) };
    let named: Vec<&Parameter> = Parameter::all().filter(|parameter| parameter.name.contains(&word)).collect();
    let is_meant = |parameter: &&Parameter| parameter.meaning.to_lowercase().contains(&word);
    let found = if named.is_empty() { Parameter::all().filter(is_meant).collect() } else { named };
    if !found.is_empty() {
        return Ok(found);
    }
    let mut groups: Vec<&str> = Parameter::all().map(Parameter::group).collect();
    groups.dedup();
    let groups = groups.join(", ");
    Err(Failure::WrongInput(format!("no parameter has {word:?} in its name or meaning; the groups are {groups}")))
}

/// Two columns: what it is called and takes; what it means. The whole of it in six columns needs 200.
fn table(parameters: Vec<&Parameter>) -> String {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(80);
    table.set_header(["parameter = default [unit]", "meaning, range, source"]);
    for parameter in parameters {
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

fn json(parameter: &Parameter) -> Json {
    let [name, unit, _, range, meaning, source] = row(parameter);
    json!({
        "parameter": name, "unit": unit, "default": parameter.default().to_json(), "range": range,
        "meaning": meaning, "source": source, "intervention": parameter.intervenable,
    })
}

/// A table of Markdown with a row for each parameter.
pub(super) fn markdown(parameters: impl IntoIterator<Item = &'static Parameter>) -> String {
    let head = markdown_row(&HEAD.map(str::to_owned)) + &markdown_row(&HEAD.map(|_| "---".to_owned()));
    parameters.into_iter().fold(head, |text, parameter| text + &markdown_row(&row(parameter)))
}
