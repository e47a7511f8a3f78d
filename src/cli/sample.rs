//! A sample of the runs of a sweep, from which its time is estimated.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use super::failure::Failure;
use crate::engine::Request;
use crate::sweep::Sweep;

/// How long the sample takes at most, whatever a run does.
const SAMPLE: Duration = Duration::from_secs(4);
/// Most runs of it.
const RUNS_MAX: u32 = 1000;

/// What a sample says.
pub(super) enum Sample {
    /// So many runs were made, in this time each, s.
    Runs { count: u32, each_s: f64 },
    /// The first run had not ended after this time, s.
    TooLong { more_than_s: f64 },
}

impl Sample {
    /// How long a run takes: ", 0.02 s each".
    pub(super) fn each_in_words(&self) -> String {
        match self {
            Sample::Runs { each_s, .. } => format!(", {each_s:.3} s each"),
            Sample::TooLong { more_than_s } => format!(", more than {more_than_s:.0} s each"),
        }
    }
}

/// Makes some runs of cells that are spread over the design, as long as there is time.
pub(super) fn sample(sweep: &Sweep) -> Result<Sample, Failure> {
    let stop = AtomicBool::new(false);
    let (ended, ends) = channel::<()>();
    std::thread::scope(|scope| {
        let stop = &stop;
        let clock = std::thread::Builder::new().spawn_scoped(scope, move || {
            // Ends early with the channel, when all runs are made.
            let _ = ends.recv_timeout(SAMPLE);
            stop.store(true, Ordering::Relaxed);
        });
        clock.map_err(|error| Failure::Failed(format!("no thread can be started: {error}")))?;
        let sample = make_runs(sweep, stop);
        drop(ended);
        Ok(sample)
    })
}

fn make_runs(sweep: &Sweep, stop: &AtomicBool) -> Sample {
    let mut engine = sweep.engine.workspace();
    let (start, mut count, mut each_s) = (Instant::now(), 0, 0.0);
    while count < RUNS_MAX {
        // Steps of the golden ratio spread evenly, however many there are.
        let fraction = libm::fmod((f64::from(count) + 0.5) * 0.618_033_988_749_895, 1.0);
        let cell = (fraction * f64::from(sweep.cells())) as u32;
        let realization = sweep.realization(cell, count % sweep.replicates.at_most);
        let request = Request { stop: Some(stop), ..Request::default() };
        if engine.run(&realization.scenario, realization.seed, &request).is_none() {
            break;
        }
        count += 1;
        each_s = start.elapsed().as_secs_f64() / f64::from(count);
    }
    if count > 0 { Sample::Runs { count, each_s } } else { Sample::TooLong { more_than_s: SAMPLE.as_secs_f64() } }
}
