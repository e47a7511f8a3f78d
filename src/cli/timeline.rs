//! What happened in a run: a timeline, and the outcome in words.

use std::fmt::Write;

use crate::engine::Run;
use crate::engine::outcome::{Outcome, TraceRow};
use crate::parameters::Scenario;

/// Lines of a timeline, about.
const LINES: f64 = 48.0;
/// Characters of the bar.
const BAR: usize = 28;

/// Hours between two lines: a number that people count in.
fn step_h(horizon_h: f64) -> f64 {
    let steps = [1.0 / 60.0, 1.0 / 12.0, 0.25, 0.5, 1.0, 2.0, 3.0, 6.0, 12.0, 24.0, 168.0];
    steps.into_iter().find(|step| horizon_h / step <= LINES).unwrap_or(24.0 * 14.0)
}

/// One line for each step of time: who is online among those present, the super nodes, the login server.
pub(super) fn timeline(scenario: &Scenario, run: &Run) -> String {
    let step_h = step_h(scenario.time.horizon_h);
    let mut text = String::from(
        "█ online  ▒ attached  ░ seeking  · booting\n\
         \x20 hour of those present    100 %  present   online    super    login  logins\n\
         \x20                                                     nodes    queue      /s\n",
    );
    let mut marks = marks(scenario);
    let (mut start, mut end_h) = (0, step_h);
    for (index, row) in run.trace.iter().enumerate() {
        let is_last = index + 1 == run.trace.len();
        if row.t_h + 1e-9 < end_h && !is_last {
            continue;
        }
        while marks.last().is_some_and(|(at_h, _)| *at_h < row.t_h - 1e-9) {
            if let Some((at_h, what)) = marks.pop() {
                let _ = writeln!(text, "{at_h:6.1} ▶ {what}");
            }
        }
        let interval = &run.trace[start..=index];
        let since_h = if start == 0 { 0.0 } else { run.trace[start - 1].t_h };
        let logins: u64 = interval.iter().map(|row| row.logins).sum();
        let rate = logins as f64 / ((row.t_h - since_h) * 3600.0);
        let _ = writeln!(
            text,
            "{:6.1} {} {:>8} {:>8} {:>8} {:>8} {rate:>7.1}",
            row.t_h,
            bar(row),
            row.demand,
            row.online,
            row.supernodes,
            row.login_queue
        );
        start = index + 1;
        end_h = row.t_h + step_h;
    }
    text
}

/// What the scenario does to the network, latest first.
fn marks(scenario: &Scenario) -> Vec<(f64, String)> {
    let mut marks = vec![(scenario.updates.release_h, "the update is released".to_owned())];
    marks.extend(scenario.shocks.iter().map(|shock| {
        let (supernodes, clients) = (100.0 * shock.supernode_fraction, 100.0 * shock.client_fraction);
        (shock.at_h, format!("shock: {supernodes} % of the super nodes, {clients} % of the other clients crash"))
    }));
    marks.extend(scenario.interventions.iter().map(|change| {
        let settings: Vec<String> = change.settings.iter().map(|(p, value)| format!("{} = {value}", p.name)).collect();
        (change.at_h, format!("intervention: {}", settings.join(", ")))
    }));
    marks.reverse();
    marks.sort_by(|a, b| b.0.total_cmp(&a.0));
    marks
}

fn bar(row: &TraceRow) -> String {
    let parts = [(row.online, '█'), (row.waiting + row.backoff, '▒'), (row.seeking, '░'), (row.booting, '·')];
    let (mut sum, mut drawn, mut text) = (0, 0, String::new());
    for (count, mark) in parts {
        sum += count;
        let end = if row.demand == 0 { 0 } else { libm::round((sum * BAR as u64) as f64 / row.demand as f64) as usize };
        text.extend(std::iter::repeat_n(mark, end.saturating_sub(drawn)));
        drawn = end.max(drawn);
    }
    format!("{text:BAR$}")
}

/// The outcome in a few sentences.
pub(super) fn in_words(scenario: &Scenario, outcome: &Outcome) -> String {
    let percent = |x: f64| format!("{:.1} %", 100.0 * x);
    let threshold = percent(scenario.outage.threshold);
    let mut text = format!(
        "In the hour before the release {} of those present were online. ",
        percent(outcome.baseline_online_fraction)
    );
    match outcome.outage_start_h {
        Some(start_h) => {
            let verdict = if outcome.outage { "an outage" } else { "too short to count as an outage" };
            let _ = write!(
                text,
                "From {start_h:.2} h after it on, fewer than {threshold} were, for {:.2} h: {verdict}. ",
                outcome.outage_h
            );
        }
        None => {
            let _ = write!(text, "It never fell below {threshold} afterwards: no outage. ");
        }
    }
    let _ = write!(
        text,
        "The lowest point was {}, {:.2} h after the release. ",
        percent(outcome.min_online_fraction),
        outcome.min_online_at_h
    );
    match outcome.recovery_h {
        Some(0.0) => text.push_str("It counts as recovered at the horizon, and never counted as anything else. "),
        Some(hours) => {
            let _ = write!(text, "At the horizon the network has recovered; the last setback was after {hours:.2} h. ");
        }
        None => text.push_str("At the horizon it has not recovered. "),
    }
    if let Some(requests) = outcome.requests_per_login {
        let _ = write!(text, "A login took {requests:.1} requests on average. ");
    } else {
        text.push_str("Nobody logged in any more. ");
    }
    let (supernodes, login) = (outcome.supernode_blocked_client_h, outcome.login_blocked_client_h);
    let blocked = supernodes + login;
    if blocked > 0.0 {
        let _ = write!(
            text,
            "Of the {blocked:.0} client-hours spent in the attempt to get online, {} were spent looking for a super node, \
             the rest at the login server.",
            percent(supernodes / blocked)
        );
    }
    wrap(&text, 78)
}

/// Breaks a text into lines.
fn wrap(text: &str, width: usize) -> String {
    let (mut lines, mut length) = (String::new(), 0);
    for word in text.split_whitespace() {
        let size = word.chars().count();
        if length > 0 && length + 1 + size > width {
            lines.push('\n');
            length = 0;
        } else if length > 0 {
            lines.push(' ');
            length += 1;
        }
        lines.push_str(word);
        length += size;
    }
    lines + "\n"
}
