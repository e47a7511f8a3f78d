//! Online clients that renew their login, by the tick in which they began.
//!
//! What happens to the request of one of them depends on when it began and on what has happened to it since, and not on
//! its class; its class decides whether the client is still there. So a *group*, those who began in the same tick, is a
//! composition by class, times numbers of where they are: by failures and by the tick of the next request here, and in the
//! cohorts of the queue. The numbers are shares of those who began, of whom one stands for its composition; compositions
//! are scaled like all masses ([`super::bank`]), and for eligible clients by how many have not been promoted meanwhile.
//!
//! When its grace time ends, a group becomes clients that log in, as far as it is left, wherever its requests are.
//!
//! A grace time of more than [`GROUPS`] ticks would make too many groups. Then some ticks share a group, as if those who
//! began in them were alike: a closure, tested below.

use super::bank::{OPENING_MASS, slots};
use super::classes::{Pair, ZERO, at_least_none, mass};
use super::settings::Settings;
use crate::engine::laws::time::duration_ticks;
use crate::parameters::Scenario;

/// Groups at most, but for one.
const GROUPS: u32 = 256;

/// How those who renew are put into groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    /// Ticks that share a group.
    width: u32,
    /// Groups that there can be at a time.
    pub(super) groups: usize,
}

impl Shape {
    /// The shape for a scenario; `None` if nobody ever renews.
    pub(super) fn of(scenario: &Scenario) -> Option<Shape> {
        let renews = scenario.versions().any(|in_force| in_force.login.renewal_s.is_finite());
        // What ends after the run need not be told from what ends with it.
        let grace_ticks = duration_ticks(scenario.login.grace_s, scenario.time.tick_s).min(scenario.ticks() as u32);
        renews.then(|| Shape::new(grace_ticks, GROUPS))
    }

    fn new(grace_ticks: u32, groups_max: u32) -> Shape {
        let width = grace_ticks.div_ceil(groups_max).max(1);
        Shape { width, groups: grace_ticks.div_ceil(width) as usize + 1 }
    }
}

/// Those who have failed a certain number of times since they began.
#[derive(Debug, Clone)]
struct Level {
    /// Who sends a request in this tick, by group.
    rate: Vec<f64>,
    /// Changes of the rate in the ticks to come: for each slot of the ring a number for each group.
    ring: Vec<f64>,
    /// Who waits for the next request.
    waits: Vec<f64>,
    /// The tick in which the last change lies; `None` if nobody waits. `Some(u32::MAX)` if somebody waits for ever.
    ends: Option<u32>,
}

/// What is left of the clients of a group in back-off, after some number of failures.
pub(super) struct InBackoff<'a> {
    pub(super) failures: usize,
    /// Who waits, and with which rate requests come due in this tick; in units of the composition.
    pub(super) waits: f64,
    pub(super) rate: f64,
    /// The ticks in which the rate changes, and by how much.
    pub(super) changes: &'a [(u32, f64)],
    pub(super) ends: u32,
}

/// Online clients that renew their login.
#[derive(Debug, Clone)]
pub(super) struct Renewals {
    shape: Shape,
    cells: usize,
    /// Slots of each ring, a power of two.
    slots: usize,
    /// Scaled masses of one of each group, by group and cell.
    compositions: Vec<Pair>,
    /// How many of each group have neither renewed nor given up.
    left: Vec<f64>,
    /// Those in back-off, by failures, from one on.
    levels: Vec<Level>,
    /// Scaled mass of all who renew, by cell.
    total: Vec<Pair>,
    /// The share of the eligible ones that has not been promoted.
    unpromoted: f64,
    /// The last tick in which somebody began and was not served at once; `None` if nobody is left.
    last_begun: Option<u32>,
    /// Of each group: who is due in this tick, its mass, who was served, and who gave up.
    pub(super) due: Vec<f64>,
    pub(super) weights: Vec<f64>,
    pub(super) served: Vec<f64>,
    given_up: Vec<f64>,
    /// What is computed in.
    failed: Vec<f64>,
    begun: Vec<Pair>,
    changes: Vec<(u32, f64)>,
}

impl Renewals {
    /// Nobody renews; delays of up to `longest_ticks` can come.
    pub(super) fn new(shape: Shape, cells: usize, longest_ticks: u32) -> Renewals {
        let by_group = || vec![0.0; shape.groups];
        Renewals {
            shape,
            cells,
            slots: slots(longest_ticks),
            compositions: vec![ZERO; shape.groups * cells],
            left: by_group(),
            levels: Vec::new(),
            total: vec![ZERO; cells],
            unpromoted: 1.0,
            last_begun: None,
            due: by_group(),
            weights: by_group(),
            served: by_group(),
            given_up: by_group(),
            failed: by_group(),
            begun: Vec::new(),
            changes: Vec::new(),
        }
    }

    /// As [`super::bank::Bank::reach`].
    pub(super) fn reach(&mut self, longest_ticks: u32, now: u32) {
        let (slots, groups) = (slots(longest_ticks), self.shape.groups);
        if slots <= self.slots {
            return;
        }
        for level in &mut self.levels {
            let mut ring = vec![0.0; slots * groups];
            for tick in now as usize..now as usize + self.slots {
                let (from, to) = ((tick & (self.slots - 1)) * groups, (tick & (slots - 1)) * groups);
                ring[to..to + groups].copy_from_slice(&level.ring[from..from + groups]);
            }
            level.ring = ring;
        }
        self.slots = slots;
    }

    /// Whether nobody renews whose first request was not served at once.
    pub(super) fn is_idle(&self) -> bool {
        self.last_begun.is_none()
    }

    /// Online clients of a cell that renew, whose survival this is.
    pub(super) fn online(&self, cell: usize, survival: f64) -> Pair {
        let [others, eligible] = self.total[cell];
        [others * survival, eligible * survival * self.unpromoted]
    }

    /// Groups that there can be at a time.
    pub(super) fn groups(&self) -> usize {
        self.shape.groups
    }

    fn group(&self, tick: u32) -> usize {
        (tick / self.shape.width) as usize % self.shape.groups
    }

    fn composition(&self, group: usize) -> &[Pair] {
        &self.compositions[group * self.cells..(group + 1) * self.cells]
    }

    fn weigh(&self, group: usize, survival: &[f64]) -> f64 {
        let of_cells = self.composition(group).iter().zip(survival);
        of_cells.map(|(pair, survival)| (pair[0] + pair[1] * self.unpromoted) * survival).sum()
    }

    /// Moves on to tick `now`: whose requests are due, and what a group weighs. Returns their mass.
    pub(super) fn advance(&mut self, now: u32, survival: &[f64]) -> f64 {
        if self.is_idle() {
            return 0.0;
        }
        let groups = self.shape.groups;
        self.due.fill(0.0);
        let slot = (now as usize & (self.slots - 1)) * groups;
        for level in &mut self.levels {
            let Some(ends) = level.ends else { continue };
            let changes = &mut level.ring[slot..slot + groups];
            if now >= ends {
                // All changes sum to 0, but for rounding.
                changes.fill(0.0);
                level.rate.fill(0.0);
                level.waits.fill(0.0);
                level.ends = None;
                continue;
            }
            let of_group = changes.iter().zip(&mut level.rate).zip(&mut level.waits).zip(&mut self.due);
            for (((change, rate), waits), due) in of_group {
                *rate = at_least_none(*rate + change);
                *waits -= *rate;
                *due += *rate;
            }
            changes.fill(0.0);
        }
        for group in 0..groups {
            self.weights[group] = self.weigh(group, survival);
        }
        product(&self.weights, &self.due)
    }

    /// The group of tick `now`, with its composition, if there were some in it and nobody is left of them.
    pub(super) fn vanished(&self, now: u32) -> Option<(usize, Vec<Pair>)> {
        let group = self.group(now);
        let is_so = self.left[group] > 0.0 && self.weights[group] == 0.0;
        is_so.then(|| (group, self.composition(group).to_vec()))
    }

    /// Clients of these masses, by cell, begin in tick `now`. Returns their group, and how many they are of it.
    pub(super) fn begin(&mut self, now: u32, begun: &[Pair], survival: &[f64]) -> (usize, f64) {
        let group = self.group(now);
        let scaled = |(begun, survival): (&Pair, &f64)| [begun[0] / survival, begun[1] / (survival * self.unpromoted)];
        self.begun.clear();
        self.begun.extend(begun.iter().zip(survival).map(scaled));
        let (before, weight) = (self.left[group], self.weights[group]);
        let composition = &mut self.compositions[group * self.cells..(group + 1) * self.cells];
        let mut count = 1.0;
        if before > 0.0 && weight > 0.0 {
            // One stands for as much as before, and nobody of a class is lost.
            count = mass(begun) / weight;
            for (pair, begun) in composition.iter_mut().zip(&self.begun) {
                *pair = [0, 1].map(|side| (pair[side] * before + begun[side]) / (before + count));
            }
        } else {
            composition.fill(ZERO);
            composition[..begun.len()].copy_from_slice(&self.begun);
            self.left[group] = 0.0;
        }
        self.left[group] += count;
        self.weights[group] = self.weigh(group, survival);
        self.last_begun = Some(now);
        (group, count)
    }

    /// Who is due in this tick, by failures; the most first.
    pub(super) fn due_by_failures(&self) -> impl Iterator<Item = (usize, &[f64])> {
        let of_levels = self.levels.iter().enumerate().rev();
        of_levels.filter(|(_, level)| level.ends.is_some()).map(|(index, level)| (index + 1, &level.rate[..]))
    }

    /// The share `share` of those who are due in tick `now` fails.
    pub(super) fn fail_due(&mut self, now: u32, share: f64, settings: &Settings) {
        let mut failed = std::mem::take(&mut self.failed);
        for failures in (1..=self.levels.len()).rev() {
            let level = &self.levels[failures - 1];
            if level.ends.is_some() {
                failed.iter_mut().zip(&level.rate).for_each(|(failed, rate)| *failed = rate * share);
                self.fail(failures, now, &failed, settings);
            }
        }
        self.failed = failed;
    }

    /// So many of a group fail in tick `now`, the one in which they began.
    pub(super) fn fail_at_once(&mut self, group: usize, count: f64, now: u32, settings: &Settings) {
        let mut failed = std::mem::take(&mut self.failed);
        failed.fill(0.0);
        failed[group] = count;
        self.fail(0, now, &failed, settings);
        self.failed = failed;
    }

    /// The share `share` of some of each group, `counts`, who waited for a request, fails in tick `now`, after so many
    /// failures before. Returns their mass.
    pub(super) fn time_out(&mut self, before: usize, now: u32, counts: &[f64], share: f64, settings: &Settings) -> f64 {
        let mass = product(&self.weights, counts) * share;
        if mass > 0.0 {
            let mut failed = std::mem::take(&mut self.failed);
            failed.iter_mut().zip(counts).for_each(|(failed, count)| *failed = count * share);
            self.fail(before, now, &failed, settings);
            self.failed = failed;
        }
        mass
    }

    /// Some of each group fail in tick `now`, after so many failures before. Those who have failed often enough give up.
    fn fail(&mut self, before: usize, now: u32, failed: &[f64], settings: &Settings) {
        if settings.give_up_after.is_some_and(|most| before + 1 >= most) {
            self.given_up.iter_mut().zip(failed).for_each(|(given_up, failed)| *given_up += failed);
            return;
        }
        let failures = (before + 1).min(settings.failures_max);
        let opens = failures > self.levels.len();
        let failures =
            if opens && product(&self.weights, failed) < OPENING_MASS { self.levels.len().max(1) } else { failures };
        let groups = self.shape.groups;
        while self.levels.len() < failures {
            let by_group = || vec![0.0; groups];
            let ring = vec![0.0; self.slots * groups];
            self.levels.push(Level { rate: by_group(), ring, waits: by_group(), ends: None });
        }
        let level = &mut self.levels[failures - 1];
        let law = settings.backoff(failures);
        let mut ends = law.ends_after().map_or(u32::MAX, |ticks| now.saturating_add(ticks));
        for &(ticks, change) in law.changes() {
            if ticks as usize >= self.slots {
                // Beyond the end of the run.
                ends = u32::MAX;
                continue;
            }
            let slot = ((now as usize + ticks as usize) & (self.slots - 1)) * groups;
            level.ring[slot..slot + groups].iter_mut().zip(failed).for_each(|(to, failed)| *to += failed * change);
        }
        level.waits.iter_mut().zip(failed).for_each(|(waits, failed)| *waits += failed);
        level.ends = Some(level.ends.map_or(ends, |before| before.max(ends)));
    }

    /// Those who were served have renewed: adds their masses, by cell, to `online`.
    pub(super) fn renewed(&mut self, survival: &[f64], online: &mut [Pair]) {
        let mut served = std::mem::take(&mut self.served);
        self.end(&mut served, |cell, [others, eligible]| {
            online[cell][0] += others * survival[cell];
            online[cell][1] += eligible * survival[cell];
        });
        self.served = served;
    }

    /// The renewals of those who gave up are over: adds their scaled masses, by cell, to `given_up`.
    pub(super) fn give_up(&mut self, given_up: &mut [Pair]) {
        let mut leaving = std::mem::take(&mut self.given_up);
        self.end(&mut leaving, |cell, [others, eligible]| {
            given_up[cell][0] += others;
            given_up[cell][1] += eligible;
        });
        self.given_up = leaving;
    }

    /// So many of each group do not renew any more; hands out their scaled masses by cell, and empties the list.
    fn end(&mut self, counts: &mut [f64], mut to: impl FnMut(usize, Pair)) {
        for (group, count) in counts.iter_mut().enumerate().filter(|(_, count)| **count > 0.0) {
            self.left[group] = (self.left[group] - *count).max(0.0);
            for (cell, pair) in self.composition(group).iter().enumerate() {
                to(cell, [pair[0] * *count, pair[1] * *count * self.unpromoted]);
            }
            *count = 0.0;
        }
    }

    /// The grace time of those who began in tick `began` is over in tick `now`, after its requests. Returns their group,
    /// the share of it that they are, and its composition, scaled like children that are not online; `None` if it
    /// has not begun.
    pub(super) fn lapsing(&self, began: u32) -> Option<(usize, f64, Vec<Pair>)> {
        let (last, group) = (self.last_begun?, self.group(began));
        if began / self.shape.width > last / self.shape.width {
            return None;
        }
        let share = 1.0 / f64::from(self.shape.width - began % self.shape.width);
        let scaled = self.composition(group).iter().map(|pair| [pair[0], pair[1] * self.unpromoted]);
        Some((group, share, scaled.collect()))
    }

    /// Takes the share `share` of a group out of back-off in tick `now`, after its requests.
    pub(super) fn lapse(&mut self, group: usize, share: f64, now: u32, mut to: impl FnMut(&InBackoff<'_>)) {
        let (groups, mask) = (self.shape.groups, self.slots - 1);
        self.left[group] *= 1.0 - share;
        for (index, level) in self.levels.iter_mut().enumerate() {
            let Some(ends) = level.ends else { continue };
            self.changes.clear();
            let last = ends.min(now.saturating_add(self.slots as u32 - 1));
            for tick in now.saturating_add(1)..=last {
                let change = &mut level.ring[(tick as usize & mask) * groups + group];
                if *change != 0.0 {
                    self.changes.push((tick, *change * share));
                    *change *= 1.0 - share;
                }
            }
            let (waits, rate) = (level.waits[group] * share, level.rate[group] * share);
            if waits > 0.0 {
                to(&InBackoff { failures: index + 1, waits, rate, changes: &self.changes, ends });
            }
            level.waits[group] *= 1.0 - share;
            level.rate[group] *= 1.0 - share;
        }
    }

    /// At the end of the tick in which those who began in `lapsed` are no longer online: who is left.
    pub(super) fn recount(&mut self, lapsed: Option<u32>) {
        let Some(last) = self.last_begun else { return };
        self.total.fill(ZERO);
        // Who began in the last tick of a group ends it.
        if lapsed.is_some_and(|began| began / self.shape.width == last / self.shape.width && self.ends_group(began)) {
            self.levels.iter_mut().for_each(|level| {
                level.ends = None;
                level.rate.fill(0.0);
                level.waits.fill(0.0);
                level.ring.fill(0.0);
            });
            self.last_begun = None;
            return;
        }
        for (group, &left) in self.left.iter().enumerate() {
            if left > 0.0 {
                let composition = &self.compositions[group * self.cells..(group + 1) * self.cells];
                for (total, pair) in self.total.iter_mut().zip(composition) {
                    *total = [total[0] + pair[0] * left, total[1] + pair[1] * left];
                }
            }
        }
    }

    fn ends_group(&self, began: u32) -> bool {
        began % self.shape.width == self.shape.width - 1
    }

    /// The share `share` of those who are eligible is promoted.
    pub(super) fn promote(&mut self, share: f64) {
        self.unpromoted *= 1.0 - share;
        if self.unpromoted < super::state::RESCALING {
            let factor = std::mem::replace(&mut self.unpromoted, 1.0);
            self.compositions.iter_mut().chain(&mut self.total).for_each(|pair| pair[1] *= factor);
        }
    }

    /// All that is kept by cell.
    pub(super) fn all_cells(&mut self) -> impl Iterator<Item = &mut Vec<Pair>> {
        [&mut self.compositions, &mut self.total].into_iter()
    }
}

/// The sum of the products.
pub(super) fn product(weights: &[f64], numbers: &[f64]) -> f64 {
    weights.iter().zip(numbers).map(|(weight, number)| weight * number).sum()
}

#[cfg(test)]
mod tests {
    use super::super::chance::Chance;
    use super::super::solver::Running;
    use super::*;
    use crate::engine::observation::Sizes;
    use crate::parameters::{Intervention, Parameter, Value};

    /// A server that hardly serves for as long as the grace time lasts and again as long, and then does.
    fn stopped() -> Scenario {
        let mut scenario = Scenario::default();
        (scenario.time.horizon_h, scenario.updates.release_h) = (3.5, 0.1);
        scenario.updates.synchronization = 0.2;
        (scenario.login.renewal_s, scenario.login.grace_s) = (900.0, 1200.0);
        scenario.login.capacity_per_s_per_million = 2500.0;
        let capacity = Parameter::find("login.capacity_per_s_per_million").unwrap();
        let at = |at_h, value| Intervention::new(at_h, [(capacity, Value::Number(value))]);
        scenario.interventions = vec![at(0.3, 30.0), at(1.0, 2500.0)];
        scenario
    }

    fn run(scenario: &Scenario, groups_max: u32) -> Vec<Sizes> {
        let mut run = Running::new(scenario, Chance::default());
        let shape = Shape::new(run.settings.grace_ticks, groups_max);
        let longest = run.settings.longest_wait_ticks(scenario.ticks() as u32);
        run.state.renewals = Some(Renewals::new(shape, run.state.online.len(), longest));
        (0..scenario.ticks() as u32).map(|now| run.tick(now)).collect()
    }

    /// With half as many groups, or an eighth, it is hardly another run, at the worst of its ticks.
    #[test]
    fn some_ticks_may_share_a_group() {
        let scenario = stopped();
        let exact = run(&scenario, 256);
        let lowest = exact.iter().map(|sizes| sizes.online / sizes.demand).fold(1.0, f64::min);
        assert!(lowest < 0.7, "they lapse: {lowest}");
        for (groups, bound) in [(120, 1e-3), (30, 3e-3)] {
            let error = |(a, b): (&Sizes, Sizes)| (a.online - b.online).abs().max((a.backoff - b.backoff).abs());
            let largest = exact.iter().zip(run(&scenario, groups)).map(error).fold(0.0, f64::max);
            println!("{groups} groups: {largest:.1e}");
            assert!(largest > 0.0 && largest < bound, "{groups} groups: {largest}");
        }
    }

    /// Of ten ticks of grace all are told apart, and of a thousand none of which is left out.
    #[test]
    fn groups_cover_the_grace_time() {
        assert_eq!(Shape::new(10, 256), Shape { width: 1, groups: 11 });
        assert_eq!(Shape::new(256, 256), Shape { width: 1, groups: 257 });
        for grace_ticks in [1, 2, 257, 360, 1000, 25_920] {
            let shape = Shape::new(grace_ticks, 256);
            let group = |tick: u32| (tick / shape.width) as usize % shape.groups;
            for now in grace_ticks..grace_ticks + 3 * shape.width {
                let apart = (now / shape.width - (now - grace_ticks) / shape.width) as usize;
                assert!(apart < shape.groups && (apart == 0 || group(now) != group(now - grace_ticks)), "{shape:?}");
            }
        }
    }
}
