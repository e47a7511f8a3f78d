//! Where the surface crosses a level, along each axis.
//!
//! A line is what is left of a grid if every other axis is held at one of its points. Along it the outage probability need
//! not be monotone; whether it is gets tested, by the replicates that two of its cells share: how many have their outage in
//! the one and not in the other, against the direction of the line.

use std::collections::BTreeMap;

use arrow_array::cast::AsArray;
use arrow_array::types::UInt32Type;

use super::columns::{CellSummary, OUTAGE};
use super::error::SummaryError;
use super::estimates::Estimator;
use crate::statistics::blocks::{BLOCKS, block_of};
use crate::statistics::crossing::{Crossing, Point, crossings as crossings_of};
use crate::statistics::interval::Interval;
use crate::statistics::sign::sign_test;
use crate::store::Folder;
use crate::sweep::columns::CELL;
use crate::sweep::{AxisPoints, Sampling, Sweep};

/// The crossings of a level by the surface of a sweep.
pub struct Crossings {
    /// The sweep.
    pub sweep: Sweep,
    /// The outage probability that is crossed.
    pub level: f64,
    /// What there is along each axis that has more than one number.
    pub along: Vec<Along>,
}

/// The lines along one axis.
pub struct Along {
    /// Number of the axis.
    pub axis: usize,
    /// Its lines, in the order of their first cells.
    pub lines: Vec<Line>,
    /// Pairs of cells that were compared.
    pub pairs: u32,
    /// The pair of cells that contradicts most surely that each line only rises, or only falls.
    pub reversal: Option<Reversal>,
}

/// One line.
pub struct Line {
    /// The cell with the first of its points.
    pub first_cell: u32,
    /// Its crossings, from its lowest point on.
    pub crossings: Vec<Crossing>,
    /// Whether all of its points are surely above the level (true), or all surely below it.
    pub side: Option<bool>,
}

/// Two cells of a line, between which the outage probability goes against the direction of the line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reversal {
    /// The cell of the lower point.
    pub from: u32,
    /// The cell of the higher one.
    pub to: u32,
    /// Replicates that go against the direction of the line, from one cell to the other.
    pub against: u32,
    /// Replicates that go with it.
    pub with: u32,
    /// The p-value of the sign test, times the number of pairs that were compared along this axis (Bonferroni); at most 1.
    pub p_value: f64,
}

/// A cell on a line.
struct OnLine<'a> {
    cell: u32,
    x: f64,
    outages: &'a [bool],
    summary: CellSummary,
}

/// The crossings of a level, in (0, 1), by the runs of a finished sweep.
///
/// # Errors
/// A part cannot be read or is damaged.
pub fn crossings(folder: &Folder, level: f64) -> Result<Crossings, SummaryError> {
    let sweep = folder.sweep();
    let outages = outages(folder)?;
    let mut estimator = Estimator::of(sweep);
    let cells = outages.iter().map(|(&cell, outages)| estimator.cell(outages.clone()).summary(cell));
    let cells: Vec<CellSummary> = cells.collect();
    Ok(Crossings::of(sweep, &cells, level, |cell| outages.get(&cell).map_or(&[], Vec::as_slice)))
}

impl Crossings {
    /// The crossings of a level by some cells; the outages of their runs, in the order of the replicates, tell whether lines
    /// are monotone.
    pub(super) fn of<'a>(
        sweep: &Sweep,
        cells: &[CellSummary],
        level: f64,
        outages: impl Fn(u32) -> &'a [bool],
    ) -> Crossings {
        let refinement = sweep.refinement();
        // Cells that are no grid are on no line.
        let axes = if sweep.sampled.is_some() { 0 } else { sweep.axes.len() };
        let along = (0..axes).filter_map(|axis| {
            let positions = positions(sweep, axis)?;
            let mut lines: BTreeMap<Vec<usize>, Vec<OnLine>> = BTreeMap::new();
            let is_on_line = |cell| refinement.as_ref().is_none_or(|refinement| refinement.is_on_line(axis, cell));
            for summary in cells.iter().filter(|summary| is_on_line(summary.cell)) {
                let mut others = sweep.coordinates(summary.cell);
                let point = std::mem::take(others.get_mut(axis)?);
                let Some(x) = positions.get(point).copied().flatten() else { continue };
                let outages = outages(summary.cell);
                lines.entry(others).or_default().push(OnLine { cell: summary.cell, x, outages, summary: *summary });
            }
            let mut lines: Vec<Vec<OnLine>> = lines.into_values().collect();
            lines.iter_mut().for_each(|line| line.sort_by(|a, b| a.x.total_cmp(&b.x)));
            let (pairs, reversal) = most_sure_reversal(&lines, sweep.replicates.sampling == Sampling::Sobol);
            let is_logarithmic = is_logarithmic(sweep, axis);
            let lines = lines.iter().map(|line| of_line(line, level, is_logarithmic)).collect();
            Some(Along { axis, lines, pairs, reversal })
        });
        Crossings { sweep: sweep.clone(), level, along: along.collect() }
    }
}

/// Whether each run of each cell had an outage, in the order of the replicates.
fn outages(folder: &Folder) -> Result<BTreeMap<u32, Vec<bool>>, SummaryError> {
    let mut outages: BTreeMap<u32, Vec<bool>> = BTreeMap::new();
    for block in 0..folder.blocks() {
        let runs = folder.runs(block)?;
        let cells = runs.column_by_name(CELL).and_then(|column| column.as_primitive_opt::<UInt32Type>());
        let flags = runs.column_by_name(OUTAGE).and_then(|column| column.as_boolean_opt());
        for (&cell, outage) in cells.iter().flat_map(|cells| cells.values()).zip(flags.into_iter().flatten()) {
            outages.entry(cell).or_default().push(outage == Some(true));
        }
    }
    Ok(outages)
}

/// Where the points of an axis are, if it has more than one number; `None` for a point at infinity.
fn positions(sweep: &Sweep, axis: usize) -> Option<Vec<Option<f64>>> {
    let AxisPoints::Values { parameter, values, .. } = &sweep.axes.get(axis)?.points else { return None };
    let positions: Vec<Option<f64>> = values.iter().map(|value| value.as_f64().filter(|x| x.is_finite())).collect();
    (parameter.domain().is_numeric() && positions.iter().flatten().count() > 1).then_some(positions)
}

/// Whether equal ratios are equal steps of an axis.
pub(super) fn is_logarithmic(sweep: &Sweep, axis: usize) -> bool {
    matches!(sweep.axes.get(axis).map(|axis| &axis.points), Some(AxisPoints::Values { logarithmic: true, .. }))
}

fn of_line(line: &[OnLine], level: f64, is_logarithmic: bool) -> Line {
    let points = line.iter().map(|on_line| {
        let CellSummary { replicates, outages, .. } = on_line.summary;
        let interval = on_line.summary.interval();
        let x = if is_logarithmic { libm::log(on_line.x) } else { on_line.x };
        // Replicates are numbered by 32 bits.
        Point::of_runs(x, outages as u32, replicates as u32, interval)
    });
    let points: Vec<Point> = points.collect();
    let mut crossings = crossings_of(&points, level);
    if is_logarithmic {
        let numbers = || points.iter().zip(line).map(|(point, on_line)| (point.x, on_line.x));
        crossings.iter_mut().for_each(|crossing| take_back_logarithms(crossing, numbers()));
    }
    let side = side(points.iter().map(|point| point.interval), level);
    Line { first_cell: line.first().map_or(0, |on_line| on_line.cell), crossings, side }
}

/// Makes a crossing by logarithms one by numbers. The points of the axis, whose logarithms are known, are as they are written
/// there.
pub(super) fn take_back_logarithms(crossing: &mut Crossing, points: impl Iterator<Item = (f64, f64)> + Clone) {
    let number =
        |x: f64| points.clone().find(|(logarithm, _)| *logarithm == x).map_or(libm::exp(x), |(_, number)| number);
    let Crossing { at, low, high, .. } = crossing;
    [Some(at), low.as_mut(), high.as_mut()].into_iter().flatten().for_each(|x| *x = number(*x));
}

/// Whether all points are surely above a level (true), or all surely below it.
pub(super) fn side(intervals: impl Iterator<Item = Interval> + Clone, level: f64) -> Option<bool> {
    [true, false].into_iter().find(|&side| intervals.clone().all(|interval| interval.side_of(level) == Some(side)))
}

/// Compares the points of each line that are 1, 2, 4, … apart, and returns how many pairs these are, and the one that
/// contradicts the direction of its line most surely. Of replicates in blocks each block counts once, by its majority.
fn most_sure_reversal(lines: &[Vec<OnLine>], in_blocks: bool) -> (u32, Option<Reversal>) {
    let (mut pairs, mut most): (u32, Option<Reversal>) = (0, None);
    for line in lines {
        let (Some(first), Some(last)) = (line.first(), line.last()) else { continue };
        let rises = last.summary.outage_probability >= first.summary.outage_probability;
        let distances = std::iter::successors(Some(1), |distance| Some(2 * distance));
        for distance in distances.take_while(|&distance| distance < line.len()) {
            for (from, to) in line.iter().zip(&line[distance..]) {
                if from.outages.is_empty() || to.outages.is_empty() {
                    continue;
                }
                pairs += 1;
                let changes = from.outages.iter().zip(to.outages);
                let count = |from: bool| changes.clone().filter(|&(&a, &b)| a == from && b != from).count() as u32;
                let (against, with) = (count(rises), count(!rises));
                let p_value = if in_blocks {
                    let (blocks_against, blocks_with) = majorities(changes.clone(), rises);
                    sign_test(blocks_against, blocks_with)
                } else {
                    sign_test(against, with)
                };
                if against > with && most.is_none_or(|most| p_value < most.p_value) {
                    most = Some(Reversal { from: from.cell, to: to.cell, against, with, p_value });
                }
            }
        }
    }
    let adjusted = |most: Reversal| Reversal { p_value: (most.p_value * f64::from(pairs)).min(1.0), ..most };
    (pairs, most.map(adjusted))
}

/// The blocks in which most changes, from the first outage to the second one, go against the direction of a line, and those
/// in which most go with it.
fn majorities<'a>(changes: impl Iterator<Item = (&'a bool, &'a bool)>, rises: bool) -> (u32, u32) {
    let mut excess = [0_i64; BLOCKS as usize];
    for (replicate, (from, to)) in (0..).zip(changes) {
        excess[block_of(replicate) as usize] += i64::from(*from) - i64::from(*to);
    }
    let count = |sign: i64| excess.iter().filter(|excess| excess.signum() == sign).count() as u32;
    if rises { (count(1), count(-1)) } else { (count(-1), count(1)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line on which each cell has its outages in the first so many of its replicates, or in the last ones.
    fn line(outages: &[Vec<bool>]) -> Vec<OnLine<'_>> {
        let mut estimator = Estimator::of(&Sweep::parse("name = \"t\"", "t.toml", &[]).unwrap());
        let on_line = |(cell, outages): (usize, &'_ Vec<bool>)| (cell, estimator.cell(outages.clone()));
        let summaries: Vec<CellSummary> =
            outages.iter().enumerate().map(on_line).map(|(cell, runs)| runs.summary(cell as u32)).collect();
        let cells = outages.iter().zip(summaries);
        cells
            .map(|(outages, summary)| OnLine { cell: summary.cell, x: f64::from(summary.cell), outages, summary })
            .collect()
    }

    fn first(outages: usize) -> Vec<bool> {
        (0..100).map(|replicate| replicate < outages).collect()
    }

    #[test]
    fn a_line_that_only_rises_is_not_contradicted() {
        let cells = [0, 20, 40, 60, 100].map(first);
        let (pairs, reversal) = most_sure_reversal(&[line(&cells)], false);
        // Four neighbours, three pairs two apart, one pair four apart.
        assert_eq!((pairs, reversal), (8, None));
        let falling = [100, 60, 20, 3].map(first);
        assert_eq!(most_sure_reversal(&[line(&falling)], false).1, None);
    }

    #[test]
    fn a_few_replicates_that_go_back_are_seen_where_two_samples_would_not_differ() {
        // 74 and 66 outages in the same hundred replicates: none goes up, eight go down.
        let cells = [2, 74, 66, 98].map(first);
        let (pairs, reversal) = most_sure_reversal(&[line(&cells)], false);
        let reversal = reversal.unwrap();
        assert_eq!((reversal.from, reversal.to, reversal.against, reversal.with), (1, 2, 8, 0));
        assert!((reversal.p_value - f64::from(pairs) / 256.0).abs() < 1e-12, "{reversal:?}");
    }

    #[test]
    fn of_replicates_in_blocks_each_block_counts_once() {
        // Of 96 replicates those of blocks 0, 1 and 2 have their outage in the first cell alone, those of block 3 in the second.
        let has = |blocks: std::ops::Range<u32>| (0..96).map(|r| blocks.contains(&block_of(r))).collect::<Vec<bool>>();
        let all = vec![true; 96];
        let cells = [vec![false; 96], has(0..3), has(3..4), all];
        let (pairs, reversal) = most_sure_reversal(&[line(&cells)], true);
        let reversal = reversal.unwrap();
        assert_eq!((pairs, reversal.from, reversal.to, reversal.against, reversal.with), (5, 1, 2, 18, 6));
        // Three blocks of four: (4 + 1)/16, five times.
        assert_eq!(reversal.p_value, 1.0);
        let few = most_sure_reversal(&[line(&[vec![false; 96], has(0..12), has(11..12), vec![true; 96]])], true);
        assert!((few.1.unwrap().p_value - 5.0 / 2048.0).abs() < 1e-12);
    }

    #[test]
    fn a_line_is_crossed_between_its_points_linearly_or_logarithmically() {
        let cells = [1, 30, 70, 99].map(first);
        let mut on_line = line(&cells);
        let linear = of_line(&on_line, 0.5, false);
        assert_eq!((linear.crossings[0].at, linear.crossings[0].low, linear.side), (1.5, Some(1.0), None));
        for (cell, x) in on_line.iter_mut().zip([0.01, 0.02, 0.04, 0.08]) {
            cell.x = x;
        }
        let logarithmic = of_line(&on_line, 0.5, true).crossings[0];
        assert!((logarithmic.at - libm::sqrt(0.02 * 0.04)).abs() < 1e-12, "{logarithmic:?}");
        assert_eq!((logarithmic.low, logarithmic.high), (Some(0.02), Some(0.04)));
        assert_eq!(of_line(&on_line[3..], 0.5, false).side, Some(true));
        assert_eq!(of_line(&on_line[..1], 0.5, false).side, Some(false));
    }
}
