//! Drawing by inversion: what is allowed of the law of an uncertain input, and the value that a number of (0, 1) stands
//! for.
//!
//! A value is the quantile of the law that is truncated to the range of the parameter. So it rises with the number that it
//! is made of, also where cells truncate differently: with common random numbers a replicate that has a high value in one
//! cell has a high one in all.

mod law;

use super::columns;
use super::types::{Distribution, Sweep, Uncertain};
use crate::parameters::{Domain, Value};
use crate::random::Tails;

/// What is allowed of the law of an uncertain input.
pub(super) struct Allowed<'a> {
    input: &'a Uncertain,
    /// What a factor multiplies.
    nominal: f64,
    part: Part,
}

/// A part of a law.
enum Part {
    /// Of a law with a density: between these two values.
    Between(Distribution, Tails, Tails),
    /// Single values, in their order, with their weights; and the weight of all values of the law.
    Values(Vec<(f64, f64)>, f64),
}

impl Uncertain {
    /// The name of its Parquet column: the parameter's, or `<parameter>_drawn` where an axis has that name.
    pub fn column(&self, sweep: &Sweep) -> String {
        let swept = sweep.axes.iter().any(|axis| axis.parameter() == Some(&self.parameter));
        if swept { columns::of_draws(self.parameter.name()) } else { self.parameter.name().to_owned() }
    }

    /// What is allowed of its law in a scenario; `nominal` is what a factor multiplies.
    pub(super) fn allowed(&self, nominal: f64) -> Allowed<'_> {
        let values = |pairs: Vec<(f64, f64)>| {
            let all = pairs.iter().map(|(_, weight)| weight).sum();
            let mut left: Vec<(f64, f64)> =
                pairs.into_iter().filter(|&(x, weight)| weight > 0.0 && self.is_allowed(nominal, x)).collect();
            left.sort_by(|(x, _), (y, _)| x.total_cmp(y));
            Part::Values(left, all)
        };
        let part = match (&self.distribution, self.distribution.centre()) {
            (_, Some(centre)) => values(vec![(centre, 1.0)]),
            (Distribution::Discrete { values: all, weights }, _) => {
                values(all.iter().copied().zip(weights.iter().copied()).collect())
            }
            (law, _) => {
                let law = self.rounded(law);
                let (low, high) = self.range(nominal).map_or((Tails::NONE, Tails::NONE), |(low, high)| {
                    // No law has a value at infinity.
                    (law.tails(low), if high == f64::INFINITY { Tails::ALL } else { law.tails(high) })
                });
                Part::Between(law, low, high)
            }
        };
        Allowed { input: self, nominal, part }
    }

    /// The law before it is rounded: a uniform one on whole numbers gives each from its one end to the other the same
    /// share.
    fn rounded(&self, law: &Distribution) -> Distribution {
        match (law, self.parameter.domain()) {
            (Distribution::Uniform { from, to }, Domain::Integer(..)) if !self.factor => {
                Distribution::Uniform { from: from - 0.5, to: to + 0.5 }
            }
            (law, _) => law.clone(),
        }
    }

    /// The draws that make an allowed value, as an interval; `None` if no draw does.
    fn range(&self, nominal: f64) -> Option<(f64, f64)> {
        let (low, high, infinity_allowed) = match self.parameter.domain() {
            Domain::Number(range) => (range.low, range.high, range.infinity_allowed),
            Domain::Integer(low, high) => (low as f64 - 0.5, high as f64 + 0.5, false),
            Domain::Boolean | Domain::Choice(_) | Domain::Regions => return None,
        };
        if !self.factor {
            Some((low, high))
        } else if nominal == 0.0 {
            // The product is 0, whatever is drawn.
            self.is_allowed(nominal, 1.0).then_some((f64::NEG_INFINITY, f64::INFINITY))
        } else if nominal == f64::INFINITY {
            infinity_allowed.then_some((0.0, f64::INFINITY))
        } else if nominal > 0.0 {
            Some((low / nominal, high / nominal))
        } else {
            None
        }
    }

    /// Whether a draw makes an allowed value.
    fn is_allowed(&self, nominal: f64, draw: f64) -> bool {
        let x = if self.factor { nominal * draw } else { draw };
        // An unlimited capacity times a factor stays unlimited.
        let meant = x.is_finite() || (self.factor && nominal.is_infinite());
        meant && self.parameter.domain().value_from_f64(x).is_some()
    }

    /// The allowed value that is next to what a draw makes: they differ by rounding alone.
    fn value(&self, nominal: f64, draw: f64) -> Value {
        let x = if self.factor { nominal * draw } else { draw };
        match self.parameter.domain() {
            Domain::Number(_) if self.factor && nominal == f64::INFINITY => Value::Number(f64::INFINITY),
            Domain::Number(range) => {
                let lowest = if range.low_allowed { range.low } else { range.low.next_up() };
                let highest = if range.high_excluded { range.high.next_down() } else { range.high };
                Value::Number(x.max(lowest).min(highest).min(f64::MAX))
            }
            Domain::Integer(low, high) => Value::Integer((libm::round(x) as u64).clamp(low, high)),
            Domain::Boolean | Domain::Choice(_) | Domain::Regions => Value::Number(x),
        }
    }
}

impl Allowed<'_> {
    /// The probability that a draw of the whole law is allowed.
    pub(super) fn share(&self) -> f64 {
        match &self.part {
            Part::Between(_, low, high) => low.mass_to(*high),
            Part::Values(values, all) => values.iter().map(|(_, weight)| weight).sum::<f64>() / all,
        }
    }

    /// The value that a number of (0, 1) stands for.
    pub(super) fn value(&self, u: f64) -> Value {
        let draw = match &self.part {
            Part::Between(law, low, high) => law.quantile(low.between(*high, u)),
            Part::Values(values, _) => chosen(values, u),
        };
        self.input.value(self.nominal, draw)
    }
}

/// The value at which the weights so far exceed the share `u` of all.
fn chosen(values: &[(f64, f64)], u: f64) -> f64 {
    let mut left = u * values.iter().map(|(_, weight)| weight).sum::<f64>();
    for &(value, weight) in values {
        if left < weight {
            return value;
        }
        left -= weight;
    }
    values.last().map_or(f64::NAN, |&(value, _)| value)
}
