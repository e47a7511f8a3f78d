//! Who is asked for the outcome of a scenario.

use std::sync::atomic::{AtomicBool, Ordering};

use super::Unanswered;
use crate::engine::mean_field::Solver;
use crate::engine::{Engine, EngineKind, Request};
use crate::parameters::Scenario;

/// An engine with its workspace.
pub(super) enum Workspace {
    /// The limit, which says an outage as soon as it knows of it, and begins where runs begin alike.
    Limit(Box<Solver>),
    /// Runs, which have a seed.
    Runs(Box<dyn Engine>),
}

impl Workspace {
    /// A workspace of an engine.
    pub(super) fn of(engine: EngineKind) -> Workspace {
        match engine {
            EngineKind::MeanField => Workspace::Limit(Box::default()),
            other => Workspace::Runs(other.workspace()),
        }
    }
}

/// An engine that is asked about one draw.
pub(super) struct Asked<'a> {
    pub(super) workspace: &'a mut Workspace,
    /// That of the draw's run.
    pub(super) seed: u64,
    pub(super) interrupted: &'a AtomicBool,
}

impl Asked<'_> {
    /// Whether an outcome is known sooner if less of it is looked at. Of a run nothing is known before its end.
    pub(super) fn may_be_cut_short(&self) -> bool {
        matches!(self.workspace, Workspace::Limit(_))
    }

    /// How many hours after the trigger an outage shows; `None` if none does, up to the horizon or for so many hours. An
    /// outage of a run shows at the horizon.
    ///
    /// # Errors
    /// Interrupted.
    pub(super) fn outage_shows_after(
        &mut self,
        mut scenario: Scenario,
        patience_h: Option<f64>,
    ) -> Result<Option<f64>, Unanswered> {
        if self.interrupted.load(Ordering::Relaxed) {
            return Err(Unanswered::Interrupted);
        }
        let trigger_h = scenario.trigger_h();
        match self.workspace {
            Workspace::Limit(solver) => {
                if let Some(patience_h) = patience_h {
                    let least_h = scenario.outage.min_duration_h + 1.0;
                    scenario.time.horizon_h = scenario.time.horizon_h.min(trigger_h + patience_h.max(least_h));
                }
                Ok(solver.outage_known_h(&scenario).map(|known_h| known_h - trigger_h))
            }
            Workspace::Runs(engine) => {
                let request = Request { stop: Some(self.interrupted), ..Request::default() };
                let run = engine.run(&scenario, self.seed, &request).ok_or(Unanswered::Interrupted)?;
                Ok(run.outcome.outage.then_some(scenario.time.horizon_h - trigger_h))
            }
        }
    }
}
