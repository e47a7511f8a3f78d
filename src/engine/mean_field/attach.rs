//! The attach attempts of a tick, in random order, among very many.
//!
//! Every probe meets an address that is uniform over the registry R. So while the attempts of the tick are made one after
//! another, each super node is met by a Poisson process of probes, and time can be told by its mean, u. A super node with
//! room for c has accepted everybody until it is met for the c-th time. With G(j) the super nodes that have room for more
//! than j, those that still accept at u are
//!
//! L(u) = e^(−u) Σ_j G(j) u^j / j!.
//!
//! An attempt is no success with the probability x^probes, x = 1 − L/R, and makes Σ_{i < probes} x^i probes. So the
//! attempts that have been made until u are
//!
//! A(u) = ∫₀^u R / Σ_{i < probes} x(v)^i dv.
//!
//! The mean τ at the end of the tick solves A(τ) = attempts. The integrand lies between R/probes and R: there is nothing
//! singular, whatever is full.

/// Below this share of the registry, super nodes that accept are taken to be none.
const NOBODY: f64 = 1e-16;

/// Up to this many clients that a super node may accept, the sum of L is a polynomial.
const POLYNOMIAL: usize = 64;

/// A step that is taken at once.
const SMALL: f64 = 0.1;

/// Nodes and weights of the Gauss-Legendre rule of order 6 on [0, 1].
const NODES: [f64; 6] = [
    0.033_765_242_898_424_03,
    0.169_395_306_766_867_76,
    0.380_690_406_958_401_56,
    0.619_309_593_041_598_5,
    0.830_604_693_233_132_2,
    0.966_234_757_101_575_9,
];
const WEIGHTS: [f64; 6] = [
    0.085_662_246_189_585_14,
    0.180_380_786_524_069_3,
    0.233_956_967_286_345_52,
    0.233_956_967_286_345_52,
    0.180_380_786_524_069_3,
    0.085_662_246_189_585_14,
];

/// The longest step, in which L changes little beyond what the rule takes in.
const STEP: f64 = 3.0;

/// What the attempts of a tick meet.
pub(super) struct Attempts<'a> {
    /// `with_room[j]`: the super nodes that accept more than j clients in this tick.
    pub(super) with_room: &'a [f64],
    /// The addresses that clients know.
    pub(super) registry: f64,
    /// Addresses that an attempt probes at most.
    pub(super) probes: u64,
    /// The attempts.
    pub(super) attempts: f64,
}

impl Attempts<'_> {
    /// How often a super node is probed in the tick, on average: τ. `coefficients` is for use while it is computed.
    pub(super) fn mean_probes(&self, coefficients: &mut Vec<f64>) -> f64 {
        if self.attempts <= 0.0 || self.registry <= 0.0 {
            return 0.0;
        }
        if self.with_room.first().is_none_or(|&accepting| accepting <= 0.0) {
            return self.attempts * self.probes as f64 / self.registry;
        }
        coefficients.clear();
        if self.with_room.len() <= POLYNOMIAL {
            let mut factorial = 1.0;
            coefficients.extend(self.with_room.iter().enumerate().map(|(j, room)| {
                factorial *= j.max(1) as f64;
                room / factorial
            }));
        }
        let (mut from, mut left) = (0.0, self.attempts);
        let mut accepting = self.with_room[0];
        loop {
            let [probes] = self.probes_made([accepting]);
            let least = left * probes / self.registry;
            if accepting <= NOBODY * self.registry {
                return from + least;
            }
            if least.abs() < SMALL {
                return from + self.small_step(least, probes, from, coefficients);
            }
            // The attempts get fewer for each probe, so this is not beyond the end, or too far back.
            let step = least.min((libm::sqrt(from) / 2.0).max(STEP));
            let made = self.made(from, step, coefficients);
            left -= made;
            from += step;
            [accepting] = self.accepting([from], coefficients);
        }
    }

    /// How far beyond `from` as many attempts more are made as would take `least` if each went on making `probes`: by the
    /// cubic through their rate there and at the thirds of that way, which are computed at once.
    fn small_step(&self, least: f64, probes: f64, from: f64, coefficients: &[f64]) -> f64 {
        let third = least * (1.0 / 3.0);
        let thirds = [1.0, 2.0, 3.0].map(|thirds| from + thirds * third);
        // Attempts for each probe, in those at the start; and their differences.
        let [first, second, last] = self.probes_made(self.accepting(thirds, coefficients)).map(|then| probes / then);
        let (one, two, three) = (first - 1.0, second - 2.0 * first + 1.0, last - 3.0 * (second - first) - 1.0);
        // The cubic is 1 + a t + b t² + c t³ after t thirds.
        let (a, b, c) =
            (one - two * (1.0 / 2.0) + three * (1.0 / 3.0), (two - three) * (1.0 / 2.0), three * (1.0 / 6.0));
        let mut t = 3.0;
        for _ in 0..2 {
            let made = t * (1.0 + t * (a * (1.0 / 2.0) + t * (b * (1.0 / 3.0) + t * (c * (1.0 / 4.0)))));
            t += (3.0 - made) / (1.0 + t * (a + t * (b + t * c)));
        }
        third * t
    }

    /// Attempts that are made from u = `from` on over `step`.
    fn made(&self, from: f64, step: f64, coefficients: &[f64]) -> f64 {
        let probes = self.probes_made(self.accepting(NODES.map(|node| from + node * step), coefficients));
        step * self.registry * probes.iter().zip(WEIGHTS).map(|(probes, weight)| weight / probes).sum::<f64>()
    }

    /// Probes that an attempt makes, where so many super nodes accept: Σ x^i.
    fn probes_made<const N: usize>(&self, accepting: [f64; N]) -> [f64; N] {
        let shares = accepting.map(|accepting| (accepting / self.registry).min(1.0));
        let mut probes = [1.0; N];
        if self.probes <= 16 {
            for _ in 1..self.probes {
                probes.iter_mut().zip(&shares).for_each(|(sum, share)| *sum = *sum * (1.0 - share) + 1.0);
            }
        } else {
            probes = shares.map(|share| {
                let all = self.probes as f64;
                if share > 0.0 { -libm::expm1(all * libm::log1p(-share)) / share } else { all }
            });
        }
        probes
    }

    /// L(u), for several u.
    fn accepting<const N: usize>(&self, u: [f64; N], coefficients: &[f64]) -> [f64; N] {
        if coefficients.is_empty() {
            return u.map(|u| self.accepting_of_many(u));
        }
        let mut sums = [0.0; N];
        for room in coefficients.iter().rev() {
            sums.iter_mut().zip(&u).for_each(|(sum, u)| *sum = *sum * u + room);
        }
        std::array::from_fn(|at| libm::exp(-u[at]) * sums[at])
    }

    /// L(u), where the sum has many terms.
    fn accepting_of_many(&self, u: f64) -> f64 {
        if u == 0.0 {
            return self.with_room[0];
        }
        // The terms around the largest one.
        let rooms = self.with_room.len();
        let middle = u.floor() as usize;
        if middle >= rooms + 10 * (libm::sqrt(u) as usize + 4) {
            return 0.0;
        }
        let start = middle.min(rooms - 1);
        let logarithm = if start == 0 { 0.0 } else { start as f64 * libm::log(u) };
        let term = libm::exp(logarithm - u - libm::lgamma(start as f64 + 1.0));
        let (mut sum, mut down, mut up) = (term * self.with_room[start], term, term);
        for j in (0..start).rev() {
            down *= (j + 1) as f64 / u;
            sum += down * self.with_room[j];
            if down < 1e-18 {
                break;
            }
        }
        for j in start + 1..rooms {
            up *= u / j as f64;
            sum += up * self.with_room[j];
            if up < 1e-18 {
                break;
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::laws::overlay::attach_failure;

    fn mean_probes(with_room: &[f64], registry: f64, probes: u64, attempts: f64) -> f64 {
        Attempts { with_room, registry, probes, attempts }.mean_probes(&mut Vec::new())
    }

    /// The mean by brute force: attempts one after another, in small portions, among super nodes by their room.
    fn by_portions(rooms: &[f64], registry: f64, probes: u32, attempts: f64, portions: u32) -> (f64, f64) {
        let (mut left, mut tau, mut successes) = (rooms.to_vec(), 0.0, 0.0);
        let portion = attempts / f64::from(portions);
        for _ in 0..portions {
            let accepting: f64 = left[1..].iter().sum();
            let success = 1.0 - attach_failure(accepting, registry, probes);
            let hits = if accepting > 0.0 { portion * success / accepting } else { 0.0 };
            let misses = 1.0 - accepting / registry;
            let in_all: f64 = (0..probes).map(|i| libm::pow(misses, f64::from(i))).sum();
            tau += portion * in_all / registry;
            successes += portion * success;
            for room in 1..left.len() {
                let moved = left[room] * hits;
                left[room] -= moved;
                left[room - 1] += moved;
            }
        }
        (tau, successes)
    }

    #[test]
    fn the_mean_number_of_probes_is_that_of_attempts_made_one_after_another() {
        // Room for 0, 1, 2, 3; a registry with some dead addresses.
        let rooms = [0.1, 0.2, 0.3, 0.4];
        let with_room = [0.9, 0.7, 0.4];
        for (attempts, probes) in [(0.05, 4), (0.8, 4), (1.5, 1), (3.0, 3), (3.0, 40)] {
            let (expected, _) = by_portions(&rooms, 1.3, probes, attempts, 400_000);
            let found = mean_probes(&with_room, 1.3, probes.into(), attempts);
            assert!((found - expected).abs() < 1e-5 * expected, "{attempts} {probes}: {found} {expected}");
        }
    }

    #[test]
    fn with_more_room_than_a_polynomial_can_have_it_is_the_same() {
        let few: Vec<f64> = (0..60).map(|j| 1.0 - f64::from(j) / 60.0).collect();
        let mut many = few.clone();
        many.resize(200, 0.0);
        for attempts in [0.01, 3.0, 20.0, 29.0, 35.0] {
            let (expected, found) = (mean_probes(&few, 1.2, 4, attempts), mean_probes(&many, 1.2, 4, attempts));
            assert!((found - expected).abs() < 1e-9 * expected, "{attempts}: {found} {expected}");
        }
    }

    #[test]
    fn where_nobody_accepts_each_attempt_makes_all_its_probes() {
        assert_eq!(mean_probes(&[0.0], 0.5, 4, 0.25), 2.0);
        assert_eq!(mean_probes(&[0.0], 0.0, 4, 0.25), 0.0);
        assert_eq!(mean_probes(&[0.5], 0.5, 4, 0.0), 0.0);
        let tau = mean_probes(&[1e-12], 1e-12, 4, 0.25);
        assert!((tau / 1e12 - 1.0).abs() < 1e-3, "{tau}");
    }
}
