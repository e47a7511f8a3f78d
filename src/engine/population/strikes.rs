//! Whom a restart, a shock or the end of a session strikes: each present client by itself, with a hazard.
//!
//! Nobody knows where a certain client is, but all places at which clients can be have numbers. So the number of strikes
//! is drawn, and where each of them falls, like darts thrown blindfold: a Poisson number, with the hazard times the
//! number of places for mean, each at any place with the same probability. Then the strikes at each place are Poisson
//! too, independently of those at others, and the client there is struck at least once with the probability
//! 1 − exp(−hazard) that it should have (Kingman, Poisson Processes, 1993, chapter 5). A place without a client is a
//! miss. Who is struck is taken away at once, and another one may move into its place, the last of a list for example.
//! That changes nothing: who is where is settled by earlier strikes alone, so that the next one hits each of those who
//! are left with the same probability.
//!
//! Places are numbered in whatever order they lie in memory, with the unused ones: what matters is that nobody is at
//! two of them.

use rand_xoshiro::rand_core::Rng;

use super::Simulator;
use super::clients::{Class, State};
use super::overlay::Child;
use crate::prefetch::BLOCK;
use crate::random::{Stream, chance, poisson, scale};

/// Where a present client can be, but for the online children, which have a [`Child`].
#[derive(Debug, Clone, Copy)]
pub(super) enum Spot {
    /// In the live super node of this number.
    SuperNode(u64),
    /// In the wheel of attach retries.
    Seeking(u64),
    /// In the wheel of login retries.
    Backoff(u64),
    /// In the login queue.
    Waiting(u64),
    /// In the wheel of boots.
    Booting(u64),
}

/// Above this hazard, places are gone through rather than drawn.
const HAZARD_MAX: f64 = 0.25;

/// Strikes of online children that are drawn together at most. What is touched for that is still in the first cache when
/// they are handled.
const DRAWN_MAX: usize = 128;

/// Whether a hazard is so high that each place is gone through once.
pub(super) fn visits_each(hazard: f64) -> bool {
    hazard > HAZARD_MAX
}

impl Simulator {
    /// How many spots there are of each kind, in the order of the numbers of [`Simulator::spot`].
    pub(super) fn spots(&self) -> [u64; 5] {
        let waiting = self.login.numbers();
        [
            self.overlay.live().into(),
            self.attach_retries.len(),
            self.login_retries.len(),
            waiting.end - waiting.start,
            self.boots.len(),
        ]
    }

    /// The spot with this number, where `spots` says how many there are of each kind, and `first_waiting` is the number of
    /// the first request in the login queue.
    pub(super) fn spot(spots: &[u64; 5], first_waiting: u64, number: u64) -> Spot {
        let mut left = number;
        for (kind, &count) in spots.iter().enumerate() {
            if left < count {
                return match kind {
                    0 => Spot::SuperNode(left),
                    1 => Spot::Seeking(left),
                    2 => Spot::Backoff(left),
                    3 => Spot::Waiting(first_waiting + left),
                    _ => Spot::Booting(left),
                };
            }
            left -= count;
        }
        // Not reached: the number is below the sum.
        Spot::Booting(left)
    }

    /// Strikes every spot with a hazard, the same for all. Who is there is struck if `hits` says so, of a state and a
    /// class, and taken away; `then` says what becomes of it, and puts nobody where a strike could hit it again. Where
    /// [`visits_each`] holds for the hazard, `hits` is asked once for a spot at most, and otherwise for each strike; then it
    /// must draw from another stream.
    pub(super) fn strike(
        &mut self,
        hazard: f64,
        stream: fn(&mut Simulator) -> &mut Stream,
        mut hits: impl FnMut(&mut Simulator, State, Class) -> bool,
        mut then: impl FnMut(&mut Simulator, Option<Spot>, State, Class),
    ) {
        let spots = self.spots();
        let first_waiting = self.login.numbers().start;
        let total = spots.iter().sum();
        let mut strike_child = |simulator: &mut Simulator, child: Child| {
            if let Some(class) = simulator.overlay.class(child)
                && hits(simulator, State::Online, class)
            {
                simulator.overlay.detach_online(child.supernode, class);
                then(simulator, None, State::Online, class);
            }
        };
        if visits_each(hazard) {
            let probability = -libm::expm1(-hazard);
            for supernode in self.overlay.indices() {
                // Those of lower rank keep it when a child goes.
                for child in self.overlay.online_of(supernode) {
                    if chance(stream(self), probability) {
                        strike_child(self, child);
                    }
                }
            }
            for number in (0..total).rev() {
                if chance(stream(self), probability) {
                    self.strike_spot(Simulator::spot(&spots, first_waiting, number), &mut hits, &mut then);
                }
            }
            return;
        }
        let mut own = stream(self).clone();
        let mut struck = [Child::default(); DRAWN_MAX];
        let mut left = poisson(&mut own, self.overlay.places() as f64 * hazard) as usize;
        while left > 0 {
            let count = left.min(DRAWN_MAX);
            left -= count;
            let struck = self.overlay.draw_online(count, &mut own, &mut struck);
            struck.iter().take(BLOCK).for_each(|child| self.overlay.prefetch(child.supernode));
            for (number, &child) in struck.iter().enumerate() {
                if let Some(later) = struck.get(number + BLOCK) {
                    self.overlay.prefetch(later.supernode);
                }
                strike_child(self, child);
            }
        }
        let mut left = poisson(&mut own, total as f64 * hazard) as usize;
        let mut struck = [Spot::Booting(0); BLOCK];
        while left > 0 {
            let block = &mut struck[..left.min(BLOCK)];
            left -= block.len();
            for spot in block.iter_mut() {
                *spot = Simulator::spot(&spots, first_waiting, scale(own.next_u64(), total));
                self.prefetch(*spot);
            }
            for &spot in block.iter() {
                if let Spot::Backoff(number) = spot
                    && let Some(ticket) = self.login_retries.get(number)
                {
                    self.overlay.prefetch(ticket.supernode());
                }
            }
            block.iter().for_each(|&spot| self.strike_spot(spot, &mut hits, &mut then));
        }
        *stream(self) = own;
    }

    fn strike_spot(
        &mut self,
        spot: Spot,
        hits: &mut impl FnMut(&mut Simulator, State, Class) -> bool,
        then: &mut impl FnMut(&mut Simulator, Option<Spot>, State, Class),
    ) {
        if let Some((state, class)) = self.at(spot)
            && hits(self, state, class)
        {
            self.take_from(spot, class);
            then(self, Some(spot), state, class);
        }
    }

    /// Asks for a spot in one of the wheels.
    fn prefetch(&self, spot: Spot) {
        match spot {
            Spot::Seeking(number) => self.attach_retries.prefetch(number),
            Spot::Backoff(number) => self.login_retries.prefetch(number),
            Spot::Booting(number) => self.boots.prefetch(number),
            Spot::SuperNode(_) | Spot::Waiting(_) => {}
        }
    }

    /// Who is at a spot, and in which state.
    pub(super) fn at(&mut self, spot: Spot) -> Option<(State, Class)> {
        match spot {
            Spot::SuperNode(number) => {
                let supernode = self.overlay.live_one(number)?;
                self.overlay.owner(supernode).map(|class| (State::SuperNode, class))
            }
            Spot::Seeking(number) => self.attach_retries.get(number).map(|ticket| (State::Seeking, ticket.class())),
            Spot::Backoff(number) => {
                let ticket = self.login_retries.get(number)?;
                (!self.overlay.is_void(ticket.supernode())).then(|| (State::Backoff, ticket.class()))
            }
            Spot::Waiting(number) => {
                let ticket = self.login.get(number)?;
                (!self.overlay.is_void(ticket.supernode())).then(|| (State::Waiting, ticket.class()))
            }
            Spot::Booting(number) => self.boots.get(number).map(|ticket| (State::Booting, ticket.class())),
        }
    }

    /// Takes the client of this class away that is at a spot.
    fn take_from(&mut self, spot: Spot, class: Class) {
        match spot {
            Spot::SuperNode(number) => {
                if let Some(supernode) = self.overlay.live_one(number) {
                    self.overlay.kill(supernode);
                }
            }
            Spot::Seeking(number) => self.attach_retries.remove(number),
            Spot::Backoff(number) => {
                if let Some(ticket) = self.login_retries.get(number) {
                    self.overlay.detach_offline(ticket.supernode(), class);
                    self.login_retries.remove(number);
                }
            }
            Spot::Waiting(number) => {
                if let Some(ticket) = self.login.abandon(number) {
                    self.overlay.stop_waiting(ticket);
                    self.overlay.detach_offline(ticket.supernode(), class);
                }
            }
            Spot::Booting(number) => self.boots.remove(number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::Scenario;

    #[test]
    fn each_client_is_struck_with_the_probability_of_the_hazard_wherever_it_is() {
        let mut scenario = Scenario::default();
        scenario.population.clients = 100_000;
        scenario.updates.synchronization = 0.6;
        scenario.login.capacity_per_s_per_million = 30.0;
        for hazard in [0.1, 0.5] {
            let mut simulator = Simulator::new();
            simulator.set_up(&scenario, 7);
            // Until twenty minutes after the release, when there are some in each state.
            (0..8880).for_each(|now| simulator.tick(now));
            let mut struck = [0; 7];
            let before = State::ALL.map(|state| simulator.census.count(state));
            simulator.strike(
                hazard,
                |simulator| &mut simulator.streams.shocks,
                |_, _, _| true,
                |_, _, state, _| struck[state as usize] += 1,
            );
            let probability = -libm::expm1(-hazard);
            for state in State::ALL.into_iter().skip(1) {
                let clients = f64::from(before[state as usize]);
                assert!(clients > 100.0, "{state:?}");
                let deviation = f64::from(struck[state as usize]) - clients * probability;
                // 7 standard errors: a false alarm below 12 · 3e-12.
                let sd = (clients * probability * (1.0 - probability)).sqrt();
                assert!(deviation.abs() < 7.0 * sd, "{state:?} {hazard}: {deviation} {sd}");
            }
        }
    }
}
