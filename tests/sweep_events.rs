//! Shocks and interventions of a sweep file: their names, their numbers in the design, and values of interventions that
//! depend on the scenario.

use critmass::parameters::{Parameter, Setting, Value};
use critmass::store::{Manifest, prepare};
use critmass::sweep::{AxisLabel, Sweep};

const NAME: &str = "name = \"t\"\n";

fn read(text: &str) -> Sweep {
    Sweep::parse(&format!("{NAME}{text}"), "t.toml", &[]).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The only mistake of a text that starts on line 2.
fn mistake(text: &str) -> String {
    let error = Sweep::parse(&format!("{NAME}{text}"), "t.toml", &[]).expect_err(text).to_string();
    assert_eq!(error.lines().count(), 1, "{text}: {error}");
    error
}

#[test]
fn a_value_of_an_intervention_may_depend_on_what_the_scenario_says() {
    let sweep = read(
        "[scenario]\nretry.cap_s = 300\n\
         [[scenario.intervention]]\nat_h = 14\nretry.cap_s = { factor = 2 }\nlogin.drop_expired = \"initial\"\n\
         [[scenario.intervention]]\nat_h = 15\nretry.cap_s = \"initial\"\n\
         [[axis]]\nparameter = \"login.drop_expired\"\nvalues = [false, true]\n\
         [uncertain]\nretry.cap_s = { factor = { uniform = { from = 1, to = 2 } } }\n",
    );
    let cap = Parameter::find("retry.cap_s").unwrap();
    assert_eq!(sweep.scenario.interventions[0].settings[1], (cap, Setting::Factor(2.0)));
    for cell in 0..2 {
        for replicate in 0..20 {
            let run = sweep.realization(cell, replicate);
            let values = |index: usize| run.scenario.interventions[index].values(&run.scenario).collect::<Vec<_>>();
            let drop_expired = Parameter::find("login.drop_expired").unwrap();
            let doubled = (cap, Value::Number(2.0 * run.drawn[0]));
            assert_eq!(values(0), [(drop_expired, Value::Boolean(cell == 1)), doubled]);
            assert_eq!(values(1), [(cap, Value::Number(run.drawn[0]))]);
        }
    }
}

#[test]
fn what_depends_on_the_scenario_is_checked_in_every_cell_and_for_every_draw() {
    let change = "[[scenario.intervention]]\nat_h = 14\nretry.factor = { factor = 0.5 }\n";
    let axis = "[[axis]]\nparameter = \"retry.factor\"\nvalues = [2, 3, 1.5]\n";
    let message = mistake(&format!("{change}{axis}"));
    assert!(message.starts_with("t.toml:4: scenario.intervention.retry.factor: 0.75 is not allowed"), "{message}");
    assert!(message.ends_with("in the cells with retry.factor = 1.5"), "{message}");
    let law = "[uncertain]\nretry.factor = { uniform = { from = 1, to = 5 } }\n";
    let sweep = read(&format!("[scenario]\nretry.factor = 3\n{change}{law}"));
    let drawn: Vec<f64> = (0..200).map(|replicate| sweep.realization(0, replicate).drawn[0]).collect();
    assert!(drawn.iter().all(|&x| (2.0..=5.0).contains(&x)) && drawn.iter().any(|&x| x < 2.5), "{drawn:?}");
}

#[test]
fn mistakes_in_names_and_values_of_events_are_said() {
    for (text, said) in [
        (
            "[[scenario.shock]]\nat_h = 13\nclient_fraction = 1\nname = \"Power cut\"",
            "t.toml:5: scenario.shock.name: \"Power cut\" is not allowed; expected 1 … 64 lower-case letters",
        ),
        (
            "[[scenario.intervention]]\nname = \"a\"\nat_h = 13\nlogin.drop_expired = true\n\
             [[scenario.intervention]]\nname = \"a\"\nat_h = 14\nlogin.drop_expired = false",
            "t.toml:7: scenario.intervention.name: \"a\" is the name of two interventions",
        ),
        (
            "[[scenario.intervention]]\nat_h = 13\nretry.cap_s = { factor = 0 }",
            "t.toml:4: scenario.intervention.retry.cap_s.factor: 0 is not allowed; expected a finite number > 0",
        ),
        (
            "[[scenario.intervention]]\nat_h = 13\nretry.cap_s = { factr = 2 }",
            "t.toml:4: scenario.intervention.retry.cap_s.factr: there is no such key; did you mean factor?",
        ),
        (
            "[[scenario.intervention]]\nat_h = 13\nlogin.drop_expired = { factor = 2 }",
            "t.toml:4: scenario.intervention.login.drop_expired: a table is not allowed; expected true or false, or \"initial\"",
        ),
        (
            "[[scenario.intervention]]\nat_h = 13\nretry.cap_s = \"intial\"",
            "t.toml:4: scenario.intervention.retry.cap_s: \"intial\" is not allowed; expected a number, > 0 s, { factor = … } or \"initial\"",
        ),
    ] {
        let message = mistake(text);
        assert!(message.starts_with(said), "{message}\n{said}");
    }
    // A shock and an intervention may have the same name.
    let both = "[[scenario.shock]]\nat_h = 13\nclient_fraction = 1\nname = \"a\"\n\
                [[scenario.intervention]]\nat_h = 13\nname = \"a\"\nlogin.drop_expired = true\n";
    assert!(read(both).canonical.contains("name = \"a\""));
}

#[test]
fn a_run_does_not_depend_on_names_and_an_intervention_that_multiplies_is_one_that_sets_the_product() {
    let run = |name: &str, capacity: &str, end: &str| {
        let sweep = read(&format!(
            "[scenario]\npopulation.clients = 5000\ntime.horizon_h = 14\nupdates.synchronization = 0.7\n\
             [[scenario.shock]]\n{name}at_h = 12.5\nclient_fraction = 0.2\n\
             [[scenario.intervention]]\n{name}at_h = 12.75\nlogin.capacity_per_s_per_million = {capacity}\n\
             [[scenario.intervention]]\nat_h = 13.25\nlogin.capacity_per_s_per_million = {end}\n\
             [replicates]\nat_least = 1\nat_most = 1\n",
        ));
        critmass::simulate_sweep(&sweep).unwrap()[0].run.outcome.clone()
    };
    let plain = run("", "450.0", "150.0");
    assert_eq!(run("name = \"a\"\n", "{ factor = 3 }", "\"initial\""), plain);
    assert_ne!(run("", "{ factor = 3.5 }", "\"initial\""), plain);
    assert_ne!(run("", "450.0", "450.0"), plain);
}

/// Two named events whose numbers are varied: on an axis, by variants, and drawn.
const VARIED: &str = r#"
[scenario]
population.clients = 5000
time.horizon_h = 15
[[scenario.shock]]
name = "power-cut"
at_h = 12.25
[[scenario.intervention]]
name = "rescue"
at_h = 13
login.capacity_per_s_per_million = { factor = 2.0 }
login.queue_limit_s = 30
[[axis]]
parameter = "shock.power-cut.client_fraction"
values = [0.0, 0.5]
[[axis]]
parameter = "intervention.rescue.at_h"
linear = { from = 13, to = 14, points = 3 }
[[axis]]
name = "measure"
variants = [
  { label = "none" },
  { label = "lifo, early", intervention = [{ at_h = 12.5, login.discipline = "lifo" }], shock = [{ at_h = 12.75, supernode_fraction = 0.1 }] },
  { label = "short queue", intervention.rescue.login.queue_limit_s = 5, shock.power-cut.supernode_fraction = 0.2 },
]
[uncertain]
"intervention.rescue.login.capacity_per_s_per_million.factor" = { uniform = { from = 1, to = 4 } }
"shock.power-cut.at_h" = { normal = { mean = 12.25, sd = 0.1 } }
"login.capacity_per_s_per_million" = { uniform = { from = 100, to = 200 } }
[replicates]
at_least = 2
at_most = 2
"#;

#[test]
fn the_numbers_of_named_events_are_varied_like_parameters() {
    let sweep = read(VARIED);
    assert_eq!(sweep.cells(), 18);
    let names: Vec<&str> = sweep.uncertain.iter().map(|input| input.parameter.name()).collect();
    let factor = "intervention.rescue.login.capacity_per_s_per_million.factor";
    assert_eq!(names, [factor, "login.capacity_per_s_per_million", "shock.power-cut.at_h"]);
    for cell in 0..sweep.cells() {
        let run = sweep.realization(cell, 1);
        let (shocks, changes) = (&run.scenario.shocks, &run.scenario.interventions);
        let coordinates = sweep.coordinates(cell);
        assert_eq!(shocks[0].client_fraction, [0.0, 0.5][coordinates[0]]);
        assert_eq!(changes[0].at_h, [13.0, 13.5, 14.0][coordinates[1]]);
        assert_eq!(shocks[0].at_h, run.drawn[2]);
        assert_eq!((shocks.len(), changes.len()), if coordinates[2] == 1 { (2, 2) } else { (1, 1) });
        let values: Vec<Value> = changes[0].values(&run.scenario).map(|(_, value)| value).collect();
        let limit = [30.0, 30.0, 5.0][coordinates[2]];
        assert_eq!(values, [Value::Number(run.drawn[0] * run.drawn[1]), Value::Number(limit)]);
        // Replicate 1 of every cell sees the same draws.
        assert_eq!(run.drawn, sweep.realization(0, 1).drawn);
        assert_eq!(sweep.label(0, cell), Some(AxisLabel::Value(&Value::Number(shocks[0].client_fraction))));
    }
}

#[test]
fn a_cell_is_the_sweep_with_its_numbers_written_into_the_events() {
    let sweep = read(VARIED);
    let rows = critmass::simulate_sweep(&sweep).unwrap();
    let written = VARIED
        .replace("at_h = 12.25\n", "at_h = 12.25\nclient_fraction = 0.5\nsupernode_fraction = 0.2\n")
        .replace("at_h = 13\n", "at_h = 13.5\n")
        .replace("queue_limit_s = 30", "queue_limit_s = 5");
    let (head, rest) = written.split_once("[[axis]]").unwrap();
    let fixed = read(&format!("{head}[uncertain]{}", rest.split_once("[uncertain]").unwrap().1));
    let fixed = critmass::simulate_sweep(&fixed).unwrap();
    let cell = 9 + 3 + 2;
    let of_cell: Vec<_> = rows.iter().filter(|row| row.cell == cell).collect();
    assert_eq!(of_cell.len(), 2);
    for (row, alone) in of_cell.into_iter().zip(&fixed) {
        assert_eq!((row.seed, &row.drawn, &row.run.outcome), (alone.seed, &alone.drawn, &alone.run.outcome));
    }
}

#[test]
fn what_is_varied_of_events_is_written_so_that_it_is_read() {
    let sweep = read(VARIED);
    let again = Sweep::parse(&sweep.canonical, "t.toml", &[]).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(format!("{sweep:?}"), format!("{again:?}"));
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path(), &sweep).unwrap();
    assert_eq!(Manifest::read(folder.path()).unwrap().sweep.hash, sweep.hash);
}

#[test]
fn the_numbers_of_named_events_are_set_on_the_command_line() {
    let text = format!("{NAME}{VARIED}");
    let set = |set: &[&str]| {
        let set: Vec<String> = set.iter().map(|set| (*set).to_owned()).collect();
        Sweep::parse(&text, "t.toml", &set).map_err(|error| error.to_string())
    };
    let sweep = set(&[
        "shock.power-cut.supernode_fraction=0.25",
        "intervention.rescue.retry.cap_s=99",
        "intervention.rescue.login.queue_limit_s=\"initial\"",
    ]);
    // A variant sets this number, so it has to have one.
    assert!(sweep.unwrap_err().contains("there is no such number of the intervention rescue"));
    let sweep = set(&["shock.power-cut.supernode_fraction=0.25", "intervention.rescue.retry.cap_s=99"]).unwrap();
    assert_eq!(sweep.scenario.shocks[0].supernode_fraction, 0.25);
    let cap = Parameter::find("retry.cap_s").unwrap();
    assert!(sweep.scenario.interventions[0].settings.contains(&(cap, Setting::Value(Value::Number(99.0)))));
    for (wrong, said) in [
        ("shock.power-cut.client_fraction=0.3", "this would have no effect: the axis"),
        ("shock.power-cut.at_h=12", "this would have no effect: [uncertain] draws it"),
        ("shock.powercut.at_h=12", "there is no such name; did you mean power-cut?"),
        ("intervention.rescue.at_h=99", "this would have no effect: the axis"),
        ("shock.power-cut.supernode_fraction=1.5", "1.5 is not allowed; expected a number, 0 … 1"),
    ] {
        let error = set(&[wrong]).expect_err(wrong);
        assert!(error.contains(said), "{error}\n{said}");
    }
}

#[test]
fn a_shock_that_strikes_nobody_is_one_whose_shares_are_varied() {
    let shock = "[[scenario.shock]]\nname = \"cut\"\nat_h = 13\nclient_fraction = 0.0\n";
    let message = mistake(shock);
    assert!(message.starts_with("t.toml:2: scenario.shock: it strikes nobody; expected"), "{message}");
    assert!(Sweep::parse_scenario(&shock.replace("scenario.", ""), "s.toml", &[]).is_err());
    for varied in [
        "[[axis]]\nparameter = \"shock.cut.client_fraction\"\nvalues = [0, 0.5]",
        "[[axis]]\nname = \"m\"\nvariants = [{ label = \"a\" }, { label = \"b\", shock.cut.supernode_fraction = 1 }]",
        "[uncertain]\n\"shock.cut.client_fraction\" = { beta = { mean = 0.5, sd = 0.1 } }",
    ] {
        read(&format!("{shock}{varied}"));
    }
    let other = "[[axis]]\nparameter = \"shock.cut.at_h\"\nvalues = [13, 14]";
    assert!(mistake(&format!("{shock}{other}")).contains("it strikes nobody"));
    let of_variant = "[[axis]]\nname = \"m\"\nvariants = [{ label = \"a\", shock = [{ name = \"b\", at_h = 1 }] }]";
    assert!(mistake(of_variant).contains("it strikes nobody"));
}

#[test]
fn mistakes_about_the_numbers_of_events_say_what_there_is() {
    let events = "[[scenario.shock]]\nname = \"power-cut\"\nat_h = 13\nclient_fraction = 0.1\n\
                  [[scenario.intervention]]\nname = \"rescue\"\nat_h = 14\nretry.cap_s = { factor = 2 }\n\
                  login.queue_limit_s = 60\n";
    let axis = |parameter: &str, values: &str| format!("[[axis]]\nparameter = \"{parameter}\"\nvalues = [{values}]\n");
    let variant = |setting: &str| format!("[[axis]]\nname = \"m\"\nvariants = [\n{{ label = \"a\", {setting} }} ]\n");
    for (text, said) in [
        (
            axis("shock.powercut.at_h", "13"),
            "t.toml:12: axis.parameter: \"shock.powercut.at_h\": there is no such shock; did you mean power-cut?",
        ),
        (
            axis("shock.power-cut.client_share", "1"),
            "there is no such number of the shock power-cut; did you mean client_fraction?",
        ),
        (
            axis("intervention.rescue.retry.cap_s", "1"),
            "there is no such number of the intervention rescue; did you mean retry.cap_s.factor?",
        ),
        (
            axis("intervention.rescue.login.drop_expired", "true"),
            "allowed here: at_h, login.queue_limit_s, retry.cap_s.factor (what it sets, and when)",
        ),
        (
            axis("shock.power-cut.client_fraction", "0.1, 1.1"),
            "t.toml:13: axis.values: 1.1 is not allowed for shock.power-cut.client_fraction; expected a number, 0 … 1",
        ),
        (
            axis("intervention.rescue.at_h", "14, 48"),
            "48 h is not before time.horizon_h, 48 h; in the cells with intervention.rescue.at_h = 48.0",
        ),
        (
            axis("intervention.rescue.retry.cap_s.factor", "1, 0.001"),
            "in the cells with intervention.rescue.retry.cap_s.factor = 0.001",
        ),
        (
            axis("login.queue_limit_s", "60, 90") + &axis("intervention.rescue.login.queue_limit_s", "1, 2"),
            "t.toml:10: scenario.intervention.login.queue_limit_s: the axis \"login.queue_limit_s\" sets the parameter",
        ),
        (
            axis("shock.power-cut.at_h", "13, 14") + &variant("shock.power-cut.at_h = 15"),
            "shock.power-cut.at_h is on two axes",
        ),
        (variant("shock.power-cut.fraction = 1"), "there is no such number of the shock power-cut"),
        (
            variant("shock = [{ at_h = 50, client_fraction = 1 }]"),
            "t.toml:14: axis.variants.shock.at_h: 50 h is not before time.horizon_h, 48 h; in the cells with m = a",
        ),
        (
            variant("intervention = [{ at_h = 14, retry.cap_s = 1 }]"),
            "t.toml:14: axis.variants.retry.cap_s: the cap, 1 s, must be at least retry.base_s",
        ),
        (
            axis("login.drop_expired", "true, false")
                + &variant("intervention = [{ at_h = 14, login.drop_expired = true }]"),
            "t.toml:17: axis.variants.intervention.login.drop_expired: the axis \"login.drop_expired\" sets the parameter",
        ),
        (variant("shock = 3"), "shock: 3 is not allowed; expected a table"),
        (
            "[uncertain]\n\"shock.power-cut\" = 3".to_owned(),
            "t.toml:12: uncertain.shock.power-cut: 3 is not allowed; expected a table",
        ),
        (
            "[uncertain]\n\"intervention.rescue.at_h\" = { uniform = { from = 50, to = 60 } }".to_owned(),
            "fewer than one draw in 1000",
        ),
        (
            "[[axis]]\nname = \"Shock.power-cut.at_h\"\nvariants = [{ label = \"a\" }]".to_owned(),
            "is the name of another column",
        ),
    ] {
        let message = mistake(&format!("{events}{text}"));
        assert!(message.contains(said), "{text}\n{message}\n{said}");
    }
    // Without a name there is nothing to vary.
    let message = mistake(&axis("shock.cut.at_h", "13"));
    assert!(
        message.contains("no shock of the scenario has a name; give it one in its [[scenario.shock]]: name = \"cut\"")
    );
}
