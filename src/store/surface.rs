//! `surface.parquet` in the folder of a sweep. It says of which parts it is, so that one of fewer or other runs is told
//! apart.

use std::fs::File;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::checksums::{CHECKSUMS, lines};
use super::error::StoreError;
use super::files::{check_replaceable, create_folder, hash_of, hexadecimal, is_there, token};
use super::folder::{Folder, Inspection, PartState};
use super::layout::SURFACE;
use super::metadata::KeyMetadata;
use super::tables::{TableOptions, open_table, read_batches, sweep_of, value_in, value_of, write_batches};

/// Cells in a row group of the surface, which has more than a hundred columns.
const ROWS_PER_GROUP: usize = 20_000;

/// What is there of the surface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SurfaceState {
    /// That of all runs of the sweep.
    Whole,
    /// That of the runs which were there when it was written, before the sweep was complete.
    Partial,
    /// Not written yet.
    Missing,
    /// Of no use; the message names the file and says why.
    Damaged(String),
}

/// A hash of the hashes of files.
fn together(hashes: &[(String, String)]) -> String {
    hexadecimal(Sha256::new_with_prefix(lines(hashes.iter().map(|(file, hash)| (file, hash)))))
}

impl Folder {
    /// A hash of the hashes of all parts, by which their surface names them; `None` unless all are there.
    fn hash_of_parts(&self) -> Result<Option<String>, StoreError> {
        let mut hashes = Vec::new();
        for file in self.parts() {
            match self.checksums().of(&file)?.as_slice() {
                [] => return Ok(None),
                [hash] => hashes.push((file, hash.clone())),
                // One of them is damaged, and the file tells which.
                [..] => {
                    let hash = self.check_bytes(&file)?;
                    hashes.push((file, hash));
                }
            }
        }
        Ok(Some(together(&hashes)))
    }

    /// If hashes of parts are lost: takes those of the bytes that are there, if the surface says that it is of parts with
    /// just these. Nothing that is damaged passes, since no two files have the same hash.
    ///
    /// # Errors
    /// The system does not let a file be read.
    pub fn prove_by_surface(&self) -> Result<(), StoreError> {
        let mut is_lost = false;
        for file in self.parts() {
            if !is_there(&self.path().join(&file))? {
                return Ok(());
            }
            is_lost |= self.checksums().of(&file)?.is_empty();
        }
        let Some(of_parts) = is_lost.then(|| value_in(&self.path().join(SURFACE), KeyMetadata::PARTS)).flatten() else {
            return Ok(());
        };
        let files: Vec<String> = self.parts().collect();
        let hash = |file: String| {
            let path = self.path().join(&file);
            let hash = hash_of(&path).map_err(|cause| StoreError::io(&path, "the file cannot be read", cause))?;
            Ok((file, hash))
        };
        let hashes: Vec<(String, String)> = files.into_par_iter().map(hash).collect::<Result<_, StoreError>>()?;
        if together(&hashes) == of_parts {
            hashes.into_iter().for_each(|(file, hash)| self.checksums().prove(&file, hash));
        }
        Ok(())
    }

    /// Whether every part is there.
    ///
    /// # Errors
    /// The system does not let a file be read.
    pub fn is_complete(&self) -> Result<bool, StoreError> {
        let states = self.part_states(Inspection::Footer)?;
        Ok(states.iter().all(|state| matches!(state, PartState::Present(_))))
    }

    /// Whether there is a surface that was written when the sweep was complete.
    fn has_surface_of_all_runs(&self) -> bool {
        let path = self.path().join(SURFACE);
        let of_parts = value_in(&path, KeyMetadata::PARTS).filter(|parts| parts != KeyMetadata::INCOMPLETE);
        of_parts.is_some() && sweep_of(&path).as_ref() == Some(&self.sweep().hash)
    }

    /// Writes `surface.parquet`, which comes in pieces, unless the sweep is not complete and that of all its runs is
    /// there. Returns whether the pieces are up to date: if the sweep was not complete when this began, and is now, they
    /// are not, and nothing is written.
    ///
    /// # Errors
    /// It cannot be written, or a piece is an error.
    pub fn write_surface(
        &self,
        schema: &SchemaRef,
        pieces: impl Iterator<Item = Result<RecordBatch, StoreError>>,
    ) -> Result<bool, StoreError> {
        check_replaceable(&self.path().join(SURFACE))?;
        let folder = self.path().join("temporary");
        create_folder(&folder)?;
        // A run that starts meanwhile removes what was left half written, but not what somebody writes, which is locked.
        let token = token();
        let temporary = |name: &str| folder.join(format!("surface-{token:08x}.{name}"));
        self.prove_by_surface()?;
        let parts = if self.is_complete()? { self.hash_of_parts()? } else { None };
        let is_whole = parts.is_some();
        let metadata = KeyMetadata::of_surface(self.sweep(), parts);
        let options = TableOptions { schema, metadata: &metadata, rows_per_group: Some(ROWS_PER_GROUP) };
        let path = self.path().join(SURFACE);
        let written = write_batches(&path, &temporary("parquet"), &options, pieces)?;
        // One at a time, where there are locks: the run that completes the sweep must not write between the look and
        // the name. It holds this lock for a moment only.
        let one_at_a_time = File::open(self.path().join("runs"));
        let _ = one_at_a_time.as_ref().map(File::lock);
        if !is_whole {
            if self.is_complete()? {
                return Ok(false);
            }
            // Where parts were lost, that of all runs tells more than one of the rest.
            if !self.has_surface_of_all_runs() {
                written.publish(&path)?;
            }
            return Ok(true);
        }
        let checksums = temporary("checksums");
        self.checksums().note(SURFACE, written.hash.clone(), &checksums)?;
        written.publish(&path)?;
        self.checksums().write_anew(&self.files(), &checksums)?;
        Ok(true)
    }

    /// What is there of the surface, of which every byte is looked at.
    ///
    /// # Errors
    /// The system does not let a file be read.
    pub fn surface_state(&self, schema: &SchemaRef) -> Result<SurfaceState, StoreError> {
        match self.check_surface(schema) {
            Err(error @ StoreError::Io { .. }) => Err(error),
            Err(error) => Ok(SurfaceState::Damaged(error.to_string())),
            state => state,
        }
    }

    fn check_surface(&self, schema: &SchemaRef) -> Result<SurfaceState, StoreError> {
        let path = self.path().join(SURFACE);
        let is_listed = self.checksums().is_listed(SURFACE);
        if !is_there(&path)? {
            let gone = || StoreError::damaged(&path, format!("gone, although {CHECKSUMS} lists it"));
            return if is_listed { Err(gone()) } else { Ok(SurfaceState::Missing) };
        }
        let table = open_table(&path, schema, &self.sweep().hash)?;
        let of_parts = value_of(KeyMetadata::PARTS, table.metadata().file_metadata().key_value_metadata());
        if of_parts == Some(KeyMetadata::INCOMPLETE) {
            return Ok(SurfaceState::Partial);
        }
        if of_parts.is_none() || of_parts != self.hash_of_parts()?.as_deref() {
            return Err(StoreError::damaged(&path, "it is of other runs than those in this folder"));
        }
        self.is_there(SURFACE)?;
        self.check_bytes(SURFACE)?;
        Ok(SurfaceState::Whole)
    }

    /// Reads `surface.parquet`, if it is that of all runs.
    ///
    /// # Errors
    /// It is not there, or is of other runs than all of this sweep, damaged, or has other columns.
    pub fn read_surface(&self, schema: &SchemaRef) -> Result<Vec<RecordBatch>, StoreError> {
        let path = self.path().join(SURFACE);
        if self.check_surface(schema)? == SurfaceState::Partial {
            let message =
                "it is of a part of the runs; critmass run completes the sweep, and critmass summarize the surface";
            return Err(StoreError::damaged(&path, message));
        }
        read_batches(&path, open_table(&path, schema, &self.sweep().hash)?)
    }
}
