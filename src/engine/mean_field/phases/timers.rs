//! Phase 3: boots that finish. Attempts and requests that are due are taken where they are made, in phases 5 and 6.

use crate::engine::mean_field::solver::Running;
use crate::engine::mean_field::state::Numbers;

impl Running {
    /// Phase 3: machines that have booted start the client, or do not.
    pub(in crate::engine::mean_field) fn timers<const CELLS: usize>(&mut self, now: u32) {
        let state = &mut self.state;
        if state.boots.is_empty() {
            return;
        }
        let starts = self.settings.autostart;
        let Numbers { regions, cells, .. } = state.numbers::<CELLS>();
        let (fresh, absent) = (&mut self.scratch.fresh[..cells], &mut state.absent[..cells]);
        for region in 0..regions {
            let up = state.boots.take(now, region);
            for (half, cell) in (region..cells).step_by(regions).enumerate() {
                for (side, up) in up[half].into_iter().enumerate() {
                    fresh[cell][side] += up * starts;
                    absent[cell][side] += up * (1.0 - starts);
                    state.events += up;
                }
            }
        }
    }
}
