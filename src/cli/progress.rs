//! How far a sweep is: a bar on a terminal, a line every half minute elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressStyle};

use super::output::say;
use crate::runner::Progress;

/// How often a line is written where standard error is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(30);

/// The longest time that is told, s; no matter how much longer it takes.
pub(super) const TIME_MAX_S: f64 = 1e12;

/// Shows the progress of a sweep.
pub(super) struct Reporter {
    bar: Option<ProgressBar>,
    started: Instant,
    last_line: Instant,
    has_begun: bool,
}

impl Reporter {
    pub(super) fn new() -> Reporter {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style =
                ProgressStyle::with_template("{bar:20} {wide_msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(0).with_style(style)
        });
        Reporter { bar, started: Instant::now(), last_line: Instant::now(), has_begun: false }
    }

    /// The first report is that of the beginning, with what was found.
    pub(super) fn report(&mut self, progress: Progress) {
        if !self.has_begun {
            self.has_begun = true;
            self.started = Instant::now();
            self.say_what_was_found(&progress);
        }
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

    fn say_what_was_found(&self, progress: &Progress) {
        let Progress { cells_found, cells, runs_found, .. } = *progress;
        if cells_found > 0 || runs_found > 0 {
            say(format_args!("continued from {cells_found} cells of {cells}, and {runs_found} runs of the others"));
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
        let Progress { runs, cells_decided, cells, .. } = *progress;
        let time = |seconds: f64| HumanDuration(Duration::from_secs_f64(seconds.min(TIME_MAX_S)));
        let left = match progress.left_s(seconds) {
            _ if cells_decided == cells => format!("in {}", time(seconds)),
            None => "time left unknown yet".to_owned(),
            Some(left_s) => format!("about {} left", time(left_s)),
        };
        format!("{cells_decided}/{cells} cells, {runs} runs, {rate:.1}/s, {left}")
    }
}
