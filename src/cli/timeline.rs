//! What happened in a run: a timeline, and the outcome in words.

use std::fmt::Write;

use super::text::wrap;
use crate::engine::Run;
use crate::engine::outcome::{Outcome, TraceRow};
use crate::parameters::{Intervention, Scenario, Shock, name_of};

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
                let _ = writeln!(text, "{:>6} ▶ {what}", hours(at_h));
            }
        }
        let interval = &run.trace[start..=index];
        let since_h = if start == 0 { 0.0 } else { run.trace[start - 1].t_h };
        let logins: u64 = interval.iter().map(|row| row.logins).sum();
        let rate = logins as f64 / ((row.t_h - since_h) * 3600.0);
        let _ = writeln!(
            text,
            "{:>6} {} {:>8} {:>8} {:>8} {:>8} {rate:>7.1}",
            hours(row.t_h),
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
    let mut marks = Vec::new();
    if scenario.updates.patched_fraction > 0.0 {
        marks.push((scenario.updates.release_h, "the update is released".to_owned()));
    }
    marks.extend(scenario.shocks.iter().map(|shock| (shock.at_h, struck(scenario, shock))));
    marks.extend(scenario.interventions.iter().map(|change| {
        let settings = change.values(scenario).map(|(parameter, value)| format!("{} = {value}", parameter.name));
        let flush = change.flush.then(|| format!("{} = true", Intervention::FLUSH));
        let settings: Vec<String> = flush.into_iter().chain(settings).collect();
        (change.at_h, format!("{}: {}", called("intervention", &change.name), settings.join(", ")))
    }));
    if scenario.outage.trigger_h.is_finite() {
        marks.push((scenario.outage.trigger_h, "the trigger, from which on outages are measured".to_owned()));
    }
    marks.reverse();
    marks.sort_by(|a, b| b.0.total_cmp(&a.0));
    marks
}

/// What outages are measured from.
fn trigger(scenario: &Scenario) -> &'static str {
    let has_update = scenario.updates.patched_fraction > 0.0 || scenario.shocks.is_empty();
    if scenario.outage.trigger_h.is_finite() {
        "the trigger"
    } else if has_update && scenario.trigger_h() == scenario.updates.release_h {
        "the release"
    } else {
        "the shock"
    }
}

/// Whom a shock strikes.
fn struck(scenario: &Scenario, shock: &Shock) -> String {
    let of = |share: f64, whom: &str| (share > 0.0).then(|| format!("{} of {whom}", percent_as_written(share)));
    let and = |whom: &[Option<String>]| whom.iter().flatten().cloned().collect::<Vec<String>>().join(" and ");
    let crash = and(&[
        of(shock.supernode_fraction, "the super nodes of clients"),
        of(shock.client_fraction, "the clients that are no super nodes"),
    ]);
    let fail = and(&[of(shock.dedicated_fraction, "the dedicated super nodes")]);
    let others = if shock.client_fraction > 0.0 { "the other clients" } else { "the clients" };
    let lose = and(&[of(shock.disconnect_fraction, others)]);
    const DEDICATED: &str = name_of!(overlay.dedicated_per_million);
    let adds_dedicated =
        |change: &Intervention| change.settings.iter().any(|(set, _)| set.of_model().name == DEDICATED);
    let has_dedicated =
        scenario.overlay.dedicated_per_million > 0.0 || scenario.interventions.iter().any(adds_dedicated);
    let spares_dedicated = has_dedicated && shock.dedicated_fraction == 0.0;
    let crash_alone = if spares_dedicated { "crash, no dedicated super node does" } else { "crash" };
    let said = [(crash, crash_alone), (fail, "fail"), (lose, "lose their connection")];
    let said: Vec<String> =
        said.iter().filter(|(whom, _)| !whom.is_empty()).map(|(whom, what)| format!("{whom} {what}")).collect();
    let regions = if shock.regions.is_empty() { String::new() } else { format!(" in {}", shock.regions.join(", ")) };
    let said = if said.is_empty() { "it strikes nobody".to_owned() } else { said.join("; ") };
    format!("{}{regions}: {said}", called("shock", &shock.name))
}

/// What an event is, with its name if it has one.
fn called(event: &str, name: &Option<String>) -> String {
    name.as_ref().map_or_else(|| event.to_owned(), |name| format!("{event} {name}"))
}

/// A share that somebody wrote, without the noise of the product with 100.
fn percent_as_written(share: f64) -> String {
    const DIGITS: f64 = 1e10;
    format!("{} %", libm::round(share * 100.0 * DIGITS) / DIGITS)
}

/// Hours with the digits that they have, but two at most.
fn hours(h: f64) -> String {
    let text = format!("{h:.2}");
    text.strip_suffix('0').unwrap_or(&text).to_owned()
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
    let trigger = trigger(scenario);
    let mut text = format!(
        "In the hour before {trigger} {} of those present were online. ",
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
        "The lowest point was {}, {:.2} h after {trigger}. ",
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
    wrap(&text, 78, 0) + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::{Parameter, Value};

    fn scenario(supernode_fraction: f64, client_fraction: f64) -> Scenario {
        let mut scenario = Scenario::default();
        scenario.shocks.push(Shock { at_h: 13.25, supernode_fraction, client_fraction, ..Shock::default() });
        scenario
    }

    fn marked(scenario: &Scenario) -> Vec<String> {
        marks(scenario).into_iter().map(|(_, what)| what).filter(|what| what.starts_with("shock")).collect()
    }

    #[test]
    fn a_shock_is_announced_as_what_it_strikes() {
        for (supernodes, clients, said) in [
            (0.275, 0.0, "shock: 27.5 % of the super nodes of clients crash"),
            (0.0, 0.55, "shock: 55 % of the clients that are no super nodes crash"),
            (
                1.0,
                0.07,
                "shock: 100 % of the super nodes of clients and 7 % of the clients that are no super nodes crash",
            ),
        ] {
            let mut scenario = scenario(supernodes, clients);
            assert_eq!(marked(&scenario), [said]);
            let spared = format!("{said}, no dedicated super node does");
            let dedicated = Parameter::find("overlay.dedicated_per_million").unwrap();
            scenario.interventions = vec![Intervention::new(13.0, [(dedicated, Value::Number(50.0))])];
            assert_eq!(marked(&scenario).concat(), spared);
            scenario.interventions.clear();
            scenario.overlay.dedicated_per_million = 50.0;
            assert_eq!(marked(&scenario), [spared]);
        }
    }

    #[test]
    fn a_shock_says_who_fails_and_who_is_disconnected_and_where() {
        let mut scenario = scenario(0.0, 0.0);
        scenario.overlay.dedicated_per_million = 50.0;
        (scenario.shocks[0].dedicated_fraction, scenario.shocks[0].disconnect_fraction) = (0.5, 0.25);
        let said = "50 % of the dedicated super nodes fail; 25 % of the clients lose their connection";
        assert_eq!(marked(&scenario), [format!("shock: {said}")]);
        scenario.shocks[0].regions = vec!["Americas".to_owned(), "Asia, Pacific".to_owned()];
        assert_eq!(marked(&scenario), [format!("shock in Americas, Asia, Pacific: {said}")]);
        (scenario.shocks[0].dedicated_fraction, scenario.shocks[0].client_fraction) = (0.0, 0.1);
        let said = "shock in Americas, Asia, Pacific: 10 % of the clients that are no super nodes crash, no dedicated super \
                    node does; 25 % of the other clients lose their connection";
        assert_eq!(marked(&scenario), [said]);
    }

    #[test]
    fn an_update_that_nobody_gets_is_not_released() {
        let mut scenario = scenario(0.5, 0.0);
        assert_eq!(marks(&scenario).len(), 2);
        scenario.updates.patched_fraction = 0.0;
        assert_eq!(marks(&scenario).len(), 1);
    }

    #[test]
    fn outages_are_measured_from_what_is_named() {
        let mut scenario = scenario(0.5, 0.0);
        assert_eq!((scenario.trigger_h(), trigger(&scenario)), (12.0, "the release"));
        scenario.updates.patched_fraction = 0.0;
        assert_eq!((scenario.trigger_h(), trigger(&scenario)), (13.25, "the shock"));
        scenario.updates.patched_fraction = 0.5;
        scenario.shocks[0].at_h = 6.0;
        assert_eq!((scenario.trigger_h(), trigger(&scenario)), (6.0, "the shock"));
        scenario.outage.trigger_h = 20.0;
        assert_eq!((scenario.trigger_h(), trigger(&scenario)), (20.0, "the trigger"));
        assert_eq!(marks(&scenario).len(), 3);
        scenario.outage.trigger_h = f64::INFINITY;
        scenario.shocks.clear();
        scenario.updates.patched_fraction = 0.0;
        assert_eq!((scenario.trigger_h(), trigger(&scenario)), (12.0, "the release"));
    }

    #[test]
    fn hours_keep_their_quarters() {
        assert_eq!([13.25, 13.5, 13.0, 0.05, 4.0 / 3.0].map(hours), ["13.25", "13.5", "13.0", "0.05", "1.33"]);
    }
}
