//! The login server's queue: requests by the tick in which they were sent.

use std::collections::VecDeque;

use super::classes::{Pair, ZERO, add_scaled, scaled_mass};
use super::renewals::product;
use crate::parameters::Discipline;

/// Requests of one tick that are in the queue.
#[derive(Debug, Clone, Default)]
pub(super) struct Cohort {
    /// The tick in which they were sent.
    tick: u32,
    /// The share of them that has not been served yet.
    kept: f64,
    /// How many there were, those included whose client no longer waits.
    requests: f64,
    /// Scaled masses of the clients that sent them: for each level of failures, the cells of each kind of super node.
    pub(super) levels: Vec<Vec<Pair>>,
    /// The same, summed over the levels.
    sum: Vec<Pair>,
    /// Online clients that renew, for each level of failures how many of each group; and summed over the levels.
    renewals: Vec<Vec<f64>>,
    renewing: Vec<f64>,
}

impl Cohort {
    /// No requests yet, of clients with up to `levels` − 1 failures.
    pub(super) fn clear(&mut self, levels: usize, cells: usize) {
        self.levels.resize_with(levels, Vec::new);
        for level in self.levels.iter_mut().chain([&mut self.sum]) {
            level.clear();
            level.resize(cells, ZERO);
        }
        self.renewals.iter_mut().chain([&mut self.renewing]).for_each(Vec::clear);
    }

    /// Requests of online clients that renew, after so many failures: how many of each group.
    pub(super) fn renew(&mut self, failures: usize, counts: impl ExactSizeIterator<Item = f64>) {
        self.renewals.resize_with(self.renewals.len().max(failures + 1), Vec::new);
        self.renewing.resize(counts.len(), 0.0);
        self.renewals[failures].extend(counts);
        for (sum, count) in self.renewing.iter_mut().zip(&self.renewals[failures]) {
            *sum += count;
        }
    }

    /// The same of those of one group, without failures.
    pub(super) fn renew_of_group(&mut self, group: usize, groups: usize, count: f64) {
        self.renew(0, (0..groups).map(|other| if other == group { count } else { 0.0 }));
    }

    /// Online clients that renew, for each level of failures how many of each group, as far as they were not served.
    pub(super) fn renewals(&self) -> &[Vec<f64>] {
        &self.renewals
    }

    /// The share `share` of a group is no longer online; `composition` are its scaled masses by cell. Returns how many
    /// they are.
    fn lapse(&mut self, group: usize, share: f64, composition: &[Pair]) -> f64 {
        let mut lapsed = 0.0;
        for (failures, counts) in self.renewals.iter_mut().enumerate() {
            let Some(count) = counts.get_mut(group).filter(|count| **count > 0.0) else { continue };
            let lapsing = *count * share;
            *count -= lapsing;
            lapsed += lapsing;
            if self.levels.len() <= failures {
                self.levels.resize_with(failures + 1, || vec![ZERO; composition.len()]);
            }
            for list in [&mut self.levels[failures], &mut self.sum] {
                add_scaled(list, composition, lapsing);
            }
        }
        if lapsed > 0.0 {
            self.renewing[group] = (self.renewing[group] - lapsed).max(0.0);
        }
        lapsed
    }

    /// Requests whose client waits for them.
    fn live(&self, clients: &Clients<'_>) -> f64 {
        let renewing = product(clients.weights, &self.renewing);
        ((scaled_mass(&self.sum, clients.survival) + renewing) * self.kept).min(self.requests * self.kept)
    }

    /// The share of it that has not been served.
    pub(super) fn kept(&self) -> f64 {
        self.kept
    }
}

/// What a tick's service did.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Service {
    /// Requests served to clients that waited.
    pub(super) served: f64,
    /// Service slots spent on others.
    pub(super) wasted: f64,
}

/// The queue.
#[derive(Debug, Clone, Default)]
pub(super) struct Queue {
    /// By tick.
    cohorts: VecDeque<Cohort>,
    /// Clients whose requests were lost when the queue was emptied, by the tick in which they were sent: they wait.
    lost: VecDeque<Cohort>,
    /// Requests that timed out, all older than those of the cohorts.
    expired: f64,
    /// Scaled mass of the clients that wait, by cell.
    waiting: Vec<Pair>,
    /// Cohorts to be used again.
    spare: Vec<Cohort>,
}

/// What the server can do in a tick, and how it chooses.
#[derive(Debug, Clone, Copy)]
pub(super) struct Server {
    pub(super) slots: f64,
    pub(super) discipline: Discipline,
    pub(super) drop_expired: bool,
}

/// The clients whose requests are served.
pub(super) struct Clients<'a> {
    /// Their survival, by cell, and the mass of one of each group of those that renew.
    pub(super) survival: &'a [f64],
    pub(super) weights: &'a [f64],
    /// The scaled masses of those who log in that are served are added to this, and to that how many of each group are.
    pub(super) online: &'a mut [Pair],
    pub(super) renewed: &'a mut [f64],
}

impl Queue {
    /// An empty queue.
    pub(super) fn new(cells: usize) -> Queue {
        Queue { waiting: vec![ZERO; cells], ..Queue::default() }
    }

    /// Requests, those included whose client no longer waits.
    pub(super) fn length(&self) -> f64 {
        self.cohorts.iter().map(|cohort| cohort.requests * cohort.kept).sum::<f64>() + self.expired
    }

    /// Scaled mass of the clients that wait, by cell.
    pub(super) fn waiting(&self) -> &[Pair] {
        &self.waiting
    }

    /// A cohort to be filled.
    pub(super) fn take_spare(&mut self) -> Cohort {
        self.spare.pop().unwrap_or_default()
    }

    /// A cohort of so many requests enters in tick `now`.
    pub(super) fn enter(&mut self, now: u32, mut cohort: Cohort, requests: f64) {
        (cohort.tick, cohort.kept, cohort.requests) = (now, 1.0, requests);
        for level in &cohort.levels {
            add_scaled(&mut cohort.sum, level, 1.0);
        }
        add_scaled(&mut self.waiting, &cohort.sum, 1.0);
        self.cohorts.push_back(cohort);
    }

    /// Serves requests.
    pub(super) fn serve(&mut self, server: &Server, clients: &mut Clients<'_>) -> Service {
        let mut service = Service::default();
        match server.discipline {
            Discipline::Fifo => {
                let left = self.serve_expired(server, server.slots, &mut service);
                self.serve_in_order(server, left, clients, &mut service);
            }
            Discipline::Lifo => {
                let left = self.serve_in_order(server, server.slots, clients, &mut service);
                self.serve_expired(server, left, &mut service);
            }
            Discipline::Random => self.serve_any(server, clients, &mut service),
        }
        self.forget_rounding();
        service
    }

    /// Serves the requests that have not timed out, the oldest or the newest ones first, as far as the slots go. Returns
    /// the slots that are left.
    fn serve_in_order(&mut self, server: &Server, slots: f64, clients: &mut Clients<'_>, service: &mut Service) -> f64 {
        let mut left = slots;
        while left > 0.0
            && let Some(last) = self.cohorts.len().checked_sub(1)
        {
            let next = if server.discipline == Discipline::Fifo { 0 } else { last };
            let mut cohort = std::mem::take(&mut self.cohorts[next]);
            left = self.serve_cohort(&mut cohort, server, left, clients, service);
            if left > 0.0 {
                self.cohorts.remove(next);
                self.spare.push(cohort);
            } else {
                self.cohorts[next] = cohort;
            }
        }
        left
    }

    /// Serves requests that are chosen uniformly from the queue: the same share of all of them.
    fn serve_any(&mut self, server: &Server, clients: &mut Clients<'_>, service: &mut Service) {
        let live: f64 = self.cohorts.iter().map(|cohort| cohort.live(clients)).sum();
        let cost = if server.drop_expired { live } else { self.length() };
        let share = if server.slots >= cost { 1.0 } else { server.slots / cost };
        let mut cohorts = std::mem::take(&mut self.cohorts);
        for cohort in &mut cohorts {
            self.serve_share(cohort, share, server, clients, service);
        }
        if share < 1.0 {
            self.cohorts = cohorts;
        } else {
            self.spare.extend(cohorts);
        }
        if !server.drop_expired {
            service.wasted += self.expired * share;
        }
        self.expired *= 1.0 - share;
    }

    /// Requests that timed out are met. Returns the slots that are left.
    fn serve_expired(&mut self, server: &Server, slots: f64, service: &mut Service) -> f64 {
        if server.drop_expired {
            if slots > 0.0 {
                self.expired = 0.0;
            }
            return slots;
        }
        let wasted = self.expired.min(slots);
        self.expired -= wasted;
        service.wasted += wasted;
        slots - wasted
    }

    /// Serves a cohort as far as the slots go. Returns the slots that are left: none if a part of the cohort is.
    fn serve_cohort(
        &mut self,
        cohort: &mut Cohort,
        server: &Server,
        slots: f64,
        clients: &mut Clients<'_>,
        service: &mut Service,
    ) -> f64 {
        let cost = if server.drop_expired { cohort.live(clients) } else { cohort.requests * cohort.kept };
        let share = if slots >= cost { 1.0 } else { slots / cost };
        self.serve_share(cohort, share, server, clients, service);
        // What is left but for rounding is nothing: with a slot that is left, expired requests would be met and dropped.
        let left = slots - cost;
        if share < 1.0 || left <= 1e-12 * server.slots { 0.0 } else { left }
    }

    /// Serves a share of a cohort.
    fn serve_share(
        &mut self,
        cohort: &mut Cohort,
        share: f64,
        server: &Server,
        clients: &mut Clients<'_>,
        service: &mut Service,
    ) {
        let live = cohort.live(clients);
        let of_sum = cohort.kept * share;
        for (renewed, renewing) in clients.renewed.iter_mut().zip(&cohort.renewing) {
            *renewed += renewing * of_sum;
        }
        for ((online, waiting), sum) in clients.online.iter_mut().zip(&mut self.waiting).zip(&cohort.sum) {
            for side in 0..2 {
                online[side] += sum[side] * of_sum;
                waiting[side] = (waiting[side] - sum[side] * of_sum).max(0.0);
            }
        }
        service.served += live * share;
        if !server.drop_expired {
            service.wasted += (cohort.requests * cohort.kept - live) * share;
        }
        cohort.kept *= 1.0 - share;
    }

    /// The requests of a tick time out: their cohort, if they were not all served. They stay in the queue.
    pub(super) fn expire(&mut self, submitted: u32) -> Option<Cohort> {
        let is_due = |cohorts: &VecDeque<Cohort>| cohorts.front().is_some_and(|cohort| cohort.tick == submitted);
        let cohort = if is_due(&self.lost) {
            self.lost.pop_front()?
        } else if is_due(&self.cohorts) {
            let cohort = self.cohorts.pop_front()?;
            self.expired += cohort.requests * cohort.kept;
            cohort
        } else {
            return None;
        };
        for (waiting, sum) in self.waiting.iter_mut().zip(&cohort.sum) {
            for side in 0..2 {
                waiting[side] = (waiting[side] - sum[side] * cohort.kept).max(0.0);
            }
        }
        self.forget_rounding();
        Some(cohort)
    }

    /// The queue is emptied, which its clients find out by their time-outs.
    pub(super) fn flush(&mut self) {
        self.expired = 0.0;
        self.lost.append(&mut self.cohorts);
    }

    /// The share `share` of a group of those who renew is no longer online; `composition` are its scaled masses by cell.
    /// Returns how many of it wait for the server, and still do.
    pub(super) fn lapse(&mut self, group: usize, share: f64, composition: &[Pair]) -> f64 {
        let mut lapsed = 0.0;
        for cohort in self.cohorts.iter_mut().chain(&mut self.lost) {
            let waiting = cohort.lapse(group, share, composition) * cohort.kept;
            if waiting > 0.0 {
                add_scaled(&mut self.waiting, composition, waiting);
                lapsed += waiting;
            }
        }
        lapsed
    }

    /// Where nobody waits, what is left of those who did is rounding.
    fn forget_rounding(&mut self) {
        if self.cohorts.is_empty() && self.lost.is_empty() {
            self.waiting.fill(ZERO);
        }
    }

    /// A cohort is not needed any more.
    pub(super) fn recycle(&mut self, cohort: Cohort) {
        self.spare.push(cohort);
    }

    /// All that is kept by cell.
    pub(super) fn all_cells(&mut self) -> impl Iterator<Item = &mut Vec<Pair>> {
        let cohorts = self
            .cohorts
            .iter_mut()
            .chain(&mut self.lost)
            .flat_map(|cohort| cohort.levels.iter_mut().chain([&mut cohort.sum]));
        cohorts.chain([&mut self.waiting])
    }
}
