//! An object of JSON for each event, a line each, on standard output.

use std::time::{Duration, Instant};

use serde_json::{Map, Value as Json, json};

use super::{End, Listener, Session};
use crate::cli::failure::Failure;
use crate::cli::output::print;
use crate::runner::{Event, Progress};
use crate::sweep::AxisLabel;

/// How often it is said how far it is.
const EVERY: Duration = Duration::from_secs(1);

pub(super) struct Events<'a> {
    session: Session<'a>,
    began: Instant,
    told: Option<Instant>,
    /// Why nothing more can be written; said at the end.
    failure: Option<Failure>,
}

impl<'a> Events<'a> {
    pub(super) fn new(session: Session<'a>) -> Events<'a> {
        Events { session, began: Instant::now(), told: None, failure: None }
    }

    fn write(&mut self, event: &Json) {
        if self.failure.is_none() {
            self.failure = print(&format!("{event}\n")).err();
        }
    }

    /// What the axes say about a cell.
    fn labels(&self, cell: u32) -> Json {
        let sweep = self.session.sweep;
        let label = |(index, axis): (usize, &crate::sweep::Axis)| {
            let value = match sweep.label(index, cell)? {
                AxisLabel::Value(value) => value.to_json(),
                AxisLabel::Variant(label) => json!(label),
            };
            Some((axis.name.clone(), value))
        };
        Json::Object(sweep.axes.iter().enumerate().filter_map(label).collect::<Map<_, _>>())
    }
}

impl Listener for Events<'_> {
    fn damaged(&mut self, what: &str) {
        self.write(&json!({ "event": "damaged", "message": what }));
    }

    fn begun(&mut self, found: &Progress) {
        self.began = Instant::now();
        let Session { sweep, out, shard, threads } = self.session;
        let event = json!({
            "event": "begun", "sweep": sweep.name, "hash": sweep.hash, "out": out.display().to_string(),
            "shard": shard.map(|shard| shard.to_string()), "threads": threads, "cells": found.cells,
            "cells_found": found.cells_found, "runs_found": found.runs_found,
        });
        self.write(&event);
    }

    fn heard(&mut self, event: &Event) {
        match *event {
            Event::Run { cell, replicate, outage } => {
                self.write(&json!({ "event": "run", "cell": cell, "replicate": replicate, "outage": outage }));
            }
            Event::Cell { cell, replicates } => {
                let axes = self.labels(cell);
                self.write(&json!({ "event": "cell", "cell": cell, "replicates": replicates, "axes": axes }));
            }
            Event::Progress(progress) if self.told.is_none_or(|told| told.elapsed() >= EVERY) => {
                self.told = Some(Instant::now());
                let elapsed_s = self.began.elapsed().as_secs_f64();
                self.write(&json!({
                    "event": "progress", "cells_decided": progress.cells_decided, "cells": progress.cells,
                    "runs": progress.runs, "share": progress.share(), "elapsed_s": elapsed_s,
                    "left_s": progress.left_s(elapsed_s),
                }));
            }
            Event::Progress(_) => {}
        }
    }

    fn ended(&mut self, progress: &Progress, end: End) -> Result<(), Failure> {
        let event = match end {
            End::Interrupted => "interrupted",
            End::Failed => "failed",
            End::Done => "done",
        };
        self.write(&json!({
            "event": event, "cells_decided": progress.cells_decided, "cells": progress.cells, "runs": progress.runs,
            "elapsed_s": self.began.elapsed().as_secs_f64(), "out": self.session.out.display().to_string(),
        }));
        self.failure.take().map_or(Ok(()), Err)
    }
}
