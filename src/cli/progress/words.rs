//! Progress in words.

use super::{Session, TIME_MAX_S};
use crate::runner::Progress;

/// A time with its two largest units.
pub(super) fn time(seconds: f64) -> String {
    const UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)];
    let seconds = seconds.clamp(0.0, TIME_MAX_S);
    if seconds < 10.0 {
        return format!("{seconds:.1} s");
    }
    let seconds = libm::round(seconds) as u64;
    let first = UNITS.iter().position(|(_, size)| seconds >= *size).unwrap_or(UNITS.len() - 1);
    let mut text = format!("{} {}", seconds / UNITS[first].1, UNITS[first].0);
    if let Some((name, size)) = UNITS.get(first + 1) {
        let rest = seconds % UNITS[first].1 / size;
        if rest > 0 {
            text += &format!(" {rest} {name}");
        }
    }
    text
}

/// What is about to be run.
pub(super) fn plan(session: &Session, progress: &Progress) -> String {
    let rule = &session.sweep.replicates;
    let of_differences = session.sweep.compare.and_then(|compare| compare.half_width);
    let until = |half_width| format!("{} … {} runs each, until ± {half_width}", rule.at_least, rule.at_most);
    let runs = match (rule.half_width, of_differences) {
        (Some(half_width), Some(wanted)) => format!("{}, and ± {wanted} of each difference", until(half_width)),
        (None, Some(wanted)) => format!("{} of each difference", until(wanted)),
        (Some(half_width), None) => until(half_width),
        // They stop once they are surely on one side.
        (None, None) if session.sweep.refine.is_some() => format!("{} … {} runs each", rule.at_least, rule.at_most),
        (None, None) => format!("{} runs each", rule.at_most),
    };
    let shard = session.shard.map(|shard| format!(", shard {shard}")).unwrap_or_default();
    format!("{}{shard}: {} cells, {runs}, on {} threads", session.sweep.name, progress.cells, session.threads)
}

/// What a session that goes on has found; `None` if that is nothing.
pub(super) fn found(progress: &Progress) -> Option<String> {
    let Progress { cells_found, cells, runs_found, .. } = *progress;
    (cells_found > 0 || runs_found > 0)
        .then(|| format!("continued from {cells_found} cells of {cells}, and {runs_found} runs of the others"))
}

/// How far it is, on one line.
pub(super) fn how_far(progress: &Progress, elapsed_s: f64) -> String {
    let rate = progress.runs as f64 / elapsed_s.max(1e-3);
    let Progress { runs, cells_decided, cells, .. } = *progress;
    let percent = libm::floor(100.0 * progress.share());
    format!("{percent} %, {cells_decided}/{cells} cells, {runs} runs, {rate:.1}/s, {}", times(progress, elapsed_s))
}

/// The time that has passed, and that is left.
pub(super) fn times(progress: &Progress, elapsed_s: f64) -> String {
    match progress.left_s(elapsed_s) {
        _ if progress.cells_decided == progress.cells => format!("in {}", time(elapsed_s)),
        None => format!("{}, time left unknown yet", time(elapsed_s)),
        Some(left_s) => format!("{}, about {} left", time(elapsed_s), time(left_s)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_two_units() {
        let times = [0.04, 9.0, 59.6, 61.0, 148.0, 3600.0, 7_320.0, 90_000.0, 1e300, -1.0].map(time);
        let said = ["0.0 s", "9.0 s", "1 min", "1 min 1 s", "2 min 28 s", "1 h", "2 h 2 min", "1 d 1 h"];
        assert_eq!(times[..8], said);
        assert_eq!(times[8..], ["11574074 d 1 h", "0.0 s"]);
    }
}
