//! Where the outcome turns along one parameter: by bisection, without a grid.
//!
//! In the limit of ever more clients a scenario ends in an outage or it does not. So for each cell of a sweep and each draw of
//! its uncertain inputs there is a value of a parameter at which that turns, and the share of the draws that have turned is
//! the outage probability as a function of that parameter. A run of clients with one seed has such a value, too, as far as
//! what the draws decide outweighs chance. Whether it has is looked at: *audits* make one more run of each draw, far from
//! where it turns.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `asked` | who is asked for the outcome of a scenario |
//! | `along` | the parameter that is varied: between which values, and what lies between two of them |
//! | `search` | the turns of one draw |

mod along;
mod asked;
mod search;

pub use along::Along;

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use crate::engine::EngineKind;
use crate::sweep::Sweep;
use asked::{Asked, Workspace};
use search::Search;

/// Draws that are looked at in one workspace, one after another: they begin alike, mostly.
const TOGETHER: u32 = 8;

/// How far beyond an end a line is taken to turn that does not turn between them, as a share of the way between the ends.
const BEYOND: f64 = 0.1;

/// What is looked for.
#[derive(Debug, Clone)]
pub struct Question {
    /// The sweep, whose axes are the others: the parameter is none of them. Its engine is asked.
    pub sweep: Sweep,
    /// The parameter.
    pub along: Along,
    /// How many draws of the uncertain inputs each cell gets.
    pub draws: u32,
    /// At how many values between the ends, these included, the outcome is looked at before it is bisected; ≥ 2.
    pub probes: u32,
}

impl Question {
    /// The sweep with the parameter at either end, as far as that fits without the values of the other axes: what memory is
    /// asked for.
    pub fn at_the_ends(&self) -> impl Iterator<Item = Sweep> {
        [self.along.from, self.along.to].into_iter().filter_map(|end| {
            let scenario = self.along.put(&self.sweep.scenario, end).ok()?;
            Some(Sweep { scenario, ..self.sweep.clone() })
        })
    }
}

/// The outcome along the parameter for one draw.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The cell, of the other axes.
    pub cell: u32,
    /// The replicate whose draws these are.
    pub replicate: u32,
    /// The values drawn, in the order of the uncertain inputs.
    pub drawn: Vec<f64>,
    /// Whether there is an outage at the lower end.
    pub begins_in_outage: bool,
    /// Where the outcome turns, ascending.
    pub turns: Vec<f64>,
    /// What was looked at besides, far from the turns; nothing in the limit.
    pub audit: Option<Audit>,
}

/// The outcome at a value at which a search did not need it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Audit {
    /// The value.
    pub at: f64,
    /// Whether there is an outage.
    pub outage: bool,
}

impl Line {
    /// Whether there is an outage at the upper end.
    pub fn ends_in_outage(&self) -> bool {
        self.begins_in_outage != (self.turns.len() % 2 == 1)
    }

    /// How far the outcome at a value is from turning, as a share of the way from the one end to the other: above 0 where
    /// there is an outage, below 0 where there is none. A line that does not turn is taken to turn [`BEYOND`] the end at which
    /// it would if it were like the others, which rise or fall.
    pub fn margin(&self, along: &Along, x: f64, rises: bool) -> f64 {
        let at = along.share(x);
        let beyond = if self.begins_in_outage == rises { -BEYOND } else { 1.0 + BEYOND };
        let off = self.turns.iter().map(|&turn| (at - along.share(turn)).abs()).reduce(f64::min);
        let off = off.unwrap_or((at - beyond).abs());
        if self.has_outage(x) { off } else { -off }
    }

    /// Whether a value is farther than two steps of the search from every turn.
    fn is_far(&self, along: &Along, x: f64) -> bool {
        self.turns.iter().all(|&turn| (along.share(x) - along.share(turn)).abs() > 2.0 * along.resolution)
    }

    /// Whether there is an outage at a value, as far as the turns tell.
    pub fn has_outage(&self, x: f64) -> bool {
        let turned = self.turns.iter().filter(|&&turn| turn < x).count();
        self.begins_in_outage != (turned % 2 == 1)
    }
}

/// Whether outages begin where most of the lines turn; `None` if none turns.
pub fn rises(lines: &[Line]) -> Option<bool> {
    let turning = lines.iter().filter(|line| !line.turns.is_empty());
    let begins = turning.clone().filter(|line| !line.begins_in_outage).count();
    let turning = turning.count();
    (turning > 0).then_some(2 * begins >= turning)
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Unanswered {
    /// It was interrupted.
    Interrupted,
    /// A scenario on the way cannot be: a message.
    Impossible(String),
}

/// The lines of all cells, in their order, each with its draws in theirs; on the threads of rayon's current pool.
/// `finished` hears of each.
///
/// # Errors
/// It was interrupted; or a value of the parameter does not fit to the rest of a scenario, the first of these.
pub fn lines(
    question: &Question,
    interrupted: &AtomicBool,
    finished: &(dyn Fn() + Sync),
) -> Result<Vec<Line>, Unanswered> {
    let portions = question.draws.div_ceil(TOGETHER);
    let keys: Vec<(u32, u32)> =
        (0..question.sweep.cells()).flat_map(|cell| (0..portions).map(move |portion| (cell, portion))).collect();
    let portion = |&(cell, portion): &(u32, u32)| {
        let mut workspace = Workspace::of(question.sweep.engine);
        let replicates = portion * TOGETHER..question.draws.min((portion + 1) * TOGETHER);
        replicates.map(|replicate| line(&mut workspace, question, cell, replicate, interrupted, finished)).collect()
    };
    let portions: Vec<Result<Vec<Line>, Unanswered>> = keys.par_iter().with_max_len(1).map(portion).collect();
    let lines: Result<Vec<Vec<Line>>, Unanswered> = portions.into_iter().collect();
    Ok(lines?.into_iter().flatten().collect())
}

fn line(
    workspace: &mut Workspace,
    question: &Question,
    cell: u32,
    replicate: u32,
    interrupted: &AtomicBool,
    finished: &(dyn Fn() + Sync),
) -> Result<Line, Unanswered> {
    let run = question.sweep.realization(cell, replicate);
    let mut asked = Asked { workspace, seed: run.seed, interrupted };
    let mut search = Search { asked: &mut asked, along: &question.along, scenario: &run.scenario };
    let named = |unanswered| match unanswered {
        Unanswered::Impossible(why) => Unanswered::Impossible(format!("cell {cell}, draw {replicate}: {why}")),
        interrupted => interrupted,
    };
    let (begins_in_outage, turns) = search.turns(question.probes).map_err(named)?;
    let mut line = Line { cell, replicate, drawn: run.drawn, begins_in_outage, turns, audit: None };
    let at =
        question.along.at(question.along.from, question.along.to, question.sweep.selection_number(cell, replicate));
    if question.sweep.engine != EngineKind::MeanField && line.is_far(&question.along, at) {
        line.audit = Some(Audit { at, outage: search.has_outage(at).map_err(named)? });
    }
    if interrupted.load(Ordering::Relaxed) {
        return Err(Unanswered::Interrupted);
    }
    finished();
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_margin_is_how_far_the_nearest_turn_is() {
        let toml = "name = \"t\"\n[[axis]]\nparameter = \"overlay.supernode_ratio\"\nlogarithmic = { from = 0.01, to = 0.04, points = 3 }\n";
        let mut sweep: Sweep = toml.parse().unwrap();
        let along = Along::take(&mut sweep, "overlay.supernode_ratio", None, None).unwrap();
        let line = |begins_in_outage, turns: &[f64]| Line {
            cell: 0,
            replicate: 0,
            drawn: Vec::new(),
            begins_in_outage,
            turns: turns.to_vec(),
            audit: None,
        };
        let margins = |line: &Line| [0.01, 0.02, 0.04].map(|x| (1e6 * line.margin(&along, x, false)).round() / 1e6);
        // The middle in the logarithm is 0.02.
        assert_eq!(margins(&line(true, &[0.02])), [0.5, 0.0, -0.5]);
        assert_eq!(margins(&line(false, &[0.02])), [-0.5, 0.0, 0.5].map(|x: f64| x));
        assert_eq!(margins(&line(true, &[])), [1.1, 0.6, 0.1]);
        assert_eq!(margins(&line(false, &[])), [-0.1, -0.6, -1.1]);
        let twice = line(true, &[0.01 * 2.0_f64.sqrt(), 0.04 / 2.0_f64.sqrt()]);
        assert_eq!(margins(&twice), [0.25, -0.25, 0.25]);
        assert_eq!(rises(&[line(true, &[]), line(false, &[])]), None);
        assert_eq!(rises(&[line(true, &[0.02]), line(true, &[0.03]), line(false, &[0.02])]), Some(false));
    }
}
