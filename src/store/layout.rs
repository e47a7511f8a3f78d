//! Where the files of a sweep lie, which columns they have, and what they say of themselves: all that follows from the
//! sweep and the path of its folder, without a look at what is there.

use std::path::{Path, PathBuf};

use arrow_schema::{DataType, SchemaRef};
use parquet::file::metadata::ParquetMetaData;

use super::blocks::Blocks;
use super::error::StoreError;
use super::files::SET_ASIDE;
use super::metadata::KeyMetadata;
use super::schema::{run_schema, trace_schema};
use super::size::RUNS_AT_ONCE;
use super::tables::{TableFile, TableOptions, open_table};
use crate::sweep::Sweep;

/// The folders within that of a sweep.
pub(super) const FOLDERS: [&str; 8] =
    ["temporary", "checkpoint", "runs", "traces", "locks", "slurm", EXTENDING, SET_ASIDE];
/// The folder of what is taken over by another sweep.
pub(super) const EXTENDING: &str = "extending";
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
        let table = open_table(path, self.schema(dataset), &self.sweep.hash)?;
        let rows = table.metadata().file_metadata().num_rows().max(0) as u64;
        if dataset == Dataset::Runs && rows > self.runs_max() {
            let message = format!("it says that it has {rows} runs; no file of this sweep has so many");
            return Err(StoreError::damaged(path, message));
        }
        if table.bytes() > self.bytes_max(dataset, table.metadata()) {
            return Err(StoreError::damaged(path, "its columns are larger than those of this sweep can be"));
        }
        Ok(table)
    }

    /// Runs of a file at most: those of all cells of a block, of which the first one has as many cells as any other; a
    /// checkpoint is written, or merged, before it has many more than are kept in memory.
    fn runs_max(&self) -> u64 {
        let of_block = u64::from(self.sweep.replicates.at_most) * self.blocks.cells(0).len() as u64;
        of_block.max(u64::from(2 * RUNS_AT_ONCE))
    }

    /// Bytes that a file of so many rows has at most before it is compressed: values of 8 bytes, labels, none of which
    /// is longer than the sweep that it is from, and what stands before each page. More could fill the memory.
    fn bytes_max(&self, dataset: Dataset, metadata: &ParquetMetaData) -> u64 {
        let fields = self.schema(dataset).fields();
        let (columns, label) = (fields.len() as u64, self.sweep.canonical.len() as u64);
        let labels = fields.iter().filter(|field| field.data_type() == &DataType::Utf8).count() as u64;
        let bytes = |rows: u64| rows * (columns * 16 + labels * label) + columns * (4 * label + 4096);
        let groups = metadata.row_groups().iter().map(|group| bytes(group.num_rows().clamp(0, 1 << 32) as u64));
        groups.fold(0, u64::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{
        Array, ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray, UInt32Array, UInt64Array,
    };

    use super::super::tables::write_batches;
    use super::*;

    fn layout(folder: &Path) -> Layout {
        let text = "name = \"t\"\n[[axis]]\nname = \"remedy\"\nvariants = [ { label = \"none\" } ]\n";
        Layout::new(folder, Sweep::parse(text, "t.toml", &[]).unwrap())
    }

    /// A file of runs, all of which are 0 and have this label.
    fn write(layout: &Layout, rows: usize, label: &str) -> PathBuf {
        let schema = layout.schema(Dataset::Runs);
        let column = |data_type: &DataType| -> ArrayRef {
            match data_type {
                DataType::UInt32 => Arc::new(UInt32Array::from(vec![0; rows])),
                DataType::Int64 => Arc::new(Int64Array::from(vec![0; rows])),
                DataType::UInt64 => Arc::new(UInt64Array::from(vec![0; rows])),
                DataType::Boolean => Arc::new(BooleanArray::from(vec![false; rows])),
                DataType::Utf8 => Arc::new(StringArray::from(vec![label; rows])),
                _ => Arc::new(Float64Array::from(vec![0.0; rows])),
            }
        };
        let columns: Vec<ArrayRef> = schema.fields().iter().map(|field| column(field.data_type())).collect();
        assert!(columns.iter().all(|column| column.len() == rows));
        let batch = RecordBatch::try_new(schema.clone(), columns).unwrap();
        let path = layout.path().join("file.parquet");
        let options = layout.options(schema, None);
        let temporary = layout.path().join("temporary.parquet");
        write_batches(&path, &temporary, &options, std::iter::once(Ok(batch))).unwrap().publish(&path).unwrap();
        path
    }

    #[test]
    fn a_file_may_have_the_runs_of_every_cell_of_its_block() {
        for rounds in [None, Some(1), Some(3)] {
            for at_most in [1_u32, 400, 40_000, 70_000] {
                let refine =
                    rounds.map_or(String::new(), |rounds| format!("[refine]\nlevel = 0.5\nrounds = {rounds}\n"));
                let text = format!(
                    "name = \"t\"\n[[axis]]\nparameter = \"updates.synchronization\"\n\
                     linear = {{ from = 0.0, to = 1.0, points = 7 }}\n\
                     {refine}[replicates]\nat_least = 1\nat_most = {at_most}\n"
                );
                let layout = Layout::new(Path::new("out"), Sweep::parse(&text, "t.toml", &[]).unwrap());
                for block in 0..layout.blocks().count() {
                    let runs = layout.blocks().cells(block).len() as u64 * u64::from(at_most);
                    assert!(layout.runs_max() >= runs, "{} < {runs}: {text}", layout.runs_max());
                }
            }
        }
    }

    #[test]
    fn a_small_file_that_would_fill_the_memory_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let layout = layout(folder.path());
        let open = |path: PathBuf| layout.open(Dataset::Runs, &path).map(|table| table.bytes());
        for rows in [0, 1, 50_000, 2 * RUNS_AT_ONCE as usize] {
            open(write(&layout, rows, "none")).unwrap();
        }
        let path = write(&layout, 3_000_000, "none");
        assert!(std::fs::metadata(&path).unwrap().len() < 2_000_000);
        assert!(open(path).unwrap_err().to_string().contains("3000000 runs"));
        let path = write(&layout, 1, &"x".repeat(50_000_000));
        assert!(std::fs::metadata(&path).unwrap().len() < 100_000);
        assert!(open(path).unwrap_err().to_string().contains("larger"));
    }
}
