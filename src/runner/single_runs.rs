//! Runs that are no rows of a sweep.

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use crate::engine::outcome::Outcome;
use crate::engine::{Engine, EngineKind, Request};
use crate::sweep::Realization;

/// Makes a run of each of `keys` for which there is one, by an engine of this kind, on the threads of rayon's current pool, and returns their
/// outcomes in the same order; `finished` hears of each. Returns `None` once `interrupted` becomes true.
pub fn outcomes_of<Key: Sync>(
    engine: EngineKind,
    keys: &[Key],
    realize: impl Fn(&Key) -> Option<Realization> + Sync,
    interrupted: &AtomicBool,
    finished: &(dyn Fn() + Sync),
) -> Option<Vec<Option<Outcome>>> {
    let make = |workspace: &mut Box<dyn Engine>, key: &Key| {
        if interrupted.load(Ordering::Relaxed) {
            return None;
        }
        let request = Request { stop: Some(interrupted), ..Request::default() };
        let Some(Realization { scenario, seed, .. }) = realize(key) else { return Some(None) };
        let run = workspace.run(&scenario, seed, &request)?;
        finished();
        Some(Some(run.outcome))
    };
    keys.par_iter().with_max_len(1).map_init(|| engine.workspace(), make).collect()
}
