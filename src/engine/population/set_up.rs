//! The network at tick 0.

use super::blow::Blow;
use super::clients::{Class, State};
use super::overlay::Choices;
use super::simulator::Simulator;
use super::streams::Streams;
use super::tickets::Unattached;
use crate::engine::laws::overlay::{eligible_share, initial_supernodes};
use crate::engine::laws::time::nearest_tick;
use crate::engine::observation::Counters;
use crate::parameters::{Intervention, Scenario, Shock};
use crate::random::{Purpose, Stream, binomial, shuffle, shuffle_first, stream};

impl Simulator {
    /// Forgets the run before, and takes over the parameters and the clients of another one.
    pub(super) fn set_up(&mut self, scenario: &Scenario, seed: u64) {
        let tick_s = scenario.time.tick_s;
        let regions = &scenario.population.regions;
        self.scenario.clone_from(scenario);
        self.streams = Streams::new(seed);
        self.counters = Counters::default();
        self.login_queue_before_service = 0;
        self.served_at_once = 0;
        self.attempts.clear();
        self.requests.clear();
        self.renews = false;
        self.renewal_requests.clear();
        self.renewed_at_once = 0;
        self.network.boots.reset();
        self.network.attach_retries.reset();
        self.network.login_retries.reset();
        self.network.renewals.reset();
        self.network.login.reset();
        self.network.overlay.reset(&scenario.overlay, regions.len());
        self.restarts.reset(&scenario.updates, regions, tick_s);
        let blow = |shock: &Shock| (nearest_tick(shock.at_h, tick_s), Blow::new(shock, regions));
        self.shocks = scenario.shocks.iter().map(blow).collect();
        let at_tick = |(_, change): (_, &Intervention)| (nearest_tick(change.at_h, tick_s), change.resolved(scenario));
        self.interventions = scenario.interventions_in_order().map(at_tick).collect();
        self.apply_parameters();
        self.network.absent.reset(self.settings.presence, regions, tick_s);
        let present = self.set_up_clients(&mut stream(seed, Purpose::Attributes));
        self.set_up_overlay(present, &mut stream(seed, Purpose::SetUp));
    }

    /// Draws the attributes of the clients, and who is present: how many of each class.
    fn set_up_clients(&mut self, attributes: &mut Stream) -> Vec<(Class, u32)> {
        let Scenario { population, updates, .. } = &self.scenario;
        let clients = population.clients as u32;
        self.network.census.reset(clients);
        self.network.pending.clear();
        let mut present = Vec::new();
        let (mut left, mut share_left) = (clients, population.regions.iter().map(|region| region.share).sum::<f64>());
        for (index, region) in population.regions.iter().enumerate() {
            let is_last = index + 1 == population.regions.len();
            let here = if is_last { left } else { binomial(attributes, left, region.share / share_left) };
            left -= here;
            share_left -= region.share;
            let eligible = binomial(attributes, here, eligible_share(population));
            let steady_state = self.settings.presence.steady_state(region.utc_offset_h);
            let mut pending_here = 0;
            for (is_eligible, clients) in [(false, here - eligible), (true, eligible)] {
                let pending = binomial(attributes, clients, updates.patched_fraction);
                pending_here += pending;
                for (is_pending, clients) in [(false, clients - pending), (true, pending)] {
                    let class = Class::new(index, is_eligible, is_pending);
                    let here = binomial(&mut self.streams.presence, clients, steady_state);
                    self.network.absent.add(class, clients - here);
                    present.push((class, here));
                }
            }
            self.network.pending.push(pending_here);
        }
        present
    }

    /// Super nodes among the eligible clients that are present; everybody else who finds a slot is online; the others
    /// attempt to attach in tick 0. `present` says how many are present of each class.
    fn set_up_overlay(&mut self, present: Vec<(Class, u32)>, stream: &mut Stream) {
        let (overlay, census) = (&mut self.network.overlay, &mut self.network.census);
        let each = |&(class, clients): &(Class, u32)| std::iter::repeat_n(class, clients as usize);
        let (mut owners, mut others): (Vec<Class>, Vec<Class>) =
            present.iter().flat_map(each).partition(|class| class.is_eligible());
        let wanted = initial_supernodes(&self.scenario.overlay, (owners.len() + others.len()) as u64) as usize;
        let supernodes = wanted.min(owners.len()).saturating_sub(overlay.dedicated() as usize);
        shuffle_first(&mut owners, supernodes, stream);
        others.extend(owners.drain(supernodes..));
        owners.into_iter().for_each(|owner| overlay.add(Some(owner)));
        census.transfer(State::Absent, State::SuperNode, supernodes as u32);
        shuffle(&mut others, stream);
        let mut choices = Choices::default();
        let mut left = others.as_slice();
        while let [class, rest @ ..] = left
            && overlay.accepting() > 0
        {
            let supernode = overlay.choose_accepting(&mut choices, rest.len(), stream);
            overlay.attach(*class, true, supernode);
            left = rest;
        }
        census.transfer(State::Absent, State::Online, (others.len() - left.len()) as u32);
        left.iter().for_each(|&class| self.network.attach_retries.push(0, Unattached::new(class)));
        census.transfer(State::Absent, State::Seeking, left.len() as u32);
    }
}
