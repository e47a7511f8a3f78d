//! Runs of blocks that are not complete, as whole Parquet files: `runs-BLOCK-NUMBER.parquet` with its
//! `traces-BLOCK-NUMBER.parquet`, which is written first, so that a run that is there has its trace.

use std::path::{Path, PathBuf};

use arrow::record_batch::RecordBatch;

use super::error::StoreError;
use super::files::{list, read_table, remove};
use super::parts::Folder;

/// What the checkpoints hold of one block.
#[derive(Default)]
pub(super) struct Recovered {
    pub(super) runs: Vec<RecordBatch>,
    pub(super) traces: Vec<RecordBatch>,
    /// Number of the next checkpoint of this block.
    pub(super) next: u32,
    /// Files that cannot be used, each with what is wrong with it.
    pub(super) damaged: Vec<(PathBuf, String)>,
}

pub(super) fn path(folder: &Path, kind: &str, block: u32, number: u32) -> PathBuf {
    folder.join("checkpoint").join(format!("{kind}-{block:06}-{number:06}.parquet"))
}

/// The checkpoints in a folder: (path of the runs, block, number), in order.
fn checkpoints(folder: &Path) -> Result<Vec<(PathBuf, u32, u32)>, StoreError> {
    let parse = |path: PathBuf| {
        let name = path.file_name()?.to_str()?.strip_prefix("runs-")?.strip_suffix(".parquet")?;
        let (block, number) = name.split_once('-')?;
        let (block, number) = (block.parse().ok()?, number.parse().ok()?);
        Some((path, block, number))
    };
    Ok(list(&folder.join("checkpoint"))?.into_iter().filter_map(parse).collect())
}

/// The blocks that have checkpoints, each once, in order.
pub(super) fn blocks(folder: &Path) -> Result<Vec<u32>, StoreError> {
    let mut blocks: Vec<u32> = checkpoints(folder)?.into_iter().map(|(_, block, _)| block).collect();
    blocks.sort_unstable();
    blocks.dedup();
    Ok(blocks)
}

/// Reads what the checkpoints hold of a block. What cannot be read is lost, and said so.
pub(super) fn read(folder: &Folder, block: u32) -> Result<Recovered, StoreError> {
    let mut recovered = Recovered::default();
    let hash = &folder.sweep().hash;
    for (runs_path, _, number) in checkpoints(folder.path())?.into_iter().filter(|&(_, b, _)| b == block) {
        recovered.next = number + 1;
        let runs = read_table(&runs_path, folder.run_schema(), hash);
        let traces = match folder.sweep().traces {
            Some(_) => read_table(&path(folder.path(), "traces", block, number), folder.trace_schema(), hash),
            None => Ok(Vec::new()),
        };
        match (runs, traces) {
            (Ok(mut runs), Ok(mut traces)) => {
                recovered.runs.append(&mut runs);
                recovered.traces.append(&mut traces);
            }
            (Err(error), _) | (_, Err(error)) => recovered.damaged.push((runs_path, error.to_string())),
        }
    }
    Ok(recovered)
}

/// Removes the checkpoints of a block, the runs before their traces.
pub(super) fn clear(folder: &Path, block: u32) -> Result<(), StoreError> {
    let name = |kind: &str| format!("{kind}-{block:06}-");
    for kind in ["runs", "traces"] {
        let prefix = name(kind);
        for file in list(&folder.join("checkpoint"))? {
            if file.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(&prefix)) {
                remove(&file)?;
            }
        }
    }
    Ok(())
}
