//! The parameter that is varied.

use crate::engine::EngineKind;
use crate::parameters::{Domain, Parameter, Quantity, Scenario, Value};
use crate::sweep::{AxisPoints, Sweep};

/// What values are told apart by, if nothing else is said: see [`Along::resolution`].
const RESOLUTION: f64 = 1e-6;

/// A parameter, or a number of a named event, and the values between which it is varied.
#[derive(Debug, Clone)]
pub struct Along {
    /// What is varied.
    pub quantity: Quantity,
    /// The lower end.
    pub from: f64,
    /// The upper end, > `from`.
    pub to: f64,
    /// Values that differ by less than this share of the way from the one end to the other are not told apart; > 0.
    pub resolution: f64,
    /// Whether equal ratios are equal steps.
    logarithmic: bool,
    /// The engine that is asked.
    engine: EngineKind,
}

impl Along {
    /// What is called so in a sweep, between these ends; by default those of its axis, or of what is allowed. Takes its
    /// axis, if it has one, out of the sweep.
    ///
    /// # Errors
    /// It is not there, not a number, drawn or set by something else, or has no ends: a message.
    pub fn take(sweep: &mut Sweep, name: &str, from: Option<f64>, to: Option<f64>) -> Result<Along, String> {
        let axis = sweep.axes.iter().position(|axis| axis.parameter().is_some_and(|swept| swept.name() == name));
        if sweep.sampled.is_some() && axis.is_some() {
            return Err(format!(
                "{name} is an axis of a [design] whose cells lie on no lines: take it out of the sweep"
            ));
        }
        let axis = axis.map(|index| sweep.axes.remove(index));
        // What is said of points of this axis has no meaning any more.
        (sweep.refine, sweep.compare) = (None, None);
        let quantity = match axis.as_ref().and_then(|axis| axis.parameter()) {
            Some(swept) => swept.clone(),
            None => find(sweep, name)?,
        };
        if !quantity.domain().is_numeric() {
            return Err(format!("{name} is not a number: its values are {}", quantity.domain()));
        }
        if let Some(parameter) = quantity.concerns().filter(|parameter| !sweep.engine.has(parameter)) {
            return Err(format!("the limit of ever more clients does not have {}", parameter.name));
        }
        if sweep.uncertain.iter().any(|input| input.parameter == quantity) {
            return Err(format!("{name} is drawn: take it out of [uncertain], which says how likely its values are"));
        }
        if let Some(axis) = sweep.axes.iter().find(|axis| axis.parameters().any(|set| *set == quantity)) {
            return Err(format!("the variants of {} set {name}, too", axis.name));
        }
        let (points, logarithmic) = match axis.map(|axis| axis.points) {
            Some(AxisPoints::Values { values, logarithmic, .. }) => {
                (values.iter().filter_map(Value::as_f64).collect(), logarithmic)
            }
            _ => (Vec::new(), false),
        };
        let [low, high] = ends(&points, quantity.domain());
        let (from, to) = (from.or(low), to.or(high));
        let (Some(from), Some(to)) = (from, to) else {
            return Err(format!("{name} has no bounds of its own ({}): say --from and --to", quantity.domain()));
        };
        for end in [from, to] {
            if quantity.domain().value_from_f64(end).is_none() || !end.is_finite() {
                return Err(format!("{name} cannot be {end}: {} is allowed", quantity.expectation()));
            }
        }
        if from >= to {
            return Err(format!("--from {from} is not below --to {to}"));
        }
        Ok(Along {
            quantity,
            from,
            to,
            resolution: RESOLUTION,
            logarithmic: logarithmic && from > 0.0,
            engine: sweep.engine,
        })
    }

    /// How far a value is on the way from the one end to the other: 0 … 1 between them.
    pub(super) fn share(&self, x: f64) -> f64 {
        if self.logarithmic {
            libm::log(x / self.from) / libm::log(self.to / self.from)
        } else {
            (x - self.from) / (self.to - self.from)
        }
    }

    /// So many values from the one end to the other.
    pub(super) fn probes(&self, count: u32) -> Vec<f64> {
        let share = |index: u32| f64::from(index) / f64::from(count - 1);
        let mut probes: Vec<f64> = (0..count).map(|index| self.at(self.from, self.to, share(index))).collect();
        probes.dedup();
        probes
    }

    /// A value that lies between two others; `None` if they are not told apart from each other.
    pub(super) fn between(&self, low: f64, high: f64) -> Option<f64> {
        let apart = if self.logarithmic {
            libm::log(high / low) > self.resolution * libm::log(self.to / self.from)
        } else {
            high - low > self.resolution * (self.to - self.from)
        };
        let middle = self.at(low, high, 0.5);
        (apart && low < middle && middle < high).then_some(middle)
    }

    /// The value at a share of the way from one to another.
    pub(super) fn at(&self, low: f64, high: f64, share: f64) -> f64 {
        let value =
            if self.logarithmic { low * libm::exp(share * libm::log(high / low)) } else { low + share * (high - low) };
        let whole = matches!(self.quantity.domain(), Domain::Integer(..));
        // The ends are met as they are.
        if share == 1.0 { high } else { (if whole { value.floor() } else { value }).clamp(low, high) }
    }

    /// The scenario with this value.
    ///
    /// # Errors
    /// What does not fit.
    pub(super) fn put(&self, scenario: &Scenario, x: f64) -> Result<Scenario, String> {
        let mut scenario = scenario.clone();
        let name = self.quantity.name();
        let value = self.quantity.domain().value_from_f64(x);
        let value = value.ok_or_else(|| format!("{name} cannot be {x}"))?;
        self.quantity.put(&mut scenario, &value);
        scenario.check().map_err(|error| format!("with {name} = {x}, {error}"))?;
        self.engine.check(&scenario).map_err(|error| error.to_string())?;
        Ok(scenario)
    }
}

/// The parameter, or the number of an event, that is called so.
fn find(sweep: &Sweep, name: &str) -> Result<Quantity, String> {
    let events = Quantity::of_events(&sweep.scenario);
    let parameter = Parameter::find(name).map(Quantity::from);
    parameter.or_else(|| events.into_iter().find(|quantity| quantity.name() == name)).ok_or_else(|| {
        format!(
            "there is no parameter {name:?}, and no number of a named shock or intervention; see critmass parameters"
        )
    })
}

/// The least and the largest of the points of an axis, or else the bounds of what is allowed.
fn ends(points: &[f64], domain: Domain) -> [Option<f64>; 2] {
    if points.len() > 1 {
        let of = |pick: fn(f64, f64) -> f64| points.iter().copied().reduce(pick);
        return [of(f64::min), of(f64::max)];
    }
    match domain {
        Domain::Number(range) => {
            let low = range.low_allowed.then_some(range.low);
            [low, Some(range.high).filter(|high| high.is_finite() && !range.high_excluded)]
        }
        _ => [None, None],
    }
}
