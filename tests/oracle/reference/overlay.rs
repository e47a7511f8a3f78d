//! The overlay: what it starts with, and phases 4, 5 and 9.

use rand::RngExt;
use rand::seq::SliceRandom;

use super::{Life, Reference, State, SuperNode};

impl Reference {
    /// The overlay at tick 0.
    ///
    /// Reading: `min(floor(supernode_ratio · present), eligible present)` is the number of all super nodes, of which
    /// the dedicated ones are some; so with few eligible clients and some dedicated super nodes not all eligible
    /// clients are chosen.
    pub(super) fn initial_overlay(&mut self) {
        let mut present: Vec<usize> =
            (0..self.clients.len()).filter(|&c| self.clients[c].state != State::Absent).collect();
        if self.now_in_force.overlay.bypass {
            self.add_supernode(None);
            self.no_overlay = self.registry.pop();
            for client in present {
                self.attach(client, self.supernodes.len() - 1);
                self.clients[client].state = State::Online;
            }
            return;
        }
        present.shuffle(&mut self.rng);
        let wanted = (self.now_in_force.overlay.supernode_ratio * present.len() as f64).floor() as usize;
        let eligible: Vec<usize> = present.iter().copied().filter(|&c| self.clients[c].eligible).collect();
        let from_clients = wanted.min(eligible.len()).saturating_sub(self.dedicated as usize);
        for client in eligible.into_iter().take(from_clients) {
            self.becomes_supernode(client);
        }
        for client in present {
            if self.clients[client].serves_as.is_some() {
                continue;
            }
            let free: Vec<usize> =
                self.registry.iter().copied().filter(|&s| self.supernodes[s].children < self.slots_of(s)).collect();
            if free.is_empty() {
                self.clients[client].due = 0;
            } else {
                let supernode = free[self.rng.random_range(0..free.len())];
                self.attach(client, supernode);
                self.clients[client].state = State::Online;
            }
        }
    }

    /// Adds what is missing of the operator's super nodes; they cannot be taken away.
    pub(super) fn dedicated_supernodes(&mut self) {
        if self.now_in_force.overlay.bypass {
            return;
        }
        let per_million = self.now_in_force.overlay.dedicated_per_million;
        let wanted = (per_million * self.now_in_force.population.clients as f64 / 1e6).round() as u64;
        while self.dedicated < wanted {
            self.dedicated += 1;
            self.add_supernode(None);
        }
    }

    fn slots_of(&self, supernode: usize) -> u64 {
        let overlay = &self.now_in_force.overlay;
        let is_dedicated = self.supernodes[supernode].owner.is_none();
        if is_dedicated && overlay.dedicated_slots > 0 { overlay.dedicated_slots } else { overlay.slots }
    }

    /// A shock.
    ///
    /// Reading: the operator's super nodes are in no region, so that the shock's regions do not matter to them.
    pub(super) fn dedicated_fail(&mut self, fraction: f64) {
        for supernode in self.registry.clone() {
            let is = &self.supernodes[supernode];
            if is.owner.is_none() && is.life == Life::Live && self.rng.random_bool(fraction) {
                self.dedicated_fails(supernode);
            }
        }
    }

    fn dedicated_fails(&mut self, supernode: usize) {
        self.supernodes[supernode].life = Life::Dying;
        self.dedicated_back_at.push(self.after(self.now_in_force.overlay.dedicated_restart_s));
    }

    /// The client loses its super node, and notices later.
    pub(super) fn becomes_orphan(&mut self, client: usize) {
        let was_online = self.clients[client].state == State::Online;
        let noticed_s = self.now_in_force.overlay.keepalive_s * self.rng.random::<f64>();
        let noticed_at = self.after(noticed_s);
        self.detach(client);
        self.seeks(client, noticed_at);
        self.clients[client].was_online = was_online;
    }

    /// Phase 4.
    ///
    /// Reading: the address of a super node that shut down in phase 5 of the tick before becomes stale here, where
    /// its death is handled, so each dead address is met in equally many attach phases.
    pub(super) fn deaths_and_stale_addresses(&mut self) {
        let deaths = self.registry.iter().any(|&s| self.supernodes[s].life == Life::Dying);
        for client in 0..if deaths { self.clients.len() } else { 0 } {
            let Some(supernode) = self.clients[client].attached_to else { continue };
            if self.supernodes[supernode].life == Life::Dying {
                self.becomes_orphan(client);
            }
        }
        for &supernode in &self.registry {
            if self.supernodes[supernode].life == Life::Dying {
                self.supernodes[supernode].life = Life::DeadSince(self.tick);
            }
        }
        let stale_ticks = self.duration(self.now_in_force.overlay.stale_ttl_s);
        let known = |supernode: &usize| match self.supernodes[*supernode].life {
            Life::Live | Life::Dying => true,
            Life::DeadSince(tick) => self.tick < tick + stale_ticks,
        };
        let still_known: Vec<usize> = self.registry.iter().copied().filter(known).collect();
        self.registry = still_known;
    }

    /// Phase 5.
    pub(super) fn attach_attempts(&mut self) {
        let mut seeking: Vec<usize> = (0..self.clients.len())
            .filter(|&c| self.clients[c].due == self.tick && self.clients[c].state == State::Seeking)
            .collect();
        seeking.shuffle(&mut self.rng);
        for &supernode in &self.registry {
            self.supernodes[supernode].probed_in_tick = 0;
            self.supernodes[supernode].accepted_in_tick = 0;
        }
        for client in seeking {
            self.counts.attach_attempts += 1;
            let is_admitted = self.rng.random_bool(self.now_in_force.overlay.admission);
            if let Some(supernode) = if is_admitted { self.probe() } else { None } {
                self.supernodes[supernode].accepted_in_tick += 1;
                self.attach(client, supernode);
                self.clients[client].failures = 0;
                if self.clients[client].was_online && !self.now_in_force.login.relogin_after_orphaning {
                    self.clients[client].was_online = false;
                    self.set_state(client, State::Online);
                }
            } else {
                self.counts.attach_failures += 1;
                self.clients[client].failures += 1;
                self.clients[client].due = self.tick + self.backoff(self.clients[client].failures);
                self.may_give_up(client);
            }
        }
        self.overload_protection();
    }

    /// The first super node that accepts among at most `overlay.probes` addresses.
    fn probe(&mut self) -> Option<usize> {
        if self.no_overlay.is_some() {
            return self.no_overlay;
        }
        let overlay = &self.now_in_force.overlay;
        let probes = overlay.probes;
        let accepted_at_most = (overlay.accept_per_s * self.now_in_force.time.tick_s).floor().max(1.0);
        for _ in 0..probes {
            if self.registry.is_empty() {
                return None;
            }
            let address = self.registry[self.rng.random_range(0..self.registry.len())];
            let slots = self.slots_of(address);
            let supernode = &mut self.supernodes[address];
            supernode.probed_in_tick += 1;
            if supernode.life == Life::Live
                && supernode.children < slots
                && (supernode.accepted_in_tick as f64) < accepted_at_most
            {
                return Some(address);
            }
        }
        None
    }

    /// The end of phase 5.
    ///
    /// Readings: a super node that shuts down is not live from here on (not in L, not at the observation). Its children
    /// learn of it in phase 4 of the next tick, and its address is counted as stale from there on. Its owner did not
    /// lose a super node, it was one, so it logs in again whatever `relogin_after_orphaning` says.
    fn overload_protection(&mut self) {
        let threshold = self.now_in_force.overlay.overload_probes_per_s * self.now_in_force.time.tick_s;
        for supernode in self.registry.clone() {
            let is = &self.supernodes[supernode];
            let (owner, can_shut_down) = (is.owner, is.owner.is_some() || self.now_in_force.overlay.dedicated_overload);
            if can_shut_down
                && is.life == Life::Live
                && is.probed_in_tick as f64 > threshold
                && self.rng.random_bool(self.now_in_force.overlay.overload_shutdown_probability)
            {
                let Some(owner) = owner else {
                    self.dedicated_fails(supernode);
                    continue;
                };
                self.detach(owner);
                let retries_at = self.tick + self.backoff(1);
                self.seeks(owner, retries_at);
                self.clients[owner].failures = 1;
            }
        }
    }

    /// Phase 9.
    pub(super) fn promotions(&mut self) {
        if self.now_in_force.overlay.bypass {
            return;
        }
        let mut seeking_or_attached = 0;
        let mut candidates = Vec::new();
        for (client, is) in self.clients.iter().enumerate() {
            seeking_or_attached += u32::from(!matches!(is.state, State::Absent | State::Booting));
            if is.eligible && is.state == State::Online && is.serves_as.is_none() {
                candidates.push(client);
            }
        }
        let overlay = &self.now_in_force.overlay;
        let wanted = overlay.supernode_ratio * f64::from(seeking_or_attached);
        let missing = (wanted - self.live_supernodes() as f64).max(0.0);
        let heals = 1.0 - libm::exp(-self.now_in_force.time.tick_s / overlay.healing_time_s);
        let probability = (missing / candidates.len() as f64).min(1.0) * heals;
        for client in candidates {
            if self.rng.random_bool(probability) {
                self.detach(client);
                self.becomes_supernode(client);
            }
        }
    }

    fn attach(&mut self, client: usize, supernode: usize) {
        self.clients[client].attached_to = Some(supernode);
        self.supernodes[supernode].children += 1;
    }

    /// Frees the slot that the client occupies, and ends its own service as a super node.
    pub(super) fn detach(&mut self, client: usize) {
        if let Some(supernode) = self.clients[client].attached_to.take() {
            self.supernodes[supernode].children -= 1;
        }
        if let Some(supernode) = self.clients[client].serves_as.take() {
            self.supernodes[supernode].life = Life::Dying;
        }
    }

    fn becomes_supernode(&mut self, client: usize) {
        self.clients[client].state = State::Online;
        self.clients[client].renewal = None;
        self.clients[client].serves_as = Some(self.supernodes.len());
        self.add_supernode(Some(client));
    }

    pub(super) fn add_supernode(&mut self, owner: Option<usize>) {
        self.registry.push(self.supernodes.len());
        let new = SuperNode { owner, life: Life::Live, children: 0, probed_in_tick: 0, accepted_in_tick: 0 };
        self.supernodes.push(new);
    }

    pub(super) fn live_supernodes(&self) -> u64 {
        self.registry.iter().filter(|&&s| self.supernodes[s].life == Life::Live).count() as u64
    }

    pub(super) fn stale_addresses(&self) -> u64 {
        let stale = |&&supernode: &&usize| matches!(self.supernodes[supernode].life, Life::DeadSince(_));
        self.registry.iter().filter(stale).count() as u64
    }
}
