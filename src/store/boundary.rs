//! Where the outcome turns in the limit of ever more clients, if somebody put that into the folder of the sweep.

use arrow_array::RecordBatch;

use super::error::StoreError;
use super::files::is_there;
use super::folder::Folder;
use super::metadata::KeyMetadata;
use super::tables::{TableFile, read_batches, value_of, was_written_by_this_version};

/// The name of the file in the folder: what `critmass boundary --out` wrote.
const BOUNDARY: &str = "boundary.parquet";

/// What is kept in a folder of where the outcome turns.
#[derive(Debug)]
pub enum KeptBoundary {
    /// Nothing.
    Missing,
    /// That of another sweep, of another version, or of runs of clients.
    Stale,
    /// That of this sweep in the limit of ever more clients.
    Draws {
        /// The parameter.
        along: String,
        /// Between which values it was looked for.
        ends: [f64; 2],
        /// At how many values it was looked at first.
        probes: u32,
        /// To which share of the way between the ends a turn was looked for.
        resolution: f64,
        /// A row for each draw.
        rows: Vec<RecordBatch>,
    },
}

impl Folder {
    /// The boundary that is kept in the folder.
    ///
    /// # Errors
    /// The file cannot be read, or is damaged.
    pub fn boundary(&self) -> Result<KeptBoundary, StoreError> {
        let path = self.path().join(BOUNDARY);
        if !is_there(&path)? {
            return Ok(KeptBoundary::Missing);
        }
        let table = TableFile::open(&path)?;
        let footer = table.metadata().file_metadata();
        let keys = footer.key_value_metadata();
        let is_of_this = value_of(KeyMetadata::HASH, keys) == Some(&self.sweep().in_the_limit().hash);
        let [along, from, to, probes, resolution] = KeyMetadata::ALONG.map(|key| value_of(key, keys));
        let number = |text: Option<&str>| text.and_then(|text| text.parse().ok());
        let probes = probes.and_then(|text| text.parse().ok());
        match (along, number(from), number(to), probes, number(resolution)) {
            (Some(along), Some(from), Some(to), Some(probes), Some(resolution))
                if is_of_this && was_written_by_this_version(footer) =>
            {
                let (along, rows) = (along.to_owned(), read_batches(&path, table)?);
                Ok(KeptBoundary::Draws { along, ends: [from, to], probes, resolution, rows })
            }
            _ => Ok(KeptBoundary::Stale),
        }
    }
}
