//! `critmass reference`

mod page;
mod schema;

use super::failure::Failure;
use super::output::print;

/// The arguments of `reference`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Only the tables, or the keys, whose name holds this word, such as replicates or half_width
    #[arg(value_name = "WORD", conflicts_with = "format")]
    word: Option<String>,
    /// How to show it
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    /// For a terminal: the keys of the sweep file
    Text,
    /// The same as a page, with all parameters and columns: docs/sweep-file.md
    Markdown,
    /// A JSON Schema of sweep files, for editors and other programs
    JsonSchema,
}

pub(super) fn reference(arguments: &Arguments) -> Result<(), Failure> {
    print(&match arguments.format {
        Format::Text => page::text(arguments.word.as_deref())?,
        Format::Markdown => page::markdown()?,
        Format::JsonSchema => format!("{:#}\n", schema::schema()),
    })
}
