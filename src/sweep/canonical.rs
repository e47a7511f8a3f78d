//! A sweep as canonical TOML: what its identity, the hash, is computed from.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::design::{AxisLabel, is_spaced};
use super::types::{Axis, AxisPoints, Distribution, Sampled, SampledKind, Sampling, Sweep};
use crate::engine::EngineKind;
use crate::parameters::{
    Domain, Fraction, Intervention, PARAMETERS, Parameter, Quantity, Scenario, Shock, Value, toml_number as number,
    toml_text as text,
};

/// Writes a sweep with every parameter, sorted keys, and one spelling for each value. Reading it returns the same sweep.
pub(super) fn toml(sweep: &Sweep) -> String {
    let mut lines = vec![
        format!("name = {}", text(&sweep.name)),
        format!("question = {}", text(&sweep.question)),
        // The whole numbers of TOML end at 2^63 − 1.
        if i64::try_from(sweep.seed).is_ok() {
            format!("seed = {}", sweep.seed)
        } else {
            format!("seed = \"{}\"", sweep.seed)
        },
    ];
    for (index, axis) in sweep.axes.iter().enumerate() {
        lines.extend([String::new(), "[[axis]]".to_owned()]);
        let written = match &sweep.sampled {
            None => Written::Grid(sweep.refine.map_or(0, |refine| refine.rounds)),
            Some(sampled) => sampled.ranges[index].map_or(Written::Listed, Written::Range),
        };
        lines.extend(axis_lines(axis, written));
    }
    lines.extend(sweep.sampled.iter().flat_map(design_lines));
    if let Some(refine) = &sweep.refine {
        lines.extend([String::new(), "[refine]".to_owned()]);
        lines.push(format!("level = {}", number(refine.level)));
        lines.push(format!("rounds = {}", refine.rounds));
    }
    if let Some(compare) = &sweep.compare {
        lines.extend([String::new(), "[compare]".to_owned()]);
        let axis = sweep.axes.get(compare.axis);
        lines.extend(axis.map(|axis| format!("axis = {}", text(&axis.name))));
        lines.extend(compare.half_width.map(|half_width| format!("half_width = {}", number(half_width))));
        let reference = axis.and_then(|axis| axis.label(compare.reference)).map(|label| match label {
            AxisLabel::Variant(label) => text(label),
            AxisLabel::Value(point) => value(point),
        });
        lines.extend(reference.map(|reference| format!("reference = {reference}")));
    }
    if let Some(rare) = &sweep.rare {
        lines.extend([String::new(), "[rare]".to_owned(), format!("at_most = {}", rare.at_most)]);
        lines.push(format!("confidence = {}", number(rare.confidence)));
        lines.push(format!("level = {}", number(rare.level)));
        lines.push(format!("method = {}", text(rare.method.name())));
        lines.push(format!("relative_error = {}", number(rare.relative_error)));
    }
    let replicates = &sweep.replicates;
    lines.extend([String::new(), "[replicates]".to_owned()]);
    lines.push(format!("at_least = {}", replicates.at_least));
    lines.push(format!("at_most = {}", replicates.at_most));
    lines.push(format!("common_random_numbers = {}", replicates.common_random_numbers));
    lines.push(format!("confidence = {}", number(replicates.confidence)));
    lines.extend(replicates.half_width.map(|half_width| format!("half_width = {}", number(half_width))));
    if replicates.sampling != Sampling::default() {
        lines.push(format!("sampling = {}", text(replicates.sampling.name())));
    }
    // Newer than the hashes of sweeps that do without it.
    if sweep.engine != EngineKind::default() {
        lines.extend([String::new(), "[run]".to_owned(), format!("engine = {}", text(sweep.engine.name()))]);
        lines.extend(sweep.engine.has_noise().then(|| "noise = true".to_owned()));
    }
    lines.extend(scenario_lines(&sweep.scenario, &written(sweep)));
    if let Some(traces) = &sweep.traces {
        lines.extend([String::new(), "[traces]".to_owned()]);
        lines.push(format!("every_s = {}", number(traces.every_s)));
        lines.push(format!("replicates = {}", traces.replicates));
    }
    if !sweep.uncertain.is_empty() {
        lines.extend([String::new(), "[uncertain]".to_owned()]);
        lines.extend(sweep.uncertain.iter().map(|input| {
            let law = law(&input.distribution);
            let law = if input.factor { format!("{{ factor = {law} }}") } else { law };
            format!("{} = {law}", input.parameter.name())
        }));
    }
    lines.push(String::new());
    lines.join("\n")
}

impl Sweep {
    /// The same sweep in the limit of ever more clients.
    pub fn in_the_limit(&self) -> Sweep {
        let mut limit = Sweep { engine: EngineKind::MeanField, ..self.clone() };
        limit.canonical = toml(&limit);
        limit.hash = hash(&limit.canonical);
        limit
    }
}

/// SHA-256 of a text, in hexadecimal.
pub(super) fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// How the points of an axis are written.
#[derive(Clone, Copy)]
enum Written {
    /// Those of a grid, without those that so many rounds of refinement may add.
    Grid(u32),
    /// One by one.
    Listed,
    /// As the ends of their range.
    Range((f64, f64)),
}

/// What is said of a design that is no grid.
fn design_lines(sampled: &Sampled) -> Vec<String> {
    let mut lines = vec![String::new(), "[design]".to_owned()];
    let kind = format!("kind = {}", text(sampled.kind.name()));
    if sampled.kind == SampledKind::Points {
        let cells = sampled.points.chunks_exact(sampled.ranges.len().max(1));
        let cells: Vec<String> = cells.map(|cell| format!("{cell:?}")).collect();
        lines.extend([format!("cells = [{}]", cells.join(", ")), kind]);
    } else {
        lines.extend([kind, format!("points = {}", sampled.cells())]);
    }
    lines
}

fn axis_lines(axis: &Axis, written: Written) -> Vec<String> {
    match &axis.points {
        AxisPoints::Values { parameter, values, logarithmic } => {
            let points = match written {
                Written::Grid(rounds) => points(parameter.domain(), values, *logarithmic, rounds),
                Written::Listed => listed(values),
                Written::Range((from, to)) => {
                    let kind = if *logarithmic { "logarithmic" } else { "linear" };
                    let end = |x| parameter.domain().value_from_f64(x).as_ref().map(value).unwrap_or_default();
                    format!("{kind} = {{ from = {}, to = {} }}", end(from), end(to))
                }
            };
            vec![points, format!("parameter = {}", text(parameter.name()))]
        }
        AxisPoints::Variants(variants) => {
            let mut lines = vec![format!("name = {}", text(&axis.name)), "variants = [".to_owned()];
            lines.extend(variants.iter().map(|variant| {
                let settings: String =
                    variant.settings.iter().map(|(p, v)| format!(", {} = {}", p.name(), value(v))).collect();
                let events = [
                    events("intervention", &variant.interventions, intervention_lines),
                    events("shock", &variant.shocks, shock_lines),
                ]
                .concat();
                format!("  {{ label = {}{settings}{events} }},", text(&variant.label))
            }));
            lines.push("]".to_owned());
            lines
        }
    }
}

/// The points as a range wherever they are one: an axis may have ten million. Those that `rounds` of refinement may add are
/// not written.
fn points(domain: Domain, values: &[Value], logarithmic: bool, rounds: u32) -> String {
    if let (Some(_), [first, .., last]) = (is_spaced(domain, values, logarithmic), values) {
        let kind = if logarithmic { "logarithmic" } else { "linear" };
        let written = ((values.len() - 1) >> rounds) + 1;
        return format!("{kind} = {{ from = {first}, points = {written}, to = {last} }}");
    }
    listed(values)
}

fn listed(values: &[Value]) -> String {
    let list: Vec<String> = values.iter().map(value).collect();
    format!("values = [{}]", list.join(", "))
}

impl Sweep {
    /// A scenario as the `[scenario]` of a sweep file, from which it is read to the bit.
    pub fn scenario_text(scenario: &Scenario) -> String {
        scenario_lines(scenario, &[]).join("\n") + "\n"
    }
}

/// What the axes, the draws and the interventions of variants set.
fn written(sweep: &Sweep) -> Vec<&'static Parameter> {
    let varied =
        sweep.axes.iter().flat_map(Axis::parameters).chain(sweep.uncertain.iter().map(|input| &input.parameter));
    let of_variants = sweep.axes.iter().flat_map(Axis::variants).flat_map(|variant| &variant.interventions);
    varied.filter_map(Quantity::written).chain(of_variants.flat_map(set_by)).collect()
}

fn set_by(change: &Intervention) -> impl Iterator<Item = &'static Parameter> {
    change.settings.iter().map(|(parameter, _)| *parameter)
}

/// `varied` is what the rest of the sweep sets.
fn scenario_lines(scenario: &Scenario, varied: &[&'static Parameter]) -> Vec<String> {
    let is_given = |total: &&Parameter| scenario.totals.iter().any(|(given, _)| given == *total);
    let is_set = |total: &Parameter| {
        varied.contains(&total) || scenario.interventions.iter().flat_map(set_by).any(|parameter| parameter == total)
    };
    // What is given or set for the whole population is not written per million, too: there it has its default.
    let as_written = |p: &'static Parameter| match p.total() {
        Some(total) if is_given(&total) => Some(total),
        Some(total) if is_set(total) => None,
        _ => Some(p),
    };
    let mut parameters: Vec<&Parameter> = PARAMETERS.iter().filter_map(as_written).collect();
    parameters.sort_by_key(|parameter| parameter.name);
    let mut lines = vec![String::new(), "[scenario]".to_owned()];
    // Compared as written: a zero has a sign.
    let is_default = |p: &Parameter| value(&p.get(scenario)) == value(&p.default());
    let written = parameters.into_iter().filter(|p| !p.added_later || !is_default(p));
    lines.extend(written.map(|p| format!("{} = {}", p.name, value(&p.get(scenario)))));
    for change in &scenario.interventions {
        lines.extend([String::new(), "[[scenario.intervention]]".to_owned()]);
        lines.extend(intervention_lines(change));
    }
    for shock in &scenario.shocks {
        lines.extend([String::new(), "[[scenario.shock]]".to_owned()]);
        lines.extend(shock_lines(shock));
    }
    lines
}

/// The shocks or interventions of a variant; nothing if there are none.
fn events<T>(key: &str, events: &[T], lines: impl Fn(&T) -> Vec<String>) -> String {
    let events: Vec<String> = events.iter().map(|event| format!("{{ {} }}", lines(event).join(", "))).collect();
    if events.is_empty() { String::new() } else { format!(", {key} = [{}]", events.join(", ")) }
}

fn intervention_lines(change: &Intervention) -> Vec<String> {
    let mut lines = vec![format!("at_h = {}", number(change.at_h))];
    lines.extend(name_line(&change.name));
    lines.extend(change.flush.then(|| format!("{} = true", Intervention::FLUSH)));
    lines.extend(change.settings.iter().map(|(p, setting)| format!("{} = {setting}", p.name)));
    lines
}

fn shock_lines(shock: &Shock) -> Vec<String> {
    let mut lines = vec![format!("at_h = {}", number(shock.at_h))];
    lines.extend(name_line(&shock.name));
    let mut fractions: Vec<&Fraction> = Shock::FRACTIONS.iter().collect();
    fractions.sort_by_key(|fraction| fraction.key);
    for Fraction { key, get, added_later, .. } in fractions {
        let share = number(get(shock));
        if !added_later || share != "0.0" {
            lines.push(format!("{key} = {share}"));
        }
    }
    if !shock.regions.is_empty() {
        let names: Vec<String> = shock.regions.iter().map(|name| text(name)).collect();
        lines.push(format!("regions = [{}]", names.join(", ")));
    }
    lines
}

fn name_line(name: &Option<String>) -> Option<String> {
    name.as_ref().map(|name| format!("name = {}", text(name)))
}

fn law(distribution: &Distribution) -> String {
    let law = |name: &str, numbers: &[(&str, f64)]| {
        let numbers: Vec<String> = numbers.iter().map(|(key, x)| format!("{key} = {}", number(*x))).collect();
        format!("{{ {name} = {{ {} }} }}", numbers.join(", "))
    };
    match distribution {
        Distribution::Uniform { from, to } => law("uniform", &[("from", *from), ("to", *to)]),
        Distribution::Normal { mean, sd } => law("normal", &[("mean", *mean), ("sd", *sd)]),
        Distribution::Lognormal { median, sigma } => law("lognormal", &[("median", *median), ("sigma", *sigma)]),
        Distribution::Beta { mean, sd } => law("beta", &[("mean", *mean), ("sd", *sd)]),
        Distribution::Triangular { from, mode, to } => {
            law("triangular", &[("from", *from), ("mode", *mode), ("to", *to)])
        }
        Distribution::Discrete { values, weights } => {
            format!("{{ discrete = {{ values = {}, weights = {} }} }}", numbers(values), numbers(weights))
        }
    }
}

fn numbers(all: &[f64]) -> String {
    let all: Vec<String> = all.iter().map(|x| number(*x)).collect();
    format!("[{}]", all.join(", "))
}

fn value(value: &Value) -> String {
    match value {
        // The keys in their order.
        Value::Regions(regions) => {
            let list: Vec<String> = regions
                .iter()
                .map(|region| {
                    let (name, share) = (text(&region.name), number(region.share));
                    format!("{{ name = {name}, share = {share}, utc_offset_h = {} }}", number(region.utc_offset_h))
                })
                .collect();
            format!("[{}]", list.join(", "))
        }
        other => other.to_string(),
    }
}
