//! Reads a sweep file.
//!
//! `document` makes a tree of a TOML text in which every value knows where it was written, and `overrides` puts each
//! `--set` into it. A `reader` is the checked access to a value of the tree; `sweep` reads a whole sweep through it, with
//! `axes`, `design` and `cells` (and `points`, which reads those of a file), `scenario`, `uncertain`, `replicates`, `refine`, `rare` and `run` for its parts, which set parameters (`settings`) and
//! find what is varied by its name (`quantities`); `units` looks after those that can be given in two units. What is wrong goes to one list (`error`), which is
//! reported as a whole; `hints` says what was probably meant, and `locate` finds where something stands that is wrong in
//! the sweep as a whole.

mod axes;
mod cells;
mod compare;
mod design;
mod document;
mod error;
mod file;
mod hints;
mod locate;
mod overrides;
mod points;
mod quantities;
mod rare;
mod reader;
mod refine;
mod replicates;
mod run;
mod scenario;
mod settings;
mod sweep;
mod uncertain;
mod units;

pub use error::{Mistake, SweepError};
pub use file::read_text;
