//! Random delays: how long a client waits after its a-th failure in a row, and until an orphan notices.

use crate::parameters::{Jitter, Overlay, Retry};

/// A random delay, uniform between two bounds, s; a fixed one if they are the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct DelayLaw {
    /// The shortest.
    pub(crate) low_s: f64,
    /// The longest.
    pub(crate) high_s: f64,
}

/// Failures in a row are counted up to this number, as far as the ticket of a client goes.
const FAILURES_MAX: u16 = u16::MAX;

/// The laws of the delay after the first, second … failure in a row: `backoff(a) = min(cap, base · factor^(a−1))` with
/// its jitter. The list ends with the one that holds for all later failures too; it is long if the factor is hardly more
/// than 1, up to [`FAILURES_MAX`].
pub(crate) fn backoffs(retry: &Retry) -> impl Iterator<Item = DelayLaw> {
    let (base_s, factor, cap_s, jitter) = (retry.base_s, retry.factor, retry.cap_s, retry.jitter);
    let next = move |&uncapped_s: &f64| (uncapped_s < cap_s && factor != 1.0).then_some(uncapped_s * factor);
    std::iter::successors(Some(base_s), next).take(FAILURES_MAX.into()).map(move |uncapped_s| {
        let high_s = uncapped_s.min(cap_s);
        let low_s = match jitter {
            Jitter::None => high_s,
            Jitter::Full => 0.0,
            Jitter::Equal => high_s / 2.0,
        };
        DelayLaw { low_s, high_s }
    })
}

/// The law of the time from the death of a super node to when one of its children notices and seeks another one.
pub(crate) fn notice(overlay: &Overlay) -> DelayLaw {
    DelayLaw { low_s: 0.0, high_s: overlay.keepalive_s }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::Scenario;

    #[test]
    fn backoffs_grow_by_the_factor_up_to_the_cap_and_end_there() {
        let mut retry = Scenario::default().retry;
        let bounds =
            |retry: &Retry| -> Vec<(f64, f64)> { backoffs(retry).map(|law| (law.low_s, law.high_s)).collect() };
        assert_eq!(
            bounds(&retry),
            [(0.0, 15.0), (0.0, 30.0), (0.0, 60.0), (0.0, 120.0), (0.0, 240.0), (0.0, 480.0), (0.0, 600.0)]
        );
        retry.cap_s = 40.0;
        retry.jitter = Jitter::Equal;
        assert_eq!(bounds(&retry), [(7.5, 15.0), (15.0, 30.0), (20.0, 40.0)]);
        retry.jitter = Jitter::None;
        assert_eq!(bounds(&retry), [(15.0, 15.0), (30.0, 30.0), (40.0, 40.0)]);
        retry.factor = 1.0;
        assert_eq!(bounds(&retry), [(15.0, 15.0)]);
    }
}
