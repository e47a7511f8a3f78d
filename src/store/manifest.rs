//! `manifest.json`: the sweep as resolved.

use std::path::Path;

use serde_json::{Value as Json, json};

use super::error::StoreError;
use super::files::{is_there, read_file};
use super::metadata::SCHEMA_VERSION;
use crate::parameters::{Intervention, PARAMETERS, Scenario, Setting, Shock, Value, toml_number};
use crate::sweep::{Axis, AxisPoints, Distribution, Replicates, Sweep, Uncertain, Variant};

/// The name of the file.
pub(super) const MANIFEST: &str = "manifest.json";
/// Version of this program: its runs are comparable only with those of the same version.
pub const MANIFEST_VERSION: &str = env!("CARGO_PKG_VERSION");

/// Bytes at most: a sweep file has at most 1 MiB, and every axis at most as many values as are listed.
const BYTES_MAX: u64 = 64 << 20;
/// Most points of an axis that are listed one by one.
const VALUES_MAX: usize = 100_000;

/// The manifest of a folder, as far as it is read back.
pub struct Manifest {
    /// Version of the program that wrote it.
    pub version: String,
    /// The sweep.
    pub sweep: Sweep,
}

impl Manifest {
    /// Reads the manifest of a folder.
    ///
    /// # Errors
    /// There is none, or it is damaged.
    pub fn read(folder: &Path) -> Result<Manifest, StoreError> {
        let path = folder.join(MANIFEST);
        let text = match read_file(&path, BYTES_MAX) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let message = match is_there(folder)? {
                    true => "no manifest.json: this is not the folder of a sweep",
                    false => "there is no such folder",
                };
                return Err(StoreError::refused(folder, message));
            }
            Err(cause) => return Err(StoreError::io(&path, "the file cannot be read", cause)),
        };
        let damaged = |message: String| StoreError::damaged(&path, format!("damaged: {message}"));
        let json: Json = serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
        let word = |key: &str| {
            let value = json.get(key).and_then(Json::as_str).map(str::to_owned);
            value.ok_or_else(|| damaged(format!("no text at {key:?}")))
        };
        let version = word("version")?;
        let schema = word("schema")?;
        if version == MANIFEST_VERSION && is_older(&schema) {
            let message = format!(
                "its files have the layout {schema}, and this program reads and writes the layout {SCHEMA_VERSION}, in \
                 which other columns or types of columns stand; run the sweep again in another folder"
            );
            return Err(StoreError::refused(folder, message));
        }
        let sweep = Sweep::parse(&word("sweep")?, &path.display().to_string(), &[]);
        let sweep = match sweep {
            Ok(sweep) if version == MANIFEST_VERSION && text != self::text(&sweep) => {
                return Err(damaged("it says something else than the sweep in it".to_owned()));
            }
            Ok(sweep) => sweep,
            Err(error) if version == MANIFEST_VERSION => {
                return Err(damaged(format!("the sweep in it cannot be read: {error}")));
            }
            Err(error) => {
                let message = format!("written by critmass {version}, and {MANIFEST_VERSION} cannot read it: {error}");
                return Err(StoreError::refused(folder, message));
            }
        };
        Ok(Manifest { version, sweep })
    }
}

/// Whether a layout of files is one of before this one.
fn is_older(schema: &str) -> bool {
    matches!((schema.parse::<u32>(), SCHEMA_VERSION.parse()), (Ok(schema), Ok(own)) if (1..own).contains(&schema))
}

/// The manifest of a sweep. It follows from the sweep and the version alone.
pub(super) fn text(sweep: &Sweep) -> String {
    format!("{:#}\n", manifest(sweep))
}

fn manifest(sweep: &Sweep) -> Json {
    json!({
        "program": "critmass",
        "version": MANIFEST_VERSION,
        "schema": SCHEMA_VERSION,
        "name": sweep.name,
        "question": sweep.question,
        "seed": sweep.seed,
        "hash": sweep.hash,
        "cells": sweep.cells(),
        "design": { "kind": sweep.design().kind(), "axes": list(&sweep.axes, axis) },
        "scenario": scenario(&sweep.scenario),
        "shocks": list(&sweep.scenario.shocks, shock),
        "interventions": list(&sweep.scenario.interventions, intervention),
        "uncertain": uncertain(sweep),
        "engine": sweep.engine.to_string(),
        "replicates": replicates(&sweep.replicates),
        "traces": sweep.traces.map(|traces| json!({ "replicates": traces.replicates, "every_s": traces.every_s })),
        "sweep": sweep.canonical,
    })
}

fn list<T>(entries: &[T], entry: impl Fn(&T) -> Json) -> Json {
    entries.iter().map(entry).collect()
}

fn value(value: &Value) -> Json {
    value.to_json()
}

fn scenario(scenario: &Scenario) -> Json {
    let given = scenario.totals.iter().map(|(total, _)| total);
    let parameters = PARAMETERS.iter().chain(given).map(|p| (p.name.to_owned(), value(&p.get(scenario))));
    Json::Object(parameters.collect())
}

fn axis(axis: &Axis) -> Json {
    match &axis.points {
        // Millions of values would be a manifest of gigabytes; the sweep in it has the range.
        AxisPoints::Values { values, logarithmic, .. } if values.len() > VALUES_MAX => json!({
            "name": axis.name,
            "from": values.first().map(value),
            "to": values.last().map(value),
            "points": values.len(),
            "logarithmic": logarithmic,
        }),
        AxisPoints::Values { values, logarithmic, .. } => json!({
            "name": axis.name,
            "values": list(values, value),
            "logarithmic": logarithmic,
        }),
        AxisPoints::Variants(variants) => json!({
            "name": axis.name,
            "variants": list(variants, variant),
        }),
    }
}

fn variant(variant: &Variant) -> Json {
    let settings = variant.settings.iter().map(|(parameter, set)| (parameter.name().to_owned(), value(set)));
    let mut entry = json!({ "label": variant.label, "settings": Json::Object(settings.collect()) });
    if !variant.shocks.is_empty() {
        entry["shocks"] = list(&variant.shocks, shock);
    }
    if !variant.interventions.is_empty() {
        entry["interventions"] = list(&variant.interventions, intervention);
    }
    entry
}

fn shock(shock: &Shock) -> Json {
    let mut keys = serde_json::Map::from_iter([("at_h".to_owned(), json!(shock.at_h))]);
    let written = Shock::FRACTIONS.into_iter().filter(|fraction| !fraction.added_later || (fraction.get)(shock) > 0.0);
    keys.extend(written.map(|fraction| (fraction.key.to_owned(), json!((fraction.get)(shock)))));
    if !shock.regions.is_empty() {
        keys.insert("regions".to_owned(), json!(shock.regions));
    }
    keys.extend(shock.name.iter().map(|name| ("name".to_owned(), json!(name))));
    Json::Object(keys)
}

fn intervention(change: &Intervention) -> Json {
    let set = |setting: &Setting| match setting {
        Setting::Value(set) => value(set),
        Setting::Factor(factor) => json!({ Setting::FACTOR_KEY: factor }),
        Setting::Initial => json!(Setting::INITIAL),
    };
    let settings = change.settings.iter().map(|(parameter, setting)| (parameter.name.to_owned(), set(setting)));
    let mut keys = json!({ "at_h": change.at_h, "settings": Json::Object(settings.collect()) });
    if let Some(name) = &change.name {
        keys["name"] = json!(name);
    }
    if change.flush {
        keys[Intervention::FLUSH] = json!(true);
    }
    keys
}

fn uncertain(sweep: &Sweep) -> Json {
    let entry = |input: &Uncertain| {
        let entry = json!({
            "column": input.column(sweep),
            "factor": input.factor,
            "distribution": distribution(&input.distribution),
        });
        (input.parameter.name().to_owned(), entry)
    };
    Json::Object(sweep.uncertain.iter().map(entry).collect())
}

/// A distribution as text, such as `Beta { mean: 0.6, sd: 0.1 }`. Readers of the manifest rely on these words, whatever
/// the program calls its laws.
fn distribution(distribution: &Distribution) -> String {
    let list = |all: &[f64]| format!("[{}]", all.iter().map(|x| toml_number(*x)).collect::<Vec<_>>().join(", "));
    let text = |law: &str, numbers: &[(&str, f64)]| {
        let numbers: Vec<String> = numbers.iter().map(|(name, x)| format!("{name}: {}", toml_number(*x))).collect();
        format!("{law} {{ {} }}", numbers.join(", "))
    };
    match distribution {
        Distribution::Uniform { from, to } => text("Uniform", &[("from", *from), ("to", *to)]),
        Distribution::Normal { mean, sd } => text("Normal", &[("mean", *mean), ("sd", *sd)]),
        Distribution::Lognormal { median, sigma } => text("Lognormal", &[("median", *median), ("sigma", *sigma)]),
        Distribution::Beta { mean, sd } => text("Beta", &[("mean", *mean), ("sd", *sd)]),
        Distribution::Triangular { from, mode, to } => {
            text("Triangular", &[("from", *from), ("mode", *mode), ("to", *to)])
        }
        Distribution::Discrete { values, weights } => {
            format!("Discrete {{ values: {}, weights: {} }}", list(values), list(weights))
        }
    }
}

fn replicates(replicates: &Replicates) -> Json {
    let mut json = json!({
        "at_least": replicates.at_least,
        "at_most": replicates.at_most,
        "half_width": replicates.half_width,
        "confidence": replicates.confidence,
        "common_random_numbers": replicates.common_random_numbers,
    });
    if let Some(blocks) = replicates.sampling.blocks() {
        json["sampling"] = replicates.sampling.name().into();
        json["blocks"] = blocks.into();
    }
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The manifest of `sweeps/smoke.toml`, as version 0.4.0 wrote it, with the parameters that have been added since.
    /// Its hash and its sweep do not have them.
    const SMOKE: &str = include_str!("manifest_of_smoke.json");

    #[test]
    fn the_manifest_of_a_sweep_has_the_bytes_that_it_always_had() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("sweeps").join("smoke.toml");
        let sweep = Sweep::read(&path, &[]).unwrap();
        let version = |version: &str| format!("\"version\": {version:?}");
        let schema = |schema: &str| format!("\"schema\": {schema:?}");
        let expected = SMOKE.replace(&version("0.4.0"), &version(MANIFEST_VERSION));
        assert_eq!(text(&sweep), expected.replace(&schema("1"), &schema(SCHEMA_VERSION)));
    }

    #[test]
    fn a_manifest_of_files_with_an_older_layout_is_refused_and_no_damage() {
        let folder = tempfile::tempdir().unwrap();
        let sweep = Sweep::parse("name = \"t\"", "t.toml", &[]).unwrap();
        let read = |schema: &str| {
            let text =
                text(&sweep).replace(&format!("\"schema\": {SCHEMA_VERSION:?}"), &format!("\"schema\": {schema:?}"));
            std::fs::write(folder.path().join(MANIFEST), text).unwrap();
            Manifest::read(folder.path()).map(|manifest| manifest.sweep.hash)
        };
        assert_eq!(read(SCHEMA_VERSION).unwrap(), sweep.hash);
        let refused = read("1").unwrap_err();
        assert!(refused.is_wrong_input() && refused.to_string().contains("the layout 1, and"), "{refused}");
        for damaged in ["0", "6", "", "one"] {
            assert!(matches!(read(damaged), Err(StoreError::Damaged { .. })), "{damaged:?}");
        }
    }

    #[test]
    fn distributions_are_written_in_the_words_that_readers_know() {
        let written = |law: &str| {
            let text = format!("name = \"t\"\n[uncertain]\nupdates.synchronization = {{ {law} }}\n");
            let manifest = manifest(&Sweep::parse(&text, "t.toml", &[]).unwrap());
            manifest["uncertain"]["updates.synchronization"]["distribution"].as_str().unwrap().to_owned()
        };
        for (law, expected) in [
            ("uniform = { from = 0.0, to = 0.25 }", "Uniform { from: 0.0, to: 0.25 }"),
            ("normal = { mean = 0.5, sd = 1e-7 }", "Normal { mean: 0.5, sd: 1e-7 }"),
            ("lognormal = { median = 0.5, sigma = 2 }", "Lognormal { median: 0.5, sigma: 2.0 }"),
            ("beta = { mean = 0.6, sd = 0.1 }", "Beta { mean: 0.6, sd: 0.1 }"),
            ("triangular = { from = 0.1, mode = 0.2, to = 1 }", "Triangular { from: 0.1, mode: 0.2, to: 1.0 }"),
            (
                "discrete = { values = [0.1, 1], weights = [3, 0.5] }",
                "Discrete { values: [0.1, 1.0], weights: [3.0, 0.5] }",
            ),
        ] {
            assert_eq!(written(law), expected);
        }
    }
}
