//! A key of a sweep file, and the table that it stands in.

use super::form::{Bounds, Form};

/// One key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Its name, without that of the table.
    pub name: &'static str,
    /// What it takes.
    pub form: Form,
    /// What holds without it.
    pub without: Without,
    /// What it means.
    pub meaning: &'static str,
}

/// What holds where a key is not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Without {
    /// It has to be there.
    Refused,
    /// This value, as TOML.
    Default(&'static str),
    /// What is said here.
    Else(&'static str),
}

impl Key {
    /// What is expected, as the part of a message.
    pub fn expectation(&self) -> String {
        self.form.to_string()
    }

    /// The bounds of a number; every finite number for another form.
    pub(in crate::sweep) fn bounds(&self) -> Bounds {
        match self.form {
            Form::Number(bounds, _) | Form::Numbers(bounds) => bounds,
            Form::Hour => Bounds::at_least(0.0),
            _ => Bounds::FINITE,
        }
    }
}

/// Which parameters a table takes besides its keys, each under its dotted name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settings {
    /// None.
    None,
    /// A value for any parameter.
    Values,
    /// A value for any parameter that can change in the middle of a run.
    Changes,
    /// A law for any numeric parameter.
    Laws,
}

/// One table.
#[derive(Debug)]
pub struct Table {
    /// How it is written: `[replicates]`, `[[axis]]`, or `{ from, to, points }` where it is a value.
    pub written: &'static str,
    /// What it is.
    pub meaning: &'static str,
    /// Its keys.
    pub keys: &'static [Key],
    /// The parameters that it takes, too.
    pub settings: Settings,
    /// How it may look: TOML that can be read where the table stands; empty where other examples show it.
    pub example: &'static str,
}

impl Table {
    /// The names of its keys.
    pub fn names(&self) -> Vec<&'static str> {
        self.keys.iter().map(|key| key.name).collect()
    }
}
