//! Functions of numbers: what can be concluded from runs. No tables, no files, no command line.

pub mod blocks;
pub mod clusters;
pub mod crossing;
pub mod fidelity;
pub mod interval;
pub mod logistic;
pub mod looks;
pub mod normal;
pub mod paired;
pub mod plan;
pub mod quantile;
pub mod rare;
pub mod rule;
pub mod sensitivity;
pub mod sign;
pub mod stopping;
pub mod student;
