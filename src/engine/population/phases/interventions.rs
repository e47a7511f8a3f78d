//! Before the phases: interventions.

use crate::engine::population::simulator::Simulator;

impl Simulator {
    /// From the start of the tick on, interventions hold.
    pub(crate) fn interventions(&mut self, now: u32) {
        let due = self.interventions.partition_point(|&(tick, _)| tick <= now);
        if due == 0 {
            return;
        }
        for (_, intervention) in self.interventions.drain(..due) {
            for (parameter, value) in &intervention.settings {
                // Checked together with the scenario.
                let set = parameter.set(&mut self.scenario, value);
                debug_assert!(set.is_ok());
            }
        }
        self.apply_parameters();
    }
}
