//! The surface as text, readable without colour.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::comparison::differences;
use super::crossings::crossings_as_text;
use super::exporter::Exporter;
use super::list::list;
use super::map::{Axes, Map};
use super::screen::Screen;
use crate::summary::columns::{BASELINE, CellSummary};
use crate::summary::comparison::{Against, reference_in_words};
use crate::summary::crossings::Crossings;
use crate::summary::statistic::Statistic;
use crate::summary::surface::{Surface, interval_name, too_wide};
use crate::sweep::Sweep;

/// A probability in percent, with a mark when its interval is wider than ± 10 points.
fn percent(row: &CellSummary) -> String {
    let mark = if row.outage_probability_high - row.outage_probability_low > 0.2 + 1e-9 { "~" } else { "" };
    format!("{mark}{:.0}", 100.0 * row.outage_probability)
}

/// The shade of a probability, from a healthy network to one that is down.
fn shade(probability: f64) -> char {
    match probability {
        p if p < 0.05 => '·',
        p if p < 0.25 => '░',
        p if p < 0.5 => '▒',
        p if p < 0.95 => '▓',
        _ => '█',
    }
}

/// A map of two axes, one for each combination of the others, or a list. Shows no statistics of the outputs.
pub struct Terminal {
    /// The room that there is.
    pub screen: Screen,
}

impl Exporter for Terminal {
    fn export(&self, surface: &Surface, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(in_words(surface.sweep(), surface.cells(), &self.screen).as_bytes())?;
        out.write_all(down_before_the_trigger(surface).as_bytes())?;
        out.write_all(compared(surface, &self.screen).as_bytes())
    }
}

/// What the cells of a comparison differ by.
fn compared(surface: &Surface, screen: &Screen) -> String {
    let sweep = surface.sweep();
    let Some(compare) = sweep.compare else { return String::new() };
    let against = Against::Point { axis: compare.axis, reference: compare.reference };
    differences(sweep, &reference_in_words(sweep, &against), &surface.differences().collect(), screen)
}

/// Names the cells whose network was down before anything happened to it: what they say is no consequence of it.
fn down_before_the_trigger(surface: &Surface) -> String {
    const CELLS_MAX: usize = 8;
    let baselines = surface.statistic(BASELINE, Statistic::Mean).unwrap_or_default();
    let is_down = |&(row, baseline): &(&CellSummary, &Option<f64>)| {
        baseline.is_some_and(|baseline| baseline < surface.sweep().cell_scenario(row.cell).outage.threshold)
    };
    let down: Vec<String> =
        surface.cells().iter().zip(baselines).filter(is_down).map(|(row, _)| row.cell.to_string()).collect();
    if down.is_empty() {
        return String::new();
    }
    let (named, more) = (down[..down.len().min(CELLS_MAX)].join(", "), down.len().saturating_sub(CELLS_MAX));
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!(
        "down before the trigger, by {BASELINE}_mean:\n{} of {} cells: {named}{more}\n",
        down.len(),
        surface.cells().len()
    )
}

fn in_words(sweep: &Sweep, rows: &[CellSummary], screen: &Screen) -> String {
    // Lines that stand below the map.
    const BELOW: usize = 6;
    let room = Screen { lines: screen.lines.saturating_sub(BELOW), ..*screen };
    // A map of a refined sweep would be empty between the points of its file.
    let mut text = if sweep.refine.is_some() {
        crossings_as_text(&Crossings::of(sweep, rows, sweep.level(), |_| &[]))
    } else {
        shown(sweep, rows, |_| false, &room)
    };
    let runs: u64 = rows.iter().map(|row| row.replicates).sum();
    let confidence = 100.0 * sweep.replicates.confidence;
    let name = interval_name(sweep);
    let of = if sweep.refine.is_some() { "all".to_owned() } else { sweep.cells().to_string() };
    let _ = writeln!(
        text,
        "{} of {of} cells, {runs} runs; intervals: {confidence} % for each cell\nby itself, {name}",
        rows.len()
    );
    text + &known_too_badly(sweep, rows)
}

/// The outage probability of some cells: a map, or a list. Those of which more is to come are marked.
pub(super) fn shown(sweep: &Sweep, rows: &[CellSummary], is_open: impl Fn(u32) -> bool, screen: &Screen) -> String {
    let Some(axes) = Axes::of(sweep) else {
        let cells = rows.iter().map(|row| (row.cell, *row)).collect();
        return list(sweep, TITLE, &cells, screen, line);
    };
    let entry = |row: &CellSummary| {
        let mark = if is_open(row.cell) { '?' } else { shade(row.outage_probability) };
        (row.cell, format!("{}{mark}", percent(row)))
    };
    let entries = rows.iter().map(entry).collect();
    let legend = if screen.width < 80 { LEGEND_NARROW } else { LEGEND };
    let room = Screen { lines: screen.lines.saturating_sub(legend.lines().count()), ..*screen };
    Map { sweep, axes, title: TITLE, entries: &entries }.show(&room) + legend
}

const TITLE: &str = "Outage probability in %";
const LEGEND: &str =
    "· below 5 %  ░ below 25 %  ▒ below 50 %  ▓ below 95 %  █ above\n~ known to no better than ± 10 points\n";
const LEGEND_NARROW: &str =
    "· below 5 %  ░ below 25 %\n▒ below 50 %  ▓ below 95 %  █ above\n~ known to ± 10 points at best\n";

/// How many cells stopped before they were known as well as was asked for; empty if none did.
fn known_too_badly(sweep: &Sweep, rows: &[CellSummary]) -> String {
    match too_wide(sweep, rows) {
        None | Some((_, 0)) => String::new(),
        Some((half_width, stopped)) => {
            let (all, most) = (rows.len(), sweep.replicates.at_most);
            format!("{stopped} of {all} cells stopped at at_most = {most} without the ± {half_width}\nasked for\n")
        }
    }
}

/// A probability with its interval, which is a bar where there is room.
fn line(row: &CellSummary, room: usize) -> String {
    const BAR_MAX: usize = 30;
    let [probability, low, high] =
        [row.outage_probability, row.outage_probability_low, row.outage_probability_high].map(|p| 100.0 * p);
    let numbers = format!("{probability:3.0} [{low:3.0}, {high:3.0}]");
    let columns = room.saturating_sub(numbers.len() + 4).min(BAR_MAX);
    if columns < 10 {
        return numbers;
    }
    let at = |percent: f64| libm::round(percent / 100.0 * (columns - 1) as f64) as usize;
    let bar: String = (0..columns)
        .map(|column| match column {
            column if column == at(probability) => '●',
            column if (at(low)..=at(high)).contains(&column) => '─',
            _ => ' ',
        })
        .collect();
    format!("{numbers} |{bar}|")
}

#[cfg(test)]
mod tests {
    use super::super::screen;
    use super::*;
    use crate::summary::estimates::Estimator;
    use crate::summary::surface::{Rows, StatisticColumn};
    use crate::sweep::{Refine, Replicates};

    #[test]
    fn cells_that_were_down_before_the_trigger_are_named() {
        let toml = "name = \"t\"\n[[axis]]\nparameter = \"outage.threshold\"\nlinear = { from = 0.0, to = 1.0, points = 21 }\n";
        let sweep = Sweep::parse(toml, "t.toml", &[]).unwrap();
        let runs = Estimator::of(&sweep).cell(vec![false; 20]);
        let cells = (0..21).map(|cell| runs.summary(cell)).collect();
        let mut statistics = StatisticColumn::all();
        for column in &mut statistics {
            column.values = vec![Some(if column.name() == "baseline_online_fraction_mean" { 0.52 } else { 0.0 }); 21];
        }
        let text =
            down_before_the_trigger(&Surface::new(sweep.clone(), Rows { cells, statistics, differences: Vec::new() }));
        assert!(text.contains("10 of 21 cells: 11, 12, 13, 14, 15, 16, 17, 18 and 2 more"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80));
        assert_eq!(down_before_the_trigger(&Surface::new(sweep.clone(), Rows::empty(&sweep))), "");
    }

    #[test]
    fn a_map_fits_into_80_columns_and_says_what_is_missing() {
        let axis = |name: &str, n: u32| {
            format!("[[axis]]\nparameter = \"{name}\"\nlinear = {{ from = 0.01, to = 0.9, points = {n} }}\n")
        };
        let toml =
            format!("name = \"t\"\n{}{}", axis("overlay.supernode_ratio", 9), axis("updates.synchronization", 11));
        let sweep = Sweep::parse(&toml, "t.toml", &[]).unwrap();
        let row = |cell| CellSummary {
            cell,
            replicates: 20,
            outages: 20,
            outage_probability: 1.0,
            outage_probability_low: 0.7,
            outage_probability_high: 1.0,
        };
        let rows = (0..50).map(row).collect::<Vec<CellSummary>>();
        let text = in_words(&sweep, &rows, &Screen::NONE);
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert_eq!((text.matches("~100█").count(), text.matches("     –").count()), (50, 49));
        assert!(text.contains("50 of 99 cells, 1000 runs"));
    }
    /// A sweep of three axes, and some of its cells.
    fn larger() -> (Sweep, Vec<CellSummary>) {
        let toml = "name = \"t\"\n[[axis]]\nparameter = \"overlay.supernode_ratio\"\nlinear = { from = 0.01, to = 0.9, \
                    points = 60 }\n[[axis]]\nname = \"再起動の仕方\"\nvariants = [{ label = \"unlimited server\" }, \
                    { label = \"unlimited super nodes\", overlay.slots = 999 }]\n[[axis]]\nparameter = \
                    \"updates.synchronization\"\nlinear = { from = 0.0, to = 1.0, points = 11 }\n\
                    [replicates]\nat_most = 60\nhalf_width = 0.1\n";
        let sweep = Sweep::parse(toml, "t.toml", &[]).unwrap();
        let row = |cell| CellSummary {
            cell,
            replicates: if cell % 2 == 0 { 60 } else { 30 },
            outages: 20,
            outage_probability: 1.0 / 3.0,
            outage_probability_low: 0.1,
            outage_probability_high: if cell % 3 == 0 { 0.6 } else { 0.3 },
        };
        let cells = (0..sweep.cells()).map(row).collect();
        (sweep, cells)
    }

    #[test]
    fn a_map_fits_into_any_screen_and_says_what_it_leaves_out() {
        let (sweep, rows) = larger();
        for (width, lines) in [(40, 24), (41, 50), (80, 24), (80, 60), (160, 50), (300, 200)] {
            let text = shown(&sweep, &rows, |_| false, &Screen { width, lines });
            assert!(text.lines().all(|line| screen::width(line) <= width), "{width} × {lines}\n{text}");
            assert!(text.lines().count() <= lines, "{width} × {lines}: {}\n{text}", text.lines().count());
            assert!(text.contains("rows are left out") || lines > 130, "{text}");
            assert!(text.contains("… and 1 more such tables") || lines > 130, "{text}");
            // Each of the points across has its column.
            assert!((0..=10).all(|tenth| text.contains(&format!(" {}", f64::from(tenth) / 10.0))), "{text}");
        }
    }

    #[test]
    fn cells_that_are_known_too_badly_are_counted() {
        let (sweep, rows) = larger();
        let rows = &rows[..12];
        let said = known_too_badly(&sweep, rows);
        assert_eq!(said, "2 of 12 cells stopped at at_most = 60 without the ± 0.1\nasked for\n");
        let fixed = Replicates { half_width: None, ..sweep.replicates };
        assert_eq!(known_too_badly(&Sweep { replicates: fixed, ..sweep.clone() }, rows), "");
        // A cell that is surely on one side of the level stops on purpose.
        let refine = Some(Refine { level: 0.5, rounds: 1 });
        assert_eq!(known_too_badly(&Sweep { refine, ..sweep }, rows), "");
    }

    #[test]
    fn a_list_fits_into_any_screen_and_its_labels_differ() {
        let toml = "name = \"t\"\n[[axis]]\nname = \"mechanism\"\nvariants = [{ label = \"unlimited login server, as \
                    planned\" }, { label = \"unlimited login server, as built\", overlay.slots = 999 }]\n";
        let sweep = Sweep::parse(toml, "t.toml", &[]).unwrap();
        let (_, rows) = larger();
        for width in [40, 80, 160] {
            let text = shown(&sweep, &rows[..2], |_| false, &Screen { width, lines: 50 });
            assert!(text.lines().skip(1).all(|line| screen::width(line) <= width), "{text}");
            let labels: Vec<&str> = text.lines().skip(1).map(|line| line.split(" 33 [").next().unwrap()).collect();
            assert!(labels.len() == 2 && labels[0] != labels[1], "{text}");
        }
    }
}
