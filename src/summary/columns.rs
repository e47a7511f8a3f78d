//! The columns of the surface, declared once. Names, units and descriptions in `surface.parquet`, the rows as a type,
//! and what every format shows are derived from here.
//!
//! In the file stand the cell, the axes of the sweep, the other fixed columns, and the statistics of the outputs.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, UInt32Type};
use arrow_array::{Array, ArrayRef, Float64Array, UInt32Array};
use arrow_schema::DataType;

use super::entry::Entry;
use crate::engine::outcome::OutputType;

/// The output whose mean over the runs of a cell the fixed columns hold, with its interval; it has no statistics.
pub(super) const OUTAGE: &str = "outage";

/// In a description: the interval of the sweep.
pub(super) const INTERVAL: &str = "{interval}";

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
    fn values(column: &dyn Array) -> Option<&[Self]>;
}

impl Field for u32 {
    const TYPE: DataType = DataType::UInt32;

    fn entry<'a>(self) -> Entry<'a> {
        Entry::Count(u64::from(self))
    }

    fn column(values: impl Iterator<Item = u32>) -> ArrayRef {
        Arc::new(UInt32Array::from_iter_values(values))
    }

    fn values(column: &dyn Array) -> Option<&[u32]> {
        Some(column.as_primitive_opt::<UInt32Type>()?.values())
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

    fn values(column: &dyn Array) -> Option<&[f64]> {
        Some(column.as_primitive_opt::<Float64Type>()?.values())
    }
}

/// Declares a row type and the list of its columns, and how the rows become columns and entries.
macro_rules! fixed_columns {
    ($(#[$row_doc:meta])* $Row:ident, $(#[$list_doc:meta])* $LIST:ident {
        $( $name:ident: $type:ty, $description:literal; )*
    }) => {
        $(#[$row_doc])*
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub struct $Row {
            $( #[doc = $description] pub $name: $type, )*
        }

        $(#[$list_doc])*
        pub(super) static $LIST: &[FixedColumn] = &[
            $( FixedColumn {
                name: stringify!($name),
                description: $description,
                data_type: <$type as Field>::TYPE,
            }, )*
        ];

        impl $Row {
            /// The entries of the row, in the order of the columns.
            pub(super) fn entries<'a>(&self) -> impl Iterator<Item = Entry<'a>> + use<'a> {
                [$( Field::entry(self.$name), )*].into_iter()
            }

            /// The rows as columns, in their order.
            pub(super) fn to_columns(rows: &[$Row]) -> Vec<ArrayRef> {
                vec![$( <$type as Field>::column(rows.iter().map(|row| row.$name)), )*]
            }

            /// The rows of such columns; `None` if a column is missing or has another type.
            pub(super) fn from_columns<'a>(columns: impl IntoIterator<Item = &'a ArrayRef>) -> Option<Vec<$Row>> {
                let mut columns = columns.into_iter();
                $( let mut $name = <$type as Field>::values(columns.next()?)?.iter().copied(); )*
                Some(std::iter::from_fn(|| Some($Row { $( $name: $name.next()?, )* })).collect())
            }
        }
    };
}

fixed_columns! {
    /// What the runs of one cell say about its outage probability.
    CellSummary,
    /// The columns of the surface that every sweep has. The axes come after the first one.
    FIXED_COLUMNS {
        cell: u32,
            "Number of the cell; the last axis varies fastest.";
        replicates: u32,
            "Runs of the cell.";
        outages: u32,
            "Runs with an outage.";
        outage_probability: f64,
            "Share of the runs with an outage.";
        outage_probability_low: f64,
            "Lower end of the {interval}.";
        outage_probability_high: f64,
            "Upper end of the {interval}.";
    }
}

/// A statistic of an output over the runs of a cell. An output that can be missing has its statistics over those runs
/// in which it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistic {
    /// The mean; of a truth, the share of the runs.
    Mean,
    /// The standard deviation, from the sum of squares over n − 1; missing for a single run.
    Deviation,
    /// The 5 % quantile. Quantiles interpolate linearly between the order statistics (type 7 of Hyndman and Fan 1996).
    Quantile05,
    /// The median.
    Median,
    /// The 95 % quantile.
    Quantile95,
}

impl Statistic {
    /// The statistics of a number, in the order of the columns.
    pub const ALL: [Statistic; 5] =
        [Statistic::Mean, Statistic::Deviation, Statistic::Quantile05, Statistic::Median, Statistic::Quantile95];

    /// The statistics of an output of some type, in the order of the columns.
    pub fn of(kind: OutputType) -> &'static [Statistic] {
        match kind {
            // Quantiles of a truth say nothing.
            OutputType::Boolean => &[Statistic::Mean],
            OutputType::Count | OutputType::Number => &Statistic::ALL,
        }
    }

    /// What its columns end with, after the name of the output and `_`.
    pub fn suffix(self) -> &'static str {
        match self {
            Statistic::Mean => "mean",
            Statistic::Deviation => "sd",
            Statistic::Quantile05 => "q05",
            Statistic::Median => "q50",
            Statistic::Quantile95 => "q95",
        }
    }

    /// The words that the descriptions of its columns begin with.
    pub(super) fn in_words(self) -> &'static str {
        match self {
            Statistic::Mean => "Mean",
            Statistic::Deviation => "Standard deviation (n − 1)",
            Statistic::Quantile05 => "5 % quantile",
            Statistic::Median => "Median",
            Statistic::Quantile95 => "95 % quantile",
        }
    }
}
