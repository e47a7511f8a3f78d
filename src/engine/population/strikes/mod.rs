//! Whom a restart, a shock or the end of a session strikes: each present client by itself, with a hazard.
//!
//! Nobody knows where a certain client is, but all *sites*, at which clients can be, have numbers, as those of a lattice
//! whose sites are occupied or vacant. So the number of strikes is drawn, and where each of them falls, like darts thrown
//! blindfold ([`Network::throw_darts`]): a Poisson number, with the hazard times the number of sites for mean, each at
//! any site with the same probability. Then the strikes at each site are Poisson too, independently of those at others,
//! and the client there is struck at least once with the probability 1 − exp(−hazard) that it should have (Kingman,
//! Poisson Processes, 1993, chapter 5). A vacant site is a miss. Who is struck is taken away at once, and another one may
//! move into its site, the last of a list for example. That changes nothing: who is where is settled by earlier strikes
//! alone, so that the next one hits each of those who are left with the same probability.
//!
//! Where the hazard is high, nearly every site would be hit, and it is less work to visit each of them once
//! ([`Network::visit_everybody`]).
//!
//! Sites are numbered in whatever order they lie in memory, with the vacant ones: what matters is that nobody is at two
//! of them.

pub(super) mod sites;

use rand_xoshiro::rand_core::Rng;

use super::clients::{Class, State};
use super::ids::ChildSite;
use super::network::Network;
use crate::prefetch::BLOCK;
use crate::random::{Stream, chance, poisson, scale};
use sites::{Site, Sites};

/// What strikes clients: the end of a session, a restart, a crash.
pub(super) trait Strike {
    /// Whether a strike at a client in this state and of this class hits it. Asked once of a client that is visited, and
    /// for each dart that falls on it. `stream` is the one from which the strikes are drawn.
    fn hits(&mut self, stream: &mut Stream, state: State, class: Class) -> bool;

    /// What becomes of a client that was hit, and taken away from where it was. It must not be put where another strike
    /// could hit it again.
    fn fate(&mut self, network: &mut Network, struck: Struck);
}

/// A client that was hit.
pub(super) struct Struck {
    /// Where it was; none if it was an online child.
    pub(super) site: Option<Site>,
    /// In which state.
    pub(super) state: State,
    pub(super) class: Class,
}

/// Above this hazard, everybody is visited.
const DARTS_HAZARD_MAX: f64 = 0.25;

/// Darts at online children that are drawn together at most. What is touched for that is still in the first cache when
/// they are handled.
const DRAWN_MAX: usize = 128;

/// Whether a hazard is so high that everybody is visited once, rather than darts thrown.
pub(super) fn visits_everybody(hazard: f64) -> bool {
    hazard > DARTS_HAZARD_MAX
}

impl Network {
    /// Strikes every present client with a hazard, the same for all, in the way that is less work.
    pub(super) fn strike(&mut self, hazard: f64, stream: &mut Stream, strike: &mut impl Strike) {
        if visits_everybody(hazard) {
            self.visit_everybody(-libm::expm1(-hazard), stream, strike);
        } else {
            self.throw_darts(hazard, stream, strike);
        }
    }

    /// Visits every present client, each with this probability.
    pub(super) fn visit_everybody(&mut self, probability: f64, stream: &mut Stream, strike: &mut impl Strike) {
        let sites = Sites::of(self);
        for supernode in self.overlay.indices() {
            // Those of lower rank keep it when a child goes.
            for site in self.overlay.online_of(supernode) {
                if chance(stream, probability) {
                    self.strike_child(site, stream, strike);
                }
            }
        }
        for number in (0..sites.count()).rev() {
            if chance(stream, probability) {
                self.strike_site(sites.site(number), stream, strike);
            }
        }
    }

    /// Throws darts at all sites, with this hazard at each.
    fn throw_darts(&mut self, hazard: f64, stream: &mut Stream, strike: &mut impl Strike) {
        let sites = Sites::of(self);
        // A copy of the generator stays in registers.
        let mut own = stream.clone();
        self.throw_darts_at_children(hazard, &mut own, strike);
        self.throw_darts_at_others(hazard, &sites, &mut own, strike);
        *stream = own;
    }

    #[inline(always)]
    fn throw_darts_at_children(&mut self, hazard: f64, stream: &mut Stream, strike: &mut impl Strike) {
        let mut drawn = [ChildSite::default(); DRAWN_MAX];
        let mut left = poisson(stream, self.overlay.child_sites() as f64 * hazard) as usize;
        while left > 0 {
            let count = left.min(DRAWN_MAX);
            left -= count;
            let hit = self.overlay.draw_online(count, stream, &mut drawn);
            hit.iter().take(BLOCK).for_each(|site| self.overlay.prefetch(site.supernode));
            for (number, &site) in hit.iter().enumerate() {
                if let Some(later) = hit.get(number + BLOCK) {
                    self.overlay.prefetch(later.supernode);
                }
                self.strike_child(site, stream, strike);
            }
        }
    }

    #[inline(always)]
    fn throw_darts_at_others(&mut self, hazard: f64, sites: &Sites, stream: &mut Stream, strike: &mut impl Strike) {
        let mut drawn = [Site::Booting(0); BLOCK];
        let mut left = poisson(stream, sites.count() as f64 * hazard) as usize;
        while left > 0 {
            let block = &mut drawn[..left.min(BLOCK)];
            left -= block.len();
            for site in block.iter_mut() {
                *site = sites.site(scale(stream.next_u64(), sites.count()));
                self.prefetch(*site);
            }
            block.iter().for_each(|&site| self.prefetch_supernode(site));
            block.iter().for_each(|&site| self.strike_site(site, stream, strike));
        }
    }

    #[inline(always)]
    fn strike_child(&mut self, site: ChildSite, stream: &mut Stream, strike: &mut impl Strike) {
        if let Some(class) = self.overlay.class(site)
            && strike.hits(stream, State::Online, class)
        {
            self.overlay.detach_online(site.supernode, class);
            strike.fate(self, Struck { site: None, state: State::Online, class });
        }
    }

    fn strike_site(&mut self, site: Site, stream: &mut Stream, strike: &mut impl Strike) {
        if let Some((state, class)) = self.occupant(site)
            && strike.hits(stream, state, class)
        {
            self.vacate(site, class);
            strike.fate(self, Struck { site: Some(site), state, class });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::population::simulator::Simulator;
    use crate::parameters::Scenario;

    /// Counts whom it strikes, and lets them vanish.
    struct Count([u32; State::COUNT]);

    impl Strike for Count {
        fn hits(&mut self, _: &mut Stream, _: State, _: Class) -> bool {
            true
        }
        fn fate(&mut self, _: &mut Network, struck: Struck) {
            self.0[struck.state as usize] += 1;
        }
    }

    #[test]
    fn each_client_is_struck_with_the_probability_of_the_hazard_wherever_it_is() {
        let mut scenario = Scenario::default();
        scenario.population.clients = 100_000;
        scenario.updates.synchronization = 0.6;
        scenario.login.capacity_per_s_per_million = 30.0;
        (scenario.login.renewal_s, scenario.login.grace_s) = (1e5, 1e6);
        for hazard in [0.1, 0.5] {
            let mut simulator = Simulator::new();
            simulator.set_up(&scenario, 7);
            // Until twenty minutes after the release, when there are some in each state.
            (0..8880).for_each(|now| simulator.tick(now));
            let Simulator { network, streams, .. } = &mut simulator;
            let before = State::ALL.map(|state| network.census.count(state));
            let mut strike = Count([0; State::COUNT]);
            network.strike(hazard, &mut streams.shocks, &mut strike);
            let struck = strike.0;
            let probability = -libm::expm1(-hazard);
            for state in State::ALL.into_iter().skip(1) {
                let clients = f64::from(before[state as usize]);
                assert!(clients > 100.0, "{state:?}");
                let deviation = f64::from(struck[state as usize]) - clients * probability;
                // 7 standard errors: a false alarm below 14 · 3e-12.
                let sd = (clients * probability * (1.0 - probability)).sqrt();
                assert!(deviation.abs() < 7.0 * sd, "{state:?} {hazard}: {deviation} {sd}");
            }
        }
    }
}
