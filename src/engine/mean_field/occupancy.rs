//! Super nodes by their number of children.

use super::poisson::Poisson;
use super::wide::{Wide, wide};

/// Less than this at an end of the numbers of children is taken to be nothing.
const TRIMMED: f64 = 1e-40;

/// Terms of the thinning below this are left out.
const NEGLIGIBLE: f64 = 1e-13;

/// Above this expected loss of the fullest super node, the law of what is left of each is computed by itself.
const FEW_LOSSES: f64 = 6.0;

/// Super nodes that may have different numbers of children, and are alike otherwise.
#[derive(Debug, Clone)]
pub(super) struct Occupancy {
    slots: usize,
    /// The mass of super nodes with 0, 1, … `slots` children, from the number `slots` on. Before and beyond them is
    /// nothing: as much as they can move in a tick, and the rest of a block.
    nodes: Vec<f64>,
    /// The fewest and the most children of any; the first number is larger if there are no super nodes.
    low: usize,
    high: usize,
    /// 0, 1, ….
    numbers: Vec<f64>,
    /// What is computed in.
    factors: Vec<f64>,
    next: Vec<f64>,
}

/// Masses that are computed together: an addition waits for the one before it.
const BLOCK: usize = 16;

/// What a tick's probes do to super nodes.
pub(super) struct Probing<'a> {
    /// How many probes meet a super node.
    pub(super) law: &'a Poisson,
    /// Clients that a super node accepts in a tick at most.
    pub(super) accept_limit: usize,
    /// Overload protection: from how many probes on, and the probability to shut down then.
    pub(super) overload: Option<(usize, f64)>,
}

/// What became of the super nodes in a tick's attach phase.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Accepted {
    /// Clients that were accepted.
    pub(super) clients: f64,
    /// Super nodes that shut down, and their children.
    pub(super) shut_down: f64,
    pub(super) children_of_shut_down: f64,
}

/// The super nodes that accept a client, if they are met.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// Those that accept as many as a super node may accept in a tick.
    unlimited: f64,
    /// All super nodes, those without room included.
    pub(super) mass: f64,
}

impl Occupancy {
    /// Memory for each child slot at most: three numbers for the masses, two for the numbers, and two to compute in, one of
    /// which may take half as much again.
    pub(super) const BYTES_PER_SLOT: u64 = 8 * size_of::<f64>() as u64;

    /// No super nodes.
    pub(super) fn new(slots: usize) -> Occupancy {
        let numbers = (0..2 * slots + 1 + BLOCK).map(|number| number as f64).collect();
        let nodes = vec![0.0; 3 * slots + 1 + BLOCK];
        Occupancy { slots, nodes, low: 1, high: 0, numbers, factors: Vec::new(), next: Vec::new() }
    }

    pub(super) fn slots(&self) -> usize {
        self.slots
    }

    /// The mass of super nodes with that many children.
    fn with(&self, children: usize) -> f64 {
        self.nodes[self.slots + children]
    }

    /// The same for the numbers from `from` up to `to`.
    fn with_any(&self, from: usize, to: usize) -> &[f64] {
        if from > to { &[] } else { &self.nodes[self.slots + from..=self.slots + to] }
    }

    fn with_any_mut(&mut self, from: usize, to: usize) -> &mut [f64] {
        if from > to { &mut [] } else { &mut self.nodes[self.slots + from..=self.slots + to] }
    }

    fn is_empty(&self) -> bool {
        self.low > self.high
    }

    /// The masses from the fewest children to the most, in whole blocks: beyond is nothing.
    fn blocks(&self) -> &[[f64; BLOCK]] {
        let blocks = (self.high + 1 - self.low).div_ceil(BLOCK);
        self.nodes[self.slots + self.low..][..blocks * BLOCK].as_chunks().0
    }

    /// Adds super nodes with so many children each.
    pub(super) fn add(&mut self, children: usize, mass: f64) {
        if mass <= 0.0 {
            return;
        }
        self.nodes[self.slots + children] += mass;
        if self.is_empty() {
            (self.low, self.high) = (children, children);
        }
        self.low = self.low.min(children);
        self.high = self.high.max(children);
    }

    /// The mass of the super nodes.
    pub(super) fn mass(&self) -> f64 {
        if self.is_empty() { 0.0 } else { wide(Sum(self.blocks(), &[])) }
    }

    /// The mass of their children.
    pub(super) fn children(&self) -> f64 {
        if self.is_empty() {
            return 0.0;
        }
        wide(SumOfProducts(self.blocks(), self.numbers[self.low..].as_chunks().0))
    }

    /// The super nodes that have room. Adds to `with_room[j]` those that accept more than j clients in a tick.
    pub(super) fn room(&self, accept_limit: usize, with_room: &mut [f64]) -> Room {
        if self.is_empty() {
            return Room { unlimited: 0.0, mass: 0.0 };
        }
        let most = accept_limit.min(self.slots);
        // Up to this number of children, room is the accept limit.
        let (blocks, rest) = self.with_any(self.low, (self.slots - most).min(self.high)).as_chunks();
        let unlimited = wide(Sum(blocks, rest));
        let mut mass = unlimited;
        if most > 0 {
            with_room[most - 1] += mass;
            for room in (1..most).rev() {
                mass += self.with(self.slots - room);
                with_room[room - 1] += mass;
            }
            mass += self.with(self.slots);
        }
        Room { unlimited, mass }
    }

    /// The share of the super nodes that does not stay takes its children along; of the children of the others, the share
    /// `stay` is still there.
    pub(super) fn thin(&mut self, alive: f64, stay: f64) {
        if self.is_empty() {
            return;
        }
        let loss = (1.0 - stay).clamp(0.0, 1.0);
        if loss == 0.0 {
            self.with_any_mut(self.low, self.high).iter_mut().for_each(|mass| *mass *= alive);
        } else if loss * (self.high as f64) < FEW_LOSSES {
            wide(ThinByFew { supernodes: self, alive, loss });
        } else {
            self.thin_each(alive, loss);
        }
        self.trim();
    }

    /// Binomial thinning by the number m that is lost: n'(k) = (1 − d)^k Σ_m C(k + m, m) d^m n(k + m).
    ///
    /// The sum is computed from its last term on, as n(k) + d (k + 1) / 1 · (n(k + 1) + d (k + 2) / 2 · (n(k + 2) + …)).
    #[inline(always)]
    fn thin_by_few(&mut self, alive: f64, loss: f64) {
        let high = self.high;
        // So many are lost where that matters, even by the fullest.
        let (mut most, mut weight) = (0, loss * high as f64);
        while weight >= NEGLIGIBLE && most < high {
            most += 1;
            weight *= (high - most) as f64 / (most + 1) as f64 * loss;
        }
        self.factors.clear();
        self.factors.extend((1..=most).map(|lost| loss / lost as f64));
        self.low = self.low.saturating_sub(most);
        let (mut powers, leap) = powers(alive, 1.0 - loss, self.low);
        // What becomes of a block depends on it and what is beyond.
        for start in (self.low..=high).step_by(BLOCK) {
            let at = self.slots + start;
            let (nodes, numbers) = (&self.nodes[at..at + most + BLOCK], &self.numbers[start + 1..start + most + BLOCK]);
            let (nodes, last) = (nodes[..most + BLOCK - 1].array_windows::<BLOCK>(), nodes.last_chunk::<BLOCK>());
            let mut kept = *last.expect("a block");
            let terms = nodes.zip(numbers.array_windows::<BLOCK>()).zip(&self.factors);
            for ((nodes, numbers), factor) in terms.rev() {
                for ((kept, node), number) in kept.iter_mut().zip(nodes).zip(numbers) {
                    *kept = node + number * factor * *kept;
                }
            }
            let nodes = self.nodes[at..at + BLOCK].iter_mut();
            nodes.zip(kept.iter().zip(&powers)).for_each(|(node, (kept, power))| *node = kept * power);
            powers.iter_mut().for_each(|power| *power *= leap);
        }
    }

    /// Binomial thinning super node by super node.
    fn thin_each(&mut self, alive: f64, loss: f64) {
        let stay = 1.0 - loss;
        let mut next = std::mem::take(&mut self.next);
        next.clear();
        next.resize(self.high + 1, 0.0);
        for children in self.low..=self.high {
            let mass = alive * self.with(children);
            if mass > 0.0 {
                spread_binomially(&mut next, children, stay, mass);
            }
        }
        self.with_any_mut(0, self.high).copy_from_slice(&next);
        self.low = 0;
        self.next = next;
    }

    /// Super nodes, which have this room, accept those who probe them.
    pub(super) fn accept(&mut self, room: &Room, probing: &Probing<'_>) -> Accepted {
        if self.is_empty() {
            return Accepted::default();
        }
        let clients = self.accepted(room, probing);
        let mut accepted = Accepted { clients, ..Accepted::default() };
        let children_before = if probing.overload.is_some() { self.children() } else { 0.0 };
        // How likely is a number of probes, and the super node lives on.
        let lives = |probes: usize, probability: f64| match probing.overload {
            Some((overloaded, shut_down)) if probes >= overloaded => probability * (1.0 - shut_down),
            _ => probability,
        };
        let lives_full = |room: usize| {
            let all = probing.law.at_least[room];
            match probing.overload {
                Some((overloaded, shut_down)) => all - shut_down * probing.law.reaches(overloaded.max(room)),
                None => all,
            }
        };
        wide(Shift { supernodes: self, probing, lives: &lives, lives_full: &lives_full });
        if probing.overload.is_some() {
            accepted.shut_down = (room.mass - self.mass()).max(0.0);
            accepted.children_of_shut_down = (children_before + clients - self.children()).max(0.0);
        }
        accepted
    }

    /// Clients that super nodes accept.
    fn accepted(&self, room: &Room, probing: &Probing<'_>) -> f64 {
        let most = probing.accept_limit.min(self.slots);
        let means = &probing.law.capped_means;
        let of_rooms = (1..most).rev().map(|room| self.with(self.slots - room) * means[room]);
        of_rooms.fold(room.unlimited * means[most], |clients, of_room| clients + of_room)
    }

    /// Moves super nodes to more children: by as many as probe them, up to the accept limit, and up to all slots.
    #[inline(always)]
    fn shift(&mut self, probing: &Probing<'_>, lives: &impl Fn(usize, f64) -> f64, lives_full: &impl Fn(usize) -> f64) {
        let (low, high, slots) = (self.low, self.high, self.slots);
        let most = probing.accept_limit.min(slots);
        let law = probing.law;
        let first = law.first.min(most);
        let end = (law.first + law.probabilities.len()).min(most);
        // The probabilities to accept … `first` + 1, `first`.
        let factors = &mut self.factors;
        factors.clear();
        if end == most {
            factors.push(lives_full(most));
        }
        let accepted = (first..end).zip(&law.probabilities).rev();
        factors.extend(accepted.map(|(accepted, &probability)| lives(accepted, probability)));
        let last = first + factors.len() - 1;
        let top = high + last;
        let (pairs, rest) = factors.as_chunks::<2>();
        // What becomes of a block depends on it and what is before.
        for start in (low..top + 1).step_by(BLOCK).rev() {
            let at = slots + start;
            let mut sums = [0.0; BLOCK];
            let nodes = &self.nodes[at - last..at - first + BLOCK];
            for (pair, [one, other]) in pairs.iter().enumerate() {
                let masses = nodes[2 * pair..].first_chunk::<{ BLOCK + 1 }>().expect("a block");
                for (sum, mass) in sums.iter_mut().zip(masses.array_windows::<2>()) {
                    *sum = *sum + one * mass[0] + other * mass[1];
                }
            }
            if let [single] = rest {
                let masses = nodes.last_chunk::<BLOCK>().expect("a block");
                for (sum, mass) in sums.iter_mut().zip(masses) {
                    *sum += single * mass;
                }
            }
            self.nodes[at..at + BLOCK].copy_from_slice(&sums);
        }
        // Who would have more children than slots has as many as slots.
        if top > slots {
            let beyond = self.with_any_mut(slots + 1, top);
            let mass: f64 = beyond.iter().sum();
            beyond.fill(0.0);
            self.nodes[2 * slots] += mass;
        }
        (self.low, self.high) = ((low + first).min(slots), top.min(slots));
        self.trim();
    }

    /// Multiplies all masses by a factor.
    pub(super) fn scale(&mut self, factor: f64) {
        self.with_any_mut(self.low, self.high).iter_mut().for_each(|mass| *mass *= factor);
        self.trim();
    }

    fn trim(&mut self) {
        while self.low <= self.high && self.with(self.low) < TRIMMED {
            self.nodes[self.slots + self.low] = 0.0;
            self.low += 1;
        }
        while self.low <= self.high && self.with(self.high) < TRIMMED {
            self.nodes[self.slots + self.high] = 0.0;
            if self.high == 0 {
                self.low = 1;
                return;
            }
            self.high -= 1;
        }
    }
}

/// [`Occupancy::thin_by_few`].
struct ThinByFew<'a> {
    supernodes: &'a mut Occupancy,
    alive: f64,
    loss: f64,
}

impl Wide for ThinByFew<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.supernodes.thin_by_few(self.alive, self.loss);
    }
}

/// [`Occupancy::shift`].
struct Shift<'a, L, F> {
    supernodes: &'a mut Occupancy,
    probing: &'a Probing<'a>,
    lives: &'a L,
    lives_full: &'a F,
}

impl<L: Fn(usize, f64) -> f64, F: Fn(usize) -> f64> Wide for Shift<'_, L, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.supernodes.shift(self.probing, self.lives, self.lives_full);
    }
}

/// The sum of some blocks of numbers and of a rest that is less than one, in parts of a fixed order.
struct Sum<'a>(&'a [[f64; BLOCK]], &'a [f64]);

impl Wide for Sum<'_> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let mut parts = [0.0; BLOCK];
        for block in self.0 {
            parts.iter_mut().zip(block).for_each(|(part, number)| *part += number);
        }
        parts.iter_mut().zip(self.1).for_each(|(part, number)| *part += number);
        sum_of_parts(&parts)
    }
}

/// The sum of the products of some blocks of numbers with as many others, likewise.
struct SumOfProducts<'a>(&'a [[f64; BLOCK]], &'a [[f64; BLOCK]]);

impl Wide for SumOfProducts<'_> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let mut parts = [0.0; BLOCK];
        for (block, others) in self.0.iter().zip(self.1) {
            parts.iter_mut().zip(block.iter().zip(others)).for_each(|(part, (number, other))| *part += number * other);
        }
        sum_of_parts(&parts)
    }
}

#[inline(always)]
fn sum_of_parts(parts: &[f64; BLOCK]) -> f64 {
    let eight: [f64; 8] = std::array::from_fn(|part| parts[part] + parts[part + 8]);
    let four: [f64; 4] = std::array::from_fn(|part| eight[part] + eight[part + 4]);
    (four[0] + four[2]) + (four[1] + four[3])
}

/// `first · base^(low + i)` for a block of i = 0, 1, …, and the factor between a block and the next one.
fn powers(first: f64, base: f64, low: usize) -> ([f64; BLOCK], f64) {
    let start = first * libm::pow(base, low as f64);
    let square = base * base;
    let fourth = square * square;
    let four = [start, start * base, start * square, start * square * base];
    let eighth = fourth * fourth;
    let mut powers = [0.0; BLOCK];
    for (powers, factor) in powers.as_chunks_mut::<4>().0.iter_mut().zip([1.0, fourth, eighth, eighth * fourth]) {
        *powers = four.map(|power| power * factor);
    }
    (powers, eighth * eighth)
}

/// Adds to `to[k]` the mass times the binomial probability that k of `children` stay.
fn spread_binomially(to: &mut [f64], children: usize, stay: f64, mass: f64) {
    let n = children as f64;
    if stay <= 0.0 {
        to[0] += mass;
        return;
    }
    let mode = (((n + 1.0) * stay).floor() as usize).min(children);
    let at_mode = {
        let k = mode as f64;
        let choices = libm::lgamma(n + 1.0) - libm::lgamma(k + 1.0) - libm::lgamma(n - k + 1.0);
        libm::exp(choices + k * libm::log(stay) + (n - k) * libm::log1p(-stay))
    };
    let odds = stay / (1.0 - stay);
    let mut weights = vec![(mode, at_mode)];
    let mut weight = at_mode;
    for k in (0..mode).rev() {
        weight *= (k + 1) as f64 / ((children - k) as f64 * odds);
        if weight < NEGLIGIBLE {
            break;
        }
        weights.push((k, weight));
    }
    weight = at_mode;
    for k in mode + 1..=children {
        weight *= (children - k + 1) as f64 / k as f64 * odds;
        if weight < NEGLIGIBLE {
            break;
        }
        weights.push((k, weight));
    }
    // The logarithms are exact to 1e-12 or so; a law sums to 1.
    let sum: f64 = weights.iter().map(|(_, weight)| weight).sum();
    weights.iter().for_each(|(k, weight)| to[*k] += mass * weight / sum);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn occupancy(slots: usize, nodes: &[(usize, f64)]) -> Occupancy {
        let mut occupancy = Occupancy::new(slots);
        nodes.iter().for_each(|&(children, mass)| occupancy.add(children, mass));
        occupancy
    }

    fn law(mean: f64, most: usize) -> Poisson {
        let mut law = Poisson::default();
        law.set(mean, most);
        law
    }

    #[test]
    fn each_child_stays_with_the_same_probability_however_many_are_lost() {
        let start = [(0, 0.1), (3, 0.4), (40, 0.2), (75, 0.3)];
        for stay in [0.9999, 0.98, 0.9, 0.3, 0.0] {
            let mut thinned = occupancy(75, &start);
            thinned.thin(0.5, stay);
            let mut expected = vec![0.0; 76];
            start.iter().for_each(|&(children, mass)| spread_binomially(&mut expected, children, stay, 0.5 * mass));
            for (children, expected) in expected.iter().enumerate() {
                let found = thinned.with(children);
                assert!((found - expected).abs() < 1e-13, "{stay} {children}: {found} {expected}");
            }
            assert!((thinned.mass() - 0.5).abs() < 1e-13);
            assert!((thinned.children() - 0.5 * 31.7 * stay).abs() < 1e-11, "{stay}");
        }
    }

    #[test]
    fn a_super_node_accepts_as_many_as_probe_it_up_to_its_room_and_limit() {
        for (mean, limit) in [(0.01, 10), (4.0, 10), (4.0, 200), (60.0, 10), (1e9, 3)] {
            let mut nodes = occupancy(75, &[(0, 0.5), (70, 0.25), (75, 0.25)]);
            let law = law(mean, limit.min(75));
            let before = nodes.children();
            let mut with_room = vec![0.0; limit.min(75)];
            let room = nodes.room(limit, &mut with_room);
            assert!((room.mass - nodes.mass()).abs() < 1e-15);
            assert_eq!((with_room[0], with_room.get(5).copied().unwrap_or(0.5)), (0.75, 0.5));
            let accepted = nodes.accept(&room, &Probing { law: &law, accept_limit: limit, overload: None });
            let expected = 0.5 * law.capped_means[limit.min(75)] + 0.25 * law.capped_means[limit.min(5)];
            assert!((accepted.clients - expected).abs() < 1e-14, "{mean} {limit}");
            assert!((nodes.mass() - 1.0).abs() < 1e-13, "{mean} {limit}");
            assert!((nodes.children() - before - accepted.clients).abs() < 1e-11, "{mean} {limit}");
        }
    }

    #[test]
    fn overloaded_super_nodes_shut_down_with_the_children_that_they_have_by_then() {
        let (mean, limit, overloaded, probability) = (3.0, 2, 4, 0.4);
        let mut nodes = occupancy(10, &[(0, 0.5), (9, 0.5)]);
        let law = law(mean, limit);
        let probing = Probing { law: &law, accept_limit: limit, overload: Some((overloaded, probability)) };
        let room = nodes.room(limit, &mut [0.0; 2]);
        let accepted = nodes.accept(&room, &probing);
        let share = probability * law.reaches(overloaded);
        // Numbers of probes that are less likely than 1e-13 are left out.
        assert!((accepted.shut_down - share).abs() < 1e-12);
        // Met four times, each has accepted what it can: two, and one.
        assert!((accepted.children_of_shut_down - share * (0.5 * 2.0 + 0.5 * 10.0)).abs() < 1e-11);
        assert!((nodes.mass() - (1.0 - share)).abs() < 1e-12);
        let expected = 0.5 * (law.probabilities[0] + law.probabilities[1]);
        assert!((nodes.with(0) + nodes.with(1) - expected).abs() < 1e-14);
    }
}
