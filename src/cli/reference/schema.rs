//! A JSON Schema (draft 7, which editors of TOML know) of sweep files.
//!
//! A schema sees one value at a time: what has to fit together (shares that sum to 1, a cell that is possible) only
//! `critmass run` knows.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use crate::parameters::{Domain, Parameter, Range, Setting};
use crate::sweep::keys::{
    Bounds, Form, Key, Settings, Table, Without, axis, file, multiple, region, scenario, span, uncertain,
};

/// The largest finite number: a schema has no other word for "not infinite".
const FINITE_MAX: f64 = f64::MAX;
/// The definition of a law.
const LAW: &str = "law";
/// The names of the numbers of named shocks and interventions.
const OF_EVENTS: &str = "^(shock|intervention)\\.[a-z0-9-]+\\..+$";
/// The definition of a law of a value or of a factor.
const INPUT: &str = "law-or-factor";

/// The events of a scenario.
const EVENTS: [&str; 2] = [scenario::SHOCKS.name, scenario::INTERVENTIONS.name];

/// The schema of a sweep file.
pub(super) fn schema() -> Json {
    let mut schema = of_table(&file::TABLE);
    let parameters = Parameter::all().map(|parameter| (parameter.name.to_owned(), of_parameter(parameter)));
    let mut definitions: Map<String, Json> = parameters.collect();
    definitions.insert(LAW.to_owned(), laws(Map::new()));
    definitions.insert(
        INPUT.to_owned(),
        laws(Map::from_iter([(uncertain::FACTOR.name.to_owned(), of_key(&uncertain::FACTOR))])),
    );
    if let Json::Object(schema) = &mut schema {
        schema.insert("$schema".to_owned(), json!("http://json-schema.org/draft-07/schema#"));
        schema.insert("title".to_owned(), json!("A sweep file of critmass"));
        schema.insert("definitions".to_owned(), Json::Object(definitions));
    }
    schema
}

fn reference(name: &str) -> Json {
    json!({ "$ref": format!("#/definitions/{name}") })
}

/// A schema with more words in it.
fn with(mut schema: Json, words: Json) -> Json {
    if let (Json::Object(schema), Json::Object(words)) = (&mut schema, words) {
        schema.extend(words);
    }
    schema
}

fn of_table(table: &Table) -> Json {
    let is_law = table.settings == Settings::Laws;
    let keys = table.keys.iter().filter(|key| !is_law || key.name != uncertain::FACTOR.name);
    // A dotted key stands among the parameters of its group.
    let (dotted, keys): (Vec<&Key>, Vec<&Key>) = keys.partition(|key| key.name.contains('.'));
    let properties: Map<String, Json> = keys.iter().map(|key| (key.name.to_owned(), of_key(key))).collect();
    let required: Vec<&str> =
        table.keys.iter().filter(|key| key.without == Without::Refused).map(|key| key.name).collect();
    let mut settings: Vec<(&str, Json)> = Parameter::all()
        .filter_map(|parameter| {
            let schema = match table.settings {
                Settings::None => return None,
                Settings::Values => reference(parameter.name),
                Settings::Changes => parameter.intervenable.then(|| of_change(parameter))?,
                Settings::Laws => parameter.domain.is_numeric().then(|| reference(INPUT))?,
            };
            Some((parameter.name, schema))
        })
        .collect();
    settings.extend(dotted.iter().map(|key| (key.name, of_key(key))));
    let schema = of_events(table.settings, object(properties, &required, &settings));
    let schema = if std::ptr::eq(table, &axis::TABLE) { with(schema, alternatives()) } else { schema };
    with(schema, json!({ "description": table.meaning }))
}

/// The same schema, which allows the numbers of named shocks and interventions, too: in quotes, or as tables.
fn of_events(settings: Settings, mut schema: Json) -> Json {
    let number = match settings {
        Settings::Laws => reference(INPUT),
        Settings::Values => json!({}),
        Settings::None | Settings::Changes => return schema,
    };
    schema["patternProperties"][OF_EVENTS] = number;
    if settings == Settings::Laws {
        EVENTS.iter().for_each(|event| schema["properties"][*event] = json!({ "type": "object" }));
    }
    schema
}

/// What an intervention says about a parameter: a value, or one that depends on the scenario.
fn of_change(parameter: &Parameter) -> Json {
    let mut allowed = vec![reference(parameter.name), json!({ "const": Setting::INITIAL })];
    if parameter.domain.is_numeric() {
        allowed.push(of_table(&multiple::TABLE));
    }
    json!({ "anyOf": allowed })
}

/// An object with these properties, and parameters: below their groups, or under dotted names in quotes.
fn object(mut properties: Map<String, Json>, required: &[&str], settings: &[(&str, Json)]) -> Json {
    let mut groups: BTreeMap<&str, Map<String, Json>> = BTreeMap::new();
    let mut quoted = Map::new();
    for (name, schema) in settings {
        let (group, field) = name.split_once('.').unwrap_or_default();
        groups.entry(group).or_default().insert(field.to_owned(), schema.clone());
        quoted.insert(format!("^{}$", name.replace('.', "\\.")), schema.clone());
    }
    for (group, fields) in groups {
        properties.insert(group.to_owned(), object(fields, &[], &[]));
    }
    let mut schema = json!({ "type": "object", "additionalProperties": false, "properties": properties });
    if !required.is_empty() {
        schema = with(schema, json!({ "required": required }));
    }
    if !quoted.is_empty() {
        schema = with(schema, json!({ "patternProperties": quoted }));
    }
    schema
}

fn of_key(key: &Key) -> Json {
    let schema = with(of_form(&key.form), json!({ "description": key.meaning }));
    let default = match key.without {
        // The literals of these defaults are those of JSON.
        Without::Default(value) => serde_json::from_str::<Json>(value).ok(),
        Without::Refused | Without::Else(_) => None,
    };
    default.map_or(schema.clone(), |default| with(schema, json!({ "default": default })))
}

fn of_form(form: &Form) -> Json {
    match form {
        Form::Text("") => json!({ "type": "string" }),
        Form::Text(_) => json!({ "type": "string", "minLength": 1 }),
        Form::Name(most) => json!({ "type": "string", "pattern": "^[a-z0-9-]+$", "maxLength": most }),
        Form::Word(words) => json!({ "enum": words }),
        Form::Boolean => json!({ "type": "boolean" }),
        Form::Whole(low, high) => json!({ "type": "integer", "minimum": low, "maximum": high }),
        Form::Seed => json!({ "oneOf": [
            { "type": "integer", "minimum": 0, "maximum": u64::MAX },
            { "type": "string", "pattern": "^[0-9]+$" },
        ] }),
        Form::Number(bounds, _) => of_bounds(bounds),
        Form::Hour => of_bounds(&Bounds::at_least(0.0)),
        Form::Numbers(bounds) => json!({ "type": "array", "minItems": 1, "items": of_bounds(bounds) }),
        Form::Names(_) => json!({ "type": "array", "minItems": 1, "items": { "type": "string" } }),
        Form::Rows => json!({
            "type": "array", "minItems": 1,
            "items": { "type": "array", "items": { "type": "integer", "minimum": 0 } },
        }),
        Form::Parameter => {
            let single = Parameter::all().filter(|parameter| parameter.domain != Domain::Regions);
            let names: Vec<&str> = single.map(|parameter| parameter.name).collect();
            json!({ "anyOf": [{ "enum": names }, { "type": "string", "pattern": OF_EVENTS }] })
        }
        Form::OfParameter => json!({ "type": "number" }),
        Form::ValuesOfParameter => json!({ "type": "array", "minItems": 1 }),
        Form::Point => json!({ "type": ["string", "number", "boolean"] }),
        Form::Law => reference(LAW),
        Form::Table(table) => of_table(table),
        Form::Events(table) => {
            json!({ "anyOf": [{ "type": "array", "items": of_table(table) }, { "type": "object" }] })
        }
        Form::Tables(table) => json!({ "type": "array", "items": of_table(table) }),
    }
}

fn of_bounds(bounds: &Bounds) -> Json {
    interval((bounds.low, bounds.low_allowed), (bounds.high, bounds.high_allowed), false)
}

/// A number of an interval; an infinite end of it is a number if infinity is.
fn interval((low, low_allowed): (f64, bool), (high, high_allowed): (f64, bool), infinity: bool) -> Json {
    let mut schema = json!({ "type": "number" });
    if low.is_finite() {
        schema = with(schema, json!({ if low_allowed { "minimum" } else { "exclusiveMinimum" }: low }));
    } else {
        schema = with(schema, json!({ "minimum": -FINITE_MAX }));
    }
    if high.is_finite() {
        schema = with(schema, json!({ if high_allowed { "maximum" } else { "exclusiveMaximum" }: high }));
    } else if infinity {
        // What turns TOML into JSON may turn `inf` into null, which no file can hold.
        schema = with(schema, json!({ "type": ["number", "null"] }));
    } else {
        schema = with(schema, json!({ "maximum": FINITE_MAX }));
    }
    schema
}

fn of_range(range: &Range) -> Json {
    interval((range.low, range.low_allowed), (range.high, !range.high_excluded), range.infinity_allowed)
}

fn of_parameter(parameter: &Parameter) -> Json {
    let schema = match &parameter.domain {
        Domain::Number(range) => of_range(range),
        Domain::Integer(low, high) => json!({ "type": "integer", "minimum": low, "maximum": high }),
        Domain::Boolean => json!({ "type": "boolean" }),
        Domain::Choice(words) => json!({ "enum": words }),
        Domain::Regions => json!({ "type": "array", "minItems": 1, "maxItems": 64, "items": of_table(&region::TABLE) }),
    };
    let unit = if parameter.unit == "1" { String::new() } else { format!(" Unit: {}.", parameter.unit) };
    let description = format!("{}{unit} Default: {}.", parameter.meaning, parameter.default());
    with(schema, json!({ "description": description }))
}

/// One of the laws, or of some others: a table with a single key.
fn laws(mut others: Map<String, Json>) -> Json {
    others.extend(Table::LAWS.iter().map(|(name, table)| ((*name).to_owned(), of_table(table))));
    with(object(others, &[], &[]), json!({ "minProperties": 1, "maxProperties": 1 }))
}

/// What an axis is: a parameter with one kind of points, which are values of it, or a name and variants.
fn alternatives() -> Json {
    let [parameter, name, values, variants] =
        [axis::PARAMETER.name, axis::NAME.name, axis::VALUES.name, axis::VARIANTS.name];
    let ranges = [axis::LINEAR.name, axis::LOGARITHMIC.name];
    let points = [[values].as_slice(), &ranges, &[variants]].concat();
    let one: Vec<Json> = points.iter().map(|points| json!({ "required": [points] })).collect();
    let of_values = Parameter::all().filter(|of| of.domain != Domain::Regions).map(|of| {
        let mut then = Map::from_iter([(values.to_owned(), json!({ "items": reference(of.name) }))]);
        for range in ranges {
            let ends = [span::FROM.name, span::TO.name].map(|end| (end.to_owned(), reference(of.name)));
            let allowed = json!({ "properties": Map::from_iter(ends) });
            then.insert(range.to_owned(), if of.domain.is_numeric() { allowed } else { json!(false) });
        }
        json!({
            "if": { "properties": { parameter: { "const": of.name } }, "required": [parameter] },
            "then": { "properties": then },
        })
    });
    json!({
        "oneOf": one,
        "dependencies": {
            values: [parameter], ranges[0]: [parameter], ranges[1]: [parameter],
            variants: [name], name: [variants], parameter: { "not": { "required": [variants] } },
        },
        "allOf": of_values.collect::<Vec<_>>(),
    })
}
