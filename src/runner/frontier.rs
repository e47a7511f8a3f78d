//! Which cells of a refined sweep are wanted: round after round, between cells that are not surely on the same side.
//!
//! A round begins when all cells of the one before are decided, whoever decided them. What it wants is a function of what
//! these said, so it is the same for any number of threads, shards and interruptions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::statistics::blocks::Counts;
use crate::statistics::plan::Plan;
use crate::sweep::{Between, Refinement};

/// How far the refinement of a sweep has come.
pub(super) struct Frontier {
    refinement: Refinement,
    plan: Arc<Plan>,
    round: u32,
    /// The cells of all rounds so far.
    wanted: BTreeSet<u32>,
    /// Those of this round that are not decided.
    open: BTreeSet<u32>,
    /// The outages of the cells that are decided.
    decided: BTreeMap<u32, Counts>,
}

impl Frontier {
    /// Round 0, or the first one of which not everything is known.
    pub(super) fn new(refinement: Refinement, plan: Arc<Plan>, decided: BTreeMap<u32, Counts>) -> Frontier {
        let wanted: BTreeSet<u32> = refinement.first_cells().into_iter().collect();
        let open = wanted.iter().filter(|cell| !decided.contains_key(cell)).copied().collect();
        let mut frontier = Frontier { refinement, plan, round: 0, wanted, open, decided };
        frontier.advance();
        frontier
    }

    /// The cells that are wanted and not decided, in order.
    pub(super) fn open(&self) -> impl Iterator<Item = u32> + '_ {
        self.open.iter().copied()
    }

    /// Cells that are wanted so far, and those of them that are decided.
    pub(super) fn cells(&self) -> (u32, u32) {
        let wanted = self.wanted.len() as u32;
        (wanted, wanted - self.open.len() as u32)
    }

    /// The runs of a cell, 0 if it is not wanted.
    pub(super) fn runs(&self, cell: u32) -> u32 {
        self.decided.get(&cell).filter(|_| self.wanted.contains(&cell)).map_or(0, |decided| decided.runs)
    }

    /// Whether every cell of every round is decided.
    pub(super) fn is_finished(&self) -> bool {
        self.open.is_empty() && self.round == self.refinement.rounds()
    }

    /// Notes what a cell says.
    pub(super) fn decide(&mut self, cell: u32, decided: Counts) {
        self.decided.insert(cell, decided);
        self.open.remove(&cell);
    }

    /// Goes on to the next round that has cells to decide, if this one has none left. Returns whether there is one.
    pub(super) fn advance(&mut self) -> bool {
        while self.open.is_empty() && self.round < self.refinement.rounds() {
            self.round += 1;
            for Between { cell, neighbours } in self.refinement.between(self.round) {
                if self.is_crossed_between(neighbours) {
                    self.wanted.insert(cell);
                    if !self.decided.contains_key(&cell) {
                        self.open.insert(cell);
                    }
                }
            }
        }
        !self.open.is_empty()
    }

    /// Whether two cells are there that are not surely on the same side of the level.
    fn is_crossed_between(&self, neighbours: [u32; 2]) -> bool {
        let side = |cell: u32| {
            let outages = *self.decided.get(&cell).filter(|_| self.wanted.contains(&cell))?;
            Some(self.plan.conclusion(outages).interval.side_of(self.refinement.level()))
        };
        match neighbours.map(side) {
            [Some(a), Some(b)] => a.is_none() || a != b,
            _ => false,
        }
    }
}
