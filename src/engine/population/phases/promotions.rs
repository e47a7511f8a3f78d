//! Phase 9: self-healing.

use crate::engine::laws::overlay::promotion_probability;
use crate::engine::population::clients::State;
use crate::engine::population::simulator::Simulator;
use crate::random::binomial;

impl Simulator {
    /// Phase 9: eligible clients that are online become super nodes where there are too few.
    pub(crate) fn promotions(&mut self) {
        let (overlay, census) = (&mut self.network.overlay, &mut self.network.census);
        let candidates = overlay.eligible() + self.network.renewals.eligible();
        let members = census.demand() - census.count(State::Booting);
        let probability = promotion_probability(
            &self.scenario.overlay,
            members.into(),
            overlay.live().into(),
            candidates.into(),
            self.settings.healing_probability,
        );
        if probability <= 0.0 {
            return;
        }
        // Each of those that renew is a candidate like any other.
        let renewing = self.network.renewals.eligible();
        let wanted = binomial(&mut self.streams.promotion, candidates - renewing, probability);
        let promoted = overlay.promote(wanted, &mut self.streams.promotion);
        census.transfer(State::Online, State::SuperNode, promoted);
        if renewing > 0 {
            let wanted = binomial(&mut self.streams.promotion, renewing, probability);
            self.promote_renewing(wanted);
        }
    }
}
