//! Why anyone should believe a number: results with a known answer, compared with what a run computes.
//!
//! Every check looks at runs from outside, through their outputs and traces, so it holds for any implementation of the
//! model. It says what is expected, by a formula with its source; what was measured; and how far the two may lie apart.
//! Seeds are fixed, so a check comes to the same verdict every time on every machine; its [`FALSE_ALARM`] rate is the
//! probability that a correct program had been given a seed with which it fails.
//!
//! | file | what it checks |
//! | --- | --- |
//! | `bounds` | how far chance may carry a measurement: three inequalities |
//! | `laboratory` | scenarios in which a single mechanism is at work |
//! | `presence` | the demand, against its differential equation |
//! | `queue` | the login server: bursts, order of service, time-outs |
//! | `overload` | the useful work of an overloaded server, against its balance equation |
//! | `retries` | back-off delays, against their laws |
//! | `overlay` | attach attempts, orphans, stale addresses, promotions |
//! | `gateways` | gateways that fail and come back, attempts that are barred, lost connections |
//! | `renewals` | renewals of log-ins, and clients that give up |
//! | `randomness` | the random numbers as they are used |
//!
//! `critmass validate` runs [`Effort::Quick`]; `tests/validation/` runs [`Effort::Thorough`], and more that takes longer.

mod bounds;
mod gateways;
mod laboratory;
mod overlay;
mod overload;
mod presence;
mod queue;
mod randomness;
mod renewals;
mod retries;

pub use bounds::{FALSE_ALARM, chi_square_tolerance, count_tolerance, law_tolerance, mean_tolerance};

/// How much a check takes upon itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// All checks together take some seconds.
    Quick,
    /// More clients, more runs, tighter tolerances: about a minute.
    Thorough,
}

impl Effort {
    /// One number for the quick checks, another one for the thorough ones.
    fn choose<T>(self, quick: T, thorough: T) -> T {
        match self {
            Effort::Quick => quick,
            Effort::Thorough => thorough,
        }
    }
}

/// One number that was expected, and measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// Where: a time, a number of clients; see [`Check::at`].
    pub at: f64,
    /// What the formula says.
    pub expected: f64,
    /// What the runs say.
    pub measured: f64,
    /// How far the two may lie apart.
    pub tolerance: f64,
}

impl Comparison {
    /// Whether what was measured lies within the tolerance of what was expected. NaN never does.
    pub fn holds(&self) -> bool {
        (self.measured - self.expected).abs() <= self.tolerance
    }

    /// How far the two lie apart, in tolerances.
    fn strain(&self) -> f64 {
        match (self.measured - self.expected).abs() {
            0.0 => 0.0,
            apart => (apart / self.tolerance).abs(),
        }
    }
}

/// A result with a known answer, and what was found. It passes if every one of its comparisons holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// What it is about: the name of its file.
    pub topic: &'static str,
    /// What is compared.
    pub name: String,
    /// What is expected, as a formula.
    pub formula: &'static str,
    /// Unit of the compared numbers; `"1"` for a pure number.
    pub unit: &'static str,
    /// What [`Comparison::at`] is, with its unit.
    pub at: &'static str,
    /// Probability at most with which a correct program fails; 0 where chance plays no part.
    pub false_alarm: f64,
    /// The comparisons; at least one.
    pub comparisons: Vec<Comparison>,
}

impl Check {
    /// Whether every comparison holds.
    pub fn passed(&self) -> bool {
        !self.comparisons.is_empty() && self.comparisons.iter().all(Comparison::holds)
    }

    /// The comparison that comes closest to failing, or fails worst; among equal ones that with the largest number.
    ///
    /// # Panics
    /// If there is none, which no check of this module returns.
    pub fn worst(&self) -> Comparison {
        let worse = |a: &&Comparison, b: &&Comparison| {
            a.strain().total_cmp(&b.strain()).then(a.expected.abs().total_cmp(&b.expected.abs()))
        };
        *self.comparisons.iter().max_by(worse).expect("a check compares something")
    }
}

/// Checks of one kind, made together.
pub type Topic = fn(Effort) -> Vec<Check>;

/// All topics, in the order in which they are shown.
pub static TOPICS: &[Topic] = &[
    presence::checks,
    queue::checks,
    overload::checks,
    retries::checks,
    overlay::checks,
    gateways::checks,
    renewals::checks,
    randomness::checks,
];

/// Runs all checks, one topic a thread at a time; the result does not depend on the threads.
pub fn validate(effort: Effort) -> Vec<Check> {
    use rayon::prelude::*;
    let checks: Vec<Vec<Check>> = TOPICS.par_iter().map(|topic| topic(effort)).collect();
    checks.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(comparisons: &[(f64, f64, f64)]) -> Check {
        let comparison = |&(expected, measured, tolerance)| Comparison { at: 0.0, expected, measured, tolerance };
        Check {
            topic: "test",
            name: String::new(),
            formula: "",
            unit: "1",
            at: "",
            false_alarm: 0.0,
            comparisons: comparisons.iter().map(comparison).collect(),
        }
    }

    #[test]
    fn a_check_fails_with_its_worst_comparison() {
        assert!(check(&[(1.0, 1.5, 0.5), (2.0, 2.0, 0.0)]).passed());
        let failed = check(&[(1.0, 1.4, 0.5), (2.0, 2.6, 0.5), (3.0, 3.1, 0.5)]);
        assert!(!failed.passed());
        assert_eq!(failed.worst().expected, 2.0);
        assert_eq!(check(&[(1.0, 1.0, 0.0), (5.0, 6.0, 0.0)]).worst().expected, 5.0);
        assert_eq!(check(&[(1.0, 1.0, 0.0), (5.0, 5.0, 0.0), (0.0, 0.0, 0.0)]).worst().expected, 5.0);
        assert!(!check(&[(1.0, f64::NAN, 1.0)]).passed());
        assert!(!check(&[]).passed());
    }
}
