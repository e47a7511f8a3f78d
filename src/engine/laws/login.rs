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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_queue_holds_what_is_served_in_its_time_and_at_least_one_request() {
        assert_eq!(queue_limit(30.0, 120.0), Some(3600));
        assert_eq!(queue_limit(0.7, 10.0), Some(7), "a whole number but for rounding");
        assert_eq!(queue_limit(0.0, 120.0), Some(1));
        assert_eq!([queue_limit(0.0, f64::INFINITY), queue_limit(f64::INFINITY, 0.0)], [None, None]);
    }
}
