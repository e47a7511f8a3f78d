//! What the documents say, held against what they speak of: files that they link to, parameters and outputs that they
//! name, commands that they list, and figures, which stand in one place: the stored outputs of the notebooks.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value as Json;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The files below a folder whose names end so, relative to the root, in order.
fn files(folder: &str, end: &str) -> Vec<String> {
    let mut found = Vec::new();
    let entries = fs::read_dir(root().join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    for entry in entries.map(Result::unwrap) {
        let path = format!("{folder}/{}", entry.file_name().into_string().unwrap());
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&path, end));
        } else if path.ends_with(end) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// All documents, each with its text without fenced blocks.
fn documents() -> Vec<(String, String)> {
    let mut names = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md"].map(str::to_owned).to_vec();
    names.extend(files("docs", ".md"));
    names.extend(files("benches", ".md"));
    names.into_iter().map(|name| (prose(&read(&name)), name)).map(|(text, name)| (name, text)).collect()
}

fn prose(text: &str) -> String {
    text.split("```").step_by(2).collect()
}

/// What stands between `` ` `` and `` ` `` in a text without fenced blocks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// What the program prints.
fn critmass(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_critmass")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The part of a URL that leads to a heading, as GitHub makes it.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase().replace(' ', "-");
    kept.chars().filter(|&c| c.is_alphanumeric() || c == '-' || c == '_').collect()
}

fn headings(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| line.starts_with('#'));
    lines.map(|line| line.trim_start_matches('#').trim().to_owned()).collect()
}

/// Why a link of a document leads nowhere; `None` where it does lead somewhere, or out of the repository.
fn dead_end(document: &str, link: &str) -> Option<String> {
    if link.contains("://") {
        return None;
    }
    let (path, heading) = link.split_once('#').unwrap_or((link, ""));
    let folder = Path::new(document).parent().unwrap_or(Path::new(""));
    let target = if path.is_empty() { PathBuf::from(document) } else { folder.join(path) };
    let text = match fs::metadata(root().join(&target)) {
        Err(error) => return Some(format!("{document}: {link}: {error}")),
        // A folder, or a picture: neither has headings.
        Ok(data) if data.is_dir() || path.ends_with(".png") => String::new(),
        Ok(_) => prose(&read(&target.to_string_lossy())),
    };
    let leads = heading.is_empty() || headings(&text).iter().any(|of| anchor(of) == heading);
    (!leads).then(|| format!("{document}: {link}: no such heading"))
}

#[test]
fn every_link_leads_to_a_file_and_to_a_heading_of_it() {
    let mut dead = Vec::new();
    for (document, text) in documents() {
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        dead.extend(links.filter_map(|link| dead_end(&document, link)));
    }
    assert!(dead.is_empty(), "{}", dead.join("\n"));
}

#[test]
fn every_path_that_a_document_names_exists() {
    const FOLDERS: [&str; 8] = ["src/", "tests/", "benches/", "docs/", "examples/", "sweeps/", "notebooks/", ".ci/"];
    let mut missing = Vec::new();
    for (document, text) in documents() {
        for code in quoted(&text) {
            let word = code.split_whitespace().next().unwrap_or_default();
            let is_path = FOLDERS.iter().any(|folder| word.starts_with(folder));
            if is_path && !root().join(word).exists() {
                missing.push(format!("{document}: {word}"));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn the_page_of_the_sweep_file_is_what_the_program_prints() {
    let printed = critmass(&["reference", "--format", "markdown"]);
    let is_same = read("docs/sweep-file.md") == printed;
    assert!(is_same, "write it anew: critmass reference --format markdown > docs/sweep-file.md");
}

/// The names of all parameters.
fn parameters() -> BTreeSet<String> {
    let list: Json = serde_json::from_str(&critmass(&["parameters", "--format", "json"])).unwrap();
    list.as_array().unwrap().iter().map(|of| of["parameter"].as_str().unwrap().to_owned()).collect()
}

/// Keys of an intervention that look like parameters.
const ACTS: [&str; 1] = ["login.flush"];

#[test]
fn documents_name_parameters_that_exist_and_the_model_names_all() {
    let known = parameters();
    let groups: BTreeSet<&str> = known.iter().filter_map(|name| name.split('.').next()).collect();
    let mut in_model = BTreeSet::new();
    for (document, text) in documents() {
        // It names functions and fields of the code, which may look like parameters.
        if document == "docs/kernel.md" {
            continue;
        }
        for name in quoted(&text).flat_map(|code| code.split([' ', '='])) {
            let Some((group, field)) = name.split_once('.') else { continue };
            let is_field = field.chars().all(|c| c.is_ascii_lowercase() || c == '_') && field != "rs";
            if groups.contains(group) && is_field && !field.is_empty() {
                if ACTS.contains(&name) {
                    continue;
                }
                assert!(known.contains(name), "{document} names {name}");
                if document == "docs/model.md" {
                    in_model.insert(name.to_owned());
                }
            }
        }
    }
    let missing: Vec<&String> = known.difference(&in_model).collect();
    assert!(missing.is_empty(), "docs/model.md does not say what these do: {missing:?}");
}

#[test]
fn the_model_lists_the_outputs_of_a_run() {
    let small = ["simulate", "--set", "population.clients=100", "--set", "time.horizon_h=13", "--format", "json"];
    let run: Json = serde_json::from_str(&critmass(&small)).unwrap();
    let reported: BTreeSet<&str> = run["outputs"].as_object().unwrap().keys().map(String::as_str).collect();
    let text = read("docs/model.md");
    let (_, section) = text.split_once("## Outputs of a run").unwrap();
    let rows = section.lines().skip_while(|line| !line.starts_with("| `")).take_while(|line| line.starts_with('|'));
    let listed: BTreeSet<&str> = rows.flat_map(|row| quoted(row.split('|').nth(1).unwrap())).collect();
    assert_eq!(listed, reported);
}

#[test]
fn comments_cite_sections_that_the_model_has() {
    let sections = headings(&prose(&read("docs/model.md")));
    let mut cited = 0;
    for file in files("src", ".rs").into_iter().chain(files("tests", ".rs")) {
        if file == "tests/documents.rs" {
            continue;
        }
        // A citation may go on in the next line of a comment.
        let lines = read(&file);
        let text: Vec<&str> =
            lines.lines().map(|line| line.trim_start().trim_start_matches(['/', '!']).trim()).collect();
        for rest in text.join(" ").split("model.md").skip(1) {
            let title = [", \"", " (\"", ": \""].iter().find_map(|before| rest.strip_prefix(before));
            if let Some(title) = title.and_then(|title| title.split('"').next()) {
                assert!(sections.iter().any(|section| section == title), "{file} cites {title:?} of the model");
                cited += 1;
            }
        }
    }
    assert!(cited >= 3, "{cited} citations");
}

#[test]
fn the_readme_lists_the_commands_of_the_program() {
    let help = critmass(&["--help"]);
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let names = commands.lines().take_while(|line| !line.is_empty()).filter_map(|line| line.split_whitespace().next());
    let offered: BTreeSet<&str> = names.filter(|&name| name != "help").collect();
    let readme = read("README.md");
    let rows: Vec<&str> = readme.lines().filter_map(|line| line.strip_prefix("| `critmass ")).collect();
    let calls: BTreeSet<&str> = rows.iter().filter_map(|row| row.split(" | ").next()).collect();
    assert_eq!(calls.len(), rows.len(), "a call has one row");
    let listed: BTreeSet<&str> = rows.iter().filter_map(|row| row.split([' ', '`']).next()).collect();
    assert_eq!(listed, offered);
}

#[test]
fn every_row_of_what_happens_to_a_folder_names_tests_that_exist() {
    let cells = |document: &str, heading: &str| -> Vec<Vec<String>> {
        let text = read(document);
        let (_, table) = text.split_once(heading).unwrap_or_else(|| panic!("{document} has no {heading:?}"));
        let rows = table.lines().skip_while(|line| !line.starts_with("| ")).take_while(|line| line.starts_with("| "));
        let words = |row: &str| row.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect();
        rows.filter(|row| !row.starts_with("| ---")).map(words).collect()
    };
    let promised = cells("README.md", "| what happens | what follows |");
    let tested = cells("docs/reliability.md", "| what happens | tests |");
    let names = |rows: &[Vec<String>]| rows.iter().map(|row| row[0].clone()).collect::<Vec<_>>();
    assert!(promised.len() > 10 && names(&promised) == names(&tested), "{promised:#?}\n{tested:#?}");
    let tests: String = files("tests/end_to_end", ".rs").iter().map(|file| read(file)).collect();
    for row in &tested {
        let named: Vec<&str> = quoted(&row[1]).collect();
        assert!(!named.is_empty(), "{row:?}");
        for name in named {
            assert!(tests.contains(&format!("#[test]\nfn {name}() {{")), "{name}");
        }
    }
}

#[test]
fn the_changelog_has_the_version_and_says_whether_its_numbers_change() {
    let changes = read("CHANGELOG.md");
    let (_, entry) = changes.split_once(concat!("\n## ", env!("CARGO_PKG_VERSION"), " ")).unwrap();
    let entry = entry.split("\n## ").next().unwrap();
    assert!(entry.contains("| numbers of a seed | law |"), "{entry}");
}

#[test]
fn the_readme_lists_every_sweep_with_its_question() {
    let (readme, mut names) = (read("README.md"), Vec::new());
    for entry in std::fs::read_dir(root().join("sweeps")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let sweep: critmass::Sweep = std::fs::read_to_string(&path).unwrap().parse().unwrap();
            let row = format!("| [`{0}`](sweeps/{0}.toml) | {1} |\n", sweep.name, sweep.question);
            assert!(readme.contains(&row), "README has no row {row}");
            assert!(path.ends_with(format!("{}.toml", sweep.name)), "{}", path.display());
            names.push(sweep.name);
        }
    }
    assert!(names.len() > 10, "{names:?}");
}

/// What the cells of a notebook wrote, by its stored outputs: Markdown, or text.
fn stored(notebook: &str) -> Vec<String> {
    let notebook: Json = serde_json::from_str(&read(notebook)).unwrap();
    let joined = |lines: &Json| lines.as_array().map(|lines| lines.iter().filter_map(Json::as_str).collect::<String>());
    let cells = notebook["cells"].as_array().unwrap();
    let outputs = cells.iter().filter_map(|cell| cell["outputs"].as_array()).flatten();
    outputs.filter_map(|output| joined(&output["data"]["text/markdown"]).or_else(|| joined(&output["text"]))).collect()
}

/// What stands between two phrases in a text whose lines are joined.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no {before:?} in {text}"));
    rest.split_once(after).unwrap_or_else(|| panic!("no {after:?} after {before:?}")).0
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The rows of the tables in a text, without those that separate the head.
fn rows(text: &str) -> Vec<&str> {
    text.lines().filter(|line| line.starts_with('|') && !line.starts_with("| ---")).collect()
}

#[test]
fn the_readme_says_of_size_and_tick_what_the_notebook_computed() {
    let stored = stored("notebooks/validation.ipynb");
    let of = |phrase: &str| stored.iter().find(|text| one_line(text).contains(phrase)).unwrap();
    let (size, tick) = (of("towards its limit of"), of("above the limit tick → 0"));
    let readme = read("README.md");
    let table = rows(size);
    assert_eq!(table.len(), 7, "a head and six sizes");
    for row in table {
        assert!(readme.contains(row), "README has another row than the notebook's {row}");
    }
    let (readme, size, tick) = (one_line(&readme), one_line(size), one_line(tick));
    let limit = between(&size, "towards its limit of ", " (95 %)");
    assert!(readme.contains(&format!("its limit of {limit}")), "the limit is {limit}");
    let error = between(&tick, "At the default of 5 s it lies ", " (95 %)");
    assert!(readme.contains(&format!("at the default of 5 s {error} above the limit")), "the error is {error}");
    let ticks = between(&tick, "At ticks of ", " the critical share");
    assert!(readme.contains(&format!("Ticks of {ticks}")), "the ticks are {ticks}");
    assert!(tick.contains("60 s 0 of "), "README says that there is no outage at ticks of 60 s");
}

#[test]
fn the_readme_shows_the_surface_that_the_notebook_shows() {
    let stored = stored("notebooks/outage-surfaces.ipynb");
    let printed = |text: &str| -> Vec<Vec<String>> {
        // What marks how large and how sure an estimate is.
        let words = |line: &str| line.replace(['|', '%', '~', '·', '░', '▒', '▓', '█'], " ");
        let numbers = |line: &str| words(line).split_whitespace().map(str::to_owned).collect();
        text.lines().map(numbers).collect()
    };
    let surface = stored.iter().find(|text| text.contains("Outage probability, down")).unwrap();
    let shown = read("README.md");
    let map = between(&shown, "Outage probability in %\n", "\n\n");
    // Two lines with the names of the axes; then a line of values, and one for each row.
    let map: Vec<Vec<String>> = printed(map).split_off(2);
    assert_eq!(printed(&rows(surface).join("\n")), map);
    let counts = stored.iter().find(|text| text.contains("runs")).unwrap();
    let [cells, runs] = [between(counts, "· ", " cells"), between(counts, "cells · ", " runs")];
    assert!(shown.contains(&format!("{cells} of {cells} cells, {runs} runs")), "{cells} cells, {runs} runs");
    let (thousands, rest) = runs.split_at(runs.len() - 3);
    assert!(read("benches/README.md").contains(&format!("| 0.6 | {thousands},{rest} |")), "{runs} runs");
}

/// The sections of a document: what stands before the first heading, and each from its heading on.
fn sections(text: &str) -> Vec<&str> {
    let headings = text.match_indices("\n## ").map(|(at, _)| at);
    let starts: Vec<usize> = [0].into_iter().chain(headings).chain([text.len()]).collect();
    starts.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect()
}

/// The paragraphs of a section: those that are quoted (`> `), and the others.
fn quotations(section: &str) -> (Vec<String>, Vec<&str>) {
    let (quoted, own): (Vec<&str>, Vec<&str>) = section.split("\n\n").partition(|text| text.starts_with("> "));
    (quoted.iter().map(|text| one_line(&text.replace("\n> ", "\n")[2..])).collect(), own)
}

/// The notebooks that a text links to.
fn linked_notebooks(text: &str) -> Vec<String> {
    let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let names = links.filter(|link| link.ends_with(".ipynb")).filter_map(|link| link.rsplit('/').next());
    names.map(|name| format!("notebooks/{name}")).collect()
}

/// A text without what stands in back quotes, and without the targets of links.
fn words(text: &str) -> String {
    let plain: String = text.split('`').step_by(2).collect();
    let parts = plain.split("](").enumerate();
    parts.map(|(at, part)| if at == 0 { part } else { part.split_once(')').map_or("", |(_, rest)| rest) }).collect()
}

#[test]
fn the_answers_are_those_that_the_notebooks_computed() {
    // Dates, and the confidence of all intervals.
    const KNOWN: [&str; 4] = ["20", "2007", "2010", "95"];
    let (page, readme) = (read("docs/answers.md"), read("README.md"));
    let readme = sections(&readme).into_iter().find(|text| text.starts_with("\n## The answers\n")).unwrap();
    let mut asked = 0;
    for section in sections(&page).into_iter().chain([readme]) {
        let (quoted, own) = quotations(section);
        let notebooks = linked_notebooks(section);
        let computed: Vec<String> =
            notebooks.iter().flat_map(|name| stored(name)).map(|text| one_line(&text)).collect();
        for text in &quoted {
            assert!(computed.iter().any(|of| of.contains(text)), "none of {notebooks:?} says: {text}");
        }
        asked += quoted.len();
        for text in own.iter().filter(|text| !text.starts_with("```")).map(|text| words(text)) {
            let figure = |word: &&str| word.contains(|c: char| c.is_ascii_digit());
            let figures = text.split([' ', '\n']).map(|word| word.trim_matches(['.', ',', ':', '?', ';', ')', '(']));
            let free: Vec<&str> = figures.filter(figure).filter(|word| !KNOWN.contains(word)).collect();
            assert!(free.is_empty(), "these figures are no notebook's: {free:?} in {text}");
        }
    }
    assert!(asked >= 20, "{asked} answers");
}

#[test]
fn cargo_takes_the_versions_that_were_checked() {
    // `install` passes over Cargo.lock, and the rest changes it where it does not fit, unless they are told not to.
    let mut calls = Vec::new();
    for file in [".ci/run", ".ci/dependencies", "tests/slurm/test.sh", "tests/slurm/up.sh"] {
        calls.extend(read(file).lines().map(str::to_owned));
    }
    let of_gate = calls.len();
    for (name, _) in documents() {
        calls.extend(read(&name).lines().map(str::to_owned));
    }
    let is_call = |(line, text): &(usize, &String)| {
        let builds =
            ["build", "clippy", "doc", "test", "run"].iter().any(|command| text.contains(&format!("cargo {command} ")));
        text.contains("cargo install") || (*line < of_gate && builds)
    };
    let found: Vec<&String> = calls.iter().enumerate().filter(is_call).map(|(_, text)| text).collect();
    assert!(found.len() > 10, "{found:?}");
    let loose: Vec<&&String> = found.iter().filter(|text| !text.contains("--locked")).collect();
    assert!(loose.is_empty(), "{loose:#?}");
}
