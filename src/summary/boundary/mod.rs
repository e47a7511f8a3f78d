//! Where the outcome turns along a parameter, in the limit or run by run, and so the outage probability as a function of
//! it: what the draws of the uncertain inputs say together.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `levels` | where the outage probability reaches a level, in each cell |
//! | `table` | tables of the levels, and of the draws |
//! | `words` | the levels for people |

mod levels;
mod table;
mod words;

use crate::boundary::{Line, Question};
use crate::engine::EngineKind;
use crate::sweep::{Sampling, Sweep};
use levels::{CellLevels, levels};
pub(super) use levels::{Level, odd, reached};

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
    /// By cell, and by replicate within each.
    lines: Vec<Line>,
    cells: Vec<CellLevels>,
}

impl Boundary {
    /// What the lines that answer a question say together, those of a cell one after another.
    pub fn of(question: Question, lines: Vec<Line>) -> Boundary {
        let confidence = independent(&question.sweep).then_some(question.sweep.replicates.confidence);
        let cells = lines.chunk_by(|a, b| a.cell == b.cell).map(|of_cell| levels(of_cell, confidence)).collect();
        Boundary { question, lines, cells }
    }
}
