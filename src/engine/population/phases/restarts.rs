//! Phase 1: machines restart, by the update; then shocks strike.

use crate::engine::laws::restarts::boot_s;
use crate::engine::laws::time::duration_ticks;
use crate::engine::population::clients::{Class, State};
use crate::engine::population::network::Network;
use crate::engine::population::simulator::Simulator;
use crate::engine::population::strikes::sites::Site;
use crate::engine::population::strikes::{Strike, Struck, visits_everybody};
use crate::engine::population::tickets::Unattached;
use crate::random::{Stream, chance, standard_normal};

/// The update restarts a machine.
struct Restart<'a> {
    /// For each region, the share of the strikes that hit its clients: the hazard is that of the region where it is
    /// highest.
    shares: &'a [f64],
    /// Decides which strikes these are.
    thinning: &'a mut Stream,
    /// Those that are struck: they boot when all strikes are over.
    restarting: &'a mut Vec<Class>,
}

impl Strike for Restart<'_> {
    #[inline]
    fn hits(&mut self, _: &mut Stream, _: State, class: Class) -> bool {
        class.is_pending() && chance(self.thinning, self.shares[class.region()])
    }

    fn fate(&mut self, network: &mut Network, struck: Struck) {
        let Struck { site, state, class } = struck;
        network.pending[class.region()] -= 1;
        match site {
            // A machine that boots goes on with that.
            Some(Site::Booting(site)) => network.boots.set(site, Unattached::new(class.updated())),
            _ => {
                network.census.change(state, State::Booting, 1);
                self.restarting.push(class.updated());
            }
        }
    }
}

impl Simulator {
    /// Phase 1: restarts by the update, then shocks.
    pub(crate) fn restarts_and_shocks(&mut self, now: u32) {
        self.restarts(now);
        for index in 0..self.shocks.len() {
            let (tick, blow) = self.shocks[index];
            if tick == now {
                self.shock(now, blow);
            }
        }
    }

    /// The update restarts the machines whose restart time lies in this tick: of absent and booting clients, without
    /// consequences; of the others, by strikes with the hazard of the region where it is highest, of which some miss the
    /// clients of other regions.
    fn restarts(&mut self, now: u32) {
        let mut shares = std::mem::take(&mut self.update_shares);
        shares.clear();
        let (network, streams) = (&mut self.network, &mut self.streams);
        for region in 0..network.pending.len() {
            let is_over = network.pending[region] == 0;
            let probability = if is_over { 0.0 } else { self.restarts.probability(region, now) };
            if probability > 0.0 {
                network.pending[region] -= network.absent.update(region, probability, &mut streams.updates);
            }
            shares.push(probability);
        }
        let most = shares.iter().copied().fold(0.0, f64::max);
        if most > 0.0 {
            let hazard = |probability: f64| -libm::log1p(-probability);
            let most_hazard = hazard(most);
            // Of visits, of which there is one for each client, the share is a quotient of probabilities; of darts, of
            // which several can fall on one, a quotient of hazards.
            let visits = visits_everybody(most_hazard);
            let share = |probability| if visits { probability / most } else { hazard(probability) / most_hazard };
            shares.iter_mut().for_each(|probability| *probability = share(*probability));
            let restarting = &mut self.restarting;
            let mut restart = Restart { shares: &shares, thinning: &mut streams.update_regions, restarting };
            network.strike(most_hazard, &mut streams.updates, &mut restart);
            self.boot();
        }
        self.update_shares = shares;
    }

    /// Those whose machines have restarted boot.
    pub(super) fn boot(&mut self) {
        let (tick_s, updates) = (self.scenario.time.tick_s, &self.scenario.updates);
        self.counters.restarts += self.restarting.len() as u64;
        for class in self.restarting.drain(..) {
            let normal = standard_normal(&mut self.streams.boots);
            self.network.boots.push(duration_ticks(boot_s(updates, normal), tick_s), Unattached::new(class));
        }
    }
}
