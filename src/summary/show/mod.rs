//! Ways to show a surface, one file each.

mod comparison;
pub(super) mod crossings;
mod csv;
mod exporter;
mod growing;
mod json;
pub(super) mod labels;
mod list;
mod map;
mod output;
mod screen;
mod terminal;

pub use comparison::comparison_as_text;
pub use crossings::{crossings_as_csv, crossings_as_json, crossings_as_text};
pub use csv::Csv;
pub use exporter::Exporter;
pub use growing::Growing;
pub use json::Json;
pub use output::{columns_of, show_output};
pub use screen::{Screen, shortened};
pub use terminal::Terminal;

/// A text in lines of so many columns at most, as far as its words fit.
pub(in crate::summary) fn wrapped(text: &str, columns: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if screen::width(line) + 1 + screen::width(word) <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};

    use super::*;
    use crate::summary::columns::CellSummary;
    use crate::summary::surface::{Rows, Surface};
    use crate::sweep::Sweep;

    /// Without statistics, with a label that CSV has to quote and a number that JSON cannot write.
    fn surface() -> Surface {
        let toml = "name = \"t\"\n[[axis]]\nname = \"remedy\"\nvariants = [ { label = \"a, \\\"b\\\"\" } ]\n\
                    [[axis]]\nparameter = \"overlay.healing_time_s\"\nvalues = [60.0, inf]\n";
        let sweep = Sweep::parse(toml, "t.toml", &[]).unwrap();
        let cells = [0, 1].map(|cell| CellSummary {
            cell,
            replicates: 20,
            outages: 0,
            outage_probability: 0.0,
            outage_probability_low: 0.0,
            outage_probability_high: 0.125,
        });
        Surface::new(sweep, Rows { cells: cells.to_vec(), statistics: Vec::new(), differences: Vec::new() })
    }

    fn shown(by: &dyn Exporter) -> String {
        let mut out = Vec::new();
        by.export(&surface(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn csv_quotes_what_must_be_quoted() {
        let expected = "cell,remedy,overlay.healing_time_s,replicates,outages,outage_probability,\
                        outage_probability_low,outage_probability_high\n\
                        0,\"a, \"\"b\"\"\",60.0,20,0,0.0,0.0,0.125\n\
                        1,\"a, \"\"b\"\"\",inf,20,0,0.0,0.0,0.125\n";
        assert_eq!(shown(&Csv), expected);
    }

    #[test]
    fn json_is_a_list_of_objects_and_writes_infinity_as_a_word() {
        let text = shown(&Json);
        assert!(text.starts_with("[\n  {\n    \"cell\": 0,\n    \"outage_probability\": 0.0,\n"), "{text}");
        assert!(text.ends_with("\n  }\n]\n"), "{text}");
        let rows: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (&rows[0]["overlay.healing_time_s"], &rows[1]["overlay.healing_time_s"]),
            (&60.0.into(), &"inf".into())
        );
        assert_eq!(rows[1]["remedy"], "a, \"b\"");
    }

    #[test]
    fn an_error_of_the_output_is_an_error() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        for exporter in [&Terminal { screen: Screen::NONE } as &dyn Exporter, &Csv, &Json] {
            let error = exporter.export(&surface(), &mut Closed).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
        }
    }
}
