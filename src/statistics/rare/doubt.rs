//! Why an estimate cannot be trusted.

use std::fmt;

/// A reason not to trust an estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// No run had the event.
    NoEvent,
    /// Too few runs had it, by their weights.
    FewEvents,
    /// How many runs it takes could not be told: few events, of large weight, decide.
    Unknown,
    /// Where the events are was still being learned when the runs had to be made.
    Moving,
    /// It takes more runs than are allowed.
    Cut,
    /// Subset simulation finds more.
    Check,
    /// Levels ended before the event.
    Levels,
}

impl Doubt {
    /// All of them.
    pub const ALL: [Doubt; 7] =
        [Doubt::NoEvent, Doubt::FewEvents, Doubt::Unknown, Doubt::Moving, Doubt::Cut, Doubt::Check, Doubt::Levels];
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Doubt::NoEvent => "no run had an outage",
            Doubt::FewEvents => "too few outages",
            Doubt::Unknown => "how many runs it takes could not be told, since few outages decide",
            Doubt::Moving => "where the outages are was still being learned",
            Doubt::Cut => "it takes more runs than rare.at_most",
            Doubt::Check => "subset simulation finds more",
            Doubt::Levels => "the levels ended before an outage",
        })
    }
}
