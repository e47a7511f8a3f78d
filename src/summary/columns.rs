//! The columns of the surface, declared once. Names, units and descriptions in `surface.parquet`, the rows as a type,
//! and what every format shows are derived from here.
//!
//! In the file stand the cell, the axes of the sweep, the other fixed columns, and the statistics of the outputs.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, UInt32Type};
use arrow_array::{Array, ArrayRef, Float64Array, Int64Array, UInt32Array};
use arrow_schema::DataType;

use super::entry::Entry;
use crate::statistics::interval::Interval;
use crate::sweep::columns as names;

/// The output whose mean over the runs of a cell the fixed columns hold, with its interval; it has no statistics.
pub(super) const OUTAGE: &str = "outage";
/// The output that says whether a network was up before anything happened to it.
pub(super) const BASELINE: &str = "baseline_online_fraction";

/// These words in a description stand for the interval of the sweep, whose confidence and kind the file says.
pub(super) const INTERVAL: &str = "interval of outage_probability";

/// A column that the surface of every sweep has. Its unit is `"1"`, and every cell has a value.
pub(super) struct FixedColumn {
    pub(super) name: &'static str,
    /// What it is; may hold [`INTERVAL`].
    pub(super) description: &'static str,
    pub(super) data_type: DataType,
}

/// The type of a fixed column, as a column of a table and as entries.
trait Field: Copy + 'static {
    const TYPE: DataType;
    fn entry<'a>(self) -> Entry<'a>;
    fn column(values: impl Iterator<Item = Self>) -> ArrayRef;
    fn values(column: &dyn Array) -> Option<Vec<Self>>;
}

impl Field for u32 {
    const TYPE: DataType = DataType::UInt32;

    fn entry<'a>(self) -> Entry<'a> {
        Entry::Count(u64::from(self))
    }

    fn column(values: impl Iterator<Item = u32>) -> ArrayRef {
        Arc::new(UInt32Array::from_iter_values(values))
    }

    fn values(column: &dyn Array) -> Option<Vec<u32>> {
        Some(column.as_primitive_opt::<UInt32Type>()?.values().to_vec())
    }
}

/// A count, which is signed in the file, as those of the runs are: differences of unsigned numbers wrap in many readers.
impl Field for u64 {
    const TYPE: DataType = DataType::Int64;

    fn entry<'a>(self) -> Entry<'a> {
        Entry::Count(self)
    }

    fn column(values: impl Iterator<Item = u64>) -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(values.map(|count| i64::try_from(count).unwrap_or(i64::MAX))))
    }

    fn values(column: &dyn Array) -> Option<Vec<u64>> {
        column.as_primitive_opt::<Int64Type>()?.values().iter().map(|&count| u64::try_from(count).ok()).collect()
    }
}

impl Field for f64 {
    const TYPE: DataType = DataType::Float64;

    fn entry<'a>(self) -> Entry<'a> {
        Entry::Number(self)
    }

    fn column(values: impl Iterator<Item = f64>) -> ArrayRef {
        Arc::new(Float64Array::from_iter_values(values))
    }

    fn values(column: &dyn Array) -> Option<Vec<f64>> {
        Some(column.as_primitive_opt::<Float64Type>()?.values().to_vec())
    }
}

/// Declares a row type and the list of its columns, and how the rows become columns and entries.
macro_rules! fixed_columns {
    ($(#[$row_doc:meta])* $Row:ident, $(#[$list_doc:meta])* $LIST:ident {
        $( $field:ident ($name:expr): $type:ty, $description:literal; )*
    }) => {
        $(#[$row_doc])*
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub struct $Row {
            $( #[doc = $description] pub $field: $type, )*
        }

        $(#[$list_doc])*
        pub(super) static $LIST: &[FixedColumn] = &[
            $( FixedColumn {
                name: $name,
                description: $description,
                data_type: <$type as Field>::TYPE,
            }, )*
        ];

        impl $Row {
            /// The entries of the row, in the order of the columns.
            pub(super) fn entries<'a>(&self) -> impl Iterator<Item = Entry<'a>> + use<'a> {
                [$( Field::entry(self.$field), )*].into_iter()
            }

            /// The rows as columns, in their order.
            pub(super) fn to_columns(rows: &[$Row]) -> Vec<ArrayRef> {
                vec![$( <$type as Field>::column(rows.iter().map(|row| row.$field)), )*]
            }

            /// The rows of such columns; `None` if a column is missing or has another type.
            pub(super) fn from_columns<'a>(columns: impl IntoIterator<Item = &'a ArrayRef>) -> Option<Vec<$Row>> {
                let mut columns = columns.into_iter();
                $( let mut $field = <$type as Field>::values(columns.next()?)?.into_iter(); )*
                Some(std::iter::from_fn(|| Some($Row { $( $field: $field.next()?, )* })).collect())
            }
        }
    };
}

impl CellSummary {
    /// The interval of the outage probability.
    pub(super) fn interval(&self) -> Interval {
        Interval { low: self.outage_probability_low, high: self.outage_probability_high }
    }
}

fixed_columns! {
    /// What the runs of one cell say about its outage probability.
    CellSummary,
    /// The columns of the surface that every sweep has. The axes come after the first one.
    FIXED_COLUMNS {
        cell (names::CELL): u32,
            "Number of the cell; the last axis varies fastest.";
        replicates (names::REPLICATES): u64,
            "Runs of the cell.";
        outages (names::OUTAGES): u64,
            "Runs with an outage.";
        outage_probability (names::OUTAGE_PROBABILITY): f64,
            "Probability of an outage: the share of the runs with one, corrected for the bias that comes from stopping once it is known.";
        outage_probability_low (names::OUTAGE_PROBABILITY_LOW): f64,
            "Lower end of the interval of outage_probability.";
        outage_probability_high (names::OUTAGE_PROBABILITY_HIGH): f64,
            "Upper end of the interval of outage_probability.";
    }
}
