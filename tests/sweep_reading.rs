//! What a sweep file means: every spelling of it, its points, its canonical text, its overrides.

use critmass::engine::EngineKind;
use critmass::parameters::{Discipline, Parameter, Scenario, Value};
use critmass::sweep::{AxisLabel, AxisPoints, Distribution, Sweep};
use proptest::prelude::*;

/// The example of the documented interface.
const EXAMPLE: &str = r#"
name = "critical-mass"                # [a-z0-9-]+
question = "Up to which share of synchronized restarts does the network survive?"
seed = 2007                           # u64

[scenario]                            # dotted parameters of model.md; the rest keep their defaults
population.clients = 200_000
time.horizon_h = 36.0

[[scenario.shock]]                    # 0 or more; likewise [[scenario.intervention]] with at_h and dotted parameters
at_h = 12.0
supernode_fraction = 0.3
client_fraction = 0.0

[[axis]]                              # swept: the levers. 0 or more; the design is their product …
parameter = "overlay.supernode_ratio"
logarithmic = { from = 0.010, to = 0.040, points = 17 }   # or linear = {…}, or values = [ … ]

[[axis]]
parameter = "updates.synchronization"
linear = { from = 0.0, to = 1.0, points = 21 }

[[axis]]                              # … where an axis may also be a list of named bundles of settings
name = "mechanism"
variants = [
  { label = "as it was" },
  { label = "unlimited login server", login.capacity_per_s_per_million = inf },
]

[uncertain]                           # drawn anew for every replicate, on top of the axes
"updates.patched_fraction"            = { beta = { mean = 0.6, sd = 0.1 } }
"login.capacity_per_s_per_million"    = { lognormal = { median = 150.0, sigma = 0.2 } }
"updates.burst_width_s"               = { factor = { lognormal = { median = 1.0, sigma = 0.4 } } }   # times the scenario's or the axis's value

[replicates]                          # per cell (a cell is one point of the design)
at_least = 20
at_most = 400
half_width = 0.05                     # a cell stops once the interval of its outage probability is no wider than ± this;
confidence = 0.95                     # without half_width every cell runs at_most replicates
common_random_numbers = true          # replicate r of every cell sees the same draws (default)

[traces]                              # optional: time series of the first `replicates` of each cell
replicates = 2
every_s = 300.0
"#;

fn read(text: &str) -> Sweep {
    Sweep::parse(text, "t.toml", &[]).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_example_of_the_interface_is_read() {
    let sweep = read(EXAMPLE);
    assert_eq!((sweep.name.as_str(), sweep.seed, sweep.cells()), ("critical-mass", 2007, 17 * 21 * 2));
    assert_eq!(sweep.scenario.population.clients, 200_000);
    assert_eq!(sweep.scenario.time.horizon_h, 36.0);
    assert_eq!(sweep.scenario.shocks.len(), 1);
    assert_eq!(sweep.replicates.half_width, Some(0.05));
    assert_eq!((sweep.replicates.at_least, sweep.replicates.at_most), (20, 400));
    assert_eq!(sweep.traces.map(|traces| traces.replicates), Some(2));
    let names: Vec<String> = sweep.uncertain.iter().map(|input| input.column(&sweep)).collect();
    assert_eq!(names, ["login.capacity_per_s_per_million", "updates.burst_width_s", "updates.patched_fraction"]);
    assert_eq!(sweep.uncertain[2].distribution, Distribution::Beta { mean: 0.6, sd: 0.1 });
    assert_eq!(sweep.axes[2].name, "mechanism");
    assert_eq!(sweep.label(2, 1), Some(AxisLabel::Variant("unlimited login server")));
}

#[test]
fn where_a_variant_says_what_a_parameter_is_it_is_not_drawn() {
    let sweep = read(EXAMPLE);
    let (drawn, unlimited) = (sweep.realization(0, 5), sweep.realization(1, 5));
    assert_eq!(unlimited.scenario.login.capacity_per_s_per_million, f64::INFINITY);
    assert_eq!(unlimited.drawn[0], f64::INFINITY);
    assert!((50.0..450.0).contains(&drawn.drawn[0]), "{}", drawn.drawn[0]);
    assert_eq!(drawn.scenario.login.capacity_per_s_per_million, drawn.drawn[0]);
    assert_eq!(drawn.drawn[1..], unlimited.drawn[1..]);
}

#[test]
fn the_design_of_the_example_is_read() {
    let design = read(&format!("{EXAMPLE}\n[design]\nkind = \"sobol\"\npoints = 4096\n"));
    assert_eq!((design.cells(), design.axes[0].size(), design.axes[2].size()), (4096, 4096, 2));
    assert!(design.notes[0].contains("overlay.supernode_ratio: points = 17 has no effect"), "{:?}", design.notes);
    assert_eq!(read(&format!("{EXAMPLE}\n[design]\nkind = \"grid\"\n")).hash, read(EXAMPLE).hash);
}

#[test]
fn a_comparison_is_written_with_its_axis_and_its_reference() {
    let compared = read(&format!("{EXAMPLE}\n[compare]\nhalf_width = 0.1\n"));
    let axis = compared.axes.iter().position(|axis| axis.name == "mechanism").unwrap();
    let compare = compared.compare.unwrap();
    assert_eq!((compare.axis, compare.reference, compare.half_width), (axis, 0, Some(0.1)));
    let written = "[compare]\naxis = \"mechanism\"\nhalf_width = 0.1\nreference = \"as it was\"\n";
    assert!(compared.canonical.contains(written), "{}", compared.canonical);
    let again = read(&compared.canonical);
    assert_eq!((again.compare, again.hash), (compared.compare, compared.hash));
    assert!(!read(EXAMPLE).canonical.contains("compare"), "a sweep without it has the hash that it had");
    let numbers = "[[axis]]\nparameter = \"overlay.slots\"\nvalues = [50, 75]\n[compare]\nreference = 75\n";
    let numbers = read(&format!("name = \"x\"\n{numbers}"));
    assert_eq!((numbers.compare.unwrap().reference, read(&numbers.canonical).hash), (1, numbers.hash));
}

#[test]
fn a_refined_sweep_has_the_points_that_its_rounds_may_want_and_is_written_with_those_of_the_file() {
    let refined = read(&format!("{EXAMPLE}\n[refine]\nlevel = 0.5\nrounds = 3\n"));
    assert_eq!(refined.cells(), (16 * 8 + 1) * (20 * 8 + 1) * 2);
    assert_eq!(refined.refinement().unwrap().first_cells().len(), 17 * 21 * 2);
    for text in ["points = 17", "points = 21", "[refine]\nlevel = 0.5\nrounds = 3\n"] {
        assert!(refined.canonical.contains(text), "{}", refined.canonical);
    }
    let again = read(&refined.canonical);
    assert_eq!((again.cells(), again.hash), (refined.cells(), refined.hash));
    assert!(!read(EXAMPLE).canonical.contains("refine"), "a sweep that is not refined has the hash that it had");

    // For the place of a line inputs of its own in each cell are better.
    let axis = "[[axis]]\nparameter = \"updates.synchronization\"\nlinear = { from = 0.0, to = 1.0, points = 6 }\n";
    let refine = "[refine]\nlevel = 0.5\nrounds = 3\n";
    let fresh = read(&format!("name = \"x\"\n{axis}{refine}"));
    assert!(!fresh.replicates.common_random_numbers && fresh.notes.is_empty());
    let common = read(&format!("name = \"x\"\n{axis}{refine}[replicates]\ncommon_random_numbers = true\n"));
    assert!(common.replicates.common_random_numbers && common.notes.len() == 1);
}

#[test]
fn the_sweeps_of_the_repository_are_read() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("sweeps");
    let smoke = Sweep::read(&folder.join("smoke.toml"), &[]).unwrap();
    assert_eq!(smoke.cells(), 6);
    assert_eq!(smoke.uncertain[0].column(&smoke), "updates.synchronization_drawn");
    assert_eq!(Sweep::read(&folder.join("critical-mass.toml"), &[]).unwrap().cells(), 99);
}

#[test]
fn a_file_with_a_name_alone_has_the_defaults() {
    let sweep = read("name = \"x\"");
    assert_eq!((sweep.cells(), sweep.seed, sweep.question.as_str()), (1, 0, ""));
    assert_eq!(sweep.scenario, Scenario::default());
    let r = sweep.replicates;
    assert_eq!(
        (r.at_least, r.at_most, r.half_width, r.confidence, r.common_random_numbers),
        (20, 100, None, 0.95, true)
    );
    assert!(sweep.traces.is_none());
    assert_eq!(read("name = \"x\"\nreplicates.at_most = 7").replicates.at_least, 7);
    assert_eq!(read("name = \"x\"\nreplicates.at_least = 700").replicates.at_most, 700);
    assert!(read("name = \"x\"\ntraces = { replicates = 0, every_s = 60 }").traces.is_none());
}

#[test]
fn every_way_to_write_a_parameter_means_the_same() {
    let one = read("name = \"x\"\n[scenario]\npopulation.clients = 20_000\nlogin.discipline = \"lifo\"\n");
    for other in [
        "name = \"x\"\nscenario.population.clients = 20000\nscenario.login.discipline = \"lifo\"",
        "name = 'x'\n[scenario.login]\ndiscipline = 'lifo'\n[scenario.population]\nclients = 0x4e20",
        "scenario = { login = { discipline = \"lifo\" }, \"population.clients\" = 20000 } # a comment\nname = \"x\"",
        "name = \"x\"\n[scenario]\n\"population.clients\" = 20_000\n[scenario.login]\ndiscipline = \"lifo\"",
    ] {
        assert_eq!(read(other).hash, one.hash, "{other}");
    }
    assert_eq!(one.scenario.login.discipline, Discipline::Lifo);
    assert_ne!(
        read("name = \"x\"\n[scenario]\npopulation.clients = 20_001\nlogin.discipline = \"lifo\"").hash,
        one.hash
    );
}

#[test]
fn comments_order_and_the_spelling_of_numbers_do_not_change_the_identity() {
    let one = "name = \"x\"\nseed = 1\n[scenario]\nlogin.timeout_s = 30\noverlay.slots = 1_00\n[uncertain]\nretry.factor = { uniform = { from = 1, to = 3 } }\nlogin.queue_limit_s = { normal = { mean = 120.0, sd = 1 } }\n[replicates]\nat_most = 20\nat_least = 2";
    let other = "# first\nseed = 1\nname = \"x\"\nreplicates = { at_least = 2, at_most = 20 }\n[uncertain]\nlogin.queue_limit_s = { normal = { sd = 1.0, mean = 1.2e2 } }\nretry.factor = { uniform = { to = 3.0, from = 1.0 } }\n[scenario]\noverlay.slots = 100\nlogin.timeout_s = 30.0";
    assert_eq!(read(one).canonical, read(other).canonical);
    assert_eq!(read(one).hash.len(), 64);
    for changed in [
        one.replace("seed = 1", "seed = 2"),
        one.replace("to = 3", "to = 4"),
        one.replace("timeout_s = 30", "timeout_s = 31"),
    ] {
        assert_ne!(read(one).hash, read(&changed).hash, "{changed}");
    }
}

#[test]
fn the_canonical_text_reads_as_the_same_sweep() {
    let odd = r#"
name = "odd"
question = "quotes \" and \\ and \u0007 and \t and ünïcode \u200b \u007f"
[scenario]
population.regions = [{ name = "a \" \u0000 \u2028", utc_offset_h = -12, share = 0.5 }, { name = "b", utc_offset_h = 14, share = 0.5 }]
overlay.overload_probes_per_s = inf
presence.session_h = 1e-7
[[scenario.intervention]]
at_h = 14.25
retry.jitter = "equal"
login.discipline = "lifo"
login.drop_expired = true
[[scenario.shock]]
at_h = 13
client_fraction = 0.25
[[axis]]
parameter = "overlay.slots"
logarithmic = { from = 10, to = 1000, points = 7 }
[[axis]]
parameter = "login.timeout_s"
values = [60, 30, 45.5]
[[axis]]
parameter = "login.queue_limit_s"
values = [inf, 3]
[[axis]]
name = "two words"
variants = [{ label = "a \"b\"", "login.relogin_after_orphaning" = false, retry.cap_s = 1e3 }, { label = "é" }]
[uncertain]
overlay.slots = { factor = { triangular = { from = 0.5, mode = 1, to = 1.5 } } }
retry.base_s = { discrete = { values = [10, 20], weights = [1, 0.5] } }
"#;
    for text in [EXAMPLE, odd, "name = \"x\""] {
        let sweep = read(text);
        let again = read(&sweep.canonical);
        assert_eq!(sweep.canonical, again.canonical);
        assert_eq!(format!("{sweep:?}"), format!("{again:?}"));
        for cell in [0, sweep.cells() / 2, sweep.cells() - 1] {
            let (one, two) = (sweep.realization(cell, 3), again.realization(cell, 3));
            assert_eq!((one.scenario, one.seed, one.drawn), (two.scenario, two.seed, two.drawn));
        }
    }
}

fn numbers(text: &str) -> Vec<Value> {
    match read(&format!("name = \"x\"\n[[axis]]\n{text}")).axes.remove(0).points {
        AxisPoints::Values { values, .. } => values,
        AxisPoints::Variants(_) => Vec::new(),
    }
}

#[test]
fn spaced_points_have_exact_ends_and_no_noise() {
    let linear: Vec<f64> =
        numbers("parameter = \"updates.synchronization\"\nlinear = { from = 0, to = 1, points = 11 }")
            .iter()
            .filter_map(Value::as_f64)
            .collect();
    assert_eq!(linear, [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]);
    let logarithmic: Vec<f64> =
        numbers("parameter = \"login.timeout_s\"\nlogarithmic = { from = 0.3, to = 300, points = 4 }")
            .iter()
            .filter_map(Value::as_f64)
            .collect();
    assert_eq!(logarithmic, [0.3, 3.0, 30.0, 300.0]);
    let whole = numbers("parameter = \"overlay.slots\"\nlogarithmic = { from = 10, to = 1000, points = 3 }");
    assert_eq!(whole, [Value::Integer(10), Value::Integer(100), Value::Integer(1000)]);
    let third = 1.0_f64 / 3.0;
    let odd = numbers(&format!("parameter = \"login.timeout_s\"\nlinear = {{ from = {third:?}, to = 7, points = 5 }}"));
    assert_eq!((odd[0].as_f64(), odd[4].as_f64()), (Some(third), Some(7.0)));
}

#[test]
fn ten_million_points_are_allowed() {
    let values = numbers("parameter = \"updates.synchronization\"\nlinear = { from = 0, to = 1, points = 10_000_000 }");
    assert_eq!(values.len(), 10_000_000);
}

#[test]
fn cells_are_numbered_row_by_row() {
    let sweep = read(EXAMPLE);
    let mut cell = 0;
    for ratio in 0..17 {
        for synchronization in 0..21 {
            for mechanism in 0..2 {
                let point: Vec<usize> = (0..3).map(|axis| sweep.point(axis, cell)).collect();
                assert_eq!(point, [ratio, synchronization, mechanism]);
                cell += 1;
            }
        }
    }
    assert_eq!(cell, sweep.cells());
    let scenario = sweep.cell_scenario(sweep.cells() - 1);
    assert_eq!((scenario.overlay.supernode_ratio, scenario.updates.synchronization), (0.04, 1.0));
    let label = sweep.label(1, 2 * 20);
    assert_eq!(label, Some(AxisLabel::Value(&Value::Number(1.0))));
}

fn set(overrides: &[&str]) -> Sweep {
    let overrides: Vec<String> = overrides.iter().map(|set| (*set).to_owned()).collect();
    Sweep::parse(EXAMPLE, "t.toml", &overrides).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn overrides_change_the_file() {
    let sweep = set(&[
        "login.discipline=lifo",
        "seed=3",
        "replicates.at_most=20",
        "scenario.time.horizon_h=30",
        "population.clients = 1_000",
    ]);
    assert_eq!(sweep.scenario.login.discipline, Discipline::Lifo);
    assert_eq!((sweep.seed, sweep.replicates.at_most, sweep.scenario.population.clients), (3, 20, 1000));
    assert_eq!(sweep.scenario.time.horizon_h, 30.0);
    assert_ne!(sweep.hash, set(&[]).hash);
    assert_eq!(set(&["seed=3", "seed=2007"]).hash, set(&[]).hash);
    let one_law = set(&["uncertain={ updates.patched_fraction = { beta = { mean = 0.6, sd = 0.1 } } }"]);
    assert_eq!(one_law.uncertain.len(), 1);
    assert_eq!(
        set(&["uncertain.\"updates.patched_fraction\".beta.sd=0.2"]).uncertain[2].distribution,
        Distribution::Beta { mean: 0.6, sd: 0.2 }
    );
    // Only one of the variants says what the capacity is, but in the other one it is drawn.
    let held = Sweep::parse(EXAMPLE, "t.toml", &["login.capacity_per_s_per_million=3".to_owned()]);
    assert!(held.unwrap_err().to_string().contains("no effect"));
}

fn scenario(text: &str, overrides: &[&str]) -> Result<Scenario, String> {
    let overrides: Vec<String> = overrides.iter().map(|set| (*set).to_owned()).collect();
    let read = Sweep::parse_scenario(text, "s.toml", &overrides);
    read.map(|(scenario, _)| scenario).map_err(|error| error.to_string())
}

#[test]
fn a_scenario_is_read_from_a_sweep_or_alone() {
    let alone =
        "population.clients = 30_000\n[login]\ntimeout_s = 30\n[[shock]]\nat_h = 13\nsupernode_fraction = 0.3\n";
    let one = scenario(alone, &[]).unwrap();
    assert_eq!((one.population.clients, one.login.timeout_s, one.shocks.len()), (30_000, 30.0, 1));
    let header = "[scenario]\npopulation.clients = 30_000\nlogin.timeout_s = 30\n[[scenario.shock]]\nat_h = 13\nsupernode_fraction = 0.3\n";
    assert_eq!(scenario(header, &[]).unwrap(), one);
    assert_eq!(scenario("", &[]).unwrap(), Scenario::default());
    let whole = scenario(EXAMPLE, &[]).unwrap();
    assert_eq!((whole.population.clients, whole.login.capacity_per_s_per_million), (200_000, 150.0));
    let changed = scenario(alone, &["population.clients=5", "scenario.login.discipline=lifo"]).unwrap();
    assert_eq!((changed.population.clients, changed.login.discipline), (5, Discipline::Lifo));
    // A parameter on an axis of the sweep is just a parameter here.
    assert_eq!(scenario(EXAMPLE, &["updates.synchronization=0.7"]).unwrap().updates.synchronization, 0.7);
    for (text, fragment) in [
        (
            "population.client = 3",
            "s.toml:1: scenario.population.client: there is no such parameter; did you mean population.clients?",
        ),
        ("time.horizon_h = 3", "s.toml:1: scenario.time.horizon_h:"),
        ("\nbanana = 3", "s.toml:2: scenario.banana:"),
        ("seed = 3\n[scenario]\ntime.tick_s = -1", "s.toml:3: scenario.time.tick_s:"),
        ("[[shock]]\nat_h = 50\nclient_fraction = 1", "s.toml:2: scenario.shock.at_h:"),
    ] {
        let message = scenario(text, &[]).unwrap_err();
        assert!(message.contains(fragment), "{message}");
    }
}

#[test]
fn every_default_can_be_written_out() {
    for parameter in Parameter::all() {
        let text = format!("{} = {}", parameter.name, parameter.default());
        let scenario = scenario(&text, &[]).unwrap_or_else(|message| panic!("{message}"));
        assert_eq!(Parameter::get(parameter, &scenario), parameter.default());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC*", set in "\\PC{0,20}") {
        let _ = Sweep::parse(&text, "t.toml", &[]);
        let _ = Sweep::parse_scenario(&text, "t.toml", &[]);
        let _ = Sweep::parse("name = \"x\"", "t.toml", &[set]);
    }

    #[test]
    fn no_damage_to_a_good_file_makes_the_reader_panic(
        edits in prop::collection::vec((0..EXAMPLE.len(), prop::sample::select(vec![
            "", "=", "\"", "[", "]", "{", "}", ".", "0", "9", "-", "inf", "nan", "\n", "#", "e", "_", "é", "axis", "'",
            "1e400", "[[axis]]\n", "scenario.", "18446744073709551615",
        ]), 0..4_usize), 1..4),
    ) {
        let mut text: Vec<char> = EXAMPLE.chars().collect();
        for (at, insert, remove) in edits {
            let start = at.min(text.len());
            let end = (start + remove).min(text.len());
            text.splice(start..end, insert.chars());
        }
        let text: String = text.into_iter().collect();
        // Axes of millions of points are tested elsewhere; they only take time here.
        prop_assume!(!text.contains("points = 17000") && !text.contains("points = 21000"));
        match Sweep::parse(&text, "t.toml", &[]) {
            Ok(sweep) => {
                let last = sweep.cells() - 1;
                let _ = sweep.realization(last, 0);
                prop_assert_eq!(&read(&sweep.canonical).canonical, &sweep.canonical);
            }
            Err(error) => prop_assert!(error.to_string().starts_with("t.toml:"), "{}", error),
        }
    }
}

#[test]
fn the_engine_is_part_of_a_sweep_and_of_its_text_only_where_it_is_not_the_default() {
    let read = |run: &str| Sweep::parse(&format!("name = \"x\"\n{run}"), "t.toml", &[]);
    let plain = read("").unwrap();
    let agents = read("[run]\nengine = \"agents\"").unwrap();
    let limit = read("[run]\nengine = \"mean-field\"").unwrap();
    assert_eq!(
        [plain.engine, agents.engine, limit.engine],
        [EngineKind::Agents, EngineKind::Agents, EngineKind::MeanField]
    );
    assert_eq!(plain.hash, agents.hash);
    assert_ne!(plain.hash, limit.hash);
    let again = Sweep::parse(&limit.canonical, "t.toml", &[]).unwrap();
    assert_eq!((again.engine, &again.hash), (EngineKind::MeanField, &limit.hash));
    let set = Sweep::parse("name = \"x\"", "t.toml", &["run.engine=mean-field".to_owned()]).unwrap();
    assert_eq!(set.engine, EngineKind::MeanField);
    let noisy = read("[run]\nengine = \"mean-field\"\nnoise = true").unwrap();
    let again = Sweep::parse(&noisy.canonical, "t.toml", &[]).unwrap();
    assert_eq!((noisy.engine, again.engine, &again.hash), (EngineKind::NoisyMeanField, noisy.engine, &noisy.hash));
    assert_ne!(noisy.hash, limit.hash);
    let quiet = read("[run]\nengine = \"mean-field\"\nnoise = false").unwrap();
    assert_eq!((quiet.engine, &quiet.hash), (EngineKind::MeanField, &limit.hash));
    let refused = read("[run]\nnoise = true").unwrap_err().to_string();
    assert!(refused.contains("t.toml:3: run.noise: ") && refused.contains("all chance anyway"), "{refused}");
    let refused = read("[run]\nengine = \"fluid\"").unwrap_err().to_string();
    assert!(refused.contains("t.toml:3: run.engine: ") && refused.contains("\"mean-field\""), "{refused}");
}
