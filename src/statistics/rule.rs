//! By which rule a cell stops.

use super::interval::Interval;
use super::looks::confidence_at_each;

/// How many runs a cell gets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// Runs at the first look, ≥ 1.
    pub at_least: u32,
    /// Runs at the last look, ≥ `at_least`.
    pub at_most: u32,
    /// Half of the width of an interval that is narrow enough.
    pub half_width: Option<f64>,
    /// A probability on one side of which an interval may be, whatever its width. Without it and a half width there is the
    /// last look alone.
    pub level: Option<f64>,
    /// The comparison that the cell is a part of, whose cells stop together.
    pub together: Option<Together>,
    /// Confidence of the intervals, in (0, 1).
    pub confidence: f64,
    /// Whether the replicates are points in [blocks](super::blocks), not independent draws. Then the looks are even.
    pub in_blocks: bool,
}

/// How cells stop that are compared with each other, replicate by replicate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Together {
    /// Which of them, counted from 0, the others are compared with.
    pub reference: usize,
    /// Half of the width of the interval of a difference that is narrow enough.
    pub half_width: Option<f64>,
}

/// How much wider than asked for an interval may be: by what rounding may add.
pub(super) const TOLERANCE: f64 = 1e-12;

impl Rule {
    /// Whether outages decide how many runs a cell gets.
    pub fn is_adaptive(&self) -> bool {
        let of_differences = self.together.and_then(|together| together.half_width);
        self.half_width.is_some() || self.level.is_some() || of_differences.is_some()
    }

    /// The numbers of runs after which a cell may be looked at.
    pub fn looks(&self) -> Vec<u32> {
        let next = |&n: &u32| (n < self.at_most).then(|| self.next_look(n));
        std::iter::successors(Some(self.first_look()), next).collect()
    }

    /// The confidence of each interval with which those at all looks hold together: whatever made one of them the last.
    pub fn confidence_at_each_look(&self) -> f64 {
        if self.is_adaptive() { confidence_at_each(&self.looks(), self.confidence) } else { self.confidence }
    }

    /// Whether an interval says enough.
    pub fn is_enough(&self, interval: &Interval) -> bool {
        let width = interval.high - interval.low;
        self.half_width.is_some_and(|half_width| width <= 2.0 * half_width + TOLERANCE)
            || self.level.is_some_and(|level| interval.side_of(level).is_some())
    }

    /// Runs at the first look.
    pub fn first_look(&self) -> u32 {
        if self.is_adaptive() { self.at_least.min(self.at_most) } else { self.at_most }
    }

    /// Runs at the look after the one at `n`: an eighth more, so that the looks are not too many, and not too late. In
    /// blocks it is twice as many, so that all points of the blocks are spread evenly.
    pub fn next_look(&self, n: u32) -> u32 {
        let more = if self.in_blocks { n } else { (n / 8).max(8) };
        n.saturating_add(more).min(self.at_most)
    }
}
