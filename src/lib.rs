//! critmass
pub mod parameters;
