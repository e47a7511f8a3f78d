//! Drawing: the laws of the uncertain inputs, and how a value that is allowed is drawn.

use rand::RngExt;

use super::columns;
use super::types::{Distribution, Sweep, Uncertain};
use crate::parameters::{Domain, Scenario, Value};
use crate::random::{Stream, beta, standard_normal};

/// After this many draws in a row that are not allowed, the nominal value is used. A sweep is refused when fewer than
/// about one draw in a thousand is allowed, so the probability to get here is below exp(−100).
const DRAWS_MAX: u32 = 100_000;

impl Distribution {
    /// Draws from the law. Besides `libm`, it calls no elementary function but the root of the triangular law.
    pub fn draw(&self, stream: &mut Stream) -> f64 {
        match self {
            Distribution::Uniform { from, to } => from + (to - from) * stream.random::<f64>(),
            Distribution::Normal { mean, sd } => mean + sd * standard_normal(stream),
            Distribution::Lognormal { median, sigma } => median * libm::exp(sigma * standard_normal(stream)),
            Distribution::Beta { mean, sd } => {
                // Method of moments: mean = a/(a+b), variance = mean (1 − mean)/(a + b + 1).
                let sum = mean * (1.0 - mean) / (sd * sd) - 1.0;
                beta(stream, mean * sum, (1.0 - mean) * sum)
            }
            Distribution::Triangular { from, mode, to } => {
                rand_distr::Triangular::new(*from, *to, *mode).map_or(f64::NAN, |law| stream.sample(law))
            }
            Distribution::Discrete { values, weights } => {
                let mut left = stream.random::<f64>() * weights.iter().sum::<f64>();
                let mut last = f64::NAN;
                for (&value, &weight) in values.iter().zip(weights).filter(|&(_, &weight)| weight > 0.0) {
                    last = value;
                    if left < weight {
                        break;
                    }
                    left -= weight;
                }
                last
            }
        }
    }
}

impl Uncertain {
    /// The name of its Parquet column: the parameter's, or `<parameter>_drawn` where an axis has that name.
    pub fn column(&self, sweep: &Sweep) -> String {
        let swept = sweep.axes.iter().any(|axis| axis.parameter() == Some(self.parameter));
        if swept { columns::of_draws(self.parameter.name) } else { self.parameter.name.to_owned() }
    }

    /// Draws from the law. On a parameter of whole numbers a uniform law is one over the whole numbers from its one end
    /// to the other, both included: rounding a real number would give the ends half of their share.
    pub(super) fn draw(&self, stream: &mut Stream) -> f64 {
        match (&self.distribution, self.parameter.domain) {
            (Distribution::Uniform { from, to }, Domain::Integer(..)) if !self.factor => {
                (from + libm::floor((to - from + 1.0) * stream.random::<f64>())).min(*to)
            }
            (law, _) => law.draw(stream),
        }
    }

    /// The parameter's value for one draw, if it is in the parameter's range; `nominal` is what a factor multiplies.
    pub(super) fn value(&self, nominal: f64, draw: f64) -> Option<Value> {
        let x = if self.factor { nominal * draw } else { draw };
        // A law's own overflow is no value, but an unlimited capacity times a factor stays unlimited.
        let meant = draw.is_finite() && (x.is_finite() || (self.factor && nominal.is_infinite()));
        if meant { self.parameter.domain.value_from_f64(x) } else { None }
    }

    /// Draws until the value is in the parameter's range and `fits` accepts the scenario, sets it there and returns it.
    pub(super) fn draw_into(
        &self,
        scenario: &mut Scenario,
        stream: &mut Stream,
        fits: impl Fn(&Scenario) -> bool,
    ) -> f64 {
        let before = self.parameter.get(scenario);
        let nominal = before.as_f64().unwrap_or(f64::NAN);
        for _ in 0..DRAWS_MAX {
            let Some(value) = self.value(nominal, self.draw(stream)) else { continue };
            self.parameter.put(scenario, &value);
            if !self.parameter.interdependent || fits(scenario) {
                return value.as_f64().unwrap_or(f64::NAN);
            }
            self.parameter.put(scenario, &before);
        }
        nominal
    }
}
