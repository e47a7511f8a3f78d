//! What is kept: the folder of a sweep, as other programs read it.
//!
//! ```text
//! manifest.json      the sweep as resolved; written first
//! runs/              part-NNNNNN.parquet: all runs of a block of cells, in the order of (cell, replicate)
//! traces/            part-NNNNNN.parquet: their traces
//! surface.parquet    the summary
//! checkpoint/        runs of blocks that are not complete; gone when they are
//! temporary/         files that are being written
//! lock               held by the process that writes here
//! ```
//!
//! A block is a fixed range of cells, a function of the sweep alone. Its part is written once, when every cell of it
//! is decided, with the runs in order: so the files of a complete sweep are the same to the byte, whatever the number
//! of threads and however often it was interrupted. What is finished before that goes to `checkpoint/` every few
//! seconds. Every file is written elsewhere, synchronized to the disk, and renamed: it is there whole or not at all.

mod checkpoint;
mod error;
mod files;
mod manifest;
mod parts;
mod schema;

pub use error::StoreError;
pub use files::write_table;
pub use manifest::{MANIFEST_VERSION, Manifest};
pub use parts::{Folder, PartState, RunRow, Store};
pub use schema::{KeyMetadata, trace_batch, trace_schema};
pub(crate) use schema::{axis_column, axis_field, output_field};
