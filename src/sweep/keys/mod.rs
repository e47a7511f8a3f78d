//! Every key of a sweep file, declared once: its name, what it takes, what holds without it, and what it means.
//!
//! The readers take names and bounds from here, and `critmass reference`, its page and the JSON Schema are made of the
//! same declarations. Parameters are declared in `parameters`; a [`Table`] says which of them it takes besides its keys.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `form` | what a key takes: a number within bounds, a word, a table |
//! | `table` | a key and a table |
//! | `declared` | the declarations |

mod declared;
mod form;
mod table;

pub(in crate::sweep) use declared::DESIGN_POINTS_MAX;
pub use declared::{
    axis, beta, compare, design, discrete, file, intervention, lognormal, multiple, normal, rare, refine, region,
    replicates, run, scenario, shock, span, traces, triangular, uncertain, uniform, variant,
};
pub use form::{Bounds, Form};
pub use table::{Key, Settings, Table, Without};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::Sweep;

    fn parse(text: &str) -> Sweep {
        let text = if text.contains("name = \"critical") { text.to_owned() } else { format!("name = \"t\"\n{text}") };
        Sweep::parse(&text, "t.toml", &[]).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    fn tables() -> impl Iterator<Item = &'static Table> {
        let others =
            [&file::TABLE, &scenario::TABLE, &shock::TABLE, &intervention::TABLE, &axis::TABLE, &uncertain::TABLE];
        others.into_iter().chain([&replicates::TABLE, &traces::TABLE, &design::TABLE, &compare::TABLE, &rare::TABLE])
    }

    #[test]
    fn every_example_is_read() {
        for (name, law) in Table::LAWS {
            assert!(law.example.contains(&format!("{{ {name} = {{")), "{}", law.example);
            parse(&format!("[uncertain]\n{}", law.example));
        }
        tables().for_each(|table| drop(parse(table.example)));
    }

    #[test]
    fn a_key_that_has_its_default_changes_nothing() {
        let mut tried = 0;
        for table in tables() {
            let plain = parse(table.example).canonical;
            for key in table.keys.iter().filter(|key| !table.example.contains(&format!("{} =", key.name))) {
                let Without::Default(value) = key.without else { continue };
                let written = parse(&format!("{}{} = {value}\n", table.example, key.name));
                assert_eq!(written.canonical, plain, "{}: {} = {value}", table.written, key.name);
                tried += 1;
            }
        }
        // Those that the examples have.
        let defaults = "[replicates]\nat_least = 20\nat_most = 100\n";
        assert_eq!(parse(defaults).canonical, parse("").canonical);
        assert!(tried >= 3, "{tried}");
    }

    #[test]
    fn what_lies_outside_of_its_bounds_is_refused_with_what_is_declared() {
        for (table, key) in tables().flat_map(|table| table.keys.iter().map(move |key| (table, key))) {
            let outside: &[&str] = match key.form {
                Form::Number(..) | Form::Hour => &["nan", "inf", "-1e-9", "true"],
                Form::Whole(..) | Form::Seed => &["-1", "0.5", "inf"],
                Form::Boolean => &["1"],
                Form::Word(_) => &["\"no such word\""],
                _ => continue,
            };
            let lines = table.example.lines().filter(|line| !line.starts_with(&format!("{} =", key.name)));
            let rest: Vec<&str> = lines.collect();
            for value in outside {
                let text =
                    format!("name = \"t\"\n{}\n{} = {value}\n", rest.join("\n").replace("name =", "#"), key.name);
                let message = Sweep::parse(&text, "t.toml", &[]).unwrap_err().to_string();
                assert!(message.contains(&format!("expected {}", key.form)), "{text}\n{message}");
            }
        }
    }
}
