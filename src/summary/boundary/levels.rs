//! Where the outage probability reaches a level, in a cell.
//!
//! Let c be the value at which the outcome of a draw turns. If outages begin there, the outage probability at x is that of
//! c < x, so it reaches p at the p-quantile of c; if they end there, at the (1 − p)-quantile. The interval of a quantile
//! lies between two order statistics, whose ranks follow from the binomial law, whatever that of c is.

use crate::boundary::{Line, rises};
use crate::statistics::interval::Interval;
use crate::statistics::plan::ranks;
use crate::statistics::quantile::quantile;

/// What the draws of a cell say.
pub(super) struct CellLevels {
    pub(super) cell: u32,
    pub(super) draws: u32,
    /// Draws whose outcome turns.
    pub(super) turning: u32,
    /// Draws that have an outage at the lower end, and at the upper one.
    pub(super) outages_at_ends: [u32; 2],
    /// Draws that turn more than once, or the other way than most.
    pub(super) odd: u32,
    /// Audits, and those of them that say otherwise than the turns.
    pub(super) audits: [u32; 2],
    /// Whether outages begin where most of the draws turn; `None` if none turns.
    pub(super) rises: Option<bool>,
    /// One for each level that was asked for.
    pub(super) levels: Vec<Level>,
}

/// Where the outage probability reaches a level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::summary) struct Level {
    /// The level, %.
    pub(in crate::summary) percent: u32,
    /// Where, at −∞ below the lower end, and at +∞ above the upper one; `None` if it cannot be told.
    pub(in crate::summary) at: Option<f64>,
    /// The ends of its interval, where there are any.
    pub(in crate::summary) low: Option<f64>,
    pub(in crate::summary) high: Option<f64>,
}

impl Level {
    /// The end that it lies beyond; `None` if it lies between them, or cannot be told.
    pub(super) fn beyond(&self) -> Option<&'static str> {
        match self.at {
            Some(f64::NEG_INFINITY) => Some("lower"),
            Some(f64::INFINITY) => Some("upper"),
            _ => None,
        }
    }
}

/// What the lines of a cell say, of which there is one at least, of some levels, %; without a confidence there are no
/// intervals.
pub(super) fn levels(lines: &[Line], percents: &[u32], confidence: Option<f64>) -> CellLevels {
    let count = |is: &dyn Fn(&Line) -> bool| lines.iter().filter(|line| is(line)).count() as u32;
    let turning = count(&|line| !line.turns.is_empty());
    let rises = rises(lines);
    let values = ascending(lines, rises);
    CellLevels {
        cell: lines.first().map_or(0, |line| line.cell),
        draws: lines.len() as u32,
        turning,
        outages_at_ends: [count(&|line| line.begins_in_outage), count(&Line::ends_in_outage)],
        odd: odd(lines) as u32,
        audits: [count(&|line| line.audit.is_some()), count(&contradicted)],
        rises,
        levels: percents.iter().map(|&percent| level(&values, percent, rises, confidence)).collect(),
    }
}

/// Draws that turn more than once, or the other way than most.
fn odd(lines: &[Line]) -> usize {
    let rises = rises(lines);
    let is_odd = |line: &&Line| match line.turns.len() {
        0 => false,
        1 => Some(line.begins_in_outage) == rises,
        _ => true,
    };
    lines.iter().filter(is_odd).count()
}

fn ascending(lines: &[Line], rises: Option<bool>) -> Vec<f64> {
    let mut values: Vec<f64> = lines.iter().map(|line| critical(line, rises.unwrap_or(true))).collect();
    values.sort_by(f64::total_cmp);
    values
}

/// Whether the audit of a draw says otherwise than its turns.
fn contradicted(line: &Line) -> bool {
    line.audit.is_some_and(|audit| audit.outage != line.has_outage(audit.at))
}

/// Where a draw turns for the first time; beyond the ends if it does not.
fn critical(line: &Line, rises: bool) -> f64 {
    let beyond = if line.begins_in_outage == rises { f64::NEG_INFINITY } else { f64::INFINITY };
    line.turns.first().copied().unwrap_or(beyond)
}

fn level(ascending: &[f64], percent: u32, rises: Option<bool>, confidence: Option<f64>) -> Level {
    let Some(rises) = rises else { return Level { percent, at: None, low: None, high: None } };
    let of_values = if rises { percent } else { 100 - percent };
    let draws = ascending.len() as u32;
    let nearest = ascending[(ascending.len() - 1) * of_values as usize / 100];
    let beyond = if nearest == f64::NEG_INFINITY { f64::NEG_INFINITY } else { f64::INFINITY };
    let interval = |confidence| ranks(of_values, draws, |below| Interval::fixed(below, draws, confidence));
    let (low, high) = confidence.map_or((0, 0), interval);
    let end = |rank: u32| ascending.get((rank as usize).checked_sub(1)?).copied().filter(|end| end.is_finite());
    Level { percent, at: Some(quantile(ascending, of_values).unwrap_or(beyond)), low: end(low), high: end(high) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boundary::Audit;
    use crate::summary::boundary::LEVELS;

    fn line(begins_in_outage: bool, turns: &[f64]) -> Line {
        Line { cell: 3, replicate: 0, drawn: Vec::new(), begins_in_outage, turns: turns.to_vec(), audit: None }
    }

    /// What a level says: where, and its interval.
    fn said(levels: &CellLevels, percent: u32) -> (Option<f64>, Option<f64>, Option<f64>) {
        let level = levels.levels.iter().find(|level| level.percent == percent).unwrap();
        (level.at, level.low, level.high)
    }

    #[test]
    fn the_outage_probability_reaches_a_level_at_the_quantile_of_the_turns() {
        // 21 draws: 5, 25, 50, 75 and 95 % are order statistics; ranks 6 and 16 bound the median of as many.
        let rising: Vec<Line> = (0..21).map(|draw| line(false, &[f64::from(draw)])).collect();
        let levels = levels(&rising, &LEVELS, Some(0.95));
        assert_eq!((levels.cell, levels.draws, levels.turning, levels.odd), (3, 21, 21, 0));
        assert_eq!((levels.rises, levels.outages_at_ends), (Some(true), [0, 21]));
        assert_eq!(said(&super::levels(&rising, &LEVELS, None), 50), (Some(10.0), None, None));
        assert_eq!(said(&levels, 5), (Some(1.0), None, Some(3.0)));
        assert_eq!(said(&levels, 50), (Some(10.0), Some(5.0), Some(15.0)));
        let falling: Vec<Line> = (0..21).map(|draw| line(true, &[f64::from(draw)])).collect();
        let levels = super::levels(&falling, &LEVELS, Some(0.95));
        assert_eq!((levels.rises, levels.outages_at_ends), (Some(false), [21, 0]));
        assert_eq!(said(&levels, 95), (Some(1.0), None, Some(3.0)), "an outage in 95 % up to here");
    }

    #[test]
    fn draws_that_do_not_turn_lie_beyond_the_ends() {
        let mut lines: Vec<Line> = (0..7).map(|draw| line(false, &[f64::from(draw)])).collect();
        lines.extend((0..7).map(|_| line(true, &[])));
        lines.extend((0..7).map(|_| line(false, &[])));
        let levels = levels(&lines, &LEVELS, Some(0.95));
        assert_eq!((levels.turning, levels.outages_at_ends), (7, [7, 14]));
        assert_eq!(said(&levels, 5), (Some(f64::NEG_INFINITY), None, None));
        assert_eq!(said(&levels, 50), (Some(3.0), None, None));
        assert_eq!(said(&levels, 95).0, Some(f64::INFINITY));
    }

    #[test]
    fn draws_that_turn_again_or_the_other_way_are_counted() {
        let lines = [line(false, &[1.0]), line(false, &[1.5, 1.8, 2.5]), line(true, &[2.0]), line(false, &[3.0])];
        let levels = levels(&lines, &LEVELS, Some(0.95));
        assert_eq!((levels.odd, levels.turning, levels.rises), (2, 4, Some(true)));
        assert_eq!(levels.outages_at_ends, [1, 3]);
        let audited =
            |begins, turns: &[f64], at, outage| Line { audit: Some(Audit { at, outage }), ..line(begins, turns) };
        let audited = [audited(false, &[1.0], 0.5, false), audited(false, &[1.0], 0.5, true), line(false, &[1.0])];
        assert_eq!((super::levels(&audited, &LEVELS, Some(0.95)).audits, levels.audits), ([2, 1], [0, 0]));
        let none = super::levels(&[line(true, &[])], &LEVELS, Some(0.95));
        assert_eq!((none.rises, said(&none, 50)), (None, (None, None, None)));
    }
}
