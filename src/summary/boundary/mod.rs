//! Where the outcome turns along a parameter, in the limit or run by run, and so the outage probability as a function of
//! it: what the draws of the uncertain inputs say together.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `levels` | where the outage probability reaches a level, in each cell |
//! | `kept` | what is kept of it in the folder of a sweep |
//! | `table` | tables of the levels, and of the draws |
//! | `words` | the levels for people |

mod kept;
mod levels;
mod table;
mod words;

use crate::boundary::{Line, Question};
use crate::engine::EngineKind;
use crate::sweep::{Sampling, Sweep};
pub use kept::Kept;
pub(super) use levels::Level;
use levels::{CellLevels, levels};

/// The levels of the outage probability, %, if none is asked for.
const LEVELS: [u32; 5] = [5, 25, 50, 75, 95];

/// Whether the draws of a cell are independent, as the intervals want them: Sobol points are not.
fn independent(sweep: &Sweep) -> bool {
    sweep.replicates.sampling == Sampling::Random
}

/// Whether the limit was asked, in which nothing but the draws is random, and not runs of clients.
fn is_limit(sweep: &Sweep) -> bool {
    sweep.engine == EngineKind::MeanField
}

/// The answer to a question after the boundary.
pub struct Boundary {
    question: Question,
    /// The level that is asked for, %; else there are some.
    level: Option<u32>,
    /// By cell, and by replicate within each.
    lines: Vec<Line>,
    cells: Vec<CellLevels>,
}

impl Boundary {
    /// What the lines that answer a question say together, those of a cell one after another: where the outage probability
    /// reaches a level, %, or some levels.
    pub fn of(question: Question, lines: Vec<Line>, level: Option<u32>) -> Boundary {
        let confidence = independent(&question.sweep).then_some(question.sweep.replicates.confidence);
        let percents = level.map_or_else(|| LEVELS.to_vec(), |percent| vec![percent]);
        let of_cells = lines.chunk_by(|a, b| a.cell == b.cell);
        let cells = of_cells.map(|of_cell| levels(of_cell, &percents, confidence)).collect();
        Boundary { question, level, lines, cells }
    }

    /// How many draws each cell has.
    pub(super) fn draws(&self) -> u32 {
        self.question.draws
    }

    /// How many of all draws turn more than once, or the other way than most.
    pub(super) fn odd(&self) -> u32 {
        self.cells.iter().map(|cell| cell.odd).sum()
    }

    /// For each cell its points on the other axes, and its levels.
    pub(super) fn cells(&self) -> impl Iterator<Item = (Vec<usize>, &[Level])> {
        self.cells.iter().map(|cell| (self.question.sweep.coordinates(cell.cell), &*cell.levels))
    }
}
