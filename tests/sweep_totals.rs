//! Parameters per million clients that a sweep file gives for the whole population.

use critmass::parameters::{Parameter, Scenario, Value};
use critmass::store::{Manifest, prepare};
use critmass::sweep::Sweep;

const NAME: &str = "name = \"t\"\n";

fn parse(text: &str, set: &[&str]) -> Result<Sweep, String> {
    let set: Vec<String> = set.iter().map(|set| (*set).to_owned()).collect();
    Sweep::parse(&format!("{NAME}{text}"), "t.toml", &set).map_err(|error| error.to_string())
}

fn read(text: &str, set: &[&str]) -> Sweep {
    parse(text, set).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Dedicated super nodes and capacity per million clients.
fn per_million(scenario: &Scenario) -> (f64, f64) {
    (scenario.overlay.dedicated_per_million, scenario.login.capacity_per_s_per_million)
}

#[test]
fn what_is_given_for_all_clients_is_the_same_in_cells_of_any_size() {
    let sweep = read(
        "[scenario]\noverlay.dedicated = 12\nlogin.capacity_per_s = 20.0\n\
         [[axis]]\nparameter = \"population.clients\"\nvalues = [100_000, 400_000]\n",
        &[],
    );
    let cells: Vec<(f64, f64)> = (0..2).map(|cell| per_million(&sweep.realization(cell, 0).scenario)).collect();
    assert_eq!(cells, [(120.0, 200.0), (30.0, 50.0)]);
    assert!(sweep.canonical.contains("overlay.dedicated = 12.0\n"), "{}", sweep.canonical);
    assert!(!sweep.canonical.contains("per_million"), "{}", sweep.canonical);
    // Read again, it is the same sweep.
    let again = Sweep::parse(&sweep.canonical, "t.toml", &[]).unwrap();
    assert_eq!((&again.hash, &again.scenario), (&sweep.hash, &sweep.scenario));
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path(), &sweep).unwrap();
    assert_eq!(Manifest::read(folder.path()).unwrap().sweep.hash, sweep.hash);
    let manifest = std::fs::read_to_string(folder.path().join("manifest.json")).unwrap();
    assert!(manifest.contains("\"login.capacity_per_s\": 20.0"), "{manifest}");
}

#[test]
fn it_can_be_swept_and_drawn_and_keeps_its_name() {
    let sweep = read(
        "[scenario]\npopulation.clients = 50_000\n\
         [[axis]]\nparameter = \"overlay.dedicated\"\nvalues = [2, 3]\n\
         [uncertain]\nlogin.capacity_per_s = { uniform = { from = 5, to = 6 } }\n",
        &[],
    );
    assert_eq!(sweep.axes[0].name, "overlay.dedicated");
    assert_eq!(sweep.label(0, 1).unwrap().to_string(), "3.0");
    for cell in 0..2 {
        let run = sweep.realization(cell, 7);
        assert!((5.0..6.0).contains(&run.drawn[0]), "{:?}", run.drawn);
        let (dedicated, capacity) = per_million(&run.scenario);
        assert_eq!(dedicated, 20.0 * f64::from(2 + cell));
        assert!((capacity - 20.0 * run.drawn[0]).abs() < 1e-9, "{capacity}");
    }
    // Drawn in the order of the names, and with it the number of clients.
    let law = "population.clients = { uniform = { from = 50_000, to = 60_000 } }";
    let sweep = read(&format!("[uncertain]\noverlay.dedicated = {{ uniform = {{ from = 5, to = 6 }} }}\n{law}\n"), &[]);
    let run = sweep.realization(0, 0);
    let clients = run.scenario.population.clients as f64;
    assert!((run.scenario.overlay.dedicated_per_million - run.drawn[0] * 1e6 / clients).abs() < 1e-9, "{run:?}");
}

#[test]
fn interventions_set_it_and_multiply_it() {
    let sweep = read(
        "[scenario]\npopulation.clients = 50_000\nlogin.capacity_per_s = 10\noverlay.dedicated = 2\n\
         [[scenario.intervention]]\nname = \"more\"\nat_h = 13\nlogin.capacity_per_s = 15\noverlay.dedicated = { factor = 2 }\n\
         [[scenario.intervention]]\nat_h = 14\nlogin.capacity_per_s = \"initial\"\n\
         [[axis]]\nname = \"how\"\nvariants = [{ label = \"a\" }, \
         { label = \"b\", intervention.more.login.capacity_per_s = 25, intervention.more.overlay.dedicated = { factor = 3 } }]\n",
        &[],
    );
    let in_force = |cell| {
        let scenario = sweep.realization(cell, 0).scenario;
        assert_eq!(scenario.check(), Ok(()));
        let mut now = scenario.clone();
        let mut after = vec![per_million(&now)];
        for change in &scenario.interventions {
            change.values(&scenario).for_each(|(parameter, value)| parameter.set(&mut now, &value).unwrap());
            after.push(per_million(&now));
        }
        after
    };
    assert_eq!(in_force(0), [(40.0, 200.0), (80.0, 300.0), (80.0, 200.0)]);
    assert_eq!(in_force(1), [(40.0, 200.0), (120.0, 500.0), (120.0, 200.0)]);
    let fewer = "[scenario]\noverlay.dedicated = 12\n[[scenario.intervention]]\nat_h = 13\noverlay.dedicated = 5\n";
    let message = parse(fewer, &[]).unwrap_err();
    assert!(message.contains("5 are fewer than the 12 before"), "{message}");
}

#[test]
fn given_in_both_ways_it_is_refused_by_both_names() {
    let axis = "[[axis]]\nparameter = \"login.capacity_per_s\"\nvalues = [1]\n";
    let law = "[uncertain]\nlogin.capacity_per_s = { uniform = { from = 1, to = 2 } }\n";
    let one = "login.capacity_per_s_per_million = 100\n";
    let change = |what: &str| format!("[[scenario.intervention]]\nname = \"a\"\nat_h = 13\n{what}\n");
    for text in [
        format!("[scenario]\nlogin.capacity_per_s = 3\n{one}"),
        format!("[scenario]\n{one}{axis}"),
        format!("[scenario]\n{one}{law}"),
        format!("[scenario]\n{one}{}", change("login.capacity_per_s = { factor = 2 }")),
        format!("[scenario]\nlogin.capacity_per_s = 3\n{}", change(one)),
        format!(
            "{axis}[[axis]]\nname = \"x\"\nvariants = [{{ label = \"a\" }}, {{ label = \"b\", {} }}]\n",
            one.trim()
        ),
        format!(
            "[[axis]]\nparameter = \"intervention.a.login.capacity_per_s_per_million\"\nvalues = [1]\n{axis}{}",
            change(one)
        ),
    ] {
        let message = parse(&text, &[]).unwrap_err();
        let both = "login.capacity_per_s and login.capacity_per_s_per_million are the same parameter";
        assert!(message.lines().count() == 1 && message.contains(both), "{text}: {message}");
    }
    let alone = Sweep::parse_scenario("login.capacity_per_s = 3\nlogin.capacity_per_s_per_million = 3", "s.toml", &[]);
    assert!(alone.unwrap_err().to_string().contains("are the same parameter"));
}

#[test]
fn an_override_replaces_what_the_scenario_says_in_the_other_way() {
    let clients = "[scenario]\npopulation.clients = 200_000\n";
    let sweep = read(&format!("{clients}login.capacity_per_s_per_million = 100\n"), &["login.capacity_per_s=30"]);
    assert_eq!(per_million(&sweep.scenario).1, 150.0);
    let sweep = read(&format!("{clients}login.capacity_per_s = 30\n"), &["login.capacity_per_s_per_million=100"]);
    assert_eq!(per_million(&sweep.scenario).1, 100.0);
    let sweep = read(&format!("{clients}login.capacity_per_s = 30\n"), &["population.clients=100_000"]);
    assert_eq!(per_million(&sweep.scenario).1, 300.0);
    let capacity = Parameter::find("login.capacity_per_s").unwrap();
    assert_eq!(capacity.get(&sweep.scenario), Value::Number(30.0));
}
