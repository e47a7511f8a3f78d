//! The keys of the sweep file, table by table: as text for a terminal, and as a page.

use comfy_table::{ContentArrangement, Table as TextTable};

use crate::cli::failure::Failure;
use crate::cli::text::{markdown_row, wrap};
use crate::cli::{columns, parameters};
use crate::parameters::Parameter;
use crate::sweep::keys::{Form, Key, Settings, Table, Without, file, region};

/// Characters of a line of text.
const WIDTH: usize = 80;

const INTRODUCTION: &str = "\
A sweep file is TOML. Its tables and keys are listed here, with what each takes and what holds without it; parameters
stand under their dotted names, `updates.synchronization = 0.3`. Units are the last part of a name: `_s` are seconds,
`_h` hours. `inf` is a number where a parameter allows it, `nan` never is. What is not listed is refused, with the
nearest name that is. `--set KEY=VALUE` changes any key on the command line: `--set replicates.at_most=10`,
`--set updates.synchronization=0.6`.

`critmass new NAME --template …` writes a sweep file to start from. Editors that know JSON Schema complete and check
one that begins with `#:schema sweep-file.schema.json`, beside the file that `critmass reference --format json-schema`
writes.
";

/// The tables of a sweep file, in the order in which a file would have them: each before those of its own keys.
fn tables() -> Vec<&'static Table> {
    fn add(table: &'static Table, tables: &mut Vec<&'static Table>) {
        if tables.iter().any(|added| std::ptr::eq(*added, table)) {
            return;
        }
        tables.push(table);
        for key in table.keys {
            if let Form::Table(inner) | Form::Tables(inner) = key.form {
                add(inner, tables);
            }
        }
        match table.settings {
            Settings::Laws => Table::LAWS.iter().for_each(|(_, law)| add(law, tables)),
            // The one parameter whose value is a list of tables.
            Settings::Values => add(&region::TABLE, tables),
            Settings::None | Settings::Changes => {}
        }
    }
    let mut tables = Vec::new();
    add(&file::TABLE, &mut tables);
    tables
}

/// The introduction as lines of a terminal.
fn introduction() -> String {
    let paragraphs =
        INTRODUCTION.trim_end().split("\n\n").map(|paragraph| wrap(&paragraph.replace('\n', " "), WIDTH, 0));
    paragraphs.collect::<Vec<_>>().join("\n\n").replace('`', "")
}

/// What a table takes besides its keys.
fn settings(table: &Table) -> Option<String> {
    match table.settings {
        Settings::None => None,
        Settings::Values => Some("Also any parameter, with a value.".to_owned()),
        Settings::Changes => {
            let names: Vec<&str> = Parameter::all().filter(|p| p.intervenable).map(|p| p.name).collect();
            Some(format!(
                "Also a new value of any parameter that can change in the middle of a run: {}.",
                names.join(", ")
            ))
        }
        Settings::Laws => {
            let laws: Vec<&str> = Table::LAWS.iter().map(|(name, _)| *name).collect();
            Some(format!("Also any numeric parameter, with a law: {}.", laws.join(", ")))
        }
    }
}

/// The tables for a terminal; with a word, only what is called so.
pub(super) fn text(word: Option<&str>) -> Result<String, Failure> {
    let Some(word) = word else {
        let tables: Vec<String> = tables().into_iter().map(|table| section(table, table.keys)).collect();
        return Ok(format!("{}\n\n{}", introduction(), tables.join("\n")));
    };
    let wanted = word.trim_matches(['[', ']']).to_lowercase();
    let sections: Vec<String> = tables()
        .into_iter()
        .filter_map(|table| {
            if table.written.contains(&wanted) {
                return Some(section(table, table.keys));
            }
            let keys: Vec<Key> = table.keys.iter().filter(|key| key.name.contains(&wanted)).copied().collect();
            (!keys.is_empty()).then(|| section(table, &keys))
        })
        .collect();
    if sections.is_empty() {
        let names: Vec<&str> = tables().into_iter().map(|table| table.written).collect();
        let message =
            format!("no table or key of a sweep file is called {word:?}; the tables are {}", names.join(", "));
        let hint = "parameters are listed by critmass parameters, outputs by critmass columns";
        return Err(Failure::WrongInput(format!("{message}; {hint}")));
    }
    Ok(sections.join("\n"))
}

fn section(table: &Table, keys: &[Key]) -> String {
    let mut text = format!("{}\n{}\n", table.written, wrap(table.meaning, WIDTH, 0));
    if !keys.is_empty() {
        let mut list = TextTable::new();
        list.load_style(comfy_table::presets::NOTHING);
        list.set_content_arrangement(ContentArrangement::Dynamic);
        list.set_width(WIDTH as u16);
        for key in keys {
            let without = match key.without {
                Without::Refused => "required".to_owned(),
                Without::Default(value) => format!("{value} if absent"),
                Without::Else(what) => format!("if absent: {what}"),
            };
            list.add_row([key.name.to_owned(), format!("{}\nTakes {}; {without}.", key.meaning, key.form)]);
        }
        let list = list.to_string();
        text.extend(list.lines().map(|line| line.trim_end().to_owned() + "\n"));
    }
    text.extend(settings(table).map(|more| wrap(&more, WIDTH, 0) + "\n"));
    text.extend(
        table.example.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("  {line}\n") }),
    );
    text
}

/// The whole page.
pub(super) fn markdown() -> Result<String, Failure> {
    let mut text = String::from(
        "# The sweep file\n\n<!-- critmass reference --format markdown, which this page is compared with -->\n\n",
    );
    text += INTRODUCTION;
    for table in tables() {
        let is_code = table.written.contains(['[', '{']);
        let heading = if is_code { format!("`{}`", table.written) } else { table.written.to_owned() };
        text += &format!("\n## {heading}\n\n{}\n\n", escaped(table.meaning));
        if !table.keys.is_empty() {
            text += &row(["key", "takes", "if absent", "meaning"]);
            text += &row(["---"; 4]);
        }
        for key in table.keys {
            let name = format!("`{}`", key.name);
            let without = match key.without {
                Without::Refused => "required".to_owned(),
                Without::Default(value) => format!("`{value}`"),
                Without::Else(what) => what.to_owned(),
            };
            text += &row([&name, &key.form.to_string(), &without, key.meaning]);
        }
        text.extend(settings(table).map(|more| format!("\n{}\n", escaped(&more))));
        if !table.example.is_empty() {
            text += &format!("\n```toml\n{}```\n", table.example);
        }
    }
    text += "\n## Parameters\n\nWhat `critmass parameters` lists; `critmass parameters login` lists a group.\n\n";
    text += &parameters::markdown(Parameter::all());
    text += "\n## Columns\n\nWhat `critmass columns` lists: the columns of the tables in the folder of every sweep, here for one that has neither axes nor uncertain inputs, which have columns of their own. `critmass columns DIR` lists those of one sweep, and says which intervals it has.\n\n";
    text += &columns::markdown(&columns::of_every_sweep()?);
    Ok(text)
}

fn row(cells: [&str; 4]) -> String {
    markdown_row(&cells.map(str::to_owned))
}

/// A text in which nothing is markup: underscores between letters are none.
fn escaped(text: &str) -> String {
    text.replace('*', "\\*").replace('<', "\\<")
}
