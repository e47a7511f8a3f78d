//! What every Parquet file says of itself.

use crate::sweep::Sweep;

/// Version of the layout of the files. Since 2 the counts are signed.
pub(super) const SCHEMA_VERSION: &str = "2";

/// The key-value metadata of every Parquet file of a sweep.
#[derive(Debug, Clone)]
pub struct KeyMetadata {
    /// Canonical TOML and hash.
    sweep: Option<(String, String)>,
    /// Of which parts a surface is.
    parts: Option<String>,
    /// The parameter along which a boundary is, between which values it was looked for, at how many of them, and how closely.
    along: Option<[String; 5]>,
}

impl KeyMetadata {
    /// The key of the sweep's hash.
    pub(super) const HASH: &'static str = "critmass.hash";

    /// The keys that say along which parameter a boundary is, from where to where, and at how many values it was looked at
    /// first, and how closely a turn was looked for, as a share of the way.
    pub(super) const ALONG: [&'static str; 5] = [
        "critmass.along",
        "critmass.along_from",
        "critmass.along_to",
        "critmass.along_probes",
        "critmass.along_resolution",
    ];

    /// The key that says of which parts a surface is: SHA-256 of their lines in `SHA256SUMS`, or [`Self::INCOMPLETE`].
    pub(super) const PARTS: &'static str = "critmass.parts";
    /// What stands there while the sweep is not complete.
    pub(super) const INCOMPLETE: &'static str = "incomplete";

    /// The metadata of a sweep's files.
    pub fn new(sweep: &Sweep) -> KeyMetadata {
        KeyMetadata { sweep: Some((sweep.canonical.clone(), sweep.hash.clone())), parts: None, along: None }
    }

    /// The metadata of a table of where the outcome of a sweep turns along a parameter, between two values, after so many
    /// were looked at, to this share of the way between the two.
    pub fn of_boundary(sweep: &Sweep, along: &str, [from, to]: [f64; 2], probes: u32, resolution: f64) -> KeyMetadata {
        let along = [along.to_owned(), from.to_string(), to.to_string(), probes.to_string(), resolution.to_string()];
        KeyMetadata { along: Some(along), ..KeyMetadata::new(sweep) }
    }

    /// The metadata of a surface, of parts with this hash if the sweep is complete.
    pub(super) fn of_surface(sweep: &Sweep, parts: Option<String>) -> KeyMetadata {
        let parts = parts.unwrap_or_else(|| KeyMetadata::INCOMPLETE.to_owned());
        KeyMetadata { parts: Some(parts), ..KeyMetadata::new(sweep) }
    }

    /// The metadata of a run that belongs to no sweep.
    pub fn none() -> KeyMetadata {
        KeyMetadata { sweep: None, parts: None, along: None }
    }

    pub(super) fn entries(&self) -> Vec<(&'static str, &str)> {
        let sweep = self.sweep.iter().flat_map(|(toml, hash)| [("critmass.sweep", &**toml), (KeyMetadata::HASH, hash)]);
        let parts = self.parts.iter().map(|parts| (KeyMetadata::PARTS, &**parts));
        let along = self.along.iter().flat_map(|along| KeyMetadata::ALONG.into_iter().zip(along.iter().map(|x| &**x)));
        sweep.chain([("critmass.schema", SCHEMA_VERSION)]).chain(parts).chain(along).collect()
    }
}
