//! Every key of a sweep file, declared once: its name, what it takes, what holds without it, and what it means.
//!
//! The readers take names and bounds from here, and `critmass reference`, its page and the JSON Schema are made of the
//! same declarations. Parameters are declared in `parameters`; a [`Table`] says which of them it takes besides its keys.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `form` | what a key takes: a number within bounds, a word, a table |
//! | `table` | a key and a table |
//! | `declared` | the declarations |

mod declared;
mod form;
mod table;

pub use declared::{
    axis, beta, design, discrete, file, intervention, lognormal, normal, region, replicates, scenario, shock, span,
    traces, triangular, uncertain, uniform, variant,
};
pub use form::{Bounds, Form};
pub use table::{Key, Settings, Table, Without};
