//! The runs of a cell: their seeds, and their scenarios with the uncertain inputs drawn.

use super::draw::Allowed;
use super::fit;
use super::types::{Realization, Sampling, Sweep, Uncertain};
use crate::parameters::{Scenario, Value};
use crate::random::{Purpose, Stream, derive_seed, normal_tails, open_unit, scrambled_sobol, stream};
use crate::statistics::blocks::{BLOCKS, block_of};

/// Sets the seeds of independent replicates apart from those of common random numbers.
const INDEPENDENT: u64 = 0x696E_6465_7065_6E64;

/// Sets the scrambles of Sobol points apart from the seeds of runs.
const SOBOL: u64 = 0x0000_0073_6F62_6F6C;

/// Sets the seeds of runs that look for rare outages apart from those of the sweep.
const RARE: u64 = 0x7261_7265;

/// After this many draws in a row that do not fit, the nominal values are used. A sweep is refused when fewer than about
/// one in a thousand fits, so the probability to get here is below exp(−100).
const DRAWS_MAX: u32 = 100_000;

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
    /// them. With Sobol points the first number of an input is the coordinate of the replicate's point in the dimension of
    /// the input, by its place in the order of the names. A law is truncated to the range of its parameter. Inputs that have to fit to each other and to the rest of the
    /// scenario (a release before the horizon, say) are all drawn, and then tested together; if they do not fit, all of
    /// them are drawn again.
    pub fn realization(&self, cell: u32, replicate: u32) -> Realization {
        let seed = self.run_seed(cell, replicate);
        match self.replicates.sampling {
            Sampling::Random => self.realize(cell, seed, |_| None),
            Sampling::Sobol => self.realize(cell, seed, |input| Some(self.coordinate(cell, replicate, input))),
        }
    }

    /// The seed of the runs that look for rare outages of a cell: none of them is a run of the sweep.
    pub fn rare_seed(&self, cell: u32) -> u64 {
        derive_seed(self.seed, &[RARE, u64::from(cell)])
    }

    /// A run of a cell with this seed, whose uncertain inputs are those that standard normal numbers z stand for, one for
    /// each: u = Φ(z) is what an input is drawn with. If these inputs do not fit to each other, all of them are drawn
    /// again, from the seed; so with z by its law, and a fresh seed, a run has the law of every other run of the cell.
    pub fn at(&self, cell: u32, z: &[f64], seed: u64) -> Realization {
        self.realize(cell, seed, |input| z.get(input).copied().map(number_of))
    }

    /// The uncertain inputs that standard normal numbers z stand for, as in [`Sweep::at`]; NaN for all of them if they do not
    /// fit to each other.
    pub fn inputs_at(&self, cell: u32, z: &[f64]) -> Vec<f64> {
        let mut scenario = self.cell_scenario(cell);
        let mut draws = self.draws(cell, self.seed, &scenario, |input| z.get(input).copied().map(number_of));
        draws.iter_mut().for_each(|draw| draw.put(&mut scenario));
        let fits = draws.iter().all(|draw| !draw.must_fit) || fit::check(&scenario, self.traces.as_ref()).is_ok();
        if fits { self.inputs_of(&scenario) } else { vec![f64::NAN; self.uncertain.len()] }
    }

    /// A run of a cell with this seed, from which its uncertain inputs are drawn, but for those whose first number, in
    /// (0, 1), is given.
    pub(super) fn realize(&self, cell: u32, seed: u64, first: impl Fn(usize) -> Option<f64>) -> Realization {
        let mut scenario = self.cell_scenario(cell);
        let mut draws = self.draws(cell, seed, &scenario, first);
        draws.iter_mut().for_each(|draw| draw.put(&mut scenario));
        draws.retain(|draw| draw.must_fit);
        if !draws.is_empty() {
            let mut fits = |scenario: &Scenario| fit::check(scenario, self.traces.as_ref()).is_ok();
            draw_until(&mut draws, &mut scenario, &mut fits);
        }
        let drawn = self.inputs_of(&scenario);
        Realization { scenario, seed, drawn }
    }

    /// The inputs of a cell that are drawn for a run with this seed, of which nothing is drawn yet.
    fn draws(&self, cell: u32, seed: u64, scenario: &Scenario, first: impl Fn(usize) -> Option<f64>) -> Vec<Draw<'_>> {
        let inputs = self.uncertain.iter().enumerate().filter(|(_, input)| self.is_drawn(cell, input));
        inputs
            .map(|(index, input)| {
                let stream = stream(seed, Purpose::Uncertain(input.parameter.name()));
                Draw::new(input, scenario, stream).beginning_with(first(index))
            })
            .collect()
    }

    /// The values of the uncertain inputs in a scenario; NaN for what is no number.
    fn inputs_of(&self, scenario: &Scenario) -> Vec<f64> {
        let used = |input: &Uncertain| input.parameter.get(scenario).and_then(|value| value.as_f64());
        self.uncertain.iter().map(|input| used(input).unwrap_or(f64::NAN)).collect()
    }

    /// A number that runs have in common whose draws belong together, and no others: replicates with common random numbers,
    /// and Sobol points of one block.
    pub fn cluster(&self, cell: u32, replicate: u32) -> u64 {
        let draws = match self.replicates.sampling {
            Sampling::Random => replicate,
            Sampling::Sobol => block_of(replicate),
        };
        u64::from(draws) + if self.replicates.common_random_numbers { 0 } else { u64::from(cell) << 32 }
    }

    /// A number, uniform in (0, 1), that decides whether a run is made where not all of them are. It has nothing to do with
    /// the run itself.
    pub fn selection_number(&self, cell: u32, replicate: u32) -> f64 {
        open_unit(&mut stream(derive_seed(self.seed, &[cell.into(), replicate.into()]), Purpose::Selection))
    }

    /// The coordinate of a replicate's Sobol point in the dimension of an input. Blocks have scrambles of their own, and so
    /// have cells without common random numbers.
    fn coordinate(&self, cell: u32, replicate: u32, input: usize) -> f64 {
        let cell = if self.replicates.common_random_numbers { u64::MAX } else { u64::from(cell) };
        let scramble = derive_seed(self.seed, &[SOBOL, cell, block_of(replicate).into(), input as u64]);
        scrambled_sobol(replicate / BLOCKS, input as u32, scramble)
    }

    /// Whether an input is drawn in this cell: a variant that says what it is leaves a factor alone to be drawn.
    pub(super) fn is_drawn(&self, cell: u32, input: &Uncertain) -> bool {
        let mut points = self.axes.iter().zip(self.coordinates(cell));
        input.factor || !points.any(|(axis, point)| axis.holds(point, &input.parameter))
    }
}

/// The number in (0, 1) that a standard normal one stands for.
fn number_of(z: f64) -> f64 {
    normal_tails(z).lower.clamp(f64::MIN_POSITIVE, 1.0 - 0.5 * f64::EPSILON)
}

/// An input as it is drawn in one run.
pub(super) struct Draw<'a> {
    input: &'a Uncertain,
    allowed: Allowed<'a>,
    /// The number of the first draw, if it is not from the stream.
    first: Option<f64>,
    stream: Stream,
    /// What the scenario says without it.
    before: Option<Value>,
    /// Whether its value has to fit to others.
    must_fit: bool,
}

impl<'a> Draw<'a> {
    /// An input of a scenario that nothing is drawn for yet.
    pub(super) fn new(input: &'a Uncertain, scenario: &Scenario, stream: Stream) -> Draw<'a> {
        let before = input.parameter.get(scenario);
        let allowed = input.allowed(before.as_ref().and_then(Value::as_f64).unwrap_or(f64::NAN));
        Draw { input, allowed, first: None, stream, before, must_fit: fit::must_fit(&input.parameter, scenario) }
    }

    /// The same, with this number for the first draw.
    fn beginning_with(self, first: Option<f64>) -> Draw<'a> {
        Draw { first, ..self }
    }

    /// Draws, and puts the value into the scenario.
    pub(super) fn put(&mut self, scenario: &mut Scenario) {
        let number = self.first.take().unwrap_or_else(|| open_unit(&mut self.stream));
        let value = self.allowed.value(number);
        self.input.parameter.put(scenario, &value);
    }
}

/// Draws all of these again until they fit.
fn draw_until(draws: &mut [Draw], scenario: &mut Scenario, fits: &mut impl FnMut(&Scenario) -> bool) {
    for _ in 0..DRAWS_MAX {
        if fits(scenario) {
            return;
        }
        draws.iter_mut().for_each(|draw| draw.put(scenario));
    }
    for draw in draws {
        draw.before.iter().for_each(|before| draw.input.parameter.put(scenario, before));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_are_the_quantiles_that_their_numbers_stand_for() {
        let toml = "name = \"t\"\n[uncertain]\n\
                    login.capacity_per_s_per_million = { lognormal = { median = 150.0, sigma = 0.2 } }\n\
                    updates.patched_fraction = { uniform = { from = 0.2, to = 0.8 } }\n";
        let sweep = Sweep::parse(toml, "t.toml", &[]).unwrap();
        let run = sweep.at(0, &[-3.0, 1.0], 5);
        assert_eq!(run.seed, 5);
        assert!((run.drawn[0] / (150.0 * libm::exp(-0.6)) - 1.0).abs() < 1e-12, "{:?}", run.drawn);
        assert!((run.drawn[1] - (0.2 + 0.6 * normal_tails(1.0).lower)).abs() < 1e-12, "{:?}", run.drawn);
        assert_eq!(run.scenario.updates.patched_fraction, run.drawn[1]);
        assert!(sweep.at(0, &[40.0, -40.0], 5).drawn.iter().all(|x| x.is_finite()), "however far out");
    }

    #[test]
    fn inputs_that_do_not_fit_are_drawn_again_from_the_seed() {
        let toml = "name = \"t\"\n[uncertain]\n\
                    retry.base_s = { uniform = { from = 1.0, to = 500.0 } }\n\
                    retry.cap_s = { uniform = { from = 1.0, to = 500.0 } }\n";
        let sweep = Sweep::parse(toml, "t.toml", &[]).unwrap();
        // A base far above its cap.
        let runs: Vec<Realization> = (0..20).map(|seed| sweep.at(0, &[2.0, -2.0], seed)).collect();
        assert!(runs.iter().all(|run| run.drawn[0] <= run.drawn[1]));
        assert!(runs.windows(2).all(|pair| pair[0].drawn != pair[1].drawn));
        assert_eq!(sweep.at(0, &[2.0, -2.0], 7).drawn, runs[7].drawn);
        // Where outages are is told for what fits alone.
        assert!(sweep.inputs_at(0, &[2.0, -2.0]).iter().all(|x| x.is_nan()));
        assert_eq!(sweep.inputs_at(0, &[-2.0, 2.0]), sweep.at(0, &[-2.0, 2.0], 7).drawn);
    }
}
