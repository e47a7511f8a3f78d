//! `critmass new`

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::output::{print, say};
use crate::sweep::Sweep;

/// The arguments of `new`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The name of the sweep; NAME.toml is written, which must not be there yet
    #[arg(value_name = "NAME")]
    name: PathBuf,
    /// What kind of network to start from
    #[arg(long, value_enum)]
    template: Template,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Template {
    /// A peer-to-peer network of super nodes that an update restarts, the archetype of 2007
    SuperNodes,
    /// A service whose clients keep a connection to one of its gateways, some of which fail
    Gateways,
    /// A fleet of devices with sessions at brokers, from which a cut separates them
    Brokers,
    /// A login server alone, whose clients restart together
    LoginServer,
}

/// In a template, stands for the name of the sweep.
const NAME: &str = "NAME";

impl Template {
    fn text(self) -> &'static str {
        match self {
            Template::SuperNodes => include_str!("templates/super-nodes.toml"),
            Template::Gateways => include_str!("templates/gateways.toml"),
            Template::Brokers => include_str!("templates/brokers.toml"),
            Template::LoginServer => include_str!("templates/login-server.toml"),
        }
    }
}

pub(super) fn new(arguments: &Arguments) -> Result<(), Failure> {
    let path = if arguments.name.extension().is_some_and(|extension| extension == "toml") {
        arguments.name.clone()
    } else {
        PathBuf::from(format!("{}.toml", arguments.name.display()))
    };
    let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let text = arguments.template.text().replace(NAME, &name);
    // What is wrong with the name is said as for any other sweep.
    Sweep::parse(&text, &path.display().to_string(), &[])?;
    write_new(&path, &text)?;
    print(&format!("{}\n", path.display()))?;
    let (file, out) = (path.display(), Path::new("out").join(&name));
    let out = out.display();
    say(format_args!(
        "written; next:\n  critmass run {file} --out {out} --dry-run    how many runs, how long\n  \
         critmass run {file} --out {out}\n  critmass reference                  every key that it may have"
    ));
    Ok(())
}

/// Writes a file that is not there yet.
fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::WrongInput(format!(
            "{}: it is there already, and stays as it is; expected a new name",
            path.display()
        )),
        ErrorKind::NotFound => Failure::WrongInput(format!("{}: there is no such folder", path.display())),
        _ => Failure::Failed(format!("{} cannot be written: {error}", path.display())),
    })
}
