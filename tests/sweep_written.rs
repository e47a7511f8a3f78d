//! What is written is read back: whatever sweep was accepted, its canonical text and its manifest are the same sweep.

use critmass::parameters::{Domain, Parameter, Value};
use critmass::store::{Manifest, prepare};
use critmass::sweep::Sweep;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

fn read(text: &str) -> Sweep {
    Sweep::parse(text, "t.toml", &[]).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Everything that a sweep says.
fn meaning(sweep: &Sweep) -> String {
    let Sweep {
        name,
        question,
        seed,
        scenario,
        axes,
        uncertain,
        replicates,
        traces,
        refine,
        compare,
        rare,
        canonical,
        hash,
        ..
    } = sweep;
    format!(
        "{name:?} {question:?} {seed} {scenario:?} {axes:?} {uncertain:?} {replicates:?} {traces:?} {refine:?} {compare:?} {rare:?} {canonical} {hash}"
    )
}

/// Reads what was written of a sweep, and compares.
fn check_written(sweep: &Sweep) {
    assert_eq!(meaning(&read(&sweep.canonical)), meaning(sweep));
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path(), sweep).unwrap();
    let manifest = Manifest::read(folder.path()).unwrap_or_else(|error| panic!("{error}\n{}", sweep.canonical));
    assert_eq!(meaning(&manifest.sweep), meaning(sweep));
}

/// Numbers that a file may hold: ordinary, tiny, huge, whole, infinite.
fn number() -> impl Strategy<Value = String> {
    let bits = any::<f64>().prop_filter("TOML has no signs of nan", |x| !x.is_nan()).prop_map(|x| x.abs());
    prop_oneof![
        4 => (1..10_000_u32, -8..4_i32).prop_map(|(digits, power)| format!("{digits}e{power}")),
        2 => (0..100_u32).prop_map(|n| n.to_string()),
        1 => bits.prop_map(|x| format!("{x:e}")),
        2 => Just("inf".to_owned()),
        1 => select(vec!["0", "-0.0", "1e-300", "1e300", "0.1", "1"]).prop_map(str::to_owned),
    ]
}

/// A text with whatever has to be escaped.
fn text() -> impl Strategy<Value = String> {
    "[a-z \u{e9}\u{2028}\u{1F600}\u{feff}]{1,8}(\\\\[\"\\\\nt]|\\\\u007F|\\\\u0000)?"
        .prop_map(|text| format!("\"{text}\""))
}

/// A value of a parameter, mostly one that it may have.
fn value(parameter: &'static Parameter) -> BoxedStrategy<String> {
    match parameter.domain {
        Domain::Number(_) => number().boxed(),
        Domain::Integer(low, high) => (low..=high.min(400)).prop_map(|n| n.to_string()).boxed(),
        Domain::Boolean => any::<bool>().prop_map(|b| b.to_string()).boxed(),
        Domain::Choice(words) => select(words).prop_map(|word| format!("{word:?}")).boxed(),
        Domain::Regions => {
            text().prop_map(|name| format!("[{{ name = {name}, utc_offset_h = -3.5, share = 1 }}]")).boxed()
        }
    }
}

/// The points of an axis of a parameter.
fn axis(parameter: &'static Parameter) -> impl Strategy<Value = String> {
    let list = prop::collection::btree_set(value(parameter), 1..5)
        .prop_map(|all| format!("values = [{}]", all.into_iter().collect::<Vec<_>>().join(", ")));
    // Two points, or evenly spaced ones, are what may be written as a range.
    let even = (0..20_u32, 1..20_u32, 1..6_u32).prop_map(|(from, step, size)| {
        let all: Vec<String> = (0..size).map(|n| (from + n * step).to_string()).collect();
        format!("values = [{}]", all.join(", "))
    });
    let open = number().prop_map(|from| format!("values = [{from}, inf]"));
    let range = (select(vec!["linear", "logarithmic"]), number(), number(), 1..20_u32)
        .prop_map(|(kind, from, to, points)| format!("{kind} = {{ from = {from}, to = {to}, points = {points} }}"));
    let name = select(vec![parameter.name, parameter.name, "shock.a-1.at_h", "intervention.a-1.retry.cap_s.factor"]);
    (prop_oneof![list, even, open, range], name)
        .prop_map(|(points, name)| format!("[[axis]]\nparameter = \"{name}\"\n{points}\n"))
}

fn law() -> impl Strategy<Value = String> {
    let two = |law: &'static str, one: &'static str, other: &'static str| {
        (number(), number()).prop_map(move |(a, b)| format!("{law} = {{ {one} = {a}, {other} = {b} }}"))
    };
    let law = prop_oneof![
        two("uniform", "from", "to"),
        two("normal", "mean", "sd"),
        two("lognormal", "median", "sigma"),
        two("beta", "mean", "sd"),
        number().prop_map(|x| format!("triangular = {{ from = 0, mode = {x}, to = {x} }}")),
        (number(), number()).prop_map(|(a, b)| format!("discrete = {{ values = [{a}, 1], weights = [{b}, 1e-7] }}")),
    ];
    (law, any::<bool>()).prop_map(|(law, factor)| if factor { format!("factor = {{ {law} }}") } else { law })
}

/// A sweep file, which most often is one that is accepted.
fn sweep_file() -> impl Strategy<Value = String> {
    let parameters: Vec<&'static Parameter> = Parameter::all().collect();
    let four = subsequence(parameters, 4).prop_shuffle();
    four.prop_flat_map(|four| {
        let [one, two, three, four] = four[..] else { unreachable!() };
        let more = select(vec![
            "",
            ", shock.a-1.supernode_fraction = 0.5, intervention.a-1.retry.cap_s = { factor = 3 }",
            ", shock = [{ at_h = 14, client_fraction = 1 }], intervention = [{ at_h = 1, retry.cap_s = \"initial\" }]",
            ", shock = [{ name = \"b\", at_h = 1.5, supernode_fraction = 0.1 }], intervention.a-1.at_h = 20",
        ]);
        let variants = (text(), value(three), text(), more).prop_map(move |(label, value, other, more)| {
            let (name, unset) = (three.name, "{ label = \"as it is\" }");
            format!("[[axis]]\nname = {other}\nvariants = [{{ label = {label}, {name} = {value}{more} }}, {unset}]\n")
        });
        let of = |strategy: BoxedStrategy<String>| prop_oneof![2 => strategy, 1 => Just(String::new())];
        let event = (13..40_u32, 0..=100_u32).prop_map(|(at_h, percent)| {
            let (name, factor) = (["", "name = \"a-1\"\n"][usize::from(percent > 20)], f64::from(percent + 1) / 100.0);
            format!(
                "[[scenario.shock]]\n{name}at_h = {at_h}.25\nsupernode_fraction = {}\nclient_fraction = 1e-7\n\
                 [[scenario.intervention]]\nat_h = {at_h}\nlogin.drop_expired = true\n{name}\
                 retry.cap_s = {{ factor = {} }}\nlogin.discipline = \"initial\"\n",
                f64::from(percent) / 100.0,
                1.0 + factor,
            )
        });
        let question = text().prop_map(|question| format!("question = {question}\n"));
        let scenario = value(four).prop_map(move |value| format!("[scenario]\n{} = {value}\n", four.name));
        let varied = select(vec![
            two.name,
            two.name,
            "shock.a-1.client_fraction",
            "intervention.a-1.at_h",
            "intervention.a-1.retry.cap_s.factor",
        ]);
        let law = (varied, law()).prop_map(move |(varied, law)| format!("[uncertain]\n{varied} = {{ {law} }}\n"));
        let traces = number().prop_map(|every_s| format!("[traces]\nreplicates = 1\nevery_s = {every_s}\n"));
        let parts = (
            of(question.boxed()),
            of(scenario.boxed()),
            of(event.boxed()),
            of(axis(one).boxed()),
            of(variants.boxed()),
            of(law.boxed()),
            of(traces.boxed()),
        );
        parts.prop_map(|(a, b, c, d, e, f, g)| format!("name = \"t\"\n{a}{b}{c}{d}{e}{f}{g}"))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_sweep_that_is_accepted_is_written_so_that_it_is_read(text in sweep_file()) {
        let Ok(sweep) = Sweep::parse(&text, "t.toml", &[]) else { return Ok(()) };
        check_written(&sweep);
    }
}

#[test]
fn an_axis_with_an_unlimited_value_is_read_back() {
    for values in ["1200, inf", "inf, 1200", "1, 1200, inf", "inf", "0, inf"] {
        for parameter in Parameter::all().filter(|p| p.check(&Value::Number(f64::INFINITY)).is_ok()) {
            let text = format!("name = \"t\"\n[[axis]]\nparameter = \"{}\"\nvalues = [{values}]\n", parameter.name);
            let Ok(sweep) = Sweep::parse(&text, "t.toml", &[]) else { continue };
            check_written(&sweep);
        }
    }
}

/// The texts that hashes were computed from, as version 0.4.0 wrote them.
#[test]
fn the_canonical_spelling_of_axes_and_laws_is_what_it_was() {
    let sweep = read(
        "name = \"t\"\n[[axis]]\nparameter = \"overlay.slots\"\nvalues = [50, 75]\n\
         [[axis]]\nparameter = \"login.timeout_s\"\nvalues = [30, 60, 95]\n\
         [uncertain]\nretry.factor = { discrete = { values = [1.5, 2, 3], weights = [1, 2, 1e-7] } }\n\
         login.queue_limit_s = { triangular = { from = 1e-5, mode = 60, to = 1e16 } }",
    );
    for line in [
        "linear = { from = 50, points = 2, to = 75 }",
        "values = [30.0, 60.0, 95.0]",
        "retry.factor = { discrete = { values = [1.5, 2.0, 3.0], weights = [1.0, 2.0, 1e-7] } }",
        "login.queue_limit_s = { triangular = { from = 1e-5, mode = 60.0, to = 1e16 } }",
    ] {
        assert!(sweep.canonical.lines().any(|written| written == line), "{line} in {}", sweep.canonical);
    }
}
