//! The engines that there are, by name.

use std::fmt;

use super::{Engine, mean_field, population};
use crate::parameters::{Parameter, Scenario, ScenarioError};

/// Which engine makes a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum EngineKind {
    /// The one that follows every client: [`population`].
    #[default]
    Agents,
    /// The one that follows shares of ever more clients, without chance: [`mean_field`].
    MeanField,
    /// The same, with the chance of as many clients as there are.
    NoisyMeanField,
}

impl EngineKind {
    /// One for each name, the default first; those without noise.
    pub const ALL: [EngineKind; 2] = [EngineKind::Agents, EngineKind::MeanField];

    /// Its name in a sweep file and on the command line, which does not say whether it has noise.
    pub fn name(self) -> &'static str {
        match self {
            EngineKind::Agents => "agents",
            EngineKind::MeanField | EngineKind::NoisyMeanField => "mean-field",
        }
    }

    /// The same with noise; `None` if there is no such engine.
    pub fn with_noise(self) -> Option<EngineKind> {
        match self {
            EngineKind::Agents => None,
            EngineKind::MeanField | EngineKind::NoisyMeanField => Some(EngineKind::NoisyMeanField),
        }
    }

    /// Whether noise is added to what would have none.
    pub fn has_noise(self) -> bool {
        self == EngineKind::NoisyMeanField
    }

    /// The engine of this name.
    pub fn find(name: &str) -> Option<EngineKind> {
        EngineKind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// A workspace for its runs, one for each thread.
    pub fn workspace(self) -> Box<dyn Engine> {
        match self {
            EngineKind::Agents => Box::new(population::Simulator::new()),
            EngineKind::MeanField => Box::new(mean_field::Solver::new()),
            EngineKind::NoisyMeanField => Box::new(mean_field::Solver::with_noise()),
        }
    }

    /// Whether the engine has a parameter.
    pub fn has(self, parameter: &Parameter) -> bool {
        match self {
            EngineKind::Agents => true,
            EngineKind::MeanField | EngineKind::NoisyMeanField => mean_field::has(parameter),
        }
    }

    /// Checks that the engine has all that a scenario asks for, which passed [`Scenario::check`].
    ///
    /// # Errors
    /// The first parameter that it does not have.
    pub fn check(self, scenario: &Scenario) -> Result<(), ScenarioError> {
        match self {
            EngineKind::Agents => Ok(()),
            EngineKind::MeanField | EngineKind::NoisyMeanField => mean_field::check(scenario),
        }
    }

    /// About how much memory one workspace needs for a scenario at most, bytes.
    pub fn memory_estimate_bytes(self, scenario: &Scenario) -> u64 {
        match self {
            EngineKind::Agents => population::memory_estimate_bytes(scenario),
            EngineKind::MeanField | EngineKind::NoisyMeanField => mean_field::memory_estimate_bytes(scenario),
        }
    }
}

impl fmt::Display for EngineKind {
    /// Writes its name, and whether it has noise.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        if self.has_noise() { f.write_str(" with noise") } else { Ok(()) }
    }
}
