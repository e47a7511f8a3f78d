//! Outages of a sweep, and the runs that are made for each of them.

use arrow_array::Array;
use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::UInt32Type;
use arrow_schema::ArrowError;

use super::verdict::Verdict;
use crate::engine::outcome::Outcome;
use crate::parameters::Scenario;
use crate::store::Folder;
use crate::summary::columns::OUTAGE;
use crate::summary::error::SummaryError;
use crate::summary::runs::{column, groups, numbers};
use crate::sweep::columns::REPLICATE;
use crate::sweep::{Realization, Removal, Sweep};

/// A part of the rest of an outage that a removal has to take away to have ended it.
const ENDED_AT_LEAST: f64 = 0.5;

/// A run with an outage.
#[derive(Debug, Clone)]
pub(super) struct OutageRun {
    pub(super) cell: u32,
    pub(super) replicate: u32,
    pub(super) outage_h: f64,
    pub(super) outage_start_h: f64,
    /// Where clients were stuck at its onset, and while it lasted.
    pub(super) stuck: [Option<String>; 2],
    /// What a network would not have had it with: limits that were never there.
    pub(super) structure: Verdict,
    /// What prevents it: limits removed from the trigger on.
    pub(super) onset: Verdict,
    /// What ends it: limits removed once it was one. Nothing is known where it was one at the horizon only.
    pub(super) sustaining: Verdict,
}

/// When a limit is taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    /// From the start of the run.
    Start,
    /// From the trigger on.
    Trigger,
    /// From the moment on in which the spell had lasted as long as an outage has to.
    Outage,
}

/// A run that is to be made for an outage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counterfactual {
    /// Index of the outage.
    outage: usize,
    /// What is taken away, and when; with `None` nothing but the seed differs.
    change: Option<(Removal, From)>,
}

/// Some outages of a sweep.
pub struct Outages {
    sweep: Sweep,
    runs: Vec<OutageRun>,
    /// Number of outages in the sweep.
    found: usize,
    /// Number of runs in the sweep.
    looked_at: usize,
}

impl Outages {
    /// How often runs are wanted: those with one limit less, and then those without both.
    pub const ROUNDS: usize = 2;

    /// Reads outages of a sweep, at most `per_cell` of each cell, or of one cell alone. Which ones follows from the cell:
    /// not the same replicates in all cells.
    ///
    /// # Errors
    /// A part cannot be read or is damaged.
    pub fn read(folder: &Folder, per_cell: u32, cell: Option<u32>) -> Result<Outages, SummaryError> {
        let mut outages = Outages { sweep: folder.sweep().clone(), runs: Vec::new(), found: 0, looked_at: 0 };
        let blocks = cell.map_or(0..folder.blocks(), |cell| folder.block_of(cell)..folder.block_of(cell) + 1);
        for block in blocks {
            outages.add(&folder.runs(block)?, per_cell as usize, cell)?;
        }
        Ok(outages)
    }

    fn add(&mut self, runs: &RecordBatch, per_cell: usize, only: Option<u32>) -> Result<(), ArrowError> {
        let replicates = column(runs, REPLICATE)?.as_primitive_opt::<UInt32Type>();
        let replicates = replicates.map_or(&[][..], |replicates| replicates.values());
        let real = |name| Ok::<_, ArrowError>(numbers(column(runs, name)?).iter().collect::<Vec<Option<f64>>>());
        let (outage, hours, start) = (real(OUTAGE)?, real("outage_h")?, real("outage_start_h")?);
        let words = |name| Ok::<_, ArrowError>(column(runs, name)?.as_string_opt::<i32>());
        let stuck = [words("stuck_at_onset")?, words("stuck_while_down")?];
        let of_cells = groups(runs)?.into_iter().filter(|(cell, _)| only.is_none_or(|only| only == *cell));
        for (cell, rows) in of_cells {
            self.looked_at += rows.len();
            let rows: Vec<usize> = rows.filter(|&row| outage[row] == Some(1.0)).collect();
            self.found += rows.len();
            // With common random numbers the first replicates are the same days in every cell.
            let first = (cell as usize).wrapping_mul(per_cell) % rows.len().max(1);
            let mut chosen: Vec<usize> =
                rows.iter().cycle().skip(first).take(per_cell.min(rows.len())).copied().collect();
            chosen.sort_unstable();
            self.runs.extend(chosen.into_iter().map(|row| {
                OutageRun {
                    cell,
                    replicate: replicates[row],
                    outage_h: hours[row].unwrap_or(f64::NAN),
                    outage_start_h: start[row].unwrap_or(f64::NAN),
                    stuck: stuck.map(|words| {
                        words.filter(|words| words.is_valid(row)).map(|words| words.value(row).to_owned())
                    }),
                    structure: Verdict::default(),
                    onset: Verdict::default(),
                    sustaining: Verdict::default(),
                }
            }));
        }
        Ok(())
    }

    /// The sweep.
    pub fn sweep(&self) -> &Sweep {
        &self.sweep
    }

    /// Number of outages that are looked at.
    pub fn len(&self) -> usize {
        self.runs.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// The runs that are wanted next: none once everything is known. For each outage those that have one limit less,
    /// and one with another seed; then those without both limits, where neither alone was enough.
    pub fn wanted(&self) -> Vec<Counterfactual> {
        const ONE: [Option<(Removal, From)>; 7] = [
            None,
            Some((Removal::LoginServer, From::Start)),
            Some((Removal::SuperNodes, From::Start)),
            Some((Removal::LoginServer, From::Trigger)),
            Some((Removal::SuperNodes, From::Trigger)),
            Some((Removal::LoginServer, From::Outage)),
            Some((Removal::SuperNodes, From::Outage)),
        ];
        let of_outage = |(outage, run): (usize, &OutageRun)| {
            let first = if run.onset == Verdict::default() { &ONE[..] } else { &[] };
            let both = [(run.structure, From::Start), (run.onset, From::Trigger), (run.sustaining, From::Outage)];
            let both = both.into_iter().filter(|(verdict, _)| verdict.wants_both());
            let changes = first.iter().copied().chain(both.map(|(_, from)| Some((Removal::Both, from))));
            changes.map(move |change| Counterfactual { outage, change }).collect::<Vec<_>>()
        };
        self.runs.iter().enumerate().flat_map(of_outage).collect()
    }

    /// A run that is wanted; `None` if there is no such run, since the outage was one at the horizon only.
    pub fn realization(&self, wanted: &Counterfactual) -> Option<Realization> {
        let &OutageRun { cell, replicate, outage_start_h, .. } = self.runs.get(wanted.outage)?;
        let Some((removal, from)) = wanted.change else { return Some(self.sweep.repeated(cell, replicate)) };
        let scenario = self.sweep.realization(cell, replicate).scenario;
        let from_h = match from {
            From::Start => return self.sweep.never_with(cell, replicate, removal),
            From::Trigger => scenario.trigger_h(),
            From::Outage => scenario.trigger_h() + outage_start_h + least_h(&scenario),
        };
        self.sweep.without(cell, replicate, removal, from_h)
    }

    /// Takes in what the wanted runs came to, in their order.
    pub fn take_in(&mut self, wanted: &[Counterfactual], outcomes: &[Option<Outcome>]) {
        for (wanted, outcome) in wanted.iter().zip(outcomes) {
            let (Some(run), Some(outcome)) = (self.runs.get_mut(wanted.outage), outcome) else { continue };
            let least_h = least_h(&self.sweep.realization(run.cell, run.replicate).scenario);
            let (prevented, ended) = (!outcome.outage, has_ended(run.outage_h, outcome.outage_h, least_h));
            match wanted.change {
                None => {
                    (run.structure.chance, run.onset.chance) = (Some(prevented), Some(prevented));
                    run.sustaining.chance = Some(ended);
                }
                Some((removal, from)) => {
                    let (verdict, gone) = match from {
                        From::Start => (&mut run.structure, prevented),
                        From::Trigger => (&mut run.onset, prevented),
                        From::Outage => (&mut run.sustaining, ended),
                    };
                    *match removal {
                        Removal::LoginServer => &mut verdict.login,
                        Removal::SuperNodes => &mut verdict.supernodes,
                        Removal::Both => &mut verdict.both,
                    } = Some(gone);
                }
            }
        }
    }

    /// What was found.
    pub fn into_causes(self) -> Causes {
        let Outages { sweep, runs, found, looked_at } = self;
        Causes { sweep, runs, found, looked_at }
    }
}

/// How long a spell lasts before it is an outage, hours: whole ticks, one at least.
fn least_h(scenario: &Scenario) -> f64 {
    let tick_h = scenario.time.tick_s / 3600.0;
    libm::ceil(scenario.outage.min_duration_h / tick_h - 1e-9).max(1.0) * tick_h
}

/// Whether an outage of `outage_h` has been ended: of what lies beyond the time that makes it an outage, no more than a
/// half is left.
fn has_ended(outage_h: f64, outage_h_without: f64, least_h: f64) -> bool {
    outage_h_without - least_h <= (1.0 - ENDED_AT_LEAST) * (outage_h - least_h)
}

/// Where some outages of a sweep come from.
pub struct Causes {
    pub(super) sweep: Sweep,
    pub(super) runs: Vec<OutageRun>,
    pub(super) found: usize,
    pub(super) looked_at: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_has_ended_where_half_of_its_rest_is_gone() {
        assert!(has_ended(24.0, 12.5, 1.0) && !has_ended(24.0, 12.6, 1.0));
        // Prevented altogether, as with another seed.
        assert!(has_ended(24.0, 0.0, 1.0));
    }
}
