//! Input that nobody would write: no panic, no more time or memory than a sweep takes, and one message.

use std::sync::LazyLock;

use critmass::store::{Folder, Manifest, StoreError, prepare};
use critmass::sweep::Sweep;
use proptest::prelude::*;

/// Names that mean something, and some that do not.
fn key() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "name",
        "question",
        "seed",
        "scenario",
        "axis",
        "design",
        "uncertain",
        "replicates",
        "refine",
        "compare",
        "reference",
        "traces",
        "kind",
        "parameter",
        "values",
        "linear",
        "logarithmic",
        "variants",
        "label",
        "from",
        "to",
        "points",
        "at_least",
        "at_most",
        "half_width",
        "confidence",
        "every_s",
        "factor",
        "beta",
        "lognormal",
        "uniform",
        "normal",
        "discrete",
        "triangular",
        "mean",
        "sd",
        "median",
        "sigma",
        "mode",
        "weights",
        "shock",
        "intervention",
        "at_h",
        "client_fraction",
        "population.clients",
        "time.horizon_h",
        "time.tick_s",
        "overlay.slots",
        "updates.synchronization",
        "updates.burst_width_s",
        "login.capacity_per_s_per_million",
        "login.discipline",
    ]);
    prop_oneof![8 => known.prop_map(str::to_owned), 1 => "\"[a-z.]{0,12}\"", 1 => "[a-z_]{1,8}"]
}

/// A value of TOML, up to four levels deep.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        prop::sample::select(vec![
            "0",
            "1",
            "-1",
            "0.5",
            "1e308",
            "-0.0",
            "inf",
            "-inf",
            "nan",
            "9223372036854775807",
            "1_000_000_000_000",
            "true",
            "\"grid\"",
            "\"fifo\"",
            "\"updates.synchronization\"",
            "\"overlay.slots\"",
            "2026-01-01",
            "''",
            "[]",
            "{}",
        ])
        .prop_map(str::to_owned),
        any::<f64>().prop_map(|x| format!("{x:?}").to_lowercase()),
        "\"[a-zé\u{1F600} ]{0,20}\"",
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|all| format!("[{}]", all.join(", "))),
            prop::collection::vec((key(), inner), 0..5).prop_map(|all| {
                let entries: Vec<String> = all.into_iter().map(|(key, value)| format!("{key} = {value}")).collect();
                format!("{{ {} }}", entries.join(", "))
            }),
        ]
    })
}

/// A text that is TOML, and may even be a sweep.
fn sweep_file() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        6 => (key(), value()).prop_map(|(key, value)| format!("{key} = {value}")),
        1 => key().prop_map(|key| format!("[{key}]")),
        1 => prop::sample::select(vec!["[[axis]]", "[[scenario.shock]]", "[[scenario.intervention]]", "[replicates]",
            "[uncertain]", "[scenario]", "[traces]"]).prop_map(str::to_owned),
    ];
    prop::collection::vec(line, 0..25).prop_map(|lines| format!("name = \"fuzz\"\n{}\n", lines.join("\n")))
}

/// A good manifest.
static MANIFEST: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string("sweeps/critical-mass.toml").unwrap();
    prepare(folder.path(), &Sweep::parse(&text, "t.toml", &[]).unwrap()).unwrap();
    std::fs::read(folder.path().join("manifest.json")).unwrap()
});

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_sweep_file_is_read_or_refused_with_one_message(text in sweep_file(), set in (key(), value())) {
        for sets in [vec![], vec![format!("{}={}", set.0, set.1)]] {
            match Sweep::parse(&text, "t.toml", &sets) {
                Ok(sweep) => prop_assert!(sweep.cells() >= 1),
                Err(error) => prop_assert!(error.to_string().starts_with("t.toml:"), "{}", error),
            }
        }
    }

    #[test]
    fn a_manifest_that_was_changed_is_never_used(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..40_usize), 1..4),
    ) {
        let good = &*MANIFEST;
        let mut bytes = good.clone();
        for (place, byte, removed) in changes {
            let place = place.index(bytes.len());
            let end = (place + removed).min(bytes.len());
            bytes.splice(place..end, [byte]);
        }
        let other = tempfile::tempdir().unwrap();
        std::fs::write(other.path().join("manifest.json"), &bytes).unwrap();
        match Manifest::read(other.path()) {
            // Whoever changes the version alone gets told that another version wrote it.
            Ok(manifest) => prop_assert!(bytes == *good || manifest.version != env!("CARGO_PKG_VERSION")),
            Err(StoreError::Damaged { .. } | StoreError::Refused { .. }) => {
                prop_assert!(Folder::open(other.path()).is_err());
            }
            Err(error) => prop_assert!(false, "{}", error),
        }
    }
}

#[test]
fn what_is_huge_or_deep_is_refused_at_once() {
    let nested =
        |open: &str, close: &str| format!("name = \"t\"\nseed = {}1{}\n", open.repeat(100_000), close.repeat(100_000));
    let many: String = (0..50_000).map(|n| format!("\"a.b{n}\" = 1\n")).collect();
    let grid = |parameter: &str, points: &str| {
        format!("[[axis]]\nparameter = \"{parameter}\"\nlinear = {{ from = 0.01, to = 0.04, points = {points} }}\n")
    };
    for (text, said) in [
        (nested("[", "]"), "recurs"),
        (nested("{a=", "}"), "recurs"),
        (format!("{}a = 1\n", "a.".repeat(200_000)), "recurs"),
        (format!("[{}a]\n", "a.".repeat(200_000)), "recurs"),
        (format!("name = \"t\"\n[scenario]\n{many}"), "50000 keys"),
        (format!("name = {:?}\n", "t".repeat(1_000_000)), "lower-case"),
        (format!("name = \"t\"\n{}", grid("overlay.supernode_ratio", "1_000_000_000_000")), "1000000000000 is not"),
        (
            format!(
                "name = \"t\"\n{}{}",
                grid("overlay.supernode_ratio", "100_000"),
                grid("updates.synchronization", "50_000")
            ),
            "5000000000 cells (100000 × 50000)",
        ),
    ] {
        let error = Sweep::parse(&text, "t.toml", &[]).unwrap_err().to_string();
        assert!(error.contains(said), "{said}: {:.300}", error);
    }
}
