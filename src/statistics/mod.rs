//! Functions of numbers: what can be concluded from runs. No tables, no files, no command line.

pub mod clusters;
pub mod interval;
pub mod normal;
pub mod quantile;
pub mod sensitivity;
