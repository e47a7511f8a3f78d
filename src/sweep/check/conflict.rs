//! What does not fit together in a sweep.

use crate::parameters::{Event, ScenarioError};

/// One thing that is wrong with a sweep as a whole.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::sweep) enum Conflict {
    /// A scenario of the design is impossible.
    Scenario(ScenarioError),
    /// A shock or an intervention of a variant is impossible.
    Variant {
        /// The name of the axis.
        axis: String,
        /// The position of the variant.
        variant: usize,
        /// The position of the event among those of the variant.
        event: Event,
        /// What is wrong.
        error: ScenarioError,
    },
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
        parameter: String,
        /// What is wrong, and what is expected.
        message: String,
    },
}
