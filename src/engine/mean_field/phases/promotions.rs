//! Phase 9: self-healing.

use crate::engine::laws::overlay::promotion_probability;
use crate::engine::mean_field::solver::Running;
use crate::engine::observation::Sizes;

impl Running {
    /// Phase 9: eligible clients that are online become super nodes where there are too few.
    pub(in crate::engine::mean_field) fn promotions<const CELLS: usize>(&mut self, sizes: &Sizes) {
        self.scratch.promoted = 0.0;
        let state = &mut self.state;
        let numbers = state.numbers::<CELLS>();
        let renewing = |child| state.renewing(child)[1];
        let candidates =
            state.online[..numbers.child_cells].iter().enumerate().map(|(child, pair)| pair[1] + renewing(child)).sum();
        let (members, live) = (sizes.demand - sizes.booting, sizes.supernodes);
        let healing = self.settings.healing_probability;
        let probability = promotion_probability(&self.scenario.overlay, members, live, candidates, healing);
        if probability <= 0.0 {
            return;
        }
        let probability = self.chance.share(candidates, probability);
        let mut promoted = [0.0; 2];
        for child in 0..numbers.child_cells {
            // A promotion ends a renewal.
            let renewing = state.renewing(child)[1] * probability;
            let (cell, online) = (child % numbers.of_kind(), state.online[child][1] * probability);
            state.online[child][1] -= online;
            let mass = online + renewing;
            state.owners[cell] += mass;
            promoted[usize::from(cell >= numbers.regions)] += mass;
        }
        state.renewals.iter_mut().for_each(|renewals| renewals.promote(probability));
        for (supernodes, mass) in state.supernodes.iter_mut().zip(promoted) {
            supernodes.add(0, mass);
        }
        self.scratch.promoted = promoted[0] + promoted[1];
    }
}
