//! The registry and its probes, and the super nodes that shut down because they are probed too often.

use super::Overlay;
use crate::engine::laws::overlay::attach_failure;
use crate::engine::population::clients::Class;
use crate::engine::population::ids::SuperNodeId;
use crate::random::{Stream, scale, unit};
use rand_xoshiro::rand_core::Rng;

impl Overlay {
    /// Addresses in the host caches.
    fn registry(&self) -> u64 {
        u64::from(self.live()) + self.stale.count()
    }

    /// Probability that an attempt of up to `probes` probes meets no accepting super node where `accepting` accept.
    pub(crate) fn failure_probability(&self, accepting: u32, probes: u32) -> f64 {
        attach_failure(accepting.into(), self.registry() as f64, probes)
    }

    /// Probes the registry one address after another, counting the probes that each super node meets, until one
    /// accepts.
    pub(crate) fn probe(&mut self, probes: u32, stream: &mut Stream) -> Option<SuperNodeId> {
        let registry = self.registry();
        if registry == 0 {
            return None;
        }
        for _ in 0..probes {
            let address = scale(stream.next_u64(), registry);
            let Some(&supernode) = self.live.order().get(address as usize) else { continue };
            self.probes.count(supernode);
            if address < u64::from(self.live.accepting()) {
                return Some(supernode);
            }
        }
        None
    }

    /// Ends the attach phase with overload protection: shows to `overloaded` the owners of those super nodes that
    /// met more than `probes_max` probes in this tick and shut down, each with the given probability. They are dead.
    /// Dedicated ones do so if `dedicated_back` says in which tick they are back.
    pub(crate) fn shut_down_overloaded(
        &mut self,
        probes_max: f64,
        probability: f64,
        dedicated_back: Option<u32>,
        stream: &mut Stream,
        mut overloaded: impl FnMut(Class),
    ) {
        let mut probed = std::mem::take(&mut self.probes.probed);
        for supernode in probed.drain(..) {
            let probes = self.probes.take(supernode);
            let owner = self.owner(supernode);
            let can_shut_down = owner.is_some() || dedicated_back.is_some();
            if can_shut_down && f64::from(probes) > probes_max && unit(stream) < probability {
                self.kill(supernode);
                if let Some(owner) = owner {
                    overloaded(owner);
                } else if let Some(back) = dedicated_back {
                    self.dedicated.fail(back, 1);
                }
            }
        }
        self.probes.probed = probed;
    }
}

#[cfg(test)]
mod tests {
    use super::super::checks::{CLASS, overlay};
    use crate::random::{Purpose, stream};

    #[test]
    fn an_attempt_succeeds_with_one_minus_s_to_the_power_of_probes() {
        let (mut overlay, supernodes) = overlay(1, 10, 10);
        supernodes[..5].iter().for_each(|&supernode| overlay.attach(CLASS, true, supernode));
        overlay.kill(supernodes[9]);
        overlay.orphan_children(100, |_, _, _| ());
        // 10 addresses: 5 full, 4 accepting, 1 stale.
        let expected = 1.0 - 0.6f64.powi(3);
        assert!((1.0 - overlay.failure_probability(overlay.accepting(), 3) - expected).abs() < 1e-12);
        let mut stream = stream(3, Purpose::Test("probe"));
        let n = 1_000_000;
        let successes = (0..n).filter(|_| overlay.probe(3, &mut stream).is_some()).count();
        let sd = (expected * (1.0 - expected) / f64::from(n)).sqrt();
        // 6 standard errors: a false alarm in 5e8.
        assert!((successes as f64 / f64::from(n) - expected).abs() < 6.0 * sd);
    }
}
