//! All checkpoints of a folder, as one table that is in many files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use rayon::prelude::*;

use super::checkpoint::{Checkpoint, CheckpointId, parse_name};
use super::error::StoreError;
use super::files::list;
use super::key::{KeyRange, RunKey};
use super::layout::{Dataset, Layout};
use super::row::FoundRun;
use super::shard::Shard;
use super::size::Size;
use super::tables::ordered;

/// How often the folder is listed again, since other processes work in it.
const ATTEMPTS: u32 = 5;

/// The checkpoints of a folder.
#[derive(Default)]
pub(super) struct Checkpoints {
    /// Those that can be used.
    pub(super) usable: Vec<Checkpoint>,
    /// Those that cannot: the files, and what is wrong.
    pub(super) damaged: Vec<(Vec<PathBuf>, String)>,
}

impl Checkpoints {
    /// Finds and checks, byte by byte, the checkpoints of the shards that are `wanted`.
    pub(super) fn find(layout: &Layout, wanted: impl Fn(Shard) -> bool) -> Result<Checkpoints, StoreError> {
        // If some have vanished since the folder was listed, the one that they were merged into may be in no list yet.
        for _ in 1..ATTEMPTS {
            if let (checkpoints, true) = Checkpoints::look(layout, &wanted)? {
                return Ok(checkpoints);
            }
        }
        Ok(Checkpoints::look(layout, &wanted)?.0)
    }

    /// The same, once; and whether none has vanished meanwhile.
    fn look(layout: &Layout, wanted: &impl Fn(Shard) -> bool) -> Result<(Checkpoints, bool), StoreError> {
        let files = list(&layout.checkpoint_folder())?;
        let mut traces: BTreeMap<&str, &Path> = BTreeMap::new();
        let mut runs = Vec::new();
        for path in &files {
            if let Some((stem, _)) = parse_name(path, Dataset::Traces) {
                traces.insert(stem, path);
            } else if let Some((stem, _)) = parse_name(path, Dataset::Runs)
                && let Some(id) = CheckpointId::parse(stem)
                && wanted(id.shard)
            {
                runs.push((id, path.as_path(), stem));
            }
        }
        let opened: Vec<_> = runs
            .par_iter()
            .map(|&(id, runs, stem)| {
                let traces = traces.get(stem).copied();
                (Checkpoint::open(layout, id, runs, traces), [Some(runs), traces])
            })
            .collect();
        let (mut checkpoints, mut all_there) = (Checkpoints::default(), true);
        for (result, paths) in opened {
            match result {
                Ok(checkpoint) => checkpoints.usable.push(checkpoint),
                // Merged by the process that wrote it, in this moment.
                Err(error) if error.is_gone() => all_there = false,
                Err(error @ StoreError::Io { .. }) => return Err(error),
                Err(error) => {
                    let paths = paths.into_iter().flatten().map(Path::to_owned).collect();
                    checkpoints.damaged.push((paths, error.to_string()));
                }
            }
        }
        Ok((checkpoints, all_there))
    }

    /// The size of each that can be used, with its index, of those that are `wanted`.
    pub(super) fn sizes(&self, wanted: impl Fn(CheckpointId) -> bool) -> impl Iterator<Item = (usize, Size)> {
        let numbered = self.usable.iter().enumerate();
        numbered
            .filter(move |(_, checkpoint)| wanted(checkpoint.id))
            .map(|(index, checkpoint)| (index, checkpoint.size()))
    }

    /// Takes some out, by their indices.
    pub(super) fn take(&mut self, indices: &[usize]) -> Checkpoints {
        let mut taken = Checkpoints::default();
        for (index, checkpoint) in std::mem::take(&mut self.usable).into_iter().enumerate() {
            if indices.contains(&index) { &mut taken } else { &mut *self }.usable.push(checkpoint);
        }
        taken
    }

    /// The rows of some keys, each once, in order; `fresh` are further rows, and `keep` says which are wanted.
    pub(super) fn gather(
        &self,
        layout: &Layout,
        dataset: Dataset,
        range: &KeyRange,
        fresh: Option<RecordBatch>,
        keep: impl Fn(RunKey) -> bool,
    ) -> Result<RecordBatch, StoreError> {
        let mut batches = Vec::new();
        for checkpoint in &self.usable {
            batches.extend(checkpoint.rows(layout, dataset, range)?);
        }
        batches.extend(fresh);
        let is_wanted = |key: RunKey| range.contains(&key) && keep(key);
        ordered(&layout.checkpoint_folder(), layout.schema(dataset), &batches, is_wanted)
    }

    /// The runs of some keys, each once, in order.
    pub(super) fn found(&self, layout: &Layout, range: &KeyRange) -> Result<Vec<FoundRun>, StoreError> {
        let mut found = Vec::new();
        for checkpoint in &self.usable {
            found.extend(checkpoint.found(layout, range)?);
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }
}
