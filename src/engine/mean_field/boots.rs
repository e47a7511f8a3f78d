//! Machines that boot: by the tick in which they are up.

use super::classes::{Pair, ZERO};
use super::wide::{Wide, wide};
use crate::engine::laws::restarts::boot_within;
use crate::parameters::Updates;

/// Boots that take longer than all but this share of them are taken to be over in the last tick that is looked at.
const TAIL: f64 = 1e-6;

/// The law of a boot in ticks: the probability of each number of ticks.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct BootLaw {
    /// The fewest ticks that there are.
    first: u32,
    /// The probabilities of `first`, `first` + 1, … ticks, each twice: for those who are not eligible, and for the others.
    probabilities: Vec<Pair>,
}

impl BootLaw {
    /// The law, as far as `most_ticks` ticks. What takes longer is in none of its probabilities.
    pub(super) fn new(updates: &Updates, tick_s: f64, most_ticks: u32) -> BootLaw {
        let within = |ticks: u32| boot_within(updates, f64::from(ticks) * tick_s);
        // Boots of less than `first` ticks are not told from none, nor of more than `last` from as many.
        let first_that = |reached: f64| {
            let (mut below, mut at) = (0, most_ticks);
            while at - below > 1 {
                let middle = below + (at - below) / 2;
                if within(middle) < reached { below = middle } else { at = middle }
            }
            at
        };
        let (first, last) = (first_that(TAIL * TAIL), first_that(1.0 - TAIL));
        let mut before = 0.0;
        let probabilities = (first..=last).map(|ticks| {
            let until = if ticks == last && ticks < most_ticks { 1.0 } else { within(ticks) };
            [until - std::mem::replace(&mut before, until); 2]
        });
        BootLaw { first, probabilities: probabilities.collect() }
    }

    /// The most ticks that there are.
    pub(super) fn longest_ticks(&self) -> u32 {
        self.first + self.probabilities.len() as u32 - 1
    }
}

/// Machines that boot, by region and eligibility, and among them those whose update is still to come. Both are scaled by
/// the survival of the sessions.
#[derive(Debug, Clone)]
pub(super) struct Boots {
    regions: usize,
    slots: usize,
    /// Machines that are up in the ticks to come: for each region a ring.
    ring: Vec<Pair>,
    /// All of them, by region.
    total: Vec<Pair>,
    /// Those among them whose update is still to come, likewise; scaled by the survival of the update, too. Only shocks
    /// make such ones, so that it is empty mostly.
    pending_ring: Vec<Pair>,
    pending_total: Vec<Pair>,
    /// The share of the sessions that has not ended.
    survival: f64,
    /// For each region the share of those that were to get the update that still are.
    pending_survival: Vec<f64>,
}

impl Boots {
    pub(super) fn new(regions: usize, longest_ticks: u32) -> Boots {
        let slots = (longest_ticks as usize + 2).next_power_of_two();
        Boots {
            regions,
            slots,
            ring: vec![ZERO; slots * regions],
            total: vec![ZERO; regions],
            pending_ring: Vec::new(),
            pending_total: vec![ZERO; regions],
            survival: 1.0,
            pending_survival: vec![1.0; regions],
        }
    }

    /// The same without anybody who boots, and with room for boots of that length: to the digit what it would be if it
    /// had that room from the start, where nobody has booted so far.
    pub(super) fn emptied(&self, longest_ticks: u32) -> Boots {
        Boots { survival: self.survival, ..Boots::new(self.regions, longest_ticks) }
    }

    /// Masses begin to boot in tick `now`, by region; some of them, `pending`, still have their update to come.
    pub(super) fn enter(&mut self, law: &BootLaw, now: u32, masses: &[Pair], pending: Option<&[Pair]>) {
        for (region, mass) in masses.iter().enumerate() {
            let ring = &mut self.ring[region * self.slots..(region + 1) * self.slots];
            add(ring, &mut self.total[region], law, now, mass.map(|mass| mass / self.survival));
        }
        let Some(pending) = pending else { return };
        self.pending_ring.resize(self.ring.len(), ZERO);
        for (region, mass) in pending.iter().enumerate() {
            let ring = &mut self.pending_ring[region * self.slots..(region + 1) * self.slots];
            let survival = self.survival * self.pending_survival[region];
            add(ring, &mut self.pending_total[region], law, now, mass.map(|mass| mass / survival));
        }
    }

    /// The share `pending` of all who boot has its update to come.
    pub(super) fn deal(&mut self, pending: f64) {
        let share = |masses: &[Pair]| masses.iter().map(|mass| mass.map(|mass| mass * pending)).collect::<Vec<Pair>>();
        if super::classes::mass(&self.total) > 0.0 && pending > 0.0 {
            (self.pending_ring, self.pending_total) = (share(&self.ring), share(&self.total));
        }
    }

    /// The update comes for this share, by region, of those that boot and that it has not come for. Nothing happens to
    /// them but that it does not come again.
    pub(super) fn update(&mut self, probabilities: &[f64]) {
        if self.pending_ring.is_empty() {
            return;
        }
        for (region, probability) in probabilities.iter().enumerate() {
            self.pending_survival[region] *= 1.0 - probability;
            if self.pending_survival[region] < super::state::RESCALING {
                let factor = std::mem::replace(&mut self.pending_survival[region], 1.0);
                let of_region = &mut self.pending_ring[region * self.slots..(region + 1) * self.slots];
                of_region
                    .iter_mut()
                    .chain([&mut self.pending_total[region]])
                    .for_each(|mass| *mass = mass.map(|m| m * factor));
            }
        }
    }

    /// Sessions end with this probability.
    pub(super) fn end_sessions(&mut self, probability: f64) {
        self.survival *= 1.0 - probability;
        if self.survival < super::state::RESCALING {
            let factor = std::mem::replace(&mut self.survival, 1.0);
            let all = self.ring.iter_mut().chain(&mut self.total).chain(&mut self.pending_ring);
            all.chain(&mut self.pending_total).for_each(|mass| *mass = mass.map(|m| m * factor));
        }
    }

    /// Masses that boot in a region: those whose update is not to come, and those whose update is.
    pub(super) fn masses(&self, region: usize) -> [Pair; 2] {
        let pending_scale = self.survival * self.pending_survival[region];
        self.apart(self.total[region], self.pending_total[region].map(|mass| mass * pending_scale))
    }

    /// Whether nobody boots, and nobody did.
    pub(super) fn is_empty(&self) -> bool {
        self.total.iter().all(|mass| *mass == ZERO)
    }

    /// Mass of all who boot.
    pub(super) fn mass(&self) -> f64 {
        super::classes::mass(&self.total) * self.survival
    }

    /// Takes out the masses of a region that are up in tick `now`, as [`Boots::masses`]. For each region once a tick.
    pub(super) fn take(&mut self, now: u32, region: usize) -> [Pair; 2] {
        let slot = region * self.slots + (now as usize & (self.slots - 1));
        let due = std::mem::replace(&mut self.ring[slot], ZERO);
        let mut pending_due = ZERO;
        if !self.pending_ring.is_empty() {
            pending_due = std::mem::replace(&mut self.pending_ring[slot], ZERO);
        }
        for side in 0..2 {
            self.total[region][side] = (self.total[region][side] - due[side]).max(0.0);
            self.pending_total[region][side] = (self.pending_total[region][side] - pending_due[side]).max(0.0);
        }
        let pending_scale = self.survival * self.pending_survival[region];
        self.apart(due, pending_due.map(|mass| mass * pending_scale))
    }

    /// All, scaled, and those whose update is to come, into those whose update is not to come and those whose is.
    fn apart(&self, all: Pair, pending: Pair) -> [Pair; 2] {
        let others = [0, 1].map(|side| (all[side] * self.survival - pending[side]).max(0.0));
        [others, pending]
    }
}

/// Adds a scaled mass that begins to boot in tick `now` to the ring of a region, and to all who boot there.
fn add(ring: &mut [Pair], total: &mut Pair, law: &BootLaw, now: u32, scaled: Pair) {
    if scaled == ZERO {
        return;
    }
    let first = (now as usize + law.first as usize) & (ring.len() - 1);
    let (before, after) = ring.split_at_mut(first);
    let (soon, later) = law.probabilities.split_at(law.probabilities.len().min(after.len()));
    for (slots, probabilities) in [(after, soon), (before, later)] {
        wide(Add { slots: &mut slots[..probabilities.len()], probabilities, scaled });
    }
    total[0] += scaled[0];
    total[1] += scaled[1];
}

/// Adds a mass to each slot, with the probability of each.
struct Add<'a> {
    slots: &'a mut [Pair],
    probabilities: &'a [Pair],
    scaled: Pair,
}

impl Wide for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let (slots, last_slots) = self.slots.as_chunks_mut::<4>();
        let (probabilities, last) = self.probabilities.as_chunks::<4>();
        for (slots, probabilities) in slots.iter_mut().zip(probabilities) {
            let scaled = [self.scaled; 4];
            let mut sums = *slots;
            let added = probabilities.as_flattened().iter().zip(scaled.as_flattened());
            sums.as_flattened_mut()
                .iter_mut()
                .zip(added)
                .for_each(|(sum, (probability, mass))| *sum += mass * probability);
            *slots = sums;
        }
        for (slot, probability) in last_slots.iter_mut().zip(last) {
            *slot = [0, 1].map(|side| slot[side] + self.scaled[side] * probability[side]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::Scenario;

    #[test]
    fn the_law_of_a_boot_sums_to_one_and_has_its_median() {
        let updates = Scenario::default().updates;
        let law = BootLaw::new(&updates, 5.0, 100_000);
        assert!((law.probabilities.iter().map(|pair| pair[0]).sum::<f64>() - 1.0).abs() < 1e-12);
        // 240 s are 48 ticks.
        let until_median: f64 = law.probabilities[..(49 - law.first) as usize].iter().map(|pair| pair[0]).sum();
        assert!((until_median - 0.5).abs() < 1e-12, "{until_median}");
        let fixed = Updates { boot_sigma: 0.0, boot_median_s: 12.0, ..updates };
        let law = BootLaw::new(&fixed, 5.0, 100);
        assert_eq!((law.first, &law.probabilities[..]), (3, &[[1.0; 2]][..]));
        let endless = BootLaw::new(&Updates { boot_sigma: 0.0, boot_median_s: 1e9, ..updates }, 5.0, 100);
        assert_eq!(
            endless.probabilities.iter().map(|pair| pair[0]).sum::<f64>(),
            0.0,
            "it does not end within the run"
        );
    }

    #[test]
    fn machines_are_up_after_their_boots_unless_their_sessions_end() {
        let updates = Updates { boot_sigma: 0.0, boot_median_s: 15.0, ..Scenario::default().updates };
        let law = BootLaw::new(&updates, 5.0, 100);
        let mut boots = Boots::new(2, law.longest_ticks());
        boots.enter(&law, 7, &[[0.25, 0.5], [0.0, 1.0]], Some(&[[0.25, 0.5], [0.0, 1.0]]));
        for now in 8..=10 {
            boots.update(&[0.5, 0.0]);
            boots.end_sessions(0.5);
            let up = [boots.take(now, 0), boots.take(now, 1)];
            let expected = if now < 10 {
                [[ZERO; 2]; 2]
            } else {
                [[[0.875 * 0.03125, 0.875 * 0.0625], [0.125 * 0.03125, 0.125 * 0.0625]], [ZERO, [0.0, 0.125]]]
            };
            assert_eq!(up, expected, "{now}");
        }
        assert_eq!(boots.mass(), 0.0);
    }
}
