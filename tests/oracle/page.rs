//! `docs/kernel.md` names functions and files of the kernel and of the reference: they must be there.

use std::path::Path;

/// What a Markdown link says, and where it leads: `[text](target)`.
fn links(page: &str) -> Vec<(&str, &str)> {
    let mut links = Vec::new();
    for (end_of_text, _) in page.match_indices("](") {
        let text = page[..end_of_text].rsplit('[').next().unwrap_or_default();
        let target = page[end_of_text + 2..].split(')').next().unwrap_or_default();
        links.push((text, target));
    }
    links
}

/// Whether a source defines an item of this name.
fn defines(source: &str, name: &str) -> bool {
    let kinds = ["fn", "struct", "enum", "trait"];
    kinds.iter().any(|kind| {
        let definition = format!("{kind} {name}");
        let ends = |rest: &str| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_');
        source.match_indices(&definition).any(|(start, _)| ends(&source[start + definition.len()..]))
    })
}

#[test]
fn every_function_and_file_that_the_page_of_the_kernel_names_exists() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let page = std::fs::read_to_string(docs.join("kernel.md")).expect("the page is there");
    let mut items = 0;
    for (text, target) in links(&page) {
        // Another page of the documents may lead further; these are checked with all documents.
        let Some(path) = target.strip_prefix("../") else { continue };
        let path = docs.join("..").join(path);
        assert!(path.is_file(), "{target} of {text}");
        let name = text.trim_matches('`');
        let is_code = text.starts_with('`');
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        // A link to a whole file says its path, or its name.
        let is_file = name.contains('/') || name == stem || path.parent().is_some_and(|folder| folder.ends_with(name));
        if is_code && !is_file {
            let source = std::fs::read_to_string(&path).expect("it is a file");
            assert!(defines(&source, name), "{target} defines no {name}");
            items += 1;
        }
    }
    assert!(items > 50, "{items}");
    assert!(defines("pub fn tick(now: u32)", "tick") && !defines("fn ticks()", "tick"));
}
