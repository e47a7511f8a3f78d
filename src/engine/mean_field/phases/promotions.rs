//! Phase 9: self-healing.

use crate::engine::laws::overlay::promotion_probability;
use crate::engine::mean_field::solver::Running;
use crate::engine::observation::Sizes;

impl Running {
    /// Phase 9: eligible clients that are online become super nodes where there are too few.
    pub(in crate::engine::mean_field) fn promotions(&mut self, sizes: &Sizes) {
        self.scratch.promoted = 0.0;
        let state = &mut self.state;
        let candidates = state.online.iter().map(|pair| pair[1]).sum();
        let (members, live) = (sizes.demand - sizes.booting, sizes.supernodes);
        let healing = self.settings.healing_probability;
        let probability = promotion_probability(&self.scenario.overlay, members, live, candidates, healing);
        if probability <= 0.0 {
            return;
        }
        let probability = self.chance.share(candidates, probability);
        let in_all = 2 * state.regions;
        let mut promoted = [0.0; 2];
        for (child, online) in state.online.iter_mut().enumerate() {
            let (cell, mass) = (child % in_all, online[1] * probability);
            online[1] -= mass;
            state.owners[cell] += mass;
            promoted[usize::from(cell >= state.regions)] += mass;
        }
        for (supernodes, mass) in state.supernodes.iter_mut().zip(promoted) {
            supernodes.add(0, mass);
        }
        self.scratch.promoted = promoted[0] + promoted[1];
    }
}
