//! Every parameter of the model, declared once.
//!
//! `table` is the only place where a parameter's name, type, default, unit, domain, meaning, source and properties are
//! written down. The [`Scenario`] that a run reads, the sweep file's parser with its messages, `critmass parameters`,
//! the manifest and the metadata of the Parquet columns are all derived from it.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `value` | what a parameter can be: the types of the fields, and a value of any of them |
//! | `domain` | which values are allowed |
//! | `declare` | the macro behind the table: a struct for each group, a row for each field |
//! | `table` | the declarations, and what stands on them: [`Parameter`], [`Scenario`] |
//! | `shock` | when a [`Shock`] comes, and whom it strikes |
//! | `intervention` | what an [`Intervention`] sets, and which parameters are in force when |
//! | `totals` | parameters per million clients that are given for all of them |
//! | `quantity` | what a sweep can vary: a parameter, or a number of a named event |
//! | `check` | what a scenario has to be as a whole, the one check for everybody |

mod check;
mod declare;
mod domain;
mod intervention;
mod quantity;
mod shock;
mod table;
mod totals;
mod value;

pub use check::{Event, ScenarioError};
pub(crate) use declare::name_of;
pub use domain::{Domain, Range};
pub use intervention::{Intervention, Setting};
pub use quantity::Quantity;
pub(crate) use shock::Fraction;
pub use shock::Shock;
pub use table::{
    Login, Outage, Overlay, PARAMETERS, Parameter, Population, Presence, Retry, Scenario, TOTALS, Time, Updates,
};
pub use totals::Totals;
pub use value::{Discipline, Jitter, Region, Value};
pub(crate) use value::{toml_number, toml_text};
