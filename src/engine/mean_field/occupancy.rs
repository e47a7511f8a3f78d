//! Super nodes by their number of children.

use super::poisson::Poisson;

/// Less than this at an end of the numbers of children is taken to be nothing.
const TRIMMED: f64 = 1e-40;

/// Terms of the thinning below this are left out.
const NEGLIGIBLE: f64 = 1e-16;

/// Above this expected loss of the fullest super node, the law of what is left of each is computed by itself.
const FEW_LOSSES: f64 = 6.0;

/// Super nodes that may have different numbers of children, and are alike otherwise.
#[derive(Debug, Clone)]
pub(super) struct Occupancy {
    slots: usize,
    /// The mass of super nodes with 0, 1, … `slots` children.
    nodes: Vec<f64>,
    /// Where there are any: `nodes[low..=high]`; the first number is larger if there are none.
    low: usize,
    high: usize,
    /// 0, 1, … `slots`.
    numbers: Vec<f64>,
    /// What is computed in.
    scratch: Vec<f64>,
    next: Vec<f64>,
    kernel: Vec<f64>,
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

impl Occupancy {
    /// Memory for each child slot at most: a number in each of the five lists, of which those that are computed in may
    /// take half as much again.
    pub(super) const BYTES_PER_SLOT: u64 = 7 * size_of::<f64>() as u64;

    /// No super nodes.
    pub(super) fn new(slots: usize) -> Occupancy {
        let numbers = (0..=slots).map(|number| number as f64).collect();
        let (scratch, next, kernel) = (Vec::new(), Vec::new(), Vec::new());
        Occupancy { slots, nodes: vec![0.0; slots + 1], low: 1, high: 0, numbers, scratch, next, kernel }
    }

    pub(super) fn slots(&self) -> usize {
        self.slots
    }

    /// Adds super nodes with so many children each.
    pub(super) fn add(&mut self, children: usize, mass: f64) {
        if mass <= 0.0 {
            return;
        }
        self.nodes[children] += mass;
        if self.low > self.high {
            (self.low, self.high) = (children, children);
        }
        self.low = self.low.min(children);
        self.high = self.high.max(children);
    }

    /// The mass of the super nodes.
    pub(super) fn mass(&self) -> f64 {
        sum(self.range())
    }

    /// The mass of their children.
    pub(super) fn children(&self) -> f64 {
        sum_of_products(self.range(), &self.numbers[self.low.min(self.slots)..])
    }

    /// The super nodes that there are, from `low` children on.
    fn range(&self) -> &[f64] {
        if self.low > self.high { &[] } else { &self.nodes[self.low..=self.high] }
    }

    /// Adds to `with_room[j]` the mass of the super nodes that accept more than j clients in a tick.
    pub(super) fn add_room(&self, accept_limit: usize, with_room: &mut [f64]) {
        let most = accept_limit.min(self.slots);
        // Up to this number of children, room is the accept limit.
        let unlimited = self.slots - most;
        let mut roomy = 0.0;
        if self.low <= unlimited.min(self.high) {
            roomy = sum(&self.nodes[self.low..=unlimited.min(self.high)]);
        }
        for room in (1..=most).rev() {
            let children = self.slots - room;
            if children > unlimited {
                roomy += self.nodes[children];
            }
            with_room[room - 1] += roomy;
        }
    }

    /// The share of the super nodes that does not stay takes its children along; of the children of the others, the share
    /// `stay` is still there.
    pub(super) fn thin(&mut self, alive: f64, stay: f64) {
        if self.low > self.high {
            return;
        }
        let loss = (1.0 - stay).clamp(0.0, 1.0);
        if loss == 0.0 {
            if alive != 1.0 {
                self.nodes[self.low..=self.high].iter_mut().for_each(|mass| *mass *= alive);
            }
        } else if loss * (self.high as f64) < FEW_LOSSES {
            self.thin_by_few(alive, loss);
        } else {
            self.thin_each(alive, loss);
        }
        self.trim();
    }

    /// Binomial thinning by the number m that is lost: n'(k) = (1 − d)^k Σ_m C(k + m, m) d^m n(k + m).
    ///
    /// With the operator (D f)(k) = d (k + 1) f(k + 1) the sum is Σ_m D^m n / m!, which is computed from its last term on,
    /// as n + D (n + D (n + …) / 2) / 1.
    fn thin_by_few(&mut self, alive: f64, loss: f64) {
        let high = self.high;
        // So many are lost where that matters, even by the fullest.
        let (mut most, mut weight) = (0, loss * high as f64);
        while weight >= NEGLIGIBLE && most < high {
            most += 1;
            weight *= (high - most) as f64 / (most + 1) as f64 * loss;
        }
        let low = self.low.saturating_sub(most);
        let nodes = &mut self.nodes[low..=high];
        let left = nodes.len() - 1;
        let numbers = &self.numbers[low + 1..][..left];
        for sums in [&mut self.next, &mut self.scratch] {
            sums.clear();
            sums.extend_from_slice(nodes);
        }
        for lost in (1..=most.min(left)).rev() {
            add_products(&mut self.scratch[..left], nodes, numbers, loss / lost as f64, &self.next[1..]);
            std::mem::swap(&mut self.next, &mut self.scratch);
        }
        powers(&mut self.scratch, alive, 1.0 - loss, low);
        for ((node, sum), power) in nodes.iter_mut().zip(&self.next).zip(&self.scratch) {
            *node = sum * power;
        }
        self.low = low;
    }

    /// Binomial thinning super node by super node.
    fn thin_each(&mut self, alive: f64, loss: f64) {
        let stay = 1.0 - loss;
        self.next.clear();
        self.next.resize(self.high + 1, 0.0);
        for children in self.low..=self.high {
            let mass = alive * self.nodes[children];
            if mass > 0.0 {
                spread_binomially(&mut self.next, children, stay, mass);
            }
        }
        let high = self.high;
        self.nodes[..=high].copy_from_slice(&self.next[..=high]);
        self.low = 0;
    }

    /// Super nodes accept those who probe them.
    pub(super) fn accept(&mut self, probing: &Probing<'_>) -> Accepted {
        if self.low > self.high {
            return Accepted::default();
        }
        let clients = self.accepted(probing.law, probing.accept_limit);
        let mut accepted = Accepted { clients, ..Accepted::default() };
        let (before, children_before) = match probing.overload {
            Some(_) => (self.mass(), self.children()),
            None => (0.0, 0.0),
        };
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
        self.shift(probing, &lives, &lives_full);
        if probing.overload.is_some() {
            accepted.shut_down = (before - self.mass()).max(0.0);
            accepted.children_of_shut_down = (children_before + clients - self.children()).max(0.0);
        }
        accepted
    }

    /// Clients that super nodes accept.
    fn accepted(&self, law: &Poisson, accept_limit: usize) -> f64 {
        let most = accept_limit.min(self.slots);
        let unlimited = self.slots - most;
        let mut roomy = 0.0;
        if self.low <= unlimited.min(self.high) {
            roomy = sum(&self.nodes[self.low..=unlimited.min(self.high)]);
        }
        let mut clients = roomy * law.capped_means[most];
        for children in (unlimited + 1).max(self.low)..self.high.min(self.slots - 1) + 1 {
            clients += self.nodes[children] * law.capped_means[self.slots - children];
        }
        clients
    }

    /// Moves super nodes to more children: by as many as probe them, up to the accept limit, and up to all slots.
    fn shift(&mut self, probing: &Probing<'_>, lives: &impl Fn(usize, f64) -> f64, lives_full: &impl Fn(usize) -> f64) {
        let (low, high, slots) = (self.low, self.high, self.slots);
        let most = probing.accept_limit.min(slots);
        let law = probing.law;
        let first = law.first.min(most);
        let end = (law.first + law.probabilities.len()).min(most);
        // The probabilities to accept `first`, `first` + 1, ….
        self.kernel.clear();
        self.kernel.extend((first..end).map(|accepted| lives(accepted, law.probabilities[accepted - law.first])));
        if end == most {
            self.kernel.push(lives_full(most));
        }
        convolve(&self.nodes[low..=high], &self.kernel, &mut self.scratch, &mut self.next);
        self.nodes[low..=high].fill(0.0);
        // Who would have more children than slots has as many as slots.
        let from = (low + first).min(slots);
        let within = self.next.len().min(slots - from + 1);
        let (moved, beyond) = self.next.split_at(within);
        self.nodes[from..from + within].copy_from_slice(moved);
        self.nodes[slots] += sum(beyond);
        (self.low, self.high) = (from, (from + self.next.len() - 1).min(slots));
        self.trim();
    }

    /// Multiplies all masses by a factor.
    pub(super) fn scale(&mut self, factor: f64) {
        self.nodes.iter_mut().for_each(|mass| *mass *= factor);
        self.trim();
    }

    fn trim(&mut self) {
        while self.low <= self.high && self.nodes[self.low] < TRIMMED {
            self.nodes[self.low] = 0.0;
            self.low += 1;
        }
        while self.low <= self.high && self.nodes[self.high] < TRIMMED {
            self.nodes[self.high] = 0.0;
            if self.high == 0 {
                self.low = 1;
                return;
            }
            self.high -= 1;
        }
    }
}

/// The sum of some numbers, in parts of a fixed order.
fn sum(numbers: &[f64]) -> f64 {
    let (blocks, rest) = numbers.as_chunks::<BLOCK>();
    let mut parts = [0.0; BLOCK];
    for block in blocks {
        for (part, number) in parts.iter_mut().zip(block) {
            *part += number;
        }
    }
    parts.iter().chain(rest).sum()
}

/// The sum of the products of some numbers with as many others, likewise.
fn sum_of_products(numbers: &[f64], others: &[f64]) -> f64 {
    let (blocks, rest) = numbers.as_chunks::<BLOCK>();
    let (other_blocks, _) = others.as_chunks::<BLOCK>();
    let mut parts = [0.0; BLOCK];
    for (block, other_block) in blocks.iter().zip(other_blocks) {
        for ((part, number), other) in parts.iter_mut().zip(block).zip(other_block) {
            *part += number * other;
        }
    }
    let of_rest = rest.iter().zip(&others[numbers.len() - rest.len()..]).map(|(number, other)| number * other);
    parts.into_iter().chain(of_rest).sum()
}

/// `to[i]` = `terms[i]` + `numbers[i]` · `factor` · `others[i]`.
fn add_products(to: &mut [f64], terms: &[f64], numbers: &[f64], factor: f64, others: &[f64]) {
    for (((to, term), number), other) in to.iter_mut().zip(terms).zip(numbers).zip(others) {
        *to = term + number * factor * other;
    }
}

/// `to[j]` = Σ_i `kernel[i]` `masses[j − i]`, for every j for which there is such a product. `padded` is computed in.
fn convolve(masses: &[f64], kernel: &[f64], padded: &mut Vec<f64>, to: &mut Vec<f64>) {
    let (margin, length) = (kernel.len() - 1, masses.len() + kernel.len() - 1);
    padded.clear();
    padded.resize(margin, 0.0);
    padded.extend_from_slice(masses);
    padded.resize(margin + length.next_multiple_of(BLOCK), 0.0);
    to.clear();
    for start in (0..length).step_by(BLOCK) {
        let mut sums = [0.0; BLOCK];
        let windows = padded[start..start + margin + BLOCK].array_windows::<BLOCK>();
        for (masses, factor) in windows.zip(kernel.iter().rev()) {
            for (sum, mass) in sums.iter_mut().zip(masses) {
                *sum += factor * mass;
            }
        }
        to.extend_from_slice(&sums);
    }
    to.truncate(length);
}

/// `first · base^(low + i)` for i = 0, 1, ….
fn powers(to: &mut [f64], first: f64, base: f64, low: usize) {
    let start = first * libm::pow(base, low as f64);
    let square = base * base;
    // Some chains, since each product waits for the one before.
    let mut chains = [start, start * base, start * square, start * square * base];
    let leap = square * square;
    let (blocks, rest) = to.as_chunks_mut::<4>();
    for block in blocks {
        *block = chains;
        chains.iter_mut().for_each(|power| *power *= leap);
    }
    rest.iter_mut().zip(chains).for_each(|(to, power)| *to = power);
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
                let found = thinned.nodes[children];
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
            nodes.add_room(limit, &mut with_room);
            assert_eq!((with_room[0], with_room.get(5).copied().unwrap_or(0.5)), (0.75, 0.5));
            let accepted = nodes.accept(&Probing { law: &law, accept_limit: limit, overload: None });
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
        let accepted = nodes.accept(&probing);
        let share = probability * law.reaches(overloaded);
        assert!((accepted.shut_down - share).abs() < 1e-14);
        // Met four times, each has accepted what it can: two, and one.
        assert!((accepted.children_of_shut_down - share * (0.5 * 2.0 + 0.5 * 10.0)).abs() < 1e-13);
        assert!((nodes.mass() - (1.0 - share)).abs() < 1e-14);
        let expected = 0.5 * (law.probabilities[0] + law.probabilities[1]);
        assert!((nodes.nodes[0] + nodes.nodes[1] - expected).abs() < 1e-14);
    }
}
