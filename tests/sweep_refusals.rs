//! Every kind of mistake in a sweep file is refused, with the line, the key, what is wrong and what is allowed.

use critmass::sweep::Sweep;

/// What stands before the text of each case, on line 1.
const NAME: &str = "name = \"t\"\n";

/// Each case: the text from line 2 on, and what the message has to contain.
fn check(cases: &[(&str, &[&str])]) {
    for (text, fragments) in cases {
        let message = match Sweep::parse(&format!("{NAME}{text}"), "t.toml", &[]) {
            Ok(_) => panic!("this was accepted: {text}"),
            Err(error) => error.to_string(),
        };
        for fragment in *fragments {
            assert!(message.contains(fragment), "{text}\n  gave    {message}\n  without {fragment}");
        }
    }
}

#[test]
fn what_is_not_toml_is_refused_with_its_line() {
    check(&[
        ("seed = = 3", &["t.toml:2: this is not TOML"]),
        ("seed = 1\nseed = 2", &["t.toml:3: this is not TOML", "duplicate key"]),
        ("seed = 99999999999999999999", &["t.toml:2: this is not TOML"]),
        ("[scenario]\nlogin.timeout_s = 1\n\"login.timeout_s\" = 2", &["t.toml:4:", "timeout_s", "twice"]),
    ]);
}

#[test]
fn unknown_keys_are_refused_with_the_nearest_name() {
    check(&[
        ("sede = 3", &["t.toml:2: sede:", "no such key", "did you mean seed?", "replicates"]),
        ("[replicates]\nat_lest = 3", &["t.toml:3: replicates.at_lest:", "did you mean at_least?"]),
        ("[traces]\nevery = 3", &["t.toml:3: traces.every:", "did you mean every_s?"]),
        (
            "[scenario]\npopulation.client = 3",
            &["t.toml:3: scenario.population.client:", "did you mean population.clients?"],
        ),
        ("[scenario.overlai]\nslots = 3", &["t.toml:2: scenario.overlai:", "did you mean overlay?"]),
        ("[scenario]\nclients = 3", &["t.toml:3: scenario.clients:", "did you mean population.clients?"]),
        (
            "[[axis]]\nparameter = \"login.capacity\"\nvalues = [1]",
            &["t.toml:3: axis.parameter:", "\"login.capacity\"", "login.capacity_per_s_per_million"],
        ),
        ("[[axis]]\nparam = \"login.timeout_s\"\nvalues = [1]", &["t.toml:3: axis.param:", "did you mean parameter?"]),
        (
            "[uncertain]\n\"login.timeouts\" = { normal = { mean = 1, sd = 1 } }",
            &["t.toml:3: uncertain.login.timeouts:", "login.timeout_s"],
        ),
        ("[uncertain]\nlogin.timeout_s = { norma = { mean = 1, sd = 1 } }", &["t.toml:3:", "did you mean normal?"]),
        (
            "[uncertain]\nlogin.timeout_s = { normal = { mean = 1, sb = 1 } }",
            &["t.toml:3:", "normal.sb", "did you mean sd?"],
        ),
        (
            "[[axis]]\nname = \"m\"\nvariants = [\n{ label = \"a\" },\n{ lable = \"b\" }]",
            &["t.toml:6: axis.variants.lable:", "did you mean label?"],
        ),
        ("[[scenario.shock]]\nat_h = 1\nfraction = 1", &["t.toml:4: scenario.shock.fraction:", "supernode_fraction"]),
    ]);
}

#[test]
fn wrong_types_and_values_out_of_range_are_refused() {
    check(&[
        ("[scenario]\ntime.tick_s = 900", &["t.toml:3: scenario.time.tick_s: 900 is not allowed", "> 0 … 600 s"]),
        ("[scenario]\ntime.tick_s = nan", &["t.toml:3: scenario.time.tick_s: nan is not allowed"]),
        ("[scenario]\ntime.tick_s = \"5\"", &["t.toml:3:", "\"5\" is not allowed; expected a number"]),
        ("[scenario]\npopulation.clients = 2e5", &["t.toml:3:", "200000.0 is not allowed; expected a whole number"]),
        ("[scenario]\npopulation.clients = -5", &["t.toml:3:", "-5 is not allowed"]),
        ("[scenario]\nlogin.drop_expired = 1", &["t.toml:3:", "expected true or false"]),
        ("[scenario]\nlogin.discipline = \"LIFO\"", &["t.toml:3:", "expected one of \"fifo\", \"lifo\""]),
        ("[scenario]\nlogin = 5", &["t.toml:3: scenario.login: 5 is not allowed; expected a table"]),
        ("[scenario]\npopulation.regions = []", &["t.toml:3: scenario.population.regions:", "1 … 64"]),
        (
            "[scenario]\npopulation.regions = [{ name = \"a\", utc_offset_h = 0, share = 0.5 }]",
            &["t.toml:3: scenario.population.regions:", "sum to 0.5", "must sum to 1"],
        ),
        ("[scenario]\npopulation.regions = [{ name = \"a\", share = 1 }]", &["t.toml:3:", "utc_offset_h", "missing"]),
        ("seed = -1", &["t.toml:2: seed: -1 is not allowed"]),
        ("seed = 1.0", &["t.toml:2: seed: 1.0 is not allowed; expected a whole number"]),
        ("question = 5", &["t.toml:2: question: 5 is not allowed; expected a text"]),
        ("axis = 5", &["t.toml:2: axis: 5 is not allowed"]),
        ("scenario = []", &["t.toml:2: scenario: a list of 0 is not allowed; expected a table"]),
        ("uncertain = 3", &["t.toml:2: uncertain: 3 is not allowed; expected a table"]),
    ]);
}

#[test]
fn names_are_checked() {
    for (text, fragments) in [
        ("seed = 1", &["t.toml:1: name:", "missing", "lower-case"][..]),
        ("seed = 1\nname = \"A b\"", &["t.toml:2: name: \"A b\" is not allowed", "lower-case"]),
        ("name = \"\"", &["t.toml:1: name:", "lower-case"]),
        ("name = 3", &["t.toml:1: name: 3 is not allowed", "text"]),
    ] {
        let message = Sweep::parse(text, "t.toml", &[]).unwrap_err().to_string();
        fragments.iter().for_each(|fragment| assert!(message.contains(fragment), "{message} without {fragment}"));
    }
}

#[test]
fn impossible_axes_are_refused() {
    let slots = "[[axis]]\nparameter = \"overlay.slots\"\n";
    let ratio = "[[axis]]\nparameter = \"overlay.supernode_ratio\"\n";
    let with = |axis: &str, points: &str| format!("{axis}{points}");
    let cases: Vec<(String, Vec<&str>)> = vec![
        (with(slots, "values = []"), vec!["t.toml:4: axis.values:", "no points"]),
        (with(slots, ""), vec!["t.toml:2: axis:", "no points", "linear"]),
        (with(slots, "values = [1]\nlinear = { from = 1, to = 2, points = 2 }"), vec!["t.toml:2: axis:", "exclude each other"]),
        (with(slots, "values = [1, 2.5]"), vec!["t.toml:4: axis.values: 2.5 is not allowed", "whole number"]),
        (with(slots, "values = [1, 2, 1]"), vec!["t.toml:4: axis.values: 1 is listed twice"]),
        (with(ratio, "values = [0.5, 5e-1]"), vec!["t.toml:4: axis.values: 0.5 is listed twice"]),
        (with(ratio, "values = [0, -0.0]"), vec!["t.toml:4:", "listed twice"]),
        (with(ratio, "values = [nan]"), vec!["t.toml:4: axis.values: nan is not allowed"]),
        (with(ratio, "linear = { from = 0, to = 1, points = 0 }"), vec!["t.toml:4: axis.linear.points: 0 is not allowed", "1 … 10000000"]),
        (with(ratio, "linear = { from = 0, to = 1, points = 1_000_000_000_000 }"), vec!["t.toml:4:", "1000000000000 is not allowed", "1 … 10000000"]),
        (with(ratio, "linear = { from = 0, to = 1, points = 10_000_001 }"), vec!["10000001 is not allowed"]),
        (with(ratio, "linear = { from = 0, to = 1.5, points = 3 }"), vec!["t.toml:4: axis.linear.to: 1.5 is not allowed", "0 … 1"]),
        (with(ratio, "linear = { from = 1, to = 0, points = 3 }"), vec!["t.toml:4: axis.linear.to: 0 is not allowed", "at least from"]),
        (with(ratio, "linear = { from = 0.5, to = 0.5, points = 3 }"), vec!["axis.linear.points", "all the same"]),
        (with(ratio, "linear = { from = 0.2, to = 0.5, points = 1 }"), vec!["axis.linear.points", "at least 2"]),
        (with(ratio, "linear = { from = 0.2, to = 0.5 }"), vec!["axis.linear.points", "missing"]),
        (with(ratio, "logarithmic = { from = 0, to = 1, points = 3 }"), vec!["t.toml:4: axis.logarithmic.from: 0 is not allowed", "> 0"]),
        (with(slots, "linear = { from = 1, to = 3, points = 5 }"), vec!["t.toml:4: axis:", "not all different", "whole numbers"]),
        (with(slots, "name = \"x\"\nvalues = [1]"), vec!["t.toml:4: axis.name:", "variants"]),
        (
            "[[axis]]\nparameter = \"login.queue_limit_s\"\nlinear = { from = 0, to = inf, points = 3 }".to_owned(),
            vec!["t.toml:4: axis.linear.to: inf is not allowed", "finite"],
        ),
        (
            "[[axis]]\nparameter = \"login.discipline\"\nlinear = { from = 0, to = 1, points = 3 }".to_owned(),
            vec!["t.toml:4: axis.linear:", "not a number"],
        ),
        (
            "[[axis]]\nparameter = \"population.regions\"\nvalues = []".to_owned(),
            vec!["t.toml:3: axis.parameter:", "population.regions", "variants"],
        ),
        (format!("{slots}values = [1]\n{slots}values = [2]"), vec!["t.toml:6: axis:", "overlay.slots is on two axes"]),
        (
            format!("{slots}values = [1]\n[[axis]]\nname = \"m\"\nvariants = [{{ label = \"a\", overlay.slots = 3 }}]"),
            vec!["t.toml:6: axis:", "overlay.slots is on two axes"],
        ),
        (
            "[[axis]]\nname = \"m\"\nvariants = [{ label = \"a\", overlay.slots = 3 }]\n[[axis]]\nname = \"n\"\nvariants = [{ label = \"a\", \"overlay.slots\" = 3 }]".to_owned(),
            vec!["t.toml:6: axis:", "on two axes, \"m\" and \"n\""],
        ),
        ("[[axis]]\nname = \"m\"\nvariants = []".to_owned(), vec!["t.toml:4: axis.variants:", "no points"]),
        ("[[axis]]\nvariants = [{ label = \"a\" }]".to_owned(), vec!["t.toml:2: axis.name:", "missing"]),
        (
            "[[axis]]\nname = \"m\"\nvariants = [{ label = \"a\" }, { label = \"a\" }]".to_owned(),
            vec!["t.toml:4: axis.variants:", "\"a\" is the label of two"],
        ),
        (
            "[[axis]]\nname = \"m\"\nvariants = [{ label = \"a\", overlay.slots = 0 }]".to_owned(),
            vec!["t.toml:4: axis.variants.overlay.slots: 0 is not allowed"],
        ),
    ];
    for (text, fragments) in &cases {
        check(&[(text, fragments)]);
    }
}

#[test]
fn the_names_of_columns_are_no_names_of_axes() {
    for name in
        ["cell", "replicate", "seed", "outage_h", "login.timeout_s", "login.timeout_s_drawn", "outage_h_q50", "outages"]
    {
        let text = format!("[[axis]]\nname = \"{name}\"\nvariants = [{{ label = \"a\" }}]");
        check(&[(&text, &["t.toml:3: axis.name:", "another column"])]);
    }
}

/// The names that are taken are derived; this looks at the columns that there are.
#[test]
fn every_column_of_runs_and_surface_is_refused_as_the_name_of_an_axis() {
    let sweep = "name = \"t\"\nreplicates = { at_least = 1, at_most = 1 }\n[scenario]\npopulation.clients = 10\n\
        [uncertain]\nlogin.timeout_s = { factor = { uniform = { from = 1, to = 2 } } }\n\
        [[axis]]\nparameter = \"login.timeout_s\"\nvalues = [60]";
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("t.toml"), sweep).unwrap();
    let critmass = |arguments: &[&str]| {
        let program = std::process::Command::new(env!("CARGO_BIN_EXE_critmass"))
            .current_dir(folder.path())
            .args(arguments)
            .output()
            .unwrap();
        assert!(program.status.success(), "{}", String::from_utf8_lossy(&program.stderr));
        String::from_utf8(program.stdout).unwrap()
    };
    critmass(&["run", "t.toml", "--out", "out"]);
    let surface = critmass(&["summarize", "out", "--format", "csv"]);
    let runs = critmass::store::Folder::open(&folder.path().join("out")).unwrap().run_schema().clone();
    let columns: Vec<&str> = surface.lines().next().unwrap().split(',').collect();
    let columns: Vec<&str> =
        columns.into_iter().chain(runs.fields().iter().map(|field| field.name().as_str())).collect();
    assert!(columns.contains(&"outage_h_q95") && columns.contains(&"login.timeout_s_drawn"), "{columns:?}");
    for name in columns {
        let text = format!("[[axis]]\nname = \"{name}\"\nvariants = [{{ label = \"a\" }}]");
        check(&[(&text, &["t.toml:3: axis.name:", "another column"])]);
    }
}

#[test]
fn a_design_that_is_too_large_is_refused_with_its_size() {
    let axis =
        |p: &str| format!("[[axis]]\nparameter = \"{p}\"\nlinear = {{ from = 0, to = 1, points = 10_000_000 }}\n");
    let names =
        ["overlay.supernode_ratio", "updates.synchronization", "population.nat_fraction", "presence.daily_amplitude"];
    let text: String = names.iter().map(|name| axis(name)).collect();
    check(&[(&text, &["t.toml:6: axis:", "10000000000000000000000000000 cells", "100000000"])]);
}

#[test]
fn impossible_distributions_are_refused() {
    let cases: Vec<(&str, &[&str])> = vec![
        ("beta = { mean = 0.5, sd = 0.5 }", &["beta.sd: 0.5 is not allowed", "0.500000"]),
        ("beta = { mean = 0.5, sd = 0 }", &["beta.sd: 0 is not allowed"]),
        ("beta = { mean = 1.0, sd = 0.1 }", &["beta.mean: 1.0 is not allowed"]),
        ("normal = { mean = 0.5, sd = -1 }", &["normal.sd: -1 is not allowed", "≥ 0"]),
        ("normal = { mean = inf, sd = 1 }", &["normal.mean: inf is not allowed", "finite"]),
        ("normal = { mean = nan, sd = 1 }", &["normal.mean: nan is not allowed"]),
        ("normal = { mean = 0.5 }", &["normal.sd: the key is missing"]),
        ("lognormal = { median = 0, sigma = 1 }", &["lognormal.median: 0 is not allowed"]),
        ("lognormal = { median = 0.5, sigma = -0.1 }", &["lognormal.sigma: -0.1 is not allowed"]),
        ("uniform = { from = 0.5, to = 0.5 }", &["uniform.to: 0.5 is not allowed", "> from, 0.5"]),
        ("triangular = { from = 0, mode = 2, to = 1 }", &["triangular.mode: 2 is not allowed", "0 … 1"]),
        ("triangular = { from = 1, mode = 1, to = 1 }", &["triangular.to: 1 is not allowed"]),
        ("discrete = { values = [], weights = [] }", &["discrete.values:", "at least one"]),
        ("discrete = { values = [0.1], weights = [1, 2] }", &["2 weights for 1 values"]),
        ("discrete = { values = [0.1, 0.2], weights = [1, -2] }", &["discrete.weights: -2 is not allowed"]),
        ("discrete = { values = [0.1, 0.2], weights = [0, 0] }", &["the weights sum to 0"]),
        ("discrete = { values = [0.1, inf], weights = [1, 1] }", &["discrete.values: inf is not allowed"]),
        ("uniform = { from = 2, to = 3 }", &["fewer than one draw in 1000", "0 … 1"]),
        ("normal = { mean = 20, sd = 1 }", &["fewer than one draw in 1000"]),
        ("discrete = { values = [0.5, 5], weights = [1, 2000] }", &["fewer than one draw in 1000"]),
        ("factor = { uniform = { from = 20, to = 30 } }", &["fewer than one draw in 1000", "times 0.6"]),
        ("factor = 2", &["factor: 2 is not allowed; expected a table"]),
        ("factor = { factor = { normal = { mean = 1, sd = 1 } } }", &["no such distribution"]),
    ];
    for (law, fragments) in cases {
        let text = format!("[uncertain]\nupdates.patched_fraction = {{ {law} }}");
        check(&[(&text, fragments), (&text, &["t.toml:3: uncertain.updates.patched_fraction"])]);
    }
    check(&[
        ("[uncertain]\nupdates.patched_fraction = {}", &["t.toml:3:", "0 distributions", "beta"]),
        (
            "[uncertain]\nupdates.patched_fraction = { normal = { mean = 1, sd = 1 }, beta = { mean = 0.5, sd = 0.1 } }",
            &["2 distributions"],
        ),
        (
            "[uncertain]\nlogin.discipline = { normal = { mean = 1, sd = 1 } }",
            &["t.toml:3: uncertain.login.discipline", "only numbers"],
        ),
        ("[uncertain]\npopulation.regions = { normal = { mean = 1, sd = 1 } }", &["t.toml:3:", "only numbers"]),
    ]);
}

#[test]
fn a_parameter_is_not_swept_and_drawn_at_once_except_by_a_factor() {
    let law = "{ uniform = { from = 10, to = 20 } }";
    let axis = "[[axis]]\nparameter = \"login.timeout_s\"\nvalues = [30, 60]\n";
    check(&[
        (
            &format!("{axis}[uncertain]\nlogin.timeout_s = {law}"),
            &["t.toml:6: uncertain.login.timeout_s:", "on an axis", "factor"],
        ),
        (
            &format!(
                "[[axis]]\nname = \"m\"\nvariants = [{{ label = \"a\", login.timeout_s = 1 }}]\n[uncertain]\nlogin.timeout_s = {law}"
            ),
            &["t.toml:6: uncertain.login.timeout_s:", "every variant", "never be drawn"],
        ),
        (
            "[[axis]]\nparameter = \"updates.synchronization\"\nvalues = [0.01, 0.9]\n[uncertain]\nupdates.synchronization = { factor = { uniform = { from = 50, to = 60 } } }",
            &["t.toml:6:", "fewer than one draw in 1000", "times 0.9"],
        ),
    ]);
}

#[test]
fn counts_of_replicates_and_traces_are_checked() {
    check(&[
        (
            "[replicates]\nat_least = 30\nat_most = 20",
            &["t.toml:3: replicates.at_least: 30 is not allowed", "at_most, 20"],
        ),
        ("[replicates]\nat_least = 0", &["t.toml:3: replicates.at_least: 0 is not allowed", "1 … 1000000"]),
        ("[replicates]\nat_most = 1_000_001", &["t.toml:3: replicates.at_most: 1000001 is not allowed"]),
        ("[replicates]\nat_most = 2.0", &["t.toml:3: replicates.at_most: 2.0 is not allowed"]),
        ("[replicates]\nhalf_width = 0.5", &["t.toml:3: replicates.half_width: 0.5 is not allowed"]),
        ("[replicates]\nhalf_width = 0.0", &["t.toml:3: replicates.half_width: 0.0 is not allowed"]),
        ("[replicates]\nconfidence = 95", &["t.toml:3: replicates.confidence: 95 is not allowed"]),
        ("[replicates]\ncommon_random_numbers = \"yes\"", &["t.toml:3:", "expected true or false"]),
        ("[traces]\nreplicates = 1\nevery_s = 0", &["t.toml:4: traces.every_s: 0 is not allowed"]),
        ("[traces]\nreplicates = 1\nevery_s = 2", &["t.toml:4: traces.every_s:", "less than a tick", "5 s"]),
        ("[traces]\nevery_s = 20", &["t.toml:2: traces.replicates:", "missing"]),
    ]);
}

#[test]
fn a_comparison_needs_an_axis_a_point_of_it_and_common_draws() {
    let axes = "[[axis]]\nparameter = \"overlay.slots\"\nvalues = [50, 75]\n[[axis]]\nname = \"v\"\n\
                variants = [{ label = \"a\" }, { label = \"b\" }]\n";
    let with = |rest: &str| format!("{axes}{rest}");
    let numbers = "[[axis]]\nparameter = \"overlay.slots\"\nvalues = [50, 75]\n\
                   [[axis]]\nparameter = \"login.timeout_s\"\nvalues = [30, 60]\n";
    let one = "[[axis]]\nparameter = \"overlay.slots\"\nvalues = [50]\n";
    check(&[
        ("[compare]", &["t.toml:2: compare: no axis has variants; expected axis = an axis, of which there is none"]),
        (
            &format!("{numbers}[compare]"),
            &["compare: no axis has variants", "\"overlay.slots\" or \"login.timeout_s\""],
        ),
        (&format!("{one}[compare]"), &["compare: axis overlay.slots has one point; expected two to compare"]),
        (
            &with("[compare]\naxis = \"w\""),
            &["t.toml:9: compare.axis: \"w\" is not allowed; expected \"overlay.slots\" or \"v\""],
        ),
        (&with("[compare]\nreference = \"c\""), &["t.toml:9: compare.reference: \"c\" is not allowed", "\"a\", \"b\""]),
        (
            &with("[compare]\naxis = \"overlay.slots\"\nreference = 60"),
            &["compare.reference: 60 is not allowed", "50, 75"],
        ),
        (&with("[compare]\nhalf_width = 0.7"), &["compare.half_width: 0.7 is not allowed", "between 0 and 0.5"]),
        (&with("[compare]\nwidth = 0.1"), &["compare.width: "]),
        (
            &with(
                "[replicates]\nat_least = 32\nat_most = 32\nsampling = \"sobol\"\n[compare]\nhalf_width = 0.1\n\
                 [uncertain]\nupdates.patched_fraction = { beta = { mean = 0.6, sd = 0.1 } }",
            ),
            &[
                "compare: when cells that are compared stop is known for independent draws alone",
                "expected no half_width",
            ],
        ),
        (
            &with("[replicates]\ncommon_random_numbers = false\n[compare]"),
            &["compare: replicates of cells are no pairs", "expected true"],
        ),
        (
            "[[axis]]\nparameter = \"updates.synchronization\"\nlinear = { from = 0.0, to = 1.0, points = 6 }\n\
             [replicates]\ncommon_random_numbers = true\n[refine]\nlevel = 0.5\nrounds = 1\n[compare]",
            &["refine: cells of a refined sweep stop one by one", "expected no [compare]"],
        ),
        (
            &with("[replicates]\nat_most = 1_000_000\n[compare]\naxis = \"overlay.slots\""),
            &[
                "compare: cells that are compared are kept in one file",
                "4 cells of up to 1000000 runs",
                "the last [[axis]]",
            ],
        ),
    ]);
}

#[test]
fn a_refinement_needs_a_level_rounds_and_axes_of_numbers_that_are_not_too_fine() {
    let axis = "[[axis]]\nparameter = \"updates.synchronization\"\nlinear = { from = 0.0, to = 1.0, points = 6 }\n";
    let with_axis = |refine: &str| format!("{axis}[refine]\n{refine}");
    let slots = "[[axis]]\nparameter = \"overlay.slots\"\nlinear = { from = 10, to = 14, points = 3 }\n";
    let five: String =
        ["login.timeout_s", "login.queue_limit_s", "retry.base_s", "overlay.keepalive_s", "retry.factor"]
            .iter()
            .map(|name| format!("[[axis]]\nparameter = \"{name}\"\nlinear = {{ from = 2, to = 3, points = 2 }}\n"))
            .collect();
    check(&[
        ("[refine]\nlevel = 0.5\nrounds = 3", &["t.toml:2: refine:", "the sweep has 0 axes of numbers", "1 … 4"]),
        (&format!("{five}[refine]\nlevel = 0.5\nrounds = 1"), &["refine: the sweep has 5 axes of numbers"]),
        (&with_axis("level = 0\nrounds = 3"), &["t.toml:6: refine.level: 0 is not allowed", "between 0 and 1"]),
        (&with_axis("level = 0.5\nrounds = 0"), &["t.toml:7: refine.rounds: 0 is not allowed", "1 … 10"]),
        (&with_axis("level = 0.5"), &["refine.rounds: the key is missing"]),
        (&with_axis("level = 0.5\nrounds = 1\nround = 2"), &["refine.round: "]),
        (
            &format!("{slots}[refine]\nlevel = 0.5\nrounds = 2"),
            &["axis overlay.slots: 9 points", "expected fewer rounds"],
        ),
    ]);
}

#[test]
fn what_does_not_fit_together_is_refused_in_any_cell() {
    check(&[
        ("[scenario]\ntime.horizon_h = 3", &["t.toml:3: scenario.time.horizon_h:", "later than updates.release_h, 12"]),
        ("[scenario]\nupdates.release_h = 50", &["t.toml:3: scenario.time.horizon_h:", "release_h, 50"]),
        ("[scenario]\nretry.cap_s = 3", &["t.toml:3: scenario.retry.cap_s:", "at least retry.base_s, 15"]),
        (
            "[[axis]]\nparameter = \"time.horizon_h\"\nvalues = [24, 48, 9]",
            &["t.toml:3: scenario.time.horizon_h:", "time.horizon_h = 9"],
        ),
        (
            "[[axis]]\nparameter = \"retry.cap_s\"\nvalues = [20, 600]\n[[axis]]\nname = \"m\"\nvariants = [{ label = \"a\" }, { label = \"b\", retry.base_s = 30 }]",
            &["t.toml:3: scenario.retry.cap_s:", "in the cells with retry.cap_s = 20.0, m = b"],
        ),
        (
            "[[scenario.shock]]\nclient_fraction = 1\nat_h = 5\n[[scenario.shock]]\nat_h = 48\nclient_fraction = 1",
            &["t.toml:6: scenario.shock.at_h:", "not before time.horizon_h, 48"],
        ),
        ("[[scenario.shock]]\nat_h = -1", &["t.toml:3: scenario.shock.at_h: -1 is not allowed"]),
        ("[[scenario.shock]]\nat_h = inf", &["t.toml:3: scenario.shock.at_h: inf is not allowed"]),
        (
            "[[scenario.shock]]\nat_h = 13\nclient_fraction = 1.5",
            &["t.toml:4: scenario.shock.client_fraction: 1.5 is not allowed"],
        ),
        ("[[scenario.shock]]\nclient_fraction = 0.5", &["t.toml:2: scenario.shock.at_h:", "missing"]),
        (
            "[[scenario.intervention]]\nat_h = 50\nlogin.discipline = \"lifo\"",
            &["t.toml:3: scenario.intervention.at_h:", "not before"],
        ),
        (
            "[[scenario.intervention]]\nat_h = 20\nlogin.timeout_s = 3",
            &["t.toml:4: scenario.intervention.login.timeout_s:", "cannot change", "login.drop_expired"],
        ),
        ("[[scenario.intervention]]\nat_h = 20", &["t.toml:2: scenario.intervention:", "changes nothing"]),
        (
            "[[scenario.intervention]]\nat_h = 20\nretry.cap_s = 1",
            &["t.toml:4: scenario.retry.cap_s:", "at least retry.base_s"],
        ),
        (
            "[[scenario.intervention]]\nat_h = 50\nretry.cap_s = 20\n[[axis]]\nparameter = \"time.horizon_h\"\nvalues = [60, 48]",
            &[
                "t.toml:3: scenario.intervention.at_h:",
                "not before time.horizon_h, 48",
                "in the cells with time.horizon_h = 48",
            ],
        ),
        (
            "[scenario]\noverlay.dedicated_per_million = 100\n[[scenario.intervention]]\nat_h = 20\noverlay.dedicated_per_million = 50",
            &["t.toml:6: scenario.intervention.overlay.dedicated_per_million:", "added, not taken away"],
        ),
        (
            "[uncertain]\nretry.base_s = { uniform = { from = 601, to = 700 } }",
            &["t.toml:3: uncertain.retry.base_s:", "fewer than one draw in 1000 fits"],
        ),
        (
            "[[axis]]\nparameter = \"time.horizon_h\"\nvalues = [24, 48]\n[uncertain]\nupdates.release_h = { uniform = { from = 30, to = 40 } }",
            &["t.toml:6: uncertain.updates.release_h:", "time.horizon_h = 24"],
        ),
    ]);
}

#[test]
fn the_first_mistake_in_the_file_is_reported_first() {
    for (text, start) in [
        (
            "[traces]\nevery_s = -1\nreplicates = 1\n[scenario]\ntime.tick_s = -1\n[replicates]\nat_least = 0",
            "t.toml:3:",
        ),
        ("[replicates]\nat_least = 0\n[scenario]\ntime.tick_s = -1", "t.toml:3:"),
    ] {
        let message = Sweep::parse(&format!("{NAME}{text}"), "t.toml", &[]).unwrap_err().to_string();
        assert!(message.starts_with(start), "{message}");
    }
}

#[test]
fn overrides_that_are_wrong_are_named() {
    let text = format!(
        "{NAME}[[axis]]\nparameter = \"login.timeout_s\"\nvalues = [30, 60]\n[uncertain]\nretry.factor = {{ uniform = {{ from = 1, to = 3 }} }}"
    );
    for (set, fragments) in [
        ("login.timeout_s=3", &["--set login.timeout_s=3:", "no effect", "axis"][..]),
        ("retry.factor=3", &["--set retry.factor=3:", "no effect", "[uncertain]"]),
        ("overlay.slots=x", &["--set overlay.slots=x:", "scenario.overlay.slots", "\"x\" is not allowed"]),
        ("overlay.slotz=3", &["--set overlay.slotz=3:", "did you mean overlay.slots?"]),
        ("sede=3", &["--set sede=3:", "did you mean seed?"]),
        ("seed", &["--set seed:", "expected key=value"]),
        ("seed=", &["--set seed=:", "no value of TOML"]),
        ("=3", &["--set =3:", "no key"]),
        ("axis.values=[1]", &["--set axis.values=[1]:", "no key values"]),
        ("time.horizon_h=3", &["--set time.horizon_h=3:", "later than updates.release_h"]),
        ("axis=[]", &[]),
    ] {
        match Sweep::parse(&text, "t.toml", &[set.to_owned()]) {
            Ok(_) => assert!(fragments.is_empty(), "{set} was accepted"),
            Err(error) => {
                let message = error.to_string();
                fragments.iter().for_each(|f| assert!(message.contains(f), "{set}: {message} without {f}"));
                assert!(!fragments.is_empty() && message.starts_with("t.toml: --set"), "{message}");
            }
        }
    }
    // The file itself is wrong: its line is named, not the override.
    let wrong = Sweep::parse("name = \"t\"\nseed = -1", "t.toml", &["seed=3".to_owned()]).unwrap_err();
    assert!(wrong.to_string().starts_with("t.toml:2: seed: -1"), "{wrong}");
    // The override makes a line of the file wrong: both are named.
    let text = "name = \"t\"\n[[scenario.shock]]\nat_h = 40\nclient_fraction = 1";
    let both = Sweep::parse(text, "t.toml", &["time.horizon_h=30".to_owned()]).unwrap_err().to_string();
    assert!(both.contains("t.toml:3:") && both.contains("--set time.horizon_h=30"), "{both}");
}

#[test]
fn sobol_points_take_whole_blocks_and_inputs() {
    let uncertain = "[uncertain]\nlogin.timeout_s = { normal = { mean = 60, sd = 1 } }\n";
    let with = |keys: &str| format!("[replicates]\n{keys}\nsampling = \"sobol\"\n{uncertain}");
    check(&[
        (
            &with("at_most = 100"),
            &["t.toml:3: replicates.at_most:", "64 or 128 with sampling = \"sobol\"", "1, 2, 4, 8"],
        ),
        (&with("at_least = 20"), &["t.toml:3: replicates.at_least:", "16 or 32"]),
        (&with("at_least = 1"), &["t.toml:3: replicates.at_least:", "expected 16 with"]),
        (&with("at_most = 96"), &["t.toml:3: replicates.at_most:", "64 or 128"]),
        (
            "[replicates]\nsampling = \"sobol\"",
            &["t.toml:3: replicates.sampling:", "1 … 256 inputs", "[uncertain] has 0"],
        ),
        ("[replicates]\nsampling = \"halton\"", &["t.toml:3: replicates.sampling:", "\"random\"", "\"sobol\""]),
    ]);
}

#[test]
fn files_that_cannot_be_read_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.toml");
    let message = || Sweep::read(&path, &[]).unwrap_err().to_string();
    assert!(message().contains("x.toml: the file cannot be read"), "{}", message());
    std::fs::write(&path, b"name = \"t\"\nquestion = \"\xff\"\n").unwrap();
    assert!(message().contains("x.toml:2: the text is not UTF-8"), "{}", message());
    std::fs::write(&path, vec![b'#'; (1 << 20) + 1]).unwrap();
    assert!(message().contains("larger than 1 MiB"), "{}", message());
    std::fs::write(&path, vec![b'#'; 1 << 20]).unwrap();
    assert!(message().contains("x.toml:1: name:"), "{}", message());
}

#[test]
fn the_report_shows_the_line() {
    let error = Sweep::parse("name = \"t\"\nseed = -1\n", "t.toml", &[]).unwrap_err();
    let handler = miette::GraphicalReportHandler::new_themed(miette::GraphicalTheme::unicode_nocolor());
    let mut report = String::new();
    handler.render_report(&mut report, &error.mistakes()[0]).unwrap();
    assert!(
        report.contains("t.toml:2:8") && report.contains("seed = -1") && report.contains("expected a whole number"),
        "{report}"
    );
}
