//! The streams of random numbers of a run.

use crate::random::{Purpose, Stream, stream};

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
    /// Which attempts are admitted.
    pub(super) admission: Stream,
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
    /// Who begins to renew.
    pub(super) renewals: Stream,
    /// Delays after requests that failed.
    pub(super) login_backoff: Stream,
    /// Who is promoted.
    pub(super) promotion: Stream,
}

impl Streams {
    /// The streams of a seed.
    pub(super) fn new(seed: u64) -> Streams {
        Streams {
            presence: stream(seed, Purpose::Presence),
            updates: stream(seed, Purpose::Updates),
            update_regions: stream(seed, Purpose::UpdateRegions),
            shocks: stream(seed, Purpose::Shocks),
            boots: stream(seed, Purpose::Boots),
            orphans: stream(seed, Purpose::Orphans),
            admission: stream(seed, Purpose::Admission),
            attach: stream(seed, Purpose::Attach),
            attach_outcome: stream(seed, Purpose::AttachOutcome),
            attach_order: stream(seed, Purpose::AttachOrder),
            attach_backoff: stream(seed, Purpose::AttachBackoff),
            login: stream(seed, Purpose::Login),
            renewals: stream(seed, Purpose::Renewals),
            login_backoff: stream(seed, Purpose::LoginBackoff),
            promotion: stream(seed, Purpose::Promotion),
        }
    }
}
