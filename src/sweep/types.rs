//! A sweep and its parts.

use crate::engine::EngineKind;
use crate::parameters::{Intervention, Quantity, Scenario, Shock, Value};
use crate::statistics::blocks::BLOCKS;
use crate::statistics::plan::Plan;
use crate::statistics::rule::{Rule, Together};

/// A sweep, as resolved from its file: everything that the rows depend on.
#[derive(Debug, Clone)]
pub struct Sweep {
    /// Short name, `[a-z0-9-]+`.
    pub name: String,
    /// What the sweep is to answer; may be empty.
    pub question: String,
    /// Seed of the whole sweep.
    pub seed: u64,
    /// The scenario before axes and uncertain inputs are applied.
    pub scenario: Scenario,
    /// The axes, in the order of the file. The last one varies fastest over the cells.
    pub axes: Vec<Axis>,
    /// Where the cells lie, if they are no grid over the axes. The axes then have the points of all cells, in order.
    pub sampled: Option<Sampled>,
    /// Inputs that are drawn anew for every replicate, in the order of their names.
    pub uncertain: Vec<Uncertain>,
    /// How many runs a cell gets.
    pub replicates: Replicates,
    /// Which runs are traced, if any.
    pub traces: Option<Traces>,
    /// The engine that makes the runs.
    pub engine: EngineKind,
    /// Where cells are put between others, if they are. The axes then have every point that a cell may have.
    pub refine: Option<Refine>,
    /// Which cells are compared with each other, if they are.
    pub compare: Option<Compare>,
    /// How rare outages are looked for, if they are.
    pub rare: Option<Rare>,
    /// What its author should know, though nothing is wrong: a sentence each, which nothing depends on.
    pub notes: Vec<String>,
    /// The sweep as canonical TOML: sorted keys, no comments, `--set` applied. Reading it returns the same sweep.
    pub canonical: String,
    /// SHA-256 of `canonical`, in hexadecimal: the identity of the sweep.
    pub hash: String,
}

/// One axis of the design.
#[derive(Debug, Clone)]
pub struct Axis {
    /// The dotted name of what is swept, or the name of the list of variants. Also the name of the Parquet column.
    pub name: String,
    /// Its points.
    pub points: AxisPoints,
}

/// The points of an axis.
#[derive(Debug, Clone)]
pub enum AxisPoints {
    /// Values of one parameter, or of a number of a shock or an intervention.
    Values {
        /// What is swept.
        parameter: Quantity,
        /// Its values, all different.
        values: Vec<Value>,
        /// Whether the points are spaced logarithmically, for plots.
        logarithmic: bool,
    },
    /// Named bundles of settings.
    Variants(Vec<Variant>),
}

/// One named bundle of settings.
#[derive(Debug, Clone)]
pub struct Variant {
    /// Its label, the value of the axis' column.
    pub label: String,
    /// What it sets, in the order of the names.
    pub settings: Vec<(Quantity, Value)>,
    /// Shocks that come on top of the scenario's.
    pub shocks: Vec<Shock>,
    /// Interventions that come on top of the scenario's.
    pub interventions: Vec<Intervention>,
}

impl Variant {
    /// Whether it sets this parameter, or this number of a shock or an intervention.
    pub fn sets(&self, parameter: &Quantity) -> bool {
        self.settings.iter().any(|(set, _)| set == parameter)
    }
}

/// The cells of a design that is no grid.
#[derive(Debug, Clone, PartialEq)]
pub struct Sampled {
    /// How they were chosen.
    pub kind: SampledKind,
    /// For each axis the ends of the range that its points were put into; `None` where the sweep file lists the points.
    pub ranges: Vec<Option<(f64, f64)>>,
    /// For each cell the index of its point on each axis, cell by cell.
    pub points: Vec<u32>,
}

/// How the cells of a design that is no grid were chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampledKind {
    /// On each axis one cell in each of as many strata as there are cells, in random order.
    LatinHypercube,
    /// Points of a scrambled Sobol sequence, a dimension for each axis.
    Sobol,
    /// One by one.
    Points,
}

impl SampledKind {
    /// All of them, as in the sweep file.
    pub const ALL: [(&'static str, SampledKind); 3] = [
        ("latin-hypercube", SampledKind::LatinHypercube),
        ("sobol", SampledKind::Sobol),
        ("points", SampledKind::Points),
    ];

    /// Its name in the sweep file.
    pub fn name(self) -> &'static str {
        SampledKind::ALL.into_iter().find(|&(_, kind)| kind == self).map_or("", |(name, _)| name)
    }
}

/// How many runs a cell gets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Replicates {
    /// Fewest runs of a cell, ≥ 1.
    pub at_least: u32,
    /// Most runs of a cell, ≥ `at_least`.
    pub at_most: u32,
    /// A cell stops once the interval of its outage probability is no wider than ± this; without it, every cell runs
    /// `at_most` replicates.
    pub half_width: Option<f64>,
    /// Confidence of the intervals, in (0, 1).
    pub confidence: f64,
    /// Whether replicate r of every cell sees the same draws.
    pub common_random_numbers: bool,
    /// How the uncertain inputs are drawn.
    pub sampling: Sampling,
}

/// How the uncertain inputs of the replicates are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sampling {
    /// Each by itself.
    #[default]
    Random,
    /// As points of scrambled Sobol sequences, in independent blocks.
    Sobol,
}

impl Sampling {
    /// All of them, as in the sweep file.
    pub const ALL: [(&'static str, Sampling); 2] = [("random", Sampling::Random), ("sobol", Sampling::Sobol)];

    /// The number of independent blocks that the replicates of a cell are in; `None` if each is independent.
    pub fn blocks(self) -> Option<u32> {
        (self == Sampling::Sobol).then_some(BLOCKS)
    }

    /// Its name in the sweep file.
    pub fn name(self) -> &'static str {
        Sampling::ALL.into_iter().find(|&(_, sampling)| sampling == self).map_or("", |(name, _)| name)
    }
}

impl Sweep {
    /// When a cell stops, and what its runs say then.
    pub fn plan(&self) -> Plan {
        Plan::new(self.rule())
    }

    /// By which rule a cell stops.
    pub fn rule(&self) -> Rule {
        let Replicates { at_least, at_most, half_width, confidence, sampling, .. } = self.replicates;
        let level = self.refine.map(|refine| refine.level);
        let together = self.compare.map(|Compare { reference, half_width, .. }| Together { reference, half_width });
        let in_blocks = sampling == Sampling::Sobol;
        Rule { at_least, at_most, half_width, level, together, confidence, in_blocks }
    }

    /// The outage probability whose crossing is looked for where nothing else is asked for: that of the refinement, else
    /// one half.
    pub fn level(&self) -> f64 {
        self.refine.map_or(0.5, |refine| refine.level)
    }

    /// Whether outages decide how many runs a cell gets.
    pub fn is_adaptive(&self) -> bool {
        let of_differences = self.compare.and_then(|compare| compare.half_width);
        self.replicates.half_width.is_some() || self.refine.is_some() || of_differences.is_some()
    }
}

/// Which cells are compared with each other: those that differ in one axis alone. They have the same number of runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Compare {
    /// Number of the axis.
    pub axis: usize,
    /// Index of the point that the others are compared with.
    pub reference: usize,
    /// Such cells stop once the interval of each difference of outage probabilities is no wider than ± this.
    pub half_width: Option<f64>,
}

impl Compare {
    /// The axis whose points are compared if nothing is said: the first one that has variants, or the only one.
    pub fn axis_of(axes: &[Axis]) -> Option<usize> {
        axes.iter().position(|axis| !axis.variants().is_empty()).or((axes.len() == 1).then_some(0))
    }
}

/// Where cells are put between others: where the outage probability crosses a level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Refine {
    /// The level, in (0, 1).
    pub level: f64,
    /// How often the distance between two points may be halved, ≥ 1.
    pub rounds: u32,
}

/// How rare outages are looked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rare {
    /// The probability that the effort is planned for.
    pub level: f64,
    /// Standard error of the probability, as a share of it, that is asked for.
    pub relative_error: f64,
    /// Most runs of a cell.
    pub at_most: u32,
    /// How.
    pub method: RareMethod,
    /// Confidence of the intervals.
    pub confidence: f64,
}

/// A method to find the probability of rare outages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RareMethod {
    /// Importance sampling.
    #[default]
    Importance,
    /// Subset simulation.
    Subset,
}

impl RareMethod {
    /// All of them, as in the sweep file.
    pub const ALL: [(&'static str, RareMethod); 2] =
        [("importance", RareMethod::Importance), ("subset", RareMethod::Subset)];

    /// Its name in the sweep file.
    pub fn name(self) -> &'static str {
        RareMethod::ALL.into_iter().find(|&(_, method)| method == self).map_or("", |(name, _)| name)
    }
}

/// Which runs are traced.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Traces {
    /// The first this many replicates of each cell.
    pub replicates: u32,
    /// Interval between two rows, s; a whole number of ticks after rounding.
    pub every_s: f64,
}

/// An input that is drawn anew for every replicate.
///
/// In a cell whose variant sets the parameter, the variant's value holds and nothing is drawn, unless the draw is a
/// factor, which multiplies it.
#[derive(Debug, Clone)]
pub struct Uncertain {
    /// The numeric parameter, or number of a shock or an intervention.
    pub parameter: Quantity,
    /// Its distribution, or that of the factor.
    pub distribution: Distribution,
    /// Whether the draw multiplies the scenario's or the axis' value instead of replacing it.
    pub factor: bool,
}

/// A distribution of an uncertain input.
#[derive(Debug, Clone, PartialEq)]
pub enum Distribution {
    /// Uniform between two bounds.
    Uniform {
        /// Lower bound.
        from: f64,
        /// Upper bound, > `from`.
        to: f64,
    },
    /// Normal.
    Normal {
        /// Mean.
        mean: f64,
        /// Standard deviation, ≥ 0.
        sd: f64,
    },
    /// Lognormal.
    Lognormal {
        /// Median, > 0.
        median: f64,
        /// Standard deviation of the logarithm, ≥ 0.
        sigma: f64,
    },
    /// Beta on [0, 1].
    Beta {
        /// Mean, in (0, 1).
        mean: f64,
        /// Standard deviation, > 0 and < √(mean (1 − mean)).
        sd: f64,
    },
    /// Triangular.
    Triangular {
        /// Lower bound.
        from: f64,
        /// Mode.
        mode: f64,
        /// Upper bound.
        to: f64,
    },
    /// One of a list of values.
    Discrete {
        /// The values.
        values: Vec<f64>,
        /// Their weights, ≥ 0, not all 0.
        weights: Vec<f64>,
    },
}

/// One run, ready to be simulated.
#[derive(Debug, Clone)]
pub struct Realization {
    /// The scenario with the axes and the uncertain inputs applied.
    pub scenario: Scenario,
    /// The seed of the run.
    pub seed: u64,
    /// The value used for each uncertain input, in the order of [`Sweep::uncertain`].
    pub drawn: Vec<f64>,
}
