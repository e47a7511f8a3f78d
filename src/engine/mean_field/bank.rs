//! Clients that wait for their next attempt: by failures in a row and by the tick in which they come due.
//!
//! What is kept is the rate at which they come due, as changes of it ([`TickLaw`]), so that a mass with a uniform delay
//! costs the same however long the delay is, and what is under way keeps its law when an intervention changes the
//! delays.
//!
//! Masses are *scaled*: divided by the survival of their class up to the moment in which they enter, to be multiplied by
//! it when they come due. So what leaves from among those who wait, by the end of a session, a restart or the death of a
//! super node, costs one product for each class, whoever waits since when.

use std::slice::from_mut;

use super::classes::{ALL_CELLS, Pair, REGIONS, ZERO, add_scaled, at_least_none, scaled_mass};
use super::delays::TickLaw;
use super::renewals::InBackoff;
use super::settings::Settings;
use super::wide::{Wide, wide};

/// Below this share of the population no new level is opened: those who fail stay where they are. A collapsed network
/// would otherwise keep a level for each failure that anybody could have had.
pub(super) const OPENING_MASS: f64 = 1e-11;

/// Those who have failed a certain number of times in a row.
#[derive(Debug, Clone)]
struct Level {
    /// Scaled mass that comes due in this tick, by cell.
    rate: Vec<Pair>,
    /// Changes of the rate in the ticks to come: for each slot of the ring a number for each cell.
    ring: Vec<Pair>,
    /// The tick in which the last change lies; `None` if nobody waits. `Some(u32::MAX)` if somebody waits for ever.
    ends: Option<u32>,
}

/// Clients that wait, by failures in a row (the *level*) and due tick.
#[derive(Debug, Clone)]
pub(super) struct Bank {
    cells: usize,
    /// Slots of each ring, a power of two.
    slots: usize,
    levels: Vec<Level>,
    /// Scaled mass of all who wait, by cell.
    total: Vec<Pair>,
    /// Scaled mass of those who gave up in this tick, by cell.
    given_up: Vec<Pair>,
}

/// A share of some scaled masses, by cell.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) share: f64,
    pub(super) masses: &'a [Pair],
}

impl Part<'_> {
    /// All of them.
    pub(super) fn all(masses: &[Pair]) -> Part<'_> {
        Part { share: 1.0, masses }
    }
}

impl Bank {
    /// Nobody waits; delays of up to `longest_ticks` can come.
    pub(super) fn new(cells: usize, longest_ticks: u32) -> Bank {
        let (total, given_up) = (vec![ZERO; cells], vec![ZERO; cells]);
        Bank { cells, slots: slots(longest_ticks), levels: Vec::new(), total, given_up }
    }

    /// Makes room for longer delays from tick `now` on, of which nothing has come due yet.
    pub(super) fn reach(&mut self, longest_ticks: u32, now: u32) {
        let slots = slots(longest_ticks);
        if slots <= self.slots {
            return;
        }
        for level in &mut self.levels {
            let mut ring = vec![ZERO; slots * self.cells];
            for tick in now as usize..now as usize + self.slots {
                let (from, to) = ((tick & (self.slots - 1)) * self.cells, (tick & (slots - 1)) * self.cells);
                ring[to..to + self.cells].copy_from_slice(&level.ring[from..from + self.cells]);
            }
            level.ring = ring;
        }
        self.slots = slots;
    }

    /// Levels so far: the highest number of failures in a row that is told apart, plus one.
    pub(super) fn levels(&self) -> usize {
        self.levels.len()
    }

    /// Scaled mass of all who wait.
    pub(super) fn total(&self) -> &[Pair] {
        &self.total
    }

    /// Scaled mass of a level that comes due in this tick; `None` if there is none.
    pub(super) fn due(&self, level: usize) -> Option<&[Pair]> {
        let level = &self.levels[level];
        level.ends.is_some().then_some(&level.rate[..])
    }

    /// Moves on to tick `now`; puts what comes due in it, in the first `sum.len()` cells, into `sum`.
    pub(super) fn advance(&mut self, now: u32, sum: &mut [Pair]) {
        wide(Advance { bank: self, now, sum });
    }

    #[inline(always)]
    fn advance_now(&mut self, now: u32, sum: &mut [Pair]) {
        sum.fill(ZERO);
        let slot = (now as usize & (self.slots - 1)) * self.cells;
        let mut waits = false;
        for level in &mut self.levels {
            let Some(ends) = level.ends else { continue };
            let changes = &mut level.ring[slot..slot + sum.len()];
            if now >= ends {
                // All changes sum to 0, but for rounding.
                changes.fill(ZERO);
                level.rate.fill(ZERO);
                level.ends = None;
                continue;
            }
            waits = true;
            come_due(&mut level.rate, changes, sum);
        }
        if waits {
            add_scaled(&mut self.total, sum, -1.0);
        } else {
            self.total.fill(ZERO);
        }
    }

    /// The level that those go to who have failed `failures` times: this one, or the highest below it that is open if it
    /// is not and they are too few to open it.
    pub(super) fn level_for(&self, failures: usize, mass: impl FnOnce() -> f64) -> usize {
        if failures < self.levels.len() || mass() >= OPENING_MASS {
            return failures.min(self.levels.len().max(1));
        }
        (self.levels.len().max(2) - 1).min(failures)
    }

    /// A scaled mass begins to wait in tick `now`. The level is one that [`Bank::level_for`] returned, or 0.
    #[inline(always)]
    pub(super) fn enter(&mut self, level: usize, now: u32, law: &TickLaw, part: Part<'_>) {
        if self.levels.len() <= level {
            self.open(level);
        }
        wide(Enter { bank: self, level, now, law, part });
    }

    #[inline(always)]
    fn enter_open(&mut self, level: usize, now: u32, law: &TickLaw, part: Part<'_>) {
        let level = &mut self.levels[level];
        let mut ends = law.ends_after().map_or(u32::MAX, |ticks| now.saturating_add(ticks));
        for &(ticks, change) in law.changes() {
            if ticks as usize >= self.slots {
                // Beyond the end of the run.
                ends = u32::MAX;
                continue;
            }
            let slot = ((now as usize + ticks as usize) & (self.slots - 1)) * self.cells;
            add_scaled(&mut level.ring[slot..slot + self.cells], part.masses, change * part.share);
        }
        level.ends = Some(level.ends.map_or(ends, |before| before.max(ends)));
        add_scaled(&mut self.total, part.masses, part.share);
    }

    /// The share `share` of what came due in tick `now` fails and waits again, each a level up; so does a scaled mass
    /// `fresh` that fails for the first time. `survival` is by cell.
    pub(super) fn fail(&mut self, now: u32, share: f64, fresh: &[Pair], survival: &[f64], settings: &Settings) {
        for level in (0..self.levels.len()).rev() {
            if self.due(level).is_none() {
                continue;
            }
            // It enters the changes of a rate, and not a rate.
            let due = std::mem::take(&mut self.levels[level].rate);
            self.fail_once_more(level, now, Part { share, masses: &due[..fresh.len()] }, survival, settings);
            self.levels[level].rate = due;
        }
        self.fail_once_more(0, now, Part::all(fresh), survival, settings);
    }

    /// Scaled masses fail in tick `now`, after so many failures before. Those who have failed often enough give up.
    #[inline(always)]
    pub(super) fn fail_once_more(
        &mut self,
        before: usize,
        now: u32,
        part: Part<'_>,
        survival: &[f64],
        settings: &Settings,
    ) {
        if settings.give_up_after.is_some_and(|most| before + 1 >= most) {
            add_scaled(&mut self.given_up, part.masses, part.share);
            return;
        }
        self.wait(before + 1, now, part, survival, settings);
    }

    /// Scaled masses wait from tick `now` on, after so many failures.
    #[inline(always)]
    pub(super) fn wait(&mut self, failures: usize, now: u32, part: Part<'_>, survival: &[f64], settings: &Settings) {
        let failures = failures.min(settings.failures_max);
        let level = self.level_for(failures, || scaled_mass(part.masses, survival) * part.share);
        self.enter(level, now, settings.backoff(level), part);
    }

    /// Some of a group with the scaled masses `composition`, by cell, wait here from now on, at the end of a tick, as they
    /// did before.
    pub(super) fn absorb(&mut self, waits: &InBackoff<'_>, composition: &[Pair], survival: &[f64]) {
        let level = self.level_for(waits.failures, || scaled_mass(composition, survival) * waits.waits);
        self.open(level);
        let level = &mut self.levels[level];
        add_scaled(&mut level.rate, composition, waits.rate);
        for &(tick, change) in waits.changes {
            let slot = (tick as usize & (self.slots - 1)) * self.cells;
            add_scaled(&mut level.ring[slot..slot + self.cells], composition, change);
        }
        level.ends = Some(level.ends.map_or(waits.ends, |before| before.max(waits.ends)));
        add_scaled(&mut self.total, composition, waits.waits);
    }

    #[cold]
    fn open(&mut self, level: usize) {
        while self.levels.len() <= level {
            let ring = vec![ZERO; self.slots * self.cells];
            self.levels.push(Level { rate: vec![ZERO; self.cells], ring, ends: None });
        }
    }

    /// Scaled masses of those who gave up in this tick, by cell, to be taken.
    pub(super) fn given_up(&mut self) -> &mut [Pair] {
        &mut self.given_up
    }

    /// All that is kept by cell, in lists of which each has all cells, once or more often.
    pub(super) fn all_cells(&mut self) -> impl Iterator<Item = &mut Vec<Pair>> {
        self.levels.iter_mut().flat_map(|level| [&mut level.rate, &mut level.ring]).chain([&mut self.total])
    }
}

/// Changes the rates of some cells, adds them to `sum`, and leaves no changes.
#[inline(always)]
fn come_due(rates: &mut [Pair], changes: &mut [Pair], sum: &mut [Pair]) {
    match sum.len() {
        ALL_CELLS => all_come_due::<ALL_CELLS>(rates, changes, sum),
        REGIONS => all_come_due::<REGIONS>(rates, changes, sum),
        _ => {
            let of_cells = rates.iter_mut().zip(changes).zip(sum);
            of_cells
                .for_each(|((rate, change), sum)| all_come_due::<1>(from_mut(rate), from_mut(change), from_mut(sum)));
        }
    }
}

#[inline(always)]
fn all_come_due<const CELLS: usize>(rates: &mut [Pair], changes: &mut [Pair], sum: &mut [Pair]) {
    let [rates, changes, sum] =
        [rates, changes, sum].map(|cells| cells.first_chunk_mut::<CELLS>().expect("as many cells"));
    // In registers, as in `add_scaled`.
    let (mut due, mut all) = (*rates, *sum);
    let numbers = due.as_flattened_mut().iter_mut().zip(changes.as_flattened()).zip(all.as_flattened_mut());
    for ((due, change), all) in numbers {
        *due = at_least_none(*due + change);
        *all += *due;
    }
    (*rates, *sum, *changes) = (due, all, [ZERO; CELLS]);
}

/// [`Bank::advance`].
struct Advance<'a> {
    bank: &'a mut Bank,
    now: u32,
    sum: &'a mut [Pair],
}

impl Wide for Advance<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.bank.advance_now(self.now, self.sum);
    }
}

/// [`Bank::enter`], where the level is open.
struct Enter<'a> {
    bank: &'a mut Bank,
    level: usize,
    now: u32,
    law: &'a TickLaw,
    part: Part<'a>,
}

impl Wide for Enter<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.bank.enter_open(self.level, self.now, self.law, self.part);
    }
}

/// Slots of a ring for delays of up to so many ticks.
pub(super) fn slots(longest_ticks: u32) -> usize {
    (longest_ticks as usize + 2).next_power_of_two()
}
