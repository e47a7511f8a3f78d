//! In which keys two sweeps differ.

use std::collections::BTreeMap;
use std::fmt;

use toml_edit::{DocumentMut, Item, TableLike};

use super::types::Sweep;

/// Characters of a value that are shown.
const SHOWN: usize = 60;

/// A key of which two sweeps say different things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The key, such as `replicates.at_most` or `axis[overlay.slots].values`.
    pub key: String,
    /// What the first one says; `None` if it does not have the key.
    pub before: Option<String>,
    /// What the other one says.
    pub after: Option<String>,
}

impl Sweep {
    /// What another sweep says otherwise, in the order of the keys, by the canonical texts of both.
    pub fn differences(&self, after: &Sweep) -> Vec<Difference> {
        let (mut before, mut after) = (entries(&self.canonical), entries(&after.canonical));
        let keys: Vec<String> = before.keys().chain(after.keys()).cloned().collect();
        let mut differences: Vec<Difference> = keys
            .into_iter()
            .map(|key| Difference { before: before.remove(&key), after: after.remove(&key), key })
            .filter(|difference| difference.before != difference.after)
            .collect();
        differences.sort_by(|a, b| a.key.cmp(&b.key));
        differences
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: &Option<String>| match value {
            Some(value) if value.chars().count() > SHOWN => {
                format!("{} …", value.chars().take(SHOWN).collect::<String>())
            }
            Some(value) => value.clone(),
            None => "nothing".to_owned(),
        };
        write!(f, "{}: {} → {}", self.key, shown(&self.before), shown(&self.after))
    }
}

/// The values of a canonical text by their dotted keys.
fn entries(canonical: &str) -> BTreeMap<String, String> {
    let mut entries = BTreeMap::new();
    if let Ok(document) = canonical.parse::<DocumentMut>() {
        collect(document.as_table(), "", &mut entries);
    }
    entries
}

fn collect(table: &dyn TableLike, prefix: &str, entries: &mut BTreeMap<String, String>) {
    for (key, item) in table.iter() {
        let name = if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") };
        match item {
            Item::Table(table) => collect(table, &name, entries),
            Item::ArrayOfTables(tables) => {
                for (index, table) in tables.iter().enumerate() {
                    // An axis is known by its name, whatever its place.
                    let called = ["parameter", "name"].into_iter().find_map(|key| table.get(key)?.as_str());
                    let called = called.map_or_else(|| index.to_string(), str::to_owned);
                    collect(table, &format!("{name}[{called}]"), entries);
                }
            }
            item => {
                let lines = item.to_string();
                let text: Vec<&str> = lines.split_whitespace().collect();
                entries.insert(name, text.join(" "));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "name = \"a\"\nseed = 1\n[[axis]]\nparameter = \"updates.synchronization\"\nvalues = [0.0, 1.0]\n\
                       [[axis]]\nname = \"server\"\nvariants = [{ label = \"x\" }]\n[replicates]\nat_least = 2\nat_most = 2\n";

    fn differences(changes: &[(&str, &str)]) -> Vec<String> {
        let parse = |text: &str| Sweep::parse(text, "t.toml", &[]).unwrap();
        let new = changes.iter().fold(OLD.to_owned(), |text, (from, to)| {
            assert!(text.contains(from), "{from}");
            text.replace(from, to)
        });
        parse(OLD).differences(&parse(&new)).iter().map(Difference::to_string).collect()
    }

    #[test]
    fn every_key_that_differs_is_named_with_both_values() {
        assert_eq!(differences(&[]), [""; 0]);
        assert_eq!(
            differences(&[("at_most = 2", "at_most = 30"), ("seed = 1", "seed = 2")]),
            ["replicates.at_most: 2 → 30", "seed: 1 → 2"]
        );
        assert_eq!(
            differences(&[("values = [0.0, 1.0]", "values = [0.0, 0.3, 1.0]")]),
            [
                "axis[updates.synchronization].linear: { from = 0.0, points = 2, to = 1.0 } → nothing",
                "axis[updates.synchronization].values: nothing → [0.0, 0.3, 1.0]",
            ]
        );
        assert_eq!(
            differences(&[("[replicates]", "[scenario]\noverlay.slots = 80\n[replicates]\nhalf_width = 0.1")]),
            ["replicates.half_width: nothing → 0.1", "scenario.overlay.slots: 75 → 80",]
        );
        let longer = "{ label = \"x\" }, { label = \"a long label that is not shown as a whole\" }";
        let variants = differences(&[("{ label = \"x\" }", longer)]);
        assert!(
            variants.len() == 1 && variants[0].contains("axis[server].variants: [ { label = \"x\" }, ] → [ {"),
            "{variants:?}"
        );
        assert!(variants[0].ends_with(" …"), "{variants:?}");
    }

    #[test]
    fn axes_in_another_order_are_no_difference_of_keys() {
        let (first, rest) = (OLD.find("[[axis]]").unwrap(), OLD.rfind("[[axis]]").unwrap());
        let end = OLD.find("[replicates]").unwrap();
        let swapped = [&OLD[..first], &OLD[rest..end], &OLD[first..rest], &OLD[end..]].concat();
        let parse = |text: &str| Sweep::parse(text, "t.toml", &[]).unwrap();
        assert_ne!(parse(OLD).hash, parse(&swapped).hash);
        assert_eq!(parse(OLD).differences(&parse(&swapped)), []);
    }
}
