//! The map in `lib.rs` holds: a module imports what stands in its row, and nothing that stands below it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The rows of the map: each module, and what it may import.
fn map() -> Vec<(String, BTreeSet<String>)> {
    let lib = fs::read_to_string(source().join("lib.rs")).unwrap();
    let names = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let rows = lib.lines().filter_map(|line| line.strip_prefix("//! | `").map(|row| format!("| `{row}")));
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').collect();
        (names(cells[1]).remove(0), names(cells[3]).into_iter().collect())
    })
    .collect()
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// All Rust files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

/// The modules that a file imports, its tests aside.
fn imports(file: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(file).unwrap();
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let code = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let is_part_of_a_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    code.flat_map(|line| line.split("crate::").skip(1))
        .map(|rest| rest.chars().take_while(|&c| is_part_of_a_name(c)).collect::<String>())
        .inspect(|name| assert!(!name.is_empty(), "{}: a list of modules in one import", file.display()))
        .filter(|name| name.starts_with(|c: char| c.is_ascii_lowercase()))
        .collect()
}

#[test]
fn a_module_imports_what_the_map_says() {
    let map = map();
    let modules: Vec<&String> = map.iter().map(|(module, _)| module).collect();
    assert!(modules.len() > 10, "{modules:?}");
    for file in files(&source()) {
        let path = file.strip_prefix(source()).unwrap();
        let module = path.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs").to_owned();
        if ["lib", "main"].contains(&module.as_str()) {
            continue;
        }
        let row = map.iter().find(|(name, _)| *name == module);
        let (_, allowed) = row.unwrap_or_else(|| panic!("{module} is not on the map"));
        for import in imports(&file).iter().filter(|&import| *import != module) {
            assert!(allowed.contains(import), "{}: imports {import}, which the map does not have", path.display());
        }
    }
}

#[test]
fn the_map_has_no_way_back() {
    let map = map();
    for (number, (module, imports)) in map.iter().enumerate() {
        for import in imports {
            assert!(map[..number].iter().any(|(above, _)| above == import), "{module}: {import} does not stand above");
        }
    }
}
