//! The network at tick 0.

use super::bank::Part;
use super::chance::Chance;
use super::classes::{Pair, ZERO, mass};
use super::delays::TickLaw;
use super::poisson::Poisson;
use super::settings::Settings;
use super::state::State;
use crate::engine::laws::overlay::eligible_share;
use crate::parameters::Scenario;

/// The network at tick 0: super nodes among the eligible clients that are present; everybody else who finds a slot is
/// online; the others attempt to attach in tick 0.
pub(super) fn set_up(scenario: &Scenario, settings: &Settings, longest_wait_ticks: u32, chance: &mut Chance) -> State {
    let mut state = State::new(scenario, settings, longest_wait_ticks);
    let eligible = eligible_share(&scenario.population);
    let mut present = vec![ZERO; state.regions];
    for (index, region) in scenario.population.regions.iter().enumerate() {
        let here = settings.presence.steady_state(region.utc_offset_h);
        let of_class = |share: f64| region.share * share;
        let all = [of_class(1.0 - eligible), of_class(eligible)];
        present[index] = all.map(|share| share * chance.share(share, here));
        state.absent[index] = [all[0] - present[index][0], all[1] - present[index][1]];
        state.sines.push(settings.presence.sine(region.utc_offset_h));
    }
    let eligible_present: f64 = present.iter().map(|pair| pair[1]).sum();
    let wanted = (scenario.overlay.supernode_ratio * mass(&present)).min(eligible_present);
    let has_owners = eligible_present > 0.0 && !scenario.overlay.bypass;
    let serving = if has_owners { (wanted - settings.dedicated).max(0.0) / eligible_present } else { 0.0 };
    for (owners, present) in state.owners.iter_mut().zip(&mut present) {
        *owners = present[1] * serving;
        present[1] -= *owners;
    }
    if scenario.overlay.bypass {
        state.online[..present.len()].copy_from_slice(&present);
        return state;
    }
    let owned: f64 = state.owners.iter().sum();
    fill(&mut state, [owned, settings.dedicated], &present);
    state
}

/// Attaches those who are present, one after another, each to a super node that is uniform among those with a free slot:
/// every super node has the smaller of its slots and a Poisson number, of one mean for all.
fn fill(state: &mut State, supernodes: [f64; 2], present: &[Pair]) {
    let clients = mass(present);
    let slots = [0, 2].map(|index| state.supernodes[index].slots());
    let room: f64 = supernodes.iter().zip(slots).map(|(mass, slots)| mass * slots as f64).sum();
    let attached = clients.min(room);
    let mean = mean_of_meetings(supernodes, slots, attached, room);
    let mut law = Poisson::default();
    law.set(mean, slots[0].max(slots[1]));
    let mut shares = [0.0; 2];
    for (kind, (index, mass)) in [0, 2].into_iter().zip(supernodes).enumerate() {
        for (children, probability) in (law.first..slots[kind]).zip(&law.probabilities) {
            state.supernodes[index].add(children, mass * probability);
        }
        state.supernodes[index].add(slots[kind], mass * law.at_least[slots[kind]]);
        shares[kind] = state.supernodes[index].children();
    }
    let children = shares[0] + shares[1];
    let regions = state.regions;
    for (kind, share) in shares.into_iter().enumerate() {
        if share > 0.0 {
            let online = &mut state.online[2 * regions * kind..];
            for (online, present) in online.iter_mut().zip(present) {
                *online = present.map(|present| present * (attached / clients) * (share / children));
            }
        }
    }
    if attached < clients {
        let left = |present: &Pair| present.map(|present| present * (1.0 - attached / clients));
        state.seeking.enter(0, 0, &TickLaw::at_once(), Part::all(&present.iter().map(left).collect::<Vec<_>>()));
    }
}

/// The mean number of meetings with which so many clients are attached.
fn mean_of_meetings(supernodes: [f64; 2], slots: [usize; 2], attached: f64, room: f64) -> f64 {
    if attached >= room {
        return super::poisson::MEAN_MAX;
    }
    let mut law = Poisson::default();
    let mut attached_with = |mean: f64| {
        law.set(mean, slots[0].max(slots[1]));
        supernodes[0] * law.capped_means[slots[0]] + supernodes[1] * law.capped_means[slots[1]]
    };
    let mut high = 1.0;
    while attached_with(high) < attached && high < super::poisson::MEAN_MAX {
        high *= 2.0;
    }
    let mut low = 0.0;
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if attached_with(middle) < attached { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}
