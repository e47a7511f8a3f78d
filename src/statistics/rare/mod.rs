//! The probability of an event that hardly ever happens, from far fewer runs than it takes to see it happen.
//!
//! A run has inputs, made standard normal numbers z by their laws (draws by inversion: z = Φ⁻¹(u)), and chance of its own,
//! which its seed stands for. The event is one of both: p = E[Y(z, seed)].
//!
//! | file | what it holds |
//! | --- | --- |
//! | `importance` | importance sampling: runs are made where the event is likely, and count by how unlikely their inputs are |
//! | `proposal` | the law that their inputs are drawn from |
//! | `places` | where events are: what that law learns |
//! | `learned` | what the runs say that learn |
//! | `weighted` | what weighted runs say |
//! | `doubt` | why that cannot be trusted |
//! | `subset` | subset simulation: by levels, each of which is not rare after the one before |
//! | `known` | tests: events of known probability, and how often estimates cover it |
//!
//! Both hand out the runs that they want, round by round, and take in what these said. What is wanted depends on nothing
//! but what was taken in, so neither threads nor interruptions can change an answer.

mod doubt;
mod importance;
#[cfg(test)]
mod known;
mod learned;
mod places;
mod proposal;
mod subset;
mod weighted;

pub use doubt::Doubt;
pub use importance::Importance;
pub use subset::Subset;

use super::interval::Interval;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wish {
    /// The probability that the effort is planned for, in (0, ½).
    pub level: f64,
    /// Standard error of the probability, as a share of it.
    pub relative_error: f64,
    /// Runs at most.
    pub at_most: u32,
    /// Confidence of the interval, in (0, 1).
    pub confidence: f64,
}

/// A run that is wanted.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// Its inputs, as standard normal numbers.
    pub z: Vec<f64>,
    /// Its seed.
    pub seed: u64,
}

/// What a run said.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observation {
    /// Whether it had the event.
    pub event: bool,
    /// How near it was to the event: more is nearer. The order of the runs alone matters.
    pub level: f64,
}

impl Observation {
    /// Where the run stands in the order of all: those with the event are nearest of all.
    fn nearness(&self) -> f64 {
        if self.event {
            f64::INFINITY
        } else if self.level.is_nan() {
            f64::NEG_INFINITY
        } else {
            self.level
        }
    }
}

/// What is known of the probability.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// The probability.
    pub probability: f64,
    /// Its interval, approximate, and without meaning where there are doubts.
    pub interval: Interval,
    /// Standard error, as a share of the probability; NaN without an event.
    pub relative_error: f64,
    /// Runs that were made for it, those included that learned where to look.
    pub runs: u32,
    /// Runs with the event, in units of runs of equal weight.
    pub effective: f64,
    /// Why it cannot be trusted; nothing if it has converged.
    pub doubts: Vec<Doubt>,
    /// Where the events are: their centre, or that of the likeliest group of them, as standard normal numbers; `None` without an event.
    pub centre: Option<Vec<f64>>,
    /// What subset simulation said, if it was the check.
    pub check: Option<f64>,
}

impl Estimate {
    /// Whether there is no reason to doubt it.
    pub fn has_converged(&self) -> bool {
        self.doubts.is_empty()
    }
}
