//! The surface while it grows: the outages so far.

use std::collections::BTreeMap;

use super::labels::labels;
use super::map::Axes;
use super::screen::Screen;
use super::terminal::shown;
use crate::statistics::interval::Interval;
use crate::store::{Folder, StoreError};
use crate::summary::columns::CellSummary;
use crate::sweep::Sweep;

/// Most cells of a design whose runs are read to show what was found.
const CELLS_MAX: u32 = 2000;

/// What is known of the cells of a sweep so far.
pub struct Growing {
    sweep: Sweep,
    cells: BTreeMap<u32, Cell>,
}

#[derive(Clone, Copy, Default)]
struct Cell {
    replicates: u64,
    outages: u64,
    is_decided: bool,
}

impl Growing {
    /// What a folder holds when a session begins; cells of which `is_complete` says so are decided. `None` where the
    /// design makes no map, or is too large for one.
    ///
    /// # Errors
    /// A file cannot be read or is damaged.
    pub fn of(folder: &Folder, is_complete: impl Fn(u32) -> bool) -> Result<Option<Growing>, StoreError> {
        let sweep = folder.sweep();
        if Axes::of(sweep).is_none() || sweep.cells() > CELLS_MAX {
            return Ok(None);
        }
        let mut growing = Growing { sweep: sweep.clone(), cells: BTreeMap::new() };
        for block in 0..folder.blocks() {
            let in_part = is_complete(block);
            let runs = if in_part { folder.found_in_part(block) } else { folder.found(folder.cells_of(block)) };
            for run in runs? {
                growing.add(run.key.cell, run.outage);
                if in_part {
                    growing.decide(run.key.cell);
                }
            }
        }
        Ok(Some(growing))
    }

    /// Takes in a run.
    pub fn add(&mut self, cell: u32, outage: bool) {
        let cell = self.cells.entry(cell).or_default();
        cell.replicates += 1;
        cell.outages += u64::from(outage);
    }

    /// Notes that a cell has all its runs.
    pub fn decide(&mut self, cell: u32) {
        self.cells.entry(cell).or_default().is_decided = true;
    }

    /// The map of the cells so far; those that are not decided yet are marked.
    pub fn show(&self, screen: &Screen) -> String {
        let confidence = self.sweep.replicates.confidence;
        let begun = self.cells.iter().filter(|(_, cell)| cell.replicates > 0);
        let rows: Vec<CellSummary> = begun
            .map(|(&cell, of)| {
                let interval = Interval::fixed(of.outages as u32, of.replicates as u32, confidence);
                CellSummary {
                    cell,
                    replicates: of.replicates,
                    outages: of.outages,
                    outage_probability: of.outages as f64 / of.replicates as f64,
                    outage_probability_low: interval.low,
                    outage_probability_high: interval.high,
                }
            })
            .collect();
        let is_open = |cell: u32| !self.cells.get(&cell).is_some_and(|cell| cell.is_decided);
        let room = Screen { lines: screen.lines.saturating_sub(1), ..*screen };
        shown(&self.sweep, &rows, is_open, &room) + "? not decided yet\n"
    }

    /// What is being decided: the first open cell, by its labels, and what is known of it.
    pub fn deciding(&self) -> Option<String> {
        let (&cell, of) = self.cells.iter().find(|(_, cell)| !cell.is_decided && cell.replicates > 0)?;
        let point = |axis: usize| labels(&self.sweep.axes[axis], &[self.sweep.point(axis, cell)]).concat();
        let labels: Vec<String> = (0..self.sweep.axes.len()).map(point).collect();
        let count = |n: u64, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
        let (outages, runs) = (count(of.outages, "outage"), count(of.replicates, "run"));
        Some(format!("cell {cell} ({}): {outages} in {runs}", labels.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::prepare;

    #[test]
    fn a_cell_is_marked_until_it_is_decided() {
        let toml = "name = \"t\"\n[[axis]]\nparameter = \"overlay.slots\"\nvalues = [50, 75]\n\
                    [[axis]]\nparameter = \"updates.synchronization\"\nvalues = [0.25, 0.5]\n";
        let sweep = Sweep::parse(toml, "t.toml", &[]).unwrap();
        let folder = tempfile::tempdir().unwrap();
        prepare(folder.path(), &sweep).unwrap();
        let mut growing = Growing::of(&Folder::open(folder.path()).unwrap(), |_| false).unwrap().unwrap();
        assert!(growing.show(&Screen::NONE).contains("–") && growing.deciding().is_none());
        (0..20).for_each(|run| growing.add(1, run < 5));
        growing.add(2, true);
        assert!(growing.show(&Screen::NONE).contains("~25?"), "{}", growing.show(&Screen::NONE));
        assert_eq!(growing.deciding().unwrap(), "cell 1 (50, 0.5): 5 outages in 20 runs");
        growing.decide(1);
        assert!(growing.show(&Screen::NONE).contains("~25▒"), "{}", growing.show(&Screen::NONE));
        assert_eq!(growing.deciding().unwrap(), "cell 2 (75, 0.25): 1 outage in 1 run");
    }
}
