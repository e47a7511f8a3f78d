//! Every parameter of the model, declared once.
//!
//! The `parameters!` table below is the only place where a parameter's name, type, default, unit, range,
//! meaning and source are written down. The [`Scenario`] that a run reads, the sweep file's parser with its
//! messages, `critmass parameters`, the manifest and the metadata of the Parquet columns are all derived from it.

use std::fmt;

/// A region of the world: where a share of the clients lives.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Region {
    /// Name, for people.
    pub name: String,
    /// Local time minus UTC, hours, −12 … 14.
    pub utc_offset_h: f64,
    /// Share of the clients, > 0; the shares of all regions sum to 1.
    pub share: f64,
}

/// In which order the login server takes requests from its queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discipline {
    /// The oldest request first.
    Fifo,
    /// The newest request first.
    Lifo,
}

/// How a retry delay is randomized around its backoff `b`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Jitter {
    /// Exactly `b`.
    None,
    /// Uniform(0, `b`).
    Full,
    /// `b`/2 + Uniform(0, `b`/2).
    Equal,
}

/// The value of one parameter, whatever its type.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A real number, possibly infinite, never NaN.
    Number(f64),
    /// A whole number.
    Integer(u64),
    /// `true` or `false`.
    Boolean(bool),
    /// One word of a fixed list.
    Choice(&'static str),
    /// The list of regions.
    Regions(Vec<Region>),
}

impl Value {
    /// The value as a real number, if it is a number or an integer.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Value::Number(x) => Some(*x),
            Value::Integer(n) => Some(*n as f64),
            _ => None,
        }
    }
}

impl fmt::Display for Value {
    /// Writes the value as it is written in TOML.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Number(x) if x.is_finite() => write!(f, "{x:?}"),
            Value::Number(x) => write!(f, "{x}"),
            Value::Integer(n) => write!(f, "{n}"),
            Value::Boolean(b) => write!(f, "{b}"),
            Value::Choice(word) => write!(f, "{word:?}"),
            Value::Regions(regions) => {
                let list: Vec<String> = regions
                    .iter()
                    .map(|r| {
                        format!("{{ name = {:?}, utc_offset_h = {:?}, share = {:?} }}", r.name, r.utc_offset_h, r.share)
                    })
                    .collect();
                write!(f, "[{}]", list.join(", "))
            }
        }
    }
}

/// What kind of value a parameter takes, and which ones are allowed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// A real number within the range.
    Number(Range),
    /// A whole number between the two bounds, both included.
    Integer(u64, u64),
    /// `true` or `false`.
    Boolean,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// 1 … 64 regions whose shares sum to 1.
    Regions,
}

impl fmt::Display for Kind {
    /// Writes what is allowed, for messages and tables.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Number(range) => range.fmt(f),
            Kind::Integer(low, high) => write!(f, "{low} … {high}"),
            Kind::Boolean => f.write_str("true | false"),
            Kind::Choice(words) => f.write_str(&words.join(" | ")),
            Kind::Regions => f.write_str("1 … 64 regions; offset −12 … 14 h; shares > 0, sum 1 ± 1e-9"),
        }
    }
}

/// An interval of real numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// Lower bound.
    pub low: f64,
    /// Whether the lower bound itself is allowed.
    pub low_allowed: bool,
    /// Upper bound, which is always allowed when it is finite.
    pub high: f64,
    /// Whether +∞ is allowed; only meaningful with `high = ∞`.
    pub infinity_allowed: bool,
}

impl Range {
    const fn from_to(low: f64, high: f64) -> Range {
        Range { low, low_allowed: true, high, infinity_allowed: false }
    }
    const fn above_to(low: f64, high: f64) -> Range {
        Range { low, low_allowed: false, high, infinity_allowed: false }
    }
    const fn at_least(low: f64) -> Range {
        Range { low, low_allowed: true, high: f64::INFINITY, infinity_allowed: false }
    }
    const fn above(low: f64) -> Range {
        Range { low, low_allowed: false, high: f64::INFINITY, infinity_allowed: false }
    }
    const fn or_infinity(mut self) -> Range {
        self.infinity_allowed = true;
        self
    }

    /// Whether `x` lies in the interval. NaN never does.
    pub fn contains(&self, x: f64) -> bool {
        let above = if self.low_allowed { x >= self.low } else { x > self.low };
        above && x <= self.high && (x.is_finite() || self.infinity_allowed)
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.low_allowed, self.high.is_finite() || self.infinity_allowed) {
            (true, true) => write!(f, "{} … {}", self.low, self.high),
            (false, true) => write!(f, "> {} … {}", self.low, self.high),
            (true, false) => write!(f, "≥ {}", self.low),
            (false, false) => write!(f, "> {}", self.low),
        }
    }
}

/// Reads one field's type as a [`Value`] and back.
trait Field: Sized {
    fn to_value(&self) -> Value;
    fn from_value(value: &Value) -> Option<Self>;
}

impl Field for f64 {
    fn to_value(&self) -> Value {
        Value::Number(*self)
    }
    fn from_value(value: &Value) -> Option<f64> {
        value.as_f64()
    }
}

impl Field for u64 {
    fn to_value(&self) -> Value {
        Value::Integer(*self)
    }
    fn from_value(value: &Value) -> Option<u64> {
        match value {
            Value::Integer(n) => Some(*n),
            _ => None,
        }
    }
}

impl Field for bool {
    fn to_value(&self) -> Value {
        Value::Boolean(*self)
    }
    fn from_value(value: &Value) -> Option<bool> {
        match value {
            Value::Boolean(b) => Some(*b),
            _ => None,
        }
    }
}

impl Field for Discipline {
    fn to_value(&self) -> Value {
        Value::Choice(match self {
            Discipline::Fifo => "fifo",
            Discipline::Lifo => "lifo",
        })
    }
    fn from_value(value: &Value) -> Option<Discipline> {
        match value {
            Value::Choice("fifo") => Some(Discipline::Fifo),
            Value::Choice("lifo") => Some(Discipline::Lifo),
            _ => None,
        }
    }
}

impl Field for Jitter {
    fn to_value(&self) -> Value {
        Value::Choice(match self {
            Jitter::None => "none",
            Jitter::Full => "full",
            Jitter::Equal => "equal",
        })
    }
    fn from_value(value: &Value) -> Option<Jitter> {
        match value {
            Value::Choice("none") => Some(Jitter::None),
            Value::Choice("full") => Some(Jitter::Full),
            Value::Choice("equal") => Some(Jitter::Equal),
            _ => None,
        }
    }
}

impl Field for Vec<Region> {
    fn to_value(&self) -> Value {
        Value::Regions(self.clone())
    }
    fn from_value(value: &Value) -> Option<Vec<Region>> {
        match value {
            Value::Regions(regions) => Some(regions.clone()),
            _ => None,
        }
    }
}

/// One parameter: everything that is known about it.
pub struct Parameter {
    /// Dotted name, as in the sweep file and as a Parquet column.
    pub name: &'static str,
    /// Unit; `"1"` for a pure number.
    pub unit: &'static str,
    /// What values are allowed.
    pub kind: Kind,
    /// What it means.
    pub meaning: &'static str,
    /// Where the default comes from.
    pub source: &'static str,
    /// Whether an `[[intervention]]` can change it in the middle of a run.
    pub intervenable: bool,
    get: fn(&Scenario) -> Value,
    set: fn(&mut Scenario, &Value) -> bool,
}

impl fmt::Debug for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Parameter({})", self.name)
    }
}

impl PartialEq for Parameter {
    fn eq(&self, other: &Parameter) -> bool {
        self.name == other.name
    }
}

impl Parameter {
    /// The parameter of this dotted name.
    pub fn find(name: &str) -> Option<&'static Parameter> {
        PARAMETERS.iter().find(|p| p.name == name)
    }

    /// The default value.
    pub fn default(&self) -> Value {
        (self.get)(&Scenario::default())
    }

    /// The value in a scenario.
    pub fn get(&self, scenario: &Scenario) -> Value {
        (self.get)(scenario)
    }

    /// Whether the parameter is a number, so that it can be swept over a range or drawn from a distribution.
    pub fn is_numeric(&self) -> bool {
        matches!(self.kind, Kind::Number(_) | Kind::Integer(..))
    }

    /// Sets the parameter in a scenario.
    ///
    /// # Errors
    /// The value is of another type or outside of the allowed range; the message says what is allowed.
    pub fn set(&self, scenario: &mut Scenario, value: &Value) -> Result<(), String> {
        self.check(value)?;
        if (self.set)(scenario, value) { Ok(()) } else { Err(self.expectation()) }
    }

    /// Sets a numeric parameter from a real number: as it is, or rounded to the nearest whole number.
    ///
    /// # Errors
    /// As for [`Parameter::set`].
    pub fn set_f64(&self, scenario: &mut Scenario, x: f64) -> Result<(), String> {
        let value = self.value_from_f64(x).ok_or_else(|| self.expectation())?;
        self.set(scenario, &value)
    }

    /// The value that stands for a real number: itself, or the nearest whole number for an integer parameter.
    /// `None` where the parameter is no number, or where the number lies outside of its range.
    pub fn value_from_f64(&self, x: f64) -> Option<Value> {
        match self.kind {
            Kind::Number(range) => range.contains(x).then_some(Value::Number(x)),
            Kind::Integer(low, high) => {
                let n = libm::round(x);
                (n >= low as f64 && n <= high as f64).then_some(Value::Integer(n as u64))
            }
            _ => None,
        }
    }

    /// Checks a value's type and range.
    ///
    /// # Errors
    /// A message that says what is wrong and what is allowed, without the parameter's name.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        let fits = match (self.kind, value) {
            (Kind::Number(range), _) => match value.as_f64() {
                Some(x) => range.contains(x),
                None => false,
            },
            (Kind::Integer(low, high), Value::Integer(n)) => (low..=high).contains(n),
            (Kind::Boolean, Value::Boolean(_)) => true,
            (Kind::Choice(words), Value::Choice(word)) => words.contains(word),
            (Kind::Regions, Value::Regions(regions)) => return check_regions(regions),
            _ => false,
        };
        if fits { Ok(()) } else { Err(self.expectation()) }
    }

    /// What is allowed, as the part of a message: "a number, > 0 … 600 s".
    pub fn expectation(&self) -> String {
        let what = match self.kind {
            Kind::Number(_) => "a number",
            Kind::Integer(..) => "a whole number",
            Kind::Boolean => return "true or false".to_owned(),
            Kind::Choice(words) => {
                return format!("one of {}", words.iter().map(|w| format!("{w:?}")).collect::<Vec<_>>().join(", "));
            }
            Kind::Regions => "a list of { name, utc_offset_h, share }",
        };
        let unit = if self.unit == "1" { String::new() } else { format!(" {}", self.unit) };
        format!("{what}, {}{unit}", self.kind)
    }
}

fn check_regions(regions: &[Region]) -> Result<(), String> {
    if regions.is_empty() || regions.len() > 64 {
        return Err(format!("{} regions, but 1 … 64 are allowed", regions.len()));
    }
    for region in regions {
        if !(-12.0..=14.0).contains(&region.utc_offset_h) {
            return Err(format!("utc_offset_h of {:?} must be −12 … 14 h", region.name));
        }
        if !(region.share > 0.0 && region.share <= 1.0) {
            return Err(format!("share of {:?} must be > 0 … 1", region.name));
        }
    }
    let sum: f64 = regions.iter().map(|r| r.share).sum();
    if (sum - 1.0).abs() > 1e-9 {
        return Err(format!("the shares of the regions sum to {sum}, but must sum to 1 ± 1e-9"));
    }
    Ok(())
}

/// Declares the groups of parameters: a typed struct for each group, and one row of [`PARAMETERS`] for each field.
macro_rules! parameters {
    ($(
        $(#[doc = $group_doc:literal])*
        $group:ident: $Group:ident {
            $( $field:ident: $type:ty = $default:expr, $unit:literal, $kind:expr, $meaning:literal, $source:literal $(, $intervenable:ident)?; )*
        }
    )*) => {
        $(
            $(#[doc = $group_doc])*
            #[derive(Debug, Clone, PartialEq)]
            pub struct $Group {
                $( #[doc = concat!($meaning, " Unit: ", $unit, ".")] pub $field: $type, )*
            }
        )*

        /// One scenario: a value for every parameter, the shocks and the interventions. All that a run depends on,
        /// except for its seed.
        #[derive(Debug, Clone, PartialEq)]
        pub struct Scenario {
            $( $(#[doc = $group_doc])* pub $group: $Group, )*
            /// Crashes at given times, in the order of the file.
            pub shocks: Vec<Shock>,
            /// Changes of parameters in the middle of a run, in the order of the file.
            pub interventions: Vec<Intervention>,
        }

        impl Default for Scenario {
            fn default() -> Scenario {
                Scenario {
                    $( $group: $Group { $( $field: $default, )* }, )*
                    shocks: Vec::new(),
                    interventions: Vec::new(),
                }
            }
        }

        /// Every parameter, in the order of the documentation.
        pub static PARAMETERS: &[Parameter] = &[
            $($(
                Parameter {
                    name: concat!(stringify!($group), ".", stringify!($field)),
                    unit: $unit,
                    kind: $kind,
                    meaning: $meaning,
                    source: $source,
                    intervenable: false $( || parameters!(@ $intervenable) )?,
                    get: |scenario| Field::to_value(&scenario.$group.$field),
                    set: |scenario, value| match Field::from_value(value) {
                        Some(x) => { scenario.$group.$field = x; true }
                        None => false,
                    },
                },
            )*)*
        ];
    };
    (@ intervenable) => { true };
}

const SHARE: Kind = Kind::Number(Range::from_to(0.0, 1.0));
const POSITIVE: Kind = Kind::Number(Range::above(0.0));
const NOT_NEGATIVE: Kind = Kind::Number(Range::at_least(0.0));
const POSITIVE_OR_INFINITE: Kind = Kind::Number(Range::above(0.0).or_infinity());
const NOT_NEGATIVE_OR_INFINITE: Kind = Kind::Number(Range::at_least(0.0).or_infinity());
const HOUR_OF_DAY: Kind = Kind::Number(Range::from_to(0.0, 24.0));

parameters! {
    /// Who the clients are.
    population: Population {
        clients: u64 = 1_000_000, "1", Kind::Integer(1, 1_000_000_000),
            "Number of clients. Below about 20,000 the death of one super node is a large shock, and the default network is mostly down without any update. The critical updates.synchronization lies 0.09 below its limit at 20,000, 0.03 at 50,000 and 0.006 at 200,000, and chance blurs it over 20/√N (10 to 90 %): with uncertain inputs 50,000 are enough, a threshold to two digits needs 200,000 (sweeps/finite-size.toml).",
            "chosen";
        nat_fraction: f64 = 0.7, "1", SHARE,
            "Share of clients behind NAT, which cannot be super nodes.",
            "0.6-0.8 in measurement papers of 2005-2008 (from memory)";
        capable_fraction: f64 = 0.5, "1", SHARE,
            "Share of the clients with a public address that have what a super node needs.",
            "assumed";
        regions: Vec<Region> = default_regions(), "1", Kind::Regions,
            "Where the clients live: list of { name, utc_offset_h, share }.",
            "shares assumed";
    }
    /// Resolution and length of a run.
    time: Time {
        tick_s: f64 = 5.0, "s", Kind::Number(Range::above_to(0.0, 600.0)),
            "Length of a tick. Between 1 and 20 s no difference in the critical updates.synchronization is seen (± 0.004 at 5 s), and a tick as long as login.timeout_s hides the outage (sweeps/tick-refinement.toml). A peak rate is the highest of any tick, and falls with its length.",
            "chosen";
        horizon_h: f64 = 48.0, "h", Kind::Number(Range::above_to(0.0, 8760.0)),
            "Length of a run, from 00:00 UTC on; later than the release, at most 2^31 ticks.",
            "chosen";
    }
    /// Who wants to be on the network, whatever the network does.
    presence: Presence {
        session_h: f64 = 6.0, "h", POSITIVE,
            "Mean length of a session (exponential).",
            "sessions of super nodes: median 5.5 h (Guha, Daswani, Jain, IPTPS 2006; from memory)";
        absence_h: f64 = 8.0, "h", POSITIVE,
            "Mean length of an absence, averaged over the day.",
            "assumed: about 40 % present";
        daily_amplitude: f64 = 0.9, "1", SHARE,
            "Amplitude of the daily cycle of the hazard of becoming present.",
            "gives lowest/highest demand of a day = 0.67; 2007: 5-6 against 8-9 million (AP, 20 Aug 2007)";
        peak_local_h: f64 = 15.0, "h", HOUR_OF_DAY,
            "Local hour at which that hazard peaks.",
            "working hours (Guha, Daswani, Jain, IPTPS 2006)";
    }
    /// The update that restarts clients.
    updates: Updates {
        patched_fraction: f64 = 0.6, "1", SHARE,
            "Share of clients that get the update and restart once.",
            "assumed";
        synchronization: f64 = 0.1, "1", SHARE,
            "Share of the patched clients that restart in the common burst; the rest roll.",
            "the lever";
        release_h: f64 = 12.0, "h", NOT_NEGATIVE,
            "When the update is released; before the horizon.",
            "chosen";
        burst_delay_s: f64 = 0.0, "s", NOT_NEGATIVE,
            "From the release to the start of the burst.",
            "assumed";
        burst_width_s: f64 = 1800.0, "s", NOT_NEGATIVE,
            "Length of the burst; restarts are uniform in it.",
            "assumed";
        install_local_h: f64 = 3.0, "h", HOUR_OF_DAY,
            "Local hour at which a rolling update installs.",
            "default of Windows (contemporaneous blogs)";
        detection_window_h: f64 = 20.0, "h", NOT_NEGATIVE,
            "A machine learns of the update Uniform(0, this) after the release.",
            "Windows Update asks every 17.6-22 h (from memory)";
        daily_install_probability: f64 = 0.5, "1", Kind::Number(Range::above_to(0.0, 1.0)),
            "Probability that a machine installs at a given day's install hour.",
            "assumed (on at that hour, not postponed)";
        rolling_width_s: f64 = 3600.0, "s", NOT_NEGATIVE,
            "Rolling restarts are uniform over this time after the install hour.",
            "assumed";
        boot_median_s: f64 = 240.0, "s", POSITIVE,
            "Median time from a restart to the start of the client (lognormal).",
            "assumed";
        boot_sigma: f64 = 0.5, "1", NOT_NEGATIVE,
            "Shape of that lognormal: standard deviation of the logarithm.",
            "assumed";
        autostart_probability: f64 = 0.95, "1", SHARE,
            "Probability that the client starts again after a boot; otherwise it is absent.",
            "assumed";
    }
    /// The super nodes and how clients find them.
    overlay: Overlay {
        slots: u64 = 75, "1", Kind::Integer(1, 65535),
            "Child slots of a super node.",
            "of Kazaa's kind, 100-200 (Liang, Kumar, Ross 2004/2006; from memory)";
        supernode_ratio: f64 = 0.02, "1", SHARE,
            "Super nodes wanted per client; ratio × slots is the headroom, 1.5 with the defaults.",
            "assumed";
        probes: u64 = 4, "1", Kind::Integer(1, 1000),
            "Addresses that an attach attempt probes at most.",
            "assumed";
        stale_ttl_s: f64 = 3600.0, "s", NOT_NEGATIVE,
            "How long host caches keep the address of a dead super node.",
            "assumed";
        keepalive_s: f64 = 60.0, "s", NOT_NEGATIVE,
            "A client notices the death of its super node Uniform(0, this) after it.",
            "assumed";
        accept_per_s: f64 = 2.0, "1/s", POSITIVE_OR_INFINITE,
            "Clients that a super node accepts per second at most.",
            "assumed";
        overload_probes_per_s: f64 = f64::INFINITY, "1/s", POSITIVE_OR_INFINITE,
            "Probes per second above which a super node is overloaded; inf switches overload protection off.",
            "off by default";
        overload_shutdown_probability: f64 = 0.0, "1", SHARE,
            "Probability that an overloaded super node shuts down in that tick.",
            "off by default";
        healing_time_s: f64 = 1200.0, "s", POSITIVE_OR_INFINITE,
            "Time constant of self-healing by promotion; inf: no self-healing, the defect of 2007.",
            "assumed", intervenable;
        dedicated_per_million: f64 = 0.0, "1", NOT_NEGATIVE,
            "Super nodes of the operator per million clients, rounded to a whole number of super nodes; they never leave.",
            "none in 2007", intervenable;
    }
    /// The login server.
    login: Login {
        capacity_per_s_per_million: f64 = 150.0, "1/s", NOT_NEGATIVE_OR_INFINITE,
            "Requests served per second, per million clients of the population.",
            "assumed: about 4 times the usual mean load", intervenable;
        queue_limit_s: f64 = 120.0, "s", NOT_NEGATIVE_OR_INFINITE,
            "Longest queue, as the time that it takes to serve it; a request that finds it full is rejected.",
            "assumed", intervenable;
        timeout_s: f64 = 60.0, "s", POSITIVE,
            "A client gives up a request that was not served for this long.",
            "assumed";
        drop_expired: bool = false, "1", Kind::Boolean,
            "Whether requests whose client no longer waits leave the queue without costing a service slot.",
            "assumed", intervenable;
        discipline: Discipline = Discipline::Fifo, "1", Kind::Choice(&["fifo", "lifo"]),
            "Order of service.",
            "assumed", intervenable;
        relogin_after_orphaning: bool = true, "1", Kind::Boolean,
            "Whether an online client that lost its super node has to log in again.",
            "assumed";
    }
    /// How clients retry.
    retry: Retry {
        base_s: f64 = 15.0, "s", POSITIVE,
            "Backoff after the first failure.",
            "assumed", intervenable;
        factor: f64 = 2.0, "1", Kind::Number(Range::at_least(1.0)),
            "Factor from one failure's backoff to the next's.",
            "assumed", intervenable;
        cap_s: f64 = 600.0, "s", POSITIVE,
            "Longest backoff; at least retry.base_s.",
            "assumed", intervenable;
        jitter: Jitter = Jitter::Full, "1", Kind::Choice(&["none", "full", "equal"]),
            "How the backoff b is randomized: not, Uniform(0, b), or b/2 + Uniform(0, b/2).",
            "assumed", intervenable;
    }
    /// What counts as an outage.
    outage: Outage {
        threshold: f64 = 0.5, "1", SHARE,
            "Online fraction below which the network counts as down.",
            "chosen";
        min_duration_h: f64 = 1.0, "h", NOT_NEGATIVE,
            "Shortest spell below the threshold that is an outage.",
            "chosen";
        recovered_at: f64 = 0.95, "1", SHARE,
            "Online fraction from which on the network counts as recovered.",
            "chosen";
    }
}

fn default_regions() -> Vec<Region> {
    [("Americas", -5.0, 0.30), ("Europe, Middle East, Africa", 1.0, 0.50), ("Asia, Pacific", 8.0, 0.20)]
        .map(|(name, utc_offset_h, share)| Region { name: name.to_owned(), utc_offset_h, share })
        .to_vec()
}

/// A crash at a given time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shock {
    /// When, in hours of the simulation; rounded to the nearest tick.
    pub at_h: f64,
    /// Probability that a live super node, not a dedicated one, crashes. 0 … 1.
    pub supernode_fraction: f64,
    /// Probability that any other present client that is not booting crashes. 0 … 1.
    pub client_fraction: f64,
}

/// A change of parameters in the middle of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Intervention {
    /// When, in hours of the simulation; rounded to the nearest tick.
    pub at_h: f64,
    /// The new values, in the order of the file.
    pub settings: Vec<(&'static Parameter, Value)>,
}

/// Most ticks that a run may have.
pub const TICKS_MAX: f64 = 2_147_483_648.0;

impl Scenario {
    /// Number of ticks of a run: `round(horizon / tick)`.
    pub fn ticks(&self) -> u64 {
        libm::round(self.time.horizon_h * 3600.0 / self.time.tick_s) as u64
    }

    /// Checks what involves more than one parameter. Every single value has been checked when it was set.
    ///
    /// # Errors
    /// The name of the parameter at fault, and a message that says what is allowed.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        let (horizon_h, release_h, tick_s) = (self.time.horizon_h, self.updates.release_h, self.time.tick_s);
        if horizon_h <= release_h {
            return Err((
                "time.horizon_h",
                format!("the horizon, {horizon_h} h, must be later than updates.release_h, {release_h} h"),
            ));
        }
        let ticks = libm::round(horizon_h * 3600.0 / tick_s);
        if !(1.0..=TICKS_MAX).contains(&ticks) {
            return Err((
                "time.tick_s",
                format!("{horizon_h} h in ticks of {tick_s} s are {ticks:.0} ticks, but 1 … 2^31 are allowed"),
            ));
        }
        let release_tick = libm::round(release_h * 3600.0 / tick_s);
        if release_tick >= ticks {
            return Err((
                "time.horizon_h",
                format!(
                    "no tick of {tick_s} s lies between the release, {release_h} h, and the horizon, {horizon_h} h"
                ),
            ));
        }
        let mut changed = self.clone();
        check_retry(&self.retry)?;
        let mut ordered: Vec<&Intervention> = self.interventions.iter().collect();
        ordered.sort_by(|a, b| a.at_h.total_cmp(&b.at_h));
        for intervention in ordered {
            for (parameter, value) in &intervention.settings {
                parameter.set(&mut changed, value).map_err(|message| (parameter.name, message))?;
            }
            check_retry(&changed.retry)?;
        }
        Ok(())
    }
}

fn check_retry(retry: &Retry) -> Result<(), (&'static str, String)> {
    if retry.cap_s < retry.base_s {
        let message = format!("the cap, {} s, must be at least retry.base_s, {} s", retry.cap_s, retry.base_s);
        return Err(("retry.cap_s", message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_lies_in_its_own_range() {
        for parameter in PARAMETERS {
            assert_eq!(parameter.check(&parameter.default()), Ok(()), "{}", parameter.name);
        }
        assert_eq!(Scenario::default().check(), Ok(()));
    }

    #[test]
    fn names_are_unique_and_found() {
        for parameter in PARAMETERS {
            assert_eq!(PARAMETERS.iter().filter(|p| p.name == parameter.name).count(), 1);
            assert_eq!(Parameter::find(parameter.name), Some(parameter));
        }
    }

    #[test]
    fn set_then_get_gives_the_value_back() {
        let mut scenario = Scenario::default();
        for parameter in PARAMETERS {
            let value = parameter.default();
            parameter.set(&mut scenario, &value).unwrap();
            assert_eq!(parameter.get(&scenario), value);
        }
    }

    #[test]
    fn ranges_refuse_nan_and_what_lies_outside() {
        let tick = Parameter::find("time.tick_s").unwrap();
        for bad in [f64::NAN, 0.0, -1.0, 600.1, f64::INFINITY] {
            assert!(tick.check(&Value::Number(bad)).is_err(), "{bad}");
        }
        assert!(tick.check(&Value::Number(600.0)).is_ok());
        let healing = Parameter::find("overlay.healing_time_s").unwrap();
        assert!(healing.check(&Value::Number(f64::INFINITY)).is_ok());
        let session = Parameter::find("presence.session_h").unwrap();
        assert!(session.check(&Value::Number(f64::INFINITY)).is_err());
        let slots = Parameter::find("overlay.slots").unwrap();
        assert!(slots.check(&Value::Integer(65536)).is_err());
        assert!(slots.check(&Value::Number(75.0)).is_err());
        assert!(slots.check(&Value::Boolean(true)).is_err());
    }

    #[test]
    fn a_cap_below_the_base_is_refused_also_when_an_intervention_makes_it_so() {
        let mut scenario = Scenario::default();
        let base = Parameter::find("retry.base_s").unwrap();
        scenario.interventions.push(Intervention { at_h: 20.0, settings: vec![(base, Value::Number(700.0))] });
        assert_eq!(scenario.check().unwrap_err().0, "retry.cap_s");
    }
}
