//! The table of parameters, and what stands on it: the scenario, which has a field for each, the parameter, which reads
//! and writes that field.

use std::fmt;

use super::declare::{declare_parameters, name_of};
use super::domain::{Domain, Range};
use super::intervention::Intervention;
use super::shock::Shock;
use super::totals::{Totals, per_million, whole};
use super::value::{Discipline, FieldType, Jitter, Region, Value};

declare_parameters! {
    /// Who the clients are.
    population: Population {
        clients: u64 = 1_000_000, "1", Domain::Integer(1, 1_000_000_000),
            "Number of clients. In a small population the death of one super node is a large shock, the share of synchronized restarts that is too much is lower than in a large one, and chance blurs it; how many clients are enough is in README and in notebooks/validation.ipynb (sweeps/finite-size.toml).",
            "chosen", sizes_memory;
        nat_fraction: f64 = 0.7, "1", Domain::SHARE,
            "Share of clients behind NAT, which cannot be super nodes.",
            "0.6-0.8 in measurement papers of 2005-2008 (from memory)";
        capable_fraction: f64 = 0.5, "1", Domain::SHARE,
            "Share of the clients with a public address that have what a super node needs.",
            "assumed";
        regions: Vec<Region> = default_regions(), "1", Domain::Regions,
            "Where the clients live: list of { name, utc_offset_h, share }.",
            "shares assumed", interdependent, sizes_memory;
    }
    /// Resolution and length of a run.
    time: Time {
        tick_s: f64 = 5.0, "s", Domain::Number(Range::above_to(0.0, 600.0)),
            "Length of a tick. One as long as login.timeout_s hides the outage; which lengths make no difference is in README and in notebooks/validation.ipynb (sweeps/tick-refinement.toml). A peak rate is the highest of any tick, and falls with its length.",
            "chosen", interdependent;
        horizon_h: f64 = 48.0, "h", Domain::Number(Range::above_to(0.0, 8760.0)),
            "Length of a run, from 00:00 UTC on; later than the release, at most 2^31 ticks.",
            "chosen", interdependent;
    }
    /// Who wants to be on the network, whatever the network does.
    presence: Presence {
        session_h: f64 = 6.0, "h", Domain::POSITIVE,
            "Mean length of a session (exponential).",
            "sessions of super nodes: median 5.5 h (Guha, Daswani, Jain, IPTPS 2006; from memory)";
        absence_h: f64 = 8.0, "h", Domain::POSITIVE,
            "Mean length of an absence, averaged over the day.",
            "assumed: about 40 % present";
        daily_amplitude: f64 = 0.9, "1", Domain::SHARE,
            "Amplitude of the daily cycle of the hazard of becoming present.",
            "gives lowest/highest demand of a day = 0.67; 2007: 5-6 against 8-9 million (AP, 20 Aug 2007)";
        peak_local_h: f64 = 15.0, "h", Domain::HOUR_OF_DAY,
            "Local hour at which that hazard peaks.",
            "working hours (Guha, Daswani, Jain, IPTPS 2006)";
    }
    /// The update that restarts clients.
    updates: Updates {
        patched_fraction: f64 = 0.6, "1", Domain::SHARE,
            "Share of clients that get the update and restart once.",
            "assumed";
        synchronization: f64 = 0.1, "1", Domain::SHARE,
            "Share of the patched clients that restart in the common burst; the rest roll.",
            "the lever";
        release_h: f64 = 12.0, "h", Domain::NOT_NEGATIVE,
            "When the update is released; before the horizon.",
            "chosen", interdependent;
        burst_delay_s: f64 = 0.0, "s", Domain::NOT_NEGATIVE,
            "From the release to the start of the burst.",
            "assumed";
        burst_width_s: f64 = 1800.0, "s", Domain::NOT_NEGATIVE,
            "Length of the burst; restarts are uniform in it.",
            "assumed";
        install_local_h: f64 = 3.0, "h", Domain::HOUR_OF_DAY,
            "Local hour at which a rolling update installs.",
            "default of Windows (contemporaneous blogs)";
        detection_window_h: f64 = 20.0, "h", Domain::NOT_NEGATIVE,
            "A machine learns of the update Uniform(0, this) after the release.",
            "Windows Update asks every 17.6-22 h (from memory)";
        daily_install_probability: f64 = 0.5, "1", Domain::Number(Range::above_to(0.0, 1.0)),
            "Probability that a machine installs at a given day's install hour.",
            "assumed (on at that hour, not postponed)";
        rolling_width_s: f64 = 3600.0, "s", Domain::NOT_NEGATIVE,
            "Rolling restarts are uniform over this time after the install hour.",
            "assumed";
        boot_median_s: f64 = 240.0, "s", Domain::POSITIVE,
            "Median time from a restart to the start of the client (lognormal).",
            "assumed";
        boot_sigma: f64 = 0.5, "1", Domain::NOT_NEGATIVE,
            "Shape of that lognormal: standard deviation of the logarithm.",
            "assumed";
        autostart_probability: f64 = 0.95, "1", Domain::SHARE,
            "Probability that the client starts again after a boot; otherwise it is absent.",
            "assumed";
    }
    /// The super nodes and how clients find them.
    overlay: Overlay {
        slots: u64 = 75, "1", Domain::Integer(1, 65535),
            "Child slots of a super node.",
            "of Kazaa's kind, 100-200 (Liang, Kumar, Ross 2004/2006; from memory)";
        supernode_ratio: f64 = 0.02, "1", Domain::SHARE,
            "Super nodes wanted per client; ratio × slots is the headroom, 1.5 with the defaults.",
            "assumed", sizes_memory;
        probes: u64 = 4, "1", Domain::Integer(1, 1000),
            "Addresses that an attach attempt probes at most.",
            "assumed";
        stale_ttl_s: f64 = 3600.0, "s", Domain::NOT_NEGATIVE,
            "How long host caches keep the address of a dead super node.",
            "assumed";
        keepalive_s: f64 = 60.0, "s", Domain::NOT_NEGATIVE,
            "A client notices the death of its super node Uniform(0, this) after it.",
            "assumed";
        accept_per_s: f64 = 2.0, "1/s", Domain::POSITIVE_OR_INFINITE,
            "Clients that a super node accepts per second at most.",
            "assumed", intervenable;
        overload_probes_per_s: f64 = f64::INFINITY, "1/s", Domain::POSITIVE_OR_INFINITE,
            "Probes per second above which a super node is overloaded; inf switches overload protection off.",
            "off by default";
        overload_shutdown_probability: f64 = 0.0, "1", Domain::SHARE,
            "Probability that an overloaded super node shuts down in that tick.",
            "off by default";
        healing_time_s: f64 = 1200.0, "s", Domain::POSITIVE_OR_INFINITE,
            "Time constant of self-healing by promotion; inf: no self-healing, the defect of 2007.",
            "assumed", intervenable;
        dedicated_per_million: f64 = 0.0, "1", Domain::NOT_NEGATIVE,
            "Super nodes of the operator per million clients, rounded to a whole number of super nodes; sessions and the update do not end them, a shock by its dedicated_fraction, overload with overlay.dedicated_overload.",
            "none in 2007", intervenable, interdependent, sizes_memory
            => dedicated, "Super nodes of the operator (gateways), in all.", intervenable, interdependent, sizes_memory;
        dedicated_slots: u64 = 0, "1", Domain::Integer(0, 65535),
            "Child slots of a dedicated super node; 0: overlay.slots.",
            "chosen", added_later;
        dedicated_overload: bool = false, "1", Domain::Boolean,
            "Whether overload protection shuts down dedicated super nodes, too.",
            "chosen", added_later;
        dedicated_restart_s: f64 = f64::INFINITY, "s", Domain::POSITIVE_OR_INFINITE,
            "How long after its failure a dedicated super node is back, without children; inf: never.",
            "chosen", added_later;
        admission: f64 = 1.0, "1", Domain::SHARE,
            "Share of the attach attempts that are admitted; the others fail without a probe.",
            "everybody", intervenable, added_later;
        bypass: bool = false, "1", Domain::Boolean,
            "Whether there is no overlay: every attach attempt that is admitted succeeds, and nobody is a super node. Only overlay.admission and overlay.keepalive_s have an effect then.",
            "chosen", sizes_memory, added_later;
    }
    /// The login server.
    login: Login {
        capacity_per_s_per_million: f64 = 150.0, "1/s", Domain::NOT_NEGATIVE_OR_INFINITE,
            "Requests served per second, per million clients of the population.",
            "assumed: about 4 times the usual mean load", intervenable
            => capacity_per_s, "Requests served per second, in all.", intervenable;
        queue_limit_s: f64 = 120.0, "s", Domain::NOT_NEGATIVE_OR_INFINITE,
            "Longest queue, as the time that it takes to serve it; a request that finds it full is rejected.",
            "assumed", intervenable;
        timeout_s: f64 = 60.0, "s", Domain::POSITIVE,
            "A client gives up a request that was not served for this long.",
            "assumed";
        drop_expired: bool = false, "1", Domain::Boolean,
            "Whether requests whose client no longer waits leave the queue without costing a service slot.",
            "assumed", intervenable;
        discipline: Discipline = Discipline::Fifo, "1", Domain::Choice(&["fifo", "lifo", "random"]),
            "Order of service: the oldest request first, the newest, or any with the same probability.",
            "assumed", intervenable;
        relogin_after_orphaning: bool = true, "1", Domain::Boolean,
            "Whether an online client that lost its super node has to log in again.",
            "assumed";
        rejection_cost: f64 = 0.0, "1", Domain::SHARE,
            "What a rejection costs the login server, in service slots.",
            "chosen", intervenable, added_later;
        renewal_s: f64 = f64::INFINITY, "s", Domain::POSITIVE_OR_INFINITE,
            "Mean time between two renewals of the login of an online client (a lease); inf: none.",
            "chosen", intervenable, sizes_memory, added_later;
        grace_s: f64 = 600.0, "s", Domain::POSITIVE,
            "How long a client that cannot renew its login stays online.",
            "chosen", added_later;
        degradation: f64 = 0.0, "1", Domain::Number(Range::from_below(0.0, 1.0)),
            "Share of the capacity that is lost while the queue is full; in proportion to its length while it is not.",
            "chosen", intervenable, added_later;
    }
    /// How clients retry.
    retry: Retry {
        base_s: f64 = 15.0, "s", Domain::POSITIVE,
            "Backoff after the first failure.",
            "assumed", intervenable, interdependent;
        factor: f64 = 2.0, "1", Domain::Number(Range::at_least(1.0)),
            "Factor from one failure's backoff to the next's.",
            "assumed", intervenable;
        cap_s: f64 = 600.0, "s", Domain::POSITIVE,
            "Longest backoff; at least retry.base_s.",
            "assumed", intervenable, interdependent;
        jitter: Jitter = Jitter::Full, "1", Domain::Choice(&["none", "full", "equal"]),
            "How the backoff b is randomized: not, Uniform(0, b), or b/2 + Uniform(0, b/2).",
            "assumed", intervenable;
        give_up_after: u64 = 0, "1", Domain::Integer(0, 65535),
            "A client leaves after this many failures in a row; 0: never.",
            "chosen", intervenable, added_later;
    }
    /// What counts as an outage.
    outage: Outage {
        threshold: f64 = 0.5, "1", Domain::SHARE,
            "Online fraction below which the network counts as down.",
            "chosen";
        min_duration_h: f64 = 1.0, "h", Domain::NOT_NEGATIVE,
            "Shortest spell below the threshold that is an outage.",
            "chosen";
        recovered_at: f64 = 0.95, "1", Domain::SHARE,
            "Online fraction from which on the network counts as recovered.",
            "chosen";
        trigger_h: f64 = f64::INFINITY, "h", Domain::NOT_NEGATIVE_OR_INFINITE,
            "The trigger, from which on outages are measured; inf: the earliest of the release, if anybody is patched, and the shocks. By hand for triggers that are interventions, such as a loss of capacity.",
            "chosen", interdependent, added_later;
    }
}

fn default_regions() -> Vec<Region> {
    [("Americas", -5.0, 0.30), ("Europe, Middle East, Africa", 1.0, 0.50), ("Asia, Pacific", 8.0, 0.20)]
        .map(|(name, utc_offset_h, share)| Region { name: name.to_owned(), utc_offset_h, share })
        .to_vec()
}

/// One parameter: everything that is known about it.
pub struct Parameter {
    /// Dotted name, as in the sweep file and as a Parquet column.
    pub name: &'static str,
    /// Unit; `"1"` for a pure number.
    pub unit: &'static str,
    /// What values are allowed.
    pub domain: Domain,
    /// What it means.
    pub meaning: &'static str,
    /// Where the default comes from.
    pub source: &'static str,
    /// Whether an `[[intervention]]` can change it in the middle of a run.
    pub intervenable: bool,
    /// Whether its value has to fit to those of other parameters, or to the times of shocks, interventions and traces:
    /// what [`Scenario::check`] looks at beside the domains.
    pub interdependent: bool,
    /// Whether the memory that a run needs depends on it.
    pub sizes_memory: bool,
    /// Whether it is newer than the canonical text of a sweep: that has it only where it is not the default, so that the
    /// hash of a sweep that does not use it stays.
    pub added_later: bool,
    /// Of one for the whole population, a row of [`TOTALS`]: the parameter per million clients that it stands for.
    pub per_million: Option<&'static str>,
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

/// The properties that a row of the table can have.
impl Parameter {
    const fn intervenable(mut self) -> Parameter {
        self.intervenable = true;
        self
    }
    const fn interdependent(mut self) -> Parameter {
        self.interdependent = true;
        self
    }
    const fn sizes_memory(mut self) -> Parameter {
        self.sizes_memory = true;
        self
    }
    const fn added_later(mut self) -> Parameter {
        self.added_later = true;
        self
    }
}

impl Parameter {
    /// The parameter of this dotted name.
    pub fn find(name: &str) -> Option<&'static Parameter> {
        PARAMETERS.iter().chain(TOTALS).find(|p| p.name == name)
    }

    /// Whatever can be written as a parameter, in the order of the documentation: [`PARAMETERS`], and beside each one per
    /// million clients that for the whole population.
    pub fn all() -> impl Iterator<Item = &'static Parameter> {
        PARAMETERS.iter().flat_map(|parameter| std::iter::once(parameter).chain(parameter.total()))
    }

    /// Of a parameter per million clients, its form for the whole population.
    pub fn total(&self) -> Option<&'static Parameter> {
        TOTALS.iter().find(|total| total.per_million == Some(self.name))
    }

    /// The parameter of the model that it is, which is another one if it is for the whole population.
    pub fn of_model(&'static self) -> &'static Parameter {
        self.per_million.and_then(Parameter::find).unwrap_or(self)
    }

    /// The group that it belongs to, the part of its name before the dot.
    pub fn group(&self) -> &'static str {
        self.name.split('.').next().unwrap_or_default()
    }

    /// The default value.
    pub fn default(&self) -> Value {
        (self.get)(&Scenario::default())
    }

    /// The value in a scenario.
    pub fn get(&self, scenario: &Scenario) -> Value {
        (self.get)(scenario)
    }

    /// Sets the parameter in a scenario.
    ///
    /// # Errors
    /// The value is of another type or outside of the allowed range; the message says what is allowed.
    pub fn set(&self, scenario: &mut Scenario, value: &Value) -> Result<(), String> {
        self.check(value)?;
        if !(self.set)(scenario, value) {
            return Err(self.expectation());
        }
        // What is given for the whole population stays as it was given, until it is given per million.
        scenario.totals.forget(self.name);
        if self.name == name_of!(population.clients) {
            for (total, value) in scenario.totals.clone().iter() {
                (total.set)(scenario, &Value::Number(value));
            }
        }
        Ok(())
    }

    /// Sets a value that was checked before.
    pub(crate) fn put(&self, scenario: &mut Scenario, value: &Value) {
        let set = self.set(scenario, value);
        debug_assert_eq!(set, Ok(()), "{} was not checked", self.name);
    }

    /// Checks a value's type and range.
    ///
    /// # Errors
    /// A message that says what is allowed, without the parameter's name.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        self.domain.check(value, self.unit)
    }

    /// What is allowed, as the part of a message: "a number, > 0 … 600 s".
    pub fn expectation(&self) -> String {
        self.domain.expectation(self.unit)
    }
}

impl Scenario {
    /// Number of ticks of a run: `round(horizon / tick)`.
    pub fn ticks(&self) -> u64 {
        self.ticks_in(self.time.horizon_h) as u64
    }

    /// The trigger, from which on outages are measured, hours: `outage.trigger_h` if that is finite; otherwise the
    /// earliest of the release, if there are patched clients, and the shocks; the release if there is none of either.
    pub fn trigger_h(&self) -> f64 {
        if self.outage.trigger_h.is_finite() {
            return self.outage.trigger_h;
        }
        let release = (self.updates.patched_fraction > 0.0).then_some(self.updates.release_h);
        let shocks = self.shocks.iter().map(|shock| shock.at_h);
        shocks.chain(release).reduce(f64::min).unwrap_or(self.updates.release_h)
    }

    /// The number of ticks in this many hours, to the nearest one.
    pub(super) fn ticks_in(&self, hours: f64) -> f64 {
        libm::round(hours * 3600.0 / self.time.tick_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_found() {
        for parameter in PARAMETERS {
            assert_eq!(PARAMETERS.iter().filter(|p| p.name == parameter.name).count(), 1);
            assert_eq!(Parameter::find(parameter.name), Some(parameter));
        }
    }

    #[test]
    fn set_then_get_returns_the_value() {
        let mut scenario = Scenario::default();
        for parameter in PARAMETERS {
            let words: &[&str] = match parameter.domain {
                Domain::Choice(words) => words,
                _ => &[],
            };
            for value in words.iter().copied().map(Value::Choice).chain([parameter.default()]) {
                parameter.set(&mut scenario, &value).unwrap();
                assert_eq!(parameter.get(&scenario), value);
            }
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
}
