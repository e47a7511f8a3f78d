//! What every Parquet file says of itself.

use crate::sweep::Sweep;

/// Version of the layout of the files.
pub(super) const SCHEMA_VERSION: &str = "1";

/// The key-value metadata of every Parquet file of a sweep.
#[derive(Debug, Clone)]
pub struct KeyMetadata {
    /// Canonical TOML and hash.
    sweep: Option<(String, String)>,
}

impl KeyMetadata {
    /// The key of the sweep's hash.
    pub(super) const HASH: &'static str = "critmass.hash";

    /// The metadata of a sweep's files.
    pub fn new(sweep: &Sweep) -> KeyMetadata {
        KeyMetadata { sweep: Some((sweep.canonical.clone(), sweep.hash.clone())) }
    }

    /// The metadata of a run that belongs to no sweep.
    pub fn none() -> KeyMetadata {
        KeyMetadata { sweep: None }
    }

    pub(super) fn entries(&self) -> Vec<(&'static str, &str)> {
        let sweep = self.sweep.iter().flat_map(|(toml, hash)| [("critmass.sweep", &**toml), (KeyMetadata::HASH, hash)]);
        sweep.chain([("critmass.schema", SCHEMA_VERSION)]).collect()
    }
}
