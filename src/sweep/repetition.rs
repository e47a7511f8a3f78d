//! A run once more, with something changed: runs that are no rows of the sweep, to be compared with one that is.

use super::fit;
use super::types::{Realization, Sweep};
use crate::random::derive_seed;

/// Sets the seeds of runs that are made once more apart from those of the sweep.
const REPEATED: u64 = 0x7265_7065_6174_6564;
/// Sets the draws of an input that is drawn once more apart from those of the sweep.
const REDRAWN: u64 = 0x0072_6564_7261_776E;

impl Sweep {
    /// A run with the inputs of a run of the sweep, and a seed of its own: what differs is chance. With common random
    /// numbers that seed is the same in every cell, too.
    pub fn repeated(&self, cell: u32, replicate: u32) -> Realization {
        self.with_seed(cell, replicate, 0)
    }

    fn with_seed(&self, cell: u32, replicate: u32, number: u64) -> Realization {
        let original = self.realization(cell, replicate);
        Realization { seed: derive_seed(original.seed, &[REPEATED, number]), ..original }
    }

    /// The same, with another draw of one of the uncertain inputs, by its index, and another seed again. `None` where
    /// the input is not drawn in this cell, or its other draw and the rest do not make a scenario together.
    pub fn redrawn(&self, cell: u32, replicate: u32, input: usize) -> Option<Realization> {
        let uncertain = self.uncertain.get(input)?;
        if !self.is_drawn(cell, uncertain) {
            return None;
        }
        let number = input as u64 + 1;
        let mut run = self.with_seed(cell, replicate, number);
        let other = self.realize(cell, derive_seed(self.run_seed(cell, replicate), &[REDRAWN, number]), |_| None);
        uncertain.parameter.put(&mut run.scenario, &uncertain.parameter.get(&other.scenario)?);
        *run.drawn.get_mut(input)? = *other.drawn.get(input)?;
        fit::check(&run.scenario, self.traces.as_ref()).is_ok().then_some(run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::Value;

    fn sweep() -> Sweep {
        let toml = "name = \"t\"\n[[axis]]\nname = \"server\"\nvariants = [ { label = \"as it is\" }, \
                    { label = \"known\", login.capacity_per_s_per_million = 200.0 } ]\n[uncertain]\n\
                    login.capacity_per_s_per_million = { lognormal = { median = 150.0, sigma = 0.2 } }\n\
                    updates.burst_width_s = { factor = { lognormal = { median = 1.0, sigma = 0.4 } } }\n";
        Sweep::parse(toml, "t.toml", &[]).unwrap()
    }

    #[test]
    fn a_repeated_run_differs_in_its_seed_alone() {
        let sweep = sweep();
        for (cell, replicate) in [(0, 0), (0, 7), (1, 3)] {
            let (original, again) = (sweep.realization(cell, replicate), sweep.repeated(cell, replicate));
            assert_eq!((&original.scenario, &original.drawn), (&again.scenario, &again.drawn));
            assert_ne!(original.seed, again.seed);
        }
        assert_eq!(sweep.repeated(0, 5).seed, sweep.repeated(1, 5).seed, "common random numbers");
    }

    #[test]
    fn a_redrawn_input_is_the_only_one_that_differs_and_one_that_is_held_is_not_redrawn() {
        let sweep = sweep();
        for replicate in 0..20 {
            let original = sweep.realization(0, replicate);
            let runs: Vec<Realization> = (0..2).map(|input| sweep.redrawn(0, replicate, input).unwrap()).collect();
            for (input, run) in runs.iter().enumerate() {
                assert!(run.drawn[input] != original.drawn[input] && run.drawn[1 - input] == original.drawn[1 - input]);
                let parameter = &sweep.uncertain[input].parameter;
                assert_eq!(parameter.get(&run.scenario), Some(Value::Number(run.drawn[input])));
                let mut same = run.scenario.clone();
                parameter.put(&mut same, &parameter.get(&original.scenario).unwrap());
                assert_eq!(same, original.scenario);
            }
            let again = sweep.repeated(0, replicate);
            let mut seeds = [original.seed, again.seed, runs[0].seed, runs[1].seed];
            seeds.sort_unstable();
            assert!(seeds.windows(2).all(|pair| pair[0] != pair[1]));
        }
        let held = sweep.uncertain.iter().position(|input| !input.factor).unwrap();
        assert!(sweep.redrawn(1, 0, held).is_none() && sweep.redrawn(1, 0, 1 - held).is_some());
        assert!(sweep.redrawn(0, 0, 2).is_none(), "there is no such input");
    }

    #[test]
    fn a_draw_that_does_not_fit_the_rest_is_none() {
        let toml = "name = \"t\"\n[uncertain]\n\
                    retry.base_s = { uniform = { from = 1.0, to = 500.0 } }\n\
                    retry.cap_s = { uniform = { from = 1.0, to = 500.0 } }\n";
        let sweep = Sweep::parse(toml, "t.toml", &[]).unwrap();
        let redrawn: Vec<Option<Realization>> = (0..40).map(|replicate| sweep.redrawn(0, replicate, 0)).collect();
        assert!(redrawn.iter().any(Option::is_none) && redrawn.iter().any(Option::is_some));
        for run in redrawn.into_iter().flatten() {
            assert!(run.scenario.retry.base_s <= run.scenario.retry.cap_s);
        }
    }
}
