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
use crate::engine::outcome::{Missing, Outcome, Output, OutputType};
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
            "Share of the runs with an outage.";
        outage_probability_low (names::OUTAGE_PROBABILITY_LOW): f64,
            "Lower end of the interval of outage_probability.";
        outage_probability_high (names::OUTAGE_PROBABILITY_HIGH): f64,
            "Upper end of the interval of outage_probability.";
    }
}

/// A statistic of an output over the runs of a cell.
///
/// Of an output that can be missing, mean and deviation are conditional: over the runs that have it. So are the quantiles,
/// unless its absence says that it is above all numbers ([`Missing::AboveAll`]): then every run counts, and a quantile
/// that lies above all numbers is missing itself.
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
    /// The number of runs that have the output, where it can be missing.
    Count,
}

impl Statistic {
    /// The statistics of a number, in the order of the columns.
    pub const ALL: [Statistic; names::STATISTICS.len()] = [
        Statistic::Mean,
        Statistic::Deviation,
        Statistic::Quantile05,
        Statistic::Median,
        Statistic::Quantile95,
        Statistic::Count,
    ];

    /// The statistics of an output, in the order of the columns.
    pub fn of(output: &Output<Outcome>) -> impl Iterator<Item = Statistic> + use<> {
        let (kind, missing) = (output.kind, output.missing);
        Statistic::ALL.into_iter().filter(move |statistic| match statistic {
            Statistic::Mean => true,
            Statistic::Count => missing != Missing::Never,
            // Quantiles of a truth say nothing.
            _ => kind != OutputType::Boolean,
        })
    }

    /// What it is called in the name of a column, after the name of the output.
    pub fn name(self) -> &'static str {
        names::STATISTICS[self as usize]
    }

    /// What its column of an output holds.
    pub(super) fn in_words(self, output: &Output<Outcome>) -> String {
        let name = output.name;
        let (statistic, is_quantile) = match self {
            Statistic::Count => return format!("Runs of the cell in which {name} is not null."),
            Statistic::Mean => ("Mean", false),
            Statistic::Deviation => ("Standard deviation (n − 1)", false),
            Statistic::Quantile05 => ("5 % quantile", true),
            Statistic::Median => ("Median", true),
            Statistic::Quantile95 => ("95 % quantile", true),
        };
        match output.missing {
            Missing::Never => format!("{statistic} of {name} over the runs of the cell."),
            Missing::AboveAll if is_quantile => format!(
                "{statistic} of {name} over all runs of the cell, where null counts as larger than every number; null if \
                 the quantile is larger, too."
            ),
            _ => format!(
                "Conditional: {statistic} of {name} over those runs of the cell in which it is not null ({name}_n)."
            ),
        }
    }
}
