//! The mistakes of somebody who writes a first sweep file: each gets an answer that says what to write instead, and all
//! of a file are said at once.

use std::process::Command;

use critmass::parameters::Parameter;
use critmass::sweep::Sweep;

const NAME: &str = "name = \"t\"\n";

fn mistakes(text: &str, set: &[&str]) -> Vec<String> {
    let set: Vec<String> = set.iter().map(|set| (*set).to_owned()).collect();
    match Sweep::parse(&format!("{NAME}{text}"), "t.toml", &set) {
        Ok(_) => panic!("this was accepted: {text} {set:?}"),
        Err(error) => error.to_string().lines().map(str::to_owned).collect(),
    }
}

/// The only mistake of a text that starts on line 2.
fn mistake(text: &str, set: &[&str]) -> String {
    let mut all = mistakes(text, set);
    assert_eq!(all.len(), 1, "{text}: {all:#?}");
    all.remove(0)
}

fn check(cases: &[(&str, &[&str])]) {
    for (text, fragments) in cases {
        let message = mistake(text, &[]);
        for fragment in *fragments {
            assert!(message.contains(fragment), "{text}\n  gave    {message}\n  without {fragment}");
        }
    }
}

#[test]
fn every_mistake_of_a_file_is_said_in_its_order() {
    let text = "sede = 3\nquestion = 4\n\
        [scenario]\ntime.tick_s = -1\noverlay.slotz = 3\nlogin.discipline = \"LIFO\"\n\
        population.regions = [{ name = 3, utc_offset_h = 20, share = 2 }, { name = \"b\", share = 0.5 }]\n\
        [[scenario.shock]]\nat_h = -1\nclient_fraction = 2\n\
        [[axis]]\nparameter = \"overlay.slots\"\nvalues = [0, 1, 1, 2.5]\n\
        [[axis]]\nname = \"\"\nvariants = [{ lable = \"a\" }, { label = \"\", retry.cap_s = -1, login.timeout_s = 0 }]\n\
        [uncertain]\nretry.base_s = { normal = { mean = nan, sd = -1 } }\nretry.cap_s = { beta = { mean = 2, sd = -1 } }\n\
        login.queue_limit_s = { discrete = { values = [inf, nan], weights = [-1, 1] } }\n\
        login.timeout_s = { uniform = { from = inf, to = nan } }\n\
        [replicates]\nat_least = 0\nat_most = 0\n[traces]\nreplicates = -1\nevery_s = 0";
    let all: Vec<String> = Sweep::parse(&format!("{NAME}{text}"), "t.toml", &[])
        .unwrap_err()
        .to_string()
        .lines()
        .map(str::to_owned)
        .collect();
    let expected = [
        "2: sede:",
        "3: question:",
        "5: scenario.time.tick_s:",
        "6: scenario.overlay.slotz:",
        "7: scenario.login.discipline:",
        "8: scenario.population.regions.name:",
        "8: scenario.population.regions.utc_offset_h:",
        "8: scenario.population.regions.share:",
        "8: scenario.population.regions.utc_offset_h: the key is missing",
        "10: scenario.shock.at_h:",
        "11: scenario.shock.client_fraction:",
        "14: axis.values: 0",
        "14: axis.values: 1 is listed twice",
        "14: axis.values: 2.5",
        "16: axis.name:",
        "17: axis.variants.lable:",
    ];
    for (message, start) in all.iter().zip(expected) {
        assert!(message.starts_with(&format!("t.toml:{start}")), "{start}: {all:#?}");
    }
    // A wall of messages helps nobody.
    assert_eq!(all.len(), 21, "{all:#?}");
    assert_eq!(all[20], "t.toml: 12 more mistakes are not shown");
}

#[test]
fn both_numbers_of_a_law_are_looked_at() {
    for (law, count) in [
        ("normal = { mean = nan, sd = -1 }", 2),
        ("lognormal = { median = 0, sigma = -1 }", 2),
        ("beta = { mean = 2, sd = -1 }", 2),
        ("uniform = { from = inf, to = nan }", 2),
        ("triangular = { from = inf, mode = 1, to = nan }", 2),
        ("discrete = { values = [inf, nan], weights = [-1, -2] }", 4),
        ("normal = {}", 2),
    ] {
        let all = mistakes(&format!("[uncertain]\nlogin.timeout_s = {{ {law} }}"), &[]);
        assert_eq!(all.len(), count, "{law}: {all:#?}");
    }
}

#[test]
fn what_does_not_fit_together_is_said_along_with_the_rest() {
    let all = mistakes("sede = 3\n[scenario]\ntime.horizon_h = 3\nretry.cap_s = 3", &[]);
    assert_eq!(all.len(), 3, "{all:#?}");
    for (message, start) in all.iter().zip(["2: sede", "4: scenario.time.horizon_h", "5: scenario.retry.cap_s"]) {
        assert!(message.starts_with(&format!("t.toml:{start}")), "{all:#?}");
    }
    let all = mistakes("", &["sede=3", "time.horizon_h=3", "=", "seed"]);
    assert_eq!(all.len(), 2, "{all:#?}");
}

#[test]
fn a_table_in_the_wrong_place_is_told_its_header() {
    check(&[
        ("[[shock]]\nat_h = 13\nclient_fraction = 1", &["t.toml:2: shock:", "did you mean [[scenario.shock]]?"]),
        ("[[shocks]]\nat_h = 13", &["did you mean [[scenario.shock]]?"]),
        ("[[intervention]]\nat_h = 13", &["did you mean [[scenario.intervention]]?"]),
        ("[[axes]]\nparameter = \"overlay.slots\"", &["did you mean axis?"]),
        ("[axis]\nparameter = \"overlay.slots\"\nvalues = [1]", &["t.toml:2: axis:", "[[axis]]"]),
        ("[axis]\nvalues = [1]\n[axis] # two\nvalues = [2]", &["t.toml:4: there is more than one axis", "[[axis]]"]),
        ("[axis]\nvalues = [1]\n[[axis]]\nvalues = [2]", &["t.toml:4: there is more than one axis", "[[axis]]"]),
        ("[shock]\nat_h = 1\n[shock]\nat_h = 2", &["t.toml:4: there is more than one shock", "[[scenario.shock]]"]),
        (
            "[scenario.intervention]\nat_h = 1\n[scenario.intervention]\nat_h = 2",
            &["t.toml:4: there is more than one scenario.intervention", "[[scenario.intervention]]"],
        ),
        ("[traces]\nreplicates = 1\n[traces]\nevery_s = 60", &["t.toml:4:", "more than one [traces]"]),
        ("[[scenario]]\ntime.tick_s = 1", &["t.toml:2: scenario:", "expected a table, [scenario] in single brackets"]),
        ("[[replicates]]\nat_least = 1", &["expected a table, [replicates] in single brackets"]),
        ("[[scenario.axis]]\nvalues = [1]", &["t.toml:2: scenario.axis:", "its header is [[axis]]"]),
        ("[scenario.replicates]\nat_least = 1", &["its header is [replicates]"]),
        ("[scenario]\nseed = 3", &["t.toml:3: scenario.seed:", "at the top, before the first [table]"]),
        ("[replicates]\nat_least = 3\nquestion = \"?\"", &["t.toml:4: replicates.question:", "at the top"]),
    ]);
    for (text, message) in [("[[shock]]\nat_h = 13", "duplicate"), ("[axis]\na = 1\n[axis]\na = 1", "duplicate")] {
        assert!(!mistake(text, &[]).contains(message), "{text}");
    }
}

#[test]
fn a_parameter_without_its_group_or_place_is_told_its_whole_name() {
    for parameter in Parameter::all() {
        let (group, field) = parameter.name.split_once('.').unwrap();
        let value = parameter.default();
        let whole = format!("scenario.{}", parameter.name);
        for text in [
            format!("{field} = {value}"),
            format!("{} = {value}", parameter.name),
            format!("\"{}\" = {value}", parameter.name),
            format!("[{group}]\n{field} = {value}"),
        ] {
            let message = mistake(&text, &[]);
            assert!(message.contains(&format!("did you mean {whole}?")), "{text}: {message}");
            assert!(message.contains("under [scenario]"), "{text}: {message}");
        }
        let below = mistake(&format!("[scenario]\n{field} = {value}"), &[]);
        assert!(below.contains(&format!("did you mean {}?", parameter.name)), "{below}");
        let set = mistake("", &[&format!("{field}={value}")]);
        assert!(set.starts_with(&format!("t.toml: --set {field}")) && set.contains(&whole), "{set}");
        let axis = mistake(&format!("[[axis]]\nparameter = \"{field}\"\nvalues = [1]"), &[]);
        assert!(axis.contains(&format!("did you mean {}?", parameter.name)), "{axis}");
    }
    check(&[
        ("client = 5", &["did you mean scenario.population.clients?"]),
        ("[population]\nclient = 5", &["t.toml:3: population.client:", "did you mean population.clients?"]),
    ]);
    assert!(mistake("", &["synchronisation=0.3"]).contains("updates.synchronization?"));
    assert!(mistake("", &["sede=3"]).contains("did you mean seed?"));
    // Several parameters at the top are told one by one.
    assert_eq!(mistakes("population.clients = 5\ntime.tick_s = 1\noverlay.slots = 3", &[]).len(), 3);
}

#[test]
fn what_an_axis_refuses_is_said_with_the_name_of_its_parameter() {
    let of = |points: &str| mistake(&format!("[[axis]]\nparameter = \"overlay.supernode_ratio\"\n{points}"), &[]);
    for points in [
        "values = [0.1, 1.5]",
        "values = [\"a\"]",
        "linear = { from = 0, to = 1.5, points = 3 }",
        "linear = { from = 1, to = 0, points = 3 }",
        "linear = { from = -1, to = 1, points = 3 }",
        "logarithmic = { from = 0, to = 1, points = 3 }",
    ] {
        let message = of(points);
        assert!(message.contains(" is not allowed for overlay.supernode_ratio; expected"), "{message}");
    }
}

#[test]
fn a_seed_of_any_64_bits_can_be_written() {
    let most = u64::MAX.to_string();
    let sweep = Sweep::parse(&format!("{NAME}seed = \"{most}\""), "t.toml", &[]).unwrap();
    assert_eq!(sweep.seed, u64::MAX);
    let again = Sweep::parse(&sweep.canonical, "t.toml", &[]).unwrap();
    assert_eq!((again.seed, &again.canonical), (u64::MAX, &sweep.canonical));
    let set = |seed: &str| Sweep::parse(NAME, "t.toml", &[format!("seed={seed}")]).map(|sweep| sweep.seed);
    assert_eq!(set(&most).unwrap(), u64::MAX);
    assert_eq!(set("9223372036854775808").unwrap(), 1 << 63);
    // A seed that TOML can hold has one spelling.
    let small = |seed: &str| Sweep::parse(&format!("{NAME}seed = {seed}"), "t.toml", &[]).unwrap().hash;
    assert_eq!(small("\"7\""), small("7"));
    assert!(set("18446744073709551616").unwrap_err().to_string().contains("0 … 18446744073709551615"));
    for text in ["seed = 9223372036854775808", "seed = 18446744073709551615"] {
        let message = mistake(text, &[]);
        assert!(message.starts_with("t.toml:2:") && message.contains("9223372036854775807"), "{message}");
        assert!(message.contains("in quotes"), "{message}");
    }
    for text in ["seed = \"\"", "seed = \"-1\"", "seed = \"x\"", "seed = -1", "seed = 1.5"] {
        assert!(mistake(text, &[]).contains("expected a whole number, 0 … 18446744073709551615"), "{text}");
    }
    assert!(mistake("", &["population.clients=99999999999999999999"]).contains("is not allowed; expected a whole"));
}

#[test]
fn how_long_a_name_may_be_is_said() {
    let named = |length: usize| Sweep::parse(&format!("name = \"{}\"", "n".repeat(length)), "t.toml", &[]);
    assert!(named(100).is_ok());
    let message = named(101).unwrap_err().to_string();
    assert!(message.contains("101 characters") && message.contains("1 … 100 lower-case"), "{message}");
    let axis =
        |length: usize| format!("{NAME}[[axis]]\nname = \"{}\"\nvariants = [{{ label = \"a\" }}]", "é".repeat(length));
    assert!(Sweep::parse(&axis(64), "t.toml", &[]).is_ok());
    let message = Sweep::parse(&axis(65), "t.toml", &[]).unwrap_err().to_string();
    assert!(message.contains("1 … 64 characters"), "{message}");
}

#[test]
fn names_that_differ_in_case_alone_are_refused() {
    let axis = |name: &str| format!("[[axis]]\nname = \"{name}\"\nvariants = [{{ label = \"a\" }}]\n");
    for name in ["Outage", "CELL", "Replicate", "outage_H_Q50", "LOGIN.timeout_s", "Outages", "Login.Timeout_s_drawn"] {
        let message = mistake(&axis(name), &[]);
        assert!(message.starts_with("t.toml:3: axis.name:"), "{message}");
        assert!(message.contains("another column but for the case of its letters"), "{message}");
    }
    for (one, other) in [("m", "M"), ("Ärger", "ärger"), ("two Words", "Two words")] {
        let message = mistake(&(axis(one) + &axis(other)), &[]);
        assert!(message.contains("two axes but for the case of its letters"), "{message}");
    }
    // A name of its own may have any case.
    assert!(Sweep::parse(&format!("{NAME}{}", axis("Mechanism")), "t.toml", &[]).is_ok());
}

#[test]
fn a_shock_that_strikes_nobody_is_refused() {
    for fractions in
        ["", "client_fraction = 0", "supernode_fraction = 0.0", "supernode_fraction = 0\nclient_fraction = -0.0"]
    {
        let message = mistake(&format!("[[scenario.shock]]\nat_h = 13\n{fractions}"), &[]);
        assert!(message.starts_with("t.toml:2: scenario.shock: it strikes nobody; expected"), "{message}");
        let scenario = Sweep::parse_scenario(&format!("[[shock]]\nat_h = 13\n{fractions}"), "s.toml", &[]);
        assert!(scenario.unwrap_err().to_string().contains("strikes nobody"));
    }
    let scenario = Sweep::parse_scenario("[[shock]]\nat_h = 13\nclient_fraction = 1e-9", "s.toml", &[]);
    assert!(scenario.is_ok());
}

#[test]
fn an_intervention_that_hides_an_axis_or_a_draw_is_refused() {
    let intervention = "[[scenario.intervention]]\nat_h = 14\nlogin.queue_limit_s = 60\nretry.factor = 3\n";
    let axis = "[[axis]]\nparameter = \"login.queue_limit_s\"\nvalues = [30, 60]\n";
    let range = "[[axis]]\nparameter = \"login.queue_limit_s\"\nlogarithmic = { from = 1, to = 4, points = 3 }\n";
    let variants =
        "[[axis]]\nname = \"m\"\nvariants = [{ label = \"a\" }, { label = \"b\", login.queue_limit_s = 3 }]\n";
    let draw = "[uncertain]\nlogin.queue_limit_s = { uniform = { from = 10, to = 20 } }\n";
    let factor = "[uncertain]\nlogin.queue_limit_s = { factor = { uniform = { from = 0.5, to = 2 } } }\n";
    for (varied, said) in [
        (axis, "the axis \"login.queue_limit_s\" sets the parameter"),
        (range, "the axis \"login.queue_limit_s\" sets the parameter"),
        (variants, "the axis \"m\" sets the parameter"),
        (draw, "[uncertain] draws the parameter"),
        (factor, "[uncertain] draws the parameter"),
    ] {
        let message = mistake(&format!("{intervention}{varied}"), &[]);
        assert!(message.starts_with("t.toml:4: scenario.intervention.login.queue_limit_s:"), "{message}");
        assert!(message.contains(said) && message.contains("from 14 h on 60.0 would replace"), "{message}");
        // Without the parameter, or without the intervention, it is a sweep.
        for text in [intervention.replace("login.queue_limit_s = 60\n", "") + varied, varied.to_owned()] {
            assert!(Sweep::parse(&format!("{NAME}{text}"), "t.toml", &[]).is_ok(), "{text}");
        }
    }
    let both = format!("{intervention}{axis}[uncertain]\nretry.factor = {{ uniform = {{ from = 2, to = 3 }} }}");
    assert_eq!(mistakes(&both, &[]).len(), 2);
}

#[test]
fn a_law_on_whole_numbers_has_whole_numbers() {
    for (law, wrong) in [
        ("discrete = { values = [60.4, 75], weights = [1, 1] }", "60.4"),
        ("discrete = { values = [60, 75.5], weights = [1, 0] }", "75.5"),
        ("uniform = { from = 1.5, to = 4 }", "1.5"),
        ("uniform = { from = 1, to = 4.25 }", "4.25"),
    ] {
        for parameter in ["overlay.slots", "overlay.probes", "population.clients"] {
            let message = mistake(&format!("[uncertain]\n{parameter} = {{ {law} }}"), &[]);
            let said = format!("{wrong} is not allowed; expected a whole number, as {parameter} is one");
            assert!(message.starts_with("t.toml:3: ") && message.contains(&said), "{message}");
        }
        let of_numbers = format!("{NAME}[uncertain]\nlogin.timeout_s = {{ {law} }}");
        assert!(Sweep::parse(&of_numbers, "t.toml", &[]).is_ok(), "{law}");
    }
    let fine = "discrete = { values = [60.0, 75], weights = [1, 1] }";
    assert!(Sweep::parse(&format!("{NAME}[uncertain]\noverlay.slots = {{ {fine} }}"), "t.toml", &[]).is_ok());
}

#[test]
fn uneven_steps_of_whole_numbers_are_noted() {
    let notes = |points: &str| {
        let text = format!("{NAME}[[axis]]\nparameter = \"overlay.slots\"\n{points}");
        Sweep::parse(&text, "t.toml", &[]).unwrap().notes
    };
    for (points, said) in [
        ("linear = { from = 1, to = 10, points = 5 }", "(3 for 3.25, for one)"),
        ("linear = { from = 1, to = 4, points = 3 }", "(3 for 2.5, for one)"),
        ("logarithmic = { from = 10, to = 1000, points = 4 }", "(46 for 46.4158883361, for one)"),
    ] {
        let notes = notes(points);
        assert_eq!(notes.len(), 1, "{points}");
        assert!(notes[0].contains("overlay.slots") && notes[0].contains(said), "{notes:?}");
    }
    for points in [
        "linear = { from = 1, to = 10, points = 10 }",
        "linear = { from = 1, to = 10, points = 4 }",
        "logarithmic = { from = 10, to = 1000, points = 3 }",
        "values = [1, 3, 6, 8, 10]",
    ] {
        assert_eq!(notes(points), [""; 0], "{points}");
    }
    let numbers = "[[axis]]\nparameter = \"login.timeout_s\"\nlinear = { from = 1, to = 10, points = 5 }";
    assert_eq!(Sweep::parse(&format!("{NAME}{numbers}"), "t.toml", &[]).unwrap().notes, [""; 0]);
}

/// What the program says of a file, and its exit status.
fn said(text: &str, arguments: &[&str]) -> (String, Option<i32>) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("t.toml"), text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_critmass"));
    let output = command.current_dir(folder.path()).args(arguments).output().unwrap();
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["t.toml"], "something was written");
    (String::from_utf8(output.stderr).unwrap(), output.status.code())
}

#[test]
fn the_program_says_all_mistakes_on_lines_that_fit() {
    let text = "name = \"t\"\nsynchronization = 0.5\n[scenario]\npopulation.client = 3\nlogin.capacity = 5\n\
        [[scenario.intervention]]\nat_h = 13\n[[axis]]\nparameter = \"overlay.supernode_ratio\"\n\
        linear = { from = 0, to = 1.5, points = 3 }\n";
    let (message, status) = said(text, &["run", "t.toml", "--out", "out"]);
    assert_eq!(status, Some(2));
    let starts: Vec<&str> = message.lines().filter(|line| line.starts_with("error: t.toml:")).collect();
    assert_eq!(starts.len(), 5, "{message}");
    for line in message.lines() {
        assert!(line.chars().count() <= 80, "{line}");
        assert!(line.starts_with("error: ") || line.starts_with("  "), "{line}");
    }
    assert!(message.contains("\n  did you mean scenario.updates.synchronization?"), "{message}");
}

#[test]
fn a_dry_run_notes_uneven_steps() {
    let text = "name = \"t\"\n[scenario]\npopulation.clients = 10\ntime.horizon_h = 12.5\ntime.tick_s = 600\n\
        [replicates]\nat_most = 1\n[[axis]]\nparameter = \"overlay.slots\"\nlinear = { from = 1, to = 10, points = 5 }\n";
    let (message, status) = said(text, &["run", "t.toml", "--out", "out", "--dry-run"]);
    assert_eq!(status, Some(0), "{message}");
    assert!(message.starts_with("note: axis overlay.slots:") && message.contains("rounded to whole"), "{message}");
}

#[test]
fn a_key_that_is_misspelt_is_not_missing_too() {
    for (text, said) in [
        (
            "[[axis]]\nparameters = \"overlay.slots\"\nvalues = [1]",
            "axis.parameters: there is no such key; did you mean parameter?",
        ),
        (
            "[[axis]]\nname = \"m\"\nvariants = [{ lable = \"a\" }]",
            "axis.variants.lable: there is no such key; did you mean label?",
        ),
        ("[[axis]]\nparameter = \"overlay.slots\"\nlinear = { form = 1, to = 2, points = 2 }", "did you mean from?"),
        ("[uncertain]\nlogin.timeout_s = { normal = { maen = 1, sd = 1 } }", "did you mean mean?"),
        ("[traces]\nreplicate = 1\nevery_s = 60", "did you mean replicates?"),
        ("[[scenario.shock]]\nat_hour = 13\nclient_fraction = 1", "did you mean at_h?"),
    ] {
        assert!(mistake(text, &[]).contains(said), "{}", mistake(text, &[]));
    }
    // In another table it is.
    let two = "[[axis]]\nname = \"m\"\nvariants = [{ lable = \"a\" }, {}]";
    assert_eq!(mistakes(two, &[]).len(), 2);
    assert!(Sweep::parse("nmae = \"t\"", "t.toml", &[]).unwrap_err().to_string().contains("did you mean name?"));
}

#[test]
fn what_rare_outages_cannot_be_looked_for_by_is_refused() {
    let drawn = "[uncertain]\nlogin.timeout_s = { normal = { mean = 60.0, sd = 5.0 } }\n";
    for (rare, fragments) in [
        ("level = 0.5", ["rare.level", "0.000000001 … 0.1"]),
        ("at_most = 100", ["rare.level", "the key is missing"]),
        ("level = 1e-5\nat_most = 100", ["rare.at_most", "2000"]),
        ("level = 1e-5\nmethod = \"splitting\"", ["rare.method", "subset"]),
        ("level = 1e-5\nlevels = 3", ["rare.levels", "level"]),
    ] {
        let all = mistakes(&format!("{drawn}[rare]\n{rare}\n"), &[]);
        assert!(fragments.iter().all(|fragment| all.iter().any(|said| said.contains(fragment))), "{rare}: {all:#?}");
    }
    assert!(mistake("[rare]\nlevel = 1e-5\n", &[]).contains("no input is uncertain"));
}
