//! Whether a run that is made again is the one that was kept.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, UInt32Type};
use arrow_array::{Array, RecordBatch};

use crate::engine::outcome::{OUTPUTS, Outcome, OutputValue};
use crate::store::{Folder, StoreError};
use crate::sweep::columns;

/// The row of a run in the folder of its sweep.
pub struct KeptRun {
    row: RecordBatch,
}

impl KeptRun {
    /// Finds a run; `None` if it is not there.
    ///
    /// # Errors
    /// A file cannot be read or is damaged.
    pub fn find(folder: &Folder, cell: u32, replicate: u32) -> Result<Option<KeptRun>, StoreError> {
        let runs = folder.runs(folder.block_of(cell))?;
        let key = |name| runs.column_by_name(name).and_then(|column| column.as_primitive_opt::<UInt32Type>());
        let (Some(cells), Some(replicates)) = (key(columns::CELL), key(columns::REPLICATE)) else { return Ok(None) };
        let mut keys = cells.values().iter().zip(replicates.values());
        let row = keys.position(|key| key == (&cell, &replicate));
        Ok(row.map(|row| KeptRun { row: runs.slice(row, 1) }))
    }

    /// The names of the outputs in which a run differs from it, to the bit.
    pub fn differences(&self, outcome: &Outcome) -> Vec<&'static str> {
        let differs = |name: &str, value| !self.row.column_by_name(name).is_some_and(|column| holds(column, value));
        OUTPUTS.iter().filter(|o| differs(o.name, (o.get)(outcome))).map(|output| output.name).collect()
    }
}

/// Whether the only entry of a column equals an output, to the bit.
fn holds(column: &dyn Array, value: OutputValue) -> bool {
    match value {
        OutputValue::Number(None) | OutputValue::Word(None) => column.is_null(0),
        _ if column.is_null(0) => false,
        OutputValue::Number(Some(x)) => {
            column.as_primitive_opt::<Float64Type>().is_some_and(|c| c.value(0).to_bits() == x.to_bits())
        }
        OutputValue::Word(Some(word)) => column.as_string_opt::<i32>().is_some_and(|c| c.value(0) == word),
        OutputValue::Count(n) => {
            column.as_primitive_opt::<Int64Type>().is_some_and(|c| u64::try_from(c.value(0)) == Ok(n))
        }
        OutputValue::Boolean(b) => column.as_boolean_opt().is_some_and(|c| c.value(0) == b),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray};

    use super::*;

    #[test]
    fn numbers_are_compared_to_the_bit() {
        let number = |x: Option<f64>| Arc::new(Float64Array::from(vec![x])) as ArrayRef;
        assert!(holds(&number(Some(0.3)), OutputValue::Number(Some(0.3))));
        assert!(!holds(&number(Some(0.3)), OutputValue::Number(Some(0.1 + 0.2))));
        assert!(!holds(&number(Some(0.0)), OutputValue::Number(Some(-0.0))));
        assert!(holds(&number(Some(f64::NAN)), OutputValue::Number(Some(f64::NAN))));
        assert!(holds(&number(None), OutputValue::Number(None)));
        assert!(!holds(&number(None), OutputValue::Number(Some(0.0))));
        assert!(!holds(&number(Some(0.0)), OutputValue::Number(None)));
    }

    #[test]
    fn an_output_of_another_type_differs() {
        let count: ArrayRef = Arc::new(Int64Array::from(vec![1]));
        let truth: ArrayRef = Arc::new(BooleanArray::from(vec![true]));
        assert!(holds(&count, OutputValue::Count(1)) && holds(&truth, OutputValue::Boolean(true)));
        let word: ArrayRef = Arc::new(StringArray::from(vec!["login"]));
        assert!(holds(&word, OutputValue::Word(Some("login"))) && !holds(&word, OutputValue::Word(Some("both"))));
        assert!(!holds(&word, OutputValue::Word(None)) && !holds(&word, OutputValue::Boolean(true)));
        assert!(!holds(&count, OutputValue::Boolean(true)) && !holds(&truth, OutputValue::Count(1)));
        assert!(!holds(&count, OutputValue::Count(2)) && !holds(&truth, OutputValue::Boolean(false)));
    }
}
