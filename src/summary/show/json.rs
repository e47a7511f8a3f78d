//! The surface as JSON.

use std::io::{self, Write};

use serde::Serializer as _;
use serde_json::{Map, Serializer};

use super::exporter::Exporter;
use crate::summary::surface::Surface;

/// A list with an object for each row, which has all columns, sorted by their names.
pub struct Json;

impl Exporter for Json {
    fn export(&self, surface: &Surface, out: &mut dyn Write) -> io::Result<()> {
        let names: Vec<String> = surface.names().collect();
        let rows = surface.rows().map(|row| {
            let entries = names.iter().zip(row).map(|(name, entry)| (name.clone(), entry.to_json()));
            entries.collect::<Map<_, _>>()
        });
        Serializer::pretty(&mut *out).collect_seq(rows)?;
        writeln!(out)
    }
}
