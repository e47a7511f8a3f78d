//! Phase 3: boots that finish. Attempts and requests that are due are taken where they are made, in phases 5 and 6.

use crate::engine::mean_field::solver::Running;

impl Running {
    /// Phase 3: machines that have booted start the client, or do not.
    pub(in crate::engine::mean_field) fn timers(&mut self, now: u32) {
        let state = &mut self.state;
        if state.boots.is_empty() {
            return;
        }
        let (starts, regions) = (self.settings.autostart, state.regions);
        for region in 0..regions {
            let up = state.boots.take(now, region);
            for (half, cell) in (region..state.cells()).step_by(regions).enumerate() {
                let (fresh, absent) = (&mut self.scratch.fresh[cell], &mut state.absent[cell]);
                for (side, up) in up[half].into_iter().enumerate() {
                    fresh[side] += up * starts;
                    absent[side] += up * (1.0 - starts);
                    state.events += up;
                }
            }
        }
    }
}
