//! What does not fit together in a sweep.

use crate::parameters::ScenarioError;

/// One thing that is wrong with a sweep as a whole.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::sweep) enum Conflict {
    /// A scenario of the design is impossible.
    Scenario(ScenarioError),
    /// An axis has too many points to be checked with others.
    Axis {
        /// Its name.
        name: String,
        /// What is wrong, and what is allowed.
        message: String,
    },
    /// What is drawn for an uncertain input is hardly ever allowed.
    Uncertain {
        /// The name of its parameter.
        parameter: &'static str,
        /// What is wrong, and what is expected.
        message: String,
    },
}
