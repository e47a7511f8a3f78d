//! What a run depends on: which runs two sweeps have in common.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::types::{Realization, Sweep};

impl Sweep {
    /// A run of a cell, if it is to the bit that replicate of a cell of another sweep.
    ///
    /// A run depends on its engine, on its scenario, with the axes and the uncertain inputs applied, and on its seed. So
    /// these are compared, and not what they come from: axes in another order, a variant that became an axis, a range in place of
    /// a list are the same run.
    pub fn common_run(&self, cell: u32, other: &Sweep, cell_of_other: u32, replicate: u32) -> Option<Realization> {
        // Whoever adds something to a sweep decides here whether runs depend on it otherwise.
        let Sweep {
            name: _,
            question: _,
            seed: _,
            scenario: _,
            axes: _,
            sampled: _,
            uncertain: _,
            replicates: _,
            traces: _,
            refine: _,
            compare: _,
            rare: _,
            engine,
            notes: _,
            canonical: _,
            hash: _,
        } = self;
        let (own, others) = (self.realization(cell, replicate), other.realization(cell_of_other, replicate));
        (*engine == other.engine && own.seed == others.seed && own.scenario == others.scenario).then_some(own)
    }

    /// A number that cells have in common whose scenarios are the same before anything is drawn, and hardly any others.
    pub fn fingerprint(&self, cell: u32) -> u64 {
        let mut hasher = DefaultHasher::new();
        format!("{:?}", self.cell_scenario(cell)).hash(&mut hasher);
        hasher.finish()
    }
}
