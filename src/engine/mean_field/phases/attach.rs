//! Phase 5: the attach attempts of a tick.

use crate::engine::mean_field::attach::Attempts;
use crate::engine::mean_field::bank::Part;
use crate::engine::mean_field::classes::{Pair, ZERO, mass, scaled_mass};
use crate::engine::mean_field::occupancy::{Accepted, Occupancy, Probing};
use crate::engine::mean_field::solver::{Running, Scratch};

impl Running {
    /// Phase 5: makes the attempts of this tick. Whether one succeeds does not depend on who makes it.
    pub(in crate::engine::mean_field) fn attach_attempts<const CELLS: usize>(&mut self, now: u32) {
        let state = &mut self.state;
        let numbers = state.numbers::<CELLS>();
        let cells = numbers.cells;
        let Scratch { fresh, due, due_remembered, .. } = &mut self.scratch;
        for sum in [&mut *due, due_remembered] {
            sum.clear();
            sum.resize(cells, ZERO);
        }
        state.seeking.advance(now, due);
        let survival = &state.seeking_survival[..cells];
        let mut attempts = mass(fresh) + scaled_mass(due, survival);
        if let Some(bank) = &mut state.remembered {
            bank.advance(now, due_remembered);
            attempts += scaled_mass(due_remembered, survival);
        }
        let accepted = self.probe(now, attempts);
        let clients = accepted[0] + accepted[1];
        let success = if attempts > 0.0 { (clients / attempts).min(1.0) } else { 0.0 };
        let state = &mut self.state;
        let Scratch { fresh, due, due_remembered, failed, attached, .. } = &mut self.scratch;
        state.counters.attach_attempts += attempts;
        state.counters.attach_failures += attempts * (1.0 - success);
        let survival = &state.seeking_survival[..cells];
        let (fresh, due, due_remembered) = (&fresh[..cells], &due[..cells], &due_remembered[..cells]);
        failed.clear();
        let scaled = |(fresh, survival): (&Pair, &f64)| fresh.map(|fresh| fresh * (1.0 - success) / survival);
        failed.extend(fresh.iter().zip(survival).map(scaled));
        state.seeking.fail(now, 1.0 - success, failed, survival, &self.settings);
        attached.fill(ZERO);
        for (kind, &of_kind) in accepted.iter().enumerate().filter(|(_, of_kind)| **of_kind > 0.0) {
            let share = success * (of_kind / clients);
            for cell in 0..cells {
                let child = kind * numbers.of_kind() + cell;
                for side in 0..2 {
                    let asking = fresh[cell][side] + due[cell][side] * survival[cell];
                    attached[child][side] = asking * share;
                    let online = due_remembered[cell][side] * survival[cell] * share;
                    state.online[child][side] += online;
                    state.events += online;
                }
            }
        }
        if let Some(bank) = &mut state.remembered {
            failed.fill(ZERO);
            bank.fail(now, 1.0 - success, failed, survival, &self.settings);
        }
        self.retire_overloaded(now);
    }

    /// Probes super nodes. Returns who is accepted, by those of clients and by dedicated ones.
    fn probe(&mut self, now: u32, attempts: f64) -> [f64; 2] {
        let Scratch { with_room, coefficients, probes, shut_down, .. } = &mut self.scratch;
        let (state, settings) = (&mut self.state, &self.settings);
        let attempts = attempts * settings.admission;
        *shut_down = [0.0; 2];
        if attempts <= 0.0 {
            return [0.0; 2];
        }
        if self.scenario.overlay.bypass {
            return [attempts, 0.0];
        }
        let limit = settings.accept_limit;
        with_room.clear();
        let most = state.supernodes.iter().map(|group| group.slots().min(limit)).max().unwrap_or(0);
        with_room.resize(most, 0.0);
        let rooms = state.supernodes.each_ref().map(|group| group.room(limit, with_room));
        let live: f64 = rooms.iter().map(|room| room.mass).sum();
        let registry = live + state.stale.total();
        let probed = Attempts { with_room, registry, probes: self.scenario.overlay.probes, attempts };
        probes.set(probed.mean_probes(coefficients), most);
        let (mut accepted, mut failed) = ([0.0; 2], 0.0);
        let mut children_of_shut_down = [0.0; 2];
        let strikes_dedicated = self.scenario.overlay.dedicated_overload;
        for (group, (supernodes, room)) in state.supernodes.iter_mut().zip(&rooms).enumerate() {
            let overload = settings.overload.filter(|_| group < 2 || strikes_dedicated);
            let of_group = supernodes.accept(room, &Probing { law: probes, accept_limit: limit, overload });
            let Accepted { clients, .. } = of_group;
            let kind = usize::from(group == 2);
            accepted[kind] += clients;
            if of_group.shut_down > 0.0 {
                state.shut_down += of_group.shut_down;
                children_of_shut_down[kind] += of_group.children_of_shut_down;
                match shut_down.get_mut(group) {
                    Some(share) => *share = of_group.shut_down / room.mass,
                    None => failed = of_group.shut_down,
                }
            }
        }
        state.dedicated_failed(now, failed, settings);
        for (kind, share) in state.shut_down_share.iter_mut().enumerate() {
            if children_of_shut_down[kind] > 0.0 {
                let groups = if kind == 0 { &state.supernodes[..2] } else { &state.supernodes[2..] };
                let of_live: f64 = groups.iter().map(Occupancy::children).sum();
                *share = children_of_shut_down[kind] / (of_live + children_of_shut_down[kind]);
            }
        }
        accepted
    }

    /// The end of phase 5 with overload protection: owners of super nodes that shut down seek one, after a failure.
    fn retire_overloaded(&mut self, now: u32) {
        let shares = self.scratch.shut_down;
        if shares == [0.0; 2] {
            return;
        }
        let state = &mut self.state;
        let cells = state.cells();
        let mut seeking = vec![ZERO; cells];
        for cell in 0..cells {
            let owners = state.owners[cell] * shares[usize::from(cell >= state.regions)];
            state.owners[cell] -= owners;
            state.events += owners;
            seeking[cell][1] = owners / state.seeking_survival[cell];
        }
        // That is no failure of theirs, but counted as one.
        state.seeking.wait(1, now, Part::all(&seeking), &state.seeking_survival, &self.settings);
    }
}
