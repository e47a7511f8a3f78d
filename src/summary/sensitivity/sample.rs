//! The runs of a sweep: their inputs and one output, cell by cell.

use arrow_array::cast::AsArray;
use arrow_array::types::UInt32Type;

use crate::engine::outcome::{Missing, OUTPUTS, Outcome, Output, OutputType, OutputValue};
use crate::statistics::sensitivity::{Group, Repetition, mean_ranks, share_below};
use crate::store::Folder;
use crate::summary::columns::OUTAGE;
use crate::summary::error::SummaryError;
use crate::summary::runs::{column, groups, numbers};
use crate::sweep::Sweep;
use crate::sweep::columns::REPLICATE;

/// The runs of one cell.
pub(super) struct CellRuns {
    pub(super) cell: u32,
    /// What the runs share their draws with in other cells.
    pub(super) clusters: Vec<u64>,
    replicates: Vec<u32>,
    /// The values of each uncertain input.
    pub(super) inputs: Vec<Vec<f64>>,
    pub(super) outages: Vec<bool>,
    /// The output as it is analyzed.
    pub(super) output: Vec<f64>,
    /// The output as it is, in order, where it is analyzed by its ranks.
    sorted: Option<Vec<f64>>,
}

impl CellRuns {
    pub(super) fn group(&self) -> Group<'_> {
        Group { clusters: &self.clusters, output: &self.output }
    }
}

/// The runs of a sweep, for the analysis of one output.
pub struct RunSample {
    pub(super) sweep: Sweep,
    pub(super) output: &'static Output<Outcome>,
    pub(super) cells: Vec<CellRuns>,
}

/// A run that is to be made once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunAgain {
    /// Its cell.
    pub cell: u32,
    /// Its replicate.
    pub replicate: u32,
    /// The uncertain input that is to be drawn again, by its index; `None` if it is chance alone that differs.
    pub redrawn: Option<usize>,
    /// Where the run stands in the sample.
    group: usize,
    row: usize,
}

impl RunSample {
    /// Reads the runs that are in a folder. `None` if no output that is a number or a truth has this name.
    ///
    /// # Errors
    /// A part cannot be read or is damaged.
    pub fn read(folder: &Folder, output: &str) -> Result<Option<RunSample>, SummaryError> {
        let is_it = |known: &&Output<Outcome>| known.name == output && known.kind != OutputType::Word;
        let Some(output) = OUTPUTS.iter().find(is_it) else { return Ok(None) };
        let mut sample = RunSample { sweep: folder.sweep().clone(), output, cells: Vec::new() };
        for block in 0..folder.blocks() {
            sample.add(&folder.runs(block)?)?;
        }
        Ok(Some(sample))
    }

    fn add(&mut self, runs: &arrow_array::RecordBatch) -> Result<(), SummaryError> {
        let real = |name: &str| -> Result<Vec<f64>, SummaryError> {
            // A missing value is one beyond all others: later than the horizon, or without end.
            Ok(numbers(column(runs, name)?).iter().map(|x| x.unwrap_or(f64::INFINITY)).collect())
        };
        let replicates = column(runs, REPLICATE)?.as_primitive_opt::<UInt32Type>();
        let replicates = replicates.map_or(&[][..], |replicates| replicates.values());
        let names = self.sweep.uncertain.iter().map(|input| input.column(&self.sweep));
        let inputs = names.map(|name| real(&name)).collect::<Result<Vec<_>, _>>()?;
        let (outages, output) = (real(OUTAGE)?, real(self.output.name)?);
        for (cell, rows) in groups(runs)? {
            let replicates = replicates[rows.clone()].to_vec();
            let of_run = |&replicate: &u32| self.sweep.cluster(cell, replicate);
            let values = output[rows.clone()].to_vec();
            let by_ranks = self.is_ranked();
            let mut sorted = values.clone();
            sorted.sort_by(f64::total_cmp);
            let clusters = replicates.iter().map(of_run).collect();
            self.cells.push(CellRuns {
                cell,
                clusters,
                replicates,
                inputs: inputs.iter().map(|input| input[rows.clone()].to_vec()).collect(),
                outages: outages[rows].iter().map(|&outage| outage > 0.0).collect(),
                output: if by_ranks { mean_ranks(&values) } else { values },
                sorted: by_ranks.then_some(sorted),
            });
        }
        Ok(())
    }

    /// The sweep.
    pub fn sweep(&self) -> &Sweep {
        &self.sweep
    }

    /// Number of runs.
    pub fn runs(&self) -> usize {
        self.cells.iter().map(|cell| cell.output.len()).sum()
    }

    /// Whether the output is analyzed by its ranks within a cell: one that may be missing has no mean, but a missing one
    /// has a rank, the last.
    pub fn is_ranked(&self) -> bool {
        self.output.missing != Missing::Never
    }

    /// The runs that are to be made again so that `pairs` runs of the sample have one with another seed, and others with
    /// each of the inputs drawn again. They are spread evenly over the cells in which the output varies, and over the
    /// replicates there.
    pub fn to_repeat(&self, pairs: u32) -> Vec<RunAgain> {
        let varies = |(_, cell): &(usize, &CellRuns)| cell.group().variance() > 0.0;
        let varying: Vec<(usize, &CellRuns)> = self.cells.iter().enumerate().filter(varies).collect();
        let available: usize = varying.iter().map(|(_, cell)| cell.output.len()).sum();
        let pairs = (pairs as usize).min(available);
        let mut chosen: Vec<(usize, usize)> = (0..pairs)
            .map(|pair| {
                let (group, cell) = varying[pair * varying.len() / pairs];
                (group, pair % cell.output.len())
            })
            .collect();
        // A cell of few runs may be asked for the same one twice.
        chosen.sort_unstable();
        chosen.dedup();
        let inputs = self.sweep.uncertain.len();
        let redrawn = move || std::iter::once(None).chain((0..inputs).map(Some));
        let again = |(group, row): (usize, usize)| {
            let cell = &self.cells[group];
            let (cell, replicate) = (cell.cell, cell.replicates[row]);
            redrawn().map(move |redrawn| RunAgain { cell, replicate, redrawn, group, row })
        };
        chosen.into_iter().flat_map(again).collect()
    }

    /// What the outcomes of runs that were made again say about the output, in the order of [`RunSample::to_repeat`].
    pub(super) fn repetitions(&self, runs: &[RunAgain], outcomes: &[Option<Outcome>]) -> Vec<Repetition> {
        let mut repetitions: Vec<Repetition> = Vec::new();
        for (run, outcome) in runs.iter().zip(outcomes) {
            let value = outcome.as_ref().map(|outcome| self.value(run.group, outcome));
            match (run.redrawn, value) {
                (None, Some(again)) => {
                    let RunAgain { group, row, .. } = *run;
                    repetitions.push(Repetition { group, row, again, redrawn: Vec::new() });
                }
                (Some(_), value) => {
                    if let Some(repetition) = repetitions.last_mut() {
                        repetition.redrawn.push(value);
                    }
                }
                (None, None) => {}
            }
        }
        repetitions
    }

    /// The output of a run of a cell, as it is analyzed.
    fn value(&self, group: usize, outcome: &Outcome) -> f64 {
        let value = match (self.output.get)(outcome) {
            OutputValue::Boolean(b) => f64::from(b),
            OutputValue::Count(n) => n as f64,
            OutputValue::Number(x) => x.unwrap_or(f64::INFINITY),
            // No word is analyzed.
            OutputValue::Word(_) => f64::NAN,
        };
        self.cells[group].sorted.as_ref().map_or(value, |sorted| share_below(sorted, value))
    }
}
