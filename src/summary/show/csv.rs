//! The surface as CSV (RFC 4180).

use std::io::{self, Write};

use super::exporter::Exporter;
use crate::summary::surface::Surface;

/// Every column, named in the first line. What is missing is empty; numbers are written as in JSON.
pub struct Csv;

impl Exporter for Csv {
    fn export(&self, surface: &Surface, out: &mut dyn Write) -> io::Result<()> {
        let mut table = csv::Writer::from_writer(out);
        table.write_record(surface.names())?;
        for row in surface.rows() {
            table.write_record(row.map(|entry| entry.to_csv()))?;
        }
        table.flush()
    }
}
