//! What the script of the page draws, as JSON.

use serde_json::{Value as Json, json};

use super::Report;
use super::limit::Limit;
use super::pair::ShownRun;
use super::words::number;
use crate::engine::outcome::{OutputValue, TRACE_COLUMNS};
use crate::parameters::Value;
use crate::summary::surface::{StatisticColumn, Surface};
use crate::sweep::{Axis, AxisLabel, AxisPoints};

/// Numbers of the surface at most, so that the page stays small: about 3 MB of text.
const NUMBERS_MAX: usize = 400_000;
/// Significant digits: more than can be seen.
const DIGITS: i32 = 5;

/// The label of a point of an axis, in words.
pub(super) fn label(axis: &Axis, point: usize) -> String {
    match axis.label(point) {
        Some(AxisLabel::Value(Value::Number(x))) => number(*x),
        Some(AxisLabel::Value(Value::Choice(word))) => (*word).to_owned(),
        label => label.map(|label| label.to_string()).unwrap_or_default(),
    }
}

/// The name of an axis with its unit.
pub(super) fn title(axis: &Axis) -> String {
    match &axis.points {
        AxisPoints::Values { parameter, .. } if parameter.unit() != "1" => {
            format!("{} ({})", axis.name, parameter.unit())
        }
        _ => axis.name.clone(),
    }
}

/// Everything that is drawn.
pub(super) fn data(report: &Report) -> Json {
    let surface = &report.surface;
    json!({
        "axes": surface.sweep().axes.iter().map(axis).collect::<Json>(),
        "grid": surface.sweep().sampled.is_none(),
        "points": surface.cells().iter().map(|cell| surface.sweep().coordinates(cell.cell)).collect::<Vec<_>>(),
        "replicates": surface.cells().iter().map(|cell| cell.replicates).collect::<Vec<_>>(),
        "columns": columns(surface),
        "level": surface.sweep().level(),
        "confidence": surface.sweep().replicates.confidence,
        "boundary": boundary(&report.limit),
        "runs": report.pair.iter().map(run).collect::<Json>(),
    })
}

/// Whether the page has every statistic of every output; else those that came first.
pub(super) fn has_all_columns(surface: &Surface) -> bool {
    surface.statistics().len() <= statistics_max(surface)
}

/// The points of an axis as numbers; none if they are not all finite numbers.
fn places(axis: &Axis) -> Vec<f64> {
    let AxisPoints::Values { values, parameter, .. } = &axis.points else { return Vec::new() };
    let numbers: Option<Vec<f64>> = values.iter().map(|value| value.as_f64().filter(|x| x.is_finite())).collect();
    numbers.filter(|_| parameter.domain().is_numeric()).unwrap_or_default()
}

fn is_logarithmic(axis: &Axis) -> bool {
    matches!(&axis.points, AxisPoints::Values { logarithmic: true, .. })
}

fn statistics_max(surface: &Surface) -> usize {
    NUMBERS_MAX / surface.cells().len().max(1)
}

fn axis(axis: &Axis) -> Json {
    let labels: Vec<String> = (0..axis.size()).map(|point| label(axis, point)).collect();
    let places = places(axis);
    json!({
        "name": axis.name,
        "title": title(axis),
        "labels": labels,
        "values": if places.is_empty() { Json::Null } else { json!(places) },
        "logarithmic": is_logarithmic(axis),
    })
}

fn columns(surface: &Surface) -> Json {
    let cells = surface.cells();
    let of = |value: fn(&crate::summary::CellSummary) -> f64| cells.iter().map(value).map(rounded).collect::<Json>();
    let probability = json!({
        "output": "outage probability",
        "statistic": "estimate",
        "is_probability": true,
        "unit": "1",
        "values": of(|cell| cell.outage_probability),
        "low": of(|cell| cell.outage_probability_low),
        "high": of(|cell| cell.outage_probability_high),
    });
    let kept = &surface.statistics()[..surface.statistics().len().min(statistics_max(surface))];
    let values =
        |column: &StatisticColumn| column.values.iter().map(|value| value.map_or(Json::Null, rounded)).collect();
    let end = |of: &StatisticColumn, end: &str| {
        let name = format!("{}_{end}", of.name());
        kept.iter().find(|column| column.name() == name).map_or(Json::Null, values)
    };
    let is_end = |column: &&StatisticColumn| ["_low", "_high"].iter().any(|end| column.name().ends_with(end));
    let statistics = kept.iter().filter(|column| !is_end(column)).map(|column| {
        json!({
            "output": column.output.name,
            "statistic": column.statistic.name(),
            "unit": column.unit(),
            "values": values(column),
            "low": end(column, "low"),
            "high": end(column, "high"),
        })
    });
    std::iter::once(probability).chain(statistics).collect()
}

/// Where the limit turns, for each cell of the other axes.
fn boundary(limit: &Limit) -> Json {
    let Limit::Turns(turns) = limit else { return Json::Null };
    let end = |end: Option<f64>| end.filter(|x| x.is_finite()).map_or(Json::Null, |x| json!(x));
    let lines = turns.lines.iter().map(|(points, level)| {
        json!({ "points": points, "at": end(level.at), "low": end(level.low), "high": end(level.high) })
    });
    json!({
        "axis": turns.axis,
        "level": f64::from(turns.percent) / 100.0,
        "has_intervals": turns.has_intervals(),
        "lines": lines.collect::<Json>(),
    })
}

fn run(run: &ShownRun) -> Json {
    let columns = TRACE_COLUMNS.iter().map(|column| {
        let values = run.trace.iter().map(|row| match (column.get)(row) {
            OutputValue::Boolean(b) => json!(b),
            OutputValue::Count(n) => json!(n),
            OutputValue::Number(x) => x.map_or(Json::Null, rounded),
            OutputValue::Word(word) => json!(word),
        });
        (column.name.to_owned(), values.collect::<Json>())
    });
    json!({ "outage": run.outcome.outage, "trigger_h": run.trigger_h, "trace": Json::Object(columns.collect()) })
}

fn rounded(x: f64) -> Json {
    // The shortest text of that many digits, read back.
    format!("{x:.*e}", (DIGITS - 1) as usize).parse::<f64>().map_or(Json::Null, |x| json!(x))
}
