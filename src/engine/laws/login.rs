//! The login server: how much it serves, and how long its queue can be.

use crate::parameters::{Login, Population};

/// Requests that the server serves per second.
pub(crate) fn capacity_per_s(login: &Login, population: &Population) -> f64 {
    login.capacity_per_s_per_million * (population.clients as f64 / 1e6)
}

/// Requests that the queue holds at most: what is served in `queue_limit_s`, at least 1; none if there is no limit. An
/// infinite capacity rejects nobody.
pub(crate) fn queue_limit(capacity_per_s: f64, queue_limit_s: f64) -> Option<u64> {
    // 0 · ∞ is no number: an unlimited wait at a server that serves nobody has no limit.
    if capacity_per_s == f64::INFINITY || queue_limit_s == f64::INFINITY {
        return None;
    }
    Some(((queue_limit_s * capacity_per_s + 1e-9) as u64).max(1))
}

/// Probability that an online client that does not renew begins to within a tick: `1 − exp(−tick / renewal)`.
pub(crate) fn renewal_probability(login: &Login, tick_s: f64) -> f64 {
    -libm::expm1(-tick_s / login.renewal_s)
}

/// The share of its capacity that a server has left with a queue of this length after the requests of a tick, of
/// `limit` at most: `1 − degradation · q/Q`. A queue that is longer than its limit, which was lowered, counts as full;
/// without a limit nothing is lost.
pub(crate) fn capacity_left(degradation: f64, queue: f64, limit: Option<f64>) -> f64 {
    limit.map_or(1.0, |limit| 1.0 - degradation * (queue / limit).min(1.0))
}

/// The accumulated capacity after so many rejections, each of which costs `rejection_cost` service slots, as far as
/// there are any.
pub(crate) fn after_rejections(accumulated: f64, rejection_cost: f64, rejections: f64) -> f64 {
    (accumulated - rejection_cost * rejections).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_costs_what_degradation_says_and_a_longer_one_no_more() {
        let left = |queue, limit| capacity_left(0.25, queue, limit);
        assert_eq!([left(0.0, Some(10.0)), left(4.0, Some(10.0)), left(10.0, Some(10.0))], [1.0, 0.9, 0.75]);
        assert_eq!([left(11.0, Some(10.0)), left(11.0, None)], [0.75, 1.0]);
    }

    #[test]
    fn rejections_cost_no_more_than_has_accumulated() {
        assert_eq!([after_rejections(10.5, 0.1, 5.0), after_rejections(10.5, 0.1, 500.0)], [10.0, 0.0]);
    }

    #[test]
    fn the_queue_holds_what_is_served_in_its_time_and_at_least_one_request() {
        assert_eq!(queue_limit(30.0, 120.0), Some(3600));
        assert_eq!(queue_limit(0.7, 10.0), Some(7), "a whole number but for rounding");
        assert_eq!(queue_limit(0.0, 120.0), Some(1));
        assert_eq!([queue_limit(0.0, f64::INFINITY), queue_limit(f64::INFINITY, 0.0)], [None, None]);
    }
}
