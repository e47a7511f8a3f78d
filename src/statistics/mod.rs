//! Functions of numbers: what can be concluded from runs. No tables, no files, no command line.

pub mod interval;
pub mod quantile;
