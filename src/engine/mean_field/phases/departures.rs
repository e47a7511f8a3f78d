//! Phases 1 and 2: who restarts, who crashes, whose session ends or begins.

use crate::engine::mean_field::classes::{Pair, ZERO, mass};
use crate::engine::mean_field::solver::{Running, Scratch};
use crate::engine::mean_field::state::{Numbers, State};
use crate::parameters::Shock;

/// Up to this hazard, six terms of the series of its probability are as good as the function: the seventh one is below
/// 1/5040 · 0.005⁶ of it, or 3·10⁻¹⁸.
const SMALL_HAZARD: f64 = 5e-3;

/// Clients and owners of super nodes are put into booting, by cell with a probability each.
struct Strike<'a> {
    clients: &'a [f64],
    owners: &'a [f64],
    /// Whether it is the update, which does not come again.
    is_update: bool,
}

impl Running {
    /// From the start of the tick on, interventions hold.
    pub(in crate::engine::mean_field) fn interventions(&mut self, now: u32) {
        let due = self.interventions.partition_point(|&(tick, _)| tick <= now);
        if due == 0 {
            return;
        }
        for (_, intervention) in self.interventions.drain(..due) {
            if intervention.flush {
                self.state.queue.flush();
            }
            // They were resolved at the start.
            for (parameter, value) in intervention.values(&self.scenario).collect::<Vec<_>>() {
                // Checked together with the scenario.
                parameter.put(&mut self.scenario, &value);
            }
        }
        self.apply_parameters(now);
    }

    /// Phase 1: restarts by the update, then shocks.
    pub(in crate::engine::mean_field) fn restarts_and_shocks(&mut self, now: u32) {
        let pending = self.state.regions..2 * self.state.regions;
        for (before, cells) in self.scratch.owners_before.iter_mut().zip([0..pending.start, pending]) {
            *before = self.state.owners[cells].iter().sum();
        }
        self.scratch.dedicated_alive = 1.0;
        self.update(now);
        for index in 0..self.shocks.len() {
            if self.shocks[index].0 == now {
                let shock = self.shocks[index].1.clone();
                self.shock(&shock, now);
            }
        }
    }

    fn update(&mut self, now: u32) {
        if now < self.release {
            return;
        }
        let regions = self.state.regions;
        let mut probabilities = std::mem::take(&mut self.scratch.update);
        probabilities.clear();
        probabilities.resize(regions, 0.0);
        probabilities.extend((0..regions).map(|region| self.restarts.probability(region, now)));
        if probabilities.iter().any(|&probability| probability > 0.0) {
            let (others, pending) = self.state.absent.split_at_mut(regions);
            for ((other, pending), probability) in others.iter_mut().zip(pending).zip(&probabilities[regions..]) {
                let updated = pending.map(|mass| mass * probability);
                *pending = [pending[0] - updated[0], pending[1] - updated[1]];
                *other = [other[0] + updated[0], other[1] + updated[1]];
            }
            self.state.boots.update(&probabilities[regions..]);
            self.strike(&Strike { clients: &probabilities, owners: &probabilities, is_update: true }, now);
        }
        self.scratch.update = probabilities;
    }

    /// Some super nodes that are not dedicated, and some other clients that do not boot, crash; some dedicated ones fail;
    /// and of the attached clients that do not crash, some lose their connections.
    fn shock(&mut self, shock: &Shock, now: u32) {
        let Shock { supernode_fraction, client_fraction, dedicated_fraction, disconnect_fraction, .. } = shock;
        let places = &self.scenario.population.regions;
        // Twice: a cell for each state of the update.
        let struck: Vec<bool> = places.iter().chain(places).map(|region| shock.strikes_in(region)).collect();
        let of_cells = |share: f64| struck.iter().map(|&is| if is { share } else { 0.0 }).collect::<Vec<f64>>();
        let (clients, owners) = (of_cells(*client_fraction), of_cells(*supernode_fraction));
        self.strike(&Strike { clients: &clients, owners: &owners, is_update: false }, now);
        self.dedicated_fail(*dedicated_fraction, now);
        if *disconnect_fraction > 0.0 {
            let kinds = self.state.shut_down_share.len();
            let shares = of_cells(*disconnect_fraction).repeat(kinds);
            self.state.children(&mut self.scratch.children);
            self.orphan(now, &shares);
            self.state.rescale();
        }
    }

    /// The share of the dedicated super nodes that live fails.
    fn dedicated_fail(&mut self, share: f64, now: u32) {
        let before = self.scratch.dedicated_alive;
        self.scratch.dedicated_alive *= 1.0 - share;
        let failed = self.state.supernodes[2].mass() * (before - self.scratch.dedicated_alive);
        self.state.dedicated_failed(now, failed, &self.settings);
    }

    fn strike(&mut self, strike: &Strike<'_>, now: u32) {
        let Scratch { struck, ends: left, .. } = &mut self.scratch;
        self.state.members(struck);
        left.clear();
        for (cell, struck) in struck.iter_mut().enumerate() {
            let before = self.state.owners[cell];
            let owners = before * self.chance.share(before, strike.owners[cell]);
            self.state.owners[cell] -= owners;
            let share = self.chance.share(struck[0] + struck[1], strike.clients[cell]);
            *struck = struck.map(|mass| mass * share);
            struck[1] += owners;
            left.push(share);
        }
        left.resize(2 * self.state.regions, 0.0);
        self.state.counters.restarts += mass(struck);
        self.state.events += mass(struck);
        let (all, pending) = struck.split_at_mut(self.state.regions);
        for (all, pending) in all.iter_mut().zip(&*pending) {
            *all = [all[0] + pending[0], all[1] + pending[1]];
        }
        let still_pending = (!strike.is_update && !pending.is_empty()).then_some(&*pending);
        self.state.boots.enter(&self.settings.boots, now, all, still_pending);
        self.state.leave(left);
        // A survival of 0 cannot be divided by.
        self.state.rescale();
    }

    /// Phase 2: sessions that end; then sessions that begin.
    pub(in crate::engine::mean_field) fn sessions<const CELLS: usize>(&mut self, now: u32) {
        let state = &mut self.state;
        let Numbers { regions, cells, .. } = state.numbers::<CELLS>();
        let fresh = &mut self.scratch.fresh;
        fresh.clear();
        fresh.resize(cells, ZERO);
        if now == 0 {
            return;
        }
        state.members_of::<CELLS>(&mut self.scratch.members);
        let (probability, chance) = (self.settings.session_end, &mut self.chance);
        let ends = &mut self.scratch.ends;
        ends.clear();
        ends.extend(self.scratch.members.iter().map(|members| chance.share(members[0] + members[1], probability)));
        ends.resize(2 * regions, probability);
        let (fresh, members, ends) = (&mut fresh[..cells], &self.scratch.members[..cells], &ends[..2 * regions]);
        let (owned, absents) = (&mut state.owners[..cells], &mut state.absent[..cells]);
        for (region, place) in self.scenario.population.regions.iter().enumerate() {
            let tick_h = self.scenario.time.tick_s / 3600.0;
            let sine = self.settings.presence.sine(place.utc_offset_h + f64::from(now) * tick_h);
            let before = std::mem::replace(&mut state.sines[region], sine);
            let begins = probability_of(self.settings.presence.begin_hazard(tick_h, before, sine));
            let booting = state.boots.masses(region);
            for (half, cell) in (region..cells).step_by(regions).enumerate() {
                let owners = owned[cell] * chance.share(owned[cell], probability);
                owned[cell] -= owners;
                let absent = &mut absents[cell];
                for side in 0..2 {
                    let of_owners = if side == 1 { owners } else { 0.0 };
                    let ended = members[cell][side] * ends[cell] + booting[half][side] * probability + of_owners;
                    fresh[cell][side] = absent[side] * chance.share(absent[side], begins);
                    absent[side] += ended - fresh[cell][side];
                    state.events += ended + fresh[cell][side];
                }
            }
        }
        state.boots.end_sessions(probability);
        if chance.is_there() {
            state.leave(ends);
            // A survival of 0 cannot be divided by.
            state.rescale();
        } else {
            state.leave_alike(probability);
        }
    }
}

/// The probability that something with this hazard happens: 1 − e^(−hazard). That of a tick is small in nearly every run,
/// and then a few terms of the series say all.
fn probability_of(hazard: f64) -> f64 {
    if hazard > SMALL_HAZARD {
        return -libm::expm1(-hazard);
    }
    // The divisors of each term, from the last one on.
    let divisors = [1.0 / 6.0, 1.0 / 5.0, 1.0 / 4.0, 1.0 / 3.0, 1.0 / 2.0];
    hazard * divisors.iter().fold(1.0, |sum, divisor| 1.0 - hazard * divisor * sum)
}

impl State {
    /// Clients that seek a super node or have one, and are none themselves, by cell.
    pub(in crate::engine::mean_field) fn members(&self, members: &mut Vec<Pair>) {
        self.members_of::<0>(members);
    }

    fn members_of<const CELLS: usize>(&self, members: &mut Vec<Pair>) {
        let numbers = self.numbers::<CELLS>();
        let (cells, all) = (numbers.cells, numbers.child_cells);
        members.clear();
        members.resize(cells, ZERO);
        let members = &mut members[..cells];
        let banks = [&self.seeking].into_iter().chain(&self.remembered);
        for bank in banks {
            let totals = bank.total()[..cells].iter().zip(&self.seeking_survival[..cells]);
            for (member, (total, survival)) in members.iter_mut().zip(totals) {
                member[0] += total[0] * survival;
                member[1] += total[1] * survival;
            }
        }
        let (online, backoff, waiting) =
            (&self.online[..all], &self.backoff.total()[..all], &self.queue.waiting()[..all]);
        let survivals = &self.child_survival[..all];
        for kind in 0..numbers.kinds() {
            for (cell, member) in members.iter_mut().enumerate() {
                let child = kind * numbers.of_kind() + cell;
                let survival = survivals[child];
                for side in 0..2 {
                    member[side] += online[child][side] + (backoff[child][side] + waiting[child][side]) * survival;
                }
            }
        }
        if self.renewals.is_some() {
            for child in 0..self.online.len() {
                let renewing = self.renewing(child);
                if let Some(member) = members.get_mut(child % numbers.of_kind()) {
                    *member = [member[0] + renewing[0], member[1] + renewing[1]];
                }
            }
        }
    }

    /// The share of each cell leaves of those who seek a super node or have one.
    fn leave(&mut self, shares: &[f64]) {
        self.seeking_survival.iter_mut().zip(shares).for_each(|(survival, share)| *survival *= 1.0 - share);
        for (online, survivals) in
            self.online.chunks_exact_mut(shares.len()).zip(self.child_survival.chunks_exact_mut(shares.len()))
        {
            for ((online, survival), share) in online.iter_mut().zip(survivals).zip(shares) {
                *survival *= 1.0 - share;
                *online = online.map(|mass| mass * (1.0 - share));
            }
        }
    }

    /// The same share leaves of all of them.
    fn leave_alike(&mut self, share: f64) {
        let stays = 1.0 - share;
        self.seeking_survival.iter_mut().chain(&mut self.child_survival).for_each(|survival| *survival *= stays);
        for online in &mut self.online {
            online[0] *= stays;
            online[1] *= stays;
        }
    }
}
