//! Where the files of a sweep lie, which columns they have, and what they say of themselves: all that follows from the
//! sweep and the path of its folder, without a look at what is there.

use std::path::{Path, PathBuf};

use arrow_schema::SchemaRef;

use super::blocks::Blocks;
use super::error::StoreError;
use super::files::SET_ASIDE;
use super::metadata::KeyMetadata;
use super::schema::{run_schema, trace_schema};
use super::tables::{TableFile, TableOptions, open_table};
use crate::sweep::Sweep;

/// The folders within that of a sweep.
pub(super) const FOLDERS: [&str; 7] = ["temporary", "checkpoint", "runs", "traces", "locks", "slurm", SET_ASIDE];
/// The name of the summary.
pub(super) const SURFACE: &str = "surface.parquet";

/// A table of a sweep that is kept in many files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dataset {
    Runs,
    Traces,
}

impl Dataset {
    pub(super) const ALL: [Dataset; 2] = [Dataset::Runs, Dataset::Traces];

    /// The name of the folder of its parts.
    pub(super) fn name(self) -> &'static str {
        match self {
            Dataset::Runs => "runs",
            Dataset::Traces => "traces",
        }
    }
}

/// The layout of the folder of a sweep.
pub(super) struct Layout {
    path: PathBuf,
    sweep: Sweep,
    blocks: Blocks,
    run_schema: SchemaRef,
    trace_schema: SchemaRef,
    metadata: KeyMetadata,
}

impl Layout {
    pub(super) fn new(path: &Path, sweep: Sweep) -> Layout {
        Layout {
            path: path.to_owned(),
            blocks: Blocks::of(&sweep),
            run_schema: run_schema(&sweep),
            trace_schema: trace_schema(),
            metadata: KeyMetadata::new(&sweep),
            sweep,
        }
    }

    /// The folder.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn sweep(&self) -> &Sweep {
        &self.sweep
    }

    pub(super) fn blocks(&self) -> Blocks {
        self.blocks
    }

    /// The datasets that the sweep has.
    pub(super) fn datasets(&self) -> &'static [Dataset] {
        if self.sweep.traces.is_some() { &Dataset::ALL } else { &[Dataset::Runs] }
    }

    pub(super) fn schema(&self, dataset: Dataset) -> &SchemaRef {
        match dataset {
            Dataset::Runs => &self.run_schema,
            Dataset::Traces => &self.trace_schema,
        }
    }

    /// The file of a block, within the folder.
    pub(super) fn part(&self, dataset: Dataset, block: u32) -> String {
        format!("{}/part-{block:06}.parquet", dataset.name())
    }

    /// The folder of the checkpoints.
    pub(super) fn checkpoint_folder(&self) -> PathBuf {
        self.path.join("checkpoint")
    }

    /// A file that is being written.
    pub(super) fn temporary(&self, name: &str) -> PathBuf {
        self.path.join("temporary").join(name)
    }

    /// How a table with these columns is written; as Parquet has it, with row groups of any size, if
    /// `rows_per_group` is `None`.
    pub(super) fn options<'a>(&'a self, schema: &'a SchemaRef, rows_per_group: Option<usize>) -> TableOptions<'a> {
        TableOptions { schema, metadata: &self.metadata, rows_per_group }
    }

    /// Opens a file of this sweep, of which the footer alone is read.
    pub(super) fn open(&self, dataset: Dataset, path: &Path) -> Result<TableFile, StoreError> {
        open_table(path, self.schema(dataset), &self.sweep.hash)
    }
}
