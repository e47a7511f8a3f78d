//! `manifest.json`: the sweep as resolved.

use std::path::Path;

use serde_json::{Map, Value as Json, json};

use super::error::StoreError;
use super::schema::SCHEMA_VERSION;
use crate::parameters::{PARAMETERS, Parameter, Value};
use crate::sweep::{AxisPoints, Sweep};

/// Version of this program: its runs are comparable only with those of the same version.
pub const MANIFEST_VERSION: &str = env!("CARGO_PKG_VERSION");

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
        let path = folder.join("manifest.json");
        let text = match std::fs::read(&path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let message = "no manifest.json: this is not the folder of a sweep";
                return Err(StoreError::refused(folder, message));
            }
            Err(cause) => return Err(StoreError::io(&path, "the file cannot be read", cause)),
        };
        let damaged =
            |message: String| StoreError::damaged(&path, format!("damaged: {message}; critmass run writes it anew"));
        let json: Json = serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
        let word = |key: &str| {
            let value = json.get(key).and_then(Json::as_str).map(str::to_owned);
            value.ok_or_else(|| damaged(format!("no text at {key:?}")))
        };
        let version = word("version")?;
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

/// The manifest of a sweep. It follows from the sweep and the version alone.
pub(super) fn text(sweep: &Sweep) -> String {
    format!("{:#}\n", manifest(sweep))
}

/// A value in JSON, which has no infinity: that is the word "inf".
fn json_value(value: &Value) -> Json {
    match value {
        Value::Number(x) if x.is_finite() => json!(x),
        Value::Number(_) => json!("inf"),
        Value::Integer(n) => json!(n),
        Value::Boolean(b) => json!(b),
        Value::Choice(word) => json!(word),
        Value::Regions(regions) => json!(regions),
    }
}

fn json_settings(settings: &[(&'static Parameter, Value)]) -> Map<String, Json> {
    settings.iter().map(|(parameter, value)| (parameter.name.to_owned(), json_value(value))).collect()
}

fn manifest(sweep: &Sweep) -> Json {
    let scenario: Map<String, Json> =
        PARAMETERS.iter().map(|p| (p.name.to_owned(), json_value(&p.get(&sweep.scenario)))).collect();
    let axes: Vec<Json> = sweep
        .axes
        .iter()
        .map(|axis| match &axis.points {
            // Millions of values would be a manifest of gigabytes; the sweep in it has the range.
            AxisPoints::Values { values, logarithmic, .. } if values.len() > VALUES_MAX => json!({
                "name": axis.name,
                "from": values.first().map(json_value),
                "to": values.last().map(json_value),
                "points": values.len(),
                "logarithmic": logarithmic,
            }),
            AxisPoints::Values { values, logarithmic, .. } => json!({
                "name": axis.name,
                "values": values.iter().map(json_value).collect::<Vec<Json>>(),
                "logarithmic": logarithmic,
            }),
            AxisPoints::Variants(variants) => json!({
                "name": axis.name,
                "variants": variants.iter().map(|variant| json!({
                    "label": variant.label,
                    "settings": json_settings(&variant.settings),
                })).collect::<Vec<Json>>(),
            }),
        })
        .collect();
    let uncertain: Map<String, Json> = sweep
        .uncertain
        .iter()
        .map(|input| {
            let entry = json!({
                "column": input.column(sweep),
                "factor": input.factor,
                "distribution": format!("{:?}", input.distribution),
            });
            (input.parameter.name.to_owned(), entry)
        })
        .collect();
    let shocks: Vec<Json> = sweep
        .scenario
        .shocks
        .iter()
        .map(|shock| {
            json!({
                "at_h": shock.at_h,
                "supernode_fraction": shock.supernode_fraction,
                "client_fraction": shock.client_fraction,
            })
        })
        .collect();
    let interventions: Vec<Json> = sweep
        .scenario
        .interventions
        .iter()
        .map(|change| json!({ "at_h": change.at_h, "settings": json_settings(&change.settings) }))
        .collect();
    json!({
        "program": "critmass",
        "version": MANIFEST_VERSION,
        "schema": SCHEMA_VERSION,
        "name": sweep.name,
        "question": sweep.question,
        "seed": sweep.seed,
        "hash": sweep.hash,
        "cells": sweep.cells(),
        "design": { "kind": "grid", "axes": axes },
        "scenario": scenario,
        "shocks": shocks,
        "interventions": interventions,
        "uncertain": uncertain,
        "replicates": {
            "at_least": sweep.replicates.at_least,
            "at_most": sweep.replicates.at_most,
            "half_width": sweep.replicates.half_width,
            "confidence": sweep.replicates.confidence,
            "common_random_numbers": sweep.replicates.common_random_numbers,
        },
        "traces": sweep.traces.map(|traces| json!({ "replicates": traces.replicates, "every_s": traces.every_s })),
        "sweep": sweep.canonical,
    })
}
