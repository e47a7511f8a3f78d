//! The page.

use std::io;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::limit::Limit;
use super::pair::ShownRun;
use super::words::{answer, grouped, level, number, percent, place, time};
use super::{Report, data};
use crate::engine::outcome::{OUTPUTS, OutputValue};
use crate::statistics::clusters::Estimate;
use crate::statistics::crossing::Crossing;
use crate::summary::boundary::Kept;
use crate::summary::columns::CellSummary;
use crate::summary::crossings::{Along, Line, Reversal};
use crate::summary::statistic::Statistic;
use crate::summary::surface::{Surface, interval_name, too_wide};
use crate::sweep::{Axis, AxisPoints, Replicates, Sweep};

/// plotly.js 4.1.1, cartesian bundle, as published, under the MIT licence, which it names; zstd.
const PLOTLY: &[u8] = include_bytes!("assets/plotly-cartesian-4.1.1.min.js.zst");
const SCRIPT: &str = include_str!("assets/report.js");
const STYLE: &str = include_str!("assets/report.css");

/// Cells of the tables at most; a larger surface is in the chart and in surface.parquet alone.
const TABLE_CELLS_MAX: usize = 2_000;
/// Lines of the table of crossings at most.
const LINES_MAX: usize = 200;

pub(super) fn page(report: &Report) -> io::Result<String> {
    let sweep = report.surface.sweep();
    let plotly = zstd::decode_all(PLOTLY)?;
    let plotly = String::from_utf8_lossy(&plotly);
    // In a script element nothing but its end has to be escaped.
    let data = data::data(report).to_string().replace("</", "<\\/");
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (sweep.name) " – critmass" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    (head(report))
                    (surface(report))
                    (crossing(report))
                    (limit(report))
                    (runs(sweep, &report.pair))
                    (inputs(report))
                    (doubts(&report.surface))
                    (levers(sweep))
                    (provenance(report))
                }
                script type="application/json" id="data" { (PreEscaped(data)) }
                script { (PreEscaped(plotly.as_ref())) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    Ok(page.into_string())
}

fn head(report: &Report) -> Markup {
    let sweep = report.surface.sweep();
    html! {
        header {
            p.name { "critmass · " (sweep.name) }
            h1 { @if sweep.question.is_empty() { (sweep.name) } @else { (sweep.question) } }
        }
        section aria-labelledby="answer" {
            h2 id="answer" { "The answer" }
            @for sentence in answer(&report.surface, &report.crossings) { p.answer { (sentence) } }
            @if !report.complete { p.warning { "The sweep is not complete: cells are shown with the runs that are kept so far." } }
            p.note {
                "Probabilities are those of an outage in one run whose uncertain inputs are drawn anew. Intervals: "
                (percent(sweep.replicates.confidence)) " for each cell by itself, " (interval_name(sweep)) "."
                @if sweep.replicates.common_random_numbers {
                    " Replicate r of every cell sees the same draws, so errors of neighbouring cells are much the same error."
                }
            }
        }
    }
}

fn surface(report: &Report) -> Markup {
    let sweep = report.surface.sweep();
    html! {
        section aria-labelledby="surface" {
            h2 id="surface" { "The surface" }
            form id="controls" hidden aria-label="What the chart shows" {}
            figure { div id="chart" role="img" aria-describedby="tables" {} figcaption id="caption" {} }
            div id="tables" { (tables(sweep, &report.surface)) }
            @if !data::has_all_columns(&report.surface) {
                p.note { "The surface has so many cells that only its first statistics are in this page; surface.parquet has all." }
            }
        }
    }
}

/// The outage probability as tables: the last axis across, the one before it down, a table for each combination of the
/// others.
fn tables(sweep: &Sweep, surface: &Surface) -> Markup {
    // Cells without runs have their place, too.
    if sweep.cells() as usize > TABLE_CELLS_MAX {
        return html! { p.note { (grouped(sweep.cells().into())) " cells are too many for a table: see surface.parquet." } };
    }
    if sweep.sampled.is_some() {
        return list_of_cells(sweep, surface);
    }
    let across = sweep.axes.last();
    let down = sweep.axes.len().checked_sub(2).map(|axis| &sweep.axes[axis]);
    let outer = sweep.axes.len().saturating_sub(2);
    let rows: Vec<(Vec<usize>, &CellSummary)> =
        surface.cells().iter().map(|cell| (sweep.coordinates(cell.cell), cell)).collect();
    html! {
        @for table in rows.chunk_by(|(a, _), (b, _)| a[..outer] == b[..outer]) {
            @let held: Vec<String> = (0..outer).map(|axis| held(sweep, axis, table[0].0[axis])).collect();
            div.scroll tabindex="0" role="region" aria-label="Table of outage probabilities" {
                table.surface {
                    caption { "Outage probability, with its interval" @if !held.is_empty() { ": " (held.join(", ")) } }
                    @if let Some(across) = across { (table_of(down, across, table)) }
                    @else { tbody { tr { (cell(Some(table[0].1))) } } }
                }
            }
        }
    }
}

/// The outage probability as a list: the cells of a design that is no grid.
fn list_of_cells(sweep: &Sweep, surface: &Surface) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Table of outage probabilities" {
            table.surface {
                caption { "Outage probability, with its interval" }
                thead { tr {
                    @for axis in &sweep.axes { th scope="col" { (data::title(axis)) } }
                    th scope="col" { "outage probability" }
                } }
                tbody { @for summary in surface.cells() { tr {
                    @for (axis, point) in sweep.axes.iter().zip(sweep.coordinates(summary.cell)) {
                        th scope="row" { (data::label(axis, point)) }
                    }
                    (cell(Some(summary)))
                } } }
            }
        }
    }
}

fn held(sweep: &Sweep, axis: usize, point: usize) -> String {
    format!("{} = {}", sweep.axes[axis].name, data::label(&sweep.axes[axis], point))
}

fn table_of(down: Option<&Axis>, across: &Axis, rows: &[(Vec<usize>, &CellSummary)]) -> Markup {
    let last = |coordinates: &[usize]| coordinates.last().copied();
    let before = |coordinates: &[usize]| coordinates.len().checked_sub(2).map(|axis| coordinates[axis]);
    html! {
        thead {
            tr {
                th scope="col" { @if let Some(down) = down { (data::title(down)) " ↓  " } (data::title(across)) " →" }
                @for point in 0..across.size() { th scope="col" { (data::label(across, point)) } }
            }
        }
        tbody {
            // Large values on top, as on a plot.
            @for row in (0..down.map_or(1, Axis::size)).rev() {
                tr {
                    th scope="row" { @if let Some(down) = down { (data::label(down, row)) } }
                    @for column in 0..across.size() {
                        @let found = rows.iter().find(|(at, _)| last(at) == Some(column) && before(at).is_none_or(|p| p == row));
                        (cell(found.map(|(_, summary)| *summary)))
                    }
                }
            }
        }
    }
}

fn cell(summary: Option<&CellSummary>) -> Markup {
    let Some(summary) = summary else { return html! { td { "–" } } };
    let shade = libm::round(10.0 * summary.outage_probability) as u32;
    let runs = format!("{} of {} runs", summary.outages, summary.replicates);
    html! {
        td class={ "p" (shade) } title=(runs) {
            (percent(summary.outage_probability))
            small {
                (format!("{:.0}", libm::floor(100.0 * summary.outage_probability_low))) "…"
                (format!("{:.0}", libm::ceil(100.0 * summary.outage_probability_high)))
            }
        }
    }
}

fn crossing(report: &Report) -> Markup {
    let sweep = report.surface.sweep();
    let Some(along) = report.crossings.along.last() else { return html! {} };
    let others = sweep.axes.iter().enumerate().filter(|(axis, _)| *axis != along.axis);
    html! {
        section aria-labelledby="crossing" {
            h2 id="crossing" { "Where it crosses " (level(sweep)) }
            p.note {
                "Along " (data::title(&sweep.axes[along.axis])) ". The interval reaches from the last point that is surely on one side \
                 to the first that is surely on the other; where it is inside is estimated. "
                (monotony(sweep, along)) " Other levels and axes: " code { "critmass crossings DIR" }
            }
            div.scroll tabindex="0" role="region" aria-label="Table of crossings" {
                table {
                    thead { tr {
                        @for (_, axis) in others { th scope="col" { (axis.name) } }
                        th scope="col" { "crosses at" } th scope="col" { "surely after" } th scope="col" { "surely before" }
                    } }
                    tbody { @for line in along.lines.iter().take(LINES_MAX) { (crossing_rows(sweep, along.axis, line)) } }
                }
            }
            @if along.lines.len() > LINES_MAX { p.note { "The first " (LINES_MAX) " of " (along.lines.len()) " lines." } }
        }
    }
}

/// Where it turns in the limit of ever more clients, if that was asked.
fn limit(report: &Report) -> Markup {
    let sweep = report.surface.sweep();
    let turns = match &report.limit {
        Limit::Unasked => return html! {},
        Limit::Stale => {
            return html! { p.warning { (Kept::STALE) " Anew: " code { (Kept::ANEW) } } };
        }
        Limit::Turns(turns) => turns,
    };
    let others: Vec<&Axis> =
        sweep.axes.iter().enumerate().filter(|(axis, _)| *axis != turns.axis).map(|(_, a)| a).collect();
    let value = |value: Option<f64>| value.filter(|x| x.is_finite()).map_or("–".to_owned(), number);
    let reached = |at: Option<f64>| match at {
        Some(f64::NEG_INFINITY) => "below the lower end".to_owned(),
        Some(f64::INFINITY) => "beyond the upper end".to_owned(),
        at => value(at),
    };
    html! {
        section aria-labelledby="limit" {
            h2 id="limit" { "In the limit of ever more clients" }
            p.note {
                "Where an outage has the probability " (turns.percent) " % along " (data::title(&sweep.axes[turns.axis])) " if there were \
                 ever more clients, so that chance averages out and the uncertain inputs alone decide: over "
                (grouped(turns.draws.into())) " draws"
                @if turns.has_intervals() { ", with " (percent(sweep.replicates.confidence)) " intervals" }
                ". In the chart it is the green line. "
                @if let Some(not_monotone) = &turns.not_monotone { strong { (not_monotone) " " } }
                "Runs of fewer clients lie off it by chance and by size: " code { "critmass boundary" }
            }
            div.scroll tabindex="0" role="region" aria-label="Table of the limit" {
                table {
                    thead { tr {
                        @for axis in &others { th scope="col" { (data::title(axis)) } }
                        th scope="col" { "turns at" } th scope="col" { "from" } th scope="col" { "to" }
                    } }
                    tbody { @for (points, level) in turns.lines.iter().take(LINES_MAX) { tr {
                        @for (axis, point) in others.iter().zip(points) { th scope="row" { (data::label(axis, *point)) } }
                        td { (reached(level.at)) } td { (value(level.low)) } td { (value(level.high)) }
                    } } }
                }
            }
            @if turns.lines.len() > LINES_MAX { p.note { "The first " (LINES_MAX) " of " (turns.lines.len()) " lines." } }
        }
    }
}

/// What the tests of monotony say.
fn monotony(sweep: &Sweep, along: &Along) -> String {
    let alpha = 1.0 - sweep.replicates.confidence;
    match along.reversal.filter(|reversal| reversal.p_value <= alpha) {
        None => format!("No line is seen to rise and to fall (sign tests of {} pairs of cells).", along.pairs),
        Some(Reversal { from, to, against, with, p_value }) => format!(
            "NOT MONOTONE: from cell {from} to cell {to}, {against} replicates go against the direction of the line and \
             {with} with it (p = {}).",
            number(p_value)
        ),
    }
}

fn crossing_rows(sweep: &Sweep, along: usize, line: &Line) -> Markup {
    let end = |end: Option<f64>| end.map_or("–".to_owned(), number);
    let row = |crossing: &Crossing| {
        let direction = if crossing.rises { "" } else { " (falls)" };
        [format!("{}{direction}", number(crossing.at)), end(crossing.low), end(crossing.high)]
    };
    let mut rows: Vec<[String; 3]> = line.crossings.iter().map(row).collect();
    if rows.is_empty() {
        let words = match line.side {
            Some(true) => "nowhere: surely above",
            Some(false) => "nowhere: surely below",
            None => "nowhere that is sure",
        };
        rows.push([words.to_owned(), end(None), end(None)]);
    }
    html! {
        @for row in rows {
            tr {
                @for label in place(sweep, along, line.first_cell) { th scope="row" { (label) } }
                @for text in row { td { (text) } }
            }
        }
    }
}

fn runs(sweep: &Sweep, pair: &[ShownRun]) -> Markup {
    let name = |run: &ShownRun| if run.outcome.outage { "An outage" } else { "A survivor" };
    let value = |run: &ShownRun, index: usize| match (OUTPUTS[index].get)(&run.outcome) {
        OutputValue::Boolean(b) => if b { "yes" } else { "no" }.to_owned(),
        OutputValue::Count(n) => grouped(i64::try_from(n).unwrap_or(i64::MAX)),
        OutputValue::Number(x) => x.map_or("–".to_owned(), number),
        OutputValue::Word(word) => word.unwrap_or("–").to_owned(),
    };
    html! {
        section aria-labelledby="runs" {
            h2 id="runs" { "From inside" }
            @if pair.is_empty() { p { "No run is finished yet." } }
            @for (index, run) in pair.iter().enumerate() {
                figure {
                    div class="trace" id={ "trace" (index) } role="img" aria-describedby="outcomes" {}
                    figcaption {
                        (name(run)) ": cell " (run.key.0) ", replicate " (run.key.1)
                        @for (axis, point) in sweep.coordinates(run.key.0).into_iter().enumerate() { ", " (held(sweep, axis, point)) }
                        ". Again, with every detail: " code { "critmass simulate DIR --cell " (run.key.0) " --replicate " (run.key.1) }
                    }
                }
            }
            @if !pair.is_empty() {
                div.scroll tabindex="0" role="region" aria-label="Outcomes of these runs" {
                    table id="outcomes" {
                        caption { "What these runs report" }
                        thead { tr { th scope="col" { "output" } @for run in pair { th scope="col" { (name(run)) } } th scope="col" class="words" { "what it is" } } }
                        tbody {
                            @for (index, output) in OUTPUTS.iter().enumerate() {
                                tr {
                                    th scope="row" { (output.name) @if output.unit != "1" { " (" (output.unit) ")" } }
                                    @for run in pair { td { (value(run, index)) } }
                                    td.words { (output.description) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Which uncertain inputs the outage depends on.
fn inputs(report: &Report) -> Markup {
    let Some(sensitivity) = &report.sensitivity else { return html! {} };
    let Replicates { confidence, common_random_numbers, .. } = sensitivity.sweep().replicates;
    let share = |of: &Option<Estimate>| of.as_ref().map_or("–".to_owned(), |of| with_interval(of, confidence));
    let inputs = sensitivity.sweep().uncertain.iter().zip(&sensitivity.all.inputs);
    html! {
        section aria-labelledby="inputs" {
            h2 id="inputs" { "Which uncertain inputs matter" }
            p.note {
                "Within the cells, all together. Alone: the share of the variance of the outcome that knowing the input takes away. In "
                "outages: how far its mean on days with an outage lies from that of all days, in standard deviations. Intervals: "
                (percent(confidence)) @if common_random_numbers { ", clustered by replicate" } ". With the share of chance and of interactions: "
                code { "critmass sensitivity DIR --pairs 400" }
            }
            div.scroll tabindex="0" role="region" aria-label="Table of uncertain inputs" {
                table {
                    thead { tr {
                        th scope="col" { "input" } th scope="col" { "alone" } th scope="col" { "in outages, sd" }
                        th scope="col" { "mean in outages" } th scope="col" { "mean of all days" }
                    } }
                    tbody {
                        @for (input, says) in inputs {
                            tr {
                                th scope="row" { (input.parameter.name()) @if input.factor { " (a factor)" } }
                                td { (share(&says.first_order)) } td { (share(&says.shift)) }
                                @if let Some([outages, all]) = says.means { td { (number(outages)) } td { (number(all)) } }
                                @else { td { "–" } td { "–" } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn with_interval(estimate: &Estimate, confidence: f64) -> String {
    match estimate.interval(confidence) {
        Some([low, high]) => format!("{:.2} ({low:.2} … {high:.2})", estimate.value),
        None => format!("{:.2}", estimate.value),
    }
}

/// What is censored, and what is known too badly.
fn doubts(surface: &Surface) -> Markup {
    let rule = &surface.sweep().replicates;
    let runs = surface.cells().iter().map(|cell| cell.replicates).sum::<u64>() as i64;
    let counts: Vec<(&str, &str, i64)> = surface
        .statistics()
        .iter()
        .filter(|column| column.statistic == Statistic::Count)
        .map(|column| {
            (column.output.name, column.output.description, column.values.iter().flatten().sum::<f64>() as i64)
        })
        .filter(|(_, _, present)| *present < runs)
        .collect();
    html! {
        section aria-labelledby="doubts" {
            h2 id="doubts" { "What is not known" }
            @if let Some((half, wide)) = too_wide(surface.sweep(), surface.cells()) {
                p {
                    (wide) " of " (surface.cells().len()) " cells stopped at " (grouped(i64::from(rule.at_most)))
                    " runs without the ± " (number(half)) " that was asked for."
                }
            }
            @for (name, description, present) in counts {
                p { (grouped(runs - present)) " of " (grouped(runs)) " runs have no " code { (name) } ": " (description) }
            }
        }
    }
}

fn levers(sweep: &Sweep) -> Markup {
    html! {
        section aria-labelledby="levers" {
            h2 id="levers" { "What was varied" }
            dl {
                @for axis in &sweep.axes {
                    dt { (data::title(axis)) }
                    dd {
                        @match &axis.points {
                            AxisPoints::Values { parameter, .. } => { (parameter.meaning()) }
                            AxisPoints::Variants(variants) => {
                                @for variant in variants {
                                    @let settings: Vec<String> = variant.settings.iter().map(|(p, value)| format!("{} = {value}", p.name())).collect();
                                    (variant.label) ": " @if settings.is_empty() { "as the scenario" } @else { (settings.join(", ")) } br;
                                }
                            }
                        }
                    }
                }
                @for input in &sweep.uncertain {
                    dt { (input.parameter.name()) ", uncertain" @if input.factor { " (a factor)" } }
                    dd { (input.parameter.meaning()) }
                }
            }
        }
    }
}

fn provenance(report: &Report) -> Markup {
    let sweep = report.surface.sweep();
    let seconds = report.sessions.iter().map(|session| session.processor_s).sum();
    let runs = report.sessions.iter().map(|session| session.runs).sum::<u64>();
    html! {
        section aria-labelledby="provenance" {
            h2 id="provenance" { "Where it comes from" }
            p {
                "critmass " (env!("CARGO_PKG_VERSION")) ", seed " (sweep.seed) ", sweep " code { (sweep.hash) } ". The rows depend on the sweep "
                "file and the version alone: whoever runs the file below gets the same."
            }
            @if runs > 0 {
                p {
                    "Processors worked " (time(seconds)) " for " (grouped(runs as i64)) " runs, in "
                    @if report.sessions.len() == 1 { "one session" } @else { (report.sessions.len()) " sessions" }
                    ". Sessions that were killed are not counted; runs that were let go later are."
                }
            }
            details { summary { "The sweep file, as it was read" } pre { (sweep.canonical) } }
            p.note { "Charts: plotly.js 4.1.1, MIT licence." }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_written_wider_and_never_narrower_than_it_is() {
        let written = |low: f64, high: f64| {
            let summary = CellSummary {
                cell: 0,
                replicates: 20,
                outages: 1,
                outage_probability: 0.05,
                outage_probability_low: low,
                outage_probability_high: high,
            };
            let page = cell(Some(&summary)).into_string();
            page.split_once("<small>").unwrap().1.split('<').next().unwrap().to_owned()
        };
        for (low, high, text) in [(5e-6, 0.2487, "0…25"), (0.0, 1.0, "0…100"), (0.299_999, 0.300_001, "29…31")] {
            assert_eq!(written(low, high), text);
        }
    }
}
