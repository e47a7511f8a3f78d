//! How far a sweep is: a bar on a terminal, a line every half minute elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressStyle};

use super::output::say;
use crate::runner::Progress;

/// How often a line is written where standard error is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(30);

/// Shows the progress of a sweep.
pub(super) struct Reporter {
    bar: Option<ProgressBar>,
    started: Instant,
    last_line: Instant,
}

impl Reporter {
    pub(super) fn new() -> Reporter {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style =
                ProgressStyle::with_template("{bar:20} {wide_msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(0).with_style(style)
        });
        Reporter { bar, started: Instant::now(), last_line: Instant::now() }
    }

    pub(super) fn report(&mut self, progress: Progress) {
        match &self.bar {
            Some(bar) => {
                bar.set_length(progress.cells.into());
                bar.set_position(progress.cells_decided.into());
                bar.set_message(self.line(&progress));
            }
            None if self.last_line.elapsed() >= LINE_EVERY => {
                self.last_line = Instant::now();
                say(self.line(&progress));
            }
            None => {}
        }
    }

    /// Takes the bar away; says how far it came.
    pub(super) fn finish(&self, progress: &Progress) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        say(self.line(progress));
    }

    fn line(&self, progress: &Progress) -> String {
        let seconds = self.started.elapsed().as_secs_f64();
        let rate = progress.runs as f64 / seconds.max(1e-3);
        let Progress { runs, cells_decided, cells, cells_found, .. } = *progress;
        let fresh = cells_decided - cells_found;
        let left = match (cells - cells_decided, fresh) {
            (0, _) => format!("in {}", HumanDuration(Duration::from_secs_f64(seconds))),
            (_, 0) => "time left unknown yet".to_owned(),
            // Cells take their time in proportion; later ones may take more or less.
            (open, fresh) => {
                let left_s = seconds * f64::from(open) / f64::from(fresh);
                format!("about {} left", HumanDuration(Duration::from_secs_f64(left_s)))
            }
        };
        format!("{cells_decided}/{cells} cells, {runs} runs, {rate:.1}/s, {left}")
    }
}
