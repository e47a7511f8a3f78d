//! The cells of a table that was kept.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, UInt32Type};
use arrow_array::{Array, RecordBatch};

use super::{RareCell, RareOutages};
use crate::statistics::interval::Interval;
use crate::statistics::rare::{Doubt, Estimate};
use crate::sweep::columns as names;

impl RareOutages {
    /// Takes the cells of a table over that was made of what is known of this sweep; of any other table none.
    pub fn take_back(&mut self, table: &RecordBatch) {
        let is_such = self.to_table().is_ok_and(|own| own.schema().fields() == table.schema().fields());
        for row in (0..table.num_rows()).filter(|_| is_such) {
            if let Some((cell, known)) = self.row(table, row) {
                self.cells.insert(cell, known);
            }
        }
    }

    fn row(&self, table: &RecordBatch, row: usize) -> Option<(u32, RareCell)> {
        let number = |name: &str| {
            let column = table.column_by_name(name)?.as_primitive_opt::<Float64Type>()?;
            Some(if column.is_valid(row) { column.value(row) } else { f64::NAN })
        };
        let inputs = self.sweep.uncertain.iter().map(|input| number(&input.column(&self.sweep)));
        let doubts = table.column_by_name("doubts")?.as_string_opt::<i32>()?;
        let doubts = if doubts.is_valid(row) { doubts.value(row) } else { "" };
        let estimate = Estimate {
            probability: number("outage_probability")?,
            interval: Interval { low: number("outage_probability_low")?, high: number("outage_probability_high")? },
            relative_error: number("relative_error")?,
            runs: u32::try_from(table.column_by_name("runs")?.as_primitive_opt::<Int64Type>()?.value(row)).ok()?,
            effective: number("effective_outages")?,
            doubts: Doubt::ALL
                .into_iter()
                .filter(|doubt| doubts.split("; ").any(|said| said == doubt.to_string()))
                .collect(),
            centre: None,
            check: number("subset_probability").filter(|check| !check.is_nan()),
        };
        let cell = table.column_by_name(names::CELL)?.as_primitive_opt::<UInt32Type>()?.value(row);
        Some((cell, RareCell { estimate, inputs: inputs.collect::<Option<_>>()? }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::Sweep;

    const SWEEP: &str = "name = \"t\"\n[[axis]]\nparameter = \"updates.synchronization\"\nvalues = [0.1, 0.2, 0.3]\n\
                         [uncertain]\nlogin.timeout_s = { normal = { mean = 60.0, sd = 5.0 } }\n[rare]\nlevel = 1e-5\n";

    fn known() -> RareOutages {
        let sweep = Sweep::parse(SWEEP, "t.toml", &[]).unwrap();
        let rare = sweep.rare.unwrap();
        RareOutages::new(sweep, rare)
    }

    #[test]
    fn a_table_gives_back_what_it_was_made_of() {
        let mut first = known();
        let interval = Interval { low: 1e-6, high: 1.0 / 3.0 };
        for (cell, doubts, centre) in
            [(2, vec![], Some(vec![0.5])), (0, vec![Doubt::Unknown, Doubt::Moving, Doubt::Check], None)]
        {
            let (probability, relative_error) = (1e-5 / 3.0, if centre.is_some() { 0.1 } else { f64::NAN });
            let check = centre.is_some().then_some(3e-6);
            let (runs, effective) = (12_345, 70.5);
            first.add(cell, Estimate { probability, interval, relative_error, runs, effective, doubts, centre, check });
        }
        let table = first.to_table().unwrap();
        let mut second = known();
        second.take_back(&table);
        assert_eq!(second.to_table().unwrap(), table);
        assert_eq!(second.in_words(), first.in_words());
        assert!(second.has(0) && !second.has(1) && second.has(2));
        // A table of something else is none.
        let mut third = known();
        third.take_back(&table.project(&[0, 1, 2]).unwrap());
        assert!(!third.has(0));
    }
}
