//! The streams of random numbers of a run.

use crate::random::{Stream, stream};

/// One stream of random numbers for each purpose.
pub(super) struct Streams {
    /// Sessions that begin and end.
    pub(super) presence: Stream,
    /// Restarts: how many, and of whom.
    pub(super) updates: Stream,
    /// Which restarts are thinned out, where a region has fewer than another one.
    pub(super) update_regions: Stream,
    /// Who crashes.
    pub(super) shocks: Stream,
    /// How long machines boot, and whether the client starts then.
    pub(super) boots: Stream,
    /// When orphans notice.
    pub(super) orphans: Stream,
    /// Which super node an attempt meets.
    pub(super) attach: Stream,
    /// How many attempts fail before one succeeds, and the other way around.
    pub(super) attach_outcome: Stream,
    /// In which order attempts are made.
    pub(super) attach_order: Stream,
    /// Delays after attempts that failed.
    pub(super) attach_backoff: Stream,
    /// Which requests find room in the queue, and in which order those of a tick are served.
    pub(super) login: Stream,
    /// Delays after requests that failed.
    pub(super) login_backoff: Stream,
    /// Who is promoted.
    pub(super) promotion: Stream,
}

impl Streams {
    /// The streams of a seed.
    pub(super) fn new(seed: u64) -> Streams {
        Streams {
            presence: stream(seed, "presence"),
            updates: stream(seed, "updates"),
            update_regions: stream(seed, "update regions"),
            shocks: stream(seed, "shocks"),
            boots: stream(seed, "boots"),
            orphans: stream(seed, "orphans"),
            attach: stream(seed, "attach"),
            attach_outcome: stream(seed, "attach outcome"),
            attach_order: stream(seed, "attach order"),
            attach_backoff: stream(seed, "attach backoff"),
            login: stream(seed, "login"),
            login_backoff: stream(seed, "login backoff"),
            promotion: stream(seed, "promotion"),
        }
    }
}
