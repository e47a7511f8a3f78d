//! The runs of a cell: their seeds, and their scenarios with the uncertain inputs drawn.

use super::fit;
use super::types::{Realization, Sweep};
use crate::parameters::Parameter;
use crate::random::{Purpose, derive_seed, stream};

/// Sets the seeds of independent replicates apart from those of common random numbers.
const INDEPENDENT: u64 = 0x696E_6465_7065_6E64;

impl Sweep {
    /// The seed of a run. With common random numbers it is the same in every cell.
    pub fn run_seed(&self, cell: u32, replicate: u32) -> u64 {
        if self.replicates.common_random_numbers {
            derive_seed(self.seed, &[u64::from(replicate)])
        } else {
            derive_seed(self.seed, &[INDEPENDENT, u64::from(cell), u64::from(replicate)])
        }
    }

    /// One run of a cell, with its uncertain inputs drawn.
    ///
    /// Each uncertain input draws from its own stream, derived from the seed of the run and the name of the parameter:
    /// adding one never moves the draws of another, and with common random numbers replicate r of every cell shares
    /// them. A draw outside of the parameter's range, or one that together with what is already set makes an
    /// impossible scenario (a release after the horizon, say), is drawn again.
    pub fn realization(&self, cell: u32, replicate: u32) -> Realization {
        self.realize(cell, self.run_seed(cell, replicate))
    }

    /// A run of a cell with this seed, from which its uncertain inputs are drawn, too.
    pub(super) fn realize(&self, cell: u32, seed: u64) -> Realization {
        let mut scenario = self.cell_scenario(cell);
        let drawn = self
            .uncertain
            .iter()
            .map(|input| {
                if !input.factor && self.is_held(cell, input.parameter) {
                    return input.parameter.get(&scenario).as_f64().unwrap_or(f64::NAN);
                }
                let mut stream = stream(seed, Purpose::Uncertain(input.parameter.name));
                input.draw_into(&mut scenario, &mut stream, |s| fit::check(s, self.traces.as_ref()).is_ok())
            })
            .collect();
        Realization { scenario, seed, drawn }
    }

    /// Whether the cell's variant says what this parameter is, so that it is not drawn there.
    pub(super) fn is_held(&self, cell: u32, parameter: &Parameter) -> bool {
        self.axes.iter().zip(self.coordinates(cell)).any(|(axis, point)| axis.holds(point, parameter))
    }
}
