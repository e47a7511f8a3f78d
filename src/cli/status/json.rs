//! The state of a folder for programs.

use std::path::Path;

use serde_json::{Value as Json, json};

use super::report::{Report, Submission};
use super::state::State;
use super::text::conclusion;
use crate::store::SurfaceState;

/// That of a folder which was looked at.
pub(super) fn json(report: &Report) -> Json {
    let (inventory, sweep) = (&report.inventory, report.folder.sweep());
    let shards: Vec<String> = inventory.workers.shards.iter().map(ToString::to_string).collect();
    let surface = match inventory.surface {
        SurfaceState::Whole => "whole",
        SurfaceState::Partial => "partial",
        SurfaceState::Missing => "missing",
        SurfaceState::Damaged(_) => "damaged",
    };
    let strays: Vec<String> = inventory.strays.iter().map(|path| path.display().to_string()).collect();
    json!({
        "state": State::of(inventory).word(),
        "message": conclusion(inventory),
        "folder": report.folder.path().display().to_string(),
        "name": sweep.name,
        "hash": sweep.hash,
        "cells": { "complete": report.cells(), "all": sweep.refine.is_none().then(|| sweep.cells()) },
        "runs": { "in_parts": inventory.runs, "in_checkpoints": report.runs_in_checkpoints },
        "parts": {
            "present": inventory.complete.len(),
            "missing": inventory.missing.len(),
            "damaged": inventory.damaged.len(),
        },
        "surface": surface,
        "unlisted": inventory.unlisted,
        "damaged": report.damage().collect::<Vec<_>>(),
        "strays": strays,
        "running": { "whole": inventory.workers.whole, "shards": shards },
        "slurm": report.slurm.as_ref().map(of_slurm),
    })
}

/// That of a folder which could not be looked at.
pub(super) fn json_of_failure(state: State, folder: &Path, message: &str) -> Json {
    json!({ "state": state.word(), "message": message, "folder": folder.display().to_string() })
}

fn of_slurm(slurm: &Submission) -> Json {
    let jobs = slurm.jobs.as_ref();
    let jobs = jobs.map(|jobs| {
        let job = |job: &crate::slurm::Job| {
            json!({ "id": job.id, "shard": job.shard, "state": job.state, "reason": job.reason })
        };
        jobs.iter().map(job).collect::<Json>()
    });
    let failed = slurm.failed.iter().map(|failed| json!({ "name": failed.name, "message": failed.message }));
    json!({
        "shards": slurm.submitted.shards,
        "name": slurm.submitted.name,
        "is_submitted": slurm.submitted.summary.is_some(),
        "jobs": jobs.as_ref().ok(),
        "unknown": jobs.as_ref().err(),
        "failed": failed.collect::<Json>(),
    })
}
