//! What is kept: the folder of a sweep, as other programs read it.
//!
//! ```text
//! manifest.json      the sweep as resolved; written first
//! runs/              part-NNNNNN.parquet: all runs of a block of cells, in the order of (cell, replicate)
//! traces/            part-NNNNNN.parquet: their traces
//! surface.parquet    the summary
//! SHA256SUMS         the hash of every part
//! checkpoint/        runs of blocks that are not complete; empty when they are
//! temporary/         files that are being written
//! lock, locks/       held by the processes that write here
//! slurm/             scripts and logs of `critmass submit`
//! ```
//!
//! A block is a fixed range of cells, a function of the sweep alone. Its part is written once, when every cell of it
//! is decided, with the runs in order: so the files of a complete sweep are the same to the byte, whatever the number
//! of threads and shards and however often it was interrupted. What is finished before that goes to `checkpoint/`
//! every few seconds, as does all that a shard does: the parts are written by the run without a shard, which finds its
//! runs there. Every file is written elsewhere, synchronized to the disk, and renamed: it is there whole or not at all.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `schema` | the columns |
//! | `files`, `tables` | files that are whole or absent; tables as Parquet files |
//! | `checksums`, `locks`, `manifest`, `shard` | one idea each |
//! | `checkpoint` | the files of `checkpoint/` |
//! | `folder`, `writer` | the folder as a whole, for reading and for writing |

mod checkpoint;
mod checksums;
mod error;
mod files;
mod folder;
mod locks;
mod manifest;
mod schema;
mod shard;
mod tables;
mod writer;

pub use error::StoreError;
pub use folder::{Check, Folder, PartState};
pub use locks::Workers;
pub use manifest::{MANIFEST_VERSION, Manifest};
pub use schema::{KeyMetadata, trace_batch, trace_schema};
pub(crate) use schema::{axis_column, axis_field};
pub use shard::Shard;
pub use tables::write_table;
pub use writer::{RunRow, Store, prepare};
