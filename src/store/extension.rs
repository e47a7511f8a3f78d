//! A folder becomes that of another sweep: the runs that both have are kept.

use std::collections::BTreeMap;
use std::path::Path;

use arrow_array::RecordBatch;
use rayon::prelude::*;

use super::checkpoint::{Checkpoint, CheckpointId};
use super::error::StoreError;
use super::files::token;
use super::folder::Folder;
use super::key::RunKey;
use super::layout::{Dataset, Layout};
use super::locks::Lock;
use super::ownership::{Standing, standing};
use super::row::FoundRun;
use super::schema::{Origin, adopted_runs, adopted_traces};
use super::shard::Shard;
use super::size::RUNS_AT_ONCE;
use super::staging;
use super::tables::{found_runs, keys, rows_by_number};
use crate::sweep::Sweep;

/// How often the lock is tried for again while another process extends the folder.
const WAITS: u32 = 600;

/// A run that the sweep of a folder has in common with another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CommonRun {
    /// Which one it is in the new sweep.
    pub key: RunKey,
    /// Which one it is in the sweep that the folder is of.
    pub before: RunKey,
    /// Whether it had an outage.
    pub outage: bool,
    /// The new sweep keeps its trace, and the folder has it.
    pub keeps_trace: bool,
    /// The new sweep keeps its trace, which the folder does not have: it is made again.
    pub lacks_trace: bool,
}

/// What a folder holds for another sweep.
#[derive(Debug, Default)]
pub struct Survey {
    /// Runs in the folder.
    pub runs: u64,
    /// Those of them with a trace.
    pub traces: u64,
    /// Those that the new sweep has, in its order. One of the folder may be several of the new sweep, where cells have the
    /// same scenario, and the other way round.
    pub common: Vec<CommonRun>,
    /// What is there and of no use, each with a message that names the file and says why.
    pub damaged: Vec<String>,
}

/// A folder of another sweep, which may become that of a new one.
pub struct Extension {
    before: Folder,
    sweep: Sweep,
    /// Held by who changes the folder.
    lock: Option<Lock>,
}

impl Extension {
    /// Looks at a folder; nothing is written. `None` if it is of this sweep already, new or empty.
    ///
    /// # Errors
    /// It is not to be written to, or cannot be read.
    pub fn look(path: &Path, sweep: &Sweep) -> Result<Option<Extension>, StoreError> {
        let Standing::OfAnother(before) = standing(path, sweep)? else { return Ok(None) };
        if staging::becoming(path)?.is_some() {
            let message = format!(
                "the folder is just becoming that of the sweep {:?}; critmass run completes that if no process does, or try again",
                before.name
            );
            return Err(StoreError::refused(path, message));
        }
        Ok(Some(Extension { before: Folder::new(path, *before)?, sweep: sweep.clone(), lock: None }))
    }

    /// The same for who is about to change the folder, in which nobody else works until this is dropped.
    ///
    /// # Errors
    /// Also if somebody works in it.
    pub fn begin(path: &Path, sweep: &Sweep) -> Result<Option<Extension>, StoreError> {
        if !matches!(standing(path, sweep)?, Standing::OfAnother(_)) {
            return Ok(None);
        }
        let lock = Lock::open(path)?;
        for waits in 0.. {
            match lock.alone() {
                Some(true) => break,
                // Another process has extended it, or is about to, perhaps for this very sweep.
                Some(false) if !matches!(standing(path, sweep)?, Standing::OfAnother(_)) => return Ok(None),
                Some(false) if waits < WAITS && staging::staged(path).is_dir() => {}
                Some(false) => {
                    let message =
                        "the folder is of another sweep, and a process is working in it; try again once it has ended";
                    return Err(StoreError::refused(path, message));
                }
                None => {
                    let message = "the folder is of another sweep, and on a file system without locks it is not extended; \
                                   give another folder with --out";
                    return Err(StoreError::refused(path, message));
                }
            }
        }
        // Whoever held the lock before may have changed the folder.
        if matches!(standing(path, sweep)?, Standing::OfAnother(_)) {
            staging::complete(path, &lock)?;
        }
        let Some(mut extension) = Extension::look(path, sweep)? else { return Ok(None) };
        extension.lock = Some(lock);
        // Now, so that other processes see what they wait for.
        staging::begin(path)?;
        Ok(Some(extension))
    }

    /// The sweep that the folder is of.
    pub fn before(&self) -> &Sweep {
        self.before.sweep()
    }

    /// Finds the runs that both sweeps have.
    ///
    /// # Errors
    /// The system does not let a file be read.
    pub fn survey(&self) -> Result<Survey, StoreError> {
        let fingerprints: Vec<u64> =
            (0..self.sweep.cells()).into_par_iter().map(|c| self.sweep.fingerprint(c)).collect();
        let mut cells: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
        (0..).zip(fingerprints).for_each(|(cell, fingerprint)| cells.entry(fingerprint).or_default().push(cell));
        let mut survey = Survey { damaged: self.before.damaged_checkpoints()?, ..Survey::default() };
        let traced = self.before().traces.map_or(0, |traces| traces.replicates);
        for block in 0..self.before.blocks() {
            let found = match self.before.runs(block) {
                Ok(runs) => found_runs(&runs),
                Err(StoreError::Said(message)) => {
                    survey.damaged.push(message);
                    continue;
                }
                Err(error) => return Err(error),
            };
            survey.runs += found.len() as u64;
            survey.traces += found.iter().filter(|run| run.key.replicate < traced).count() as u64;
            let by_cell: Vec<&[FoundRun]> = found.chunk_by(|a, b| a.key.cell == b.key.cell).collect();
            let common = by_cell.into_par_iter().flat_map_iter(|runs| self.common(&cells, runs));
            survey.common.extend(common.collect::<Vec<CommonRun>>());
        }
        survey.common.sort_unstable();
        Ok(survey)
    }

    /// What the new sweep has of the runs of one cell.
    fn common(&self, cells: &BTreeMap<u64, Vec<u32>>, runs: &[FoundRun]) -> Vec<CommonRun> {
        let Some(before) = runs.first().map(|run| run.key.cell) else { return Vec::new() };
        let same = cells.get(&self.before().fingerprint(before)).map_or(&[][..], Vec::as_slice);
        let mut common = Vec::new();
        for &cell in same {
            for run in runs.iter().filter(|run| run.key.replicate < self.sweep.replicates.at_most) {
                let replicate = run.key.replicate;
                if self.sweep.common_run(cell, self.before(), before, replicate).is_some() {
                    let [old, new] =
                        [self.before(), &self.sweep].map(|sweep| sweep.traces.filter(|t| replicate < t.replicates));
                    let keeps_trace = new.is_some() && old.map(|t| t.every_s) == new.map(|t| t.every_s);
                    let lacks_trace = new.is_some() && !keeps_trace;
                    let key = RunKey { cell, replicate };
                    common.push(CommonRun { key, before: run.key, outage: run.outage, keeps_trace, lacks_trace });
                }
            }
        }
        common
    }

    /// Makes the folder that of the new sweep, with the runs that a survey found; but for those that are made again, and
    /// what else was in it goes. Returns `false`, and leaves the folder as it was, if `is_interrupted` before that.
    ///
    /// # Errors
    /// A file cannot be read or written. The folder is as it was, or, if that was already replaced which says of which
    /// sweep it is, the next process completes the rest.
    pub fn carry_out(self, survey: &Survey, is_interrupted: impl Fn() -> bool) -> Result<bool, StoreError> {
        let Some(lock) = &self.lock else { return Ok(false) };
        if !self.stage(survey, is_interrupted)? {
            return Ok(false);
        }
        staging::commit(self.before.path(), &self.sweep, lock).map(|()| true)
    }

    /// Writes the runs that are kept as checkpoints of the new sweep.
    fn stage(&self, survey: &Survey, is_interrupted: impl Fn() -> bool) -> Result<bool, StoreError> {
        let layout = Layout::new(&staging::staged(self.before.path()), self.sweep.clone());
        let mut kept: Vec<CommonRun> = survey.common.iter().filter(|run| !run.lacks_trace).copied().collect();
        // Of several that are the same run one is enough.
        kept.dedup_by_key(|run| run.key);
        kept.sort_by_key(|run| self.before.block_of(run.before.cell));
        let (token, mut number) = (token(), 0);
        for of_block in kept.chunk_by(|a, b| self.before.block_of(a.before.cell) == self.before.block_of(b.before.cell))
        {
            let Some(block) = of_block.first().map(|run| self.before.block_of(run.before.cell)) else { continue };
            let runs = self.before.rows(Dataset::Runs, block)?;
            let has_traces = of_block.iter().any(|run| run.keeps_trace);
            let traces = has_traces.then(|| self.before.rows(Dataset::Traces, block)).transpose()?;
            for at_once in of_block.chunks(RUNS_AT_ONCE as usize) {
                if is_interrupted() {
                    return Ok(false);
                }
                let id = CheckpointId { shard: Shard::ALL, token, number };
                number += 1;
                let traces = self.sweep.traces.map(|_| self.traces(&layout, at_once, traces.as_ref())).transpose()?;
                Checkpoint::write(&layout, id, self.runs(&layout, at_once, &runs)?, traces)?;
            }
        }
        Ok(true)
    }

    /// The table of some runs, which the folder has in this one.
    fn runs(&self, layout: &Layout, kept: &[CommonRun], table: &RecordBatch) -> Result<RecordBatch, StoreError> {
        let path = self.before.path();
        let numbers: BTreeMap<RunKey, u32> = keys(table).into_iter().zip(0..).collect();
        let rows: Option<Vec<u32>> = kept.iter().map(|run| numbers.get(&run.before).copied()).collect();
        let rows = rows.ok_or_else(|| StoreError::damaged(path, "the files have changed; try again"))?;
        let origins: Vec<(u64, Vec<f64>)> = kept
            .par_iter()
            .map(|run| {
                let made = self.sweep.realization(run.key.cell, run.key.replicate);
                (made.seed, made.drawn)
            })
            .collect();
        let origins = kept.iter().zip(&origins).map(|(run, (seed, drawn))| Origin { key: run.key, seed: *seed, drawn });
        adopted_runs(&self.sweep, layout.schema(Dataset::Runs), origins, &rows_by_number(path, table, rows)?)
            .map_err(|error| StoreError::damaged(path, error))
    }

    /// The table of their traces, of those that keep theirs.
    fn traces(
        &self,
        layout: &Layout,
        kept: &[CommonRun],
        table: Option<&RecordBatch>,
    ) -> Result<RecordBatch, StoreError> {
        let (path, schema) = (self.before.path(), layout.schema(Dataset::Traces));
        let Some(table) = table else { return Ok(RecordBatch::new_empty(schema.clone())) };
        let found = keys(table);
        let (mut rows, mut keys) = (Vec::new(), Vec::new());
        for run in kept.iter().filter(|run| run.keeps_trace) {
            let first = found.partition_point(|&key| key < run.before);
            let end = found.partition_point(|&key| key <= run.before);
            rows.extend(first as u32..end as u32);
            keys.resize(rows.len(), run.key);
        }
        adopted_traces(schema, keys.iter().copied(), &rows_by_number(path, table, rows)?)
            .map_err(|error| StoreError::damaged(path, error))
    }
}

impl Drop for Extension {
    fn drop(&mut self) {
        if self.lock.is_some() {
            // What cannot be removed now, the next process removes.
            let _ = staging::abandon(self.before.path());
        }
    }
}
