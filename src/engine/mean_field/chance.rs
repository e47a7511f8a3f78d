//! The chance that is left of N clients: whether a session ends or begins, whether the update comes, whether a super node
//! dies with its owner, and who is promoted. Everything else follows from these as in the limit.
//!
//! What departs from a mass is a binomial number of the clients that it stands for, in place of its mean. Deaths of super
//! nodes weigh most, each with dozens of orphans; waiting times and probes are many in each tick.

use crate::random::{Purpose, Stream, binomial, stream};

/// The chance of N clients, or none.
#[derive(Debug, Clone, Default)]
pub(super) struct Chance {
    drawn: Option<(Stream, f64)>,
}

impl Chance {
    /// That of so many clients with this seed.
    pub(super) fn of(seed: u64, clients: u64) -> Chance {
        Chance { drawn: Some((stream(seed, Purpose::MeanField), clients as f64)) }
    }

    /// Whether there is any.
    pub(super) fn is_there(&self) -> bool {
        self.drawn.is_some()
    }

    /// The share of a mass to which something happens that has this probability for each client.
    pub(super) fn share(&mut self, mass: f64, probability: f64) -> f64 {
        let Some((stream, clients)) = &mut self.drawn else { return probability };
        let members = libm::round(mass * *clients).clamp(0.0, f64::from(u32::MAX)) as u32;
        // Less than half a client has no chance.
        if members == 0 { probability } else { f64::from(binomial(stream, members, probability)) / f64::from(members) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_chance_a_share_is_its_probability_and_with_it_whole_clients() {
        assert_eq!(Chance::default().share(0.3, 0.123), 0.123);
        let mut chance = Chance::of(1, 1000);
        let shares: Vec<f64> = (0..2000).map(|_| chance.share(0.3, 0.25)).collect();
        assert!(shares.iter().all(|share| (share * 300.0 - libm::round(share * 300.0)).abs() < 1e-9));
        let mean = shares.iter().sum::<f64>() / 2000.0;
        let variance = shares.iter().map(|share| (share - mean) * (share - mean)).sum::<f64>() / 2000.0;
        // Standard errors: 0.025 / √2000, and 3 % of the variance; a false alarm at 5 of them is below 1e-6.
        assert!((mean - 0.25).abs() < 5.0 * 0.00056, "{mean}");
        assert!((variance * 300.0 / (0.25 * 0.75) - 1.0).abs() < 5.0 * 0.032, "{variance}");
        assert_eq!((chance.share(0.0004, 0.25), chance.share(0.3, 0.0), chance.share(0.3, 1.0)), (0.25, 0.0, 1.0));
    }
}
