//! A bar on a terminal, and below it the surface as it grows where there is room.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::{End, Listener, Session, words};
use crate::cli::failure::Failure;
use crate::cli::output::say;
use crate::cli::screen::{coloured, has_colours, screen};
use crate::cli::text::{plain, wrap};
use crate::runner::{Event, Progress};
use crate::store::Store;
use crate::summary::show::{Growing, Screen, shortened};

/// How often it is drawn.
const EVERY: Duration = Duration::from_millis(200);
/// The smallest screen on which the surface is shown, too.
const FOR_SURFACE: Screen = Screen { width: 60, lines: 20 };
/// Lines above the surface, and one that stays free below it.
const LINES_ABOVE: usize = 5;

pub(super) struct Bar<'a> {
    session: Session<'a>,
    bar: ProgressBar,
    growing: Option<Growing>,
    began: Instant,
    drawn: Option<Instant>,
}

impl<'a> Bar<'a> {
    pub(super) fn new(session: Session<'a>, store: &Store) -> Bar<'a> {
        let style = ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
        // What cannot be read is said by whoever needs it; no run ends because it cannot be shown.
        let growing = Growing::of(store.folder(), |block| store.is_complete(block)).unwrap_or_default();
        let bar = ProgressBar::new(0).with_style(style);
        Bar { session, bar, growing, began: Instant::now(), drawn: None }
    }
}

impl Listener for Bar<'_> {
    fn damaged(&mut self, what: &str) {
        say(format_args!("computed again: {what}"));
    }

    fn begun(&mut self, found: &Progress) {
        self.began = Instant::now();
        let columns = screen().width.max(Screen::WIDTH_MIN);
        if let Some(found) = words::found(found) {
            say(wrap(&found, columns, 2));
        }
        say(wrap(&words::plan(&self.session, found), columns, 2));
    }

    fn heard(&mut self, event: &Event) {
        match *event {
            Event::Run { cell, outage, .. } => self.growing.iter_mut().for_each(|growing| growing.add(cell, outage)),
            Event::Cell { cell, .. } => self.growing.iter_mut().for_each(|growing| growing.decide(cell)),
            Event::Progress(progress) if self.drawn.is_none_or(|drawn| drawn.elapsed() >= EVERY) => {
                self.drawn = Some(Instant::now());
                let elapsed_s = self.began.elapsed().as_secs_f64();
                let text = plain(&picture(&progress, elapsed_s, self.growing.as_ref(), &screen()));
                self.bar.set_message(if has_colours() { coloured(&text) } else { text });
                self.bar.tick();
            }
            Event::Progress(_) => {}
        }
    }

    fn ended(&mut self, progress: &Progress, _: End) -> Result<(), Failure> {
        self.bar.finish_and_clear();
        let columns = screen().width.max(Screen::WIDTH_MIN);
        say(wrap(&words::how_far(progress, self.began.elapsed().as_secs_f64()), columns, 2));
        Ok(())
    }
}

/// What is on the screen.
fn picture(progress: &Progress, elapsed_s: f64, growing: Option<&Growing>, screen: &Screen) -> String {
    let room = screen.width.max(Screen::WIDTH_MIN) - 1;
    let percent = format!("{:3.0} %", libm::floor(100.0 * progress.share()));
    let cells = format!("{}/{} cells", progress.cells_decided, progress.cells);
    let columns = room.saturating_sub(percent.len() + cells.len() + 2).min(40);
    let full = libm::floor(progress.share() * columns as f64) as usize;
    let bar = "━".repeat(full) + &"─".repeat(columns - full);
    let rate = progress.runs as f64 / elapsed_s.max(1e-3);
    let runs = format!("{} runs, {rate:.1}/s", progress.runs);
    let times = words::times(progress, elapsed_s);
    let mut lines = vec![format!("{percent} {bar} {cells}")];
    if runs.chars().count() + times.chars().count() + 2 <= room {
        lines.push(format!("{runs}, {times}"));
    } else {
        lines.extend([runs, times]);
    }
    if let Some(growing) = growing {
        lines.extend(growing.deciding().map(|deciding| shortened(&format!("deciding {deciding}"), room)));
        if screen.width >= FOR_SURFACE.width && screen.lines >= FOR_SURFACE.lines {
            let below = Screen { width: screen.width, lines: screen.lines - LINES_ABOVE };
            lines.push(growing.show(&below));
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Folder, prepare};
    use crate::sweep::Sweep;

    #[test]
    fn whatever_the_terminal_the_picture_fits_on_it() {
        let axis = |name: &str, n: u32| {
            format!("[[axis]]\nparameter = \"{name}\"\nlinear = {{ from = 0.01, to = 0.9, points = {n} }}\n")
        };
        let (down, across) = (axis("overlay.supernode_ratio", 40), axis("updates.synchronization", 11));
        let sweep = Sweep::parse(&format!("name = \"t\"\n{down}{across}"), "t.toml", &[]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        prepare(folder.path(), &sweep).unwrap();
        let mut growing = Growing::of(&Folder::open(folder.path()).unwrap(), |_| false).unwrap().unwrap();
        (0..440).for_each(|cell| growing.add(cell, cell % 3 == 0));
        let progress = Progress {
            runs: 123_456,
            runs_found: 12,
            cells_decided: 123,
            cells_found: 7,
            cells: 440,
            runs_of_open: 1234,
            runs_per_cell: Some(1000.0),
        };
        for (width, lines) in [(40, 24), (60, 20), (80, 24), (80, 50), (160, 50)] {
            let text = picture(&progress, 12_345.6, Some(&growing), &Screen { width, lines });
            let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
            assert!(widest < width.max(40) + 1 && text.lines().count() < lines, "{width} × {lines}:\n{text}");
            assert!(text.contains("28 %") && text.contains("3 h 25 min") && text.contains("left"), "{text}");
            assert!(text.contains("deciding cell 0 (0.01"), "{text}");
            assert_eq!(text.contains("Outage probability"), width >= 60, "{text}");
        }
    }
}
