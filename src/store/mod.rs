//! What is kept: the folder of a sweep, as other programs read it.
//!
//! ```text
//! manifest.json      the sweep as resolved
//! runs/              part-NNNNNN.parquet: all runs of a block of cells, in the order of (cell, replicate)
//! traces/            part-NNNNNN.parquet: their traces
//! surface.parquet    the summary
//! boundary.parquet   where the outcome turns in the limit of ever more clients, if `critmass boundary` was told to put it there
//! SHA256SUMS         the hash of every part, and of the surface
//! SHA256SUMS.ahead   the same, of files that are about to get their names, too
//! checkpoint/        runs of blocks that are not complete; empty when they are
//! temporary/         files that are being written
//! lock               the mark that says of which sweep and version the folder is, written first; held by the processes
//!                    that write here
//! locks/             one for each shard, held by the process that runs it
//! damaged/           what was found damaged, set aside
//! sessions/          what each process that ended had to do
//! extending/         what is taken over when the folder becomes that of another sweep; else not there
//! slurm/             scripts and logs of `critmass submit`
//! ```
//!
//! A block is a fixed range of cells, a function of the sweep alone. Its part is written once, when every cell of it
//! is decided, with the runs in order: so the files of a complete sweep are the same to the byte, whatever the number
//! of threads and shards and however often it was interrupted. What is finished before that goes to `checkpoint/`
//! every few seconds, as does all that a shard does: the parts are written by the run without a shard, which finds its
//! runs there. Every file is written elsewhere, synchronized to the disk, and renamed: it is there whole or not at all.
//!
//! The files, from the ground up: each imports only what stands above it in this table.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `key`, `row`, `shard`, `metadata`, `error` | small types: which run; a run; which cells a process runs; what a file says of itself; what can go wrong |
//! | `files`, `source`, `tables` | files that are whole or absent; files that are read, and what the system says of them; tables as Parquet files |
//! | `destination` | a file, pipe or device of the user's, for a table that is no part of a folder |
//! | `blocks`, `size`, `schema`, `layout` | what follows from the sweep alone: its blocks; how much is in memory at once; its columns; where its files lie |
//! | `checksums`, `manifest`, `mark`, `locks` | one file of the folder each |
//! | `checkpoint`, `checkpoints`, `merging` | one checkpoint; all of them; which of them are put into one |
//! | `staging` | a folder that becomes that of another sweep |
//! | `folder`, `surface`, `boundary`, `inventory` | the folder as a whole, for reading; its summary; its boundary; what is in it |
//! | `ownership`, `extension` | whether the folder may be written to; what of it another sweep keeps |
//! | `unsaved`, `writer` | runs in memory; the folder as a whole, for writing |
//! | `sessions` | what processes that ended say of themselves |
//! | `preparation` | a folder that others are to run |

mod blocks;
mod boundary;
mod checkpoint;
mod checkpoints;
mod checksums;
mod destination;
mod error;
mod extension;
mod files;
mod folder;
mod inventory;
mod key;
mod layout;
mod locks;
mod manifest;
mod mark;
mod merging;
mod metadata;
mod ownership;
mod preparation;
mod row;
mod schema;
mod sessions;
mod shard;
mod size;
mod source;
mod staging;
mod surface;
mod tables;
mod unsaved;
mod writer;

pub use boundary::KeptBoundary;
pub use destination::Destination;
pub use error::StoreError;
pub use extension::{CommonRun, Extension, Survey};
pub use files::{
    beside, check_replaceable, create_folder, hash_of, is_regular, read_file, replace_text, replace_with_copy, token,
};
pub use folder::{Folder, Inspection, PartState};
pub use inventory::Inventory;
pub use key::RunKey;
pub use locks::Workers;
pub use manifest::{MANIFEST_VERSION, Manifest};
pub use metadata::KeyMetadata;
pub use preparation::{prepare, take_back};
pub use row::{FoundRun, RunRow};
pub(crate) use schema::{axis_column, axis_field, run_schema, run_table};
pub use schema::{trace_batch, trace_schema};
pub use sessions::SessionNote;
pub use shard::Shard;
pub use size::trace_memory_bytes;
pub use surface::SurfaceState;
pub use writer::Store;
