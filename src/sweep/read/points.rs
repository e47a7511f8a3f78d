//! Reads the points of a design from a file: a row for each cell, a column for each axis.

use std::fs::File;
use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::document::{Content, Node};
use super::quantities::Quantities;
use super::reader::Reader;
use super::{settings, units};
use crate::parameters::{Domain, Value};
use crate::sweep::design::distinct;
use crate::sweep::keys::DESIGN_POINTS_MAX;
use crate::sweep::types::{Axis, AxisPoints, Sampled, SampledKind};

/// A column of the file.
struct Column {
    name: String,
    /// The text of each row; `None` where it is empty.
    values: Vec<Option<String>>,
}

/// Reads the file that a sweep names, and gives it an axis for each column that is no axis of variants.
pub(super) fn of_file(
    root: &Reader,
    file: &Reader,
    axes: &mut Vec<Axis>,
    folder: &Path,
    quantities: &Quantities,
) -> Option<Sampled> {
    let name = file.text()?;
    let path = folder.join(name);
    let columns = match path.extension().and_then(|extension| extension.to_str()) {
        Some("csv") => of_csv(&path),
        Some("parquet") => of_parquet(&path),
        _ => Err("expected a file whose name ends with .csv or .parquet".to_owned()),
    };
    let columns = columns.and_then(checked).map_err(|message| file.report(format!("{name}: {message}"))).ok()?;
    if let Some(axis) = axes.iter().find(|axis| axis.variants().is_empty()) {
        let message =
            format!("the axis {} has points of its own; expected its values in a column of the file", axis.name);
        file.report(message);
        return None;
    }
    let mut indices: Vec<Option<Vec<u32>>> = vec![None; axes.len()];
    for column in &columns {
        match axes.iter().position(|axis| !axis.variants().is_empty() && axis.name == column.name) {
            Some(axis) => indices[axis] = Some(of_variants(file, column, &axes[axis])?),
            None => {
                let (axis, points) = of_parameter(file, column, axes, quantities)?;
                if let Some(other) = units::given_otherwise(root, axes, &axis) {
                    let message = format!("{other} is the same parameter in the other unit; expected one of the two");
                    file.called(&format!("column {}", column.name)).report(message);
                    return None;
                }
                axes.push(axis);
                indices.push(Some(points));
            }
        }
    }
    let missing = axes.iter().zip(&indices).find(|(_, points)| points.is_none());
    if let Some((axis, _)) = missing {
        file.report(format!("{name}: there is no column {:?}; expected one with the labels of that axis", axis.name));
        return None;
    }
    let rows = columns.first().map_or(0, |column| column.values.len());
    let points = (0..rows).flat_map(|row| indices.iter().flatten().map(move |column| column[row])).collect();
    Some(Sampled { kind: SampledKind::Points, ranges: vec![None; axes.len()], points })
}

/// The columns, if they are what a design may have.
fn checked(columns: Vec<Column>) -> Result<Vec<Column>, String> {
    let rows = columns.first().map_or(0, |column| column.values.len());
    if rows == 0 || rows as u64 > DESIGN_POINTS_MAX {
        return Err(format!("the file has {rows} rows; expected 1 … {DESIGN_POINTS_MAX}"));
    }
    let mut names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(format!("two columns are called {:?}; expected names that differ", pair[0])),
        None => Ok(columns),
    }
}

/// The index of the variant of each row.
fn of_variants(file: &Reader, column: &Column, axis: &Axis) -> Option<Vec<u32>> {
    let labels: Vec<&str> = axis.variants().iter().map(|variant| variant.label.as_str()).collect();
    let rows = column.values.iter().enumerate().map(|(row, label)| {
        let label = label.as_deref().unwrap_or_default();
        let found = labels.iter().position(|known| *known == label);
        if found.is_none() {
            let message = format!("{label:?} is no label of the axis; expected one of {}", labels.join(", "));
            file.called(&place(file, column, row)).report(message);
        }
        found.map(|index| index as u32)
    });
    rows.collect()
}

/// The axis of a parameter, and the index of its point in each row.
fn of_parameter(file: &Reader, column: &Column, axes: &[Axis], quantities: &Quantities) -> Option<(Axis, Vec<u32>)> {
    let refuse = |message: String| file.called(&format!("column {}", column.name)).report(message);
    let parameter = quantities.find(&column.name).map_err(refuse).ok()?;
    if parameter.domain() == Domain::Regions {
        refuse("this is not a single value; expected another parameter, or an axis of variants".to_owned());
        return None;
    }
    if let Some(axis) = axes.iter().find(|axis| axis.parameters().any(|set| *set == parameter)) {
        refuse(format!("the parameter is on two axes, {:?} and this column; it may be on one", axis.name));
        return None;
    }
    let mut values: Vec<Value> = Vec::with_capacity(column.values.len());
    for (row, text) in column.values.iter().enumerate() {
        let node =
            Node { location: file.node().location.clone(), content: content(text.as_deref(), parameter.domain()) };
        let cell = Reader::of(&node, file.problems()).called(&place(file, column, row));
        values.extend(settings::value(&parameter, &cell));
        if values.len() <= row {
            return None;
        }
    }
    let (values, indices) = distinct(values);
    let points = AxisPoints::Values { parameter, values, logarithmic: false };
    Some((Axis { name: column.name.clone(), points }, indices))
}

/// What a text of the file is as a value of TOML.
fn content(text: Option<&str>, domain: Domain) -> Content {
    let text = text.unwrap_or_default();
    match domain {
        Domain::Boolean => text.parse().map_or(Content::Text(text.to_owned()), Content::Boolean),
        Domain::Number(_) | Domain::Integer(..) => match (text.parse::<i64>(), text.parse::<f64>()) {
            (Ok(n), _) => Content::Integer(n),
            // Programs that write tables of numbers write whole ones as 75.0.
            (_, Ok(x)) if matches!(domain, Domain::Integer(..)) && x == libm::trunc(x) && x.abs() < 9e15 => {
                Content::Integer(x as i64)
            }
            (_, Ok(x)) => Content::Float(x),
            _ => Content::Text(text.to_owned()),
        },
        Domain::Choice(_) | Domain::Regions => Content::Text(text.to_owned()),
    }
}

/// Where a value stands in the file.
fn place(file: &Reader, column: &Column, row: usize) -> String {
    let name = match file.content() {
        Content::Text(name) => name.as_str(),
        _ => "",
    };
    format!("{name}, row {} (from 1), column {}", row + 1, column.name)
}

fn of_csv(path: &Path) -> Result<Vec<Column>, String> {
    let mut reader =
        csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(path).map_err(|error| error.to_string())?;
    let names = reader.headers().map_err(|error| error.to_string())?;
    let mut columns: Vec<Column> = names
        .iter()
        .map(|name| Column { name: name.trim_start_matches('\u{feff}').to_owned(), values: Vec::new() })
        .collect();
    for record in reader.records().take(DESIGN_POINTS_MAX as usize + 1) {
        let record = record.map_err(|error| error.to_string())?;
        let texts = record.iter().map(|text| (!text.is_empty()).then(|| text.to_owned()));
        columns.iter_mut().zip(texts).for_each(|(column, text)| column.values.push(text));
    }
    Ok(columns)
}

fn of_parquet(path: &Path) -> Result<Vec<Column>, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| error.to_string())?;
    let mut columns: Vec<Column> = builder
        .schema()
        .fields()
        .iter()
        .map(|field| Column { name: field.name().clone(), values: Vec::new() })
        .collect();
    let batches = builder.with_limit(DESIGN_POINTS_MAX as usize + 1).build().map_err(|error| error.to_string())?;
    for batch in batches {
        let batch: RecordBatch = batch.map_err(|error| error.to_string())?;
        for (column, array) in columns.iter_mut().zip(batch.columns()) {
            let texts = texts(array).ok_or_else(|| {
                format!(
                    "column {}: the type {} is not read; expected numbers, truths or texts",
                    column.name,
                    array.data_type()
                )
            })?;
            column.values.extend(texts);
        }
    }
    Ok(columns)
}

/// The values of an array as texts; `None` of another type.
fn texts(array: &dyn Array) -> Option<Vec<Option<String>>> {
    macro_rules! numbers {
        ($type:ty) => {
            array.as_primitive::<$type>().iter().map(|x| x.map(|x| format!("{x:?}"))).collect()
        };
    }
    Some(match array.data_type() {
        DataType::Int8 => numbers!(Int8Type),
        DataType::Int16 => numbers!(Int16Type),
        DataType::Int32 => numbers!(Int32Type),
        DataType::Int64 => numbers!(Int64Type),
        DataType::UInt8 => numbers!(UInt8Type),
        DataType::UInt16 => numbers!(UInt16Type),
        DataType::UInt32 => numbers!(UInt32Type),
        DataType::UInt64 => numbers!(UInt64Type),
        DataType::Float32 => numbers!(Float32Type),
        DataType::Float64 => numbers!(Float64Type),
        DataType::Boolean => array.as_boolean().iter().map(|b| b.map(|b| b.to_string())).collect(),
        DataType::Utf8 => array.as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect(),
        DataType::LargeUtf8 => array.as_string::<i64>().iter().map(|text| text.map(str::to_owned)).collect(),
        DataType::Utf8View => array.as_string_view().iter().map(|text| text.map(str::to_owned)).collect(),
        _ => return None,
    })
}
