//! `critmass status`
//!
//! | file | what it holds |
//! | --- | --- |
//! | `state` | the states of a folder, with the exit status of each |
//! | `report` | what was found |
//! | `text`, `json` | how it is shown |

mod json;
mod report;
mod state;
mod text;

use std::path::PathBuf;

use super::failure::Failure;
use super::output::{print, say};
use crate::slurm::SlurmError;
use report::Report;
use state::State;

/// The arguments of `status`.
#[derive(clap::Args)]
#[command(after_help = exit_statuses())]
pub(super) struct Arguments {
    /// The folder of a sweep
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// How to show it
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people
    Table,
    /// For programs: one object, also where the folder cannot be read
    Json,
}

/// The exit statuses, for the help.
fn exit_statuses() -> String {
    let line = |(_, word, status, meaning): &(State, &str, u8, &str)| format!("  {status}  {word:<10}  {meaning}\n");
    format!("Exit status:\n{}", State::ALL.iter().map(line).collect::<String>())
}

pub(super) fn status(arguments: &Arguments) -> Result<(), Failure> {
    let state = match Report::of(&arguments.folder) {
        Ok(report) => {
            print(&match arguments.format {
                Format::Table => text::text(&report),
                Format::Json => format!("{:#}\n", json::json(&report)),
            })?;
            State::of(&report.inventory)
        }
        Err(error) => {
            let state = match &error {
                SlurmError::Store(error) => State::of_error(error),
                _ => State::Unreadable,
            };
            if arguments.format == Format::Json {
                let json = json::json_of_failure(state, &arguments.folder, &error.to_string());
                print(&format!("{json:#}\n"))?;
            }
            say(format_args!("error: {error}"));
            state
        }
    };
    if state == State::Complete { Ok(()) } else { Err(Failure::Said(state.exit_status())) }
}
