//! What a run reports: one row of outputs, and on demand a trace.
//!
//! The two tables below are the only place where the output columns are listed; the Parquet schema, the summary,
//! the terminal and the documentation are derived from [`OUTPUTS`] and [`TRACE_COLUMNS`].

/// The type of an output column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputType {
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Count,
    /// A real number, or missing.
    Number,
    /// One word of a fixed list, or missing.
    Word,
}

/// The value of one output of one run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum OutputValue {
    /// `true` or `false`.
    Boolean(bool),
    /// A whole number.
    Count(u64),
    /// A real number; `None` where the output is not defined for this run.
    Number(Option<f64>),
    /// One word of a fixed list; `None` where the output is not defined for this run.
    Word(Option<&'static str>),
}

/// The steps of a log-in in which clients can hang.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// At the login server: attached, waiting or in backoff.
    Login,
    /// At the super nodes: seeking.
    Supernodes,
    /// In both, neither of which has two thirds.
    Both,
}

impl Step {
    /// What it is called in tables.
    pub fn name(self) -> &'static str {
        match self {
            Step::Login => "login",
            Step::Supernodes => "supernodes",
            Step::Both => "both",
        }
    }
}

/// What it says of a run if an output is null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// It never is.
    Never,
    /// That there is nothing to be measured: the start of a spell that did not come.
    Undefined,
    /// That it is larger than any number: a recovery that is later than the horizon. It counts so in quantiles.
    AboveAll,
}

/// Reads one field's type as an [`OutputValue`].
trait Field {
    const TYPE: OutputType;
    /// What null means, unless the column says otherwise.
    const MISSING: Missing = Missing::Never;
    fn value(&self) -> OutputValue;
}

impl Field for bool {
    const TYPE: OutputType = OutputType::Boolean;
    fn value(&self) -> OutputValue {
        OutputValue::Boolean(*self)
    }
}

impl Field for u64 {
    const TYPE: OutputType = OutputType::Count;
    fn value(&self) -> OutputValue {
        OutputValue::Count(*self)
    }
}

impl Field for f64 {
    const TYPE: OutputType = OutputType::Number;
    fn value(&self) -> OutputValue {
        OutputValue::Number(Some(*self))
    }
}

impl Field for Option<f64> {
    const TYPE: OutputType = OutputType::Number;
    const MISSING: Missing = Missing::Undefined;
    fn value(&self) -> OutputValue {
        OutputValue::Number(*self)
    }
}

impl Field for Option<Step> {
    const TYPE: OutputType = OutputType::Word;
    const MISSING: Missing = Missing::Undefined;
    fn value(&self) -> OutputValue {
        OutputValue::Word(self.map(Step::name))
    }
}

/// One output column of a table of rows of type `Row`.
pub struct Output<Row> {
    /// Name of the column.
    pub name: &'static str,
    /// Unit; `"1"` for a pure number.
    pub unit: &'static str,
    /// What it is.
    pub description: &'static str,
    /// Its type.
    pub kind: OutputType,
    /// What null means.
    pub missing: Missing,
    /// Reads it from a row.
    pub get: fn(&Row) -> OutputValue,
}

/// Declares a row type and the list of its columns: name, type, unit, what null means if it is not undefined, description.
macro_rules! outputs {
    ($(#[$row_doc:meta])* $Row:ident, $(#[$list_doc:meta])* $LIST:ident {
        $( $name:ident: $type:ty, $unit:literal, $($missing:ident)? $description:literal; )*
    }) => {
        $(#[$row_doc])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $Row {
            $( #[doc = concat!($description, " Unit: ", $unit, ".")] pub $name: $type, )*
        }

        $(#[$list_doc])*
        pub static $LIST: &[Output<$Row>] = &[
            $( Output {
                name: stringify!($name),
                unit: $unit,
                description: $description,
                kind: <$type as Field>::TYPE,
                missing: outputs!(missing $type $(, $missing)?),
                get: |row| Field::value(&row.$name),
            }, )*
        ];
    };
    (missing $type:ty) => { <$type as Field>::MISSING };
    (missing $type:ty, $missing:ident) => { Missing::$missing };
}

outputs! {
    /// The outputs of one run, in the order of the Parquet columns.
    Outcome,
    /// The output columns of a run.
    OUTPUTS {
        outage: bool, "1",
            "Whether the longest spell of an online fraction below outage.threshold lasts at least outage.min_duration_h.";
        outage_h: f64, "h",
            "Length of the longest spell of an online fraction below outage.threshold.";
        outage_start_h: Option<f64>, "h",
            "Start of that spell (of the first one of that length) after the trigger; null if there was none.";
        baseline_online_fraction: f64, "1",
            "Mean online fraction over the hour before the trigger.";
        min_online_fraction: f64, "1",
            "Lowest online fraction from the trigger on.";
        min_online_at_h: f64, "h",
            "When the lowest online fraction was first reached, after the trigger.";
        recovered: bool, "1",
            "Whether the online fraction is at least outage.recovered_at at the horizon.";
        recovery_h: Option<f64>, "h", AboveAll
            "From the trigger to the last tick below outage.recovered_at, 0 if there was none; null if not recovered: censored.";
        lost_client_h: f64, "h",
            "Client-hours lost from the trigger on: the sum of max(0, baseline · demand − online).";
        attach_attempts: u64, "1",
            "Attach attempts over the whole run, each counted once whatever its number of probes.";
        attach_failures: u64, "1",
            "Attach attempts that failed, over the whole run.";
        login_requests: u64, "1",
            "Login requests over the whole run, rejected ones included.";
        login_rejections: u64, "1",
            "Login requests that found the queue full, over the whole run.";
        login_timeouts: u64, "1",
            "Login requests given up by their clients after login.timeout_s, over the whole run.";
        login_wasted: u64, "1",
            "Service slots spent on requests whose client no longer waited, over the whole run.";
        logins: u64, "1",
            "Login requests served to a waiting client, over the whole run.";
        restarts: u64, "1",
            "Clients put into booting by the update or a shock, over the whole run.";
        requests_per_login: Option<f64>, "1", AboveAll
            "Login requests per login, both from the trigger on; null without a login. 1 is a network without wasted effort.";
        min_supernodes: u64, "1",
            "Fewest live super nodes at an observation from the trigger on, dedicated ones included.";
        peak_login_queue: u64, "1",
            "Longest login queue right after the requests of a tick entered it, from the trigger on.";
        peak_login_rate_per_s: f64, "1/s",
            "Most login requests of one tick, per second, from the trigger on.";
        supernode_blocked_client_h: f64, "h",
            "Client-hours spent seeking a super node, from the trigger on.";
        login_blocked_client_h: f64, "h",
            "Client-hours spent attached but not logged in (waiting or in backoff), from the trigger on.";
        stuck_at_onset: Option<Step>, "1",
            "The step in which clients hung when that spell began: login or supernodes, if it has two thirds of the client-hours spent in either one beyond those of the hour before the trigger, or both; from the last fall of the online fraction below the middle between baseline and outage.threshold to the spell's first tick. Null without a spell, and where nobody hung. Where clients hang is a symptom; see critmass causes.";
        stuck_while_down: Option<Step>, "1",
            "The same from the moment on in which the spell had lasted outage.min_duration_h, to its end; null if it ended before.";
        demand_peak: u64, "1",
            "Most present clients at an observation from the trigger on.";
        ticks: u64, "1",
            "Ticks of the run.";
        events: u64, "1",
            "State changes of clients over the whole run. A login request is one when it is admitted, and one when it is rejected, also from backoff to backoff; a promotion is none.";
    }
}

outputs! {
    /// One interval of a trace: the states at its last tick, and the flows summed over it.
    TraceRow,
    /// The columns of a trace.
    TRACE_COLUMNS {
        t_h: f64, "h",
            "End of the interval, hours of the simulation.";
        demand: u64, "1",
            "Present clients.";
        online: u64, "1",
            "Clients online, super nodes included.";
        booting: u64, "1",
            "Present clients that are booting.";
        seeking: u64, "1",
            "Clients that look for a super node.";
        waiting: u64, "1",
            "Attached clients with a login request that they wait for.";
        backoff: u64, "1",
            "Attached clients that wait to send their next login request.";
        supernodes: u64, "1",
            "Live super nodes, dedicated ones included.";
        stale_addresses: u64, "1",
            "Addresses of dead super nodes in the host caches.";
        login_queue: u64, "1",
            "Requests in the login server's queue.";
        login_arrivals: u64, "1",
            "Login requests in the interval, rejected ones included.";
        logins: u64, "1",
            "Logins in the interval.";
        attach_attempts: u64, "1",
            "Attach attempts in the interval.";
        attach_failures: u64, "1",
            "Attach attempts that failed in the interval.";
    }
}
