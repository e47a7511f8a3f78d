//! One run of a sweep.

use std::sync::atomic::AtomicBool;

use crate::engine::{Engine, Request};
use crate::store::{RunKey, RunRow};
use crate::sweep::Sweep;

/// Makes one run of a sweep; `None` if it was abandoned, which it is once `abandon` is true.
pub(super) fn simulate(
    engine: &mut dyn Engine,
    sweep: &Sweep,
    key: RunKey,
    abandon: Option<&AtomicBool>,
) -> Option<RunRow> {
    let RunKey { cell, replicate } = key;
    let realization = sweep.realization(cell, replicate);
    let traced = sweep.traces.filter(|traces| replicate < traces.replicates);
    let request = Request { trace_every_s: traced.map(|traces| traces.every_s), stop: abandon };
    let run = engine.run(&realization.scenario, realization.seed, &request)?;
    Some(RunRow { cell, replicate, seed: realization.seed, drawn: realization.drawn, run })
}
