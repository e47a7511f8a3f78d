//! The overlay: who can serve as super node, what one accepts, how likely an attempt fails, and who is promoted.

use crate::parameters::{Overlay, Population};

/// The share of clients that could serve as super nodes.
pub(crate) fn eligible_share(population: &Population) -> f64 {
    (1.0 - population.nat_fraction) * population.capable_fraction
}

/// Super nodes of the operator among so many clients: a whole number.
pub(crate) fn dedicated_supernodes(per_million: f64, clients: u64) -> f64 {
    libm::round(per_million * (clients as f64 / 1e6))
}

/// Child slots of a super node of the operator.
pub(crate) fn dedicated_slots(overlay: &Overlay) -> u64 {
    if overlay.dedicated_slots == 0 { overlay.slots } else { overlay.dedicated_slots }
}

/// Super nodes at tick 0, those of the operator included, if enough of the clients that are present are eligible.
pub(crate) fn initial_supernodes(overlay: &Overlay, present: u64) -> f64 {
    if overlay.bypass {
        return 0.0;
    }
    (overlay.supernode_ratio * present as f64 + 1e-9).floor()
}

/// Clients that a super node accepts in a tick at most: `max(1, floor(accept_per_s · tick))`, saturating; any number
/// without an overlay.
pub(crate) fn accept_limit(overlay: &Overlay, tick_s: f64) -> u32 {
    if overlay.bypass {
        return u32::MAX;
    }
    (overlay.accept_per_s * tick_s + 1e-9).floor().clamp(1.0, f64::from(u32::MAX)) as u32
}

/// A super node that is probed more often than this in a tick is overloaded; infinite without overload protection.
pub(crate) fn overload_probes(overlay: &Overlay, tick_s: f64) -> f64 {
    if overlay.bypass {
        return f64::INFINITY;
    }
    overlay.overload_probes_per_s * tick_s
}

/// Probability that an attempt of up to `probes` probes meets no accepting super node where `accepting` of the addresses
/// in the registry accept: `s^probes` with the share s of those that do not. 1 with an empty registry.
#[inline]
pub(crate) fn attach_failure(accepting: f64, registry: f64, probes: u32) -> f64 {
    if registry == 0.0 {
        return 1.0;
    }
    power((registry - accepting) / registry, probes)
}

/// Probability that a promotion that is wanted takes place within a tick: `1 − exp(−tick / healing_time)`; 0 where
/// self-healing does not work, and without an overlay.
pub(crate) fn healing_probability(overlay: &Overlay, tick_s: f64) -> f64 {
    if overlay.bypass {
        return 0.0;
    }
    -libm::expm1(-tick_s / overlay.healing_time_s)
}

/// Probability with which each of `candidates` online eligible clients is promoted in a tick, where `members` clients
/// seek, wait, are in back-off or online, and `live` super nodes live; `healing` as of [`healing_probability`].
pub(crate) fn promotion_probability(overlay: &Overlay, members: f64, live: f64, candidates: f64, healing: f64) -> f64 {
    let missing = overlay.supernode_ratio * members - live;
    if candidates == 0.0 || missing <= 0.0 {
        return 0.0;
    }
    (missing / candidates).min(1.0) * healing
}

/// `base` to a whole power, by multiplication: the same on any machine.
fn power(base: f64, exponent: u32) -> f64 {
    let (mut result, mut square, mut left) = (1.0, base, exponent);
    while left > 0 {
        if left & 1 == 1 {
            result *= square;
        }
        square *= square;
        left >>= 1;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::Scenario;

    #[test]
    fn an_attempt_fails_with_the_share_of_other_addresses_to_the_power_of_probes() {
        assert!((attach_failure(4.0, 10.0, 3) - 0.216).abs() < 1e-12);
        assert!((attach_failure(9.0, 10.0, 13) - 1e-13).abs() < 1e-20);
        assert_eq!([attach_failure(10.0, 10.0, 1), attach_failure(0.0, 10.0, 1000)], [0.0, 1.0]);
        assert_eq!(attach_failure(0.0, 0.0, 4), 1.0, "an empty registry is a failed attempt");
    }

    #[test]
    fn promotion_makes_up_for_what_is_missing_and_for_no_more() {
        let overlay = Scenario::default().overlay;
        // 2 % of 1,000 are wanted; 12 are missing, which is 6 % of the candidates.
        let healing = healing_probability(&overlay, 1200.0);
        assert!((healing - (1.0 - libm::exp(-1.0))).abs() < 1e-15);
        assert!((promotion_probability(&overlay, 1000.0, 8.0, 200.0, healing) - 0.06 * healing).abs() < 1e-15);
        assert_eq!(promotion_probability(&overlay, 1000.0, 8.0, 3.0, healing), healing, "all that there are");
        assert_eq!(promotion_probability(&overlay, 1000.0, 20.0, 200.0, healing), 0.0);
        assert_eq!(promotion_probability(&overlay, 1000.0, 8.0, 0.0, healing), 0.0);
        let defect = Overlay { healing_time_s: f64::INFINITY, ..overlay };
        assert_eq!(healing_probability(&defect, 5.0), 0.0);
    }

    #[test]
    fn a_super_node_accepts_one_client_a_tick_at_least() {
        let accepts = |accept_per_s: f64, tick_s: f64| {
            accept_limit(&Overlay { accept_per_s, ..Scenario::default().overlay }, tick_s)
        };
        assert_eq!([accepts(2.0, 5.0), accepts(0.39, 5.0), accepts(0.01, 5.0)], [10, 1, 1]);
        assert_eq!(accepts(0.7, 10.0), 7, "a whole number but for rounding");
        assert_eq!(accepts(f64::INFINITY, 5.0), u32::MAX);
        assert_eq!(accept_limit(&Overlay { bypass: true, ..Scenario::default().overlay }, 5.0), u32::MAX);
    }
}
