//! What if: a run of a sweep beside the same one with something changed, from the same draws.

use comfy_table::{CellAlignment, ContentArrangement, Table};
use serde_json::{Value as Json, json};

use super::failure::Failure;
use crate::engine::outcome::{OUTPUTS, Outcome, OutputValue};
use crate::parameters::Scenario;
use crate::sweep::Sweep;

/// The scenario of a run with the settings of `--set`, which a sweep file's scenario is checked like.
pub(super) fn changed(scenario: &Scenario, set: &[String]) -> Result<Scenario, Failure> {
    let (changed, _) = Sweep::parse_scenario(&Sweep::scenario_text(scenario), "the run of the sweep", set)?;
    Ok(changed)
}

/// Every output of both runs, a line each.
pub(super) fn table(before: &Outcome, after: &Outcome) -> String {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["output", "unit", "in the sweep", "changed", "difference"]);
    for output in OUTPUTS {
        let (a, b) = ((output.get)(before), (output.get)(after));
        table.add_row([output.name.to_owned(), output.unit.to_owned(), shown(a), shown(b), difference(a, b)]);
    }
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!("{}\n", table.trim_fmt())
}

/// Both runs for programs.
pub(super) fn json(before: Json, after: Json, set: &[String]) -> Json {
    json!({ "set": set, "in_the_sweep": before, "changed": after })
}

fn shown(value: OutputValue) -> String {
    match value {
        OutputValue::Boolean(truth) => if truth { "yes" } else { "no" }.to_owned(),
        OutputValue::Count(count) => count.to_string(),
        OutputValue::Number(Some(x)) => number(x),
        OutputValue::Number(None) | OutputValue::Word(None) => "none".to_owned(),
        OutputValue::Word(Some(word)) => word.to_owned(),
    }
}

/// The second less the first; nothing where they are equal, or one is missing.
fn difference(before: OutputValue, after: OutputValue) -> String {
    match (before, after) {
        (OutputValue::Count(a), OutputValue::Count(b)) if a != b => {
            let sign = if b > a { '+' } else { '−' };
            format!("{sign}{}", a.abs_diff(b))
        }
        (OutputValue::Number(Some(a)), OutputValue::Number(Some(b))) if a != b => {
            let sign = if b > a { '+' } else { '−' };
            format!("{sign}{}", number((b - a).abs()))
        }
        (OutputValue::Boolean(a), OutputValue::Boolean(b)) if a != b => "differs".to_owned(),
        (OutputValue::Word(Some(a)), OutputValue::Word(Some(b))) if a != b => "differs".to_owned(),
        _ => String::new(),
    }
}

/// A number to four decimals, without zeros at the end.
fn number(x: f64) -> String {
    let text = format!("{x:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_made_in_the_scenario_as_drawn_and_in_nothing_else() {
        let text = "name = \"t\"\n[scenario]\nupdates.patched_fraction = 0.6\n[[scenario.shock]]\nat_h = 13.0\nsupernode_fraction = 0.5\n\
                    [[scenario.intervention]]\nat_h = 14.0\nlogin.queue_limit_s = 20.0\n\
                    [uncertain]\nlogin.capacity_per_s_per_million = { lognormal = { median = 150.0, sigma = 0.4 } }\n\
                    overlay.supernode_ratio = { factor = { uniform = { from = 0.9, to = 1.1 } } }\n";
        let sweep = Sweep::parse(text, "t.toml", &[]).unwrap();
        for replicate in 0..20 {
            let scenario = sweep.realization(0, replicate).scenario;
            assert_eq!(changed(&scenario, &[]).ok().unwrap(), scenario);
            let mut expected = scenario.clone();
            expected.login.drop_expired = true;
            assert_eq!(changed(&scenario, &["login.drop_expired=true".to_owned()]).ok().unwrap(), expected);
        }
        let refused = changed(&sweep.scenario, &["login.drop_expird=true".to_owned()]).err().unwrap();
        assert!(refused.message(false).unwrap().contains("login.drop_expired"));
    }

    #[test]
    fn differences_have_signs_and_equal_values_none() {
        let number = |x: f64| OutputValue::Number(Some(x));
        assert_eq!(difference(OutputValue::Count(7), OutputValue::Count(4)), "−3");
        assert_eq!(difference(number(0.25), number(1.5)), "+1.25");
        assert_eq!(difference(OutputValue::Boolean(true), OutputValue::Boolean(false)), "differs");
        for same in [OutputValue::Count(7), number(2.0), OutputValue::Number(None), OutputValue::Boolean(true)] {
            assert_eq!(difference(same, same), "");
        }
        assert_eq!(
            (shown(OutputValue::Number(None)), shown(number(0.5)), shown(number(-3.0))),
            ("none".into(), "0.5".into(), "-3".into())
        );
    }
}
