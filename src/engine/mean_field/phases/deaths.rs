//! Phase 4: deaths of super nodes, and stale addresses.

use crate::engine::mean_field::bank::Part;
use crate::engine::mean_field::classes::{Pair, ZERO, mass};
use crate::engine::mean_field::settings::Settings;
use crate::engine::mean_field::solver::{Running, Scratch};
use crate::engine::mean_field::state::State;

impl Running {
    /// Phase 4: the children of super nodes that died so far become orphans; stale addresses expire.
    pub(in crate::engine::mean_field) fn deaths_and_stale_addresses<const CELLS: usize>(&mut self, now: u32) {
        let before = self.scratch.owners_before;
        let state = &mut self.state;
        let regions = state.regions;
        let mut alive = [1.0, 1.0, self.scratch.dedicated_alive];
        let mut dead = std::mem::take(&mut state.shut_down) + state.supernodes[2].mass() * (1.0 - alive[2]);
        for group in 0..2 {
            let left: f64 = state.owners[group * regions..(group + 1) * regions].iter().sum();
            if before[group] > 0.0 {
                dead += (before[group] - left).max(0.0);
                alive[group] = (left / before[group]).min(1.0);
            }
        }
        state.children_of::<CELLS>(&mut self.scratch.children);
        let mut lost = std::mem::take(&mut self.scratch.lost);
        lost.clear();
        for kind in 0..state.shut_down_share.len() {
            let groups = if kind == 0 { 0..2 } else { 2..3 };
            let (of_live, of_dead) = groups.clone().fold((0.0, 0.0), |(live, dead), group| {
                let children = state.supernodes[group].children();
                (live + children, dead + children * (1.0 - alive[group]))
            });
            let shut_down = std::mem::take(&mut state.shut_down_share[kind]);
            let (mut stay, mut orphaned) = (1.0, shut_down);
            if of_live > 0.0 {
                let of_kind = &self.scratch.children[kind * 2 * regions..(kind + 1) * 2 * regions];
                stay = (mass(of_kind) * (1.0 - shut_down) / of_live).min(1.0);
                orphaned += (1.0 - shut_down) * of_dead / of_live;
            }
            groups.for_each(|group| state.supernodes[group].thin(alive[group], stay));
            lost.resize(lost.len() + 2 * regions, orphaned.min(1.0));
        }
        // A matter of phase 3, but who is back now has not been struck in this tick.
        state.dedicated_are_back(now);
        state.stale.bury(now, dead, self.settings.stale_ticks);
        if lost.iter().any(|&lost| lost > 0.0) {
            self.orphan_of::<CELLS>(now, &lost);
        }
        self.scratch.lost = lost;
    }

    /// A share of the children of each cell become orphans.
    pub(in crate::engine::mean_field) fn orphan(&mut self, now: u32, lost: &[f64]) {
        self.orphan_of::<0>(now, lost);
    }

    fn orphan_of<const CELLS: usize>(&mut self, now: u32, lost: &[f64]) {
        let state = &mut self.state;
        let numbers = state.numbers::<CELLS>();
        let (cells, all) = (numbers.cells, numbers.child_cells);
        let Scratch { children, orphans, remembered, .. } = &mut self.scratch;
        for sums in [&mut *orphans, remembered] {
            sums.clear();
            sums.resize(cells, ZERO);
        }
        let (lost, children) = (&lost[..all], &children[..all]);
        let (orphans, remembered) = (&mut orphans[..cells], &mut remembered[..cells]);
        for kind in 0..numbers.kinds() {
            for cell in 0..cells {
                let child = kind * numbers.of_kind() + cell;
                let renewing = state.renewing(child);
                let (lost, online) = (lost[child], &mut state.online[child]);
                let were_online = [online[0] + renewing[0], online[1] + renewing[1]];
                let of_online = were_online.map(|mass| mass * lost);
                let others = [children[child][0] - were_online[0], children[child][1] - were_online[1]];
                *online = [online[0] - online[0] * lost, online[1] - online[1] * lost];
                let to = if state.remembered.is_some() { &mut *remembered } else { &mut *orphans };
                to[cell] = [to[cell][0] + of_online[0], to[cell][1] + of_online[1]];
                orphans[cell] = [orphans[cell][0] + others[0] * lost, orphans[cell][1] + others[1] * lost];
            }
        }
        state.child_survival.iter_mut().zip(lost).for_each(|(survival, lost)| *survival *= 1.0 - lost);
        state.events += mass(orphans) + mass(remembered);
        for sums in [&mut *orphans, remembered] {
            for (sum, survival) in sums.iter_mut().zip(&state.seeking_survival[..cells]) {
                *sum = [sum[0] / survival, sum[1] / survival];
            }
        }
        state.seeking.enter(0, now, &self.settings.notice, Part::all(orphans));
        if let Some(bank) = &mut state.remembered {
            bank.enter(0, now, &self.settings.notice, Part::all(remembered));
        }
    }
}

impl State {
    /// Dedicated super nodes fail in tick `now`, and will be back.
    pub(in crate::engine::mean_field) fn dedicated_failed(&mut self, now: u32, failed: f64, settings: &Settings) {
        if let Some(ticks) = settings.dedicated_restart_ticks
            && failed > 0.0
        {
            self.dedicated_back.push_back((now.saturating_add(ticks), failed));
        }
    }

    /// Those that are back in tick `now` have no children.
    fn dedicated_are_back(&mut self, now: u32) {
        while let Some(&(tick, mass)) = self.dedicated_back.front()
            && tick <= now
        {
            self.dedicated_back.pop_front();
            self.supernodes[2].add(0, mass);
        }
    }

    /// Children, whatever they do, by cell of a child.
    pub(in crate::engine::mean_field) fn children(&self, children: &mut Vec<Pair>) {
        self.children_of::<0>(children);
    }

    fn children_of<const CELLS: usize>(&self, children: &mut Vec<Pair>) {
        let all = self.numbers::<CELLS>().child_cells;
        children.clear();
        children.extend_from_slice(&self.online[..all]);
        let children = &mut children[..all];
        let (backoff, waiting) = (&self.backoff.total()[..all], &self.queue.waiting()[..all]);
        let others = backoff.iter().zip(waiting).zip(&self.child_survival[..all]);
        for (child, ((backoff, waiting), survival)) in children.iter_mut().zip(others) {
            child[0] += (backoff[0] + waiting[0]) * survival;
            child[1] += (backoff[1] + waiting[1]) * survival;
        }
        if self.renewals.is_some() {
            for (cell, child) in children.iter_mut().enumerate() {
                let renewing = self.renewing(cell);
                *child = [child[0] + renewing[0], child[1] + renewing[1]];
            }
        }
    }
}
