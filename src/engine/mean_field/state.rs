//! Where the clients are: masses in place of clients.

use std::collections::VecDeque;

use super::bank::Bank;
use super::boots::Boots;
use super::classes::{ALL_CELLS, Pair, REGIONS, ZERO, mass, rescale, scaled_mass, split};
use super::occupancy::Occupancy;
use super::queue::Queue;
use super::renewals::{Renewals, Shape};
use super::settings::Settings;
use crate::engine::laws::overlay::dedicated_slots;
use crate::engine::observation::{Counters, Sizes};
use crate::parameters::Scenario;

/// Masses are scaled anew before a survival falls below this: see [`super::bank`].
pub(super) const RESCALING: f64 = 1e-30;

/// Addresses of dead super nodes, by the tick in which they died.
#[derive(Debug, Clone, Default)]
pub(super) struct Stale {
    deaths: VecDeque<(u32, f64)>,
    total: f64,
}

impl Stale {
    /// Super nodes die in tick `now`, and addresses of `ticks` ticks ago are forgotten.
    pub(super) fn bury(&mut self, now: u32, dead: f64, ticks: u32) {
        if dead > 0.0 {
            self.deaths.push_back((now, dead));
            self.total += dead;
        }
        while let Some(&(tick, dead)) = self.deaths.front()
            && now - tick >= ticks
        {
            self.deaths.pop_front();
            self.total -= dead;
        }
        if self.deaths.is_empty() {
            self.total = 0.0;
        }
    }

    /// Addresses that are known.
    pub(super) fn total(&self) -> f64 {
        self.total.max(0.0)
    }
}

/// Where the clients are. All masses are shares of the population.
///
/// Cells are those of [`super::classes`]. Children have them twice if there are dedicated super nodes: first those of
/// super nodes of clients, then those of dedicated ones.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) regions: usize,
    /// Whether the clients that the update is for have been told from the others.
    pub(super) is_dealt: bool,
    pub(super) absent: Vec<Pair>,
    /// For each region, the sine of the daily wave at the end of the tick before.
    pub(super) sines: Vec<f64>,
    pub(super) boots: Boots,
    /// Those without a super node, scaled by `seeking_survival`.
    pub(super) seeking: Bank,
    /// Those of them who were online and need no login: only with `login.relogin_after_orphaning = false`.
    pub(super) remembered: Option<Bank>,
    pub(super) seeking_survival: Vec<f64>,
    /// Children that are online.
    pub(super) online: Vec<Pair>,
    /// Children in back-off, scaled by `child_survival`.
    pub(super) backoff: Bank,
    /// Children that wait for the login server, scaled likewise.
    pub(super) queue: Queue,
    pub(super) child_survival: Vec<f64>,
    /// Children that are online and renew, if anybody ever does: they are not among `online`.
    pub(super) renewals: Option<Renewals>,
    /// Owners of super nodes, all of them eligible.
    pub(super) owners: Vec<f64>,
    /// Super nodes by their children: of owners whose update is not to come, of those whose update is to come, and
    /// dedicated ones.
    pub(super) supernodes: [Occupancy; 3],
    /// Super nodes of the operator, those that failed included.
    pub(super) dedicated: f64,
    /// Those of them that failed, by the tick in which they are back.
    pub(super) dedicated_back: VecDeque<(u32, f64)>,
    /// Super nodes that shut down in the last attach phase, and for each kind of super node the share of the children
    /// that are theirs.
    pub(super) shut_down: f64,
    pub(super) shut_down_share: Vec<f64>,
    pub(super) stale: Stale,
    pub(super) queue_before_service: f64,
    pub(super) counters: Counters<f64>,
    pub(super) events: f64,
}

/// How many there are of what a tick loops over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbers {
    pub(super) regions: usize,
    /// Cells that may have clients.
    pub(super) cells: usize,
    /// Cells of children, those that have none before the release included.
    pub(super) child_cells: usize,
}

impl Numbers {
    /// Cells of children of one kind of super nodes.
    pub(super) fn of_kind(&self) -> usize {
        2 * self.regions
    }

    /// Kinds of super nodes.
    pub(super) fn kinds(&self) -> usize {
        self.child_cells / self.of_kind()
    }
}

impl State {
    /// Nobody is anywhere yet.
    pub(super) fn new(scenario: &Scenario, settings: &Settings, longest_wait_ticks: u32) -> State {
        let regions = scenario.population.regions.len();
        let kinds = if has_dedicated(scenario) { 2 } else { 1 };
        let (cells, child_cells) = (2 * regions, 2 * regions * kinds);
        let bank = || Bank::new(cells, longest_wait_ticks);
        let remembers = !scenario.login.relogin_after_orphaning;
        let owned = || Occupancy::new(scenario.overlay.slots as usize);
        let dedicated = Occupancy::new(dedicated_slots(&scenario.overlay) as usize);
        State {
            regions,
            is_dealt: false,
            absent: vec![ZERO; cells],
            sines: Vec::new(),
            boots: Boots::new(regions, settings.boots.longest_ticks()),
            seeking: bank(),
            remembered: remembers.then(bank),
            seeking_survival: vec![1.0; cells],
            online: vec![ZERO; child_cells],
            backoff: Bank::new(child_cells, longest_wait_ticks),
            queue: Queue::new(child_cells),
            child_survival: vec![1.0; child_cells],
            renewals: Shape::of(scenario).map(|shape| Renewals::new(shape, child_cells, longest_wait_ticks)),
            owners: vec![0.0; cells],
            supernodes: [owned(), owned(), dedicated],
            dedicated: settings.dedicated,
            dedicated_back: VecDeque::new(),
            shut_down: 0.0,
            shut_down_share: vec![0.0; kinds],
            stale: Stale::default(),
            queue_before_service: 0.0,
            counters: Counters::default(),
            events: 0.0,
        }
    }

    /// Cells that have clients.
    pub(super) fn cells(&self) -> usize {
        if self.is_dealt { 2 * self.regions } else { self.regions }
    }

    /// How many there are of what a tick loops over, which the compiler knows if `CELLS` is not 0: see [`State::shape`].
    #[inline(always)]
    pub(super) fn numbers<const CELLS: usize>(&self) -> Numbers {
        if CELLS == 0 {
            return Numbers { regions: self.regions, cells: self.cells(), child_cells: self.online.len() };
        }
        Numbers { regions: REGIONS, cells: CELLS, child_cells: ALL_CELLS }
    }

    /// The number of cells if there are three regions and one kind of super nodes, as by default, so that loops are
    /// unrolled; otherwise 0.
    pub(super) fn shape(&self) -> usize {
        #[cfg(test)]
        if super::wide::plain::is_asked_for() {
            return 0;
        }
        if self.regions == REGIONS && self.online.len() == ALL_CELLS { self.cells() } else { 0 }
    }

    /// Cells of children that may have clients.
    pub(super) fn child_cells(&self) -> usize {
        if self.shut_down_share.len() == 1 { self.cells() } else { self.online.len() }
    }

    /// Tells the clients that the update is for, the share `patched`, from the others.
    pub(super) fn deal(&mut self, patched: f64) {
        let regions = self.regions;
        self.is_dealt = true;
        let banks = [&mut self.seeking, &mut self.backoff].into_iter().chain(&mut self.remembered);
        let renewals = self.renewals.iter_mut().flat_map(Renewals::all_cells);
        let cells = banks.flat_map(Bank::all_cells).chain(self.queue.all_cells()).chain(renewals);
        cells.chain([&mut self.absent, &mut self.online]).for_each(|cells| split(cells, regions, patched));
        self.boots.deal(patched);
        for survival in [&mut self.seeking_survival, &mut self.child_survival] {
            for both in survival.chunks_exact_mut(2 * regions) {
                let (first, second) = both.split_at_mut(regions);
                second.copy_from_slice(first);
            }
        }
        let (others, pending) = self.owners.split_at_mut(regions);
        for (other, pending) in others.iter_mut().zip(pending) {
            *pending = *other * patched;
            *other *= 1.0 - patched;
        }
        self.supernodes[1] = self.supernodes[0].clone();
        self.supernodes[0].scale(1.0 - patched);
        self.supernodes[1].scale(patched);
    }

    /// Those who gave up in this tick are absent from now on. Returns how many of them leave a slot, which their super nodes
    /// hear of in the next tick.
    pub(super) fn those_who_gave_up(&mut self) -> f64 {
        let in_all = 2 * self.regions;
        let mut left = [0.0; 2];
        let seeking = [&mut self.seeking].into_iter().chain(&mut self.remembered);
        let seeking = seeking.map(|bank| (0, bank, &self.seeking_survival));
        for (attached, bank, survivals) in seeking.chain([(1, &mut self.backoff, &self.child_survival)]) {
            for (index, (masses, survival)) in bank.given_up().iter_mut().zip(survivals).enumerate() {
                let (absent, leaving) = (&mut self.absent[index % in_all], masses.map(|mass| mass * survival));
                *absent = [absent[0] + leaving[0], absent[1] + leaving[1]];
                left[attached] += leaving[0] + leaving[1];
                *masses = ZERO;
            }
        }
        self.events += left[0] + left[1];
        left[1]
    }

    /// Scales masses anew where a survival has become too small to be divided by; one of 0 is the end of those masses.
    pub(super) fn rescale(&mut self) {
        if let Some(factors) = to_be_rescaled(&mut self.seeking_survival) {
            let banks = [&mut self.seeking].into_iter().chain(&mut self.remembered);
            banks.flat_map(Bank::all_cells).for_each(|cells| rescale(cells, &factors));
        }
        if let Some(factors) = to_be_rescaled(&mut self.child_survival) {
            let renewals = self.renewals.iter_mut().flat_map(Renewals::all_cells);
            let cells = self.backoff.all_cells().chain(self.queue.all_cells()).chain(renewals);
            cells.for_each(|cells| rescale(cells, &factors));
        }
    }

    /// Children of a cell that are online and renew.
    pub(super) fn renewing(&self, child: usize) -> Pair {
        self.renewals.as_ref().map_or(ZERO, |renewals| renewals.online(child, self.child_survival[child]))
    }

    fn renewing_mass(&self) -> f64 {
        if self.renewals.is_none() {
            return 0.0;
        }
        (0..self.child_cells()).map(|child| self.renewing(child)).map(|pair| pair[0] + pair[1]).sum()
    }

    /// The network as it is seen at the end of a tick.
    pub(super) fn sizes(&self) -> Sizes {
        let seeking = scaled_mass(self.seeking.total(), &self.seeking_survival)
            + self.remembered.as_ref().map_or(0.0, |bank| scaled_mass(bank.total(), &self.seeking_survival));
        let waiting = scaled_mass(self.queue.waiting(), &self.child_survival);
        let backoff = scaled_mass(self.backoff.total(), &self.child_survival);
        let online = mass(&self.online) + self.owners.iter().sum::<f64>() + self.renewing_mass();
        let booting = self.boots.mass();
        Sizes {
            demand: online + waiting + backoff + seeking + booting,
            online,
            booting,
            seeking,
            waiting,
            backoff,
            supernodes: self.supernodes.iter().map(Occupancy::mass).sum(),
            stale_addresses: self.stale.total(),
            login_queue: self.queue.length(),
            login_queue_before_service: self.queue_before_service,
        }
    }
}

/// Whether there is ever a super node of the operator.
pub(super) fn has_dedicated(scenario: &Scenario) -> bool {
    scenario.versions().any(|in_force| !in_force.overlay.bypass && in_force.overlay.dedicated_per_million > 0.0)
}

/// The factors with which masses are to be multiplied if one of the survivals is too small, and which become 1 there.
fn to_be_rescaled(survivals: &mut [f64]) -> Option<Vec<f64>> {
    if survivals.iter().all(|&survival| survival >= RESCALING) {
        return None;
    }
    let factor = |survival: &mut f64| if *survival < RESCALING { std::mem::replace(survival, 1.0) } else { 1.0 };
    Some(survivals.iter_mut().map(factor).collect())
}
